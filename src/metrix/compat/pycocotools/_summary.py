"""``COCOeval.summarize``: the printed lines and ``stats``."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from metrix.protocols import PROTOCOLS, SummaryRow

FloatArray = npt.NDArray[np.float64]
#: Of thresholds.
Places = slice | npt.NDArray[np.intp]


class Curves(Protocol):
    """Where the numbers come from; indexed by places of thresholds, and of area ranges and caps in pairs."""

    def precision_at(self, thresholds: Places, areas: list[int], caps: list[int]) -> FloatArray:
        """(T, R, K, ...) precision."""

    def recall_at(self, thresholds: Places, areas: list[int], caps: list[int]) -> FloatArray:
        """(T, K, ...) recall."""


class CurvesOfArrays:
    """The arrays that ``accumulate`` leaves in ``eval``."""

    def __init__(self, arrays: Any) -> None:
        """``arrays`` is ``eval``."""
        self._arrays = arrays

    def precision_at(self, thresholds: Places, areas: list[int], caps: list[int]) -> FloatArray:
        """(T, R, K, ...) precision."""
        precision: FloatArray = self._arrays["precision"][thresholds][:, :, :, areas, caps]
        return precision

    def recall_at(self, thresholds: Places, areas: list[int], caps: list[int]) -> FloatArray:
        """(T, K, ...) recall."""
        recall: FloatArray = self._arrays["recall"][thresholds][:, :, areas, caps]
        return recall


def summarize(p: Any, curves: Curves, print_line: Callable[[str], None]) -> FloatArray:
    """Print a line for each published number, and return the numbers.

    Raises:
        IndexError: where a number asks for a place of ``maxDets`` that is not there; the lines before it are printed.
    """
    rows = PROTOCOLS["coco"][p.iouType].summary
    stats = np.zeros(len(rows))
    for place, row in enumerate(rows):
        cap = row.cap if row.cap is not None else p.maxDets[row.cap_place]
        stats[place] = _mean(p, curves, row, cap, print_line)
    return stats


def _mean(p: Any, curves: Curves, row: SummaryRow, cap: Any, print_line: Callable[[str], None]) -> Any:
    areas = [place for place, label in enumerate(p.areaRngLbl) if label == row.area]
    caps = [place for place, value in enumerate(p.maxDets) if value == cap]
    thresholds: Places = slice(None)
    if row.iou_threshold is None:
        shown = f"{p.iouThrs[0]:0.2f}:{p.iouThrs[-1]:0.2f}"
    else:
        shown = f"{row.iou_threshold:0.2f}"
        # A list of thresholds equals no number, and then no threshold is found: as in the reference.
        thresholds = np.where(row.iou_threshold == p.iouThrs)[0]
    values = (curves.precision_at if row.kind == "AP" else curves.recall_at)(thresholds, areas, caps)
    present = values[values > -1]
    mean = np.mean(present) if len(present) else -1
    title = "Average Precision" if row.kind == "AP" else "Average Recall"
    label = f"IoU={shown:<9} | area={row.area:>6s} | maxDets={cap:>3d}"
    print_line(f" {title:<18} ({row.kind}) @[ {label} ] = {mean:0.3f}")
    return mean
