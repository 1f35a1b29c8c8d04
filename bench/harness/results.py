"""What a run collects: one cell per package, one row per (workload, route, threads)."""

from __future__ import annotations

import statistics
from dataclasses import dataclass, field

from harness.processes import Measurement
from peers import OURS, OWN

DISTURBED = 0.1
PHASES = ("load", "match", "accumulate", "total")


@dataclass
class Cell:
    """All that was learnt about one package in one row."""

    package: str
    measurements: list[Measurement] = field(default_factory=list)
    dropped: list[Measurement] = field(default_factory=list)
    parity: str = ""
    exact: bool | None = None
    note: str = ""

    @property
    def measured(self) -> bool:
        """Whether there is a time to show."""
        return bool(self.measurements)

    @property
    def disturbed(self) -> bool:
        """Whether other processes took more than a tenth of the CPUs' time."""
        return self.measured and self.median("foreign") > DISTURBED

    def keep_quietest(self, count: int) -> None:
        """Keep the ``count`` least disturbed repetitions. The choice looks at other processes, never at times."""
        by_disturbance = sorted(self.measurements, key=lambda measurement: measurement.foreign)
        self.measurements, self.dropped = by_disturbance[:count], by_disturbance[count:]

    def median(self, name: str) -> float:
        """The median over the repetitions of a phase (seconds) or a memory figure (bytes)."""
        return statistics.median(getattr(measurement, name) for measurement in self.measurements)

    def spread(self, name: str = "total") -> tuple[float, float]:
        """The smallest and the largest of the repetitions."""
        values = [getattr(measurement, name) for measurement in self.measurements]
        return min(values), max(values)


@dataclass
class Row:
    """One (workload, route, threads) with a cell for each package."""

    workload: str
    route: str
    threads: int
    cells: list[Cell]

    def measured_peers(self) -> list[Cell]:
        """The cells with times that are not ours."""
        return [cell for cell in self.cells if cell.measured and cell.package not in OWN]

    def best_peer(self) -> Cell | None:
        """The peer with the smallest median total."""
        return min(self.measured_peers(), key=lambda cell: cell.median("total"), default=None)

    def leanest_peer(self) -> Cell | None:
        """The peer with the smallest peak memory."""
        return min(self.measured_peers(), key=lambda cell: cell.median("peak"), default=None)

    def ours(self) -> Cell | None:
        """The cell of metrix, if it was measured."""
        return next((cell for cell in self.cells if cell.package == OURS and cell.measured), None)
