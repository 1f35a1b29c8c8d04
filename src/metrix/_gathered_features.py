"""Features of two sides that come in batches and are kept, for scores that compare each row with each."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from metrix._statistics import features_of

Array = npt.NDArray[Any]


class GatheredFeatures:
    """All rows of both sides, in the precision in which they come."""

    def __init__(self) -> None:
        """Of no features yet."""
        self._sides: tuple[list[Array], list[Array]] = ([], [])

    def update(self, real: Any, generated: Any) -> None:
        """Add (N, D) features of either side, or of both, which need not be equally many; None for none."""
        dimension = self._dimension
        added: list[tuple[list[Array], Array]] = []
        for parts, values, name in zip(self._sides, (real, generated), ("real", "generated")):
            if values is not None:
                rows = features_of(values, name, dimension)
                dimension = rows.shape[1]
                added.append((parts, np.array(rows, order="C")))
        for parts, rows in added:
            parts.append(rows)

    def merge(self, other: Any) -> None:
        """Add all that another one with the same options has seen, behind what there is."""
        mine, others = self._options(), other._options()
        if mine != others:
            raise ValueError(f"other: expected options {mine}, got {others}")
        if None not in (self._dimension, other._dimension) and self._dimension != other._dimension:
            raise ValueError(f"other: expected {self._dimension} dimensions, got {other._dimension}")
        for parts, added in zip(self._sides, [list(side) for side in other._sides]):
            parts.extend(added)

    def reset(self) -> None:
        """Forget all data."""
        self._sides = ([], [])

    def _options(self) -> tuple[Any, ...]:
        return ()

    @property
    def _dimension(self) -> int | None:
        return next((parts[0].shape[1] for parts in self._sides if parts), None)

    def _gathered(self) -> tuple[Array, Array]:
        for parts in self._sides:
            if len(parts) > 1:
                parts[:] = [np.concatenate(parts)]
        real, generated = (parts[0] if parts else np.empty((0, self._dimension or 0)) for parts in self._sides)
        return real, generated


def two_sides(real: Any, generated: Any, least: int) -> tuple[Array, Array]:
    """Features of one dimension, with at least so many rows each."""
    first = features_of(real, "real")
    second = features_of(generated, "generated")
    for rows, name in ((first, "real"), (second, "generated")):
        if len(rows) < least:
            raise ValueError(f"{name}: expected at least {least} rows, got {len(rows)}")
    if first.shape[1] != second.shape[1]:
        raise ValueError(f"generated: expected {first.shape[1]} dimensions as in real, got {second.shape[1]}")
    return first, second
