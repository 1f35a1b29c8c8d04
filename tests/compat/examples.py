"""A small data set, and calls in silence."""

from __future__ import annotations

import contextlib
import copy
import io
import tempfile
from pathlib import Path
from typing import Any

from compat.comparison import Modules, write

TRUTH: dict[str, Any] = {
    "info": {"year": 2017},
    "images": [{"id": 7, "height": 40, "width": 50}, {"id": 3, "height": 40, "width": 50}],
    "categories": [{"id": 2, "name": "cat"}, {"id": 1, "name": "dog"}],
    "annotations": [
        {"id": 5, "image_id": 7, "category_id": 2, "bbox": [0, 0, 10, 10], "area": 100, "iscrowd": 0},
        {"id": 6, "image_id": 7, "category_id": 2, "bbox": [20, 0, 10, 10.5], "area": 90.0, "iscrowd": 0},
        {"id": 8, "image_id": 3, "category_id": 1, "bbox": [5, 5, 9, 9], "area": 81, "iscrowd": 0, "ignore": 1},
        {"id": 9, "image_id": 3, "category_id": 2, "bbox": [0, 0, 40, 30], "area": 1200, "iscrowd": 1},
    ],
}
for _ann in TRUTH["annotations"]:
    _x, _y, _w, _h = _ann["bbox"]
    _ann["segmentation"] = [[_x, _y, _x, _y + _h, _x + _w, _y + _h, _x + _w, _y]]
FOUND: list[dict[str, Any]] = [
    {"image_id": 7, "category_id": 2, "bbox": [0.0, 0.0, 10.0, 8.0], "score": 0.25},
    {"image_id": 7, "category_id": 2, "bbox": [20.0, 0.0, 10.0, 10.0], "score": 0.75},
    {"image_id": 7, "category_id": 2, "bbox": [1.0, 0.0, 10.0, 10.0], "score": 0.75},
    {"image_id": 3, "category_id": 1, "bbox": [5.0, 6.0, 9.0, 9.0], "score": 0.5},
    {"image_id": 3, "category_id": 2, "bbox": [5.0, 6.0, 9.0, 9.0], "score": 0.5},
]


def silently(function: Any, *arguments: Any) -> Any:
    with contextlib.redirect_stdout(io.StringIO()):
        return function(*arguments)


def from_dicts(modules: Modules, truth: Any = None, found: Any = None) -> tuple[Any, Any]:
    coco = modules[0].COCO()
    coco.dataset = copy.deepcopy(truth or TRUTH)
    silently(coco.createIndex)
    return coco, silently(coco.loadRes, copy.deepcopy(found or FOUND))


def from_files(modules: Modules, folder: Path) -> tuple[Any, Any]:
    """By files of their own, in a new folder each time."""
    folder = Path(tempfile.mkdtemp(dir=folder))
    coco = silently(modules[0].COCO, str(write(folder / "truth.json", TRUTH)))
    return coco, silently(coco.loadRes, str(write(folder / "found.json", FOUND)))


def evaluated(evaluation: Any) -> Any:
    silently(evaluation.evaluate)
    silently(evaluation.accumulate)
    silently(evaluation.summarize)
    return evaluation
