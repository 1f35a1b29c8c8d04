"""Confidence intervals of metrics.

No kernel: a metric is worked out many times, by itself.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from statistics import NormalDist
from typing import Any, Literal, NamedTuple

import numpy as np
import numpy.typing as npt

from metrix._arrays import Array, as_ndarray
from metrix.classification.ranking import roc_auc_score

FloatArray = npt.NDArray[np.float64]


class Interval(NamedTuple):
    """What a metric is, and between what it lies; floats, or arrays of the shape that the metric has."""

    value: Any
    low: Any
    high: Any
    standard_error: Any


def bootstrap_interval(
    metric: Any,
    *data: Any,
    alpha: float = 0.05,
    method: Literal["percentile", "basic", "bca"] = "percentile",
    num_resamples: int = 1000,
    num_groups: int | None = None,
    nan: Literal["propagate", "omit"] = "propagate",
    seed: int | np.random.Generator = 0,
) -> Interval:
    """Confidence interval of any metric, from samples that are drawn anew with replacement.

    Args:
        metric: a function of arrays that gives a number or an array; or an empty accumulator (``update``, ``compute``), of
            whose dict the values are taken in order.
        data: arrays of one length N, drawn from together: what ``metric`` takes.
        alpha: how often the interval may miss, between 0 and 1: 0.05 for 95 % of confidence.
        method: "percentile": quantiles of the resampled metric; "basic": these mirrored at the value; "bca": corrected for
            bias and skewness, by leaving out samples (N calls more).
        num_resamples: how often to draw.
        num_groups: "bca" leaves out one of so many groups of successive samples at a time instead of one sample.
        nan: what becomes of resamples of which the metric is NaN, as of one class alone: the interval is NaN too, or
            they are left out.
        seed: or a generator. The same seed gives the same interval, and the same as ``scipy.stats.bootstrap`` of it.

    Returns:
        ``value`` of the data itself, ``low``, ``high``, and the standard deviation of the resampled metric.

    Conventions:
        Quantiles are by linear interpolation. "bca" of a metric that no sample changes is NaN.

    Raises:
        ValueError: for arrays whose lengths differ, and no samples.

    Example:
        >>> import numpy as np
        >>> from metrix.intervals import bootstrap_interval
        >>> from metrix.regression import mean_absolute_error
        >>> y = np.arange(100.0)
        >>> found = bootstrap_interval(mean_absolute_error, y, y + y % 3, num_resamples=200)
        >>> found.low < found.value < found.high
        True

    Source:
        B. Efron and R. J. Tibshirani, An introduction to the bootstrap, 1993; SciPy 1.17, ``scipy.stats.bootstrap``.
    """
    if not 0 < alpha < 1:
        raise ValueError(f"alpha: expected a number between 0 and 1, got {alpha!r}")
    if method not in ("percentile", "basic", "bca"):
        raise ValueError(f"method: expected 'percentile', 'basic' or 'bca', got {method!r}")
    if nan not in ("propagate", "omit"):
        raise ValueError(f"nan: expected 'propagate' or 'omit', got {nan!r}")
    if num_resamples < 1:
        raise ValueError(f"num_resamples: expected an int >= 1, got {num_resamples!r}")
    arrays = [as_ndarray(array, f"data[{i}]") for i, array in enumerate(data)]
    if not arrays:
        raise ValueError("data: expected at least one array")
    count = len(arrays[0])
    if count == 0 or any(len(array) != count for array in arrays):
        raise ValueError(f"data: expected arrays of one length, at least 1, got {[len(array) for array in arrays]}")

    def value_of(rows: Any) -> Array:
        return _value(metric, [array[rows] for array in arrays])

    value = value_of(slice(None))
    generator = np.random.default_rng(seed)
    drawn = np.stack([value_of(generator.integers(0, count, count)) for _ in range(num_resamples)])
    tails = np.array([alpha / 2, 1 - alpha / 2])
    quantile: Callable[..., Any] = np.nanquantile if nan == "omit" else np.quantile
    with np.errstate(all="ignore"):
        if method == "bca":
            shares = _corrected(tails, value, drawn, _left_out(value_of, count, num_groups), nan == "omit")
            flat = drawn.reshape(num_resamples, -1)
            ends = [[_quantile(quantile, flat[:, k], s) for k, s in enumerate(row)] for row in shares]
            low, high = (np.reshape(end, value.shape) for end in ends)
        else:
            low, high = quantile(drawn, tails, axis=0)
        if method == "basic":
            low, high = 2 * value - high, 2 * value - low
        error = (np.nanstd if nan == "omit" else np.std)(drawn, axis=0, ddof=1 if num_resamples > 1 else 0)
    return Interval(*(float(side) if value.ndim == 0 else np.asarray(side) for side in (value, low, high, error)))


def roc_auc_interval(y_true: Any, y_score: Any, *, alpha: float = 0.05, pos_label: Any = 1) -> Interval:
    """Confidence interval of the area under the ROC curve by DeLong's variance: no resampling, ``O(N log N)``.

    Args:
        y_true: (N,) labels of two classes.
        y_score: (N,) scores, higher for positives; ties count half.
        alpha: how often the interval may miss, between 0 and 1: 0.05 for 95 % of confidence.
        pos_label: the positive one.

    Returns:
        A normal interval, cut off at 0 and 1. NaN with fewer than two samples of either class. An area of 0 or 1 has a
        variance of 0, and so an interval without width: :func:`bootstrap_interval` has none then either.

    Example:
        >>> from metrix.intervals import roc_auc_interval
        >>> found = roc_auc_interval([0, 0, 0, 1, 1, 1], [0.1, 0.4, 0.5, 0.35, 0.8, 0.9])
        >>> round(found.value, 4), round(found.standard_error, 4), round(found.low, 4), round(found.high, 4)
        (0.7778, 0.2485, 0.2908, 1.0)

    Source:
        E. R. DeLong et al., Comparing the areas under two or more correlated receiver operating characteristic curves, 1988.
    """
    if not 0 < alpha < 1:
        raise ValueError(f"alpha: expected a number between 0 and 1, got {alpha!r}")
    area = float(roc_auc_score(y_true, y_score, pos_label=pos_label))
    positive = as_ndarray(y_true, "y_true") == pos_label
    scores = as_ndarray(y_score, "y_score")
    above, below = np.sort(scores[positive]), np.sort(scores[~positive])
    if min(len(above), len(below)) < 2:
        return Interval(area, float("nan"), float("nan"), float("nan"))
    variance = np.var(_placements(above, below), ddof=1) / len(above)
    variance += np.var(_placements(below, above), ddof=1) / len(below)
    error = float(np.sqrt(variance))
    reach = NormalDist().inv_cdf(1 - alpha / 2) * error
    return Interval(area, max(0.0, area - reach), min(1.0, area + reach), error)


def _placements(values: Array, others: Array) -> FloatArray:
    """Share of the others below each value, ties half; both sorted."""
    return np.asarray((np.searchsorted(others, values, "left") + np.searchsorted(others, values, "right")) / 2) / len(
        others
    )


def _value(metric: Any, arrays: list[Array]) -> Array:
    if not hasattr(metric, "update"):
        return np.asarray(metric(*arrays), dtype=np.float64)
    accumulator = copy.deepcopy(metric)
    accumulator.update(*arrays)
    found = accumulator.compute()
    return np.asarray(list(found.values()) if isinstance(found, dict) else found, dtype=np.float64)


def _left_out(value_of: Callable[[Any], Array], count: int, num_groups: int | None) -> Array:
    """The metric without each group of samples."""
    groups = count if num_groups is None else num_groups
    if not 2 <= groups <= count:
        raise ValueError(f"num_groups: expected an int from 2 to the number of samples, {count}, got {num_groups!r}")
    edges = np.arange(groups + 1) * count // groups
    return np.stack([value_of(np.r_[0 : edges[i], edges[i + 1] : count]) for i in range(groups)])


def _corrected(tails: FloatArray, value: Array, drawn: Array, left_out: Array, omits: bool) -> FloatArray:
    """(2, K): which quantiles of the resampled metric to take."""
    value, drawn, left_out = value.reshape(-1), drawn.reshape(len(drawn), -1), left_out.reshape(len(left_out), -1)
    known = ~np.isnan(drawn) if omits else np.ones(drawn.shape, dtype=np.bool_)
    bias = ((known & (drawn < value)).sum(axis=0) + (known & (drawn <= value)).sum(axis=0)) / (2 * known.sum(axis=0))
    gaps = (np.nanmean if omits else np.mean)(left_out, axis=0) - left_out
    total = np.nansum if omits else np.sum
    acceleration = total(gaps**3, axis=0) / (6 * total(gaps**2, axis=0) ** 1.5)
    normal = NormalDist()
    shares = np.full((2, len(value)), np.nan)
    for k in range(len(value)):
        if np.isfinite(acceleration[k]) and 0 < bias[k] < 1:
            shift = normal.inv_cdf(bias[k])
            for end, tail in enumerate(tails):
                reach = shift + normal.inv_cdf(tail)
                shares[end, k] = normal.cdf(shift + reach / (1 - acceleration[k] * reach))
    return shares


def _quantile(quantile: Callable[..., Any], values: Array, share: float) -> float:
    return float("nan") if np.isnan(share) else float(quantile(values, share))
