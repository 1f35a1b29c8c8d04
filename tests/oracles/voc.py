"""Pascal VOC by definition: one detection after the other, operation by operation in the order of py-faster-rcnn."""

from __future__ import annotations

from typing import Any

import numpy as np

from oracles.curves import voc2007_average_precision, voc2010_average_precision

Record = dict[str, Any]


def corners(box: list[float]) -> list[float]:
    """x, y, width, height -> the corners, both of which are pixels of the box."""
    return [box[0], box[1], box[0] + box[2], box[1] + box[3]]


def overlap(a: list[float], b: list[float]) -> float:
    """Shared pixels by all pixels; a NaN goes through, as in NumPy's maximum and minimum."""
    with np.errstate(all="ignore"):
        a, b = np.array(a, dtype=float), np.array(b, dtype=float)  # type: ignore[assignment]
        width = np.maximum(np.minimum(a[2], b[2]) - np.maximum(a[0], b[0]) + 1.0, 0.0)
        height = np.maximum(np.minimum(a[3], b[3]) - np.maximum(a[1], b[1]) + 1.0, 0.0)
        shared = width * height
        area_of_a = (a[2] - a[0] + 1.0) * (a[3] - a[1] + 1.0)
        area_of_b = (b[2] - b[0] + 1.0) * (b[3] - b[1] + 1.0)
        return float(shared / (area_of_a + area_of_b - shared))


def precision_recall(
    truths: list[Record], detections: list[Record], threshold: float, *, is_strict: bool = True
) -> tuple[list[float], list[float]]:
    """Of one category: recall and precision after each detection that counts. There must be an easy object."""
    objects: dict[Any, list[Record]] = {}
    for record in truths:
        objects.setdefault(record["image_id"], []).append({**record, "taken": False})
    positives = sum(not record.get("ignore", 0) for record in truths)
    nan_last = lambda score: (score != score, 0 if score != score else -score)  # noqa: E731
    ranked = sorted(detections, key=lambda record: (*nan_last(record["score"]), record["image_id"]))
    right = wrong = 0
    recall, precision = [], []
    for record in ranked:
        in_image = objects.get(record["image_id"], [])
        overlaps = [overlap(corners(record["bbox"]), corners(other["bbox"])) for other in in_image]
        best = int(np.argmax(overlaps)) if overlaps else -1
        matches = best >= 0 and (overlaps[best] > threshold if is_strict else overlaps[best] >= threshold)
        if matches and in_image[best].get("ignore", 0):
            continue
        if matches and not in_image[best]["taken"]:
            in_image[best]["taken"] = True
            right += 1
        else:
            wrong += 1
        recall.append(right / positives)
        precision.append(right / (right + wrong))
    return recall, precision


def average_precision(truths: list[Record], detections: list[Record], threshold: float, year: int) -> float:
    """-1 without an easy object."""
    if all(record.get("ignore", 0) for record in truths):
        return -1.0
    curve = precision_recall(truths, detections, threshold)
    return voc2007_average_precision(*curve) if year == 2007 else voc2010_average_precision(*curve)
