"""What all elementwise losses share: arguments, reductions, and the three questions one can ask."""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable
from typing import Any, Literal, cast

import numpy as np
import numpy.typing as npt

from metrix import _core
from metrix._arrays import as_ndarray
from metrix._threads import resolve_num_threads

Array = npt.NDArray[Any]
Reduction = Literal["none", "sum", "mean", "batchmean"]
Hess = Literal["exact", "clip", "abs", "ones"]

#: A formula of cpp/kernels/losses and its parameters.
Formula = tuple[int, tuple[float, ...]]

#: So few elements are not worth a second thread, nor asking how many there may be.
SERIAL_SIZE = 1 << 17

_REDUCTIONS = {"none": 0, "sum": 1, "mean": 2, "batchmean": 1}
_POLICIES = {"exact": 0, "clip": 1, "abs": 2, "ones": 3}

COMMON = """
Common arguments:
    pred: predictions, float32 or float64 of any shape (float16 is worked on as float32).
    target: real numbers of the same shape; nothing is broadcast.
    weight: numbers for the leading axes of ``pred``, such as (N,) for (N, C): each counts for all that lies behind it.
    mask: bools for the leading axes; what is False takes no part, whatever it holds, and has gradient 0.
    reduction: "mean", "sum", "batchmean" (the sum over the length of the first axis), or "none".
    mean_denominator: "weights" divides the mean by the sum of weights, "count" by the number of elements.
    num_threads: None for ``OMP_NUM_THREADS`` or all usable CPUs; small arrays take one.

Returns:
    ``loss(...)`` the value, as a scalar or an array of the dtype of ``pred``; ``loss.value_and_grad(...)`` that and the
    gradient by ``pred``; ``loss.grad_hess(...)`` the two derivatives of each element before any reduction.

Conventions:
    Empty: the mean is NaN, the sum 0. NaN and infinities pass through. Results have the same bits for any number of
    threads and any instruction set.

Raises:
    ValueError: for shapes that differ and parameters out of range; TypeError for what is no real number.
"""


def formula(name: str, *parameters: float) -> Formula:
    """A formula by its name in C++."""
    return _core.losses.formulas[name], parameters


class ElementwiseLoss:
    """A loss that is a mean, or another reduction, of one term for each element."""

    def __init__(self, define: Callable[..., Formula], hess: Hess) -> None:
        """Take name, parameters and documentation from the function that defines it."""
        own = list(inspect.signature(define).parameters.values())
        self.__name__ = define.__name__
        self.__qualname__ = define.__qualname__
        self.__module__ = define.__module__
        self.__doc__ = inspect.cleandoc(define.__doc__ or "") + "\n" + COMMON
        common = list(inspect.signature(_signature).parameters.values())
        self.__signature__ = inspect.Signature([*common[:2], *own, *common[2:]])
        self._define = define
        self._hess = hess
        self._default = define()

    def __repr__(self) -> str:
        """Its name and parameters."""
        return f"<loss {self.__name__}{self.__signature__}>"

    def __call__(self, pred: Any, target: Any, /, **arguments: Any) -> Any:
        """The value."""
        return self._ask(0, pred, target, arguments)

    def value_and_grad(
        self, pred: Any, target: Any, /, *, grad_output: Any = None, **arguments: Any
    ) -> tuple[Any, Array]:
        """The value, and its gradient by ``pred``.

        Args:
            pred, target, arguments: as of the call.
            grad_output: the gradient of what comes after by the value, which multiplies: a number, or of the shape of
                ``pred`` with ``reduction="none"``.
        """
        return cast("tuple[Any, Array]", self._ask(1, pred, target, arguments, grad_output))

    def grad_hess(
        self, pred: Any, target: Any, /, *, hess: Hess | None = None, **arguments: Any
    ) -> tuple[Array, Array]:
        """First and second derivative of each element by ``pred``, with weights and before any reduction.

        Args:
            pred, target, arguments: as of the call, without ``reduction``.
            hess: "exact"; "clip" (at least 1e-16), "abs" or "ones" for optimisers that divide by it; None for what suits
                this loss.
        """
        if "reduction" in arguments or "mean_denominator" in arguments:
            raise TypeError(f"{self.__name__}.grad_hess: takes no reduction, as it gives derivatives of each element")
        policy = self._hess if hess is None else hess
        if policy not in _POLICIES:
            raise ValueError(f"hess: expected one of {sorted(_POLICIES)}, got {hess!r}")
        return cast("tuple[Array, Array]", self._ask(2, pred, target, arguments, None, _POLICIES[policy]))

    def _ask(
        self, wanted: int, pred: Any, target: Any, arguments: dict[str, Any], grad_output: Any = None, policy: int = 0
    ) -> Any:
        weight = mask = num_threads = None
        reduction, denominator = "mean", "weights"
        kernel, parameters = self._default
        if arguments:
            weight = arguments.pop("weight", None)
            mask = arguments.pop("mask", None)
            reduction = arguments.pop("reduction", "mean")
            denominator = arguments.pop("mean_denominator", "weights")
            num_threads = arguments.pop("num_threads", None)
            if arguments:
                kernel, parameters = self._define(**arguments)
        if reduction not in _REDUCTIONS:
            raise ValueError(f"reduction: expected one of {sorted(_REDUCTIONS)}, got {reduction!r}")
        if denominator not in ("weights", "count"):
            raise ValueError(f"mean_denominator: expected 'weights' or 'count', got {denominator!r}")

        pred = _predictions(pred)
        target = _as_like(target, pred, "target")
        if target.shape != pred.shape:
            raise ValueError(f"target: expected the shape of pred, {pred.shape}, got {target.shape}")
        if weight is not None:
            weight = _per_sample(_as_like(weight, pred, "weight"), pred, "weight")
        if mask is not None:
            mask = _mask(mask, pred)
        upstream, scale = None, 1.0
        if grad_output is not None and reduction == "none":
            upstream = _as_like(grad_output, pred, "grad_output")
            if upstream.shape != pred.shape:
                raise ValueError(f"grad_output: expected the shape of pred, {pred.shape}, got {upstream.shape}")
        elif grad_output is not None:
            scale = float(grad_output)
        batch = 1
        if reduction == "batchmean":
            if pred.ndim == 0:
                raise ValueError("reduction: 'batchmean' expects pred to have a first axis")
            batch = len(pred)
            scale = scale / batch if batch else math.nan

        threads = 1 if pred.size < SERIAL_SIZE and num_threads is None else resolve_num_threads(num_threads)
        answer = _core.losses.elementwise(
            kernel,
            pred,
            target,
            parameters,
            wanted,
            _REDUCTIONS[reduction],
            weight,
            mask,
            denominator == "weights",
            upstream,
            scale,
            policy,
            threads,
        )
        if wanted == 2:
            return answer
        value = answer[0]
        if reduction != "none":
            if reduction == "batchmean":
                value = value / batch if batch else math.nan
            value = pred.dtype.type(value)
        return value if wanted == 0 else (value, answer[1])


def elementwise(hess: Hess = "exact") -> Callable[[Callable[..., Formula]], ElementwiseLoss]:
    """Make a loss of the function that chooses its formula and checks its parameters."""
    return lambda define: ElementwiseLoss(define, hess)


def _signature(
    pred: npt.ArrayLike,
    target: npt.ArrayLike,
    /,
    *,
    weight: npt.ArrayLike | None = None,
    mask: npt.ArrayLike | None = None,
    reduction: Reduction = "mean",
    mean_denominator: Literal["weights", "count"] = "weights",
    num_threads: int | None = None,
) -> None:
    """The arguments that all elementwise losses take."""


def _predictions(values: Any) -> Array:
    """C-contiguous float32 or float64."""
    array = as_ndarray(values, "pred")
    if array.dtype.kind != "f":
        raise TypeError(f"pred: expected floating-point numbers, got dtype {array.dtype}")
    if array.dtype == np.float16:
        array = array.astype(np.float32)
    elif array.dtype not in (np.float32, np.float64):
        array = array.astype(np.float64)
    return array if array.flags.c_contiguous else np.array(array, order="C")


def _as_like(values: Any, pred: Array, name: str) -> Array:
    """C-contiguous, of the dtype of pred."""
    array = as_ndarray(values, name)
    if array.dtype.kind not in "fiub":
        raise TypeError(f"{name}: expected real numbers, got dtype {array.dtype}")
    if array.dtype == pred.dtype and array.flags.c_contiguous:
        return array
    return np.array(array, dtype=pred.dtype, order="C")


def _per_sample(values: Array, pred: Array, name: str) -> Array:
    if values.ndim == 0 or values.shape != pred.shape[: values.ndim]:
        raise ValueError(
            f"{name}: expected the shape of leading axes of pred, such as {pred.shape[:1]} or {pred.shape}, "
            f"got {values.shape}"
        )
    return values


def _mask(values: Any, pred: Array) -> Array:
    array = as_ndarray(values, "mask")
    if array.dtype != np.bool_:
        raise TypeError(f"mask: expected bools, got dtype {array.dtype}")
    return np.ascontiguousarray(_per_sample(array, pred, "mask")).view(np.uint8)


def positive(value: float, name: str) -> float:
    """A finite number above 0."""
    return _number(value, name, "a finite number > 0", lambda number: 0 < number < math.inf)


def not_negative(value: float, name: str) -> float:
    """A finite number of at least 0."""
    return _number(value, name, "a finite number >= 0", lambda number: 0 <= number < math.inf)


def fraction(value: float, name: str) -> float:
    """A number between 0 and 1, neither of which it is."""
    return _number(value, name, "a number between 0 and 1", lambda number: 0 < number < 1)


def _number(value: Any, name: str, expected: str, is_right: Callable[[float], bool]) -> float:
    try:
        number = float(value)
    except (TypeError, ValueError):
        raise TypeError(f"{name}: expected {expected}, got {value!r}") from None
    if not is_right(number):
        raise ValueError(f"{name}: expected {expected}, got {value!r}")
    return number
