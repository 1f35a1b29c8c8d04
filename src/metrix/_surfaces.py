"""Distances between two surfaces, and what is made of them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]
Direction = Literal["both", "true_to_pred", "pred_to_true"]
Empty = Literal["inf", "nan", "diagonal"] | float


@dataclass(frozen=True)
class SurfaceDistances:
    """Distances from each element of a surface to the nearest of the other: from the truth and from the prediction.

    Args:
        true_to_pred, pred_to_true: in the order of memory; infinite if the other surface is empty.
        true_sizes, pred_sizes: lengths or areas of the elements, or None where each counts as 1.
        diagonal: of the array, in units of its spacing.
    """

    true_to_pred: FloatArray
    pred_to_true: FloatArray
    true_sizes: FloatArray | None
    pred_sizes: FloatArray | None
    diagonal: float

    def hausdorff_distance(
        self,
        *,
        percentile: float = 100,
        direction: Direction = "both",
        pooled: bool = False,
        empty: Empty = "inf",
    ) -> float:
        """As the function :func:`metrix.distances.hausdorff_distance`."""
        if not 0 <= percentile <= 100:
            raise ValueError(f"percentile: expected a number from 0 to 100, got {percentile!r}")
        sides = self._sides(direction)
        answer = self._of_empty(empty)
        if answer is not None:
            return answer
        if pooled and len(sides) == 2:
            sides = [(np.concatenate([side[0] for side in sides]), _joined([side[1] for side in sides]))]
        return max(_percentile(*side, percentile) for side in sides)

    def average_surface_distance(
        self, *, direction: Direction = "both", pooled: bool = True, empty: Empty = "inf"
    ) -> float:
        """As the function :func:`metrix.distances.average_surface_distance`."""
        sides = self._sides(direction)
        answer = self._of_empty(empty)
        if answer is not None:
            return answer
        sums = [(_total(*side), _whole(*side)) for side in sides]
        if not pooled:
            return float(np.mean([part / whole for part, whole in sums]))
        return sum(part for part, _ in sums) / sum(whole for _, whole in sums)

    def surface_dice(self, *, tolerance: float) -> float:
        """As the function :func:`metrix.distances.surface_dice`."""
        if not tolerance >= 0:
            raise ValueError(f"tolerance: expected a number >= 0, got {tolerance!r}")
        within = whole = 0.0
        for distances, sizes in self._sides("both"):
            is_near = distances <= tolerance
            within += float(np.count_nonzero(is_near) if sizes is None else np.sum(sizes[is_near]))
            whole += _whole(distances, sizes)
        return within / whole if whole else math.nan

    def _sides(self, direction: Direction) -> list[tuple[FloatArray, FloatArray | None]]:
        sides = {
            "true_to_pred": (self.true_to_pred, self.true_sizes),
            "pred_to_true": (self.pred_to_true, self.pred_sizes),
        }
        if direction == "both":
            return list(sides.values())
        if direction not in sides:
            raise ValueError(f"direction: expected 'both', 'true_to_pred' or 'pred_to_true', got {direction!r}")
        return [sides[direction]]

    def _of_empty(self, empty: Empty) -> float | None:
        """The answer if a surface is empty."""
        named = {"inf": math.inf, "nan": math.nan, "diagonal": self.diagonal}
        if isinstance(empty, str) and empty not in named:
            raise ValueError(f"empty: expected 'inf', 'nan', 'diagonal' or a number, got {empty!r}")
        counts = len(self.true_to_pred), len(self.pred_to_true)
        if all(counts):
            return None
        if not any(counts):
            return math.nan
        return named[empty] if isinstance(empty, str) else float(empty)


def _joined(sizes: list[FloatArray | None]) -> FloatArray | None:
    given = [side for side in sizes if side is not None]
    return np.concatenate(given) if given else None


def _percentile(distances: FloatArray, sizes: FloatArray | None, percentile: float) -> float:
    if sizes is None:
        return float(distances.max() if percentile == 100 else np.percentile(distances, percentile))
    order = np.lexsort((sizes, distances))
    ordered = sizes[order]
    place = int(np.searchsorted(np.cumsum(ordered) / np.sum(ordered), percentile / 100))
    return float(distances[order[min(place, len(order) - 1)]])


def _total(distances: FloatArray, sizes: FloatArray | None) -> float:
    return float(np.sum(distances) if sizes is None else np.sum(distances * sizes))


def _whole(distances: FloatArray, sizes: FloatArray | None) -> float:
    return float(len(distances) if sizes is None else np.sum(sizes))
