"""The protocol of an evaluation: a row of ``metrix.protocols`` with what the caller changes of it."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from metrix._arrays import as_float64, as_ndarray
from metrix._boundary_width import boundary_width
from metrix.protocols import PROTOCOLS, DetectionProtocol, IouType


def chosen_protocol(
    protocol: str | DetectionProtocol,
    iou_type: IouType,
    iou_thresholds: Any,
    recall_thresholds: Any,
    area_ranges: Mapping[str, tuple[float, float]] | None,
    max_detections: Sequence[int] | None,
    use_categories: bool | None,
    sigmas: Any,
    dilation_ratio: float | None,
    dilation_pixels: int | None,
) -> DetectionProtocol:
    """The protocol with what the caller changes of it."""
    if iou_type not in ("bbox", "segm", "boundary", "keypoints"):
        raise ValueError(f"iou_type: expected 'bbox', 'segm', 'boundary' or 'keypoints', got {iou_type!r}")
    if isinstance(protocol, str):
        if protocol not in PROTOCOLS:
            raise ValueError(f"protocol: expected one of {sorted(PROTOCOLS)} or a DetectionProtocol, got {protocol!r}")
        if iou_type not in PROTOCOLS[protocol]:
            kinds = ", ".join(map(repr, PROTOCOLS[protocol]))
            raise ValueError(f"iou_type: expected one of {kinds} for protocol {protocol!r}, got {iou_type!r}")
        protocol = PROTOCOLS[protocol][iou_type]
    changes: dict[str, Any] = {}
    if iou_thresholds is not None:
        changes["iou_thresholds"] = _thresholds(iou_thresholds, "iou_thresholds")
    if recall_thresholds is not None:
        changes["recall_thresholds"] = _thresholds(recall_thresholds, "recall_thresholds")
    if area_ranges is not None:
        changes["area_ranges"] = {label: _area_range(label, limits) for label, limits in area_ranges.items()}
        if not area_ranges:
            raise ValueError("area_ranges: expected at least one range")
    if max_detections is not None:
        changes["max_detections"] = _caps(max_detections)
        if protocol.cap_scope is None:
            raise ValueError(f"max_detections: protocol {protocol.name!r} has no cap, got {max_detections!r}")
        if protocol.cap_scope != "cell" and len(changes["max_detections"]) > 1:
            raise ValueError(f"max_detections: expected one cap for each {protocol.cap_scope}, got {max_detections!r}")
    if use_categories is not None:
        changes["use_categories"] = bool(use_categories)
    if sigmas is not None:
        changes["sigmas"] = as_float64(sigmas, "sigmas", (None,))
    return _with_boundary_width(dataclasses.replace(protocol, **changes), dilation_ratio, dilation_pixels)


def _with_boundary_width(
    protocol: DetectionProtocol, dilation_ratio: float | None, dilation_pixels: int | None
) -> DetectionProtocol:
    """The protocol with the caller's width of boundaries: a ratio alone comes before the protocol's pixels."""
    if dilation_pixels is None and dilation_ratio is None:
        dilation_pixels = protocol.dilation_pixels
    if dilation_ratio is None:
        dilation_ratio = protocol.dilation_ratio
    ratio, pixels = boundary_width(dilation_ratio, dilation_pixels)
    return dataclasses.replace(protocol, dilation_ratio=ratio, dilation_pixels=pixels or None)


def _thresholds(values: Any, name: str) -> npt.NDArray[np.float64]:
    array = as_float64(values, name, (None,))
    if not len(array):
        raise ValueError(f"{name}: expected at least one threshold")
    if np.isnan(array).any():
        raise ValueError(f"{name}[{int(np.flatnonzero(np.isnan(array))[0])}]: expected a number, got NaN")
    return array


def _area_range(label: str, limits: Any) -> tuple[float, float]:
    try:
        low, high = (float(limit) for limit in limits)
    except (TypeError, ValueError):
        raise ValueError(f"area_ranges[{label!r}]: expected (low, high), got {limits!r}") from None
    if math.isnan(low) or math.isnan(high):
        raise ValueError(f"area_ranges[{label!r}]: expected numbers, got NaN")
    return low, high


def _caps(values: Any) -> tuple[int, ...]:
    array = as_ndarray(values, "max_detections")
    if array.ndim != 1 or array.dtype.kind not in "iu" or not len(array):
        raise ValueError(f"max_detections: expected integers >= 1, got {values!r}")
    caps = tuple(sorted(array.tolist()))
    if caps[0] < 1:
        raise ValueError(f"max_detections: expected integers >= 1, got {caps[0]}")
    if len(set(caps)) < len(caps):
        raise ValueError(f"max_detections: expected each cap once, got {values!r}")
    return caps
