"""The rules of the layout, as tests: the same path in five places, layers that point down, words kept in their rooms.

Each failure says what to do. A rule that no longer serves is changed here and in cpp/DECISIONS.md, openly.
"""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
SOURCE = ROOT / "src" / "metrix"
CPP = ROOT / "cpp"

#: Modules that hold no kernel by their nature: the layers above the API, and what only names things.
WITHOUT_KERNEL = {"cli", "report", "protocols", "build_info"}


def public_modules() -> list[str]:
    """Dotted-by-slash paths of the public modules, such as ``boxes`` or ``losses/region``."""
    paths = (path.relative_to(SOURCE).with_suffix("") for path in SOURCE.rglob("*.py"))
    return sorted(str(path) for path in paths if not any(part.startswith("_") for part in path.parts))


def kernel_modules() -> list[str]:
    return [path for path in public_modules() if path not in WITHOUT_KERNEL and not says_no_kernel(path)]


def says_no_kernel(path: str) -> bool:
    docstring = ast.get_docstring(ast.parse((SOURCE / f"{path}.py").read_text())) or ""
    return "No kernel:" in docstring


def binding_of(path: str) -> Path:
    """Of its own, or one for the whole folder, where all of it goes through the same calls."""
    own = CPP / "bindings" / f"{path}.cpp"
    of_folder = CPP / "bindings" / f"{Path(path).parts[0]}.cpp"
    return of_folder if not own.exists() and of_folder.exists() else own


def public_functions(path: str) -> list[str]:
    tree = ast.parse((SOURCE / f"{path}.py").read_text())
    return [node.name for node in tree.body if isinstance(node, ast.FunctionDef) and not node.name.startswith("_")]


def sources(*folders: str, suffixes: tuple[str, ...] = (".hpp", ".cpp", ".pyx")) -> list[Path]:
    return sorted(
        path for folder in folders for path in (CPP / folder).rglob("*") if path.is_file() and path.suffix in suffixes
    )


def without_comments(text: str) -> str:
    text = re.sub(r"/\*.*?\*/", "", text, flags=re.DOTALL)
    return re.sub(r"//[^\n]*", "", text)


@pytest.mark.parametrize("path", kernel_modules())
def test_every_path_stands_in_five_places(path: str) -> None:
    folder, name = (Path(path).parent, Path(path).name)
    places = [
        binding_of(path),
        CPP / "kernels" / f"{path}.hpp",
        ROOT / "tests" / folder / f"test_{name}.py",
        ROOT / "bench" / folder / f"bench_{name}.py",
    ]
    missing = [str(place.relative_to(ROOT)) for place in places if not place.exists()]
    assert not missing, f"metrix.{path} lacks {missing}; a module composed in Python says 'No kernel:' in its docstring"


@pytest.mark.parametrize("path", kernel_modules())
def test_every_name_is_spelled_alike(path: str) -> None:
    """A public function with a kernel has the kernel's name; one composed in Python says so in its docstring."""
    binding = binding_of(path).read_text()
    kernel = (CPP / "kernels" / f"{path}.hpp").read_text()
    tests = (ROOT / "tests" / Path(path).parent / f"test_{Path(path).name}.py").read_text()
    tree = ast.parse((SOURCE / f"{path}.py").read_text())
    docstrings = {node.name: ast.get_docstring(node) or "" for node in tree.body if isinstance(node, ast.FunctionDef)}
    for name in public_functions(path):
        assert name in tests, f"tests/test_{path}.py never mentions {name}"
        if "Composed from" in docstrings[name]:
            continue
        listed = CPP / "kernels" / Path(path).parent / "formulas.hpp"
        is_listed = len(Path(path).parts) > 1 and listed.exists() and f"X({name})" in listed.read_text()
        assert is_listed or f'"{name}"' in binding, f"{path} binds no {name!r} (or say 'Composed from ...')"
        assert re.search(rf"\b{name}\b", kernel), f"cpp/kernels/{path}.hpp declares no {name}"


def layers() -> dict[str, int]:
    lines = [line.split() for line in (CPP / "kernels" / "LAYERS").read_text().splitlines() if not line.startswith("#")]
    return {name: level for level, names in enumerate(lines) for name in names}


@pytest.mark.parametrize("path", sources("kernels"), ids=lambda path: path.name)
def test_kernels_include_only_what_lies_below(path: Path) -> None:
    level = layers()
    own = path.relative_to(CPP / "kernels").parts[0].split(".")[0]
    assert own in level, f"{own} stands in no line of cpp/kernels/LAYERS"
    for include in re.findall(r'#include "([^"]+)"', path.read_text()):
        if include.startswith("support/"):
            continue
        assert include.startswith("kernels/"), (
            f"{path.name} includes {include}: kernels know support/ and kernels/ only"
        )
        other = Path(include).parts[1].split(".")[0]
        assert other == own or level[other] < level[own], f"{path.name} includes {include}, which lies no layer below"


@pytest.mark.parametrize("path", sources("support"), ids=lambda path: path.name)
def test_support_includes_only_support(path: Path) -> None:
    for include in re.findall(r'#include "([^"]+)"', path.read_text()):
        assert include.startswith("support/"), f"{path.name} includes {include}"


FORBIDDEN_IN_KERNELS = ["Python.h", "pybind11", "py::", "printf", "std::cout", "std::cerr", "abort(", "exit(", "getenv"]


@pytest.mark.parametrize("path", sources("kernels", "support"), ids=lambda path: path.name)
def test_kernels_know_no_python_and_never_print(path: Path) -> None:
    text = without_comments(path.read_text())
    found = [word for word in FORBIDDEN_IN_KERNELS if word in text]
    assert not found, f"{path.name}: {found} belong in cpp/bindings or nowhere"


@pytest.mark.parametrize("path", sources("kernels", "support", "bindings"), ids=lambda path: path.name)
def test_threads_start_in_parallel_for_alone(path: Path) -> None:
    text = without_comments(path.read_text())
    if path.name != "parallel.cpp":
        assert "#pragma omp parallel" not in text, f"{path.name}: call parallel_for (support/parallel.hpp)"
    assert not re.search(r"std::(thread|jthread|async)\b(?!::id)", text), f"{path.name}: call parallel_for"
    assert "omp simd reduction" not in text, f"{path.name}: a reduction's order depends on the instruction set"


#: Numbers of the protocols, as they would look in C++ or Python.
PROTOCOL_NUMBERS = re.compile(r"\b(0\.95|\.95|1024|9216|96 ?\*\* ?2|32 ?\*\* ?2|1e5 ?\*\* ?2|1\.07|1e-10)\b")


@pytest.mark.parametrize(
    "path",
    [*sources("kernels", "bindings"), *(p for p in sorted(SOURCE.rglob("*.py")) if p.name != "protocols.py")],
    ids=lambda path: path.name,
)
def test_protocol_numbers_live_in_protocols_alone(path: Path) -> None:
    text = path.read_text()
    text = strip_python_strings(text) if path.suffix == ".py" else without_comments(text)
    found = PROTOCOL_NUMBERS.findall(text)
    assert not found, f"{path.name}: {found} belong in src/metrix/protocols.py"


def strip_python_strings(text: str) -> str:
    """The code without docstrings and comments, where numbers may be spoken of."""
    tree = ast.parse(text)
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            node.value = ""
    return ast.unparse(tree)


@pytest.mark.parametrize(
    "path",
    [*sources("kernels", "support", "bindings"), *sorted(SOURCE.rglob("*.py"))],
    ids=lambda path: path.name,
)
def test_files_stay_small(path: Path) -> None:
    lines = len(path.read_text().splitlines())
    assert lines <= 800, f"{path.relative_to(ROOT)} has {lines} lines: one idea per file"


def test_every_binding_file_is_bound() -> None:
    module = (CPP / "bindings" / "module.cpp").read_text()
    for path in (CPP / "bindings").rglob("*.cpp"):
        if path.name != "module.cpp":
            name = str(path.relative_to(CPP / "bindings").with_suffix("")).replace("/", "_")
            assert f"bind_{name}(" in module, f"module.cpp never calls bind_{name}"


@pytest.mark.parametrize(
    "path", [p for p in sorted(SOURCE.rglob("*.py")) if SOURCE / "compat" not in p.parents], ids=lambda path: path.name
)
def test_nothing_below_knows_who_stands_on_it(path: Path) -> None:
    """``compat`` lies above the API."""
    assert "metrix.compat" not in strip_python_strings(path.read_text()), f"{path.name} imports what lies above it"


def test_import_stays_light() -> None:
    """Whoever evaluates in a worker process pays for the import each time."""
    program = "import sys, numpy; known = {*sys.modules}; import metrix; print(*sorted({*sys.modules} - known))"
    finished = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    heavy = {"argparse", "email", "importlib.metadata", "multiprocessing", "rich", "unittest", "zstandard"}
    assert not heavy & {*finished.stdout.split()}
