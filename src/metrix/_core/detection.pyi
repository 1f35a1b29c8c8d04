from __future__ import annotations
import numpy
import numpy.typing
import typing

__all__: list[str] = [
    "Similarity",
    "boundary_similarity",
    "box_similarity",
    "evaluate",
    "judge_federated",
    "keep_best",
    "keypoint_similarity",
    "mask_areas",
    "mask_boxes",
    "mask_similarity",
    "merge",
    "no_similarity",
    "pose_extents",
    "similarity_blocks",
]

class Similarity:
    pass

def boundary_similarity(
    detections: tuple[typing.Any, ...],
    ground_truths: tuple[typing.Any, ...],
    crowd: numpy.typing.NDArray[numpy.uint8],
    dilation_ratio: typing.SupportsFloat | typing.SupportsIndex,
    distance: typing.SupportsInt | typing.SupportsIndex,
) -> Similarity: ...
def box_similarity(
    detections: numpy.typing.NDArray[numpy.float64],
    ground_truths: numpy.typing.NDArray[numpy.float64],
    crowd: numpy.typing.NDArray[numpy.uint8],
    holds_corner_pixels: bool,
) -> Similarity: ...
def evaluate(
    similarity: Similarity,
    *,
    image_count: typing.SupportsInt | typing.SupportsIndex,
    category_count: typing.SupportsInt | typing.SupportsIndex,
    ground_truth_image: numpy.typing.NDArray[numpy.int32],
    ground_truth_category: numpy.typing.NDArray[numpy.int32],
    ground_truth_area: numpy.typing.NDArray[numpy.float64],
    ground_truth_crowd: numpy.typing.NDArray[numpy.uint8],
    ground_truth_ignored: numpy.typing.NDArray[numpy.uint8],
    ground_truth_without_match: numpy.typing.NDArray[numpy.uint8],
    ground_truth_order: numpy.typing.NDArray[numpy.int32],
    detection_image: numpy.typing.NDArray[numpy.int32],
    detection_category: numpy.typing.NDArray[numpy.int32],
    detection_score: numpy.typing.NDArray[numpy.float64],
    detection_area: numpy.typing.NDArray[numpy.float64],
    detection_order: numpy.typing.NDArray[numpy.int32],
    detection_excused: numpy.typing.NDArray[numpy.uint8],
    thresholds: numpy.typing.NDArray[numpy.float64],
    area_ranges: numpy.typing.NDArray[numpy.float64],
    max_detections: typing.SupportsInt | typing.SupportsIndex,
    nan_matches: bool,
    only_highest: bool,
    by_score: bool = True,
    diagnostics: bool = False,
    num_threads: typing.SupportsInt | typing.SupportsIndex,
) -> dict[str, typing.Any]: ...
def judge_federated(
    *,
    image_count: typing.SupportsInt | typing.SupportsIndex,
    category_count: typing.SupportsInt | typing.SupportsIndex,
    ground_truth_image: numpy.typing.NDArray[numpy.int32],
    ground_truth_category: numpy.typing.NDArray[numpy.int32],
    absent_offset: numpy.typing.NDArray[numpy.int64],
    absent: numpy.typing.NDArray[numpy.int32],
    not_exhaustive_offset: numpy.typing.NDArray[numpy.int64],
    not_exhaustive: numpy.typing.NDArray[numpy.int32],
    image: numpy.typing.NDArray[numpy.int32],
    category: numpy.typing.NDArray[numpy.int32],
    num_threads: typing.SupportsInt | typing.SupportsIndex,
) -> tuple[typing.Any, ...]: ...
def keep_best(
    group: numpy.typing.NDArray[numpy.int32],
    group_count: typing.SupportsInt | typing.SupportsIndex,
    score: numpy.typing.NDArray[numpy.float64],
    limit: typing.SupportsInt | typing.SupportsIndex,
    num_threads: typing.SupportsInt | typing.SupportsIndex,
) -> numpy.typing.NDArray[numpy.uint8]: ...
def keypoint_similarity(
    detections: numpy.typing.NDArray[numpy.float64],
    ground_truths: numpy.typing.NDArray[numpy.float64],
    areas: numpy.typing.NDArray[numpy.float64],
    boxes: numpy.typing.NDArray[numpy.float64],
    variances: numpy.typing.NDArray[numpy.float64],
) -> Similarity: ...
def mask_areas(
    columns: tuple[typing.Any, ...], name: str, num_threads: typing.SupportsInt | typing.SupportsIndex
) -> numpy.typing.NDArray[numpy.uint32]: ...
def mask_boxes(
    columns: tuple[typing.Any, ...], name: str, num_threads: typing.SupportsInt | typing.SupportsIndex
) -> numpy.typing.NDArray[numpy.float64]: ...
def mask_similarity(
    detections: tuple[typing.Any, ...], ground_truths: tuple[typing.Any, ...], crowd: numpy.typing.NDArray[numpy.uint8]
) -> Similarity: ...
def merge(
    blocks: list[typing.Any],
    *,
    category_count: typing.SupportsInt | typing.SupportsIndex,
    image_count: typing.SupportsInt | typing.SupportsIndex,
    width: typing.SupportsInt | typing.SupportsIndex,
    num_threads: typing.SupportsInt | typing.SupportsIndex,
) -> dict[str, typing.Any]: ...
def no_similarity(
    detection_count: typing.SupportsInt | typing.SupportsIndex,
    ground_truth_count: typing.SupportsInt | typing.SupportsIndex,
) -> Similarity: ...
def pose_extents(
    poses: numpy.typing.NDArray[numpy.float64], num_threads: typing.SupportsInt | typing.SupportsIndex
) -> numpy.typing.NDArray[numpy.float64]: ...
def similarity_blocks(
    similarity: Similarity,
    *,
    detections: numpy.typing.NDArray[numpy.int32],
    detection_offset: numpy.typing.NDArray[numpy.int64],
    ground_truths: numpy.typing.NDArray[numpy.int32],
    ground_truth_offset: numpy.typing.NDArray[numpy.int64],
    num_threads: typing.SupportsInt | typing.SupportsIndex,
) -> numpy.typing.NDArray[numpy.float64]: ...
