"""LVIS: which categories an image is judged in, what is left out, and the limit of an image."""

from __future__ import annotations

from typing import Any

from golden.fixture import BOX, FAR, Evaluation, Record, found, mask_found, thing, truth, without

A, B = [0.0, 0, 10, 10], [20.0, 0, 10, 10]
LVIS = {"protocol": "lvis"}
SQUARE = [[10.0, 10, 20, 10, 20, 20, 10, 20]]


def federated(
    *annotations: Record,
    absent: list[Any] | tuple[Any, ...] = (),
    not_exhaustive: list[Any] | tuple[Any, ...] = (),
    images: int = 1,
    frequencies: str = "ff",
) -> Record:
    """Ground truth of two categories; every image has the same lists."""
    made = truth(*annotations, images=images, categories=len(frequencies))
    for image in made["images"]:
        image["neg_category_ids"], image["not_exhaustive_category_ids"] = list(absent), list(not_exhaustive)
    for category, frequency in zip(made["categories"], frequencies, strict=True):
        category["frequency"] = frequency
    return made


TWO = federated(thing(A), thing(B))

SQUARE_RLE = {"size": [100, 100], "counts": "bo0:j200000000000000000fi7"}
LARGE_RLE = {
    "size": [100, 100],
    "counts": "bo0X1l100000000000000000000000000000000000000000000000000000000000000000000000000000nk4",
}
TWO_MASKS = federated(
    {**thing([10.0, 10, 10, 10]), "segmentation": SQUARE},
    {**thing([10.0, 10, 10, 10], category_id=2), "segmentation": SQUARE},
)

FIXTURES = {
    "unjudged_category": Evaluation(
        case="a wrong detection of a category that its image neither shows nor lists as absent",
        reference="leaves it out: nobody has looked for the category in this image",
        ground_truth=federated(thing(A), thing(B, image_id=2, category_id=2), images=2),
        detections=[found(FAR, 0.9, category_id=2), found(A, 0.8), found(B, 0.7, image_id=2, category_id=2)],
        options=LVIS,
        quirks={"unjudged_detection": 1},
    ),
    "absent_category": Evaluation(
        case="the same, where the image lists the category as absent",
        reference="counts it as wrong",
        ground_truth=federated(thing(A), thing(B, image_id=2, category_id=2), absent=[2], images=2),
        detections=[found(FAR, 0.9, category_id=2), found(A, 0.8), found(B, 0.7, image_id=2, category_id=2)],
        options=LVIS,
        quirks={"unjudged_detection": 0},
    ),
    "not_exhaustive_category": Evaluation(
        case="a wrong detection of a category of which not all objects are annotated",
        reference="ignores it; one that matches counts",
        ground_truth=federated(thing(A), thing(B), not_exhaustive=[1]),
        detections=[found(FAR, 0.9), found(A, 0.8)],
        options=LVIS,
    ),
    "not_exhaustive_category_alone": Evaluation(
        case="a detection of a category that is not exhaustively annotated, not shown and not listed as absent",
        reference="leaves it out",
        ground_truth=federated(thing(A), not_exhaustive=[2]),
        detections=[found(A, 0.9), found(FAR, 0.8, category_id=2)],
        options=LVIS,
        quirks={"unjudged_detection": 1},
    ),
    "limit_of_an_image": Evaluation(
        case="three detections of two categories on an image, of which two are allowed",
        reference="keeps the two of highest score, whatever their category",
        ground_truth=federated(thing(A), thing(B, category_id=2)),
        detections=[found(B, 0.5, category_id=2), found(A, 0.9), found(FAR, 0.7)],
        options={**LVIS, "max_detections": [2]},
    ),
    "limit_keeps_first_of_equal": Evaluation(
        case="the same with equal scores",
        reference="keeps those that come first",
        ground_truth=federated(thing(A), thing(B, category_id=2)),
        detections=[found(B, 0.5, category_id=2), found(A, 0.5), found(FAR, 0.5)],
        options={**LVIS, "max_detections": [2]},
    ),
    "limit_counts_unlisted_categories": Evaluation(
        case="detections of categories that do not exist, scored highest on a full image",
        reference="lets them use up the limit before it leaves them out",
        ground_truth=TWO,
        detections=[found(A, 0.5), found(FAR, 0.9, category_id=77), found(FAR, 0.8, category_id=78)],
        options={**LVIS, "max_detections": [2]},
        quirks={"unlisted_category": 2},
    ),
    "limit_decides_which_is_first": Evaluation(
        case="masks whose first detection has a box, and a full image whose best one has none",
        reference="looks for a box in the first that is left: areas are those of the masks",
        ground_truth=TWO_MASKS,
        detections=[
            mask_found(LARGE_RLE, 0.1, bbox=[0.0, 0, 90, 90]),
            mask_found(SQUARE_RLE, 0.9, category_id=2),
        ],
        iou_type="segm",
        options={**LVIS, "max_detections": [1]},
        quirks={"area_from_bbox": 0},
    ),
    "limit_that_is_met_changes_no_order": Evaluation(
        case="the same, with as many detections as are allowed, where the first one has no box",
        reference="leaves their order as it is: areas are those of the masks",
        ground_truth=TWO_MASKS,
        detections=[
            mask_found(LARGE_RLE, 0.1),
            mask_found(SQUARE_RLE, 0.9, bbox=[0.0, 0, 90, 90], category_id=2),
        ],
        iou_type="segm",
        options={**LVIS, "max_detections": [2]},
        quirks={"area_from_bbox": 0},
    ),
    "limit_leaves_a_mask_for_boxes": Evaluation(
        case="boxes evaluated, and a full image whose best detection has a mask alone",
        reference="takes the box around the mask",
        ground_truth=TWO_MASKS,
        detections=[found(FAR, 0.1), mask_found(SQUARE_RLE, 0.9)],
        options={**LVIS, "max_detections": [1]},
    ),
    "repeated_id_moves_what_is_shown": Evaluation(
        case="an object whose id comes again in another image and category, and a detection in its place",
        reference="puts the last object of the id into the place of both: the first image does not show the category",
        ground_truth=federated(
            thing(A, id=7), thing(B, id=8, image_id=2), thing(A, id=7, image_id=2, category_id=2), images=2
        ),
        detections=[found(A, 0.9), found(B, 0.8, image_id=2), found(A, 0.7, image_id=2, category_id=2)],
        options=LVIS,
        quirks={"unjudged_detection": 1, "duplicate_annotation_id": 1},
        corrected_stats={"AP50": 1.0},
        corrected="finds all three",
    ),
    "ignored_object": Evaluation(
        case="an object with ignore = 1, and a detection of it",
        reference="reads the field: neither a miss nor right nor wrong",
        ground_truth=federated(thing(A, ignore=1), thing(B)),
        detections=[found(A, 0.9), found(B, 0.8)],
        options=LVIS,
        quirks={"ignore_flag_overwritten": 0},
    ),
    "crowd_is_an_object": Evaluation(
        case="an object with iscrowd = 1, and two detections of it",
        reference="does not read the field: the first is right, the second wrong",
        ground_truth=federated(thing(A, iscrowd=1), thing(B)),
        detections=[found(A, 0.9), found(A, 0.8), found(B, 0.7)],
        options=LVIS,
        quirks={"crowd_not_read": 1},
    ),
    "no_iscrowd": Evaluation(
        case="annotations without iscrowd",
        reference="does not need it",
        ground_truth=federated(without(thing(A), "iscrowd"), without(thing(B), "iscrowd")),
        detections=[found(A, 0.9), found(FAR, 0.8)],
        options=LVIS,
        quirks={"missing_iscrowd": 0},
    ),
    "empty_area": Evaluation(
        case="an object of area 0 that nothing finds, and a wrong detection without width",
        reference="leaves both out: only areas above 0 and finite take part",
        ground_truth=federated(thing(A), thing(FAR, area=0.0)),
        detections=[found([50.0, 50, 0, 10], 0.9), found(A, 0.8)],
        options=LVIS,
        quirks={"area_left_out": 2},
        corrected_stats={"AP": 0.5 * 51 / 101, "AR@300": 0.5},
        corrected="counts both",
    ),
    "only_object_is_empty": Evaluation(
        case="a category whose only object on the image has area 0, and a detection of it",
        reference="leaves the detection out too, as the image then does not show the category",
        ground_truth=federated(
            thing(A), thing(B, category_id=2, area=0.0), thing(B, category_id=2, image_id=2), images=2
        ),
        detections=[found(A, 0.9), found(B, 0.8, category_id=2)],
        options=LVIS,
        quirks={"area_left_out": 1, "unjudged_detection": 1},
        corrected_stats={"AP": (51 / 101 + 1) / 2},
        corrected="finds one of two objects",
    ),
    "annotation_id_zero": Evaluation(
        case="a perfect detection of an object with id 0",
        reference="takes the match for none: AP 0",
        ground_truth=federated(thing(A, id=0)),
        detections=[found(A, 0.9)],
        options=LVIS,
        quirks={"annotation_id_zero": 1},
        corrected_stats={"AP": 1.0},
        corrected="matches: AP 1",
    ),
    "annotation_id_zero_not_exhaustive": Evaluation(
        case="the same in a category that is not exhaustively annotated",
        reference="ignores the detection, as it counts as unmatched",
        ground_truth=federated(thing(A, id=0), thing(B), not_exhaustive=[1]),
        detections=[found(A, 0.9), found(B, 0.8)],
        options=LVIS,
        quirks={"annotation_id_zero": 1},
        corrected_stats={"AP": 1.0},
        corrected="matches: AP 1",
    ),
    "frequency_groups": Evaluation(
        case="a rare category found, a common one missed, a frequent one found late",
        reference="gives each group a mean of its own",
        ground_truth=federated(
            thing(A), thing(B, category_id=2), thing(BOX, category_id=3), absent=[3], frequencies="rcf"
        ),
        detections=[found(A, 0.9), found(FAR, 0.8, category_id=3), found(BOX, 0.7, category_id=3)],
        options=LVIS,
    ),
    "no_group": Evaluation(
        case="no rare and no common category",
        reference="has -1 for them",
        ground_truth=TWO,
        detections=[found(A, 0.9), found(FAR, 0.8)],
        options=LVIS,
    ),
    "class_agnostic": Evaluation(
        case="no use of categories",
        reference="looks at category -1 alone, by a slip of a name, so that all is -1; then IndexError at the groups",
        ground_truth=federated(thing(A)),
        detections=[found(A, 0.9), found(FAR, 0.8)],
        options={**LVIS, "use_categories": False},
        quirks={"class_agnostic_lvis": 2},
        instead={"AP": -1.0, "APf": -1.0, "AR@300": -1.0},
        here="-1 everywhere",
        corrected_stats={"AP": 1.0, "AR@300": 1.0},
        corrected="takes all categories as one",
    ),
    "class_agnostic_minus_one": Evaluation(
        case="the same, where the one category has the id -1",
        reference="finds it",
        ground_truth={
            **federated(thing(A, category_id=-1), frequencies="r"),
            "categories": [{"id": -1, "frequency": "r"}],
        },
        detections=[found(A, 0.9, category_id=-1), found(FAR, 0.8, category_id=-1)],
        options={**LVIS, "use_categories": False},
        quirks={"class_agnostic_lvis": 2},
    ),
    "class_agnostic_repeated_id": Evaluation(
        case="an object of category -1 whose id comes again for one of another category",
        reference="looks at the last one in both places, so none is of category -1; then IndexError",
        ground_truth={
            **federated(thing(A, category_id=-1, id=20), thing(A, category_id=2, id=20), frequencies="rf"),
            "categories": [{"id": -1, "frequency": "r"}, {"id": 2, "frequency": "f"}],
        },
        detections=[found(A, 0.9, category_id=-1)],
        options={**LVIS, "use_categories": False},
        quirks={"class_agnostic_lvis": 1, "duplicate_annotation_id": 1},
        instead={"AP": -1.0, "AR@300": -1.0},
        here="gives the numbers of its arrays",
        corrected_stats={"AP": 51 / 101, "AR@300": 0.5},
        corrected="takes all categories as one",
    ),
    "no_lists": Evaluation(
        case="an image without neg_category_ids and not_exhaustive_category_ids",
        reference="KeyError",
        ground_truth={**TWO, "images": [{"id": 1}]},
        detections=[found(A, 0.9), found(FAR, 0.95, category_id=2)],
        options=LVIS,
        quirks={"missing_neg_category_ids": 1, "missing_not_exhaustive_category_ids": 1},
        instead={"AP": 51 / 101},
        here="takes them as empty",
    ),
    "no_frequency": Evaluation(
        case="categories without frequency",
        reference="KeyError",
        ground_truth={**TWO, "categories": [{"id": 1}, {"id": 2}]},
        detections=[found(A, 0.9), found(B, 0.8)],
        options=LVIS,
        quirks={"missing_frequency": 2},
        instead={"AP": 1.0, "APr": -1.0, "APc": -1.0, "APf": -1.0},
        here="puts them in no group",
    ),
}
