"""Pascal VOC against its definition, every bit, and its rules one by one."""

from __future__ import annotations

import copy
import dataclasses
import math
import warnings
from typing import Any

import numpy as np
import pytest

import metrix
from effort import at_least, cases
from golden.fixture import found, thing, truth
from metrix.protocols import VOC2012
from oracles import voc

CASES = cases(2000)
Record = dict[str, Any]


def random_box(rng: np.random.Generator, kind: int) -> list[float]:
    if kind == 0:  # whole pixels, where many overlaps are equal
        return [float(v) for v in (*rng.integers(0, 5, 2), *rng.integers(0, 5, 2))]
    box = [float(v) for v in np.round(rng.uniform([-5, -5, 0, 0], [40, 40, 60, 60]), 1)]
    if kind == 2 and rng.random() < 0.2:
        box[int(rng.integers(4))] = float(rng.choice([math.nan, math.inf, -math.inf, 1e308, -3.0]))
    return box


def random_set(rng: np.random.Generator) -> tuple[Record, list[Record]]:
    kind = int(rng.choice([0, 0, 1, 1, 2]))
    images, categories = int(rng.integers(1, 4)), int(rng.integers(1, 4))
    scores = [0.1, 0.5, 0.5, -0.0, 0.0, math.nan] if rng.random() < 0.1 else [0.1, 0.5, 0.5, 0.9, 0.25]

    def place() -> Record:
        return {"image_id": int(rng.integers(1, images + 1)), "category_id": int(rng.integers(1, categories + 1))}

    annotations = [
        thing(random_box(rng, kind), **place(), ignore=int(rng.random() < 0.3)) for _ in range(int(rng.integers(0, 12)))
    ]
    if rng.random() < 0.3:  # ids of 0 and repeated ones mean nothing
        for annotation in annotations:
            annotation["id"] = int(rng.integers(0, 3))
    detections = [
        found(random_box(rng, kind), float(rng.choice(scores)), **place()) for _ in range(int(rng.integers(0, 20)))
    ]
    for annotation in annotations:
        if rng.random() < 0.7:
            near = [float(v + rng.integers(-1, 2)) for v in annotation["bbox"]]
            detections.append(
                found(near, round(float(rng.random()), 1))
                | {name: annotation[name] for name in ("image_id", "category_id")}
            )
    rng.shuffle(detections)  # type: ignore[arg-type]
    return truth(*annotations, images=images, categories=categories), detections


def test_random_sets_equal_the_definition(rng: np.random.Generator) -> None:
    telling = ignored = 0
    for case in range(CASES):
        ground_truth, detections = random_set(rng)
        threshold = float(rng.choice([0.5, 0.3, 1 / 3, 0.0, 0.75]))
        before = copy.deepcopy((ground_truth, detections))
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            reports = {
                year: metrix.evaluate_detections(
                    ground_truth,
                    detections,
                    protocol=f"voc{year}",
                    iou_thresholds=None if threshold == 0.5 else [threshold],
                    num_threads=(1, 2, 7)[case % 3],
                )
                for year in (2007, 2012)
            }
        assert repr(before) == repr((ground_truth, detections))
        expected: dict[int, list[float]] = {2007: [], 2012: []}
        for category in (record["id"] for record in ground_truth["categories"]):
            truths, candidates = (
                [record for record in records if record["category_id"] == category]
                for records in (ground_truth["annotations"], detections)
            )
            for year, values in expected.items():
                values.append(voc.average_precision(truths, candidates, threshold, year))
            if expected[2012][-1] >= 0:
                recall, precision = voc.precision_recall(truths, candidates, threshold)
                curve = reports[2012].curve(category, iou_threshold=threshold)
                assert (curve.recall.tolist(), curve.precision.tolist()) == (recall, precision)
                telling += bool(0 < expected[2012][-1] < 0.99)
                ignored += len(recall) < len(candidates)
        for year, values in expected.items():
            assert reports[year].per_category["mAP"].tolist() == values
            present = [value for value in values if value >= 0]
            assert reports[year].stats == {"mAP": float(np.mean(present)) if present else -1.0}
    assert telling >= at_least(CASES // 4)
    assert ignored >= at_least(CASES // 10)


A, B, FAR = [0.0, 0, 9, 9], [20.0, 0, 9, 9], [50.0, 50, 9, 9]


def mean_ap(annotations: list[Record], detections: list[Record], **options: Any) -> float:
    options.setdefault("protocol", "voc2012")
    return metrix.evaluate_detections(truth(*annotations), detections, **options).stats["mAP"]


def test_a_second_detection_of_an_object_is_wrong_even_beside_a_free_one() -> None:
    """COCO would give it the object that is left."""
    near = [1.0, 0, 9, 9]
    detections = [found(A, 0.9), found(A, 0.8)]
    assert mean_ap([thing(A), thing(near)], detections) == 0.5
    coco = metrix.evaluate_detections(truth(thing(A), thing(near)), detections)
    assert coco.stats["AP50"] == 1.0


def test_of_equal_overlaps_the_first_object_counts() -> None:
    left, right, middle = [0.0, 0, 9, 9], [2.0, 0, 9, 9], [1.0, 0, 9, 9]
    detections = [found(middle, 0.9), found(right, 0.8)]
    assert mean_ap([thing(left), thing(right)], detections) == 1.0
    assert mean_ap([thing(right), thing(left)], detections) == 0.5


def test_a_difficult_object_is_neither_found_nor_missed_by_any_number_of_detections() -> None:
    difficult = thing(B, ignore=1)
    assert mean_ap([thing(A), difficult], [found(B, 0.9), found(B, 0.8), found(A, 0.7)]) == 1.0
    assert mean_ap([thing(A), difficult], [found(A, 0.7)]) == 1.0
    assert mean_ap([difficult], [found(B, 0.7)]) == -1.0


def test_a_match_lies_above_the_threshold() -> None:
    half = [0.0, 0, 9, 4]  # five rows of ten: an overlap of exactly 1/2
    assert mean_ap([thing(A)], [found(half, 0.9)]) == 0.0
    assert mean_ap([thing(A)], [found(half, 0.9)], iou_thresholds=[0.49]) == 1.0
    assert mean_ap([thing(A)], [found(half, 0.9)], protocol=dataclasses.replace(VOC2012, is_strict=False)) == 1.0


def test_boxes_hold_the_pixels_of_their_corners() -> None:
    assert mean_ap([thing([3.0, 3, 0, 0])], [found([3.0, 3, 0, 0], 0.9)]) == 1.0
    without = dataclasses.replace(VOC2012, holds_corner_pixels=False)
    assert mean_ap([thing([3.0, 3, 0, 0])], [found([3.0, 3, 0, 0], 0.9)], protocol=without) == 0.0


def test_equal_scores_go_by_image_and_then_in_the_order_of_the_input() -> None:
    annotations = [thing(A, image_id=1)]
    ground_truth = truth(*annotations, images=2)
    for detections, expected in (
        ([found(FAR, 0.5, image_id=2), found(A, 0.5, image_id=1)], 1.0),
        ([found(FAR, 0.5), found(A, 0.5)], 0.5),
    ):
        assert metrix.evaluate_detections(ground_truth, detections, protocol="voc2012").stats["mAP"] == expected


def test_several_thresholds_have_a_mean() -> None:
    half = [0.0, 0, 9, 4]
    report = metrix.evaluate_detections(
        truth(thing(A)), [found(half, 0.9)], protocol="voc2012", iou_thresholds=[0.25, 0.75]
    )
    assert report.stats["mAP"] == 0.5
    assert report.average_precision(iou_threshold=0.25) == 1.0
    assert str(report) == "Mean AP = 0.5000"


def test_precision_has_no_term_in_its_denominator() -> None:
    report = metrix.evaluate_detections(truth(thing(A)), [found(A, 0.9)], protocol="voc2007")
    assert report.precision.tolist() == [[[[1.0]]] * 11]
    assert report.recall.tolist() == [[[1.0]]]


def test_masks() -> None:
    square: list[Any] = [[0.0, 0, 10, 0, 10, 10, 0, 10]]
    annotation = {**thing(A), "segmentation": square}
    detection = {"image_id": 1, "category_id": 1, "segmentation": square, "score": 0.5}
    assert mean_ap([annotation], [detection], iou_type="segm") == 1.0


def test_no_cap() -> None:
    with pytest.raises(ValueError, match="max_detections: protocol 'voc2012' has no cap"):
        mean_ap([thing(A)], [], max_detections=[100])
    many = [found(FAR, 0.9)] * 400 + [found(A, 0.8)]
    assert mean_ap([thing(A)], many) == pytest.approx(1 / 401)
    assert metrix.evaluate_detections(truth(thing(A)), many, protocol="voc2012").to_dict()["max_detections"] == []


def test_no_detections_and_no_objects() -> None:
    assert mean_ap([thing(A)], []) == 0.0
    assert mean_ap([], [found(A, 0.5)]) == -1.0
