"""What all elementwise losses share: arguments, reductions, and the three questions one can ask."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, cast

import numpy as np
import numpy.typing as npt

from metrix import _core
from metrix._threads import resolve_num_threads
from metrix.losses._arguments import (
    HESS_POLICIES,
    REDUCTIONS,
    Array,
    MeanDenominator,
    Reduction,
    as_like,
    check_reduction,
    mask_of,
    per_sample,
    predictions,
    same_shape,
)
from metrix.losses._facts import Facts
from metrix.losses._loss import Hess, Loss, signature_of

#: Of predictions, targets and a mask: the first parameter of each element, and how many elements that follow each other
#: share one.
Varying = Callable[[Array, Array, Array | None], tuple[Array, int]]

#: A formula of cpp/kernels/losses and its parameters; the first one may vary.
Formula = tuple[int, tuple[float, ...], Varying | None]

#: So few elements are not worth a second thread, nor asking how many there may be.
SERIAL_SIZE = 1 << 17


COMMON = """
Common arguments:
    pred: predictions, float32 or float64 of any shape (float16 is worked on as float32).
    target: real numbers of the same shape; nothing is broadcast.
    weight: numbers for the leading axes of ``pred``, such as (N,) for (N, C): each counts for all that lies behind it.
        0 hides what an element holds.
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


def formula(name: str, *parameters: float, varying: Varying | None = None) -> Formula:
    """A formula by its name in C++."""
    return _core.losses.formulas[name], parameters, varying


def along_axis(values: Array, axis: int, name: str) -> Varying:
    """A parameter for each place along one axis of the predictions; one axis alone is that axis."""

    def spread(pred: Array, _target: Array, _mask: Array | None) -> tuple[Array, int]:
        one = 0 if pred.ndim == 1 else axis
        length = pred.shape[one] if -pred.ndim <= one < pred.ndim else None
        if values.shape != (length,):
            raise ValueError(
                f"{name}: expected one number, or one for each place along axis {axis} of pred, of shape {pred.shape}, "
                f"got shape {values.shape}"
            )
        return values.astype(pred.dtype), math.prod(pred.shape[one % pred.ndim + 1 :])

    return spread


class ElementwiseLoss(Loss):
    """A loss that is a mean, or another reduction, of one term for each element."""

    def __init__(self, define: Callable[..., Formula], facts: Facts, hess: Hess) -> None:
        """Of the function that chooses the formula and checks its parameters."""
        super().__init__(
            define,
            facts,
            inputs=("pred", "target"),
            differentiable=("pred",),
            signature=signature_of(define, _signature),
            common=COMMON,
        )
        self._hess = hess
        self._default = define()

    def __call__(self, pred: Any, target: Any, /, **arguments: Any) -> Any:
        """The value."""
        return self._ask(0, pred, target, arguments)

    def value_and_grad(  # type: ignore[override]
        self, pred: Any, target: Any, /, *, grad_output: Any = None, **arguments: Any
    ) -> tuple[Any, Array]:
        """The value, and its gradient by ``pred``.

        Args:
            pred, target, arguments: as of the call.
            grad_output: the gradient of what comes after by the value, which multiplies: a number, or of the shape of
                ``pred`` with ``reduction="none"``.
        """
        return cast("tuple[Any, Array]", self._ask(1, pred, target, arguments, grad_output))

    def grad_hess(  # type: ignore[override]
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
        if policy not in HESS_POLICIES:
            raise ValueError(f"hess: expected one of {sorted(HESS_POLICIES)}, got {hess!r}")
        return cast("tuple[Array, Array]", self._ask(2, pred, target, arguments, None, HESS_POLICIES[policy]))

    def _ask(
        self, wanted: int, pred: Any, target: Any, arguments: dict[str, Any], grad_output: Any = None, policy: int = 0
    ) -> Any:
        weight = mask = num_threads = None
        reduction, denominator = "mean", "weights"
        kernel, parameters, varying = self._default
        if arguments:
            weight = arguments.pop("weight", None)
            mask = arguments.pop("mask", None)
            reduction = arguments.pop("reduction", "mean")
            denominator = arguments.pop("mean_denominator", "weights")
            num_threads = arguments.pop("num_threads", None)
            if arguments:
                kernel, parameters, varying = self._define(**arguments)
        check_reduction(reduction, denominator)

        pred = predictions(pred)
        target = same_shape(target, pred, "target")
        if weight is not None:
            weight = per_sample(as_like(weight, pred, "weight"), pred.shape, "weight")
        if mask is not None:
            mask = mask_of(mask, pred.shape)
        each, repeat = (None, 1) if varying is None else varying(pred, target, mask)
        if mask is not None:
            mask = mask.view(np.uint8)
        upstream, scale = None, 1.0
        if grad_output is not None and reduction == "none":
            upstream = same_shape(grad_output, pred, "grad_output")
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
            each,
            repeat,
            wanted,
            REDUCTIONS[reduction],
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


def elementwise(facts: Facts, hess: Hess = "exact") -> Callable[[Callable[..., Formula]], ElementwiseLoss]:
    """Make a loss of the function that chooses its formula and checks its parameters."""
    return lambda define: ElementwiseLoss(define, facts, hess)


def _signature(
    pred: npt.ArrayLike,
    target: npt.ArrayLike,
    /,
    *,
    weight: npt.ArrayLike | None = None,
    mask: npt.ArrayLike | None = None,
    reduction: Reduction = "mean",
    mean_denominator: MeanDenominator = "weights",
    num_threads: int | None = None,
) -> None:
    """The arguments that all elementwise losses take."""
