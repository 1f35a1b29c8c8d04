"""Boundary IoU: masks that must agree along their outlines as well. Answers: its definition on top of pycocotools."""

from __future__ import annotations

from typing import Any

import numpy as np

from golden.fixture import Evaluation, Fixture, mask_found, thing, truth
from oracles import masks as oracle

Rectangle = tuple[int, int, int, int]


def drawn(*rectangles: Rectangle, size: tuple[int, int] = (100, 100)) -> dict[str, Any]:
    """Rectangles of left, top, right, bottom, of which each turns what it covers to its opposite."""
    image = np.zeros(size, dtype=np.uint8)
    for left, top, right, bottom in rectangles:
        image[top:bottom, left:right] ^= 1
    return {"size": list(size), "counts": oracle.to_string(oracle.encode(image)).decode()}


BOX = [10.0, 10.0, 40.0, 40.0]
OBJECT = thing(BOX, segmentation=drawn((10, 10, 50, 50)))
SHIFTED = drawn((12, 10, 52, 50))
NARROW = {"dilation_pixels": 2}

FIXTURES: dict[str, Fixture] = {
    "shifted": Evaluation(
        "a square found two pixels to the right, boundaries 2 pixels wide",
        "takes the IoU of the boundaries, 0.33, although that of the masks is 0.9: no match",
        truth(OBJECT),
        [mask_found(SHIFTED, 0.9)],
        "boundary",
        options=NARROW,
    ),
    "width_of_image": Evaluation(
        "the same with boundaries of 2 % of the diagonal of 141 pixels",
        "makes them 3 pixels wide, and at least 1; halves are rounded to the even number",
        truth(OBJECT),
        [mask_found(SHIFTED, 0.9)],
        "boundary",
    ),
    "all_boundary": Evaluation(
        "boundaries wider than the masks",
        "takes the masks for their boundaries, so that this is mask AP",
        truth(OBJECT),
        [mask_found(SHIFTED, 0.9)],
        "boundary",
        options={"dilation_ratio": 0.2},
    ),
    "crowd": Evaluation(
        "a part of a crowd, far from its outline",
        "compares crowds by their masks alone: ignored, not wrong",
        truth(OBJECT, thing(BOX, segmentation=drawn((60, 60, 98, 98)), iscrowd=1)),
        [mask_found(drawn((70, 70, 90, 90)), 0.9), mask_found(OBJECT["segmentation"], 0.8)],
        "boundary",
        options=NARROW,
    ),
    "edge_of_image": Evaluation(
        "a mask that fills the image, and one that lacks a line of pixels inside",
        "counts what lies at the edge of the image as boundary",
        truth(thing(BOX, segmentation=drawn((0, 0, 100, 100)))),
        [mask_found(drawn((0, 0, 100, 100), (50, 0, 51, 100)), 0.9)],
        "boundary",
        options=NARROW,
    ),
    "hole": Evaluation(
        "an object with a hole, found without it",
        "counts what lies around a hole as boundary",
        truth(thing(BOX, segmentation=drawn((10, 10, 50, 50), (20, 20, 40, 40)))),
        [mask_found(OBJECT["segmentation"], 0.9)],
        "boundary",
        options=NARROW,
    ),
    "size_mismatch": Evaluation(
        "a mask of another size than the ground truth's",
        "gives it IoU -1: no match",
        truth(thing(BOX, segmentation=drawn((0, 0, 10, 10), size=(10, 10)))),
        [mask_found(drawn((0, 0, 9, 10), size=(10, 9)), 0.9)],
        "boundary",
        quirks={"mask_size_mismatch": 1},
    ),
    "ignore_flag": Evaluation(
        "an annotation with ignore = 1 and iscrowd = 0",
        "ignores it (what stands in the fixture is pycocotools' answer, which does not)",
        truth({**OBJECT, "ignore": 1}, thing(BOX, segmentation=drawn((60, 60, 90, 90)))),
        [mask_found(OBJECT["segmentation"], 0.9)],
        "boundary",
        options=NARROW,
        quirks={"ignore_flag_overwritten": 1},
        here="counts it like any other, as pycocotools does",
        corrected_stats={"AP": 0.0, "AR100": 0.0},
        corrected="as the reference",
    ),
}
