"""metrix: one call from input to report, which says itself how long each phase took."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

import metrix
from columns import DetectionColumns, GroundTruthColumns
from peers.interface import NO_SCORES, DetectionSource, Evaluation, GroundTruthSource, Outcome


class MetrixEvaluation(Evaluation):
    """``evaluate_detections``; ``GroundTruth.from_arrays`` and ``Detections.from_arrays`` for columns."""

    routes: ClassVar[dict[str, str]] = {
        "files": "evaluate_detections(path, path)",
        "lists": "evaluate_detections(dict, list)",
        "arrays": "GroundTruth.from_arrays(...), Detections.from_arrays(...), evaluate_detections",
    }

    def load(self, ground_truth: GroundTruthSource, detections: DetectionSource) -> None:
        self.ground_truth: Any = ground_truth
        self.detections: Any = detections
        if isinstance(ground_truth, GroundTruthColumns):
            self.ground_truth = metrix.GroundTruth.from_arrays(
                image_ids=ground_truth.image_ids,
                category_ids=ground_truth.category_ids,
                image_id=ground_truth.image_id,
                category_id=ground_truth.category_id,
                bbox=ground_truth.bbox,
                area=ground_truth.area,
                iscrowd=ground_truth.iscrowd,
                id=ground_truth.id,
            )
        if isinstance(detections, DetectionColumns):
            self.detections = metrix.Detections.from_arrays(
                image_id=detections.image_id,
                category_id=detections.category_id,
                bbox=detections.bbox,
                score=detections.score,
            )

    def match(self) -> None:
        self.report = metrix.evaluate_detections(
            self.ground_truth,
            self.detections,
            iou_type=self.iou_type,
            protocol=self.protocol,
            num_threads=self.num_threads,
        )

    def accumulate(self) -> None:
        """Done by the same call, which works out the published numbers."""
        self.stats = dict(self.report.stats)

    def outcome(self) -> Outcome:
        return Outcome(
            stats=np.array(list(self.stats.values()), dtype=np.float64),
            precision=self.report.precision,
            recall=self.report.recall,
            scores=self.report.scores if self.protocol == "coco" else NO_SCORES,
        )

    def refine(self, seconds: dict[str, float]) -> dict[str, float]:
        inside = self.report.seconds
        return {
            "load": seconds["load"] + inside["load"],
            "match": inside["match"],
            "accumulate": seconds["accumulate"] + inside["accumulate"],
        }


ADAPTER = MetrixEvaluation
