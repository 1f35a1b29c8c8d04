"""Quantiles of weighted columns."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from metrix._arrays import as_float64

FloatArray = npt.NDArray[np.float64]


def weighted_quantiles(values: FloatArray, alpha: float, sample_weight: Any) -> FloatArray:
    """Of each column of (N, K): the least value with a share of alpha of the weight up to it, or the middle of two.

    The middle is taken where the share is exactly alpha ("averaged_inverted_cdf" of NumPy). NaN of no weight, and of columns
    that have NaN.
    """
    if not 0 <= alpha <= 1:
        raise ValueError(f"alpha: expected a number from 0 to 1, got {alpha!r}")
    if sample_weight is None:
        weight = np.ones(len(values))
    else:
        weight = as_float64(sample_weight, "sample_weight", (len(values),))
        values, weight = values[weight != 0], weight[weight != 0]
    if len(values) == 0:
        return np.full(values.shape[1], np.nan)
    if sample_weight is None and alpha == 0.5:
        return np.asarray(np.median(values, axis=0))
    found = np.empty(values.shape[1])
    for column in range(len(found)):
        order = np.argsort(values[:, column], kind="stable")
        ordered, sums = values[order, column], np.cumsum(weight[order])
        wanted, doubt = alpha * sums[-1], 4e-16 * sums[-1] * max(1, np.log2(len(order)))
        first = min(int(np.searchsorted(sums, wanted - doubt, "left")), len(order) - 1)
        last = min(int(np.searchsorted(sums, wanted + doubt, "right")), len(order) - 1)
        found[column] = ordered[first] if first == last else (ordered[first] + ordered[last]) / 2
        if np.isnan(ordered[-1]):
            found[column] = np.nan
    return found
