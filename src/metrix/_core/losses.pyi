from __future__ import annotations
import collections.abc
import metrix._core.boxes
import numpy
import numpy.typing
import typing

__all__: list[str] = [
    "assign_points",
    "best_overlaps",
    "box_formulas",
    "box_loss",
    "ctc_loss",
    "elementary",
    "elementwise",
    "formulas",
    "instruction_set",
    "lovasz_hinge_loss",
    "lovasz_softmax_loss",
    "match_anchors",
    "project_masks",
    "region_gradient",
    "region_sums",
    "use_instruction_set",
]

def assign_points(
    points: numpy.typing.NDArray[numpy.float64],
    strides: numpy.typing.NDArray[numpy.float64],
    ranges: numpy.typing.NDArray[numpy.float64],
    truths: numpy.typing.NDArray[numpy.float64],
    radius: typing.SupportsFloat | typing.SupportsIndex,
) -> numpy.typing.NDArray[numpy.int64]: ...
def best_overlaps(
    boxes: numpy.typing.NDArray[numpy.float64],
    truths: numpy.typing.NDArray[numpy.float64],
    num_threads: typing.SupportsInt | typing.SupportsIndex,
) -> tuple[typing.Any, ...]: ...
@typing.overload
def box_loss(
    formula: typing.SupportsInt | typing.SupportsIndex,
    prediction: numpy.typing.NDArray[numpy.float32],
    target: numpy.typing.NDArray[numpy.float32],
    format: metrix._core.boxes.Format,
    parameters: tuple[typing.Any, ...],
    wants_gradient: bool,
    reduction: typing.SupportsInt | typing.SupportsIndex,
    weight: numpy.typing.NDArray[numpy.float32] | None,
    mask: numpy.typing.NDArray[numpy.uint8] | None,
    divide_by_weights: bool,
    upstream: numpy.typing.NDArray[numpy.float32] | None,
    upstream_of_result: typing.SupportsFloat | typing.SupportsIndex,
    by_target: bool,
    num_threads: typing.SupportsInt | typing.SupportsIndex,
) -> tuple[typing.Any, ...]: ...
@typing.overload
def box_loss(
    formula: typing.SupportsInt | typing.SupportsIndex,
    prediction: numpy.typing.NDArray[numpy.float64],
    target: numpy.typing.NDArray[numpy.float64],
    format: metrix._core.boxes.Format,
    parameters: tuple[typing.Any, ...],
    wants_gradient: bool,
    reduction: typing.SupportsInt | typing.SupportsIndex,
    weight: numpy.typing.NDArray[numpy.float64] | None,
    mask: numpy.typing.NDArray[numpy.uint8] | None,
    divide_by_weights: bool,
    upstream: numpy.typing.NDArray[numpy.float64] | None,
    upstream_of_result: typing.SupportsFloat | typing.SupportsIndex,
    by_target: bool,
    num_threads: typing.SupportsInt | typing.SupportsIndex,
) -> tuple[typing.Any, ...]: ...
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
@typing.overload
def lovasz_hinge_loss(
    prediction: numpy.typing.NDArray[numpy.float32],
    shape: typing.Annotated[collections.abc.Sequence[typing.SupportsInt | typing.SupportsIndex], "FixedSize(3)"],
    is_class_last: bool,
    activation: typing.SupportsInt | typing.SupportsIndex,
    target: numpy.typing.NDArray[numpy.float32] | None,
    labels: numpy.ndarray | None,
    ignored_label: typing.SupportsInt | typing.SupportsIndex,
    mask: numpy.typing.NDArray[numpy.uint8] | None,
    is_per_image: bool,
    classes: collections.abc.Sequence[typing.SupportsInt | typing.SupportsIndex],
    only_present: bool,
    needs_gradient: bool,
    num_threads: typing.SupportsInt | typing.SupportsIndex,
) -> tuple[numpy.typing.NDArray[numpy.float64], numpy.typing.NDArray[numpy.float32] | None]: ...
@typing.overload
def lovasz_hinge_loss(
    prediction: numpy.typing.NDArray[numpy.float64],
    shape: typing.Annotated[collections.abc.Sequence[typing.SupportsInt | typing.SupportsIndex], "FixedSize(3)"],
    is_class_last: bool,
    activation: typing.SupportsInt | typing.SupportsIndex,
    target: numpy.typing.NDArray[numpy.float64] | None,
    labels: numpy.ndarray | None,
    ignored_label: typing.SupportsInt | typing.SupportsIndex,
    mask: numpy.typing.NDArray[numpy.uint8] | None,
    is_per_image: bool,
    classes: collections.abc.Sequence[typing.SupportsInt | typing.SupportsIndex],
    only_present: bool,
    needs_gradient: bool,
    num_threads: typing.SupportsInt | typing.SupportsIndex,
) -> tuple[numpy.typing.NDArray[numpy.float64], numpy.typing.NDArray[numpy.float64] | None]: ...
@typing.overload
def lovasz_softmax_loss(
    prediction: numpy.typing.NDArray[numpy.float32],
    shape: typing.Annotated[collections.abc.Sequence[typing.SupportsInt | typing.SupportsIndex], "FixedSize(3)"],
    is_class_last: bool,
    activation: typing.SupportsInt | typing.SupportsIndex,
    target: numpy.typing.NDArray[numpy.float32] | None,
    labels: numpy.ndarray | None,
    ignored_label: typing.SupportsInt | typing.SupportsIndex,
    mask: numpy.typing.NDArray[numpy.uint8] | None,
    is_per_image: bool,
    classes: collections.abc.Sequence[typing.SupportsInt | typing.SupportsIndex],
    only_present: bool,
    needs_gradient: bool,
    num_threads: typing.SupportsInt | typing.SupportsIndex,
) -> tuple[numpy.typing.NDArray[numpy.float64], numpy.typing.NDArray[numpy.float32] | None]: ...
@typing.overload
def lovasz_softmax_loss(
    prediction: numpy.typing.NDArray[numpy.float64],
    shape: typing.Annotated[collections.abc.Sequence[typing.SupportsInt | typing.SupportsIndex], "FixedSize(3)"],
    is_class_last: bool,
    activation: typing.SupportsInt | typing.SupportsIndex,
    target: numpy.typing.NDArray[numpy.float64] | None,
    labels: numpy.ndarray | None,
    ignored_label: typing.SupportsInt | typing.SupportsIndex,
    mask: numpy.typing.NDArray[numpy.uint8] | None,
    is_per_image: bool,
    classes: collections.abc.Sequence[typing.SupportsInt | typing.SupportsIndex],
    only_present: bool,
    needs_gradient: bool,
    num_threads: typing.SupportsInt | typing.SupportsIndex,
) -> tuple[numpy.typing.NDArray[numpy.float64], numpy.typing.NDArray[numpy.float64] | None]: ...
def match_anchors(
    anchors: numpy.typing.NDArray[numpy.float64],
    truths: numpy.typing.NDArray[numpy.float64],
    high: typing.SupportsFloat | typing.SupportsIndex,
    low: typing.SupportsFloat | typing.SupportsIndex,
    keeps_best: bool,
    num_threads: typing.SupportsInt | typing.SupportsIndex,
) -> numpy.typing.NDArray[numpy.int64]: ...
def project_masks(
    masks: numpy.typing.NDArray[numpy.uint8],
    boxes: numpy.typing.NDArray[numpy.float64],
    index: numpy.typing.NDArray[numpy.int64],
    size: typing.SupportsInt | typing.SupportsIndex,
    num_threads: typing.SupportsInt | typing.SupportsIndex,
) -> numpy.typing.NDArray[numpy.float64]: ...
@typing.overload
def region_gradient(
    prediction: numpy.typing.NDArray[numpy.float32],
    shape: typing.Annotated[collections.abc.Sequence[typing.SupportsInt | typing.SupportsIndex], "FixedSize(3)"],
    is_class_last: bool,
    activation: typing.SupportsInt | typing.SupportsIndex,
    target: numpy.typing.NDArray[numpy.float32] | None,
    labels: numpy.ndarray | None,
    ignored_label: typing.SupportsInt | typing.SupportsIndex,
    mask: numpy.typing.NDArray[numpy.uint8] | None,
    sums: typing.SupportsInt | typing.SupportsIndex,
    is_batch: bool,
    slopes: numpy.typing.NDArray[numpy.float64],
    num_threads: typing.SupportsInt | typing.SupportsIndex,
) -> numpy.typing.NDArray[numpy.float32]: ...
@typing.overload
def region_gradient(
    prediction: numpy.typing.NDArray[numpy.float64],
    shape: typing.Annotated[collections.abc.Sequence[typing.SupportsInt | typing.SupportsIndex], "FixedSize(3)"],
    is_class_last: bool,
    activation: typing.SupportsInt | typing.SupportsIndex,
    target: numpy.typing.NDArray[numpy.float64] | None,
    labels: numpy.ndarray | None,
    ignored_label: typing.SupportsInt | typing.SupportsIndex,
    mask: numpy.typing.NDArray[numpy.uint8] | None,
    sums: typing.SupportsInt | typing.SupportsIndex,
    is_batch: bool,
    slopes: numpy.typing.NDArray[numpy.float64],
    num_threads: typing.SupportsInt | typing.SupportsIndex,
) -> numpy.typing.NDArray[numpy.float64]: ...
@typing.overload
def region_sums(
    prediction: numpy.typing.NDArray[numpy.float32],
    shape: typing.Annotated[collections.abc.Sequence[typing.SupportsInt | typing.SupportsIndex], "FixedSize(3)"],
    is_class_last: bool,
    activation: typing.SupportsInt | typing.SupportsIndex,
    target: numpy.typing.NDArray[numpy.float32] | None,
    labels: numpy.ndarray | None,
    ignored_label: typing.SupportsInt | typing.SupportsIndex,
    mask: numpy.typing.NDArray[numpy.uint8] | None,
    sums: typing.SupportsInt | typing.SupportsIndex,
    is_batch: bool,
    num_threads: typing.SupportsInt | typing.SupportsIndex,
) -> tuple[numpy.typing.NDArray[numpy.float64], numpy.typing.NDArray[numpy.float64]]: ...
@typing.overload
def region_sums(
    prediction: numpy.typing.NDArray[numpy.float64],
    shape: typing.Annotated[collections.abc.Sequence[typing.SupportsInt | typing.SupportsIndex], "FixedSize(3)"],
    is_class_last: bool,
    activation: typing.SupportsInt | typing.SupportsIndex,
    target: numpy.typing.NDArray[numpy.float64] | None,
    labels: numpy.ndarray | None,
    ignored_label: typing.SupportsInt | typing.SupportsIndex,
    mask: numpy.typing.NDArray[numpy.uint8] | None,
    sums: typing.SupportsInt | typing.SupportsIndex,
    is_batch: bool,
    num_threads: typing.SupportsInt | typing.SupportsIndex,
) -> tuple[numpy.typing.NDArray[numpy.float64], numpy.typing.NDArray[numpy.float64]]: ...
def use_instruction_set(name: str) -> bool: ...

box_formulas: dict[str, int]
formulas: dict[str, int]
