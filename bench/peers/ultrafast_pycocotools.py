"""ultrafast-pycocotools: pycocotools' interface; ``evaluate`` accumulates too. Threads by RAYON_NUM_THREADS."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from ultrafast_pycocotools import COCO, COCOeval

from columns import DetectionColumns, GroundTruthColumns
from peers.coco_style import CocoStyleEvaluation, ground_truth_dictionary, result_matrix
from peers.interface import DetectionSource, GroundTruthSource


class UltrafastEvaluation(CocoStyleEvaluation):
    """``COCO``, ``loadRes``, ``COCOeval``, told not to print."""

    routes: ClassVar[dict[str, str]] = {
        "files": "COCO(path), loadRes(path), COCOeval",
        "lists": (
            "COCO(dict); boxes: loadRes((N, 7) array made of the list), which is faster than loadRes(list); "
            "masks and keypoints: loadRes(list); COCOeval"
        ),
        "arrays": "COCO(dict made of the columns), loadRes((N, 7) array), COCOeval",
    }
    # Poses without a box are unpacked record by record in Python, which takes several times as long.
    boxed_for: ClassVar[frozenset[str]] = frozenset({"keypoints"})

    def load(self, ground_truth: GroundTruthSource, detections: DetectionSource) -> None:
        if isinstance(ground_truth, GroundTruthColumns):
            ground_truth = ground_truth_dictionary(ground_truth)
        truth = COCO(ground_truth, verbose=False)
        if isinstance(detections, DetectionColumns):
            results = truth.loadRes(result_matrix(detections))
        elif isinstance(detections, Path):
            results = truth.loadRes(str(detections))
        else:
            results = truth.loadRes(_matrix_of(detections) if self.iou_type == "bbox" else detections)
        is_lvis = self.protocol == "lvis"
        self.evaluator = COCOeval(truth, results, self.iou_type, lvis_style=is_lvis, print_function=_drop)


def _matrix_of(records: list[dict[str, Any]]) -> NDArray[np.float64]:
    rows = [(r["image_id"], *r["bbox"], r["score"], r["category_id"]) for r in records]
    return np.array(rows, dtype=np.float64)


def _drop(_text: str) -> None:
    """Swallow a line of the summary."""


ADAPTER = UltrafastEvaluation
