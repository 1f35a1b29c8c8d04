"""IoU of boxes."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

import metrix.boxes
from golden.fixture import BOX, Call, Evaluation, found, thing, truth


def overlap(case: str, reference: str, first: Any, second: Any, crowd: int = 0, **more: Any) -> Call:
    """Pairwise IoU of boxes as x, y, width, height."""

    def run_reference() -> Any:
        from pycocotools import mask

        given = [np.array(boxes, dtype=float).reshape(-1, 4) for boxes in (first, second)]
        return np.asarray(mask.iou(*given, [crowd] * len(second))).tolist()

    def run() -> Any:
        given = [np.array(boxes, dtype=float).reshape(-1, 4) for boxes in (first, second)]
        return metrix.boxes.box_iou(*given, fmt="xywh", crowd=[crowd] * len(second)).tolist()

    return Call(case, reference, run, run_reference, **more)


DECIMALS = [[0.1, 0.2, 0.3, 0.4], [12.34, 56.78, 90.12, 34.56], [12.3, 50.1, 88.8, 44.4], [0.15, 0.25, 0.3, 0.3]]

FIXTURES = {
    "order_of_operations": overlap(
        "boxes of decimals",
        "adds side to corner, and takes the intersection from the sum of the areas, in double",
        DECIMALS,
        DECIMALS[::-1],
    ),
    "order_of_operations_with_crowd": overlap(
        "the same, crowds", "divides by the detection's area", DECIMALS, DECIMALS[::-1], 1
    ),
    "touching_boxes": overlap(
        "boxes with a common edge or corner", "gives 0", [BOX], [[10, 0, 5, 5], [10, 10, 5, 5], [0, -5, 5, 5]]
    ),
    "zero_sized_boxes": overlap(
        "boxes of no width", "gives 0, with itself too", [[1, 1, 0, 5], BOX], [[1, 1, 0, 5], [1, 1, 0, 0]]
    ),
    "negative_sizes": overlap(
        "boxes of negative width and height",
        "computes on: a product of negative sides is an area",
        [[5, 5, -3, 2], [5, 5, -3, -2], BOX],
        [[2, 5, 3, 2], [5, 5, -3, -2], BOX],
    ),
    "not_finite": overlap(
        "boxes with NaN and infinity",
        "gives 0 or NaN as the comparisons fall",
        [BOX, [math.nan, 0, 10, 10], [0, 0, math.inf, 10]],
        [BOX, [0, math.nan, 10, 10], [0, 0, 10, math.nan], [0, 0, math.inf, 10]],
    ),
    "no_boxes": overlap(
        "no ground truth",
        "gives an empty list, without a shape",
        [BOX],
        [],
        instead=[[]],
        here="an array of shape (1, 0)",
    ),
    "one_box_without_a_list": Call(
        "a single box as a flat array of four numbers",
        "Exception: the shape of the object is not supported, or a box, by its path",
        lambda: metrix.boxes.box_iou(np.array(BOX), np.array([BOX]), fmt="xywh"),
        lambda: _flat_box(),
        instead="boxes1: expected shape",
        here="ValueError that names the argument",
    ),
    "zero_width_detection": Evaluation(
        case="a wrong detection of no width, scored highest",
        reference="has IoU 0 and area 0: counts as wrong in all ranges from 0",
        ground_truth=truth(thing(BOX), thing([20, 0, 40, 40])),
        detections=[found([0, 0, 0, 10], 0.9), found(BOX, 0.8), found([20, 0, 40, 40], 0.7)],
    ),
    "negative_width_detection": Evaluation(
        case="a wrong detection of negative width",
        reference="has a negative area, which lies outside of every range: ignored",
        ground_truth=truth(thing(BOX), thing([20, 0, 10, 10])),
        detections=[found([10, 0, -10, 10], 0.9), found(BOX, 0.8), found([20, 0, 10, 10], 0.7)],
    ),
}


def _flat_box() -> Any:
    from pycocotools import mask

    return np.asarray(mask.iou(np.array(BOX), np.array([BOX]), [0])).tolist()
