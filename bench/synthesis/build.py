"""From a workload's description to the files of its cache folders."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from columns import DetectionColumns, GroundTruthColumns
from synthesis.boxed import write_boxed
from synthesis.detections import box_columns, write_boxes, write_masks
from synthesis.ground_truth import Instances, draw_val2017
from synthesis.keypoints import People, draw_people, write_poses
from synthesis.lvis import LvisBoxes, write_lvis
from synthesis.objects365 import Boxes365, write_objects365
from synthesis.proposals import DetectorStyle, Proposals, draw_proposals
from synthesis.scenes import Scenes

if TYPE_CHECKING:
    from workloads import Workload

FillFolder = Callable[[Path, str, Callable[[Path], GroundTruthColumns | DetectionColumns]], None]


def build(workload: Workload, fill_folder: FillFolder) -> None:
    """Generate the ground truth and the detections of ``workload`` where they are absent."""
    if not workload.ground_truth_path.exists():
        fill_folder(
            workload.ground_truth_folder,
            "ground_truth.json",
            lambda path: _write_ground_truth(workload, path),
        )
    if not workload.detections_path.exists():
        fill_folder(workload.folder, "detections.json", lambda path: _write_detections(workload, path))
    if not workload.boxed_detections_path.exists():
        scratch = workload.boxed_detections_path.with_suffix(".part")
        write_boxed(workload.detections_path, scratch, workload.iou_type)
        scratch.rename(workload.boxed_detections_path)


def _write_ground_truth(workload: Workload, path: Path) -> GroundTruthColumns:
    if workload.ground_truth in _STREAMED:
        return _STREAMED[workload.ground_truth](workload, path).columns
    drawn = _people(workload) if workload.iou_type == "keypoints" else _instances(workload)
    path.write_text(json.dumps(drawn.document), encoding="ascii")
    return drawn.columns


def _write_detections(workload: Workload, path: Path) -> DetectionColumns:
    rng = np.random.default_rng(workload.seed(workload.name))
    if workload.ground_truth in _STREAMED:
        # The scenes are drawn again rather than stored; the file written on the way is dropped.
        spare = path.with_suffix(".spare")
        boxes = _STREAMED[workload.ground_truth](workload, spare)
        spare.unlink()
        return _write_boxes(workload, path, boxes, rng)
    if workload.iou_type == "keypoints":
        people = _people(workload)
        return write_poses(path, people, _proposals(workload, people.scenes, rng), rng)
    instances = _instances(workload)
    if workload.iou_type == "segm":
        proposals = _proposals(workload, instances.scenes, rng)
        return write_masks(path, proposals, instances.scenes, instances.outlines, instances.category_ids, rng)
    return _write_boxes(workload, path, instances, rng)


def _write_boxes(
    workload: Workload, path: Path, drawn: Instances | Boxes365 | LvisBoxes, rng: np.random.Generator
) -> DetectionColumns:
    columns = box_columns(_proposals(workload, drawn.scenes, rng), drawn.scenes, drawn.category_ids)
    write_boxes(path, columns)
    return columns


def _proposals(workload: Workload, scenes: Scenes, rng: np.random.Generator) -> Proposals:
    style = DetectorStyle(
        most_per_image=workload.most_per_image,
        mean_extra=workload.mean_extra,
        median_per_image=workload.median_per_image,
    )
    return draw_proposals(scenes, style, rng)


@lru_cache(maxsize=1)
def _drawn_instances(seed: tuple[int, ...]) -> Instances:
    return draw_val2017(np.random.default_rng(list(seed)))


def _instances(workload: Workload) -> Instances:
    """The val2017 scenes; the keypoint workloads take their people from the same ones."""
    return _drawn_instances(tuple(workload.seed("val2017_instances")))


@lru_cache(maxsize=1)
def _drawn_people(instances_seed: tuple[int, ...], seed: tuple[int, ...]) -> People:
    return draw_people(_drawn_instances(instances_seed), np.random.default_rng(list(seed)))


def _people(workload: Workload) -> People:
    return _drawn_people(tuple(workload.seed("val2017_instances")), tuple(workload.seed("val2017_person_keypoints")))


def _objects365(workload: Workload, path: Path) -> Boxes365:
    return write_objects365(path, np.random.default_rng(workload.seed("objects365")))


def _lvis(num_images: int) -> Callable[[Workload, Path], LvisBoxes]:
    return lambda workload, path: write_lvis(
        path, num_images, np.random.default_rng(workload.seed(workload.ground_truth))
    )


#: Ground truths too large to be held as dictionaries.
_STREAMED: dict[str, Callable[[Workload, Path], Boxes365 | LvisBoxes]] = {
    "objects365": _objects365,
    "lvis_2k": _lvis(2_000),
    "lvis_20k": _lvis(20_000),
}
