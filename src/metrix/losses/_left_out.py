"""What a loss composed in Python does with samples that are left out: it never sees them.

A sample that is masked, or whose term counts nothing, may hold NaN, infinities or labels that there are not. Products with
0 would carry these on, through weights that all samples share for instance, so the rows are taken out before anything is
worked out, and what belongs to them is 0.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from metrix._arrays import as_ndarray
from metrix.losses._arguments import Array

Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Rows:
    """Which arguments have a row for each term, so that to leave a term out is to leave its rows out."""

    #: Inputs and parameters; of those that are lists, each array has the rows.
    names: tuple[str, ...]
    #: How many leading axes of the first of them the terms have; None: all, and -1: all but the last.
    axes: int | None = 1
    #: Whether terms depend on the rows of others: a row of weight 0 stays, for their sake.
    coupled: bool = False

    def chosen(self, first: Any, weight: Any, mask: Any) -> Selection | None:
        """Which rows are left; None if nothing says so, or not in the shape it should have."""
        shape = np.shape(first[0] if _is_list(first) else first)
        most = len(shape) if self.axes is None else self.axes if self.axes > 0 else len(shape) + self.axes
        kept = None
        if mask is not None:
            kept = as_ndarray(mask, "mask")
            if kept.dtype != np.bool_ or not _leads(kept, shape, most):
                return None  # complaints are made where terms are known
        takes_part = kept
        if weight is not None and not self.coupled:
            counts = as_ndarray(weight, "weight")
            if not _leads(counts, shape, most):
                return None
            counts = counts != 0
            if not counts.all():
                axes = max(counts.ndim, 0 if kept is None else kept.ndim)
                wide = [_widened(part, shape[:axes]) for part in (counts, kept) if part is not None]
                kept = np.logical_and.reduce(wide)
        if kept is None:
            return None
        absent = 0 if takes_part is None else kept.size - int(_widened(takes_part, kept.shape).sum())
        return Selection(kept, kept.size - int(kept.sum()) - absent, kept.shape[0])


@dataclass(frozen=True)
class Selection:
    """The rows that are left."""

    kept: Bools
    #: How many of the others take part all the same, with a weight of 0.
    idle: int
    #: The length of the first axis.
    batch: int

    @property
    def is_everything(self) -> bool:
        """Whether all rows are left."""
        return bool(self.kept.all())

    def of(self, values: Any) -> Any:
        """The rows of an argument that are left, along one axis."""
        if _is_list(values):
            return [self.of(part) for part in values]
        array = np.asarray(values)
        if array.ndim < self.kept.ndim:
            array = _widened(array, self.kept.shape)
        return array[self.kept]

    def suits(self, values: Any) -> bool:
        """Whether an argument has all the rows."""
        if _is_list(values):
            return all(self.suits(part) for part in values)
        return tuple(np.shape(values)[: self.kept.ndim]) == self.kept.shape

    def back(self, rows: Any, like: Any) -> Any:
        """Rows where they were, and 0 in place of the others."""
        if _is_list(rows):
            return [self.back(part, of) for part, of in zip(rows, like)]
        whole = np.zeros((*self.kept.shape, *rows.shape[1:]), dtype=rows.dtype)
        whole[self.kept] = rows
        return whole


def _is_list(values: Any) -> bool:
    """Of arrays, as features come; nested lists of numbers are one array."""
    return isinstance(values, (list, tuple)) and len(values) > 0 and hasattr(values[0], "shape")


def _leads(array: Array, shape: tuple[int, ...], most: int) -> bool:
    return 0 < array.ndim <= most and array.shape == shape[: array.ndim]


def _widened(array: Array, shape: tuple[int, ...]) -> Array:
    """Along more axes behind its own."""
    return np.broadcast_to(array.reshape(array.shape + (1,) * (len(shape) - array.ndim)), shape)
