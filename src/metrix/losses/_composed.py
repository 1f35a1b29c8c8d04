"""Losses composed in Python of kernels and NumPy: terms, and how a gradient by the terms goes back to the inputs.

A definition reads as its formula. It checks its inputs, and answers with :class:`Terms`; reduction, weights, masks and
dtypes are the same for all and stand here.
"""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from metrix import _core
from metrix.losses._arguments import Array, as_like, check_reduction, mask_of, per_sample, same_shape
from metrix.losses._facts import Facts
from metrix.losses._left_out import Rows, Selection
from metrix.losses._loss import Loss, reducing, signature_of

COMMON = """
Common arguments:
    weight: numbers for the leading axes of the terms, such as (N,) for N samples; 0 hides what a sample holds.
    mask: bools for the leading axes of the terms; what is False takes no part, whatever it holds, and has gradient 0.
        Where terms depend on several samples it is as if a masked one were not there, while one of weight 0 still is.
    reduction: "mean", "sum", "batchmean" (the sum over the length of the first axis), or "none".
    mean_denominator: "weights" divides the mean by the sum of weights, "count" by the number of terms.

Returns:
    ``loss(...)`` the value, as a scalar or an array of the terms; ``loss.value_and_grad(...)`` that and the gradient: an
    array, or a tuple in the order of the inputs where there are several to differentiate by; ``wrt`` selects by name.

Conventions:
    Empty: the mean is NaN, the sum 0. NaN and infinities pass through.

Raises:
    ValueError: for shapes that differ and parameters out of range; TypeError for what is no real number.
"""


@dataclass(frozen=True)
class Terms:
    """The terms of a loss and its way back."""

    #: One number for each sample, or of whatever shape; () for a loss of the whole batch.
    values: Array
    #: Gradients by the differentiable inputs, in their order, given the gradient by ``values``, of the shape of them.
    backward: Callable[[Array], tuple[Array, ...]]
    #: What each term counts beside what the caller says, such as the weight of its class; of the shape of the values.
    weight: Array | None = None
    #: Which terms there are at all, where a loss leaves some out.
    takes_part: npt.NDArray[np.bool_] | None = None
    #: Of the value, where terms are worked out in more digits.
    dtype: Any = None
    #: What each term is divided by before a mean: the length of its sequence, say.
    lengths: Array | None = None

    @property
    def like(self) -> Array:
        """An array of the shape and the dtype of the terms."""
        return self.values

    def evaluate(self, upstream: Array | None) -> tuple[Array, tuple[Array, ...]]:
        """The terms, and the gradients unless ``upstream``, the gradient by the terms, is None."""
        return self.values, () if upstream is None else self.backward(upstream)


@dataclass(frozen=True)
class FusedTerms:
    """Terms of a kernel that makes values and gradients in one go: it has to know beforehand what multiplies these."""

    evaluate: Callable[[Array | None], tuple[Array, tuple[Array, ...]]]
    #: An array of the shape and the dtype of the terms.
    like: Array
    #: What each term is divided by before a mean: the length of its sequence, say.
    lengths: Array | None = None
    weight: Array | None = None
    takes_part: npt.NDArray[np.bool_] | None = None
    dtype: Any = None

    @property
    def values(self) -> Array:
        """The terms alone."""
        return self.evaluate(None)[0]

    def backward(self, upstream: Array) -> tuple[Array, ...]:
        """The gradients, as of :class:`Terms`."""
        return self.evaluate(upstream)[1]


class ComposedLoss(Loss):
    """A loss whose definition gives terms and their way back."""

    def __init__(
        self,
        define: Callable[..., Terms | FusedTerms],
        facts: Facts,
        differentiable: tuple[str, ...] | None,
        common: str = COMMON,
        rows: Rows | None = None,
    ) -> None:
        """Inputs are the positional-only parameters of the definition; by default the first has a gradient.

        A definition that has a ``mask`` of its own is given it, and ``needs_gradient`` if it has that.
        """
        parameters = inspect.signature(define).parameters
        inputs = tuple(name for name, parameter in parameters.items() if parameter.kind is parameter.POSITIONAL_ONLY)
        self._masks_itself = "mask" in parameters
        self._asks_for_gradient = "needs_gradient" in parameters
        self._rows = rows
        self._row_names = frozenset(() if rows is None else rows.names)
        super().__init__(
            define,
            facts,
            inputs=inputs,
            differentiable=inputs[:1] if differentiable is None else differentiable,
            signature=signature_of(define, reducing),
            common=common,
        )

    def terms(self, *inputs: Any, **parameters: Any) -> Terms | FusedTerms:
        """The terms before any reduction, for losses that are composed of this one."""
        return self._define(*inputs, **parameters)  # type: ignore[no-any-return]

    def __call__(self, *inputs: Any, **arguments: Any) -> Any:
        """The value."""
        return self._reduce(inputs, arguments)[0]

    def value_and_grad(
        self, *inputs: Any, grad_output: Any = None, wrt: str | Sequence[str] | None = None, **arguments: Any
    ) -> tuple[Any, Any]:
        """The value and its gradients.

        Args:
            inputs, arguments: as of the call.
            grad_output: the gradient of what comes after by the value, which multiplies: a number, or of the shape of the
                terms with ``reduction="none"``.
            wrt: names of the inputs whose gradients are wanted, one for an array and several for a tuple; None: all that
                have one.
        """
        value, each = self._reduce(inputs, arguments, grad_output, needs_gradient=True)
        gradients = dict(zip(self.differentiable, each, strict=True))
        if wrt is None:
            wanted: Sequence[str] = self.differentiable
        else:
            wanted = (wrt,) if isinstance(wrt, str) else tuple(wrt)
        unknown = [name for name in wanted if name not in gradients]
        if unknown:
            raise ValueError(f"wrt: expected names of {list(gradients)}, got {unknown}")
        if isinstance(wrt, str) or (wrt is None and len(wanted) == 1):
            return value, gradients[wanted[0]]
        return value, tuple(gradients[name] for name in wanted)

    def _reduce(
        self,
        inputs: tuple[Any, ...],
        arguments: dict[str, Any],
        grad_output: Any = None,
        *,
        needs_gradient: bool = False,
    ) -> tuple[Any, tuple[Array, ...]]:
        """The value, and the gradients where they are needed."""
        weight = arguments.pop("weight", None)
        mask = None if self._masks_itself else arguments.pop("mask", None)
        left = self._left(inputs, arguments, weight, mask)
        whole = dict(zip(self.inputs, inputs))
        if left is not None and left.is_everything:
            left = mask = None
        if left is not None:
            inputs, arguments, weight, mask, grad_output = self._without_the_others(
                left, inputs, arguments, weight, grad_output
            )
        if self._asks_for_gradient:
            arguments["needs_gradient"] = needs_gradient
        reduction = arguments.pop("reduction", "mean")
        denominator = arguments.pop("mean_denominator", "weights")
        check_reduction(reduction, denominator)
        with np.errstate(all="ignore"):  # NaN and infinities pass through without a word
            terms: Terms | FusedTerms = self._define(*inputs, **arguments)
        like = terms.like
        dtype = like.dtype if terms.dtype is None else np.dtype(terms.dtype)
        if reduction == "batchmean" and like.ndim == 0:
            raise ValueError("reduction: 'batchmean' expects terms with a first axis; this loss has one for all")

        is_even = weight is None and terms.weight is terms.takes_part is terms.lengths is None
        if left is None and mask is None and is_even:
            return _reduce_evenly(terms, dtype, reduction, grad_output, needs_gradient=needs_gradient)
        factor: npt.NDArray[np.float64] = np.ones(like.shape) if terms.weight is None else terms.weight
        if weight is not None:
            own = per_sample(as_like(weight, factor, "weight"), like.shape, "weight", "the terms")
            factor = factor * own.reshape(own.shape + (1,) * (like.ndim - own.ndim))
        takes_part = np.ones(like.shape, dtype=np.bool_) if terms.takes_part is None else terms.takes_part
        if mask is not None:
            own = mask_of(mask, like.shape, "the terms")
            takes_part = takes_part & own.reshape(own.shape + (1,) * (like.ndim - own.ndim))
        if mask is not None or terms.takes_part is not None:
            factor = np.where(takes_part, factor, 0)

        divisor = 1.0
        if reduction == "mean":
            divisor = _total(factor) if denominator == "weights" else float(takes_part.sum())
            if left is not None and denominator == "count":
                divisor += left.idle * math.prod(like.shape[1:])
            factor = factor if terms.lengths is None else factor / terms.lengths
        elif reduction == "batchmean":
            divisor = float(len(like) if left is None else left.batch)
        with np.errstate(all="ignore"):
            upstream = np.where(factor == 0, 0, factor / divisor)  # of the mean of nothing as well
            if grad_output is not None and reduction == "none":
                upstream = upstream * same_shape(grad_output, factor, "grad_output", "the terms")
            elif grad_output is not None:
                upstream = upstream * float(grad_output)
            values, gradients = terms.evaluate(upstream.astype(like.dtype) if needs_gradient else None)
            if left is not None:
                gradients = tuple(
                    left.back(gradient, whole[name]) if name in self._row_names else gradient
                    for name, gradient in zip(self.differentiable, gradients)
                )
            weighted = np.where(takes_part & (factor != 0), values, 0) * factor
            if reduction == "none":
                weighted = weighted if left is None else left.back(weighted, None)
                return weighted.astype(dtype), gradients
            return dtype.type(np.float64(_total(weighted)) / divisor), gradients

    def _left(self, inputs: tuple[Any, ...], arguments: dict[str, Any], weight: Any, mask: Any) -> Selection | None:
        """The samples that are left, if some are left out and all arguments have their rows."""
        if self._rows is None or (weight is None and mask is None) or len(inputs) != len(self.inputs):
            return None
        given = dict(zip(self.inputs, inputs)) | arguments
        left = self._rows.chosen(given[self._rows.names[0]], weight, mask)
        if left is None or not all(left.suits(given[name]) for name in self._rows.names if given.get(name) is not None):
            return None
        return left

    def _without_the_others(
        self, left: Selection, inputs: tuple[Any, ...], arguments: dict[str, Any], weight: Any, grad_output: Any
    ) -> tuple[tuple[Any, ...], dict[str, Any], Any, Any, Any]:
        names = self._row_names
        inputs = tuple(left.of(one) if name in names else one for name, one in zip(self.inputs, inputs))
        arguments = {
            name: left.of(one) if name in names and one is not None else one for name, one in arguments.items()
        }
        if np.ndim(grad_output):
            grad_output = left.of(grad_output)
        return inputs, arguments, None if weight is None else left.of(weight), None, grad_output


def _reduce_evenly(
    terms: Terms | FusedTerms, dtype: Any, reduction: str, grad_output: Any, *, needs_gradient: bool
) -> tuple[Any, tuple[Array, ...]]:
    """As :meth:`ComposedLoss._reduce` goes on where each term counts 1, as most do: small calls are mostly overhead."""
    like = terms.like
    size = {"mean": like.size, "batchmean": len(like) if like.ndim else 1}
    divisor = np.float64(size.get(reduction, 1))
    with np.errstate(all="ignore"):
        if grad_output is not None and reduction == "none":
            factor = np.empty(like.shape)
            upstream = same_shape(grad_output, factor, "grad_output", "the terms").astype(like.dtype)
        else:
            factor_of_all = 1 / divisor if grad_output is None else float(grad_output) / divisor
            upstream = np.full(like.shape, factor_of_all, like.dtype)
        values, gradients = terms.evaluate(upstream if needs_gradient else None)
        if reduction == "none":
            return values.astype(dtype), gradients
        return dtype.type(_total(values) / divisor), gradients


def _total(terms: Array) -> float:
    """The sum, rounded once."""
    return _core.losses.sum(np.ascontiguousarray(terms, dtype=np.float64).ravel())


def composed(
    facts: Facts,
    *,
    differentiable: tuple[str, ...] | None = None,
    common: str = COMMON,
    rows: Rows | None = None,
) -> Callable[[Callable[..., Terms | FusedTerms]], ComposedLoss]:
    """Make a loss of a function from its inputs (positional only) and parameters to :class:`Terms`.

    With ``rows`` samples that are left out are taken out beforehand; without them gradients have to be 0 where the gradient
    by a term is.
    """
    return lambda define: ComposedLoss(define, facts, differentiable, common, rows)


def terms_of(loss: Loss, pred: Array, target: Array, **parameters: Any) -> Terms:
    """The terms of a loss that has one for each element, by its first input."""

    def backward(upstream: Array) -> tuple[Array, ...]:
        gradient = loss.value_and_grad(pred, target, reduction="none", grad_output=upstream, **parameters)[1]
        return (gradient,)

    return Terms(loss(pred, target, reduction="none", **parameters), backward)
