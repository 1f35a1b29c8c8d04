"""An evaluation that goes straight to the kernels.

Where the input or the params are such that the reference would stop, or that its order of steps would show, this says
:class:`Unusual`, and the caller takes the steps of the reference one by one.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import chain
from typing import Any

import numpy as np
import numpy.typing as npt

from metrix import _core
from metrix._detection_input import EvaluationInput, Selection, fields_to_read, prepare_input
from metrix._evaluation import match, outcomes_and_quirks
from metrix._outcomes import Outcomes
from metrix._threads import resolve_num_threads
from metrix.compat._columns import (
    GroundTruthColumns,
    Unusual,
    area_ranges,
    chosen_of,
    ids_of,
    numbers_of,
    refuse_odd_polygons,
    size_of,
)
from metrix.compat._pending import (
    DetectionColumns,
    PendingGroundTruth,
    PendingResults,
    Record,
    detection_columns,
)
from metrix.compat.pycocotools.coco import is_plain, pending_of
from metrix.protocols import COCO_DETECTION, DetectionProtocol
from metrix.records import read_ground_truth

FloatArray = npt.NDArray[np.float64]

REQUIRED = {"bbox": "bbox", "segm": "segmentation", "keypoints": "keypoints"}


@dataclass(frozen=True)
class KernelEvaluation:
    """What the kernels make of one ``evaluate``."""

    iou_type: str
    image_ids: list[Any]
    category_ids: list[Any]
    uses_categories: bool
    area_ranges: list[Any]
    #: The same as pairs that nobody can change.
    limits: list[tuple[float, float]]
    max_detections: int
    thresholds: FloatArray
    truth: GroundTruthColumns
    detections: DetectionColumns
    prepared: EvaluationInput
    outcomes: Outcomes

    def precision(self, caps: list[int], recall_thresholds: FloatArray, *, scores: bool) -> tuple[FloatArray, Any]:
        """(T, R, K, A, M) precision, and scores or None."""
        precision, score_at = _core.curves.precision_at_recalls(
            self.outcomes.view,
            max_detections=np.array(caps, dtype=np.int64),
            recall_thresholds=recall_thresholds,
            epsilon=COCO_DETECTION.epsilon,
            scores=scores,
            num_threads=resolve_num_threads(None),
        )
        return precision, score_at

    def recall(self, caps: list[int]) -> FloatArray:
        """(T, K, A, M)."""
        ascending = sorted(set(caps))
        recall = _core.curves.final_recall(
            self.outcomes.view,
            max_detections=np.array(ascending, dtype=np.int64),
            num_threads=resolve_num_threads(None),
        )
        return (
            recall if caps == ascending else np.ascontiguousarray(recall[..., [ascending.index(cap) for cap in caps]])
        )


def evaluate_columns(evaluation: Any) -> KernelEvaluation:
    """Evaluate by the params of a COCOeval.

    Raises:
        One of :data:`UNSUITABLE`: for what the steps of the reference must be taken for.
    """
    p = evaluation.params
    if p.iouType not in REQUIRED:
        raise Unusual("an IoU type of nobody")
    image_ids, category_ids = ids_of(p.imgIds), ids_of(p.catIds)
    if not p.useCats and len(np.unique(category_ids)) < len(category_ids):
        raise Unusual("objects of a category that comes twice count twice")
    protocol = _protocol(p)
    truth, detections = _both_sides(evaluation, p)
    _refuse_unusual(p, truth, detections)
    # Of the ids that the params name, the ground truth's own ones are known; where it came as dicts, all.
    selection = Selection.of(
        truth.truth,
        chosen_of(category_ids, truth.truth.category_ids),
        chosen_of(image_ids, truth.truth.image_ids),
        use_categories=protocol.use_categories,
    )
    threads = resolve_num_threads(None)
    prepared = prepare_input(
        truth.truth, detections.found, selection, p.iouType, protocol, corrected=False, num_threads=threads
    )
    if detections.area is not None:
        prepared = replace(prepared, detection_area=detections.area)
    result = match(prepared, selection, protocol, corrected=False, num_threads=threads)
    outcomes, _ = outcomes_and_quirks(result, protocol)
    return KernelEvaluation(
        iou_type=p.iouType,
        image_ids=list(p.imgIds),
        category_ids=list(p.catIds) if p.useCats else [-1],
        uses_categories=bool(p.useCats),
        area_ranges=list(p.areaRng),
        limits=list(protocol.area_ranges.values()),
        max_detections=p.maxDets[-1],
        thresholds=np.minimum(protocol.iou_thresholds, protocol.highest_threshold),
        truth=truth,
        detections=detections,
        prepared=prepared,
        outcomes=outcomes,
    )


def caps_of(values: Any) -> list[int]:
    """Caps on the detections of a cell."""
    if not len(values) or not all(isinstance(cap, (int, np.integer)) and cap >= 1 for cap in values):
        raise Unusual("caps that are no counts")
    return [int(cap) for cap in values]


def _protocol(p: Any) -> DetectionProtocol:
    changes: dict[str, Any] = {}
    if p.iouType == "keypoints":
        sigmas = p.kpt_oks_sigmas if hasattr(p, "kpt_oks_sigmas") else None
        if not isinstance(sigmas, np.ndarray) or sigmas.dtype != np.float64 or not (sigmas > 0).all():
            raise Unusual("sigmas that are no array of positive numbers")
        changes["sigmas"] = sigmas.copy()
    return replace(
        COCO_DETECTION,
        iou_thresholds=numbers_of(p.iouThrs),
        area_ranges=area_ranges(p.areaRng),
        max_detections=(caps_of(p.maxDets)[-1],),
        use_categories=bool(p.useCats),
        summary=(),
        **changes,
    )


# ---- the two sides --------------------------------------------------------------------------------------------------


def _both_sides(evaluation: Any, p: Any) -> tuple[GroundTruthColumns, DetectionColumns]:
    fields = fields_to_read(p.iouType)
    truth_pending, found_pending = pending_of(evaluation.cocoGt), pending_of(evaluation.cocoDt)
    has_columns = isinstance(truth_pending, PendingGroundTruth) or isinstance(found_pending, PendingResults)
    if not has_columns or (p.iouType == "segm" and not (is_plain(evaluation.cocoGt) and is_plain(evaluation.cocoDt))):
        # Dicts that anybody may look at, or masks that their COCO makes in a way of its own: they are prepared, and with
        # that changed, as the reference does it.
        evaluation._prepare()
        truth = _truth_of_dicts(list(chain.from_iterable(evaluation._gts.values())), p, fields)
        return truth, detection_columns(list(chain.from_iterable(evaluation._dts.values())), fields)
    if isinstance(truth_pending, PendingGroundTruth):
        columns = truth_pending.columns(fields)
        if len(columns) and columns.id.min() < -(2**62):
            raise Unusual("ids that are no integers of 64 bits")
        truth = GroundTruthColumns(columns, columns.id.data)
    else:
        images = evaluation.cocoGt.imgs if p.iouType == "segm" else {id: {} for id in evaluation.cocoGt.imgs}
        truth = _truth_of_dicts(_chosen(evaluation.cocoGt, p), p, fields, images)
    if isinstance(found_pending, PendingResults):
        return truth, found_pending.columns(fields)
    return truth, detection_columns(_chosen(evaluation.cocoDt, p), fields)


def _chosen(coco: Any, p: Any) -> list[Record]:
    """The annotations of the images and categories that are evaluated, in the order in which the reference lists them."""
    chosen = {"imgIds": p.imgIds, "catIds": p.catIds} if p.useCats else {"imgIds": p.imgIds}
    annotations: list[Record] = coco.loadAnns(coco.getAnnIds(**chosen))
    return annotations


def _truth_of_dicts(records: list[Record], p: Any, fields: tuple[str, ...], images: Any = None) -> GroundTruthColumns:
    """Columns of dicts, with the images and categories that the params name as those of the ground truth."""
    images = {id: {} for id in p.imgIds} | (images or {})
    truth = read_ground_truth(
        {
            "images": [{**size_of(image), "id": id} for id, image in images.items()],
            "categories": [{"id": id} for id in p.catIds],
            "annotations": records,
        },
        fields=fields,
    )
    ids = [record["id"] for record in records]
    if not all(isinstance(id, (int, np.integer)) for id in ids):
        raise Unusual("ids that are no integers")
    return GroundTruthColumns(truth, ids)


def _refuse_unusual(p: Any, truth: GroundTruthColumns, detections: DetectionColumns) -> None:
    """Whatever the reference stops at, or does in a way that the kernels do not know."""
    columns, found = truth.truth, detections.found
    needed = {"id", "area", "iscrowd", REQUIRED[p.iouType]} | (
        {"num_keypoints", "bbox"} if p.iouType == "keypoints" else set()
    )
    if not all(columns.has(field).all() for field in needed):
        raise Unusual("an annotation lacks a field")
    if detections.area is not None:
        if not found.has(REQUIRED[p.iouType]).all():
            raise Unusual("a detection lacks what is compared")
        if not all(isinstance(id, int) and id > 0 for id in detections.ids):
            raise Unusual("a detection's id that leaves what it matches free for others")
        if len(set(detections.ids)) < len(detections.ids):
            raise Unusual("of detections with one id the last one counts")
    if p.iouType == "segm":
        refuse_odd_polygons(columns.masks)
        refuse_odd_polygons(found.masks)
    if p.iouType == "keypoints":
        sides = [side.keypoints for side in (columns, found) if side.keypoints is not None and len(side)]
        if any(points.shape[1] != len(p.kpt_oks_sigmas) for points in sides):
            raise Unusual("as many sigmas as keypoints are needed")
        if not p.useCats and any((side.category_id.distinct() == -1).any() for side in (columns, found) if len(side)):
            raise Unusual("without categories, keypoints of category -1 are taken for all")
