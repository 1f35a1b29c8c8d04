from __future__ import annotations
import numpy
import numpy.typing
import typing

__all__: list[str] = ["binary_areas", "binary_curve", "binary_histogram", "confusion_matrix", "histogram_thresholds"]

@typing.overload
def binary_areas(
    y_score: numpy.typing.NDArray[numpy.float32],
    positive: numpy.typing.NDArray[numpy.uint8],
    num_threads: typing.SupportsInt | typing.SupportsIndex,
) -> tuple[typing.Any, ...]: ...
@typing.overload
def binary_areas(
    y_score: numpy.typing.NDArray[numpy.float64],
    positive: numpy.typing.NDArray[numpy.uint8],
    num_threads: typing.SupportsInt | typing.SupportsIndex,
) -> tuple[typing.Any, ...]: ...
@typing.overload
def binary_curve(
    y_score: numpy.typing.NDArray[numpy.float32],
    positive: numpy.typing.NDArray[numpy.uint8],
    sample_weight: numpy.typing.NDArray[numpy.float64] | None,
    num_threads: typing.SupportsInt | typing.SupportsIndex,
) -> tuple[typing.Any, ...]: ...
@typing.overload
def binary_curve(
    y_score: numpy.typing.NDArray[numpy.float64],
    positive: numpy.typing.NDArray[numpy.uint8],
    sample_weight: numpy.typing.NDArray[numpy.float64] | None,
    num_threads: typing.SupportsInt | typing.SupportsIndex,
) -> tuple[typing.Any, ...]: ...
@typing.overload
def binary_histogram(
    y_score: numpy.typing.NDArray[numpy.float32],
    positive: numpy.typing.NDArray[numpy.uint8],
    sample_weight: numpy.typing.NDArray[numpy.float64] | None,
    bits: typing.SupportsInt | typing.SupportsIndex,
    counts: numpy.typing.NDArray[numpy.int64],
) -> None: ...
@typing.overload
def binary_histogram(
    y_score: numpy.typing.NDArray[numpy.float32],
    positive: numpy.typing.NDArray[numpy.uint8],
    sample_weight: numpy.typing.NDArray[numpy.float64] | None,
    bits: typing.SupportsInt | typing.SupportsIndex,
    counts: numpy.typing.NDArray[numpy.float64],
) -> None: ...
@typing.overload
def binary_histogram(
    y_score: numpy.typing.NDArray[numpy.float64],
    positive: numpy.typing.NDArray[numpy.uint8],
    sample_weight: numpy.typing.NDArray[numpy.float64] | None,
    bits: typing.SupportsInt | typing.SupportsIndex,
    counts: numpy.typing.NDArray[numpy.int64],
) -> None: ...
@typing.overload
def binary_histogram(
    y_score: numpy.typing.NDArray[numpy.float64],
    positive: numpy.typing.NDArray[numpy.uint8],
    sample_weight: numpy.typing.NDArray[numpy.float64] | None,
    bits: typing.SupportsInt | typing.SupportsIndex,
    counts: numpy.typing.NDArray[numpy.float64],
) -> None: ...
def confusion_matrix(
    y_true: numpy.ndarray,
    y_pred: numpy.ndarray,
    sample_weight: numpy.typing.NDArray[numpy.float64] | None,
    low: typing.SupportsInt | typing.SupportsIndex,
    span: typing.SupportsInt | typing.SupportsIndex,
    ignored: typing.SupportsInt | typing.SupportsIndex | None,
    num_threads: typing.SupportsInt | typing.SupportsIndex,
) -> numpy.ndarray: ...
def histogram_thresholds(bits: typing.SupportsInt | typing.SupportsIndex) -> numpy.typing.NDArray[numpy.float32]: ...
