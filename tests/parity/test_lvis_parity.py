"""LVIS against lvis 0.5.3, every bit: random data sets, and the real annotations of a hundred images."""

from __future__ import annotations

import copy
import json
import os
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("lvis")
import metrix
from effort import THOROUGH
from metrix.protocols import LVIS
from parity import lvis_reference
from parity.lvis_sets import LvisSet, lvis_set

CASES = int(os.environ.get("METRIX_PARITY_CASES", "12"))
FIRST_SEED = int(os.environ.get("METRIX_TEST_SEED", "0"))
SHARED = Path(os.environ.get("METRIX_SHARED_DATA", Path(__file__).parents[3] / "shared" / "data"))
REAL = SHARED / "lvis_val_100" / "lvis_val_100.json"


def expected_of(data: LvisSet, **options: Any) -> lvis_reference.Evaluation:
    """The reference's answer. It cannot start without detections, so it then gets one of a category that it leaves out."""
    detections = data.detections
    if not detections:
        image_id = data.ground_truth["images"][0]["id"]
        detections = [{"image_id": image_id, "category_id": 987654, "score": 0.5, "bbox": [0, 0, 1, 1]}]
    return lvis_reference.evaluate(data.ground_truth, detections, data.iou_type, data.configure, **options)


def differences(report: metrix.DetectionReport, expected: lvis_reference.Evaluation) -> list[str]:
    """What of a report differs from the reference in any bit; empty if nothing does."""
    lines = [
        f"{name}: {int((found != wanted).sum()) if found.shape == wanted.shape else found.shape}"
        for name, found, wanted in (
            ("precision", report.precision, expected.precision),
            ("recall", report.recall, expected.recall),
        )
        if not np.array_equal(found, wanted)
    ]
    if expected.results and list(report.stats.items()) != list(expected.results.items()):
        lines.append(f"stats: {report.stats} {expected.results}")
    if expected.printed and f"{report}\n" != expected.printed:
        lines.append(f"text:\n{report}\n{expected.printed}")
    return lines


@pytest.mark.parity
@pytest.mark.parametrize("iou_type", ["bbox", "segm"])
def test_random_sets_equal_the_reference(iou_type: Any) -> None:
    failures, telling, unjudged = [], 0, 0
    for seed in range(FIRST_SEED, FIRST_SEED + CASES):
        data = lvis_set(np.random.default_rng([seed, len(iou_type)]), iou_type)
        cap = data.options.get("max_detections", [300])[0]
        expected = expected_of(data, max_detections=cap)
        inputs: list[Any] = [data.ground_truth, data.detections]
        before = copy.deepcopy(inputs)
        if seed % 4 == 3:
            inputs = [json.dumps(some, default=bytes.decode).encode() for some in inputs]
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            report = metrix.evaluate_detections(
                *inputs, iou_type=iou_type, protocol="lvis", num_threads=(1, 2, 7)[seed % 3], **data.options
            )
        assert repr(before) == repr([data.ground_truth, data.detections])
        failures += [f"seed {seed}: {line}" for line in differences(report, expected)]
        telling += bool(((expected.precision > 0) & (expected.precision < 0.99)).any())
        unjudged += bool(report.quirk_counts["unjudged_detection"])
    assert not failures, f"{len(failures)} of {CASES} sets differ, such as\n" + "\n".join(failures[:5])
    assert telling >= CASES / 5
    assert unjudged >= CASES / 20


def best_of_each_category(detections: list[dict[str, Any]], budget: int) -> list[dict[str, Any]]:
    """The definition of Fixed AP: the best detections of each category over all images, and no limit of an image."""
    by_category: dict[Any, list[dict[str, Any]]] = {}
    for detection in detections:
        by_category.setdefault(detection["category_id"], []).append(detection)
    ordered = [sorted(some, key=lambda one: -one["score"])[:budget] for some in by_category.values()]
    return [detection for some in ordered for detection in some]


@pytest.mark.parity
@pytest.mark.parametrize("iou_type", ["bbox", "segm"])
def test_fixed_ap_equals_the_reference_on_the_best_of_each_category(iou_type: Any) -> None:
    failures, cut = [], 0
    for seed in range(FIRST_SEED, FIRST_SEED + CASES):
        rng = np.random.default_rng([seed, len(iou_type), 1])
        data = lvis_set(rng, iou_type)
        for detection in data.detections:
            detection["score"] = float(np.nan_to_num(detection["score"]))
        budget = int(rng.integers(1, 20))
        data.options["max_detections"] = [budget]
        report = metrix.evaluate_detections(
            data.ground_truth,
            data.detections,
            iou_type=iou_type,
            protocol="lvis_fixed",
            num_threads=(1, 2, 7)[seed % 3],
            **data.options,
        )
        kept = best_of_each_category(data.detections, budget)
        cut += len(kept) < len(data.detections)
        data.detections = kept
        expected = expected_of(data, max_detections=-1)
        same = np.array_equal(report.precision, expected.precision) and np.array_equal(report.recall, expected.recall)
        if not same or (expected.results and list(report.stats.values()) != list(expected.results.values())):
            failures.append(seed)
    assert not failures
    assert cut >= CASES / 20


@pytest.mark.parity
@pytest.mark.skipif(not REAL.exists(), reason="the data set is not here")
@pytest.mark.parametrize("iou_type", ["bbox", "segm"])
def test_real_annotations_equal_the_reference(iou_type: Any) -> None:
    truth = json.loads(REAL.read_text())
    if not THOROUGH:
        truth = first_images(truth, 10)
    detections = made_up_detections(truth, iou_type)
    expected = lvis_reference.evaluate(truth, detections, iou_type)
    report = metrix.evaluate_detections(truth, detections, iou_type=iou_type, protocol="lvis")
    assert not differences(report, expected)
    assert report.precision.shape == (10, 101, len(truth["categories"]), len(LVIS.area_ranges))
    assert 0 < report.stats["AP"] < 1


def first_images(truth: dict[str, Any], count: int) -> dict[str, Any]:
    images = truth["images"][:count]
    known = {image["id"] for image in images}
    annotations = [annotation for annotation in truth["annotations"] if annotation["image_id"] in known]
    seen = {annotation["category_id"] for annotation in annotations}
    seen |= {id for image in images for id in image["neg_category_ids"]}
    categories = [category for category in truth["categories"] if category["id"] in seen]
    return {"images": images, "annotations": annotations, "categories": categories}


def made_up_detections(truth: dict[str, Any], iou_type: str) -> list[dict[str, Any]]:
    """Objects found more or less, and 350 wrong detections of an image, in categories known and unknown there."""
    rng = np.random.default_rng(7)
    detections = []
    for annotation in truth["annotations"]:
        shift = rng.normal(0, 3, 2)
        box = [float(v) for v in (*(annotation["bbox"][:2] + shift), *annotation["bbox"][2:])]
        detections.append({"image_id": annotation["image_id"], "category_id": annotation["category_id"], "bbox": box})
        if iou_type == "segm":
            polygons = [(np.reshape(p, (-1, 2)) + shift).ravel().tolist() for p in annotation["segmentation"]]
            detections[-1]["segmentation"] = polygons
    categories = [category["id"] for category in truth["categories"]]
    for image in truth["images"]:
        for i in range(350):
            known = image["neg_category_ids"] + image["not_exhaustive_category_ids"] if i % 3 else categories
            box = [float(v) for v in rng.uniform(1, 200, 4)]
            id = int(rng.choice(known or categories))
            detections.append({"image_id": image["id"], "category_id": id, "bbox": box})
    for detection in detections:
        detection["score"] = round(float(rng.random()), 2)
    rng.shuffle(detections)  # type: ignore[arg-type]
    return detections
