from __future__ import annotations
import numpy
import numpy.typing
import typing

__all__: list[str] = ["ctc_loss", "elementary", "elementwise", "formulas", "instruction_set", "use_instruction_set"]

@typing.overload
def ctc_loss(
    scores: numpy.typing.NDArray[numpy.float32],
    targets: numpy.typing.NDArray[numpy.int64],
    target_offsets: numpy.typing.NDArray[numpy.int64],
    input_lengths: numpy.typing.NDArray[numpy.int64],
    blank: typing.SupportsInt | typing.SupportsIndex,
    from_logits: bool,
    zero_infinity: bool,
    upstream: numpy.typing.NDArray[numpy.float64] | None,
    num_threads: typing.SupportsInt | typing.SupportsIndex,
) -> tuple[typing.Any, ...]: ...
@typing.overload
def ctc_loss(
    scores: numpy.typing.NDArray[numpy.float64],
    targets: numpy.typing.NDArray[numpy.int64],
    target_offsets: numpy.typing.NDArray[numpy.int64],
    input_lengths: numpy.typing.NDArray[numpy.int64],
    blank: typing.SupportsInt | typing.SupportsIndex,
    from_logits: bool,
    zero_infinity: bool,
    upstream: numpy.typing.NDArray[numpy.float64] | None,
    num_threads: typing.SupportsInt | typing.SupportsIndex,
) -> tuple[typing.Any, ...]: ...
@typing.overload
def elementary(name: str, x: numpy.typing.NDArray[numpy.float32]) -> numpy.typing.NDArray[numpy.float32]: ...
@typing.overload
def elementary(name: str, x: numpy.typing.NDArray[numpy.float64]) -> numpy.typing.NDArray[numpy.float64]: ...
@typing.overload
def elementwise(
    formula: typing.SupportsInt | typing.SupportsIndex,
    prediction: numpy.typing.NDArray[numpy.float32],
    target: numpy.typing.NDArray[numpy.float32],
    parameters: tuple[typing.Any, ...],
    wanted: typing.SupportsInt | typing.SupportsIndex,
    reduction: typing.SupportsInt | typing.SupportsIndex,
    weight: numpy.typing.NDArray[numpy.float32] | None,
    mask: numpy.typing.NDArray[numpy.uint8] | None,
    divide_by_weights: bool,
    upstream: numpy.typing.NDArray[numpy.float32] | None,
    upstream_of_result: typing.SupportsFloat | typing.SupportsIndex,
    curvature_policy: typing.SupportsInt | typing.SupportsIndex,
    num_threads: typing.SupportsInt | typing.SupportsIndex,
) -> tuple[typing.Any, ...]: ...
@typing.overload
def elementwise(
    formula: typing.SupportsInt | typing.SupportsIndex,
    prediction: numpy.typing.NDArray[numpy.float64],
    target: numpy.typing.NDArray[numpy.float64],
    parameters: tuple[typing.Any, ...],
    wanted: typing.SupportsInt | typing.SupportsIndex,
    reduction: typing.SupportsInt | typing.SupportsIndex,
    weight: numpy.typing.NDArray[numpy.float64] | None,
    mask: numpy.typing.NDArray[numpy.uint8] | None,
    divide_by_weights: bool,
    upstream: numpy.typing.NDArray[numpy.float64] | None,
    upstream_of_result: typing.SupportsFloat | typing.SupportsIndex,
    curvature_policy: typing.SupportsInt | typing.SupportsIndex,
    num_threads: typing.SupportsInt | typing.SupportsIndex,
) -> tuple[typing.Any, ...]: ...
def instruction_set() -> str: ...
def use_instruction_set(name: str) -> bool: ...

formulas: dict[str, int]
