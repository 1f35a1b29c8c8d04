from __future__ import annotations
import numpy
import numpy.typing
import typing

__all__: list[str] = [
    "Outcomes",
    "descending_order",
    "final_recall",
    "outcomes_of",
    "precision_at_recalls",
    "precision_recall_curve",
]

class Outcomes:
    pass

def descending_order(score: numpy.typing.NDArray[numpy.float64]) -> numpy.typing.NDArray[numpy.int64]: ...
def final_recall(
    outcomes: Outcomes,
    *,
    max_detections: numpy.typing.NDArray[numpy.int64],
    num_threads: typing.SupportsInt | typing.SupportsIndex,
) -> numpy.typing.NDArray[numpy.float64]: ...
def outcomes_of(
    category_offset: numpy.typing.NDArray[numpy.int64],
    score: numpy.typing.NDArray[numpy.float64],
    rank: numpy.typing.NDArray[numpy.int32],
    bits: numpy.typing.NDArray[numpy.uint16],
    positives: numpy.typing.NDArray[numpy.int64],
    threshold_count: typing.SupportsInt | typing.SupportsIndex,
) -> Outcomes: ...
def precision_at_recalls(
    outcomes: Outcomes,
    *,
    max_detections: numpy.typing.NDArray[numpy.int64],
    recall_thresholds: numpy.typing.NDArray[numpy.float64],
    epsilon: typing.SupportsFloat | typing.SupportsIndex,
    scores: bool,
    num_threads: typing.SupportsInt | typing.SupportsIndex,
) -> tuple[typing.Any, ...]: ...
def precision_recall_curve(
    outcomes: Outcomes,
    *,
    category: typing.SupportsInt | typing.SupportsIndex,
    threshold: typing.SupportsInt | typing.SupportsIndex,
    breakdown: typing.SupportsInt | typing.SupportsIndex,
    max_detections: typing.SupportsInt | typing.SupportsIndex,
) -> tuple[typing.Any, ...]: ...
