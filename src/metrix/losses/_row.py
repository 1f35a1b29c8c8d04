"""What all losses of rows share: a class axis, labels or distributions, weights of classes, reductions."""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable
from typing import Any, Literal, NamedTuple, cast

import numpy as np
import numpy.typing as npt

from metrix import _core
from metrix._arrays import as_ndarray
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
from metrix.losses._elementwise import SERIAL_SIZE
from metrix.losses._facts import Facts
from metrix.losses._loss import Hess, Loss

#: What the target may be.
Targets = Literal["labels", "distribution", "either", "none"]


COMMON = """
Common arguments:
    pred: float32 or float64 of any shape with a class axis (float16 is worked on as float32).
    axis: which one that is; the rows are all the others, in their order. One axis alone is one row.
    weight: numbers for the leading axes of the rows, such as (N,) or (N, H, W) for ``pred`` of shape (N, C, H, W).
        0 hides what a row holds.
    mask: bools for the leading axes of the rows; what is False takes no part, whatever it holds, and has gradient 0.
    reduction: "mean", "sum", "batchmean" (the sum over the length of the first axis), or "none": one number for each row.
    mean_denominator: "weights" divides the mean by the sum of weights, "count" by the number of rows that take part.
    num_threads: None for ``OMP_NUM_THREADS`` or all usable CPUs; small arrays take one.

Returns:
    ``loss(...)`` the value, as a scalar or an array of the dtype of ``pred``; ``loss.value_and_grad(...)`` that and the
    gradient by ``pred``; ``loss.grad_hess(...)`` the two derivatives by each element (the diagonal) before any reduction.

Conventions:
    Empty, or nothing that takes part: the mean is NaN, the sum 0. NaN and infinities pass through. Results have the same
    bits for any number of threads and any instruction set.

Raises:
    ValueError: for shapes that differ, labels and parameters out of range; TypeError for what is no real number.
"""


class Given(NamedTuple):
    """What a definition may want to know of its inputs."""

    #: How many classes there are.
    classes: int
    #: Whether the target is labels.
    has_labels: bool
    #: Whether a second derivative is asked for.
    wants_hess: bool


class RowFormula(NamedTuple):
    """A formula of cpp/kernels/losses for rows, with what it is given."""

    name: str
    parameters: tuple[float, ...] = ()
    class_weight: npt.ArrayLike | None = None
    #: Whether a mean divides by the weights of classes as well.
    counts_classes: bool = False
    #: A label that takes no part.
    ignore_index: int | None = None
    #: Divides by the number of classes.
    is_mean_of_classes: bool = False


class RowLoss(Loss):
    """A loss that is a mean, or another reduction, of one term for each row."""

    def __init__(self, define: Callable[..., RowFormula], facts: Facts, targets: Targets, hess: Hess | None) -> None:
        """Of the function that chooses the formula and checks its parameters; without ``hess`` it has no ``grad_hess``."""
        inputs = ("pred",) if targets == "none" else ("pred", "target")
        super().__init__(
            define,
            facts,
            inputs=inputs,
            differentiable=("pred",),
            signature=_signature_of(define, inputs),
            common=COMMON,
        )
        self._targets = targets
        self._hess = hess

    def __call__(self, *inputs: Any, **arguments: Any) -> Any:
        """The value."""
        return self._ask(0, inputs, arguments)

    def value_and_grad(self, *inputs: Any, grad_output: Any = None, **arguments: Any) -> tuple[Any, Array]:
        """The value, and its gradient by ``pred``.

        Args:
            inputs, arguments: as of the call.
            grad_output: the gradient of what comes after by the value, which multiplies: a number, or of the shape of the
                rows with ``reduction="none"``.
        """
        return cast("tuple[Any, Array]", self._ask(1, inputs, arguments, grad_output))

    def grad_hess(self, *inputs: Any, hess: Hess | None = None, **arguments: Any) -> tuple[Array, Array]:
        """First and second derivative of each row by each element of it, with weights and before any reduction.

        Args:
            inputs, arguments: as of the call, without ``reduction``.
            hess: "exact"; "clip" (at least 1e-16), "abs" or "ones" for optimisers that divide by it; None for what suits
                this loss.
        """
        if self._hess is None:
            return super().grad_hess(*inputs, **arguments)
        if "reduction" in arguments or "mean_denominator" in arguments:
            raise TypeError(f"{self.__name__}.grad_hess: takes no reduction, as it gives derivatives of each row")
        policy = self._hess if hess is None else hess
        if policy not in HESS_POLICIES:
            raise ValueError(f"hess: expected one of {sorted(HESS_POLICIES)}, got {hess!r}")
        return cast("tuple[Array, Array]", self._ask(2, inputs, arguments, None, HESS_POLICIES[policy]))

    def _ask(
        self,
        wanted: int,
        inputs: tuple[Any, ...],
        arguments: dict[str, Any],
        grad_output: Any = None,
        policy: int = 0,
    ) -> Any:
        if len(inputs) != len(self.inputs):
            raise TypeError(f"{self.__name__}: expected {' and '.join(self.inputs)}, got {len(inputs)} inputs")
        weight = mask = num_threads = None
        axis, reduction, denominator = 1, "mean", "weights"
        if arguments:
            axis = arguments.pop("axis", 1)
            weight = arguments.pop("weight", None)
            mask = arguments.pop("mask", None)
            reduction = arguments.pop("reduction", "mean")
            denominator = arguments.pop("mean_denominator", "weights")
            num_threads = arguments.pop("num_threads", None)
            check_reduction(reduction, denominator)

        pred = predictions(inputs[0])
        axis = _class_axis(axis, pred)
        shape = pred.shape[:axis] + pred.shape[axis + 1 :]
        target, labels = None, None
        if self._targets != "none":
            target, labels = self._target(inputs[1], pred, shape)
        formula = self._define(Given(pred.shape[axis], labels is not None, wanted == 2), **arguments)
        class_weight = formula.class_weight
        if class_weight is not None:
            class_weight = as_like(class_weight, pred, "class_weight")
            if class_weight.shape != (pred.shape[axis],):
                raise ValueError(
                    f"class_weight: expected shape ({pred.shape[axis]},), a weight for each class, "
                    f"got {class_weight.shape}"
                )
        if weight is not None:
            weight = per_sample(as_like(weight, pred, "weight"), shape, "weight", "the rows")
        if mask is not None:
            mask = mask_of(mask, shape, "the rows").view(np.uint8)
        upstream, scale = None, 1.0
        if grad_output is not None and reduction == "none":
            upstream = as_like(grad_output, pred, "grad_output")
            if upstream.shape != shape:
                raise ValueError(f"grad_output: expected the shape of the rows, {shape}, got {upstream.shape}")
        elif grad_output is not None:
            scale = float(grad_output)
        batch = 1
        if reduction == "batchmean":
            batch = shape[0] if shape else 1
            scale = scale / batch if batch else math.nan

        threads = 1 if pred.size < SERIAL_SIZE and num_threads is None else resolve_num_threads(num_threads)
        answer = _core.losses.rows(
            _core.losses.row_formulas[formula.name],
            pred,
            axis,
            target,
            labels,
            -1 if formula.ignore_index is None else formula.ignore_index,
            class_weight,
            formula.counts_classes,
            formula.parameters,
            1 / pred.shape[axis] if formula.is_mean_of_classes else 1.0,
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
        elif not shape:
            value = value[()]
        return value if wanted == 0 else (value, answer[1])

    def _target(self, target: Any, pred: Array, shape: tuple[int, ...]) -> tuple[Array | None, Array | None]:
        """Dense targets, or labels."""
        array = as_ndarray(target, "target")
        if self._targets != "labels" and array.ndim == pred.ndim:
            return same_shape(array, pred, "target"), None
        if self._targets == "distribution":
            raise ValueError(f"target: expected the shape of pred, {pred.shape}, got {array.shape}")
        if array.shape != shape:
            dense = "" if self._targets == "labels" else f" or probabilities of the shape of pred, {pred.shape}"
            raise ValueError(f"target: expected labels of shape {shape}{dense}, got shape {array.shape}")
        if array.dtype.kind not in "iub":
            if array.size:
                raise TypeError(f"target: expected integers as labels, got dtype {array.dtype}")
            array = array.astype(np.int64)
        if array.dtype == np.uint64:
            array = np.minimum(array, np.uint64(np.iinfo(np.int64).max))
        if array.dtype != np.int64 or not array.flags.c_contiguous:
            array = np.array(array, dtype=np.int64, order="C")
        return None, array


def row(facts: Facts, targets: Targets, hess: Hess | None = "exact") -> Callable[[Callable[..., RowFormula]], RowLoss]:
    """Make a loss of the function that chooses its formula and checks its parameters."""
    return lambda define: RowLoss(define, facts, targets, hess)


def _class_axis(axis: Any, pred: Array) -> int:
    if pred.ndim == 0:
        raise ValueError("pred: expected an array with a class axis, got a single number")
    if pred.ndim == 1 and axis == 1:
        axis = 0
    if isinstance(axis, bool) or not isinstance(axis, (int, np.integer)):
        raise TypeError(f"axis: expected an int, got {axis!r}")
    if not -pred.ndim <= axis < pred.ndim:
        raise ValueError(f"axis: expected an axis of pred, which has {pred.ndim}, got {axis}")
    number = int(axis) % pred.ndim
    if pred.shape[number] == 0:
        raise ValueError(f"pred: expected at least one class along axis {number}, got shape {pred.shape}")
    return number


def _signature_of(define: Callable[..., Any], inputs: tuple[str, ...]) -> inspect.Signature:
    """Inputs, own parameters, common parameters."""
    own = list(inspect.signature(define).parameters.values())[1:]
    shared = list(inspect.signature(_common).parameters.values())
    positional = [parameter for parameter in shared if parameter.name in inputs]
    named = [parameter for parameter in shared if parameter.kind is parameter.KEYWORD_ONLY]
    return inspect.Signature([*positional, *own, *named])


def _common(
    pred: npt.ArrayLike,
    target: npt.ArrayLike,
    /,
    *,
    axis: int = 1,
    weight: npt.ArrayLike | None = None,
    mask: npt.ArrayLike | None = None,
    reduction: Reduction = "mean",
    mean_denominator: MeanDenominator = "weights",
    num_threads: int | None = None,
) -> None:
    """The arguments that all losses of rows take."""
