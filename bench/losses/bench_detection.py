#!/usr/bin/env python3
"""Losses of boxes against NumPy as one would write it, and against torchvision's formulas in PyTorch.

python bench/losses/bench_detection.py [--quick]
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).parent.parent))
from harness.rounds import contest, optional, print_heading, quick_from_arguments
from metrix import _core, losses
from metrix.boxes import box_iou

torch = optional("torch")

NAMES = ["iou_loss", "giou_loss", "diou_loss", "ciou_loss", "eiou_loss", "focal_eiou_loss"]
EPS = 1e-7


def some_boxes(rng: np.random.Generator, count: int, dtype: type) -> Any:
    """Of an image of 640 pixels."""
    corner = rng.uniform(0, 500, (count, 2))
    return np.hstack([corner, corner + rng.uniform(5, 140, (count, 2))]).astype(dtype)


def formula(xp: Any, name: str, a: Any, b: Any, fixed: Callable[[Any], Any]) -> Any:
    """The mean, with the functions of NumPy or PyTorch; ``fixed`` keeps a gradient out."""
    x1, y1, x2, y2 = (a[:, i] for i in range(4))
    u1, v1, u2, v2 = (b[:, i] for i in range(4))
    width = xp.minimum(x2, u2) - xp.maximum(x1, u1)
    height = xp.minimum(y2, v2) - xp.maximum(y1, v1)
    common = width.clip(min=0) * height.clip(min=0)
    union = (x2 - x1) * (y2 - y1) + (u2 - u1) * (v2 - v1) - common
    iou = common / (union + EPS)
    if name == "iou_loss":
        return (1 - iou).mean()
    around_w = xp.maximum(x2, u2) - xp.minimum(x1, u1)
    around_h = xp.maximum(y2, v2) - xp.minimum(y1, v1)
    if name == "giou_loss":
        around = around_w * around_h
        return (1 - iou + (around - union) / (around + EPS)).mean()
    apart = ((x1 + x2) / 2 - (u1 + u2) / 2) ** 2 + ((y1 + y2) / 2 - (v1 + v2) / 2) ** 2
    loss = 1 - iou + apart / (around_w**2 + around_h**2 + EPS)
    if name == "ciou_loss":
        v = 4 / np.pi**2 * (xp.arctan((u2 - u1) / (v2 - v1)) - xp.arctan((x2 - x1) / (y2 - y1))) ** 2
        loss = loss + fixed(v / (1 - iou + v + EPS)) * v
    if "eiou" in name:
        loss = loss + ((x2 - x1) - (u2 - u1)) ** 2 / (around_w**2 + EPS)
        loss = loss + ((y2 - y1) - (v2 - v1)) ** 2 / (around_h**2 + EPS)
    return (fixed(iou) ** 0.5 * loss if name == "focal_eiou_loss" else loss).mean()


def one_contest(name: str, size: int, dtype: type, threads: int) -> None:
    """The value alone, then the value with its gradient."""
    rng = np.random.default_rng(1)
    pred, target = some_boxes(rng, size, dtype), some_boxes(rng, size, dtype)
    pred[: size // 2] = target[: size // 2] + rng.uniform(-2, 2, (size // 2, 4)).astype(dtype)
    loss = getattr(losses, name)
    label = f"{name}, {size} boxes x {np.dtype(dtype).name}, {threads} threads"
    calls = {
        "metrix": lambda: loss(pred, target, num_threads=threads),
        "NumPy": lambda: formula(np, name, pred, target, lambda x: x),
    }
    contest(f"{label}: value", calls, inexact=["NumPy"])
    calls = {"metrix": lambda: loss.value_and_grad(pred, target, num_threads=threads)}
    if torch is not None:
        calls["torch"] = torch_call(name, pred, target, threads)
    contest(f"{label}: value and gradient", calls, inexact=["torch"], rounds=5)


def torch_call(name: str, pred: Any, target: Any, threads: int) -> Callable[[], Any]:
    """Forward and backward."""
    x, y = torch.from_numpy(pred).requires_grad_(), torch.from_numpy(target)

    def call() -> Any:
        torch.set_num_threads(threads)
        x.grad = None
        result = formula(torch, name, x, y, lambda kept: kept.detach())
        result.backward()
        return result.detach().numpy(), x.grad.numpy()

    return call


def anchors_contest(anchor_count: int, truth_count: int) -> None:
    """Which anchor is trained towards what, as rpn_loss asks: NumPy makes the matrix of all overlaps."""
    rng = np.random.default_rng(1)
    anchors = some_boxes(rng, anchor_count, np.float64)
    truths = some_boxes(rng, truth_count, np.float64)

    def matched() -> Any:
        overlap = box_iou(anchors, truths)
        index, greatest = overlap.argmax(axis=1), overlap.max(axis=1)
        result = np.where(greatest >= 0.7, index, np.where(greatest < 0.3, -1, -2))
        is_best = ((overlap == overlap.max(axis=0)) & (overlap > 0)).any(axis=1)
        return np.where(is_best, index, result)

    calls = {
        "metrix": lambda: _core.losses.match_anchors(anchors, truths, 0.7, 0.3, True, 1),
        "NumPy, overlaps by metrix": matched,
    }
    contest(f"match_anchors, {anchor_count} anchors x {truth_count} objects, 1 thread", calls)


if __name__ == "__main__":
    quick = quick_from_arguments(__doc__ or "")
    print_heading("Losses of boxes", ["torch"], "" if torch is not None else "torch is not installed")
    for count in (1000, 100_000) if quick else (1000, 1_000_000):
        for kind in (np.float32,) if quick else (np.float32, np.float64):
            for loss_name in NAMES:
                for thread_count in (1,) if quick else (1, 2):
                    one_contest(loss_name, count, kind, thread_count)
    anchors_contest(20_000 if quick else 200_000, 20)
