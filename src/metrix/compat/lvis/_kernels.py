"""An evaluation of LVIS that goes straight to the kernels."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from metrix import _core
from metrix._detection_input import EvaluationInput, Selection, prepare_input
from metrix._evaluation import match, outcomes_and_quirks
from metrix._outcomes import Outcomes
from metrix._threads import resolve_num_threads
from metrix.compat._columns import (
    UNSUITABLE,
    GroundTruthColumns,
    Unusual,
    area_ranges,
    chosen_of,
    ids_of,
    numbers_of,
    refuse_odd_polygons,
)
from metrix.compat._pending import DetectionColumns
from metrix.compat.lvis._cells import pointers
from metrix.compat.lvis._sides import Sides
from metrix.protocols import LVIS as PROTOCOL
from metrix.protocols import VOC2012, DetectionProtocol

FloatArray = npt.NDArray[np.float64]

#: More than the rows that the kernels take.
_NO_CAP = VOC2012.max_detections[-1]


@dataclass(frozen=True)
class KernelEvaluation:
    """What the kernels make of one ``evaluate``."""

    image_ids: list[Any]
    category_ids: list[Any]
    area_rng: list[Any]
    #: The same as pairs that nobody can change.
    limits: list[tuple[float, float]]
    thresholds: FloatArray
    frequency_groups: list[list[int]]
    truth: GroundTruthColumns
    detections: DetectionColumns
    prepared: EvaluationInput
    outcomes: Outcomes

    def not_exhaustive_lists(self) -> dict[Any, list[Any]]:
        """By image: the categories that are not exhaustively annotated."""
        truth = self.truth.truth
        lists = truth.not_exhaustive_category_ids
        assert lists is not None
        place = {id: row for row, id in enumerate(truth.image_ids.tolist())}
        return {
            id: [lists.ids[row] for row in range(lists.offset[place[id]], lists.offset[place[id] + 1])]
            for id in map(_plain, self.image_ids)
        }


def _plain(id: Any) -> Any:
    return id.item() if isinstance(id, np.generic) else id


def evaluate_columns(p: Any, sides: Sides) -> KernelEvaluation:
    """Evaluate by the params of an LVISEval.

    Raises:
        One of :data:`UNSUITABLE`: for what the steps of the reference must be taken for.
    """
    if not p.use_cats:
        raise Unusual("without categories those of category -1 come once for each category")
    image_ids, category_ids = ids_of(p.img_ids), ids_of(p.cat_ids)
    if len(np.unique(category_ids)) < len(category_ids):
        raise Unusual("a category that comes twice")
    protocol = _protocol(p, sides)
    truth, detections = sides.truth, sides.detections
    _refuse_unusual(p, truth, detections)
    selection = Selection.of(
        truth.truth,
        chosen_of(category_ids, truth.truth.category_ids),
        chosen_of(image_ids, truth.truth.image_ids),
        use_categories=False,  # so that they stay in the order of the params
    )
    threads = resolve_num_threads(None)
    prepared = prepare_input(
        truth.truth, detections.found, selection, p.iou_type, protocol, corrected=False, num_threads=threads
    )
    if any(prepared.quirks.totals[f"missing_{name}_category_ids"] for name in ("neg", "not_exhaustive")):
        raise Unusual("an image lacks a list")
    if detections.area is not None:
        if not sides.is_chosen and not np.array_equal(prepared.detection_area, detections.area, equal_nan=True):
            raise Unusual("areas that somebody has changed")
        prepared = replace(prepared, detection_area=detections.area)
    result = match(prepared, selection, protocol, corrected=False, num_threads=threads)
    outcomes, _ = outcomes_and_quirks(result, protocol)
    return KernelEvaluation(
        image_ids=list(p.img_ids),
        category_ids=list(p.cat_ids),
        area_rng=list(p.area_rng),
        limits=list(protocol.area_ranges.values()),
        thresholds=np.minimum(protocol.iou_thresholds, protocol.highest_threshold),
        frequency_groups=_groups(selection.category_frequencies, p.img_count_lbl),
        truth=truth,
        detections=detections,
        prepared=prepared,
        outcomes=outcomes,
    )


def _protocol(p: Any, sides: Sides) -> DetectionProtocol:
    return replace(
        PROTOCOL,
        iou_thresholds=numbers_of(p.iou_thrs),
        area_ranges=area_ranges(p.area_rng),
        max_detections=(_NO_CAP if sides.cap is None else sides.cap,),
        areas_between=None if sides.is_chosen else PROTOCOL.areas_between,
        summary=(),
    )


def _groups(frequencies: tuple[str, ...], labels: Any) -> list[list[int]]:
    groups: list[list[int]] = [[] for _ in labels]
    for place, frequency in enumerate(frequencies):
        groups[labels.index(frequency)].append(place)
    return groups


def _refuse_unusual(p: Any, truth: GroundTruthColumns, detections: DetectionColumns) -> None:
    """Whatever the reference stops at, or does in a way that the kernels do not know."""
    columns, found = truth.truth, detections.found
    shape = "segmentation" if p.iou_type == "segm" else "bbox"
    if not all(columns.has(field).all() for field in ("id", "area", shape)):
        raise Unusual("an annotation lacks a field")
    if detections.area is not None:
        if not found.has(shape).all() or not found.has("bbox").all():
            raise Unusual("a detection lacks what is compared")
        if not all(isinstance(id, int) and id > 0 for id in detections.ids):
            raise Unusual("a detection's id that leaves what it matches free for others")
        if len(set(detections.ids)) < len(detections.ids):
            raise Unusual("of detections with one id the last one counts")
    if p.iou_type == "segm":
        refuse_odd_polygons(columns.masks)
        refuse_odd_polygons(found.masks)


# ---- curves ---------------------------------------------------------------------------------------------------------


class KernelCurves:
    """The curves as ``accumulate`` found the params; changing these later does not change them."""

    def __init__(self, kernels: KernelEvaluation, recall_thresholds: FloatArray) -> None:
        """Work out nothing yet."""
        self._kernels, self._recall_thresholds = kernels, recall_thresholds

    def __getitem__(self, name: str) -> FloatArray:
        """``"precision"`` or ``"recall"``."""
        return self._precision if name == "precision" else self._recall

    def arrays(self) -> dict[str, Any]:
        """(T, R, K, A) precision, (T, K, A) recall, and the detections of each curve."""
        return {"precision": self._precision, "recall": self._recall, "dt_pointers": pointers(self._kernels)}

    @cached_property
    def _precision(self) -> FloatArray:
        precision, _ = _core.curves.precision_at_recalls(
            self._kernels.outcomes.view,
            max_detections=np.array([_NO_CAP], dtype=np.int64),
            recall_thresholds=self._recall_thresholds,
            epsilon=PROTOCOL.epsilon,
            scores=False,
            num_threads=resolve_num_threads(None),
        )
        return np.ascontiguousarray(precision[..., 0])

    @cached_property
    def _recall(self) -> FloatArray:
        recall = _core.curves.final_recall(
            self._kernels.outcomes.view,
            max_detections=np.array([_NO_CAP], dtype=np.int64),
            num_threads=resolve_num_threads(None),
        )
        return np.ascontiguousarray(recall[..., 0])


def curves_of(kernels: KernelEvaluation, p: Any) -> KernelCurves | None:
    """The curves by the params ``p``; None if these ask for other places of ``eval_imgs`` than were evaluated."""
    try:
        counts = [len(p.iou_thrs), len(p.cat_ids), len(p.area_rng), len(p.img_ids)]
        evaluated = kernels.thresholds, kernels.category_ids, kernels.area_rng, kernels.image_ids
        if not p.use_cats or counts != [len(axis) for axis in evaluated]:
            return None
        return KernelCurves(kernels, numbers_of(p.rec_thrs))
    except (*UNSUITABLE, Unusual):
        return None
