"""Run-length encoded masks, rasterised by pycocotools: crowd regions of the ground truth, and mask results."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pycocotools.mask
from numpy.typing import NDArray


@dataclass(frozen=True)
class CrowdRegion:
    """A crowd as COCO stores it: uncompressed runs, whole-pixel box and area."""

    segmentation: dict[str, Any]  # {"counts": [..], "size": [height, width]}
    bbox: list[int]
    area: int


def crowd_region(polygons: Sequence[Sequence[float]], height: int, width: int) -> CrowdRegion:
    """The union of ``polygons`` as a crowd region."""
    rle = _encode(polygons, height, width)
    pixels = pycocotools.mask.decode(rle).ravel(order="F")
    edges = np.flatnonzero(np.diff(pixels)) + 1
    runs = np.diff(np.concatenate([[0], edges, [pixels.size]]))
    counts = runs.tolist() if pixels[0] == 0 else [0, *runs.tolist()]
    box = pycocotools.mask.toBbox(rle)
    return CrowdRegion(
        segmentation={"counts": counts, "size": [height, width]},
        bbox=[int(value) for value in box],
        area=int(pixels.sum()),
    )


def result_segmentation(polygons: Sequence[Sequence[float]], height: int, width: int) -> dict[str, Any]:
    """The union of ``polygons`` as a results file spells a mask: size and compressed string."""
    rle = _encode(polygons, height, width)
    return {"size": [height, width], "counts": rle["counts"].decode("ascii")}


def _encode(polygons: Sequence[Sequence[float]], height: int, width: int) -> dict[str, Any]:
    parts = pycocotools.mask.frPyObjects([list(polygon) for polygon in polygons], height, width)
    return pycocotools.mask.merge(parts)


def move_points(
    points: NDArray[np.float64],
    from_box: NDArray[np.float64],
    to_box: NDArray[np.float64],
    noise: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Points of an outline in ``from_box`` carried over to ``to_box``, each shaken by ``noise`` box sizes."""
    extent = np.maximum(from_box[2:], 1e-6)
    return to_box[:2] + ((points - from_box[:2]) / extent + noise) * to_box[2:]
