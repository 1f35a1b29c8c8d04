"""LVISEval with steps of one's own, and what is made when somebody looks at it."""

from __future__ import annotations

import contextlib
import copy
import gzip
import pickle
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("lvis")
from compat.comparison import difference, without_date, write
from compat.lvis_comparison import collecting, ours, reference
from compat.lvis_examples import FOUND, TRUTH, sides, truth_of
from effort import THOROUGH
from parity.lvis_reference import the_float_of_old_numpy

OURS, THEIRS = ours(), reference()


def evaluated(evaluation: Any) -> Any:
    with the_float_of_old_numpy(), collecting([]):
        evaluation.run()
    return evaluation


def loaded(package: Any, truth: Any, results: Any, max_dets: int = 300) -> Any:
    with collecting([]), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Logger.warn
        return package.LVISResults(truth, results, max_dets)


# ---- steps of one's own ---------------------------------------------------------------------------------------------


def less_iou(original: Any) -> Any:
    def compute_iou(self: Any, img_id: Any, cat_id: Any) -> Any:
        ious = original(self, img_id, cat_id)
        return ious * 0.75 if len(ious) else ious

    return compute_iou


def lenient(original: Any) -> Any:
    def evaluate_img(self: Any, img_id: Any, cat_id: Any, area_rng: Any) -> Any:
        result = original(self, img_id, cat_id, area_rng)
        if result is not None:
            result["dt_ignore"] |= np.array(result["dt_scores"]) < 0.6
        return result

    return evaluate_img


def all_exhaustive(original: Any) -> Any:
    def _prepare(self: Any) -> None:
        original(self)
        self.img_nel = {id: [1] for id in self.img_nel}

    return _prepare


def one_group(original: Any) -> Any:
    def _prepare_freq_group(self: Any) -> Any:
        return [[place for group in original(self) for place in group], [], []]

    return _prepare_freq_group


def first_alone(original: Any) -> Any:
    def _get_gt_dt(self: Any, img_id: Any, cat_id: Any) -> Any:
        return tuple(side[:1] for side in original(self, img_id, cat_id))

    return _get_gt_dt


def smaller_masks(original: Any) -> Any:
    def _to_mask(self: Any, anns: Any, lvis: Any) -> None:
        for ann in anns[:1]:
            x, y, w, h = ann["bbox"]
            ann["segmentation"] = [[x, y, x, y + h, x + w, y + h]]
        original(self, anns, lvis)

    return _to_mask


STEPS: dict[str, Any] = {
    "compute_iou": less_iou,
    "evaluate_img": lenient,
    "_prepare": all_exhaustive,
    "_prepare_freq_group": one_group,
    "_get_gt_dt": first_alone,
    "_to_mask": smaller_masks,
}


def by_subclass(kind: Any, step: str) -> Any:
    return type("Own", (kind,), {step: STEPS[step](getattr(kind, step))})


def by_instance(kind: Any, step: str) -> Any:
    def make(*arguments: Any) -> Any:
        evaluation = kind(*arguments)
        setattr(evaluation, step, lambda *others: STEPS[step](getattr(kind, step))(evaluation, *others))
        return evaluation

    return make


def what_is_seen(evaluation: Any) -> Any:
    evaluated(evaluation)
    return evaluation.results, without_date(evaluation.eval), evaluation.ious, evaluation.eval_imgs


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("way", [by_subclass, by_instance])
def test_a_step_of_ones_own_is_taken(tmp_path: Path, step: str, way: Callable[..., Any]) -> None:
    iou_type = "segm" if step == "_to_mask" else "bbox"
    seen = [what_is_seen(way(both.LVISEval, step)(*sides(both, tmp_path), iou_type)) for both in (OURS, THEIRS)]
    assert not difference(*seen)
    assert seen[0][0] != what_is_seen(OURS.LVISEval(*sides(OURS, tmp_path), iou_type))[0]


@pytest.mark.parametrize("step", ["compute_iou", "evaluate_img"])
def test_a_patch_of_the_class_is_taken_and_can_be_taken_back(
    tmp_path: Path, step: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = what_is_seen(OURS.LVISEval(*sides(OURS, tmp_path), "bbox"))
    seen = []
    with monkeypatch.context() as patches:
        for both in (OURS, THEIRS):
            patches.setattr(both.LVISEval, step, STEPS[step](vars(both.LVISEval)[step]))
            seen.append(what_is_seen(both.LVISEval(*sides(both, tmp_path), "bbox")))
    assert not difference(*seen)
    assert seen[0][0] != plain[0]
    assert not difference(what_is_seen(OURS.LVISEval(*sides(OURS, tmp_path), "bbox")), plain)


@pytest.mark.parametrize("method", ["get_ann_ids", "load_anns", "_create_index", "ann_to_rle"])
def test_a_ground_truth_of_ones_own_is_taken(tmp_path: Path, method: str) -> None:
    seen = []
    for both in (OURS, THEIRS):
        original = getattr(both.LVIS, method)

        def less(self: Any, *arguments: Any, original: Any = original, **others: Any) -> Any:
            if method == "_create_index":
                self.dataset["annotations"] = self.dataset["annotations"][1:]
            if method == "ann_to_rle":
                x, y, w, h = arguments[0]["bbox"]
                arguments = ({**arguments[0], "segmentation": [[x, y, x, y + h, x + w, y + h]]},)
            found = original(self, *arguments, **others)
            return found[1:] if method in ("get_ann_ids", "load_anns") else found

        with collecting([]):
            path = str(write(tmp_path / "truth.json", TRUTH))
            truth = type("Own", (both.LVIS,), {method: less})(path)
        found = loaded(both, path, str(write(tmp_path / "found.json", FOUND)))
        seen.append(what_is_seen(both.LVISEval(truth, found, "segm")))
    assert not difference(*seen)
    assert seen[0][0] != what_is_seen(OURS.LVISEval(*sides(OURS, tmp_path), "segm"))[0]


def test_a_limit_of_ones_own_is_taken(tmp_path: Path) -> None:
    seen = []
    for both in (OURS, THEIRS):
        own = type("Own", (both.LVISResults,), {"limit_dets_per_image": lambda self, anns, max_dets: anns[1:3]})
        truth = truth_of(both, tmp_path)
        with collecting([]):
            found = own(truth, str(write(tmp_path / "found.json", FOUND)))
        seen.append((found.dataset["annotations"], evaluated(both.LVISEval(truth, found, "bbox")).results))
    assert len(seen[0][0]) == 2
    assert not difference(*seen)


# ---- what is made when somebody looks -------------------------------------------------------------------------------


@pytest.mark.parametrize("iou_type", ["bbox", "segm"])
def test_files_become_numbers_without_a_dict(tmp_path: Path, iou_type: str) -> None:
    truth, found = sides(OURS, tmp_path)
    evaluation = evaluated(OURS.LVISEval(truth, found, iou_type))
    evaluation.print_results()
    assert 0 < evaluation.results["AP"] < 1
    assert evaluation.freq_groups == [[1], [], [0]]
    assert not truth._is_made
    assert not found._is_made
    assert not {"ious", "eval_imgs", "eval", "_gts", "img_nel"} & set(vars(evaluation))


@pytest.mark.parametrize("name", ["dataset", "anns", "imgs", "cats", "img_ann_map", "cat_img_map"])
def test_whoever_looks_finds_what_the_reference_has(tmp_path: Path, name: str) -> None:
    for mine, theirs in zip(sides(OURS, tmp_path), sides(THEIRS, tmp_path), strict=True):
        assert not difference(getattr(mine, name), getattr(theirs, name))
        assert mine._pending is None


def test_methods_find_what_the_reference_finds(tmp_path: Path) -> None:
    mine, theirs = sides(OURS, tmp_path), sides(THEIRS, tmp_path)
    for side in (0, 1):
        for call in (
            lambda lvis: lvis.get_ann_ids(),
            lambda lvis: lvis.get_ann_ids(img_ids=[7, 99]),
            lambda lvis: lvis.get_ann_ids(cat_ids=[2], area_rng=[80, 100]),
            lambda lvis: lvis.get_ann_ids([3], [1, 2]),
            lambda lvis: (lvis.get_cat_ids(), lvis.get_img_ids()),
            lambda lvis: (lvis.load_anns(), lvis.load_cats(None), lvis.load_imgs([3])),
            lambda lvis: [lvis.ann_to_rle(ann) for ann in lvis.load_anns()],
            lambda lvis: lvis.ann_to_mask(lvis.load_anns()[0]),
            lambda lvis: lvis.get_top_results(7, 0.5) if hasattr(lvis, "get_top_results") else None,
        ):
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # NumPy's, about the reference
                assert not difference(call(mine[side]), call(theirs[side]))
    with pytest.raises(TypeError):
        mine[0].get_ann_ids(area_rng=[0, 1])


@pytest.mark.parametrize("max_dets", [2, 1, 3, -1, 300])
def test_a_limit_orders_and_numbers_as_there(tmp_path: Path, max_dets: int) -> None:
    results = [
        {**found, "score": score}
        for found, score in zip(FOUND * 2, [1, 3, 2, 2, 1, 3, 2, 1, 5, 2, 4, 4, 1, 3], strict=True)
    ]
    for given in (results, "file"):
        seen = []
        for both in (OURS, THEIRS):
            some = copy.deepcopy(results) if given != "file" else str(write(tmp_path / "found.json", results))
            truth = truth_of(both, tmp_path)
            evaluation = evaluated(both.LVISEval(truth, loaded(both, truth, some, max_dets), "bbox"))
            seen.append((evaluation.eval_imgs, evaluation.eval["dt_pointers"], evaluation.lvis_dt.dataset, some))
        assert not difference(seen[0], seen[1], by_value=given == "file")


@pytest.mark.parametrize("side", [0, 1])
def test_dicts_that_were_changed_count(tmp_path: Path, side: int) -> None:
    seen = []
    for both in (OURS, THEIRS):
        pair = sides(both, tmp_path)
        before = evaluated(both.LVISEval(*pair, "bbox")).results
        for ann in pair[side].anns.values():
            ann["bbox"] = [ann["bbox"][0] + 1, *ann["bbox"][1:]]
        after = evaluated(both.LVISEval(*pair, "bbox")).results
        assert before != after
        seen.append((before, after, pair[side].dataset["annotations"][0]["bbox"]))
    assert not difference(*seen)


@pytest.mark.parametrize("iou_type", ["bbox", "segm"])
def test_what_is_looked_at_late_is_of_the_time_of_the_call(tmp_path: Path, iou_type: str) -> None:
    early = what_is_seen(OURS.LVISEval(*sides(OURS, tmp_path), iou_type))
    late = evaluated(OURS.LVISEval(*sides(OURS, tmp_path), iou_type))
    late.params.rec_thrs, late.params.iou_thrs, late.params.img_ids = np.array([0.5]), np.array([0.9]), [3]
    for lvis in (late.lvis_gt, late.lvis_dt):
        for ann in lvis.anns.values():
            ann.update(score=0.0, area=1e6, bbox=[0, 0, 1, 1])
    assert not difference((late.ious, late.eval_imgs), early[2:])
    assert not difference([late.eval[name] for name in ("precision", "recall", "dt_pointers")],
                          [early[1][name] for name in ("precision", "recall", "dt_pointers")])  # fmt: skip
    assert late.img_nel == {3: [2], 7: []}


def test_changed_results_of_images_are_accumulated(tmp_path: Path) -> None:
    seen = []
    for both in (OURS, THEIRS):
        evaluation = both.LVISEval(*sides(both, tmp_path), "bbox")
        with the_float_of_old_numpy(), collecting([]):
            evaluation.evaluate()
            for result in evaluation.eval_imgs:
                if result is not None:
                    result["dt_ignore"][:] = False
            evaluation.accumulate()
            evaluation.summarize()
        seen.append((without_date(evaluation.eval), evaluation.results))
    assert not difference(*seen)


@pytest.mark.parametrize("copier", [copy.deepcopy, lambda value: pickle.loads(pickle.dumps(value))])
def test_copies_stand_on_their_own(tmp_path: Path, copier: Any) -> None:
    evaluation = evaluated(OURS.LVISEval(*sides(OURS, tmp_path), "bbox"))
    copied = copier(evaluation)
    assert not difference(what_is_seen(OURS.LVISEval(*sides(OURS, tmp_path), "bbox")), (
        copied.results, without_date(copied.eval), copied.ious, copied.eval_imgs
    ))  # fmt: skip
    assert copied.lvis_gt.dataset == evaluation.lvis_gt.dataset
    with collecting([]):
        copied.accumulate()
        copied.summarize()
    assert copied.results == evaluation.results


def test_the_head_of_results_is_of_the_time_they_were_loaded(tmp_path: Path) -> None:
    seen = []
    for both in (OURS, THEIRS):
        truth, found = sides(both, tmp_path)
        truth.dataset["images"].clear()
        truth.dataset["annotations"].clear()
        seen.append(found.dataset)
    assert len(seen[0]["images"]) == 2
    assert not difference(*seen)


def test_compressed_files_are_read(tmp_path: Path) -> None:
    path = tmp_path / "truth.json.gz"
    path.write_bytes(gzip.compress(write(tmp_path / "truth.json", TRUTH).read_bytes()))
    assert OURS.LVIS(path).dataset == TRUTH


WITHOUT = [
    *(("annotations", name) for name in ("id", "image_id", "category_id", "area", "bbox", "segmentation", "iscrowd")),
    *(("images", name) for name in ("id", "height", "neg_category_ids", "not_exhaustive_category_ids")),
    *(("categories", name) for name in ("id", "frequency", "name")),
    *(("", name) for name in ("annotations", "images", "categories", "info")),
]


@pytest.mark.parametrize("iou_type", ["bbox", "segm"] if THOROUGH else ["segm"])
@pytest.mark.parametrize(("kind", "name"), WITHOUT)
def test_a_file_that_lacks_something_ends_as_there(tmp_path: Path, kind: str, name: str, iou_type: str) -> None:
    truth = copy.deepcopy(TRUTH)
    (truth[kind][0] if kind else truth).pop(name)
    seen = []
    for both in (OURS, THEIRS):
        steps: list[Any] = []
        with contextlib.suppress(Exception):
            lvis = truth_of(both, tmp_path, truth)
            steps.append("loaded")
            found = loaded(both, lvis, str(write(tmp_path / "found.json", FOUND)))
            steps.append("results")
            evaluation = both.LVISEval(lvis, found, iou_type)
            steps.append("made")
            steps.append(evaluated(evaluation).results)
        seen.append(steps)
    assert not difference(*seen)


RESULTS: list[Any] = [
    [], {"a": 1}, [3], [{"image_id": 7}], [{**FOUND[0], "image_id": 99}], [{**FOUND[0], "bbox": [1, 2, 3]}],
    [FOUND[0], {"image_id": 7, "category_id": 1, "score": 0.1}],
    [{"category_id": 1, "bbox": [0, 0, 1, 1], "score": 1}], [{"image_id": 7, "bbox": [0, 0, 1, 1], "score": 1}],
    [{"image_id": 7, "category_id": 1, "bbox": [0, 0, 1, 1]}], [{"image_id": 7, "category_id": 2, "score": 1}],
    [{"image_id": 7, "category_id": 2, "score": 1, "segmentation": [[0, 0, 1, 1, 2, 2]]}],
    [{"image_id": 7, "category_id": 2, "score": 1, "segmentation": {"size": [40, 50], "counts": "0T>"}}],
    [{"image_id": 7, "category_id": 2, "score": float("nan"), "bbox": [0, 0, 1, 1]}, *FOUND],
    [{"image_id": 7, "category_id": 12, "score": 1, "bbox": [0, 0, 1, 1]}],
]  # fmt: skip


@pytest.mark.parametrize("results", RESULTS)
@pytest.mark.parametrize("as_file", [False, True])
def test_results_of_every_kind_end_as_there(tmp_path: Path, results: Any, as_file: bool) -> None:
    for max_dets in (300, 0, -1, 2) if THOROUGH else (300, 0):
        seen = []
        for both in (OURS, THEIRS):
            truth = truth_of(both, tmp_path)
            given = str(write(tmp_path / "results.json", results)) if as_file else copy.deepcopy(results)
            try:
                found = loaded(both, truth, given, max_dets)
            except Exception as error:  # here already, not when somebody looks
                seen.append(f"raises {type(error).__name__} {error}")
                continue
            dataset = copy.deepcopy(found.dataset)
            try:
                seen.append((dataset, evaluated(both.LVISEval(truth, found, "bbox")).results))
            except Exception as error:
                seen.append((dataset, type(error).__name__))
        assert not difference(*seen), max_dets
