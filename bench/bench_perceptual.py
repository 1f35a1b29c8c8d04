#!/usr/bin/env python3
"""LPIPS from features of VGG's sizes against NumPy and PyTorch as the package writes it.

python bench/bench_perceptual.py [--quick]
"""

from __future__ import annotations

from typing import Any

import numpy as np

from harness.rounds import contest, optional, print_heading, quick_from_arguments
from metrix.perceptual import lpips

torch = optional("torch")

SHAPES = [(64, 224, 224), (128, 112, 112), (256, 56, 56), (512, 28, 28), (512, 14, 14)]


def numpy_lpips(first: list[Any], second: list[Any], weights: list[Any]) -> Any:
    total = 0
    for a, b, w in zip(first, second, weights):
        a = a / (np.sqrt(np.sum(a**2, axis=1, keepdims=True)) + 1e-10)
        b = b / (np.sqrt(np.sum(b**2, axis=1, keepdims=True)) + 1e-10)
        total = total + (w.reshape(1, -1, 1, 1) * (a - b) ** 2).sum(axis=1).mean(axis=(1, 2))
    return total.astype(np.float64)


def torch_lpips(first: list[Any], second: list[Any], weights: list[Any]) -> Any:
    total = 0
    for a, b, w in zip(first, second, weights):
        a = a / (torch.sqrt(torch.sum(a**2, dim=1, keepdim=True)) + 1e-10)
        b = b / (torch.sqrt(torch.sum(b**2, dim=1, keepdim=True)) + 1e-10)
        total = total + torch.nn.functional.conv2d((a - b) ** 2, w.reshape(1, -1, 1, 1)).mean([2, 3])[:, 0]
    return total.numpy().astype(np.float64)


def main() -> None:
    quick = quick_from_arguments(__doc__ or "")
    print_heading("Perceptual", ["torch"] if torch is not None else [])
    rng = np.random.default_rng(1)
    images = 1 if quick else 4
    first, second = (
        [np.maximum(rng.standard_normal((images, *shape), dtype=np.float32), 0) for shape in SHAPES] for _ in range(2)
    )
    weights = [rng.random(shape[0], dtype=np.float32) for shape in SHAPES]
    for threads in (1, 2):
        calls = {
            "metrix": lambda t=threads: lpips(first, second, weights, num_threads=t),
            "NumPy": lambda: numpy_lpips(first, second, weights),
        }
        if torch is not None:
            torch.set_num_threads(threads)
            given = [[torch.from_numpy(of) for of in side] for side in (first, second, weights)]
            calls["PyTorch"] = lambda given=given: torch_lpips(*given)
        # Both work in float32.
        contest(f"lpips, {images} pairs of 224 x 224, VGG16, {threads} threads", calls, inexact=list(calls), rounds=3)


if __name__ == "__main__":
    main()
