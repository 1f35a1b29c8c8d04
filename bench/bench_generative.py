#!/usr/bin/env python3
"""Fréchet distance and its statistics against the ways of torchmetrics, pytorch-fid and NumPy.

    python bench/bench_generative.py [--quick]

The number of threads is that of BLAS: set OPENBLAS_NUM_THREADS and OMP_NUM_THREADS. The goals are ratios of at least 3 to
the eigenvalues of the product and 10 to SciPy's root.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from harness.rounds import contest, optional, print_heading, quick_from_arguments
from metrix.generative import FeatureStatistics, frechet_distance, inception_score

torch = optional("torch")
linalg = optional("scipy.linalg")


def of_traces(first: Any, second: Any, trace_of_root: Any) -> Any:
    difference = first[0] - second[0]
    return np.float64(difference @ difference + np.trace(first[1]) + np.trace(second[1]) - 2 * trace_of_root)


def by_eigenvalues_of_the_product(first: Any, second: Any) -> Any:
    """As torchmetrics."""
    product = torch.from_numpy(first[1]) @ torch.from_numpy(second[1])
    return of_traces(first, second, torch.linalg.eigvals(product).sqrt().real.sum().item())


def by_scipy_root(first: Any, second: Any) -> Any:
    """As pytorch-fid."""
    return of_traces(first, second, np.trace(linalg.sqrtm(first[1] @ second[1])).real)


def by_roots(first: Any, second: Any) -> Any:
    """As one would write it in NumPy with care."""
    values, vectors = np.linalg.eigh(first[1])
    root = vectors * np.sqrt(np.maximum(values, 0)) @ vectors.T
    return of_traces(first, second, np.sqrt(np.maximum(np.linalg.eigvalsh(root @ second[1] @ root), 0)).sum())


def distance(first: Any, second: Any) -> Any:
    return np.float64(frechet_distance(first, second))


def streamed(features: Any) -> Any:
    statistics = FeatureStatistics()
    statistics.update(features)
    return tuple(statistics.compute())


def by_numpy(features: Any) -> Any:
    return features.mean(axis=0, dtype=np.float64), np.cov(features, rowvar=False, dtype=np.float64)


def product_alone(features: Any) -> Any:
    """The limit: one product of a matrix with its transpose, of what is float64 already."""
    return features.T @ features


def obvious_inception_score(p: Any) -> Any:
    scores = []
    for part in np.array_split(p.astype(np.float64), 10):
        mean = part.mean(axis=0, keepdims=True)
        scores.append(np.exp(np.mean(np.sum(part * (np.log(part) - np.log(mean)), axis=1))))
    return np.array([np.mean(scores), np.std(scores)])


def main() -> None:
    quick = quick_from_arguments(__doc__ or "")
    missing = [name for name, module in (("torch", torch), ("scipy", linalg)) if module is None]
    rivals = [name for name in ("torch", "scipy") if name not in missing]
    print_heading("Generative", rivals, ", ".join(f"{name} is not installed" for name in missing))
    rng = np.random.default_rng(1)
    dimension, rounds = (256, 3) if quick else (2048, 1)
    for kind, count in (("full rank", 5 * dimension), ("singular", dimension // 2)):
        sides = [by_numpy(rng.normal(size=(count, dimension))) for _ in "ab"]
        ways = {"metrix": distance, "NumPy, eigh twice": by_roots}
        if torch is not None:
            ways["torch, eigvals of the product"] = by_eigenvalues_of_the_product
        if linalg is not None:
            ways["SciPy sqrtm"] = by_scipy_root
        calls = {name: partial(way, *sides) for name, way in ways.items()}
        contest(f"{kind}, {dimension} dimensions", calls, inexact=list(calls), rounds=rounds)
    features = rng.random((1000 if quick else 10_000, dimension), dtype=np.float32)
    wide = features.astype(np.float64)
    contest(
        f"statistics of {features.shape}, float32",
        {
            "metrix": lambda: streamed(features),
            "NumPy cov": lambda: by_numpy(features),
            "one product": lambda: product_alone(wide),
        },
        inexact=["NumPy cov"],
        uncompared=["one product"],
        rounds=3,
    )
    p = rng.dirichlet(np.full(1000, 0.1), size=2000 if quick else 20_000).astype(np.float32) + np.float32(1e-7)
    contest(
        f"Inception Score of {p.shape}",
        {"metrix": lambda: np.array(inception_score(p)), "NumPy": lambda: obvious_inception_score(p)},
        inexact=["NumPy"],
        rounds=3,
    )


if __name__ == "__main__":
    main()
