"""Losses of rows as they are defined, in extended precision: classes along the last axis, one value for each row."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.longdouble]


def log_softmax(x: Array) -> Array:
    shifted = x - x.max(axis=-1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))


def of_label(values: Array, labels: npt.NDArray[np.int64]) -> Array:
    return np.array([row[label] for row, label in zip(values, labels)], dtype=values.dtype)


def times(a: Array, b: Array) -> Array:
    """0 where a is, whatever b is."""
    return np.where(a == 0, 0, a * np.where(a == 0, 0, b))


def cross_entropy(
    x: Array,
    target: Any,
    class_weight: Any = None,
    label_smoothing: float = 0.0,
    from_logits: bool = True,
    eps: float = 0.0,
) -> Array:
    classes = x.shape[-1]
    weight = np.ones(classes) if class_weight is None else np.asarray(class_weight)
    y = np.eye(classes)[target] if np.ndim(target) < x.ndim else target
    smooth = (1 - np.longdouble(label_smoothing)) * y + np.longdouble(label_smoothing) / classes
    log_p = log_softmax(x) if from_logits else np.log(np.maximum(x, eps))
    return -times(smooth * weight, log_p).sum(axis=-1)


def nll_loss(x: Array, labels: Any, class_weight: Any = None) -> Array:
    weight = 1 if class_weight is None else np.asarray(class_weight)[labels]
    return -of_label(x, labels) * weight


def softmax_focal_loss(x: Array, labels: Any, alpha: Any = None, gamma: float = 2.0) -> Array:
    log_p = of_label(log_softmax(x), labels)
    weight = 1 if alpha is None else np.broadcast_to(alpha, x.shape[-1])[labels]
    return -weight * (1 - np.exp(log_p)) ** gamma * log_p


def multi_margin_loss(x: Array, labels: Any, p: int = 1, margin: float = 1.0, class_weight: Any = None) -> Array:
    terms = np.maximum(0, margin - of_label(x, labels)[:, None] + x) ** p
    terms[np.arange(len(x)), labels] = 0
    return terms.mean(axis=-1) * (1 if class_weight is None else np.asarray(class_weight)[labels])


def categorical_hinge_loss(x: Array, labels: Any, margin: float = 1.0, class_weight: Any = None) -> Array:
    others = x.copy()
    others[np.arange(len(x)), labels] = -np.inf
    terms = np.maximum(0, margin + others.max(axis=-1) - of_label(x, labels))
    return terms * (1 if class_weight is None else np.asarray(class_weight)[labels])


def multilabel_soft_margin_loss(x: Array, y: Array, class_weight: Any = None) -> Array:
    terms = np.log(1 + np.exp(-np.abs(x))) + np.maximum(x, 0) - y * x
    return (terms * (1 if class_weight is None else np.asarray(class_weight))).mean(axis=-1)


def kl_div(x: Array, p: Array, form: str = "log_probabilities") -> Array:
    log_q = {"log_probabilities": lambda: x, "probabilities": lambda: np.log(x), "logits": lambda: log_softmax(x)}
    with np.errstate(divide="ignore"):
        return times(p, np.log(p) - log_q[form]()).sum(axis=-1)


def kl(p: Array, q: Array) -> Array:
    return kl_div(q, p, "probabilities")


def js_div(q: Array, p: Array) -> Array:
    return skew_js_div(q, p, 0.5)


def jeffreys_div(q: Array, p: Array) -> Array:
    return kl(p, q) + kl(q, p)


def skew_kl_div(q: Array, p: Array, alpha: float = 0.5) -> Array:
    a = np.longdouble(alpha)
    return kl(p, a * q + (1 - a) * p)


def skew_js_div(q: Array, p: Array, alpha: float = 0.5) -> Array:
    return (skew_kl_div(q, p, alpha) + skew_kl_div(p, q, alpha)) / 2


def cross_entropy_dist(q: Array, p: Array) -> Array:
    with np.errstate(divide="ignore"):
        return -times(p, np.log(q)).sum(axis=-1)


def entropy(q: Array, form: str = "probabilities") -> Array:
    q = np.exp(log_softmax(q)) if form == "logits" else q
    return cross_entropy_dist(q, q)


def derivatives(loss: Callable[[Array], Array], x: Array, exponent: int = -13) -> tuple[Array, Array]:
    """First and second of each row by each of its elements, by central differences of fourth order."""
    h = np.longdouble(2.0) ** exponent
    first, second = np.empty_like(x), np.empty_like(x)
    middle = loss(x)
    for j in range(x.shape[-1]):
        step = np.zeros(x.shape[-1], dtype=x.dtype)
        step[j] = h
        far, near = [loss(x + k * step) for k in (-2, 2)], [loss(x + k * step) for k in (-1, 1)]
        first[:, j] = (8 * (near[1] - near[0]) - (far[1] - far[0])) / (12 * h)
        second[:, j] = (16 * (near[0] + near[1]) - (far[0] + far[1]) - 30 * middle) / (12 * h * h)
    return first, second
