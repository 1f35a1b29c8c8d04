"""Both sides of an LVISEval as columns."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import chain
from typing import Any, NamedTuple

import numpy as np

from metrix._detection_input import fields_to_read
from metrix.compat._columns import GroundTruthColumns, Unusual, size_of
from metrix.compat._pending import DetectionColumns, PendingGroundTruth, PendingResults, detection_columns
from metrix.compat.lvis._pending import ResultsInFile
from metrix.compat.lvis.lvis import LVIS, pending_of
from metrix.compat.lvis.results import LVISResults, pending_results_of
from metrix.protocols import LVIS as PROTOCOL
from metrix.records import read_ground_truth


class Sides(NamedTuple):
    """Columns, and what has happened to them already."""

    truth: GroundTruthColumns
    detections: DetectionColumns
    #: Detections of an image that are still to be chosen; None: no limit.
    cap: int | None
    #: Those without an area are left out already, with areas that anybody may have changed.
    is_chosen: bool


@dataclass(frozen=True)
class PendingSides:
    """Two sides of which nobody has looked at the dicts."""

    truth: PendingGroundTruth
    results: PendingResults

    def read(self, iou_type: Any) -> Sides:
        """Their columns."""
        fields = _fields(iou_type)
        columns = self.truth.columns(fields)
        if len(columns) and columns.id.min() < -(2**62):
            raise Unusual("ids that are no integers of 64 bits")
        detections = self.results.columns(tuple(field for field in fields if field != "federated"))
        cap = self.results.max_dets if isinstance(self.results, ResultsInFile) else -1
        return Sides(GroundTruthColumns(columns, columns.id.data), detections, cap if cap >= 0 else None, False)


def pending_sides(truth: LVIS, results: LVISResults) -> PendingSides | None:
    """Both sides, if nobody has looked at the dicts of either."""
    left, right = pending_of(truth), pending_results_of(results)
    return PendingSides(left, right) if isinstance(left, PendingGroundTruth) and right is not None else None


def sides_of_dicts(evaluation: Any, p: Any) -> Sides:
    """Columns of what ``_prepare`` has collected."""
    fields = _fields(p.iou_type)
    records = list(chain.from_iterable(evaluation._gts.values()))
    images, categories = evaluation.lvis_gt.load_imgs(p.img_ids), evaluation.lvis_gt.load_cats(p.cat_ids)
    lists = ("neg_category_ids", "not_exhaustive_category_ids")
    truth = read_ground_truth(
        {
            "images": [
                {**size_of(image), "id": image["id"], **{name: image[name] for name in lists}} for image in images
            ],
            "categories": [{name: category[name] for name in ("id", "frequency")} for category in categories],
            "annotations": records,
        },
        fields=fields,
    )
    ids = [record["id"] for record in records]
    if not all(isinstance(id, (int, np.integer)) for id in ids):
        raise Unusual("ids that are no integers")
    found = list(chain.from_iterable(evaluation._dts.values()))
    detections = detection_columns(found, tuple(field for field in fields if field != "federated"))
    return Sides(GroundTruthColumns(truth, ids), detections, None, True)


def _fields(iou_type: Any) -> tuple[str, ...]:
    if iou_type not in ("bbox", "segm"):
        raise Unusual("an IoU type of nobody")
    return fields_to_read(iou_type, PROTOCOL)
