"""Columns that grow row by row at little cost, and give their memory back for the next rows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

_MANY_ROWS = 1 << 16


class GrowingTable:
    """Columns of one length. They double when they are full, and convert what comes to their dtype."""

    def __init__(self, kinds: Mapping[str, tuple[Any, tuple[int, ...] | None]], usual_bytes: int) -> None:
        """Dtypes and shapes of the rows of columns that may come; where a shape is None, the first rows decide.

        Once there are many rows there is room for ``usual_bytes`` at a stroke, as pages that nobody writes to cost nothing.
        """
        self._kinds = kinds
        self._usual_bytes = usual_bytes
        self._columns: dict[str, npt.NDArray[Any]] = {}
        self._capacity = 0
        self._row_bytes = 0
        self.length = 0

    def append(self, count: int, parts: Mapping[str, Any]) -> None:
        """Add rows: of each column an array, a list of arrays that follow each other, or one value for all.

        None leaves a column as it is, for the caller to fill. Nothing is added if one of them raises, as NumPy does for
        shapes and dtypes that do not fit.
        """
        if count == 0:
            return
        if self.length + count > self._capacity:
            self._grow(self.length + count)
        end = self.length + count
        for name, part in parts.items():
            if name not in self._columns:
                shape = self._kinds[name][1]
                if shape is None:
                    shape = (part[0] if isinstance(part, list) else part).shape[1:]
                self._columns[name] = self._empty(name, shape)
                self._row_bytes += self._columns[name].nbytes // self._capacity
            if part is None:
                continue
            target = self._columns[name][self.length : end]
            if isinstance(part, list):
                np.concatenate(part, out=target, casting="same_kind")
            else:
                target[...] = part
        self.length = end

    def column(self, name: str) -> npt.NDArray[Any] | None:
        """The rows so far, valid until the next ``append``; None if they never had this column."""
        return self._columns[name][: self.length] if name in self._columns else None

    def last(self, name: str, count: int) -> npt.NDArray[Any]:
        """The last rows of a column that there is, to be filled."""
        return self._columns[name][self.length - count : self.length]

    def clear(self) -> None:
        """Forget the rows and keep the memory."""
        self.length = 0

    @property
    def nbytes(self) -> int:
        """Bytes of the rows so far."""
        return self.length * self._row_bytes

    def _empty(self, name: str, shape: tuple[int, ...]) -> npt.NDArray[Any]:
        return np.empty((self._capacity, *shape), dtype=self._kinds[name][0])

    def _grow(self, least: int) -> None:
        self._capacity = max(least, 2 * self._capacity, 1000)
        if self._capacity >= _MANY_ROWS and self._row_bytes > 0:
            self._capacity = max(self._capacity, self._usual_bytes // self._row_bytes)
        for name, old in self._columns.items():
            self._columns[name] = self._empty(name, old.shape[1:])
            self._columns[name][: self.length] = old[: self.length]
