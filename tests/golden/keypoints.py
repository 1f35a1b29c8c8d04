"""Object keypoint similarity. Where it is neither 0 nor 1, no outcome hangs on its last bit, which NumPy decides."""

from __future__ import annotations

from golden.fixture import Evaluation, person, pose, pose_found, truth, without

DOTS = [[2.0, 2.0], [8.0, 8.0]]
#: With area 100, sigma 0.05 and one pixel off: exp(-1 / 0.01 / 100 / 2) = 0.607.
TIGHT = {"sigmas": [0.05, 0.05]}
COCO_POSE = [[5.0 * (i % 4), 5.0 * (i // 4)] for i in range(17)]


def moved(points: list[list[float]], by: float) -> list[list[float]]:
    return [[x + by, y] for x, y in points]


def grid(count: int) -> list[list[float]]:
    return [[float(i % 12), float(i // 12)] for i in range(count)]


MANY = grid(133)
UNSEEN = {**person(DOTS, visible=0), "num_keypoints": 1}

FIXTURES = {
    "default_sigmas": Evaluation(
        case="poses of 17 keypoints, shifted by 0, 1, 2 and 3 pixels",
        reference="has COCO's sigmas, divided by ten as a second rounding",
        ground_truth=truth(*(person(moved(COCO_POSE, 30.0 * i), area=900) for i in range(4))),
        detections=[pose_found(moved(COCO_POSE, 30.0 * i + i), 0.9 - 0.1 * i) for i in range(4)],
        iou_type="keypoints",
    ),
    "own_sigmas": Evaluation(
        case="two keypoints with sigmas of their own",
        reference="takes any number of keypoints with as many sigmas",
        ground_truth=truth(person(DOTS)),
        detections=[pose_found(moved(DOTS, 0.7), 0.9)],
        iou_type="keypoints",
        options=TIGHT,
    ),
    "similarity_to_twelve_digits": Evaluation(
        case="a pose off by a pixel, and thresholds 1e-12 below and above exp(-1/2)",
        reference="has exp(-d^2 / (2 sigma)^2 / area / 2), of d = 1, sigma = 0.05, area = 100: meets the lower one",
        ground_truth=truth(person(DOTS)),
        detections=[pose_found(moved(DOTS, 1), 0.9)],
        iou_type="keypoints",
        options={**TIGHT, "iou_thresholds": [0.6065306597116, 0.6065306597136]},
    ),
    "wrong_number_of_keypoints": Evaluation(
        case="two keypoints with COCO's 17 sigmas",
        reference="ValueError: operands could not be broadcast together",
        ground_truth=truth(person(DOTS)),
        detections=[pose_found(DOTS, 0.9)],
        iou_type="keypoints",
        instead="annotations[0].keypoints: has 2 keypoints, but there are 17 sigmas",
        here="ValueError that names the record and says how to pass sigmas",
    ),
    "area_zero": Evaluation(
        case="a pose of area 0, hit exactly, and one missed by a pixel",
        reference="adds 2.2e-16 to the area: similarity 1, and 0",
        ground_truth=truth(person(DOTS, area=0), person(moved(DOTS, 40), area=0)),
        detections=[pose_found(DOTS, 0.9), pose_found(moved(DOTS, 41), 0.8)],
        iou_type="keypoints",
        options=TIGHT,
    ),
    "invisible_pose_is_ignored": Evaluation(
        case="a pose with num_keypoints = 0 and a detection in its box",
        reference="matches by the box and ignores the detection",
        ground_truth=truth(person(DOTS, visible=0), person(moved(DOTS, 50))),
        detections=[pose_found([[5.0, 5.0], [1.0, 9.0]], 0.9), pose_found(moved(DOTS, 50), 0.8)],
        iou_type="keypoints",
        options=TIGHT,
    ),
    "no_keypoints_counted_makes_ignored": Evaluation(
        case="visible keypoints, but num_keypoints = 0",
        reference="believes num_keypoints and ignores the pose",
        ground_truth=truth({**person(DOTS), "num_keypoints": 0}, person(moved(DOTS, 50))),
        detections=[pose_found(moved(DOTS, 50), 0.8)],
        iou_type="keypoints",
        options=TIGHT,
    ),
    "invisible_pose_box_is_enlarged": Evaluation(
        case="no keypoint visible, and a detection just within the box enlarged by its size on each side",
        reference="has distance 0 there: similarity 1",
        ground_truth=truth(UNSEEN),
        detections=[pose_found([[-10.0, 20.0], [20.0, -10.0]], 0.9)],
        iou_type="keypoints",
        options=TIGHT,
    ),
    "invisible_pose_outside_of_box": Evaluation(
        case="the same, one of two keypoints far outside",
        reference="averages over all keypoints: similarity 1/2, which meets 0.5 and no more",
        ground_truth=truth(UNSEEN),
        detections=[pose_found([[-10.0, 20.0], [99.0, 99.0]], 0.9)],
        iou_type="keypoints",
        options=TIGHT,
    ),
    "only_visible_keypoints_count": Evaluation(
        case="one of two keypoints visible",
        reference="averages over the visible one",
        ground_truth=truth(person(DOTS, visible=[1, 0])),
        detections=[pose_found([[2.0, 2.0], [70.0, 70.0]], 0.9)],
        iou_type="keypoints",
        options=TIGHT,
    ),
    "visibility_of_detection_is_not_read": Evaluation(
        case="a perfect detection whose keypoints are all flagged 0",
        reference="does not look at the flags",
        ground_truth=truth(person(DOTS)),
        detections=[{**pose_found(DOTS, 0.9), "keypoints": pose(DOTS, visible=0)}],
        iou_type="keypoints",
        options=TIGHT,
    ),
    "mean_is_a_division": Evaluation(
        case="28 of 35 keypoints hit, threshold 0.8",
        reference="divides 28 by 35, which is 0.8; 28 times 1/35 would be below",
        ground_truth=truth(person(grid(35))),
        detections=[pose_found([*grid(35)[:28], *moved(grid(35)[28:], 1e4)], 0.9)],
        iou_type="keypoints",
        options={"sigmas": [0.05] * 35, "iou_thresholds": [0.8, 0.8000000000000002]},
    ),
    "many_keypoints": Evaluation(
        case="133 keypoints, more than NumPy adds up in one go",
        reference="takes them",
        ground_truth=truth(person(MANY, area=400), person(moved(MANY, 50), area=400)),
        detections=[pose_found(moved(MANY, 0.4), 0.9), pose_found(moved(MANY, 51), 0.8)],
        iou_type="keypoints",
        options={"sigmas": [0.03 + 0.0005 * i for i in range(133)]},
    ),
    "integer_coordinates": Evaluation(
        case="coordinates that are integers in the file",
        reference="squares them as integers",
        ground_truth=truth(person([[1, 2], [7, 8]])),
        detections=[{**pose_found(DOTS, 0.9), "keypoints": [1, 2, 2, 7, 8, 2]}],
        iou_type="keypoints",
        options=TIGHT,
    ),
    "one_side_is_empty": Evaluation(
        case="an image with a pose and one with a detection",
        reference="has nothing to compare: a miss and a wrong detection",
        ground_truth=truth(person(DOTS), images=2),
        detections=[pose_found(DOTS, 0.9, image_id=2)],
        iou_type="keypoints",
        options=TIGHT,
    ),
    "class_agnostic": Evaluation(
        case="a perfect pose without use of categories",
        reference="looks for the poses of category -1, finds none: AP 0",
        ground_truth=truth(person(DOTS)),
        detections=[pose_found(DOTS, 0.9)],
        iou_type="keypoints",
        options={**TIGHT, "use_categories": False},
        quirks={"class_agnostic_keypoints": 1},
        corrected_stats={"AP": 1.0, "AR": 1.0},
        corrected="matches: AP 1",
    ),
    "class_agnostic_category_minus_one": Evaluation(
        case="the same, where the one category has the very id -1",
        reference="finds the poses and matches",
        ground_truth=truth(person(DOTS, category_id=-1), categories=[-1]),
        detections=[pose_found(DOTS, 0.9, category_id=-1)],
        iou_type="keypoints",
        options={**TIGHT, "use_categories": False},
        quirks={"class_agnostic_keypoints": 0},
    ),
    "no_small_range": Evaluation(
        case="poses of areas 100, 2000 and 10000",
        reference="has ranges medium and large only; the small pose counts in all",
        ground_truth=truth(*(person(moved(DOTS, 30.0 * i), area=a) for i, a in enumerate([100, 2000, 10000]))),
        detections=[pose_found(moved(DOTS, 30.0 * i), 0.9 - 0.1 * i) for i in range(2)],
        iou_type="keypoints",
        options=TIGHT,
    ),
    "area_is_extent_of_all_keypoints": Evaluation(
        case="a wrong detection of small extent, but for a keypoint at (0, 0)",
        reference="takes the extent of all keypoints as its area: a medium one",
        ground_truth=truth(person(DOTS, area=2000), person(moved(DOTS, 40), area=2000)),
        detections=[pose_found([[0.0, 0.0], [70.0, 70.0]], 0.9), pose_found([[70.0, 70.0], [72.0, 72.0]], 0.85)]
        + [pose_found(DOTS, 0.8), pose_found(moved(DOTS, 40), 0.7)],
        iou_type="keypoints",
        options=TIGHT,
    ),
    "area_from_bbox": Evaluation(
        case="a wrong detection of medium extent that also has a small bbox",
        reference="takes the area of the bbox: it is ignored among medium poses",
        ground_truth=truth(person(DOTS, area=2000)),
        detections=[
            pose_found([[0.0, 0.0], [70.0, 70.0]], 0.9, bbox=[0, 0, 5, 5]),
            pose_found(DOTS, 0.8, bbox=[0, 0, 5, 5]),
        ],
        iou_type="keypoints",
        options=TIGHT,
        quirks={"area_from_bbox": 2},
        corrected_stats={"APm": 0.5},
        corrected="takes the extent of the keypoints, so the wrong one counts: precision 1/2",
    ),
    "missing_num_keypoints": Evaluation(
        case="annotations without num_keypoints",
        reference="KeyError",
        ground_truth=truth(without(person(DOTS), "num_keypoints"), without(person(DOTS, visible=0), "num_keypoints")),
        detections=[pose_found(DOTS, 0.9)],
        iou_type="keypoints",
        options=TIGHT,
        quirks={"missing_num_keypoints": 2},
        instead={"AP": 0.9999999999999998, "AR": 1.0},
        here="counts the visible ones",
    ),
    "cap_of_twenty_is_missing": Evaluation(
        case="max_detections 1, 10, 100 for keypoints",
        reference="asks for cap 20: every number is -1",
        ground_truth=truth(person(DOTS)),
        detections=[pose_found(DOTS, 0.9)],
        iou_type="keypoints",
        options={**TIGHT, "max_detections": [1, 10, 100]},
        quirks={"cap_not_listed": 10},
        corrected_stats={"AP": 1.0, "AR": 1.0},
        corrected="takes the highest of the first three caps",
    ),
}
