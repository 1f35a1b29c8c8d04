from __future__ import annotations
import collections.abc
import numpy
import numpy.typing
import typing

__all__: list[str] = ["Fit", "depth_alignment", "depth_errors", "groups", "log_variance", "sums"]

class Fit:
    """
    Members:

      median

      scale

      scale_and_shift
    """

    __members__: typing.ClassVar[dict[str, Fit]]
    median: typing.ClassVar[Fit]
    scale: typing.ClassVar[Fit]
    scale_and_shift: typing.ClassVar[Fit]
    @typing.overload
    def __eq__(self, other: Fit) -> bool: ...
    @typing.overload
    def __eq__(self, other: typing.Any) -> bool: ...
    def __getstate__(self) -> int: ...
    def __hash__(self) -> int: ...
    def __index__(self) -> int: ...
    def __init__(self, value: typing.SupportsInt | typing.SupportsIndex) -> None: ...
    def __int__(self) -> int: ...
    @typing.overload
    def __ne__(self, other: Fit) -> bool: ...
    @typing.overload
    def __ne__(self, other: typing.Any) -> bool: ...
    def __repr__(self) -> str: ...
    def __setstate__(self, state: typing.SupportsInt | typing.SupportsIndex) -> None: ...
    def __str__(self) -> str: ...
    @property
    def name(self) -> str: ...
    @property
    def value(self) -> int: ...

@typing.overload
def depth_alignment(
    y_true: numpy.typing.NDArray[numpy.float32],
    y_pred: numpy.typing.NDArray[numpy.float32],
    mask: numpy.typing.NDArray[numpy.uint8] | None,
    window: typing.Annotated[collections.abc.Sequence[typing.SupportsInt | typing.SupportsIndex], "FixedSize(4)"],
    limits: typing.Annotated[collections.abc.Sequence[typing.SupportsFloat | typing.SupportsIndex], "FixedSize(2)"],
    is_inverse: bool,
    fit: Fit,
    num_threads: typing.SupportsInt | typing.SupportsIndex,
) -> numpy.typing.NDArray[numpy.float64]: ...
@typing.overload
def depth_alignment(
    y_true: numpy.typing.NDArray[numpy.float64],
    y_pred: numpy.typing.NDArray[numpy.float64],
    mask: numpy.typing.NDArray[numpy.uint8] | None,
    window: typing.Annotated[collections.abc.Sequence[typing.SupportsInt | typing.SupportsIndex], "FixedSize(4)"],
    limits: typing.Annotated[collections.abc.Sequence[typing.SupportsFloat | typing.SupportsIndex], "FixedSize(2)"],
    is_inverse: bool,
    fit: Fit,
    num_threads: typing.SupportsInt | typing.SupportsIndex,
) -> numpy.typing.NDArray[numpy.float64]: ...
@typing.overload
def depth_errors(
    y_true: numpy.typing.NDArray[numpy.float32],
    y_pred: numpy.typing.NDArray[numpy.float32],
    mask: numpy.typing.NDArray[numpy.uint8] | None,
    window: typing.Annotated[collections.abc.Sequence[typing.SupportsInt | typing.SupportsIndex], "FixedSize(4)"],
    limits: typing.Annotated[collections.abc.Sequence[typing.SupportsFloat | typing.SupportsIndex], "FixedSize(2)"],
    cuts: bool,
    is_inverse: bool,
    alignment: numpy.typing.NDArray[numpy.float64],
    within: typing.Annotated[collections.abc.Sequence[typing.SupportsFloat | typing.SupportsIndex], "FixedSize(3)"],
    groups: typing.SupportsInt | typing.SupportsIndex,
    num_threads: typing.SupportsInt | typing.SupportsIndex,
) -> numpy.typing.NDArray[numpy.float64]: ...
@typing.overload
def depth_errors(
    y_true: numpy.typing.NDArray[numpy.float64],
    y_pred: numpy.typing.NDArray[numpy.float64],
    mask: numpy.typing.NDArray[numpy.uint8] | None,
    window: typing.Annotated[collections.abc.Sequence[typing.SupportsInt | typing.SupportsIndex], "FixedSize(4)"],
    limits: typing.Annotated[collections.abc.Sequence[typing.SupportsFloat | typing.SupportsIndex], "FixedSize(2)"],
    cuts: bool,
    is_inverse: bool,
    alignment: numpy.typing.NDArray[numpy.float64],
    within: typing.Annotated[collections.abc.Sequence[typing.SupportsFloat | typing.SupportsIndex], "FixedSize(3)"],
    groups: typing.SupportsInt | typing.SupportsIndex,
    num_threads: typing.SupportsInt | typing.SupportsIndex,
) -> numpy.typing.NDArray[numpy.float64]: ...
def log_variance(
    sums: numpy.typing.NDArray[numpy.float64], share: typing.SupportsFloat | typing.SupportsIndex
) -> numpy.typing.NDArray[numpy.float64]: ...

groups: dict[str, int]
sums: dict[str, int]
