"""Dicts, ``ious``, ``evalImgs`` and arrays are made when somebody looks at them, and say what they would have said."""

from __future__ import annotations

import copy
import gzip
import os
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("pycocotools")
from compat.comparison import difference, our_modules, reference_modules, without_date, write
from compat.examples import FOUND, TRUTH, evaluated, from_dicts, from_files, silently

OURS, THEIRS = our_modules(), reference_modules()
TABLE = np.array([[d["image_id"], *d["bbox"], d["score"], d["category_id"]] for d in FOUND])


def is_made(coco: Any) -> bool:
    return bool(coco._is_made)


def test_files_become_numbers_without_a_dict(tmp_path: Path) -> None:
    truth, found = from_files(OURS, tmp_path)
    evaluation = evaluated(OURS[1].COCOeval(truth, found, "bbox"))
    assert 0 < evaluation.stats[0] < 1
    assert not is_made(truth)
    assert not is_made(found)
    assert not {"ious", "evalImgs", "eval", "_gts"} & set(vars(evaluation))
    kernels = evaluation._kernels
    silently(evaluation.evaluate)  # again, which makes nothing of what was not looked at either
    assert not {"ious", "evalImgs", "_gts"} & set(vars(evaluation))
    assert evaluation._kernels is not kernels
    assert not is_made(truth)


@pytest.mark.parametrize("name", ["dataset", "anns", "imgs", "cats", "imgToAnns", "catToImgs"])
def test_whoever_looks_finds_what_the_reference_has(tmp_path: Path, name: str) -> None:
    for ours, theirs in zip(from_files(OURS, tmp_path), from_files(THEIRS, tmp_path), strict=True):
        assert not difference(getattr(ours, name), getattr(theirs, name))
        assert ours._pending is None


def test_an_array_becomes_the_dicts_of_the_reference(tmp_path: Path) -> None:
    tables = TABLE.copy(), TABLE.copy()
    ours, theirs = (from_files(both, tmp_path)[0].loadRes(t) for both, t in zip((OURS, THEIRS), tables, strict=True))
    tables[0][:] = 0  # too late
    assert not is_made(ours)
    assert not difference(ours.dataset, theirs.dataset)


def test_dicts_can_be_made_after_the_files_are_gone(tmp_path: Path) -> None:
    truth, found = from_files(OURS, tmp_path)
    for path in tmp_path.rglob("*.json"):
        path.unlink()
    assert evaluated(OURS[1].COCOeval(truth, found, "segm")).stats[0] > 0
    assert truth.anns[6]["bbox"] == [20, 0, 10, 10.5]
    assert found.dataset["info"] == {"year": 2017}


def test_a_file_that_was_written_to_is_not_mixed_with_what_was_read(tmp_path: Path) -> None:
    truth, found = from_files(OURS, tmp_path)
    with next(tmp_path.rglob("truth.json")).open("a") as file:
        file.write(" ")
    assert evaluated(OURS[1].COCOeval(truth, found, "bbox")).stats[0] > 0  # read before
    with pytest.raises(RuntimeError, match=r"truth\.json: has been written to since it was read"):
        truth.dataset  # noqa: B018


def test_ids_can_be_asked_for_without_handing_out_dicts(tmp_path: Path) -> None:
    (truth, _), (theirs, _) = from_files(OURS, tmp_path), from_files(THEIRS, tmp_path)
    for method, arguments in {
        "getImgIds": {}, "getCatIds": {"catNms": "cat"}, "getAnnIds": {"imgIds": 7, "areaRng": [90, 101]},
    }.items():  # fmt: skip
        assert getattr(truth, method)(**arguments) == getattr(theirs, method)(**arguments)
    assert truth._pending is not None
    truth.loadAnns([5])
    assert truth._pending is None


@pytest.mark.parametrize("side", [0, 1])
def test_dicts_that_were_changed_count(tmp_path: Path, side: int) -> None:
    seen = []
    for both in (OURS, THEIRS):
        pair = from_files(both, tmp_path)
        before = evaluated(both[1].COCOeval(*pair, "bbox")).stats
        for ann in pair[side].anns.values():
            ann["bbox"] = [ann["bbox"][0] + 1, *ann["bbox"][1:]]
        after = evaluated(both[1].COCOeval(*pair, "bbox")).stats
        assert (before != after).any()
        seen.append((before, after))
    assert not difference(*seen)


def test_the_callers_own_dicts_count_when_they_are_evaluated(tmp_path: Path) -> None:
    given = copy.deepcopy(FOUND)
    truth = from_files(OURS, tmp_path)[0]
    found = silently(truth.loadRes, given)
    assert given[3]["segmentation"] == [[5.0, 6.0, 5.0, 15.0, 14.0, 15.0, 14.0, 6.0]]
    before = evaluated(OURS[1].COCOeval(truth, found, "bbox")).stats
    given[0]["score"] = 0.99
    assert (evaluated(OURS[1].COCOeval(truth, found, "bbox")).stats != before).any()
    assert not is_made(truth)


@pytest.mark.parametrize("make", [lambda folder: from_dicts(OURS), lambda folder: from_files(OURS, folder)])
@pytest.mark.parametrize("iou_type", ["bbox", "segm"])
def test_what_is_looked_at_late_is_of_the_time_of_the_call(tmp_path: Path, make: Any, iou_type: str) -> None:
    early = evaluated(OURS[1].COCOeval(*make(tmp_path), iou_type))
    expected = early.ious, early.evalImgs, without_date(early.eval)["precision"]

    late = evaluated(OURS[1].COCOeval(*make(tmp_path), iou_type))
    late.params.maxDets, late.params.recThrs, late.params.iouThrs = [1], np.array([0.5]), np.array([0.9])
    late.params.imgIds, late.params.catIds = [3], [1]
    late.params.areaRng[1][1] = 0
    for coco in (late.cocoGt, late.cocoDt):
        for ann in coco.anns.values():
            ann.update(score=0.0, area=1e6, bbox=[0, 0, 1, 1], iscrowd=1)
    for result in expected[1]:
        if result is not None and result["aRng"] == [0, 1024]:
            result["aRng"][1] = 0  # the very list of params, as in the reference
    assert not difference((late.ious, late.evalImgs, late.eval["precision"]), expected)


def test_changed_results_of_images_are_accumulated(tmp_path: Path) -> None:
    seen = []
    for both in (OURS, THEIRS):
        evaluation = both[1].COCOeval(*from_files(both, tmp_path), "bbox")
        silently(evaluation.evaluate)
        for result in evaluation.evalImgs:
            if result is not None:
                result["dtIgnore"][:] = False
                result["dtScores"] = [1 - score for score in result["dtScores"]]
        silently(evaluation.accumulate)
        silently(evaluation.summarize)
        seen.append((without_date(evaluation.eval)["scores"], evaluation.stats))
    assert not difference(*seen)


def test_results_gathered_over_processes_are_accumulated(tmp_path: Path) -> None:
    """As the reference code of DETR and torchvision does it: image by image, then the lists side by side."""
    seen = []
    for both in (OURS, THEIRS):
        truth, found = from_dicts(both)
        parts = []
        for image_id in (7, 3):
            part = both[1].COCOeval(truth, found, "bbox")
            part.params.imgIds = [image_id]
            silently(part.evaluate)
            parts.append(np.asarray(part.evalImgs, dtype=object).reshape(-1, len(part.params.areaRng), 1))
        whole = both[1].COCOeval(truth, found, "bbox")
        whole.evalImgs = list(np.concatenate(parts[::-1], 2).flatten())
        whole.params.imgIds = [3, 7]
        whole._paramsEval = copy.deepcopy(whole.params)
        silently(whole.accumulate)
        silently(whole.summarize)
        seen.append((whole.stats, whole.eval["precision"]))
    assert not difference(*seen)
    assert not difference(seen[0][0], evaluated(OURS[1].COCOeval(*from_dicts(OURS), "bbox")).stats)


@pytest.mark.parametrize("copier", [copy.deepcopy, lambda value: pickle.loads(pickle.dumps(value))])
def test_copies_stand_on_their_own(tmp_path: Path, copier: Any) -> None:
    truth, found = from_files(OURS, tmp_path)
    evaluation = OURS[1].COCOeval(truth, found, "bbox")
    silently(evaluation.evaluate)
    silently(evaluation.accumulate)
    expected = copy.deepcopy((evaluation.evalImgs, evaluation.eval["recall"]))
    truth, found = from_files(OURS, tmp_path)
    evaluation = OURS[1].COCOeval(truth, found, "bbox")
    silently(evaluation.evaluate)
    silently(evaluation.accumulate)
    copied = copier(evaluation)
    assert not difference((copied.evalImgs, copied.eval["recall"]), expected)
    assert copied.cocoGt.dataset == truth.dataset
    assert copied.cocoGt.dataset is not truth.dataset
    silently(copied.accumulate)
    assert evaluated(copied).stats[0] == evaluated(evaluation).stats[0]


def test_private_groups_can_be_looked_at(tmp_path: Path) -> None:
    ours, theirs = (both[1].COCOeval(*from_files(both, tmp_path), "segm") for both in (OURS, THEIRS))
    for evaluation in (ours, theirs):
        silently(evaluation.evaluate)
    for name in ("_gts", "_dts"):
        # Empty groups and _ignore are traces of the steps that ours did not take.
        expected = {key: anns for key, anns in getattr(theirs, name).items() if anns}
        for anns in expected.values():
            for ann in anns:
                ann.pop("_ignore", None)
        assert type(getattr(ours, name)) is type(getattr(theirs, name))
        assert not difference(dict(getattr(ours, name)), expected)


def test_compressed_files_are_read(tmp_path: Path) -> None:
    plain, _ = from_files(OURS, tmp_path)
    path = tmp_path / "truth.json.gz"
    path.write_bytes(gzip.compress(next(tmp_path.rglob("truth.json")).read_bytes()))
    assert silently(OURS[0].COCO, str(path)).dataset == plain.dataset


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="counts descriptors by /proc")
def test_files_are_closed_with_their_objects(tmp_path: Path) -> None:
    before = len(os.listdir("/proc/self/fd"))
    pairs = [from_files(OURS, tmp_path) for _ in range(3)]
    assert len(os.listdir("/proc/self/fd")) == before + 6
    pairs[0][0].dataset  # noqa: B018  (of what is made, nothing stays open)
    assert len(os.listdir("/proc/self/fd")) == before + 5
    del pairs
    assert len(os.listdir("/proc/self/fd")) == before


def test_the_wrong_files_end_as_there(tmp_path: Path) -> None:
    texts = {"broken": '{"images": [', "list": "[]", "no id": '{"annotations": [{"image_id": 1}]}', "empty": ""}
    for name, text in texts.items():
        (tmp_path / name).write_text(text)
        raised = []
        for both in (OURS, THEIRS):
            with pytest.raises(Exception) as error:
                silently(both[0].COCO, str(tmp_path / name))
            raised.append((type(error.value), str(error.value)))
        assert raised[0] == raised[1]
    for both in (OURS, THEIRS):
        with pytest.raises(FileNotFoundError):
            silently(both[0].COCO, str(tmp_path / "none"))


RESULTS: list[Any] = [
    [], [{"image_id": 99, "bbox": [0, 0, 1, 1], "category_id": 1, "score": 1}], {"a": 1}, [{"image_id": 7}],
    [{**FOUND[0]}, {"image_id": 7, "category_id": 1, "score": 0.1}], [{"image_id": 7, "caption": "a cat"}],
    [{"image_id": 7, "bbox": [], "category_id": 1, "score": 1}], [{"category_id": 1, "bbox": [0, 0, 1, 1], "score": 1}],
    [{"image_id": 7, "category_id": 1, "score": 1, "segmentation": [[0, 0, 1, 1, 2, 2]]}], [3],
    [{"image_id": 7, "category_id": 1, "score": 1, "keypoints": []}],
    [{"image_id": 7, "category_id": 1, "score": 1, "bbox": [1, 2, 3]}],
]  # fmt: skip


@pytest.mark.parametrize("results", RESULTS)
@pytest.mark.parametrize("as_file", [False, True])
def test_results_of_every_kind_end_as_there(tmp_path: Path, results: Any, as_file: bool) -> None:
    seen = []
    for both in (OURS, THEIRS):
        truth = from_files(both, tmp_path)[0]
        given = str(write(tmp_path / "results.json", results)) if as_file else copy.deepcopy(results)
        try:
            found = silently(truth.loadRes, given)
        except Exception as error:  # here already, not when somebody looks
            seen.append(f"raises {type(error).__name__} {error}")
        else:
            seen.append(found.dataset)
    assert not difference(*seen)


@pytest.mark.parametrize("table", [TABLE[:0], TABLE[:, :6], TABLE.astype(np.float32), TABLE.astype(int), TABLE[0]])
def test_arrays_of_every_kind_end_as_there(table: Any, capsys: pytest.CaptureFixture[str]) -> None:
    seen = []
    for both in (OURS, THEIRS):
        truth = from_dicts(both)[0]
        capsys.readouterr()
        try:
            seen.append(truth.loadRes(table).dataset)
        except Exception as error:
            seen.append(f"raises {type(error).__name__}")
        seen.append(capsys.readouterr().out)
    assert not difference(seen[0], seen[2])
    assert seen[1].replace("t=0.00s", "") == seen[3].replace("t=0.00s", "")


def test_the_sample_is_the_sample() -> None:
    assert len(TRUTH["annotations"]) == 4
    assert len(FOUND) == 5
