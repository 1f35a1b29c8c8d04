"""Classification by angles: cross-entropy of cosines with the weights of classes, the right one made harder by a margin.

No kernel: composed of matrix products, which NumPy does, and a softmax over their rows, in place. The last bits of a
product depend on NumPy's BLAS.

Labels are ints from 0 to C - 1. An embedding or a class of zeros has cosine 0 with everything, and the gradient 0.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from metrix.losses._arguments import Array, not_negative, number, positive
from metrix.losses._composed import FusedTerms, composed
from metrix.losses._embeddings import Unit, embeddings_of, labels_of, rows_like
from metrix.losses._facts import facts
from metrix.losses._left_out import Rows
from metrix.losses._similarities import softmax_of_products

NEEDS = "embeddings: (N, D), labels: (N,) ints, weights: (C, D), one row for each class"
INPUTS = ("embeddings", "weights")

#: Cosine of the right class -> what takes its place, and the derivative of that.
Margin = Callable[[Array], tuple[Array, Array]]


@composed(
    facts("multiclass classification, face recognition", "convex, differentiable, smooth", needs=NEEDS),
    differentiable=INPUTS,
    rows=Rows(("embeddings", "labels")),
)
def softmax_loss(embeddings: Any, labels: Any, weights: Any, /) -> FusedTerms:
    """Cross-entropy of a linear head: the logits are ``embeddings @ weights.T``.

    A bias is one more column of ``weights``, where embeddings have a 1. Only the right class's logarithm counts, so the
    loss of a sample is ``logsumexp(logits) - logits[label]``.

    Inputs:
        embeddings: (N, D).
        labels: (N,) ints from 0 to C - 1.
        weights: (C, D), one row for each class.

    Example:
        >>> round(float(softmax_loss(np.eye(2), [0, 1], np.eye(2))), 6)
        0.313262

    Source:
        Y. Taigman et al., DeepFace, 2014; PyTorch's linear and cross_entropy.
    """
    x = embeddings_of(embeddings)
    w = rows_like(weights, x, "weights")
    y = labels_of(labels, len(x), len(w))

    def evaluate(upstream: Array | None) -> tuple[Array, tuple[Array, ...]]:
        values, gradients = softmax_of_products(x, w, y, upstream)
        return values, () if gradients is None else (gradients.by_rows, gradients.by_columns)

    return FusedTerms(evaluate, like=np.empty(len(x), x.dtype))


@composed(
    facts("face recognition, metric learning", "", needs=NEEDS),
    differentiable=INPUTS,
    rows=Rows(("embeddings", "labels")),
)
def sphereface_loss(
    embeddings: Any, labels: Any, weights: Any, /, *, margin: int = 4, anneal: float = 0.0, monotone: bool = True
) -> FusedTerms:
    """A-Softmax: the right class must win with ``margin`` times its angle; embeddings keep their lengths.

    Its logit is ``|x| psi(angle)`` and that of the others ``|x| cos(angle)``, where ``psi(t) = (-1)^k cos(margin t) - 2 k``
    with ``k = floor(margin t / pi)`` falls from 1 to ``1 - 2 margin``.

    Inputs:
        embeddings: (N, D).
        labels: (N,) ints from 0 to C - 1.
        weights: (C, D), one row for each class; their lengths do not matter.

    Args:
        margin: a whole number of at least 1.
        anneal: mixes the cosine in, ``(anneal cos + psi) / (1 + anneal)``; the authors let it fall from 1000 to 5.
        monotone: False leaves ``k`` out, as some texts do: ``cos(margin t)`` rises again beyond ``pi / margin``.

    Example:
        >>> round(float(sphereface_loss(np.eye(2), [0, 1], np.array([[1.0, 1.0], [-1.0, 1.0]]))), 6)
        1.362039

    Source:
        W. Liu et al., SphereFace, 2017; pytorch-metric-learning's SphereFaceLoss.
    """
    if int(margin) != margin or margin < 1:
        raise ValueError(f"margin: expected a whole number >= 1, got {margin!r}")
    count = int(margin)
    mix = not_negative(anneal, "anneal")

    def target(cosine: Array) -> tuple[Array, Array]:
        # cos(m t) and sin(m t) / sin t are polynomials of the cosine (Chebyshev's), which no angle of 0 troubles.
        before, here = np.ones_like(cosine), cosine
        ratio_before, ratio = np.zeros_like(cosine), np.ones_like(cosine)
        for _ in range(count - 1):
            before, here = here, 2 * cosine * here - before
            ratio_before, ratio = ratio, 2 * cosine * ratio - ratio_before
        turns = sum(np.where(cosine <= math.cos(k * math.pi / count), 1, 0) for k in range(1, count)) if monotone else 0
        sign = 1 - 2 * (turns % np.asarray(2))
        psi, slope = sign * here - 2 * turns, sign * count * ratio
        return (mix * cosine + psi) / (1 + mix), (mix + slope) / (1 + mix)

    return _with_margin(embeddings, labels, weights, target, scale=None)


@composed(
    facts("face recognition, metric learning", "scale invariant", needs=NEEDS),
    differentiable=INPUTS,
    rows=Rows(("embeddings", "labels")),
)
def cosface_loss(
    embeddings: Any, labels: Any, weights: Any, /, *, margin: float = 0.35, scale: float = 64.0
) -> FusedTerms:
    """Cross-entropy of ``scale cos``, the right class with ``scale (cos - margin)``.

    The margin is taken from the cosine: taken from the scaled logit, as some texts print it, it is ``scale`` times weaker.

    Inputs:
        embeddings: (N, D).
        labels: (N,) ints from 0 to C - 1.
        weights: (C, D), one row for each class; lengths of both do not matter.

    Args:
        margin: how much larger the cosine of the right class must be, from 0.
        scale: how steep the softmax is, above 0.

    Example:
        >>> round(float(cosface_loss(np.eye(2), [0, 1], np.eye(2), margin=0.5, scale=2.0)), 6)
        0.313262

    Source:
        H. Wang et al., CosFace, 2018; pytorch-metric-learning's CosFaceLoss.
    """
    size = not_negative(margin, "margin")
    return _with_margin(
        embeddings, labels, weights, lambda cosine: (cosine - size, np.ones_like(cosine)), positive(scale, "scale")
    )


@composed(
    facts("face recognition, metric learning", "scale invariant", needs=NEEDS),
    differentiable=INPUTS,
    rows=Rows(("embeddings", "labels")),
)
def arcface_loss(
    embeddings: Any,
    labels: Any,
    weights: Any,
    /,
    *,
    margin: float = 0.5,
    scale: float = 64.0,
    easy_margin: bool = False,
    angle_factor: float = 1.0,
    cosine_margin: float = 0.0,
) -> FusedTerms:
    """Cross-entropy of ``scale cos(t)``, the right class with ``scale cos(t + margin)``: a margin of the angle.

    Where ``t + margin`` is beyond a half turn its cosine would rise again, and ``cos(t) - margin sin(margin)`` takes its
    place. The gradient goes through the margin, unlike in InsightFace's, whose target gradient lacks the factor
    ``sin(t + margin) / sin(t)``. At angles of 0 and a half turn, that factor is kept finite.

    Inputs:
        embeddings: (N, D).
        labels: (N,) ints from 0 to C - 1.
        weights: (C, D), one row for each class; lengths of both do not matter.

    Args:
        margin: in radians, from 0 to pi; pytorch-metric-learning takes degrees.
        scale: how steep the softmax is, above 0.
        easy_margin: no margin for angles of a quarter turn or more.
        angle_factor, cosine_margin: the combined form ``scale (cos(angle_factor t + margin) - cosine_margin)``; with a
            factor other than 1 nothing takes its place beyond the half turn.

    Example:
        >>> round(float(arcface_loss(np.eye(2), [0, 1], np.eye(2), margin=np.pi / 3, scale=2.0)), 6)
        0.313262

    Source:
        J. Deng et al., ArcFace, 2019; pytorch-metric-learning's ArcFaceLoss.
    """
    angle = number(margin, "margin", "a number from 0 to pi", lambda given: 0 <= given <= math.pi)
    factor = positive(angle_factor, "angle_factor")
    less = not_negative(cosine_margin, "cosine_margin")

    def target(cosine: Array) -> tuple[Array, Array]:
        sine = np.sqrt((1 - cosine) * (1 + cosine))
        divisor = np.maximum(sine, math.sqrt(2e-7))
        if factor == 1:
            value = cosine * math.cos(angle) - sine * math.sin(angle)
            slope = math.cos(angle) + cosine * math.sin(angle) / divisor
            is_beyond = cosine < -math.cos(angle)
            value = np.where(is_beyond, cosine - angle * math.sin(angle), value)
            slope = np.where(is_beyond, 1, slope)
        else:
            turned = factor * np.arctan2(sine, cosine) + angle
            value, slope = np.cos(turned), factor * np.sin(turned) / divisor
        if easy_margin:
            value, slope = np.where(cosine > 0, value, cosine), np.where(cosine > 0, slope, 1)
        return value - less, slope

    return _with_margin(embeddings, labels, weights, target, positive(scale, "scale"))


def _with_margin(embeddings: Any, labels: Any, weights: Any, target: Margin, scale: float | None) -> FusedTerms:
    """Cross-entropy of cosines, times a scale or (None) the lengths of embeddings, the right one replaced by its target."""
    x = embeddings_of(embeddings)
    w = rows_like(weights, x, "weights")
    y = labels_of(labels, len(x), len(w))
    unit_x, unit_w = Unit(x), Unit(w)
    right = unit_w.rows[y]
    cosine = np.clip((unit_x.rows * right).sum(axis=1), -1, 1)
    value, slope = (of.astype(x.dtype, copy=False) for of in target(cosine))
    factor = unit_x.lengths if scale is None else x.dtype.type(scale)
    own = value * (unit_x.lengths[:, 0] if scale is None else factor)

    def evaluate(upstream: Array | None) -> tuple[Array, tuple[Array, ...]]:
        values, by = softmax_of_products(unit_x.rows * factor, unit_w.rows, y, upstream, own, slope)
        if by is None:
            return values, ()
        # The product has the cosine itself in the place of its target.
        across = by.by_rows + (by.by_own * (slope - 1))[:, None] * right
        across *= factor
        gradient = unit_x.backward(across)
        if scale is None:
            along = (by.by_rows * unit_x.rows).sum(axis=1) + by.by_own * (value - cosine)
            gradient += along[:, None] * unit_x.rows
        return values, (gradient, unit_w.backward(by.by_columns))

    return FusedTerms(evaluate, like=np.empty(len(x), x.dtype))
