"""The engine of losses of boxes: one term for each pair, from the kernels of ``losses/box_losses.hpp``."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from metrix import _core
from metrix._threads import resolve_num_threads
from metrix.losses._arguments import (
    REDUCTIONS,
    Array,
    MeanDenominator,
    Reduction,
    as_like,
    check_reduction,
    mask_of,
    not_negative,
    one_of,
    per_sample,
    predictions,
)
from metrix.losses._facts import Facts
from metrix.losses._loss import Loss, signature_of

BoxFormat = Literal["xyxy", "xywh", "cxcywh"]
#: A formula of cpp/kernels/losses/detection.hpp and its parameters after ``eps``.
BoxFormula = tuple[int, tuple[float, ...]]

#: So few boxes are not worth a second thread, nor asking how many there may be.
SERIAL_SIZE = 1 << 14

_FORMATS = {name: getattr(_core.boxes.Format, name) for name in ("xyxy", "xywh", "cxcywh")}
_INPUTS = ("pred", "target")

COMMON = """
Common arguments:
    pred: (N, 4) boxes, float32 or float64 (float16 is worked on as float32).
    target: (N, 4) boxes, the i-th that which the i-th prediction should be; for all pairs of two sets see
        :mod:`metrix.boxes`.
    box_format: "xyxy" (two corners), "xywh" (a corner and the sides) or "cxcywh" (the centre and the sides), in any unit.
    eps: is added to denominators, so that boxes without area have finite losses; in the unit of what it is added to.
    weight: (N,) numbers; 0 hides what a box holds.
    mask: (N,) bools; a box that is False takes no part, whatever it holds, and has gradient 0.
    reduction: "mean", "sum", "batchmean" (the sum over N), or "none".
    mean_denominator: "weights" divides the mean by the sum of weights, "count" by the number of boxes.
    num_threads: None for ``OMP_NUM_THREADS`` or all usable CPUs; few boxes take one.

Returns:
    ``loss(...)`` the value, as a scalar or (N,) numbers of the dtype of ``pred``; ``loss.value_and_grad(...)`` that and the
    gradient by the (N, 4) numbers of ``pred``; ``wrt="target"`` gives that by ``target``, ``wrt=("pred", "target")`` both.

Conventions:
    Ties: where corners of both boxes are equal, their maximum and minimum have half of the gradient each, as in PyTorch.
    Boxes that do not overlap, or only touch, have the IoU 0 with gradient 0. Empty: the mean is NaN, the sum 0. NaN and
    infinities pass through. Results have the same bits for any number of threads and any instruction set.

Raises:
    ValueError: for shapes that differ, a box whose corners stand in the wrong order or that has a negative side, and
        parameters out of range; TypeError for what is no real number.
"""


def box_formula(name: str, *parameters: float) -> BoxFormula:
    """A formula by its name in C++."""
    return _core.losses.box_formulas[name], parameters


class BoxLoss(Loss):
    """A loss of one term for each pair of boxes, the same when prediction and target change places."""

    def __init__(self, define: Callable[..., BoxFormula], facts: Facts) -> None:
        """Of the function that chooses the formula and checks its parameters."""
        super().__init__(
            define,
            facts,
            inputs=_INPUTS,
            differentiable=_INPUTS,
            signature=signature_of(define, _signature),
            common=COMMON,
        )

    def __call__(self, pred: Any, target: Any, /, **arguments: Any) -> Any:
        """The value."""
        return self._ask(pred, target, arguments, (), None)[0]

    def value_and_grad(  # type: ignore[override]
        self,
        pred: Any,
        target: Any,
        /,
        *,
        grad_output: Any = None,
        wrt: str | Sequence[str] | None = "pred",
        **arguments: Any,
    ) -> tuple[Any, Any]:
        """The value, and its gradient by ``pred``.

        Args:
            pred, target, arguments: as of the call.
            grad_output: the gradient of what comes after by the value, which multiplies: a number, or (N,) numbers with
                ``reduction="none"``.
            wrt: "pred" or "target"; several of them for a tuple of gradients, None for both.
        """
        wanted = _INPUTS if wrt is None else (wrt,) if isinstance(wrt, str) else tuple(wrt)
        for name in wanted:
            one_of(name, "wrt", _INPUTS)
        value, gradients = self._ask(pred, target, arguments, wanted, grad_output)
        return value, gradients[0] if isinstance(wrt, str) else gradients

    def _ask(
        self, pred: Any, target: Any, arguments: dict[str, Any], wanted: tuple[str, ...], grad_output: Any
    ) -> tuple[Any, tuple[Array, ...]]:
        weight = arguments.pop("weight", None)
        mask = arguments.pop("mask", None)
        reduction = arguments.pop("reduction", "mean")
        denominator = arguments.pop("mean_denominator", "weights")
        num_threads = arguments.pop("num_threads", None)
        box_format = one_of(arguments.pop("box_format", "xyxy"), "box_format", tuple(_FORMATS))
        eps = not_negative(arguments.pop("eps", 1e-7), "eps")
        kernel, parameters = self._define(**arguments)
        check_reduction(reduction, denominator)

        pred = _boxes(predictions(pred), "pred")
        target = _boxes(as_like(target, pred, "target"), "target")
        rows = pred.shape[:1]
        if weight is not None:
            weight = per_sample(as_like(weight, pred, "weight"), rows, "weight", "the terms")
        if mask is not None:
            mask = mask_of(mask, rows, "the terms").view(np.uint8)
        upstream, scale = None, 1.0
        if grad_output is not None and reduction == "none":
            upstream = per_sample(as_like(grad_output, pred, "grad_output"), rows, "grad_output", "the terms")
        elif grad_output is not None:
            scale = float(grad_output)
        batch = 1.0
        if reduction == "batchmean":
            batch = float(len(pred)) or math.nan

        threads = 1 if len(pred) < SERIAL_SIZE and num_threads is None else resolve_num_threads(num_threads)
        gradients = []
        for name in wanted or (None,):
            value, gradient = _core.losses.box_loss(
                kernel,
                pred,
                target,
                _FORMATS[box_format],
                (eps, *parameters),
                name is not None,
                REDUCTIONS[reduction],
                weight,
                mask,
                denominator == "weights",
                upstream,
                scale / batch,
                name == "target",
                threads,
            )
            gradients.append(gradient)
        if reduction != "none":
            value = pred.dtype.type(value / batch)
        return value, tuple(gradients)


def box_loss(facts: Facts) -> Callable[[Callable[..., BoxFormula]], BoxLoss]:
    """Make a loss of the function that chooses its formula and checks its parameters."""
    return lambda define: BoxLoss(define, facts)


def _boxes(array: Array, name: str) -> Array:
    if array.size == 0 and array.ndim < 2:
        return np.zeros((0, 4), dtype=array.dtype)
    if array.ndim != 2 or array.shape[1] != 4:
        raise ValueError(f"{name}: expected shape (N, 4), got {array.shape}")
    return array


def _signature(
    pred: npt.ArrayLike,
    target: npt.ArrayLike,
    /,
    *,
    box_format: BoxFormat = "xyxy",
    eps: float = 1e-7,
    weight: npt.ArrayLike | None = None,
    mask: npt.ArrayLike | None = None,
    reduction: Reduction = "mean",
    mean_denominator: MeanDenominator = "weights",
    num_threads: int | None = None,
) -> None:
    """The arguments that all losses of boxes take."""
