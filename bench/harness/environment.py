"""The environment that everything is measured in: the peers at their pinned versions, and the metrix of this checkout.

Only the standard library is imported here: the Python that starts the benchmark may have nothing else.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import venv
from pathlib import Path

from workloads import cache_folder

BENCH_FOLDER = Path(__file__).resolve().parent.parent
REPOSITORY = BENCH_FOLDER.parent
REQUIREMENTS = BENCH_FOLDER / "requirements-peers.txt"
_INSIDE = "METRIX_BENCH_INSIDE"


def is_inside() -> bool:
    """Whether this process was started by :func:`enter`."""
    return os.environ.get(_INSIDE) == "1"


def enter(python: Path, script: Path, arguments: list[str]) -> None:
    """Replace this process by the same script under ``python``; does not return."""
    os.environ[_INSIDE] = "1"
    sys.stdout.flush()
    sys.stderr.flush()
    os.execv(python, [str(python), str(script), *arguments])


def prepare(*, with_metrix: bool) -> Path:
    """Make the environment, once per set of requirements and Python version; returns its Python.

    The peers are installed once. metrix is built and installed anew each time, since the checkout may have changed.
    """
    folder = cache_folder() / f"venv-{_fingerprint()}"
    python = folder / ("Scripts" if os.name == "nt" else "bin") / "python"
    ready = folder / "ready"
    if not ready.exists():
        _say(f"making the environment {folder.name} with the peers ...")
        venv.create(folder, with_pip=True, clear=True)
        _pip(python, "install", "--requirement", str(REQUIREMENTS))
        ready.touch()
    if with_metrix:
        if (REPOSITORY / "pyproject.toml").exists():
            _say("building and installing the metrix of this checkout ...")
            # NumPy, its one requirement, is pinned by the peers' list.
            _pip(python, "install", "--force-reinstall", "--no-deps", str(REPOSITORY))
        else:
            _say("no pyproject.toml beside the bench folder: going without metrix")
    return python


def _fingerprint() -> str:
    text = REQUIREMENTS.read_text() + sys.version
    return hashlib.sha256(text.encode()).hexdigest()[:10]


def _pip(python: Path, *arguments: str) -> None:
    command = [str(python), "-m", "pip", "--disable-pip-version-check", "--quiet", *arguments]
    # pip's own output belongs to progress, not to the table.
    finished = subprocess.run(command, stdout=sys.stderr)
    if finished.returncode != 0:
        raise SystemExit(f"pip {arguments[0]} failed; the lines above say why")


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
