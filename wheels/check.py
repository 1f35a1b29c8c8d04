"""Checks finished wheels: their tags, what they bundle and under which licence, what they export, and their size.

python wheels/check.py WHEEL_OR_FOLDER...

What the checks of a tag's system libraries ask is left to the tool that repairs (auditwheel, delocate, delvewheel); the
tests of an installed wheel are ``tests/test_minimal.py``.
"""

from __future__ import annotations

import io
import re
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

from elftools.elf.elffile import ELFFile
from packaging.utils import parse_wheel_filename

MOST_BYTES = 4 << 20
MODULES = ("_core", "_records")
#: Beginning of a bundled library's name -> the licence text that must come with it.
RUNTIMES = {"libgomp": "libgomp.txt", "libomp": "libomp.txt", "vcomp": "vcomp.txt", "msvcp": "vcomp.txt"}
SOURCES = (".cpp", ".hpp", ".pyx", ".pxd", ".o", ".a")


def problems_of(path: Path) -> Iterator[str]:
    """What is wrong with a wheel, a line each."""
    _, version, _, tags = parse_wheel_filename(path.name)
    platforms = {tag.platform for tag in tags}
    if any(platform.startswith("linux_") for platform in platforms):
        yield f"tag {sorted(platforms)}: not repaired, so no other machine may take it"
    if path.stat().st_size > MOST_BYTES:
        yield f"{path.stat().st_size} bytes: expected at most {MOST_BYTES}"

    with zipfile.ZipFile(path) as wheel:
        names = wheel.namelist()
        metadata = f"metrix-{version}.dist-info"
        for name in ("metrix/__init__.py", "metrix/py.typed", f"{metadata}/licenses/LICENSE"):
            if name not in names:
                yield f"{name}: missing"
        stated = set(re.findall(r"^Tag: (.+)$", wheel.read(f"{metadata}/WHEEL").decode(), flags=re.MULTILINE))
        if stated != {str(tag) for tag in tags}:
            yield f"WHEEL states the tags {sorted(stated)}, the name says {sorted(str(tag) for tag in tags)}"
        requires = re.findall(r"^Requires-Dist: (.+)$", wheel.read(f"{metadata}/METADATA").decode(), re.MULTILINE)
        needed = [text for text in requires if "extra ==" not in text]
        if [re.split(r"[<>=!~ ]", text)[0] for text in needed] != ["numpy"]:
            yield f"requires {needed}: expected NumPy alone"
        for name in names:
            if name.endswith(SOURCES) or "/tests/" in name:
                yield f"{name}: does not belong into a wheel"

        native = [name for name in names if re.search(r"\.(so|pyd|dylib|dll)(\.|$)", name)]
        modules = [name for name in native if re.match(r"metrix/_\w+\.(\w|-)+\.?(so|pyd)$", name)]
        if sorted(name.split("/")[1].split(".")[0] for name in modules) != sorted(MODULES):
            yield f"modules {modules}: expected {MODULES}"
        for name in set(native) - set(modules):
            runtime = next((text for begin, text in RUNTIMES.items() if Path(name).name.startswith(begin)), None)
            if runtime is None:
                yield f"{name}: a library that nobody has decided to bundle"
            elif f"{metadata}/licenses/bundled/{runtime}" not in names:
                yield f"{name}: its licence {runtime} is missing"
        for name in modules:
            content = wheel.read(name)
            if content.startswith(b"\x7fELF"):
                yield from (f"{name}: {problem}" for problem in elf_problems(content))


def elf_problems(content: bytes) -> Iterator[str]:
    """What is wrong with a Linux module."""
    elf = ELFFile(io.BytesIO(content))
    symbols = elf.get_section_by_name(".dynsym")
    exported = [
        symbol.name
        for symbol in symbols.iter_symbols()
        if symbol["st_shndx"] != "SHN_UNDEF" and symbol["st_info"]["bind"] in ("STB_GLOBAL", "STB_WEAK", "STB_LOOS")
    ]
    foreign = [name for name in exported if not name.startswith("PyInit_")]
    if foreign:
        yield f"exports {foreign[:5]} and so can clash with other libraries of a process"
    if elf.get_section_by_name(".symtab") is not None or elf.get_section_by_name(".debug_info") is not None:
        yield "not stripped"
    for tag in elf.get_section_by_name(".dynamic").iter_tags():
        if tag.entry.d_tag in ("DT_RPATH", "DT_RUNPATH"):
            path = tag.rpath if tag.entry.d_tag == "DT_RPATH" else tag.runpath
            if not path.startswith("$ORIGIN"):
                yield f"looks for libraries in {path}"
    if elf.get_section_by_name(".init_array") is not None and b"crtfastmath" in content:
        yield "sets fast-math for the whole process"


def main() -> None:
    """Print what is wrong with each wheel, and end with 1 if anything is."""
    arguments = [Path(argument) for argument in sys.argv[1:]]
    wheels = [path for argument in arguments for path in (argument.glob("*.whl") if argument.is_dir() else [argument])]
    failed = not wheels
    for path in wheels:
        found = list(problems_of(path))
        failed |= bool(found)
        print(f"{path.name}: {path.stat().st_size / 1024:.0f} KiB, {'; '.join(found) or 'as it should be'}")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
