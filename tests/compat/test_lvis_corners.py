"""Params and records as only LVISEval lets them be, each case by itself."""

from __future__ import annotations

import copy
import warnings
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("lvis")
from compat.comparison import difference, without_date, write
from compat.lvis_comparison import CHANGES, LATER, collecting, ours, reference, see
from compat.lvis_examples import FOUND, TRUTH
from effort import THOROUGH
from parity.lvis_reference import the_float_of_old_numpy
from parity.lvis_sets import LvisSet

BOTH = (ours(), reference())


def same(data: LvisSet, route: str, folder: Path, before: Any = None, between: Any = None) -> Any:
    """What is seen of ours, which is what is seen of the reference."""
    mine, theirs = (see(package, data, route, folder, before, between) for package in BOTH)
    assert mine.raised == theirs.raised
    assert mine.printed == theirs.printed
    assert not difference(mine.values, theirs.values)
    return mine


ROUTES = ("files", "looked at")


@pytest.mark.parametrize(
    ("place", "route"),
    [(place, route) for place in range(len(CHANGES)) for route in (ROUTES if THOROUGH else [ROUTES[place % 2]])],
)
def test_params_of_every_kind(tmp_path: Path, place: int, route: str) -> None:
    same(LvisSet("bbox", TRUTH, FOUND, {}), route, tmp_path, CHANGES[place])


@pytest.mark.parametrize("place", range(len(LATER)))
def test_params_that_change_before_accumulate(tmp_path: Path, place: int) -> None:
    same(LvisSet("bbox", TRUTH, FOUND, {}), "files", tmp_path, None, LATER[place])


def of_category_minus_one() -> LvisSet:
    data = LvisSet("bbox", copy.deepcopy(TRUTH), copy.deepcopy(FOUND), {})
    data.ground_truth["categories"][1]["id"] = -1
    for record in (*data.ground_truth["annotations"], *data.detections):
        record["category_id"] = {1: -1, 2: 2}[record["category_id"]]
    for image in data.ground_truth["images"]:
        image["neg_category_ids"] = [-1]
    return data


@pytest.mark.parametrize("route", ["files", "looked at"])
def test_without_categories_those_of_minus_one_come_twice(tmp_path: Path, route: str) -> None:
    seen = same(of_category_minus_one(), route, tmp_path, lambda params: setattr(params, "use_cats", 0))
    assert not seen.by_kernels
    assert max(len(result["gt_ids"]) for result in seen.values["eval_imgs"] if result) == 2


@pytest.mark.parametrize("route", ["files", "looked at"])
def test_categories_stay_in_the_order_of_params(tmp_path: Path, route: str) -> None:
    seen = same(LvisSet("bbox", TRUTH, FOUND, {}), route, tmp_path, lambda p: setattr(p, "cat_ids", [2, 1]))
    assert seen.by_kernels
    assert seen.values["groups"] == [[0], [], [1]]


def test_an_object_that_another_of_its_id_stands_for(tmp_path: Path) -> None:
    """In its image nobody then looks for a detection of its category."""
    data = LvisSet("bbox", copy.deepcopy(TRUTH), FOUND, {})
    box = {"bbox": [0, 0, 9, 9], "area": 81, "segmentation": [[0, 0, 0, 9, 9, 9, 9, 0]]}
    data.ground_truth["annotations"].insert(0, {"id": 9, "image_id": 7, "category_id": 1, **box})
    assert same(data, "files", tmp_path).by_kernels


@pytest.mark.parametrize("polygons", [[[1, 2, 3, 4]], [], [[1, 2]], [[1, 2, 3, 4, 5, 6], [1, 2, 3, 4]]])
@pytest.mark.parametrize("route", ["files", "looked at"])
def test_odd_polygons_end_as_there(tmp_path: Path, polygons: Any, route: str) -> None:
    data = LvisSet("segm", copy.deepcopy(TRUTH), FOUND, {})
    data.ground_truth["annotations"][0]["segmentation"] = polygons
    same(data, route, tmp_path)


INFINITY = float("inf")


@pytest.mark.parametrize("looks", [False, True])
@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("area", 5000),
        ("area", 0),
        ("area", INFINITY),
        ("bbox", [20, 0, 10, 0]),
        ("bbox", [0, 0, 40, 40]),
        ("ignore", 1),
        ("score", 0.01),
        ("category_id", 1),
    ],
)
def test_the_callers_own_dicts_count_when_they_are_evaluated(
    tmp_path: Path, name: str, value: Any, looks: bool
) -> None:
    seen = []
    for package in BOTH:
        given = copy.deepcopy(FOUND)
        with the_float_of_old_numpy(), collecting([]), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Logger.warn
            truth = package.LVIS(str(write(tmp_path / "truth.json", TRUTH)))
            found = package.LVISResults(truth, given)
            if looks:
                truth.anns, found.anns  # noqa: B018
            given[1][name] = value
            evaluation = package.LVISEval(truth, found, "bbox")
            evaluation.run()
        if looks and package is BOTH[0]:
            assert evaluation._kernels is not None
        seen.append((evaluation.results, without_date(evaluation.eval), evaluation.eval_imgs))
    assert not difference(*seen)


@pytest.mark.parametrize(("number", "rows"), [(0, [1]), (-3, [1]), (0, [1, 4]), (2, [1, 4])])
def test_detections_with_ids_of_their_own(tmp_path: Path, number: int, rows: list[int]) -> None:
    """What one without a positive id matches stays free for others."""
    seen = []
    for package in BOTH:
        data = LvisSet("bbox", TRUTH, [*FOUND, {**FOUND[1], "score": 0.6}], {})
        given = copy.deepcopy(data.detections)
        with the_float_of_old_numpy(), collecting([]), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Logger.warn
            truth = package.LVIS(str(write(tmp_path / "truth.json", TRUTH)))
            found = package.LVISResults(truth, given)
            for row in rows:
                given[row]["id"] = number
            found._create_index()
            evaluation = package.LVISEval(truth, found, "bbox")
            evaluation.run()
        seen.append((evaluation.results, without_date(evaluation.eval), evaluation.eval_imgs))
    assert not difference(*seen)


@pytest.mark.parametrize("iou_type", ["bbox", "segm"])
def test_steps_after_preparing_count_everything_once(tmp_path: Path, iou_type: str) -> None:
    """Dicts are prepared first; a list of thresholds without any is then nothing for the kernels."""
    data = LvisSet(iou_type, TRUTH, FOUND, {})
    seen = same(data, "looked at", tmp_path, lambda params: setattr(params, "area_rng", []))
    assert not seen.by_kernels
    assert sum(seen.values["groups of both"][0].values()) == len(TRUTH["annotations"])


def test_groups_are_of_the_time_of_the_call(tmp_path: Path) -> None:
    groups = []
    for package in BOTH:
        with collecting([]):
            truth = package.LVIS(str(write(tmp_path / "truth.json", TRUTH)))
            evaluation = package.LVISEval(truth, str(write(tmp_path / "found.json", FOUND)), "bbox")
            evaluation.evaluate()
        evaluation.params.img_ids, evaluation.params.cat_ids = [3], [1]
        groups.append(
            [sorted(key for key, anns in side.items() if anns) for side in (evaluation._gts, evaluation._dts)]
        )
    assert groups[0] == groups[1]
    assert len(groups[0][0]) == 3


def test_a_limit_sorts_nan_as_there(tmp_path: Path) -> None:
    """Python's sort leaves it where it stands."""
    results = [
        {**found, "score": score} for found, score in zip(FOUND[:4], [0.25, float("nan"), 0.75, 0.5], strict=True)
    ]
    for found in results:
        found.update(image_id=7, category_id=2)
    seen = same(LvisSet("bbox", TRUTH, results, {"max_detections": [2]}), "files", tmp_path)
    assert seen.values["ids"] == [1, 2]
    scores = [score for result in seen.values["eval_imgs"] if result for score in result["dt_scores"]]
    assert any(score != score for score in scores)
