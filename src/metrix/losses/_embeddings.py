"""What losses of embeddings share: inputs in form, and unit vectors with their way back."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt

from metrix import _core
from metrix._arrays import as_ndarray, require_shape
from metrix.losses._arguments import Array, as_like, predictions
from metrix.losses._similarities import threads_for


def embeddings_of(values: Any, name: str = "embeddings") -> Array:
    """(N, D) floating-point numbers."""
    array = predictions(values, name)
    require_shape(array, name, (None, None))
    return array


def rows_like(values: Any, embeddings: Array, name: str) -> Array:
    """(C, D) numbers, with the D and the dtype of the embeddings."""
    array = as_like(values, embeddings, name)
    if array.ndim != 2 or array.shape[1] != embeddings.shape[1]:
        raise ValueError(f"{name}: expected shape (C, {embeddings.shape[1]}), got {array.shape}")
    return array


def labels_of(values: Any, count: int, classes: int | None = None) -> npt.NDArray[np.int64]:
    """(count,) ints, from 0 to classes - 1 if there are classes."""
    array = as_ndarray(values, "labels")
    if array.size == 0 and array.dtype.kind == "f":
        array = array.astype(np.int64)  # what [] becomes
    if array.dtype.kind not in "iu":
        raise TypeError(f"labels: expected ints, got dtype {array.dtype}")
    if array.shape != (count,):
        raise ValueError(f"labels: expected shape ({count},), got {array.shape}")
    if classes is not None:
        wrong = np.flatnonzero((array < 0) | (array >= classes))
        if len(wrong):
            at = int(wrong[0])
            raise ValueError(f"labels[{at}]: expected a class from 0 to {classes - 1}, got {array[at]}")
    return np.ascontiguousarray(array, dtype=np.int64)


class Unit:
    """Rows as unit vectors and their lengths; a row of zeros stays one, and has the gradient 0."""

    def __init__(self, rows: Array) -> None:
        """Of rows of any length: squares that would overflow or vanish are brought near 1 first."""
        self._threads = threads_for(rows.size)
        flat = np.ascontiguousarray(rows).reshape(math.prod(rows.shape[:-1]), rows.shape[-1])
        self._flat, self._lengths = _core.losses.unit_vectors(flat, self._threads)
        self.rows: Array = self._flat.reshape(rows.shape)
        self.lengths: Array = self._lengths.reshape((*rows.shape[:-1], 1))

    def backward(self, gradient: Array) -> Array:
        """The gradient by the rows, given that by their unit vectors, in the memory of which it is written."""
        if not gradient.flags.c_contiguous or gradient.dtype != self.rows.dtype:
            gradient = np.array(gradient, dtype=self.rows.dtype, order="C")
        _core.losses.through_unit_vectors(self._flat, self._lengths, gradient.reshape(self._flat.shape), self._threads)
        return gradient


def norm(rows: Array) -> Array:
    """Lengths of rows, without overflow on the way."""
    return Unit(rows).lengths[..., 0]


def sums_by_label(rows: Array, labels: npt.NDArray[np.int64], classes: int) -> Array:
    """(classes, D): the sum of the rows of each label, in float64."""
    sums: Array = _core.losses.sums_by_label(rows, labels, classes)
    return sums
