"""What metrix wants to reach, as ratios to the best peer of the same run."""

from __future__ import annotations

from dataclasses import dataclass

from harness.results import Cell, Row

MEMORY_GOAL = 0.7  # of the leanest peer's peak
_ARRAYS_GOAL = 10.0  # against the best peer's files route
_LISTS_GOAL = 4.0  # boxes of val2017
_BOUNDARY_GOAL = 10.0
_USUAL_GOAL = 2.0


@dataclass(frozen=True)
class Verdict:
    """One row's speed and memory against its goals."""

    row: Row
    rival: str
    speed: float
    speed_goal: float
    memory: float  # peak, input and interpreter included
    added: float  # what the evaluation needs on top

    @property
    def met(self) -> bool:
        """Whether both goals are reached."""
        return self.speed >= self.speed_goal and self.memory <= MEMORY_GOAL


def judge(rows: list[Row]) -> list[Verdict]:
    """Compare each row of metrix with the peer that its goal names."""
    verdicts = []
    for row in rows:
        ours, rival, leanest = row.ours(), _rival(row, rows), row.leanest_peer()
        if ours is None or rival is None or leanest is None:
            continue
        verdicts.append(
            Verdict(
                row=row,
                rival=rival.package,
                speed=rival.median("total") / ours.median("total"),
                speed_goal=_speed_goal(row),
                memory=ours.median("peak") / leanest.median("peak"),
                added=ours.median("added") / max(min(peer.median("added") for peer in row.measured_peers()), 1),
            )
        )
    return verdicts


def _rival(row: Row, rows: list[Row]) -> Cell | None:
    """The best peer: for arrays that of the files route, since few peers take arrays on both sides."""
    if row.route != "arrays":
        return row.best_peer()
    files = (
        other for other in rows if (other.workload, other.route, other.threads) == (row.workload, "files", row.threads)
    )
    return next((other.best_peer() for other in files), None)


def _speed_goal(row: Row) -> float:
    if row.route == "arrays":
        return _ARRAYS_GOAL
    if row.route == "lists" and row.workload.startswith("val2017_bbox"):
        return _LISTS_GOAL
    if row.workload.startswith("val2017_boundary"):
        return _BOUNDARY_GOAL
    return _USUAL_GOAL
