"""Makes the sample data set in ``tests/data/sample``: simple shapes on empty images, and detections of a mediocre detector.

Run ``python tests/data/make_sample.py`` to write it anew; the same files come out every time.
"""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np

import metrix

FOLDER = Path(__file__).parent / "sample"
HEIGHT, WIDTH = 240, 320
CATEGORIES = [{"id": 1, "name": "circle"}, {"id": 2, "name": "square"}, {"id": 5, "name": "triangle"}]
CORNERS = {1: 24, 2: 4, 5: 3}
KEYPOINTS = 17


def outline(category: int, x: float, y: float, radius: float, angle: float) -> list[float]:
    """Corners of a regular polygon as x, y, x, y, ..."""
    turns = angle + 2 * math.pi * np.arange(CORNERS[category]) / CORNERS[category]
    points = np.column_stack([x + radius * np.cos(turns), y + radius * np.sin(turns)])
    return [round(float(v), 1) for v in points.ravel()]


def box_around(points: list[float]) -> list[float]:
    """x, y, width, height of the box around points."""
    x, y = np.array(points[0::2]), np.array(points[1::2])
    return [round(float(v), 1) for v in (x.min(), y.min(), np.ptp(x), np.ptp(y))]


def shapes(rng: np.random.Generator) -> tuple[dict[str, Any], list[Any], list[Any]]:
    """Ground truth, boxes and masks."""
    images, annotations, boxes, masks = [], [], [], []
    for image_id in range(1, 41):
        images.append({"id": image_id, "height": HEIGHT, "width": WIDTH, "file_name": f"{image_id:04d}.png"})
        for _ in range(int(rng.integers(0, 7))):
            category = int(rng.choice([1, 2, 5], p=[0.5, 0.3, 0.2]))
            radius = float(np.exp(rng.uniform(math.log(5), math.log(70))))
            x, y, angle = rng.uniform(20, WIDTH - 20), rng.uniform(20, HEIGHT - 20), rng.uniform(0, math.pi)
            polygon = outline(category, x, y, radius, angle)
            mask = metrix.masks.from_polygons([polygon], HEIGHT, WIDTH)[0]
            annotations.append(
                {
                    "id": len(annotations) + 1,
                    "image_id": image_id,
                    "category_id": category,
                    "bbox": box_around(polygon),
                    "area": int(metrix.masks.area(mask)),
                    "iscrowd": 0,
                    "segmentation": [polygon],
                }
            )
            if rng.random() < 0.15:  # missed
                continue
            seen = category if rng.random() < 0.9 else int(rng.choice([1, 2, 5]))
            error = 0.18 * radius * rng.random()
            found = outline(
                category, x + rng.normal(0, error), y + rng.normal(0, error), radius * rng.uniform(0.85, 1.15), angle
            )
            score = round(float(np.clip(rng.normal(0.8, 0.15) - error / radius, 0.05, 0.99)), 3)
            add(boxes, masks, image_id, seen, score, found)
        for _ in range(int(rng.integers(0, 3))):  # nothing is there
            found = outline(2, rng.uniform(0, WIDTH), rng.uniform(0, HEIGHT), rng.uniform(5, 40), rng.uniform(0, 3))
            add(boxes, masks, image_id, int(rng.choice([1, 2, 5])), round(float(rng.uniform(0.05, 0.6)), 3), found)
    return {"images": images, "annotations": annotations, "categories": CATEGORIES}, boxes, masks


def add(boxes: list[Any], masks: list[Any], image_id: int, category: int, score: float, polygon: list[float]) -> None:
    """One detection, as a box and as a mask."""
    record = {"image_id": image_id, "category_id": category, "score": score}
    boxes.append({**record, "bbox": box_around(polygon)})
    mask = metrix.masks.from_polygons([polygon], HEIGHT, WIDTH)[0]
    masks.append({**record, "segmentation": {"size": mask["size"], "counts": mask["counts"].decode()}})


def poses(rng: np.random.Generator) -> tuple[dict[str, Any], list[Any]]:
    """Ground truth and detections of keypoints."""
    images, annotations, found = [], [], []
    for image_id in range(1, 21):
        images.append({"id": image_id, "height": HEIGHT, "width": WIDTH})
        for _ in range(int(rng.integers(1, 4))):
            size = rng.uniform(40, 160)
            origin = rng.uniform([0, 0], [WIDTH - size, HEIGHT - size])
            points = np.round(origin + rng.uniform(0, size, (KEYPOINTS, 2)))
            visible = rng.choice([0, 1, 2], KEYPOINTS, p=[0.2, 0.2, 0.6])
            flat = np.column_stack([np.where(visible[:, None] > 0, points, 0), visible]).astype(int).ravel().tolist()
            box = box_around(points.ravel().tolist())
            annotations.append(
                {
                    "id": len(annotations) + 1,
                    "image_id": image_id,
                    "category_id": 1,
                    "bbox": box,
                    "area": round(box[2] * box[3] * 0.6, 1),
                    "iscrowd": 0,
                    "keypoints": flat,
                    "num_keypoints": int((visible > 0).sum()),
                }
            )
            if rng.random() < 0.9:
                moved = np.round(points + rng.normal(0, size * rng.uniform(0.01, 0.09), points.shape), 1)
                keypoints = np.column_stack([moved, np.ones(KEYPOINTS)]).ravel().tolist()
                score = round(float(rng.uniform(0.4, 1)), 3)
                found.append({"image_id": image_id, "category_id": 1, "score": score, "keypoints": keypoints})
    return {"images": images, "annotations": annotations, "categories": [{"id": 1, "name": "person"}]}, found


def main() -> None:
    """Write the files."""
    FOLDER.mkdir(exist_ok=True)
    rng = np.random.default_rng(2026)
    instances, boxes, masks = shapes(rng)
    persons, keypoints = poses(rng)
    files = {"instances": instances, "boxes": boxes, "masks": masks, "persons": persons, "keypoints": keypoints}
    for name, content in files.items():
        (FOLDER / f"{name}.json").write_text(json.dumps(content) + "\n")


if __name__ == "__main__":
    main()
