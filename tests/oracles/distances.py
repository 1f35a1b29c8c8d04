"""Distances to the nearest background, by looking at all of it."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt


def squared_distances(mask: npt.NDArray[Any], spacing: Any = 1.0) -> npt.NDArray[np.float64]:
    """Exact for whole-numbered spacings; infinite without any background."""
    steps = np.broadcast_to(np.asarray(spacing, dtype=np.float64), (mask.ndim,))
    places = np.argwhere(mask == 0)
    result = np.full(mask.shape, np.inf)
    for place in np.ndindex(mask.shape):
        if len(places):
            result[place] = (((places - np.asarray(place)) * steps) ** 2).sum(axis=1).min()
    return result


Places = list[tuple[int, ...]]


def inner_surface(mask: npt.NDArray[Any]) -> Places:
    """Elements of the mask with a neighbour along an axis that is not of it."""
    padded = np.pad(mask != 0, 1)
    places = []
    for place in np.argwhere(mask != 0):
        steps = np.concatenate([np.eye(mask.ndim, dtype=int), -np.eye(mask.ndim, dtype=int)])
        if not all(padded[tuple(place + 1 + step)] for step in steps):
            places.append(tuple(place.tolist()))
    return places


def surfels(mask: npt.NDArray[Any]) -> dict[tuple[int, ...], int]:
    """Codes by corner: all that have some of the mask around them, and not it alone."""
    padded = np.pad(mask != 0, 1)
    codes = {}
    for place in np.ndindex(*(length + 1 for length in mask.shape)):
        around = padded[tuple(slice(i, i + 2) for i in place)].ravel()
        if around.any() and not around.all():
            codes[place] = int("".join("01"[int(bit)] for bit in around), 2)
    return codes


def davis_boundary(mask: npt.NDArray[Any]) -> Places:
    """Elements unlike the next one to the right, below or across, where there is one."""
    height, width = mask.shape
    places = []
    for y, x in np.ndindex(height, width):
        others = [(y, x + 1), (y + 1, x), (y + 1, x + 1)]
        if any(i < height and j < width and bool(mask[i, j]) != bool(mask[y, x]) for i, j in others):
            places.append((y, x))
    return places


def distances_between(first: Any, second: Any, spacing: Any) -> npt.NDArray[np.float64]:
    """From each place of the first to the nearest of the second, by looking at all of them."""
    steps = np.asarray(spacing, dtype=np.float64)
    if not len(first) or not len(second):
        return np.full(len(first), np.inf)
    others = np.array(list(second))
    return np.array([np.sqrt((((others - place) * steps) ** 2).sum(axis=1).min()) for place in map(np.array, first)])
