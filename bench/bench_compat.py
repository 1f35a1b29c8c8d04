#!/usr/bin/env python3
"""What it costs to come through COCOeval: metrix behind pycocotools' interface, beside its own call and the other stand-ins.

    python bench/bench_compat.py                        boxes, masks and keypoints from files, one thread
    python bench/bench_compat.py --route lists          from the dicts that json.load gives
    python bench/bench_compat.py --workload val2017_segm_36k --package hotcoco --python path/to/python

Data, environment, parity and clock are those of bench_detection.py. The goal: from files to stats, at most 1.15 times as
long as ``metrix.evaluate_detections``. Where torch and torchmetrics are there, MeanAveragePrecision is timed as well, over
pycocotools and over metrix. Exit status: 0 done, 1 not exact.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from harness import environment
from workloads import WORKLOADS

PACKAGES = ("metrix", "metrix_compat", "ultrafast_pycocotools", "hotcoco", "faster_coco_eval")
_WORKLOADS = ("val2017_bbox_36k", "val2017_bbox_500k", "val2017_segm_36k", "val2017_kpts_36k")
GOAL = 1.15


def main() -> int:
    """Parse, get into the right environment, run."""
    introduction, _, rest = (__doc__ or "").partition("\n")
    parser = argparse.ArgumentParser(
        description=introduction, epilog=rest, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--workload", action="append", choices=list(WORKLOADS), help="only this one (may be repeated)")
    parser.add_argument("--package", action="append", choices=PACKAGES[2:], help="beside metrix, only this one")
    parser.add_argument("--route", choices=("files", "lists", "arrays"), default="files", help="form of the input")
    parser.add_argument("--threads", type=int, default=1, metavar="N", help="default: 1")
    parser.add_argument("--repeat", type=int, default=5, metavar="N", help="timed processes per package (default: 5)")
    parser.add_argument("--python", metavar="PATH", help="an existing environment's Python; nothing is installed")
    options = parser.parse_args()
    if not environment.is_inside():
        python = Path(options.python).absolute() if options.python else environment.prepare(with_metrix=True)
        environment.enter(python, Path(__file__).resolve(), sys.argv[1:])
    return _run(options)


def _run(options: argparse.Namespace) -> int:
    # These need NumPy, which only the environment is sure to have.
    from harness import facts, memory, schedule, tables
    from harness.processes import Limits

    packages = [*PACKAGES[:2], *(options.package or PACKAGES[2:])]
    plan = schedule.Plan(
        workloads=[WORKLOADS[name] for name in options.workload or _WORKLOADS],
        routes=[options.route],
        threads=[options.threads],
        packages=[package for package in packages if facts.installed_version(package)],
        repeat=options.repeat,
        extra_rounds=1,
        single_after=10.0,
        limits=Limits(900.0, int(0.6 * (memory.machine_total() or 2**34))),
    )
    print(tables.heading(facts.gather(packages)), flush=True)
    status = 0
    try:
        for row in schedule.run(plan):
            print(tables.row_table(row), flush=True)
            native, through = row.ours(), next(cell for cell in row.cells if cell.package == "metrix_compat")
            if native is None or not through.measured or not through.exact:
                print(f"\nThrough COCOeval: {through.parity or through.note}", flush=True)
                status = 1
                continue
            ratio = through.median("total") / native.median("total")
            goal = f" (goal: {GOAL})" if options.route == "files" else ""
            print(f"\nThrough COCOeval: {ratio:.2f} times the time of its own call{goal}", flush=True)
    except schedule.ParityError as error:
        print(f"\nPARITY FAILURE: metrix is not bit-exact: {error}", file=sys.stderr)
        return 1
    if not options.workload:
        _time_torchmetrics()
    return status


def _time_torchmetrics() -> None:
    """One ``compute`` of MeanAveragePrecision on 500 images, over each package."""
    from harness.rounds import contest, optional

    if not all(optional(name) for name in ("torch", "torchvision", "torchmetrics", "pycocotools")):
        print("\ntorchmetrics is not timed: it, torch, torchvision or pycocotools is not installed")
        return
    import warnings

    import numpy as np
    import torch
    from torchmetrics.detection import MeanAveragePrecision

    import metrix.compat

    warnings.simplefilter("ignore")  # of torchmetrics
    rng = np.random.default_rng(7)

    def image(count: int) -> dict[str, torch.Tensor]:
        corners = rng.uniform(0, 400, (count, 2))
        boxes = np.concatenate([corners, corners + rng.uniform(5, 200, (count, 2))], axis=1)
        return {"boxes": torch.from_numpy(boxes), "labels": torch.from_numpy(rng.integers(0, 20, count))}

    truth = [image(7) for _ in range(500)]
    found = []
    for one in truth:
        boxes = one["boxes"].repeat(4, 1)
        shifted = boxes + torch.from_numpy(rng.normal(0, 8, boxes.shape))
        found.append(
            {"boxes": shifted, "labels": one["labels"].repeat(4), "scores": torch.from_numpy(rng.random(len(boxes)))}
        )

    def compute(**options: object) -> list[np.ndarray]:
        metric = MeanAveragePrecision(backend="pycocotools", **options)
        metric.update(found, truth)
        return [np.asarray(value) for value in metric.compute().values()]

    def compute_here(**options: object) -> list[np.ndarray]:
        with metrix.compat.install("pycocotools", replace=True):
            return compute(**options)

    for title, options in (("", {}), (", class_metrics", {"class_metrics": True})):
        contest(
            f"torchmetrics MeanAveragePrecision: 500 images, 14 000 boxes{title}",
            {
                "over metrix.compat": lambda options=options: compute_here(**options),
                "over pycocotools": lambda options=options: compute(**options),
            },
            rounds=3,
        )


if __name__ == "__main__":
    sys.exit(main())
