"""Losses that are weighted sums of others.

No kernel: each part is a loss with a kernel of its own. Any other sum is a :class:`WeightedSum`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, Literal, TypeAlias

import numpy as np
import numpy.typing as npt

from metrix._arrays import as_ndarray
from metrix.losses._arguments import Array, number, predictions
from metrix.losses._composed import Terms, composed
from metrix.losses._facts import Facts, facts
from metrix.losses._loss import Loss
from metrix.losses.classification import binary_cross_entropy_with_logits
from metrix.losses.multiclass import cross_entropy
from metrix.losses.segmentation import dice_loss

#: Weight, loss, and the arguments that are its alone.
Part: TypeAlias = "tuple[float, Loss] | tuple[float, Loss, Mapping[str, Any]]"


class WeightedSum(Loss):
    """A sum of losses of the same inputs, each with a weight and with parameters of its own; a loss itself.

    Arguments of a call, such as ``reduction``, go to all parts; what a part was made with comes first.

    Args:
        parts: ``(weight, loss)`` or ``(weight, loss, parameters)``. Weights are finite, of either sign.
        name: how it calls itself in messages.

    Conventions:
        NaN and infinities pass through. A part of weight 0 is left out, whatever its value.

    Raises:
        ValueError: for no parts, weights that are not finite, parts of different inputs, and results of different shapes
            (with ``reduction="none"``); TypeError for what is no loss.

    Example:
        >>> from metrix.losses import WeightedSum, huber_loss, mse_loss
        >>> loss = WeightedSum([(0.25, mse_loss), (2.0, huber_loss, {"delta": 0.5})])
        >>> value, grad = loss.value_and_grad([1.0, 3.0], [0.0, 1.0])
        >>> float(value), grad
        (1.875, array([0.75, 1.  ]))
    """

    def __init__(self, parts: Sequence[Part], *, name: str = "weighted_sum") -> None:
        """Of parts that are checked here."""
        if not parts:
            raise ValueError("parts: expected at least one pair of a weight and a loss, got none")
        self.parts: list[tuple[float, Loss, dict[str, Any]]] = []
        for i, part in enumerate(parts):
            if len(part) not in (2, 3) or not isinstance(part[1], Loss):
                raise TypeError(f"parts[{i}]: expected (weight, loss) or (weight, loss, parameters), got {part!r}")
            weight = number(part[0], f"parts[{i}]", "a finite weight", math.isfinite)
            self.parts.append((weight, part[1], dict(part[2]) if len(part) == 3 else {}))
        first = self.parts[0][1]
        for i, (_, loss, _) in enumerate(self.parts):
            if (loss.inputs, loss.differentiable) != (first.inputs, first.differentiable):
                raise ValueError(f"parts[{i}]: expected a loss of {first.inputs}, as parts[0], got {loss.inputs}")
        self.__name__ = self.__qualname__ = name
        self.inputs, self.differentiable = first.inputs, first.differentiable
        self.facts = _facts_of([loss.facts for _, loss, _ in self.parts])

    def __repr__(self) -> str:
        """Its parts."""
        return (
            f"<loss {self.__name__}: "
            + " + ".join(f"{weight:g} {loss.__name__}" for weight, loss, _ in self.parts)
            + ">"
        )

    def __call__(self, *inputs: Any, **arguments: Any) -> Any:
        """The value."""
        return self._add([loss(*inputs, **{**arguments, **own}) for _, loss, own in self._counted()])

    def value_and_grad(self, *inputs: Any, **arguments: Any) -> tuple[Any, Any]:
        """The value and its gradient, or gradients by several inputs as a tuple."""
        answers = [loss.value_and_grad(*inputs, **{**arguments, **own}) for _, loss, own in self._counted()]
        gradients = [gradient for _, gradient in answers]
        value = self._add([value for value, _ in answers])
        if isinstance(gradients[0], tuple):
            return value, tuple(self._add(list(by_input)) for by_input in zip(*gradients, strict=True))
        return value, self._add(gradients)

    def grad_hess(self, *inputs: Any, **arguments: Any) -> tuple[Any, Any]:
        """Two derivatives of each element, where all parts have them."""
        answers = [loss.grad_hess(*inputs, **{**arguments, **own}) for _, loss, own in self._counted()]
        return self._add([gradient for gradient, _ in answers]), self._add([hess for _, hess in answers])

    def _counted(self) -> list[tuple[float, Loss, dict[str, Any]]]:
        return [part for part in self.parts if part[0] != 0] or self.parts[:1]

    def _add(self, values: list[Any]) -> Any:
        shapes = [np.shape(value) for value in values]
        if len(set(shapes)) > 1:
            raise ValueError(f"reduction: expected terms of one shape to add, got {shapes}; reduce each part instead")
        dtype = values[0].dtype
        total = sum(weight * np.asarray(value) for (weight, _, _), value in zip(self._counted(), values, strict=True))
        return np.asarray(total).astype(dtype)[()]


def _facts_of(parts: list[Facts]) -> Facts:
    """Tasks of any part; what holds for all parts and for sums."""
    tasks = tuple(dict.fromkeys(task for part in parts for task in part.tasks))
    additive = {"convex", "differentiable", "smooth", "robust", "bounded"}
    shared = frozenset.intersection(*(part.properties for part in parts)) & additive
    return Facts(tasks, shared, parts[0].needs, (-math.inf, math.inf))


COMMON = """
Common arguments:
    mask: bools of the shape of ``pred`` without its class axis; pixels that are False take no part.
    num_threads: None for ``OMP_NUM_THREADS`` or all usable CPUs; small arrays take one.

Returns:
    ``loss(...)`` the value, one for the batch, as both parts are means; ``loss.value_and_grad(...)`` that and the gradient
    by ``pred``. Results have the dtype of ``pred``.

Conventions:
    Empty: the mean is NaN. NaN and infinities pass through. ``reduction`` and ``weight`` have nothing left to do.

Raises:
    ValueError: for shapes that differ and parameters out of range; TypeError for what is no real number.
"""


@composed(
    facts(
        "semantic segmentation, instance segmentation",
        "differentiable",
        needs="pred: logits (N, C, ...), target: numbers from 0 to 1 of the same shape",
    ),
    common=COMMON,
)
def bce_dice_loss(
    pred: npt.ArrayLike,
    target: npt.ArrayLike,
    /,
    *,
    dice_share: float = 0.5,
    pos_weight: float = 1.0,
    smooth: float = 1e-5,
    region: Literal["sample", "batch"] = "sample",
    axis: int | None = 1,
    mask: npt.ArrayLike | None = None,
    num_threads: int | None = None,
    needs_gradient: bool = True,
) -> Terms:
    """``s`` times :data:`dice_loss` plus ``1 - s`` times :data:`binary_cross_entropy_with_logits`, the means of both.

    MONAI adds the two, for one class: twice this one with ``s = 0.5``.

    Args:
        pred: logits, (N, C, ...), each class by itself.
        target: from 0 to 1, of the same shape.
        dice_share: ``s``, from 0 to 1.
        pos_weight: how much more a positive counts in the cross-entropy.
        smooth: of the Dice loss.
        region: of the Dice loss, "sample" or "batch".
        axis: of the classes; None: ``pred`` is (N, ...) of one class.

    Example:
        >>> pred, target = np.array([[[2.0, -1.0, 0.5]]]), np.array([[[1, 0, 1]]])
        >>> value, grad = bce_dice_loss.value_and_grad(pred, target)
        >>> round(float(value), 6), grad.round(3)
        (0.253868, array([[[-0.037,  0.066, -0.1  ]]]))

    Source:
        F. Isensee et al., nnU-Net, 2021, for the sum of both; S. Jadon, A survey of loss functions for semantic
        segmentation, 2020.
    """
    pred = predictions(pred)
    of_pixels = None
    if mask is not None:
        of_pixels = as_ndarray(mask, "mask")
        labels_shape = pred.shape if axis is None else tuple(np.delete(pred.shape, axis).tolist())
        if of_pixels.shape != labels_shape:
            raise ValueError(f"mask: expected the shape of labels, {labels_shape}, got {of_pixels.shape}")
        if axis is not None:
            of_pixels = np.broadcast_to(np.expand_dims(of_pixels, axis), pred.shape)
    dice = (dice_loss, {"smooth": smooth, "region": region, "axis": axis, "activation": "sigmoid", "mask": mask})
    entropy = (binary_cross_entropy_with_logits, {"pos_weight": pos_weight, "mask": of_pixels})
    return _sum_of(pred, target, _share(dice_share), dice, entropy, num_threads, needs_gradient)


@composed(
    facts(
        "semantic segmentation, instance segmentation",
        "differentiable",
        needs="pred: logits (N, C, ...), target: labels (N, ...)",
    ),
    common=COMMON,
)
def ce_dice_loss(
    pred: npt.ArrayLike,
    target: npt.ArrayLike,
    /,
    *,
    dice_share: float = 0.5,
    class_weight: npt.ArrayLike | None = None,
    ignore_index: int = -100,
    label_smoothing: float = 0.0,
    smooth: float = 1e-5,
    region: Literal["sample", "batch"] = "sample",
    classes: Sequence[int] | None = None,
    axis: int = 1,
    mask: npt.ArrayLike | None = None,
    num_threads: int | None = None,
    needs_gradient: bool = True,
) -> Terms:
    """``s`` times :data:`dice_loss` plus ``1 - s`` times :data:`cross_entropy`, the means of both, of one softmax.

    MONAI and nnU-Net add the two: twice this one with ``s = 0.5``.

    Args:
        pred: logits, (N, C, ...).
        target: labels from 0 to C - 1, of the shape of ``pred`` without its class axis.
        dice_share: ``s``, from 0 to 1.
        class_weight: of the cross-entropy, a number for each class.
        ignore_index: pixels of this label take no part in either.
        label_smoothing: of the cross-entropy.
        smooth, region, classes: of the Dice loss; ``classes`` are those that it looks at, such as all but the background.
        axis: of the classes.

    Example:
        >>> pred, target = np.array([[[2.0, -1.0, 0.5], [0.0, 1.5, 0.5]]]), np.array([[0, 1, 1]])
        >>> value, grad = ce_dice_loss.value_and_grad(pred, target)
        >>> round(float(value), 6)
        0.269599

    Source:
        F. Isensee et al., nnU-Net, 2021; MONAI's DiceCELoss.
    """
    pred = predictions(pred)
    dice = (
        dice_loss,
        {
            "smooth": smooth,
            "region": region,
            "classes": classes,
            "axis": axis,
            "activation": "softmax",
            "ignore_index": ignore_index,
            "mask": mask,
        },
    )
    entropy = (
        cross_entropy,
        {
            "class_weight": class_weight,
            "ignore_index": ignore_index,
            "label_smoothing": label_smoothing,
            "axis": axis,
            "mask": mask,
        },
    )
    return _sum_of(pred, target, _share(dice_share), dice, entropy, num_threads, needs_gradient)


def _share(value: float) -> float:
    return number(value, "dice_share", "a number from 0 to 1", lambda given: 0 <= given <= 1)


def _sum_of(
    pred: Array,
    target: Any,
    share: float,
    first: tuple[Loss, dict[str, Any]],
    second: tuple[Loss, dict[str, Any]],
    num_threads: int | None,
    needs_gradient: bool,
) -> Terms:
    """Shares of the means of two losses."""
    values, gradients = [], []
    for loss, own in (first, second):
        if needs_gradient:
            value, gradient = loss.value_and_grad(pred, target, num_threads=num_threads, **own)
            gradients.append(gradient)
        else:
            value = loss(pred, target, num_threads=num_threads, **own)
        values.append(np.float64(value))

    def backward(upstream: npt.NDArray[np.float64]) -> tuple[Array, ...]:
        return (float(upstream) * share * gradients[0] + float(upstream) * (1 - share) * gradients[1],)

    return Terms(np.asarray(share * values[0] + (1 - share) * values[1]), backward, dtype=pred.dtype)
