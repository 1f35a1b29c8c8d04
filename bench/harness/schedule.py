"""The order of a run: parity of every package first, then repetitions in round robin."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from harness.parity import compare
from harness.processes import Job, Limits, Stopped, run_job
from harness.reference import ensure_reference
from harness.results import DISTURBED, Cell, Row
from peers import EVALUATES, OURS, SINGLE_THREADED
from workloads import Workload


@dataclass(frozen=True)
class Plan:
    """What to run."""

    workloads: list[Workload]
    routes: list[str]
    threads: list[int]
    packages: list[str]  # installed ones
    repeat: int
    extra_rounds: int  # at most this many times ``repeat`` more where others were using the CPUs
    single_after: float  # seconds; a package slower than this is measured once
    limits: Limits


class ParityError(Exception):
    """metrix does not give the reference's bits."""


def run(plan: Plan) -> Iterator[Row]:
    """Measure all rows; each is given out as soon as it is complete."""
    for workload in plan.workloads:
        workload.ensure()
        ensure_reference(workload)
        stopped: dict[str, Cell] = {}
        for route in plan.routes:
            if route not in workload.routes:
                continue
            known = stopped
            for threads in plan.threads:
                row = _run_row(plan, workload, route, threads, known)
                known = {cell.package: cell for cell in row.cells}
                stopped = {cell.package: cell for cell in row.cells if cell.note.startswith("stopped")}
                yield row


def _run_row(plan: Plan, workload: Workload, route: str, threads: int, known: dict[str, Cell]) -> Row:
    _progress(f"{workload.name}  {route}  {threads} thread{'s' * (threads > 1)}")
    _warm_file_cache(workload)
    packages = [package for package in plan.packages if package in EVALUATES[workload.protocol]]
    cells = [_reused(package, known) or _check(plan, workload, route, threads, package) for package in packages]
    timed = [cell for cell in cells if cell.exact is not None and not cell.measured]
    for repetition in range(plan.repeat * (1 + plan.extra_rounds)):
        if repetition >= plan.repeat and not any(_wants_more(cell, plan.repeat) for cell in timed):
            break
        for cell in timed:
            job = _job(workload, route, threads, cell.package)
            try:
                measurement = run_job(job, plan.limits)
            except Stopped as reason:
                cell.note = str(reason)
                continue
            cell.measurements.append(measurement)
            foreign = f" (others: {measurement.foreign:.0%})" if measurement.foreign > DISTURBED else ""
            _progress(f"  round {repetition + 1} {cell.package}: {measurement.total:.3f} s{foreign}")
    for cell in timed:
        cell.keep_quietest(plan.repeat)
    return Row(workload.name, route, threads, cells)


def _wants_more(cell: Cell, repeat: int) -> bool:
    """Whether too few repetitions had the CPUs to themselves. All packages then go another round, to stay level."""
    return sum(measurement.foreign <= DISTURBED for measurement in cell.measurements) < repeat


def _reused(package: str, known: dict[str, Cell]) -> Cell | None:
    """More threads change nothing for a package that has only one, nor another route for one that hit a limit."""
    cell = known.get(package)
    if cell is None:
        return None
    if cell.note.startswith("stopped"):
        return cell
    if package in SINGLE_THREADED:
        return replace(cell, note="knows one thread only")
    return None


def _check(plan: Plan, workload: Workload, route: str, threads: int, package: str) -> Cell:
    """Run once, untimed, and compare every cell with the reference. Only slow packages keep the time of this run."""
    cell = Cell(package)
    with tempfile.TemporaryDirectory(prefix="metrix-bench-") as scratch:
        arrays = Path(scratch, "outcome.npz")
        try:
            measurement = run_job(_job(workload, route, threads, package, str(arrays)), plan.limits)
        except Stopped as reason:
            cell.note = str(reason)
            _progress(f"  {package}: {cell.note}")
            if package == OURS:
                raise ParityError(f"{workload.name}, {route}, {threads} threads: {reason}") from reason
            return cell
        parity = compare(workload.reference_path, arrays)
    cell.parity, cell.exact = str(parity), parity.exact
    _progress(f"  parity {package}: {parity}")
    if package == OURS and not parity.exact:
        raise ParityError(f"{workload.name}, {route}, {threads} threads: {parity}; {parity.differing}")
    if measurement.total > plan.single_after:
        cell.measurements.append(measurement)
        cell.note = "1 run"
    return cell


def _job(workload: Workload, route: str, threads: int, package: str, arrays: str = "") -> Job:
    return Job(package, workload.name, workload.iou_type, route, threads, _cpus(threads), arrays)


def _cpus(threads: int) -> list[int]:
    """As many CPUs as threads: the last ones, since the first serve interrupts more often."""
    available = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else list(range(threads))
    if len(available) < threads:
        raise SystemExit(f"{threads} threads need as many CPUs, and this process may use {len(available)}")
    return available[-threads:]


def _warm_file_cache(workload: Workload) -> None:
    """Read the files once, so that the first package does not pay for the disk."""
    for path in (workload.ground_truth_path, workload.detections_path, workload.boxed_detections_path):
        with path.open("rb") as file:
            while file.read(1 << 20):
                pass


def _progress(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
