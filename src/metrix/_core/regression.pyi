from __future__ import annotations
import numpy
import numpy.typing
import typing

__all__: list[str] = ["cleared", "columns", "groups", "merged", "moments", "spread", "summary"]

def cleared(outputs: typing.SupportsInt | typing.SupportsIndex) -> numpy.typing.NDArray[numpy.float64]: ...
def merged(
    state: numpy.typing.NDArray[numpy.float64], other: numpy.typing.NDArray[numpy.float64]
) -> numpy.typing.NDArray[numpy.float64]: ...
@typing.overload
def moments(
    y_true: numpy.typing.NDArray[numpy.float32],
    y_pred: numpy.typing.NDArray[numpy.float32],
    sample_weight: numpy.typing.NDArray[numpy.float64] | None,
    groups: typing.SupportsInt | typing.SupportsIndex,
    eps: typing.SupportsFloat | typing.SupportsIndex,
    num_threads: typing.SupportsInt | typing.SupportsIndex,
) -> numpy.typing.NDArray[numpy.float64]: ...
@typing.overload
def moments(
    y_true: numpy.typing.NDArray[numpy.float64],
    y_pred: numpy.typing.NDArray[numpy.float64],
    sample_weight: numpy.typing.NDArray[numpy.float64] | None,
    groups: typing.SupportsInt | typing.SupportsIndex,
    eps: typing.SupportsFloat | typing.SupportsIndex,
    num_threads: typing.SupportsInt | typing.SupportsIndex,
) -> numpy.typing.NDArray[numpy.float64]: ...
def spread(
    state: numpy.typing.NDArray[numpy.float64],
    sum: typing.SupportsInt | typing.SupportsIndex,
    squares: typing.SupportsInt | typing.SupportsIndex,
) -> numpy.typing.NDArray[numpy.float64]: ...
def summary(state: numpy.typing.NDArray[numpy.float64]) -> numpy.typing.NDArray[numpy.float64]: ...

columns: dict[str, int]
groups: dict[str, int]
