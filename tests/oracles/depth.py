"""Errors of depth as their definitions say, in extended precision, image by image."""

from __future__ import annotations

from typing import Any

import numpy as np


def window(crop: Any, height: int, width: int) -> tuple[slice, slice]:
    if crop is None:
        return slice(None), slice(None)
    if crop == "nyu":
        crop = (45, 471, 41, 601)
    if crop == "garg":
        crop = (0.40810811 * height, 0.99189189 * height, 0.03594771 * width, 0.96405229 * width)
    if crop == "eigen":
        crop = (0.3324324 * height, 0.91351351 * height, 0.0359477 * width, 0.96405229 * width)
    top, bottom, left, right = np.array(crop).astype(np.int32)
    return slice(top, bottom), slice(left, right)


def fit(y: Any, x: Any, align: Any) -> tuple[Any, Any]:
    if align is None:
        return 1.0, 0.0
    if align == "median":
        return np.median(y) / np.median(x), 0.0
    if align == "scale":
        return np.sum(y * x) / np.sum(x * x), 0.0
    deviation = x - x.mean()
    variation = np.sum(deviation**2)
    scale = np.sum(deviation * (y - y.mean())) / variation if np.ptp(x) else np.longdouble(0)
    return scale, y.mean() - scale * x.mean()


def of_pixels(y: Any, x: Any, threshold: float = 1.25, share: float = 1.0) -> dict[str, Any]:
    """Of valid pixels, as the usual script has it."""
    e = np.log1p((x - y) / y)  # log x - log y
    inverse = (y - x) / x / y  # 1 / x - 1 / y
    ratio = np.maximum(np.float64(x) / np.float64(y), np.float64(y) / np.float64(x))
    return {
        "abs_rel": np.mean(np.abs(x - y) / y),
        "sq_rel": np.mean((x - y) ** 2 / y),
        "sq_rel_kitti": np.mean(((x - y) / y) ** 2),
        "bias": np.mean(x - y),
        "mae": np.mean(np.abs(x - y)),
        "rmse": np.sqrt(np.mean((x - y) ** 2)),
        "imae": np.mean(np.abs(inverse)),
        "irmse": np.sqrt(np.mean(inverse**2)),
        "rmse_log": np.sqrt(np.mean(e**2)),
        "log10": np.mean(np.abs(e)) / np.log(np.longdouble(10)),
        "silog": np.sqrt(np.var(e) + (1 - share) * np.mean(e) ** 2),
        "delta1": np.mean(ratio < threshold),
        "delta2": np.mean(ratio < threshold**2),
        "delta3": np.mean(ratio < threshold**3),
    }


def pixels(
    y: Any,
    x: Any,
    mask: Any = None,
    min_depth: float = 1e-3,
    max_depth: float = 80.0,
    crop: Any = None,
    align: Any = None,
    predicts: str = "depth",
    clip: bool = True,
) -> tuple[Any, Any]:
    """Valid true depths of an image (H, W) and what is compared with them."""
    valid = (y > min_depth) & (y < max_depth)
    if mask is not None:
        valid &= mask
    inside = np.zeros_like(valid)
    inside[window(crop, *y.shape)] = True
    valid &= inside
    y, x = y[valid].astype(np.longdouble), x[valid].astype(np.longdouble)
    if len(y) == 0:
        return y, x
    if predicts == "inverse_depth":
        scale, shift = fit(1 / y, x, align)
        x = scale * x + shift
        x = np.where(x <= 0, np.inf, 1 / np.where(x <= 0, 1, x))
    else:
        scale, shift = fit(y, x, align)
        x = scale * x + shift
    return y, np.clip(x, min_depth, max_depth) if clip else x
