from __future__ import annotations
import collections.abc
import metrix._core.boxes
import numpy
import numpy.typing
import typing

__all__: list[str] = [
    "add_transpose",
    "assign_points",
    "batch_triplet_gradient",
    "batch_triplet_loss",
    "best_overlaps",
    "box_formulas",
    "box_loss",
    "circle_slopes",
    "circle_sums",
    "ctc_loss",
    "elementary",
    "elementwise",
    "entropic_transport",
    "formulas",
    "instruction_set",
    "lovasz_hinge_loss",
    "lovasz_softmax_loss",
    "match_anchors",
    "mine_triplets",
    "pairwise_distances",
    "project_masks",
    "region_gradient",
    "region_sums",
    "row_formulas",
    "rows",
    "softmax_of_similarities",
    "sum",
    "sums_by_label",
    "through_unit_vectors",
    "unit_vectors",
    "use_instruction_set",
    "wasserstein_distance",
]

@typing.overload
def add_transpose(
    matrix: numpy.typing.NDArray[numpy.float32],
    other: numpy.typing.NDArray[numpy.float32],
    num_threads: typing.SupportsInt | typing.SupportsIndex,
) -> None: ...
@typing.overload
def add_transpose(
    matrix: numpy.typing.NDArray[numpy.float64],
    other: numpy.typing.NDArray[numpy.float64],
    num_threads: typing.SupportsInt | typing.SupportsIndex,
) -> None: ...
def assign_points(
    points: numpy.typing.NDArray[numpy.float64],
    strides: numpy.typing.NDArray[numpy.float64],
    ranges: numpy.typing.NDArray[numpy.float64],
    truths: numpy.typing.NDArray[numpy.float64],
    radius: typing.SupportsFloat | typing.SupportsIndex,
) -> numpy.typing.NDArray[numpy.int64]: ...
def batch_triplet_gradient(
    embeddings: numpy.typing.NDArray[numpy.float64],
    distances: numpy.typing.NDArray[numpy.float64],
    squared: bool,
    labels: numpy.typing.NDArray[numpy.int64],
    mining: str,
    margin: typing.SupportsFloat | typing.SupportsIndex,
    num_threads: typing.SupportsInt | typing.SupportsIndex,
) -> tuple[typing.Any, ...]: ...
def batch_triplet_loss(
    distances: numpy.typing.NDArray[numpy.float64],
    labels: numpy.typing.NDArray[numpy.int64],
    mining: str,
    margin: typing.SupportsFloat | typing.SupportsIndex,
    num_threads: typing.SupportsInt | typing.SupportsIndex,
) -> tuple[typing.Any, ...]: ...
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
def circle_slopes(
    cosines: numpy.typing.NDArray[numpy.float32],
    labels: numpy.typing.NDArray[numpy.float32],
    margin: typing.SupportsFloat | typing.SupportsIndex,
    scale: typing.SupportsFloat | typing.SupportsIndex,
    is_triangle: bool,
    slopes: numpy.typing.NDArray[numpy.float64],
    num_threads: typing.SupportsInt | typing.SupportsIndex,
) -> None: ...
@typing.overload
def circle_slopes(
    cosines: numpy.typing.NDArray[numpy.float64],
    labels: numpy.typing.NDArray[numpy.float64],
    margin: typing.SupportsFloat | typing.SupportsIndex,
    scale: typing.SupportsFloat | typing.SupportsIndex,
    is_triangle: bool,
    slopes: numpy.typing.NDArray[numpy.float64],
    num_threads: typing.SupportsInt | typing.SupportsIndex,
) -> None: ...
@typing.overload
def circle_sums(
    cosines: numpy.typing.NDArray[numpy.float32],
    labels: numpy.typing.NDArray[numpy.float32],
    margin: typing.SupportsFloat | typing.SupportsIndex,
    scale: typing.SupportsFloat | typing.SupportsIndex,
    is_triangle: bool,
    num_threads: typing.SupportsInt | typing.SupportsIndex,
) -> numpy.typing.NDArray[numpy.float64]: ...
@typing.overload
def circle_sums(
    cosines: numpy.typing.NDArray[numpy.float64],
    labels: numpy.typing.NDArray[numpy.float64],
    margin: typing.SupportsFloat | typing.SupportsIndex,
    scale: typing.SupportsFloat | typing.SupportsIndex,
    is_triangle: bool,
    num_threads: typing.SupportsInt | typing.SupportsIndex,
) -> numpy.typing.NDArray[numpy.float64]: ...
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
def entropic_transport(
    x: numpy.typing.NDArray[numpy.float64],
    x_weights: numpy.typing.NDArray[numpy.float64],
    y: numpy.typing.NDArray[numpy.float64] | None,
    y_weights: numpy.typing.NDArray[numpy.float64] | None,
    power: typing.SupportsInt | typing.SupportsIndex,
    epsilon: typing.SupportsFloat | typing.SupportsIndex,
    most_iterations: typing.SupportsInt | typing.SupportsIndex,
    tolerance: typing.SupportsFloat | typing.SupportsIndex,
    start: numpy.typing.NDArray[numpy.float64] | None,
    wants_gradients: bool,
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
def mine_triplets(
    distances: numpy.typing.NDArray[numpy.float64],
    labels: numpy.typing.NDArray[numpy.int64],
    mining: str,
    num_threads: typing.SupportsInt | typing.SupportsIndex,
) -> tuple[typing.Any, ...]: ...
def pairwise_distances(
    x: numpy.typing.NDArray[numpy.float64],
    y: numpy.typing.NDArray[numpy.float64],
    squared: bool,
    num_threads: typing.SupportsInt | typing.SupportsIndex,
) -> numpy.typing.NDArray[numpy.float64]: ...
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
@typing.overload
def softmax_of_similarities(
    rows: numpy.typing.NDArray[numpy.float32],
    labels: numpy.typing.NDArray[numpy.int64],
    starts: numpy.typing.NDArray[numpy.int64] | None,
    members: numpy.typing.NDArray[numpy.int64] | None,
    self_of_first: typing.SupportsInt | typing.SupportsIndex,
    upstream: numpy.typing.NDArray[numpy.float64] | None,
    num_threads: typing.SupportsInt | typing.SupportsIndex,
) -> numpy.typing.NDArray[numpy.float64]: ...
@typing.overload
def softmax_of_similarities(
    rows: numpy.typing.NDArray[numpy.float64],
    labels: numpy.typing.NDArray[numpy.int64],
    starts: numpy.typing.NDArray[numpy.int64] | None,
    members: numpy.typing.NDArray[numpy.int64] | None,
    self_of_first: typing.SupportsInt | typing.SupportsIndex,
    upstream: numpy.typing.NDArray[numpy.float64] | None,
    num_threads: typing.SupportsInt | typing.SupportsIndex,
) -> numpy.typing.NDArray[numpy.float64]: ...
def sum(values: numpy.typing.NDArray[numpy.float64]) -> float: ...
@typing.overload
def sums_by_label(
    rows: numpy.typing.NDArray[numpy.float32],
    labels: numpy.typing.NDArray[numpy.int64],
    count: typing.SupportsInt | typing.SupportsIndex,
) -> numpy.typing.NDArray[numpy.float64]: ...
@typing.overload
def sums_by_label(
    rows: numpy.typing.NDArray[numpy.float64],
    labels: numpy.typing.NDArray[numpy.int64],
    count: typing.SupportsInt | typing.SupportsIndex,
) -> numpy.typing.NDArray[numpy.float64]: ...
@typing.overload
def through_unit_vectors(
    units: numpy.typing.NDArray[numpy.float32],
    lengths: numpy.typing.NDArray[numpy.float32],
    gradient: numpy.typing.NDArray[numpy.float32],
    num_threads: typing.SupportsInt | typing.SupportsIndex,
) -> None: ...
@typing.overload
def through_unit_vectors(
    units: numpy.typing.NDArray[numpy.float64],
    lengths: numpy.typing.NDArray[numpy.float64],
    gradient: numpy.typing.NDArray[numpy.float64],
    num_threads: typing.SupportsInt | typing.SupportsIndex,
) -> None: ...
@typing.overload
def unit_vectors(
    rows: numpy.typing.NDArray[numpy.float32], num_threads: typing.SupportsInt | typing.SupportsIndex
) -> tuple[typing.Any, ...]: ...
@typing.overload
def unit_vectors(
    rows: numpy.typing.NDArray[numpy.float64], num_threads: typing.SupportsInt | typing.SupportsIndex
) -> tuple[typing.Any, ...]: ...
def use_instruction_set(name: str) -> bool: ...
@typing.overload
def wasserstein_distance(
    u_values: numpy.typing.NDArray[numpy.float32],
    v_values: numpy.typing.NDArray[numpy.float32],
    u_weights: numpy.typing.NDArray[numpy.float64] | None,
    v_weights: numpy.typing.NDArray[numpy.float64] | None,
    num_threads: typing.SupportsInt | typing.SupportsIndex,
) -> tuple[typing.Any, ...]: ...
@typing.overload
def wasserstein_distance(
    u_values: numpy.typing.NDArray[numpy.float64],
    v_values: numpy.typing.NDArray[numpy.float64],
    u_weights: numpy.typing.NDArray[numpy.float64] | None,
    v_weights: numpy.typing.NDArray[numpy.float64] | None,
    num_threads: typing.SupportsInt | typing.SupportsIndex,
) -> tuple[typing.Any, ...]: ...

box_formulas: dict[str, int]
formulas: dict[str, int]
row_formulas: dict[str, int]
