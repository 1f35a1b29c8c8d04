"""metrix: the metrics and losses of deep learning, exact and fast."""

from __future__ import annotations

from metrix import (
    _core,
    boxes,
    curves,
    detection,
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

__version__: str = _core.version
__all__ = [
    "DetectionEvaluator",
    "DetectionReport",
    "Detections",
    "GroundTruth",
    "__version__",
    "boxes",
    "curves",
    "detection",
    "evaluate_detections",
    "evaluator",
    "keypoints",
    "masks",
    "matching",
    "protocols",
    "readers",
    "records",
    "report",
]
