"""Random data sets, evaluated here and by the reference: what differs in any bit, or in the printed text."""

from __future__ import annotations

import copy
import json
import os
import warnings
from collections.abc import Iterable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from multiprocessing import get_context
from typing import Any

import numpy as np

import metrix
from parity import reference
from parity.random_sets import DataSet, random_set

IOU_TYPES = ("bbox", "segm", "keypoints", "boundary")
THREADS = (1, 2, 7)


@dataclass
class Tally:
    """What became of some data sets."""

    compared: int = 0
    #: Sets without detections, with which the reference stops.
    without_detections: int = 0
    #: Sets with a precision that is neither absent nor 0 nor (nearly) 1: those that can tell right from wrong.
    telling: int = 0
    failures: list[str] = field(default_factory=list)

    def add(self, other: Tally) -> None:
        self.compared += other.compared
        self.without_detections += other.without_detections
        self.telling += other.telling
        self.failures += other.failures


def set_of_seed(iou_type: str, seed: int) -> DataSet:
    return random_set(np.random.default_rng([seed, IOU_TYPES.index(iou_type)]), iou_type)


def expected_of(data: DataSet) -> reference.Evaluation:
    """The reference's answer. It cannot start without detections, so it then gets one of a category that it leaves out."""
    detections = data.detections
    if not detections:
        image_id = data.ground_truth["images"][0]["id"]
        detections = [{"image_id": image_id, "category_id": 987654, "score": 0.5, "bbox": [0, 0, 1, 1]}]
        if data.iou_type == "keypoints":
            detections[0]["keypoints"] = [0, 0, 0]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # NumPy's, about NaN and infinity
        return reference.evaluate(data.ground_truth, detections, data.iou_type, data.configure)


def compare(iou_type: str, seed: int) -> Tally:
    """One data set; the seed also decides the number of threads, and whether the input is dicts or JSON."""
    data = set_of_seed(iou_type, seed)
    ground_truth: Any = data.ground_truth
    detections: Any = data.detections
    if seed % 4 == 3:
        ground_truth, detections = _as_json(ground_truth), _as_json(detections)
    before = copy.deepcopy((data.ground_truth, data.detections))
    expected = expected_of(data)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        report = metrix.evaluate_detections(
            ground_truth,
            detections,
            iou_type=iou_type,  # type: ignore[arg-type]
            num_threads=THREADS[seed % len(THREADS)],
            **data.options,
        )
        lines = reference.differences(report, expected)
        if f"{report}\n" != expected.printed:
            lines.append(f"printed:\n{report}\nexpected:\n{expected.printed}")
    if repr(before) != repr((data.ground_truth, data.detections)):  # by repr, where NaN equals NaN
        lines.append("the input was changed")
    name = f"compare({iou_type!r}, {seed}) of tests/parity/comparison.py"
    return Tally(
        compared=1,
        without_detections=not data.detections,
        telling=bool(((expected.precision > 0) & (expected.precision < 1 - 1e-9)).any()),
        failures=[f"{name}: {'; '.join(lines)}"] if lines else [],
    )


def _as_json(records: Any) -> bytes:
    return json.dumps(records, default=bytes.decode).encode()


def compare_some(iou_type: str, seeds: Iterable[int]) -> Tally:
    tally = Tally()
    for seed in seeds:
        try:
            tally.add(compare(iou_type, seed))
        except Exception as error:
            tally.failures.append(f"compare({iou_type!r}, {seed}) of tests/parity/comparison.py: {error!r}")
    return tally


def compare_many(iou_type: str, seeds: range) -> Tally:
    """``compare_some`` in as many processes as there are CPUs to use."""
    step = 50
    parts = [seeds[i : i + step] for i in range(0, len(seeds), step)]
    if len(parts) == 1:
        return compare_some(iou_type, seeds)
    tally = Tally()
    # Spawned: a fork of a process with OpenMP threads is no good test bed.
    with ProcessPoolExecutor(len(os.sched_getaffinity(0)), mp_context=get_context("spawn")) as pool:
        for part in pool.map(compare_some, [iou_type] * len(parts), parts):
            tally.add(part)
    return tally
