"""Losses of two views of the same things, and of labels in their place: what belongs together against all else.

No kernel: composed of matrix products and softmaxes over rows. The last bits of a product depend on NumPy's BLAS.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from metrix.losses._arguments import Array, not_negative, positive, same_shape
from metrix.losses._composed import Terms, composed
from metrix.losses._embeddings import Unit, embeddings_of, labels_of
from metrix.losses._facts import facts
from metrix.losses._left_out import Rows
from metrix.losses._softmax import entropy_of_rows


@composed(
    facts("self-supervised learning, metric learning", "scale invariant", needs="query, key: (N, D)"),
    differentiable=("query", "key"),
    rows=Rows(("query", "key"), coupled=True),
)
def info_nce_loss(query: Any, key: Any, /, *, temperature: float = 0.07, symmetric: bool = False) -> Terms:
    """Which key belongs to a query? Cross-entropy of the cosines of each query with all keys over a temperature.

    Row i of ``key`` is the positive of row i of ``query``, all others are its negatives.

    Inputs:
        query, key: (N, D), of any length; a row of zeros has cosine 0 and the gradient 0.

    Args:
        temperature: above 0.
        symmetric: the mean of this and of the same with the sides exchanged, as CLIP has it.

    Example:
        >>> round(float(info_nce_loss(np.eye(2), np.eye(2), temperature=1.0)), 6)
        0.313262

    Source:
        A. van den Oord et al., Representation learning with contrastive predictive coding, 2018; K. He et al., MoCo, 2020.
    """
    q = embeddings_of(query, "query")
    k = same_shape(key, q, "key", "query")
    warmth = q.dtype.type(positive(temperature, "temperature"))
    unit_q, unit_k = Unit(q), Unit(k)
    logits = unit_q.rows @ unit_k.rows.T / warmth
    right = np.arange(len(q))
    entropy, by_logits = entropy_of_rows(logits, right)
    if symmetric:
        other, by_others = entropy_of_rows(np.ascontiguousarray(logits.T), right)
        entropy = (entropy + other) / 2

    def backward(upstream: Array) -> tuple[Array, ...]:
        by = by_logits(upstream)
        if symmetric:
            by = (by + by_others(upstream).T) / 2
        by = by / warmth
        return unit_q.backward(by @ unit_k.rows), unit_k.backward(by.T @ unit_q.rows)

    return Terms(entropy, backward)


@composed(
    facts("self-supervised learning", "scale invariant", needs="first, second: (N, D), N >= 1"),
    differentiable=("first", "second"),
    rows=Rows(("first", "second"), coupled=True),
)
def nt_xent_loss(first: Any, second: Any, /, *, temperature: float = 0.5) -> Terms:
    """SimCLR's loss: each of the 2 N views against the 2 N - 1 others, of which one belongs to it.

    The term of a sample is the mean of its two views, so the mean over samples is SimCLR's over views.

    Inputs:
        first, second: (N, D), two views of the same N samples, of any length.

    Args:
        temperature: above 0.

    Example:
        >>> round(float(nt_xent_loss(np.eye(2), np.eye(2), temperature=1.0)), 6)
        0.551445

    Source:
        T. Chen et al., A simple framework for contrastive learning of visual representations, 2020.
    """
    a = embeddings_of(first, "first")
    b = same_shape(second, a, "second", "first")
    pairs = np.tile(np.arange(len(a)), 2)
    both = supervised_contrastive_loss.terms(np.concatenate([a, b]), pairs, temperature=temperature)

    def backward(upstream: Array) -> tuple[Array, ...]:
        (gradient,) = both.backward(np.tile(upstream / 2, 2))
        return gradient[: len(a)], gradient[len(a) :]

    return Terms(both.values.reshape(2, len(a)).mean(axis=0), backward)


@composed(
    facts(
        "metric learning, self-supervised learning, multiclass classification",
        "scale invariant",
        needs="embeddings: (N, D), labels: (N,) ints",
    ),
    rows=Rows(("embeddings", "labels"), coupled=True),
)
def supervised_contrastive_loss(embeddings: Any, labels: Any, /, *, temperature: float = 0.1) -> Terms:
    """Samples of one label against all others: ``-mean_p log(exp(s_p / t) / sum_a exp(s_a / t))`` for each anchor.

    ``s`` are cosines, ``p`` goes over the other samples of the label, ``a`` over all samples but the anchor. An anchor
    that is alone with its label has the term 0 and counts in the mean; ``mask`` leaves it out, as pytorch-metric-learning
    does. The authors' code multiplies by ``temperature / 0.07``.

    Inputs:
        embeddings: (N, D), of any length; several views of a sample are several rows with one label.
        labels: (N,) ints.

    Args:
        temperature: above 0.

    Example:
        >>> x = np.array([[1.0, 0.0], [1.0, 0.0], [0.0, 1.0]])
        >>> supervised_contrastive_loss(x, [0, 0, 1], temperature=1.0, reduction="none").round(6)
        array([0.313262, 0.313262, 0.      ])

    Source:
        P. Khosla et al., Supervised contrastive learning, 2020, equation 2.
    """
    x = embeddings_of(embeddings)
    y = labels_of(labels, len(x))
    warmth = x.dtype.type(positive(temperature, "temperature"))
    unit = Unit(x)
    logits = unit.rows @ unit.rows.T / warmth
    is_self = np.eye(len(x), dtype=np.bool_)
    is_positive = (y[:, None] == y) & ~is_self
    count = is_positive.sum(axis=1)
    has_positive = count > 0
    most = np.where(is_self, -np.inf, logits).max(axis=1, keepdims=True, initial=-np.inf)
    shifted = logits - np.where(np.isneginf(most), 0, most)
    powers = np.where(is_self, 0, np.exp(np.where(is_self, 0, shifted)))
    sums = np.where(has_positive, powers.sum(axis=1, dtype=np.float64), 1)
    divisor = np.maximum(count, 1)
    mean = np.where(is_positive, shifted, 0).sum(axis=1, dtype=np.float64) / divisor
    values = np.where(has_positive, np.log(sums) - mean, 0).astype(x.dtype)

    def backward(upstream: Array) -> tuple[Array, ...]:
        by = np.where(has_positive, upstream, 0)[:, None] * (powers / sums[:, None] - is_positive / divisor[:, None])
        by = by.astype(x.dtype) / warmth
        return (unit.backward((by + by.T) @ unit.rows),)

    return Terms(values, backward)


@composed(
    facts("self-supervised learning", "scale invariant", needs="first, second: (N, D)"),
    differentiable=("first", "second"),
    rows=Rows(("first", "second"), coupled=True),
)
def barlow_twins_loss(first: Any, second: Any, /, *, off_diagonal: float = 5e-3, eps: float = 1e-5) -> Terms:
    """Cross-correlation of two views brought near the identity: ``sum (1 - C_ii)^2 + off_diagonal sum C_ij^2``.

    Columns are normalized over the batch by their biased standard deviation with ``eps``, as batch normalization does: with
    the unbiased one, as MONAI has it, equal views would not give ``C_ii = 1``. One term for the whole batch.

    Inputs:
        first, second: (N, D), two views of the same N samples.

    Args:
        off_diagonal: what the rest of the matrix counts, at least 0; the authors' script has 0.0051.
        eps: added to the variance, at least 0; a column without any variance is then 0.

    Example:
        >>> x = np.array([[1.0, 1.0], [-1.0, 1.0], [1.0, -1.0], [-1.0, -1.0]])
        >>> float(barlow_twins_loss(x, x, eps=0.0))
        0.0

    Source:
        J. Zbontar et al., Barlow twins, 2021.
    """
    a = embeddings_of(first, "first")
    b = same_shape(second, a, "second", "first")
    weight = not_negative(off_diagonal, "off_diagonal")
    tiny = not_negative(eps, "eps")
    if len(a) == 0:
        return Terms(np.full((), np.nan, a.dtype), lambda _: (np.zeros_like(a), np.zeros_like(b)))
    (from_a, deviation_a), (from_b, deviation_b) = _normalized(a, tiny), _normalized(b, tiny)
    correlation = from_a.T @ from_b / len(a)
    missing = correlation - np.eye(a.shape[1], dtype=a.dtype)
    weights = np.full_like(correlation, weight)
    np.fill_diagonal(weights, 1)
    pull = 2 * weights * missing

    def backward(upstream: Array) -> tuple[Array, ...]:
        by = upstream * pull / len(a)
        return (
            _through_normalized(from_b @ by.T, from_a, deviation_a),
            _through_normalized(from_a @ by, from_b, deviation_b),
        )

    return Terms(np.asarray((weights * missing**2).sum(dtype=np.float64), dtype=a.dtype), backward)


def _normalized(x: Array, eps: float) -> tuple[Array, Array]:
    """Columns of mean 0 and variance 1, and their deviations."""
    centered = x - x.mean(axis=0, dtype=np.float64).astype(x.dtype)
    deviation = np.sqrt(np.square(centered).mean(axis=0, dtype=np.float64) + eps).astype(x.dtype)
    return centered / np.where(deviation == 0, 1, deviation), deviation


def _through_normalized(by: Array, normalized: Array, deviation: Array) -> Array:
    rest = by - normalized * (by * normalized).mean(axis=0)  # the mean of `by` is 0, as that of the other side is
    return np.where(deviation == 0, 0, rest / np.where(deviation == 0, 1, deviation))
