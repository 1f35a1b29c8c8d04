"""Distances to the nearest background, by looking at all of it."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt


def squared_distances(mask: npt.NDArray[Any], spacing: Any = 1.0) -> npt.NDArray[np.float64]:
    """Exact for whole-numbered spacings; infinite without any background."""
    steps = np.broadcast_to(np.asarray(spacing, dtype=np.float64), (mask.ndim,))
    places = np.argwhere(mask == 0) * steps
    result = np.full(mask.shape, np.inf)
    for place in np.ndindex(mask.shape):
        if len(places):
            result[place] = ((places - np.asarray(place) * steps) ** 2).sum(axis=1).min()
    return result
