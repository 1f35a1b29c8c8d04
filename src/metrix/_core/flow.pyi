from __future__ import annotations
import collections.abc
import numpy
import numpy.typing
import typing

__all__: list[str] = ["flow_errors", "sums"]

@typing.overload
def flow_errors(
    y_true: numpy.typing.NDArray[numpy.float32],
    y_pred: numpy.typing.NDArray[numpy.float32],
    mask: numpy.typing.NDArray[numpy.uint8] | None,
    components_last: bool,
    range: typing.Annotated[collections.abc.Sequence[typing.SupportsFloat | typing.SupportsIndex], "FixedSize(2)"],
    outlier: typing.Annotated[collections.abc.Sequence[typing.SupportsFloat | typing.SupportsIndex], "FixedSize(2)"],
    thresholds: typing.Annotated[collections.abc.Sequence[typing.SupportsFloat | typing.SupportsIndex], "FixedSize(4)"],
    with_angles: bool,
    num_threads: typing.SupportsInt | typing.SupportsIndex,
) -> numpy.typing.NDArray[numpy.float64]: ...
@typing.overload
def flow_errors(
    y_true: numpy.typing.NDArray[numpy.float64],
    y_pred: numpy.typing.NDArray[numpy.float64],
    mask: numpy.typing.NDArray[numpy.uint8] | None,
    components_last: bool,
    range: typing.Annotated[collections.abc.Sequence[typing.SupportsFloat | typing.SupportsIndex], "FixedSize(2)"],
    outlier: typing.Annotated[collections.abc.Sequence[typing.SupportsFloat | typing.SupportsIndex], "FixedSize(2)"],
    thresholds: typing.Annotated[collections.abc.Sequence[typing.SupportsFloat | typing.SupportsIndex], "FixedSize(4)"],
    with_angles: bool,
    num_threads: typing.SupportsInt | typing.SupportsIndex,
) -> numpy.typing.NDArray[numpy.float64]: ...

sums: dict[str, int]
