"""``ious`` and ``evalImgs`` of an evaluation by kernels, made when somebody looks at them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from metrix.compat._cells import Cell, cells
from metrix.compat._matching import CellSide, image_result
from metrix.compat.pycocotools._kernels import KernelEvaluation


def ious(evaluation: KernelEvaluation) -> dict[tuple[Any, Any], Any]:
    """By image and category: (D, G) similarities, or an empty list where a side is empty."""
    result: dict[tuple[Any, Any], Any] = {
        (image_id, category_id): [] for image_id in evaluation.image_ids for category_id in evaluation.category_ids
    }
    # Without categories, the reference looks for the keypoints of category -1 and finds none.
    compared = evaluation.uses_categories or evaluation.iou_type != "keypoints"
    for cell in _cells_of(evaluation):
        if compared and cell.similarity.size:
            key = evaluation.image_ids[cell.image], evaluation.category_ids[cell.category]
            result[key] = cell.similarity
    return result


def eval_imgs(evaluation: KernelEvaluation) -> list[Any]:
    """Results by category, area range and image; None where there is neither ground truth nor detection."""
    image_count, area_count = len(evaluation.image_ids), len(evaluation.area_ranges)
    result: list[Any] = [None] * (len(evaluation.category_ids) * area_count * image_count)
    truth, found, prepared = evaluation.truth, evaluation.detections, evaluation.prepared
    truth_ids, found_ids = np.array(truth.ids, dtype=np.float64), np.array(found.ids, dtype=np.float64)
    compared = evaluation.uses_categories or evaluation.iou_type != "keypoints"
    for cell in _cells_of(evaluation):
        g, d = cell.ground_truths, cell.detections
        truths = CellSide([truth.ids[row] for row in g], truth_ids[g], prepared.ground_truth_area[g])
        detections = CellSide([found.ids[row] for row in d], found_ids[d], prepared.detection_area[d])
        scores = [found.scores[row] for row in d]
        for place, limits in enumerate(evaluation.limits):
            result[(cell.category * area_count + place) * image_count + cell.image] = {
                "image_id": evaluation.image_ids[cell.image],
                "category_id": evaluation.category_ids[cell.category],
                "aRng": evaluation.area_ranges[place],
                "maxDet": evaluation.max_detections,
                **image_result(
                    truths,
                    detections,
                    scores,
                    cell.similarity if compared else [],
                    limits,
                    evaluation.thresholds,
                    crowd=prepared.ground_truth_crowd[g],
                    ignored=prepared.ground_truth_ignored[g] != 0,
                ),
            }
    return result


def _cells_of(evaluation: KernelEvaluation) -> Iterator[Cell]:
    return cells(
        evaluation.prepared,
        len(evaluation.image_ids),
        evaluation.max_detections,
        is_fortran=evaluation.iou_type != "keypoints",
    )
