#!/usr/bin/env python3
"""Elementwise losses of classification against NumPy and PyTorch.

python bench/losses/bench_classification.py [--quick]
"""

from __future__ import annotations

from typing import Any

import numpy as np
from elementwise import Subject, compare


def entropy_of_logits(x: Any, y: Any) -> Any:
    """Stable, as one would write it."""
    return np.maximum(x, 0) - x * y + np.log1p(np.exp(-np.abs(x)))


def with_logits(x: Any, y: Any) -> Any:
    """The mean and its gradient."""
    return entropy_of_logits(x, y).mean(), (1 / (1 + np.exp(-x)) - y) / x.dtype.type(x.size)


def entropy(p: Any, y: Any) -> Any:
    """Of probabilities."""
    return -(y * np.log(p) + (1 - y) * np.log1p(-p))


def with_probabilities(p: Any, y: Any) -> Any:
    """The mean and its gradient."""
    return entropy(p, y).mean(), (p - y) / (p * (1 - p)) / p.dtype.type(p.size)


def focal(x: Any, y: Any) -> Any:
    """RetinaNet's."""
    p = 1 / (1 + np.exp(-x))
    right = p * y + (1 - p) * (1 - y)
    return (0.25 * y + 0.75 * (1 - y)) * (1 - right) ** 2 * entropy_of_logits(x, y), right


def with_focus(x: Any, y: Any) -> Any:
    """The mean and its gradient."""
    terms, right = focal(x, y)
    weight = 0.25 * y + 0.75 * (1 - y)
    slope = (2 * y - 1) * weight * (1 - right) ** 2 * (2 * right * np.log(right) - (1 - right))
    return terms.mean(), slope / x.dtype.type(x.size)


def balanced(x: Any, y: Any) -> tuple[Any, Any, Any]:
    """Shares of positives and negatives, and terms, of one image."""
    share = x.dtype.type(1 - y.mean())
    softplus = np.maximum(x, 0) + np.log1p(np.exp(-np.abs(x)))
    return share * y, (1 - share) * (1 - y), softplus


def with_balance(x: Any, y: Any) -> Any:
    """The mean and its gradient."""
    positive, negative, softplus = balanced(x, y)
    p = 1 / (1 + np.exp(-x))
    terms = negative * softplus + positive * (softplus - x)
    return terms.mean(), (negative * p - positive * (1 - p)) / x.dtype.type(x.size)


def without_gradient(x: Any, y: Any) -> Any:
    """The mean alone."""
    positive, negative, softplus = balanced(x, y)
    return (negative * softplus + positive * (softplus - x)).mean()


SUBJECTS = [
    Subject("balanced_bce_loss", (without_gradient, with_balance), None, "label"),
    Subject(
        "binary_cross_entropy", (lambda p, y: entropy(p, y).mean(), with_probabilities), "binary_cross_entropy", "label"
    ),
    Subject(
        "binary_cross_entropy_with_logits",
        (lambda x, y: entropy_of_logits(x, y).mean(), with_logits),
        "binary_cross_entropy_with_logits",
        "label",
    ),
    Subject("sigmoid_focal_loss", (lambda x, y: focal(x, y)[0].mean(), with_focus), None, "label"),
]

if __name__ == "__main__":
    compare("Losses of classification", SUBJECTS, __doc__ or "")
