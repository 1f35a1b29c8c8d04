"""Which rows lie in the balls that others have around them, exactly, at the speed of a product of matrices.

A product tells squared distances up to the rounding of its sums, of which a bound is known: it decides nearly every pair. The
few that it leaves open are told by the sum of their squared differences in float64. So the answer depends neither on the
blocks nor on the number of threads, and ties are ties.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from metrix import _core

Array = npt.NDArray[Any]
FloatArray = npt.NDArray[np.float64]

#: Rows of a block. All pairs of two blocks may be open, so this also bounds the memory.
_BLOCK = 1 << 10
#: Bytes of rows that are centred once, not for each block anew.
_KEPT = 1 << 27


class Cloud:
    """Rows to measure, with an origin that is near them: rounding grows with the distance from it."""

    def __init__(self, rows: Array, origin: Array) -> None:
        """Of (N, D) rows in float32 or float64, and a (D,) origin of the same type."""
        self.rows = rows
        self._origin = origin
        self._kept = rows - origin if rows.nbytes <= _KEPT else None
        self.slack, self._least = _bounds(rows)
        self.edges = np.linspace(0, len(rows), max(1, len(rows) // _BLOCK) + 1).astype(int)
        self.squares = np.empty(len(rows))
        for start, stop in self.blocks():
            block = self.centred(start, stop)
            self.squares[start:stop] = np.einsum("ij,ij->i", block, block, dtype=np.float64)
        # What stands for half of a squared length: too short by what a product may be wrong.
        self.halves = ((self.squares * (1 - self.slack) - self._least) / 2).astype(rows.dtype)

    def blocks(self) -> list[tuple[int, int]]:
        """First and last row of blocks of nearly one size."""
        return [(int(start), int(stop)) for start, stop in zip(self.edges[:-1], self.edges[1:])]

    def centred(self, start: int, stop: int) -> Array:
        """Rows from the origin."""
        return self.rows[start:stop] - self._origin if self._kept is None else self._kept[start:stop]

    def above(self, low: Array, rows: Any, other: Cloud, columns: Any) -> FloatArray:
        """Half squared distances that pairs do not exceed, of those that they do not fall below."""
        spread: FloatArray = self.slack * (self.squares[rows] + other.squares[columns]) + 2 * self._least
        return low + spread

    def distances(self, rows: Any, other: Cloud, columns: Any, num_threads: int) -> FloatArray:
        """Exact distances of pairs."""
        pairs = np.stack([rows, columns], axis=1).astype(np.int64, copy=False)
        return -_core.verification.pair_scores(self.rows, other.rows, pairs, "euclidean", num_threads)


def clouds_of(first: Array, second: Array) -> tuple[Cloud, Cloud]:
    """Both sides in one precision, float32 where both have no more, with one origin."""
    narrow = all(rows.dtype in (np.float16, np.float32) for rows in (first, second))
    dtype: Any = np.float32 if narrow else np.float64
    one, two = (np.ascontiguousarray(rows, dtype=dtype) for rows in (first, second))
    largest = max(float(np.max(np.abs([rows.min(initial=0), rows.max(initial=0)]))) for rows in (one, two))
    if largest > 0 and not 2.0**-50 < largest < 2.0**50:
        # Squares must be numbers. A power of two changes no digit.
        exponent = -int(np.frexp(largest)[1])
        one, two = (np.ldexp(rows.astype(np.float64), exponent) for rows in (one, two))
    origin = np.mean(one, axis=0, dtype=np.float64).astype(one.dtype)
    return Cloud(one, origin), Cloud(two, origin)


def radii_of(cloud: Cloud, k: int, num_threads: int) -> FloatArray:
    """Of each row the distance of its ``k``-th nearest other row, of which there must be so many."""
    nearest = np.full((len(cloud.rows), k), np.inf)
    limits = np.full(len(cloud.rows), np.inf, dtype=cloud.rows.dtype)  # halves of squares of the last of these

    def improve(pairs: tuple[Array, Array]) -> None:
        distances = cloud.distances(pairs[0], cloud, pairs[1], num_threads)
        for rows in pairs:
            _keep_nearest(nearest, rows, distances)
            limits[rows] = half_squares(nearest[rows, -1], limits.dtype)

    for start, stop in cloud.blocks():  # these tell at once which distances are short
        low = low_halves(cloud, start, stop, cloud, start, stop)
        np.fill_diagonal(low, np.inf)
        if len(low) > k:
            seems = np.partition(low, k - 1, axis=1)[:, k - 1]
            own = np.arange(start, stop)
            limits[own] = _rounded_up(
                cloud.above(seems, own, cloud, start + cloud.squares[start:stop].argmax()), low.dtype
            )
        low[np.tri(len(low), dtype=bool)] = np.inf  # each pair once
        near = low <= limits[start:stop, None]
        near |= low <= limits[start:stop]
        improve(_places(near & (low < np.inf), start, start))
    for i, (start, stop) in enumerate(cloud.blocks()):
        for first, last in cloud.blocks()[i + 1 :]:
            low = low_halves(cloud, start, stop, cloud, first, last)
            near = low <= limits[start:stop, None]
            near |= low <= limits[first:last]
            improve(_places(near, start, first))
    return nearest[:, -1]


def balls_around(
    cloud: Cloud, radii: FloatArray, other: Cloud, other_radii: FloatArray, *, closed: bool, num_threads: int
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.bool_], npt.NDArray[np.bool_]]:
    """Who lies in whose balls.

    Returns:
        For each row of ``other`` in how many balls of ``cloud`` it lies; for each row of ``cloud`` whether any lies in its
        ball, and whether it lies in a ball of ``other``.
    """
    counts = np.zeros(len(other.rows), dtype=np.int64)
    covered, met = np.zeros((2, len(cloud.rows)), dtype=bool)
    limits, other_limits = (half_squares(part, cloud.rows.dtype) for part in (radii, other_radii))
    sure = [part * part * (0.5 * (1 - 1e-15)) for part in (radii, other_radii)]

    def inside(low: Array, rows: Array, columns: Array, radius: FloatArray, clearly: FloatArray) -> Any:
        found = cloud.above(low, rows, other, columns) < clearly
        open_ = np.flatnonzero(~found)
        distances = cloud.distances(rows[open_], other, columns[open_], num_threads)
        found[open_] = distances <= radius[open_] if closed else distances < radius[open_]
        return found

    for start, stop in cloud.blocks():
        for first, last in other.blocks():
            low = low_halves(cloud, start, stop, other, first, last)
            rows, columns = _places(low <= limits[start:stop, None], start, first)
            found = inside(low[rows - start, columns - first], rows, columns, radii[rows], sure[0][rows])
            counts += np.bincount(columns[found], minlength=len(counts))
            covered[rows[found]] = True
            near = low <= other_limits[first:last]
            near[met[start:stop]] = False  # one ball is enough
            rows, columns = _places(near, start, first)
            found = inside(low[rows - start, columns - first], rows, columns, other_radii[columns], sure[1][columns])
            met[rows[found]] = True
    return counts, covered, met


def low_halves(cloud: Cloud, start: int, stop: int, other: Cloud, first: int, last: int) -> Array:
    """Halves of squared distances, which those of the pairs do not fall below."""
    values: Array = cloud.centred(start, stop) @ other.centred(first, last).T
    np.subtract(cloud.halves[start:stop, None], values, out=values)
    values += other.halves[first:last]
    return values


def _places(mask: Any, start: int, first: int) -> tuple[Array, Array]:
    rows, columns = np.divmod(np.flatnonzero(mask), mask.shape[1])
    return rows + start, columns + first


def _keep_nearest(nearest: FloatArray, rows: Array, distances: FloatArray) -> None:
    """Put distances where they are among the least of their row."""
    k = nearest.shape[1]
    shorter = distances < nearest[rows, -1]
    rows, distances = rows[shorter], distances[shorter]
    changed = np.unique(rows)
    all_rows = np.concatenate([rows, np.repeat(changed, k)])
    values = np.concatenate([distances, nearest[changed].ravel()])
    order = np.lexsort((values, all_rows))
    all_rows = all_rows[order]
    starts = np.searchsorted(all_rows, changed)
    nearest[changed] = values[order][starts[:, None] + np.arange(k)]


def half_squares(distances: FloatArray, dtype: Any) -> Array:
    """Halves of squares, rounded up."""
    return _rounded_up(distances * distances * (0.5 * (1 + 1e-15)), dtype)


def _rounded_up(values: FloatArray, dtype: Any) -> Array:
    result: Array = np.nextafter(values.astype(dtype), dtype.type(np.inf))
    return result


def _bounds(rows: Array) -> tuple[float, float]:
    """By which part of the squared lengths, and by how much besides, a squared distance from a product may be wrong.

    The sum of D products is off by D units of rounding; the few others are those of centring and of adding lengths. What
    underflows is counted apart.
    """
    size, kind = rows.shape[1], np.finfo(rows.dtype)
    unit = float(kind.eps) / 2
    return (1.01 * size + 32) * unit + 2 * size * 2.0**-53, size * 2.0 ** (-90 if kind.bits == 32 else -900)
