#!/usr/bin/env python3
"""Box overlaps and suppression against NumPy, pycocotools, and the time that writing the result alone takes.

    python bench/bench_boxes.py [--quick]

Run it in an environment that has metrix; pycocotools is compared where it is installed.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from harness.rounds import contest, optional, print_heading, quick_from_arguments
from metrix import boxes

Floats = npt.NDArray[Any]


def random_boxes(count: int, dtype: Any, seed: int) -> Floats:
    rng = np.random.default_rng(seed)
    corner = rng.uniform(0, 1000, (count, 2))
    return np.hstack([corner, corner + rng.uniform(1, 200, (count, 2))]).astype(dtype)


def numpy_box_iou(boxes1: Floats, boxes2: Floats) -> Floats:
    """As one would write it, with torchvision's order of operations."""
    area1, area2 = ((b[:, 2] - b[:, 0]) * (b[:, 3] - b[:, 1]) for b in (boxes1, boxes2))
    top_left = np.maximum(boxes1[:, None, :2], boxes2[None, :, :2])
    bottom_right = np.minimum(boxes1[:, None, 2:], boxes2[None, :, 2:])
    sides = np.clip(bottom_right - top_left, 0, None)
    common = sides[..., 0] * sides[..., 1]
    return common / (area1[:, None] + area2 - common)


def numpy_nms(rows: Floats, scores: Floats, threshold: float) -> npt.NDArray[np.int64]:
    """The loop that every detector's repository has."""
    order = np.argsort(-scores, kind="stable")
    kept = []
    while len(order):
        best, rest = order[0], order[1:]
        kept.append(best)
        order = rest[numpy_box_iou(rows[[best]], rows[rest])[0] <= threshold]
    return np.array(kept)


def main() -> None:
    quick = quick_from_arguments(__doc__ or "")
    reference = optional("pycocotools.mask")
    print_heading("Boxes", ["pycocotools"], "torchvision, whose arithmetic the NumPy rows follow, is not compared")
    many, rounds = (2000, 3) if quick else (10000, 5)

    for dtype in (np.float64, np.float32):
        first, second = (random_boxes(many, dtype, seed) for seed in (1, 2))
        reused = np.ones((many, many), dtype=dtype)
        name = f"box_iou {many} x {many} {np.dtype(dtype).name}"

        def write_fresh(like: Floats = reused) -> None:
            np.empty(like.shape, like.dtype).fill(0.5)

        for threads in (1, 2):
            contest(
                f"{name} to fresh pages, {threads} thread(s)",
                {
                    "metrix": lambda a=first, b=second, n=threads: boxes.box_iou(a, b, num_threads=n),
                    "writing the result: np.empty and fill, 1 thread": write_fresh,
                },
                uncompared=["writing the result: np.empty and fill, 1 thread"],
                rounds=rounds,
            )
            contest(
                f"{name} to reused pages, {threads} thread(s)",
                {
                    "metrix, out=": lambda a=first, b=second, o=reused, n=threads: boxes.box_iou(
                        a, b, out=o, num_threads=n
                    ),
                    "writing the result: fill, 1 thread": lambda o=reused: o.fill(0.5),
                },
                uncompared=["writing the result: fill, 1 thread"],
                rounds=rounds,
            )
        del reused

    for size in (10, 100, 1000):
        first, second = (random_boxes(size, np.float64, seed) for seed in (3, 4))
        calls = {
            "metrix": lambda a=first, b=second: boxes.box_iou(a, b, num_threads=1),
            "NumPy": lambda a=first, b=second: numpy_box_iou(a, b),
        }
        contest(f"box_iou {size} x {size} float64 xyxy, 1 thread", calls, rounds=rounds)
        if reference is not None:
            a, b = (boxes.box_convert(rows, in_fmt="xyxy", out_fmt="xywh") for rows in (first, second))
            calls = {
                "metrix": lambda a=a, b=b: boxes.box_iou(a, b, fmt="xywh", num_threads=1),
                "pycocotools.mask.iou": lambda a=a, b=b: reference.iou(a, b, [0] * len(b)),
            }
            contest(f"box_iou {size} x {size} float64 xywh, 1 thread", calls, rounds=rounds)

    rows = random_boxes(1000 if quick else 5000, np.float32, 5)
    scores = np.random.default_rng(6).random(len(rows)).astype(np.float32)
    calls = {
        "metrix": lambda: boxes.nms(rows, scores, iou_threshold=0.5),
        "NumPy": lambda: numpy_nms(rows, scores, 0.5),
    }
    contest(f"nms of {len(rows)} boxes float32", calls, rounds=rounds)


if __name__ == "__main__":
    main()
