"""Writes the stubs of ``metrix._core`` from the built module: ``python tests/stubs.py`` after a change to a binding."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

COMMITTED = Path(__file__).parent.parent / "src" / "metrix" / "_core"


def generate(folder: Path) -> dict[str, str]:
    """Texts of the stub files by name."""
    subprocess.run(
        [sys.executable, "-m", "pybind11_stubgen", "metrix._core", "--output-dir", str(folder), "--exit-code"],
        check=True,
        capture_output=True,
    )
    stubs = folder / "metrix" / "_core"
    for path in stubs.glob("*.pyi"):
        text = path.read_text()
        # A dict of columns has values of several types.
        text = re.sub(r"\bdict:", "dict[str, typing.Any]:", text)
        text = re.sub(r"\btuple([,:)])", r"tuple[typing.Any, ...]\1", text)
        text = re.sub(r"-> list:", "-> list[typing.Any]:", text)
        text = re.sub(r"^(presence|formulas|groups|columns): dict\b", r"\1: dict[str, int]", text, flags=re.MULTILINE)
        text = re.sub(r"^((?:formulas|groups|columns): dict\[str, int\]) = .*", r"\1", text, flags=re.MULTILINE)
        text = re.sub(r"\bCallable,", "Callable[..., typing.Any],", text)
        text = re.sub(r": list([,)])", r": list[typing.Any]\1", text)
        text = text.replace(": dict,", ": dict[str, typing.Any],")
        text = re.sub(r"^version: str = .*", "version: str", text, flags=re.MULTILINE)
        if "typing." in text and "import typing" not in text:
            text = text.replace(
                "from __future__ import annotations\n", "from __future__ import annotations\nimport typing\n"
            )
        path.write_text(text)
    subprocess.run(
        [sys.executable, "-m", "ruff", "format", "--quiet", "--line-length", "120", "--isolated", str(stubs)],
        check=True,
    )
    return {path.name: path.read_text() for path in sorted(stubs.glob("*.pyi"))}


def main() -> None:
    """Replace the committed stubs."""
    with tempfile.TemporaryDirectory() as folder:
        texts = generate(Path(folder))
    shutil.rmtree(COMMITTED, ignore_errors=True)
    COMMITTED.mkdir()
    for name, text in texts.items():
        (COMMITTED / name).write_text(text)


if __name__ == "__main__":
    main()
