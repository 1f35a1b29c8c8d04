from __future__ import annotations
import numpy
import numpy.typing
import typing

__all__: list[str] = ["lpips"]

@typing.overload
def lpips(
    first: numpy.typing.NDArray[numpy.float32],
    second: numpy.typing.NDArray[numpy.float32],
    weights: numpy.typing.NDArray[numpy.float64] | None,
    eps: typing.SupportsFloat | typing.SupportsIndex,
    num_threads: typing.SupportsInt | typing.SupportsIndex,
) -> numpy.typing.NDArray[numpy.float64]: ...
@typing.overload
def lpips(
    first: numpy.typing.NDArray[numpy.float64],
    second: numpy.typing.NDArray[numpy.float64],
    weights: numpy.typing.NDArray[numpy.float64] | None,
    eps: typing.SupportsFloat | typing.SupportsIndex,
    num_threads: typing.SupportsInt | typing.SupportsIndex,
) -> numpy.typing.NDArray[numpy.float64]: ...
