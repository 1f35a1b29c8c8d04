"""faster-coco-eval: pycocotools' interface, matching and accumulation in C++ in one call of ``evaluate``."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

from faster_coco_eval import COCO, COCOeval_faster

from columns import DetectionColumns, GroundTruthColumns
from peers.coco_style import CocoStyleEvaluation, ground_truth_dictionary, result_matrix
from peers.interface import DetectionSource, GroundTruthSource


class FasterCocoEvaluation(CocoStyleEvaluation):
    """``COCO``, ``loadRes``, ``COCOeval_faster``; threads follow the CPU affinity of the process."""

    routes: ClassVar[dict[str, str]] = {
        "files": "COCO(path), loadRes(path), COCOeval_faster",
        "lists": "COCO(dict), loadRes(list), COCOeval_faster",
        "arrays": "COCO(dict made of the columns), loadRes((N, 7) array), COCOeval_faster",
    }
    # Poses without a box are measured one by one with NumPy.
    boxed_for: ClassVar[frozenset[str]] = frozenset({"keypoints"})

    def load(self, ground_truth: GroundTruthSource, detections: DetectionSource) -> None:
        if isinstance(ground_truth, GroundTruthColumns):
            ground_truth = ground_truth_dictionary(ground_truth)
        truth = COCO(ground_truth)
        if isinstance(detections, DetectionColumns):
            results = truth.loadRes(result_matrix(detections))
        else:
            results = truth.loadRes(str(detections) if isinstance(detections, Path) else detections)
        self.evaluator = COCOeval_faster(truth, results, self.iou_type)


ADAPTER = FasterCocoEvaluation
