"""Matching as COCOeval.evaluateImg writes it down: a loop over thresholds, detections and ground truths."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt


def greedy_match(
    similarity: Any, iou_thresholds: Any, crowd: Any, ignore: Any
) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.int32]]:
    detections, ground_truths = similarity.shape
    # The reference sorts the ground truths: those that are not ignored come first, in their order.
    order = np.argsort([bool(flag) for flag in ignore], kind="mergesort")
    detection_match = np.full((len(iou_thresholds), detections), -1, dtype=np.int32)
    ground_truth_match = np.full((len(iou_thresholds), ground_truths), -1, dtype=np.int32)
    for t, threshold in enumerate(iou_thresholds):
        for d in range(detections):
            best, match = threshold, -1
            for g in order:
                if ground_truth_match[t, g] >= 0 and not crowd[g]:
                    continue
                if match > -1 and not ignore[match] and ignore[g]:
                    break
                if similarity[d, g] < best:
                    continue
                best, match = similarity[d, g], g
            if match > -1:
                detection_match[t, d] = match
                ground_truth_match[t, match] = d
    return detection_match, ground_truth_match
