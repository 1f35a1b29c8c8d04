"""Boxes as defined, slow and plain: one pair at a time or whole NumPy temporaries, in the dtype of the input."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.floating[Any]]

#: Values that torchvision publishes in its tests of these functions (rounded there to four digits).
PUBLISHED_INT_BOXES1 = [[0, 0, 100, 100], [0, 0, 50, 50], [200, 200, 300, 300], [0, 0, 25, 25]]
PUBLISHED_INT_BOXES2 = [[0, 0, 100, 100], [0, 0, 50, 50], [200, 200, 300, 300]]
PUBLISHED_FLOAT_BOXES = [
    [285.3538, 185.5758, 1193.5110, 851.4551],
    [285.1472, 188.7374, 1192.4984, 851.0669],
    [279.2440, 197.9812, 1189.4746, 849.2019],
]
PUBLISHED_INT = {
    "box_iou": [[1.0, 0.25, 0.0], [0.25, 1.0, 0.0], [0.0, 0.0, 1.0], [0.0625, 0.25, 0.0]],
    "generalized_box_iou": [
        [1.0, 0.25, -0.7778],
        [0.25, 1.0, -0.8611],
        [-0.7778, -0.8611, 1.0],
        [0.0625, 0.25, -0.8819],
    ],
    "distance_box_iou": [
        [1.0, 0.1875, -0.4444],
        [0.1875, 1.0, -0.5625],
        [-0.4444, -0.5625, 1.0],
        [-0.0781, 0.1875, -0.6267],
    ],
    "complete_box_iou": [
        [1.0, 0.1875, -0.4444],
        [0.1875, 1.0, -0.5625],
        [-0.4444, -0.5625, 1.0],
        [-0.0781, 0.1875, -0.6267],
    ],
}
PUBLISHED_FLOAT = [[1.0, 0.9933, 0.9673], [0.9933, 1.0, 0.9737], [0.9673, 0.9737, 1.0]]
PUBLISHED_AREAS = [604723.0806, 600965.4666, 592761.0085]


def same_bits(got: npt.NDArray[Any], want: npt.NDArray[Any]) -> bool:
    """Equal in dtype, shape and every bit; any NaN equals any other, as hardware and compilers choose its payload."""
    if got.dtype != want.dtype or got.shape != want.shape:
        return False
    if got.dtype.kind != "f":
        return bool((got == want).all())
    unsigned = f"u{got.dtype.itemsize}"
    equal = np.ascontiguousarray(got).view(unsigned) == np.ascontiguousarray(want).view(unsigned)
    return bool((equal | (np.isnan(got) & np.isnan(want))).all())


def corners_and_area(boxes: Floats, fmt: str) -> tuple[Floats, ...]:
    a, b, c, d = boxes.T
    if fmt == "xyxy":
        return a, b, c, d, (c - a) * (d - b)
    if fmt == "xywh":
        return a, b, a + c, b + d, c * d
    return a - c / 2, b - d / 2, a + c / 2, b + d / 2, c * d


def not_negative(values: Floats) -> Floats:
    """torch.clamp(min=0): NaN stays."""
    return np.where(values < 0, values.dtype.type(0), values)


def box_area(boxes: Floats, fmt: str) -> Floats:
    return corners_and_area(boxes, fmt)[4]


def box_convert(boxes: Floats, in_fmt: str, out_fmt: str) -> Floats:
    if in_fmt == out_fmt:
        return boxes.copy()
    a, b, c, d, _ = corners_and_area(boxes, in_fmt)
    if out_fmt == "xyxy":
        return np.stack([a, b, c, d], axis=1)
    if out_fmt == "xywh":
        return np.stack([a, b, c - a, d - b], axis=1)
    return np.stack([(a + c) / 2, (b + d) / 2, c - a, d - b], axis=1)


def overlap_and_union(boxes1: Floats, boxes2: Floats, fmt: str) -> tuple[Floats, Floats, Floats]:
    left1, top1, right1, bottom1, area1 = (column[:, None] for column in corners_and_area(boxes1, fmt))
    left2, top2, right2, bottom2, area2 = corners_and_area(boxes2, fmt)
    width = not_negative(np.minimum(right1, right2) - np.maximum(left1, left2))
    height = not_negative(np.minimum(bottom1, bottom2) - np.maximum(top1, top2))
    common = width * height
    return common, area1 + area2 - common, np.broadcast_to(area1, common.shape)


def box_iou(boxes1: Floats, boxes2: Floats, fmt: str = "xyxy", crowd: Any = None) -> Floats:
    if fmt == "xywh":
        return coco_iou(boxes1, boxes2, crowd)
    common, union, area1 = overlap_and_union(boxes1, boxes2, fmt)
    return common / (union if crowd is None else np.where(np.asarray(crowd) != 0, area1, union))


def coco_iou(boxes1: Floats, boxes2: Floats, crowd: Any = None) -> Floats:
    result = np.zeros((len(boxes1), len(boxes2)), dtype=boxes1.dtype)
    for i, (ax, ay, aw, ah) in enumerate(boxes1):
        for j, (bx, by, bw, bh) in enumerate(boxes2):
            width = np.fmin(aw + ax, bw + bx) - np.fmax(ax, bx)
            if width <= 0:
                continue
            height = np.fmin(ah + ay, bh + by) - np.fmax(ay, by)
            if height <= 0:
                continue
            common = width * height
            union = aw * ah if crowd is not None and crowd[j] else aw * ah + bw * bh - common
            result[i, j] = common / union
    return result


def enclosure(boxes1: Floats, boxes2: Floats) -> tuple[Floats, Floats]:
    left1, top1, right1, bottom1 = boxes1.T[:, :, None]
    left2, top2, right2, bottom2 = boxes2.T
    width = not_negative(np.maximum(right1, right2) - np.minimum(left1, left2))
    height = not_negative(np.maximum(bottom1, bottom2) - np.minimum(top1, top2))
    return width, height


def generalized_box_iou(boxes1: Floats, boxes2: Floats) -> Floats:
    common, union, _ = overlap_and_union(boxes1, boxes2, "xyxy")
    width, height = enclosure(boxes1, boxes2)
    return common / union - (width * height - union) / (width * height)


def distance_box_iou(boxes1: Floats, boxes2: Floats, eps: float = 1e-7) -> Floats:
    width, height = enclosure(boxes1, boxes2)
    diagonal = width**2 + height**2 + boxes1.dtype.type(eps)
    centres1, centres2 = ((boxes[:, :2] + boxes[:, 2:]) / 2 for boxes in (boxes1, boxes2))
    apart = centres1[:, None] - centres2[None]
    return box_iou(boxes1, boxes2) - (apart[..., 0] ** 2 + apart[..., 1] ** 2) / diagonal


def complete_box_iou(boxes1: Floats, boxes2: Floats, eps: float = 1e-7) -> Floats:
    scalar = boxes1.dtype.type
    angles1, angles2 = (
        np.arctan((boxes[:, 2] - boxes[:, 0]) / (boxes[:, 3] - boxes[:, 1])) for boxes in (boxes1, boxes2)
    )
    aspect = scalar(4 / math.pi**2) * (angles1[:, None] - angles2) ** 2
    weight = aspect / (1 - box_iou(boxes1, boxes2) + aspect + scalar(eps))
    return distance_box_iou(boxes1, boxes2, eps) - weight * aspect


def nms(boxes: Floats, scores: Floats, iou_threshold: float) -> npt.NDArray[np.int64]:
    order = np.argsort(-scores, kind="stable")
    gone = np.zeros(len(boxes), dtype=bool)
    kept = []
    for i in order:
        if gone[i]:
            continue
        kept.append(i)
        # The comparison is made in double, whatever the precision of the boxes.
        gone |= box_iou(boxes[i : i + 1], boxes)[0].astype(np.float64) > iou_threshold
    return np.array(kept, dtype=np.int64)


def batched_nms(
    boxes: Floats, scores: Floats, idxs: npt.NDArray[np.int64], iou_threshold: float
) -> npt.NDArray[np.int64]:
    kept = np.zeros(len(boxes), dtype=bool)
    for category in np.unique(idxs):
        members = np.flatnonzero(idxs == category)
        kept[members[nms(boxes[members], scores[members], iou_threshold)]] = True
    order = np.argsort(-scores, kind="stable")
    return order[kept[order]]


def soft_nms(
    boxes: Floats, scores: Floats, method: str, iou_threshold: float, sigma: float, score_threshold: float
) -> tuple[npt.NDArray[np.int64], Floats]:
    current = scores.copy()
    left = list(range(len(boxes)))
    indices, values = [], []
    while left:
        best = max(left, key=lambda i: (current[i], -i))
        if not current[best] >= score_threshold:
            break
        left.remove(best)
        indices.append(best)
        values.append(current[best])
        for i in left:
            iou = box_iou(boxes[best : best + 1], boxes[i : i + 1])[0, 0]
            if method == "linear" and float(iou) > iou_threshold:
                current[i] *= boxes.dtype.type(1) - iou
            elif method == "gaussian" and iou > 0:
                current[i] *= boxes.dtype.type(math.exp(-(float(iou) ** 2) / sigma))
    return np.array(indices, dtype=np.int64), np.array(values, dtype=boxes.dtype)
