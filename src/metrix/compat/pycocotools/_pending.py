"""Results of ``COCO.loadRes``: in columns as long as nobody has looked at their dicts, and what their dicts are then."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from metrix.compat._json_file import JsonFile
from metrix.compat._pending import STRING, DetectionColumns, PendingResults, Record
from metrix.records import Detections, read_detections


class ResultsInFile(PendingResults):
    """A results file, read once."""

    def __init__(self, head: Callable[[], Record], path: str) -> None:
        """Read the columns."""
        super().__init__(head)
        self._file = JsonFile(path)
        self.found = read_detections(self._file.source())

    def columns(self, fields: tuple[str, ...]) -> DetectionColumns:
        # Of the memory, an item is a float of Python, as in the file; of the array, one of NumPy.
        return DetectionColumns(self.found, _numbers(self.found), self.found.score.data, None)

    def annotations(self) -> list[Record]:
        return completed(self._file.load())


class ResultsInArray(PendingResults):
    """An (N, 7) array, of which a copy is kept."""

    def __init__(self, head: Callable[[], Record], table: npt.NDArray[np.float64]) -> None:
        """Take the columns."""
        super().__init__(head)
        self._table = table.copy()
        self.found = read_detections(self._table)

    def columns(self, fields: tuple[str, ...]) -> DetectionColumns:
        return DetectionColumns(self.found, _numbers(self.found), self.found.score, None)

    def annotations(self) -> list[Record]:
        return completed(records_of_table(self._table))


def _numbers(found: Detections) -> range:
    return range(1, len(found) + 1)


def follows_the_usual_form(found: Detections) -> bool:
    """Whether ``loadRes`` of the reference would take these detections without an exception."""
    if not len(found):
        return False
    for field in ("bbox", "segmentation", "keypoints"):
        has = found.has(field)
        if has[0]:
            if field == "segmentation" and found.masks is not None and (found.masks.kind != STRING).any():
                return False  # the reference asks for the area of masks in the compressed form alone
            if field == "keypoints" and found.keypoints is not None and found.keypoints.shape[1] == 0:
                return False  # nothing to take the extent of
            return bool(has.all())
    return False


# ---- what loadRes makes of dicts ------------------------------------------------------------------------------------


def dataset_head(dataset: Any) -> Record:
    """Info, images and categories of a result's dataset."""
    return {
        "info": copy.deepcopy(dataset.get("info", {})),
        "images": list(dataset["images"]),
        "categories": copy.deepcopy(dataset["categories"]),
    }


def captions_head(dataset: Any, annotations: list[Record]) -> Record:
    """Of captions: info, and the images that have one."""
    captioned = {ann["image_id"] for ann in annotations}
    images = [image for image in dataset["images"] if image["id"] in captioned]
    return {"info": copy.deepcopy(dataset.get("info", {})), "images": images}


def _is_empty_list(value: Any) -> bool:
    return isinstance(value, list) and not value


def kind_of(first: Record) -> str:
    """Which field of its first record decides what a result is."""
    if "caption" in first:
        return "caption"
    if "bbox" in first and not _is_empty_list(first["bbox"]):
        return "bbox"
    return next((field for field in ("segmentation", "keypoints") if field in first), "")


def completed(annotations: list[Record]) -> list[Record]:
    """The same list, its dicts with id, area and whatever else of bbox, segmentation and iscrowd is missing."""
    complete = _COMPLETE.get(kind_of(annotations[0]))
    if complete is not None:
        for number, ann in enumerate(annotations, 1):
            complete(ann, number)
    return annotations


def _complete_caption(ann: Record, number: int) -> None:
    ann["id"] = number


def _complete_box(ann: Record, number: int) -> None:
    x, y, width, height = ann["bbox"][0], ann["bbox"][1], ann["bbox"][2], ann["bbox"][3]
    if "segmentation" not in ann:
        right, bottom = x + width, y + height
        ann["segmentation"] = [[x, y, x, bottom, right, bottom, right, y]]
    ann["area"] = width * height
    ann["id"] = number
    ann["iscrowd"] = 0


def _complete_mask(ann: Record, number: int) -> None:
    from metrix.compat.pycocotools import mask

    ann["area"] = mask.area(ann["segmentation"])
    if "bbox" not in ann:
        ann["bbox"] = mask.toBbox(ann["segmentation"])
    ann["id"] = number
    ann["iscrowd"] = 0


def _complete_pose(ann: Record, number: int) -> None:
    x, y = ann["keypoints"][0::3], ann["keypoints"][1::3]
    left, right, top, bottom = np.min(x), np.max(x), np.min(y), np.max(y)
    ann["area"] = (right - left) * (bottom - top)
    ann["id"] = number
    ann["bbox"] = [left, top, right - left, bottom - top]


_COMPLETE: dict[str, Callable[[Record, int], None]] = {
    "caption": _complete_caption,
    "bbox": _complete_box,
    "segmentation": _complete_mask,
    "keypoints": _complete_pose,
}


def records_of_table(table: npt.NDArray[Any]) -> list[Record]:
    """Results of an (N, 7) array."""
    return [
        {"image_id": int(row[0]), "bbox": [row[1], row[2], row[3], row[4]], "score": row[5], "category_id": int(row[6])}
        for row in table
    ]
