"""A ground truth with the size of Objects365: streamed to disk, since its dictionaries would fill gigabytes."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from columns import GroundTruthColumns
from synthesis.categories import numbered_categories
from synthesis.json_text import write_records
from synthesis.scenes import OBJECTS365, Scenes, draw_scenes

_NUM_CATEGORIES = 365
_CROWD_SHARE = 0.01
_IMAGE = (
    '{"height": %d, "id": %d, "license": 5, "width": %d, '
    '"file_name": "images/v1/patch%d/objects365_v1_%08d.jpg", "url": ""}'
)
_ANNOTATION = (
    '{"id": %d, "iscrowd": %d, "isfake": 0, "area": %r, "isreflected": 0, '
    '"bbox": [%r, %r, %r, %r], "image_id": %d, "category_id": %d}'
)


@dataclass(frozen=True)
class Boxes365:
    """What the detections are drawn from."""

    columns: GroundTruthColumns
    scenes: Scenes
    category_ids: NDArray[np.int64]


def write_objects365(path: Path, rng: np.random.Generator) -> Boxes365:
    """Draw and write the ground truth: boxes only, no segmentation key."""
    categories = numbered_categories(_NUM_CATEGORIES)
    category_ids = np.arange(1, _NUM_CATEGORIES + 1, dtype=np.int64)
    scenes = draw_scenes(OBJECTS365, _NUM_CATEGORIES, rng)
    boxes = np.round(scenes.boxes, 10)
    count = len(boxes)
    order = rng.permutation(count)
    columns = GroundTruthColumns(
        image_ids=scenes.image_ids,
        image_widths=scenes.widths,
        image_heights=scenes.heights,
        category_ids=category_ids,
        id=np.sort(rng.choice(30_000_000, count, replace=False) + 1).astype(np.int64),
        image_id=scenes.image_ids[scenes.object_image][order],
        category_id=category_ids[scenes.object_category][order],
        bbox=boxes[order],
        area=(boxes[:, 2] * boxes[:, 3])[order],
        iscrowd=(rng.random(count) < _CROWD_SHARE).astype(np.uint8),
    )
    images = zip(
        columns.image_heights.tolist(),
        columns.image_ids.tolist(),
        columns.image_widths.tolist(),
        (columns.image_ids % 43).tolist(),
        columns.image_ids.tolist(),
        strict=True,
    )
    annotations = zip(
        columns.id.tolist(),
        columns.iscrowd.tolist(),
        columns.area.tolist(),
        *columns.bbox.T.tolist(),
        columns.image_id.tolist(),
        columns.category_id.tolist(),
        strict=True,
    )
    image_text, annotation_text = path.with_suffix(".images"), path.with_suffix(".annotations")
    write_records(image_text, _IMAGE, images, head='{"images": [', tail="], ")
    write_records(annotation_text, _ANNOTATION, annotations, head='"annotations": [', tail="], ")
    with path.open("wb") as file:
        for part in (image_text, annotation_text):
            file.write(part.read_bytes())
            part.unlink()
        file.write(f'"categories": {json.dumps(categories)}}}'.encode("ascii"))
    return Boxes365(columns, scenes, category_ids)
