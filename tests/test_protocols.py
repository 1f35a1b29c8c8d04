"""metrix.protocols: what the rows have in common, and the kernels behind the limits and the federated data sets."""

from __future__ import annotations

import dataclasses
import importlib
import json
import pickle
from typing import Any

import numpy as np
import pytest

import metrix
from effort import cases
from golden.fixture import FAR, found, mask_found, thing
from golden.lvis import SQUARE_RLE, TWO_MASKS, A, B, federated
from metrix import _core
from metrix.protocols import CROWDPOSE, LVIS, PROTOCOLS, DetectionProtocol
from metrix.records import Detections, GroundTruth

ROWS = [(name, iou_type) for name, row in PROTOCOLS.items() for iou_type in row]


@pytest.mark.parametrize(("name", "iou_type"), ROWS)
def test_every_row_evaluates(name: str, iou_type: Any) -> None:
    protocol = PROTOCOLS[name][iou_type]
    assert protocol.name == name
    truth = federated(thing(A), thing(B))
    outline = {"segmentation": [[0, 0, 0, 10, 10, 10, 10, 0]]}
    shape: dict[str, Any] = {
        "bbox": {"bbox": A},
        "segm": outline,
        "boundary": outline,
        "keypoints": {"keypoints": [5, 5, 2] * len(protocol.sigmas)},
    }[iou_type]
    for annotation in truth["annotations"]:
        annotation |= shape
    report = metrix.evaluate_detections(
        truth, [{"image_id": 1, "category_id": 1, "score": 0.5, **shape}], iou_type=iou_type, protocol=name
    )
    assert len(str(report).splitlines()) == len(protocol.summary) == len(report.stats)
    assert report.to_dict()["protocol"] == name
    assert report.precision.shape[2] == 2
    assert pickle.loads(pickle.dumps(protocol)).summary == protocol.summary


def test_an_unknown_iou_type_of_a_protocol_is_refused() -> None:
    expected = "iou_type: expected one of 'bbox', 'segm', 'boundary' for protocol 'lvis', got 'keypoints'"
    with pytest.raises(ValueError, match=expected):
        metrix.evaluate_detections(federated(thing(A)), [], protocol="lvis", iou_type="keypoints")


def test_a_limit_of_an_image_is_one_number() -> None:
    with pytest.raises(ValueError, match=r"max_detections: expected one cap for each image, got \[1, 10\]"):
        metrix.evaluate_detections(federated(thing(A)), [], protocol="lvis", max_detections=[1, 10])


def test_crowdpose_equals_the_reference_with_its_sigmas_and_areas(rng: np.random.Generator) -> None:
    reference = pytest.importorskip("pycocotools") and importlib.import_module("parity.reference")

    def configure(params: Any) -> None:
        params.kpt_oks_sigmas = CROWDPOSE.sigmas
        params.areaRng, params.areaRngLbl = [[0, 1e10]], ["all"]

    telling = 0
    for _ in range(cases(100)):
        people = []
        for number in range(1, int(rng.integers(2, 6))):
            points = np.column_stack([rng.uniform(0, 60, (14, 2)), rng.integers(0, 3, 14)])
            box = [float(v) for v in (*rng.uniform(0, 9, 2), *rng.uniform(20, 90, 2))]
            pose = {"keypoints": points.ravel().tolist(), "num_keypoints": int((points[:, 2] > 0).sum())}
            people.append({"id": number, "image_id": 1, "category_id": 1, "bbox": box, "iscrowd": 0, **pose})
        detections = []
        for person in people * 2:
            moved = np.reshape(person["keypoints"], (14, 3)) + rng.normal(0, 4, (14, 3))
            detections.append({"image_id": 1, "category_id": 1, "keypoints": moved.ravel().tolist()})
            detections[-1]["score"] = float(rng.random())
        truth = {"images": [{"id": 1}], "categories": [{"id": 1}], "annotations": people}
        report = metrix.evaluate_detections(truth, detections, iou_type="keypoints", protocol="crowdpose")
        # The reference knows the field alone; CrowdPose has none, and takes the share of the box.
        known = [{**person, "area": person["bbox"][3] * person["bbox"][2] * 0.53} for person in people]
        expected = reference.evaluate({**truth, "annotations": known}, detections, "keypoints", configure)
        assert np.array_equal(report.precision, expected.precision)
        assert np.array_equal(report.recall, expected.recall)
        telling += 0 < report.stats["AP"] < 1
    assert telling > cases(100) / 2


# ---- LVIS ---------------------------------------------------------------------------------------------------------


def test_keep_best_equals_a_stable_sort(rng: np.random.Generator) -> None:
    for case in range(cases(400)):
        count, groups = int(rng.integers(0, 60)), int(rng.integers(1, 6))
        group = rng.integers(-1, groups, count).astype(np.int32)
        if case % 3 == 0:
            group = np.sort(np.maximum(group, 0))
        score = rng.choice([0.0, -0.0, 0.5, 0.25, np.nan, np.inf, 1.0], count)
        limit = int(rng.integers(0, 12))
        expected = np.zeros(count, dtype=np.uint8)
        for each in range(groups):
            rows = np.flatnonzero(group == each)
            expected[rows[np.argsort(-score[rows], kind="stable")[:limit]]] = 1
        kept = _core.detection.keep_best(group, groups, score, limit, num_threads=(1, 2, 7)[case % 3])
        assert kept.tolist() == expected.tolist()


def test_judge_federated_equals_sets(rng: np.random.Generator) -> None:
    for case in range(cases(400)):
        images, categories = int(rng.integers(1, 5)), int(rng.integers(1, 6))

        def rows(count: int) -> tuple[Any, Any]:
            return (
                rng.integers(-1, images, count).astype(np.int32),  # noqa: B023  (called at once)
                rng.integers(-1, categories, count).astype(np.int32),  # noqa: B023
            )

        def lists() -> tuple[Any, Any]:
            offset = np.concatenate([[0], np.cumsum(rng.integers(0, 4, images))]).astype(np.int64)  # noqa: B023
            return offset, rng.integers(-1, categories, offset[-1]).astype(np.int32)  # noqa: B023

        truth, detections = rows(int(rng.integers(0, 8))), rows(int(rng.integers(0, 30)))
        if case % 3 == 0:
            detections = np.sort(np.maximum(detections[0], 0)), detections[1]
        (absent_offset, absent), (excused_offset, not_exhaustive) = lists(), lists()
        judged, excused = _core.detection.judge_federated(
            image_count=images,
            category_count=categories,
            ground_truth_image=truth[0],
            ground_truth_category=truth[1],
            absent_offset=absent_offset,
            absent=absent,
            not_exhaustive_offset=excused_offset,
            not_exhaustive=not_exhaustive,
            image=detections[0],
            category=detections[1],
            num_threads=(1, 2, 7)[case % 3],
        )
        for row, (image, category) in enumerate(zip(*detections, strict=True)):
            shown = {c for i, c in zip(*truth, strict=True) if i == image}
            known = image >= 0 and category >= 0
            listed = {*absent[absent_offset[image] : absent_offset[image + 1]]} if known else set()
            partly = {*not_exhaustive[excused_offset[image] : excused_offset[image + 1]]} if known else set()
            assert judged[row] == (known and category in shown | listed)
            assert excused[row] == (known and category in partly)


def test_lists_of_another_shape_are_refused() -> None:
    nothing = np.zeros(0, dtype=np.int32)
    arguments: dict[str, Any] = {
        "image_count": 1,
        "category_count": 2,
        "ground_truth_image": nothing,
        "ground_truth_category": nothing,
        "absent_offset": np.array([0, 1]),
        "absent": np.array([1], dtype=np.int32),
        "not_exhaustive_offset": np.array([0, 0]),
        "not_exhaustive": nothing,
        "image": nothing,
        "category": nothing,
        "num_threads": 1,
    }
    _core.detection.judge_federated(**arguments)
    for change in ({"absent_offset": np.array([0, 2])}, {"absent_offset": np.array([1, 1])}, {"category_count": 1}):
        with pytest.raises(ValueError, match="absent"):
            _core.detection.judge_federated(**{**arguments, **change})


def lvis_like(rng: np.random.Generator) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Three images, one of them listed twice with other lists, and three categories."""
    annotations = [thing(A, image_id=int(rng.integers(1, 4)), category_id=int(rng.integers(1, 4))) for _ in range(6)]
    truth = federated(*annotations, images=3, frequencies="rcf")
    for image in truth["images"]:
        image["neg_category_ids"] = [int(c) for c in rng.integers(1, 4, int(rng.integers(0, 3)))]
        image["not_exhaustive_category_ids"] = [int(c) for c in rng.integers(1, 4, int(rng.integers(0, 2)))]
    truth["images"].append({**truth["images"][0], "neg_category_ids": [3], "not_exhaustive_category_ids": []})
    detections = [
        found([A, B, FAR][int(rng.integers(3))], float(rng.random()), image_id=int(rng.integers(1, 4)))
        | {"category_id": int(rng.integers(1, 4))}
        for _ in range(20)
    ]
    return truth, detections


def test_columns_give_the_numbers_of_records(rng: np.random.Generator) -> None:
    for _ in range(cases(100)):
        truth, detections = lvis_like(rng)
        expected = metrix.evaluate_detections(truth, detections, protocol="lvis")
        columns = GroundTruth.from_arrays(
            **{
                name: [a[name] for a in truth["annotations"]]
                for name in ("image_id", "category_id", "bbox", "area", "id")
            },
            image_ids=[image["id"] for image in truth["images"]],
            category_ids=[category["id"] for category in truth["categories"]],
            category_frequencies=[category["frequency"] for category in truth["categories"]],
            neg_category_ids=[image["neg_category_ids"] for image in truth["images"]],
            not_exhaustive_category_ids=[image["not_exhaustive_category_ids"] for image in truth["images"]],
        )
        rows = {name: [d[name] for d in detections] for name in ("image_id", "category_id", "bbox", "score")}
        report = metrix.evaluate_detections(columns, Detections.from_arrays(**rows), protocol="lvis")
        assert report.stats == expected.stats
        assert np.array_equal(report.precision, expected.precision)
        assert np.array_equal(pickle.loads(pickle.dumps(report)).recall, expected.recall)


def test_text_ids() -> None:
    truth = json.loads(json.dumps(federated(thing(A), thing(B, category_id=2), absent=[2], not_exhaustive=[1])))
    detections = [found(A, 0.9), found(FAR, 0.8), found(FAR, 0.95, category_id=2), found(B, 0.7, category_id=2)]
    expected = metrix.evaluate_detections(truth, detections, protocol="lvis").stats
    for record in (*truth["annotations"], *detections):
        record["category_id"] = f"c{record['category_id']}"
    for record in truth["categories"]:
        record["id"] = f"c{record['id']}"
    for record in truth["images"]:
        record["neg_category_ids"], record["not_exhaustive_category_ids"] = ["c2"], ["c1"]
    for source in (truth, json.dumps(truth).encode()):
        assert metrix.evaluate_detections(source, detections, protocol="lvis").stats == expected


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"neg_category_ids": 3}, r"images\[0\].neg_category_ids: expected a"),
        ({"neg_category_ids": [1, "x"]}, r"images\[0\].neg_category_ids: expected an integer like the ids before it"),
        (
            {"not_exhaustive_category_ids": [1.5]},
            r"images\[0\].not_exhaustive_category_ids: expected text or an integer",
        ),
    ],
    ids=str,
)
def test_bad_lists_are_named(change: dict[str, Any], message: str) -> None:
    truth = federated(thing(A))
    truth["images"][0] |= change
    for source in (truth, json.dumps(truth).encode()):
        with pytest.raises(ValueError, match=message):
            metrix.evaluate_detections(source, [], protocol="lvis")
        metrix.evaluate_detections(source, [])  # COCO does not look at them


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"neg_category_ids": [[1]]}, "neg_category_ids: expected image_ids with it"),
        ({"image_ids": [1, 2], "neg_category_ids": [[1]]}, "neg_category_ids: expected 2 rows"),
        ({"category_frequencies": ["r"]}, "category_frequencies: expected category_ids with it"),
        ({"category_ids": [1], "category_frequencies": ["r", "c"]}, "category_frequencies: expected 1 rows"),
    ],
    ids=str,
)
def test_bad_columns_are_named(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        GroundTruth.from_arrays(image_id=[1], category_id=[1], bbox=[A], **arguments)


def test_tables_and_curves_of_lvis() -> None:
    truth = federated(thing(A), thing(B, category_id=2), absent=[2], frequencies="rf")
    detections = [found(A, 0.9), found(FAR, 0.8, category_id=2), found(B, 0.7, category_id=2)]
    report = metrix.evaluate_detections(truth, detections, protocol="lvis")
    assert report.per_category["frequency"].tolist() == ["r", "f"]
    assert "APr" not in report.per_category
    assert report.curve(2).precision.tolist() == [0.0, 0.5]
    assert report.average_precision(category_id=2, max_detections=300) == pytest.approx(0.5)
    assert report.precision.shape == (10, 101, 2, 4)
    assert report.scores.shape == (10, 101, 2, 4)
    assert report.recall.shape == (10, 2, 4)
    assert report.stats["APr"] == pytest.approx(1.0)
    assert report.stats["APf"] == pytest.approx(0.5)
    assert report.stats["APc"] == -1.0


def test_the_first_detection_may_be_of_no_category_and_decides_all_the_same() -> None:
    detections = [mask_found(SQUARE_RLE, 0.9, category_id=77), mask_found(SQUARE_RLE, 0.8)]
    report = metrix.evaluate_detections(TWO_MASKS, detections, iou_type="segm", protocol="lvis_fixed")
    assert report.quirk_counts.get("area_from_bbox", 0) == 0
    assert report.stats["AP"] == pytest.approx(0.5)


def test_a_variant_of_lvis_by_replace() -> None:
    no_federation: DetectionProtocol = dataclasses.replace(LVIS, is_federated=False)
    truth = federated(thing(A), thing(B, category_id=2, image_id=2), images=2)
    detections = [found(FAR, 0.9, category_id=2), found(B, 0.8, category_id=2, image_id=2)]
    assert metrix.evaluate_detections(truth, detections, protocol="lvis").stats["AP"] == pytest.approx(0.5)
    assert metrix.evaluate_detections(truth, detections, protocol=no_federation).stats["AP"] == pytest.approx(0.25)
