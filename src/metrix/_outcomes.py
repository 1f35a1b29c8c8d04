"""The outcome of every detection: the one state from which all later numbers come."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from metrix import _core


@dataclass(frozen=True)
class Outcomes:
    """What became of each detection at each threshold and area range; plain arrays, some 40 bytes a detection.

    Detections stand by category and, within one, by descending score (equal scores by image, then by rank), so that every
    curve is one pass. Bits are thresholds, in words of sixteen.
    """

    threshold_count: int
    category_offset: npt.NDArray[np.int64]  # (K + 1,)
    score: npt.NDArray[np.float64]  # (N,)
    image: npt.NDArray[np.int32]  # (N,) place in the evaluated images
    rank: npt.NDArray[np.int32]  # (N,) by score within image and category
    row: npt.NDArray[np.int32]  # (N,) of the detections
    bits: npt.NDArray[np.uint16]  # (N, A, words, 2) matched and ignored
    positives: npt.NDArray[np.int64]  # (K, A) ground truths that are not ignored
    image_positives: npt.NDArray[np.int32]  # (I, A)
    #: With diagnostics: the annotation matched at the lowest threshold (or -1), and the best overlaps.
    ground_truth: npt.NDArray[np.int32] | None = None  # (N,)
    best_overlap: npt.NDArray[np.float32] | None = None  # (N,)
    best_other_overlap: npt.NDArray[np.float32] | None = None  # (N,)

    def __len__(self) -> int:
        """Number of detections within the caps."""
        return len(self.score)

    @cached_property
    def view(self) -> Any:
        """The checked view that the kernels of curves take."""
        return _core.curves.outcomes_of(
            self.category_offset,
            self.score,
            self.rank,
            self.bits,
            self.positives,
            self.threshold_count,
        )

    def __getstate__(self) -> dict[str, Any]:
        """All but the view, which points into this process's memory."""
        return {name: value for name, value in self.__dict__.items() if name != "view"}

    def matched(self, area: int, threshold: int) -> npt.NDArray[np.bool_]:
        """(N,) which detections match at one threshold."""
        return self._bit(area, threshold, 0)

    def ignored(self, area: int, threshold: int) -> npt.NDArray[np.bool_]:
        """(N,) which detections are ignored at one threshold."""
        return self._bit(area, threshold, 1)

    def _bit(self, area: int, threshold: int, which: int) -> npt.NDArray[np.bool_]:
        words = self.bits[:, area, threshold // 16, which]
        return (words >> np.uint16(threshold % 16) & np.uint16(1)).astype(np.bool_)
