"""One measurement in a process of its own: ``python -m harness.worker JOB.json RESULT.json``, in the bench folder.

Order matters: pin the CPUs, import the package, prepare the input, and only then start the clock. Beside the package
under test the process imports NumPy and the standard library alone, so that its memory says something.
"""

from __future__ import annotations

import gc
import json
import os
import sys
import time
from pathlib import Path
from typing import Any


def main() -> None:
    """Measure one job and write the result."""
    job = json.loads(Path(sys.argv[1]).read_text())
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, job["cpus"])
    # Packages print from Python and from native code; the terminal should see neither.
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)

    from harness import memory
    from harness.disturbance import busy_seconds, foreign_share
    from peers import load_adapter
    from workloads import WORKLOADS

    adapter = load_adapter(job["package"])
    evaluation = adapter(job["iou_type"], job["threads"], WORKLOADS[job["workload"]].protocol)
    after_imports = memory.resident()

    ground_truth, detections = _sources(WORKLOADS[job["workload"]], job["route"], job["iou_type"] in adapter.boxed_for)
    gc.collect()
    before_clock = memory.resident()
    memory.reset_peak()

    busy_before, cpu_before = busy_seconds(job["cpus"]), time.process_time()
    start = time.perf_counter()
    evaluation.load(ground_truth, detections)
    loaded = time.perf_counter()
    evaluation.match()
    matched = time.perf_counter()
    evaluation.accumulate()
    end = time.perf_counter()
    cpu_seconds, busy_after = time.process_time() - cpu_before, busy_seconds(job["cpus"])

    result: dict[str, Any] = evaluation.refine(
        {"load": loaded - start, "match": matched - loaded, "accumulate": end - matched}
    )
    result["total"] = end - start
    result["cpu"] = cpu_seconds
    busy = None if busy_before is None or busy_after is None else busy_after - busy_before
    result["foreign"] = foreign_share(busy, cpu_seconds, end - start, len(job["cpus"]))
    result["peak"] = memory.peak()
    result["after_imports"] = after_imports
    result["before_clock"] = before_clock

    if job["arrays"]:
        _save_outcome(Path(job["arrays"]), evaluation)
    Path(sys.argv[2]).write_text(json.dumps(result))
    # Taking millions of objects apart again is nobody's business.
    os._exit(0)


def _sources(workload: Any, route: str, boxed: bool) -> tuple[Any, Any]:
    """Ground truth and detections in the form of the route."""
    if route == "files":
        return (
            workload.ground_truth_path,
            workload.boxed_detections_path if boxed else workload.detections_path,
        )
    if route == "lists":
        return workload.ground_truth_lists(), workload.detection_lists(boxed=boxed)
    return workload.ground_truth_columns(), workload.detection_columns()


def _save_outcome(path: Path, evaluation: Any) -> None:
    import numpy as np

    outcome = evaluation.outcome()
    arrays = {name: getattr(outcome, name) for name in ("stats", "precision", "recall", "scores")}
    np.savez(path, **arrays)


if __name__ == "__main__":
    main()
