"""Which detection matches which ground truth."""

from __future__ import annotations

import math

from golden.fixture import BOX, FAR, Evaluation, found, person, pose_found, thing, truth

#: IoU with BOX: 1/2, 3/5, 4/5.
HALF, THREE_FIFTHS, FOUR_FIFTHS = [0, 0, 10, 5], [0, 0, 10, 6], [0, 0, 10, 8]
DOTS = [[2.0, 2.0], [8.0, 8.0]]
FAR_DOTS = [[90.0, 90.0], [95.0, 95.0]]
SIGMAS = [0.05, 0.05]
NAN_BOX = [math.nan, 0, 10, 10]

FIXTURES = {
    "similarity_equal_to_threshold": Evaluation(
        case="IoU exactly at the threshold",
        reference="matches",
        ground_truth=truth(thing(BOX)),
        detections=[found(HALF, 0.9)],
        options={"iou_thresholds": [0.5]},
    ),
    "similarity_just_below_threshold": Evaluation(
        case="IoU 5e-11 below a threshold of 1/2",
        reference="does not match: only thresholds above 1 - 1e-10 are lowered",
        ground_truth=truth(thing([0, 0, 1, 1])),
        detections=[found([0, 0, 1, 0.5 - 5e-11], 0.9)],
        options={"iou_thresholds": [0.5, 0.5 - 1e-10]},
    ),
    "threshold_one_is_lowered": Evaluation(
        case="IoU 5e-11 below a threshold of 1",
        reference="matches: the threshold is lowered to 1 - 1e-10",
        ground_truth=truth(thing([0, 0, 1, 1])),
        detections=[found([0, 0, 1, 1 - 5e-11], 0.9)],
        options={"iou_thresholds": [1.0]},
    ),
    "threshold_above_one_is_lowered": Evaluation(
        case="a threshold of 2",
        reference="lowers it to 1 - 1e-10: a perfect detection matches, one of IoU 1 - 1e-9 does not",
        ground_truth=truth(thing([0, 0, 1, 1]), thing([20, 0, 1, 1])),
        detections=[found([0, 0, 1, 1], 0.9), found([20, 0, 1, 1 - 1e-9], 0.8)],
        options={"iou_thresholds": [2.0]},
    ),
    "threshold_of_zero": Evaluation(
        case="a threshold of 0 and boxes that do not touch",
        reference="matches: 0 is not below 0",
        ground_truth=truth(thing(BOX)),
        detections=[found(FAR, 0.9)],
        options={"iou_thresholds": [0.0, 0.5]},
    ),
    "negative_threshold": Evaluation(
        case="a threshold below 0",
        reference="matches anything, the highest IoU first",
        ground_truth=truth(thing(BOX), thing(FAR)),
        detections=[found([80, 80, 5, 5], 0.9), found(BOX, 0.8)],
        options={"iou_thresholds": [-1.0]},
    ),
    "equal_similarity_takes_later_truth": Evaluation(
        case="a detection with the same IoU to two objects",
        reference="takes the later one, so the second detection finds the earlier one free",
        ground_truth=truth(thing([0, 0, 10, 10]), thing([4, 0, 10, 10])),
        detections=[found([2, 0, 10, 10], 0.9), found([0, 0, 10, 10], 0.8)],
        options={"iou_thresholds": [0.5]},
    ),
    "equal_similarity_takes_later_truth_so_other_misses": Evaluation(
        case="the same, where the second detection fits the later one only",
        reference="takes the later one, and the second detection is wrong",
        ground_truth=truth(thing([0, 0, 10, 10]), thing([4, 0, 10, 10])),
        detections=[found([2, 0, 10, 10], 0.9), found([4, 0, 10, 10], 0.8)],
        options={"iou_thresholds": [0.5]},
    ),
    "best_similarity_wins": Evaluation(
        case="a detection over two objects, the nearer one listed first",
        reference="takes the nearer one",
        ground_truth=truth(thing([0, 0, 10, 10]), thing([3, 0, 10, 10])),
        detections=[found([1, 0, 10, 10], 0.9), found([3, 0, 10, 10], 0.8)],
    ),
    "stops_at_first_ignored": Evaluation(
        case="a detection inside a crowd and over a plain object of lower IoU",
        reference="keeps the plain one and does not look at ignored ones any more",
        ground_truth=truth(thing([0, 0, 50, 50], iscrowd=1), thing(BOX)),
        detections=[found(THREE_FIFTHS, 0.9)],
    ),
    "taken_truth_is_skipped": Evaluation(
        case="two detections of one object",
        reference="counts the second one as wrong",
        ground_truth=truth(thing(BOX), thing(FAR)),
        detections=[found(FOUR_FIFTHS, 0.9), found(BOX, 0.8), found(FAR, 0.7)],
    ),
    "second_best_truth_is_taken": Evaluation(
        case="two detections whose best object is the same, beside another one",
        reference="gives the second detection the object that is left",
        ground_truth=truth(thing([0, 0, 10, 10]), thing([2, 0, 10, 10])),
        detections=[found([0, 0, 10, 10], 0.9), found([0, 0, 10, 10], 0.8)],
    ),
    "matching_is_per_threshold": Evaluation(
        case="a loose detection before a tight one",
        reference="matches each threshold by itself: the loose one at low thresholds, the tight one at high ones",
        ground_truth=truth(thing(BOX)),
        detections=[found(THREE_FIFTHS, 0.9), found(BOX, 0.8)],
    ),
    "categories_do_not_meet": Evaluation(
        case="a perfect box of the wrong category",
        reference="does not match",
        ground_truth=truth(thing(BOX), thing(FAR, category_id=2), categories=2),
        detections=[found(BOX, 0.9, category_id=2), found(FAR, 0.8, category_id=2)],
    ),
    "annotation_id_zero": Evaluation(
        case="a perfect detection of an object with id 0",
        reference="takes the match for none, as 0 stands for no match: AP 0",
        ground_truth=truth(thing(BOX, id=0)),
        detections=[found(BOX, 0.9)],
        quirks={"annotation_id_zero": 1},
        corrected_stats={"AP": 1.0, "AR1": 1.0},
        corrected="matches: AP 1",
    ),
    "annotation_ids_from_zero": Evaluation(
        case="objects numbered from 0",
        reference="loses the detection of the first one",
        ground_truth=truth(thing(BOX, id=0), thing([20, 0, 10, 10], id=1), thing([40, 0, 10, 10], id=2)),
        detections=[found(BOX, 0.9), found([20, 0, 10, 10], 0.8), found([40, 0, 10, 10], 0.7)],
        quirks={"annotation_id_zero": 1},
        corrected_stats={"AP": 1.0},
        corrected="matches all three: AP 1",
    ),
    "annotation_id_zero_outside_area": Evaluation(
        case="an object with id 0 and a detection, each outside of some area range",
        reference="ignores the detection where its own area lies outside, since it counts as unmatched",
        ground_truth=truth(thing(BOX, id=0, area=2000)),
        detections=[found(BOX, 0.9)],
        quirks={"annotation_id_zero": 1},
        corrected_stats={"AP": 1.0, "APm": 1.0},
        corrected="matches: AP 1",
    ),
    "annotation_id_zero_crowd": Evaluation(
        case="a detection in a crowd with id 0",
        reference="ignores it as in any crowd, since that flag is kept apart",
        ground_truth=truth(thing([0, 0, 50, 50], iscrowd=1, id=0), thing(FAR)),
        detections=[found(BOX, 0.9), found(FAR, 0.8)],
        quirks={"annotation_id_zero": 1},
        corrected_stats={"AP": 1.0},
        corrected="a lone true positive has precision 1",
    ),
    "annotation_id_negative": Evaluation(
        case="an object with id -5",
        reference="matches like any other",
        ground_truth=truth(thing(BOX, id=-5)),
        detections=[found(BOX, 0.9)],
    ),
    "annotation_ids_repeated": Evaluation(
        case="three objects, two of which have one id",
        reference="puts the last object of the id into the place of both",
        ground_truth=truth(thing(BOX, id=7), thing([20, 0, 10, 10], id=8), thing([40, 0, 10, 10], id=7)),
        detections=[found(BOX, 0.9), found([20, 0, 10, 10], 0.8), found([40, 0, 10, 10], 0.7)],
        quirks={"duplicate_annotation_id": 1},
        corrected_stats={"AP": 1.0},
        corrected="takes three objects: AP 1",
    ),
    "detection_takes_ignore_flag": Evaluation(
        case="a detection of a small object, seen from the range of medium ones",
        reference="ignores the detection like its object, though its own area is medium",
        ground_truth=truth(thing([0, 0, 30, 30]), thing([50, 50, 40, 40])),
        detections=[found([0, 0, 36, 36], 0.9), found([50, 50, 40, 40], 0.8)],
    ),
    "unmatched_outside_area_is_ignored": Evaluation(
        case="wrong detections below, in and above the medium range",
        reference="counts in each range only the wrong ones whose own area lies inside",
        ground_truth=truth(thing([0, 0, 40, 40])),
        detections=[
            found([60, 0, 30, 30], 0.9),
            found([60, 0, 33, 33], 0.8),
            found([0, 0, 99, 99], 0.7),
            found([0, 0, 40, 40], 0.6),
        ],
    ),
    "matched_outside_area_counts": Evaluation(
        case="a small detection of a medium object",
        reference="counts it in the medium range",
        ground_truth=truth(thing([0, 0, 33, 33])),
        detections=[found([0, 0, 31, 31], 0.9)],
    ),
    "nan_area_of_pose": Evaluation(
        case="a pose of NaN area and a detection far away",
        reference="matches: a NaN similarity is not below the threshold",
        ground_truth=truth(person(DOTS, area=math.nan)),
        detections=[pose_found(FAR_DOTS, 0.9)],
        iou_type="keypoints",
        options={"sigmas": SIGMAS},
        quirks={"nan_similarity": 1},
        corrected_stats={"AP": 0.0, "AR": 0.0},
        corrected="does not match",
    ),
    "nan_box_of_invisible_pose": Evaluation(
        case="a pose without visible keypoints in a NaN box",
        reference="matches: a NaN similarity is not below the threshold",
        ground_truth=truth({**person(DOTS, visible=0), "num_keypoints": 1, "bbox": NAN_BOX}),
        detections=[pose_found(FAR_DOTS, 0.9)],
        iou_type="keypoints",
        options={"sigmas": SIGMAS},
        quirks={"nan_similarity": 1},
        corrected_stats={"AP": 0.0},
        corrected="does not match",
    ),
    "nan_similarity_gives_way_to_later_truth": Evaluation(
        case="a NaN similarity before one of a distant pose",
        reference="takes the later pose, as nothing is below NaN, and the first one stays free",
        ground_truth=truth(person(DOTS, area=math.nan), person(FAR_DOTS)),
        detections=[pose_found(DOTS, 0.9), pose_found(FAR_DOTS, 0.8)],
        iou_type="keypoints",
        options={"sigmas": SIGMAS},
        corrected_stats={"AP": 51 / 101 / 2},
        corrected="matches the second detection alone: precision 1/2 up to recall 1/2",
    ),
    "nan_similarity_lets_low_ones_compete": Evaluation(
        case="a NaN similarity, then 0.32 and 0.20, all with thresholds from 0.5",
        reference="compares what comes after NaN: 0.20 is less than 0.32, so its pose stays free for the next detection",
        ground_truth=truth(
            person(DOTS), person([[0, 0], [6.5, 8]], visible=[0, 2]), person([[0, 0], [9.8, 8]], visible=[0, 2])
        ),
        detections=[pose_found([[math.nan, 2], [8, 8]], 0.9), pose_found([[50, 50], [9.8, 8]], 0.8)],
        iou_type="keypoints",
        options={"sigmas": SIGMAS},
        quirks={"nan_similarity": 1},
        corrected_stats={"AP": 34 / 101 / 2},
        corrected="matches the second detection alone: precision 1/2 up to recall 1/3",
    ),
    "cap_is_per_image_and_category": Evaluation(
        case="more detections than the cap on two images and in two categories",
        reference="cuts each cell by itself",
        ground_truth=truth(thing(BOX), thing(BOX, image_id=2), thing(BOX, category_id=2), images=2, categories=2),
        detections=[
            found(FAR, 0.9),
            found(BOX, 0.8),
            found(BOX, 0.3, image_id=2),
            found(FAR, 0.2, image_id=2),
            found(BOX, 0.1, category_id=2),
        ],
        options={"max_detections": [1, 2, 100]},
    ),
    "lower_cap_is_prefix_of_same_matching": Evaluation(
        case="a cap of one, and a first detection that takes the object at low thresholds only",
        reference="cuts the one matching: the tight second detection is not matched anew",
        ground_truth=truth(thing(BOX)),
        detections=[found(THREE_FIFTHS, 0.9), found(BOX, 0.8), found(FAR, 0.7)],
        options={"max_detections": [1, 2, 100]},
    ),
    "highest_cap_cuts_before_matching": Evaluation(
        case="a highest cap of two and three detections",
        reference="never looks at the third one",
        ground_truth=truth(thing(BOX), thing(FAR)),
        detections=[found(BOX, 0.9), found([80, 80, 5, 5], 0.8), found(FAR, 0.7)],
        options={"max_detections": [1, 2]},
        instead={"AP": -1.0, "AP50": 51 / 101, "AR1": 0.5, "AR2": 0.5},
        here="takes two caps, leaves out the third AR, and has AP -1 as cap 100 is missing",
        corrected_stats={"AP": 51 / 101},
        corrected="AP of the highest cap",
    ),
}
