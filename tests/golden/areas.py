"""Area ranges, flags that make an object ignored, crowds, and fields that are not there."""

from __future__ import annotations

import math

from golden.fixture import BOX, FAR, Evaluation, found, thing, truth, without

A, B, C = ([20.0 * i, 0, 10, 10] for i in range(3))
CROWD = [0, 0, 50, 50]

FIXTURES = {
    "ignore_flag_is_overwritten": Evaluation(
        case="an object with ignore = 1 and iscrowd = 0 that nothing finds",
        reference="overwrites the flag with iscrowd: a miss",
        ground_truth=truth(thing(A), thing(B), thing(C, ignore=1)),
        detections=[found(A, 0.9), found(B, 0.8)],
        quirks={"ignore_flag_overwritten": 1},
        corrected_stats={"AP": 1.0, "AR100": 1.0},
        corrected="ignores the object: AP 1",
    ),
    "ignore_flag_zero_of_crowd": Evaluation(
        case="a crowd with ignore = 0",
        reference="ignores it",
        ground_truth=truth(thing(A), thing(B), thing(C, ignore=0, iscrowd=1)),
        detections=[found(A, 0.9), found(B, 0.8), found(C, 0.7)],
    ),
    "area_is_the_field": Evaluation(
        case="a big box whose field area says 100",
        reference="believes the field: a small object",
        ground_truth=truth(thing([0, 0, 90, 90], area=100)),
        detections=[found([0, 0, 90, 90], 0.9)],
    ),
    "area_ranges_of_boxes": Evaluation(
        case="objects of areas 1023, 1025, 9215 and 9217",
        reference="counts one small, two medium, one large",
        ground_truth=truth(*(thing([20.0 * i, 0, 10, 10], area=a) for i, a in enumerate([1023, 1025, 9215, 9217]))),
        detections=[found([20.0 * i, 0, 10, 10], 0.9 - 0.1 * i) for i in range(4)],
    ),
    "area_on_border_is_in_both": Evaluation(
        case="objects of areas 1024 and 9216",
        reference="counts the first as small and medium, the second as medium and large",
        ground_truth=truth(thing(A, area=1024), thing(B, area=9216)),
        detections=[found(A, 0.9)],
        quirks={"area_on_border": 2},
    ),
    "detection_area_on_border": Evaluation(
        case="wrong detections of area 1024 and just above",
        reference="counts the first as wrong in both ranges, the second in the medium one alone",
        ground_truth=truth(thing([0, 0, 33, 33]), thing([0, 40, 20, 20])),
        detections=[
            found([60, 0, 32, 32], 0.9),
            found([60, 40, 32, 32.1], 0.8),
            found([0, 0, 33, 33], 0.7),
            found([0, 40, 20, 20], 0.6),
        ],
    ),
    "area_beyond_all_ranges": Evaluation(
        case="objects of areas 1e10, above it, and infinity",
        reference="counts the first alone",
        ground_truth=truth(thing(A, area=1e10), thing(B, area=1.0000001e10), thing(C, area=math.inf)),
        detections=[found(A, 0.9), found(B, 0.8), found(C, 0.7)],
    ),
    "nan_area_lies_in_every_range": Evaluation(
        case="an object of area NaN",
        reference="counts it in every range, as NaN is neither below nor above a limit",
        ground_truth=truth(thing(A, area=math.nan), thing(B)),
        detections=[found(A, 0.9), found(B, 0.8)],
    ),
    "area_ranges_custom": Evaluation(
        case="area ranges of one's own, one of them empty",
        reference="evaluates them; published numbers of missing labels are -1",
        ground_truth=truth(thing(A), thing(B, area=30)),
        detections=[found(A, 0.9), found(FAR, 0.8), found(B, 0.7)],
        options={"area_ranges": {"all": (0, 1e10), "tiny": (0, 99), "large": (100, 1e10), "none": (10, 5)}},
    ),
    "area_ranges_without_all": Evaluation(
        case="area ranges none of which is called all",
        reference="has -1 for every number of that label",
        ground_truth=truth(thing(A)),
        detections=[found(A, 0.9)],
        options={"area_ranges": {"small": (0, 1024), "rest": (1024, 1e10)}},
    ),
    "crowd_matches_many": Evaluation(
        case="three detections in a crowd beside an object",
        reference="lets them all match the crowd, which ignores them",
        ground_truth=truth(thing([40, 40, 50, 50], iscrowd=1), thing(A), thing(B)),
        detections=[found([45.0 + i, 45, 10, 10], 0.9 - 0.01 * i) for i in range(3)] + [found(A, 0.5), found(B, 0.4)],
    ),
    "crowd_similarity_is_share_of_detection": Evaluation(
        case="detections of which 4/10, 5/10 and all lies in a crowd",
        reference="divides the intersection by the detection's area: only the first is wrong at 0.5",
        ground_truth=truth(thing(CROWD, iscrowd=1), thing(FAR), thing([80, 80, 10, 10])),
        detections=[
            found([46, 0, 10, 10], 0.9),
            found([45, 20, 10, 10], 0.8),
            found([1, 1, 5, 5], 0.7),
            found(FAR, 0.6),
            found([80, 80, 10, 10], 0.5),
        ],
    ),
    "crowd_flag_of_detection_is_not_read": Evaluation(
        case="detections with iscrowd = 1",
        reference="overwrites the flag with 0",
        ground_truth=truth(thing(BOX), thing(FAR)),
        detections=[found([0, 0, 10, 9], 0.9, iscrowd=1), found([2, 0, 10, 10], 0.8, iscrowd=1)],
    ),
    "crowd_flag_per_object": Evaluation(
        case="the same box as a crowd and as an object",
        reference="lets the first detection match the object and the second one the crowd",
        ground_truth=truth(thing(BOX, iscrowd=1), thing(BOX), thing(FAR)),
        detections=[found(BOX, 0.9), found(BOX, 0.8), found(FAR, 0.7)],
    ),
    "crowd_is_never_missed": Evaluation(
        case="a crowd that nothing finds",
        reference="does not count it",
        ground_truth=truth(thing(A), thing(B), thing(CROWD, iscrowd=1)),
        detections=[found(A, 0.9), found(B, 0.8)],
    ),
    "missing_iscrowd": Evaluation(
        case="annotations without iscrowd",
        reference="KeyError",
        ground_truth=truth(without(thing(A), "iscrowd"), thing(B)),
        detections=[found(A, 0.9), found(B, 0.8)],
        quirks={"missing_iscrowd": 1},
        instead={"AP": 1.0, "AR1": 0.5},
        here="takes it as 0",
    ),
    "missing_area": Evaluation(
        case="annotations without area",
        reference="KeyError",
        ground_truth=truth(without(thing([0, 0, 40, 40]), "area"), thing(FAR)),
        detections=[found([0, 0, 40, 40], 0.9), found(FAR, 0.8)],
        quirks={"missing_area": 1},
        instead={"AP": 1.0, "APs": 0.9999999999999998, "APm": 0.9999999999999998, "APl": -1.0},
        here="takes that of the box (of the mask, where masks are evaluated)",
    ),
    "missing_annotation_id": Evaluation(
        case="annotations without id",
        reference="KeyError",
        ground_truth={
            **truth(),
            "annotations": [thing(A), thing(B)],
        },
        detections=[found(A, 0.9), found(B, 0.8)],
        quirks={"missing_annotation_id": 2},
        instead={"AP": 1.0},
        here="takes each as distinct",
    ),
}
