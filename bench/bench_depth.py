#!/usr/bin/env python3
"""Errors of depth against the script that evaluations of KITTI and NYU share.

python bench/bench_depth.py [--quick]
"""

from __future__ import annotations

from typing import Any

import numpy as np

from harness.rounds import contest, print_heading, quick_from_arguments
from metrix.depth import depth_errors

NAMES = ("abs_rel", "sq_rel", "rmse", "rmse_log", "log10", "silog", "delta1", "delta2", "delta3")


def compute_errors(gt: Any, pred: Any) -> list[Any]:
    """As one finds it everywhere."""
    ratio = np.maximum(gt / pred, pred / gt)
    error = np.log(pred) - np.log(gt)
    return [
        np.mean(np.abs(gt - pred) / gt),
        np.mean((gt - pred) ** 2 / gt),
        np.sqrt(np.mean((gt - pred) ** 2)),
        np.sqrt(np.mean((np.log(gt) - np.log(pred)) ** 2)),
        np.mean(np.abs(np.log10(pred) - np.log10(gt))),
        np.sqrt(np.mean(error**2) - np.mean(error) ** 2),
        *((ratio < 1.25**k).mean() for k in (1, 2, 3)),
    ]


def script(y: Any, x: Any, median: bool) -> Any:
    rows = []
    for truth, prediction in zip(y, x):
        valid = np.logical_and(truth > 1e-3, truth < 80)
        gt, pred = truth[valid], prediction[valid]
        if median:
            pred *= np.median(gt) / np.median(pred)
        pred[pred < 1e-3] = 1e-3
        pred[pred > 80] = 80
        rows.append(compute_errors(gt, pred))
    return np.mean(rows, axis=0)


def main() -> None:
    quick = quick_from_arguments(__doc__ or "")
    print_heading("Depth", [])
    rng = np.random.default_rng(1)
    for what, shape, holes in (("lidar", (375, 1242), 0.95), ("dense", (480, 640), 0.1)):
        count = 2 if quick else 20
        y = rng.uniform(1, 75, (count, *shape)).astype(np.float32)
        x = (y * rng.lognormal(0, 0.2, y.shape)).astype(np.float32)
        y[rng.random(y.shape) < holes] = 0
        for median in (False, True):
            for threads in (1, 2):
                calls = {
                    "metrix": lambda y=y, x=x, m=median, t=threads: np.array(
                        list(depth_errors(y, x, metrics=NAMES, align="median" if m else None, num_threads=t).values())
                    ),
                    "script": lambda y=y, x=x, m=median: script(y, x, m),
                }
                scaled = ", medians" if median else ""
                label = f"nine errors{scaled}, {count} {what} maps of {shape[0]} x {shape[1]}, {threads} threads"
                # The script works in float32.
                contest(label, calls, inexact=["script"], rounds=3)


if __name__ == "__main__":
    main()
