"""``ious``, ``eval_imgs`` and ``dt_pointers`` of an evaluation by kernels, made when somebody looks at them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from metrix._outcomes import Outcomes
from metrix.compat._cells import cells
from metrix.compat._matching import CellSide, image_result
from metrix.compat.lvis._steps import NAMES

if TYPE_CHECKING:
    from metrix.compat.lvis._kernels import KernelEvaluation


def ious(evaluation: KernelEvaluation) -> dict[tuple[Any, Any], Any]:
    """By image and category: (D, G) overlaps, or an empty list where a side is empty."""
    image_ids, category_ids = evaluation.image_ids, evaluation.category_ids
    result: dict[tuple[Any, Any], Any] = {
        (image_id, category_id): [] for image_id in image_ids for category_id in category_ids
    }
    for cell in cells(evaluation.prepared, len(image_ids)):
        if cell.similarity.size:
            result[image_ids[cell.image], category_ids[cell.category]] = cell.similarity
    return result


def eval_imgs(evaluation: KernelEvaluation) -> list[Any]:
    """Results by category, area range and image; None where there is neither ground truth nor detection."""
    image_count, area_count = len(evaluation.image_ids), len(evaluation.area_rng)
    result: list[Any] = [None] * (len(evaluation.category_ids) * area_count * image_count)
    truth, found, prepared = evaluation.truth, evaluation.detections, evaluation.prepared
    truth_ids = np.array(truth.ids, dtype=np.float64)
    numbers = np.array(found.ids, dtype=np.float64)
    excused = prepared.detection_excused != 0
    for cell in cells(prepared, image_count):
        g, d = cell.ground_truths, cell.detections
        truths = CellSide([truth.ids[row] for row in g], truth_ids[g], prepared.ground_truth_area[g])
        detections = CellSide([found.ids[row] for row in d], numbers[d], prepared.detection_area[d])
        scores = [found.scores[row] for row in d]
        for place, limits in enumerate(evaluation.limits):
            fields = image_result(
                truths,
                detections,
                scores,
                cell.similarity,
                limits,
                evaluation.thresholds,
                crowd=prepared.ground_truth_crowd[g],
                ignored=prepared.ground_truth_ignored[g] != 0,
                excused=excused[d] if len(excused) else None,
            )
            result[(cell.category * area_count + place) * image_count + cell.image] = {
                "image_id": evaluation.image_ids[cell.image],
                "category_id": evaluation.category_ids[cell.category],
                "area_rng": evaluation.area_rng[place],
                **{NAMES[name]: value for name, value in fields.items()},
            }
    return result


def pointers(evaluation: KernelEvaluation) -> dict[int, dict[int, Any]]:
    """By places of category and area range: ids of the detections by score, and which are right and wrong.

    The dict is empty where there is no ground truth.
    """
    outcomes = evaluation.outcomes
    ids = np.asarray(evaluation.detections.ids, dtype=np.int64)[outcomes.row]
    as_float = _categories_with_lone_objects(evaluation)
    result: dict[int, dict[int, Any]] = {}
    for category in range(len(evaluation.category_ids)):
        rows = slice(*outcomes.category_offset[category : category + 2].tolist())
        dt_ids = ids[rows].astype(np.float64 if category in as_float else np.int64)
        result[category] = {
            area: {"dt_ids": dt_ids.copy(), **_right_and_wrong(outcomes, rows, area)}
            if outcomes.positives[category, area]
            else {}
            for area in range(len(evaluation.area_rng))
        }
    return result


def _right_and_wrong(outcomes: Outcomes, rows: slice, area: int) -> dict[str, npt.NDArray[np.bool_]]:
    """(T, N) each."""
    threshold = np.arange(outcomes.threshold_count)
    words = outcomes.bits[rows, area][:, threshold // 16]
    matched, ignored = ((words >> (threshold % 16).astype(np.uint16)[:, None] & 1) != 0).transpose(2, 1, 0)
    return {"tps": matched & ~ignored, "fps": ~matched & ~ignored}


def _categories_with_lone_objects(evaluation: KernelEvaluation) -> set[int]:
    """Where an image has objects but no detection: NumPy makes the ids floats there, as an empty list has no type."""
    prepared, image_count = evaluation.prepared, len(evaluation.image_ids)
    objects, found = (
        category[takes_part].astype(np.int64) * image_count + image[takes_part]
        for image, category, takes_part in (
            (image, category, (image >= 0) & (category >= 0))
            for image, category in (_listed_truth(prepared), (prepared.detection_image, prepared.detection_category))
        )
    )
    return set((np.setdiff1d(objects, found) // image_count).tolist())


def _listed_truth(prepared: Any) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.int32]]:
    order = prepared.ground_truth_order
    rows = order if len(order) else slice(None)
    return prepared.ground_truth_image[rows], prepared.ground_truth_category[rows]
