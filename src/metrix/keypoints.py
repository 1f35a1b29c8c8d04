"""Keypoints: object keypoint similarity (OKS), bit-identical with pycocotools 2.0.11 under the same NumPy."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from metrix import _core
from metrix._arrays import as_float64
from metrix._threads import resolve_num_threads
from metrix.protocols import COCO_KEYPOINT_SIGMAS


def object_keypoint_similarity(
    detections: Any,
    ground_truth: Any,
    area: Any,
    boxes: Any = None,
    *,
    sigmas: Any = None,
    num_threads: int | None = None,
) -> npt.NDArray[np.float64]:
    """Object keypoint similarity of every detected pose with every true one.

    OKS = mean over the visible keypoints k of exp(-d_k^2 / (2 sigma_k)^2 / (area + eps) / 2), where d_k is the distance
    of the detected keypoint from the true one and eps is the distance from 1 to the next double. Visible are the
    keypoints of the ground truth whose visibility is > 0. If it has none, the mean is over all keypoints, and d_k is
    the distance of the detected one from the ground truth's box enlarged by its own size on each side: 0 inside it.

    Args:
        detections: (D, K, 2) or (D, K, 3) points x, y in pixels; a third column is not read.
        ground_truth: (G, K, 3) points x, y and visibility.
        area: (G,) areas of the true objects in square pixels.
        boxes: (G, 4) boxes of the true objects as x, y, w, h; may be None if each has a visible keypoint.
        sigmas: (K,) standard deviations, > 0. None: the 17 of COCO.
        num_threads: threads to use; None for the default of the package. The bits do not depend on it.

    Returns:
        (D, G) float64 similarities, in [0, 1] for areas >= 0. No poses on a side give no rows or columns; no keypoints
        (K = 0) give NaN. NaN and infinity go the way they go in NumPy; of what is not visible they are not read.

    Raises:
        TypeError: an argument is no array of real numbers.
        ValueError: an argument has the wrong shape, a sigma is not > 0, or ``boxes`` is None and a ground truth has no
            visible keypoint.

    Example:
        >>> from metrix.keypoints import object_keypoint_similarity
        >>> truth = [[[10, 10, 2], [30, 10, 2], [20, 40, 0]]]
        >>> found = [[[10, 10], [30, 10], [99, 99]], [[11, 10], [30, 12], [20, 40]]]
        >>> object_keypoint_similarity(found, truth, [400], sigmas=[0.05, 0.05, 0.1]).round(3).tolist()
        [[1.0], [0.745]]

    Note:
        The exponential is NumPy's own, whose last bit depends on NumPy's version and on the machine. Results are the
        same bits as pycocotools gives with the NumPy that is installed.

    Source: COCOeval.computeOks of pycocotools 2.0.11; https://cocodataset.org/#keypoints-eval.
    """
    spread = np.asarray(COCO_KEYPOINT_SIGMAS) if sigmas is None else as_float64(sigmas, "sigmas", (None,))
    if not (spread > 0).all():
        first = int(np.argmin(spread > 0))
        raise ValueError(f"sigmas: expected numbers > 0, got {spread[first]} at index {first}")
    return _core.keypoints.object_keypoint_similarity(
        as_float64(detections, "detections", (None, None, None)),
        as_float64(ground_truth, "ground_truth", (None, None, 3)),
        as_float64(area, "area", (None,)),
        None if boxes is None else as_float64(boxes, "boxes", (None, 4)),
        (spread * 2) ** 2,
        floor=0.0,
        num_threads=resolve_num_threads(num_threads),
    )
