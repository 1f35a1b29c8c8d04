"""DetectionReport: tables and curves against slow definitions, and its forms for people and machines."""

from __future__ import annotations

import json
import pickle
from collections.abc import Mapping
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import metrix
from golden.fixture import FAR, found, thing, truth
from metrix import evaluate_detections
from metrix.report import Table

SAMPLE = Path(__file__).parent / "data" / "sample"
A, B = ([20.0 * i, 0, 10, 10] for i in range(2))


@pytest.fixture(scope="module")
def report() -> metrix.DetectionReport:
    return evaluate_detections(SAMPLE / "instances.json", SAMPLE / "boxes.json")


@pytest.fixture(scope="module")
def records() -> tuple[dict[str, Any], list[dict[str, Any]]]:
    return (
        json.loads((SAMPLE / "instances.json").read_text()),
        json.loads((SAMPLE / "boxes.json").read_text()),
    )


# ---- slow definitions -----------------------------------------------------------------------------------------------


def overlap(a: list[float], b: list[float]) -> float:
    width = min(a[0] + a[2], b[0] + b[2]) - max(a[0], b[0])
    height = min(a[1] + a[3], b[1] + b[3]) - max(a[1], b[1])
    if width <= 0 or height <= 0:
        return 0.0
    return width * height / (a[2] * a[3] + b[2] * b[3] - width * height)


def hits(ground_truth: Any, detections: Any, category: int, threshold: float) -> list[tuple[float, int, bool]]:
    """(score, image, hit) of each detection of a category, by descending score; the sample has no crowds and no ties
    between images of one score that matter to a count."""
    free = [a for a in ground_truth["annotations"] if a["category_id"] == category]
    result = []
    mine = [d for d in detections if d["category_id"] == category]
    for detection in sorted(mine, key=lambda d: (-d["score"], d["image_id"])):
        near = [a for a in free if a["image_id"] == detection["image_id"]]
        best = max(near, key=lambda a: overlap(detection["bbox"], a["bbox"]), default=None)
        hit = best is not None and overlap(detection["bbox"], best["bbox"]) >= threshold
        if hit:
            free.remove(best)
        result.append((detection["score"], detection["image_id"], hit))
    return result


def slow_average_precision(flags: list[bool], positives: int) -> float:
    """Mean over 101 recalls of the highest precision at this recall or beyond."""
    curve = [(sum(flags[: i + 1]) / positives, sum(flags[: i + 1]) / (i + 1)) for i in range(len(flags))]
    recalls = np.linspace(0, 1, 101)
    return float(np.mean([max((p for r, p in curve if r >= recall), default=0.0) for recall in recalls]))


@pytest.mark.parametrize("category", [1, 2, 5])
def test_per_category_against_slow_definition(
    report: metrix.DetectionReport, records: tuple[Any, Any], category: int
) -> None:
    ground_truth, detections = records
    row = next(row for row in report.per_category.rows() if row["category_id"] == category)
    positives = sum(a["category_id"] == category for a in ground_truth["annotations"])
    assert row["ground_truths"] == positives
    assert row["detections"] == sum(d["category_id"] == category for d in detections)
    assert row["name"] == {1: "circle", 2: "square", 5: "triangle"}[category]
    flags = {t: [hit for *_, hit in hits(ground_truth, detections, category, t)] for t in np.linspace(0.5, 0.95, 10)}
    # Not to the bit: the reference adds 2.2e-16 to a denominator, and means are added up in another order here.
    slow = {t: slow_average_precision(f, positives) for t, f in flags.items()}
    assert row["AP50"] == pytest.approx(slow[0.5], rel=1e-12)
    assert row["AP75"] == pytest.approx(slow[0.75], rel=1e-12)
    assert row["AP"] == pytest.approx(np.mean(list(slow.values())), rel=1e-12)
    assert row["AR100"] == pytest.approx(np.mean([sum(f) / positives for f in flags.values()]), rel=1e-12)


def test_per_category_is_each_category_alone(report: metrix.DetectionReport, records: tuple[Any, Any]) -> None:
    for row in report.per_category.rows():
        alone = evaluate_detections(*records, categories=[row["category_id"]])
        assert {name: row[name] for name in alone.stats} == alone.stats


def test_per_category_where_a_label_or_cap_is_missing() -> None:
    report = evaluate_detections(
        truth(thing(A)), [found(A, 1)], area_ranges={"all": (0, 1e10)}, max_detections=[1, 2, 3]
    )
    row = report.per_category.rows()[0]
    assert (row["AP"], row["APs"], row["ARs"], row["AR3"]) == (-1.0, -1.0, -1.0, 1.0)


@pytest.mark.parametrize(("threshold", "min_score"), [(0.5, -np.inf), (0.75, 0.5), (0.95, 0.2)])
def test_per_image_against_slow_definition(
    report: metrix.DetectionReport, records: tuple[Any, Any], threshold: float, min_score: float
) -> None:
    ground_truth, detections = records
    outcomes = [o for c in (1, 2, 5) for o in hits(ground_truth, detections, c, threshold) if o[0] >= min_score]
    rows = report.per_image(iou_threshold=threshold, min_score=min_score).rows()
    assert [row["image_id"] for row in rows] == sorted(image["id"] for image in ground_truth["images"])
    for row in rows:
        here = [hit for _, image, hit in outcomes if image == row["image_id"]]
        objects = sum(a["image_id"] == row["image_id"] for a in ground_truth["annotations"])
        assert row == {
            "image_id": row["image_id"],
            "ground_truths": objects,
            "detections": len(here),
            "true_positives": sum(here),
            "false_positives": len(here) - sum(here),
            "false_negatives": objects - sum(here),
            "ignored": 0,
        }


def test_per_image_with_crowds_and_areas() -> None:
    ground_truth = truth(thing([0, 0, 50, 50], iscrowd=1), thing([60, 0, 40, 40]), thing([60, 60, 10, 10]), images=2)
    detections = [found([5, 5, 10, 10], 0.9), found([60, 0, 40, 40], 0.8), found(FAR, 0.7, image_id=2)]
    report = evaluate_detections(ground_truth, detections)

    def counts(**options: Any) -> list[list[int]]:
        return [list(row.values())[1:] for row in report.per_image(**options).rows()]

    # ground truths, detections, true positives, false positives, false negatives, ignored
    assert counts() == [[2, 2, 1, 0, 1, 1], [0, 1, 0, 1, 0, 0]]
    assert counts(area="medium") == [[1, 2, 1, 0, 0, 1], [0, 1, 0, 0, 0, 1]]
    assert counts(min_score=0.9) == [[2, 1, 0, 0, 2, 1], [0, 0, 0, 0, 0, 0]]


def test_detections_beyond_the_highest_cap_are_gone() -> None:
    report = evaluate_detections(truth(thing(A)), [found(A, 0.1 * i) for i in range(5)], max_detections=[1, 2, 3])
    assert report.per_image().rows()[0]["detections"] == 3
    assert report.per_category.rows()[0]["detections"] == 3
    assert report.to_dict()["detections"] == 3
    assert report.curve(1).score.tolist() == [0.4, 0.30000000000000004, 0.2]


@pytest.mark.parametrize("category", [1, 2, 5])
@pytest.mark.parametrize("threshold", [0.5, 0.55, 0.95])
def test_curve_against_slow_definition(
    report: metrix.DetectionReport, records: tuple[Any, Any], category: int, threshold: float
) -> None:
    slow = hits(*records, category, threshold)
    positives = sum(a["category_id"] == category for a in records[0]["annotations"])
    curve = report.curve(category, iou_threshold=threshold)
    found_so_far = np.cumsum([hit for *_, hit in slow])
    assert curve.score.tolist() == [score for score, *_ in slow]
    assert curve.recall.tolist() == (found_so_far / positives).tolist()
    assert curve.precision.tolist() == (found_so_far / np.arange(1, len(slow) + 1)).tolist()


def test_curve_leaves_out_what_is_ignored_or_cut() -> None:
    ground_truth = truth(thing(A), thing(B), thing([40, 40, 50, 50], iscrowd=1))
    detections = [found([45, 45, 9, 9], 0.9), found(A, 0.8), found([0, 50, 9, 9], 0.7), found(B, 0.6)]
    report = evaluate_detections(ground_truth, detections, max_detections=[1, 3, 100])
    assert report.curve(1).score.tolist() == [0.8, 0.7, 0.6]
    assert report.curve(1, max_detections=3).score.tolist() == [0.8, 0.7]
    assert report.curve(1).precision.tolist() == [1.0, 0.5, 2 / 3]
    medium = report.curve(1, area="medium")
    assert medium.score.tolist() == []
    large = evaluate_detections(ground_truth, [found([0, 0, 99, 99], 0.5)]).curve(1, area="large")
    assert large.precision.tolist() == [0.0]
    assert np.isnan(large.recall).all()


# ---- single numbers -------------------------------------------------------------------------------------------------


def test_average_precision_of_parts(report: metrix.DetectionReport) -> None:
    rows = {row["category_id"]: row for row in report.per_category.rows()}
    assert report.average_precision() == report.stats["AP"]
    assert report.average_precision(iou_threshold=0.5) == report.stats["AP50"]
    assert report.average_precision(area="small") == report.stats["APs"]
    assert report.average_precision(category_id=2) == rows[2]["AP"]
    assert report.average_precision(category_id=5, iou_threshold=0.75) == rows[5]["AP75"]
    one = report.average_precision(max_detections=1)
    assert 0 < one < report.stats["AP"]
    assert one == pytest.approx(float(np.mean(report.precision[:, :, :, 0, 0])), rel=1e-12)
    assert evaluate_detections(truth(), []).average_precision() == -1


def test_thresholds_are_found_as_people_write_them(report: metrix.DetectionReport) -> None:
    """0.85 and 0.9 differ in the last bit from what linspace gives."""
    for place, written in enumerate([0.5, 0.55, 0.6, 0.65, 0.7, 0.75, 0.8, 0.85, 0.9, 0.95]):
        expected = float(np.mean(report.precision[place, :, :, 0, 2]))
        assert report.average_precision(iou_threshold=written) == pytest.approx(expected, rel=1e-12)


BAD_QUESTIONS: list[tuple[str, dict[str, Any], str]] = [
    ("average_precision", {"area": "tiny"}, "area: expected one of ['all', 'small', 'medium', 'large'], got 'tiny'"),
    ("average_precision", {"max_detections": 7}, "max_detections: expected one of [1, 10, 100], got 7"),
    ("average_precision", {"iou_threshold": 0.5001}, "iou_threshold: expected one of 0.5, 0.55,"),
    ("average_precision", {"iou_threshold": float("nan")}, "iou_threshold: expected one of"),
    ("average_precision", {"category_id": 3}, "category_id: 3 was not evaluated"),
    ("curve", {"category_id": "circle"}, "category_id: 'circle' was not evaluated"),
    ("per_image", {"iou_threshold": 0.1}, "iou_threshold: expected one of"),
    ("per_image", {"area": "huge"}, "area: expected one of"),
]


@pytest.mark.parametrize(("method", "arguments", "message"), BAD_QUESTIONS)
def test_errors_name_the_argument(
    report: metrix.DetectionReport, method: str, arguments: dict[str, Any], message: str
) -> None:
    with pytest.raises(ValueError) as caught:
        getattr(report, method)(**arguments)
    assert str(caught.value).startswith(message)


# ---- for people and machines ----------------------------------------------------------------------------------------


def test_text_has_the_lines_of_the_reference(report: metrix.DetectionReport) -> None:
    lines = str(report).splitlines()
    assert len(lines) == 12
    assert lines[0] == (
        f" Average Precision  (AP) @[ IoU=0.50:0.95 | area=   all | maxDets=100 ] = {report.stats['AP']:0.3f}"
    )
    assert lines[6].startswith(" Average Recall     (AR) @[ IoU=0.50:0.95 | area=   all | maxDets=  1 ] = ")


def test_text_with_fewer_caps() -> None:
    lines = str(evaluate_detections(truth(thing(A)), [found(A, 1)], max_detections=[5])).splitlines()
    assert [line[line.index("maxDets=") :] for line in lines] == [
        "maxDets=100 ] = -1.000",
        *["maxDets=  5 ] = 1.000"] * 3,
        *["maxDets=  5 ] = -1.000"] * 2,
        *["maxDets=  5 ] = 1.000"] * 2,
        *["maxDets=  5 ] = -1.000"] * 2,
    ]


def test_json_round_trip(report: metrix.DetectionReport) -> None:
    plain = report.to_dict(per_category=True)
    assert json.loads(report.to_json(per_category=True)) == plain
    assert json.loads(report.to_json(indent=None)) == report.to_dict()
    assert "\n" not in report.to_json(indent=None)
    assert plain["stats"] == report.stats
    assert (plain["images"], plain["categories"]) == (40, 3)
    assert len(plain["per_category"]) == 3
    assert "per_category" not in report.to_dict()


def test_json_has_no_infinity() -> None:
    limits = {"all": (0.0, np.inf), "none": (-np.inf, -1.0)}
    report = evaluate_detections(truth(thing(A)), [found(A, 1)], area_ranges=limits)
    assert report.to_dict()["area_ranges"] == {"all": [0.0, np.inf], "none": [-np.inf, -1.0]}
    assert json.loads(report.to_json())["area_ranges"] == {"all": [0.0, None], "none": [None, -1.0]}


def test_json_does_not_depend_on_threads(report: metrix.DetectionReport) -> None:
    for num_threads in (1, 3):
        other = evaluate_detections(SAMPLE / "instances.json", SAMPLE / "boxes.json", num_threads=num_threads)
        assert other.to_json(per_category=True) == report.to_json(per_category=True)


def test_quirks_read_well() -> None:
    report = evaluate_detections(truth(thing(A, id=0)), [found(A, 0.9)])
    assert [quirk.name for quirk in report.quirks] == ["annotation_id_zero"]
    assert str(report.quirks[0]) == (
        "annotation_id_zero (1): ground truths with id 0: a detection that matches one counts as unmatched; "
        "corrected with semantics='corrected'"
    )
    assert report.to_dict()["quirks"][0]["count"] == 1


class Balance(HTMLParser):
    """Collects text, and fails on a tag that closes another one."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.texts: list[str] = []

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


def texts_of_html(html: str) -> list[str]:
    parser = Balance()
    parser.feed(html)
    parser.close()
    assert parser.open == []
    return parser.texts


def test_html_is_well_formed_and_escaped() -> None:
    ground_truth = truth(thing(A, id=0))
    ground_truth["categories"][0]["name"] = "<script>&"
    report = evaluate_detections(ground_truth, [found(A, 0.9)])
    texts = texts_of_html(report._repr_html_())
    assert texts[:3] == ["coco bbox", "AP", "0.000"]
    assert any("annotation_id_zero" in text for text in texts)
    assert "<script>&" in texts_of_html(report.per_category._repr_html_())


@pytest.mark.parametrize("looked_at_before", [False, True])
def test_pickle(looked_at_before: bool) -> None:
    report = evaluate_detections(SAMPLE / "persons.json", SAMPLE / "keypoints.json", iou_type="keypoints")
    if looked_at_before:
        _ = report.precision, report.recall, report.per_category, report.quirks
    copied = pickle.loads(pickle.dumps(report))
    for name in ("precision", "recall", "scores"):
        assert getattr(copied, name).tobytes() == getattr(report, name).tobytes()
    assert copied.stats == report.stats
    assert copied.to_json(per_category=True) == report.to_json(per_category=True)
    assert copied.curve(1).precision.tolist() == report.curve(1).precision.tolist()


# ---- tables ---------------------------------------------------------------------------------------------------------


def test_table_is_a_mapping_of_columns() -> None:
    table = Table({"name": np.array(["a", "bcd"]), "count": np.array([1, 20]), "AP": np.array([0.5, -1.0])})
    assert isinstance(table, Mapping)
    assert (list(table), len(table), table.row_count) == (["name", "count", "AP"], 3, 2)
    assert table["count"].tolist() == [1, 20]
    assert table.rows() == [{"name": "a", "count": 1, "AP": 0.5}, {"name": "bcd", "count": 20, "AP": -1.0}]
    assert str(table) == "name  count     AP\na         1  0.500\nbcd      20      -"
    assert repr(table) == "Table(2 rows: name, count, AP)"
    assert texts_of_html(table._repr_html_()) == ["name", "count", "AP", "a", "1", "0.500", "bcd", "20", "-"]
    with pytest.raises(KeyError):
        table["nothing"]


def test_table_without_rows_or_columns() -> None:
    assert Table({}).row_count == 0
    assert str(Table({"id": np.zeros(0)})) == "id"
