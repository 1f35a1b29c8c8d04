"""The one place that turns array-likes into C-contiguous ndarrays."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]


def as_ndarray(values: Any, name: str) -> Array:
    """Anything with ``__array__``, ``__dlpack__`` or a sequence as an ndarray, without a copy where memory allows."""
    if isinstance(values, np.ndarray):
        return values
    if hasattr(values, "__dlpack__") and not hasattr(values, "__array_interface__"):
        try:
            return np.from_dlpack(values)
        except (BufferError, RuntimeError, TypeError) as error:
            raise TypeError(
                f"{name}: expected an array in CPU memory, got {type(values).__name__} ({error})"
            ) from error
    try:
        return np.asarray(values)
    except ValueError as error:
        raise ValueError(f"{name}: expected a rectangular array of numbers ({error})") from error


def as_float(values: Any, name: str, shape: tuple[int | None, ...]) -> Array:
    """A C-contiguous float32 or float64 array of the given shape (None: any length).

    float32 stays float32; integers, booleans and other floats become float64.
    """
    array = as_ndarray(values, name)
    if array.size == 0 and array.ndim < len(shape):
        # [] is a legitimate empty set of boxes: give it the shape it cannot show.
        array = np.zeros([size or 0 for size in shape], dtype=np.float64)
    if array.dtype.kind not in "fiub":
        raise TypeError(f"{name}: expected real numbers, got dtype {array.dtype}")
    require_shape(array, name, shape)
    dtype = np.float32 if array.dtype == np.float32 else np.float64
    return np.ascontiguousarray(array, dtype=dtype)


def as_float64(values: Any, name: str, shape: tuple[int | None, ...]) -> npt.NDArray[np.float64]:
    """A C-contiguous float64 array of the given shape (None: any length)."""
    if type(values) is np.ndarray and values.dtype == np.float64 and values.flags.c_contiguous and values.size:
        require_shape(values, name, shape)
        return values
    return np.ascontiguousarray(as_float(values, name, shape), dtype=np.float64)


def require_shape(array: Array, name: str, shape: tuple[int | None, ...]) -> None:
    """Raise ValueError unless the array has this shape (None: any length)."""
    fits = array.ndim == len(shape)
    if fits:
        for want, got in zip(shape, array.shape):
            fits = fits and (want is None or want == got)
    if not fits:
        letters = iter("NMKL")
        wanted = ", ".join(next(letters) if size is None else str(size) for size in shape)
        wanted += "," if len(shape) == 1 else ""
        raise ValueError(f"{name}: expected shape ({wanted}), got {array.shape}")
