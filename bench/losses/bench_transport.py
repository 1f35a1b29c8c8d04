#!/usr/bin/env python3
"""Distances by optimal transport against NumPy, SciPy and POT.

python bench/losses/bench_transport.py [--quick]
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).parent.parent))
from harness.rounds import contest, optional, print_heading, quick_from_arguments
from metrix.losses import sinkhorn_divergence, wasserstein_distance

for backend in ("TORCH", "JAX", "CUPY", "TENSORFLOW"):
    os.environ.setdefault(f"POT_BACKEND_DISABLE_{backend}", "1")
stats = optional("scipy.stats")
ot = optional("ot")


def area(u: Any, v: Any) -> Any:
    """Between two distribution functions, as one would write it."""
    places = np.sort(np.concatenate([u, v]))
    of_u = np.searchsorted(np.sort(u), places[:-1], side="right") / len(u)
    of_v = np.searchsorted(np.sort(v), places[:-1], side="right") / len(v)
    return (np.abs(of_u - of_v) * np.diff(places)).sum()


def with_gradient(u: Any, v: Any) -> Any:
    """For as many numbers on both sides."""
    order_u, order_v = np.argsort(u), np.argsort(v)
    apart = u[order_u] - v[order_v]
    by_u, by_v = np.empty_like(u), np.empty_like(v)
    by_u[order_u] = np.sign(apart) / len(u)
    by_v[order_v] = -np.sign(apart) / len(v)
    return np.abs(apart).mean(), by_u, by_v


def bench_line(size: int) -> None:
    """The distance of two samples."""
    rng = np.random.default_rng(1)
    u, v = rng.normal(size=size), rng.normal(size=size) + 0.1
    calls = {"metrix": lambda: wasserstein_distance(u, v), "NumPy": lambda: area(u, v)}
    if stats is not None:
        calls["SciPy"] = lambda: stats.wasserstein_distance(u, v)
    contest(f"wasserstein_distance, {size} and {size} numbers: value", calls, inexact=["NumPy", "SciPy"])

    def ours() -> Any:
        value, (by_u, by_v) = wasserstein_distance.value_and_grad(u, v)
        return value, by_u, by_v

    calls = {"metrix": ours, "NumPy, sorted": lambda: with_gradient(u, v)}
    contest(f"wasserstein_distance, {size} and {size} numbers: value and gradient", calls, inexact=["NumPy, sorted"])


def log_sum(x: Any) -> Any:
    """Over the last axis."""
    most = x.max(axis=-1, keepdims=True)
    return most[..., 0] + np.log(np.exp(x - most).sum(axis=-1))


def cost_of(x: Any, y: Any) -> Any:
    """Squared distances."""
    return np.maximum((x**2).sum(axis=1)[:, None] + (y**2).sum(axis=1) - 2 * x @ y.T, 0)


def numpy_transport(x: Any, y: Any, epsilon: float, tolerance: float) -> Any:
    """Sinkhorn's iteration, as one would write it."""
    cost, log_a, log_b = cost_of(x, y) / epsilon, -np.log(len(x)), -np.log(len(y))
    f = np.zeros(len(x))
    while True:
        g = -log_sum(f + log_a - cost.T)
        before, f = f, -log_sum(g + log_b - cost)
        if np.abs(np.expm1(before - f)).mean() <= tolerance:
            return epsilon * (f.mean() + g.mean())


def pot_transport(x: Any, y: Any, epsilon: float, tolerance: float) -> Any:
    """The same problem in POT: the least cost from its plan."""
    a, b = np.full(len(x), 1 / len(x)), np.full(len(y), 1 / len(y))
    cost = ot.dist(x, y)
    plan = ot.bregman.sinkhorn_log(a, b, cost, epsilon, numItermax=10000, stopThr=tolerance)
    return (plan * cost).sum() + epsilon * (plan * np.log(plan / np.outer(a, b))).sum()


def bench_clouds(size: int, dimensions: int, epsilon: float) -> None:
    """The divergence of two clouds, debiased."""
    rng = np.random.default_rng(1)
    x, y = rng.normal(size=(size, dimensions)), rng.normal(size=(size, dimensions)) + 0.2
    tolerance = 1e-6

    def debiased(transport: Any) -> Any:
        first, *own = (transport(one, other, epsilon, tolerance) for one, other in ((x, y), (x, x), (y, y)))
        return first - sum(own) / 2

    parameters: dict[str, Any] = {"epsilon": epsilon, "tolerance": tolerance}
    calls = {
        "metrix, 1 thread": lambda: sinkhorn_divergence(x, y, num_threads=1, **parameters),
        "metrix, 2 threads": lambda: sinkhorn_divergence(x, y, num_threads=2, **parameters),
        "NumPy": lambda: debiased(numpy_transport),
    }
    if ot is not None:
        calls["POT"] = lambda: debiased(pot_transport)
    title = f"sinkhorn_divergence, {size} and {size} points in {dimensions} dimensions, epsilon {epsilon}"
    contest(title, calls, inexact=["NumPy", "POT"], rounds=3)

    def ours(num_threads: int) -> Any:
        value, (by_x, by_y) = sinkhorn_divergence.value_and_grad(x, y, num_threads=num_threads, **parameters)
        return value, by_x, by_y

    calls = {"metrix, 1 thread": lambda: ours(1), "metrix, 2 threads": lambda: ours(2)}
    contest(f"{title}: value and gradient", calls, rounds=3)


def main() -> None:
    """All sizes."""
    quick = quick_from_arguments(__doc__ or "")
    missing = [name for name, module in (("scipy", stats), ("POT", ot)) if module is None]
    print_heading("Optimal transport", ["scipy", "POT"], f"not installed: {missing}" if missing else "")
    for size in (1000,) if quick else (1000, 1_000_000):
        bench_line(size)
    for size, dimensions, epsilon in ((200, 2, 2.0),) if quick else ((200, 2, 2.0), (1000, 2, 2.0), (1000, 64, 50.0)):
        bench_clouds(size, dimensions, epsilon)


if __name__ == "__main__":
    main()
