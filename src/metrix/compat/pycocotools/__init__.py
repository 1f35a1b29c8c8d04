"""The interface of pycocotools 2.0.11 over metrix: import ``coco``, ``cocoeval`` and ``mask`` from here.

Every name, signature, printed line and bit is that of the reference; the modules tell what differs on purpose.
:func:`metrix.compat.install` lets ``import pycocotools`` find this package.
"""

from __future__ import annotations

__author__ = "tylin"
