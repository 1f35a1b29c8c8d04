"""Losses of boxes as they are defined, in extended precision, one pair per row; and their gradients by differences.

``at`` is where those parts are evaluated that have no gradient: the boxes themselves, unless a derivative is taken.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.longdouble]


def iou(a: Array, b: Array, eps: float) -> Array:
    width = np.minimum(a[:, 2], b[:, 2]) - np.maximum(a[:, 0], b[:, 0])
    height = np.minimum(a[:, 3], b[:, 3]) - np.maximum(a[:, 1], b[:, 1])
    common = np.where((width > 0) & (height > 0), width * height, 0)
    return common / (area(a) + area(b) - common + eps)


def area(a: Array) -> Array:
    return (a[:, 2] - a[:, 0]) * (a[:, 3] - a[:, 1])


def around(a: Array, b: Array) -> tuple[Array, Array]:
    width = np.maximum(a[:, 2], b[:, 2]) - np.minimum(a[:, 0], b[:, 0])
    height = np.maximum(a[:, 3], b[:, 3]) - np.minimum(a[:, 1], b[:, 1])
    return width, height


def iou_loss(a: Array, b: Array, *, eps: float = 1e-7, mode: str = "linear", at: Array | None = None) -> Array:
    return 1 - iou(a, b, eps) if mode == "linear" else -np.log(np.maximum(iou(a, b, eps), eps))


def giou_loss(a: Array, b: Array, *, eps: float = 1e-7, at: Array | None = None) -> Array:
    width, height = around(a, b)
    overlap = iou(a, b, np.longdouble(0))
    union = (area(a) + area(b)) / (1 + np.nan_to_num(overlap))
    return 1 - iou(a, b, eps) + (width * height - union) / (width * height + eps)


def diou_loss(a: Array, b: Array, *, eps: float = 1e-7, at: Array | None = None) -> Array:
    width, height = around(a, b)
    apart = (a[:, :2] + a[:, 2:] - b[:, :2] - b[:, 2:]) / 2
    return 1 - iou(a, b, eps) + (apart**2).sum(axis=1) / (width**2 + height**2 + eps)


def angle(a: Array) -> Array:
    return np.arctan2(a[:, 2] - a[:, 0], a[:, 3] - a[:, 1])


def ciou_loss(
    a: Array, b: Array, *, eps: float = 1e-7, ciou_alpha_grad: bool = False, at: Array | None = None
) -> Array:
    v = 4 / np.longdouble(np.pi) ** 2 * (angle(b) - angle(a)) ** 2
    fixed = a if at is None or ciou_alpha_grad else at
    v_at = 4 / np.longdouble(np.pi) ** 2 * (angle(b) - angle(fixed)) ** 2
    alpha = v_at / (1 - iou(fixed, b, eps) + v_at + eps)
    return diou_loss(a, b, eps=eps) + alpha * v


def eiou_loss(a: Array, b: Array, *, eps: float = 1e-7, at: Array | None = None) -> Array:
    width, height = around(a, b)
    wider = (a[:, 2] - a[:, 0]) - (b[:, 2] - b[:, 0])
    higher = (a[:, 3] - a[:, 1]) - (b[:, 3] - b[:, 1])
    return diou_loss(a, b, eps=eps) + wider**2 / (width**2 + eps) + higher**2 / (height**2 + eps)


def focal_eiou_loss(a: Array, b: Array, *, eps: float = 1e-7, gamma: float = 0.5, at: Array | None = None) -> Array:
    return iou(a if at is None else at, b, eps) ** gamma * eiou_loss(a, b, eps=eps)


def gradient(loss: Callable[..., Array], a: Array, b: Array, step: float = 1e-7, **parameters: Any) -> Array:
    """By the first boxes; the centre of both one-sided derivatives, which is half of each where corners are equal."""
    result = np.zeros_like(a)
    for side in range(4):
        move = np.zeros(4, dtype=np.longdouble)
        move[side] = step
        result[:, side] = (loss(a + move, b, at=a, **parameters) - loss(a - move, b, at=a, **parameters)) / (2 * step)
    return result
