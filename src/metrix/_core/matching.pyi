from __future__ import annotations
import typing
import numpy
import numpy.typing

__all__: list[str] = ["greedy_match"]

def greedy_match(
    similarity: numpy.typing.NDArray[numpy.float64],
    thresholds: numpy.typing.NDArray[numpy.float64],
    crowd: numpy.typing.NDArray[numpy.uint8],
    ignored: numpy.typing.NDArray[numpy.uint8],
) -> tuple[typing.Any, ...]: ...
