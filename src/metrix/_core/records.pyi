from __future__ import annotations
import collections.abc
import numpy
import numpy.typing
import typing

__all__: list[str] = [
    "index_of",
    "index_of_any_order",
    "last_row_of_id",
    "presence",
    "read_detections",
    "read_ground_truth",
]

def index_of(
    ids: numpy.typing.NDArray[numpy.int64], known: numpy.typing.NDArray[numpy.int64]
) -> numpy.typing.NDArray[numpy.int32]: ...
def index_of_any_order(
    ids: numpy.typing.NDArray[numpy.int64], known: collections.abc.Sequence[typing.SupportsInt | typing.SupportsIndex]
) -> tuple[typing.Any, ...]: ...
def last_row_of_id(ids: numpy.typing.NDArray[numpy.int64]) -> typing.Any: ...
def read_detections(
    readinto: collections.abc.Callable[..., typing.Any],
    *,
    bbox: bool,
    segmentation: bool,
    keypoints: bool,
    num_threads: typing.SupportsInt | typing.SupportsIndex,
    size_hint: typing.SupportsInt | typing.SupportsIndex,
) -> dict[str, typing.Any]: ...
def read_ground_truth(
    readinto: collections.abc.Callable[..., typing.Any],
    *,
    bbox: bool,
    segmentation: bool,
    keypoints: bool,
    federated: bool,
    num_threads: typing.SupportsInt | typing.SupportsIndex,
    size_hint: typing.SupportsInt | typing.SupportsIndex,
) -> dict[str, typing.Any]: ...

presence: dict[str, int]
