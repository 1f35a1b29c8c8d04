"""Matching of detections to ground truths."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from metrix import _core
from metrix._arrays import as_float64, as_ndarray, require_shape

IndexArray = npt.NDArray[np.int32]


def greedy_match(
    similarity: Any, iou_thresholds: Any, *, crowd: Any = None, ignore: Any = None
) -> tuple[IndexArray, IndexArray]:
    """Greedy matching of one image and category at several thresholds, as COCO does it.

    For each threshold by itself, detections in their order (sort them by descending score) take the free ground truth of
    highest similarity at or above the threshold. Ground truths that are not ignored come first; an ignored one is taken
    only if none of the others will do.

    Args:
        similarity: (D, G) IoU or any other likeness.
        iou_thresholds: (T,) in any order.
        crowd: (G,) flags: a crowd may be matched any number of times. Default: none is.
        ignore: (G,) flags of ground truths to be taken last. Default: none is.

    Returns:
        ``(T, D)`` the ground truth of each detection or -1, and ``(T, G)`` the detection of each ground truth or -1 (of a
        crowd: its last one).

    Conventions:
        Empty: no detections or ground truths give arrays of that shape. Ties: of equal similarities the later ground truth
        wins. NaN: a NaN similarity passes every threshold and gives way to any later ground truth, because the reference
        asks "is it less than the best?". COCO lowers a threshold of 1.0 by 1e-10 first; this function takes it as it is.

    Raises:
        ValueError: for shapes that do not fit.

    Example:
        >>> detection_match, ground_truth_match = greedy_match([[0.9, 0.6], [0.8, 0.1]], [0.5])
        >>> detection_match.tolist(), ground_truth_match.tolist()
        ([[0, -1]], [[0, -1]])

    Source:
        pycocotools 2.0.11, ``COCOeval.evaluateImg``.
    """
    block = as_float64(similarity, "similarity", (None, None))
    thresholds = as_float64(iou_thresholds, "iou_thresholds", (None,))
    if np.isnan(thresholds).any():
        raise ValueError("iou_thresholds: expected numbers, got NaN")
    count = block.shape[1]
    return _core.matching.greedy_match(
        block, thresholds, _flags(crowd, count, "crowd"), _flags(ignore, count, "ignore")
    )


def _flags(values: Any, count: int, name: str) -> npt.NDArray[np.uint8]:
    if values is None:
        return np.zeros(count, dtype=np.uint8)
    array = as_ndarray(values, name)
    require_shape(array, name, (count,))
    return np.ascontiguousarray(array != 0, dtype=np.uint8)
