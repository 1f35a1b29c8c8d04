#!/usr/bin/env python3
"""Batch by batch: DetectionEvaluator beside the streaming classes of its peers, and beside its own one call.

    python bench/bench_evaluator.py [--quick] [--threads 1 2]

Run it in an environment that has metrix and what of the peers is wanted; torchmetrics is met where torch is installed.

Batches of 16 images with the boxes of val2017_bbox_36k. Each package gets the form that it takes, made before the clock
starts (metrix and ultrafast-pycocotools: dicts of arrays for each image; hotcoco: dicts of annotations and an (N, 7) array;
vernier: the ground truth beforehand and (N, 7) arrays). The clock runs over all updates and the computation at the end.
Compared first with the one call: precision, recall and scores (hotcoco), the published numbers (vernier, torchmetrics), or
true positives of each category and threshold (ultrafast-pycocotools, which has no AP here and one area range).
"""

from __future__ import annotations

import argparse
import gc
import importlib
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from columns import DetectionColumns, GroundTruthColumns
from harness.rounds import optional, print_heading
from workloads import WORKLOADS

BATCH = 16
_INSIDE = "METRIX_BENCH_THREADS"


@dataclass
class Image:
    """One image as a loop has it; boxes are x, y, width, height."""

    id: int
    prediction: dict[str, Any]
    target: dict[str, Any]
    annotations: list[dict[str, Any]]
    table: Any  # (n, 7)


@dataclass
class Stream:
    """A workload, image by image in ascending id, as torchvision's loader has it."""

    truth: GroundTruthColumns
    found: DetectionColumns
    images: list[Image]

    @classmethod
    def of(cls, name: str, *, copies: int = 1) -> Stream:
        workload = WORKLOADS[name]
        workload.ensure()
        truth, found = workload.ground_truth_columns(), workload.detection_columns()
        if copies > 1:
            truth, found = repeated(truth, copies), repeated(found, copies)
        return cls(truth, found, [])

    def rows(self) -> Iterator[tuple[int, Any, Any]]:
        """Of each image its id, and its rows on both sides."""
        sides = []
        for ids in (self.truth.image_id, self.found.image_id):
            order = np.argsort(ids, kind="stable")
            starts = np.searchsorted(ids[order], np.sort(self.truth.image_ids))
            sides.append(np.split(order, starts[1:]))
        return zip(np.sort(self.truth.image_ids).tolist(), *sides, strict=True)

    def split(self) -> None:
        """Make the forms of each image."""
        t, d = self.truth, self.found
        for id, objects, rows in self.rows():
            table = np.column_stack([d.image_id[rows], d.bbox[rows], d.score[rows], d.category_id[rows]])
            columns = (t.id, t.category_id, t.bbox, t.area, t.iscrowd)
            names = ("id", "category_id", "bbox", "area", "iscrowd")
            annotations = [
                dict(zip(names, values, strict=True), image_id=id)
                for values in zip(*(column[objects].tolist() for column in columns), strict=True)
            ]
            self.images.append(
                Image(
                    id,
                    {"boxes": d.bbox[rows], "scores": d.score[rows], "labels": d.category_id[rows]},
                    {
                        "boxes": t.bbox[objects],
                        "labels": t.category_id[objects],
                        "area": t.area[objects],
                        "iscrowd": t.iscrowd[objects],
                    },
                    annotations,
                    table.astype(np.float64),
                )
            )

    def batches(self) -> list[list[Image]]:
        return [self.images[i : i + BATCH] for i in range(0, len(self.images), BATCH)]


def repeated(columns: Any, copies: int) -> Any:
    """The same images several times, under other ids."""
    step = int(columns.image_id.max()) + 1
    changes: dict[str, Any] = {}
    for name, column in columns.__dict__.items():
        if column is None or name == "category_ids":
            continue
        shift = step if name in ("image_id", "image_ids") else 10**13 if name == "id" else 0
        changes[name] = np.concatenate([column + shift * i for i in range(copies)])
    return type(columns)(**(columns.__dict__ | changes))


def ground_truth_of(columns: GroundTruthColumns) -> Any:
    from metrix import GroundTruth

    names = ("image_id", "category_id", "bbox", "area", "iscrowd", "id", "image_ids", "category_ids")
    return GroundTruth.from_arrays(**{name: getattr(columns, name) for name in names})


def detections_of(columns: DetectionColumns) -> Any:
    from metrix import Detections

    return Detections.from_arrays(
        image_id=columns.image_id, category_id=columns.category_id, bbox=columns.bbox, score=columns.score
    )


# ---- contestants: each returns how long the updates took, and its result ----------------------------------------------

Run = Callable[[], tuple[float, Any]]


def timed(update: Callable[[Any], object], batches: list[Any]) -> float:
    start = time.perf_counter()
    for batch in batches:
        update(batch)
    return time.perf_counter() - start


def metrix_with_targets(stream: Stream, threads: int) -> Run:
    from metrix import DetectionEvaluator

    batches = [
        ([i.prediction for i in batch], [i.target for i in batch], [i.id for i in batch]) for batch in stream.batches()
    ]

    def run() -> tuple[float, Any]:
        evaluator = DetectionEvaluator(box_format="xywh", num_threads=threads)
        seconds = timed(lambda b: evaluator.update(b[0], b[1], image_ids=b[2]), batches)
        return seconds, evaluator.compute()

    return run


def metrix_with_ground_truth(stream: Stream, threads: int) -> Run:
    from metrix import DetectionEvaluator

    truth = ground_truth_of(stream.truth)
    batches = [([i.prediction for i in batch], [i.id for i in batch]) for batch in stream.batches()]
    evaluator = DetectionEvaluator(truth, box_format="xywh", num_threads=threads)

    def run() -> tuple[float, Any]:
        evaluator.reset()
        seconds = timed(lambda b: evaluator.update(b[0], image_ids=b[1]), batches)
        return seconds, evaluator.compute()

    return run


def ultrafast(stream: Stream, threads: int) -> Run:
    from ultrafast_pycocotools.metrics import DetectionMetrics

    from metrix.protocols import COCO_DETECTION

    batches = [([i.prediction for i in batch], [i.target for i in batch]) for batch in stream.batches()]

    def run() -> tuple[float, Any]:
        metrics = DetectionMetrics(
            iou_thrs=COCO_DETECTION.iou_thresholds, box_format="xywh", max_dets=100, batch_results=False
        )
        seconds = timed(lambda b: metrics.update(*b), batches)
        return seconds, metrics.compute()

    return run


def hotcoco(stream: Stream, threads: int) -> Run:
    from hotcoco import StreamingEval

    categories = [{"id": int(id), "name": str(id)} for id in stream.truth.category_ids]
    batches = [
        (
            [{"id": i.id, "height": 1, "width": 1} for i in batch],
            [annotation for i in batch for annotation in i.annotations],
            np.concatenate([i.table for i in batch]),
        )
        for batch in stream.batches()
    ]

    def run() -> tuple[float, Any]:
        evaluator = StreamingEval(categories, "bbox")
        seconds = timed(lambda b: evaluator.update(*b), batches)
        result = evaluator.finalize()
        result.accumulate()
        with silence():
            result.summarize()
        return seconds, result

    return run


def vernier(stream: Stream, threads: int) -> Run:
    import json

    module = importlib.import_module("vernier.instance")
    core = importlib.import_module("vernier._core")
    t = stream.truth
    document = {
        "images": [{"id": int(id), "height": 1, "width": 1} for id in t.image_ids],
        "categories": [{"id": int(id), "name": str(id)} for id in t.category_ids],
        "annotations": [annotation for image in stream.images for annotation in image.annotations],
    }
    truth = module.CocoDataset.from_json(json.dumps(document).encode())
    batches = [np.concatenate([i.table for i in batch]) for batch in stream.batches()]

    def run() -> tuple[float, Any]:
        with core.BackgroundEvaluator(truth, parity_mode="strict", num_threads=threads) as evaluator:
            seconds = timed(evaluator.submit, batches)
            return seconds, evaluator.finalize()

    return run


def torchmetrics(stream: Stream, threads: int) -> Run:
    import torch
    from torchmetrics.detection import MeanAveragePrecision

    torch.set_num_threads(threads)
    tensors = [
        [[{k: torch.from_numpy(np.ascontiguousarray(v)) for k, v in side.items()} for side in sides] for sides in pair]
        for pair in (([i.prediction for i in batch], [i.target for i in batch]) for batch in stream.batches())
    ]

    def run() -> tuple[float, Any]:
        metric = MeanAveragePrecision(box_format="xywh", backend="faster_coco_eval")
        seconds = timed(lambda b: metric.update(*b), tensors)
        return seconds, metric.compute()

    return run


class silence:
    """Nothing reaches the terminal, whatever language writes it."""

    def __enter__(self) -> None:
        sys.stdout.flush()
        self._kept = os.dup(1)
        self._null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(self._null, 1)

    def __exit__(self, *error: object) -> None:
        sys.stdout.flush()
        os.dup2(self._kept, 1)
        os.close(self._kept)
        os.close(self._null)


# ---- what must agree ------------------------------------------------------------------------------------------------


def agrees_with(report: Any, name: str, result: Any) -> str:
    """What agrees, in words; empty if something does not."""
    if name.startswith("metrix"):
        arrays = all(
            getattr(report, array).tobytes() == getattr(result, array).tobytes()
            for array in ("precision", "recall", "scores")
        )
        return "same bits" if arrays and report.stats == result.stats else ""
    if name == "hotcoco":
        arrays = all(
            np.asarray(result.eval[array]).tobytes() == getattr(report, array).tobytes()
            for array in ("precision", "recall", "scores")
        )
        return "same bits" if arrays else ""
    if name == "ultrafast-pycocotools":
        return "same true positives" if np.array_equal(result["per_category"]["tp"], true_positives(report)) else ""
    stats = list(report.stats.values())
    if name == "torchmetrics":
        return "same AP to 1e-6" if abs(float(result["map"]) - stats[0]) < 1e-6 else ""
    found = [float(value) for value in result.stats]
    return "same stats" if found == stats else ""


def true_positives(report: Any) -> Any:
    """(T, K) of the categories that have ground truth or detections."""
    outcomes = report.outcomes
    category = np.repeat(np.arange(len(report.category_ids)), np.diff(outcomes.category_offset))
    counts = [
        np.bincount(category[outcomes.matched(0, t) & ~outcomes.ignored(0, t)], minlength=len(report.category_ids))
        for t in range(outcomes.threshold_count)
    ]
    return np.stack(counts)


# ---- tables ---------------------------------------------------------------------------------------------------------

CONTESTANTS: list[tuple[str, str | None, Callable[[Stream, int], Run]]] = [
    ("metrix, targets with each batch", None, metrix_with_targets),
    ("metrix, ground truth beforehand", None, metrix_with_ground_truth),
    ("ultrafast-pycocotools", "ultrafast_pycocotools", ultrafast),
    ("hotcoco", "hotcoco", hotcoco),
    ("vernier", "vernier", vernier),
    ("torchmetrics", "torchmetrics", torchmetrics),
]


def batches_side_by_side(threads: int, rounds: int) -> None:
    from metrix import evaluate_detections

    stream = Stream.of("val2017_bbox_36k")
    stream.split()
    report = evaluate_detections(ground_truth_of(stream.truth), detections_of(stream.found))
    runs, verdicts = {}, {}
    for name, module, make in CONTESTANTS:
        if module is not None and optional(module) is None:
            continue
        runs[name] = make(stream, threads)
        verdicts[name] = agrees_with(report, name, runs[name]()[1])
        if not verdicts[name]:
            raise SystemExit(f"PARITY FAILURE: {name} differs from the one call")
    times: dict[str, list[tuple[float, float]]] = {name: [] for name in runs}
    for _ in range(rounds):
        for name, run in runs.items():
            gc.collect()
            start = time.perf_counter()
            seconds, result = run()
            times[name].append((seconds, time.perf_counter() - start))
            del result
    count = len(stream.batches())
    print(f"\n### {count} batches of {BATCH} images, {len(stream.found.score)} boxes, {threads} thread(s)\n")
    print("| | update of a batch | the rest | whole, for each batch | ratio | result |\n|---|---|---|---|---|---|")
    fastest = min(statistics.median(whole for _, whole in times[name]) for name in list(runs)[:1])
    for name, some in times.items():
        update, whole = (statistics.median(column) for column in zip(*some, strict=True))
        print(
            f"| {name} | {update / count * 1e3:.3f} ms | {(whole - update) * 1e3:.1f} ms | {whole / count * 1e3:.3f} ms "
            f"| {whole / fastest:.2f} | {verdicts[name]} |",
            flush=True,
        )


def a_million_streamed(threads: int, rounds: int, copies: int) -> None:
    from metrix import DetectionEvaluator, evaluate_detections

    stream = Stream.of("val2017_bbox_500k", copies=copies)
    truth = ground_truth_of(stream.truth)
    d = stream.found
    parts = [(id, rows) for id, _, rows in stream.rows()]
    batches = []
    for i in range(0, len(parts), BATCH):
        rows = np.concatenate([rows for _, rows in parts[i : i + BATCH]])
        columns = {
            name: np.ascontiguousarray(getattr(d, name)[rows]) for name in ("image_id", "category_id", "bbox", "score")
        }
        batches.append((DetectionColumns(**columns), [id for id, _ in parts[i : i + BATCH]]))
    # The one call gets the order that suits it best as well.
    order = np.argsort(d.image_id, kind="stable")
    whole = DetectionColumns(d.image_id[order], d.category_id[order], d.score[order], d.bbox[order])
    evaluator = DetectionEvaluator(truth, num_threads=threads)

    def one_call() -> Any:
        return evaluate_detections(truth, detections_of(whole), num_threads=threads)

    def streamed() -> Any:
        evaluator.reset()
        for columns, ids in batches:
            evaluator.update(detections_of(columns), image_ids=ids)
        return evaluator.compute()

    if not agrees_with(one_call(), "metrix", streamed()):
        raise SystemExit("PARITY FAILURE: the stream differs from the one call")
    times: dict[str, list[float]] = {"one call": [], "streamed": []}
    for _ in range(rounds):
        for name, call in (("one call", one_call), ("streamed", streamed)):
            gc.collect()
            start = time.perf_counter()
            call()
            times[name].append(time.perf_counter() - start)
    medians = {name: statistics.median(some) for name, some in times.items()}
    print(f"\n### {len(d.score)} boxes in {len(batches)} batches of columns, {threads} thread(s)\n")
    print("| | median | ratio | state |\n|---|---|---|---|")
    size = f"{evaluator.nbytes / len(d.score):.1f} bytes a detection"
    for name, median in medians.items():
        ratio = median / medians["one call"]
        print(f"| {name} | {median * 1e3:.0f} ms | {ratio:.2f} | {size if name == 'streamed' else ''} |", flush=True)


def main() -> int:
    introduction, _, rest = (__doc__ or "").partition("\n")
    parser = argparse.ArgumentParser(
        description=introduction, epilog=rest, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="few rounds, and half a million boxes")
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 2], metavar="N", help="(default: 1 2)")
    options = parser.parse_args()
    rounds = 3 if options.quick else 7
    if inside := os.environ.get(_INSIDE):
        batches_side_by_side(int(inside), rounds)
        a_million_streamed(int(inside), rounds, copies=1 if options.quick else 2)
        return 0
    print_heading("Batch by batch", ["ultrafast-pycocotools", "hotcoco", "vernier", "torchmetrics"])
    for threads in options.threads:
        # Some peers take their number of threads from the environment alone, and before they are imported.
        names = ("OMP_NUM_THREADS", "RAYON_NUM_THREADS", "OPENBLAS_NUM_THREADS")
        environment = os.environ | dict.fromkeys(names, str(threads)) | {_INSIDE: str(threads)}
        cpus = ",".join(map(str, sorted(os.sched_getaffinity(0))[:threads])) if hasattr(os, "sched_getaffinity") else ""
        command = [sys.executable, __file__, *(["--quick"] if options.quick else [])]
        pinned = f"import os, sys; os.sched_setaffinity(0, {{{cpus}}}); os.execv(sys.argv[1], sys.argv[1:])"
        finished = subprocess.run([sys.executable, "-c", pinned, *command] if cpus else command, env=environment)
        if finished.returncode:
            return finished.returncode
    return 0


if __name__ == "__main__":
    sys.exit(main())
