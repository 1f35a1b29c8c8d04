"""Thresholds, caps, and use of categories."""

from __future__ import annotations

from golden.fixture import BOX, FAR, Evaluation, found, thing, truth

A, B, C = ([20.0 * i, 0, 10, 10] for i in range(3))
TWO = truth(thing(A), thing(B))
BOTH = [found(A, 0.9), found(B, 0.8)]
#: One object in each of two categories, and an image without any.
CATEGORIES = truth(thing(A), thing(B, category_id=2), images=2, categories=[1, 2, 3])

FIXTURES = {
    "thresholds_are_a_linspace": Evaluation(
        case="IoUs of 6/10, 65/100, 7/10 and 95/100",
        reference="has thresholds of linspace, two of which are an ulp from the decimal: 0.7 does not meet its own",
        ground_truth=truth(*(thing([0, 12.0 * i, 10, 10]) for i in range(4))),
        detections=[found([0, 12.0 * i, s, 10], 0.9 - 0.1 * i) for i, s in enumerate([6, 6.5, 7, 9.5])],
    ),
    "iou_thresholds_without_half": Evaluation(
        case="IoU thresholds 0.3 and 0.6",
        reference="has -1 for AP50 and AP75",
        ground_truth=TWO,
        detections=BOTH,
        options={"iou_thresholds": [0.3, 0.6]},
    ),
    "iou_threshold_half_only": Evaluation(
        case="the one IoU threshold 0.5",
        reference="has AP = AP50, and -1 for AP75",
        ground_truth=TWO,
        detections=[found([0, 0, 10, 6], 0.9), found(FAR, 0.8), found(B, 0.7)],
        options={"iou_thresholds": [0.5]},
    ),
    "iou_threshold_twice": Evaluation(
        case="the IoU threshold 0.5 twice",
        reference="counts it twice in every mean",
        ground_truth=TWO,
        detections=[found([0, 0, 10, 6], 0.9), found(B, 0.7)],
        options={"iou_thresholds": [0.5, 0.9, 0.5]},
    ),
    "iou_threshold_almost_half": Evaluation(
        case="an IoU threshold one ulp above 0.5",
        reference="has -1 for AP50: it looks for the very double",
        ground_truth=TWO,
        detections=BOTH,
        options={"iou_thresholds": [0.5000000000000001, 0.75]},
    ),
    "cap_of_hundred_is_missing": Evaluation(
        case="max_detections 1, 10, 300",
        reference="asks for cap 100 literally: AP -1, the others of cap 300",
        ground_truth=TWO,
        detections=BOTH,
        options={"max_detections": [1, 10, 300]},
        quirks={"cap_not_listed": 1},
        corrected_stats={"AP": 1.0, "AP50": 1.0, "AR300": 1.0},
        corrected="AP of cap 300",
    ),
    "small_caps": Evaluation(
        case="max_detections 1, 3, 5",
        reference="has AP -1",
        ground_truth=TWO,
        detections=BOTH,
        options={"max_detections": [1, 3, 5]},
        quirks={"cap_not_listed": 1},
        corrected_stats={"AP": 1.0, "AR1": 0.5, "AR3": 1.0},
        corrected="AP of cap 5",
    ),
    "cap_of_hundred_not_third": Evaluation(
        case="max_detections 1, 100, 300 and 1, 2, 3, 100",
        reference="takes AP of cap 100 and the others of the third cap",
        ground_truth=truth(*(thing([20.0 * i, 0, 10, 10]) for i in range(4))),
        detections=[found([20.0 * i, 0, 10, 10], 0.9 - 0.1 * i) for i in range(4)],
        options={"max_detections": [1, 2, 3, 100]},
    ),
    "one_cap": Evaluation(
        case="max_detections 100 alone",
        reference="IndexError",
        ground_truth=TWO,
        detections=BOTH,
        options={"max_detections": [100]},
        instead={"AP": 1.0, "AP50": 1.0, "AR100": 1.0},
        here="leaves out the ARs of the missing caps; the one cap serves the rest",
    ),
    "categories_not_used": Evaluation(
        case="boxes of the wrong category, without use of categories",
        reference="matches them: all categories are one",
        ground_truth=CATEGORIES,
        detections=[found(A, 0.9, category_id=2), found(B, 0.8, category_id=1)],
        options={"use_categories": False},
    ),
    "categories_not_used_order": Evaluation(
        case="the same with equal scores, the wrong one in the first category",
        reference="lists detections by category first: the wrong one is taken first",
        ground_truth=CATEGORIES,
        detections=[found(A, 0.5, category_id=2), found(B, 0.5, category_id=2), found(FAR, 0.5, category_id=1)],
        options={"use_categories": False},
    ),
    "categories_not_used_order_of_truths": Evaluation(
        case="without use of categories, a detection as near to an object of category 2 as to one of 1, listed later",
        reference="lists objects by category first, and the later one, of category 2, wins: the second one is wrong",
        ground_truth=truth(thing([4, 0, 10, 10], category_id=2), thing([0, 0, 10, 10]), categories=2),
        detections=[found([2, 0, 10, 10], 0.9), found([4, 0, 10, 10], 0.8)],
        options={"use_categories": False, "iou_thresholds": [0.5]},
    ),
    "categories_not_used_some_chosen": Evaluation(
        case="the same with categories 3 and 2 chosen, in this order",
        reference="drops the others and keeps the order given",
        ground_truth=CATEGORIES,
        detections=[
            found(A, 0.5, category_id=1),
            found(B, 0.5, category_id=2),
            found(FAR, 0.5, category_id=3),
        ],
        options={"use_categories": False, "categories": [3, 2]},
    ),
    "category_chosen_twice": Evaluation(
        case="one category given twice",
        reference="evaluates it once",
        ground_truth=CATEGORIES,
        detections=[found(A, 0.9), found(BOX, 0.8), found(B, 0.7, category_id=2)],
        options={"categories": [2, 1, 2]},
    ),
}
