from __future__ import annotations
import collections.abc
import numpy
import numpy.typing
import typing

__all__: list[str] = ["distance_transform_edt", "surface_distances"]

def distance_transform_edt(
    mask: numpy.typing.NDArray[numpy.uint8],
    spacing: typing.Annotated[collections.abc.Sequence[typing.SupportsFloat | typing.SupportsIndex], "FixedSize(3)"],
    num_threads: typing.SupportsInt | typing.SupportsIndex,
) -> numpy.typing.NDArray[numpy.float64]: ...
def surface_distances(
    y_true: numpy.typing.NDArray[numpy.uint8],
    y_pred: numpy.typing.NDArray[numpy.uint8],
    spacing: typing.Annotated[collections.abc.Sequence[typing.SupportsFloat | typing.SupportsIndex], "FixedSize(3)"],
    axes: typing.SupportsInt | typing.SupportsIndex,
    surface: str,
    num_threads: typing.SupportsInt | typing.SupportsIndex,
) -> tuple[typing.Any, ...]: ...
