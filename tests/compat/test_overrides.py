"""Whoever puts a step of their own into the place of one of the reference's finds it taken."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

pytest.importorskip("pycocotools")
from compat.comparison import Modules, difference, our_modules, reference_modules, without_date
from compat.examples import FOUND, TRUTH, evaluated, from_dicts, from_files

OURS, THEIRS = our_modules(), reference_modules()
Steps = dict[str, Callable[..., Any]]


def half_iou(original: Any) -> Any:
    def computeIoU(self: Any, imgId: Any, catId: Any) -> Any:
        ious = original(self, imgId, catId)
        return ious * 0.75 if len(ious) else ious

    return computeIoU


def lenient(original: Any) -> Any:
    def evaluateImg(self: Any, imgId: Any, catId: Any, aRng: Any, maxDet: Any) -> Any:
        result = original(self, imgId, catId, aRng, maxDet)
        if result is not None:
            result["dtIgnore"] |= np.array(result["dtScores"]) < 0.6
        return result

    return evaluateImg


def with_ignore_flags(original: Any) -> Any:
    def _prepare(self: Any) -> None:
        flags = {id: ann.get("ignore", 0) for id, ann in self.cocoGt.anns.items()}
        original(self)
        for anns in self._gts.values():
            for ann in anns:
                ann["ignore"] = ann["ignore"] or flags[ann["id"]]

    return _prepare


STEPS: dict[str, Any] = {"computeIoU": half_iou, "evaluateImg": lenient, "_prepare": with_ignore_flags}


def see(both: Modules, patch: Callable[[Any], Any]) -> Any:
    evaluation = both[1].COCOeval(*from_dicts(both), "bbox")
    evaluation = patch(evaluation)
    evaluated(evaluation)
    return evaluation.stats, without_date(evaluation.eval)["scores"], evaluation.ious, evaluation.evalImgs


def by_subclass(step: str) -> Callable[[Any], Any]:
    def patch(evaluation: Any) -> Any:
        kind = type(evaluation)
        own = type("Own", (kind,), {step: STEPS[step](getattr(kind, step))})
        return own(evaluation.cocoGt, evaluation.cocoDt, "bbox")

    return patch


def by_instance(step: str) -> Callable[[Any], Any]:
    def patch(evaluation: Any) -> Any:
        original = getattr(type(evaluation), step)
        setattr(evaluation, step, lambda *arguments: STEPS[step](original)(evaluation, *arguments))
        return evaluation

    return patch


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("way", [by_subclass, by_instance])
def test_a_step_of_ones_own_is_taken(step: str, way: Any) -> None:
    ours, theirs = see(OURS, way(step)), see(THEIRS, way(step))
    assert not difference(ours, theirs)
    assert (ours[0] != see(OURS, lambda evaluation: evaluation)[0]).any()


@pytest.mark.parametrize("step", STEPS)
def test_a_patch_of_the_class_is_taken_and_can_be_taken_back(step: str, monkeypatch: pytest.MonkeyPatch) -> None:
    plain = see(OURS, lambda evaluation: evaluation)
    seen = []
    with monkeypatch.context() as patches:
        for both in (OURS, THEIRS):
            kind = both[1].COCOeval
            patches.setattr(kind, step, STEPS[step](vars(kind)[step]))
            seen.append(see(both, lambda evaluation: evaluation))
    assert not difference(*seen)
    assert (seen[0][0] != plain[0]).any()
    assert not difference(see(OURS, lambda evaluation: evaluation), plain)


def test_oks_of_ones_own_is_taken() -> None:
    points = [1, 2, 2] * 17
    truth = copy.deepcopy(TRUTH)
    found = copy.deepcopy(FOUND)
    for record in (*truth["annotations"], *found):
        record.update(keypoints=points, num_keypoints=17)
    for both in (OURS, THEIRS):
        own = type("Own", (both[1].COCOeval,), {"computeOks": lambda self, imgId, catId: []})
        assert evaluated(both[1].COCOeval(*from_dicts(both, truth, found), "keypoints")).stats[0] > 0
        assert evaluated(own(*from_dicts(both, truth, found), "keypoints")).stats[0] == 0


def test_a_summary_of_ones_own_reads_eval(tmp_path: Any) -> None:
    seen = []
    for both in (OURS, THEIRS):

        class Own(both[1].COCOeval):  # type: ignore[misc, name-defined]
            def summarize(self) -> None:
                super().summarize()
                self.stats = [float(self.eval["precision"].mean()), *self.stats]

        seen.append(evaluated(Own(*from_files(both, tmp_path), "bbox")).stats)
    assert not difference(*seen)
    assert len(seen[0]) == 13


@pytest.mark.parametrize("method", ["getAnnIds", "loadAnns"])
def test_a_selection_of_ones_own_is_taken(tmp_path: Any, method: str) -> None:
    """A COCO that finds other annotations than its file has."""
    seen = []
    for both in (OURS, THEIRS):
        original = getattr(both[0].COCO, method)
        own = type("Own", (both[0].COCO,), {method: lambda self, *a, _o=original, **k: _o(self, *a, **k)[:-1]})
        plain, found = from_files(both, tmp_path)
        truth = own()
        truth.dataset = plain.dataset
        truth.createIndex()
        seen.append(evaluated(both[1].COCOeval(truth, found, "bbox")).stats)
        assert (seen[-1] != evaluated(both[1].COCOeval(plain, found, "bbox")).stats).any()
    assert not difference(*seen)


def test_masks_of_ones_own_are_taken(tmp_path: Any) -> None:
    seen = []
    for both in (OURS, THEIRS):
        plain, found = from_files(both, tmp_path)
        original = both[0].COCO.annToRLE

        class Own(both[0].COCO):  # type: ignore[misc, name-defined]
            def annToRLE(self, ann: Any, original: Any = original) -> Any:
                x, y, w, h = ann["bbox"]
                return original(self, {**ann, "segmentation": [[x, y, x, y + h, x + w, y + h]]})

        truth = Own()
        truth.dataset = plain.dataset
        truth.createIndex()
        seen.append(evaluated(both[1].COCOeval(truth, found, "segm")).stats)
    assert not difference(*seen)


def test_a_createIndex_of_ones_own_sees_the_dicts(tmp_path: Any) -> None:
    from compat.comparison import write
    from compat.examples import silently

    class Own(OURS[0].COCO):  # type: ignore[misc, name-defined]
        def createIndex(self) -> None:
            self.dataset["annotations"] = self.dataset["annotations"][:1]
            super().createIndex()

    truth = silently(Own, str(write(tmp_path / "truth.json", TRUTH)))
    assert list(truth.anns) == [5]


@pytest.mark.parametrize("iou_type", ["bbox", "segm"])
def test_the_references_own_objects_are_evaluated(iou_type: str) -> None:
    """Made before somebody installed these modules, say."""
    expected = evaluated(THEIRS[1].COCOeval(*from_dicts(THEIRS), iou_type))
    got = evaluated(OURS[1].COCOeval(*from_dicts(THEIRS), iou_type))
    assert got._kernels is not None
    assert not difference((got.stats, got.ious, got.evalImgs), (expected.stats, expected.ious, expected.evalImgs))


def test_results_are_loaded_for_the_references_own_object() -> None:
    """As ``COCO.loadRes(truth, results)``, which some write."""
    truth = from_dicts(THEIRS)[0]
    import contextlib
    import io

    with contextlib.redirect_stdout(io.StringIO()):
        found = OURS[0].COCO.loadRes(truth, copy.deepcopy(FOUND))
    assert type(found) is OURS[0].COCO
    assert evaluated(OURS[1].COCOeval(truth, found, "bbox")).stats[0] > 0


def test_a_subclass_that_never_calls_ours_works() -> None:
    """Some set all attributes of a COCO by themselves."""

    class Own(OURS[0].COCO):  # type: ignore[misc, name-defined]
        def __init__(self, dataset: Any) -> None:
            self.dataset = dataset
            self.anns, self.cats, self.imgs = {}, {}, {}
            self.createIndex()

    from compat.examples import silently

    truth = silently(Own, copy.deepcopy(TRUTH))
    found = silently(truth.loadRes, copy.deepcopy(FOUND))
    expected = evaluated(OURS[1].COCOeval(*from_dicts(OURS), "bbox")).stats
    assert not difference(evaluated(OURS[1].COCOeval(truth, found, "bbox")).stats, expected)
    with pytest.raises(AttributeError, match="no attribute 'imgs'"):
        OURS[0].COCO.__new__(OURS[0].COCO).imgs  # noqa: B018
    with pytest.raises(AttributeError, match="no attribute 'evalImgs'"):
        OURS[1].COCOeval.__new__(OURS[1].COCOeval).evalImgs  # noqa: B018
