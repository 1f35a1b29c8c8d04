"""The arrays of pycocotools, computed once per workload and kept beside its data.

``python -m harness.reference WORKLOAD`` runs in a process of its own, since it may need gigabytes. Categories never
meet in pycocotools' arithmetic and images without a category add nothing to it, so large data sets are evaluated one
category at a time on the images that it is in, and the slices put together: the same bits in a fraction of the time
and memory, which would be some 20 GB for Objects365 in one go.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from harness.processes import BENCH_FOLDER
from workloads import WORKLOADS, Workload

_CELLS_AT_ONCE = 2_000_000


def ensure_reference(workload: Workload) -> None:
    """Compute the reference arrays of ``workload`` unless they are there."""
    if workload.reference_path.exists():
        return
    print(f"computing the pycocotools reference of {workload.name} ...", file=sys.stderr, flush=True)
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


if __name__ == "__main__":
    # Run as a module from the bench folder; the path argument of Python is then the bench folder itself.
    assert Path.cwd() == BENCH_FOLDER
    _compute(WORKLOADS[sys.argv[1]])
