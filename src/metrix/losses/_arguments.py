"""What losses are given: arrays brought into form, parameters checked; each complaint names its argument."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from metrix._arrays import as_ndarray

Array = npt.NDArray[Any]
Reduction = Literal["none", "sum", "mean", "batchmean"]
MeanDenominator = Literal["weights", "count"]

#: What the kernels call them; "batchmean" is a sum that Python divides.
REDUCTIONS = {"none": 0, "sum": 1, "mean": 2, "batchmean": 1}
#: The same of what is done to second derivatives.
HESS_POLICIES = {"exact": 0, "clip": 1, "abs": 2, "ones": 3}


def predictions(values: Any, name: str = "pred") -> Array:
    """C-contiguous float32 or float64: float16 becomes float32, no other kind of number is taken."""
    array = as_ndarray(values, name)
    if array.dtype.kind != "f":
        raise TypeError(f"{name}: expected floating-point numbers, got dtype {array.dtype}")
    if array.dtype == np.float16:
        array = array.astype(np.float32)
    elif array.dtype not in (np.float32, np.float64):
        array = array.astype(np.float64)
    return array if array.flags.c_contiguous else np.array(array, order="C")


def as_like(values: Any, pred: Array, name: str) -> Array:
    """C-contiguous real numbers of the dtype of ``pred``."""
    array = as_ndarray(values, name)
    if array.dtype.kind not in "fiub":
        raise TypeError(f"{name}: expected real numbers, got dtype {array.dtype}")
    if array.dtype == pred.dtype and array.flags.c_contiguous:
        return array
    return np.array(array, dtype=pred.dtype, order="C")


def same_shape(values: Any, pred: Array, name: str, of: str = "pred") -> Array:
    """As :func:`as_like`, of the shape of ``pred`` as well: nothing is broadcast."""
    array = as_like(values, pred, name)
    if array.shape != pred.shape:
        raise ValueError(f"{name}: expected the shape of {of}, {pred.shape}, got {array.shape}")
    return array


def per_sample(values: Array, shape: tuple[int, ...], name: str, of: str = "pred") -> Array:
    """Checked to have the shape of leading axes."""
    if values.ndim == 0 or values.shape != shape[: values.ndim]:
        raise ValueError(
            f"{name}: expected the shape of leading axes of {of}, such as {shape[:1]} or {shape}, got {values.shape}"
        )
    return values


def mask_of(values: Any, shape: tuple[int, ...], of: str = "pred") -> Array:
    """C-contiguous bools of the shape of leading axes."""
    array = as_ndarray(values, "mask")
    if array.dtype != np.bool_:
        raise TypeError(f"mask: expected bools, got dtype {array.dtype}")
    return np.ascontiguousarray(per_sample(array, shape, "mask", of))


def check_reduction(reduction: Any, denominator: Any) -> None:
    """Both are among those that there are."""
    if reduction not in REDUCTIONS:
        raise ValueError(f"reduction: expected one of {sorted(REDUCTIONS)}, got {reduction!r}")
    if denominator not in ("weights", "count"):
        raise ValueError(f"mean_denominator: expected 'weights' or 'count', got {denominator!r}")


def one_of(value: Any, name: str, choices: list[str] | tuple[str, ...]) -> str:
    """One of the choices."""
    if value not in choices:
        raise ValueError(f"{name}: expected one of {list(choices)}, got {value!r}")
    return str(value)


def positive(value: float, name: str) -> float:
    """A finite number above 0."""
    return number(value, name, "a finite number > 0", lambda given: 0 < given < math.inf)


def not_negative(value: float, name: str) -> float:
    """A finite number of at least 0."""
    return number(value, name, "a finite number >= 0", lambda given: 0 <= given < math.inf)


def fraction(value: float, name: str) -> float:
    """A number between 0 and 1, neither of which it is."""
    return number(value, name, "a number between 0 and 1", lambda given: 0 < given < 1)


def each(values: Any, name: str, expected: str, is_right: Callable[[Any], Any]) -> npt.NDArray[np.float64]:
    """Numbers along one axis, for all of which ``is_right`` holds."""
    array = as_like(values, np.empty(0), name)
    wrong = np.flatnonzero(~is_right(array))
    if array.ndim != 1:
        raise ValueError(f"{name}: expected a number or numbers along one axis, got shape {array.shape}")
    if len(wrong):
        raise ValueError(f"{name}[{wrong[0]}]: expected {expected}, got {array[wrong[0]]}")
    return array


def number(value: Any, name: str, expected: str, is_right: Callable[[float], bool]) -> float:
    """A number for which ``is_right`` holds."""
    try:
        given = float(value)
    except (TypeError, ValueError):
        raise TypeError(f"{name}: expected {expected}, got {value!r}") from None
    if not is_right(given):
        raise ValueError(f"{name}: expected {expected}, got {value!r}")
    return given
