"""Random data sets against the reference, every bit. METRIX_PARITY_CASES sets for each IoU type; the default is a taste."""

from __future__ import annotations

import os

import pytest

pytest.importorskip("pycocotools")
from parity.comparison import IOU_TYPES, compare_many

CASES = int(os.environ.get("METRIX_PARITY_CASES", "5"))
FIRST_SEED = int(os.environ.get("METRIX_TEST_SEED", "0"))


@pytest.mark.parity
@pytest.mark.parametrize("iou_type", IOU_TYPES)
def test_random_sets_equal_the_reference(iou_type: str) -> None:
    tally = compare_many(iou_type, range(FIRST_SEED, FIRST_SEED + CASES))
    shown = "\n".join(tally.failures[:5])
    assert not tally.failures, f"{len(tally.failures)} of {CASES} sets differ, such as\n{shown}"
    assert tally.compared == CASES
    # A generator gone dull would make the comparison worthless.
    assert tally.telling >= CASES / 4
