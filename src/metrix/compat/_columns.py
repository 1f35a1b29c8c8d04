"""What an evaluation by columns asks of records and params that may be anything.

Where these are such that the reference would stop, or that its order of steps would show, :class:`Unusual` says so, and the
steps of the reference are taken one by one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from metrix._detection_input import POLYGONS
from metrix.compat._pending import Record
from metrix.records import GroundTruth, MaskColumn

FloatArray = npt.NDArray[np.float64]

#: What may go wrong with columns that the reference may take, or refuse with an exception of its own.
UNSUITABLE = (ValueError, TypeError, KeyError, OverflowError)


class Unusual(ValueError):
    """This is nothing for the kernels."""


@dataclass(frozen=True)
class GroundTruthColumns:
    """Ground truth, and its ids as the annotations have them."""

    truth: GroundTruth
    ids: Any  # N


def ids_of(values: Any) -> npt.NDArray[Any]:
    """Ids of one kind."""
    ids = np.array(list(values))
    if ids.ndim != 1 or not len(ids) or ids.dtype.kind not in "iuU":
        raise Unusual("no ids, or of several kinds")
    return ids


def unique(ids: Any) -> list[Any]:
    """``list(np.unique(ids))``, which takes ten milliseconds for the first time in a process."""
    array = np.array(ids)
    if array.ndim != 1 or array.dtype.kind not in "iu":
        return list(np.unique(ids))
    array.sort()
    return list(array[np.concatenate([[True], array[1:] != array[:-1]])[: len(array)]])


def chosen_of(ids: npt.NDArray[Any], known: npt.NDArray[Any]) -> npt.NDArray[Any] | None:
    """The chosen ids, or None for all, which is found out faster."""
    return None if np.array_equal(ids, known) else ids


def numbers_of(values: Any) -> FloatArray:
    """Numbers of one axis, none of them NaN."""
    array = np.array(values)
    if array.ndim != 1 or not len(array) or array.dtype.kind not in "iuf" or np.isnan(array).any():
        raise Unusual("no list of numbers")
    return array.astype(np.float64)


def area_ranges(values: Any) -> dict[str, tuple[float, float]]:
    """Ranges of area by their places."""
    ranges = np.array([list(limits) for limits in values], dtype=np.float64)
    if ranges.ndim != 2 or ranges.shape[1] != 2 or np.isnan(ranges).any():
        raise Unusual("area ranges that are no pairs of numbers")
    return {str(place): (low, high) for place, (low, high) in enumerate(ranges.tolist())}


def size_of(image: Record) -> Record:
    """What of an image masks need."""
    return {side: image[side] for side in ("height", "width") if side in image}


def refuse_odd_polygons(masks: MaskColumn | None) -> None:
    """No polygon, or four numbers, which the reference takes for a box and stops."""
    if masks is None or not (masks.kind == POLYGONS).any():
        return
    first = masks.offset[:-1][masks.kind == POLYGONS].astype(np.int64)
    if (np.diff(masks.offset.astype(np.int64))[masks.kind == POLYGONS] < 8).any():
        raise Unusual("an object without polygons")
    counts = masks.payload[first[:, None] + np.arange(8)].view(np.uint64)
    if (counts <= 4).any():
        raise Unusual("a first polygon of at most four numbers")
