"""The random data sets of ``random_sets``, made federated as LVIS is."""

from __future__ import annotations

import math
from collections import Counter
from typing import Any

import numpy as np

from parity.random_sets import DataSet, Record, random_set


class LvisSet(DataSet):
    """One data set, and how to evaluate it in both worlds."""

    def configure(self, evaluation: Any) -> None:
        """The same options for an LVISEval."""
        params, options = evaluation.params, self.options
        if "iou_thresholds" in options:
            params.iou_thrs = np.array(options["iou_thresholds"], dtype=float)
        if "recall_thresholds" in options:
            params.rec_thrs = np.array(options["recall_thresholds"], dtype=float)
        if "area_ranges" in options:
            params.area_rng = [list(limits) for limits in options["area_ranges"].values()]
            params.area_rng_lbl = list(options["area_ranges"])
        if "categories" in options:
            params.cat_ids = list(options["categories"])
        if "images" in options:
            params.img_ids = list(options["images"])
        if "use_categories" in options:
            params.use_cats = int(options["use_categories"])


def lvis_set(rng: np.random.Generator, iou_type: str) -> LvisSet:
    """One data set: lists of absent and of not exhaustively annotated categories, frequencies, and limits that bite."""
    base = random_set(rng, iou_type)
    data = LvisSet(base.iou_type, base.ground_truth, base.detections, base.options)
    category_ids = [category["id"] for category in data.ground_truth["categories"]]
    for category in data.ground_truth["categories"]:
        category["frequency"] = "rcf"[int(rng.integers(3))]
    share = rng.choice([0.0, 0.3, 0.7, 1.0])
    for image in data.ground_truth["images"]:
        image["neg_category_ids"] = some_of(rng, [*category_ids, 777, *category_ids], share)
        image["not_exhaustive_category_ids"] = some_of(rng, [888, *category_ids], 0.3)
    if rng.random() < 0.4:
        for annotation in data.ground_truth["annotations"]:
            annotation["ignore"] = int(rng.random() < 0.3)
    options = data.options
    options.pop("max_detections", None)
    if "use_categories" in options and rng.random() < 0.7:
        call_category(data, category_ids[0], -1)  # the only one that LVISEval then looks at
    if "categories" in options:
        options["categories"] = sorted(options["categories"])  # in the order that LVISEval leaves them in
    if rng.random() < 0.5:
        options["max_detections"] = [int(rng.integers(1, 12))]
        without_cut_nan(rng, data.detections, options["max_detections"][0])
    return data


def call_category(data: LvisSet, old: int, new: int) -> None:
    """Rename a category everywhere, unless the name is taken."""
    categories = data.ground_truth["categories"]
    if new in (category["id"] for category in categories):
        return
    for record, name in (
        *((category, "id") for category in categories),
        *((record, "category_id") for record in (*data.ground_truth["annotations"], *data.detections)),
    ):
        record[name] = new if record[name] == old else record[name]
    lists = [image[name] for image in data.ground_truth["images"] for name in image if name.endswith("category_ids")]
    for ids in (*lists, data.options.get("categories", [])):
        ids[:] = [new if id == old else id for id in ids]


def some_of(rng: np.random.Generator, values: list[int], share: float) -> list[int]:
    return [value for value in values if rng.random() < share]


def without_cut_nan(rng: np.random.Generator, detections: list[Record], cap: int) -> None:
    """Python's sort, by which the reference cuts, leaves the order of a list with NaN open."""
    counts = Counter(detection["image_id"] for detection in detections)
    for detection in detections:
        if counts[detection["image_id"]] > cap and math.isnan(detection["score"]):
            detection["score"] = float(rng.integers(3))
