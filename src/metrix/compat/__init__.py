"""The engine behind other tools: modules with the interface of the packages that frameworks import.

- :mod:`metrix.compat.pycocotools` has ``coco``, ``cocoeval`` and ``mask`` of pycocotools 2.0.11.
- :mod:`metrix.compat.lvis` has ``LVIS``, ``LVISResults``, ``LVISEval`` and ``LVISVis`` of lvis 0.5.3.
- :func:`install` puts them where ``import pycocotools`` and ``import lvis`` find them, :func:`uninstall` takes that back.

Example:
    >>> import metrix.compat
    >>> with metrix.compat.install(replace=True):
    ...     from pycocotools import mask
    >>> mask.area({"size": [2, 3], "counts": "231"}).item()
    3
"""

from __future__ import annotations

from metrix.compat._install import Installation, install, uninstall

__all__ = ["Installation", "install", "uninstall"]
