"""How this installation was built: what a bug report should say."""

from __future__ import annotations

import platform

import numpy as np

import metrix
from metrix import _core
from metrix._threads import resolve_num_threads


def build_info() -> dict[str, str]:
    """Versions, compiler and flags, as text.

    Example:
        >>> "compiler" in build_info()
        True
    """
    return {
        "metrix": metrix.__version__,
        "python": platform.python_version(),
        "numpy": np.__version__,
        "platform": platform.platform(),
        "usable threads": str(resolve_num_threads(None)),
        **_core.build_info(),
    }
