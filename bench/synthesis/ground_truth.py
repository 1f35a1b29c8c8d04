"""The ground-truth side: a COCO-format dictionary and the same values as columns."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from columns import GroundTruthColumns
from synthesis.categories import coco_categories
from synthesis.masks import CrowdRegion, crowd_region
from synthesis.outlines import Outlines, draw_outlines
from synthesis.scenes import VAL2017, Scenes, draw_scenes

_CROWD_SHARE = 0.012
_SMALLEST_CROWDED_GROUP = 4
_LICENSES = [
    {"url": f"http://creativecommons.org/licenses/{kind}/2.0/", "id": number, "name": name}
    for number, (kind, name) in enumerate(
        [
            ("by-nc-sa", "Attribution-NonCommercial-ShareAlike License"),
            ("by-nc", "Attribution-NonCommercial License"),
            ("by-nc-nd", "Attribution-NonCommercial-NoDerivs License"),
            ("by", "Attribution License"),
            ("by-sa", "Attribution-ShareAlike License"),
        ],
        start=1,
    )
]


@dataclass(frozen=True)
class Instances:
    """A generated ground truth: the document, its columns, and what detections are made from."""

    document: dict[str, Any]
    columns: GroundTruthColumns
    scenes: Scenes
    outlines: Outlines
    category_ids: NDArray[np.int64]  # by category index


def draw_val2017(rng: np.random.Generator) -> Instances:
    """A ground truth with the shape and size of ``instances_val2017.json``."""
    categories = coco_categories()
    category_ids = np.array([category["id"] for category in categories], dtype=np.int64)
    scenes = draw_scenes(VAL2017, len(categories), rng)
    outlines = draw_outlines(scenes.boxes, rng)
    boxes, areas = outlines.boxes(), outlines.areas()
    crowds = _draw_crowds(scenes, rng)

    # COCO's ids grow category by category; crowds come last, under ids beyond 32 bits.
    order = np.lexsort((rng.random(len(boxes)), rng.permutation(len(categories))[scenes.object_category]))
    plain_ids = np.sort(rng.choice(2_200_000, len(boxes), replace=False) + 1)
    object_images = scenes.image_ids[scenes.object_image]
    object_categories = category_ids[scenes.object_category]
    annotations = [
        {
            "segmentation": outlines.polygons(index),
            "area": float(areas[index]),
            "iscrowd": 0,
            "image_id": int(object_images[index]),
            "bbox": boxes[index].tolist(),
            "category_id": int(object_categories[index]),
            "id": int(identifier),
        }
        for index, identifier in zip(order.tolist(), plain_ids.tolist(), strict=True)
    ]
    for (image, category), region in crowds.items():
        image_id, category_id = int(scenes.image_ids[image]), int(category_ids[category])
        annotations.append(
            {
                "segmentation": region.segmentation,
                "area": region.area,
                "iscrowd": 1,
                "image_id": image_id,
                "bbox": region.bbox,
                "category_id": category_id,
                "id": 900_000_000_000 + category_id * 100_000_000 + image_id,
            }
        )
    document = {
        "info": _info("instances"),
        "licenses": _LICENSES,
        "images": image_records(scenes, rng),
        "annotations": annotations,
        "categories": categories,
    }
    return Instances(document, columns_of(document), scenes, outlines, category_ids)


def image_records(scenes: Scenes, rng: np.random.Generator) -> list[dict[str, Any]]:
    """Image records with all the fields of COCO's, in a shuffled order as in COCO's files."""
    records = []
    for index in rng.permutation(len(scenes.image_ids)).tolist():
        image_id = int(scenes.image_ids[index])
        secret = int(rng.integers(1 << 40))
        records.append(
            {
                "license": int(rng.integers(1, len(_LICENSES) + 1)),
                "file_name": f"{image_id:012d}.jpg",
                "coco_url": f"http://images.cocodataset.org/val2017/{image_id:012d}.jpg",
                "height": int(scenes.heights[index]),
                "width": int(scenes.widths[index]),
                "date_captured": f"2013-11-{1 + image_id % 30:02d} {image_id % 24:02d}:{image_id % 60:02d}:00",
                "flickr_url": f"http://farm{secret % 9}.staticflickr.com/{secret % 8999}/{secret}_{secret:010x}_z.jpg",
                "id": image_id,
            }
        )
    return records


def columns_of(document: dict[str, Any]) -> GroundTruthColumns:
    """The evaluation fields of a ground-truth document, in its order."""
    annotations, images = document["annotations"], document["images"]

    def integers(records: list[dict[str, Any]], key: str) -> NDArray[np.int64]:
        return np.array([record[key] for record in records], dtype=np.int64)

    return GroundTruthColumns(
        image_ids=integers(images, "id"),
        image_widths=integers(images, "width"),
        image_heights=integers(images, "height"),
        category_ids=integers(document["categories"], "id"),
        id=integers(annotations, "id"),
        image_id=integers(annotations, "image_id"),
        category_id=integers(annotations, "category_id"),
        bbox=np.array([record["bbox"] for record in annotations], dtype=np.float64).reshape(-1, 4),
        area=np.array([record["area"] for record in annotations], dtype=np.float64),
        iscrowd=integers(annotations, "iscrowd").astype(np.uint8),
    )


def _draw_crowds(scenes: Scenes, rng: np.random.Generator) -> dict[tuple[int, int], CrowdRegion]:
    """One crowd region for some of the larger groups, mostly of people: many overlapping blobs around the group."""
    sizes = np.bincount(scenes.object_group)
    firsts = np.concatenate([[0], np.cumsum(sizes)[:-1]])
    eligible = np.flatnonzero(sizes >= _SMALLEST_CROWDED_GROUP)
    count = round(_CROWD_SHARE * len(scenes.boxes))
    crowds: dict[tuple[int, int], CrowdRegion] = {}
    for group in np.sort(rng.choice(eligible, min(count, len(eligible)), replace=False)).tolist():
        members = slice(int(firsts[group]), int(firsts[group] + sizes[group]))
        image = int(scenes.object_image[members.start])
        width, height = int(scenes.widths[image]), int(scenes.heights[image])
        corners = scenes.boxes[members]
        low, high = corners[:, :2].min(axis=0), (corners[:, :2] + corners[:, 2:]).max(axis=0)
        blob_sizes = np.maximum((high - low) * rng.uniform(0.08, 0.30, (int(rng.integers(10, 60)), 2)), 4.0)
        blob_corners = low + rng.random(blob_sizes.shape) * np.maximum(high - low - blob_sizes, 0.0)
        blobs = draw_outlines(np.concatenate([blob_corners, blob_sizes], axis=1), rng)
        polygons = [polygon for index in range(len(blob_sizes)) for polygon in blobs.polygons(index)]
        crowds[image, int(scenes.object_category[members.start])] = crowd_region(polygons, height, width)
    return crowds


def _info(kind: str) -> dict[str, Any]:
    return {
        "description": f"synthetic {kind} with the shape of COCO val2017",
        "url": "http://cocodataset.org",
        "version": "1.0",
        "year": 2017,
        "contributor": "metrix benchmark",
        "date_created": "2017/09/01",
    }
