#!/usr/bin/env python3
"""Losses of embeddings with their gradients, against PyTorch.

python bench/losses/bench_embedding.py [--quick]

Matrix products are most of the work on both sides; they are those of NumPy's BLAS and of PyTorch's.
"""

from __future__ import annotations

import math
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


def main() -> None:
    """Batches as people train with."""
    quick = quick_from_arguments(__doc__ or "")
    print_heading("Losses of embeddings", ["torch"])
    if torch is None:
        raise SystemExit("torch is not installed")
    rng = np.random.default_rng(1)
    count, classes, dimensions = (64, 1000, 64) if quick else (256, 10000, 128)
    for dtype in (np.float32, np.float64):
        x, w = rng.normal(size=(count, dimensions)).astype(dtype), rng.normal(size=(classes, dimensions)).astype(dtype)
        labels = rng.integers(0, classes, count)
        size = f"{count} x {dimensions}, {np.dtype(dtype).name}"
        against_torch(f"arcface_loss, {size}, {classes} classes", losses.arcface_loss, arcface, x, labels, w)
        x, y = rng.normal(size=(2, 4 * count, dimensions)).astype(dtype)
        size = f"{4 * count} x {dimensions}, {np.dtype(dtype).name}"
        against_torch(f"info_nce_loss, {size}", losses.info_nce_loss, info_nce, x, y)
        labels = np.arange(4 * count) % (count // 2)
        against_torch(
            f"supervised_contrastive_loss, {size}",
            losses.supervised_contrastive_loss,
            supervised_contrastive,
            x,
            labels,
        )
        against_torch(f"barlow_twins_loss, {size}", losses.barlow_twins_loss, barlow_twins, x, y)


if __name__ == "__main__":
    main()
