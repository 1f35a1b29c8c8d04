"""Scores of whole confusion matrices: row i, column j counts class i predicted as class j."""

from __future__ import annotations

from typing import Any

import numpy as np

from metrix.classification._counting import Array


def accuracy_of(matrix: Array) -> float:
    """Share of the diagonal; NaN of nothing."""
    with np.errstate(all="ignore"):
        return float(np.float64(np.trace(matrix)) / matrix.sum())


def balanced_accuracy_of(matrix: Array, adjusted: bool) -> float:
    """Mean recall of the classes that are true somewhere."""
    true = matrix.sum(axis=1)
    recalls = np.diag(matrix)[true != 0] / true[true != 0]
    if len(recalls) == 0:
        return float("nan")
    score = np.mean(recalls)
    if adjusted:
        chance = 1 / len(recalls)
        with np.errstate(all="ignore"):
            score = (score - chance) / np.float64(1 - chance)
    return float(score)


def correlation_of(matrix: Array) -> float:
    """Matthews' coefficient; 0 where one side is constant."""
    # Python's integers: products of counts exceed 64 bits.
    cells = matrix.astype(object) if matrix.dtype == np.int64 else matrix
    true, predicted, total = cells.sum(axis=1), cells.sum(axis=0), cells.sum()
    both = np.trace(cells) * total - (true * predicted).sum()
    spread = (total * total - (predicted * predicted).sum()) * (total * total - (true * true).sum())
    return float(both / np.sqrt(float(spread))) if spread > 0 else 0.0


def kappa_of(matrix: Array, weights: Any) -> float:
    """Cohen's kappa; NaN where chance leaves nothing to agree on."""
    if weights not in (None, "linear", "quadratic"):
        raise ValueError(f"weights: expected 'linear', 'quadratic' or None, got {weights!r}")
    places = np.arange(len(matrix))
    distance = np.abs(places[:, None] - places[None, :])
    penalty = {None: distance != 0, "linear": distance, "quadratic": distance**2}[weights]
    with np.errstate(all="ignore"):
        expected = np.outer(matrix.sum(axis=0), matrix.sum(axis=1).astype(np.float64)) / matrix.sum()
        return float(1 - np.sum(penalty * matrix) / np.sum(penalty * expected))
