"""How far probabilities are from frequencies: calibration errors and reliability data.

No kernel: a few sums of NumPy over bins. ``y_true`` and ``y_prob`` are

- (N,) labels of two classes, of which ``pos_label`` is the positive one, and the (N,) probabilities of it; or
- (N,) classes 0 .. C - 1, and (N, C) probabilities. Then the largest probability of a row is its confidence, and it is
  right if it is the true class's; of equal ones the first counts.

Bins are of equal width, closed above: (0, 1/B], (1/B, 2/B], ..., with 0 in the first; or with ``strategy="quantile"`` of as
equal numbers of samples as can be, which makes the error the adaptive one. torchmetrics closes bins above as well;
scikit-learn's ``calibration_curve`` closes uniform bins above, and cuts quantiles between samples.
"""

from __future__ import annotations

from typing import Any, Literal, NamedTuple

import numpy as np
import numpy.typing as npt

from metrix._arrays import as_ndarray
from metrix.classification._counting import Array, weights

FloatArray = npt.NDArray[np.float64]
Strategy = Literal["uniform", "quantile"]
Norm = Literal["l1", "l2", "max"]


class Reliability(NamedTuple):
    """Of each of B bins, (B,): NaN where a bin is empty."""

    confidence: FloatArray  # mean probability
    accuracy: FloatArray  # share of what is right
    weight: FloatArray  # samples, or their weights


def reliability_curve(
    y_true: Any,
    y_prob: Any,
    *,
    num_bins: int = 15,
    strategy: Strategy = "uniform",
    pos_label: Any = 1,
    sample_weight: Any = None,
) -> Reliability:
    """What a reliability diagram shows: mean probability and frequency of each bin.

    Args:
        y_true, y_prob, strategy: see the module.
        num_bins: how many bins.
        pos_label: of two classes.
        sample_weight: (N,) weights.

    Example:
        >>> reliability_curve([0, 1, 1], [0.25, 0.75, 1.0], num_bins=2).accuracy.tolist()
        [0.0, 1.0]

    Source:
        A. Niculescu-Mizil and R. Caruana, Predicting good probabilities with supervised learning, 2005.
    """
    confidence, right, weight = _confidences(y_true, y_prob, pos_label, sample_weight)
    return _curve(_sums(confidence, right, weight, _bins(confidence, num_bins, strategy), num_bins))


def expected_calibration_error(
    y_true: Any,
    y_prob: Any,
    *,
    num_bins: int = 15,
    strategy: Strategy = "uniform",
    norm: Norm = "l1",
    pos_label: Any = 1,
    sample_weight: Any = None,
) -> float:
    """Mean distance of frequency from confidence over bins, weighted by their samples (ECE).

    Args:
        y_true, y_prob, strategy: see the module.
        num_bins: how many bins.
        norm: "l1", the mean; "l2", the root of the mean square; "max", the largest one (MCE).
        pos_label: of two classes.
        sample_weight: (N,) weights.

    Returns:
        From 0 to 1; NaN of no samples. It depends on ``num_bins``: name both.

    Example:
        >>> expected_calibration_error([0, 1, 1, 1], [0.25, 0.75, 0.75, 0.75], num_bins=2)
        0.25

    Source:
        M. P. Naeini et al., Obtaining well calibrated probabilities using Bayesian binning, 2015; C. Guo et al., 2017;
        torchmetrics 1.9, ``CalibrationError``.
    """
    return _error(reliability_curve(
        y_true, y_prob, num_bins=num_bins, strategy=strategy, pos_label=pos_label, sample_weight=sample_weight
    ), norm)  # fmt: skip


def maximum_calibration_error(
    y_true: Any,
    y_prob: Any,
    *,
    num_bins: int = 15,
    strategy: Strategy = "uniform",
    pos_label: Any = 1,
    sample_weight: Any = None,
) -> float:
    """Largest distance of frequency from confidence over bins (MCE): :func:`expected_calibration_error` of norm "max".

    Example:
        >>> maximum_calibration_error([0, 1, 1, 1], [0.25, 0.75, 0.75, 0.5], num_bins=2)
        0.25

    Source:
        M. P. Naeini et al., 2015.
    """
    return expected_calibration_error(
        y_true,
        y_prob,
        num_bins=num_bins,
        strategy=strategy,
        norm="max",
        pos_label=pos_label,
        sample_weight=sample_weight,
    )


def classwise_calibration_error(
    y_true: Any, y_prob: Any, *, num_bins: int = 15, strategy: Strategy = "uniform", norm: Norm = "l1"
) -> float:
    """Mean over classes of the error of each class's probability against all other classes.

    Args:
        y_true: (N,) classes 0 .. C - 1.
        y_prob: (N, C) probabilities.
        num_bins, strategy, norm: as in :func:`expected_calibration_error`.

    Example:
        >>> classwise_calibration_error([0, 1], [[0.75, 0.25], [0.25, 0.75]], num_bins=2)
        0.25

    Source:
        M. Kull et al., Beyond temperature scaling, 2019.
    """
    truth, probabilities = as_ndarray(y_true, "y_true"), as_ndarray(y_prob, "y_prob")
    if probabilities.ndim != 2:
        raise ValueError(f"y_prob: expected shape (N, C), got {probabilities.shape}")
    errors = [
        expected_calibration_error(truth == k, probabilities[:, k], num_bins=num_bins, strategy=strategy, norm=norm)
        for k in range(probabilities.shape[1])
    ]
    return float(np.mean(errors))


class CalibrationError:
    """Calibration errors of data that comes in batches, with bins of equal width: ``update``, ``merge``, ``compute``.

    Args:
        num_bins, norm: as in :func:`expected_calibration_error`.

    Example:
        >>> from metrix.classification import CalibrationError
        >>> error = CalibrationError(num_bins=2)
        >>> error.update([0, 1], [0.25, 0.75])
        >>> error.update([1, 1], [0.75, 0.75])
        >>> error.compute()
        0.25
    """

    def __init__(self, *, num_bins: int = 15, norm: Norm = "l1") -> None:
        """Of no data yet."""
        self._norm, self._sums = _norm(norm), np.zeros((3, _count(num_bins)))

    def update(self, y_true: Any, y_prob: Any, *, pos_label: Any = 1, sample_weight: Any = None) -> None:
        """Add a batch."""
        confidence, right, weight = _confidences(y_true, y_prob, pos_label, sample_weight)
        count = self._sums.shape[1]
        self._sums = self._sums + _sums(confidence, right, weight, _bins(confidence, count, "uniform"), count)

    def merge(self, other: CalibrationError) -> None:
        """Add all that another one has seen."""
        if (self._norm, self._sums.shape) != (other._norm, other._sums.shape):
            raise ValueError("other: expected the same num_bins and norm")
        self._sums = self._sums + other._sums

    def compute(self) -> float:
        """The error."""
        return _error(self.curve(), self._norm)

    def curve(self) -> Reliability:
        """As :func:`reliability_curve`."""
        return _curve(self._sums)

    def reset(self) -> None:
        """Forget all data."""
        self._sums = np.zeros_like(self._sums)


def _confidences(
    y_true: Any, y_prob: Any, pos_label: Any, sample_weight: Any
) -> tuple[FloatArray, npt.NDArray[np.bool_], FloatArray]:
    truth, probabilities = as_ndarray(y_true, "y_true"), as_ndarray(y_prob, "y_prob").astype(np.float64)
    if truth.ndim != 1 or probabilities.ndim not in (1, 2) or len(probabilities) != len(truth):
        raise ValueError(f"y_prob: expected shape ({len(truth)},) or ({len(truth)}, C), got {probabilities.shape}")
    wrong = np.argwhere(~((probabilities >= 0) & (probabilities <= 1)))
    if len(wrong):
        place = tuple(wrong[0].tolist())
        raise ValueError(f"y_prob: expected numbers from 0 to 1, got {probabilities[place]} at index {place}")
    weight = np.ones(len(truth)) if sample_weight is None else weights(sample_weight, truth.shape).astype(np.float64)
    if probabilities.ndim == 1:
        return probabilities, np.asarray(truth == pos_label), weight
    outside = np.flatnonzero((truth < 0) | (truth >= probabilities.shape[1]))
    if len(outside):
        first = outside[0]
        raise ValueError(
            f"y_true: expected classes 0 to {probabilities.shape[1] - 1}, got {truth[first]} at index {first}"
        )
    best = probabilities.argmax(axis=1)
    return probabilities[np.arange(len(best)), best], np.asarray(best == truth), weight


def _count(num_bins: int) -> int:
    if isinstance(num_bins, bool) or num_bins != int(num_bins) or num_bins < 1:
        raise ValueError(f"num_bins: expected an int >= 1, got {num_bins!r}")
    return int(num_bins)


def _norm(norm: Any) -> Norm:
    if norm not in ("l1", "l2", "max"):
        raise ValueError(f"norm: expected 'l1', 'l2' or 'max', got {norm!r}")
    return norm  # type: ignore[no-any-return]


def _bins(confidence: FloatArray, num_bins: int, strategy: str) -> Array:
    """The bin of each sample."""
    count = _count(num_bins)
    if strategy == "uniform":
        return np.asarray(np.searchsorted(np.linspace(0, 1, count + 1)[1:-1], confidence, side="left"))
    if strategy != "quantile":
        raise ValueError(f"strategy: expected 'uniform' or 'quantile', got {strategy!r}")
    ranks = np.empty(len(confidence), dtype=np.int64)
    ranks[np.argsort(confidence, kind="stable")] = np.arange(len(confidence))
    return np.asarray(ranks * count // max(1, len(confidence)))


def _sums(confidence: FloatArray, right: Array, weight: FloatArray, bins: Array, count: int) -> FloatArray:
    """(3, B): of confidences, of what is right, of weights."""
    return np.stack([np.bincount(bins, values, count) for values in (weight * confidence, weight * right, weight)])


def _curve(sums: FloatArray) -> Reliability:
    with np.errstate(all="ignore"):
        return Reliability(sums[0] / sums[2], sums[1] / sums[2], sums[2])


def _error(curve: Reliability, norm: Any) -> float:
    chosen = _norm(norm)
    used = curve.weight > 0
    if not used.any():
        return float("nan")
    gaps = np.abs(curve.confidence - curve.accuracy)[used]
    if chosen == "max":
        return float(gaps.max())
    shares = curve.weight[used] / curve.weight.sum()
    return float(np.sqrt(np.sum(shares * gaps**2)) if chosen == "l2" else np.sum(shares * gaps))
