"""Metrics of surfaces over many images."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any, Literal

from metrix._surfaces import Empty, Spacing, Surface, boundary_f1, measured

NAMES = ("hausdorff_distance", "average_surface_distance", "surface_dice", "boundary_f1_score")


class SurfaceMetrics:
    """Means over images of metrics of surfaces: ``update``, ``merge``, ``compute``; it can be pickled.

    However images are split, results have the same bits. It holds a number for each image and metric.

    Args:
        metrics: names of functions of ``metrix.distances``.
        percentile: of the Hausdorff distance.
        tolerance: of the surface Dice, which needs one.
        spacing, surface, empty: as in :func:`metrix.distances.hausdorff_distance`.
        definition, boundary_tolerance: of the boundary F1.

    Conventions:
        NaN is left out of means: images where both masks are empty, and with ``empty="nan"`` those where one is. How many
        there were is told beside the means; by default one missed object makes mean distances infinite.

    Example:
        >>> from metrix.distances import SurfaceMetrics
        >>> metrics = SurfaceMetrics(["surface_dice", "hausdorff_distance"], percentile=100, tolerance=1, empty="nan")
        >>> metrics.update([[1, 1, 0, 0]], [[1, 1, 1, 1]])
        >>> metrics.update([[1, 1, 0, 0]], [[0, 0, 0, 0]])
        >>> metrics.compute()
        {'surface_dice': 0.4166666666666667, 'hausdorff_distance': 2.0, 'images': 2, 'one_empty': 1, 'both_empty': 0}
    """

    _images: list[int]

    def __init__(
        self,
        metrics: Iterable[str] = ("hausdorff_distance", "average_surface_distance"),
        *,
        percentile: float = 95,
        tolerance: float | None = None,
        spacing: Spacing = None,
        surface: Surface = "inner",
        empty: Empty = "inf",
        definition: Literal["bfscore", "davis"] = "bfscore",
        boundary_tolerance: float | None = None,
    ) -> None:
        """Of no image yet."""
        self.metrics = tuple(metrics)
        for name in self.metrics:
            if name not in NAMES:
                raise ValueError(f"metrics: expected names among {sorted(NAMES)}, got {name!r}")
        if "surface_dice" in self.metrics and tolerance is None:
            raise TypeError("tolerance: surface_dice needs one")
        self._options: dict[str, Any] = {
            "percentile": percentile,
            "tolerance": tolerance,
            "spacing": spacing if spacing is None or isinstance(spacing, (int, float)) else tuple(map(float, spacing)),
            "surface": surface,
            "empty": empty,
            "definition": definition,
            "boundary_tolerance": boundary_tolerance,
        }
        self.reset()

    def update(self, y_true: Any, y_pred: Any, *, num_threads: int | None = None) -> None:
        """Add an image or a volume: two masks."""
        chosen = self._options
        found = measured(y_true, y_pred, chosen["spacing"], chosen["surface"], num_threads)
        values = {}
        for name in self.metrics:
            if name == "hausdorff_distance":
                values[name] = found.hausdorff_distance(percentile=chosen["percentile"], empty=chosen["empty"])
            elif name == "average_surface_distance":
                values[name] = found.average_surface_distance(empty=chosen["empty"])
            elif name == "surface_dice":
                values[name] = found.surface_dice(tolerance=chosen["tolerance"])
            else:
                options = chosen["definition"], chosen["boundary_tolerance"]
                values[name] = boundary_f1(y_true, y_pred, *options, num_threads)
        for name, value in values.items():
            self._values[name].append(value)
        empty = (not len(found.true_to_pred)) + (not len(found.pred_to_true))
        self._images[empty] += 1

    def merge(self, other: SurfaceMetrics) -> None:
        """Add all images that another one with the same options has seen."""
        if (self.metrics, self._options) != (other.metrics, other._options):
            raise ValueError("other: expected the same metrics and options")
        for name, values in self._values.items():
            values.extend(other._values[name])
        self._images = [own + more for own, more in zip(self._images, other._images)]

    def compute(self) -> dict[str, float]:
        """Means by name, and how many images there were, with one and with both masks empty."""
        means = {}
        for name, values in self._values.items():
            kept = [value for value in values if not math.isnan(value)]
            means[name] = math.fsum(kept) / len(kept) if kept else math.nan
        return {**means, "images": sum(self._images), "one_empty": self._images[1], "both_empty": self._images[2]}

    def reset(self) -> None:
        """Forget all images."""
        self._values: dict[str, list[float]] = {name: [] for name in self.metrics}
        self._images = [0, 0, 0]
