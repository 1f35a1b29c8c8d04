#!/usr/bin/env python3
"""Precision-recall curves and average precision against NumPy as pycocotools and the VOC devkit write it.

    python bench/bench_curves.py [--quick]

Run it in an environment that has metrix.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from harness.rounds import contest, print_heading, quick_from_arguments
from metrix import curves, protocols


def numpy_curve(scores: Any, true_positive: Any, positives: int) -> tuple[Any, Any, Any]:
    order = np.argsort(-scores, kind="stable")
    found = np.cumsum(true_positive[order])
    wrong = np.cumsum(~true_positive[order])
    return found / positives, found / (found + wrong), scores[order]


def coco_loop(recall: Any, precision: Any) -> float:
    """COCOeval.accumulate: the envelope by a loop over a list."""
    envelope = precision.tolist()
    for i in range(len(envelope) - 1, 0, -1):
        if envelope[i] > envelope[i - 1]:
            envelope[i - 1] = envelope[i]
    thresholds = protocols.COCO_DETECTION.recall_thresholds
    at_thresholds = np.zeros(len(thresholds))
    for r, place in enumerate(np.searchsorted(recall, thresholds, side="left")):
        if place < len(envelope):
            at_thresholds[r] = envelope[place]
    return float(np.mean(at_thresholds))


def voc2007_loop(recall: Any, precision: Any) -> float:
    total = 0.0
    for threshold in protocols.VOC2007_RECALL_THRESHOLDS:
        reached = recall >= threshold
        total = total + (np.max(precision[reached]) if reached.any() else 0) / 11.0
    return float(total)


def voc2010_loop(recall: Any, precision: Any) -> float:
    recalls = np.concatenate(([0.0], recall, [1.0]))
    heights = np.concatenate(([0.0], precision, [0.0]))
    for i in range(heights.size - 1, 0, -1):
        heights[i - 1] = np.maximum(heights[i - 1], heights[i])
    steps = np.where(recalls[1:] != recalls[:-1])[0]
    return float(np.sum((recalls[steps + 1] - recalls[steps]) * heights[steps + 1]))


def main() -> None:
    quick = quick_from_arguments(__doc__ or "")
    print_heading("Curves", [])
    rng = np.random.default_rng(1)
    loops = {"101-point": coco_loop, "11-point": voc2007_loop, "all-point": voc2010_loop}
    for count in (100, 10_000) if quick else (100, 10_000, 1_000_000):
        scores = rng.random(count)
        true_positive = rng.random(count) < scores
        positives = int(true_positive.sum()) + count // 10
        contest(
            f"precision_recall_curve of {count} detections",
            {
                "metrix": lambda s=scores, t=true_positive, p=positives: curves.precision_recall_curve(s, t, p),
                "NumPy": lambda s=scores, t=true_positive, p=positives: numpy_curve(s, t, p),
            },
            rounds=3 if quick else 7,
        )
        recall, precision, _ = curves.precision_recall_curve(scores, true_positive, positives)
        for method, loop in loops.items():
            contest(
                f"average_precision, {method}, {count} points",
                {
                    "metrix": lambda r=recall, p=precision, m=method: curves.average_precision(r, p, method=m),
                    "loop of the reference": lambda r=recall, p=precision, f=loop: f(r, p),
                },
                rounds=3 if quick else 5,
            )


if __name__ == "__main__":
    main()
