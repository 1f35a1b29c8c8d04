"""Mean and covariance of features that come in batches."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from metrix._arrays import as_ndarray

FloatArray = npt.NDArray[np.float64]

#: Bytes of features that are gathered before they are multiplied out.
_GATHERED = 1 << 26
#: Rows that stay in the cache while they are centred.
_CACHED = 1 << 6
#: Rows that are looked through at a time.
_ROWS = 1 << 10


class FrechetStatistics(NamedTuple):
    """Mean and covariance of features: all that the Fréchet distance takes of them."""

    mu: FloatArray
    """(D,) mean."""
    sigma: FloatArray
    """(D, D) covariance, with N - 1 as divisor."""


class Moments:
    """The number, the mean and the scatter of all rows so far, in float64.

    Rows wait until there are enough of them, so that a small batch costs a copy, and so that the bits do not depend on how
    the data is split. Each block is centred at its own mean: nothing cancels, however far from zero the features lie.
    """

    def __init__(self, dimension: int) -> None:
        """Of no rows yet."""
        self.count = 0
        # The mean is the sum of both: a sum rounded to a double would be off by more than the means of two parts lie apart.
        self.origin: FloatArray = np.zeros(dimension)
        self.offset: FloatArray = np.zeros(dimension)
        self.scatter: FloatArray = np.zeros((dimension, dimension))
        self._waiting: FloatArray = np.empty((max(256, _GATHERED // (8 * max(dimension, 1))) + 1, dimension))
        self._rows = 0

    @property
    def dimension(self) -> int:
        """Numbers in a row."""
        return len(self.origin)

    def statistics(self) -> FrechetStatistics:
        """Of all that is settled."""
        return FrechetStatistics(self.origin + self.offset, self.scatter / (self.count - 1))

    def add(self, features: npt.NDArray[Any]) -> None:
        """Copy rows, which were checked."""
        start = 0
        while start < len(features):
            taken = min(len(features) - start, len(self._waiting) - 1 - self._rows)
            self._waiting[self._rows : self._rows + taken] = features[start : start + taken]
            self._rows += taken
            start += taken
            if self._rows == len(self._waiting) - 1:
                self.settle()

    def settle(self) -> None:
        """Multiply out what waits."""
        if self._rows == 0:
            return
        block = self._waiting[: self._rows]
        ones = np.ones(self._rows)
        mean = ones @ block / self._rows
        # What the mean is off by, as its sum was rounded: it matters to the mean, its square to nothing.
        rest = np.zeros(self.dimension)
        for start in range(0, self._rows, _CACHED):
            part = block[start : start + _CACHED]
            part -= mean
            rest += ones[: len(part)] @ part
        rest /= self._rows
        # Two means apart add a matrix of rank one: one more row.
        self._waiting[self._rows] = self._take(self._rows, mean, rest)
        block = self._waiting[: self._rows + 1]
        self.scatter += block.T @ block
        self._rows = 0

    def merge(self, other: Moments) -> None:
        """Add all that another one has seen, which it keeps."""
        self.settle()
        if other.count:
            shift = self._take(other.count, other.origin, other.offset)
            self.scatter += other.scatter
            self.scatter += np.multiply.outer(shift, shift)
        self.add(other._waiting[: other._rows])

    def _take(self, count: int, origin: FloatArray, offset: FloatArray) -> FloatArray:
        """Move the mean towards that of more rows; the row whose square this adds to the scatter."""
        if self.count == 0:
            self.origin, self.offset = origin.copy(), offset.copy()
        difference = (origin - self.origin) + (offset - self.offset)
        share = count / (self.count + count)
        shift: FloatArray = difference * np.sqrt(self.count * share)
        self.offset = self.offset + difference * share
        self.count += count
        return shift

    def __getstate__(self) -> dict[str, Any]:
        """Only the rows that wait, not the room for others."""
        return {**self.__dict__, "_waiting": self._waiting[: self._rows].copy()}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__init__(len(state["origin"]))  # type: ignore[misc]
        room, waiting = self._waiting, state["_waiting"]
        room[: len(waiting)] = waiting
        self.__dict__.update({**state, "_waiting": room})


def features_of(values: Any, name: str, dimension: int | None = None) -> npt.NDArray[Any]:
    """(N, D) finite real numbers."""
    array = as_ndarray(values, name)
    if array.dtype.kind not in "fiub":
        raise TypeError(f"{name}: expected real numbers, got dtype {array.dtype}")
    if array.ndim != 2 or (dimension is not None and array.shape[1] != dimension):
        wanted = "D" if dimension is None else dimension
        raise ValueError(f"{name}: expected features of shape (N, {wanted}), got {array.shape}")
    if array.dtype.kind == "f":
        for start in range(0, len(array), _ROWS):
            finite = np.isfinite(array[start : start + _ROWS])
            if not finite.all():
                row, column = (int(index) for index in np.argwhere(~finite)[0])
                raise ValueError(
                    f"{name}: expected finite numbers, got {array[start + row, column]} at index {start + row}, {column}"
                )
    return array


def checked(statistics: Any, name: str) -> FrechetStatistics:
    """Of finite numbers, with a symmetric covariance, as float64."""
    mu, sigma = (as_ndarray(part, f"{name}.{field}") for part, field in zip(statistics, ("mu", "sigma")))
    for array, field in ((mu, "mu"), (sigma, "sigma")):
        if array.dtype.kind not in "fiub":
            raise TypeError(f"{name}.{field}: expected real numbers, got dtype {array.dtype}")
        if not np.isfinite(array).all():
            index = ", ".join(str(int(i)) for i in np.argwhere(~np.isfinite(array))[0])
            raise ValueError(f"{name}.{field}: expected finite numbers, got another at index {index}")
    if mu.ndim != 1 or sigma.shape != (len(mu), len(mu)):
        raise ValueError(f"{name}: expected mu (D,) and sigma (D, D), got {mu.shape} and {sigma.shape}")
    sigma = np.ascontiguousarray(sigma, dtype=np.float64)
    _require_covariance(sigma, name)
    return FrechetStatistics(np.ascontiguousarray(mu, dtype=np.float64), sigma)


def _require_covariance(sigma: FloatArray, name: str) -> None:
    diagonal = np.diagonal(sigma)
    # What single precision leaves of zero or of symmetry is no error.
    slack = 1e-4 * float(np.max(np.abs(diagonal), initial=0.0))
    if len(diagonal) and diagonal.min() < -slack:
        index = int(np.argmin(diagonal))
        raise ValueError(f"{name}.sigma: expected no negative variance, got {diagonal[index]} at index {index}")
    step = 256  # a tile and its transpose stay in the cache
    for i in range(0, len(sigma), step):
        for j in range(0, i + 1, step):
            difference = np.abs(sigma[i : i + step, j : j + step] - sigma[j : j + step, i : i + step].T)
            if difference.max() > slack:
                row, column = (int(k) for k in np.unravel_index(int(np.argmax(difference)), difference.shape))
                raise ValueError(
                    f"{name}.sigma: expected a symmetric matrix, got {sigma[i + row, j + column]} at index "
                    f"{i + row}, {j + column} and {sigma[j + column, i + row]} at {j + column}, {i + row}"
                )
