"""The little that the harness asks of every package."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from columns import DetectionColumns, GroundTruthColumns

GroundTruthSource = Path | dict[str, Any] | GroundTruthColumns
DetectionSource = Path | list[dict[str, Any]] | DetectionColumns


@dataclass(frozen=True)
class Outcome:
    """What an evaluation gives; pycocotools' layout and order. LVIS has no axis M and no scores, which are then empty."""

    stats: NDArray[np.float64]  # (12,), keypoints (10,), LVIS (13,)
    precision: NDArray[np.float64]  # (T, R, K, A, M)
    recall: NDArray[np.float64]  # (T, K, A, M)
    scores: NDArray[np.float64]  # (T, R, K, A, M)


def without_lone_cap(array: NDArray[np.float64]) -> NDArray[np.float64]:
    """The layout of LVIS from that of COCO with one cap."""
    return np.asarray(array, dtype=np.float64)[..., 0]


#: What stands for the scores of LVIS.
NO_SCORES = np.zeros(0)


class Evaluation(ABC):
    """One evaluation from input to numbers, in the three phases that are timed.

    The harness calls ``load``, ``match`` and ``accumulate`` in this order, each once. The source given to ``load`` is
    two paths (route ``files``), two objects as ``json.load`` gives them (``lists``; the caller will not use them again,
    so a package may change them), or two sets of columns (``arrays``).
    """

    #: What the adapter calls, one line per route.
    routes: ClassVar[dict[str, str]]
    #: The IoU types whose results the package gets with a ``bbox`` key in each record, because it cannot do without
    #: or is faster with it. COCO's results format has none; the numbers are the same.
    boxed_for: ClassVar[frozenset[str]] = frozenset()

    def __init__(self, iou_type: str, num_threads: int, protocol: str = "coco") -> None:
        self.iou_type = iou_type
        self.num_threads = num_threads
        self.protocol = protocol

    @abstractmethod
    def load(self, ground_truth: GroundTruthSource, detections: DetectionSource) -> None:
        """Read and index both sides."""

    @abstractmethod
    def match(self) -> None:
        """Similarities and matching."""

    @abstractmethod
    def accumulate(self) -> None:
        """Curves and the published numbers."""

    @abstractmethod
    def outcome(self) -> Outcome:
        """The arrays; called after the clock has stopped."""

    def refine(self, seconds: dict[str, float]) -> dict[str, float]:
        """Correct the split over the phases where a package does several in one call and says how long each took."""
        return seconds
