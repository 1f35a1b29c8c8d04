"""What is read of the input, and what is made of it."""

from __future__ import annotations

import numpy as np

from golden.fixture import BOX, FAR, Evaluation, found, mask_found, thing, truth, without

A, B = [0.0, 0, 10, 10], [20.0, 0, 10, 10]
TWO = truth(thing(A), thing(B))
SQUARE_RLE = {"size": [100, 100], "counts": "Z;d05000000000000000000000PU1"}

FIXTURES = {
    "detection_ids_are_renumbered": Evaluation(
        case="detections with ids of their own, 0 among them",
        reference="overwrites them by 1 to N",
        ground_truth=TWO,
        detections=[found(A, 0.9, id=0), found(B, 0.8, id=0)],
    ),
    "no_detections": Evaluation(
        case="an empty list of detections",
        reference="IndexError",
        ground_truth=TWO,
        detections=[],
        quirks={"no_detections": 1},
        instead={"AP": 0.0, "APs": 0.0, "APm": -1.0, "AR100": 0.0},
        here="0 where there is ground truth, -1 elsewhere",
    ),
    "no_annotations": Evaluation(
        case="a ground truth without annotations",
        reference="has -1 everywhere",
        ground_truth=truth(),
        detections=[found(A, 0.9)],
    ),
    "no_categories_listed": Evaluation(
        case="a ground truth that lists no categories",
        reference="evaluates none of the annotations",
        ground_truth={**TWO, "categories": []},
        detections=[found(A, 0.9)],
        quirks={"unlisted_annotation": 2, "unlisted_category": 1},
    ),
    "unknown_image": Evaluation(
        case="a detection on an image that the ground truth does not list",
        reference="AssertionError",
        ground_truth=TWO,
        detections=[found(A, 0.9), found(B, 0.8, image_id=2)],
        instead="detections[1].image_id: 2 is not an image of the ground truth",
        here="ValueError that names the detection",
    ),
    "unknown_category": Evaluation(
        case="a detection of a category that the ground truth does not list",
        reference="leaves it out in silence",
        ground_truth=TWO,
        detections=[found(FAR, 0.95, category_id=9), found(A, 0.9), found(B, 0.8)],
        quirks={"unlisted_category": 1},
    ),
    "unlisted_annotation": Evaluation(
        case="annotations of an image and of a category that are not listed",
        reference="leaves them out in silence",
        ground_truth=truth(thing(A), thing(B), thing(FAR, image_id=5), thing(FAR, category_id=5)),
        detections=[found(A, 0.9), found(B, 0.8)],
        quirks={"unlisted_annotation": 2},
    ),
    "first_detection_decides_later_lacks_box": Evaluation(
        case="a first detection with a box, a later one without",
        reference="KeyError",
        ground_truth=TWO,
        detections=[found(A, 0.9), mask_found(SQUARE_RLE, 0.8)],
        instead="detections[1].bbox: missing",
        here="ValueError that names the detection",
    ),
    "first_detection_decides_later_has_box": Evaluation(
        case="a first detection with a mask alone, later ones with boxes as well",
        reference="takes areas from masks, boxes as they are and around masks where there are none",
        ground_truth=truth(thing([10, 10, 20, 20]), thing(B)),
        detections=[mask_found(SQUARE_RLE, 0.9), mask_found(SQUARE_RLE, 0.8, bbox=B)],
    ),
    "empty_box_of_first_detection": Evaluation(
        case="a first detection with an empty list as its box, and a mask",
        reference="looks at the masks instead, but keeps the empty box: the comparison of boxes stops",
        ground_truth=truth(thing([10, 10, 20, 20], segmentation=SQUARE_RLE)),
        detections=[mask_found(SQUARE_RLE, 0.9, bbox=[])],
        iou_type="segm",
    ),
    "missing_score": Evaluation(
        case="a detection without a score",
        reference="KeyError",
        ground_truth=TWO,
        detections=[without(found(A, 0.9), "score")],
        instead="detections[0].score",
        here="ValueError that names the detection",
    ),
    "text_image_ids": Evaluation(
        case="image ids that are text",
        reference="takes them, in the order of the alphabet",
        ground_truth=truth(
            thing(A, image_id="street/10"), thing(B, image_id="street/9"), images=["street/9", "street/10"]
        ),
        detections=[found(B, 0.5, image_id="street/9"), found(FAR, 0.5, image_id="street/10")],
    ),
    "table_of_seven_columns": Evaluation(
        case="an array of image, x, y, width, height, score, category",
        reference="takes it; ids are cut to integers",
        ground_truth=TWO,
        detections=np.array([[1.0, *A, 0.9, 1.0], [1.7, *B, 0.8, 1.2], [1.0, *FAR, 0.95, 3.0]]),
    ),
    "image_listed_twice": Evaluation(
        case="one image id listed twice",
        reference="counts it once",
        ground_truth=truth(thing(A), thing(B), images=[1, 1]),
        detections=[found(A, 0.9), found(B, 0.8)],
    ),
    "category_listed_twice": Evaluation(
        case="one category id listed twice",
        reference="counts it once",
        ground_truth=truth(thing(A), thing(B), categories=[1, 1]),
        detections=[found(A, 0.9), found(B, 0.8)],
    ),
    "image_and_category_ids_of_any_sign": Evaluation(
        case="image ids 0 and -7, category ids 0 and -1",
        reference="takes them like any other",
        ground_truth=truth(
            thing(BOX, image_id=0, category_id=0),
            thing(BOX, image_id=-7, category_id=-1),
            images=[0, -7],
            categories=[0, -1],
        ),
        detections=[
            found(BOX, 0.5, image_id=-7, category_id=-1),
            found(FAR, 0.5, image_id=0, category_id=0),
            found(BOX, 0.5, image_id=0, category_id=0),
        ],
    ),
}
