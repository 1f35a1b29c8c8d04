from __future__ import annotations
import numpy
import numpy.typing
import typing

__all__: list[str] = [
    "area",
    "boundary",
    "compress",
    "decode",
    "encode",
    "encode_column",
    "expand",
    "from_boxes",
    "from_polygons",
    "from_string",
    "iou",
    "merge",
    "overlap",
    "to_boxes",
    "to_string",
]

def area(
    masks: typing.Any, num_threads: typing.SupportsInt | typing.SupportsIndex
) -> numpy.typing.NDArray[numpy.uint32]: ...
def boundary(
    masks: typing.Any,
    dilation_ratio: typing.SupportsFloat | typing.SupportsIndex,
    distance: typing.SupportsInt | typing.SupportsIndex,
    num_threads: typing.SupportsInt | typing.SupportsIndex,
) -> list[typing.Any]: ...
def compress(objects: typing.Any, num_threads: typing.SupportsInt | typing.SupportsIndex) -> list[typing.Any]: ...
def decode(
    masks: typing.Any, num_threads: typing.SupportsInt | typing.SupportsIndex
) -> numpy.typing.NDArray[numpy.uint8]: ...
def encode(
    masks: numpy.typing.NDArray[numpy.uint8], num_threads: typing.SupportsInt | typing.SupportsIndex
) -> list[typing.Any]: ...
def encode_column(
    masks: numpy.typing.NDArray[numpy.uint8], num_threads: typing.SupportsInt | typing.SupportsIndex
) -> tuple[typing.Any, ...]: ...
def expand(column: tuple[typing.Any, ...]) -> list[typing.Any]: ...
def from_boxes(
    boxes: numpy.typing.NDArray[numpy.float64],
    height: typing.SupportsInt | typing.SupportsIndex,
    width: typing.SupportsInt | typing.SupportsIndex,
    num_threads: typing.SupportsInt | typing.SupportsIndex,
) -> list[typing.Any]: ...
def from_polygons(
    polygons: list[typing.Any],
    height: typing.SupportsInt | typing.SupportsIndex,
    width: typing.SupportsInt | typing.SupportsIndex,
    num_threads: typing.SupportsInt | typing.SupportsIndex,
) -> list[typing.Any]: ...
def from_string(text: str) -> numpy.typing.NDArray[numpy.uint32]: ...
def iou(
    detections: typing.Any,
    ground_truth: typing.Any,
    crowd: numpy.typing.NDArray[numpy.uint8],
    num_threads: typing.SupportsInt | typing.SupportsIndex,
) -> numpy.typing.NDArray[numpy.float64]: ...
def merge(masks: typing.Any, intersect: bool) -> dict[str, typing.Any]: ...
def overlap(
    detections: tuple[typing.Any, ...],
    ground_truth: tuple[typing.Any, ...],
    crowd: numpy.typing.NDArray[numpy.uint8],
    floor: typing.SupportsFloat | typing.SupportsIndex,
) -> tuple[typing.Any, ...]: ...
def to_boxes(
    masks: typing.Any, num_threads: typing.SupportsInt | typing.SupportsIndex
) -> numpy.typing.NDArray[numpy.float64]: ...
def to_string(counts: numpy.typing.NDArray[numpy.uint32]) -> bytes: ...
