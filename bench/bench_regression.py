#!/usr/bin/env python3
"""Errors of regression against scikit-learn and NumPy.

    python bench/bench_regression.py [--quick]

Run it in an environment that has metrix; scikit-learn is compared with where it is installed.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from harness.rounds import contest, optional, print_heading, quick_from_arguments
from metrix import regression

reference = optional("sklearn.metrics")

BASIC = ("mean_squared_error", "mean_absolute_error", "r2_score")
ALL = (*BASIC, "mean_absolute_percentage_error", "mean_squared_log_error", "explained_variance_score")


def together(names: tuple[str, ...], y: Any, x: Any, threads: int) -> Any:
    metrics = regression.RegressionMetrics(names)
    metrics.update(y, x, num_threads=threads)
    return np.array(list(metrics.compute().values()))


def numpys(name: str, y: Any, x: Any) -> Any:
    """As one would write it."""
    if name == "mean_squared_error":
        return np.mean((x - y) ** 2, dtype=np.float64)
    if name == "mean_absolute_error":
        return np.mean(np.abs(x - y), dtype=np.float64)
    return 1 - np.sum((x - y) ** 2, dtype=np.float64) / np.sum((y - y.mean(dtype=np.float64)) ** 2)


def main() -> None:
    quick = quick_from_arguments(__doc__ or "")
    print_heading("Regression", ["scikit-learn"], "" if reference is not None else "scikit-learn is not installed")
    rng = np.random.default_rng(1)
    for count, dtype in ((10_000, np.float64), (3_000_000 if quick else 100_000_000, np.float32)):
        y = np.abs(rng.standard_normal(count, dtype=np.float32)).astype(dtype)
        x = np.abs(y + rng.standard_normal(count, dtype=np.float32)).astype(dtype)
        for threads in (1, 2):
            contests(y, x, threads)


def contests(y: Any, x: Any, threads: int) -> None:
    label = f"{y.size} x {y.dtype.name}, {threads} threads"
    for name in BASIC:
        calls = {
            "metrix": lambda n=name: getattr(regression, n)(y, x, num_threads=threads),
            "NumPy": lambda n=name: numpys(n, y, x),
        }
        if reference is not None:
            calls["scikit-learn"] = lambda n=name: getattr(reference, n)(y, x)
        calls["read once"] = lambda: (y.max(), x.max())
        contest(f"{name}, {label}", calls, inexact=["NumPy", "scikit-learn"], uncompared=["read once"], rounds=3)
    for what, names in (("three errors", BASIC), ("six errors", ALL)):
        calls = {"metrix": lambda n=names: together(n, y, x, threads)}
        if reference is not None:
            calls["scikit-learn"] = lambda names=names: np.array([getattr(reference, n)(y, x) for n in names])
        contest(f"{what} together, {label}", calls, inexact=["scikit-learn"], rounds=3)


if __name__ == "__main__":
    main()
