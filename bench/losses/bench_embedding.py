#!/usr/bin/env python3
"""Losses of embeddings with their gradients, against PyTorch.

python bench/losses/bench_embedding.py [--quick]

Matrix products are most of the work on both sides; they are those of NumPy's BLAS and of PyTorch's, and "the products"
is what ours take alone. Each number of threads has a process of its own, as BLAS reads it once.
"""

from __future__ import annotations

import math
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).parent.parent))
from harness.rounds import contest, optional, print_heading, quick_from_arguments
from metrix import losses

torch = optional("torch")


def functional() -> Any:
    """PyTorch's functions."""
    return torch.nn.functional


def arcface(x: Any, labels: Any, w: Any) -> Any:
    """With PyTorch's own parts, and the guard beyond a half turn."""
    cosines = functional().normalize(x) @ functional().normalize(w).T
    own = cosines.gather(1, labels[:, None])
    turned = own * math.cos(0.5) - (1 - own.square()).clamp(min=1e-12).sqrt() * math.sin(0.5)
    turned = torch.where(own < -math.cos(0.5), own - 0.5 * math.sin(0.5), turned)
    return functional().cross_entropy(64 * cosines.scatter(1, labels[:, None], turned), labels)


def info_nce(query: Any, key: Any) -> Any:
    """In one direction."""
    logits = functional().normalize(query) @ functional().normalize(key).T / 0.07
    return functional().cross_entropy(logits, torch.arange(len(query)))


def supervised_contrastive(x: Any, labels: Any) -> Any:
    """As in equation 2 of its paper."""
    unit = functional().normalize(x)
    alone = torch.eye(len(x), dtype=torch.bool)
    logits = (unit @ unit.T / 0.1).masked_fill(alone, -torch.inf)
    same = (labels[:, None] == labels) & ~alone
    log_shares = (logits - logits.logsumexp(dim=1, keepdim=True)).masked_fill(~same, 0)
    return -(log_shares.sum(dim=1) / same.sum(dim=1)).mean()


def circle(x: Any, labels: Any) -> Any:
    """One term for each anchor, as in the pseudocode of its paper."""
    unit = functional().normalize(x)
    cosines = unit @ unit.T
    is_same = labels[:, None] == labels
    positive, negative = is_same & ~torch.eye(len(x), dtype=torch.bool), ~is_same
    pull = -(1.25 - cosines.detach()).relu() * (cosines - 0.75) * 256
    push = (cosines.detach() + 0.25).relu() * (cosines - 0.25) * 256
    return (
        functional()
        .softplus(
            pull.masked_fill(~positive, -torch.inf).logsumexp(dim=1)
            + push.masked_fill(~negative, -torch.inf).logsumexp(1)
        )
        .mean()
    )


def sphereface(x: Any, labels: Any, w: Any) -> Any:
    """With a margin of 4 and no annealing."""
    unit = functional().normalize(x)
    cosines = unit @ functional().normalize(w).T
    own = cosines.gather(1, labels[:, None]).clamp(-1, 1)
    turns = sum((own <= math.cos(k * math.pi / 4)).to(own.dtype) for k in range(1, 4))
    turned = (1 - 2 * (turns % 2)) * (8 * own**4 - 8 * own**2 + 1) - 2 * turns
    logits = cosines.scatter(1, labels[:, None], turned) * x.norm(dim=1, keepdim=True)
    return functional().cross_entropy(logits, labels)


def center(x: Any, labels: Any, centers: Any) -> Any:
    """Half of the squares."""
    return (x - centers[labels]).square().sum(dim=1).mean() / 2


def contrastive(first: Any, second: Any, similar: Any) -> Any:
    """With a margin of 1."""
    distance = (first - second).norm(dim=1)
    return (similar * distance**2 + (1 - similar) * (1 - distance).relu() ** 2).mean() / 2


def barlow_twins(first: Any, second: Any) -> Any:
    """With batch normalization."""
    norm = functional().batch_norm
    one, other = (norm(x, None, None, training=True) for x in (first, second))
    missing = one.T @ other / len(first) - torch.eye(first.shape[1], dtype=first.dtype)
    return missing.diagonal().square().sum() * (1 - 5e-3) + 5e-3 * missing.square().sum()


def against_torch(title: str, loss: Any, formula: Callable[..., Any], *inputs: Any) -> None:
    """Value and gradients."""
    leaves = [torch.from_numpy(one).requires_grad_(one.dtype.kind == "f") for one in inputs]

    def theirs() -> Any:
        for leaf in leaves:
            leaf.grad = None
        value = formula(*leaves)
        value.backward()
        return value.detach().numpy(), *(leaf.grad.numpy() for leaf in leaves if leaf.grad is not None)

    def ours() -> Any:
        value, grads = loss.value_and_grad(*inputs)
        return value, *(grads if isinstance(grads, tuple) else (grads,))

    contest(title, {"metrix": ours, "torch": theirs}, inexact=["torch"], rounds=5)


def heads(count: int, classes: int, dimensions: int, dtype: type) -> None:
    """Weights of classes."""
    rng = np.random.default_rng(1)
    x, w = rng.normal(size=(count, dimensions)).astype(dtype), rng.normal(size=(classes, dimensions)).astype(dtype)
    labels = rng.integers(0, classes, count)
    size = f"{count} x {dimensions}, {np.dtype(dtype).name}, {classes} classes"
    linear = "softmax_loss", lambda x, y, w: functional().cross_entropy(functional().linear(x, w), y)
    for name, formula in (linear, ("arcface_loss", arcface), ("sphereface_loss", sphereface)):
        against_torch(f"{name}, {size}", getattr(losses, name), formula, x, labels, w)


def batches(count: int, dimensions: int, dtype: type) -> None:
    """All against all, and pair by pair."""
    x, y, z = np.random.default_rng(1).normal(size=(3, count, dimensions)).astype(dtype)
    labels = np.arange(count) % (count // 8)
    similar = (labels < count // 16).astype(dtype)
    cases = {
        "info_nce_loss": (info_nce, x, y),
        "supervised_contrastive_loss": (supervised_contrastive, x, labels),
        "circle_loss": (circle, x, labels),
        "barlow_twins_loss": (barlow_twins, x, y),
        "center_loss": (center, x, labels, y[: count // 8]),
        "contrastive_loss": (contrastive, x, y, similar),
        "triplet_margin_loss": (lambda *inputs: functional().triplet_margin_loss(*inputs), x, y, z),
    }
    for name, (formula, *inputs) in cases.items():
        title = f"{name}, {count} x {dimensions}, {np.dtype(dtype).name}"
        against_torch(title, getattr(losses, name), formula, *inputs)


def main() -> None:
    """Batches as people train with."""
    quick = quick_from_arguments(__doc__ or "")
    if torch is None:
        raise SystemExit("torch is not installed")
    threads = os.environ.get("OPENBLAS_NUM_THREADS")
    if threads is None:
        for number in ("1", "2"):
            numbers = {"OPENBLAS_NUM_THREADS": number, "OMP_NUM_THREADS": number}
            subprocess.run([sys.executable, *sys.argv], env={**os.environ, **numbers}, check=True)
        return
    print_heading(f"Losses of embeddings, threads: {threads}", ["torch"])
    torch.set_num_threads(int(threads))
    for dtype in (np.float32, np.float64):
        heads(64 if quick else 256, 1000 if quick else 10000, 128, dtype)
        for count in (256,) if quick else (256, 1024):
            batches(count, 128, dtype)


if __name__ == "__main__":
    main()
