"""Losses of segmentation that compare regions: Dice, Jaccard, Tversky and their kin.

No kernel: each is a formula of three sums over the pixels of a class, which ``cpp/kernels/losses/regions.hpp`` works out,
and so is its gradient. Sums: ``I = sum(p t)``, ``P = sum(p)``, ``T = sum(t)``, of probabilities ``p`` and targets ``t`` of
one class in one sample (``region="sample"``) or in the batch. All are losses: the scores that the survey prints under
these names are 1 minus them.
"""

from __future__ import annotations

import numpy as np

from metrix.losses._arguments import not_negative, number, positive
from metrix.losses._facts import facts
from metrix.losses._regions import Kind, Numbers, Score, Sums, region_loss

_TASKS = "semantic segmentation, instance segmentation"
_NEEDS = "pred: logits or probabilities (N, C, ...), target: labels (N, ...) or numbers from 0 to 1 as pred"
_NUMBERS_FROM_0_TO_1 = "a number from 0 to 1"


def _kind_of_dice(*, squared: bool = False, **_: object) -> Kind:
    return "squares" if squared else "overlap"


@region_loss(
    facts(_TASKS, "differentiable, bounded, symmetric", needs=_NEEDS, range=(0.0, 1.0)),
    _kind_of_dice,
)
def dice_loss(
    sums: Sums,
    *,
    smooth: float = 1e-5,
    eps: float = 1e-7,
    squared: bool = False,
    generalized: bool = False,
    log: bool = False,
) -> Score:
    """``1 - (2 I + smooth) / (P + T + smooth)``, 1 minus the Dice score of two soft sets.

    Libraries differ in what they smooth: this is MONAI's form; that of Segmentation Models and optax, and Keras' with
    ``smooth=0``, count ``smooth`` twice. Intersections are sums of products, also where targets are soft.

    Args:
        smooth: added to both sums; above 0, a class that neither has nor predicts anything has the loss 0.
        eps: the denominator is at least this, and the score before a logarithm.
        squared: with ``sum(p^2)`` and ``sum(t^2)`` instead of P and T (V-Net).
        generalized: one term for all classes of a region, each weighed by ``1 / T^2``; a class without targets as the rarest
            that has some.
        log: ``-log(score)`` instead of ``1 - score``.

    Example:
        >>> pred = np.array([[[2.0, -1.0, 0.5], [0.0, 1.5, 0.5]]])  # one sample, two classes, three pixels
        >>> round(float(dice_loss(pred, np.array([[0, 1, 1]]))), 6)
        0.239544

    Source:
        F. Milletari et al., V-Net, 2016; C. Sudre et al., Generalised Dice overlap as a deep learning loss function, 2017;
        MONAI's DiceLoss and GeneralizedDiceLoss.
    """
    weight = _rarity(sums.third) if generalized else None
    return _one_minus(
        2 * sums.first, sums.second + sums.third, 2.0, 0.0, 1.0, smooth=smooth, eps=eps, log=log, weight=weight
    )


def _rarity(targets: Numbers) -> Numbers:
    """One over the square of the number of targets; for none the largest of the others."""
    weight = np.where(targets == 0, 0, 1 / np.where(targets == 0, 1, targets) ** 2)
    most = weight.max(axis=1, keepdims=True)
    return np.where(targets == 0, np.where(most == 0, 1, most), weight)


def _one_minus(
    numerator: Numbers,
    denominator: Numbers,
    top_by_first: float,
    bottom_by_first: float,
    bottom_by_second: float,
    *,
    smooth: float,
    eps: float,
    log: bool = False,
    weight: Numbers | None = None,
) -> Score:
    """1 minus a ratio of sums of regions, or minus its logarithm, and the derivatives."""
    smooth, eps = not_negative(smooth, "smooth"), not_negative(eps, "eps")
    by_class: Numbers | float = 1.0
    if weight is not None:
        numerator = (weight * numerator).sum(axis=1, keepdims=True)
        denominator = (weight * denominator).sum(axis=1, keepdims=True)
        by_class = weight
    top, bottom = numerator + smooth, np.maximum(denominator + smooth, eps)
    moves = bottom > eps if eps else np.ones_like(bottom)
    score = top / bottom
    by_first = -by_class * (top_by_first - score * moves * bottom_by_first) / bottom
    by_second = by_class * score * moves * bottom_by_second / bottom
    loss = 1 - score
    if log:
        loss = -np.log(np.maximum(score, eps))
        slope = np.where(score > eps, 1 / np.where(score > eps, score, 1), np.where(np.isnan(score), score, 0))
        by_first, by_second = slope * by_first, slope * by_second
    return Score(loss if weight is None else loss[:, 0], by_first, by_second)


@region_loss(facts(_TASKS, "differentiable, bounded, symmetric", needs=_NEEDS, range=(0.0, float(np.log(np.cosh(1))))))
def log_cosh_dice_loss(sums: Sums, *, smooth: float = 1e-5, eps: float = 1e-7) -> Score:
    """``log cosh`` of :data:`dice_loss` of each class: flat where the sets agree.

    Args:
        smooth: added to both sums.
        eps: the denominator is at least this.

    Example:
        >>> round(float(log_cosh_dice_loss(np.array([[[0.2, 0.9]]]), np.array([[[0, 1]]]), from_logits=False)), 6)
        0.010169

    Source:
        S. Jadon, A survey of loss functions for semantic segmentation, 2020.
    """
    dice = _one_minus(2 * sums.first, sums.second + sums.third, 2.0, 0.0, 1.0, smooth=smooth, eps=eps)
    slope = np.tanh(dice.loss)
    return Score(np.log1p(2 * np.sinh(dice.loss / 2) ** 2), slope * dice.by_first, slope * dice.by_second)


@region_loss(facts(_TASKS, "differentiable, bounded, symmetric", needs=_NEEDS, range=(0.0, 1.0)))
def jaccard_loss(sums: Sums, *, smooth: float = 1e-5, eps: float = 1e-7, log: bool = False) -> Score:
    """``1 - (I + smooth) / (P + T - I + smooth)``, 1 minus the intersection over union of two soft sets.

    The survey prints the index and calls it a loss, averaged over pixels; it is one of regions.

    Args:
        smooth: added to both sums.
        eps: the denominator is at least this, and the score before a logarithm.
        log: ``-log(score)`` instead of ``1 - score``.

    Example:
        >>> round(float(jaccard_loss(np.array([[[0.2, 0.9]]]), np.array([[[0, 1]]]), from_logits=False)), 6)
        0.249998

    Source:
        M. Rahman and Y. Wang, Optimizing intersection-over-union in deep neural networks for image segmentation, 2016.
    """
    union = sums.second + sums.third - sums.first
    return _one_minus(sums.first, union, 1.0, -1.0, 1.0, smooth=smooth, eps=eps, log=log)


def _tversky(sums: Sums, alpha: float, beta: float, smooth: float, eps: float, log: bool = False) -> Score:
    alpha, beta = not_negative(alpha, "alpha"), not_negative(beta, "beta")
    both = 1 - alpha - beta
    denominator = both * sums.first + alpha * sums.second + beta * sums.third
    return _one_minus(sums.first, denominator, 1.0, both, alpha, smooth=smooth, eps=eps, log=log)


@region_loss(facts(_TASKS, "differentiable, bounded", needs=_NEEDS, range=(0.0, 1.0)))
def tversky_loss(
    sums: Sums, *, alpha: float = 0.3, beta: float = 0.7, smooth: float = 1e-5, eps: float = 1e-7, log: bool = False
) -> Score:
    """``1 - (I + smooth) / (I + alpha FP + beta FN + smooth)`` with ``FP = P - I`` and ``FN = T - I``.

    ``alpha = beta = 0.5`` is Dice (with twice its ``smooth``), ``alpha = beta = 1`` Jaccard. The survey prints the index;
    alpha is on false positives here, as in MONAI, Keras and Segmentation Models, and on misses in some code.

    Args:
        alpha: weight of false positives, at least 0.
        beta: weight of false negatives, at least 0.
        smooth: added to both sums.
        eps: the denominator is at least this, and the score before a logarithm.
        log: ``-log(score)`` instead of ``1 - score``.

    Example:
        >>> round(float(tversky_loss(np.array([[[0.2, 0.9]]]), np.array([[[0, 1]]]), from_logits=False)), 6)
        0.126212

    Source:
        S. Salehi et al., Tversky loss function for image segmentation using 3D fully convolutional deep networks, 2017.
    """
    return _tversky(sums, alpha, beta, smooth, eps, log)


@region_loss(facts(_TASKS, "differentiable, bounded", needs=_NEEDS, range=(0.0, 1.0)))
def focal_tversky_loss(
    sums: Sums,
    *,
    alpha: float = 0.3,
    beta: float = 0.7,
    gamma: float = 4 / 3,
    smooth: float = 1e-5,
    eps: float = 1e-7,
) -> Score:
    """:data:`tversky_loss` of each class to the power ``1 / gamma``, as the paper has it; some code names that power gamma.

    With ``gamma > 1`` its slope is infinite at 0: the gradient takes the loss as at least 1e-7.

    Args:
        alpha: weight of false positives, at least 0.
        beta: weight of false negatives, at least 0.
        gamma: above 0.
        smooth: added to both sums.
        eps: the denominator is at least this.

    Example:
        >>> round(float(focal_tversky_loss(np.array([[[0.2, 0.9]]]), np.array([[[0, 1]]]), from_logits=False)), 6)
        0.211751

    Source:
        N. Abraham and N. Khan, A novel focal Tversky loss function, 2019.
    """
    power = 1 / positive(gamma, "gamma")
    score = _tversky(sums, alpha, beta, smooth, eps)
    base = np.maximum(score.loss, 0)
    slope = power * np.maximum(base, 1e-7) ** (power - 1)
    return Score(base**power, slope * score.by_first, slope * score.by_second)


@region_loss(facts(_TASKS, "convex, differentiable, bounded", needs=_NEEDS, range=(0.0, 1.0)), "errors")
def sensitivity_specificity_loss(sums: Sums, *, sensitivity: float = 0.05, eps: float = 1e-7) -> Score:
    """``s sum((t - p)^2 t) / sum(t) + (1 - s) sum((t - p)^2 (1 - t)) / sum(1 - t)``: mean squares of misses and false alarms.

    The survey's notes print the score of hard counts; this is the loss of the paper. A class without targets, or without
    anything else, has only the other part.

    Args:
        sensitivity: weight ``s`` of the first part, from 0 to 1; the second has the rest.
        eps: both denominators are at least this.

    Example:
        >>> pred, target = np.array([[[0.2, 0.9]]]), np.array([[[0, 1]]])
        >>> round(float(sensitivity_specificity_loss(pred, target, from_logits=False)), 6)
        0.0385

    Source:
        T. Brosch et al., Deep convolutional encoder networks for multiple sclerosis lesion segmentation, 2015.
    """
    share = number(sensitivity, "sensitivity", _NUMBERS_FROM_0_TO_1, lambda given: 0 <= given <= 1)
    eps = not_negative(eps, "eps")
    by_miss = share / np.maximum(sums.third, eps)
    by_alarm = (1 - share) / np.maximum(sums.pixels - sums.third, eps)
    return Score(by_miss * sums.first + by_alarm * sums.second, by_miss, by_alarm)
