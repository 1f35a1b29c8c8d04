"""Losses of two views of the same things, and of labels in their place: what belongs together against all else.

No kernel: composed of matrix products, and softmaxes over their rows in place. The last bits of a product depend on
NumPy's BLAS.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from metrix import _core
from metrix.losses._arguments import Array, not_negative, positive, same_shape
from metrix.losses._composed import FusedTerms, Terms, composed
from metrix.losses._embeddings import Unit, embeddings_of, labels_of
from metrix.losses._facts import facts
from metrix.losses._left_out import Rows
from metrix.losses._similarities import softmax_of_products, threads_for


@composed(
    facts("self-supervised learning, metric learning", "scale invariant", needs="query, key: (N, D)"),
    differentiable=("query", "key"),
    rows=Rows(("query", "key"), coupled=True),
)
def info_nce_loss(query: Any, key: Any, /, *, temperature: float = 0.07, symmetric: bool = False) -> FusedTerms:
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
    right = np.arange(len(q))

    def one_way(upstream: Array | None) -> tuple[Array, tuple[Array, ...]]:
        values, by = softmax_of_products(unit_q.rows / warmth, unit_k.rows, right, upstream)
        return values, () if by is None else (unit_q.backward(by.by_rows / warmth), unit_k.backward(by.by_columns))

    def both_ways(upstream: Array | None) -> tuple[Array, tuple[Array, ...]]:
        factors = None if upstream is None else 0.5 * upstream.astype(np.float64)
        by, by_others = unit_q.rows / warmth @ unit_k.rows.T, unit_k.rows / warmth @ unit_q.rows.T
        threads = threads_for(by.size)
        softmax = _core.losses.softmax_of_similarities
        values = [softmax(one, right, None, None, -1, factors, threads) for one in (by, by_others)]
        mean = (values[0] + values[1]) / 2
        if upstream is None:
            return mean, ()
        _core.losses.add_transpose(by, by_others, threads)
        return mean, (unit_q.backward(by @ unit_k.rows / warmth), unit_k.backward(by.T @ unit_q.rows / warmth))

    return FusedTerms(both_ways if symmetric else one_way, like=np.empty(len(q), q.dtype))


@composed(
    facts("self-supervised learning", "scale invariant", needs="first, second: (N, D), N >= 1"),
    differentiable=("first", "second"),
    rows=Rows(("first", "second"), coupled=True),
)
def nt_xent_loss(first: Any, second: Any, /, *, temperature: float = 0.5) -> FusedTerms:
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

    def evaluate(upstream: Array | None) -> tuple[Array, tuple[Array, ...]]:
        values, gradients = both.evaluate(None if upstream is None else np.tile(upstream / 2, 2))
        return values.reshape(2, len(a)).mean(axis=0), tuple(
            part for whole in gradients for part in (whole[: len(a)], whole[len(a) :])
        )

    return FusedTerms(evaluate, like=np.empty(len(a), a.dtype))


@composed(
    facts(
        "metric learning, self-supervised learning, multiclass classification",
        "scale invariant",
        needs="embeddings: (N, D), labels: (N,) ints",
    ),
    rows=Rows(("embeddings", "labels"), coupled=True),
)
def supervised_contrastive_loss(embeddings: Any, labels: Any, /, *, temperature: float = 0.1) -> FusedTerms:
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
    order = np.argsort(y, kind="stable")
    _, groups, sizes = np.unique(y, return_inverse=True, return_counts=True)
    starts = np.concatenate([[0], np.cumsum(sizes)])

    def evaluate(upstream: Array | None) -> tuple[Array, tuple[Array, ...]]:
        by = unit.rows / warmth @ unit.rows.T
        factors = None if upstream is None else upstream.astype(np.float64)
        threads = threads_for(by.size)
        values = _core.losses.softmax_of_similarities(by, groups, starts, order, 0, factors, threads)
        if upstream is None:
            return values, ()
        _core.losses.add_transpose(by, by, threads)
        return values, (unit.backward(by @ (unit.rows / warmth)),)

    return FusedTerms(evaluate, like=np.empty(len(x), x.dtype))


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
    (from_a, per_a), (from_b, per_b) = _normalized(a, tiny), _normalized(b, tiny)
    correlation = from_a.T @ from_b / len(a)
    missing = correlation - np.eye(a.shape[1], dtype=a.dtype)
    weights = np.full_like(correlation, weight)
    np.fill_diagonal(weights, 1)

    def backward(upstream: Array) -> tuple[Array, ...]:
        by = upstream * 2 / len(a) * weights * missing
        # What goes back through the deviation of a column: the mean of its gradient times its values.
        along = by * correlation
        by_a = from_b @ (by * per_a[:, None]).T
        by_a -= from_a * (per_a * along.sum(axis=1))
        by_b = from_a @ (by * per_b)
        by_b -= from_b * (per_b * along.sum(axis=0))
        return by_a, by_b

    return Terms(np.asarray((weights * missing**2).sum(dtype=np.float64), dtype=a.dtype), backward)


def _normalized(x: Array, eps: float) -> tuple[Array, Array]:
    """Columns of mean 0 and variance 1, and what they were multiplied by; 0 for columns without variance."""
    centered: Array = x - x.mean(axis=0, dtype=np.float64).astype(x.dtype)
    deviation = np.sqrt(np.square(centered).mean(axis=0, dtype=np.float64) + eps)
    factor = np.divide(1, deviation, out=np.zeros_like(deviation), where=deviation != 0).astype(x.dtype)
    centered *= factor
    return centered, factor
