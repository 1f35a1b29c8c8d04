"""metrix behind pycocotools' interface: the classes of :mod:`metrix.compat.pycocotools`. Threads by OMP_NUM_THREADS."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

from columns import DetectionColumns, GroundTruthColumns
from metrix.compat.pycocotools.coco import COCO
from metrix.compat.pycocotools.cocoeval import COCOeval
from peers.coco_style import CocoStyleEvaluation, ground_truth_dictionary, result_matrix
from peers.interface import DetectionSource, GroundTruthSource


class MetrixCompatEvaluation(CocoStyleEvaluation):
    """``COCO``, ``loadRes``, ``COCOeval``, as pycocotools is called."""

    routes: ClassVar[dict[str, str]] = {
        "files": "COCO(path), loadRes(path), COCOeval",
        "lists": "COCO() with .dataset and createIndex(), loadRes(list), COCOeval",
        "arrays": "COCO() on a dictionary made of the columns, loadRes((N, 7) array), COCOeval",
    }

    def load(self, ground_truth: GroundTruthSource, detections: DetectionSource) -> None:
        if isinstance(ground_truth, Path):
            truth = COCO(str(ground_truth))
        else:
            if isinstance(ground_truth, GroundTruthColumns):
                ground_truth = ground_truth_dictionary(ground_truth)
            truth = COCO()
            truth.dataset = ground_truth
            truth.createIndex()
        if isinstance(detections, DetectionColumns):
            results = truth.loadRes(result_matrix(detections))
        else:
            results = truth.loadRes(str(detections) if isinstance(detections, Path) else detections)
        self.evaluator = COCOeval(truth, results, self.iou_type)


ADAPTER = MetrixCompatEvaluation
