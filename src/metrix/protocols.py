"""Protocols as data: every number that a benchmark fixes stands here, built by the very expressions of its reference.

A protocol is a frozen dataclass; ``dataclasses.replace`` (or the arguments of :func:`metrix.evaluate_detections`) makes a
variant of it. Neither the kernels nor any other module holds a threshold, an area or a sigma.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

IouType = Literal["bbox", "segm", "boundary", "keypoints"]
FloatArray = npt.NDArray[np.float64]


def _frozen(values: npt.ArrayLike) -> FloatArray:
    array = np.array(values, dtype=np.float64)
    array.flags.writeable = False
    return array


# The order of the points is that of COCO's person category. Source: pycocotools 2.0.11, cocoeval.Params.setKpParams, whose
# division by ten is a second rounding that plain literals would not have.
COCO_KEYPOINT_SIGMAS: FloatArray = _frozen(
    np.array([0.26, 0.25, 0.25, 0.35, 0.35, 0.79, 0.79, 0.72, 0.72, 0.62, 0.62, 1.07, 1.07, 0.87, 0.87, 0.89, 0.89])
    / 10.0
)


@dataclass(frozen=True)
class SummaryRow:
    """One published number: a mean over precision ("AP") or recall ("AR") where it is not -1."""

    name: str
    kind: Literal["AP", "AR"]
    #: One IoU threshold, or None for the mean over all.
    iou_threshold: float | None = None
    area: str = "all"
    #: Detections per image and category: the number itself, or (with ``cap_place``) a place in the protocol's list.
    cap: int | None = None
    cap_place: int | None = None


@dataclass(frozen=True)
class DetectionProtocol:
    """Everything that a detection benchmark fixes.

    Source of the instances: pycocotools 2.0.11, cocoeval.Params and COCOeval.summarize.
    """

    name: str
    iou_thresholds: FloatArray
    recall_thresholds: FloatArray
    #: Ranges of object area in square pixels, both ends inside, by label; the first is the one of the main numbers.
    area_ranges: Mapping[str, tuple[float, float]]
    #: Detections per image and category that are looked at, ascending.
    max_detections: tuple[int, ...]
    summary: tuple[SummaryRow, ...]
    #: Where a published number asks for a literal cap (100) that ``max_detections`` lacks, the reference gives -1.
    sigmas: FloatArray = field(default_factory=lambda: COCO_KEYPOINT_SIGMAS)
    #: A threshold above this is lowered to it, so that rounding cannot keep a perfect match from matching at 1.0.
    highest_threshold: float = 1 - 1e-10
    #: Added to the denominator of precision.
    epsilon: float = float(np.spacing(1))
    #: Width of boundaries, as a part of the image's diagonal, or in pixels. Source: boundary-iou-api 37d2558.
    dilation_ratio: float = 0.02
    dilation_pixels: int | None = None
    #: False: all categories are one.
    use_categories: bool = True

    def __getstate__(self) -> dict[str, Any]:
        """For pickle and copy, which cannot take the read-only view of a mapping."""
        return {**self.__dict__, "area_ranges": dict(self.area_ranges)}


_IOU_THRESHOLDS = _frozen(np.linspace(0.5, 0.95, int(np.round((0.95 - 0.5) / 0.05)) + 1, endpoint=True))
_RECALL_THRESHOLDS = _frozen(np.linspace(0.0, 1.00, int(np.round((1.00 - 0.0) / 0.01)) + 1, endpoint=True))

# Three of these are an ulp above their literals (0.3, 0.6, 0.7). Source: py-faster-rcnn, voc_eval.voc_ap.
VOC2007_RECALL_THRESHOLDS: FloatArray = _frozen(np.arange(0.0, 1.1, 0.1))

COCO_DETECTION = DetectionProtocol(
    name="coco",
    iou_thresholds=_IOU_THRESHOLDS,
    recall_thresholds=_RECALL_THRESHOLDS,
    area_ranges=MappingProxyType(
        {
            "all": (0**2, 1e5**2),
            "small": (0**2, 32**2),
            "medium": (32**2, 96**2),
            "large": (96**2, 1e5**2),
        }
    ),
    max_detections=(1, 10, 100),
    summary=(
        SummaryRow("AP", "AP", cap=100),
        SummaryRow("AP50", "AP", iou_threshold=0.5, cap_place=2),
        SummaryRow("AP75", "AP", iou_threshold=0.75, cap_place=2),
        SummaryRow("APs", "AP", area="small", cap_place=2),
        SummaryRow("APm", "AP", area="medium", cap_place=2),
        SummaryRow("APl", "AP", area="large", cap_place=2),
        SummaryRow("AR{cap}", "AR", cap_place=0),
        SummaryRow("AR{cap}", "AR", cap_place=1),
        SummaryRow("AR{cap}", "AR", cap_place=2),
        SummaryRow("ARs", "AR", area="small", cap_place=2),
        SummaryRow("ARm", "AR", area="medium", cap_place=2),
        SummaryRow("ARl", "AR", area="large", cap_place=2),
    ),
)

COCO_KEYPOINTS = DetectionProtocol(
    name="coco",
    iou_thresholds=_IOU_THRESHOLDS,
    recall_thresholds=_RECALL_THRESHOLDS,
    area_ranges=MappingProxyType(
        {"all": (0**2, 1e5**2), "medium": (32**2, 96**2), "large": (96**2, 1e5**2)},
    ),
    max_detections=(20,),
    summary=(
        SummaryRow("AP", "AP", cap=20),
        SummaryRow("AP50", "AP", iou_threshold=0.5, cap=20),
        SummaryRow("AP75", "AP", iou_threshold=0.75, cap=20),
        SummaryRow("APm", "AP", area="medium", cap=20),
        SummaryRow("APl", "AP", area="large", cap=20),
        SummaryRow("AR", "AR", cap=20),
        SummaryRow("AR50", "AR", iou_threshold=0.5, cap=20),
        SummaryRow("AR75", "AR", iou_threshold=0.75, cap=20),
        SummaryRow("ARm", "AR", area="medium", cap=20),
        SummaryRow("ARl", "AR", area="large", cap=20),
    ),
)

#: By name and IoU type.
PROTOCOLS: Mapping[str, Mapping[IouType, DetectionProtocol]] = MappingProxyType(
    {
        "coco": MappingProxyType(
            {"bbox": COCO_DETECTION, "segm": COCO_DETECTION, "boundary": COCO_DETECTION, "keypoints": COCO_KEYPOINTS}
        )
    }
)
