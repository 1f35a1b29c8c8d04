"""Scores of probabilistic forecasts: distributions, quantiles and intervals against what came.

No kernel: composed from NumPy. ``y_true`` are (N,) targets; what is predicted follows it, in the units of the targets.
Scores are means over samples, weighted by ``sample_weight`` (N,); lower is better, except for coverage. NaN of no samples,
and of NaN. All arithmetic is in float64. Batch by batch: :class:`metrix.accumulators.SampleMean`. Errors: ``ValueError`` for
shapes that differ (nothing is broadcast), ``TypeError`` for what is no number.
"""

from __future__ import annotations

import math
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from metrix._arrays import as_float64
from metrix._sample_mean import is_mean_of, sample_mean

FloatArray = npt.NDArray[np.float64]
Estimator = Literal["empirical", "fair"]


def _ensemble_terms(y_true: Any, y_pred: Any, *, estimator: Estimator = "empirical") -> FloatArray:
    target = as_float64(y_true, "y_true", (None,))
    members = as_float64(y_pred, "y_pred", (len(target), None))
    count = members.shape[1]
    if estimator not in ("empirical", "fair"):
        raise ValueError(f"estimator: expected 'empirical' or 'fair', got {estimator!r}")
    if count < (2 if estimator == "fair" else 1):
        raise ValueError(f"y_pred: expected at least {1 + (estimator == 'fair')} members, got {count}")
    ordered = np.sort(members - target[:, None], axis=1)
    ranks = 2.0 * np.arange(count) - (count - 1)
    pairs = count * (count - 1.0 if estimator == "fair" else count)
    return np.asarray(np.abs(ordered).mean(axis=1) - ordered @ ranks / pairs)


@is_mean_of(_ensemble_terms)
def crps_ensemble(y_true: Any, y_pred: Any, *, estimator: Estimator = "empirical", sample_weight: Any = None) -> float:
    """Continuous ranked probability score of ensembles: mean ``|x - y|`` less half the mean ``|x - x'|`` of members.

    Args:
        y_true: (N,) targets.
        y_pred: (N, M) members, in any order; M may be 1, which gives the absolute error.
        estimator: "empirical", of the M members as the distribution (pairs of a member and itself count); "fair", unbiased
            for the one that they were drawn from, and below 0 at times.
        sample_weight: (N,) weights.

    Example:
        >>> crps_ensemble([1.0], [[0.0, 1.0, 2.0]])
        0.2222222222222222

    Source:
        T. Gneiting and A. E. Raftery, Strictly proper scoring rules, 2007; C. Ferro, Fair scores for ensemble forecasts,
        2014; the package properscoring has the first one.
    """
    return sample_mean(_ensemble_terms(y_true, y_pred, estimator=estimator), sample_weight)


def _gaussian_terms(y_true: Any, mean: Any, std: Any) -> FloatArray:
    target = as_float64(y_true, "y_true", (None,))
    centre, spread = as_float64(mean, "mean", target.shape), as_float64(std, "std", target.shape)
    wrong = np.flatnonzero(spread < 0)
    if len(wrong):
        raise ValueError(f"std: expected numbers >= 0, got {spread[wrong[0]]} at index {wrong[0]}")
    gap = target - centre
    with np.errstate(all="ignore"):
        z = gap / spread
        # NumPy has no error function; z erf(z / sqrt 2) is |z| beyond 9.
        inside = z * np.fromiter(map(math.erf, (z / math.sqrt(2)).tolist()), np.float64, len(z))
        density = np.exp(-z * z / 2) * math.sqrt(2 / math.pi)
        terms = spread * (inside + density - 1 / math.sqrt(math.pi))
    return np.where(spread == 0, np.abs(gap), terms)


@is_mean_of(_gaussian_terms)
def crps_gaussian(y_true: Any, mean: Any, std: Any, *, sample_weight: Any = None) -> float:
    """Continuous ranked probability score of normal distributions; of a ``std`` of 0 the absolute error.

    Args:
        y_true, mean, std: (N,).
        sample_weight: (N,) weights.

    Example:
        >>> round(crps_gaussian([0.0], [0.0], [1.0]), 6)
        0.233695

    Source:
        T. Gneiting et al., Calibrated probabilistic forecasting using ensemble model output statistics, 2005.
    """
    return sample_mean(_gaussian_terms(y_true, mean, std), sample_weight)


def _quantile_terms(y_true: Any, y_pred: Any, *, quantiles: Any) -> FloatArray:
    target = as_float64(y_true, "y_true", (None,))
    levels = as_float64(quantiles, "quantiles", (None,))
    _require_shares(levels, "quantiles")
    gap = target[:, None] - as_float64(y_pred, "y_pred", (len(target), len(levels)))
    return np.asarray(2 * np.maximum(levels * gap, (levels - 1) * gap).mean(axis=1))


@is_mean_of(_quantile_terms)
def crps_quantile(y_true: Any, y_pred: Any, *, quantiles: Any, sample_weight: Any = None) -> float:
    """Twice the mean pinball loss of several quantiles: the CRPS as well as these tell it.

    Args:
        y_true: (N,) targets.
        y_pred: (N, Q) quantiles, which may cross.
        quantiles: (Q,) which ones, between 0 and 1. The sum is over these as they are: evenly spaced ones at the middle of
            Q equal shares, ``(i + 0.5) / Q``, come closest to the CRPS.
        sample_weight: (N,) weights.

    Example:
        >>> crps_quantile([1.0], [[0.0, 1.0, 2.0]], quantiles=[0.25, 0.5, 0.75])
        0.3333333333333333

    Source:
        F. Laio and S. Tamea, Verification tools for probabilistic forecasts of continuous hydrological variables, 2007.
    """
    return sample_mean(_quantile_terms(y_true, y_pred, quantiles=quantiles), sample_weight)


def _interval(y_true: Any, lower: Any, upper: Any) -> tuple[FloatArray, FloatArray, FloatArray]:
    target = as_float64(y_true, "y_true", (None,))
    low, high = as_float64(lower, "lower", target.shape), as_float64(upper, "upper", target.shape)
    wrong = np.flatnonzero(low > high)
    if len(wrong):
        first = wrong[0]
        raise ValueError(f"upper: expected numbers >= lower, {low[first]}, got {high[first]} at index {first}")
    return target, low, high


def _winkler_terms(y_true: Any, lower: Any, upper: Any, *, alpha: float = 0.05) -> FloatArray:
    if not 0 < alpha < 1:
        raise ValueError(f"alpha: expected a number between 0 and 1, got {alpha!r}")
    target, low, high = _interval(y_true, lower, upper)
    return np.asarray((high - low) + 2 / alpha * (np.maximum(low - target, 0) + np.maximum(target - high, 0)))


@is_mean_of(_winkler_terms)
def interval_score(y_true: Any, lower: Any, upper: Any, *, alpha: float = 0.05, sample_weight: Any = None) -> float:
    """Width of prediction intervals, and ``2 / alpha`` times the distance of targets outside of them (Winkler's score).

    Args:
        y_true, lower, upper: (N,), lower <= upper.
        alpha: how often targets shall be outside: 0.05 for intervals of 95 %.
        sample_weight: (N,) weights.

    Example:
        >>> interval_score([1.0, 4.0], [0.0, 0.0], [2.0, 2.0], alpha=0.5)
        6.0

    Source:
        R. L. Winkler, A decision-theoretic approach to interval estimation, 1972; T. Gneiting and A. E. Raftery, 2007.
    """
    return sample_mean(_winkler_terms(y_true, lower, upper, alpha=alpha), sample_weight)


def _weighted_terms(y_true: Any, median: Any, lower: Any, upper: Any, *, alphas: Any) -> FloatArray:
    target = as_float64(y_true, "y_true", (None,))
    centre = as_float64(median, "median", target.shape)
    shares = as_float64(alphas, "alphas", (None,))
    _require_shares(shares, "alphas")
    sides = [as_float64(side, name, (len(target), len(shares))) for side, name in ((lower, "lower"), (upper, "upper"))]
    total = np.abs(target - centre) / 2
    for k, share in enumerate(shares.tolist()):
        total = total + share / 2 * _winkler_terms(target, sides[0][:, k], sides[1][:, k], alpha=share)
    return np.asarray(total / (len(shares) + 0.5))


@is_mean_of(_weighted_terms)
def weighted_interval_score(
    y_true: Any, median: Any, lower: Any, upper: Any, *, alphas: Any, sample_weight: Any = None
) -> float:
    """Interval scores of K intervals weighted by ``alpha / 2``, and the absolute error of the median by 1 / 2.

    Args:
        y_true, median: (N,).
        lower, upper: (N, K).
        alphas: (K,) as ``alpha`` in :func:`interval_score`.
        sample_weight: (N,) weights.

    Example:
        >>> weighted_interval_score([1.0], [1.0], [[0.0]], [[2.0]], alphas=[0.5])
        0.3333333333333333

    Source:
        J. Bracher et al., Evaluating epidemic forecasts in an interval format, 2021.
    """
    return sample_mean(_weighted_terms(y_true, median, lower, upper, alphas=alphas), sample_weight)


def _coverage_terms(y_true: Any, lower: Any, upper: Any) -> FloatArray:
    target, low, high = _interval(y_true, lower, upper)
    inside = ((low <= target) & (target <= high)).astype(np.float64)
    return np.where(np.isnan(target) | np.isnan(low) | np.isnan(high), np.nan, inside)


@is_mean_of(_coverage_terms)
def interval_coverage(y_true: Any, lower: Any, upper: Any, *, sample_weight: Any = None) -> float:
    """Share of targets within their intervals, ends included: PICP, which ``1 - alpha`` is the best value of.

    Args:
        y_true, lower, upper: (N,), lower <= upper.
        sample_weight: (N,) weights.

    Example:
        >>> interval_coverage([1.0, 4.0], [0.0, 0.0], [1.0, 2.0])
        0.5

    Source:
        A. Khosravi et al., Comprehensive review of neural network-based prediction intervals, 2011.
    """
    return sample_mean(_coverage_terms(y_true, lower, upper), sample_weight)


def _width_terms(lower: Any, upper: Any) -> FloatArray:
    low = as_float64(lower, "lower", (None,))
    _, low, high = _interval(low, low, upper)
    return np.asarray(high - low)


@is_mean_of(_width_terms)
def mean_interval_width(lower: Any, upper: Any, *, sample_weight: Any = None) -> float:
    """Mean of ``upper - lower``: MPIW; divided by the range of the targets, PINAW.

    Args:
        lower, upper: (N,), lower <= upper.
        sample_weight: (N,) weights.

    Example:
        >>> mean_interval_width([0.0, 0.0], [1.0, 2.0])
        1.5

    Source:
        A. Khosravi et al., 2011.
    """
    return sample_mean(_width_terms(lower, upper), sample_weight)


def _require_shares(values: FloatArray, name: str) -> None:
    wrong = np.flatnonzero(~((values > 0) & (values < 1)))
    if len(values) == 0 or len(wrong):
        got = f"{values[wrong[0]]} at index {wrong[0]}" if len(wrong) else "none"
        raise ValueError(f"{name}: expected numbers between 0 and 1, got {got}")
