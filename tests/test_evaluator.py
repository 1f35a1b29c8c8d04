"""DetectionEvaluator: however images are split, merged, pickled and ordered, the bits of the one call."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import numpy as np
import pytest

import metrix
from metrix import DetectionEvaluator, Detections, GroundTruth, evaluate_detections
from same_bits import assert_same, bits_of

Record = dict[str, Any]


def records_of(records: list[Record], image_ids: list[Any]) -> list[Record]:
    return [record for record in records if record["image_id"] in image_ids]


# ---- dicts of images ------------------------------------------------------------------------------------------------


class OnlyDlpack:
    """An array of another library, which NumPy reads by DLPack alone."""

    def __init__(self, array: np.ndarray) -> None:
        self._array = array

    def __len__(self) -> int:
        return len(self._array)

    def __dlpack__(self, **arguments: Any) -> Any:
        return self._array.__dlpack__(**arguments)

    def __dlpack_device__(self) -> tuple[int, int]:
        return self._array.__dlpack_device__()


def every_second(array: np.ndarray) -> np.ndarray:
    """The same numbers, apart in memory and in Fortran order."""
    return np.asfortranarray(np.repeat(array, 2, axis=0))[::2]


FORMATS = {
    "xyxy": lambda b: np.concatenate([b[:, :2], b[:, :2] + b[:, 2:]], axis=1),
    "xywh": lambda b: b,
    "cxcywh": lambda b: np.concatenate([b[:, :2] + b[:, 2:] / 2, b[:, 2:]], axis=1),
}


def some_images(rng: np.random.Generator, count: int) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Predictions and targets with boxes of x, y, width, height on a grid, so that every format of them is exact."""
    predictions, targets = [], []
    for _ in range(count):
        boxes = rng.integers(1, 9, (int(rng.integers(0, 6)), 4)).astype(np.float32) * 2
        targets.append({"boxes": boxes, "labels": rng.integers(1, 4, len(boxes)), "area": boxes[:, 2] * boxes[:, 3]})
        targets[-1]["iscrowd"] = rng.integers(0, 5, len(boxes)) == 0
        found = np.concatenate([boxes + 2 * rng.integers(0, 2, boxes.shape), rng.integers(1, 9, (2, 4)) * 2.0])
        labels = np.concatenate([targets[-1]["labels"], rng.integers(1, 5, 2)])
        scores = (rng.integers(0, 9, len(found)) / 8).astype(np.float32)
        predictions.append({"boxes": found.astype(np.float32), "labels": labels, "scores": scores, "other": "not read"})
    return predictions, targets


def columns_of(
    predictions: list[dict[str, Any]], targets: list[dict[str, Any]], ids: list[Any]
) -> tuple[GroundTruth, Detections]:
    """The input of the one call."""
    joined = {
        side: {name: np.concatenate([image[name] for image in images]) for name in images[0] if name != "other"}
        for side, images in (("found", predictions), ("truth", targets))
    }
    image_of = {
        side: [id for id, image in zip(ids, images, strict=True) for _ in image["labels"]]
        for side, images in (("found", predictions), ("truth", targets))
    }
    truth, found = joined["truth"], joined["found"]
    return (
        GroundTruth.from_arrays(
            image_id=image_of["truth"],
            category_id=truth["labels"],
            bbox=truth["boxes"],
            area=truth["area"],
            iscrowd=truth["iscrowd"],
            image_ids=ids,
        ),
        Detections.from_arrays(
            image_id=image_of["found"], category_id=found["labels"], bbox=found["boxes"], score=found["scores"]
        ),
    )


@pytest.mark.parametrize("box_format", FORMATS)
@pytest.mark.parametrize("kind", [np.asarray, np.ndarray.tolist, OnlyDlpack, every_second])
def test_dicts_of_images_in_any_form(box_format: Any, kind: Any) -> None:
    rng = np.random.default_rng(3)
    predictions, targets = some_images(rng, 12)
    ids: list[Any] = rng.permutation(50)[:12].tolist()
    wanted = evaluate_detections(*columns_of(predictions, targets, ids))

    def given(image: dict[str, Any]) -> dict[str, Any]:
        image = image | {"boxes": FORMATS[box_format](image["boxes"])}
        return {name: kind(value) if isinstance(value, np.ndarray) else value for name, value in image.items()}

    evaluator = DetectionEvaluator(box_format=box_format)
    for a in range(0, 12, 5):
        b = a + 5
        evaluator.update(list(map(given, predictions[a:b])), list(map(given, targets[a:b])), image_ids=ids[a:b])
    assert_same(evaluator.compute(), wanted)
    assert wanted.stats["AP"] > 0.05


def test_one_image_is_a_dict_and_ids_may_stand_in_the_dicts() -> None:
    predictions, targets = some_images(np.random.default_rng(4), 3)
    ids = ["b", "a", "c"]
    wanted = evaluate_detections(*columns_of(predictions, targets, ids))
    evaluator = DetectionEvaluator(box_format="xywh")
    evaluator.update(predictions[0], targets[0] | {"image_id": "b"})
    evaluator.update(predictions[1:], [t | {"image_id": i} for t, i in zip(targets[1:], ids[1:], strict=True)])
    assert_same(evaluator.compute(), wanted)
    one_by_one = DetectionEvaluator(box_format="xywh")
    for id, prediction, target in zip(ids, predictions, targets, strict=True):
        one_by_one.update(prediction, target, image_ids=[id])
    assert_same(one_by_one.compute(), wanted)


def test_ids_may_be_arrays() -> None:
    predictions, targets = some_images(np.random.default_rng(5), 2)
    wanted = evaluate_detections(*columns_of(predictions, targets, [7, 3]))
    for ids in (np.array([7, 3]), [np.array([7]), np.array(3)], OnlyDlpack(np.array([7, 3], dtype=np.int32))):
        evaluator = DetectionEvaluator(box_format="xywh")
        evaluator.update(predictions, targets, image_ids=ids)
        assert_same(evaluator.compute(), wanted)


def test_images_without_ids_are_numbered() -> None:
    predictions, targets = some_images(np.random.default_rng(6), 5)
    wanted = evaluate_detections(*columns_of(predictions, targets, [0, 1, 2, 3, 4]))
    evaluator = DetectionEvaluator(box_format="xywh")
    evaluator.update(predictions[:2], targets[:2])
    evaluator.update(predictions[2:], targets[2:])
    assert_same(evaluator.compute(), wanted)
    with pytest.raises(ValueError, match="pass image_ids"):
        evaluator.merge(DetectionEvaluator(box_format="xywh"))


def test_labels_may_be_text() -> None:
    predictions, targets = some_images(np.random.default_rng(7), 6)
    for image in (*predictions, *targets):
        image["labels"] = np.array(["zebra", "ant", "cow", "only found"])[image["labels"] - 1]
    wanted = evaluate_detections(*columns_of(predictions, targets, [1, 2, 3, 4, 5, 6]))
    evaluator = DetectionEvaluator(box_format="xywh")
    for i in (4, 0, 2, 1, 3, 5):
        evaluator.update(predictions[i], targets[i], image_ids=[i + 1])
        evaluator.compute()
    assert_same(evaluator.compute(), wanted)


def test_arrays_may_change_after_the_update() -> None:
    predictions, targets = some_images(np.random.default_rng(8), 4)
    wanted = evaluate_detections(*columns_of(predictions, targets, [1, 2, 3, 4]))
    evaluator = DetectionEvaluator(box_format="xywh")
    evaluator.update(copy.deepcopy(predictions), given := copy.deepcopy(targets), image_ids=[1, 2, 3, 4])
    for target in given:
        target["boxes"][:] = -1
    assert_same(evaluator.compute(), wanted)


def test_dense_masks() -> None:
    rng = np.random.default_rng(9)
    ids = [3, 1, 2]
    masks = [rng.random((n, 9, 13)) < 0.5 for n in (2, 0, 3)]
    found = [np.concatenate([m, rng.random((1, 9, 13)) < 0.3]) for m in masks]
    rows = [i for i, m in enumerate(masks) for _ in m]
    found_rows = [i for i, m in enumerate(found) for _ in m]
    encode = lambda stack: metrix.masks.encode(np.moveaxis(np.concatenate(stack).astype(np.uint8), 0, 2))  # noqa: E731
    scores = rng.random(len(found_rows))
    wanted = evaluate_detections(
        GroundTruth.from_arrays(
            image_id=np.array(ids)[rows], category_id=[1] * len(rows), segmentation=encode(masks), image_ids=ids
        ),
        Detections.from_arrays(
            image_id=np.array(ids)[found_rows], category_id=[1] * len(scores), segmentation=encode(found), score=scores
        ),
        iou_type="segm",
    )
    splits = np.split(scores, np.cumsum([len(m) for m in found])[:-1])
    forms = [
        lambda m: m,
        lambda m: m * rng.integers(1, 9, m.shape).astype(np.uint8),
        lambda m: np.asfortranarray(m)[:, None],
        lambda m: metrix.masks.encode(np.moveaxis(m.astype(np.uint8), 0, 2)),
    ]
    for form in forms:
        evaluator = DetectionEvaluator(iou_type="segm")
        for id, target, prediction, score in zip(ids, masks, found, splits, strict=True):
            evaluator.update(
                {"masks": form(prediction), "scores": score, "labels": [1] * len(score), "boxes": "not read"},
                {"masks": form(target), "labels": [1] * len(target)},
                image_ids=[id],
            )
        assert_same(evaluator.compute(), wanted)


def test_poses() -> None:
    rng = np.random.default_rng(10)
    poses = [np.concatenate([rng.random((n, 17, 2)) * 50, rng.integers(0, 3, (n, 17, 1))], axis=2) for n in (2, 1)]
    boxes = [np.tile([0.0, 0, 50, 50], (len(p), 1)) for p in poses]
    found = [p + rng.normal(size=p.shape) for p in poses]
    rows = [0, 0, 1]
    truth = {"category_id": [1] * 3, "area": [2500.0] * 3, "iscrowd": [0] * 3, "bbox": np.concatenate(boxes)}
    wanted = evaluate_detections(
        GroundTruth.from_arrays(image_id=rows, keypoints=np.concatenate(poses), **truth),
        Detections.from_arrays(
            image_id=rows, category_id=[1] * 3, keypoints=np.concatenate(found), score=[0.5, 0.25, 0.5]
        ),
        iou_type="keypoints",
    )
    evaluator = DetectionEvaluator(iou_type="keypoints", box_format="xywh")
    for i, score in enumerate([[0.5, 0.25], [0.5]]):
        count = len(score)
        evaluator.update(
            {"keypoints": found[i], "scores": score, "labels": [1] * count},
            {
                "keypoints": poses[i],
                "boxes": boxes[i],
                "labels": [1] * count,
                "area": [2500.0] * count,
                "iscrowd": [0] * count,
            },
            image_ids=[i],
        )
    assert_same(evaluator.compute(), wanted)


# ---- images that come twice -----------------------------------------------------------------------------------------


def parts_of(predictions: Any, targets: Any, assigned: list[list[int]]) -> list[DetectionEvaluator]:
    parts = []
    for images in assigned:
        part = DetectionEvaluator(box_format="xywh")
        for i in images:
            part.update(predictions[i], targets[i], image_ids=[i])
        parts.append(part)
    return parts


def merged(parts: list[DetectionEvaluator]) -> metrix.DetectionReport:
    first, *others = copy.deepcopy(parts)
    for other in others:
        first.merge(other)
    return first.compute()


def test_images_that_come_twice_count_once() -> None:
    predictions, targets = some_images(np.random.default_rng(11), 6)
    wanted = merged(parts_of(predictions, targets, [[0, 1, 2, 3, 4, 5]]))
    for assigned in ([[0, 1, 2, 3], [4, 5, 0, 1]], [[0, 1, 2, 3, 4, 5, 2, 0]], [[3, 0, 4, 1], [2], [5, 0, 1]]):
        parts = parts_of(predictions, targets, assigned)
        reports = [merged(parts), merged(parts[::-1])]
        assert bits_of(reports[0]) == bits_of(reports[1])
        quirks = {quirk.name: quirk.count for quirk in reports[0].quirks}
        assert quirks.pop("repeated_image") == 2
        assert "repeated_image_differs" not in quirks
        assert bits_of(reports[0]) | {"quirks": quirks} == bits_of(wanted)


def test_an_image_may_come_twice_in_one_batch() -> None:
    predictions, targets = some_images(np.random.default_rng(12), 3)
    wanted = merged(parts_of(predictions, targets, [[0, 1, 2]]))
    truth, _ = columns_of(predictions, targets, [0, 1, 2])
    for evaluator in (DetectionEvaluator(box_format="xywh"), DetectionEvaluator(truth, box_format="xywh")):
        order = [0, 1, 2, 0]
        own = None if evaluator._whole is not None else [targets[i] for i in order]
        evaluator.update([predictions[i] for i in order], own, image_ids=order)
        report = evaluator.compute()
        assert {q.name: q.count for q in report.quirks}["repeated_image"] == 1
        assert report.stats == wanted.stats


def test_copies_that_differ_are_told_and_the_same_one_is_kept_in_any_order() -> None:
    predictions, targets = some_images(np.random.default_rng(13), 4)
    changed = copy.deepcopy(predictions)
    changed[1]["scores"][:] = 1.0
    one, other = parts_of(predictions, targets, [[0, 1, 2]])[0], parts_of(changed, targets, [[1, 3]])[0]
    third = parts_of(changed, targets, [[2, 1]])[0]
    reports = [merged(parts) for parts in ([one, other, third], [third, one, other], [other, third, one])]
    together = copy.deepcopy(other)
    together.merge(third)
    first = copy.deepcopy(one)
    first.merge(together)
    reports.append(first.compute())
    assert len({repr(bits_of(report)) for report in reports}) == 1
    counts = {quirk.name: quirk.count for quirk in reports[0].quirks}
    assert counts["repeated_image"] == 2
    assert counts["repeated_image_differs"] == 1


def test_copies_differ_in_their_categories_too() -> None:
    predictions, targets = some_images(np.random.default_rng(14), 2)
    changed = copy.deepcopy(predictions)
    changed[1]["labels"] = 20 - changed[1]["labels"]
    for image in (*predictions, *changed):  # one category each, so that all else stays the same
        image["labels"][:] = image["labels"][0]
    parts = [*parts_of(predictions, targets, [[0, 1]]), *parts_of(changed, targets, [[1]])]
    assert {quirk.name: quirk.count for quirk in merged(parts).quirks}["repeated_image_differs"] == 1


def test_a_copy_with_other_ground_truth_differs() -> None:
    predictions, targets = some_images(np.random.default_rng(14), 2)
    other = copy.deepcopy(targets)
    other[1]["iscrowd"][:] = True
    parts = [*parts_of(predictions, targets, [[0, 1]]), *parts_of(predictions, other, [[1]])]
    assert {quirk.name: quirk.count for quirk in merged(parts).quirks}["repeated_image_differs"] == 1


def test_quirks_of_an_image_that_comes_twice_count_once() -> None:
    data = {
        "images": [{"id": 1}, {"id": 2}],
        "categories": [{"id": 1}],
        "annotations": [
            {"id": i, "image_id": 1 + i % 2, "category_id": 1, "bbox": [0, 0, 32, 32], "area": 1024, "iscrowd": 0}
            for i in range(4)
        ],
    }
    found = [
        {"image_id": 1, "category_id": c, "bbox": [0, 0, 32, 32], "score": s} for c in (1, 9) for s in (float("nan"), 1)
    ]
    wanted = evaluate_detections(data, found)
    evaluator = DetectionEvaluator(data)
    batched = DetectionEvaluator()
    for _ in range(3):
        evaluator.update(found, image_ids=[1, 2])
        batched.update(found, data)
    for report in (evaluator.compute(), batched.compute()):
        quirks = {quirk.name: quirk.count for quirk in report.quirks}
        assert quirks.pop("repeated_image") == 2
        assert quirks == {quirk.name: quirk.count for quirk in wanted.quirks}
        assert quirks["nan_score"] == 1
        assert quirks["unlisted_category"] == 2
        assert quirks["annotation_id_zero"] == 1
        assert quirks["area_on_border"] == 4


def test_nan_similarities_of_a_copy_count_once() -> None:
    pose = [1.0, 1, 2, 5, 5, 2]
    truth = {
        "images": [{"id": 1}, {"id": 2}, {"id": 3}],
        "categories": [{"id": 1}],
        "annotations": [
            {
                "id": i,
                "image_id": i,
                "category_id": 1,
                "bbox": [0, 0, 9, 9],
                "area": a,
                "iscrowd": 0,
                "num_keypoints": 2,
            }
            | {"keypoints": pose}
            for i, a in ((1, 81.0), (2, float("nan")), (3, float("nan")))
        ],
    }
    found = [{"image_id": i, "category_id": 1, "keypoints": pose, "score": 0.5} for i in (1, 2, 2, 3)]
    options: dict[str, Any] = {"iou_type": "keypoints", "sigmas": [0.1, 0.1]}
    wanted = {quirk.name: quirk.count for quirk in evaluate_detections(truth, found, **options).quirks}
    assert wanted["nan_similarity"] == 3
    evaluator = DetectionEvaluator(truth, **options)
    evaluator.update(found, image_ids=[1, 2, 3])
    evaluator.update(records_of(found, [2]), image_ids=[2])
    assert {quirk.name: quirk.count for quirk in evaluator.compute().quirks} == wanted | {"repeated_image": 1}


def test_tensors() -> None:
    torch = pytest.importorskip("torch")
    predictions, targets = some_images(np.random.default_rng(22), 6)
    wanted = evaluate_detections(*columns_of(predictions, targets, [0, 1, 2, 3, 4, 5]))

    def given(image: dict[str, Any]) -> dict[str, Any]:
        return {name: torch.as_tensor(value) for name, value in image.items() if name != "other"}

    evaluator = DetectionEvaluator(box_format="xywh")
    with_ids = [given(target) | {"image_id": torch.tensor([i])} for i, target in enumerate(targets)]
    evaluator.update(list(map(given, predictions)), with_ids)
    assert_same(evaluator.compute(), wanted)
    with pytest.raises(TypeError, match=r"^predictions\[0\]\['boxes'\]: expected an array in CPU memory"):
        evaluator.update(
            [given(predictions[0]) | {"boxes": torch.ones((len(predictions[0]["labels"]), 4), device="meta")}],
            with_ids[:1],
        )


# ---- corners of a stream --------------------------------------------------------------------------------------------


def boxes_of(image_ids: list[int], ids: list[int]) -> dict[str, Any]:
    """Ground truth with one object on each image."""
    return {
        "images": [{"id": i} for i in image_ids],
        "categories": [{"id": 1}],
        "annotations": [
            {"id": id, "image_id": i, "category_id": 1, "bbox": [0, 0, 9, i], "area": 9.0 * i, "iscrowd": 0}
            for i, id in zip(image_ids, ids, strict=True)
        ],
    }


def found_on(image_ids: list[int], **changes: Any) -> list[Record]:
    return [{"image_id": i, "category_id": 1, "bbox": [0, 0, 9, i], "score": 0.5, **changes} for i in image_ids]


def test_detections_beyond_the_cap_are_counted_among_the_quirks() -> None:
    nan = float("nan")
    found = [*found_on([1] * 3, category_id=7), *found_on([1, 1], score=nan), *found_on([2], score=nan), *found_on([1])]
    wanted = evaluate_detections(boxes_of([1, 2], [1, 2]), found, max_detections=[1])
    evaluator = DetectionEvaluator(max_detections=[1])
    for i in (2, 1):
        evaluator.update(records_of(found, [i]), boxes_of([i], [i]))
        evaluator.compute()
    assert_same(evaluator.compute(), wanted)
    quirks = {quirk.name: quirk.count for quirk in wanted.quirks}
    assert (quirks["unlisted_category"], quirks["nan_score"]) == (3, 3)


def test_an_id_on_several_images_matters_in_the_whole_ground_truth_alone() -> None:
    truth, found = boxes_of([1, 2, 3], [5, 6, 5]), found_on([1, 2, 3])
    wanted = evaluate_detections(truth, found)
    assert {quirk.name: quirk.count for quirk in wanted.quirks}["duplicate_annotation_id"] == 1
    evaluator, batched = DetectionEvaluator(truth), DetectionEvaluator()
    for i in (3, 1, 2):
        evaluator.update(found_on([i]), image_ids=[i])
        batched.update(found_on([i]), boxes_of([i], [5]))
        if i == 3:
            batched.compute()
            evaluator.compute()
    assert_same(evaluator.compute(), wanted)
    assert_same(batched.compute(), evaluate_detections(boxes_of([1, 2, 3], [1, 2, 3]), found))


def test_images_without_detections_are_no_detections() -> None:
    truth = boxes_of([1, 2, 3], [1, 2, 3])
    evaluator, batched = DetectionEvaluator(truth), DetectionEvaluator()
    evaluator.update([], image_ids=[1, 2])
    batched.update([], truth)
    for report in (evaluator.compute(), batched.compute()):
        assert_same(report, evaluate_detections(truth, []))


def test_rows_of_columns_may_be_in_any_order() -> None:
    found = [record for i in (1, 2, 1, 3, 2, 1) for record in found_on([i], score=i / 4)]
    evaluator = DetectionEvaluator(boxes_of([1, 2, 3], [1, 2, 3]))
    evaluator.update(found)
    table = evaluator.compute().per_detection()
    assert table["image_id"].tolist() == [3, 2, 2, 1, 1, 1]
    assert table["row"].tolist() == [0, 0, 1, 0, 1, 2]


def test_flags_are_what_is_not_zero() -> None:
    target = {"boxes": np.ones((2, 4)), "labels": np.ones(2, dtype=int), "iscrowd": np.array([256, 0])}
    evaluator = DetectionEvaluator()
    evaluator.update({"boxes": np.ones((0, 4)), "labels": [], "scores": []}, target, image_ids=[1])
    assert evaluator.compute().outcomes.positives[:, 0].tolist() == [1]


def test_what_waits_is_matched_when_there_is_enough_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    predictions, targets = some_images(np.random.default_rng(20), 600)
    assert sum(len(image["labels"]) for image in predictions) > 2000
    wanted = evaluate_detections(*columns_of(predictions, targets, list(range(600))))
    for most, blocks in ((1 << 20, 0), (50_000, 4)):
        monkeypatch.setattr(metrix.evaluator, "MOST_WAITING_BYTES", most)
        evaluator = DetectionEvaluator(box_format="xywh")
        for i in range(0, 600, 7):
            evaluator.update(predictions[i : i + 7], targets[i : i + 7])
            assert evaluator._waiting.nbytes < most
        assert_same(evaluator.compute(), wanted)
        assert blocks <= len(evaluator._blocks) < blocks + 3


# ---- life of an evaluator -------------------------------------------------------------------------------------------


def test_reset_keeps_the_ground_truth() -> None:
    predictions, targets = some_images(np.random.default_rng(15), 5)
    truth, found = columns_of(predictions, targets, [1, 2, 3, 4, 5])
    wanted = evaluate_detections(truth, found)
    evaluator = DetectionEvaluator(truth, box_format="xywh")
    empty = evaluator.compute()
    assert_same(empty, evaluate_detections(truth, []))
    for _ in range(2):
        evaluator.update(predictions[:3], image_ids=[1, 2, 3])
        evaluator.compute()
        evaluator.update(predictions[3:], image_ids=[4, 5])
        assert_same(evaluator.compute(), wanted)
        evaluator.reset()
        assert_same(evaluator.compute(), empty)


def test_the_ground_truth_is_shared_and_left_behind_by_pickle() -> None:
    predictions, targets = some_images(np.random.default_rng(16), 4)
    truth, found = columns_of(predictions, targets, [1, 2, 3, 4])
    wanted = evaluate_detections(truth, found)
    evaluator = DetectionEvaluator(truth, box_format="xywh")
    evaluator.update(predictions[:2], image_ids=[1, 2])
    part = pickle.loads(pickle.dumps(evaluator))
    with pytest.raises(ValueError, match="ground_truth: left behind by pickle"):
        part.update(predictions[2:], image_ids=[3, 4])
    shared = copy.copy(evaluator)
    assert shared._truth is evaluator._truth is truth
    rest = DetectionEvaluator(truth, box_format="xywh")
    rest.update(predictions[2:], image_ids=[3, 4])
    part.merge(rest)
    assert_same(part.compute(), wanted)
    shared.update(predictions[2:], image_ids=[3, 4])
    assert_same(shared.compute(), wanted)
    evaluator.merge(rest)
    assert_same(evaluator.compute(), wanted)


def test_nothing_at_all() -> None:
    report = DetectionEvaluator().compute()
    assert set(report.stats.values()) == {-1.0}
    assert len(report.outcomes) == 0
    evaluator = DetectionEvaluator()
    evaluator.update([], [])
    assert report.stats == evaluator.compute().stats
    evaluator.update([], {"images": [{"id": 3}], "annotations": [], "categories": [{"id": 1}]})
    report = evaluator.compute()
    assert report.image_ids.tolist() == [3]
    assert report.precision.shape[2] == 1


def test_the_state_is_some_thirty_bytes_a_detection() -> None:
    rng = np.random.default_rng(17)
    count = 20_000
    images = rng.integers(0, 100, count)
    truth = GroundTruth.from_arrays(image_id=np.arange(100), category_id=np.ones(100, int), bbox=np.ones((100, 4)))
    boxes = rng.random((count, 4))
    found = Detections.from_arrays(image_id=images, category_id=np.ones(count, int), bbox=boxes, score=boxes[:, 0])
    for diagnostics, size in ((False, 32), (True, 44)):
        evaluator = DetectionEvaluator(truth, diagnostics=diagnostics, max_detections=[1, 10, 1000])
        evaluator.update(found)
        assert len(evaluator.compute().outcomes) == count
        assert len(pickle.dumps(evaluator)) < (size + 1) * count  # which matches what waits
        assert size <= evaluator.nbytes / count < size + 0.3


# ---- diagnostics ----------------------------------------------------------------------------------------------------


def best_overlaps(truth: GroundTruth, found: Detections) -> tuple[list[float], list[float]]:
    """By definition, one pair after the other."""
    own, other = [], []
    assert truth.bbox is not None
    assert found.bbox is not None
    for row in range(len(found)):
        best = [0.0, 0.0]
        for object in range(len(truth)):
            if truth.image_id[object] != found.image_id[row] or truth.iscrowd[object]:
                continue
            overlap = metrix.boxes.box_iou(found.bbox[[row]], truth.bbox[[object]], fmt="xywh")[0, 0]
            is_other = truth.category_id[object] != found.category_id[row]
            best[is_other] = max(best[is_other], float(overlap))
        own.append(best[0])
        other.append(best[1])
    return own, other


def test_diagnostics_tell_what_detections_lie_on() -> None:
    predictions, targets = some_images(np.random.default_rng(18), 30)
    ids = list(range(30))
    truth, found = columns_of(predictions, targets, ids)
    report = evaluate_detections(truth, found, diagnostics=True, iou_thresholds=[0.75, 0.25, 0.5])
    table = report.per_detection(iou_threshold=0.25)
    own, other = best_overlaps(truth, found)
    rows = table["row"]
    assert table["best_overlap"].dtype == np.float32
    np.testing.assert_array_equal(table["best_overlap"], np.array(own, dtype=np.float32)[rows])
    np.testing.assert_array_equal(table["best_other_overlap"], np.array(other, dtype=np.float32)[rows])
    np.testing.assert_array_equal(table["ground_truth"] >= 0, table["matched"])
    assert table["matched"].any()
    for place, object in enumerate(table["ground_truth"]):
        if object >= 0:
            assert truth.image_id[object] == table["image_id"][place]
            assert truth.category_id[object] == table["category_id"][place]
            assert truth.bbox is not None
            assert found.bbox is not None
            overlap = metrix.boxes.box_iou(found.bbox[[rows[place]]], truth.bbox[[object]], fmt="xywh")
            assert overlap >= 0.25 or truth.iscrowd[object]
    plain = evaluate_detections(truth, found, iou_thresholds=[0.75, 0.25, 0.5])
    assert "best_overlap" not in plain.per_detection()
    assert bits_of(plain) == {name: value for name, value in bits_of(report).items() if "best" not in name}


def test_diagnostics_of_masks_are_exact_below_the_thresholds() -> None:
    rng = np.random.default_rng(21)
    masks, found = (metrix.masks.encode((rng.random((9, 9, 6)) < 0.4).astype(np.uint8)) for _ in range(2))
    truth = GroundTruth.from_arrays(image_id=[1] * 6, category_id=[1] * 6, segmentation=masks)
    detections = Detections.from_arrays(image_id=[1] * 6, category_id=[1] * 6, segmentation=found, score=[0.5] * 6)
    table = evaluate_detections(truth, detections, iou_type="segm", diagnostics=True).per_detection()
    best = metrix.masks.iou(found, masks).max(axis=1)
    assert (best < 0.5).all()
    np.testing.assert_array_equal(table["best_overlap"], best.astype(np.float32)[table["row"]])


@pytest.mark.parametrize("whole", [True, False])
def test_rows_of_a_stream_are_places_in_the_image(whole: bool) -> None:
    predictions, targets = some_images(np.random.default_rng(19), 8)
    ids = list(range(8))
    truth, found = columns_of(predictions, targets, ids)
    wanted = evaluate_detections(truth, found, diagnostics=True).per_detection()
    evaluator = DetectionEvaluator(truth if whole else None, box_format="xywh", diagnostics=True)
    for i in (5, 1, 7, 0, 2, 3, 6, 4):
        evaluator.update(predictions[i], None if whole else targets[i], image_ids=[i])
        if i == 7:
            evaluator.compute()
    table = evaluator.compute().per_detection()
    first = np.cumsum([0] + [len(image["labels"]) for image in predictions])
    np.testing.assert_array_equal(table["row"], wanted["row"] - first[wanted["image_id"]])
    first = np.cumsum([0] + [len(image["labels"]) for image in targets])
    expected = wanted["ground_truth"].copy()
    if not whole:
        expected = np.where(expected < 0, -1, expected - first[wanted["image_id"]])
    np.testing.assert_array_equal(table["ground_truth"], expected)
    assert (expected >= 0).any()


def test_poses_have_the_points_that_sigmas_are_for() -> None:
    evaluator = DetectionEvaluator(iou_type="keypoints")
    image = {"keypoints": np.ones((1, 5, 3)), "scores": [0.5], "labels": [1]}
    with pytest.raises(ValueError, match=r"^predictions\.keypoints: has 5 keypoints, but there are 17 sigmas"):
        evaluator.update(image, {"keypoints": np.ones((1, 17, 3)), "labels": [1]}, image_ids=[1])


# ---- errors ---------------------------------------------------------------------------------------------------------

IMAGE = {"boxes": [[0, 0, 1, 1]], "scores": [0.5], "labels": [1]}
ARRAYS = {name: np.array(value) for name, value in IMAGE.items()}
TARGET = {"boxes": [[0, 0, 1, 1]], "labels": [1]}
BAD_UPDATES: list[tuple[tuple[Any, ...], dict[str, Any], str]] = [
    (([IMAGE],), {}, "targets: expected those of the batch"),
    (([IMAGE], [TARGET, TARGET]), {}, "predictions: expected one dict for each of 2 images, got 1"),
    (([IMAGE], [TARGET]), {"image_ids": [1, 2]}, "predictions: expected one dict for each of 2 images, got 1"),
    (([{"boxes": []}], [TARGET]), {}, "predictions[0]: expected the key 'scores', got ['boxes']"),
    (
        ([IMAGE, IMAGE | {"scores": []}], [TARGET] * 2),
        {},
        "predictions[1]['labels']: expected 0 rows like the other keys",
    ),
    (([IMAGE | {"boxes": [[0, 0, 1]]}], [TARGET]), {}, "predictions[0]['boxes']: expected shape (N, 4), got (1, 3)"),
    (([IMAGE | {"boxes": [["a", 0, 0, 1]]}], [TARGET]), {}, "predictions[0]['boxes']: expected real numbers"),
    (([IMAGE | {"scores": [1j]}], [TARGET]), {}, "predictions[0]['scores']: expected real numbers"),
    (([IMAGE | {"labels": [0.5]}], [TARGET]), {}, "predictions[0]['labels'][0]: expected a whole number"),
    (([IMAGE | {"scores": 3}], [TARGET]), {}, "predictions: expected 'scores' of shape (N,)"),
    (
        ([ARRAYS | {"scores": np.ones(2)}], [TARGET]),
        {},
        "predictions[0]['labels']: expected 2 rows like the other keys",
    ),
    (
        ([ARRAYS | {"boxes": np.ones((1, 5))}], [TARGET]),
        {},
        "predictions[0]['boxes']: expected shape (N, 4), got (1, 5)",
    ),
    (([IMAGE, IMAGE | {"labels": ["a"]}], [TARGET] * 2), {}, "predictions: expected labels of one kind"),
    (([IMAGE], [TARGET | {"area": [1, 2]}]), {}, "targets[0]['area']: expected 1 rows like the other keys, got 2"),
    (([IMAGE], [TARGET | {"iscrowd": ["x"]}]), {}, "targets[0]['iscrowd']: expected booleans or integers"),
    (([IMAGE] * 2, [TARGET, TARGET | {"area": [1]}]), {}, "targets[0]: expected the key 'area'"),
    (([IMAGE], [TARGET]), {"image_ids": [1.5]}, "image_ids[0]: expected a whole number"),
    (([IMAGE], [TARGET]), {"image_ids": [[1, 2]]}, "image_ids[0]: expected one id, got 2"),
    (([IMAGE] * 2, [TARGET] * 2), {"image_ids": ["a", 2]}, "image_ids: expected ids of one kind"),
    ((["x"], [TARGET]), {}, "predictions[0]: expected a dict, got str"),
    (([IMAGE | {"labels": ["a"]}], [TARGET]), {}, "predictions: expected labels of one kind"),
]


@pytest.mark.parametrize(("arguments", "ids", "message"), BAD_UPDATES, ids=[message for _, _, message in BAD_UPDATES])
def test_errors_name_what_does_not_fit_and_add_nothing(
    arguments: tuple[Any, ...], ids: dict[str, Any], message: str
) -> None:
    evaluator = DetectionEvaluator()
    with pytest.raises((ValueError, TypeError)) as caught:
        evaluator.update(*arguments, **ids)
    assert str(caught.value).startswith(message)
    evaluator.update([IMAGE], [TARGET], image_ids=[7])
    assert evaluator.compute().image_ids.tolist() == [7]
    assert round(evaluator.compute().stats["AP"], 9) == 1


def test_errors_of_ground_truth_beforehand() -> None:
    truth = GroundTruth.from_arrays(image_id=[7], category_id=[1], bbox=[[0, 0, 1, 1]])
    evaluator = DetectionEvaluator(truth)
    with pytest.raises(ValueError, match=r"^targets: expected none"):
        evaluator.update([IMAGE], [TARGET], image_ids=[7])
    with pytest.raises(ValueError, match=r"^image_ids: expected one id for each image"):
        evaluator.update([IMAGE])
    with pytest.raises(ValueError, match=r"^image_ids\[1\]: 8 is not an image of the ground truth"):
        evaluator.update([IMAGE, IMAGE], image_ids=[7, 8])
    with pytest.raises(ValueError, match=r"^predictions\[0\].image_id: 7 is not among the image_ids"):
        evaluator.update([{"image_id": 7, "category_id": 1, "bbox": [0, 0, 1, 1], "score": 1}], image_ids=[])
    with pytest.raises(ValueError, match=r"^predictions\[1\]: expected the same of bbox"):
        evaluator.update(
            [
                {"image_id": 7, "category_id": 1, "bbox": [0, 0, 1, 1], "score": 1},
                {"image_id": 7, "category_id": 1, "score": 1},
            ]
        )


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"iou_type": "boxes"}, "iou_type"),
        ({"semantics": "strict"}, "semantics"),
        ({"box_format": "yxyx"}, "box_format: expected 'xyxy', 'xywh' or 'cxcywh', got 'yxyx'"),
        ({"images": [1]}, "images: expected ground_truth with it"),
        ({"use_categories": False}, "categories: expected the ids where use_categories=False"),
        ({"num_threads": 0}, "num_threads"),
    ],
)
def test_errors_name_the_argument(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=f"^{message}"):
        DetectionEvaluator(**arguments)


def test_only_parts_of_one_evaluation_merge() -> None:
    truth = GroundTruth.from_arrays(image_id=[7], category_id=[1], bbox=[[0, 0, 1, 1]])
    other = GroundTruth.from_arrays(image_id=[7], category_id=[1], bbox=[[0, 0, 40, 40]], area=[1600])
    evaluator = DetectionEvaluator(truth)
    for wrong, message in [
        (DetectionEvaluator(truth, iou_thresholds=[0.5]), "the same settings, but iou_thresholds differ"),
        (DetectionEvaluator(truth, diagnostics=True), "the same settings, but diagnostics differ"),
        (DetectionEvaluator(truth, semantics="corrected"), "the same settings, but corrected differ"),
        (DetectionEvaluator(other), "the same ground truth"),
        (DetectionEvaluator(), "the same ground truth"),
    ]:
        with pytest.raises(ValueError, match=message):
            evaluator.merge(wrong)
    with pytest.raises(TypeError, match="expected a DetectionEvaluator, got int"):
        evaluator.merge(3)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="the same categories"):
        DetectionEvaluator(categories=[1]).merge(DetectionEvaluator(categories=[1, 2]))
    one, two = DetectionEvaluator(), DetectionEvaluator()
    one.update([IMAGE], [TARGET], image_ids=[1])
    two.update([IMAGE], [TARGET], image_ids=["1"])
    with pytest.raises(TypeError, match="ids of images of one kind"):
        one.merge(two)


def test_what_looks_at_all_images_at_once_is_refused() -> None:
    with pytest.raises(ValueError, match="protocol: 'lvis_fixed' looks at all detections of a category at once"):
        DetectionEvaluator(protocol="lvis_fixed")
    with pytest.raises(ValueError, match="ground_truth: expected beforehand, as 'lvis' asks it"):
        DetectionEvaluator(protocol="lvis")
