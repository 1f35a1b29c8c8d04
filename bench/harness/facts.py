"""What a figure means nothing without: versions and the machine."""

from __future__ import annotations

import os
import platform
from importlib import metadata
from pathlib import Path
from typing import Any

from harness import memory
from peers import PACKAGES


def installed_version(package: str) -> str | None:
    """The installed version of a package of the registry."""
    try:
        return metadata.version(PACKAGES[package])
    except metadata.PackageNotFoundError:
        return None


def gather(packages: list[str]) -> dict[str, Any]:
    """Facts for the head of the table; nothing in them depends on the date."""
    total = memory.machine_total()
    return {
        "packages": {PACKAGES[package]: installed_version(package) or "not installed" for package in packages},
        "python": platform.python_version(),
        "numpy": metadata.version("numpy"),
        "cpu": _cpu_model(),
        "cpus": os.cpu_count(),
        "memory_gib": round(total / 2**30, 1) if total else None,
        "system": f"{platform.system()} {platform.machine()}",
    }


def _cpu_model() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or "unknown"
    return next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), "unknown")
