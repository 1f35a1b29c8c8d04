#!/usr/bin/env python3
"""Detection evaluation side by side: metrix, pycocotools and its peers on the same data, CPUs and terms.

    python bench/bench_detection.py                          all workloads, routes and packages: hours
    python bench/bench_detection.py --quick                  the small workloads from files: minutes
    python bench/bench_detection.py --workload val2017_bbox_500k --route files --route lists --threads 1
    python bench/bench_detection.py --python path/to/python  an environment that exists already

Makes its own environment with the pinned peers and the metrix of this checkout, generates its data, checks every
package's arrays against pycocotools (or lvis) bit by bit, and only then times, each repetition in a process of its own.
Prints Markdown to the output and progress to the error stream. Exit status: 0 done, 1 metrix is not exact, 2 bad
arguments. See README.md in this folder.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from harness import environment
from workloads import WORKLOADS

ROUTES = ("files", "lists", "arrays")
PACKAGE_NAMES = (
    "metrix", "pycocotools", "faster_coco_eval", "hotcoco", "vernier", "ultrafast_pycocotools", "lvis",
)  # fmt: skip
_QUICK_WORKLOADS = ("val2017_bbox_36k", "val2017_segm_36k", "val2017_kpts_36k")


def main() -> int:
    """Parse, get into the right environment, run."""
    options = _parse()
    if options.list:
        for workload in WORKLOADS.values():
            print(f"{workload.name:20} {workload.iou_type:10} {', '.join(workload.routes):22} {workload.description}")
        return 0
    if not environment.is_inside():
        if options.python:
            python = Path(options.python).absolute()
        else:
            python = environment.prepare(with_metrix="metrix" in options.package)
        environment.enter(python, Path(__file__).resolve(), sys.argv[1:])
    return _run(options)


def _parse() -> argparse.Namespace:
    introduction, _, rest = (__doc__ or "").partition("\n")
    parser = argparse.ArgumentParser(
        description=introduction, epilog=rest, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("--list", action="store_true", help="name the workloads and stop")
    add("--workload", action="append", choices=list(WORKLOADS), help="only this one (may be repeated)")
    add("--package", action="append", choices=PACKAGE_NAMES, help="only this one (may be repeated)")
    add("--route", action="append", choices=ROUTES, help="only this form of input (may be repeated)")
    add("--threads", action="append", type=_positive, metavar="N", help="only this number (default: 1 and 2)")
    add("--repeat", type=_positive, default=5, metavar="N", help="timed processes per package (default: 5)")
    add("--extra-rounds", type=int, default=1, metavar="N", help="N * repeat more if disturbed (default: 1)")
    add("--quick", action="store_true", help="small workloads, files, one thread, three repetitions")
    add("--json", type=Path, metavar="PATH", help="also write every measurement as JSON")
    add("--python", metavar="PATH", help="an existing environment's Python; nothing is installed")
    add(
        "--single-after",
        type=float,
        default=10.0,
        metavar="S",
        help="packages slower than this run once (default: 10)",
    )
    add(
        "--time-limit",
        type=float,
        default=900.0,
        metavar="S",
        help="stop a process after this (default: 900)",
    )
    add(
        "--memory-limit",
        type=float,
        metavar="GIB",
        help="stop a process at this (default: 60%% of the memory)",
    )
    options = parser.parse_args()
    if options.quick:
        options.workload = options.workload or list(_QUICK_WORKLOADS)
        options.route = options.route or ["files"]
        options.threads = options.threads or [1]
        options.repeat = min(options.repeat, 3)
    options.package = options.package or list(PACKAGE_NAMES)
    return options


def _positive(text: str) -> int:
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError(f"expected a positive number, got {value}")
    return value


def _run(options: argparse.Namespace) -> int:
    # These need NumPy, which only the environment is sure to have.
    from harness import facts, memory, schedule, tables
    from harness.processes import Limits

    limit = options.memory_limit * 2**30 if options.memory_limit else 0.6 * (memory.machine_total() or 2**34)
    plan = schedule.Plan(
        workloads=[WORKLOADS[name] for name in options.workload or WORKLOADS],
        routes=options.route or list(ROUTES),
        threads=sorted(set(options.threads or [1, 2])),
        packages=[package for package in options.package if facts.installed_version(package)],
        repeat=options.repeat,
        extra_rounds=options.extra_rounds,
        single_after=options.single_after,
        limits=Limits(options.time_limit, int(limit)),
    )
    gathered = facts.gather(options.package)
    print(tables.heading(gathered), flush=True)
    rows = []
    try:
        for row in schedule.run(plan):
            rows.append(row)
            print(tables.row_table(row), flush=True)
            if options.json:
                _write_json(options.json, tables.as_json(gathered, _workload_facts(plan), rows))
    except schedule.ParityError as error:
        print(f"\nPARITY FAILURE: metrix is not bit-exact: {error}", file=sys.stderr)
        return 1
    print(tables.goals_table(rows), flush=True)
    return 0


def _workload_facts(plan: Any) -> dict[str, Any]:
    """Counts and checksums of the workloads generated so far."""
    return {workload.name: workload.facts() for workload in plan.workloads if workload.detections_path.exists()}


def _write_json(path: Path, content: dict[str, Any]) -> None:
    path.write_text(json.dumps(content, indent=1) + "\n")


if __name__ == "__main__":
    sys.exit(main())
