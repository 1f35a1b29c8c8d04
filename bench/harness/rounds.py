"""Calls side by side in one process: their results compared first, then their times taken in turn.

For kernels, whose calls take microseconds to seconds. The first call of a contest is metrix's, and the others must give
the same bits, unless they are named as inexact: then the table says how far off they are.
"""

from __future__ import annotations

import argparse
import gc
import importlib
import platform
import statistics
import time
from collections.abc import Callable, Collection
from importlib import metadata
from typing import Any

import numpy as np

Call = Callable[[], Any]

_LEGEND = (
    "Times are medians over rounds; in each round every call has its turn. *ratio* is the time over that of the first "
    "row. *result* compares with the first row, bit by bit, before any clock runs."
)


def quick_from_arguments(description: str) -> bool:
    """Whether the command line asks for the short form."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--quick", action="store_true", help="small inputs and few rounds: seconds")
    return bool(parser.parse_args().quick)


def optional(module: str) -> Any:
    """The module, or None where it is not installed."""
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError:
        return None


def print_heading(title: str, rivals: Collection[str], missing: str = "") -> None:
    """Versions, and what could not be compared with."""
    versions = ", ".join(f"{name} {_version(name)}" for name in ("metrix", "numpy", *rivals))
    print(f"## {title}\n\n- {versions}, Python {platform.python_version()}, {platform.machine()}")
    if missing:
        print(f"- {missing}")
    print(f"\n{_LEGEND}", flush=True)


def contest(
    title: str,
    calls: dict[str, Call],
    *,
    inexact: Collection[str] = (),
    uncompared: Collection[str] = (),
    rounds: int = 7,
) -> None:
    """Compare, time and print one table.

    Args:
        title: of the table.
        calls: by name; metrix's first.
        inexact: calls whose results may differ from the first one's.
        uncompared: calls that compute something else, such as the limit of the machine.
        rounds: how many times each call has its turn.
    """
    names = list(calls)
    verdicts = {names[0]: ""}
    expected = calls[names[0]]()
    for name in names[1:]:
        if name in uncompared:
            verdicts[name] = "not compared"
            continue
        difference = _difference(expected, calls[name]())
        if difference and name not in inexact:
            raise SystemExit(f"PARITY FAILURE: {title}: {name} differs: {difference}")
        verdicts[name] = difference or "same bits"
    del expected
    repeats = {name: _repeats(call) for name, call in calls.items()}
    times: dict[str, list[float]] = {name: [] for name in names}
    for _ in range(rounds):
        for name, call in calls.items():
            times[name].append(_time(call, repeats[name]))
    medians = {name: statistics.median(values) for name, values in times.items()}
    print(f"\n### {title}\n\n| call | median | ratio | result |\n|---|---|---|---|")
    for name in names:
        ratio = medians[name] / medians[names[0]]
        print(f"| {name} | {_text(medians[name])} | {ratio:.2f} | {verdicts[name]} |", flush=True)


def _time(call: Call, repeats: int) -> float:
    gc.collect()
    start = time.perf_counter()
    for _ in range(repeats):
        call()
    return (time.perf_counter() - start) / repeats


def _repeats(call: Call) -> int:
    """As many calls as take some ten milliseconds, so that the clock's resolution does not matter."""
    return max(1, int(0.01 / max(min(_time(call, 1) for _ in range(3)), 1e-7)))


def _difference(expected: Any, actual: Any) -> str:
    """Empty for equal bits (any NaN equals any other); else how far off."""
    if isinstance(expected, (tuple, list)):
        if len(expected) != len(actual):
            return f"{len(actual)} items, not {len(expected)}"
        return next(filter(None, map(_difference, expected, actual)), "")
    if isinstance(expected, dict):
        return "" if expected == actual else "another value"
    want, got = np.asarray(expected), np.asarray(actual)
    if want.shape != got.shape:
        return f"shape {got.shape}, not {want.shape}"
    if want.dtype.kind != "f":
        return "" if np.array_equal(want, got) else f"{np.count_nonzero(want != got)} values"
    equal = (want == got) & (np.signbit(want) == np.signbit(got)) | (np.isnan(want) & np.isnan(got))
    if equal.all():
        return ""
    largest = np.abs(want.astype(np.float64) - got)[~equal].max()
    return f"{np.count_nonzero(~equal)} of {equal.size} values, by {largest:.1e} at most"


def _version(package: str) -> str:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return "not installed"


def _text(seconds: float) -> str:
    if seconds >= 0.1:
        return f"{seconds:.3f} s"
    return f"{seconds * 1e3:.3f} ms" if seconds >= 1e-4 else f"{seconds * 1e6:.2f} us"
