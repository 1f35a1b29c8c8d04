#!/usr/bin/env python3
"""Losses of regions against NumPy and PyTorch, as one writes them there.

python bench/losses/bench_segmentation.py [--quick]
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).parent.parent))
from harness.rounds import contest, optional, print_heading, quick_from_arguments
from metrix.losses import dice_loss, tversky_loss

torch = optional("torch")

#: Samples, classes, height and width; one class goes through a sigmoid, several through a softmax.
SHAPES = [(4, 1, 64, 64), (8, 1, 256, 256), (2, 4, 512, 512), (1, 19, 1024, 1024)]


def numpy_tversky(z: Any, target: Any, alpha: float, beta: float, smooth: float) -> tuple[Any, Any]:
    """The mean over samples and classes and its gradient; Dice for alpha = beta = 0.5."""
    if z.shape[1] == 1:
        t, p = target, 1 / (1 + np.exp(-z))
    else:
        t = (target[:, None] == np.arange(z.shape[1])[:, None, None]).astype(z.dtype)
        p = np.exp(z - z.max(axis=1, keepdims=True))
        p /= p.sum(axis=1, keepdims=True)
    axes = (2, 3)
    top = (p * t).sum(axis=axes, keepdims=True) + smooth
    mixed = alpha * p.sum(axis=axes, keepdims=True) + beta * t.sum(axis=axes, keepdims=True)
    bottom = (1 - alpha - beta) * (top - smooth) + mixed + smooth
    slope = -(t * bottom - top * ((1 - alpha - beta) * t + alpha)) / bottom**2 / (z.shape[0] * z.shape[1])
    value = (1 - top / bottom).mean()
    if z.shape[1] == 1:
        return value, slope * p * (1 - p)
    return value, p * (slope - (slope * p).sum(axis=1, keepdims=True))


def torch_tversky(
    z: Any, target: Any, alpha: float, beta: float, smooth: float, threads: int, *, with_gradient: bool
) -> Callable[[], Any]:
    """Forward, or forward and backward."""
    x = torch.from_numpy(z).requires_grad_(with_gradient)
    y = torch.from_numpy(target)

    def call() -> Any:
        torch.set_num_threads(threads)
        x.grad = None
        if z.shape[1] == 1:
            p, t = torch.sigmoid(x), y
        else:
            p = torch.softmax(x, 1)
            t = torch.nn.functional.one_hot(y, z.shape[1]).movedim(-1, 1).to(x.dtype)
        both, predicted, wanted = (p * t).sum((2, 3)), p.sum((2, 3)), t.sum((2, 3))
        bottom = (1 - alpha - beta) * both + alpha * predicted + beta * wanted
        loss = (1 - (both + smooth) / (bottom + smooth)).mean()
        if not with_gradient:
            return loss.numpy()
        loss.backward()
        return loss.detach().numpy(), x.grad.numpy()

    return call


def main() -> None:
    quick = quick_from_arguments(__doc__ or "")
    print_heading("Losses of regions", ["torch"], "" if torch is not None else "torch is not installed")
    rng = np.random.default_rng(1)
    for shape in SHAPES[:3] if quick else SHAPES:
        for dtype in (np.float32, np.float64):
            z = rng.normal(size=shape).astype(dtype)
            binary = shape[1] == 1
            target = (
                (rng.random(shape) < 0.3).astype(dtype) if binary else rng.integers(0, shape[1], (shape[0], *shape[2:]))
            )
            for threads in (1, 2):
                one_contest(dice_loss, z, target, (0.5, 0.5, 0.5), threads)
                one_contest(tversky_loss, z, target, (0.3, 0.7, 1.0), threads)


def one_contest(loss: Any, z: Any, target: Any, terms: tuple[float, float, float], threads: int) -> None:
    """The value alone, then the value with its gradient."""
    # Dice is Tversky with half of its smoothing.
    arguments: dict[str, Any] = {"num_threads": threads, "smooth": terms[2] * (2 if loss is dice_loss else 1)}
    title = f"{loss.__name__}, {z.shape} x {z.dtype.name}, {threads} threads"
    contests: dict[str, dict[str, Callable[[], Any]]] = {
        "value": {"metrix": lambda: loss(z, target, **arguments)},
        "value and gradient": {
            "metrix": lambda: loss.value_and_grad(z, target, **arguments),
            "NumPy": lambda: numpy_tversky(z, target, *terms),
        },
    }
    for what, calls in contests.items():
        if torch is not None:
            calls["torch"] = torch_tversky(z, target, *terms, threads, with_gradient=what != "value")
        contest(f"{title}: {what}", calls, inexact=["NumPy", "torch"], rounds=3 if z.size > 1e7 else 7)


if __name__ == "__main__":
    main()
