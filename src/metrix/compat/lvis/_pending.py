"""Results of LVIS: in columns as long as nobody has looked at their dicts, and what their dicts are then."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from metrix.compat._json_file import JsonFile
from metrix.compat._pending import STRING, DetectionColumns, PendingResults, Record
from metrix.compat.pycocotools import mask as mask_utils
from metrix.records import Detections, read_detections


class ResultsInFile(PendingResults):
    """A results file, read once."""

    def __init__(self, head: Callable[[], Record], path: str, max_dets: int) -> None:
        """Read the columns; ``max_dets`` detections of an image are kept, or all of a negative number."""
        super().__init__(head)
        self._file = JsonFile(path)
        self.found = read_detections(self._file.source())
        self.max_dets = max_dets

    def columns(self, fields: tuple[str, ...]) -> DetectionColumns:
        return DetectionColumns(self.found, NumbersAfterLimit(self.found, self.max_dets), self.found.score.data, None)

    def annotations(self) -> list[Record]:
        from metrix.compat.lvis.results import LVISResults

        found = self._file.load()
        if self.max_dets >= 0:
            found = LVISResults.limit_dets_per_image(None, found, self.max_dets)  # type: ignore[arg-type]
        return completed(found)

    def follows_the_usual_form(self) -> bool:
        """Whether the reference would take these detections without an exception, and its sort knows what to do."""
        found = self.found
        if not len(found):
            return False
        if self.max_dets >= 0 and np.isnan(found.score).any():
            return False  # Python's sort leaves the order of a list with NaN open
        has_box = found.has("bbox")
        if has_box.any():
            return bool(has_box.all())
        is_string = found.masks is not None and (found.masks.kind == STRING).all()
        return bool(found.has("segmentation").all() and is_string)


class NumbersAfterLimit:
    """The ids that detections get when they are loaded, worked out when somebody asks for one."""

    def __init__(self, found: Detections, max_dets: int) -> None:
        """Work out nothing yet."""
        self._found, self._max_dets = found, max_dets
        self._numbers: npt.NDArray[np.int64] | None = None

    def __len__(self) -> int:
        """Number of detections."""
        return len(self._found)

    def __getitem__(self, row: int) -> int:
        """The id of one, or 0 if the limit left it out."""
        return int(self.__array__()[row])

    def __array__(self, dtype: Any = None, copy: Any = None) -> npt.NDArray[Any]:
        """All of them."""
        if self._numbers is None:
            self._numbers = numbers_after_limit(self._found, self._max_dets)
        return self._numbers if dtype is None else self._numbers.astype(dtype)


def numbers_after_limit(found: Detections, max_dets: int) -> npt.NDArray[np.int64]:
    """(N,) places from 1 on, by images in the order in which they first come; 0 for what is left out."""
    count = len(found)
    if max_dets < 0:
        return np.arange(1, count + 1)
    image = found.image_id.positions_in(found.image_id.distinct())
    size = np.bincount(image)
    first = np.zeros(len(size), dtype=np.int64)
    first[image[::-1]] = np.arange(count)[::-1]
    by_score = np.where(size[image] > max_dets, -found.score, 0.0)
    order = np.lexsort((by_score, first[image]))
    start = np.zeros(len(size), dtype=np.int64)
    start[image[order[::-1]]] = np.arange(count)[::-1]
    kept = order[np.arange(count) - start[image[order]] < max_dets]
    numbers = np.zeros(count, dtype=np.int64)
    numbers[kept] = np.arange(1, len(kept) + 1)
    return numbers


def completed(annotations: list[Record]) -> list[Record]:
    """The same list, its dicts with id, area and whatever else of bbox and segmentation is missing."""
    first = annotations[0]
    complete = _complete_box if "bbox" in first else _complete_mask if "segmentation" in first else None
    if complete is not None:
        for number, ann in enumerate(annotations, 1):
            complete(ann, number)
    return annotations


def _complete_box(ann: Record, number: int) -> None:
    left, top, width, height = ann["bbox"]
    right, bottom = left + width, top + height
    if "segmentation" not in ann:
        ann["segmentation"] = [[left, top, left, bottom, right, bottom, right, top]]
    ann["area"] = width * height
    ann["id"] = number


def _complete_mask(ann: Record, number: int) -> None:
    ann["area"] = mask_utils.area(ann["segmentation"])
    if "bbox" not in ann:
        ann["bbox"] = mask_utils.toBbox(ann["segmentation"])
    ann["id"] = number
