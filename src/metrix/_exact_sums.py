"""Rows of sums as pairs (high, low) of doubles, as the kernels hand them out: added without rounding but the last one."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]


def values(sums: FloatArray) -> FloatArray:
    """(..., S) of (..., 2 S)."""
    return np.asarray(sums[..., 0::2] + sums[..., 1::2])


def pairs(numbers: FloatArray) -> FloatArray:
    """(..., 2 S) of (..., S)."""
    result = np.zeros((*numbers.shape[:-1], 2 * numbers.shape[-1]))
    result[..., 0::2] = numbers
    return result


def joined(first: FloatArray, second: FloatArray) -> FloatArray:
    """The sum of both."""
    a, b = first[..., 0::2], second[..., 0::2]
    with np.errstate(invalid="ignore", over="ignore"):
        high = a + b
        part = high - a
        low = (a - (high - part)) + (b - part) + (first[..., 1::2] + second[..., 1::2])
        result = np.empty_like(first)
        result[..., 0::2] = np.where(np.isfinite(high), high + low, high)
        result[..., 1::2] = np.where(np.isfinite(high), low - (result[..., 0::2] - high), 0.0)
    return result


def over_rows(sums: FloatArray) -> FloatArray:
    """(2 S,): the sum of (N, 2 S); zeros of none."""
    if len(sums) == 0:
        return np.zeros(sums.shape[1])
    while len(sums) > 1:
        half = len(sums) // 2
        rest = sums[2 * half :]
        sums = np.concatenate([joined(sums[:half], sums[half : 2 * half]), rest])
    return np.asarray(sums[0])
