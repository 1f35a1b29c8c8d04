"""The cross-entropy of a softmax in other shapes: for labels that are wrong, classes that are rare, and numbers in bins.

No kernel: composed of :data:`metrix.losses.cross_entropy`, of which each is a function of its terms or of its logits.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from metrix._arrays import as_ndarray
from metrix.losses._arguments import Array, each, not_negative, number, positive, predictions
from metrix.losses._composed import Terms, composed, terms_of
from metrix.losses._facts import facts
from metrix.losses._left_out import Rows
from metrix.losses.multiclass import cross_entropy

NEEDS = "pred: logits with a class axis, target: labels"
ROWS = Rows(("pred", "target"))


@composed(facts("multiclass classification", "differentiable, smooth, robust", needs=NEEDS), rows=ROWS)
def generalized_cross_entropy_loss(
    pred: npt.ArrayLike, target: npt.ArrayLike, /, *, q: float = 0.7, axis: int = 1, ignore_index: int = -100
) -> Terms:
    """``(1 - p^q) / q`` with the probability ``p`` of the label: between cross-entropy and absolute error, for wrong labels.

    Towards ``q = 0`` it is :data:`cross_entropy`; 1 is ``1 - p``, half the absolute error of the probabilities.

    Inputs:
        pred: logits of any shape with a class axis.
        target: labels, of the shape of ``pred`` without that axis.

    Args:
        q: from above 0 to 1.
        axis: of the classes.
        ignore_index: a label that takes no part.

    Example:
        >>> float(generalized_cross_entropy_loss([[0.0, 0.0]], [1], q=1.0))
        0.5

    Source:
        Z. Zhang and M. Sabuncu, Generalized cross entropy loss for training deep neural networks with noisy labels, 2018.
    """
    power = number(q, "q", "a number above 0, at most 1", lambda given: 0 < given <= 1)
    entropy, takes_part = _entropy(pred, target, axis, ignore_index)
    values = entropy.values
    return Terms(
        -np.expm1(-power * values) / values.dtype.type(power),
        lambda upstream: entropy.backward(upstream * np.exp(-power * values)),
        takes_part=takes_part,
    )


@composed(facts("multiclass classification", "differentiable, smooth, robust", needs=NEEDS), rows=ROWS)
def poly_loss(
    pred: npt.ArrayLike, target: npt.ArrayLike, /, *, epsilon: float = 1.0, axis: int = 1, ignore_index: int = -100
) -> Terms:
    """Poly-1: ``-log p + epsilon (1 - p)`` with the probability ``p`` of the label.

    The first coefficient of the series of the logarithm is changed, which is ``1 + epsilon`` instead of 1.

    Inputs:
        pred: logits of any shape with a class axis.
        target: labels, of the shape of ``pred`` without that axis.

    Args:
        epsilon: at least -1.
        axis: of the classes.
        ignore_index: a label that takes no part.

    Example:
        >>> round(float(poly_loss([[0.0, 0.0]], [1])), 6)
        1.193147

    Source:
        Z. Leng et al., PolyLoss: a polynomial expansion perspective of classification loss functions, 2022.
    """
    share = number(epsilon, "epsilon", "a finite number >= -1", lambda given: -1 <= given < np.inf)
    entropy, takes_part = _entropy(pred, target, axis, ignore_index)
    values = entropy.values
    return Terms(
        values - share * np.expm1(-values),
        lambda upstream: entropy.backward(upstream * (1 + share * np.exp(-values))),
        takes_part=takes_part,
    )


@composed(facts("multiclass classification", "convex, differentiable, smooth, robust", needs=NEEDS), rows=ROWS)
def ldam_loss(
    pred: npt.ArrayLike,
    target: npt.ArrayLike,
    /,
    *,
    class_counts: npt.ArrayLike,
    max_margin: float = 0.5,
    scale: float = 30.0,
    ignore_index: int = -100,
) -> Terms:
    """Cross-entropy of ``scale`` times the logits, that of the label less a margin that is largest for the rarest class.

    Margins are as ``n^(-1/4)`` of the counts. Logits are to be cosines: of unit embeddings and unit weights.

    Inputs:
        pred: (N, C).
        target: (N,) labels.

    Args:
        class_counts: (C,) how many samples of each class there are to learn from, above 0.
        max_margin: of the rarest class, at least 0.
        scale: above 0.
        ignore_index: a label that takes no part.

    Example:
        >>> round(float(ldam_loss([[0.5, 0.5]], [1], class_counts=[10000, 1], scale=1.0)), 6)
        0.974077

    Source:
        K. Cao et al., Learning imbalanced datasets with label-distribution-aware margin loss, 2019.
    """
    x = predictions(pred)
    if x.ndim != 2:
        raise ValueError(f"pred: expected shape (N, C), got {x.shape}")
    counts = each(class_counts, "class_counts", "a finite number > 0", lambda given: (given > 0) & np.isfinite(given))
    if counts.shape != x.shape[1:]:
        raise ValueError(f"class_counts: expected shape {x.shape[1:]}, got {counts.shape}")
    rarity = counts**-0.25
    margins = (not_negative(max_margin, "max_margin") * rarity / rarity.max()).astype(x.dtype)
    steep = x.dtype.type(positive(scale, "scale"))
    labels = as_ndarray(target, "target")
    shifted = x * steep
    if labels.shape == x.shape[:1] and labels.dtype.kind in "iu":
        known = np.flatnonzero((labels >= 0) & (labels < x.shape[1]))  # of others complains who takes them
        shifted[known, labels[known]] -= steep * margins[labels[known]]
    entropy, takes_part = _entropy(shifted, target, 1, ignore_index)
    return Terms(entropy.values, lambda upstream: entropy.backward(upstream * steep), takes_part=takes_part)


@composed(
    facts(
        "object detection",
        "convex, differentiable, smooth, robust",
        needs="pred: (N, C) logits of bins, target: (N,) numbers from 0 to C - 1",
    ),
    rows=ROWS,
)
def distribution_focal_loss(pred: npt.ArrayLike, target: npt.ArrayLike, /) -> Terms:
    """Cross-entropy of bins with the two whole numbers beside the target ``l + w``: ``-(1 - w) log p_l - w log p_(l + 1)``.

    Its expectation is learnt to be the target: the distance of a side of a box, in strides.

    Inputs:
        pred: (N, C), logits of 0 .. C - 1.
        target: (N,) numbers from 0 to C - 1.

    Example:
        >>> round(float(distribution_focal_loss([[0.0, 0.0, 0.0]], [0.5])), 6)
        1.098612

    Source:
        X. Li et al., Generalized focal loss, 2020; MMDetection's DistributionFocalLoss.
    """
    x = predictions(pred)
    if x.ndim != 2:
        raise ValueError(f"pred: expected shape (N, C), got {x.shape}")
    wanted = as_ndarray(target, "target")
    if wanted.dtype.kind not in "fiu":
        raise TypeError(f"target: expected real numbers, got dtype {wanted.dtype}")
    if wanted.shape != x.shape[:1]:
        raise ValueError(f"target: expected shape {x.shape[:1]}, got {wanted.shape}")
    last = x.shape[1] - 1
    wrong = np.flatnonzero(~((wanted >= 0) & (wanted <= last)))
    if len(wrong):
        raise ValueError(f"target[{wrong[0]}]: expected a number from 0 to {last}, got {wanted[wrong[0]]}")
    left = np.minimum(np.floor(wanted), max(last - 1, 0)).astype(np.intp)
    share = (wanted - left).astype(x.dtype)
    rows = np.arange(len(x))
    dense = np.zeros_like(x)
    dense[rows, left] = 1 - share
    dense[rows, np.minimum(left + 1, last)] += share
    return terms_of(cross_entropy, x, dense)


def _entropy(pred: Any, target: Any, axis: int, ignore_index: int) -> tuple[Terms, npt.NDArray[np.bool_]]:
    """Cross-entropies of rows, and which of them take part."""
    x = predictions(pred)
    labels = as_ndarray(target, "target")
    if labels.ndim == x.ndim and labels.size:
        raise ValueError(f"target: expected labels, of the shape of pred without axis {axis}, got shape {labels.shape}")
    terms = terms_of(cross_entropy, x, labels, axis=axis, ignore_index=ignore_index)
    takes_part: Array = labels != ignore_index
    return terms, takes_part
