from __future__ import annotations
import numpy
import numpy.typing
import typing

__all__: list[str] = [
    "Similarity",
    "box_similarity",
    "evaluate",
    "keypoint_similarity",
    "mask_areas",
    "mask_boxes",
    "mask_similarity",
    "merge",
    "no_similarity",
    "pose_extents",
]

class Similarity:
    pass

def box_similarity(
    detections: numpy.typing.NDArray[numpy.float64],
    ground_truths: numpy.typing.NDArray[numpy.float64],
    crowd: numpy.typing.NDArray[numpy.uint8],
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
    thresholds: numpy.typing.NDArray[numpy.float64],
    area_ranges: numpy.typing.NDArray[numpy.float64],
    max_detections: typing.SupportsInt | typing.SupportsIndex,
    nan_matches: bool,
    by_score: bool = True,
    diagnostics: bool = False,
    num_threads: typing.SupportsInt | typing.SupportsIndex,
) -> dict[str, typing.Any]: ...
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
