"""From matches to precision, recall and scores."""

from __future__ import annotations

from golden.fixture import BOX, FAR, Evaluation, found, thing, truth

A, B, C = ([20.0 * i, 0, 10, 10] for i in range(3))
THREE = truth(thing(A), thing(B), thing(C))
#: Area 2500: outside of the range of small objects.
BIG_WRONG = [40, 40, 50, 50]

FIXTURES = {
    "lone_detection": Evaluation(
        case="one perfect detection of one object",
        reference="adds 2.2e-16 to the denominator: precision 0.9999999999999998",
        ground_truth=truth(thing(BOX)),
        detections=[found(BOX, 0.9)],
        quirks={"lone_true_positive": 10 * 2},
        corrected_stats={"AP": 1.0, "AP50": 1.0, "APs": 1.0, "APm": -1.0, "AR1": 1.0},
        corrected="precision 1",
    ),
    "two_perfect_detections": Evaluation(
        case="two perfect detections of two objects",
        reference="has precision 1: the term is lost in the sum from 2 on, and the envelope lifts the first",
        ground_truth=truth(thing(A), thing(B)),
        detections=[found(A, 0.9), found(B, 0.8)],
    ),
    "recall_zero_takes_first_score": Evaluation(
        case="wrong detections only",
        reference="gives the highest score at recall 0, and 0 at all others",
        ground_truth=truth(thing(BOX)),
        detections=[found(FAR, 0.3), found([80, 80, 5, 5], 0.7)],
    ),
    "envelope": Evaluation(
        case="right, wrong, wrong, right, right",
        reference="takes the highest precision at this recall or beyond",
        ground_truth=THREE,
        detections=[found(A, 0.9), found(FAR, 0.8), found([80, 80, 5, 5], 0.7), found(B, 0.6), found(C, 0.5)],
    ),
    "envelope_lifts_the_beginning": Evaluation(
        case="wrong, right, right, right",
        reference="lifts recall 0 to the 3/4 of the end",
        ground_truth=THREE,
        detections=[found(FAR, 0.9), found(A, 0.8), found(B, 0.7), found(C, 0.6)],
    ),
    "unreached_recall_is_zero": Evaluation(
        case="one of three objects found",
        reference="leaves precision and score at 0 beyond recall 1/3",
        ground_truth=THREE,
        detections=[found(A, 0.9)],
    ),
    "final_recall": Evaluation(
        case="objects found late, at growing caps",
        reference="gives the last recall of each cap",
        ground_truth=THREE,
        detections=[found(FAR, 0.9), found(A, 0.8), found(B, 0.7), found(C, 0.6)],
        options={"max_detections": [1, 2, 3]},
    ),
    "recall_threshold_met_exactly": Evaluation(
        case="ten objects, and recall thresholds at and next to tenths",
        reference="takes the first detection whose recall is not below the threshold",
        ground_truth=truth(*(thing([9.0 * i, 0, 8, 8]) for i in range(10))),
        detections=[found([9.0 * i, 0, 8, 8], 0.9 - 0.05 * i) for i in range(8)] + [found(FAR, 0.87)],
        options={"recall_thresholds": [0.1, 0.3, 0.30000000000000004, 0.7, 0.7000000000000001, 0.8, 0.81]},
    ),
    "recall_thresholds_unsorted": Evaluation(
        case="recall thresholds 0.2, 0.9, 0.1 of which the second is not reached",
        reference="stops at the first one not reached, so that what follows stays 0",
        ground_truth=THREE,
        detections=[found(A, 0.9)],
        options={"recall_thresholds": [0.2, 0.9, 0.1]},
    ),
    "recall_thresholds_below_zero_and_above_one": Evaluation(
        case="recall thresholds -1, 1 and 1.5 with all objects found",
        reference="reads the first detection at -1 and leaves 0 at 1.5",
        ground_truth=truth(thing(A), thing(B)),
        detections=[found(A, 0.9), found(B, 0.8)],
        options={"recall_thresholds": [-1.0, 1.0, 1.5]},
    ),
    "category_without_truth_is_absent": Evaluation(
        case="detections in a category without any object",
        reference="has -1 there and leaves it out of all means: such detections harm nothing",
        ground_truth=truth(thing(A), thing(B), categories=2),
        detections=[found(A, 0.9), found(B, 0.8), *(found(FAR, 0.95, category_id=2) for _ in range(3))],
        quirks={"unseen_category": 3},
    ),
    "category_with_crowds_only_is_absent": Evaluation(
        case="a category whose objects are all crowds",
        reference="has -1 there",
        ground_truth=truth(thing(A), thing(B), thing(FAR, category_id=2, iscrowd=1), categories=2),
        detections=[found(A, 0.9), found(B, 0.8), found(FAR, 0.7, category_id=2)],
    ),
    "category_without_detections_is_zero": Evaluation(
        case="a category with an object and no detection",
        reference="has 0 there, not -1",
        ground_truth=truth(thing(A), thing(B), thing(FAR, category_id=2), categories=2),
        detections=[found(A, 0.9), found(B, 0.8)],
    ),
    "ignored_detections_keep_their_rank": Evaluation(
        case="a detection in a crowd scored above all others",
        reference="finds it in the list at recall 0, so its score stands there",
        ground_truth=truth(thing(A), thing([40, 40, 50, 50], iscrowd=1)),
        detections=[found([45, 45, 10, 10], 0.9), found(A, 0.8), found(FAR, 0.7)],
    ),
    "ignored_before_the_first_counted": Evaluation(
        case="small objects, and a big wrong detection scored highest",
        reference="has 0 of 0 there in the small range, which the term in the denominator makes 0",
        ground_truth=truth(thing(A), thing(B)),
        detections=[found(BIG_WRONG, 0.9), found(A, 0.8), found(B, 0.7)],
    ),
    "lone_true_positive_and_a_miss": Evaluation(
        case="one of two objects found by the only detection",
        reference="has precision 0.9999999999999998 up to recall 1/2",
        ground_truth=truth(thing(A), thing(B)),
        detections=[found(A, 0.9)],
        corrected_stats={"AP": 51 / 101},
        corrected="precision 1 up to recall 1/2: AP 51/101",
    ),
    "seven_of_ten": Evaluation(
        case="recalls of n/10, whose division rounds",
        reference="divides counts and compares doubles",
        ground_truth=truth(*(thing([9.0 * i, 0, 8, 8]) for i in range(10))),
        detections=[found([9.0 * i, 0, 8, 8], 0.9 - 0.05 * i) for i in range(7)],
    ),
    "seven_of_twenty_five": Evaluation(
        case="seven of 25 objects found; 0.28 times 25 is above 7 in doubles",
        reference="divides 7 by 25, which is 0.28: recall 0.28 is reached",
        ground_truth=truth(*(thing([9.0 * (i % 9), 9.0 * (i // 9), 8, 8]) for i in range(25))),
        detections=[found([9.0 * i, 0, 8, 8], 0.9 - 0.05 * i) for i in range(7)],
        options={"recall_thresholds": [0.27, 0.28, 0.29]},
    ),
    "sixty_thresholds": Evaluation(
        case="sixty IoU thresholds in no order",
        reference="treats each by itself",
        ground_truth=THREE,
        detections=[found([0, 0, 10, 7], 0.9), found([21, 0, 10, 10], 0.8), found([40, 2, 10, 10], 0.7)],
        options={"iou_thresholds": [((7 * i) % 60) / 60 for i in range(60)], "recall_thresholds": [0.0, 0.3, 0.6]},
    ),
}
