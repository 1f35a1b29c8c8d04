"""Mask and keypoint results with a ``bbox`` key added: the usual format has none, but some packages demand it.

The box is the one that pycocotools derives: that of the mask, or the extent of all the keypoints. An evaluation that
takes areas as pycocotools does therefore gives the same numbers with and without it.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pycocotools.mask


def write_boxed(source: Path, target: Path, iou_type: str) -> None:
    """Copy a results file, adding ``bbox`` to every record."""
    with source.open("rb") as file:
        records: list[dict[str, Any]] = json.load(file)
    for record in records:
        record["bbox"] = _mask_box(record) if iou_type == "segm" else _pose_box(record)
    target.write_text(json.dumps(records), encoding="ascii")


def _mask_box(record: dict[str, Any]) -> list[float]:
    return pycocotools.mask.toBbox(record["segmentation"]).tolist()


def _pose_box(record: dict[str, Any]) -> list[float]:
    x, y = record["keypoints"][0::3], record["keypoints"][1::3]
    left, top = min(x), min(y)
    return [left, top, max(x) - left, max(y) - top]
