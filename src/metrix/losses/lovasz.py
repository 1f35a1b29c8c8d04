"""Losses that are convex in the errors of a class and equal its Jaccard loss where these are 0 or 1: its Lovász extension."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from metrix import _core
from metrix.losses._composed import Terms, composed
from metrix.losses._facts import facts
from metrix.losses._pixels import Pixels, class_places, pixels_of

#: Overloads for float32 and float64.
_KERNELS: Any = _core.losses

COMMON = """
Common arguments:
    mask: bools of the shape of the pixels; what is False takes no part, whatever it holds, and has gradient 0.
    num_threads: None for ``OMP_NUM_THREADS`` or all usable CPUs; small arrays take one.
    weight: numbers for the images, (N,), with ``per_image``.
    reduction: "mean", "sum", "batchmean" or "none" over the images, with ``per_image``; else there is one value.
    mean_denominator: "weights" divides the mean by the sum of weights, "count" by the number of images.

Returns:
    ``loss(...)`` the value, as a scalar or an array; ``loss.value_and_grad(...)`` that and the gradient by ``pred``. Results
    have the dtype of ``pred`` and the same bits for any number of threads and any instruction set.

Conventions:
    Empty: an image or batch of which no pixel takes part has the value 0, as in the authors' code. Ties: the value does not
    depend on the order of equal errors, the gradient does: it is that of the order of pixels. An error of 0 has gradient 0.
    NaN passes through.

Raises:
    ValueError: for shapes that differ and labels that there are not; TypeError for what is no real number.
"""


@composed(
    facts(
        "semantic segmentation, instance segmentation",
        "bounded",
        needs="pred: logits or probabilities (N, C, ...), target: labels (N, ...)",
        range=(0.0, 1.0),
    ),
    common=COMMON,
)
def lovasz_softmax_loss(
    pred: npt.ArrayLike,
    target: npt.ArrayLike,
    /,
    *,
    classes: Literal["present", "all"] | Sequence[int] = "present",
    per_image: bool = False,
    axis: int = 1,
    from_logits: bool = True,
    ignore_index: int = -100,
    mask: npt.ArrayLike | None = None,
    num_threads: int | None = None,
    needs_gradient: bool = True,
) -> Terms:
    """The mean over classes of the Lovász extension of ``1 - IoU``, of the errors ``|[target = c] - p_c|``.

    The survey prints a cross-entropy weighed by an index under this name, which is another loss.

    Args:
        pred: logits, (N, C, ...) for N images of C classes.
        target: labels from 0 to C - 1, of the shape of ``pred`` without its class axis.
        classes: "present": those that have a pixel in the image or batch; "all"; or their numbers.
        per_image: a value for each image instead of one for the whole batch.
        axis: of the classes.
        from_logits: False: ``pred`` holds probabilities.
        ignore_index: pixels of this label take no part.

    Example:
        >>> pred = np.array([[[0.9, 0.3, 0.4], [0.1, 0.7, 0.6]]])  # one image, two classes, three pixels
        >>> round(float(lovasz_softmax_loss(pred, [[0, 1, 0]], from_logits=False)), 6)
        0.416667

    Source:
        M. Berman et al., The Lovász-softmax loss, 2018, and the authors' code.
    """
    pixels = pixels_of(
        pred, target, axis=axis, from_logits=from_logits, ignore_index=ignore_index, mask=mask, num_threads=num_threads
    )
    if pixels.arguments[5] is None:
        raise ValueError(f"target: expected labels, of the shape of pred without axis {axis}, got the shape of pred")
    only_present = isinstance(classes, str) and classes == "present"
    if isinstance(classes, str):
        if classes not in ("present", "all"):
            raise ValueError(f"classes: expected 'present', 'all' or a sequence of classes, got {classes!r}")
        counted = np.arange(pixels.classes)
    else:
        counted = class_places(classes, pixels.classes)
    answer = _KERNELS.lovasz_softmax_loss(
        *pixels.arguments, per_image, counted.tolist(), only_present, needs_gradient, pixels.num_threads
    )
    return _terms(pixels, answer, per_image)


@composed(
    facts(
        "semantic segmentation, instance segmentation",
        "convex, robust, sparse",
        needs="pred: logits (N, ...), target: sides (above 0 or not) of the same shape",
    ),
    common=COMMON,
)
def lovasz_hinge_loss(
    pred: npt.ArrayLike,
    target: npt.ArrayLike,
    /,
    *,
    per_image: bool = True,
    axis: int | None = None,
    ignore_index: int = -100,
    mask: npt.ArrayLike | None = None,
    num_threads: int | None = None,
    needs_gradient: bool = True,
) -> Terms:
    """The Lovász extension of ``1 - IoU`` of one class, of the hinge errors ``max(0, 1 - s z)`` of its logits.

    The side ``s`` is 1 for targets above 0 and -1 for all others.

    Args:
        pred: logits, (N, ...) for N images.
        target: of the same shape.
        per_image: a value for each image instead of one for the whole batch.
        axis: of several classes, each a problem of its own, of whose losses the mean is taken; None: there is one.
        ignore_index: elements of this target take no part.

    Example:
        >>> pred, target = np.array([[1.5, -0.5, 0.25, -2.0]]), np.array([[1, 1, 0, 0]])
        >>> value, grad = lovasz_hinge_loss.value_and_grad(pred, target)
        >>> float(value), grad
        (0.9583333333333333, array([[ 0.        , -0.5       ,  0.16666667,  0.        ]]))

    Source:
        M. Berman et al., The Lovász-softmax loss, 2018, and the authors' code.
    """
    pixels = pixels_of(
        pred,
        target,
        axis=axis,
        from_logits=True,
        activation="sigmoid",
        mask=mask,
        num_threads=num_threads,
        ignore_index=ignore_index,
    )
    if pixels.arguments[4] is None:
        raise ValueError("target: expected the shape of pred, got labels")
    every = list(range(pixels.classes))
    answer = _KERNELS.lovasz_hinge_loss(*pixels.arguments, per_image, every, False, needs_gradient, pixels.num_threads)
    return _terms(pixels, answer, per_image)


def _terms(pixels: Pixels, answer: tuple[Any, Any], per_image: bool) -> Terms:
    values, gradient = answer

    def backward(upstream: npt.NDArray[np.float64]) -> tuple[Any, ...]:
        if (upstream == 1).all():
            return (pixels.restore(gradient),)
        factors = np.asarray(upstream, dtype=pixels.dtype)
        if per_image:
            factors = factors.reshape((-1,) + (1,) * (gradient.ndim - 1))
        return (pixels.restore(np.where(factors == 0, 0, gradient * factors)),)

    return Terms(values if per_image else values.reshape(()), backward, dtype=pixels.dtype)
