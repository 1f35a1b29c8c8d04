"""Random data sets and params through COCOeval's door, everything compared. METRIX_PARITY_CASES sets for each IoU type."""

from __future__ import annotations

import os

import numpy as np
import pytest

pytest.importorskip("pycocotools")
from compat.comparison import compare_many, difference
from parity.comparison import IOU_TYPES

CASES = int(os.environ.get("METRIX_PARITY_CASES", "5"))
FIRST_SEED = int(os.environ.get("METRIX_TEST_SEED", "0"))


@pytest.mark.parity
@pytest.mark.parametrize("iou_type", [iou_type for iou_type in IOU_TYPES if iou_type != "boundary"])
def test_everything_seen_is_that_of_the_reference(iou_type: str) -> None:
    tally = compare_many(iou_type, range(FIRST_SEED, FIRST_SEED + CASES))
    shown = "\n".join(tally.failures[:5])
    assert not tally.failures, f"{len(tally.failures)} of {CASES} sets differ, such as\n{shown}"
    assert tally.compared == CASES
    # Params of nobody, or steps for nothing, would make the comparison worthless.
    if CASES >= 50:
        assert tally.raised <= CASES / 2
        assert tally.by_kernels >= CASES / 4


@pytest.mark.parity
@pytest.mark.parametrize(("iou_type", "seed"), [("keypoints", 540), ("bbox", 3656)])
def test_sets_that_once_differed(iou_type: str, seed: int) -> None:
    """Keypoints of category -1 beside no categories; no area ranges and thresholds as a list."""
    assert not compare_many(iou_type, range(seed, seed + 1)).failures


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (1, 1.0),
        (1, np.int64(1)),
        ([1], (1,)),
        ({"a": 1, "b": 2}, {"b": 2, "a": 1}),
        (np.zeros(2), np.zeros(2, dtype=np.float32)),
        (np.zeros((2, 1)), np.zeros((1, 2))),
        (np.array([1.0]), np.array([1.0 + 2**-52])),
        (np.array([np.nan, 1.0]), np.array([1.0, np.nan])),
        ([], np.zeros(0)),
        (None, []),
    ],
)
def test_the_comparison_sees_what_a_client_sees(ours: object, theirs: object) -> None:
    assert difference(ours, theirs)
    assert not difference(ours, ours)
