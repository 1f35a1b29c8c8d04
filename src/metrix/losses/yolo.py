"""The losses of YOLO, from the network's map and the ground truth: assignment, then a sum of parts.

No kernel: composed from cross-entropies and squares; overlaps that decide the assignment come from kernels of
:mod:`metrix.boxes` and ``losses/assignment.hpp``.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from metrix.boxes import paired_box_iou
from metrix.losses._arguments import Array, fraction, not_negative, one_of, predictions
from metrix.losses._assignment import Floats, Indices, Truths, best_overlaps, truths_of
from metrix.losses._boxes import BoxFormat
from metrix.losses._composed import Terms, composed
from metrix.losses._facts import facts
from metrix.losses.classification import binary_cross_entropy_with_logits


@composed(
    facts(
        "object detection",
        "multimodal",
        needs="pred: (N, S, S, B * 5 + C), boxes: (M, 4), labels: (M,)",
    )
)
def yolo_v1_loss(
    pred: npt.ArrayLike,
    boxes: npt.ArrayLike,
    labels: npt.ArrayLike,
    /,
    *,
    images: npt.ArrayLike | None = None,
    boxes_per_cell: int = 2,
    coord_weight: float = 5.0,
    noobj_weight: float = 0.5,
    rescore: bool = True,
    box_format: BoxFormat = "cxcywh",
) -> Terms:
    """The loss of YOLO's first version for each image: squared errors of boxes, confidences and classes.

    ``coord_weight * sum [(x - x')^2 + (y - y')^2 + (sqrt w - sqrt w')^2 + (sqrt h - sqrt h')^2] + sum (c - c')^2`` over
    responsible boxes, ``+ noobj_weight * sum c^2`` over all others, ``+ sum (p - p')^2`` over the classes of cells with an
    object. All five parts are squared errors: descriptions with cross-entropy mean a later version.

    An object belongs to the cell of its centre; of several there the first. The box of that cell that has the greatest IoU
    with it is responsible, where none overlaps the nearest one by the root of its squared error. Its confidence should be
    that IoU, which counts as a constant.

    Args:
        pred: (N, S, S, B * 5 + C) outputs by row and column of the cells: for each of B boxes x, y (in the cell, 0 to 1),
            square roots of w and h (of the image, 0 to 1) and c; then C class probabilities.
        boxes: (M, 4) ground truth as fractions of the image.
        labels: (M,) classes from 0.
        images: (M,) the number of the image of each; None if there is one image.
        boxes_per_cell: B.
        coord_weight, noobj_weight: of the boxes, and of confidences without an object.
        rescore: confidences should be IoUs; False: 1.
        box_format: of ``boxes``.

    Example:
        >>> import numpy as np
        >>> pred = np.zeros((1, 7, 7, 2 * 5 + 20))
        >>> pred[0, 3, 3, :5] = 0.5, 0.5, np.sqrt(0.2), np.sqrt(0.4), 1.0
        >>> pred[0, 3, 3, 10 + 7] = 1.0
        >>> round(float(yolo_v1_loss(pred, [[0.5, 0.5, 0.2, 0.4]], [7])), 12)
        0.0
        >>> float(yolo_v1_loss(pred, [[0.5, 0.5, 0.2, 0.4]], [8]).round(12))
        2.0

    Source:
        J. Redmon et al., You only look once, 2016; darknet's detection_layer.c, whose gradient is half of this one's.
    """
    pred = predictions(pred)
    class_count = pred.shape[-1] - 5 * boxes_per_cell if pred.ndim == 4 else 0
    if pred.ndim != 4 or pred.shape[1] != pred.shape[2] or class_count < 0 or boxes_per_cell < 1:
        raise ValueError(f"pred: expected shape (N, S, S, {boxes_per_cell} * 5 + C), got {pred.shape}")
    truths = truths_of(
        boxes,
        labels,
        images,
        image_count=len(pred),
        labels_from=0,
        labels_to=class_count,
        box_format=box_format,
    )
    coord_weight, noobj_weight = not_negative(coord_weight, "coord_weight"), not_negative(noobj_weight, "noobj_weight")
    side = pred.shape[1]
    output = pred.astype(np.float64)
    candidates = output[..., : 5 * boxes_per_cell].reshape(*pred.shape[:3], boxes_per_cell, 5)

    # One object for each cell: the first.
    centres, sides = _centres_and_sides(truths.boxes)
    cells = _cells(centres, side, side)
    first = np.unique((truths.images * side + cells[:, 1]) * side + cells[:, 0], return_index=True)[1]
    cell = (truths.images[first], cells[first, 1], cells[first, 0])
    wanted = np.hstack([centres[first] * side - cells[first], np.sqrt(sides[first])])
    responsible, overlap = _responsible(candidates[cell], wanted, side)
    confidence = overlap if rescore else np.ones(len(first))

    error, weight = np.zeros_like(candidates), np.zeros_like(candidates)
    error[..., 4], weight[..., 4] = candidates[..., 4], noobj_weight
    at = (*cell, responsible)
    error[at] = candidates[at] - np.column_stack([wanted, confidence])
    weight[at] = [coord_weight] * 4 + [1]
    is_class = truths.labels[first, None] == np.arange(class_count)
    class_error = np.zeros((*pred.shape[:3], class_count))
    class_error[cell] = output[(*cell, slice(5 * boxes_per_cell, None))] - is_class

    values = (weight * error**2).sum(axis=(1, 2, 3, 4)) + (class_error**2).sum(axis=(1, 2, 3))
    slope = np.concatenate([(weight * error).reshape(*pred.shape[:3], -1), class_error], axis=-1)
    return _scaled(values, 2 * slope, pred)


@composed(
    facts(
        "object detection",
        "multimodal",
        needs="pred: (N, A * (5 + C), H, W), boxes: (M, 4), labels: (M,), anchors: (K, 2)",
    )
)
def yolo_v3_loss(
    pred: npt.ArrayLike,
    boxes: npt.ArrayLike,
    labels: npt.ArrayLike,
    /,
    *,
    anchors: npt.ArrayLike,
    layer: Sequence[int] | None = None,
    images: npt.ArrayLike | None = None,
    ignore_iou: float = 0.5,
    coordinates: str = "squared",
    box_format: BoxFormat = "cxcywh",
) -> Terms:
    """The loss of YOLO's third version for each image, of one of its maps: add up those of all maps.

    ``sum BCE(objectness) + sum BCE(classes) + sum (2 - w h) [(s(x) - x')^2 + (s(y) - y')^2 + (w - w')^2 + (h - h')^2]``,
    where s is the sigmoid, and w' and h' are logarithms of the sides over those of the anchor. The last two sums are over
    cells and anchors with an object.

    An object belongs to the anchor, of all maps, whose shape has the greatest IoU with its own, in the cell of its centre;
    of several at the same place the last gives the box, and each its class. Objectness should be 1 there. Other predictions
    should have 0, unless their box has an IoU above ``ignore_iou`` with any object: these do not count.

    Args:
        pred: (N, A * (5 + C), H, W) outputs of the network for A anchors: x, y, w, h, objectness and C logits of classes.
        boxes: (M, 4) ground truth as fractions of the image.
        labels: (M,) classes from 0.
        anchors: (K, 2) sides of the anchors of all maps as fractions of the image.
        layer: indices of the A anchors of this map; None: all.
        images: (M,) the number of the image of each; None if there is one image.
        ignore_iou: 0.5 in the paper, 0.7 in darknet's yolov3.cfg.
        coordinates: "squared" as above; "darknet": BCE for x and y and half of the squares of w and h. The gradient of
            that is the step that darknet makes.
        box_format: of ``boxes``.

    Example:
        >>> import numpy as np
        >>> pred = np.full((1, 2 * (5 + 3), 4, 4), -30.0)  # sure that there is nothing
        >>> pred[0, [8, 9], 2, 1], pred[0, [10, 11], 2, 1] = 0.0, 0.0  # a box of the second anchor's shape ...
        >>> pred[0, 8 + 4, 2, 1] = pred[0, 8 + 5 + 1, 2, 1] = 30.0  # ... is an object of class 1
        >>> anchors = [[0.1, 0.1], [0.2, 0.3]]
        >>> round(float(yolo_v3_loss(pred, [[0.375, 0.625, 0.2, 0.3]], [1], anchors=anchors)), 6)
        0.0
        >>> round(float(yolo_v3_loss(pred, [[0.375, 0.625, 0.2, 0.3]], [2], anchors=anchors)), 6)
        60.0

    Source:
        J. Redmon, A. Farhadi, YOLOv3: an incremental improvement, 2018; darknet's yolo_layer.c.
    """
    pred = predictions(pred)
    shapes = np.asarray(anchors, dtype=np.float64)
    if shapes.ndim != 2 or shapes.shape[1] != 2 or not (np.isfinite(shapes) & (shapes > 0)).all():
        raise ValueError(f"anchors: expected (K, 2) finite sides > 0, got {np.asarray(anchors).tolist()}")
    own = np.arange(len(shapes)) if layer is None else np.asarray(layer, dtype=np.int64)
    if own.ndim != 1 or len(own) == 0 or own.min() < 0 or own.max() >= len(shapes) or len(np.unique(own)) < len(own):
        raise ValueError(f"layer: expected different numbers from 0 to {len(shapes) - 1}, got {layer}")
    if pred.ndim != 4 or pred.shape[1] % len(own) or pred.shape[1] // len(own) < 5:
        raise ValueError(f"pred: expected shape (N, {len(own)} * (5 + C), H, W), got {pred.shape}")
    one_of(coordinates, "coordinates", ("squared", "darknet"))
    output = np.moveaxis(pred.reshape(len(pred), len(own), -1, *pred.shape[2:]), 2, -1).astype(np.float64)
    truths = truths_of(
        boxes,
        labels,
        images,
        image_count=len(pred),
        labels_from=0,
        labels_to=output.shape[-1] - 5,
        box_format=box_format,
    )
    if len(truths.boxes) and not (truths.boxes[:, 2:] > truths.boxes[:, :2]).all():
        raise ValueError("boxes: expected sides > 0, as their logarithms are compared")
    anchor = _own_anchor(truths, shapes, own)
    mine = np.flatnonzero(anchor >= 0)
    centres, sides = _centres_and_sides(truths.boxes[mine])
    cells = _cells(centres, *output.shape[3:1:-1])
    place = (truths.images[mine], anchor[mine], cells[:, 1], cells[:, 0])

    is_object = np.zeros(output.shape[:-1], dtype=bool)
    is_object[place] = True
    is_class = np.zeros((*output.shape[:-1], output.shape[-1] - 5))
    is_class[(*place, truths.labels[mine])] = 1
    counts = is_object | ~_overlapping(output, shapes[own], truths, fraction(ignore_iou, "ignore_iou"))

    gradient = np.zeros_like(output)
    entropy = binary_cross_entropy_with_logits.value_and_grad
    objectness, gradient[..., 4] = entropy(
        np.ascontiguousarray(output[..., 4]), is_object, mask=counts, reduction="none"
    )
    classes, gradient[..., 5:] = entropy(
        np.ascontiguousarray(output[..., 5:]), is_class, mask=is_object, reduction="none"
    )
    values = objectness.sum(axis=(1, 2, 3)) + classes.sum(axis=(1, 2, 3, 4))

    # Of several objects at one place the last: it is written last.
    wanted = np.hstack([centres * output.shape[3:1:-1] - cells, np.log(sides / shapes[own[anchor[mine]]])])
    target, weight = np.zeros((*output.shape[:-1], 4)), np.zeros((*output.shape[:-1], 1))
    target[place], weight[place] = wanted, 2 - sides.prod(axis=1, keepdims=True)
    error, slope = _coordinate_errors(output[..., :4], target, coordinates)
    gradient[..., :4] = weight * slope
    return _scaled(
        values + (weight * error).sum(axis=(1, 2, 3, 4)), np.moveaxis(gradient, -1, 2).reshape(pred.shape), pred
    )


def _centres_and_sides(boxes: Floats) -> tuple[Floats, Floats]:
    return (boxes[:, :2] + boxes[:, 2:]) / 2, boxes[:, 2:] - boxes[:, :2]


def _cells(centres: Floats, columns: int, rows: int) -> Indices:
    """Column and row of each centre; one on the far edge of the image is in the last."""
    size = np.array([columns, rows])
    cells: Indices = np.clip(np.floor(centres * size), 0, size - 1).astype(np.int64)
    return cells


def _responsible(candidates: Floats, wanted: Floats, side: int) -> tuple[Indices, Floats]:
    """Of (K, B, 5) boxes in their cells the one to answer for each object, and its IoU."""

    def corners(rows: Floats) -> Floats:
        centre, half = rows[..., :2] / side, rows[..., 2:4] ** 2 / 2
        return np.concatenate([centre - half, centre + half], axis=-1)

    boxes, truths = corners(candidates), np.broadcast_to(corners(wanted)[:, None], (*candidates.shape[:2], 4))
    overlap = np.nan_to_num(paired_box_iou(boxes.reshape(-1, 4), truths.reshape(-1, 4)).reshape(boxes.shape[:2]))
    scale = np.array([1 / side, 1 / side, 1, 1])
    powers = np.array([1, 1, 2, 2])
    apart = (((candidates[..., :4] ** powers - (wanted**powers)[:, None]) * scale) ** 2).sum(axis=-1)
    chosen = np.where(overlap.max(axis=1, initial=0) > 0, overlap.argmax(axis=1), apart.argmin(axis=1))
    return chosen, overlap[np.arange(len(chosen)), chosen]


def _own_anchor(truths: Truths, shapes: Floats, own: Indices) -> Indices:
    """The position among ``own`` of the anchor whose shape is most like each object's; -1 where it is not of this map."""
    sides = (truths.boxes[:, 2:] - truths.boxes[:, :2])[:, None]
    common = np.minimum(sides, shapes).prod(axis=-1)
    best = np.argmax(common / (sides.prod(axis=-1) + shapes.prod(axis=-1) - common), axis=1)
    position = np.full(len(shapes), -1)
    position[own] = np.arange(len(own))
    own_position: Indices = position[best]
    return own_position


def _overlapping(output: Floats, shapes: Floats, truths: Truths, threshold: float) -> npt.NDArray[np.bool_]:
    """Where a predicted box has a greater IoU than the threshold with an object of its image."""
    rows, columns = output.shape[2:4]
    with np.errstate(over="ignore", invalid="ignore"):
        x = (np.arange(columns) + _sigmoid(output[..., 0])) / columns
        y = (np.arange(rows)[:, None] + _sigmoid(output[..., 1])) / rows
        half = np.exp(output[..., 2:4]) * shapes[:, None, None] / 2
        boxes = np.stack([x - half[..., 0], y - half[..., 1], x + half[..., 0], y + half[..., 1]], axis=-1)
    result = np.zeros(output.shape[:-1], dtype=bool)
    for image in np.unique(truths.images):
        overlap = best_overlaps(boxes[image].reshape(-1, 4), truths.boxes[truths.of_image(image)])[0]
        result[image] = overlap.reshape(result.shape[1:]) > threshold
    return result


def _sigmoid(z: Floats) -> Floats:
    small = np.exp(-np.abs(z))
    probability: Floats = np.where(z >= 0, 1, small) / (1 + small)
    return probability


def _coordinate_errors(output: Floats, target: Floats, coordinates: str) -> tuple[Floats, Floats]:
    """The four errors of each box and their derivatives by the outputs."""
    likely = _sigmoid(output[..., :2])
    off, away = likely - target[..., :2], output[..., 2:] - target[..., 2:]
    if coordinates == "squared":
        slope = np.concatenate([2 * off * likely * (1 - likely), 2 * away], axis=-1)
        return np.concatenate([off**2, away**2], axis=-1), slope
    entropy = binary_cross_entropy_with_logits(
        np.ascontiguousarray(output[..., :2]), np.ascontiguousarray(target[..., :2]), reduction="none"
    )
    return np.concatenate([entropy, away**2 / 2], axis=-1), np.concatenate([off, away], axis=-1)


def _scaled(values: Floats, gradient: Floats, pred: Array) -> Terms:
    """Terms of each image, and their gradient by the map."""

    def backward(upstream: Array) -> tuple[Array, ...]:
        factor = upstream.astype(np.float64).reshape(-1, 1, 1, 1)
        result: Any = np.where(factor == 0, 0, gradient) * factor
        return (result.astype(pred.dtype),)

    return Terms(values.astype(pred.dtype), backward)
