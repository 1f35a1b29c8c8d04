"""People with seventeen keypoints: a ground truth like ``person_keypoints_val2017.json`` and results for it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from columns import DetectionColumns, GroundTruthColumns
from synthesis.categories import KEYPOINT_NAMES, PERSON, person_category
from synthesis.ground_truth import Instances, columns_of
from synthesis.json_text import write_records
from synthesis.proposals import Proposals
from synthesis.scenes import Scenes

NUM_KEYPOINTS = len(KEYPOINT_NAMES)
_RECORD = (
    '{"image_id": %d, "category_id": %d, "keypoints": [' + ", ".join(["%r"] * (3 * NUM_KEYPOINTS)) + '], "score": %r}'
)
# A standing figure in its unit box: head, arms, legs, in COCO's order of points.
_FIGURE = np.array(
    [
        [0.50, 0.08], [0.53, 0.06], [0.47, 0.06], [0.57, 0.08], [0.43, 0.08],
        [0.68, 0.22], [0.32, 0.22], [0.80, 0.38], [0.20, 0.38], [0.82, 0.52], [0.18, 0.52],
        [0.60, 0.53], [0.40, 0.53], [0.62, 0.75], [0.38, 0.75], [0.62, 0.96], [0.38, 0.96],
    ]
)  # fmt: skip


@dataclass(frozen=True)
class People:
    """The people of a set of scenes: the ground truth, and the full poses that only the generator knows."""

    document: dict[str, Any]
    columns: GroundTruthColumns
    scenes: Scenes  # people only
    poses: NDArray[np.float64]  # (N, 17, 2) in pixels, by object of ``scenes``


def draw_people(instances: Instances, rng: np.random.Generator) -> People:
    """Give the people of ``instances`` keypoints; two fifths, the small ones mostly, have none labelled."""
    is_person = instances.scenes.object_category == 0
    scenes = replace(
        instances.scenes,
        category_weights=np.ones(1),
        object_image=instances.scenes.object_image[is_person],
        object_category=instances.scenes.object_category[is_person],
        object_group=instances.scenes.object_group[is_person],
        boxes=instances.scenes.boxes[is_person],
    )
    poses = _draw_poses(scenes.boxes, rng)
    labels = _draw_labels(scenes.boxes, rng)

    # The records of the instances file name neither scene nor object: find the pose by box corner and image.
    tight_boxes = instances.outlines.boxes()[is_person]
    image_ids = scenes.image_ids[scenes.object_image]
    by_box = {
        (int(image), *box): index
        for index, (image, box) in enumerate(zip(image_ids.tolist(), tight_boxes.tolist(), strict=True))
    }
    annotations = []
    for record in instances.document["annotations"]:
        if record["category_id"] != PERSON:
            continue
        keypoints = np.zeros((NUM_KEYPOINTS, 3), dtype=np.int64)
        if not record["iscrowd"]:
            index = by_box[(record["image_id"], *record["bbox"])]
            keypoints[:, :2] = np.rint(poses[index])
            keypoints[:, 2] = labels[index]
            keypoints[labels[index] == 0] = 0
        annotations.append(
            {
                "segmentation": record["segmentation"],
                "num_keypoints": int(np.count_nonzero(keypoints[:, 2])),
                "area": record["area"],
                "iscrowd": record["iscrowd"],
                "keypoints": keypoints.ravel().tolist(),
                "image_id": record["image_id"],
                "bbox": record["bbox"],
                "category_id": PERSON,
                "id": record["id"],
            }
        )
    document = {**instances.document, "annotations": annotations, "categories": person_category()}
    return People(document, columns_of(document), scenes, poses)


def write_poses(path: Path, people: People, proposals: Proposals, rng: np.random.Generator) -> DetectionColumns:
    """Write a results file of poses: the figure of an object, moved into the detection's box and shaken."""
    source = proposals.shape_of
    boxes = proposals.boxes.astype(np.float64)
    unit = (people.poses[source] - people.scenes.boxes[source, None, :2]) / people.scenes.boxes[source, None, 2:]
    shaken = unit + 0.012 * rng.standard_normal(unit.shape)
    points = boxes[:, None, :2] + shaken * boxes[:, None, 2:]
    confidences = np.clip(proposals.scores[:, None] + 0.2 * rng.standard_normal(unit.shape[:2]), 0.01, 1.0)
    # Single precision, as models compute; then the doubles that the file spells.
    keypoints = np.concatenate([points, confidences[:, :, None]], axis=2).astype(np.float32).astype(np.float64)
    columns = DetectionColumns(
        image_id=people.scenes.image_ids[proposals.image],
        category_id=np.full(len(source), PERSON, dtype=np.int64),
        score=proposals.scores.astype(np.float64),
        keypoints=keypoints.reshape(len(source), -1),
    )
    assert columns.keypoints is not None
    rows = zip(
        columns.image_id.tolist(),
        columns.category_id.tolist(),
        columns.keypoints.tolist(),
        columns.score.tolist(),
        strict=True,
    )
    write_records(path, _RECORD, ((image, category, *pose, score) for image, category, pose, score in rows))
    return columns


def _draw_poses(boxes: NDArray[np.float64], rng: np.random.Generator) -> NDArray[np.float64]:
    mirrored = np.where(rng.random(len(boxes)) < 0.5, 1.0, -1.0)[:, None]
    unit = np.tile(_FIGURE, (len(boxes), 1, 1))
    unit[:, :, 0] = 0.5 + mirrored * (unit[:, :, 0] - 0.5)
    unit = np.clip(unit + 0.05 * rng.standard_normal(unit.shape), 0.0, 1.0)
    return boxes[:, None, :2] + unit * boxes[:, None, 2:]


def _draw_labels(boxes: NDArray[np.float64], rng: np.random.Generator) -> NDArray[np.int64]:
    """Visibility per keypoint: 0 not labelled, 1 labelled but hidden, 2 visible."""
    log_area = np.log(boxes[:, 2] * boxes[:, 3])
    is_labelled = rng.random(len(boxes)) < 1.0 / (1.0 + np.exp(-1.6 * (log_area - 7.6)))
    share = np.where(is_labelled, rng.beta(2.5, 1.1, len(boxes)), 0.0)
    labels = np.where(rng.random((len(boxes), NUM_KEYPOINTS)) < 0.82, 2, 1)
    return np.where(rng.random((len(boxes), NUM_KEYPOINTS)) < share[:, None], labels, 0)
