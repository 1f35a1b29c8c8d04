"""Random data sets and params through LVISEval's door, and real annotations. METRIX_PARITY_CASES sets for each IoU type."""

from __future__ import annotations

import copy
import json
import os
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("lvis")
from compat.comparison import difference
from compat.lvis_comparison import compare, compare_some, ours, reference, see
from effort import THOROUGH
from parity.lvis_sets import LvisSet
from parity.test_lvis_parity import REAL, first_images, made_up_detections

CASES = int(os.environ.get("METRIX_PARITY_CASES", "6"))
FIRST_SEED = int(os.environ.get("METRIX_TEST_SEED", "0"))


@pytest.mark.parity
@pytest.mark.parametrize("iou_type", ["bbox", "segm"])
def test_everything_seen_is_that_of_the_reference(iou_type: str) -> None:
    tally = compare_some(iou_type, range(FIRST_SEED, FIRST_SEED + CASES))
    shown = "\n".join(tally.failures[:5])
    assert not tally.failures, f"{len(tally.failures)} of {CASES} sets differ, such as\n{shown}"
    assert tally.compared == CASES
    # Params of nobody, or steps for nothing, would make the comparison worthless.
    if CASES >= 50:
        assert tally.raised <= CASES / 3
        assert tally.by_kernels >= CASES / 3


@pytest.mark.parity
@pytest.mark.skipif(not REAL.exists(), reason="the data set is not here")
@pytest.mark.parametrize("iou_type", ["bbox", "segm"])
def test_real_annotations_give_what_the_reference_gives(tmp_path: Path, iou_type: str) -> None:
    truth = json.loads(REAL.read_text())
    truth = first_images(truth, 30 if THOROUGH else 3)
    data = LvisSet(iou_type, truth, made_up_detections(truth, iou_type), {})
    mine, theirs = (see(package, copy.deepcopy(data), "files", tmp_path) for package in (ours(), reference()))
    assert mine.by_kernels
    assert not theirs.raised
    assert 0 < theirs.values["results"]["AP"] < 1
    assert mine.printed == theirs.printed
    assert not difference(mine.values, theirs.values)


def test_the_comparison_sees_what_differs(monkeypatch: pytest.MonkeyPatch) -> None:
    from metrix.compat.lvis import _accumulation, _cells, _kernels

    def first_that_differs(module: Any, name: str, change: Any) -> str:
        original = getattr(module, name)
        with monkeypatch.context() as patches:
            patches.setattr(module, name, lambda *arguments: change(original(*arguments)))
            return next((f for seed in range(9) for f in compare("bbox", seed).failures), "")

    assert "dt_pointers" in first_that_differs(_kernels, "pointers", lambda pointers: {})
    assert first_that_differs(_cells, "eval_imgs", lambda results: results[::-1])
    assert first_that_differs(_accumulation, "curve", lambda curve: (curve[0] / 2, *curve[1:]))
