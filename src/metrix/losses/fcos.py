"""The losses of FCOS and of the masks of CondInst, from outputs and ground truth: assignment, then a sum of parts.

No kernel: composed from the focal loss, losses of boxes and cross-entropy; points are assigned by a kernel of
``losses/assignment.hpp``.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from metrix._arrays import as_float64
from metrix.losses._arguments import fraction, not_negative, one_of, positive, predictions
from metrix.losses._assignment import BACKGROUND, Floats, assign_points, in_range, integers, truths_of
from metrix.losses._composed import Terms, composed
from metrix.losses._facts import facts
from metrix.losses._proposals import masks_of, total_terms, with_axes
from metrix.losses.classification import binary_cross_entropy_with_logits, sigmoid_focal_loss
from metrix.losses.detection import giou_loss, iou_loss


@composed(
    facts(
        "object detection",
        needs="class_logits: (N, P, C), distances: (N, P, 4), centerness: (N, P), points: (P, 2), boxes: (M, 4), labels",
    ),
    differentiable=("class_logits", "distances", "centerness"),
)
def fcos_loss(
    class_logits: npt.ArrayLike,
    distances: npt.ArrayLike,
    centerness: npt.ArrayLike,
    points: npt.ArrayLike,
    boxes: npt.ArrayLike,
    labels: npt.ArrayLike,
    /,
    *,
    images: npt.ArrayLike | None = None,
    ranges: npt.ArrayLike | None = None,
    strides: npt.ArrayLike | None = None,
    radius: float = 1.5,
    box_loss: str = "giou",
    alpha: float = 0.25,
    gamma: float = 2.0,
) -> Terms:
    """The loss of FCOS for the whole batch, of the points of all its maps together.

    ``sum focal(class_logits) / P+ + sum c * L(box) / sum c + sum BCE(centerness, c) / P+``, with P+ the number of points
    that have an object (at least 1), over which the last two sums are. ``c = sqrt(min(l, r) / max(l, r) * min(t, b) /
    max(t, b))`` of the true distances of a point from the left, top, right and bottom side says how central it is.

    A point has the smallest object that it lies in (the first of equal ones), whose farthest side is within the range of the
    point's map, and whose centre is nearer than ``radius`` strides on both axes if ``strides`` are given.

    Args:
        class_logits: (N, P, C) logits of C classes of objects, for sigmoids.
        distances: (N, P, 4) predicted distances l, t, r, b from each point in pixels, at least 0: the network's outputs
            after its exponential or rectifier, and times the stride.
        centerness: (N, P) logits.
        points: (P, 2) x and y of the points in pixels, the same for all images.
        boxes: (M, 4) ground truth, xyxy, in pixels.
        labels: (M,) classes from 0 to C - 1.
        images: (M,) the number of the image of each; None if there is one image.
        ranges: (P, 2) least and greatest distance of an object's farthest side, both included; None: all. In the paper
            (0, 64), (64, 128), (128, 256), (256, 512), (512, inf) of five maps.
        strides: (P,) pixels between the points of a map; None: an object's points are all those inside it.
        radius: of the centre of an object in strides.
        box_loss: "giou" for 1 - GIoU, "iou" for -log(IoU), as in the paper's first version, "linear_iou" for 1 - IoU.
        alpha, gamma: of the focal loss.

    Example:
        >>> value, grads = fcos_loss.value_and_grad(
        ...     [[[0.0], [0.0]]], [[[2.0, 2.0, 2.0, 2.0], [1.0, 1.0, 1.0, 1.0]]], [[0.0, 0.0]],
        ...     [[4.0, 4.0], [20.0, 20.0]], [[2.0, 2.0, 6.0, 6.0]], [0],
        ... )
        >>> round(float(value), 4)  # a quarter and three quarters of the focal loss of 1 / 2, and one log 2
        0.8664

    Source:
        Z. Tian et al., FCOS, 2019; AdelaiDet's fcos_outputs.py.
    """
    logits = predictions(class_logits, "class_logits")
    if logits.ndim != 3:
        raise ValueError(f"class_logits: expected shape (N, P, C), got {logits.shape}")
    sides = with_axes(distances, logits, "distances", (*logits.shape[:2], 4))
    central = with_axes(centerness, logits, "centerness", logits.shape[:2])
    places = as_float64(points, "points", (logits.shape[1], 2))
    truths = truths_of(
        boxes,
        labels,
        images,
        image_count=len(logits),
        labels_from=0,
        labels_to=logits.shape[2],
        box_format="xyxy",
    )
    count = len(places)
    limits = np.tile([-np.inf, np.inf], (count, 1)) if ranges is None else as_float64(ranges, "ranges", (count, 2))
    steps = np.ones(count) if strides is None else as_float64(strides, "strides", (count,))
    reach = 0.0 if strides is None else positive(radius, "radius")
    one_of(box_loss, "box_loss", ("giou", "iou", "linear_iou"))

    index = np.full(logits.shape[:2], BACKGROUND)
    for image in np.unique(truths.images):
        own = truths.of_image(image)
        found = assign_points(places, steps, limits, truths.boxes[own], radius=reach)
        index[image] = np.where(found >= 0, own[found], BACKGROUND)
    at = np.nonzero(index >= 0)
    truth, place = truths.boxes[index[at]], places[at[1]]
    weight = _centerness(place, truth)
    positives, total_weight = max(len(truth), 1), max(float(weight.sum()), 1e-6)

    is_class = np.zeros(logits.shape)
    is_class[(*at, truths.labels[index[at]])] = 1
    focal, by_logits = sigmoid_focal_loss.value_and_grad(
        logits, is_class, alpha=fraction(alpha, "alpha"), gamma=gamma, reduction="sum"
    )
    found_sides = sides[at].astype(np.float64)
    if (found_sides < 0).any():
        raise ValueError("distances: expected numbers >= 0 at points with an object, got a negative one")
    predicted = np.hstack([place - found_sides[:, :2], place + found_sides[:, 2:]])
    loss = giou_loss if box_loss == "giou" else iou_loss
    mode = {} if box_loss == "giou" else {"mode": "log" if box_loss == "iou" else "linear"}
    overlap, by_corners = loss.value_and_grad(predicted, truth, weight=weight, reduction="sum", **mode)
    entropy, by_found = binary_cross_entropy_with_logits.value_and_grad(
        np.ascontiguousarray(central[at]), weight, reduction="sum"
    )
    by_sides, by_central = np.zeros(sides.shape), np.zeros(central.shape)
    by_sides[at] = by_corners * [-1, -1, 1, 1] / total_weight
    by_central[at] = by_found / positives
    value = float(focal) / positives + float(overlap) / total_weight + float(entropy) / positives
    return total_terms(value, (by_logits / positives, by_sides, by_central), logits, sides, central)


@composed(
    facts(
        "instance segmentation",
        "bounded",
        needs="mask_logits: (I, H, W), masks: (M, H, W)",
        range=(0.0, 1.0),
    )
)
def condinst_mask_loss(
    mask_logits: npt.ArrayLike,
    masks: npt.ArrayLike,
    /,
    *,
    matched: npt.ArrayLike | None = None,
    stride: int = 1,
    eps: float = 1e-5,
) -> Terms:
    """The loss of the masks of CondInst for the whole batch: the mean of a Dice loss with squares over all instances.

    ``1 - 2 sum p t / (sum p^2 + sum t^2 + eps)`` with ``p = sigmoid(mask_logits)``; 0 without instances. CondInst is trained
    by :data:`fcos_loss` plus this one.

    Args:
        mask_logits: (I, H, W) logits, one map for each instance: a point of :data:`fcos_loss` that has an object.
        masks: (M, H * stride, W * stride) bools or 0 and 1: ground truth.
        matched: (I,) which mask each instance should be; None: the one in its place.
        stride: every so many pixels of the masks one is looked at, from the middle of the first step.
        eps: of the denominator alone: an empty mask has the loss 1.

    Example:
        >>> import numpy as np
        >>> masks = np.array([[[True, False], [True, False]]])
        >>> round(float(condinst_mask_loss(np.where(masks, 40.0, -40.0), masks, eps=0)), 9)
        0.0

    Source:
        Z. Tian et al., Conditional convolutions for instance segmentation, 2020; AdelaiDet's dynamic_mask_head.py.
    """
    logits = predictions(mask_logits, "mask_logits")
    if logits.ndim != 3:
        raise ValueError(f"mask_logits: expected shape (I, H, W), got {logits.shape}")
    if stride < 1:
        raise ValueError(f"stride: expected a number >= 1, got {stride}")
    start = stride // 2
    pixels = masks_of(masks)[:, start::stride, start::stride]
    if pixels.shape[1:] != logits.shape[1:]:
        raise ValueError(f"masks: expected {logits.shape[1:]} pixels after every {stride}-th, got {pixels.shape[1:]}")
    if matched is not None:
        index = integers(matched, "matched", len(logits))
        in_range(index, "matched", 0, len(pixels))
        pixels = pixels[index]
    elif len(pixels) != len(logits):
        raise ValueError(f"masks: expected {len(logits)}, one for each instance, got {len(pixels)}")
    eps = not_negative(eps, "eps")

    z, t = logits.astype(np.float64), pixels.astype(np.float64)
    small = np.exp(-np.abs(z))
    p = np.where(z >= 0, 1, small) / (1 + small)
    common = 2 * (p * t).sum(axis=(1, 2), keepdims=True)
    sizes = (p**2).sum(axis=(1, 2), keepdims=True) + (t**2).sum(axis=(1, 2), keepdims=True) + eps
    count = max(len(z), 1)
    by_p = -(2 * t * sizes - common * 2 * p) / sizes**2
    return total_terms((1 - common / sizes).sum() / count, (by_p * p * (1 - p) / count,), logits)


def _centerness(points: Floats, boxes: Floats) -> Floats:
    """Of points inside boxes: 1 in the centre, 0 at the sides."""
    low, high = points - boxes[:, :2], boxes[:, 2:] - points
    weight: Floats = np.sqrt((np.minimum(low, high) / np.maximum(low, high)).prod(axis=1))
    return weight
