"""How wide the boundary of a mask is."""

from __future__ import annotations

import math
import operator
from typing import Any


def boundary_width(dilation_ratio: Any, dilation_pixels: Any) -> tuple[float, int]:
    """What the kernels take: the ratio, and the width in pixels that comes before it, or 0."""
    try:
        ratio = float(dilation_ratio)
    except (TypeError, ValueError):
        raise TypeError(f"dilation_ratio: expected a number, got {type(dilation_ratio).__name__}") from None
    if not (math.isfinite(ratio) and ratio >= 0):
        raise ValueError(f"dilation_ratio: expected a finite number >= 0, got {ratio}")
    if dilation_pixels is None:
        return ratio, 0
    try:
        pixels = operator.index(dilation_pixels)
    except TypeError:
        raise TypeError(f"dilation_pixels: expected an int or None, got {type(dilation_pixels).__name__}") from None
    if not 1 <= pixels < 2**31:
        raise ValueError(f"dilation_pixels: expected an int from 1 to 2147483647, got {pixels}")
    return ratio, pixels
