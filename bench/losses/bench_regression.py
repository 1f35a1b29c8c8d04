#!/usr/bin/env python3
"""Elementwise losses of regression against NumPy and PyTorch.

python bench/losses/bench_regression.py [--quick]
"""

from __future__ import annotations

from typing import Any

import numpy as np
from elementwise import NumpyPair, Subject, compare


def of(value: Any, gradient: Any) -> NumpyPair:
    """A mean and its gradient from formulas of the difference."""
    return (
        lambda x, y: value(x - y).mean(),
        lambda x, y: (value(r := x - y).mean(), gradient(r) / r.dtype.type(r.size)),
    )


def poisson(x: Any, y: Any) -> Any:
    """With a log rate."""
    rate = np.exp(x)
    return (rate - y * x).mean(), (rate - y) / x.dtype.type(x.size)


SUBJECTS = [
    Subject("mse_loss", of(np.square, lambda r: 2 * r), "mse_loss"),
    Subject("l1_loss", of(np.abs, np.sign), "l1_loss"),
    Subject(
        "huber_loss",
        of(lambda r: np.where(np.abs(r) < 1, 0.5 * r * r, np.abs(r) - 0.5), lambda r: np.clip(r, -1, 1)),
        "huber_loss",
    ),
    Subject("log_cosh_loss", of(lambda r: np.logaddexp(r, -r) - np.log(2).astype(r.dtype), np.tanh)),
    Subject("poisson_nll_loss", (lambda x, y: (np.exp(x) - y * x).mean(), poisson), "poisson_nll_loss"),
]

if __name__ == "__main__":
    compare("Losses of regression", SUBJECTS, __doc__ or "")
