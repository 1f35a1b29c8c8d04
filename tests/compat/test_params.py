"""Params as only COCOeval lets them be, each case by name."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np
import pytest

pytest.importorskip("pycocotools")
from compat.comparison import difference, our_modules, reference_modules, without_date
from compat.examples import FOUND, TRUTH, from_dicts, silently

BOTH = (our_modules(), reference_modules())


def see(both: Any, *, own: dict[str, Any], others: dict[str, Any], look: bool) -> Any:
    evaluation = both[1].COCOeval(*from_dicts(both), "bbox")
    vars(evaluation.params).update(copy.deepcopy(own))
    silently(evaluation.evaluate)
    if look:
        evaluation.evalImgs  # noqa: B018  (so that the steps of the reference are taken)
    p = copy.deepcopy(evaluation.params)
    vars(p).update(copy.deepcopy(others))
    silently(evaluation.accumulate, p)
    return without_date(evaluation.eval), evaluation.evalImgs


@pytest.mark.parametrize("look", [False, True])
@pytest.mark.parametrize(
    ("own", "others"),
    [
        ({}, {"catIds": [2]}),
        ({}, {"maxDets": [2, 3, 100]}),
        ({}, {"recThrs": np.array([0.9, 0.1, 0.5])}),
        ({"iouThrs": np.array([1.0, 0.5])}, {}),
    ],
    ids=["second category alone", "caps that were not evaluated", "recalls out of order", "a threshold of one"],
)
def test_others_are_accumulated_as_there(own: dict[str, Any], others: dict[str, Any], look: bool) -> None:
    assert not difference(*(see(both, own=own, others=others, look=look) for both in BOTH))


def test_each_result_has_lists_of_its_own() -> None:
    evaluation = BOTH[0][1].COCOeval(*from_dicts(BOTH[0]), "bbox")
    silently(evaluation.evaluate)
    results = [result for result in evaluation.evalImgs if result is not None]
    for name in ("dtIds", "gtIds", "dtScores"):
        assert len({id(result[name]) for result in results}) == len(results)


def test_one_sigma_serves_all_keypoints() -> None:
    seen = []
    truth, found = copy.deepcopy((TRUTH, FOUND))
    for place, record in enumerate((*truth["annotations"], *found)):
        record.update(keypoints=[1.0 + place % 3, 2.0, 2] * 17, num_keypoints=17)
    for both in BOTH:
        evaluation = both[1].COCOeval(*from_dicts(both, truth, found), "keypoints")
        evaluation.params.kpt_oks_sigmas = np.array([0.1])
        silently(evaluation.evaluate)
        seen.append((evaluation.ious, evaluation.evalImgs))
    assert not difference(*seen)
