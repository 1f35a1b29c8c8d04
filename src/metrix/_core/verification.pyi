from __future__ import annotations
import numpy
import numpy.typing
import typing

__all__: list[str] = ["pair_scores"]

@typing.overload
def pair_scores(
    first: numpy.typing.NDArray[numpy.float32],
    second: numpy.typing.NDArray[numpy.float32],
    pairs: numpy.typing.NDArray[numpy.int64] | None,
    metric: str,
    num_threads: typing.SupportsInt | typing.SupportsIndex,
) -> numpy.typing.NDArray[numpy.float64]: ...
@typing.overload
def pair_scores(
    first: numpy.typing.NDArray[numpy.float64],
    second: numpy.typing.NDArray[numpy.float64],
    pairs: numpy.typing.NDArray[numpy.int64] | None,
    metric: str,
    num_threads: typing.SupportsInt | typing.SupportsIndex,
) -> numpy.typing.NDArray[numpy.float64]: ...
