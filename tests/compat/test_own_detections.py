"""Detections that never went through ``loadRes``: their ids and areas are their own, as torchmetrics has them."""

from __future__ import annotations

import copy
from typing import Any

import pytest

pytest.importorskip("pycocotools")
from compat.comparison import Modules, difference, our_modules, reference_modules, without_date
from compat.examples import FOUND, evaluated, from_dicts, silently


def see(both: Modules, ids: list[Any], area: float) -> Any:
    truth, _ = from_dicts(both)
    found = both[0].COCO()
    records = [{**record, "id": id, "area": area} for record, id in zip(copy.deepcopy(FOUND), ids, strict=True)]
    found.dataset = {
        "images": truth.dataset["images"],
        "categories": truth.dataset["categories"],
        "annotations": records,
    }
    silently(found.createIndex)
    evaluation = evaluated(both[1].COCOeval(truth, found, "bbox"))
    return evaluation.stats, without_date(evaluation.eval)["scores"], evaluation.ious, evaluation.evalImgs


@pytest.mark.parametrize(
    "ids",
    [
        [1, 2, 3, 4, 5],
        [50, 40, 30, 20, 10],
        [5, 4, 0, 2, 1],  # what a detection of id 0 matches is free for the next one
        [5, -4, -3, 2, 1],  # and so is what one of a negative id matches
        [7, 7, 3, 4, 4],  # of one id, the last one stands in for all
        [1.0, 2.0, 3.0, 4.0, 5.0],
    ],
)
@pytest.mark.parametrize("area", [90.0, 5000.0])
def test_ids_and_areas_of_their_own_count(ids: list[Any], area: float) -> None:
    assert not difference(see(our_modules(), ids, area), see(reference_modules(), ids, area))


def test_ids_of_zero_are_seen() -> None:
    """Or the case above would prove nothing."""
    plain, zero = see(our_modules(), [5, 4, 3, 2, 1], 90.0), see(our_modules(), [5, 4, 0, 2, 1], 90.0)
    assert (plain[0] != zero[0]).any()
