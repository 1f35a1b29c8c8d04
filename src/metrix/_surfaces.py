"""Distances between two surfaces, and what is made of them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from metrix import _core
from metrix._arrays import as_ndarray
from metrix._surfels import surfel_sizes
from metrix._threads import resolve_num_threads

FloatArray = npt.NDArray[np.float64]
Direction = Literal["both", "true_to_pred", "pred_to_true"]
Spacing = float | Sequence[float] | None
Surface = Literal["inner", "surfels"]
Empty = Literal["inf", "nan", "diagonal"] | float

#: So few elements are not worth a second thread.
_SERIAL_SIZE = 1 << 20


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


def measured(y_true: Any, y_pred: Any, spacing: Spacing, surface: Surface, num_threads: int | None) -> SurfaceDistances:
    """As the function :func:`metrix.distances.surface_distances`."""
    if surface not in ("inner", "surfels"):
        raise ValueError(f"surface: expected 'inner' or 'surfels', got {surface!r}")
    truth, predicted = masks_of(y_true, y_pred)
    sizes = axis_sizes(spacing, truth.ndim)
    true_to_pred, pred_to_true, *codes = between(truth, predicted, sizes, surface, num_threads)
    true_sizes, pred_sizes = None, None
    if surface == "surfels":
        true_sizes, pred_sizes = (surfel_sizes(tuple(sizes))[side] for side in codes)
    diagonal = math.hypot(*(count * size for count, size in zip(truth.shape, sizes)))
    return SurfaceDistances(true_to_pred, pred_to_true, true_sizes, pred_sizes, diagonal)


def boundary_f1(y_true: Any, y_pred: Any, definition: str, tolerance: float | None, num_threads: int | None) -> float:
    """As the function :func:`metrix.distances.boundary_f1_score`, of masks."""
    truth, predicted = masks_of(y_true, y_pred)
    if truth.ndim != 2:
        raise ValueError(f"y_true: expected shape (H, W), got {truth.shape}")
    diagonal = math.hypot(*truth.shape)
    if tolerance is None:
        tolerance = 0.0075 * diagonal if definition == "bfscore" else math.ceil(0.008 * diagonal)
    if not tolerance >= 0:
        raise ValueError(f"tolerance: expected a number >= 0, got {tolerance!r}")
    surface = "inner" if definition == "bfscore" else "davis"
    true_to_pred, pred_to_true, *_ = between(truth, predicted, [1.0, 1.0], surface, num_threads)
    if not len(true_to_pred) and not len(pred_to_true):
        return math.nan if definition == "bfscore" else 1.0
    near = [int(np.count_nonzero(side <= tolerance)) for side in (pred_to_true, true_to_pred)]
    if not all(near):
        return 0.0
    precision, recall = near[0] / len(pred_to_true), near[1] / len(true_to_pred)
    return 2 * precision * recall / (precision + recall)


def masks_of(y_true: Any, y_pred: Any) -> tuple[npt.NDArray[Any], npt.NDArray[Any]]:
    """Two masks of one shape."""
    truth, predicted = as_ndarray(y_true, "y_true"), as_ndarray(y_pred, "y_pred")
    if truth.ndim not in (2, 3):
        raise ValueError(f"y_true: expected shape (H, W) or (D, H, W), got {truth.shape}")
    if predicted.shape != truth.shape:
        raise ValueError(f"y_pred: expected the shape of y_true, {truth.shape}, got {predicted.shape}")
    return truth, predicted


def between(truth: Any, predicted: Any, sizes: list[float], surface: str, num_threads: int | None) -> tuple[Any, ...]:
    """The kernel's answer for masks of two or three axes."""
    padding = 3 - truth.ndim
    first, second = (
        np.ascontiguousarray(side if side.dtype in (np.bool_, np.uint8) else side != 0)
        .view(np.uint8)
        .reshape((1,) * padding + side.shape)
        for side in (truth, predicted)
    )
    threads = resolve_num_threads(num_threads) if truth.size > _SERIAL_SIZE else 1
    spacing = [*(1.0,) * padding, *sizes]
    return _core.distances.surface_distances(first, second, spacing, truth.ndim, surface, threads)


def axis_sizes(spacing: Spacing, axes: int) -> list[float]:
    """One for each axis."""
    values = np.ones(axes) if spacing is None else np.asarray(spacing, dtype=np.float64)
    sizes = [float(values)] * axes if values.ndim == 0 else values.tolist()
    if values.ndim > 1 or len(sizes) != axes:
        raise ValueError(f"spacing: expected one number or one for each of {axes} axes, got {spacing!r}")
    if not all(0 < size < math.inf for size in sizes):
        raise ValueError(f"spacing: expected finite numbers > 0, got {spacing!r}")
    return sizes
