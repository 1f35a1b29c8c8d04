"""Elementwise losses as they are defined, in extended precision and without a thought for speed or overflow."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.longdouble]
LossFunction = Callable[..., Array]


def sigmoid(z: Array) -> Array:
    return 1 / (1 + np.exp(-z))


def mse_loss(x: Array, y: Array) -> Array:
    return (x - y) ** 2


def l1_loss(x: Array, y: Array) -> Array:
    return np.abs(x - y)


def huber_loss(x: Array, y: Array, delta: float = 1.0) -> Array:
    r = np.abs(x - y)
    return np.where(r <= delta, r**2 / 2, delta * (r - np.longdouble(delta) / 2))


def smooth_l1_loss(x: Array, y: Array, beta: float = 1.0) -> Array:
    if beta == 0:
        return l1_loss(x, y)
    r = np.abs(x - y)
    return np.where(r < beta, r**2 / (2 * np.longdouble(beta)), r - np.longdouble(beta) / 2)


def pseudo_huber_loss(x: Array, y: Array, delta: float = 1.0) -> Array:
    return delta**2 * (np.sqrt(1 + ((x - y) / delta) ** 2) - 1)


def log_cosh_loss(x: Array, y: Array) -> Array:
    return np.log(np.cosh(x - y))


def quantile_loss(x: Array, y: Array, quantile: float = 0.5) -> Array:
    return np.where(y > x, quantile * (y - x), (1 - np.longdouble(quantile)) * (x - y))


def poisson_nll_loss(x: Array, y: Array, log_input: bool = True, full: bool = False, eps: float = 1e-8) -> Array:
    value = np.exp(x) - y * x if log_input else x - y * np.log(x + eps)
    if full:
        above = np.where(y > 1, y, 1)
        stirling = above * np.log(above) - above + np.log(2 * np.longdouble(np.pi) * above) / 2
        value = value + np.where(y > 1, stirling, 0)
    return value


def gaussian_nll_loss(x: Array, y: Array, v: Array, full: bool = False, eps: float = 1e-6) -> Array:
    v = np.maximum(v, eps)
    return (np.log(v) + (x - y) ** 2 / v + (np.log(2 * np.longdouble(np.pi)) if full else 0)) / 2


def msle_loss(x: Array, y: Array) -> Array:
    return (np.log1p(x) - np.log1p(y)) ** 2


def mape_loss(x: Array, y: Array, eps: float = 2.220446049250313e-16) -> Array:
    return np.abs(x - y) / np.maximum(np.abs(y), eps)


def smape_loss(x: Array, y: Array) -> Array:
    total = np.abs(x) + np.abs(y)
    return np.where(total == 0, 0, 2 * np.abs(x - y) / np.where(total == 0, 1, total))


def binary_cross_entropy(x: Array, y: Array, eps: float = 0.0) -> Array:
    p = np.clip(x, eps, 1 - np.longdouble(eps))
    return -(y * np.maximum(np.log(p), -100) + (1 - y) * np.maximum(np.log(1 - p), -100))


def binary_cross_entropy_with_logits(x: Array, y: Array, pos_weight: float = 1.0) -> Array:
    return -(pos_weight * y * np.log(sigmoid(x)) + (1 - y) * np.log(sigmoid(-x)))


def balanced_bce_loss(x: Array, y: Array, from_logits: bool = True) -> Array:
    """Of one image."""
    b = 1 - y.mean()
    p, q = (sigmoid(x), sigmoid(-x)) if from_logits else (x, 1 - x)
    return -(b * y * np.log(p) + (1 - b) * (1 - y) * np.log(q))


def sigmoid_focal_loss(x: Array, y: Array, alpha: float | None = 0.25, gamma: float = 2.0) -> Array:
    right = y * sigmoid(x) + (1 - y) * sigmoid(-x)
    weight = 1 if alpha is None else y * alpha + (1 - y) * (1 - np.longdouble(alpha))
    return weight * (1 - right) ** gamma * binary_cross_entropy_with_logits(x, y)


def side(y: Array) -> Array:
    return np.where(y > 0, np.longdouble(1), np.longdouble(-1))


def hinge_loss(x: Array, y: Array) -> Array:
    return np.maximum(0, 1 - side(y) * x)


def squared_hinge_loss(x: Array, y: Array) -> Array:
    return np.maximum(0, 1 - side(y) * x) ** 2


def soft_margin_loss(x: Array, y: Array) -> Array:
    return np.log(1 + np.exp(-y * x))


def charbonnier_loss(x: Array, y: Array, eps: float = 1e-3) -> Array:
    return np.sqrt((x - y) ** 2 + np.longdouble(eps) ** 2)


def cauchy_loss(x: Array, y: Array, scale: float = 1.0) -> Array:
    return np.log1p(((x - y) / scale) ** 2 / 2)


def geman_mcclure_loss(x: Array, y: Array, scale: float = 1.0) -> Array:
    u = ((x - y) / scale) ** 2
    return 2 * u / (u + 4)


def welsch_loss(x: Array, y: Array, scale: float = 1.0) -> Array:
    return 1 - np.exp(-(((x - y) / scale) ** 2) / 2)


def general_robust_loss(x: Array, y: Array, alpha: float = 1.0, scale: float = 1.0) -> Array:
    if alpha == 0:
        return cauchy_loss(x, y, scale)
    if alpha == -np.inf:
        return welsch_loss(x, y, scale)
    u = ((x - y) / scale) ** 2
    if alpha == 2:
        return u / 2
    b = np.abs(np.longdouble(alpha) - 2)
    return b / alpha * ((u / b + 1) ** (np.longdouble(alpha) / 2) - 1)


def gamma_nll_loss(x: Array, y: Array, log_input: bool = True) -> Array:
    mean = np.exp(x) if log_input else x
    return y / mean + np.log(mean)


def tweedie_nll_loss(x: Array, y: Array, power: float = 1.5) -> Array:
    mean, p = np.exp(x), np.longdouble(power)
    return mean ** (2 - p) / (2 - p) - y * mean ** (1 - p) / (1 - p)


def asymmetric_loss(x: Array, y: Array, gamma_neg: float = 4.0, gamma_pos: float = 1.0, clip: float = 0.05) -> Array:
    p = sigmoid(x)
    q = np.maximum(p - np.longdouble(clip), 0)
    less = sigmoid(-x) if clip == 0 else 1 - q
    return -y * sigmoid(-x) ** gamma_pos * np.log(p) - (1 - y) * q**gamma_neg * np.log(less)


def quality_focal_loss(x: Array, y: Array, beta: float = 2.0) -> Array:
    return np.abs(y * sigmoid(-x) - (1 - y) * sigmoid(x)) ** beta * binary_cross_entropy_with_logits(x, y)


def varifocal_loss(x: Array, y: Array, alpha: float = 0.75, gamma: float = 2.0) -> Array:
    negative = -np.longdouble(alpha) * sigmoid(x) ** gamma * np.log(sigmoid(-x))
    return np.where(y > 0, y * binary_cross_entropy_with_logits(x, y), negative)


def derivatives(loss: LossFunction, x: Array, y: Array, **parameters: Any) -> tuple[Array, Array]:
    """First and second by central differences of fourth order."""
    h = np.longdouble(2.0) ** -15
    far, near = [loss(x + k * h, y, **parameters) for k in (-2, 2)], [loss(x + k * h, y, **parameters) for k in (-1, 1)]
    middle = loss(x, y, **parameters)
    first = (8 * (near[1] - near[0]) - (far[1] - far[0])) / (12 * h)
    second = (16 * (near[0] + near[1]) - (far[0] + far[1]) - 30 * middle) / (12 * h * h)
    return first, second
