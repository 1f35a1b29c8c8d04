"""Object keypoint similarity as defined, one pair at a time, in plain NumPy; and NumPy's order of summation."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


def object_keypoint_similarity(
    detections: Any, ground_truth: Any, area: Any, boxes: Any, sigmas: npt.NDArray[np.float64]
) -> Floats:
    """(D, G) similarities; lists of numbers keep their type (integers stay integers), as they do in a JSON file."""
    result = np.zeros((len(detections), len(ground_truth)))
    variances = (sigmas * 2) ** 2
    for g, (truth, size) in enumerate(zip(ground_truth, area, strict=True)):
        points = np.array(truth)
        seen = points[:, 2] > 0
        for d, found in enumerate(detections):
            pose = np.array(found)
            if seen.any():
                dx, dy = pose[:, 0] - points[:, 0], pose[:, 1] - points[:, 1]
            else:
                x, y, w, h = boxes[g]
                dx = outside(pose[:, 0], x - w, x + w * 2)
                dy = outside(pose[:, 1], y - h, y + h * 2)
            exponent = (dx**2 + dy**2) / variances / (size + np.spacing(1)) / 2
            if seen.any():
                exponent = exponent[seen]
            result[d, g] = np.sum(np.exp(-exponent)) / exponent.shape[0]
    return result


def outside(values: Any, low: float, high: float) -> Any:
    zeros = np.zeros(len(values))
    return np.max((zeros, low - values), axis=0) + np.max((zeros, values - high), axis=0)


def numpy_sum(values: list[float]) -> float:
    """The order in words: see cpp/support/sums.hpp. In Python floats, so that nothing of NumPy takes part."""
    return 0.0 + pairwise_sum(values)


def pairwise_sum(values: list[float]) -> float:
    count = len(values)
    if count < 8:
        total = 0.0
        for value in values:
            total += value
        return total
    if count <= 128:
        lanes = values[:8]
        whole = count - count % 8
        for start in range(8, whole, 8):
            lanes = [lane + value for lane, value in zip(lanes, values[start : start + 8], strict=True)]
        total = ((lanes[0] + lanes[1]) + (lanes[2] + lanes[3])) + ((lanes[4] + lanes[5]) + (lanes[6] + lanes[7]))
        for value in values[whole:]:
            total += value
        return total
    half = count // 2
    half -= half % 8
    return pairwise_sum(values[:half]) + pairwise_sum(values[half:])
