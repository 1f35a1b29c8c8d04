#!/usr/bin/env python3
"""Object keypoint similarity against pycocotools' computeOks and against NumPy with broadcasting.

    python bench/bench_keypoints.py [--quick]

Run it in an environment that has metrix; pycocotools is compared where it is installed.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from harness.rounds import contest, optional, print_heading, quick_from_arguments
from metrix import keypoints, protocols

SIGMAS = protocols.COCO_KEYPOINT_SIGMAS


def poses(rng: np.random.Generator, count: int) -> Any:
    """(count, 17, 3), all labelled: what all three compute alike."""
    points = rng.uniform(0, 200, (count, 1, 2)) + rng.normal(0, 40, (count, len(SIGMAS), 2))
    return np.concatenate([points, np.full((count, len(SIGMAS), 1), 2.0)], axis=2)


def numpy_oks(detections: Any, ground_truth: Any, area: Any) -> Any:
    """All pairs at once, with temporaries of D x G x K; every keypoint is labelled."""
    dx = detections[:, None, :, 0] - ground_truth[None, :, :, 0]
    dy = detections[:, None, :, 1] - ground_truth[None, :, :, 1]
    exponent = (dx**2 + dy**2) / (SIGMAS * 2) ** 2 / (area[:, None] + np.spacing(1)) / 2
    return np.sum(np.exp(-exponent), axis=2) / len(SIGMAS)


def numpy_paired_oks(detections: Any, ground_truth: Any, area: Any) -> Any:
    """Row by row; every keypoint is labelled."""
    squares = ((detections[..., :2] - ground_truth[..., :2]) ** 2).sum(axis=2)
    exponent = squares / (SIGMAS * 2) ** 2 / (area[:, None] + np.spacing(1)) / 2
    return np.sum(np.exp(-exponent), axis=1) / len(SIGMAS)


def compute_oks(cocoeval: Any, detections: Any, ground_truth: Any, area: Any, boxes: Any) -> Any:
    """A call of pycocotools' own method on these poses."""
    evaluation = cocoeval.COCOeval(iouType="keypoints")
    evaluation.params.maxDets = [len(detections)]
    evaluation._gts = {
        (1, 1): [
            {"keypoints": g.ravel().tolist(), "area": a, "bbox": b.tolist()}
            for g, a, b in zip(ground_truth, area.tolist(), boxes)
        ]
    }
    evaluation._dts = {
        (1, 1): [{"keypoints": d.ravel().tolist(), "score": -float(i)} for i, d in enumerate(detections)]
    }
    return lambda: evaluation.computeOks(1, 1)


def main() -> None:
    quick = quick_from_arguments(__doc__ or "")
    cocoeval = optional("pycocotools.cocoeval")
    print_heading("Keypoints", ["pycocotools"])
    rng = np.random.default_rng(1)
    for detections, ground_truths in [(2, 1), (20, 5)] if quick else [(2, 1), (20, 5), (100, 100)]:
        found, truth = poses(rng, detections), poses(rng, ground_truths)
        area, boxes = rng.uniform(500, 9000, ground_truths), rng.uniform(1, 100, (ground_truths, 4))
        calls = {
            "metrix": lambda d=found, g=truth, a=area, b=boxes: keypoints.object_keypoint_similarity(
                d, g, a, b, num_threads=1
            )
        }
        if cocoeval is not None:
            calls["pycocotools computeOks"] = compute_oks(cocoeval, found, truth, area, boxes)
        calls["NumPy"] = lambda d=found, g=truth, a=area: numpy_oks(d, g, a)
        # NumPy sums along the last axis of a larger array in the same order, but its exponential may depend on length.
        contest(
            f"object_keypoint_similarity {detections} x {ground_truths}, 17 keypoints, 1 thread",
            calls,
            inexact=["NumPy"],
            rounds=3 if quick else 7,
        )
    count = 2000 if quick else 20000
    found, truth, area = poses(rng, count), poses(rng, count), rng.uniform(500, 9000, count)
    contest(
        f"paired_object_keypoint_similarity of {count}, 17 keypoints, 1 thread",
        {
            "metrix": lambda: keypoints.paired_object_keypoint_similarity(found, truth, area, num_threads=1),
            "NumPy": lambda: numpy_paired_oks(found, truth, area),
        },
        inexact=["NumPy"],
        rounds=3 if quick else 7,
    )


if __name__ == "__main__":
    main()
