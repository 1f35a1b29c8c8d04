#!/usr/bin/env python3
"""Mean AP of Pascal VOC from columns: metrix, the usual loop over detections, and the same rules without that loop.

    python bench/bench_protocols.py [--quick]

The loop is that of py-faster-rcnn in its order of operations (detectron2's as well), told to sort stably; the other is
NumPy alone, all pairs of an image and class at once. ``mean-average-precision`` (PyPI) joins in where it is installed:
it has no pixels of corners and single precision, so its boxes are longer by 1, and its mAP is compared roughly. LVIS is
measured by ``bench_detection.py``. Run it in an environment that has metrix.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

import metrix
from harness.rounds import contest, optional, print_heading, quick_from_arguments
from metrix.curves import average_precision

CLASSES = 20


@dataclass(frozen=True)
class Side:
    """Objects or detections, in columns; boxes are x, y, width, height, classes 0 to 19, images 0 and up."""

    image: Any
    category: Any
    box: Any
    score: Any = None
    difficult: Any = None

    def take(self, rows: Any) -> Side:
        parts = (self.image, self.category, self.box, self.score, self.difficult)
        return Side(*(None if part is None else part[rows] for part in parts))


def draw(images: int, per_image: int, rng: np.random.Generator) -> tuple[Side, Side]:
    """Three objects an image, of which two thirds are found, and wrong detections."""
    count = 3 * images
    box = np.round(np.concatenate([rng.uniform(1, 300, (count, 2)), rng.uniform(10, 200, (count, 2))], axis=1))
    truth = Side(
        np.repeat(np.arange(images), 3), rng.integers(0, CLASSES, count), box, difficult=rng.random(count) < 0.15
    )
    near = np.repeat(np.arange(images), per_image) * 3 + rng.integers(0, 3, images * per_image)
    is_near = rng.random(len(near)) < 0.3
    shaken = box[near] + np.where(is_near[:, None], 12.0, 150.0) * rng.standard_normal((len(near), 4))
    shaken[:, 2:] = np.maximum(shaken[:, 2:], 5)
    other = rng.integers(0, CLASSES, len(near))
    category = np.where(rng.random(len(near)) < 0.6, truth.category[near], other)
    score = np.round(np.where(is_near, rng.beta(4, 2, len(near)), rng.beta(1, 3, len(near))), 4)
    return truth, Side(truth.image[near], category, np.round(shaken, 1), score)


def by_metrix(truth: Side, found: Side) -> float:
    report = metrix.evaluate_detections(
        metrix.GroundTruth.from_arrays(
            image_id=truth.image, category_id=truth.category, bbox=truth.box, ignore=truth.difficult
        ),
        metrix.Detections.from_arrays(
            image_id=found.image, category_id=found.category, bbox=found.box, score=found.score
        ),
        protocol="voc2012",
        num_threads=1,
    )
    return report.stats["mAP"]


def corners(box: Any) -> Any:
    return np.concatenate([box[:, :2], box[:, :2] + box[:, 2:]], axis=1)


def overlaps(a: Any, b: Any) -> Any:
    """Of corners that are pixels; both sides broadcast."""
    sides = np.maximum(np.minimum(a[..., 2:], b[..., 2:]) - np.maximum(a[..., :2], b[..., :2]) + 1.0, 0.0)
    shared = sides[..., 0] * sides[..., 1]
    areas = [(c[..., 2] - c[..., 0] + 1.0) * (c[..., 3] - c[..., 1] + 1.0) for c in (a, b)]
    return shared / (areas[0] + areas[1] - shared)


def ranked(found: Side) -> Side:
    return found.take(np.lexsort((found.image, -found.score)))


def mean_of_classes(truth: Side, found: Side, outcomes: Any) -> float:
    values = []
    for category in range(CLASSES):
        objects, detections = truth.take(truth.category == category), ranked(found.take(found.category == category))
        right, ignored = outcomes(objects, detections)
        found_so_far, wrong = np.cumsum(right[~ignored]), np.cumsum(~right[~ignored])
        recall = found_so_far / np.count_nonzero(~objects.difficult)
        values.append(average_precision(recall, found_so_far / (found_so_far + wrong), method="all-point"))
    return float(np.mean(values))


def by_loop(truth: Side, found: Side) -> float:
    def outcomes(objects: Side, detections: Side) -> tuple[Any, Any]:
        records: dict[int, Any] = {}
        boxes, candidates = corners(objects.box), corners(detections.box)
        for image in np.unique(objects.image):
            rows = objects.image == image
            records[int(image)] = boxes[rows], objects.difficult[rows], np.zeros(np.count_nonzero(rows), dtype=bool)
        right, ignored = np.zeros(len(candidates), dtype=bool), np.zeros(len(candidates), dtype=bool)
        for d, image in enumerate(detections.image.tolist()):
            if image not in records:
                continue
            own, difficult, taken = records[image]
            overlap = overlaps(own, candidates[d])
            best = np.argmax(overlap)
            if overlap[best] > 0.5:
                ignored[d] = difficult[best]
                right[d] = not difficult[best] and not taken[best]
                taken[best] = True
        return right, ignored

    return mean_of_classes(truth, found, outcomes)


def by_numpy(truth: Side, found: Side) -> float:
    def outcomes(objects: Side, detections: Side) -> tuple[Any, Any]:
        first = np.searchsorted(objects.image, detections.image, side="left")
        counts = np.searchsorted(objects.image, detections.image, side="right") - first
        detection = np.repeat(np.arange(len(first)), counts)
        begin = np.cumsum(counts) - counts
        thing = np.arange(len(detection)) - np.repeat(begin - first, counts)
        overlap = overlaps(corners(detections.box)[detection], corners(objects.box)[thing])
        # The first of the highest in each detection's run: the last of an ascending stable order by (-overlap, place).
        order = np.lexsort((thing, -overlap, detection))
        with_pairs = np.flatnonzero(counts)
        highest = order[begin[with_pairs]]
        is_over = overlap[highest] > 0.5
        rows, best = with_pairs[is_over], thing[highest][is_over]
        right, ignored = np.zeros(len(first), dtype=bool), np.zeros(len(first), dtype=bool)
        ignored[rows] = objects.difficult[best]
        easy = ~objects.difficult[best]
        _, first_time = np.unique(best[easy], return_index=True)
        right[rows[easy][first_time]] = True
        return right, ignored

    return mean_of_classes(truth, found, outcomes)


def by_package(package: Any, truth: Side, found: Side) -> float:
    metric = package.MetricBuilder.build_evaluation_metric("map_2d", async_mode=False, num_classes=CLASSES)
    one = np.array([0.0, 0.0, 1.0, 1.0])
    objects = np.column_stack([corners(truth.box) + one, truth.category, truth.difficult, np.zeros(len(truth.image))])
    detections = np.column_stack([corners(found.box) + one, found.category, found.score])
    for image in range(int(truth.image[-1]) + 1):
        metric.add(detections[found.image == image], objects[truth.image == image])
    return float(metric.value(iou_thresholds=0.5)["mAP"])


def main() -> None:
    quick = quick_from_arguments(__doc__ or "")
    package = optional("mean_average_precision")
    missing = "" if package else "mean-average-precision is not installed"
    print_heading("Pascal VOC", ["mean-average-precision"] if package else [], missing)
    for images in [200] if quick else [200, 5000]:
        truth, found = draw(images, 20, np.random.default_rng(3))
        calls = {
            "metrix, 1 thread": lambda t=truth, f=found: by_metrix(t, f),
            "NumPy, pairs at once": lambda t=truth, f=found: by_numpy(t, f),
            "NumPy, loop of py-faster-rcnn": lambda t=truth, f=found: by_loop(t, f),
        }
        if package and images <= 200:
            calls["mean-average-precision"] = lambda t=truth, f=found: by_package(package, t, f)
        contest(
            f"voc2012, {len(found.image)} detections on {images} images",
            calls,
            inexact=["mean-average-precision"],
            rounds=3 if quick else 5,
        )


if __name__ == "__main__":
    main()
