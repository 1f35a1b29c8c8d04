"""Losses of detectors as their papers describe them, one anchor, proposal or point after the other."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from oracles.boxes import box_iou, generalized_box_iou
from oracles.yolo import entropy, sigmoid

BACKGROUND, IGNORED = -1, -2


def overlap(a: Any, b: Any) -> float:
    with np.errstate(all="ignore"):
        value = float(box_iou(np.array([a], dtype=float), np.array([b], dtype=float))[0, 0])
    return 0.0 if math.isnan(value) else value


def best_overlaps(boxes: Any, truths: Any) -> tuple[list[float], list[int]]:
    rows = [[overlap(box, truth) for truth in truths] for box in boxes]
    greatest = [max([0.0, *row]) for row in rows]
    return greatest, [row.index(best) if best > 0 else BACKGROUND for row, best in zip(rows, greatest, strict=True)]


def match_anchors(anchors: Any, truths: Any, high: float, low: float, keeps_best: bool) -> list[int]:
    greatest, best = best_overlaps(anchors, truths)
    result = [
        index if value >= high else BACKGROUND if value < low else IGNORED
        for value, index in zip(greatest, best, strict=True)
    ]
    for truth in truths if keeps_best else []:
        column = [overlap(anchor, truth) for anchor in anchors]
        for i, value in enumerate(column):
            if value == max(column) and value > 0:
                result[i] = best[i]
    return result


def assign_points(points: Any, strides: Any, ranges: Any, truths: Any, radius: float) -> list[int]:
    result = []
    for (x, y), stride, (least, most) in zip(points, strides, ranges, strict=True):
        fitting = []
        for j, (x1, y1, x2, y2) in enumerate(truths):
            sides = [x - x1, y - y1, x2 - x, y2 - y]
            away = max(abs(x - (x1 + x2) / 2), abs(y - (y1 + y2) / 2))
            if min(sides) > 0 and least <= max(sides) <= most and (radius == 0 or away < radius * stride):
                fitting.append(((x2 - x1) * (y2 - y1), j))
        result.append(min(fitting)[1] if fitting else BACKGROUND)
    return result


def project_mask(mask: Any, box: Any, size: int) -> Any:
    """RoIAlign of one mask."""
    height, width = mask.shape

    def pixel(y: float, x: float) -> float:
        if not (-1 <= y <= height and -1 <= x <= width):
            return 0.0
        y, x = min(max(y, 0.0), height - 1.0), min(max(x, 0.0), width - 1.0)
        top, left = int(y), int(x)
        bottom, right = min(top + 1, height - 1), min(left + 1, width - 1)
        down, across = y - top, x - left
        upper = mask[top, left] * (1 - across) + mask[top, right] * across
        lower = mask[bottom, left] * (1 - across) + mask[bottom, right] * across
        return float(upper * (1 - down) + lower * down)

    cell_w, cell_h = max(box[2] - box[0], 1) / size, max(box[3] - box[1], 1) / size
    across, down = math.ceil(cell_w), math.ceil(cell_h)
    result = np.zeros((size, size))
    for row in range(size):
        for column in range(size):
            samples = [
                # In the order of RoIAlign: samples that fall on the border of the image may be outside by rounding.
                pixel(
                    box[1] + row * cell_h + (i + 0.5) * cell_h / down,
                    box[0] + column * cell_w + (j + 0.5) * cell_w / across,
                )
                for i in range(down)
                for j in range(across)
            ]
            result[row, column] = sum(samples) / len(samples)
    return result


def deltas_of(box: Any, anchor: Any) -> list[float]:
    (x1, y1, x2, y2), (u1, v1, u2, v2) = box, anchor
    w, h, u, v = x2 - x1, y2 - y1, u2 - u1, v2 - v1
    shift = [((x1 + x2) - (u1 + u2)) / 2 / u, ((y1 + y2) - (v1 + v2)) / 2 / v]
    return [*shift, math.log(w / u), math.log(h / v)]


def smooth_l1(x: float, beta: float = 1 / 9) -> float:
    return x * x / 2 / beta if abs(x) < beta else abs(x) - beta / 2


def rpn_loss(
    objectness: Any, deltas: Any, anchors: Any, boxes: Any, images: Any, *, denominator: Any = None, weight: float = 1
) -> float:
    """With all anchors that are positive or background."""
    terms, box_error = [], 0.0
    for image, (logits, moves) in enumerate(zip(objectness, deltas, strict=True)):
        own = [box for box, number in zip(boxes, images, strict=True) if number == image]
        for i, index in enumerate(match_anchors(anchors, own, 0.7, 0.3, True)):
            if index != IGNORED:
                terms.append(entropy(logits[i], index >= 0))
            if index >= 0:
                wanted = deltas_of(own[index], anchors[i])
                box_error += sum(smooth_l1(x - y) for x, y in zip(moves[i], wanted, strict=True))
    return sum(terms) / len(terms) + weight * box_error / (denominator or len(terms))


def fast_rcnn_loss(
    logits: Any, deltas: Any, proposals: Any, numbers: Any, boxes: Any, labels: Any, images: Any
) -> float:
    total = 0.0
    for row, moves, proposal, number in zip(logits, deltas, proposals, numbers, strict=True):
        candidates = [j for j, image in enumerate(images) if image == number]
        best = max(candidates, key=lambda j: overlap(proposal, boxes[j]), default=None)
        label = 0
        if best is not None and overlap(proposal, boxes[best]) >= 0.5:
            label = labels[best]
            for x, y, factor in zip(moves[label], deltas_of(boxes[best], proposal), (10, 10, 5, 5), strict=True):
                total += smooth_l1(x - factor * y)
        total += math.log(sum(math.exp(z) for z in row)) - row[label]
    return total / len(logits)


def mask_rcnn_mask_loss(logits: Any, proposals: Any, masks: Any, labels: Any, matched: Any) -> float:
    terms = []
    for row, proposal, index in zip(logits, proposals, matched, strict=True):
        wanted = project_mask(masks[index], proposal, row.shape[-1])
        terms += [entropy(z, t) for z, t in zip(row[labels[index]].ravel(), wanted.ravel(), strict=True)]
    return sum(terms) / len(terms) if terms else 0.0


def fcos_loss(
    class_logits: Any,
    distances: Any,
    centerness: Any,
    points: Any,
    boxes: Any,
    labels: Any,
    images: Any,
    *,
    strides: Any,
    ranges: Any,
    radius: float = 1.5,
    box_loss: str = "giou",
) -> float:
    focal, error, central, weights, count = 0.0, 0.0, 0.0, 0.0, 0
    for image in range(len(class_logits)):
        own = [j for j, number in enumerate(images) if number == image]
        found = assign_points(points, strides, ranges, [boxes[j] for j in own], radius)
        for i, (x, y) in enumerate(points):
            label = labels[own[found[i]]] if found[i] >= 0 else None
            for c, z in enumerate(class_logits[image, i]):
                right = sigmoid(z) if c == label else 1 - sigmoid(z)
                focal -= (0.25 if c == label else 0.75) * (1 - right) ** 2 * math.log(right)
            if label is None:
                continue
            box = boxes[own[found[i]]]
            left, top, right, bottom = x - box[0], y - box[1], box[2] - x, box[3] - y
            weight = math.sqrt(min(left, right) / max(left, right) * min(top, bottom) / max(top, bottom))
            to_left, to_top, to_right, to_bottom = distances[image, i]
            pair = np.array([[x - to_left, y - to_top, x + to_right, y + to_bottom]]), np.array([box])
            overlaps = box_iou(*pair)[0, 0] if box_loss != "giou" else generalized_box_iou(*pair)[0, 0]
            error += weight * (-math.log(overlaps) if box_loss == "iou" else 1 - overlaps)
            central += entropy(centerness[image, i], weight)
            weights, count = weights + weight, count + 1
    return focal / max(count, 1) + error / max(weights, 1e-6) + central / max(count, 1)


def condinst_mask_loss(logits: Any, masks: Any, eps: float = 1e-5) -> float:
    total = 0.0
    for z, t in zip(logits, masks, strict=True):
        p = 1 / (1 + np.exp(-z))
        total += 1 - 2 * (p * t).sum() / ((p * p).sum() + (t * t).sum() + eps)
    return total / max(len(logits), 1)
