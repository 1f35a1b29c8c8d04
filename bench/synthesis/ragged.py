"""Two functions for ragged rows stored flat: many short runs side by side in one long array."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def offsets_of(counts: NDArray[np.int64]) -> NDArray[np.int64]:
    """Where each run starts, and one past the end of the last: shape ``(len(counts) + 1,)``."""
    return np.concatenate([np.zeros(1, dtype=np.int64), np.cumsum(counts, dtype=np.int64)])


def positions_within(counts: NDArray[np.int64]) -> NDArray[np.int64]:
    """``0, 1, .., counts[0] - 1, 0, 1, .., counts[1] - 1, ...``: each element's place in its own run."""
    return np.arange(int(counts.sum()), dtype=np.int64) - np.repeat(offsets_of(counts)[:-1], counts)
