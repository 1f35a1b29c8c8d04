"""How far a package's arrays are from the reference: every cell of them, bit by bit."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

ARRAYS = ("stats", "precision", "recall", "scores")


@dataclass(frozen=True)
class Parity:
    """``exact``: the same bits everywhere. Otherwise how many cells differ, and by how much at most."""

    exact: bool
    differing: dict[str, int]  # by array; -1 when the shapes differ
    largest: float
    note: str = ""

    def __str__(self) -> str:
        if self.exact:
            return "exact"
        if self.note:
            return self.note
        cells = sum(count for name, count in self.differing.items() if name != "stats")
        return f"{cells} cells, max {self.largest:.1e}; {self.differing['stats']} stats"


def compare(reference_path: Path, outcome_path: Path) -> Parity:
    """Compare saved arrays with the saved reference."""
    with np.load(reference_path) as reference, np.load(outcome_path) as outcome:
        differing: dict[str, int] = {}
        largest = 0.0
        for name in ARRAYS:
            expected = np.asarray(reference[name], dtype=np.float64)
            actual = np.asarray(outcome[name], dtype=np.float64)
            if expected.shape != actual.shape:
                differing[name] = -1
                note = f"{name} has shape {actual.shape}, not {expected.shape}"
                return Parity(False, differing, float("nan"), note)
            unequal = _bits(expected) != _bits(actual)
            differing[name] = int(np.count_nonzero(unequal))
            if differing[name]:
                largest = max(largest, float(np.max(np.abs(expected - actual))))
    return Parity(not any(differing.values()), differing, largest)


def _bits(values: NDArray[np.float64]) -> NDArray[np.int64]:
    return np.ascontiguousarray(values).view(np.int64)
