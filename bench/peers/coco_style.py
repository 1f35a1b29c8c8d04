"""What the adapters of packages with pycocotools' ``COCO`` and ``COCOeval`` share."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from columns import DetectionColumns, GroundTruthColumns
from peers.interface import NO_SCORES, Evaluation, Outcome, without_lone_cap


class CocoStyleEvaluation(Evaluation):
    """Phases by the three calls ``evaluate``, ``accumulate`` and ``summarize`` of an evaluator."""

    evaluator: Any

    def match(self) -> None:
        self.evaluator.evaluate()

    def accumulate(self) -> None:
        self.evaluator.accumulate()
        self.evaluator.summarize()

    def outcome(self) -> Outcome:
        curves = self.evaluator.eval
        if self.protocol == "lvis":
            return Outcome(
                stats=np.asarray(self.evaluator.stats, dtype=np.float64),
                precision=without_lone_cap(curves["precision"]),
                recall=without_lone_cap(curves["recall"]),
                scores=NO_SCORES,
            )
        num_stats = 10 if self.iou_type == "keypoints" else 12
        return Outcome(
            stats=np.asarray(self.evaluator.stats, dtype=np.float64)[:num_stats],
            precision=np.asarray(curves["precision"], dtype=np.float64),
            recall=np.asarray(curves["recall"], dtype=np.float64),
            scores=np.asarray(curves["scores"], dtype=np.float64),
        )


def result_matrix(detections: DetectionColumns) -> NDArray[np.float64]:
    """The (N, 7) array that ``loadRes`` takes: image, x, y, width, height, score, category."""
    assert detections.bbox is not None
    return np.column_stack([detections.image_id, detections.bbox, detections.score, detections.category_id])


def ground_truth_dictionary(columns: GroundTruthColumns) -> dict[str, Any]:
    """The smallest dictionary that evaluates, for packages whose ground truth takes no arrays."""
    images = [
        {"id": image_id, "width": width, "height": height}
        for image_id, width, height in zip(
            columns.image_ids.tolist(),
            columns.image_widths.tolist(),
            columns.image_heights.tolist(),
            strict=True,
        )
    ]
    annotations = [
        {
            "id": identifier,
            "image_id": image_id,
            "category_id": category_id,
            "bbox": bbox,
            "area": area,
            "iscrowd": iscrowd,
        }
        for identifier, image_id, category_id, bbox, area, iscrowd in zip(
            columns.id.tolist(),
            columns.image_id.tolist(),
            columns.category_id.tolist(),
            columns.bbox.tolist(),
            columns.area.tolist(),
            columns.iscrowd.tolist(),
            strict=True,
        )
    ]
    return {"images": images, "annotations": annotations, "categories": category_records(columns)}


def category_records(columns: GroundTruthColumns) -> list[dict[str, Any]]:
    """Category records with made-up names."""
    return [{"id": number, "name": str(number)} for number in columns.category_ids.tolist()]
