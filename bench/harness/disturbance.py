"""How much of the measured CPUs' time went to other processes: on a shared machine the clock alone does not tell.

Linux counts the busy time of each CPU; less what the measured process used itself, the rest was somebody else's. The
counters have a resolution of 10 ms, so of very short measurements only a large share means anything.
"""

from __future__ import annotations

import os
from pathlib import Path

_STAT = Path("/proc/stat")
# user, nice, system, idle, iowait, irq, softirq, steal: all but idle and iowait are time that we could not have had.
_BUSY_FIELDS = (0, 1, 2, 5, 6, 7)


def busy_seconds(cpus: list[int]) -> float | None:
    """The time that ``cpus`` were not idle since the machine started; ``None`` where the system does not say."""
    try:
        lines = _STAT.read_text().splitlines()
    except OSError:
        return None
    wanted = {f"cpu{number}" for number in cpus}
    ticks = 0
    for line in lines:
        name, *fields = line.split()
        if name in wanted:
            ticks += sum(int(fields[index]) for index in _BUSY_FIELDS)
    return ticks / os.sysconf("SC_CLK_TCK")


def foreign_share(busy: float | None, own: float, total: float, num_cpus: int) -> float:
    """The share of the CPUs' time in ``total`` seconds that others took; 0 when unknown."""
    if busy is None or total <= 0:
        return 0.0
    return max(busy - own, 0.0) / (total * num_cpus)
