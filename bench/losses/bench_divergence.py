#!/usr/bin/env python3
"""Divergences of distributions against NumPy and PyTorch.

python bench/losses/bench_divergence.py [--quick]
"""

from __future__ import annotations

from typing import Any

import numpy as np
from rows import Subject, compare, torch


def kl(x: Any, p: Any) -> Any:
    """Of logarithms of probabilities: the mean of rows and its gradient."""
    rows = x.dtype.type(x.size // x.shape[1])
    return (p * (np.log(p) - x)).sum() / rows, -p / rows


def js(q: Any, p: Any) -> Any:
    """The mean of rows and its gradient."""
    rows = q.dtype.type(q.size // q.shape[1])
    mean = (p + q) / 2
    of_q = np.log(q / mean)
    return (p * np.log(p / mean) + q * of_q).sum() / 2 / rows, of_q / 2 / rows


def js_of_torch(q: Any, p: Any) -> Any:
    """As it is usually written."""
    mean = (p + q) / 2
    terms = torch.xlogy(p, p) + torch.xlogy(q, q) - 2 * torch.xlogy(mean, mean)
    return terms.sum() / 2 / (q.numel() // q.shape[1])


SUBJECTS = [
    Subject(
        "kl_div",
        kl,
        lambda x, p: torch.nn.functional.kl_div(x, p, reduction="sum") / (x.numel() // x.shape[1]),
        predictions="log probabilities",
        targets="probabilities",
    ),
    Subject("js_div", js, js_of_torch, predictions="probabilities", targets="probabilities"),
]

if __name__ == "__main__":
    compare("Divergences of distributions", SUBJECTS, __doc__ or "")
