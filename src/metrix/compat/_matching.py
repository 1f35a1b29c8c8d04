"""The result of one image and category: which detection matches which ground truth, and which are ignored.

Its fields have the names of COCOeval.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from metrix import _core

FloatArray = npt.NDArray[np.float64]
FlagArray = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class CellSide:
    """Detections by descending score, or ground truths as they are listed."""

    ids: list[Any]
    #: The same as numbers, which the tables of matches hold.
    numbers: FloatArray
    area: FloatArray


def image_result(
    truths: CellSide,
    detections: CellSide,
    scores: list[Any],
    similarity: Any,
    limits: Any,
    thresholds: FloatArray,
    *,
    crowd: npt.NDArray[np.uint8],
    ignored: FlagArray,
    excused: FlagArray | None = None,
) -> dict[str, Any]:
    """The fields of an entry of ``evalImgs`` that depend on the match.

    Args:
        truths: the G ground truths.
        detections: the D detections.
        scores: their scores.
        similarity: (D, G); of length 0 where nothing can be compared.
        limits: the range of areas, both ends inside; a NaN area lies outside of none.
        thresholds: (T,), lowered as the protocol says.
        crowd: (G,) which ground truths are crowds.
        ignored: (G,) which are ignored whatever their area.
        excused: (D,) which detections are ignored where they match nothing, whatever their area.
    """
    low, high = limits[0], limits[1]
    found, taken = len(detections.ids), len(truths.ids)
    ignored = ignored | (truths.area < low) | (truths.area > high)
    gt_ids, gt_numbers, order = truths.ids, truths.numbers, np.arange(taken)
    if taken > 1 and ignored.any() and not ignored.all():
        order = np.argsort(ignored, kind="stable")  # ignored ones last
        ignored, crowd, gt_numbers = ignored[order], crowd[order], gt_numbers[order]
        gt_ids = [gt_ids[place] for place in order.tolist()]
    dt_matches, gt_matches = np.zeros((len(thresholds), found)), np.zeros((len(thresholds), taken))
    dt_ignore: FlagArray = np.zeros(dt_matches.shape, dtype=np.bool_)
    if len(similarity) != 0 and taken and found:
        # Places, not all there is: without categories, keypoints of category -1 may bring other rows and columns.
        block = np.ascontiguousarray(np.asarray(similarity)[:, order][np.arange(found)], dtype=np.float64)
        match = match_kernel if (detections.numbers > 0).all() else match_step_by_step
        dt_place, gt_place = match(block, thresholds, crowd, ignored, detections.numbers)
        matched = dt_place >= 0
        dt_matches = np.where(matched, gt_numbers[dt_place], 0.0)
        gt_matches = np.where(gt_place >= 0, detections.numbers[gt_place], 0.0)
        dt_ignore = matched & ignored[dt_place]
    outside = (detections.area < low) | (detections.area > high)
    if excused is not None:
        outside |= excused
    return {
        "dtIds": list(detections.ids),
        "gtIds": list(gt_ids),
        "dtMatches": dt_matches,
        "gtMatches": gt_matches,
        "dtScores": list(scores),
        # As NumPy makes them of plain lists: integers, and floats of an empty one.
        "gtIgnore": ignored.astype(np.int64 if taken else np.float64),
        "dtIgnore": dt_ignore | ((dt_matches == 0) & outside),
    }


Places = tuple[npt.NDArray[np.int32], npt.NDArray[np.int32]]


def match_kernel(
    block: FloatArray, thresholds: FloatArray, crowd: npt.NDArray[np.uint8], ignored: FlagArray, ids: FloatArray
) -> Places:
    """(T, D) ground truth of each detection and (T, G) detection of each ground truth, -1 for none."""
    return _core.matching.greedy_match(block, thresholds, crowd, ignored.astype(np.uint8))


def match_step_by_step(
    block: FloatArray, thresholds: FloatArray, crowd: npt.NDArray[np.uint8], ignored: FlagArray, ids: FloatArray
) -> Places:
    """The same where some detection has no positive id: the reference takes what that one matches for free."""
    dt_place = np.full((len(thresholds), block.shape[0]), -1, dtype=np.int32)
    gt_place = np.full((len(thresholds), block.shape[1]), -1, dtype=np.int32)
    for t, threshold in enumerate(thresholds):
        for d in range(block.shape[0]):
            best, match = threshold, -1
            for g in range(block.shape[1]):
                is_taken = gt_place[t, g] >= 0 and ids[gt_place[t, g]] > 0
                if is_taken and not crowd[g]:
                    continue
                if match >= 0 and not ignored[match] and ignored[g]:
                    break
                if block[d, g] < best:
                    continue
                best, match = block[d, g], g
            if match >= 0:
                dt_place[t, d], gt_place[t, match] = match, d
    return dt_place, gt_place
