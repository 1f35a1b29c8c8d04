"""A ground truth with the shape of LVIS: 1203 categories, few of which an image was searched for, and polygons."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from columns import GroundTruthColumns
from synthesis.categories import numbered_categories
from synthesis.json_text import write_records
from synthesis.scenes import VAL2017, Scenes, draw_scenes

_NUM_CATEGORIES = 1203
_MEAN_ABSENT = 7.0
_MEAN_NOT_EXHAUSTIVE = 0.6
_VERTICES = 12
_IMAGE = (
    '{"id": %d, "date_captured": "2013-11-15 02:41:42", "neg_category_ids": [%s], "license": 4, "height": %d, '
    '"not_exhaustive_category_ids": [%s], "width": %d, "coco_url": "http://images.cocodataset.org/val2017/%012d.jpg"}'
)
_ANNOTATION = (
    '{"area": %r, "id": %d, "segmentation": [['
    + ", ".join(["%r"] * 2 * _VERTICES)
    + ']], "image_id": %d, "bbox": [%r, %r, %r, %r], "category_id": %d}'
)


@dataclass(frozen=True)
class LvisBoxes:
    """What the detections are drawn from."""

    columns: GroundTruthColumns
    scenes: Scenes
    category_ids: NDArray[np.int64]


def write_lvis(path: Path, num_images: int, rng: np.random.Generator) -> LvisBoxes:
    """Draw and write the ground truth."""
    style = replace(
        VAL2017,
        num_images=num_images,
        num_empty_images=num_images // 100,
        first_category_share=0.2,
        mean_other_groups=5.5,
        tail_exponent=1.1,
    )
    category_ids = np.arange(1, _NUM_CATEGORIES + 1, dtype=np.int64)
    scenes = draw_scenes(style, _NUM_CATEGORIES, rng)
    boxes = np.round(scenes.boxes, 2)
    count = len(boxes)
    columns = GroundTruthColumns(
        image_ids=scenes.image_ids,
        image_widths=scenes.widths,
        image_heights=scenes.heights,
        category_ids=category_ids,
        id=np.arange(1, count + 1, dtype=np.int64),
        image_id=scenes.image_ids[scenes.object_image],
        category_id=category_ids[scenes.object_category],
        bbox=boxes,
        area=np.round(boxes[:, 2] * boxes[:, 3] * 0.7, 2),
        iscrowd=np.zeros(count, dtype=np.uint8),
    )
    image_text, annotation_text = path.with_suffix(".images"), path.with_suffix(".annotations")
    write_records(image_text, _IMAGE, _images(scenes, rng), head='{"images": [', tail="], ")
    rows = zip(
        columns.area.tolist(),
        columns.id.tolist(),
        *_outlines(boxes, rng).tolist(),
        columns.image_id.tolist(),
        *columns.bbox.T.tolist(),
        columns.category_id.tolist(),
        strict=True,
    )
    write_records(annotation_text, _ANNOTATION, rows, head='"annotations": [', tail="], ")
    with path.open("wb") as file:
        for part in (image_text, annotation_text):
            file.write(part.read_bytes())
            part.unlink()
        file.write(f'"categories": {json.dumps(_categories(scenes))}}}'.encode("ascii"))
    return LvisBoxes(columns, scenes, category_ids)


def _images(scenes: Scenes, rng: np.random.Generator) -> list[tuple[int | str, ...]]:
    offsets = scenes.object_offsets()
    rows: list[tuple[int | str, ...]] = []
    for image, (id, height, width) in enumerate(
        zip(scenes.image_ids.tolist(), scenes.heights.tolist(), scenes.widths.tolist(), strict=True)
    ):
        shown = np.unique(scenes.object_category[offsets[image] : offsets[image + 1]])
        absent = np.setdiff1d(rng.choice(_NUM_CATEGORIES, rng.poisson(_MEAN_ABSENT), p=scenes.category_weights), shown)
        partly = shown[rng.random(len(shown)) < _MEAN_NOT_EXHAUSTIVE / max(len(shown), 1)]
        lists = [", ".join(map(str, (some + 1).tolist())) for some in (absent, partly)]
        rows.append((id, lists[0], height, lists[1], width, id))
    return rows


def _categories(scenes: Scenes) -> list[dict[str, object]]:
    """Frequent, common and rare by weight, as many of each as LVIS v1 has."""
    rank = np.argsort(np.argsort(-scenes.category_weights))
    frequency = np.where(rank < 405, "f", np.where(rank < 866, "c", "r")).tolist()
    return [
        {**category, "frequency": frequency[row]} for row, category in enumerate(numbered_categories(_NUM_CATEGORIES))
    ]


def _outlines(boxes: NDArray[np.float64], rng: np.random.Generator) -> NDArray[np.float64]:
    """(2 V, N) polygons in the boxes."""
    angle = np.linspace(0, 2 * np.pi, _VERTICES, endpoint=False)[:, None] + np.zeros(len(boxes))
    radius = rng.uniform(0.8, 1.0, angle.shape)
    x = boxes[:, 0] + boxes[:, 2] * (0.5 + 0.5 * radius * np.cos(angle))
    y = boxes[:, 1] + boxes[:, 3] * (0.5 + 0.5 * radius * np.sin(angle))
    return np.round(np.stack([x, y], axis=1).reshape(2 * _VERTICES, -1), 2)
