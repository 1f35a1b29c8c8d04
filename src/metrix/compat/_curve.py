"""One curve of precision over recall, as COCO and LVIS draw it."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from metrix.protocols import COCO_DETECTION

FloatArray = npt.NDArray[np.float64]


def curve(
    right: FloatArray, wrong: FloatArray, positives: Any, recall_thresholds: Any
) -> tuple[float, npt.NDArray[np.intp], FloatArray]:
    """Final recall, the ranks at which the recalls are reached, and the envelope of precision.

    ``right`` and ``wrong`` are the numbers of such detections up to each rank.
    """
    reached = right / positives
    envelope = np.maximum.accumulate((right / (wrong + right + COCO_DETECTION.epsilon))[::-1])[::-1]
    ranks = np.searchsorted(reached, recall_thresholds, side="left")
    # The first recall that is never reached ends the search: what is asked for behind it stays 0.
    missed = np.flatnonzero(ranks >= len(reached))
    ranks = ranks[: missed[0]] if len(missed) else ranks
    return (float(reached[-1]) if len(reached) else 0.0), ranks, envelope
