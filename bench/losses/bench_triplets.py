#!/usr/bin/env python3
"""Triplets of a batch against NumPy and PyTorch.

python bench/losses/bench_triplets.py [--quick]
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).parent.parent))
from harness.rounds import contest, optional, print_heading, quick_from_arguments
from metrix.losses import batch_triplet_loss
from metrix.losses.triplets import mine_triplets

torch = optional("torch")
MARGIN = 0.2


def distances(x: Any) -> Any:
    """As one would write it."""
    squares = (x**2).sum(axis=1)
    return np.sqrt(np.maximum(squares[:, None] + squares - 2 * x @ x.T, 0))


def numpy_hard(x: Any, y: Any) -> Any:
    """Batch hard, its value."""
    d, same = distances(x), y[:, None] == y
    farthest = np.where(same & ~np.eye(len(x), dtype=bool), d, -np.inf).max(axis=1)
    return np.maximum(farthest - np.where(same, np.inf, d).min(axis=1) + MARGIN, 0).mean()


def numpy_all(x: Any, y: Any) -> Any:
    """Batch all, its value, anchor by anchor."""
    d, total, count = distances(x), 0.0, 0
    for i in range(len(x)):
        positives = d[i, (y == y[i]) & (np.arange(len(x)) != i)]
        terms = positives[:, None] - d[i, y != y[i]] + MARGIN
        total, count = total + np.maximum(terms, 0).sum(), count + terms.size
    return total / count


def torch_call(name: str, x: Any, y: Any) -> Any:
    """Value and gradient."""
    labels = torch.from_numpy(y)
    same = labels[:, None] == labels
    other = same & ~torch.eye(len(x), dtype=torch.bool)

    def call() -> Any:
        leaf = torch.from_numpy(x).requires_grad_()
        d = torch.cdist(leaf, leaf)
        if name == "hard":
            farthest = d.masked_fill(~other, -torch.inf).max(dim=1).values
            nearest = d.masked_fill(same, torch.inf).min(dim=1).values
            value = (farthest - nearest + MARGIN).relu().mean()
        else:
            a, p = torch.nonzero(other, as_tuple=True)
            negatives = ~same[a]
            value = ((d[a, p][:, None] - d[a] + MARGIN).relu() * negatives).sum() / negatives.sum()
        value.backward()
        return value.item(), leaf.grad.numpy()

    return call


def compare(count: int, dimensions: int) -> None:
    """All rules for one batch, eight samples of each label."""
    x = np.random.default_rng(1).normal(size=(count, dimensions))
    y = np.arange(count) % (count // 8)
    title = f"{count} embeddings in {dimensions} dimensions, {count // 8} labels"
    compare_rule("hard", numpy_hard, x, y, title)
    compare_rule("all", numpy_all, x, y, title)
    contest(f"mine_triplets, semihard, {title}", {"metrix": lambda: mine_triplets(x, y, num_threads=1)})


def compare_rule(mining: str, numpys: Any, x: Any, y: Any, title: str) -> None:
    """The value alone, then with its gradient."""
    options: dict[str, Any] = {"mining": mining, "margin": MARGIN, "num_threads": 1}
    calls = {"metrix": lambda: batch_triplet_loss(x, y, **options), "NumPy": lambda: numpys(x, y)}
    contest(f"batch_triplet_loss, {mining}, {title}: value", calls, inexact=["NumPy"])
    if torch is not None:
        torch.set_num_threads(1)
        calls = {
            "metrix": lambda: batch_triplet_loss.value_and_grad(x, y, **options),
            "torch": torch_call(mining, x, y),
        }
        contest(f"batch_triplet_loss, {mining}, {title}: value and gradient", calls, inexact=["torch"])


def main() -> None:
    """All sizes."""
    quick = quick_from_arguments(__doc__ or "")
    print_heading("Triplets", ["torch"], "" if torch is not None else "torch is not installed")
    compare(128, 64)
    if not quick:
        compare(512, 128)


if __name__ == "__main__":
    main()
