"""metrix: the metrics and losses of deep learning, exact and fast."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from metrix import (
    _core,
    boxes,
    curves,
    detection,
    distances,
    evaluator,
    keypoints,
    masks,
    matching,
    protocols,
    readers,
    records,
    report,
)
from metrix.detection import evaluate_detections
from metrix.evaluator import DetectionEvaluator
from metrix.records import Detections, GroundTruth
from metrix.report import DetectionReport

if TYPE_CHECKING:
    from metrix import (
        accumulators,
        classification,
        depth,
        flow,
        forecasts,
        generative,
        image_quality,
        intervals,
        losses,
        perceptual,
        regression,
        retrieval,
        verification,
    )

__version__: str = _core.version
__all__ = [
    "DetectionEvaluator",
    "DetectionReport",
    "Detections",
    "GroundTruth",
    "__version__",
    "accumulators",
    "boxes",
    "classification",
    "curves",
    "depth",
    "detection",
    "distances",
    "evaluate_detections",
    "evaluator",
    "flow",
    "forecasts",
    "generative",
    "image_quality",
    "intervals",
    "keypoints",
    "losses",
    "masks",
    "matching",
    "perceptual",
    "protocols",
    "readers",
    "records",
    "regression",
    "report",
    "retrieval",
    "verification",
]

_LAZY = frozenset(
    {
        "accumulators",
        "classification",
        "depth",
        "flow",
        "forecasts",
        "generative",
        "image_quality",
        "intervals",
        "losses",
        "perceptual",
        "regression",
        "retrieval",
        "verification",
    }
)


def __getattr__(name: str) -> Any:
    """Modules that an evaluation does without are imported when they are asked for."""
    if name in _LAZY:
        return import_module(f"metrix.{name}")
    raise AttributeError(f"module 'metrix' has no attribute {name!r}")
