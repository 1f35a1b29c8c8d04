"""Precision-recall curves of ranked detections, and the average precision of a curve.

A curve has one point for each detection that counts, by descending score: the recall and the precision of all detections
down to it. The benchmarks differ in how they make one number of it, see :func:`average_precision`.
"""

from __future__ import annotations

from typing import Any, Literal, NamedTuple

import numpy as np
import numpy.typing as npt

from metrix import _core
from metrix._arrays import as_float64, as_ndarray, require_shape
from metrix.protocols import COCO_DETECTION, VOC2007_RECALL_THRESHOLDS

FloatArray = npt.NDArray[np.float64]
Method = Literal["101-point", "11-point", "all-point"]


class PrecisionRecallCurve(NamedTuple):
    """What :func:`precision_recall_curve` returns: arrays of one length, by descending score."""

    recall: FloatArray
    precision: FloatArray
    scores: FloatArray


def precision_recall_curve(
    scores: Any, true_positive: Any, num_positives: int, *, ignore: Any = None, epsilon: float = 0.0
) -> PrecisionRecallCurve:
    """Recall and precision of the best-scored detections, for each number of them.

    With TP true and FP false positives among the detections so far, recall is TP / num_positives and precision is
    TP / (FP + TP + epsilon).

    Args:
        scores: (N,) scores in any order.
        true_positive: (N,) flags: the detection has found a ground truth (see :func:`metrix.matching.greedy_match`).
        num_positives: how many ground truths there were to be found.
        ignore: (N,) flags of detections that are neither true nor false positives. Default: none is.
        epsilon: COCO adds 2^-52 (``protocols.COCO_DETECTION.epsilon``), which shows only in the first point.

    Returns:
        ``recall``, ``precision`` and ``scores`` of the C detections that are not ignored, each (C,).

    Conventions:
        Empty: no detections give empty arrays. Ties: equal scores keep their order. NaN: such scores come last. Without
        positives, recall is NaN.

    Raises:
        TypeError: ``num_positives`` is no integer.
        ValueError: for shapes that do not fit, or more true positives than ``num_positives``.

    Example:
        >>> from metrix.curves import precision_recall_curve
        >>> curve = precision_recall_curve([0.7, 0.9, 0.8], [True, True, False], 4)
        >>> curve.recall.tolist(), curve.precision.tolist()
        ([0.25, 0.25, 0.5], [1.0, 0.5, 0.6666666666666666])

    Source:
        VOC devkit, ``VOCevaldet``; with an epsilon: pycocotools 2.0.11, ``COCOeval.accumulate``.
    """
    keys = as_float64(scores, "scores", (None,))
    count = len(keys)
    if isinstance(num_positives, bool) or not isinstance(num_positives, (int, np.integer)):
        raise TypeError(f"num_positives: expected an int >= 0, got {num_positives!r}")
    order = _core.curves.descending_order(keys)
    ignored = np.zeros(count, dtype=bool) if ignore is None else _flags(ignore, count, "ignore")
    outcomes = _core.curves.outcomes_of(
        category_offset=np.array([0, count]),
        score=keys[order],
        rank=np.zeros(count, dtype=np.int32),
        bits=np.stack([_flags(true_positive, count, "true_positive"), ignored], axis=1)[order]
        .astype(np.uint16)
        .reshape(count, 1, 1, 2),
        positives=np.array([[num_positives]]),
        threshold_count=1,
    )
    found, counted, kept = _core.curves.precision_recall_curve(
        outcomes, category=0, threshold=0, breakdown=0, max_detections=1
    )
    most = int(found[-1]) if len(found) else 0
    if num_positives < most:
        raise ValueError(f"num_positives: expected at least the {most} true positives, got {num_positives}")
    with np.errstate(invalid="ignore"):
        return PrecisionRecallCurve(found / num_positives, found / (counted + epsilon), kept)


def average_precision(recall: Any, precision: Any, *, method: Method | npt.ArrayLike = "101-point") -> float:
    """One number for a precision-recall curve.

    All methods look at the envelope, the highest precision at a recall or beyond; it is 0 beyond the last recall.

    - ``"101-point"``: the mean of the envelope at recalls 0, 0.01, ..., 1 (COCO).
    - ``"11-point"``: the same at 0, 0.1, ..., 1 (VOC 2007).
    - ``"all-point"``: the area under the envelope, which is a step at each recall (VOC from 2010 on).

    Composed from NumPy alone, in the order of operations of the reference of each method, whose bits it has.

    Args:
        recall: (N,) ascending.
        precision: (N,) precision at each recall.
        method: a name, or (R,) recalls of your own, in any order, to take the mean at.

    Returns:
        The average precision; NaN if there is a NaN in the curve, as without ground truth.

    Conventions:
        Empty: a curve without points has 0. Ties: points of equal recall count with the highest of their precisions.

    Raises:
        ValueError: for an unknown method, no recalls, NaN among them, shapes that do not fit or recall that descends.

    Example:
        >>> from metrix.curves import average_precision
        >>> average_precision([0.25, 0.25, 0.5], [1.0, 0.5, 0.6666666666666666], method="all-point")
        0.41666666666666663

    Source:
        pycocotools 2.0.11, ``COCOeval.accumulate`` and ``summarize``; VOC devkit, ``VOCevaldet`` and ``VOCap``, in the
        order of py-faster-rcnn's ``voc_ap``.
    """
    r = as_float64(recall, "recall", (None,))
    p = as_float64(precision, "precision", (len(r),))
    thresholds = _recall_thresholds(method)
    if np.isnan(r).any() or np.isnan(p).any():
        return float("nan")
    descents = np.flatnonzero(r[1:] < r[:-1])
    if len(descents):
        raise ValueError(f"recall: expected ascending values, got a lower one at index {descents[0] + 1}")
    if thresholds is None:
        return _area_under_envelope(r, p)
    heights = np.append(_envelope(p), 0.0)[np.searchsorted(r, thresholds, side="left")]
    if isinstance(method, str) and method == "11-point":
        return float(np.cumsum(heights / len(heights))[-1])  # one after the other, unlike the sum of a mean
    return float(np.mean(heights))


def _recall_thresholds(method: Method | npt.ArrayLike) -> FloatArray | None:
    """Where to look at the envelope; None for everywhere."""
    if isinstance(method, str):
        known = {
            "101-point": COCO_DETECTION.recall_thresholds,
            "11-point": VOC2007_RECALL_THRESHOLDS,
            "all-point": None,
        }
        if method not in known:
            raise ValueError(f"method: expected one of {', '.join(map(repr, known))} or recalls, got {method!r}")
        return known[method]
    thresholds = as_float64(method, "method", (None,))
    if len(thresholds) == 0 or np.isnan(thresholds).any():
        raise ValueError("method: expected at least one recall and no NaN")
    return thresholds


def _envelope(precision: FloatArray) -> FloatArray:
    return np.maximum.accumulate(precision[::-1])[::-1]


def _area_under_envelope(recall: FloatArray, precision: FloatArray) -> float:
    recalls = np.concatenate([[0.0], recall, [1.0]])
    heights = _envelope(np.concatenate([[0.0], precision, [0.0]]))
    # Only true steps are summed: zeros in between would change how NumPy pairs the terms.
    steps = np.flatnonzero(recalls[1:] != recalls[:-1])
    return float(np.sum((recalls[steps + 1] - recalls[steps]) * heights[steps + 1]))


def _flags(values: Any, count: int, name: str) -> npt.NDArray[np.bool_]:
    array = as_ndarray(values, name)
    require_shape(array, name, (count,))
    return np.asarray(array != 0)
