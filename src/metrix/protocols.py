"""Protocols as data: every number that a benchmark fixes stands here, built by the very expressions of its reference.

A protocol is a frozen dataclass; ``dataclasses.replace`` (or the arguments of :func:`metrix.evaluate_detections`) makes a
variant of it. Neither the kernels nor any other module holds a threshold, an area or a sigma.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
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


_NO_CAP = 2**31 - 1  # more than the rows that the kernels take
_COCO_LINE = " {title:<18} ({kind}) @[ IoU={iou:<9} | area={area:>6s} | maxDets={cap:>3d} ] = {value:0.3f}"


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
    #: The categories of one frequency alone ("r", "c" or "f"), or None for all.
    frequency: str | None = None


@dataclass(frozen=True)
class DetectionProtocol:
    """Everything that a detection benchmark fixes.

    Source of the instances: pycocotools 2.0.11, cocoeval.Params and COCOeval.summarize; lvis 0.5.3, eval.Params and
    LVISEval.summarize.
    """

    name: str
    iou_thresholds: FloatArray
    recall_thresholds: FloatArray
    #: Ranges of object area in square pixels, both ends inside, by label; the first is the one of the main numbers.
    area_ranges: Mapping[str, tuple[float, float]]
    #: Detections that are looked at, ascending: per image and category, or as ``cap_scope`` says.
    max_detections: tuple[int, ...]
    summary: tuple[SummaryRow, ...]
    #: Where a published number asks for a literal cap (100) that ``max_detections`` lacks, the reference gives -1.
    sigmas: FloatArray = field(default_factory=lambda: COCO_KEYPOINT_SIGMAS)
    #: The area of an annotated pose is this share of its box; None: it is the field ``area``.
    pose_share_of_box: float | None = None
    #: A threshold above this is lowered to it, so that rounding cannot keep a perfect match from matching at 1.0.
    highest_threshold: float = 1 - 1e-10
    #: Added to the denominator of precision.
    epsilon: float = float(np.spacing(1))
    #: Width of boundaries, as a part of the image's diagonal, or in pixels. Source: boundary-iou-api 37d2558.
    dilation_ratio: float = 0.02
    dilation_pixels: int | None = None
    #: False: all categories are one.
    use_categories: bool = True
    #: What ``max_detections`` counts: the detections of an image in one category ("cell"), of an image in all categories,
    #: or of a category in all images. Only the first has several caps, and an axis for them in the arrays. None: no cap.
    cap_scope: Literal["cell", "image", "category"] | None = "cell"
    #: Which field of a ground truth makes it ignored. ``iscrowd`` also lets it match many; ``ignore`` lets no crowd be.
    ignore_field: Literal["iscrowd", "ignore"] = "iscrowd"
    #: Detections are judged in those categories alone that an image shows or is known not to show (LVIS).
    is_federated: bool = False
    #: Ground truths and detections of an area that is not strictly between these are left out.
    areas_between: tuple[float, float] | None = None
    #: Which ground truth a detection looks at: the most similar one that is free ("greedy"), or the most similar one, free
    #: or not, the first of equal ones ("highest").
    matching: Literal["greedy", "highest"] = "greedy"
    #: A match needs a similarity above the threshold, not one equal to it.
    is_strict: bool = False
    #: The far corner of a box is a pixel that belongs to it, so that sides are longer by 1 than their difference.
    holds_corner_pixels: bool = False
    #: Annotations are known by their ids, so that ids of 0 and repeated ones have effects.
    uses_annotation_ids: bool = True
    #: What "AP" of a category is: the mean of precision at ``recall_thresholds``, or as a method of
    #: :func:`metrix.curves.average_precision` has it.
    average: Literal["mean", "11-point", "all-point"] = "mean"
    #: A line of text for each published number.
    line: str = _COCO_LINE

    @property
    def matching_thresholds(self) -> FloatArray:
        """What similarities are compared with: a match has one that is not below."""
        lowered = np.minimum(self.iou_thresholds, self.highest_threshold)
        return np.nextafter(lowered, np.inf) if self.is_strict else lowered

    @property
    def cell_caps(self) -> tuple[int, ...]:
        """Caps on the detections of an image in one category: where others are capped, there is none."""
        return self.max_detections if self.cap_scope == "cell" else (_NO_CAP,)

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

# The order of the points is shoulders, elbows, wrists, hips, knees, ankles, head, neck. Its easy, medium and hard numbers are
# those of some images (``images=``). Source: CrowdPose API, cocoeval.Params.setKpParams and COCOeval.computeOks.
CROWDPOSE = replace(
    COCO_KEYPOINTS,
    name="crowdpose",
    sigmas=_frozen(
        np.array([0.79, 0.79, 0.72, 0.72, 0.62, 0.62, 1.07, 1.07, 0.87, 0.87, 0.89, 0.89, 0.79, 0.79]) / 10.0
    ),
    pose_share_of_box=0.53,
    area_ranges=MappingProxyType({"all": (0**2, 1e5**2)}),
    summary=(
        SummaryRow("AP", "AP", cap=20),
        SummaryRow("AP50", "AP", iou_threshold=0.5, cap=20),
        SummaryRow("AP75", "AP", iou_threshold=0.75, cap=20),
        SummaryRow("AR", "AR", cap=20),
        SummaryRow("AR50", "AR", iou_threshold=0.5, cap=20),
        SummaryRow("AR75", "AR", iou_threshold=0.75, cap=20),
    ),
)

# LVISEval sees the areas that LVIS.get_ann_ids lets through; of an area range its text has the first letter alone.
LVIS = replace(
    COCO_DETECTION,
    name="lvis",
    max_detections=(300,),
    cap_scope="image",
    ignore_field="ignore",
    is_federated=True,
    areas_between=(0.0, float("inf")),
    line=" {title:<18} ({kind}) @[ IoU={iou:<9} | area={area_initial:>6s} | maxDets={cap:>3d} catIds={frequency:>3s}]"
    " = {value:0.3f}",
    summary=(
        SummaryRow("AP", "AP", cap_place=0),
        SummaryRow("AP50", "AP", iou_threshold=0.5, cap_place=0),
        SummaryRow("AP75", "AP", iou_threshold=0.75, cap_place=0),
        SummaryRow("APs", "AP", area="small", cap_place=0),
        SummaryRow("APm", "AP", area="medium", cap_place=0),
        SummaryRow("APl", "AP", area="large", cap_place=0),
        SummaryRow("APr", "AP", frequency="r", cap_place=0),
        SummaryRow("APc", "AP", frequency="c", cap_place=0),
        SummaryRow("APf", "AP", frequency="f", cap_place=0),
        SummaryRow("AR@{cap}", "AR", cap_place=0),
        SummaryRow("ARs@{cap}", "AR", area="small", cap_place=0),
        SummaryRow("ARm@{cap}", "AR", area="medium", cap_place=0),
        SummaryRow("ARl@{cap}", "AR", area="large", cap_place=0),
    ),
)

_ALL_AREAS = MappingProxyType({"all": (float("-inf"), float("inf"))})

# The devkit in Matlab matches at IoU >= 0.5, its translation in py-faster-rcnn, which everybody uses, at IoU > 0.5:
# ``replace(VOC2012, is_strict=False)`` is the former. Source: VOC devkit, VOCevaldet; py-faster-rcnn, voc_eval.
VOC2012 = DetectionProtocol(
    name="voc2012",
    iou_thresholds=_frozen([0.5]),
    recall_thresholds=_RECALL_THRESHOLDS,
    area_ranges=_ALL_AREAS,
    max_detections=(_NO_CAP,),
    summary=(SummaryRow("mAP", "AP", cap_place=0),),
    highest_threshold=float("inf"),
    epsilon=0.0,
    cap_scope=None,
    ignore_field="ignore",
    matching="highest",
    is_strict=True,
    holds_corner_pixels=True,
    uses_annotation_ids=False,
    average="all-point",
    line="Mean AP = {value:0.4f}",
)
VOC2007 = replace(VOC2012, name="voc2007", recall_thresholds=VOC2007_RECALL_THRESHOLDS, average="11-point")

# A budget for each category instead of each image, so that no category displaces another. Source: A. Dave et al.,
# Evaluating Large-Vocabulary Object Detectors: The Devil is in the Details, 2021.
LVIS_FIXED = replace(LVIS, name="lvis_fixed", max_detections=(10000,), cap_scope="category")

_COCO = MappingProxyType(
    {"bbox": COCO_DETECTION, "segm": COCO_DETECTION, "boundary": COCO_DETECTION, "keypoints": COCO_KEYPOINTS}
)

#: By name and IoU type.
PROTOCOLS: Mapping[str, Mapping[str, DetectionProtocol]] = MappingProxyType(
    {
        "coco": _COCO,
        "crowdpose": MappingProxyType({"keypoints": CROWDPOSE}),
        "lvis": MappingProxyType({"bbox": LVIS, "segm": LVIS, "boundary": LVIS}),
        "lvis_fixed": MappingProxyType({"bbox": LVIS_FIXED, "segm": LVIS_FIXED, "boundary": LVIS_FIXED}),
        "voc2007": MappingProxyType({"bbox": VOC2007, "segm": VOC2007}),
        "voc2012": MappingProxyType({"bbox": VOC2012, "segm": VOC2012}),
    }
)
