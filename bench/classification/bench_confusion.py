#!/usr/bin/env python3
"""Confusion matrices of label maps against NumPy and, where it is installed, numba.

python bench/classification/bench_confusion.py [--quick]
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).parent.parent))
from harness.rounds import contest, optional, print_heading, quick_from_arguments
from metrix.classification import confusion_matrix

numba = optional("numba")


def loop(truth: Any, predicted: Any, matrix: Any) -> Any:
    for i in range(truth.size):
        matrix[truth[i], predicted[i]] += 1
    return matrix


compiled = numba.njit(loop) if numba is not None else None


def label_maps(rng: np.random.Generator, count: int, classes: int, length: int) -> tuple[Any, Any]:
    """Runs of labels of a mean length; nine of ten are right."""
    runs = count // length + 1
    truth = np.resize(np.repeat(rng.integers(0, classes, runs), rng.integers(1, 2 * length, runs)), count)
    right = np.repeat(rng.random(runs) < 0.9, length)[:count]
    return truth, np.where(right, truth, np.roll(truth, 3 * length))


def main() -> None:
    quick = quick_from_arguments(__doc__ or "")
    print_heading("Confusion matrices", ["numba"], "" if numba is not None else "numba is not installed")
    count = 5_000_000 if quick else 100_000_000
    rng = np.random.default_rng(1)
    for classes in (2, 19, 150):
        for length in (50, 1):
            for dtype in (np.uint8, np.int64):
                truth, predicted = (side.astype(dtype) for side in label_maps(rng, count, classes, length))
                for threads in (1, 2):
                    one_contest(truth, predicted, classes, length, threads)


def one_contest(truth: Any, predicted: Any, classes: int, length: int, threads: int) -> None:
    calls = {
        "metrix": lambda: confusion_matrix(truth, predicted, num_classes=classes, num_threads=threads),
        "numpy.bincount": lambda: np.bincount(
            truth.astype(np.int64) * classes + predicted, minlength=classes**2
        ).reshape(classes, classes),
    }
    if compiled is not None:
        calls["numba"] = lambda: compiled(truth, predicted, np.zeros((classes, classes), dtype=np.int64))
    kind = "noise" if length == 1 else f"runs of {length}"
    label = f"{truth.size} x {truth.dtype.name}, {classes} classes, {kind}, {threads} threads"
    contest(label, calls, uncompared=[], rounds=3)


if __name__ == "__main__":
    main()
