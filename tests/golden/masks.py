"""Run lengths, polygons, and evaluations of masks."""

from __future__ import annotations

from typing import Any

import numpy as np

import metrix.masks
from golden.fixture import BOX, Call, Evaluation, found, mask_found, thing, truth, without

SQUARE = [10.0, 10, 10, 30, 30, 30, 30, 10]
#: The left 3/4 of SQUARE.
MOST_OF_SQUARE = [10.0, 10, 10, 30, 25, 30, 25, 10]


def pycocotools() -> Any:
    from pycocotools import mask

    return mask


def runs(counts: list[int], height: int = 2, width: int = 3) -> dict[str, Any]:
    return {"size": [height, width], "counts": counts}


def reference_mask(mask: dict[str, Any]) -> Any:
    return pycocotools().frPyObjects(mask, *mask["size"])


def compress(case: str, reference: str, counts: list[int], height: int, width: int) -> Call:
    """The compressed text of run lengths."""
    mask = runs(counts, height, width)
    return Call(case, reference, lambda: metrix.masks.to_string(counts), lambda: reference_mask(mask)["counts"])


def of_mask(name: str, case: str, reference: str, mask: dict[str, Any], *names: str, **more: Any) -> Call:
    """One function of both libraries on one compressed mask."""
    here = getattr(metrix.masks, names[0] if names else name)
    return Call(
        case,
        reference,
        lambda: np.asarray(here(mask)).tolist(),
        lambda: np.asarray(getattr(pycocotools(), name)(mask)).tolist(),
        **more,
    )


def encoded(case: str, reference: str, pixels: list[list[int]]) -> Call:
    image = np.array(pixels, dtype=np.uint8)
    return Call(
        case,
        reference,
        lambda: metrix.masks.encode(image),
        lambda: pycocotools().encode(np.asfortranarray(image)),
    )


def polygon(case: str, reference: str, points: list[float], height: int = 12, width: int = 10) -> Call:
    return Call(
        case,
        reference,
        lambda: metrix.masks.from_polygons([points], height, width),
        lambda: pycocotools().frPyObjects([points], height, width),
    )


def overlap(case: str, reference: str, first: Any, second: Any, crowd: int = 0, **more: Any) -> Call:
    return Call(
        case,
        reference,
        lambda: metrix.masks.iou(first, second, crowd=[crowd] * len(second)).tolist(),
        lambda: np.asarray(pycocotools().iou(first, second, [crowd] * len(second))).tolist(),
        **more,
    )


def segm(case: str, reference: str, objects: list[Any], detections: list[Any], **more: Any) -> Evaluation:
    """Objects of area 400 with these segmentations."""
    annotations = [thing(BOX, segmentation=object, area=400) for object in objects]
    return Evaluation(case, reference, truth(*annotations), detections, "segm", **more)


#: Compressed masks of 100 x 100, as detections have them: SQUARE and the left 3/4 of it.
SQUARE_TEXT, MOST_TEXT = (
    metrix.masks.from_polygons([points], 100, 100)[0]["counts"].decode() for points in (SQUARE, MOST_OF_SQUARE)
)
SQUARE_RLE = {"size": [100, 100], "counts": SQUARE_TEXT}
MOST_RLE = {"size": [100, 100], "counts": MOST_TEXT}
EMPTY_RLE = {"size": [100, 100], "counts": metrix.masks.to_string([10000]).decode()}
SQUARE_RUNS = {"size": [100, 100], "counts": metrix.masks.from_string(SQUARE_TEXT).tolist()}
SMALL = {"size": [2, 3], "counts": b"231"}
LARGE_COUNTS = [3000000000, 3000000000]

FIXTURES = {
    # ---- text
    "text_of_first_three_counts_is_absolute": compress(
        "three runs", "writes the first three run lengths as they are", [40, 3, 5], 6, 8
    ),
    "text_of_later_counts_is_difference": compress(
        "six runs of which later ones repeat or shrink",
        "writes a run from the fourth on as its difference to the one two before",
        [40, 3, 5, 3, 2, 100],
        9,
        17,
    ),
    "text_of_negative_differences": compress(
        "differences around the limits of one, two and three characters",
        "continues the sign from the fifth bit of the last character",
        [500, 600, 520, 584, 503, 600, 519, 1, 1031, 0],
        52,
        103,
    ),
    "text_of_zero_runs": compress("runs of length 0", "allows them", [0, 2, 0, 0, 4], 2, 3),
    "text_read_back": Call(
        "a text of long and negative numbers",
        "reads what it writes",
        lambda: metrix.masks.decode(
            {"size": [9, 17], "counts": metrix.masks.to_string([40, 3, 5, 3, 2, 100])}
        ).tolist(),
        lambda: pycocotools().decode(reference_mask(runs([40, 3, 5, 3, 2, 100], 9, 17))).tolist(),
    ),
    # ---- encode, decode, area, boxes
    "encode_by_columns": encoded(
        "pixels 011 / 010", "runs go down the columns, from background", [[0, 1, 1], [0, 1, 0]]
    ),
    "encode_begins_with_foreground": encoded("a first pixel of 1", "begins with a run of length 0", [[1, 0], [1, 1]]),
    "encode_step_between_bytes": encoded(
        "pixels of 0, 1 and 2", "begins a run wherever the byte changes, so 1 to 2 is a border", [[0, 1, 2], [0, 1, 0]]
    ),
    "decode_of_too_many_pixels": Call(
        "run lengths of more pixels than the image has",
        "ValueError: invalid RLE mask",
        lambda: metrix.masks.decode({"size": [2, 3], "counts": metrix.masks.to_string([2, 9])}),
        lambda: pycocotools().decode({"size": [2, 3], "counts": b"29"}).tolist(),
        instead="masks[0]",
        here="ValueError that names the mask",
    ),
    "area_is_sum_of_odd_runs": of_mask(
        "area", "four runs", "adds the second and the fourth", {"size": [2, 5], "counts": b"2341"}
    ),
    "area_wraps": Call(
        "two foreground runs of 3e9 pixels",
        "adds in 32 bits",
        lambda: int(
            metrix.masks.area(
                {"size": [1, 1], "counts": metrix.masks.to_string([0, LARGE_COUNTS[0], 0, LARGE_COUNTS[1]])}
            )
        ),
        lambda: int(
            pycocotools().area(
                {"size": [1, 1], "counts": metrix.masks.to_string([0, LARGE_COUNTS[0], 0, LARGE_COUNTS[1]])}
            )
        ),
    ),
    "box_around_mask": of_mask(
        "toBbox", "a mask in two columns", "x, y, width, height of the foreground", SMALL, "to_boxes"
    ),
    "box_of_run_over_columns": of_mask(
        "toBbox",
        "a run that goes on in the next column",
        "takes the whole height",
        {"size": [3, 3], "counts": b"232"},
        "to_boxes",
    ),
    "box_ignores_empty_runs": of_mask(
        "toBbox",
        "an empty foreground run far from the rest",
        "passes it over",
        {"size": [4, 4], "counts": metrix.masks.to_string([1, 0, 6, 2, 7])},
        "to_boxes",
    ),
    "box_of_empty_mask": of_mask(
        "toBbox", "background only", "gives 0, 0, 0, 0", {"size": [2, 3], "counts": b"6"}, "to_boxes"
    ),
    "box_of_no_runs": of_mask(
        "toBbox", "no runs at all", "gives 0, 0, 0, 0", {"size": [2, 3], "counts": b""}, "to_boxes"
    ),
    "box_of_empty_foreground_runs_only": of_mask(
        "toBbox",
        "foreground runs all of length 0",
        "underflows to a width of some 4e9",
        {"size": [2, 3], "counts": b"303"},
        "to_boxes",
    ),
    # ---- merge
    "merge_of_different_sizes": Call(
        "masks of different size",
        "gives a mask of 0 x 0",
        lambda: metrix.masks.merge([{"size": [2, 3], "counts": b"231"}, {"size": [3, 2], "counts": b"231"}]),
        lambda: pycocotools().merge([{"size": [2, 3], "counts": b"231"}, {"size": [3, 2], "counts": b"231"}]),
    ),
    "merge_union_and_intersection": Call(
        "two masks that share a pixel",
        "unites, or intersects",
        lambda: [metrix.masks.merge([SMALL, {"size": [2, 3], "counts": b"222"}], intersect=i) for i in (False, True)],
        lambda: [pycocotools().merge([SMALL, {"size": [2, 3], "counts": b"222"}], intersect=i) for i in (False, True)],
    ),
    # ---- polygons
    "polygon_square": polygon("a square on whole pixels", "fills it", [2, 3, 2, 8, 7, 8, 7, 3]),
    "polygon_direction": polygon(
        "a thin triangle, clockwise", "steps along each edge from its smaller end", [1, 1, 9, 2, 2, 2.5]
    ),
    "polygon_other_direction": polygon(
        "the same, counterclockwise", "need not give the same pixels", [2, 2.5, 9, 2, 1, 1]
    ),
    "polygon_fractions": polygon(
        "corners at tenths of a pixel", "rounds to fifths", [1.1, 1.3, 8.7, 2.9, 5.5, 9.9, 2.2, 7.4]
    ),
    "polygon_beyond_left_and_right": polygon(
        "corners left and right of the image", "drops borders outside", [-5.5, 2, 15.5, 5, 4, 9]
    ),
    "polygon_beyond_top_and_bottom": polygon(
        "corners above and below the image", "moves borders to the margin", [2, -7.3, 8, 4, 3, 20]
    ),
    "polygon_negative_coordinates": polygon(
        "corners just below 0", "cuts towards 0 when it rounds", [-0.3, -0.4, 5, -0.1, 5, 5, -0.2, 5]
    ),
    "polygon_crossing_itself": polygon("a bow tie", "fills by the even-odd rule", [1, 1, 8, 9, 8, 1, 1, 9]),
    "polygon_of_one_point": polygon("five times one point", "gives no pixel", [4, 4, 4, 4, 4, 4, 4, 4, 4, 4]),
    "boxes_are_polygons": Call(
        "boxes with fractions",
        "fills the polygon of their corners",
        lambda: metrix.masks.from_boxes([[1.5, 2.5, 3, 4], [0, 0, 10, 12], [8, 8, 0.2, 0.2]], 12, 10),
        lambda: pycocotools().frPyObjects(np.array([[1.5, 2.5, 3, 4], [0, 0, 10, 12], [8, 8, 0.2, 0.2]]), 12, 10),
    ),
    # ---- overlap
    "overlap_of_masks": overlap(
        "masks with a common pixel", "intersection over union", [SMALL], [{"size": [2, 3], "counts": b"222"}]
    ),
    "overlap_with_crowd": overlap(
        "the same, a crowd", "intersection over the detection", [SMALL], [{"size": [2, 3], "counts": b"222"}], 1
    ),
    "overlap_of_empty_masks": overlap(
        "two masks without foreground",
        "gives 0",
        [{"size": [2, 3], "counts": b"6"}],
        [{"size": [2, 3], "counts": b"6"}],
    ),
    "overlap_of_distant_masks": overlap(
        "masks whose boxes do not meet",
        "gives 0 without a look",
        [{"size": [2, 3], "counts": b"024"}],
        [{"size": [2, 3], "counts": b"42"}],
    ),
    "overlap_of_different_sizes": overlap(
        "masks of different size whose boxes meet", "gives -1", [SMALL], [{"size": [3, 2], "counts": b"231"}]
    ),
    "overlap_of_different_sizes_apart": overlap(
        "masks of different size whose boxes do not meet",
        "gives 0",
        [{"size": [2, 3], "counts": b"024"}],
        [{"size": [3, 3], "counts": b"63"}],
    ),
    "overlap_with_nothing": overlap(
        "no ground truth",
        "gives an empty list, without a shape",
        [SMALL],
        [],
        instead=[[]],
        here="an array of shape (1, 0)",
    ),
    # ---- evaluations
    "polygons": segm(
        "polygons as ground truth, masks as detections",
        "fills the polygons, compares pixels",
        [[SQUARE]],
        [mask_found(MOST_RLE, 0.9)],
    ),
    "similarity_just_above_threshold": segm(
        "a mask of 11/20 of the object",
        "matches at 0.5 and at 0.55, no higher",
        [[SQUARE]],
        [found([10, 10, 11, 20], 0.9)],
    ),
    "empty_segmentation": segm(
        "an empty list of polygons",
        "IndexError",
        [[], [SQUARE]],
        [mask_found(SQUARE_RLE, 0.9)],
        instead={"AP": 51 / 101, "AR100": 0.5},
        here="takes it for a mask without pixels, which nothing finds",
    ),
    "union_of_polygons": segm(
        "an object of two polygons that make one square",
        "unites them",
        [[MOST_OF_SQUARE, [25.0, 10, 25, 30, 30, 30, 30, 10]]],
        [mask_found(SQUARE_RLE, 0.9)],
    ),
    "counts_as_list_text_and_bytes": segm(
        "run lengths as a list in the ground truth, as text and as bytes in the detections",
        "takes all of them",
        [SQUARE_RUNS, SQUARE_RLE],
        [mask_found(SQUARE_RLE, 0.9), mask_found({"size": [100, 100], "counts": MOST_TEXT.encode()}, 0.8)],
    ),
    "four_numbers_are_a_box": segm(
        "a first polygon of four numbers",
        "takes it for a box, hands a list to a function of arrays, and raises TypeError",
        [[[10.0, 10, 20, 20]]],
        [mask_found(SQUARE_RLE, 0.9)],
        instead={"AP": 0.9999999999999998},
        here="takes it for a box: x, y, width, height",
    ),
    "detections_of_boxes_become_rectangles": segm(
        "boxes evaluated as masks",
        "gives each the rectangle of its box",
        [[SQUARE], [[60.0, 60, 60, 80, 80, 80]]],
        [found([10, 10, 20, 16], 0.9), found([60, 60, 20, 20], 0.8)],
    ),
    "detections_with_box_keep_their_mask": segm(
        "a mask with a box elsewhere",
        "compares the mask",
        [[SQUARE]],
        [mask_found(SQUARE_RLE, 0.9, bbox=[70, 70, 5, 5])],
    ),
    "detections_without_box": segm(
        "masks without boxes, wrong ones of areas 300 and 2000",
        "takes the number of pixels as area",
        [[SQUARE]],
        [
            mask_found({"size": [100, 100], "counts": metrix.masks.to_string([7000, 2000, 1000]).decode()}, 0.9),
            mask_found({"size": [100, 100], "counts": metrix.masks.to_string([7000, 300, 2700]).decode()}, 0.8),
            mask_found(SQUARE_RLE, 0.7),
        ],
    ),
    "area_from_bbox": segm(
        "a wrong mask of area 300 with a box of area 2500",
        "takes the area of the box, so it is ignored among small objects",
        [[SQUARE], [[60.0, 60, 60, 80, 80, 80, 80, 60]]],
        [
            mask_found(
                {"size": [100, 100], "counts": metrix.masks.to_string([9000, 300, 700]).decode()},
                0.9,
                bbox=[0, 0, 50, 50],
            ),
            mask_found(SQUARE_RLE, 0.8, bbox=[10, 10, 20, 20]),
        ],
        quirks={"area_from_bbox": 2},
        corrected_stats={"APs": 51 / 101 / 2},
        corrected="takes the number of pixels, so the wrong one counts: precision 1/2 up to recall 1/2",
    ),
    "masks_of_different_size_never_match": segm(
        "a detection made for another size of the image",
        "gives IoU -1: no match",
        [[SQUARE]],
        [mask_found({"size": [200, 50], "counts": metrix.masks.to_string([1010, 4000, 4990]).decode()}, 0.9)],
        quirks={"mask_size_mismatch": 1},
    ),
    "empty_masks_do_not_match": segm(
        "an object and a detection without foreground",
        "gives IoU 0: no match",
        [EMPTY_RLE, [SQUARE]],
        [mask_found(EMPTY_RLE, 0.9), mask_found(SQUARE_RLE, 0.8)],
    ),
    "crowd_mask": Evaluation(
        "a mask inside a crowd given as run lengths",
        "divides the intersection by the detection's area: ignored",
        truth(
            thing(BOX, segmentation=SQUARE_RUNS, iscrowd=1),
            thing(BOX, segmentation=[[60.0, 60, 60, 80, 80, 80]], area=200),
        ),
        [
            mask_found(MOST_RLE, 0.9),
            mask_found(metrix.masks.from_polygons([[60.0, 60, 60, 80, 80, 80]], 100, 100)[0], 0.8),
        ],
        "segm",
    ),
    "missing_area": Evaluation(
        "annotations with masks and without area",
        "KeyError",
        truth(without(thing([0, 0, 99, 99], segmentation=[SQUARE]), "area")),
        [mask_found(SQUARE_RLE, 0.9)],
        "segm",
        quirks={"missing_area": 1},
        instead={"AP": 0.9999999999999998, "APs": 0.9999999999999998, "APm": -1.0},
        here="takes the number of pixels, 400",
    ),
    "masks_evaluated_as_boxes": Evaluation(
        "masks without boxes, evaluated as boxes",
        "takes the boxes around the masks",
        truth(thing([10, 10, 20, 20])),
        [mask_found(MOST_RLE, 0.9)],
    ),
}
