"""hotcoco: its own classes under pycocotools' names; threads by RAYON_NUM_THREADS."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

from hotcoco import COCO, COCOeval, LVISeval, LVISResults

from columns import DetectionColumns, GroundTruthColumns
from peers.coco_style import CocoStyleEvaluation, category_records, result_matrix
from peers.interface import DetectionSource, GroundTruthSource


class HotcocoEvaluation(CocoStyleEvaluation):
    """``COCO``, ``load_res``, ``COCOeval``; ``COCO.from_arrays`` for columns."""

    routes: ClassVar[dict[str, str]] = {
        "files": "COCO(path), load_res(path), COCOeval; LVIS: LVISResults(COCO, path), LVISeval",
        "lists": "COCO(dict), load_res(list), COCOeval",
        "arrays": "COCO.from_arrays(...), load_res((N, 7) array), COCOeval",
    }

    def load(self, ground_truth: GroundTruthSource, detections: DetectionSource) -> None:
        if self.protocol == "lvis":
            truth = COCO(str(ground_truth))
            self.evaluator = LVISeval(truth, LVISResults(truth, str(detections)), self.iou_type)
            return
        if isinstance(ground_truth, GroundTruthColumns):
            truth = _from_columns(ground_truth)
        else:
            truth = COCO(str(ground_truth) if isinstance(ground_truth, Path) else ground_truth)
        if isinstance(detections, DetectionColumns):
            results = truth.load_res(result_matrix(detections))
        else:
            results = truth.load_res(str(detections) if isinstance(detections, Path) else detections)
        self.evaluator = COCOeval(truth, results, self.iou_type)


def _from_columns(columns: GroundTruthColumns) -> COCO:
    images = [
        {"id": image_id, "width": width, "height": height}
        for image_id, width, height in zip(
            columns.image_ids.tolist(),
            columns.image_widths.tolist(),
            columns.image_heights.tolist(),
            strict=True,
        )
    ]
    return COCO.from_arrays(
        images,
        category_records(columns),
        columns.image_id,
        columns.category_id,
        columns.bbox,
        ids=columns.id,
        area=columns.area,
        iscrowd=columns.iscrowd,
    )


ADAPTER = HotcocoEvaluation
