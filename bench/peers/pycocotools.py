"""pycocotools: the reference. Single-threaded, and it changes the records it is given.

Boundary IoU, which it lacks, is added as boundary-iou-api adds it: boundaries by OpenCV, of every mask, once it is loaded.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from pycocotools import mask as run_lengths
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from columns import DetectionColumns, GroundTruthColumns
from peers.coco_style import CocoStyleEvaluation, ground_truth_dictionary, result_matrix
from peers.interface import DetectionSource, GroundTruthSource


class PycocotoolsEvaluation(CocoStyleEvaluation):
    """``COCO``, ``loadRes``, ``COCOeval``."""

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
        self.evaluator = evaluator_of(truth, results, self.iou_type)


def evaluator_of(truth: COCO, results: COCO, iou_type: str) -> COCOeval:
    return BoundaryEvaluator(truth, results) if iou_type == "boundary" else COCOeval(truth, results, iou_type)


class BoundaryEvaluator(COCOeval):
    """Masks, whose IoU is at most that of their boundaries unless the ground truth is a crowd."""

    def __init__(self, truth: COCO, results: COCO) -> None:
        super().__init__(truth, results, "segm")
        for side in (truth, results):
            for record in side.dataset["annotations"]:
                record["boundary"] = _boundary(side.annToMask(record))

    def computeIoU(self, image: int, category: int) -> Any:
        ious = super().computeIoU(image, category)
        truths, found = self._gts[image, category], self._dts[image, category]
        if not truths or not found:
            return ious
        order = np.argsort([-record["score"] for record in found], kind="mergesort")[: self.params.maxDets[-1]]
        sides = [found[i]["boundary"] for i in order], [record["boundary"] for record in truths]
        crowd = [int(record["iscrowd"]) for record in truths]
        return np.where(np.array(crowd) == 1, ious, np.minimum(ious, run_lengths.iou(*sides, crowd)))


def _boundary(mask: Any, dilation_ratio: float = 0.02) -> Any:
    import cv2

    height, width = mask.shape
    distance = max(1, round(dilation_ratio * float(np.sqrt(height**2 + width**2))))
    padded = cv2.copyMakeBorder(mask, 1, 1, 1, 1, cv2.BORDER_CONSTANT, value=0)
    eroded = cv2.erode(padded, np.ones((3, 3), dtype=np.uint8), iterations=distance)
    return run_lengths.encode(np.asfortranarray(mask - eroded[1:-1, 1:-1]))


ADAPTER = PycocotoolsEvaluation
