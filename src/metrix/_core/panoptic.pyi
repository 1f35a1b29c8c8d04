from __future__ import annotations
import numpy
import numpy.typing
import typing

__all__: list[str] = ["panoptic_quality", "state_size"]

def panoptic_quality(
    y_true: numpy.ndarray,
    y_pred: numpy.ndarray,
    true_segments: numpy.typing.NDArray[numpy.int64],
    pred_segments: numpy.typing.NDArray[numpy.int64],
    categories: typing.SupportsInt | typing.SupportsIndex,
    num_threads: typing.SupportsInt | typing.SupportsIndex,
) -> numpy.typing.NDArray[numpy.int64]: ...

state_size: int = 5
