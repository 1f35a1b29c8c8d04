#!/usr/bin/env python3
"""Greedy matching of single cells against the loop of pycocotools' evaluateImg.

    python bench/bench_matching.py [--quick]

The loop is pycocotools' in its order of operations, over the same arrays; the rest of evaluateImg is left out, which
favours it. Run it in an environment that has metrix.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from harness.rounds import contest, print_heading, quick_from_arguments
from metrix import matching, protocols


def reference_loop(similarity: Any, thresholds: Any) -> tuple[Any, Any]:
    """Without crowds and ignored ground truths."""
    detections, ground_truths = similarity.shape
    detection_match = np.full((len(thresholds), detections), -1, dtype=np.int32)
    ground_truth_match = np.full((len(thresholds), ground_truths), -1, dtype=np.int32)
    for t, threshold in enumerate(thresholds):
        for d in range(detections):
            best, match = threshold, -1
            for g in range(ground_truths):
                if ground_truth_match[t, g] >= 0:
                    continue
                if similarity[d, g] < best:
                    continue
                best, match = similarity[d, g], g
            if match >= 0:
                detection_match[t, d] = match
                ground_truth_match[t, match] = d
    return detection_match, ground_truth_match


def overlaps(rng: np.random.Generator, detections: int, ground_truths: int) -> Any:
    """As in an image: a detection overlaps one ground truth well, few others a little."""
    similarity = rng.random((detections, ground_truths)) * (rng.random((detections, ground_truths)) < 0.15) * 0.5
    similarity[np.arange(detections), rng.integers(0, ground_truths, detections)] = rng.random(detections)
    return similarity


def main() -> None:
    quick = quick_from_arguments(__doc__ or "")
    print_heading("Matching", [])
    thresholds = protocols.COCO_DETECTION.iou_thresholds
    rng = np.random.default_rng(1)
    for detections, ground_truths in [(2, 1), (10, 4), (100, 20)] + ([] if quick else [(100, 100), (300, 300)]):
        similarity = overlaps(rng, detections, ground_truths)
        contest(
            f"greedy_match {detections} x {ground_truths}, {len(thresholds)} thresholds",
            {
                "metrix": lambda s=similarity: matching.greedy_match(s, thresholds),
                "loop of evaluateImg": lambda s=similarity: reference_loop(s, thresholds),
            },
            rounds=3 if quick else 5,
        )


if __name__ == "__main__":
    main()
