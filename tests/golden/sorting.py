"""In which order detections and ground truths are taken."""

from __future__ import annotations

import math

from golden.fixture import BOX, FAR, Evaluation, found, thing, truth

TWO_IMAGES = truth(thing(BOX), thing(BOX, image_id=2), images=2)
THREE_CATEGORIES = truth(*(thing(BOX, category_id=c) for c in (1, 2, 3)), categories=3)
HITS_IN_SOME = [found(BOX, 0.9), found(FAR, 0.8, category_id=2), found([0, 0, 10, 8], 0.7, category_id=3)]
SIX = truth(*(thing([20.0 * i, 0, 10, 10]) for i in range(6)))

FIXTURES = {
    "ties_keep_input_order": Evaluation(
        case="two detections of equal score, the wrong one listed first",
        reference="sorts stably: the wrong one is counted first, so precision is 1/2",
        ground_truth=truth(thing(BOX)),
        detections=[found(FAR, 0.5), found(BOX, 0.5)],
    ),
    "ties_keep_input_order_when_right_is_first": Evaluation(
        case="the same, the right one listed first",
        reference="the right one is counted first",
        ground_truth=truth(thing(BOX)),
        detections=[found(BOX, 0.5), found(FAR, 0.5)],
        quirks={"lone_true_positive": 10 * 2},
        corrected_stats={"AP": 1.0},
        corrected="precision of a lone true positive is 1",
    ),
    "ties_over_images_by_image_id": Evaluation(
        case="equal scores on two images, those of the later image listed first",
        reference="takes images by ascending id: the wrong detection of image 1 comes first",
        ground_truth=TWO_IMAGES,
        detections=[found(BOX, 0.5, image_id=2), found(FAR, 0.5, image_id=1)],
    ),
    "ties_of_three_scores": Evaluation(
        case="four detections on three objects, three of them of equal score",
        reference="keeps their order: right, wrong, right, right",
        ground_truth=truth(thing(BOX), thing([20, 0, 10, 10]), thing([40, 0, 10, 10])),
        detections=[
            found([40, 0, 10, 10], 0.4),
            found(BOX, 0.5),
            found(FAR, 0.5),
            found([20, 0, 10, 10], 0.5),
        ],
    ),
    "nan_score_comes_last": Evaluation(
        case="a wrong detection with score NaN",
        reference="sorts it behind all others",
        ground_truth=truth(thing(BOX), thing([20, 0, 10, 10])),
        detections=[found(FAR, math.nan), found(BOX, 0.1), found([20, 0, 10, 10], -1e300)],
        quirks={"nan_score": 1},
    ),
    "nan_scores_are_cut_first": Evaluation(
        case="NaN scores and a cap of one detection per image",
        reference="the NaN is cut",
        ground_truth=truth(thing(BOX)),
        detections=[found(FAR, math.nan), found(BOX, -5.0)],
        options={"max_detections": [1, 2, 100]},
    ),
    "zero_ties_with_negative_zero": Evaluation(
        case="scores -0.0 and 0.0",
        reference="takes them for equal and keeps their order",
        ground_truth=truth(thing(BOX)),
        detections=[found(FAR, -0.0), found(BOX, 0.0)],
    ),
    "infinite_scores": Evaluation(
        case="scores of plus and minus infinity",
        reference="sorts them like any other number",
        ground_truth=truth(thing(BOX), thing([20, 0, 10, 10])),
        detections=[found(BOX, -math.inf), found([20, 0, 10, 10], math.inf), found(FAR, 0.0)],
    ),
    "caps_are_sorted": Evaluation(
        case="max_detections given as 100, 1, 10",
        reference="sorts them, so the lists of the result stand for 1, 10, 100",
        ground_truth=SIX,
        detections=[found([20.0 * i, 0, 10, 10], 0.9 - 0.1 * i) for i in range(6)],
        options={"max_detections": [100, 1, 10]},
    ),
    "categories_some": Evaluation(
        case="two of three categories, given in descending order",
        reference="evaluates those two, ascending",
        ground_truth=THREE_CATEGORIES,
        detections=HITS_IN_SOME,
        options={"categories": [3, 1]},
        quirks={"unlisted_category": 1},
    ),
    "images_some": Evaluation(
        case="one of two images",
        reference="leaves the other out on both sides",
        ground_truth=TWO_IMAGES,
        detections=[found(BOX, 0.5, image_id=2), found(FAR, 0.9, image_id=1)],
        options={"images": [2]},
    ),
    "images_reversed": Evaluation(
        case="images given in descending order",
        reference="sorts them: ties go by ascending id all the same",
        ground_truth=TWO_IMAGES,
        detections=[found(BOX, 0.5, image_id=2), found(FAR, 0.5, image_id=1)],
        options={"images": [2, 1]},
    ),
    "ignored_truths_come_last": Evaluation(
        case="an object outside of the area range listed before one inside it",
        reference="sorts ignored objects last for each area range and permutes the IoUs with them",
        ground_truth=truth(thing(BOX, area=5000), thing([0, 2, 10, 10], area=100)),
        detections=[found([0, 1, 10, 10], 0.9), found(BOX, 0.8)],
    ),
}
