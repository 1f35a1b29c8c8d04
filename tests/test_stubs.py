"""The committed stubs are those of the built module."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("pybind11_stubgen", reason="the stubs are checked where the development tools are installed")

import stubs


def test_committed_stubs_are_those_of_the_module(tmp_path: Path) -> None:
    committed = {path.name: path.read_text() for path in sorted(stubs.COMMITTED.glob("*.pyi"))}
    generated = stubs.generate(tmp_path)
    assert committed.keys() == generated.keys(), "run: python tests/stubs.py"
    for name, text in generated.items():
        assert committed[name] == text, f"{name} is stale; run: python tests/stubs.py"
