"""Real data and the shipped sample against the reference, every bit. METRIX_SHARED_DATA says where the real data lies."""

from __future__ import annotations

import copy
import json
import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

import metrix
from effort import THOROUGH, thorough
from parity import reference
from parity.random_sets import DataSet

TESTS = Path(__file__).parent.parent
SAMPLE = TESTS / "data" / "sample"
SHARED = Path(os.environ.get("METRIX_SHARED_DATA", TESTS.parent.parent / "shared" / "data"))
COCO = SHARED / "coco_val2014_100"
OFFICIAL = COCO / "val2014_fake_eval_res.txt"


@dataclass(frozen=True)
class Case:
    ground_truth: Path
    detections: Path
    iou_type: str

    @property
    def name(self) -> str:
        return f"{self.detections.stem}-as-{self.iou_type}"


INSTANCES = COCO / "instances_val2014_100.json"
BOXES = COCO / "instances_val2014_fakebbox100_results.json"
MASKS = COCO / "instances_val2014_fakesegm100_results.json"
PERSONS, POSES = SHARED / "keypoints_small" / "gt.json", SHARED / "keypoints_small" / "dt.json"
LVIS = SHARED / "lvis_val_100" / "lvis_val_100.json"

# Each as what it is, and as what else the reference makes of it: rectangles of boxes, boxes around masks and poses.
CASES = [
    *(Case(INSTANCES, found, iou_type) for found in (BOXES, MASKS) for iou_type in ("bbox", "segm") if THOROUGH),
    *(Case(PERSONS, POSES, iou_type) for iou_type in ("keypoints", "bbox")),
    *(Case(SAMPLE / "instances.json", SAMPLE / f"{n}.json", t) for n in ("boxes", "masks") for t in ("bbox", "segm")),
    *(Case(SAMPLE / "persons.json", SAMPLE / "keypoints.json", t) for t in ("keypoints", "bbox")),
]


def needs(path: Path) -> None:
    if not path.exists():
        pytest.skip(f"{path.name}: no such file; METRIX_SHARED_DATA says where it lies")


@pytest.mark.parity
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_real_sets_equal_the_reference(case: Case) -> None:
    pytest.importorskip("pycocotools")
    needs(case.ground_truth)
    expected = reference.evaluate(case.ground_truth, case.detections, case.iou_type)
    assert expected.stats[0] > 0.05, "a set without hits would prove nothing"
    for num_threads in (1, 2, 7):
        report = metrix.evaluate_detections(
            case.ground_truth,
            case.detections,
            iou_type=case.iou_type,  # type: ignore[arg-type]
            num_threads=num_threads,
        )
        assert reference.differences(report, expected) == []
        assert f"{report}\n" == expected.printed


@thorough
@pytest.mark.parity
@pytest.mark.parametrize("iou_type", ["bbox", "segm"])
def test_lvis_ground_truth_against_itself_moved(iou_type: str) -> None:
    """LVIS objects evaluated by COCO's rules: many categories, most of them on few images."""
    pytest.importorskip("pycocotools")
    needs(LVIS)
    ground_truth = json.loads(LVIS.read_text())
    for annotation in ground_truth["annotations"]:
        annotation["iscrowd"] = 0
    present = sorted({annotation["category_id"] for annotation in ground_truth["annotations"]})
    options = {"categories": present}
    data = DataSet(iou_type, ground_truth, [moved(a, i) for i, a in enumerate(ground_truth["annotations"])], options)
    expected = reference.evaluate(data.ground_truth, data.detections, iou_type, data.configure)
    report = metrix.evaluate_detections(
        data.ground_truth,
        data.detections,
        iou_type=iou_type,  # type: ignore[arg-type]
        **options,  # type: ignore[arg-type]
    )
    assert reference.differences(report, expected) == []
    assert 0.05 < report.stats["AP"] < 0.95


def moved(annotation: dict[str, Any], number: int) -> dict[str, Any]:
    """An annotation as a detection some pixels off; every fifth one is of another category."""
    record = {name: copy.deepcopy(annotation[name]) for name in ("image_id", "category_id", "bbox", "segmentation")}
    by = float(number % 4)
    record["bbox"][0] += by
    record["segmentation"] = [
        [value + by * (place % 2 == 0) for place, value in enumerate(polygon)] for polygon in record["segmentation"]
    ]
    if number % 5 == 0:
        record["category_id"] = annotation["category_id"] % 1230 + 1
    return {**record, "score": (number * 37 % 101) / 101}


@pytest.mark.parametrize(("iou_type", "detections"), [("bbox", BOXES), ("segm", MASKS)])
def test_official_summary(iou_type: str, detections: Path) -> None:
    """The twelve numbers that the COCO API publishes for its own example."""
    needs(OFFICIAL)
    report = metrix.evaluate_detections(INSTANCES, detections, iou_type=iou_type)  # type: ignore[arg-type]
    published = OFFICIAL.read_text()
    section = published[published.index(f"type={iou_type}\n") :]
    numbers = [float(text) for text in re.findall(r"\] = (\d\.\d+)", section)[:12]]
    assert [round(value, 3) for value in report.stats.values()] == pytest.approx(numbers, abs=1e-12)
