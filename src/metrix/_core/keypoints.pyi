from __future__ import annotations
import numpy
import numpy.typing
import typing

__all__: list[str] = [
    "numpy_exp",
    "numpy_exp_is_direct",
    "numpy_sum",
    "object_keypoint_similarity",
    "paired_object_keypoint_similarity",
]

def numpy_exp(values: numpy.typing.NDArray[numpy.float64], direct: bool) -> numpy.typing.NDArray[numpy.float64]: ...
def numpy_exp_is_direct() -> bool: ...
def numpy_sum(values: numpy.typing.NDArray[numpy.float64]) -> float: ...
def object_keypoint_similarity(
    detections: numpy.typing.NDArray[numpy.float64],
    ground_truth: numpy.typing.NDArray[numpy.float64],
    area: numpy.typing.NDArray[numpy.float64],
    boxes: numpy.typing.NDArray[numpy.float64] | None,
    variances: numpy.typing.NDArray[numpy.float64],
    floor: typing.SupportsFloat | typing.SupportsIndex,
    num_threads: typing.SupportsInt | typing.SupportsIndex,
    direct: bool = True,
) -> numpy.typing.NDArray[numpy.float64]: ...
def paired_object_keypoint_similarity(
    detections: numpy.typing.NDArray[numpy.float64],
    ground_truth: numpy.typing.NDArray[numpy.float64],
    area: numpy.typing.NDArray[numpy.float64],
    boxes: numpy.typing.NDArray[numpy.float64] | None,
    variances: numpy.typing.NDArray[numpy.float64],
    floor: typing.SupportsFloat | typing.SupportsIndex,
    num_threads: typing.SupportsInt | typing.SupportsIndex,
    direct: bool = True,
) -> numpy.typing.NDArray[numpy.float64]: ...
