"""Scores of probabilities and of rankings of classes: log loss, Brier score, top-k accuracy.

No kernel: composed from NumPy. Batch by batch: :class:`metrix.accumulators.SampleMean`.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from metrix._arrays import as_ndarray
from metrix._sample_mean import is_mean_of, sample_mean
from metrix.classification._counting import Array, weights

FloatArray = npt.NDArray[np.float64]


def _log_terms(y_true: Any, y_prob: Any, *, eps: float | None = None) -> FloatArray:
    truth, given = as_ndarray(y_true, "y_true"), as_ndarray(y_prob, "y_prob")
    kind = given.dtype if given.dtype.kind == "f" else np.dtype(np.float64)
    limit = float(np.finfo(kind).eps) if eps is None else eps
    if not 0 <= limit < 0.5:
        raise ValueError(f"eps: expected a number from 0, below 0.5, got {eps!r}")
    table = _table(truth, given)
    of_truth = table[np.arange(len(table)), truth.astype(np.int64)]
    with np.errstate(divide="ignore"):
        return np.asarray(-np.log(np.clip(of_truth, limit, 1 - limit)))


def _brier_terms(y_true: Any, y_prob: Any) -> FloatArray:
    truth, given = as_ndarray(y_true, "y_true"), as_ndarray(y_prob, "y_prob")
    table = _table(truth, given)
    squares = (table - (truth.astype(np.int64)[:, None] == np.arange(table.shape[1]))) ** 2
    return np.asarray(squares[:, 1] if given.ndim == 1 else squares.sum(axis=1))


def _top_k_terms(y_true: Any, y_score: Any, *, k: int = 2) -> FloatArray:
    truth, scores = as_ndarray(y_true, "y_true"), as_ndarray(y_score, "y_score")
    if k < 1:
        raise ValueError(f"k: expected an int >= 1, got {k!r}")
    if scores.ndim != 2:
        raise ValueError(f"y_score: expected shape (N, C), got {scores.shape}")
    _check_classes(truth, len(scores), scores.shape[1])
    if np.isnan(scores).any():
        row, column = np.argwhere(np.isnan(scores))[0].tolist()
        raise ValueError(f"y_score: expected numbers, got NaN at index {row}, {column}")
    own = scores[np.arange(len(scores)), truth.astype(np.int64)][:, None]
    later = np.arange(scores.shape[1]) > truth[:, None]
    rank = ((scores > own) | ((scores == own) & later)).sum(axis=1)
    return np.asarray((rank < k).astype(np.float64))


@is_mean_of(_log_terms)
def log_loss(y_true: Any, y_prob: Any, *, eps: float | None = None, sample_weight: Any = None) -> float:
    """Mean negative logarithm of the probability of the true class.

    Args:
        y_true: (N,) flags of the positive class, or classes 0 .. C - 1.
        y_prob: (N,) probabilities of the positive class, or (N, C).
        eps: probabilities are kept so far from 0 and 1; default the machine epsilon of their dtype.
        sample_weight: (N,) weights.

    Returns:
        At least 0; NaN of no samples. Rows need not sum to 1 (they are not normalized, as in scikit-learn).

    Example:
        >>> round(log_loss([1, 0], [0.5, 0.25]), 6)
        0.490415

    Source:
        scikit-learn 1.9, ``log_loss``.
    """
    return _mean(_log_terms(y_true, y_prob, eps=eps), sample_weight)


@is_mean_of(_brier_terms)
def brier_score_loss(y_true: Any, y_prob: Any, *, sample_weight: Any = None) -> float:
    """Mean squared distance of probabilities from what was true.

    Args:
        y_true: (N,) flags of the positive class, or classes 0 .. C - 1.
        y_prob: (N,) probabilities of the positive class; or (N, C), and squares are summed over classes, from 0 to 2.
        sample_weight: (N,) weights.

    Example:
        >>> brier_score_loss([1, 0], [0.5, 0.25])
        0.15625

    Source:
        G. W. Brier, Verification of forecasts expressed in terms of probability, 1950; scikit-learn 1.9,
        ``brier_score_loss``.
    """
    return _mean(_brier_terms(y_true, y_prob), sample_weight)


@is_mean_of(_top_k_terms)
def top_k_accuracy_score(y_true: Any, y_score: Any, *, k: int = 2, sample_weight: Any = None) -> float:
    """Share of samples whose true class is among the k of highest score; of equal ones, later classes come first.

    Args:
        y_true: (N,) classes 0 .. C - 1.
        y_score: (N, C) scores, not NaN.
        k: how many count.
        sample_weight: (N,) weights.

    Example:
        >>> top_k_accuracy_score([0, 2], [[0.5, 0.25, 0.25], [0.5, 0.3, 0.2]], k=2)
        0.5

    Source:
        scikit-learn 1.9, ``top_k_accuracy_score``; torchmetrics lets earlier classes win ties.
    """
    return _mean(_top_k_terms(y_true, y_score, k=k), sample_weight)


def _table(truth: Array, given: Array) -> FloatArray:
    """(N, C) probabilities."""
    if given.dtype.kind not in "fiub":
        raise TypeError(f"y_prob: expected real numbers, got dtype {given.dtype}")
    if given.ndim not in (1, 2):
        raise ValueError(f"y_prob: expected shape (N,) or (N, C), got {given.shape}")
    wrong = np.argwhere(~((given >= 0) & (given <= 1)))
    if len(wrong):
        place = tuple(wrong[0].tolist())
        raise ValueError(f"y_prob: expected numbers from 0 to 1, got {given[place]} at index {place}")
    table = given.astype(np.float64)
    if given.ndim == 1:
        table = np.stack([1 - table, table], axis=1)
    _check_classes(truth, len(table), table.shape[1])
    return np.asarray(table)


def _check_classes(truth: Array, count: int, classes: int) -> None:
    if truth.shape != (count,):
        raise ValueError(f"y_true: expected shape ({count},), got {truth.shape}")
    wrong = np.flatnonzero(~np.isin(truth, np.arange(classes)))
    if len(wrong):
        raise ValueError(f"y_true: expected classes 0 to {classes - 1}, got {truth[wrong[0]]} at index {wrong[0]}")


def _mean(terms: FloatArray, sample_weight: Any) -> float:
    return sample_mean(terms, None if sample_weight is None else weights(sample_weight, terms.shape))
