"""Putting our modules where others import theirs from.

No kernel: a few entries of ``sys.modules``.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Mapping, Sequence
from types import MappingProxyType, ModuleType, TracebackType

#: package -> name of a module of it -> the module that takes its place.
MODULES: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {
        "pycocotools": {
            "pycocotools": "metrix.compat.pycocotools",
            "pycocotools.coco": "metrix.compat.pycocotools.coco",
            "pycocotools.cocoeval": "metrix.compat.pycocotools.cocoeval",
            "pycocotools.mask": "metrix.compat.pycocotools.mask",
            "pycocotools._mask": "metrix.compat.pycocotools._mask",
        },
        "lvis": {
            "lvis": "metrix.compat.lvis",
            "lvis.lvis": "metrix.compat.lvis.lvis",
            "lvis.results": "metrix.compat.lvis.results",
            "lvis.eval": "metrix.compat.lvis.eval",
            "lvis.vis": "metrix.compat.lvis.vis",
            "lvis.colormap": "metrix.compat.lvis.colormap",
        },
    }
)

#: What is in place, the last one at the end.
_installed: list[Installation] = []


class Installation:
    """What :func:`install` did; as a context manager it is undone at the end."""

    def __init__(self, packages: Sequence[str]) -> None:
        """Note what stands under the packages' names."""
        self._names = {name: path for package in packages for name, path in MODULES[package].items()}
        self._before = {name: module for name, module in sys.modules.items() if name.partition(".")[0] in packages}

    def _put(self) -> None:
        ours = {name: importlib.import_module(path) for name, path in self._names.items()}
        _replace(self._before, ours)
        _installed.append(self)

    def uninstall(self) -> None:
        """Give the names back, if that has not been done."""
        if self in _installed:
            _installed.remove(self)
            _replace({name: sys.modules[name] for name in self._names if name in sys.modules}, self._before)

    def __enter__(self) -> Installation:
        """Nothing more: it is in place already."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Uninstall."""
        self.uninstall()


def _replace(old: Mapping[str, ModuleType], new: Mapping[str, ModuleType]) -> None:
    for name in old:
        del sys.modules[name]
    sys.modules.update(new)


def install(*packages: str, replace: bool = False) -> Installation:
    """Let imports of other packages give this one's modules from now on: ``from pycocotools.coco import COCO``.

    Args:
        packages: "pycocotools", "lvis"; none named for all that have a stand-in here.
        replace: also if such a package itself was imported before. Names that other modules took from it until then,
            as ``from pycocotools.coco import COCO`` does, stay what they are.

    Returns:
        An :class:`Installation`: ``with install(): ...`` takes it back at the end, as :func:`uninstall` does.

    Raises:
        RuntimeError: if one of the packages itself was imported before and ``replace`` does not allow for it; then
            nothing is put in place.
        ValueError: for a package that has no stand-in here.

    Example:
        >>> from metrix.compat import install
        >>> with install(replace=True):
        ...     from pycocotools.cocoeval import COCOeval
        >>> COCOeval.__module__
        'metrix.compat.pycocotools.cocoeval'
    """
    for package in packages:
        if package not in MODULES:
            raise ValueError(f"packages: expected some of {list(MODULES)}, got {package!r}")
    packages = packages or tuple(MODULES)
    for package in packages:
        _require_absent(package, replace=replace)
    installation = Installation(packages)
    installation._put()
    return installation


def _require_absent(package: str, *, replace: bool) -> None:
    there = sys.modules.get(package)
    is_ours = there is not None and there.__name__ == MODULES[package][package]
    if there is not None and not is_ours and not replace:
        raise RuntimeError(
            f"{package} was imported before (from {getattr(there, '__file__', 'nowhere')}), and who took names from it "
            f"keeps them. Call install() before anything imports {package}, or install(replace=True) to change what is "
            "imported from now on"
        )


def uninstall() -> None:
    """Take back the last :func:`install`, if there is one."""
    if _installed:
        _installed[-1].uninstall()
