"""vernier: its native grid interface in strict parity mode, the only one of its routes that gives the arrays.

``Evaluator.evaluate`` gives the summary alone and takes as long. Results are parsed by the call that matches, so
reading them counts as matching. The ground truth takes no Python objects; a list is first turned into columns, which is
several times faster than writing JSON for ``CocoDataset.from_json``.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from numpy.typing import DTypeLike, NDArray
from vernier.instance import (
    CocoDataset,
    evaluate_bbox_grid,
    evaluate_boundary_grid,
    evaluate_keypoints_grid,
    evaluate_segm_grid,
)

from columns import DetectionColumns, GroundTruthColumns
from peers.coco_style import category_records, result_matrix
from peers.interface import NO_SCORES, DetectionSource, Evaluation, GroundTruthSource, Outcome, without_lone_cap

_NUM_KEYPOINTS = 17


class VernierEvaluation(Evaluation):
    """``CocoDataset``, ``evaluate_*_grid``, ``accumulate``, ``summarize``."""

    routes: ClassVar[dict[str, str]] = {
        "files": "CocoDataset.from_json(bytes), evaluate_*_grid(bytes), accumulate, summarize",
        "lists": "CocoDataset.from_arrays(columns made of the dict), evaluate_*_grid(list), ...",
        "arrays": "CocoDataset.from_arrays(...), evaluate_bbox_grid((N, 7) array), ...",
    }
    boxed_for: ClassVar[frozenset[str]] = frozenset({"segm", "boundary", "keypoints"})  # it refuses records without

    def load(self, ground_truth: GroundTruthSource, detections: DetectionSource) -> None:
        if self.protocol == "lvis":
            assert isinstance(ground_truth, Path)
            self.dataset = CocoDataset.from_lvis_json(ground_truth.read_bytes())
        elif isinstance(ground_truth, Path):
            self.dataset = CocoDataset.from_json(ground_truth.read_bytes())
        elif isinstance(ground_truth, GroundTruthColumns):
            self.dataset = _from_columns(ground_truth)
        else:
            self.dataset = _from_dictionary(ground_truth, self.iou_type)
        if isinstance(detections, Path):
            self.detections: Any = detections.read_bytes()
        elif isinstance(detections, DetectionColumns):
            self.detections = result_matrix(detections)
        else:
            self.detections = detections

    def match(self) -> None:
        options: dict[str, Any] = {
            "parity_mode": "strict",
            "use_cats": True,
            "max_dets_per_image": self._caps()[-1],
            "num_threads": self.num_threads,
        }
        if self.iou_type == "bbox":
            self.grid = evaluate_bbox_grid(self.dataset, self.detections, **options)
        elif self.iou_type == "segm":
            # As pycocotools does for results without a box: the area of a detection is that of its mask.
            self.grid = evaluate_segm_grid(self.dataset, self.detections, dt_area="mask", **options)
        elif self.iou_type == "boundary":
            self.grid = evaluate_boundary_grid(
                self.dataset, self.detections, dt_area="mask", dilation_ratio=0.02, **options
            )
        else:
            self.grid = evaluate_keypoints_grid(self.dataset, self.detections, sigmas={}, **options)

    def accumulate(self) -> None:
        self.accumulated = self.grid.accumulate(self._caps())
        is_lvis = self.protocol == "lvis"
        self.summary = (
            self.accumulated.summarize_lvis(self.dataset, self._caps()) if is_lvis else self.accumulated.summarize()
        )

    def _caps(self) -> list[int]:
        if self.protocol == "lvis":
            return [300]
        return [20] if self.iou_type == "keypoints" else [1, 10, 100]

    def outcome(self) -> Outcome:
        if self.protocol == "lvis":
            return Outcome(
                stats=np.asarray(self.summary.stats, dtype=np.float64),
                precision=without_lone_cap(self.accumulated.precision),
                recall=without_lone_cap(self.accumulated.recall),
                scores=NO_SCORES,
            )
        return Outcome(
            stats=np.asarray(self.summary.stats, dtype=np.float64),
            precision=np.asarray(self.accumulated.precision),
            recall=np.asarray(self.accumulated.recall),
            scores=np.asarray(self.accumulated.scores),
        )


def _from_columns(columns: GroundTruthColumns) -> CocoDataset:
    images = {"id": columns.image_ids, "width": columns.image_widths, "height": columns.image_heights}
    names = ("id", "image_id", "category_id", "bbox", "area", "iscrowd")
    annotations = {name: getattr(columns, name) for name in names}
    return CocoDataset.from_arrays(images, annotations, category_records(columns))


def _from_dictionary(document: dict[str, Any], iou_type: str) -> CocoDataset:
    def column(section: str, key: str, dtype: DTypeLike) -> NDArray[Any]:
        return np.array([record[key] for record in document[section]], dtype=dtype)

    images = {key: column("images", key, np.int64) for key in ("id", "width", "height")}
    integers = ("id", "image_id", "category_id", "iscrowd")
    annotations: dict[str, Any] = {key: column("annotations", key, np.int64) for key in integers}
    annotations["bbox"] = column("annotations", "bbox", np.float64)
    annotations["area"] = column("annotations", "area", np.float64)
    if iou_type in ("segm", "boundary"):
        annotations["segmentation"] = [record["segmentation"] for record in document["annotations"]]
    if iou_type == "keypoints":
        poses = column("annotations", "keypoints", np.float64)
        annotations["keypoints"] = poses.reshape(-1, _NUM_KEYPOINTS, 3)
        annotations["num_keypoints"] = column("annotations", "num_keypoints", np.int64)
    return CocoDataset.from_arrays(images, annotations, document["categories"])


ADAPTER = VernierEvaluation
