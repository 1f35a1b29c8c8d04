"""evaluate_detections: arguments, input forms, what the options mean. The corner cases stand in tests/golden."""

from __future__ import annotations

import copy
import gzip
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import metrix
from golden.capture import all_fixtures
from golden.fixture import BOX, FAR, Evaluation, found, person, pose_found, thing, truth
from metrix import Detections, GroundTruth, evaluate_detections
from metrix._quirks import QUIRKS
from metrix.protocols import COCO_DETECTION, COCO_KEYPOINT_SIGMAS
from metrix.records import read_detections, read_ground_truth

SAMPLE = Path(__file__).parent / "data" / "sample"
A, B, C = ([20.0 * i, 0, 10, 10] for i in range(3))
TWO = truth(thing(A), thing(B))
BOTH = [found(A, 0.9), found(B, 0.8)]


def bits_of(report: metrix.DetectionReport) -> list[bytes]:
    stats = np.array(list(report.stats.values()))
    return [array.tobytes() for array in (report.precision, report.recall, report.scores, stats)]


# ---- arguments ------------------------------------------------------------------------------------------------------

BAD_ARGUMENTS: list[tuple[dict[str, Any], str]] = [
    ({"iou_type": "boxes"}, "iou_type: expected 'bbox', 'segm', 'boundary' or 'keypoints', got 'boxes'"),
    ({"protocol": "voc"}, "protocol: expected one of ['coco', "),
    ({"semantics": "strict"}, "semantics: expected 'pycocotools' or 'corrected', got 'strict'"),
    ({"iou_thresholds": []}, "iou_thresholds: expected at least one threshold"),
    ({"iou_thresholds": [0.5, float("nan")]}, "iou_thresholds[1]: expected a number, got NaN"),
    ({"iou_thresholds": 0.5}, "iou_thresholds: expected shape"),
    ({"iou_thresholds": [[0.5]]}, "iou_thresholds: expected shape"),
    ({"recall_thresholds": []}, "recall_thresholds: expected at least one threshold"),
    ({"recall_thresholds": [float("nan")]}, "recall_thresholds[0]: expected a number, got NaN"),
    ({"area_ranges": {}}, "area_ranges: expected at least one range"),
    ({"area_ranges": {"all": (0, 1), "odd": 5}}, "area_ranges['odd']: expected (low, high), got 5"),
    ({"area_ranges": {"odd": (1, 2, 3)}}, "area_ranges['odd']: expected (low, high)"),
    ({"area_ranges": {"odd": ("a", 3)}}, "area_ranges['odd']: expected (low, high)"),
    ({"area_ranges": {"odd": (0, float("nan"))}}, "area_ranges['odd']: expected numbers, got NaN"),
    ({"max_detections": []}, "max_detections: expected integers >= 1"),
    ({"max_detections": [0, 5]}, "max_detections: expected integers >= 1, got 0"),
    ({"max_detections": [5, 5]}, "max_detections: expected each cap once"),
    ({"max_detections": [1.5]}, "max_detections: expected integers >= 1"),
    ({"max_detections": 100}, "max_detections: expected integers >= 1"),
    ({"categories": [1, 7]}, "categories[1]: 7 is not in the ground truth"),
    ({"categories": ["cat"]}, "categories[0]: 'cat' is not in the ground truth"),
    ({"images": [5]}, "images[0]: 5 is not in the ground truth"),
    ({"images": [1, 1.5]}, "images[1]: expected a whole number"),
    ({"sigmas": [[0.1]]}, "sigmas: expected shape"),
    ({"num_threads": 0}, "num_threads"),
]


@pytest.mark.parametrize(("arguments", "message"), BAD_ARGUMENTS, ids=[str(a) for a, _ in BAD_ARGUMENTS])
def test_errors_name_the_argument(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError) as caught:
        evaluate_detections(TWO, BOTH, **arguments)
    assert str(caught.value).startswith(message)


@pytest.mark.parametrize("bad", [3, None, 2.5])
def test_errors_name_the_side(bad: Any) -> None:
    with pytest.raises(TypeError, match=r"^ground_truth: expected a path, bytes, a dict"):
        evaluate_detections(bad, BOTH)
    with pytest.raises(TypeError, match=r"^detections: expected a path, bytes, a list of dicts"):
        evaluate_detections(TWO, bad)


def test_text_and_integer_ids_do_not_meet() -> None:
    with pytest.raises(ValueError, match=r"detections\[0\].image_id: '1' .*ids are text here and integers there"):
        evaluate_detections(TWO, [found(A, 0.9, image_id="1")])


@pytest.mark.parametrize(
    ("iou_type", "of_truth", "of_detection"),
    [("bbox", "bbox", "bbox"), ("segm", "segmentation", "bbox"), ("keypoints", "keypoints", "keypoints")],
)
def test_missing_shapes_are_named(iou_type: Any, of_truth: str, of_detection: str) -> None:
    bare = {name: value for name, value in thing(A).items() if name != "bbox"}
    with pytest.raises(ValueError, match=rf"^annotations\[0\].{of_truth}: missing"):
        evaluate_detections(truth(bare), BOTH, iou_type=iou_type)
    full = truth(person([[1, 1]], segmentation=[[0, 0, 5, 0, 5, 5]]))
    without_shape = {"image_id": 1, "category_id": 1, "score": 1.0}
    with pytest.raises(ValueError, match=rf"^detections\[0\].{of_detection}: missing"):
        evaluate_detections(full, [without_shape], iou_type=iou_type)


# ---- input forms ----------------------------------------------------------------------------------------------------


def columns_of(ground_truth: dict[str, Any], detections: list[dict[str, Any]]) -> tuple[GroundTruth, Detections]:
    """The same as arrays."""
    annotations, images = ground_truth["annotations"], ground_truth["images"]
    shapes: dict[str, Any] = {}
    for name in ("segmentation", "num_keypoints"):
        if name in annotations[0]:
            shapes[name] = [annotation[name] for annotation in annotations]
    if "keypoints" in annotations[0]:
        shapes["keypoints"] = np.array([a["keypoints"] for a in annotations], dtype=float).reshape(
            len(annotations), -1, 3
        )
    found_shapes: dict[str, Any] = {
        name: [detection[name] for detection in detections]
        for name in ("bbox", "segmentation")
        if name in detections[0]
    }
    if "keypoints" in detections[0]:
        found_shapes["keypoints"] = np.array([d["keypoints"] for d in detections]).reshape(len(detections), -1, 3)

    def column(records: list[dict[str, Any]], name: str) -> list[Any]:
        return [record[name] for record in records]

    return (
        GroundTruth.from_arrays(
            image_id=column(annotations, "image_id"),
            category_id=np.array(column(annotations, "category_id"), dtype=np.int32),
            bbox=np.array(column(annotations, "bbox")),
            area=column(annotations, "area"),
            iscrowd=column(annotations, "iscrowd"),
            id=column(annotations, "id"),
            image_ids=column(images, "id"),
            image_sizes=[(image["height"], image["width"]) for image in images],
            category_ids=column(ground_truth["categories"], "id"),
            category_names=column(ground_truth["categories"], "name"),
            **shapes,
        ),
        Detections.from_arrays(
            image_id=column(detections, "image_id"),
            category_id=column(detections, "category_id"),
            score=column(detections, "score"),
            **found_shapes,
        ),
    )


@pytest.mark.parametrize(
    ("iou_type", "truth_name", "found_name"),
    [("bbox", "instances", "boxes"), ("segm", "instances", "masks"), ("keypoints", "persons", "keypoints")],
)
def test_every_input_form_gives_the_same_bits(iou_type: Any, truth_name: str, found_name: str, tmp_path: Path) -> None:
    paths = [SAMPLE / f"{truth_name}.json", SAMPLE / f"{found_name}.json"]
    texts = [path.read_bytes() for path in paths]
    records = [json.loads(text) for text in texts]
    zipped = [tmp_path / "truth.anything", tmp_path / "found.json.gz"]
    for path, text in zip(zipped, texts, strict=True):
        path.write_bytes(gzip.compress(text))
    before = copy.deepcopy(records)

    expected = evaluate_detections(*paths, iou_type=iou_type)
    assert 0.1 < expected.stats["AP"] < 0.9
    forms: dict[str, tuple[Any, Any]] = {
        "text paths": (str(paths[0]), str(paths[1])),
        "gzip": (zipped[0], zipped[1]),
        "bytes": (texts[0], bytearray(texts[1])),
        "a view and a stream": (memoryview(texts[0]), io.BytesIO(texts[1])),
        "records": (records[0], records[1]),
        "a tuple of records": (records[0], tuple(records[1])),
        "read before": (read_ground_truth(records[0]), read_detections(texts[1])),
        "columns": columns_of(records[0], records[1]),
    }
    if iou_type == "bbox":
        rows = [[d["image_id"], *d["bbox"], d["score"], d["category_id"]] for d in records[1]]
        forms["a table"] = (records[0], np.array(rows))
    for name, (ground_truth, detections) in forms.items():
        report = evaluate_detections(ground_truth, detections, iou_type=iou_type)
        assert bits_of(report) == bits_of(expected), name
        assert report.to_dict(per_category=True) == expected.to_dict(per_category=True), name
    assert records == before, "the input was changed"


def test_detections_evaluated_as_what_they_are_not_are_read_again() -> None:
    """Masks as boxes: from a file as from a list, the boxes around the masks."""
    instances, masks = SAMPLE / "instances.json", SAMPLE / "masks.json"
    from_file = evaluate_detections(instances, masks, iou_type="bbox")
    assert bits_of(from_file) == bits_of(evaluate_detections(instances, json.loads(masks.read_text())))
    assert from_file.stats["AP"] > 0.1


def test_progress_tells_each_part() -> None:
    parts: list[str] = []
    report = evaluate_detections(TWO, BOTH, progress=parts.append)
    assert parts == ["ground truth", "detections", "match", "accumulate"]
    assert set(report.seconds) == {"load", "match", "accumulate"}
    assert all(seconds >= 0 for seconds in report.seconds.values())


# ---- options, by hand -----------------------------------------------------------------------------------------------

#: IoU with A: 6/10.
LOOSE = [0, 0, 10, 6]


def test_iou_thresholds_give_the_layout_and_the_mean() -> None:
    report = evaluate_detections(TWO, [found(LOOSE, 0.9), found(B, 0.8)], iou_thresholds=[0.75, 0.5])
    assert report.precision.shape == (2, 101, 1, 4, 3)
    # At 0.75: wrong, right: 1/2 up to recall 1/2. At 0.5: both right.
    assert report.stats["AP75"] == pytest.approx(51 / 101 / 2, abs=1e-15)
    assert report.stats["AP50"] == 1
    assert report.stats["AP"] == pytest.approx((51 / 101 / 2 + 1) / 2, abs=1e-15)
    assert report.stats["AR100"] == 0.75


def test_recall_thresholds_are_where_precision_is_read() -> None:
    report = evaluate_detections(
        TWO, [found(A, 0.9), found(FAR, 0.8), found(B, 0.7)], recall_thresholds=[0, 0.5, 0.51, 1]
    )
    assert report.precision[0, :, 0, 0, 2].tolist() == [0.9999999999999998, 0.9999999999999998, 2 / 3, 2 / 3]
    assert report.scores[0, :, 0, 0, 2].tolist() == [0.9, 0.9, 0.7, 0.7]


def test_area_ranges_by_label() -> None:
    report = evaluate_detections(
        truth(thing(A, area=5), thing(B, area=50)),
        [found(B, 0.8)],
        area_ranges={"all": (0, 1e10), "small": (0, 5), "medium": (5, 50), "large": (50.1, 60)},
    )
    assert report.recall[0, 0, :, 2].tolist() == [0.5, 0.0, 0.5, -1.0]
    assert list(report.protocol.area_ranges) == ["all", "small", "medium", "large"]


def test_caps_cut_each_image() -> None:
    report = evaluate_detections(TWO, BOTH, max_detections=[2, 1, 100])
    assert list(report.stats)[6:9] == ["AR1", "AR2", "AR100"]
    assert list(report.stats.values())[6:9] == [0.5, 1.0, 1.0]


def test_categories_and_images_are_chosen() -> None:
    ground_truth = truth(thing(A), thing(A, category_id=2), thing(A, image_id=2), images=3, categories=2)
    detections = [found(A, 0.9), found(FAR, 0.9, category_id=2), found(FAR, 0.9, image_id=2)]
    one = evaluate_detections(ground_truth, detections, categories=[2], images=[1, 3])
    assert (one.category_ids.tolist(), one.image_ids.tolist()) == ([2], [1, 3])
    assert one.stats["AR100"] == 0
    other = evaluate_detections(ground_truth, detections, categories=1, images=1)  # type: ignore[arg-type]
    assert other.stats["AR100"] == 1
    none = evaluate_detections(ground_truth, detections, categories=[], images=[])
    assert none.precision.shape == (10, 101, 0, 4, 3)
    assert set(none.stats.values()) == {-1.0}


def test_without_categories_all_are_one() -> None:
    ground_truth = truth(thing(A), thing(B, category_id=2), categories=2)
    swapped = [found(A, 0.9, category_id=2), found(B, 0.8)]
    assert evaluate_detections(ground_truth, swapped).stats["AP"] == 0
    report = evaluate_detections(ground_truth, swapped, use_categories=False)
    assert report.stats["AP"] == 1
    assert (report.category_ids.tolist(), report.category_names) == ([-1], ("all",))


def test_sigmas_scale_the_tolerance() -> None:
    ground_truth, pose = truth(person([[2, 2], [8, 8]])), [pose_found([[3, 2], [9, 8]], 0.9)]
    for sigma, hits in ((0.05, 3), (0.5, 10), (0.01, 0)):
        # exp(-1 / (2 sigma)^2 / 100 / 2), of the thresholds 0.50, 0.55, ...
        report = evaluate_detections(ground_truth, pose, iou_type="keypoints", sigmas=[sigma, sigma])
        assert report.stats["AR"] == pytest.approx(hits / 10, abs=1e-15)
        # A single one serves all.
        assert bits_of(report) == bits_of(evaluate_detections(ground_truth, pose, iou_type="keypoints", sigmas=[sigma]))
    assert len(COCO_KEYPOINT_SIGMAS) == 17


def test_protocol_may_be_given_whole() -> None:
    report = evaluate_detections(TWO, BOTH, protocol=COCO_DETECTION, max_detections=[1, 2, 100])
    assert report.protocol.max_detections == (1, 2, 100)
    assert COCO_DETECTION.max_detections == (1, 10, 100)


def test_text_ids_of_images_and_categories() -> None:
    ground_truth = truth(thing(A, image_id="b", category_id="cat"), images=["b", "a"], categories=["dog", "cat"])
    detections = [found(A, 0.9, image_id="b", category_id="cat")]
    report = evaluate_detections(ground_truth, detections, categories=["cat"], images=["b", "a"])
    assert (report.category_ids.tolist(), report.image_ids.tolist()) == (["cat"], ["a", "b"])
    assert report.stats["AR100"] == 1
    assert report.curve("cat").recall.tolist() == [1.0]


# ---- quirks ---------------------------------------------------------------------------------------------------------


def test_every_quirk_has_a_fixture_and_every_corrected_one_a_number() -> None:
    fixtures = [fixture for fixture in all_fixtures().values() if isinstance(fixture, Evaluation)]
    counted = {name for fixture in fixtures for name, count in fixture.quirks.items() if count > 0}
    # Of one call no image comes twice: tests/test_evaluator.py has those.
    assert counted == set(QUIRKS) - {"repeated_image", "repeated_image_differs"}
    corrected = {name for f in fixtures if f.corrected_stats is not None for name in f.quirks}
    assert {name for name, (_, is_corrected) in QUIRKS.items() if is_corrected} <= corrected


def test_no_quirk_without_cause() -> None:
    assert evaluate_detections(TWO, BOTH).quirks == ()


@pytest.mark.parametrize(
    ("annotation", "quirk"),
    [
        (thing(C, id=0), "annotation_id_zero"),
        (thing(C, ignore=1), "ignore_flag_overwritten"),
        (thing(C, area=1024), "area_on_border"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_quirks_count_what_is_evaluated(annotation: dict[str, Any], quirk: str) -> None:
    """An annotation on an image that is left out touches no number, so it is not counted."""
    ground_truth = truth(thing(A), thing(B), {**annotation, "image_id": 2}, images=2)

    def count(**options: Any) -> int:
        report = evaluate_detections(ground_truth, BOTH, **options)
        return {q.name: q.count for q in report.quirks}.get(quirk, 0)

    assert (count(), count(images=[1]), count(images=[2])) == (1, 0, 1)


def test_corrected_semantics_agree_where_no_quirk_is() -> None:
    plain = evaluate_detections(SAMPLE / "instances.json", SAMPLE / "boxes.json")
    corrected = evaluate_detections(SAMPLE / "instances.json", SAMPLE / "boxes.json", semantics="corrected")
    assert not [q for q in plain.quirks if q.is_corrected and q.name != "lone_true_positive"]
    assert np.abs(plain.precision - corrected.precision).max() <= 2.3e-16
    assert plain.recall.tobytes() == corrected.recall.tobytes()
    assert corrected.semantics == "corrected"


# ---- numbers beyond all pixels --------------------------------------------------------------------------------------


@pytest.mark.parametrize("make", [lambda box: found(box, 1), lambda box: found(box, 1, keypoints=[1e308, -1e308, 1])])
def test_boxes_beyond_all_pixels_are_evaluated_without_a_warning(make: Callable[[list[float]], Any]) -> None:
    """Warnings are errors here; areas overflow to infinity, in silence as in plain Python."""
    ground_truth = truth({name: value for name, value in thing([0, 0, 1e308, 1e308]).items() if name != "area"})
    assert evaluate_detections(ground_truth, [make([-1e308, 0, 1e308, 1e308])]).stats["AP"] == -1


def test_boxes_around_poses_of_infinite_extent() -> None:
    poses = [pose_found([[1e308, 0], [-1e308, 0]], 0.9), pose_found([[float("inf"), 0], [float("inf"), 1]], 0.8)]
    assert evaluate_detections(truth(thing(BOX)), poses).stats["AP"] == 0
