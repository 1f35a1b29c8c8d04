"""Random data sets in random batches, over several evaluators, merged in any order: the bits of the one call."""

from __future__ import annotations

import copy
import pickle
import warnings
from typing import Any

import numpy as np
import pytest

import metrix
from effort import cases
from metrix import DetectionEvaluator, evaluate_detections
from same_bits import assert_same

pytest.importorskip("pycocotools")
from parity.comparison import IOU_TYPES, set_of_seed
from parity.lvis_sets import lvis_set
from parity.random_sets import DataSet

Record = dict[str, Any]


def records_of(records: list[Record], image_ids: list[Any]) -> list[Record]:
    return [record for record in records if record["image_id"] in image_ids]


class Split:
    """Images of a data set in random batches, over random evaluators, merged in random order."""

    def __init__(self, rng: np.random.Generator, image_ids: list[Any]) -> None:
        self.rng = rng
        shuffled = [image_ids[i] for i in rng.permutation(len(image_ids))]
        cuts = sorted(rng.integers(0, len(shuffled) + 1, int(rng.integers(0, 4))).tolist())
        self.batches = [shuffled[a:b] for a, b in zip([0, *cuts], [*cuts, len(shuffled)], strict=True)]

    def merged(self, made: list[DetectionEvaluator], add: Any) -> DetectionEvaluator:
        for batch in self.batches:
            add(made[int(self.rng.integers(len(made)))], batch)
        parts = list(made)
        while len(parts) > 1:
            one = parts.pop(int(self.rng.integers(len(parts))))
            kind = int(self.rng.integers(4))
            if kind == 0:
                one = pickle.loads(pickle.dumps(one))
            elif kind == 1:
                one = copy.deepcopy(one)
            elif kind == 2:
                one.compute()
            parts[int(self.rng.integers(len(parts)))].merge(one)
        return parts[0]


def one_call(data: DataSet, **changes: Any) -> metrix.DetectionReport:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        return evaluate_detections(
            data.ground_truth, data.detections, iou_type=data.iou_type, **(data.options | changes)
        )  # type: ignore[arg-type]


# ---- random data sets -----------------------------------------------------------------------------------------------


def ground_truth_beforehand(iou_type: str, seed: int, data: DataSet | None = None) -> None:
    data, rng = data or set_of_seed(iou_type, seed), np.random.default_rng([seed, 77])
    options = data.options | {"diagnostics": bool(seed % 2)}
    if seed % 5 == 4:
        options["semantics"] = "corrected"
    wanted = one_call(data, **options)
    fields = ["bbox", "segmentation", "keypoints", "federated"]
    truth = metrix.records.read_ground_truth(data.ground_truth, fields=fields)
    made = [
        DetectionEvaluator(truth, iou_type=iou_type, num_threads=(1, 2, 7)[seed % 3], **options)
        for _ in range(1 + seed % 3)
    ]  # type: ignore[arg-type]
    split = Split(rng, [image["id"] for image in data.ground_truth["images"]])

    def add(evaluator: DetectionEvaluator, batch: list[Any]) -> None:
        evaluator.update(records_of(data.detections, batch), image_ids=batch)

    assert_same(split.merged(made, add).compute(), wanted)


def federated(iou_type: str, seed: int) -> None:
    data = lvis_set(np.random.default_rng([seed, 79]), iou_type)
    data.options["protocol"] = "lvis"
    ground_truth_beforehand(iou_type, seed, data)


def of_voc(iou_type: str, seed: int) -> None:
    data = set_of_seed(iou_type, seed)
    data.options = {name: data.options[name] for name in ("images", "categories") if name in data.options}
    data.options["protocol"] = ("voc2007", "voc2012")[seed % 2]
    ground_truth_beforehand(iou_type, seed, data)


def ground_truth_with_each_batch(iou_type: str, seed: int) -> None:
    data, rng = set_of_seed(iou_type, seed), np.random.default_rng([seed, 78])
    annotations = data.ground_truth["annotations"]
    listed = [{entry["id"] for entry in data.ground_truth[side]} for side in ("images", "categories")]
    data.ground_truth["annotations"] = annotations = [
        a for a in annotations if a["image_id"] in listed[0] and a["category_id"] in listed[1]
    ]
    of_id: dict[int, set[int]] = {}
    for annotation in annotations:
        of_id.setdefault(annotation["id"], set()).add(annotation["image_id"])
    for annotation in annotations:  # the same id on several images is for the whole ground truth only
        if len(of_id[annotation["id"]]) > 1:
            annotation["id"] = annotation["id"] * 100 + annotation["image_id"] + 13
    options = {name: value for name, value in data.options.items() if name not in ("images", "categories")}
    options["diagnostics"] = bool(seed % 2)
    data.options = options
    wanted = one_call(data)
    options = dict(options)
    if seed % 2 or not options.get("use_categories", True):
        options["categories"] = sorted(listed[1])
    made = [
        DetectionEvaluator(iou_type=iou_type, num_threads=(1, 2, 7)[seed % 3], **options) for _ in range(1 + seed % 3)
    ]  # type: ignore[arg-type]
    split = Split(rng, [image["id"] for image in data.ground_truth["images"]])

    def add(evaluator: DetectionEvaluator, batch: list[Any]) -> None:
        truth = {
            "images": [image for image in data.ground_truth["images"] if image["id"] in batch],
            "annotations": records_of(annotations, batch),
            "categories": data.ground_truth["categories"],
        }
        evaluator.update(records_of(data.detections, batch), truth, image_ids=batch)

    assert_same(split.merged(made, add).compute(), wanted)


BOTH_WAYS = [
    (how, iou_type) for how in (ground_truth_beforehand, ground_truth_with_each_batch) for iou_type in IOU_TYPES
]


@pytest.mark.parametrize(
    ("compare", "iou_type"), [*BOTH_WAYS, (federated, "bbox"), (federated, "segm"), (of_voc, "bbox"), (of_voc, "segm")]
)
def test_any_split_gives_the_bits_of_the_one_call(iou_type: str, compare: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    for seed in range(cases(100)):
        monkeypatch.setattr(metrix.evaluator, "MOST_WAITING_BYTES", (1, 1000, 1 << 20)[seed % 3])
        try:
            compare(iou_type, seed)
        except Exception as error:
            raise AssertionError(f"{compare.__name__}({iou_type!r}, {seed})") from error
