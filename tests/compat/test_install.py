"""Our modules under the names of the reference, and back."""

from __future__ import annotations

import subprocess
import sys

import pytest

import metrix.compat


def run(code: str) -> None:
    done = subprocess.run([sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr


#: A fresh process, with and without the package that is stood in for.
ABSENT = """
import importlib.abc, sys
class Nothing(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path, target=None):
        if name.partition(".")[0] in ("pycocotools", "lvis"):
            raise ModuleNotFoundError(name)
sys.meta_path.insert(0, Nothing())
"""


def test_names_are_put_and_taken_back_where_the_package_is_absent() -> None:
    run(
        ABSENT
        + """
import metrix
assert not [name for name in sys.modules if name.startswith("metrix.compat")]  # paid for by those who want it
import metrix.compat
metrix.compat.install()
import pycocotools, pycocotools.coco
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval, Params
from pycocotools import mask, _mask
import importlib.util
assert importlib.util.find_spec("pycocotools.mask") is not None
assert pycocotools.coco.COCO is COCO
assert COCO.__module__ == "metrix.compat.pycocotools.coco"
assert mask.area({"size": [2, 3], "counts": "231"}) == 3
import lvis
from lvis import LVIS, LVISEval, LVISResults, LVISVis
from lvis.lvis import LVIS as again
assert LVIS is again is lvis.lvis.LVIS
assert LVISEval.__module__ == "metrix.compat.lvis.eval"
import logging
assert not logging.getLogger().handlers
assert not {"matplotlib", "cv2", "urllib.request"} & {*sys.modules}
metrix.compat.uninstall()
metrix.compat.uninstall()
try:
    import pycocotools
except ModuleNotFoundError:
    pass
else:
    raise AssertionError
assert not [name for name in sys.modules if name.startswith(("pycocotools", "lvis"))]
COCO()
"""
    )


def test_one_package_alone() -> None:
    run(
        ABSENT
        + """
import metrix.compat
for mine, other in (("lvis", "pycocotools"), ("pycocotools", "lvis")):
    with metrix.compat.install(mine):
        __import__(mine)
        try:
            __import__(other)
        except ModuleNotFoundError:
            pass
        else:
            raise AssertionError(other)
    assert mine not in sys.modules
metrix.compat.install("lvis")
metrix.compat.install("pycocotools")
metrix.compat.uninstall()
assert "lvis" in sys.modules and "pycocotools" not in sys.modules
"""
    )


def test_who_came_before_keeps_its_names_and_is_told() -> None:
    pytest.importorskip("pycocotools")
    run(
        """
import sys
from pycocotools.coco import COCO as before
import metrix.compat
try:
    metrix.compat.install()
except RuntimeError as error:
    assert "pycocotools was imported before (from " in str(error), error
    assert "install(replace=True)" in str(error), error
else:
    raise AssertionError
from pycocotools.coco import COCO as still
assert still is before
modules = {name: module for name, module in sys.modules.items() if name.startswith("pycocotools")}
with metrix.compat.install(replace=True) as installation:
    from pycocotools.coco import COCO as inside
    assert inside is not before
    assert inside.__module__ == "metrix.compat.pycocotools.coco"
    with metrix.compat.install():
        pass
    from pycocotools.coco import COCO as again
    assert again is inside
from pycocotools.coco import COCO as after
assert after is before
assert modules == {name: module for name, module in sys.modules.items() if name.startswith("pycocotools")}
installation.uninstall()
assert sys.modules["pycocotools.coco"].COCO is before
"""
    )


def test_an_error_inside_takes_it_back() -> None:
    before = {name for name in sys.modules if name.startswith("pycocotools")}
    with pytest.raises(KeyError), metrix.compat.install(replace=True):
        {}[sys.modules["pycocotools"].__name__]
    assert {name for name in sys.modules if name.startswith("pycocotools")} == before


def test_unknown_packages_are_refused() -> None:
    with pytest.raises(ValueError, match=r"packages: expected some of \['pycocotools', 'lvis'\], got 'cocoapi'"):
        metrix.compat.install("lvis", "cocoapi")
    assert not metrix.compat._install._installed
