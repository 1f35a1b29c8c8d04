"""The interface of lvis 0.5.3 over metrix: import ``LVIS``, ``LVISResults``, ``LVISEval`` and ``LVISVis`` from here.

Every name, signature, printed line, message to a log and bit is that of the reference; the modules tell what differs on
purpose. The loggers have the names of the reference ("lvis.lvis", "lvis.results", "lvis.eval", "lvis.vis"), but importing
this package leaves the root logger as it is, which the reference configures.
:func:`metrix.compat.install` lets ``import lvis`` find this package.
"""

from __future__ import annotations

from metrix.compat.lvis.eval import LVISEval
from metrix.compat.lvis.lvis import LVIS
from metrix.compat.lvis.results import LVISResults
from metrix.compat.lvis.vis import LVISVis

__all__ = ["LVIS", "LVISEval", "LVISResults", "LVISVis"]
