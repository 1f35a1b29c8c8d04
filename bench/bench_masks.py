#!/usr/bin/env python3
"""Run-length encoded masks against pycocotools, faster-coco-eval and NumPy.

    python bench/bench_masks.py [--quick]

The masks are outlines of objects on a canvas of COCO's usual size. Run it in an environment that has metrix;
faster-coco-eval is compared where it is installed.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from harness.rounds import contest, optional, print_heading, quick_from_arguments
from metrix import masks

HEIGHT, WIDTH = 480, 640


def outline(rng: np.random.Generator, points: int = 24) -> list[float]:
    """A star-shaped polygon with COCO's two decimals."""
    angles = np.sort(rng.uniform(0, 2 * np.pi, points))
    radii = rng.lognormal(3.7, 0.6) * rng.uniform(0.6, 1.2, points)
    x = np.clip(rng.uniform(0, WIDTH) + radii * np.cos(angles), 0, WIDTH)
    y = np.clip(rng.uniform(0, HEIGHT) + radii * np.sin(angles), 0, HEIGHT)
    return [float(value) for value in np.stack([x, y], axis=1).round(2).ravel()]


def numpy_iou(first: Any, second: Any) -> Any:
    """Matrix product of flattened pixels, (N, H * W) each: single precision holds the counts exactly."""
    common = (first @ second.T).astype(np.float64)
    return common / (first.sum(axis=1)[:, None] + second.sum(axis=1) - common)


def main() -> None:
    quick = quick_from_arguments(__doc__ or "")
    reference = optional("pycocotools.mask")
    if reference is None:
        raise SystemExit("bench_masks.py needs pycocotools: pip install pycocotools==2.0.11")
    faster = optional("faster_coco_eval.core.mask")
    print_heading("Masks", ["pycocotools", "faster-coco-eval"])
    rivals = {"pycocotools": reference} | ({} if faster is None else {"faster-coco-eval": faster})
    rng = np.random.default_rng(1)
    count, rounds = (50, 3) if quick else (300, 7)
    polygons = [outline(rng) for _ in range(count)]
    first = masks.from_polygons(polygons, HEIGHT, WIDTH, num_threads=1)
    second = masks.from_polygons([outline(rng) for _ in range(count)], HEIGHT, WIDTH, num_threads=1)
    pixels = masks.decode(first[:50])
    flat_first, flat_second = (
        masks.decode(some[:50]).reshape(HEIGHT * WIDTH, 50, order="A").T.astype(np.float32) for some in (first, second)
    )
    flags = [0] * count

    def versus(title: str, ours: Any, theirs: Any, others: dict[str, Any] | None = None) -> None:
        calls = {"metrix": ours}
        calls |= {name: (lambda module=module: theirs(module)) for name, module in rivals.items()}
        contest(title, calls | (others or {}), rounds=rounds)

    versus(
        f"from_polygons, {count} outlines of 24 points",
        lambda: masks.from_polygons(polygons, HEIGHT, WIDTH, num_threads=1),
        lambda module: module.frPyObjects(polygons, HEIGHT, WIDTH),
    )
    versus(
        f"iou {count} x {count}",
        lambda: masks.iou(first, second, num_threads=1),
        lambda module: module.iou(first, second, flags),
    )
    versus(
        "iou 50 x 50",
        lambda: masks.iou(first[:50], second[:50], num_threads=1),
        lambda module: module.iou(first[:50], second[:50], flags[:50]),
        {"NumPy, of pixels decoded before": lambda: numpy_iou(flat_first, flat_second)},
    )
    versus(
        "encode, 50 masks of column order",
        lambda: masks.encode(pixels, num_threads=1),
        lambda module: module.encode(pixels),
    )
    versus("decode, 50 masks", lambda: masks.decode(first[:50], num_threads=1), lambda m: m.decode(first[:50]))
    versus(f"area, {count} masks", lambda: masks.area(first, num_threads=1), lambda module: module.area(first))
    versus(f"to_boxes, {count}", lambda: masks.to_boxes(first, num_threads=1), lambda module: module.toBbox(first))
    versus("merge, 10 masks", lambda: masks.merge(first[:10]), lambda module: module.merge(first[:10]))


if __name__ == "__main__":
    main()
