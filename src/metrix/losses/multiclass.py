"""Losses of multiclass classification, one term for each row of scores; an image has a row for each pixel."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from metrix.losses._arguments import not_negative, number, positive
from metrix.losses._facts import facts
from metrix.losses._row import Given, RowFormula, row


@row(
    facts(
        "multiclass classification, semantic segmentation, instance segmentation",
        "convex, differentiable, smooth, robust, proper",
        needs="pred: logits (N, C, ...), target: labels (N, ...) or probabilities (N, C, ...)",
    ),
    "either",
)
def cross_entropy(
    given: Given,
    /,
    *,
    class_weight: npt.ArrayLike | None = None,
    ignore_index: int = -100,
    label_smoothing: float = 0.0,
    from_logits: bool = True,
    eps: float = 0.0,
) -> RowFormula:
    """Cross-entropy of a softmax, ``-log p[label]``, or ``-sum(target * log p)`` for probabilities as targets.

    With labels the mean divides by the sum of the weights of their classes, as PyTorch's does; ``mean_denominator="count"``
    by their number. What is nearly certain keeps its digits: a loss of 1e-12 is not 0 in float32.

    Args:
        class_weight: a number for each class, which multiplies its part.
        ignore_index: rows of this label take no part.
        label_smoothing: how much of the target is spread over all classes, from 0 to 1: the label's own share becomes
            ``1 - label_smoothing + label_smoothing / C``.
        from_logits: False: ``pred`` holds probabilities. Their gradient is that of each by itself, as if they need not add
            up to 1.
        eps: probabilities are at least this in the logarithm, without a gradient below: 1e-7 is Keras' rule. With 0 an
            impossible label costs infinity.

    Example:
        >>> logits, labels = np.array([[2.0, 0.0, 0.0], [0.0, 0.0, 0.0]]), np.array([0, -100])
        >>> value, grad = cross_entropy.value_and_grad(logits, labels)
        >>> round(float(value), 6)
        0.239545
        >>> grad.round(3)
        array([[-0.213,  0.107,  0.107],
               [ 0.   ,  0.   ,  0.   ]])

    Source:
        PyTorch's cross_entropy; label smoothing of C. Szegedy et al., Rethinking the Inception architecture, 2016. It
        takes from the label and gives to the other classes, not the reverse, as some texts have it.
    """
    smoothing = number(label_smoothing, "label_smoothing", "a number from 0 to 1", lambda given: 0 <= given <= 1)
    hard, spread = 1 - smoothing, smoothing / given.classes
    ignored = _ignored(ignore_index)
    if from_logits:
        return RowFormula("cross_entropy", (hard, spread), class_weight, given.has_labels, ignored)
    parameters = (hard, _least_probability(eps), spread)
    alone = given.has_labels and spread == 0 and not given.wants_hess
    name = "nll_loss_of_probabilities" if alone else "cross_entropy_of_probabilities"
    return RowFormula(name, parameters, class_weight, given.has_labels, ignored)


@row(
    facts(
        "multiclass classification, semantic segmentation",
        "convex, differentiable, smooth, robust",
        needs="pred: logarithms of probabilities (N, C, ...), target: labels (N, ...)",
    ),
    "labels",
    hess=None,
)
def nll_loss(
    given: Given,
    /,
    *,
    class_weight: npt.ArrayLike | None = None,
    ignore_index: int = -100,
) -> RowFormula:
    """Negative log-likelihood ``-pred[label]`` of logarithms of probabilities; from logits, :data:`cross_entropy`.

    The mean divides by the sum of the weights of classes, as PyTorch's does. Being linear it has no ``grad_hess``.

    Args:
        class_weight: a number for each class, which multiplies its part.
        ignore_index: rows of this label take no part.

    Example:
        >>> float(nll_loss([[-1.0, -0.5], [-2.0, -0.1]], [0, 1], class_weight=[3.0, 1.0]))
        0.775

    Source:
        PyTorch's nll_loss.
    """
    return RowFormula("nll_loss", (), class_weight, True, _ignored(ignore_index))


@row(
    facts(
        "multiclass classification, semantic segmentation, object detection",
        "differentiable, smooth, robust",
        needs="pred: logits (N, C, ...), target: labels (N, ...)",
    ),
    "labels",
    hess="clip",
)
def softmax_focal_loss(
    given: Given,
    /,
    *,
    alpha: npt.ArrayLike | None = None,
    gamma: float = 2.0,
    ignore_index: int = -100,
) -> RowFormula:
    """Cross-entropy of a softmax that looks away from what is right already: ``-alpha (1 - p)^gamma log p``.

    ``p`` is the probability of the label. The mean divides by the number of rows; some libraries divide by the number of
    classes as well. Its second derivative may be negative, so ``grad_hess`` clips it.

    Args:
        alpha: a number for each class, or one for all; None: 1.
        gamma: how much it looks away, at least 0.
        ignore_index: rows of this label take no part.

    Example:
        >>> round(float(softmax_focal_loss([[0.0, 0.0]], [0])), 6)
        0.173287

    Source:
        T.-Y. Lin et al., Focal loss for dense object detection, 2017, for more than two classes.
    """
    if alpha is not None and np.ndim(alpha) == 0:
        alpha = np.full(given.classes, not_negative(alpha, "alpha"))  # type: ignore[arg-type]
    parameters = (1.0, 0.0, not_negative(gamma, "gamma"))
    return RowFormula("softmax_focal_loss", parameters, alpha, False, _ignored(ignore_index))


@row(
    facts(
        "multiclass classification",
        "convex, sparse",
        needs="pred: scores (N, C, ...), target: labels (N, ...)",
    ),
    "labels",
    hess="ones",
)
def multi_margin_loss(
    given: Given,
    /,
    *,
    p: int = 1,
    margin: float = 1.0,
    class_weight: npt.ArrayLike | None = None,
    ignore_index: int = -100,
) -> RowFormula:
    """Sum over all other classes of ``max(0, margin - pred[label] + pred[j])^p``, over the number of classes.

    At the kink the gradient is 0. The mean divides by the number of rows, whatever the weights of classes, as PyTorch's.

    Args:
        p: 1 or 2.
        margin: how far a label's score should lie above the others.
        class_weight: a number for each class, which multiplies the rows of that label.
        ignore_index: rows of this label take no part.

    Example:
        >>> float(multi_margin_loss([[0.5, 0.0, -2.0, 1.0]], [0]))
        0.5

    Source:
        J. Weston and C. Watkins, Support vector machines for multi-class pattern recognition, 1999; PyTorch's
        multi_margin_loss.
    """
    if p not in (1, 2):
        raise ValueError(f"p: expected 1 or 2, got {p!r}")
    name = "multi_margin_loss" + ("_of_square" if p == 2 else "")
    return RowFormula(name, (_margin(margin),), class_weight, False, _ignored(ignore_index), is_mean_of_classes=True)


@row(
    facts(
        "multiclass classification",
        "convex, robust, sparse",
        needs="pred: scores (N, C, ...), target: labels (N, ...)",
    ),
    "labels",
    hess="ones",
)
def categorical_hinge_loss(
    given: Given,
    /,
    *,
    margin: float = 1.0,
    class_weight: npt.ArrayLike | None = None,
    ignore_index: int = -100,
) -> RowFormula:
    """``max(0, margin + max(pred[j]) - pred[label])`` with the greatest of all other classes.

    Of several greatest the first has the gradient. Keras counts a score of 0 among the others, which differs where all of
    them are negative. The mean divides by the number of rows.

    Args:
        margin: how far a label's score should lie above the others.
        class_weight: a number for each class, which multiplies the rows of that label.
        ignore_index: rows of this label take no part.

    Example:
        >>> value, grad = categorical_hinge_loss.value_and_grad([[1.5, -2.0, 1.0]], [0])
        >>> float(value), grad.tolist()
        (0.5, [[-1.0, 0.0, 1.0]])

    Source:
        K. Crammer and Y. Singer, On the algorithmic implementation of multiclass kernel-based vector machines, 2001.
    """
    return RowFormula("categorical_hinge_loss", (_margin(margin),), class_weight, False, _ignored(ignore_index))


@row(
    facts(
        "multilabel classification",
        "convex, differentiable, smooth, robust, proper",
        needs="pred: logits (N, C, ...), target: from 0 to 1, of one shape",
    ),
    "distribution",
)
def multilabel_soft_margin_loss(given: Given, /, *, class_weight: npt.ArrayLike | None = None) -> RowFormula:
    """Mean over classes of the cross-entropy of logits, ``log(1 + e^z) - y z``, one term for each row.

    Args:
        class_weight: a number for each class, which multiplies its part.

    Example:
        >>> round(float(multilabel_soft_margin_loss([[0.0, 2.0]], [[1, 1]])), 6)
        0.410038

    Source:
        PyTorch's multilabel_soft_margin_loss.
    """
    return RowFormula("multilabel_soft_margin_loss", (1.0,), class_weight, is_mean_of_classes=True)


def _ignored(ignore_index: int) -> int:
    if isinstance(ignore_index, bool) or not isinstance(ignore_index, (int, np.integer)):
        raise TypeError(f"ignore_index: expected an int, got {ignore_index!r}")
    return int(ignore_index)


def _least_probability(eps: float) -> float:
    return number(eps, "eps", "a number from 0 to below 1", lambda given: 0 <= given < 1)


def _margin(margin: float) -> float:
    return positive(margin, "margin")
