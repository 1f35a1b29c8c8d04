"""Errors of flow and disparity as their definitions say, in extended precision."""

from __future__ import annotations

from typing import Any

import numpy as np


def of_pixels(y: Any, x: Any, thresholds: Any, outlier: Any = (3.0, 0.05)) -> dict[str, Any]:
    """Of (C, P) valid vectors."""
    wide, near = y.astype(np.longdouble), x.astype(np.longdouble)
    # Comparisons as they come out in doubles.
    e = np.sqrt(((x.astype(np.float64) - y.astype(np.float64)) ** 2).sum(axis=0))
    size = np.sqrt((y.astype(np.float64) ** 2).sum(axis=0))
    with np.errstate(divide="ignore", invalid="ignore"):
        outliers = (e > outlier[0]) & (e / size > outlier[1])
    length = np.sqrt(((near - wide) ** 2).sum(axis=0))
    result = {
        "epe": length.mean(),
        "rmse": np.sqrt((length**2).mean()),
        "fl_all" if len(y) == 2 else "d1_all": outliers.mean(),
        **{f"bad_{t:g}": (e > t).mean() for t in thresholds},
    }
    if len(y) == 2:
        a, b = (np.concatenate([of, np.ones((1, of.shape[1]))]) for of in (wide, near))
        cross = np.sqrt((np.cross(a.T, b.T) ** 2).sum(axis=1))
        angle = np.arctan2(cross.astype(np.longdouble), (a * b).sum(axis=0))
        result["angular_error"] = angle.mean() * 180 / np.arctan2(np.longdouble(0), np.longdouble(-1))
    return result
