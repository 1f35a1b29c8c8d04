#!/usr/bin/env python3
"""Losses of multiclass classification against NumPy and PyTorch, rows of classes and images.

python bench/losses/bench_multiclass.py [--quick]
"""

from __future__ import annotations

from typing import Any

import numpy as np
from rows import Subject, compare, torch


def functional() -> Any:
    """Where PyTorch is installed."""
    return torch.nn.functional


def softmax(x: Any) -> tuple[Any, Any]:
    """Probabilities and their logarithms."""
    shifted = x - x.max(axis=1, keepdims=True)
    e = np.exp(shifted)
    total = e.sum(axis=1, keepdims=True)
    return e / total, shifted - np.log(total)


def at_labels(labels: Any) -> tuple[Any, ...]:
    """The index of each row's label."""
    grid = np.indices(labels.shape, sparse=True)
    return (grid[0], labels, *grid[1:])


def cross_entropy(x: Any, labels: Any) -> Any:
    """The mean and its gradient."""
    p, log_p = softmax(x)
    place = at_labels(labels)
    value = -log_p[place].mean()
    p[place] -= 1
    return value, p / x.dtype.type(labels.size)


def nll(x: Any, labels: Any) -> Any:
    """The mean and its gradient."""
    place = at_labels(labels)
    grad = np.zeros_like(x)
    grad[place] = -1 / labels.size
    return -x[place].mean(), grad


def focal(x: Any, labels: Any) -> Any:
    """With gamma = 2."""
    p, log_p = softmax(x)
    place = at_labels(labels)
    own, log_own = np.expand_dims(p[place], 1), np.expand_dims(log_p[place], 1)
    slope = (1 - own) ** 2 - 2 * (1 - own) * own * log_own
    grad = slope * p
    grad[place] -= slope[:, 0]
    return (-((1 - own) ** 2) * log_own).mean(), grad / x.dtype.type(labels.size)


def focal_of_torch(x: Any, labels: Any) -> Any:
    """As it is usually written."""
    nll_of_row = functional().cross_entropy(x, labels, reduction="none")
    return ((1 - (-nll_of_row).exp()) ** 2 * nll_of_row).mean()


def multi_margin(x: Any, labels: Any) -> Any:
    """The mean and its gradient."""
    place = at_labels(labels)
    over = 1 - np.expand_dims(x[place], 1) + x
    over[place] = 0
    active = (over > 0).astype(x.dtype)
    active[place] = -active.sum(axis=1)
    scale = x.dtype.type(x.size)
    return np.maximum(over, 0).sum() / scale, active / scale


SUBJECTS = [
    Subject("cross_entropy", cross_entropy, lambda x, y: functional().cross_entropy(x, y)),
    Subject("nll_loss", nll, lambda x, y: functional().nll_loss(x, y), predictions="log probabilities"),
    Subject("softmax_focal_loss", focal, focal_of_torch),
    Subject(
        "multi_margin_loss",
        multi_margin,
        lambda x, y: functional().multi_margin_loss(x.movedim(1, -1).reshape(-1, x.shape[1]), y.reshape(-1)),
    ),
]

if __name__ == "__main__":
    compare("Losses of multiclass classification", SUBJECTS, __doc__ or "")
