"""Resident memory of a process, in bytes.

The peak is Linux' ``VmHWM``, the figure behind ``ru_maxrss``, with two differences that matter here. ``ru_maxrss``
of a freshly started process already contains the peak of the process that started it. And ``VmHWM`` can be reset, so
that the peak of preparing the input (parsing JSON for the ``lists`` route) does not hide that of the evaluation.
"""

from __future__ import annotations

import resource
import sys
from pathlib import Path

_STATUS = Path("/proc/self/status")


def resident() -> int:
    """Resident memory now; the peak so far where the system does not say."""
    return _status_field(_STATUS, "VmRSS") or _max_rss()


def peak() -> int:
    """The largest resident memory since :func:`reset_peak`."""
    return _status_field(_STATUS, "VmHWM") or _max_rss()


def reset_peak() -> bool:
    """Start the peak anew; ``False`` where the system cannot."""
    try:
        Path("/proc/self/clear_refs").write_text("5")
    except OSError:
        return False
    return True


def resident_of(process_id: int) -> int:
    """Resident memory of another process; 0 when unknown."""
    return _status_field(Path(f"/proc/{process_id}/status"), "VmRSS") or 0


def machine_total() -> int | None:
    """The memory of this machine."""
    return _status_field(Path("/proc/meminfo"), "MemTotal")


def _status_field(path: Path, name: str) -> int | None:
    try:
        text = path.read_text()
    except OSError:
        return None
    for line in text.splitlines():
        if line.startswith(name + ":"):
            return int(line.split()[1]) * 1024
    return None


def _max_rss() -> int:
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit
