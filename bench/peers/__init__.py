"""One adapter per package, all with the interface of :mod:`peers.interface`; the registry imports none of them."""

from __future__ import annotations

import importlib

from peers.interface import Evaluation

REFERENCE = "pycocotools"
OURS = "metrix"
OWN = frozenset({"metrix", "metrix_compat"})
SINGLE_THREADED = frozenset({"pycocotools", "lvis"})

# In the order of the tables. The name of the adapter's module is that of the package it imports.
PACKAGES: dict[str, str] = {
    "metrix": "metrix",
    "pycocotools": "pycocotools",
    "faster_coco_eval": "faster-coco-eval",
    "hotcoco": "hotcoco",
    "vernier": "vernier",
    "ultrafast_pycocotools": "ultrafast-pycocotools",
    "lvis": "lvis",
    "metrix_compat": "metrix",
}
"""Name of the adapter -> name on the package index."""

TITLES: dict[str, str] = {**PACKAGES, "metrix_compat": "metrix behind COCOeval"}
"""Name of the adapter -> what tables call it."""

EVALUATES: dict[str, frozenset[str]] = {
    "coco": frozenset(PACKAGES) - {"lvis"},
    "lvis": frozenset({"metrix", "lvis", "hotcoco", "vernier", "ultrafast_pycocotools"}),
}
"""Protocol -> packages that have it to the reference's bits, or nearly."""


def load_adapter(package: str) -> type[Evaluation]:
    """Import the adapter of ``package`` and with it the package itself."""
    return importlib.import_module(f"peers.{package}").ADAPTER
