"""Markdown and JSON of a run."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from harness.goals import MEMORY_GOAL, judge
from harness.results import PHASES, Cell, Row
from peers import PACKAGES, TITLES

_COLUMNS = (
    "package", "total", "min..max", "load", "match", "accumulate", "speed", "peak MiB", "added MiB", "memory",
    "parity", "note",
)  # fmt: skip
_LEGEND = (
    "Times are medians over fresh processes; *speed* is the best peer's total over the package's (above 1: faster "
    "than every peer), *memory* the package's peak over the leanest peer's, *added* the peak less what was resident "
    "when the clock started; *parity* compares every cell of the precision, recall and scores arrays and the stats "
    "with pycocotools, bit by bit."
)


def heading(facts: dict[str, Any]) -> str:
    """Versions and machine."""
    versions = ", ".join(f"{name} {version}" for name, version in facts["packages"].items())
    machine = f"{facts['cpu']}, {facts['cpus']} CPUs, {facts['memory_gib']} GiB, {facts['system']}"
    return "\n".join(
        [
            "## Detection evaluation, side by side",
            "",
            f"- {versions}",
            f"- Python {facts['python']}, NumPy {facts['numpy']}",
            f"- {machine}",
            "",
            _LEGEND,
        ]
    )


def row_table(row: Row) -> str:
    """One table for one row of the run."""
    best, leanest = row.best_peer(), row.leanest_peer()
    threads = f"{row.threads} thread{'s' * (row.threads > 1)}"
    lines = [
        f"\n### {row.workload}, {row.route}, {threads}\n",
        _line(_COLUMNS),
        _line(["---"] * len(_COLUMNS)),
    ]
    lines += [_line(_fields(cell, best, leanest)) for cell in row.cells]
    return "\n".join(lines)


def goals_table(rows: list[Row]) -> str:
    """Where metrix stands against its goals; empty without metrix."""
    verdicts = judge(rows)
    if not verdicts:
        return ""
    lines = [
        "\n### Goals\n",
        _line(["row", "against", "speed", "goal", f"memory (goal {MEMORY_GOAL})", "added memory", "met"]),
        _line(["---"] * 7),
    ]
    for verdict in verdicts:
        row = verdict.row
        lines.append(
            _line(
                [
                    f"{row.workload}, {row.route}, {row.threads}",
                    PACKAGES[verdict.rival] + (" (files)" if row.route == "arrays" else ""),
                    f"{verdict.speed:.2f}x",
                    f"{verdict.speed_goal:.0f}x",
                    f"{verdict.memory:.2f}",
                    f"{verdict.added:.2f}",
                    "yes" if verdict.met else "no",
                ]
            )
        )
    return "\n".join(lines)


def as_json(facts: dict[str, Any], workloads: dict[str, Any], rows: list[Row]) -> dict[str, Any]:
    """Everything that was measured, repetition by repetition: seconds and bytes."""
    return {"facts": facts, "workloads": workloads, "rows": [asdict(row) for row in rows]}


def _fields(cell: Cell, best: Cell | None, leanest: Cell | None) -> list[str]:
    name = TITLES[cell.package]
    if not cell.measured or best is None or leanest is None:
        return [name, *[""] * 9, cell.parity, cell.note]
    low, high = cell.spread()
    total, load, match, accumulate = (_time(cell.median(phase)) for phase in (PHASES[-1], *PHASES[:-1]))
    return [
        name,
        total,
        f"{_time(low)}..{_time(high)}" if len(cell.measurements) > 1 else "",
        load,
        match,
        accumulate,
        f"{best.median('total') / cell.median('total'):.2f}x",
        f"{cell.median('peak') / 2**20:.0f}",
        f"{cell.median('added') / 2**20:.0f}",
        f"{cell.median('peak') / leanest.median('peak'):.2f}",
        cell.parity,
        _note(cell),
    ]


def _note(cell: Cell) -> str:
    """The cell's own note, and a warning where the time is not to be trusted."""
    warning = f"disturbed: others took {cell.median('foreign'):.0%}" if cell.disturbed else ""
    return "; ".join(text for text in (cell.note, warning) if text)


def _time(seconds: float) -> str:
    """Three significant digits, in milliseconds below ten seconds."""
    if seconds >= 10:
        return f"{seconds:.1f} s"
    return f"{seconds * 1e3:.0f} ms" if seconds >= 0.1 else f"{seconds * 1e3:.1f} ms"


def _line(fields: list[str] | tuple[str, ...]) -> str:
    return "| " + " | ".join(fields) + " |"
