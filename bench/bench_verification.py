#!/usr/bin/env python3
"""Scores of pairs of embeddings and rates of scores, against NumPy and scikit-learn.

python bench/bench_verification.py [--quick]

The number of threads of NumPy's products is that of BLAS. The goal is a ratio of at least 3 for a million pairs of 512.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from harness.rounds import contest, optional, print_heading, quick_from_arguments
from metrix.verification import equal_error_rate, identification_rates, pair_scores, tar_at_far

metrics = optional("sklearn.metrics")
FARS = np.array([1e-1, 1e-2, 1e-3])


def rates(truth: Any, first: Any, second: Any, threads: int) -> Any:
    scores = pair_scores(first, second, num_threads=threads)
    rate = equal_error_rate(truth, scores, num_threads=threads).rate
    return np.r_[rate, tar_at_far(truth, scores, far=FARS, num_threads=threads)]


def by_libraries(truth: Any, first: Any, second: Any) -> Any:
    """As scripts of this field do, but for the equal error rate's line, which they look for with a solver."""
    first = first / np.linalg.norm(first, axis=1, keepdims=True)
    second = second / np.linalg.norm(second, axis=1, keepdims=True)
    fpr, tpr, _ = metrics.roc_curve(truth, np.sum(first * second, axis=1), drop_intermediate=False)
    after = np.argmax(fpr >= 1 - tpr)
    gap, step = 1 - tpr[after - 1] - fpr[after - 1], fpr[after] - fpr[after - 1]
    rate = fpr[after - 1] + gap / (step + tpr[after] - tpr[after - 1]) * step
    return np.r_[rate, tpr[np.searchsorted(fpr, FARS, side="right") - 1]]


def scores_by_numpy(first: Any, second: Any) -> Any:
    lengths = np.linalg.norm(first, axis=1) * np.linalg.norm(second, axis=1)
    return np.einsum("ij,ij->i", first, second) / lengths


def identified(truth: Any, probes: Any, gallery: Any, labels: Any) -> Any:
    return identification_rates(truth, probes, gallery=gallery, gallery_labels=labels, max_rank=5)


def identified_by_numpy(truth: Any, probes: Any, gallery: Any, labels: Any) -> Any:
    probes, gallery = (side / np.linalg.norm(side, axis=1, keepdims=True) for side in (probes, gallery))
    order = np.argsort(-(probes @ gallery.T), axis=1)[:, :5]
    return np.cumsum((labels[order] == truth[:, None]).sum(axis=0)) / len(truth)


def main() -> None:
    quick = quick_from_arguments(__doc__ or "")
    print_heading("Verification", ["scikit-learn"], "" if metrics is not None else "scikit-learn is not installed")
    rng = np.random.default_rng(1)
    count, size = (20_000 if quick else 1_000_000), 512
    truth = rng.random(count) < 0.5
    first = rng.standard_normal((count, size), dtype=np.float32)
    second = rng.standard_normal((count, size), dtype=np.float32)
    second += np.float32(0.15) * truth[:, None] * first
    for threads in (1, 2):
        contest(
            f"scores of {count} pairs of {size} floats, {threads} threads",
            {
                "metrix": lambda threads=threads: pair_scores(first, second, num_threads=threads),
                "NumPy": lambda: scores_by_numpy(first, second),
            },
            inexact=["NumPy"],
            rounds=3,
        )
        calls = {"metrix": lambda threads=threads: rates(truth, first, second, threads)}
        if metrics is not None:
            calls["NumPy and scikit-learn"] = lambda: by_libraries(truth, first, second)
        contest(f"EER and TAR of them, {threads} threads", calls, inexact=list(calls), rounds=1)
    labels = np.arange(1000 if quick else 10_000)
    probes = rng.permutation(labels)[:1000]
    sides = (probes, second[probes] + first[probes], first[labels], labels)
    contest(
        f"rank-k identification of {len(probes)} in {len(labels)}",
        {"metrix": lambda: identified(*sides), "NumPy": lambda: identified_by_numpy(*sides)},
        inexact=["NumPy"],
        rounds=3,
    )


if __name__ == "__main__":
    main()
