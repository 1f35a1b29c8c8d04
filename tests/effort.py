"""How much the tests try: a taste of everything in seconds, or with METRIX_THOROUGH=1 all of it, as .ci/run does."""

from __future__ import annotations

import os

import pytest

THOROUGH = os.environ.get("METRIX_THOROUGH", "0") != "0"

#: For what takes long by itself: new processes, gigabytes, Ctrl-C.
thorough = pytest.mark.skipif(not THOROUGH, reason="METRIX_THOROUGH=1 runs it")


def cases(count: int) -> int:
    """How many of ``count`` random cases to try."""
    return count if THOROUGH else -(-count // 20)


def at_least(count: int) -> int:
    """How many cases of a kind must have come up among ``cases`` that give ``count`` of them; few cases vary more."""
    return count if THOROUGH else count // 40
