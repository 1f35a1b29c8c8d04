"""The arrays of pycocotools, or of lvis, computed once per workload and kept beside its data.

``python -m harness.reference WORKLOAD`` runs in a process of its own, since it may need gigabytes. Categories never
meet in pycocotools' arithmetic and images without a category add nothing to it, so large data sets are evaluated one
category at a time on the images that it is in, and the slices put together: the same bits in a fraction of the time
and memory, which would be some 20 GB for Objects365 in one go.
"""

from __future__ import annotations

import logging
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from harness.processes import BENCH_FOLDER
from workloads import WORKLOADS, Workload

_CELLS_AT_ONCE = 2_000_000
_LVIS_LIMIT = 300


def ensure_reference(workload: Workload) -> None:
    """Compute the reference arrays of ``workload`` unless they are there."""
    if workload.reference_path.exists():
        return
    print(f"computing the reference of {workload.name} ...", file=sys.stderr, flush=True)
    command = [sys.executable, "-m", "harness.reference", workload.name]
    subprocess.run(command, cwd=BENCH_FOLDER, check=True, stdout=subprocess.DEVNULL)


def _compute(workload: Workload) -> None:
    import numpy as np
    from pycocotools.coco import COCO

    from peers.pycocotools import evaluator_of

    truth = COCO(str(workload.ground_truth_path))
    results = truth.loadRes(str(workload.detections_path))
    whole = evaluator_of(truth, results, workload.iou_type)
    in_one_go = len(whole.params.imgIds) * len(whole.params.catIds) <= _CELLS_AT_ONCE
    slices: dict[str, list[Any]] = {"precision": [], "recall": [], "scores": []}
    for categories in [whole.params.catIds] if in_one_go else [[category] for category in whole.params.catIds]:
        part = evaluator_of(truth, results, workload.iou_type)
        part.params.catIds = categories
        if not in_one_go:
            part.params.imgIds = sorted({*truth.catToImgs[categories[0]], *results.catToImgs[categories[0]]})
        part.evaluate()
        part.accumulate()
        for name, arrays in slices.items():
            arrays.append(part.eval[name])
    # The axes are (.., K, A, M): categories are the third from the end.
    whole.eval = {name: np.concatenate(arrays, axis=-3) for name, arrays in slices.items()}
    whole.summarize()

    scratch = workload.reference_path.with_suffix(f".part{os.getpid()}.npz")
    np.savez(scratch, stats=whole.stats, **whole.eval)
    scratch.rename(workload.reference_path)


def _compute_lvis(workload: Workload) -> None:
    """One category after the other, with the images that show it or list it as absent: in the others LVISEval leaves its
    detections out before anything else. No image has more detections than the limit, which needs them all."""
    import numpy as np
    from lvis import LVIS, LVISEval, LVISResults

    np.__dict__["float"] = float  # which lvis asks for, and NumPy has dropped
    truth = workload.ground_truth_lists()
    columns = workload.detection_columns()
    assert columns.bbox is not None
    assert np.unique(columns.image_id, return_counts=True)[1].max() <= _LVIS_LIMIT
    objects: dict[int, list[Any]] = {category["id"]: [] for category in truth["categories"]}
    for annotation in truth["annotations"]:
        objects[annotation["category_id"]].append(annotation)
    slices: dict[str, list[Any]] = {"precision": [], "recall": []}
    for category in truth["categories"]:
        id, shown = category["id"], {annotation["image_id"] for annotation in objects[category["id"]]}
        images = [image for image in truth["images"] if image["id"] in shown or id in image["neg_category_ids"]]
        known = np.array([image["id"] for image in images])
        rows = np.flatnonzero((columns.category_id == id) & np.isin(columns.image_id, known))
        found = [
            {"image_id": image_id, "category_id": id, "bbox": box, "score": score}
            for image_id, box, score in zip(
                columns.image_id[rows].tolist(), columns.bbox[rows].tolist(), columns.score[rows].tolist(), strict=True
            )
        ]
        # The reference cannot start without images and detections: these are of a category that it leaves out.
        images = images or truth["images"][:1]
        found = found or [{"image_id": images[0]["id"], "category_id": -1, "bbox": [0, 0, 1, 1], "score": 0.0}]
        part = LVIS.__new__(LVIS)
        part.logger = logging.getLogger("lvis")
        part.dataset = {"images": images, "annotations": objects[id], "categories": [category]}
        part._create_index()
        whole = LVISEval(part, LVISResults(part, found), workload.iou_type)
        whole.evaluate()
        whole.accumulate()
        for name, arrays in slices.items():
            arrays.append(whole.eval[name])
    whole.params.cat_ids = [category["id"] for category in truth["categories"]]
    whole.lvis_gt.cats = {category["id"]: category for category in truth["categories"]}
    whole.freq_groups = whole._prepare_freq_group()
    whole.eval = {name: np.concatenate(arrays, axis=-2) for name, arrays in slices.items()}
    whole.summarize()
    stats = np.array(list(whole.get_results().values()), dtype=np.float64)

    scratch = workload.reference_path.with_suffix(f".part{os.getpid()}.npz")
    np.savez(scratch, stats=stats, scores=np.zeros(0), **whole.eval)
    scratch.rename(workload.reference_path)


if __name__ == "__main__":
    # Run as a module from the bench folder; the path argument of Python is then the bench folder itself.
    assert Path.cwd() == BENCH_FOLDER
    compute = _compute if WORKLOADS[sys.argv[1]].protocol == "coco" else _compute_lvis
    compute(WORKLOADS[sys.argv[1]])
