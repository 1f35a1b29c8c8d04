"""Losses of binary and multilabel classification, one term for each element."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from metrix.losses._arguments import Array, each, fraction, not_negative, number, one_of, positive
from metrix.losses._elementwise import Formula, along_axis, elementwise, formula
from metrix.losses._facts import facts


@elementwise(
    facts(
        "binary classification, multilabel classification",
        "convex, differentiable, proper",
        needs="pred: probabilities, target: from 0 to 1, of one shape",
    )
)
def binary_cross_entropy(*, eps: float = 0.0) -> Formula:
    """Cross-entropy of probabilities, ``-(y log p + (1 - y) log(1 - p))``; targets from 0 to 1.

    Logarithms are at least -100, as in PyTorch, so that a certain mistake costs 100. From logits,
    :data:`binary_cross_entropy_with_logits` keeps more digits.

    Args:
        eps: keeps probabilities so far from 0 and 1: 1e-7 is Keras' rule.

    Example:
        >>> float(binary_cross_entropy([0.0], [1.0]))
        100.0

    Source:
        PyTorch's binary_cross_entropy.
    """
    eps = not_negative(eps, "eps")
    if eps >= 0.5:
        raise ValueError(f"eps: expected a number below 0.5, got {eps}")
    return formula("binary_cross_entropy", eps)


@elementwise(
    facts(
        "binary classification, multilabel classification, semantic segmentation",
        "convex, differentiable, smooth, robust, proper",
        needs="pred: logits, target: from 0 to 1, of one shape",
    )
)
def binary_cross_entropy_with_logits(*, pos_weight: float | npt.ArrayLike = 1.0, axis: int = 1) -> Formula:
    """Cross-entropy of logits, ``(1 - y) log(1 + e^z) + pos_weight y log(1 + e^-z)``; targets from 0 to 1.

    Args:
        pos_weight: how much more a positive counts, above 0; or one number for each class.
        axis: where several ``pos_weight`` go: the axis of classes.

    Example:
        >>> round(float(binary_cross_entropy_with_logits([0.0], [1.0])), 6)
        0.693147

    Source:
        PyTorch's binary_cross_entropy_with_logits.
    """
    if np.ndim(pos_weight) == 0:
        return formula("binary_cross_entropy_with_logits", positive(pos_weight, "pos_weight"))  # type: ignore[arg-type]
    weights = each(pos_weight, "pos_weight", "a finite number > 0", lambda given: (given > 0) & np.isfinite(given))
    return formula("binary_cross_entropy_with_logits", 1.0, varying=along_axis(weights, axis, "pos_weight"))


@elementwise(
    facts(
        "semantic segmentation, binary classification",
        "convex, differentiable, smooth, robust",
        needs="pred: logits, target: from 0 to 1, of one shape; the first axis is that of images",
    )
)
def balanced_bce_loss(
    *, from_logits: bool = True, region: Literal["sample", "batch"] = "sample", min_weight: float = 0.0
) -> Formula:
    """Cross-entropy that weighs each class by the share of the other, ``-(b y log p + (1 - b)(1 - y) log(1 - p))``.

    ``b = 1 - mean(target)`` over each image (what is masked left out), and counts as a constant: the few pixels of an edge
    weigh as much as all others together. In an image without positives the negatives would weigh nothing, so that nothing
    is learnt from it: see ``min_weight``.

    Args:
        from_logits: False: ``pred`` holds probabilities, whose logarithms are at least -100.
        region: "sample" takes ``b`` from each item along the first axis, "batch" from all at once.
        min_weight: ``b`` and ``1 - b`` are at least this, from 0 to 0.5.

    Example:
        >>> round(float(balanced_bce_loss([[0.0, 0.0, 0.0, 0.0]], [[1, 0, 0, 0]])), 6)
        0.25993

    Source:
        S. Xie and Z. Tu, Holistically-nested edge detection, 2015. Other code weighs positives by b / (1 - b) instead.
    """
    one_of(region, "region", ("sample", "batch"))
    least = number(min_weight, "min_weight", "a number from 0 to 0.5", lambda given: 0 <= given <= 0.5)

    def shares(pred: Array, target: Array, mask: Array | None) -> tuple[Array, int]:
        if pred.size == 0:
            return np.ones(1, dtype=pred.dtype), 1
        images = target.reshape(len(pred) if region == "sample" and pred.ndim > 1 else 1, -1)
        counted: Any = images.shape[1]
        if mask is not None:
            kept = np.broadcast_to(mask.reshape(mask.shape + (1,) * (pred.ndim - mask.ndim)), pred.shape)
            images = np.where(kept, target, 0).reshape(images.shape)
            counted = np.maximum(kept.reshape(images.shape).sum(axis=1), 1)
        share = 1 - images.sum(axis=1, dtype=np.float64) / counted
        return np.clip(share, least, 1 - least).astype(pred.dtype), images.shape[1]

    return formula("balanced_bce_loss" + ("" if from_logits else "_of_probabilities"), 0.5, varying=shares)


@elementwise(
    facts(
        "object detection, binary classification, multilabel classification",
        "smooth, monotonic, robust",
        needs="pred: logits, target: from 0 to 1, of one shape",
    ),
    hess="clip",
)
def sigmoid_focal_loss(*, alpha: float | None = 0.25, gamma: float = 2.0) -> Formula:
    """Cross-entropy of logits that looks away from what is right already: times ``(1 - p_t)^gamma``.

    ``p_t`` is the probability of the target. RetinaNet divides the sum by the number of positives, not of elements: use
    ``reduction="sum"``. Its second derivative is negative for bad mistakes, so ``grad_hess`` clips it.

    Args:
        alpha: weight of positives, that of negatives being ``1 - alpha``; None: both 1.
        gamma: how much it looks away, at least 0.

    Example:
        >>> round(float(sigmoid_focal_loss([0.0], [1.0])), 6)
        0.043322

    Source:
        T.-Y. Lin et al., Focal loss for dense object detection, 2017; torchvision's sigmoid_focal_loss.
    """
    positives = negatives = 1.0
    if alpha is not None:
        positives = fraction(alpha, "alpha")
        negatives = 1 - positives
    gamma = not_negative(gamma, "gamma")
    kind = {0.0: "_of_nothing", 2.0: "_of_square"}.get(gamma, "")
    return formula("sigmoid_focal_loss" + kind, gamma, positives, negatives)


@elementwise(
    facts(
        "multilabel classification",
        "differentiable, smooth, robust, sparse, monotonic",
        needs="pred: logits, target: from 0 to 1, of one shape",
    ),
    hess="clip",
)
def asymmetric_loss(*, gamma_neg: float = 4.0, gamma_pos: float = 1.0, clip: float = 0.05) -> Formula:
    """Focal loss for many labels of which few hold: ``-y (1 - p)^gamma_pos log p - (1 - y) q^gamma_neg log(1 - q)``.

    ``q = max(p - clip, 0)``: negatives that are right enough cost nothing. The gradient goes through the powers, by the
    formula; the authors' code can leave that out (``disable_torch_grad_focal_loss``).

    Args:
        gamma_neg, gamma_pos: how fast negatives and positives that are right stop counting, at least 0.
        clip: what is taken from the probability of negatives, from 0, below 1.

    Example:
        >>> float(asymmetric_loss([-4.0], [0.0]))
        0.0

    Source:
        T. Ridnik et al., Asymmetric loss for multi-label classification, 2021.
    """
    margin = number(clip, "clip", "a number from 0, below 1", lambda given: 0 <= given < 1)
    return formula(
        "asymmetric_loss", not_negative(gamma_pos, "gamma_pos"), not_negative(gamma_neg, "gamma_neg"), margin
    )


@elementwise(
    facts(
        "object detection",
        "differentiable, smooth, robust, monotonic",
        needs="pred: logits, target: quality from 0 to 1, of one shape",
    ),
    hess="clip",
)
def quality_focal_loss(*, beta: float = 2.0) -> Formula:
    """Cross-entropy of logits with a quality as target, ``|y - p|^beta`` times: 0 where the quality is met.

    The quality is the IoU of a box at the class of its object and 0 elsewhere.

    Args:
        beta: at least 0.

    Example:
        >>> float(quality_focal_loss([0.0], [0.5]))
        0.0

    Source:
        X. Li et al., Generalized focal loss, 2020; MMDetection's QualityFocalLoss.
    """
    return formula("quality_focal_loss", not_negative(beta, "beta"))


@elementwise(
    facts(
        "object detection",
        "smooth, robust, monotonic",
        needs="pred: logits, target: quality from 0 to 1, of one shape",
    ),
    hess="clip",
)
def varifocal_loss(*, alpha: float = 0.75, gamma: float = 2.0) -> Formula:
    """Cross-entropy that looks away from right negatives alone: ``y BCE(p, y)``, and ``-alpha p^gamma log(1 - p)`` if y is 0.

    The target of a positive is its IoU, which is its weight too: good boxes count for more.

    Args:
        alpha: of negatives, at least 0.
        gamma: how fast negatives that are right stop counting, at least 0.

    Example:
        >>> round(float(varifocal_loss([0.0], [0.0])), 6)
        0.129965

    Source:
        H. Zhang et al., VarifocalNet, 2021; MMDetection's VarifocalLoss, whose weights have no gradient.
    """
    return formula("varifocal_loss", not_negative(alpha, "alpha"), not_negative(gamma, "gamma"))


@elementwise(
    facts(
        "binary classification",
        "convex, robust, sparse, monotonic",
        needs="pred: scores, target: sides (above 0 or not), of one shape",
    ),
    hess="ones",
)
def hinge_loss() -> Formula:
    """``max(0, 1 - s pred)``, where the side ``s`` is 1 for targets above 0 and -1 for all others.

    Example:
        >>> float(hinge_loss([0.5, 0.5], [1, -1]))
        1.0

    Source:
        C. Cortes and V. Vapnik, Support-vector networks, 1995; scikit-learn's hinge_loss.
    """
    return formula("hinge_loss")


@elementwise(
    facts(
        "binary classification",
        "convex, differentiable, smooth, sparse, monotonic",
        needs="pred: scores, target: sides (above 0 or not), of one shape",
    )
)
def squared_hinge_loss() -> Formula:
    """The square of :data:`hinge_loss`.

    Example:
        >>> float(squared_hinge_loss([0.5, 0.5], [1, 0]))
        1.25

    Source:
        Keras' squared_hinge.
    """
    return formula("squared_hinge_loss")


@elementwise(
    facts(
        "binary classification",
        "convex, differentiable, smooth, robust, monotonic",
        needs="pred: scores, target: -1 or 1, of one shape",
    )
)
def soft_margin_loss() -> Formula:
    """``log(1 + e^(-y pred))`` for targets of -1 and 1.

    Example:
        >>> round(float(soft_margin_loss([0.0], [-1])), 6)
        0.693147

    Source:
        PyTorch's soft_margin_loss.
    """
    return formula("soft_margin_loss")
