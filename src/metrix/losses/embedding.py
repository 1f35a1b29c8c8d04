"""Losses of embeddings with centres, in pairs and in triplets.

No kernel: composed of NumPy. :mod:`metrix.losses.triplets` finds triplets in a batch, :mod:`metrix.losses.contrast` has
losses of two views, :mod:`metrix.losses.margins` those with weights of classes.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from metrix import _core
from metrix.losses._arguments import Array, not_negative, number, one_of, positive, predictions, same_shape
from metrix.losses._composed import FusedTerms, Terms, composed
from metrix.losses._embeddings import Unit, embeddings_of, labels_of, rows_like, sums_by_label
from metrix.losses._facts import facts
from metrix.losses._left_out import Rows
from metrix.losses._similarities import products_of_all, threads_for


@composed(
    facts(
        "face recognition, metric learning",
        "convex, differentiable, smooth",
        needs="embeddings: (N, D), labels: (N,) ints, centers: (C, D)",
    ),
    differentiable=("embeddings", "centers"),
    rows=Rows(("embeddings", "labels")),
)
def center_loss(embeddings: Any, labels: Any, centers: Any, /) -> Terms:
    """Half the squared distance from the centre of the class, ``|x - c|^2 / 2``, one term for each sample.

    It only draws samples together, so it goes with a softmax loss; its share there was 0.003. The authors move centres
    by :func:`update_centers` and not by a gradient; a well-known PyTorch version lacks the half and adds
    ``(C - 1) * 1e-12`` to each term.

    Inputs:
        embeddings: (N, D).
        labels: (N,) ints from 0 to C - 1.
        centers: (C, D).

    Example:
        >>> float(center_loss(np.array([[1.0, 2.0]]), [1], np.array([[9.0, 9.0], [1.0, 0.0]])))
        2.0

    Source:
        Y. Wen et al., A discriminative feature learning approach for deep face recognition, 2016.
    """
    x = embeddings_of(embeddings)
    c = rows_like(centers, x, "centers")
    y = labels_of(labels, len(x), len(c))
    apart = np.take(c, y, axis=0)
    np.subtract(x, apart, out=apart)

    def backward(upstream: Array) -> tuple[Array, ...]:
        by = upstream[:, None] * apart
        return by, -sums_by_label(by, y, len(c)).astype(x.dtype)

    return Terms(0.5 * np.einsum("ij,ij->i", apart, apart), backward)


def update_centers(centers: Any, embeddings: Any, labels: Any, *, rate: float = 0.5) -> Array:
    """Composed from NumPy: centres moved towards their samples, ``c - rate * sum(c - x) / (1 + n)``; inputs stay as they are.

    Args:
        centers: (C, D).
        embeddings: (N, D).
        labels: (N,) ints from 0 to C - 1.
        rate: how far, from 0 to 1.

    Returns:
        (C, D), of the dtype of the embeddings. The centre of a class without a sample stays where it is.

    Example:
        >>> update_centers(np.zeros((2, 1)), np.array([[4.0], [4.0]]), [0, 0], rate=0.75)
        array([[2.],
               [0.]])

    Source:
        Y. Wen et al., 2016, equation 4.
    """
    share = number(rate, "rate", "a number from 0 to 1", lambda given: 0 <= given <= 1)
    x = embeddings_of(embeddings)
    c = rows_like(centers, x, "centers")
    y = labels_of(labels, len(x), len(c))
    counts = np.bincount(y, minlength=len(c))[:, None]
    moved: Array = c + share * sums_by_label(x - c[y], y, len(c)) / (1 + counts)
    return moved.astype(x.dtype)


@composed(
    facts("metric learning, face recognition", "sparse", needs="anchor, positive, negative: (N, D)"),
    differentiable=("anchor", "positive", "negative"),
    rows=Rows(("anchor", "positive", "negative")),
)
def triplet_margin_loss(
    anchor: Any,
    positive: Any,
    negative: Any,
    /,
    *,
    margin: float = 1.0,
    p: float = 2.0,
    eps: float = 1e-6,
    swap: bool = False,
    squared: bool = False,
) -> Terms:
    """``max(0, d(anchor, positive) - d(anchor, negative) + margin)``: positives nearer than negatives, by a margin.

    One term for each triplet, and the mean is over all of them; over those above 0, as pytorch-metric-learning has it,
    with ``mask=triplet_margin_loss(..., reduction="none") > 0``. :mod:`metrix.losses.triplets` finds triplets.

    Inputs:
        anchor, positive, negative: (N, D).

    Args:
        margin: at least 0.
        p: of the norm, at least 1.
        eps: added to each difference before the norm, as PyTorch does it; a distance of 0 has the gradient 0.
        swap: takes the distance from positive to negative where that is less.
        squared: squared Euclidean distances without ``eps``, as FaceNet has it with a margin of 0.2.

    Example:
        >>> near, far = np.array([[0.0, 0.0]]), np.array([[3.0, 4.0]])
        >>> float(triplet_margin_loss(near, far, near, margin=0.5, eps=0))
        5.5

    Source:
        F. Schroff et al., FaceNet, 2015; PyTorch's triplet_margin_loss.
    """
    a = embeddings_of(anchor, "anchor")
    b = same_shape(positive, a, "positive", "anchor")
    c = same_shape(negative, a, "negative", "anchor")
    apart = not_negative(margin, "margin")
    power = number(p, "p", "a finite number >= 1", lambda given: 1 <= given < math.inf)
    shift = not_negative(eps, "eps")
    if squared and power != 2:
        raise ValueError(f"p: expected 2 where squared is True, got {p!r}")

    def distance(first: Array, second: Array) -> tuple[Array, Array]:
        difference = first - second
        if squared:
            return _squared_norm(difference)
        if shift:
            difference += first.dtype.type(shift)
        return _norm(difference, power)

    near, by_near = distance(a, b)
    far, by_far = distance(a, c)
    if not swap:
        hinge = near - far + a.dtype.type(apart)

        def backward(upstream: Array) -> tuple[Array, ...]:
            active = np.where(hinge > 0, upstream, 0)[:, None]
            pull, push = active * by_near, active * by_far
            return pull - push, np.negative(pull, out=pull), push

        return Terms(np.maximum(hinge, 0), backward)

    across, by_across = distance(b, c)
    # Of equal distances each takes half, as in PyTorch.
    share = np.where(far < across, 1.0, np.where(far == across, 0.5, 0.0)).astype(a.dtype)
    hinge = near - np.minimum(far, across) + a.dtype.type(apart)

    def backward_of_nearer(upstream: Array) -> tuple[Array, ...]:
        active = np.where(hinge > 0, upstream, 0)[:, None]
        pull = active * by_near
        push, cross = active * share[:, None] * by_far, active * (1 - share)[:, None] * by_across
        return pull - push, -pull - cross, push + cross

    return Terms(np.maximum(hinge, 0), backward_of_nearer)


@composed(
    facts("metric learning, face recognition", "", needs="first, second: (N, D), similar: (N,) from 0 to 1"),
    differentiable=("first", "second"),
    rows=Rows(("first", "second", "similar")),
)
def contrastive_loss(
    first: Any, second: Any, similar: Any, /, *, margin: float = 1.0, squared: bool = True, half: bool = True
) -> Terms:
    """Pairs that are similar drawn together, others pushed apart: ``(y d^2 + (1 - y) max(0, margin - d)^2) / 2``.

    ``d`` is the Euclidean distance; where it is 0 the gradient of the second part is 0.

    Inputs:
        first, second: (N, D).
        similar: (N,), 1 for similar pairs and 0 for others; here 1 is similar, while in the paper 0 is.

    Args:
        margin: how far others have to be apart, above 0.
        squared: False leaves both squares out, as pytorch-metric-learning does.
        half: False leaves the factor 1/2 out.

    Example:
        >>> x = np.array([[0.0, 0.0], [0.0, 0.0]])
        >>> contrastive_loss(x, x + [3.0, 4.0], [1, 0], margin=7.0, reduction="none")
        array([12.5,  2. ])

    Source:
        R. Hadsell et al., Dimensionality reduction by learning an invariant mapping, 2006.
    """
    a = embeddings_of(first, "first")
    b = same_shape(second, a, "second", "first")
    y = same_shape(similar, a[:, 0] if a.shape[1] else np.zeros(len(a), a.dtype), "similar", "the pairs")
    wide = positive(margin, "margin")
    factor = a.dtype.type(0.5 if half else 1)
    distance, direction = _norm(a - b, 2.0)
    lack = np.maximum(a.dtype.type(wide) - distance, 0)

    def backward(upstream: Array) -> tuple[Array, ...]:
        slope = 2 * (y * distance - (1 - y) * lack) if squared else y - (1 - y) * (lack > 0)
        by: Array = (upstream * factor * slope)[:, None] * direction
        return by, -by

    values = y * distance**2 + (1 - y) * lack**2 if squared else y * distance + (1 - y) * lack
    return Terms(factor * values, backward)


@composed(
    facts("face recognition, metric learning", "scale invariant", needs="embeddings: (N, D), labels: (N,) ints"),
    rows=Rows(("embeddings", "labels"), coupled=True),
)
def circle_loss(
    embeddings: Any, labels: Any, /, *, margin: float = 0.25, scale: float = 256.0, group: str = "row"
) -> FusedTerms:
    """All cosines of a batch at once: ``log(1 + sum_n exp(scale a_n (s_n - m)) sum_p exp(-scale a_p (s_p - 1 + m)))``.

    ``s_p`` are cosines of pairs with one label and ``s_n`` of others; ``a_p = max(0, 1 + m - s_p)`` and
    ``a_n = max(0, s_n + m)`` say how far each has to go. The gradient takes these as constants, as the paper does; that of
    Keras goes through them, and some of its signs are opposite. Nothing to compare with (no positive or no negative): 0.

    Inputs:
        embeddings: (N, D), of any length.
        labels: (N,) ints.

    Args:
        margin: ``m``; 0.25 for faces, 0.4 for other retrieval.
        scale: how steep, above 0; 256 for faces, 80 for other retrieval.
        group: "row" has one term for each anchor, "batch" one term for all pairs.

    Example:
        >>> x = np.array([[1.0, 0.0], [1.0, 0.0], [0.0, 1.0]])
        >>> circle_loss(x, [0, 0, 1], margin=0.25, scale=4.0, reduction="none").round(6)
        array([0.474077, 0.474077, 0.      ])

    Source:
        Y. Sun et al., Circle loss, 2020; pytorch-metric-learning's CircleLoss.
    """
    x = embeddings_of(embeddings)
    y = labels_of(labels, len(x))
    m = number(margin, "margin", "a finite number", math.isfinite)
    steep = positive(scale, "scale")
    one_of(group, "group", ["batch", "row"])
    unit = Unit(x)
    is_batch = group == "batch"
    _, groups, sizes = np.unique(y, return_inverse=True, return_counts=True)
    of_pairs = groups.astype(x.dtype), m, steep, is_batch

    def evaluate(upstream: Array | None) -> tuple[Array, tuple[Array, ...]]:
        by = products_of_all(unit.rows, unit.rows)
        threads = threads_for(by.size)
        sums = _core.losses.circle_sums(by, *of_pairs, threads).reshape(len(x), 2, 2)
        if is_batch:
            exists = np.asarray((sizes > 1).any() and len(sizes) > 1)
            most = sums[..., 0].max(axis=0, initial=-np.inf)
            total = (sums[..., 1] * np.exp(sums[..., 0] - np.where(np.isneginf(most), 0, most))).sum(axis=0)
        else:
            exists = (sizes[groups] > 1) & (len(sizes) > 1)
            most, total = sums[..., 0], sums[..., 1]
        total = np.where(exists[..., None], total, 1)
        logits = np.where(exists, (np.where(exists[..., None], most, 0) + np.log(total)).sum(axis=-1), -np.inf)
        values = np.logaddexp(0, logits)
        if upstream is None:
            return values, ()
        likely = np.where(exists, upstream * np.exp(-np.logaddexp(0, -logits)), 0)
        slopes = np.empty((len(x), 4))
        slopes[:, :2] = np.where(np.isneginf(most), 0, most)
        slopes[:, 2:] = likely[..., None] / total
        _core.losses.circle_slopes(by, *of_pairs, slopes, threads)
        _core.losses.add_transpose(by, by, threads)
        return values, (unit.backward(by @ unit.rows),)

    return FusedTerms(evaluate, like=np.empty(() if is_batch else len(x), x.dtype))


@composed(
    facts(
        "self-supervised learning, metric learning",
        "bounded, scale invariant",
        needs="pred, target: (N, D)",
        range=(-1.0, 1.0),
    ),
    rows=Rows(("pred", "target"), axes=-1),
)
def negative_cosine_loss(pred: Any, target: Any, /) -> Terms:
    """``-cos(pred, target)`` of each row; the target is a constant, as behind a stop-gradient.

    SimSiam's symmetric form is half of ``negative_cosine_loss(p1, z2)`` and half of ``negative_cosine_loss(p2, z1)``. A row
    of zeros has cosine 0 and the gradient 0.

    Inputs:
        pred, target: (..., D).

    Example:
        >>> float(negative_cosine_loss(np.array([[3.0, 4.0]]), np.array([[1.0, 0.0]])))
        -0.6

    Source:
        X. Chen and K. He, Exploring simple siamese representation learning, 2021.
    """
    x = predictions(pred)
    if x.ndim == 0:
        raise ValueError("pred: expected an axis of dimensions, got a single number")
    unit_x, unit_y = Unit(x), Unit(same_shape(target, x, "target"))
    cosines = np.clip((unit_x.rows * unit_y.rows).sum(axis=-1), -1, 1)
    return Terms(-cosines, lambda upstream: (unit_x.backward(-upstream[..., None] * unit_y.rows),))


def _norm(rows: Array, p: float) -> tuple[Array, Array]:
    """Norms of rows, and their gradients, which are 0 where the norm is."""
    if p == 2:
        unit = Unit(rows)
        return unit.lengths[:, 0], unit.rows
    size = np.abs(rows)
    most = size.max(axis=1, keepdims=True, initial=0)
    relative = size / np.where(most == 0, 1, most)  # so that powers neither overflow nor vanish
    total = (relative**p).sum(axis=1, keepdims=True)
    direction = np.sign(rows) * relative ** (p - 1) / np.where(most == 0, 1, total ** ((p - 1) / p))
    return (most * total ** (1 / p))[:, 0], direction


def _squared_norm(rows: Array) -> tuple[Array, Array]:
    return np.square(rows).sum(axis=1), 2 * rows
