"""Ground truth of a batch, and which of it each prediction of a detector is trained towards (``losses/assignment.hpp``)."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from metrix import _core
from metrix._arrays import as_float64, as_ndarray
from metrix._threads import resolve_num_threads
from metrix.boxes import box_convert
from metrix.losses._arguments import one_of
from metrix.losses._boxes import BoxFormat

Floats = npt.NDArray[np.float64]
Indices = npt.NDArray[np.int64]

BACKGROUND, IGNORED = -1, -2


@dataclass(frozen=True)
class Truths:
    """Objects of all images of a batch."""

    boxes: Floats  # (M, 4) xyxy
    labels: Indices  # (M,)
    images: Indices  # (M,)

    def of_image(self, image: int) -> Indices:
        """Which they are."""
        return np.flatnonzero(self.images == image)


def truths_of(
    boxes: Any, labels: Any, images: Any, *, image_count: int, labels_from: int, labels_to: int, box_format: BoxFormat
) -> Truths:
    """Checked; labels lie in [labels_from, labels_to). No labels: all have the first one."""
    corners = boxes_of(boxes, "boxes", box_format)
    count = len(corners)
    kinds = np.full(count, labels_from) if labels is None else integers(labels, "labels", count)
    in_range(kinds, "labels", labels_from, labels_to)
    return Truths(corners, kinds, image_numbers(images, "images", count, image_count))


def boxes_of(boxes: Any, name: str, box_format: BoxFormat = "xyxy") -> Floats:
    """(N, 4) finite boxes as xyxy, none upside down."""
    one_of(box_format, "box_format", ("xyxy", "xywh", "cxcywh"))
    given = as_float64(boxes, name, (None, 4))
    corners = np.asarray(box_convert(given, in_fmt=box_format, out_fmt="xyxy"), dtype=np.float64)
    right = np.isfinite(corners).all(axis=1) & (corners[:, 2:] >= corners[:, :2]).all(axis=1)
    if not right.all():
        first = int(np.argmin(right))
        raise ValueError(f"{name}: expected finite boxes with sides >= 0, got box {first} with {given[first].tolist()}")
    return corners


def image_numbers(images: Any, name: str, count: int, image_count: int) -> Indices:
    """(count,) numbers of images; None where there is one image."""
    if images is None:
        if image_count != 1:
            raise ValueError(
                f"{name}: expected the number of the image for each box, as there are {image_count} images"
            )
        return np.zeros(count, dtype=np.int64)
    numbers = integers(images, name, count)
    in_range(numbers, name, 0, image_count)
    return numbers


def integers(values: Any, name: str, count: int) -> Indices:
    """(count,) integers."""
    array = as_ndarray(values, name)
    if array.size == 0 and count == 0:
        return np.zeros(0, dtype=np.int64)
    if array.dtype.kind not in "iu":
        raise TypeError(f"{name}: expected integers, got dtype {array.dtype}")
    if array.shape != (count,):
        raise ValueError(f"{name}: expected shape ({count},), got {array.shape}")
    return np.ascontiguousarray(array, dtype=np.int64)


def in_range(values: Indices, name: str, low: int, high: int) -> None:
    """All lie in [low, high)."""
    wrong = np.flatnonzero((values < low) | (values >= high))
    if len(wrong):
        raise ValueError(f"{name}: expected numbers from {low} to {high - 1}, got {values[wrong[0]]} at {wrong[0]}")


def best_overlaps(boxes: Floats, truths: Floats) -> tuple[Floats, Indices]:
    """Of each box the greatest IoU with any ground truth, and that one's index or ``BACKGROUND``."""
    return _core.losses.best_overlaps(np.ascontiguousarray(boxes), truths, resolve_num_threads(None))


def match_anchors(anchors: Floats, truths: Floats, *, high: float, low: float, keeps_best: bool) -> Indices:
    """The index of each anchor's ground truth, ``BACKGROUND`` or ``IGNORED``."""
    return _core.losses.match_anchors(anchors, truths, high, low, keeps_best, resolve_num_threads(None))


def assign_points(points: Floats, strides: Floats, ranges: Floats, truths: Floats, *, radius: float) -> Indices:
    """The index of each point's ground truth, or ``BACKGROUND``."""
    return _core.losses.assign_points(points, strides, ranges, truths, radius)


def project_masks(masks: npt.NDArray[np.uint8], boxes: Floats, index: Indices, size: int) -> Floats:
    """(R, size, size) parts of masks inside boxes."""
    return _core.losses.project_masks(masks, boxes, index, size, resolve_num_threads(None))


def box_deltas(boxes: Floats, anchors: Floats, scale: tuple[float, float, float, float] = (1, 1, 1, 1)) -> Floats:
    """What has to be predicted at anchors to give boxes: shifts in sides of the anchor, and logarithms of ratios of sides."""
    centres, sides = (boxes[:, :2] + boxes[:, 2:]) / 2, boxes[:, 2:] - boxes[:, :2]
    from_centres, from_sides = (anchors[:, :2] + anchors[:, 2:]) / 2, anchors[:, 2:] - anchors[:, :2]
    deltas: Floats = np.hstack([(centres - from_centres) / from_sides, np.log(sides / from_sides)]) * scale
    return deltas


def sample(index: Indices, count: int | None, positive_fraction: float, rng: np.random.Generator) -> Indices:
    """Positions of at most ``count`` that are positive or background, of the former no more than their share.

    Background fills what positives leave.
    """
    positives, negatives = np.flatnonzero(index >= 0), np.flatnonzero(index == BACKGROUND)
    if count is not None:
        positives = rng.permutation(positives)[: math.floor(count * positive_fraction)]
        negatives = rng.permutation(negatives)[: count - len(positives)]
    return np.sort(np.concatenate([positives, negatives]))
