from __future__ import annotations
import numpy
import numpy.typing
import typing

__all__: list[str] = [
    "elementary",
    "elementwise",
    "formulas",
    "instruction_set",
    "row_formulas",
    "rows",
    "sum",
    "use_instruction_set",
]

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
    varying: numpy.typing.NDArray[numpy.float32] | None,
    varying_repeat: typing.SupportsInt | typing.SupportsIndex,
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
    varying: numpy.typing.NDArray[numpy.float64] | None,
    varying_repeat: typing.SupportsInt | typing.SupportsIndex,
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
@typing.overload
def rows(
    formula: typing.SupportsInt | typing.SupportsIndex,
    prediction: numpy.typing.NDArray[numpy.float32],
    axis: typing.SupportsInt | typing.SupportsIndex,
    target: numpy.typing.NDArray[numpy.float32] | None,
    labels: numpy.typing.NDArray[numpy.int64] | None,
    ignored_label: typing.SupportsInt | typing.SupportsIndex,
    class_weight: numpy.typing.NDArray[numpy.float32] | None,
    counts_classes: bool,
    parameters: tuple[typing.Any, ...],
    share: typing.SupportsFloat | typing.SupportsIndex,
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
def rows(
    formula: typing.SupportsInt | typing.SupportsIndex,
    prediction: numpy.typing.NDArray[numpy.float64],
    axis: typing.SupportsInt | typing.SupportsIndex,
    target: numpy.typing.NDArray[numpy.float64] | None,
    labels: numpy.typing.NDArray[numpy.int64] | None,
    ignored_label: typing.SupportsInt | typing.SupportsIndex,
    class_weight: numpy.typing.NDArray[numpy.float64] | None,
    counts_classes: bool,
    parameters: tuple[typing.Any, ...],
    share: typing.SupportsFloat | typing.SupportsIndex,
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
def sum(values: numpy.typing.NDArray[numpy.float64]) -> float: ...
def use_instruction_set(name: str) -> bool: ...

formulas: dict[str, int]
row_formulas: dict[str, int]
