"""Statistics of opinions: ranks, Kendall's tau, quantiles of Student's t, and observers who are not reliable."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]

#: Rows of a matrix of all pairs that are made at a time.
_ROWS = 256


def ranks(numbers: FloatArray) -> FloatArray:
    """From 1; equal numbers share the mean of theirs."""
    _, inverse, counts = np.unique(numbers, return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    return np.asarray((last - (counts - 1) / 2)[inverse])


def kendall_tau(first: FloatArray, second: FloatArray) -> float:
    """Tau-b, over all pairs; NaN where a side is constant. Counts are whole, so it is rounded at its end alone."""
    balance = 0
    for start in range(0, len(first), _ROWS):
        of_first = np.sign(first[start : start + _ROWS, None] - first)
        of_second = np.sign(second[start : start + _ROWS, None] - second)
        balance += int(np.einsum("ij,ij->", of_first, of_second))
    untied = [len(side) ** 2 - int((np.unique(side, return_counts=True)[1] ** 2).sum()) for side in (first, second)]
    if 0 in untied:
        return float("nan")
    return balance / math.sqrt(untied[0] * untied[1])


def _student_share(t: float, degrees: int) -> float:
    """Share of Student's t between -t and t, by the finite series of whole degrees of freedom."""
    angle = math.atan2(t, math.sqrt(degrees))
    sine, square = math.sin(angle), math.cos(angle) ** 2
    term = math.cos(angle) if degrees % 2 else 1.0
    total = 0.0
    for k in range(1 + degrees % 2, degrees, 2):
        total += term
        term *= square * k / (k + 1)
    return 2 / math.pi * (angle + sine * total) if degrees % 2 else sine * total


def student_quantile(share: float, degrees: int) -> float:
    """The t with this share between -t and t, by halving."""
    low, high = 0.0, 1.0
    while _student_share(high, degrees) < share:
        low, high = high, 2 * high
    while low < (middle := (low + high) / 2) < high:
        if _student_share(middle, degrees) < share:
            low = middle
        else:
            high = middle
    return high


def unreliable(ratings: FloatArray) -> npt.NDArray[np.bool_]:
    """(S,) observers that BT.500 leaves out, of (S, K) ratings with NaN where there are none."""
    there = ~np.isnan(ratings)
    count = there.sum(axis=0)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = np.where(there, ratings, 0.0).sum(axis=0) / count
        deviation = np.where(there, ratings - mean, 0.0)
        second = (deviation**2).sum(axis=0)
        kurtosis = (deviation**4).sum(axis=0) / count / (second / count) ** 2
        std = np.sqrt(second / (count - 1))
        far = np.where((kurtosis >= 2) & (kurtosis <= 4), 2.0, math.sqrt(20)) * std
        # Where all agree nobody is far off.
        differs = there & (std > 0)
        above = (differs & (deviation >= far)).sum(axis=1)
        below = (differs & (deviation <= -far)).sum(axis=1)
        often = (above + below) / there.sum(axis=1) > 1 / 20
        both_sides = np.abs((above - below) / (above + below)) < 0.3
    return np.asarray(often & both_sides)
