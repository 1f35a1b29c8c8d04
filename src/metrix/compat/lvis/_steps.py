"""The steps of ``LVISEval.evaluate``, one image and category at a time, with our kernels for the pieces.

They go the way of the reference, to its exceptions: a record that lacks a field is a KeyError here.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from metrix.compat._matching import CellSide, image_result
from metrix.compat._pending import Record
from metrix.compat.pycocotools import mask as mask_utils
from metrix.protocols import LVIS as PROTOCOL

ByCell = defaultdict[tuple[Any, Any], list[Record]]

#: Of the fields that COCOeval names otherwise.
NAMES = {
    "dtIds": "dt_ids",
    "gtIds": "gt_ids",
    "dtMatches": "dt_matches",
    "gtMatches": "gt_matches",
    "dtScores": "dt_scores",
    "gtIgnore": "gt_ignore",
    "dtIgnore": "dt_ignore",
}


class Groups(NamedTuple):
    """Both sides by image and category, and the categories of each image that are not exhaustively annotated."""

    gts: ByCell
    dts: ByCell
    img_nel: dict[Any, Any]


def to_masks(anns: Any, lvis: Any) -> None:
    """Masks as run lengths, in the place of what the annotations have."""
    for ann in anns:
        ann["segmentation"] = lvis.ann_to_rle(ann)


def prepare(
    lvis_gt: Any,
    lvis_dt: Any,
    p: Any,
    to_mask: Callable[[Any, Any], None],
    gts: ByCell | None = None,
    dts: ByCell | None = None,
) -> Groups:
    """Add annotations to ``gts``, and to ``dts`` the detections of categories that their image shows or is known to lack."""
    gts, dts = defaultdict(list) if gts is None else gts, defaultdict(list) if dts is None else dts
    cat_ids = p.cat_ids if p.cat_ids else None
    truths, found = (
        lvis.load_anns(lvis.get_ann_ids(img_ids=p.img_ids, cat_ids=cat_ids)) for lvis in (lvis_gt, lvis_dt)
    )
    if p.iou_type == "segm":
        to_mask(truths, lvis_gt)
        to_mask(found, lvis_dt)
    shown = defaultdict(set)
    for gt in truths:
        gt.setdefault("ignore", 0)
        shown[gt["image_id"]].add(gt["category_id"])
        gts[gt["image_id"], gt["category_id"]].append(gt)
    images = lvis_gt.load_imgs(ids=p.img_ids)
    absent = {image["id"]: image["neg_category_ids"] for image in images}
    img_nel = {image["id"]: image["not_exhaustive_category_ids"] for image in images}
    for dt in found:
        img_id, cat_id = dt["image_id"], dt["category_id"]
        if cat_id in absent[img_id] or cat_id in shown[img_id]:
            dts[img_id, cat_id].append(dt)
    return Groups(gts, dts, img_nel)


def _by_score(dts: list[Record]) -> list[Record]:
    return [dts[place] for place in np.argsort([-dt["score"] for dt in dts], kind="mergesort")]


def iou(gts: list[Record], dts: list[Record], iou_type: Any) -> Any:
    """(D, G) overlaps by descending score, or an empty list where a side is empty."""
    if len(gts) == 0 and len(dts) == 0:
        return []
    dts = _by_score(dts)
    if iou_type not in ("segm", "bbox"):
        raise ValueError("Unknown iou_type for iou computation.")
    field = "segmentation" if iou_type == "segm" else "bbox"
    return mask_utils.iou([dt[field] for dt in dts], [gt[field] for gt in gts], [0] * len(gts))


def match_image(
    gts: list[Record], dts: list[Record], limits: Any, ious: Any, thresholds: Any, img_nel: dict[Any, Any]
) -> dict[str, Any]:
    """The fields of an entry of ``eval_imgs`` that depend on the match; sets ``_ignore`` of the ground truths."""
    low, high = limits[0], limits[1]
    for gt in gts:
        gt["_ignore"] = 1 if gt["ignore"] or gt["area"] < low or gt["area"] > high else 0
    dts = _by_score(dts)
    result = image_result(
        _side(gts),
        _side(dts),
        [dt["score"] for dt in dts],
        ious,
        limits,
        np.minimum(np.array(thresholds, dtype=np.float64), PROTOCOL.highest_threshold),
        crowd=np.zeros(len(gts), dtype=np.uint8),
        ignored=np.array([bool(gt["_ignore"]) for gt in gts], dtype=np.bool_),
        excused=np.array([dt["category_id"] in img_nel[dt["image_id"]] for dt in dts], dtype=np.bool_),
    )
    return {NAMES[name]: value for name, value in result.items()}


def _side(anns: list[Record]) -> CellSide:
    ids = [ann["id"] for ann in anns]
    return CellSide(ids, _column(ids), _column([ann["area"] for ann in anns]))


def _column(values: list[Any]) -> npt.NDArray[np.float64]:
    return np.array(values, dtype=np.float64)
