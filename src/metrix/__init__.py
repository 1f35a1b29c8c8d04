"""metrix: the metrics and losses of deep learning, exact and fast."""

from __future__ import annotations

from metrix import _core, boxes, curves, detection, keypoints, masks, matching, protocols, readers, records, report
from metrix.detection import evaluate_detections
from metrix.records import Detections, GroundTruth
from metrix.report import DetectionReport

__version__: str = _core.version
__all__ = [
    "DetectionReport",
    "Detections",
    "GroundTruth",
    "__version__",
    "boxes",
    "curves",
    "detection",
    "evaluate_detections",
    "keypoints",
    "masks",
    "matching",
    "protocols",
    "readers",
    "records",
    "report",
]
