from __future__ import annotations
import numpy
import numpy.typing
import typing

__all__: list[str] = ["confusion_matrix"]

def confusion_matrix(
    y_true: numpy.ndarray,
    y_pred: numpy.ndarray,
    sample_weight: numpy.typing.NDArray[numpy.float64] | None,
    low: typing.SupportsInt | typing.SupportsIndex,
    span: typing.SupportsInt | typing.SupportsIndex,
    ignored: typing.SupportsInt | typing.SupportsIndex | None,
    num_threads: typing.SupportsInt | typing.SupportsIndex,
) -> numpy.ndarray: ...
