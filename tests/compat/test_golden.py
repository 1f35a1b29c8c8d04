"""The corner cases of ``tests/parity/QUIRKS.md`` through COCOeval's door, by files and by dicts."""

from __future__ import annotations

import contextlib
import copy
import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from compat.comparison import our_modules, write
from golden.answers import evaluation_answer
from golden.capture import REFERENCES, TOPICS, all_fixtures, captured_answers
from golden.fixture import Evaluation
from parity.random_sets import DataSet

FIXTURES = {
    name: fixture
    for name, fixture in all_fixtures().items()
    if isinstance(fixture, Evaluation) and name.split("-")[0] not in REFERENCES
}
CAPTURED = {f"{topic}-{name}": answer for topic in TOPICS for name, answer in captured_answers(topic).items()}


def answer(fixture: Evaluation, folder: Path | None) -> dict[str, Any]:
    """In the form of the captured answers; the name of the exception where there is one."""
    coco, cocoeval = our_modules()
    truth_records, found_records = copy.deepcopy((fixture.ground_truth, fixture.detections))
    out = io.StringIO()
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            if folder is None:
                truth = coco.COCO()
                truth.dataset = truth_records
                truth.createIndex()
            else:
                truth = coco.COCO(str(write(folder / "truth.json", truth_records)))
                if not isinstance(found_records, np.ndarray):
                    found_records = str(write(folder / "found.json", found_records))
            evaluation = cocoeval.COCOeval(truth, truth.loadRes(found_records), fixture.iou_type)
            DataSet(fixture.iou_type, {}, [], dict(fixture.options)).configure(evaluation.params)
            evaluation.evaluate()
            evaluation.accumulate()
        with contextlib.redirect_stdout(out):
            evaluation.summarize()
    except Exception as error:
        return {"raises": type(error).__name__}
    found = evaluation.eval
    return evaluation_answer(found["precision"], found["recall"], found["scores"], evaluation.stats, out.getvalue())


@pytest.mark.parametrize("name", FIXTURES)
@pytest.mark.parametrize("by_files", [False, True])
def test_corner_case(tmp_path: Path, name: str, by_files: bool) -> None:
    assert answer(FIXTURES[name], tmp_path if by_files else None) == CAPTURED[name]
