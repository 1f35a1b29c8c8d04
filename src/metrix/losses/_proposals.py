"""What losses of detectors of two stages and of masks share: proposals with their images, masks, totals of a batch."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from metrix._arrays import as_ndarray
from metrix.losses._arguments import Array, same_shape
from metrix.losses._assignment import (
    BACKGROUND,
    Floats,
    Indices,
    Truths,
    best_overlaps,
    boxes_of,
    image_numbers,
    truths_of,
)
from metrix.losses._composed import Terms

#: Of a proposal, in pixels: what lies far outside of every image is a mistake.
LONGEST_SIDE = 10**6


def with_axes(values: Any, like: Array, name: str, shape: tuple[int, ...]) -> Array:
    """An array of this shape and of the dtype of another."""
    return same_shape(values, np.broadcast_to(like.dtype.type(0), shape), name, "its outputs")


def regions_of(proposals: Any, count: int) -> Floats:
    """(count, 4) proposals."""
    regions = boxes_of(proposals, "proposals")
    if len(regions) != count:
        raise ValueError(f"proposals: expected shape ({count}, 4), got {regions.shape}")
    return regions


def batch_of(
    boxes: Any,
    labels: Any,
    images: Any,
    proposals: Any,
    proposal_images: Any,
    count: int,
    *,
    labels_from: int,
    labels_to: int,
) -> tuple[Truths, Floats, Indices]:
    """Ground truth, and proposals with the numbers of their images."""
    image_count = max(image_count_of(images), image_count_of(proposal_images))
    truths = truths_of(
        boxes,
        labels,
        images,
        image_count=image_count,
        labels_from=labels_from,
        labels_to=labels_to,
        box_format="xyxy",
    )
    regions = regions_of(proposals, count)
    return truths, regions, image_numbers(proposal_images, "proposal_images", count, image_count)


def image_count_of(images: Any) -> int:
    """One more than the greatest number; one without numbers."""
    if images is None:
        return 1
    numbers = as_ndarray(images, "images")
    return int(numbers.max(initial=0)) + 1 if numbers.dtype.kind in "iu" else 1


def best_truths(regions: Floats, region_images: Indices, truths: Truths, threshold: float) -> Indices:
    """The object of the same image that each region overlaps most, if its IoU reaches the threshold."""
    index = np.full(len(regions), BACKGROUND)
    for image in np.unique(region_images):
        own, here = truths.of_image(image), np.flatnonzero(region_images == image)
        overlap, best = best_overlaps(regions[here], truths.boxes[own])
        reaches = (best >= 0) & (overlap >= threshold)
        index[here[reaches]] = own[best[reaches]]
    return index


def masks_of(masks: Any) -> npt.NDArray[np.uint8]:
    """(M, H, W) zeros and ones."""
    array = as_ndarray(masks, "masks")
    if array.ndim != 3:
        raise ValueError(f"masks: expected shape (M, H, W), got {array.shape}")
    pixels: npt.NDArray[np.uint8] = np.ascontiguousarray(array != 0, dtype=np.uint8)
    if array.dtype != np.bool_ and not np.array_equal(pixels, array):
        raise ValueError("masks: expected bools, or 0 and 1 alone")
    return pixels


def bounds_of(pixels: npt.NDArray[np.uint8]) -> Floats:
    """The smallest boxes around masks; of an empty one a point."""
    bounds = np.zeros((len(pixels), 4))
    for side, axis in ((0, 1), (1, 2)):
        held: npt.NDArray[np.bool_] = np.any(pixels, axis=axis)
        length = held.shape[1]
        any_held: npt.NDArray[np.bool_] = np.any(held, axis=1)
        bounds[:, side] = np.where(any_held, held.argmax(axis=1) if length else 0, 0)
        bounds[:, side + 2] = np.where(any_held, length - held[:, ::-1].argmax(axis=1) if length else 0, 0)
    return bounds


def total_terms(value: Any, gradients: tuple[Array, ...], *inputs: Array) -> Terms:
    """One term for the whole batch."""
    dtype = inputs[0].dtype

    def backward(upstream: Array) -> tuple[Array, ...]:
        return tuple((gradient * upstream).astype(of.dtype) for gradient, of in zip(gradients, inputs, strict=True))

    return Terms(np.asarray(value, dtype=dtype), backward)
