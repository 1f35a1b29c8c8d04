"""Curves and their averages as the benchmarks define them: a Python loop over points, operation by operation."""

from __future__ import annotations

from typing import Any

import numpy as np


def precision_recall_curve(
    scores: Any, true_positive: Any, positives: int, ignore: Any, epsilon: float
) -> tuple[list[float], list[float], list[float]]:
    nan_last = [(score != score, -score) for score in scores]
    order = sorted(range(len(scores)), key=lambda i: (nan_last[i][0], 0 if nan_last[i][0] else nan_last[i][1]))
    recall, precision, kept = [], [], []
    found = wrong = 0
    for i in order:
        if ignore[i]:
            continue
        found += bool(true_positive[i])
        wrong += not true_positive[i]
        recall.append(found / positives if positives else float("nan"))
        precision.append(found / (wrong + found + epsilon))
        kept.append(scores[i])
    return recall, precision, kept


def coco_average_precision(recall: Any, precision: Any, thresholds: Any) -> float:
    """pycocotools: the envelope made in place from the right, the first point that reaches a threshold, the mean."""
    envelope = list(precision)
    for i in range(len(envelope) - 1, 0, -1):
        if envelope[i] > envelope[i - 1]:
            envelope[i - 1] = envelope[i]
    at_thresholds = np.zeros(len(thresholds))
    for r, place in enumerate(np.searchsorted(recall, thresholds, side="left")):
        if place < len(envelope):
            at_thresholds[r] = envelope[place]
    return float(np.mean(at_thresholds))


def voc2007_average_precision(recall: Any, precision: Any) -> float:
    """The devkit of 2007: eleven times the highest precision of all points at that recall or beyond."""
    total = 0.0
    for threshold in np.arange(0.0, 1.1, 0.1):
        total = total + max((p for r, p in zip(recall, precision) if r >= threshold), default=0.0) / 11.0
    return total


def voc2010_average_precision(recall: Any, precision: Any) -> float:
    """The devkit from 2010 on: the envelope between the sentinels (0, 0) and (1, 0), summed where recall changes."""
    recalls, heights = [0.0, *recall, 1.0], [0.0, *precision, 0.0]
    for i in range(len(heights) - 2, -1, -1):
        heights[i] = max(heights[i], heights[i + 1])
    changes = [i for i in range(1, len(recalls)) if recalls[i] != recalls[i - 1]]
    return float(np.sum(np.array([(recalls[i] - recalls[i - 1]) * heights[i] for i in changes])))
