"""The one meaning of ``num_threads``, for the whole package."""

from __future__ import annotations

import math
import os
import time
from pathlib import Path

import numpy as np

from metrix import _core


def resolve_num_threads(num_threads: int | None) -> int:
    """Turn the ``num_threads`` of a public function into a count.

    ``None`` means ``OMP_NUM_THREADS`` if it is set, else the CPUs this process may use: its affinity mask, capped by the
    CPU quota of its container. In a forked child ``None`` means 1, as such a child is one worker of many as a rule.
    More threads than any machine could use are as many as it could.
    """
    if num_threads is None:
        if _core.in_forked_child():
            return 1
        return _capped(_from_environment() or _usable_cpus())
    if isinstance(num_threads, bool) or not isinstance(num_threads, (int, np.integer)):
        raise TypeError(f"num_threads: expected an int >= 1 or None, got {num_threads!r}")
    if num_threads < 1:
        raise ValueError(f"num_threads: expected an int >= 1 or None, got {num_threads}")
    return _capped(int(num_threads))


def _capped(num_threads: int) -> int:
    # OpenMP ends the process when it cannot start a thread, and buffers grow with their number. Counting CPUs takes longer
    # than many a kernel, so it is done for numbers alone that hardly anybody asks for.
    return num_threads if num_threads <= 64 else min(num_threads, max(64, os.cpu_count() or 1))


def _from_environment() -> int | None:
    # OpenMP allows a list ("4,2") for nested levels: the first number is the outer one.
    text = os.environ.get("OMP_NUM_THREADS", "").split(",")[0].strip()
    return int(text) or None if text.isascii() and text.isdigit() else None


def _usable_cpus() -> int:
    cpus = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    quota = _recent_quota()
    return max(1, cpus if quota is None else min(cpus, math.ceil(quota)))


#: Reading a quota takes longer than many a kernel; it hardly ever changes, but may.
_SECONDS_BETWEEN_READINGS = 10.0
_last_reading: tuple[float, float | None] = (-math.inf, None)


def _recent_quota() -> float | None:
    global _last_reading
    now = time.monotonic()
    if now - _last_reading[0] > _SECONDS_BETWEEN_READINGS:
        _last_reading = now, _container_quota()
    return _last_reading[1]


def _container_quota(cgroup: Path = Path("/proc/self/cgroup"), root: Path = Path("/sys/fs/cgroup")) -> float | None:
    """CPUs that the control group grants (2.5 means two and a half), or None without a limit.

    A quota may stand at the process's own group or at any group above it; the least one counts.
    """
    try:
        lines = cgroup.read_text().splitlines()
    except OSError:
        return None
    quotas: list[float] = []
    for line in lines:
        _, _, rest = line.partition(":")
        controllers, _, path = rest.partition(":")
        if controllers == "":  # version 2
            base, read = root, _quota_v2
        elif "cpu" in controllers.split(","):  # version 1
            base, read = next((root / name for name in (controllers, "cpu") if (root / name).is_dir()), root), _quota_v1
        else:
            continue
        group = base / path.lstrip("/")
        # Inside a container the path may name a group of the host that is not visible here: then the root is ours.
        for folder in [group, *group.parents]:
            quota = read(folder)
            if quota is not None:
                quotas.append(quota)
            if folder == base:
                break
    return min(quotas, default=None)


def _quota_v2(folder: Path) -> float | None:
    try:
        quota, period = (folder / "cpu.max").read_text().split()
        return None if quota == "max" else int(quota) / int(period)
    except (OSError, ValueError, ZeroDivisionError):
        return None


def _quota_v1(folder: Path) -> float | None:
    try:
        quota = int((folder / "cpu.cfs_quota_us").read_text())
        period = int((folder / "cpu.cfs_period_us").read_text())
        return quota / period if quota > 0 and period > 0 else None
    except (OSError, ValueError):
        return None
