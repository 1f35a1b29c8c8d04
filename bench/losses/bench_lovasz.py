#!/usr/bin/env python3
"""Lovász losses against the authors' algorithm in PyTorch, against kornia, and against NumPy.

python bench/losses/bench_lovasz.py [--quick]
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).parent.parent))
from harness.rounds import contest, optional, print_heading, quick_from_arguments
from metrix.losses import lovasz_hinge_loss, lovasz_softmax_loss

torch = optional("torch")
kornia = optional("kornia") if torch is not None else None

#: Classes, height and width of one image.
SHAPES = [(4, 64, 64), (19, 256, 256), (19, 1024, 1024)]


def steps(library: Any, positives: Any) -> Any:
    """The gradient by the errors in descending order, of arrays of NumPy or tensors of PyTorch."""
    total = positives.sum()
    score = 1 - (total - positives.cumsum(0)) / (total + (1 - positives).cumsum(0))
    result = library.empty_like(score)
    result[0] = score[0]
    result[1:] = score[1:] - score[:-1]
    return result


def numpy_softmax(z: Any, labels: Any) -> tuple[Any, Any]:
    """Of one image, with its gradient."""
    p = np.exp(z - z.max(axis=1, keepdims=True))
    p /= p.sum(axis=1, keepdims=True)
    rows, y = p[0].reshape(z.shape[1], -1), labels.ravel()
    slope, values = np.zeros_like(rows), []
    present = [c for c in range(len(rows)) if (y == c).any()]
    for c in present:
        positives = (y == c).astype(z.dtype)
        errors = np.abs(positives - rows[c])
        order = np.argsort(-errors, kind="stable")
        of = steps(np, positives[order])
        values.append(np.dot(errors[order], of))
        slope[c, order] = np.where(positives[order] == 1, -of, of) / len(present)
    slope = rows * (slope - (slope * rows).sum(axis=0))
    return np.mean(values), slope.reshape(z.shape)


def torch_call(z: Any, labels: Any, threads: int, loss: Callable[[Any, Any], Any], with_gradient: bool) -> Any:
    """Forward, or forward and backward."""
    x, y = torch.from_numpy(z).requires_grad_(with_gradient), torch.from_numpy(labels)

    def call() -> Any:
        torch.set_num_threads(threads)
        x.grad = None
        result = loss(x, y)
        if not with_gradient:
            return result.numpy()
        result.backward()
        return result.detach().numpy(), x.grad.numpy()

    return call


def torch_softmax(x: Any, y: Any) -> Any:
    rows, y = torch.softmax(x, 1)[0].flatten(1), y.flatten()
    values = []
    for c in range(len(rows)):
        positives = (y == c).to(x.dtype)
        if positives.sum() == 0:
            continue
        errors, order = torch.sort((positives - rows[c]).abs(), descending=True)
        values.append(torch.dot(errors, steps(torch, positives[order])))
    return torch.stack(values).mean()


def torch_hinge(x: Any, y: Any) -> Any:
    z, positives = x.flatten(), y.flatten().to(x.dtype)
    errors, order = torch.sort(1 - z * (2 * positives - 1), descending=True)
    return torch.dot(torch.relu(errors), steps(torch, positives[order]))


def main() -> None:
    quick = quick_from_arguments(__doc__ or "")
    missing = [name for name, module in (("torch", torch), ("kornia", kornia)) if module is None]
    print_heading("Lovász losses", ["torch", "kornia"], ", ".join(f"{name} is not installed" for name in missing))
    rng = np.random.default_rng(1)
    for classes, height, width in SHAPES[:2] if quick else SHAPES:
        # Regions of some size, of which a model is right about four pixels in five.
        labels = rng.integers(0, classes, (1, height // 16, width // 16)).repeat(16, 1).repeat(16, 2)
        hot = labels[:, None] == np.arange(classes)[:, None, None]
        for dtype in (np.float32, np.float64):
            z = (rng.normal(size=(1, classes, height, width)) + 3 * hot).astype(dtype)
            for threads in (1, 2):
                title = f"{classes} x {height} x {width} x {np.dtype(dtype).name}, {threads} threads"
                of_softmax(title, z, labels, threads)
                of_hinge(title.split(" x ", 1)[1], z[:, 0].copy(), hot[:, 0].astype(np.int64), threads)


def of_softmax(title: str, z: Any, labels: Any, threads: int) -> None:
    rounds = 3 if z.size > 1e7 else 7
    for what in ("value", "value and gradient"):
        with_gradient = what != "value"
        ours = lovasz_softmax_loss.value_and_grad if with_gradient else lovasz_softmax_loss
        calls: dict[str, Callable[[], Any]] = {"metrix": lambda ours=ours: ours(z, labels, num_threads=threads)}
        if with_gradient:
            calls["NumPy"] = lambda: numpy_softmax(z, labels)
        if torch is not None:
            calls["torch"] = torch_call(z, labels, threads, torch_softmax, with_gradient)
        if kornia is not None:
            loss = kornia.losses.lovasz_softmax_loss
            calls["kornia"] = torch_call(z, labels, threads, loss, with_gradient)
        contest(f"lovasz_softmax_loss, {title}: {what}", calls, inexact=list(calls)[1:], rounds=rounds)


def of_hinge(title: str, z: Any, target: Any, threads: int) -> None:
    for what in ("value", "value and gradient"):
        with_gradient = what != "value"
        ours = lovasz_hinge_loss.value_and_grad if with_gradient else lovasz_hinge_loss
        calls: dict[str, Callable[[], Any]] = {"metrix": lambda ours=ours: ours(z, target, num_threads=threads)}
        if torch is not None:
            calls["torch"] = torch_call(z, target, threads, torch_hinge, with_gradient)
        contest(f"lovasz_hinge_loss, {title}: {what}", calls, inexact=list(calls)[1:])


if __name__ == "__main__":
    main()
