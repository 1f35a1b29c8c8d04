from __future__ import annotations
import numpy
import numpy.typing
import typing

__all__: list[str] = [
    "batch_triplet_gradient",
    "batch_triplet_loss",
    "elementary",
    "elementwise",
    "entropic_transport",
    "formulas",
    "instruction_set",
    "mine_triplets",
    "pairwise_distances",
    "use_instruction_set",
    "wasserstein_distance",
]

def batch_triplet_gradient(
    embeddings: numpy.typing.NDArray[numpy.float64],
    distances: numpy.typing.NDArray[numpy.float64],
    squared: bool,
    labels: numpy.typing.NDArray[numpy.int64],
    mining: str,
    margin: typing.SupportsFloat | typing.SupportsIndex,
    num_threads: typing.SupportsInt | typing.SupportsIndex,
) -> numpy.typing.NDArray[numpy.float64]: ...
def batch_triplet_loss(
    distances: numpy.typing.NDArray[numpy.float64],
    labels: numpy.typing.NDArray[numpy.int64],
    mining: str,
    margin: typing.SupportsFloat | typing.SupportsIndex,
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

formulas: dict[str, int]
