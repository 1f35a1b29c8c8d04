"""``ious`` and ``evalImgs`` of an evaluation by kernels, made when somebody looks at them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from metrix import _core
from metrix._threads import resolve_num_threads
from metrix.compat.pycocotools._kernels import KernelEvaluation
from metrix.compat.pycocotools._matching import CellSide, image_result

FloatArray = npt.NDArray[np.float64]
Rows = npt.NDArray[np.int32]


@dataclass(frozen=True)
class Cell:
    """One image and category: rows of both sides as the reference lists them, and how alike they are."""

    image: int
    category: int
    detections: Rows
    ground_truths: Rows
    #: (D, G)
    similarity: FloatArray


def ious(evaluation: KernelEvaluation) -> dict[tuple[Any, Any], Any]:
    """By image and category: (D, G) similarities, or an empty list where a side is empty."""
    result: dict[tuple[Any, Any], Any] = {
        (image_id, category_id): [] for image_id in evaluation.image_ids for category_id in evaluation.category_ids
    }
    # Without categories, the reference looks for the keypoints of category -1 and finds none.
    compared = evaluation.uses_categories or evaluation.iou_type != "keypoints"
    for cell in cells(evaluation):
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
    for cell in cells(evaluation):
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


def cells(evaluation: KernelEvaluation) -> Iterator[Cell]:
    """All images and categories that have a ground truth or a detection."""
    prepared, image_count = evaluation.prepared, len(evaluation.image_ids)
    g_rows, g_keys = _listed(
        prepared.ground_truth_order, prepared.ground_truth_image, prepared.ground_truth_category, image_count
    )
    by_cell = np.argsort(g_keys, kind="stable")
    g_rows, g_keys = g_rows[by_cell], g_keys[by_cell]
    d_rows, d_keys = _listed(
        prepared.detection_order, prepared.detection_image, prepared.detection_category, image_count
    )
    by_score = np.lexsort((-prepared.detection_score[d_rows], d_keys))
    d_rows, d_keys = d_rows[by_score], d_keys[by_score]
    rank = np.arange(len(d_keys)) - np.searchsorted(d_keys, d_keys)
    kept = rank < evaluation.max_detections
    d_rows, d_keys = d_rows[kept], d_keys[kept]

    keys = np.union1d(g_keys, d_keys)
    g_offset, d_offset = (np.append(np.searchsorted(side, keys), len(side)) for side in (g_keys, d_keys))
    blocks = _core.detection.similarity_blocks(
        prepared.similarity,
        detections=d_rows,
        detection_offset=d_offset,
        ground_truths=g_rows,
        ground_truth_offset=g_offset,
        num_threads=resolve_num_threads(None),
    )
    begin = 0
    for place, key in enumerate(keys.tolist()):
        d = d_rows[d_offset[place] : d_offset[place + 1]]
        g = g_rows[g_offset[place] : g_offset[place + 1]]
        block = blocks[begin : begin + len(d) * len(g)].reshape(len(d), len(g))
        begin += block.size
        if evaluation.iou_type != "keypoints":
            block = np.asfortranarray(block)
        yield Cell(key % image_count, key // image_count, d, g, block)


def _listed(order: Rows, image: Rows, category: Rows, image_count: int) -> tuple[Rows, npt.NDArray[np.int64]]:
    """Rows that take part, in the order in which a cell lists them, and the cell of each."""
    rows = order if len(order) else np.arange(len(image), dtype=np.int32)
    rows = rows[(image[rows] >= 0) & (category[rows] >= 0)]
    return rows, category[rows].astype(np.int64) * image_count + image[rows]
