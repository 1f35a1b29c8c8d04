"""Repairs the wheels of a folder with auditwheel and adds the licence of the runtime that is bundled.

python wheels/repair.py dist wheelhouse
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

LICENSES = Path(__file__).parent / "licenses"


def repair(wheel: Path, output: Path) -> None:
    """One wheel: bundle libgomp, then put the licence texts beside the package's own."""
    with tempfile.TemporaryDirectory() as folder:
        repaired = Path(folder) / "repaired"
        command = [sys.executable, "-m", "auditwheel", "repair", "--wheel-dir", str(repaired), str(wheel)]
        subprocess.run(command, check=True)
        (made,) = repaired.glob("*.whl")
        unpacked = Path(folder) / "unpacked"
        subprocess.run([sys.executable, "-m", "wheel", "unpack", "--dest", str(unpacked), str(made)], check=True)
        (content,) = unpacked.iterdir()
        (metadata,) = content.glob("*.dist-info")
        target = metadata / "licenses" / "bundled"
        target.mkdir(parents=True, exist_ok=True)
        for text in sorted(LICENSES.glob("*.txt")):
            (target / text.name).write_bytes(text.read_bytes())
        output.mkdir(parents=True, exist_ok=True)
        subprocess.run([sys.executable, "-m", "wheel", "pack", "--dest-dir", str(output), str(content)], check=True)


def main() -> None:
    """Repair every wheel of the first folder into the second."""
    source, output = (Path(argument) for argument in sys.argv[1:3])
    wheels = sorted(source.glob("*.whl"))
    if not wheels:
        sys.exit(f"no wheel in {source}")
    for wheel in wheels:
        repair(wheel, output)


if __name__ == "__main__":
    main()
