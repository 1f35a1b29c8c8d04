"""Losses of regions as they are defined, in extended precision: loops over regions and classes, sums over pixels."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.longdouble]


def probabilities(pred: Array, activation: str | None) -> Array:
    """Of logits (N, C, S)."""
    if activation == "sigmoid":
        return 1 / (1 + np.exp(-pred))
    if activation == "softmax":
        e = np.exp(pred - pred.max(axis=1, keepdims=True))
        return e / e.sum(axis=1, keepdims=True)
    return pred


def one_hot(labels: npt.NDArray[Any], classes: int) -> Array:
    """(N, S) to (N, C, S)."""
    return (labels[:, None] == np.arange(classes)[:, None]).astype(np.longdouble)


def regions(p: Array, t: Array, kept: npt.NDArray[np.bool_], region: str) -> Iterator[tuple[Array, Array]]:
    """The pixels (C, S) of each region that take part."""
    if region == "batch":
        whole = kept.ravel()
        yield (
            np.moveaxis(p, 1, 0).reshape(p.shape[1], -1)[:, whole],
            np.moveaxis(t, 1, 0).reshape(p.shape[1], -1)[:, whole],
        )
        return
    for sample in range(len(p)):
        yield p[sample][:, kept[sample]], t[sample][:, kept[sample]]


def terms(
    name: str, p: Array, t: Array, kept: npt.NDArray[np.bool_], region: str, classes: list[int], **parameters: Any
) -> Array:
    """The loss of each class of each region, (R, C); (R, 1) of the generalized Dice loss."""
    if parameters.pop("generalized", False):
        of = [[generalized_dice(p_r[classes], t_r[classes], **parameters)] for p_r, t_r in regions(p, t, kept, region)]
    else:
        formula = globals()[name]
        of = [[formula(p_r[c], t_r[c], **parameters) for c in classes] for p_r, t_r in regions(p, t, kept, region)]
    return np.array(of, dtype=np.longdouble)


def loss_of_ratio(top: Any, bottom: Any, smooth: float, eps: float, log: bool = False) -> Any:
    score = (top + smooth) / max(bottom + np.longdouble(smooth), eps)
    return -np.log(max(score, np.longdouble(eps))) if log else 1 - score


def dice_loss(
    p: Array, t: Array, smooth: float = 1e-5, eps: float = 1e-7, squared: bool = False, log: bool = False
) -> Any:
    power = 2 if squared else 1
    return loss_of_ratio(2 * (p * t).sum(), (p**power).sum() + (t**power).sum(), smooth, eps, log)


def generalized_dice(
    p: Array, t: Array, smooth: float = 1e-5, eps: float = 1e-7, squared: bool = False, log: bool = False
) -> Any:
    power = 2 if squared else 1
    targets = [(of_class**power).sum() for of_class in t]
    rarest = min([count for count in targets if count > 0], default=np.longdouble(1))
    top = bottom = np.longdouble(0)
    for p_c, t_c, count in zip(p, t, targets):
        weight = 1 / (count if count > 0 else rarest) ** 2
        top += weight * 2 * (p_c * t_c).sum()
        bottom += weight * ((p_c**power).sum() + (t_c**power).sum())
    return loss_of_ratio(top, bottom, smooth, eps, log)


def log_cosh_dice_loss(p: Array, t: Array, smooth: float = 1e-5, eps: float = 1e-7) -> Any:
    return np.log(np.cosh(dice_loss(p, t, smooth, eps)))


def jaccard_loss(p: Array, t: Array, smooth: float = 1e-5, eps: float = 1e-7, log: bool = False) -> Any:
    both = (p * t).sum()
    return loss_of_ratio(both, p.sum() + t.sum() - both, smooth, eps, log)


def tversky_loss(
    p: Array,
    t: Array,
    alpha: float = 0.3,
    beta: float = 0.7,
    smooth: float = 1e-5,
    eps: float = 1e-7,
    log: bool = False,
) -> Any:
    both = (p * t).sum()
    bottom = both + np.longdouble(alpha) * (p * (1 - t)).sum() + np.longdouble(beta) * ((1 - p) * t).sum()
    return loss_of_ratio(both, bottom, smooth, eps, log)


def focal_tversky_loss(p: Array, t: Array, gamma: float = 4 / 3, **parameters: Any) -> Any:
    return max(tversky_loss(p, t, **parameters), np.longdouble(0)) ** (1 / gamma)


def sensitivity_specificity_loss(p: Array, t: Array, sensitivity: float = 0.05, eps: float = 1e-7) -> Any:
    misses, alarms = ((t - p) ** 2 * t).sum(), ((t - p) ** 2 * (1 - t)).sum()
    return sensitivity * misses / max(t.sum(), eps) + (1 - sensitivity) * alarms / max((1 - t).sum(), eps)
