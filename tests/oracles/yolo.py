"""The losses of YOLO, object by object, as darknet's source goes through them.

``fixed`` is the output by which everything is decided that has no gradient: who is responsible, and what is ignored.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from oracles.boxes import box_iou


def overlap(a: Any, b: Any) -> float:
    """IoU of two (cx, cy, w, h)."""
    with np.errstate(all="ignore"):
        value = float(box_iou(np.array([a], dtype=float), np.array([b], dtype=float), "cxcywh")[0, 0])
    return 0.0 if math.isnan(value) else value


def yolo_v1_loss(
    pred: Any,
    boxes: Any,
    labels: Any,
    images: Any,
    *,
    boxes_per_cell: int = 2,
    coord_weight: float = 5.0,
    noobj_weight: float = 0.5,
    rescore: bool = True,
    fixed: Any = None,
) -> list[float]:
    fixed = pred if fixed is None else fixed
    side, losses = pred.shape[1], []
    for image in range(len(pred)):
        loss = 0.0
        for row in range(side):
            for column in range(side):
                out = pred[image, row, column]
                for b in range(boxes_per_cell):
                    loss += noobj_weight * out[5 * b + 4] ** 2
        taken = set()
        for (cx, cy, w, h), label, own in zip(boxes, labels, images, strict=True):
            column, row = min(int(cx * side), side - 1), min(int(cy * side), side - 1)
            if own != image or (row, column) in taken:
                continue
            taken.add((row, column))
            out, seen = pred[image, row, column], fixed[image, row, column]
            truth = ((cx * side - column) / side, (cy * side - row) / side, w, h)
            best, best_iou, best_error = 0, 0.0, math.inf
            for b in range(boxes_per_cell):
                x, y, root_w, root_h = seen[5 * b : 5 * b + 4]
                found = (x / side, y / side, root_w**2, root_h**2)
                iou, error = overlap(found, truth), math.dist(found, truth)
                if best_iou > 0 or iou > 0:
                    if iou > best_iou:
                        best, best_iou = b, iou
                elif error < best_error:
                    best, best_error = b, error
            x, y, root_w, root_h, confidence = out[5 * best : 5 * best + 5]
            loss -= noobj_weight * confidence**2
            loss += (confidence - (best_iou if rescore else 1)) ** 2
            loss += coord_weight * ((x - (cx * side - column)) ** 2 + (y - (cy * side - row)) ** 2)
            loss += coord_weight * ((root_w - math.sqrt(w)) ** 2 + (root_h - math.sqrt(h)) ** 2)
            for c, probability in enumerate(out[5 * boxes_per_cell :]):
                loss += (probability - (c == label)) ** 2
        losses.append(loss)
    return losses


def entropy(logit: float, target: float) -> float:
    return max(logit, 0) - logit * target + math.log1p(math.exp(-abs(logit)))


def sigmoid(z: float) -> float:
    return 1 / (1 + math.exp(-z))


def yolo_v3_loss(
    pred: Any,
    boxes: Any,
    labels: Any,
    images: Any,
    *,
    anchors: Any,
    layer: Any = None,
    ignore_iou: float = 0.5,
    coordinates: str = "squared",
    fixed: Any = None,
) -> list[float]:
    fixed = pred if fixed is None else fixed
    layer = list(range(len(anchors))) if layer is None else list(layer)
    rows, columns, losses = *pred.shape[2:], []
    for image in range(len(pred)):
        out = pred[image].reshape(len(layer), -1, rows, columns)
        seen = fixed[image].reshape(out.shape)
        objects: dict[tuple[int, int, int], tuple[Any, set[int]]] = {}
        for box, label, own in zip(boxes, labels, images, strict=True):
            if own != image:
                continue
            shapes = [overlap((0, 0, *box[2:]), (0, 0, *anchor)) for anchor in anchors]
            best = shapes.index(max(shapes))
            if best in layer:
                row, column = min(int(box[1] * rows), rows - 1), min(int(box[0] * columns), columns - 1)
                place = (layer.index(best), row, column)
                objects[place] = (box, objects.get(place, (None, set()))[1] | {label})
        loss = 0.0
        for a, anchor in enumerate(layer):
            width, height = anchors[anchor]
            for row in range(rows):
                for column in range(columns):
                    x, y, w, h, objectness, *classes = out[a, :, row, column]
                    if (a, row, column) not in objects:
                        u, v, log_w, log_h = seen[a, :4, row, column]
                        box = ((column + sigmoid(u)) / columns, (row + sigmoid(v)) / rows)
                        box += (width * math.exp(log_w), height * math.exp(log_h))
                        best = max(
                            (overlap(box, b) for b, own in zip(boxes, images, strict=True) if own == image), default=0
                        )
                        loss += entropy(objectness, 0) if best <= ignore_iou else 0
                        continue
                    (tx, ty, tw, th), members = objects[a, row, column]
                    loss += entropy(objectness, 1)
                    loss += sum(entropy(z, c in members) for c, z in enumerate(classes))
                    u, v, log_w, log_h = (
                        tx * columns - column,
                        ty * rows - row,
                        math.log(tw / width),
                        math.log(th / height),
                    )
                    if coordinates == "squared":
                        centre, size = (
                            (sigmoid(x) - u) ** 2 + (sigmoid(y) - v) ** 2,
                            (w - log_w) ** 2 + (h - log_h) ** 2,
                        )
                    else:
                        centre, size = entropy(x, u) + entropy(y, v), ((w - log_w) ** 2 + (h - log_h) ** 2) / 2
                    loss += (2 - tw * th) * (centre + size)
        losses.append(loss)
    return losses
