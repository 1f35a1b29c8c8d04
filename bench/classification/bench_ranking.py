#!/usr/bin/env python3
"""Areas under ROC and precision-recall curves against NumPy with one packed sort, and scikit-learn.

    python bench/classification/bench_ranking.py [--quick]

NumPy sorts with AVX-512 where the machine has it, which some machines do slowly: run it with
NPY_DISABLE_CPU_FEATURES="X86_V4 AVX512_ICL" as well.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).parent.parent))
from harness.rounds import contest, optional, print_heading, quick_from_arguments
from metrix.classification import RankingHistogram, RankingMetrics

reference = optional("sklearn.metrics")


def packed(truth: Any, scores: Any) -> Any:
    """Both areas from one sort of scores above 0, of which the last bit tells the class."""
    keys = (scores.view(np.uint32).astype(np.uint64) << np.uint64(1)) | truth
    keys.sort()
    keys = keys[::-1]
    ends = np.flatnonzero(np.diff(keys >> np.uint64(1), append=np.uint64(0)))
    tp = np.cumsum(keys & np.uint64(1), dtype=np.int64)[ends]
    fp = ends + 1 - tp
    auc = np.sum(np.diff(fp, prepend=0) * (tp + np.r_[0, tp[:-1]])) / (2 * tp[-1] * fp[-1])
    return np.array([auc, np.sum(np.diff(tp, prepend=0) * (tp / (tp + fp))) / tp[-1]])


def histogram(truth: Any, scores: Any) -> Any:
    areas = RankingHistogram()
    areas.update(truth, scores)
    return np.array([area.value for area in areas.compute().values()])


def main() -> None:
    quick = quick_from_arguments(__doc__ or "")
    print_heading("Ranking", ["scikit-learn"], "" if reference is not None else "scikit-learn is not installed")
    for count in (10_000, 1_000_000) if quick else (10_000, 1_000_000, 10_000_000):
        rng = np.random.default_rng(1)
        scores = rng.random(count, dtype=np.float32)
        truth = (rng.random(count) < 0.1).astype(np.uint8)
        for threads in (1, 2):
            one_contest(truth, scores, threads)


def exact(truth: Any, scores: Any, threads: int) -> Any:
    areas = RankingMetrics()
    areas.update(truth, scores)
    return np.array(list(areas.compute(num_threads=threads).values()))


def one_contest(truth: Any, scores: Any, threads: int) -> None:
    calls = {
        "metrix": lambda: exact(truth, scores, threads),
        "NumPy, one packed sort": lambda: packed(truth, scores),
        "metrix, histogram": lambda: histogram(truth, scores),
    }
    if reference is not None:
        calls["scikit-learn"] = lambda: np.array(
            [reference.roc_auc_score(truth, scores), reference.average_precision_score(truth, scores)]
        )
    label = f"ROC AUC and AP of {truth.size} scores, {threads} threads"
    contest(label, calls, inexact=[name for name in calls if name != "metrix"], rounds=3)


if __name__ == "__main__":
    main()
