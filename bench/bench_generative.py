#!/usr/bin/env python3
"""Fréchet and kernel distances, precision and recall against the ways of torchmetrics, pytorch-fid, prdc and NumPy.

    python bench/bench_generative.py [--quick]

The number of threads is that of BLAS: set OPENBLAS_NUM_THREADS and OMP_NUM_THREADS. The goals are ratios of at least 3 to
the eigenvalues of the product and 10 to SciPy's root.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from harness.rounds import contest, optional, print_heading, quick_from_arguments
from metrix.generative import (
    FeatureStatistics,
    cmmd,
    frechet_distance,
    inception_score,
    kernel_inception_distance,
    prdc,
)

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


def kid(real: Any, generated: Any, subsets: int, size: int) -> Any:
    return np.array(kernel_inception_distance(real, generated, subsets=subsets, subset_size=size))


def kid_by_subsets(real: Any, generated: Any, subsets: int, size: int, product: Any = np.matmul) -> Any:
    """As torch-fidelity, in the precision of the features."""
    draw = np.random.RandomState(2020)
    values = []
    for _ in range(subsets):
        x, y = (rows[draw.choice(len(rows), size, replace=False)] for rows in (real, generated))
        own = [(product(part, part.T) / x.shape[1] + 1) ** 3 for part in (x, y)]
        both = (product(x, y.T) / x.shape[1] + 1) ** 3
        means = [(values.sum() - np.trace(values)) / (size * (size - 1)) for values in own]
        values.append(float(means[0] + means[1] - 2 * both.mean()))
    return np.array([np.mean(values), np.std(values)])


def kid_in_torch(real: Any, generated: Any, subsets: int, size: int) -> Any:
    """The same with PyTorch's products, as torchmetrics has them."""

    def product(x: Any, y: Any) -> Any:
        return torch.matmul(torch.from_numpy(x), torch.from_numpy(np.ascontiguousarray(y.T)).T).numpy()

    return kid_by_subsets(real, generated, subsets, size, product)


def distances(x: Any, y: Any) -> Any:
    """As scikit-learn makes them, which prdc calls."""
    squares = [np.einsum("ij,ij->i", rows, rows) for rows in (x, y)]
    return np.sqrt(np.maximum(squares[0][:, None] + squares[1] - 2 * (x @ y.T), 0))


def prdc_of_all_distances(real: Any, generated: Any, k: int = 5) -> Any:
    """As the package prdc."""
    radii = [np.partition(distances(rows, rows), k, axis=1)[:, k] for rows in (real, generated)]
    both = distances(real, generated)
    inside = both < radii[0][:, None]
    recall = (both < radii[1]).any(axis=1).mean()
    coverage = (both.min(axis=1) < radii[0]).mean()
    return np.array([inside.any(axis=0).mean(), recall, inside.sum() / (k * len(generated)), coverage])


def cmmd_of_all_distances(real: Any, generated: Any) -> Any:
    """As published, in the precision of the features."""

    def mean(x: Any, y: Any) -> float:
        return float(np.exp(-(distances(x, y) ** 2) / 200).mean(dtype=np.float64))

    return np.float64(1000 * (mean(real, real) + mean(generated, generated) - 2 * mean(real, generated)))


def two_sets(rng: np.random.Generator, count: int, dimension: int) -> list[Any]:
    """Some fifty directions carry most of the variance, as with networks; the second set varies less."""
    mixing = rng.normal(size=(50, dimension)) / 7
    return [
        np.maximum(rng.normal(size=(count, 50)) @ mixing * width + rng.normal(size=(count, dimension)) * 0.3, 0).astype(
            np.float32
        )
        for width in (1.0, 0.9)
    ]


def contests_of_pairs(rng: np.random.Generator, quick: bool) -> None:
    """Scores that compare each image with each."""
    dimension = 256 if quick else 2048
    for count, subsets, size in ((500, 5, 100),) if quick else ((2500, 100, 1000), (10_000, 20, 1000)):
        sides = two_sets(rng, count, dimension)
        ways = {"metrix": kid, "NumPy, float32": kid_by_subsets}
        if torch is not None:
            ways["torch, float32"] = kid_in_torch
        calls = {name: partial(way, *sides, subsets, size) for name, way in ways.items()}
        wide = [side.astype(np.float64) for side in sides]
        calls["NumPy, float64"] = partial(kid_by_subsets, *wide, subsets, size)
        title = f"KID, {subsets} subsets of {size} from {count} x {dimension}, float32"
        contest(title, calls, inexact=list(calls), rounds=1)
    count = 500 if quick else 5000
    sides = two_sets(rng, count, dimension)
    contest(
        f"precision, recall, density, coverage of {count} x {dimension}, float32",
        {
            "metrix": lambda: np.array(prdc(*sides)),
            "NumPy, all distances": lambda: prdc_of_all_distances(*sides),
            "one product": lambda: sides[0] @ sides[1].T,
        },
        inexact=["NumPy, all distances"],
        uncompared=["one product"],
        rounds=1,
    )
    sides = two_sets(rng, count, 256 if quick else 768)
    contest(
        f"CMMD of {sides[0].shape}, float32",
        {
            "metrix": lambda: np.float64(cmmd(*sides)),
            "NumPy, all distances, float32": lambda: cmmd_of_all_distances(*sides),
            "NumPy, all distances, float64": lambda: cmmd_of_all_distances(
                *(side.astype(np.float64) for side in sides)
            ),
        },
        inexact=["NumPy, all distances, float32", "NumPy, all distances, float64"],
        rounds=1,
    )


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
    contests_of_pairs(rng, quick)


if __name__ == "__main__":
    main()
