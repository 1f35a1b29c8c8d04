"""The steps of ``COCOeval.evaluate``, one image and category at a time, with our kernels for the pieces.

They go the way of the reference, to its exceptions: a record that lacks a field is a KeyError here.
"""

from __future__ import annotations

from collections import defaultdict
from typing import Any

import numpy as np
import numpy.typing as npt

from metrix import _core
from metrix.compat._matching import CellSide, image_result
from metrix.compat.pycocotools import mask as maskUtils
from metrix.protocols import COCO_DETECTION

Record = dict[str, Any]
ByCell = defaultdict[tuple[Any, Any], list[Record]]


def prepare(cocoGt: Any, cocoDt: Any, p: Any) -> tuple[ByCell, ByCell]:
    """Annotations of both sides by image and category; masks become run lengths, and ``ignore`` is set by the crowds."""
    chosen = {"imgIds": p.imgIds, "catIds": p.catIds} if p.useCats else {"imgIds": p.imgIds}
    gts, dts = (coco.loadAnns(coco.getAnnIds(**chosen)) for coco in (cocoGt, cocoDt))
    if p.iouType == "segm":
        for coco, anns in ((cocoGt, gts), (cocoDt, dts)):
            for ann in anns:
                ann["segmentation"] = coco.annToRLE(ann)
    for gt in gts:
        gt["ignore"] = "iscrowd" in gt and gt["iscrowd"]
        if p.iouType == "keypoints":
            gt["ignore"] = (gt["num_keypoints"] == 0) or gt["ignore"]
    return _by_cell(gts), _by_cell(dts)


def _by_cell(anns: list[Record]) -> ByCell:
    cells: ByCell = defaultdict(list)
    for ann in anns:
        cells[ann["image_id"], ann["category_id"]].append(ann)
    return cells


def _by_score(dts: list[Record]) -> list[Record]:
    return [dts[place] for place in np.argsort([-dt["score"] for dt in dts], kind="mergesort")]


def box_or_mask_iou(gts: list[Record], dts: list[Record], p: Any) -> Any:
    """(D, G) overlaps of the detections with the highest scores, or an empty list where a side is empty."""
    if len(gts) == 0 and len(dts) == 0:
        return []
    dts = _by_score(dts)[0 : p.maxDets[-1]]
    field = {"segm": "segmentation", "bbox": "bbox"}.get(p.iouType)
    if field is None:
        raise Exception("unknown iouType for iou computation")
    truths, found = [gt[field] for gt in gts], [dt[field] for dt in dts]
    return maskUtils.iou(found, truths, [int(gt["iscrowd"]) for gt in gts])


def keypoint_similarity(gts: list[Record], dts: list[Record], p: Any) -> Any:
    """(D, G) similarities of the detections with the highest scores, or an empty list where a side is empty."""
    dts = _by_score(dts)[0 : p.maxDets[-1]]
    if len(gts) == 0 or len(dts) == 0:
        return []
    variances = (p.kpt_oks_sigmas * 2) ** 2  # TypeError for a list, as in the reference
    truths = np.array([gt["keypoints"] for gt in gts], dtype=np.float64).reshape(len(gts), -1, 3)
    found = np.array([dt["keypoints"] for dt in dts], dtype=np.float64).reshape(len(dts), -1, 3)
    if len(variances) == 1 and (truths[:, :, 2] > 0).any(axis=1).all():
        variances = np.repeat(variances, truths.shape[1])
    return _core.keypoints.object_keypoint_similarity(
        found,
        truths,
        _column([gt["area"] for gt in gts]),
        np.array([gt["bbox"] for gt in gts], dtype=np.float64),
        np.asarray(variances, dtype=np.float64),
        floor=0.0,
        num_threads=1,
    )


def match_image(gts: list[Record], dts: list[Record], limits: Any, cap: Any, ious: Any, p: Any) -> dict[str, Any]:
    """The fields of an entry of ``evalImgs`` that depend on the match; sets ``_ignore`` of the ground truths."""
    low, high = limits[0], limits[1]
    for gt in gts:
        gt["_ignore"] = 1 if gt["ignore"] or gt["area"] < low or gt["area"] > high else 0
    dts = _by_score(dts)[0:cap]
    crowd = np.array([int(gt["iscrowd"]) != 0 for gt in gts], dtype=np.uint8)
    return image_result(
        _side(gts),
        _side(dts),
        [dt["score"] for dt in dts],
        ious,
        limits,
        np.minimum(np.array(p.iouThrs, dtype=np.float64), COCO_DETECTION.highest_threshold),
        crowd=crowd,
        ignored=np.array([bool(gt["_ignore"]) for gt in gts], dtype=np.bool_),
    )


def _side(anns: list[Record]) -> CellSide:
    ids = [ann["id"] for ann in anns]
    return CellSide(ids, _column(ids), _column([ann["area"] for ann in anns]))


def _column(values: list[Any]) -> npt.NDArray[np.float64]:
    return np.array(values, dtype=np.float64)
