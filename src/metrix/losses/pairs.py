"""Losses of similarities of all pairs in a batch, or of samples with proxies of classes; and of two views without negatives.

No kernel: composed of matrix products. The last bits of a product depend on NumPy's BLAS.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt

from metrix.losses._arguments import Array, not_negative, number, positive, same_shape
from metrix.losses._composed import Terms, composed
from metrix.losses._embeddings import Unit, embeddings_of, labels_of, rows_like
from metrix.losses._facts import facts
from metrix.losses._left_out import Rows


@composed(
    facts("metric learning, face recognition", "scale invariant", needs="embeddings: (N, D), labels: (N,) ints"),
    rows=Rows(("embeddings", "labels"), coupled=True),
)
def multi_similarity_loss(
    embeddings: Any, labels: Any, /, *, alpha: float = 2.0, beta: float = 50.0, base: float = 0.5
) -> Terms:
    """``log(1 + sum_p exp(-alpha (s_p - base))) / alpha + log(1 + sum_n exp(beta (s_n - base))) / beta`` of each anchor.

    ``s_p`` are cosines with the others of its label, ``s_n`` with those of other labels. All pairs count, as in
    pytorch-metric-learning; the paper first leaves out those that are easy.

    Inputs:
        embeddings: (N, D), of any length.
        labels: (N,) ints.

    Args:
        alpha, beta: how steep positives and negatives count, above 0.
        base: the cosine from which on they do.

    Example:
        >>> round(float(multi_similarity_loss(np.eye(2), [0, 0], alpha=1.0)), 6)
        0.974077

    Source:
        X. Wang et al., Multi-similarity loss with general pair weighting for deep metric learning, 2019.
    """
    x = embeddings_of(embeddings)
    y = labels_of(labels, len(x))
    near, far = positive(alpha, "alpha"), positive(beta, "beta")
    middle = number(base, "base", "a finite number", math.isfinite)
    unit = Unit(x)
    cosines = unit.rows @ unit.rows.T
    same = y[:, None] == y
    pull, to_pull = _softplus_of_sums(-near * (cosines - middle), same & ~np.eye(len(x), dtype=np.bool_))
    push, to_push = _softplus_of_sums(far * (cosines - middle), ~same)

    def backward(upstream: Array) -> tuple[Array, ...]:
        by = (upstream[:, None] * (to_push - to_pull)).astype(x.dtype)
        return (unit.backward((by + by.T) @ unit.rows),)

    return Terms((pull / near + push / far).astype(x.dtype), backward)


@composed(
    facts(
        "metric learning, face recognition",
        "scale invariant",
        needs="embeddings: (N, D), labels: (N,) ints, proxies: (C, D)",
    ),
    differentiable=("embeddings", "proxies"),
    rows=Rows(("embeddings", "labels"), coupled=True),
)
def proxy_anchor_loss(
    embeddings: Any, labels: Any, proxies: Any, /, *, margin: float = 0.1, alpha: float = 32.0
) -> Terms:
    """Each proxy of a class against all samples, by cosines ``s``; one term for the batch, 0 without samples.

    The mean of ``log(1 + sum exp(-alpha (s - margin)))`` over the samples of a proxy's class, for proxies that have some,
    plus the mean of ``log(1 + sum exp(alpha (s + margin)))`` over all other samples, for all proxies.

    Inputs:
        embeddings: (N, D), of any length.
        labels: (N,) ints from 0 to C - 1.
        proxies: (C, D), one for each class, of any length; they are learnt as well.

    Args:
        margin: at least 0.
        alpha: how steep, above 0.

    Example:
        >>> round(float(proxy_anchor_loss([[1.0, 0.0]], [0], np.eye(2), margin=0.0, alpha=1.0)), 6)
        0.659835

    Source:
        S. Kim et al., Proxy anchor loss for deep metric learning, 2020.
    """
    x = embeddings_of(embeddings)
    w = rows_like(proxies, x, "proxies")
    y = labels_of(labels, len(x), len(w))
    apart, steep = not_negative(margin, "margin"), positive(alpha, "alpha")
    unit_x, unit_w = Unit(x), Unit(w)
    cosines = unit_w.rows @ unit_x.rows.T
    own = np.arange(len(w))[:, None] == y
    present = max(int(own.any(axis=1).sum()), 1)
    pull, to_pull = _softplus_of_sums(-steep * (cosines - apart), own)
    push, to_push = _softplus_of_sums(steep * (cosines + apart), ~own)
    value = pull.sum() / present + push.sum() / max(len(w), 1)

    def backward(upstream: Array) -> tuple[Array, ...]:
        by = (steep * upstream * (to_push / max(len(w), 1) - to_pull / present)).astype(x.dtype)
        return unit_x.backward(by.T @ unit_w.rows), unit_w.backward(by @ unit_x.rows)

    return Terms(np.asarray(value, dtype=x.dtype), backward)


@composed(
    facts("self-supervised learning", "", needs="first, second: (N, D), N >= 2"),
    differentiable=("first", "second"),
    rows=Rows(("first", "second"), coupled=True),
)
def vicreg_loss(
    first: Any,
    second: Any,
    /,
    *,
    invariance: float = 25.0,
    variance: float = 25.0,
    covariance: float = 1.0,
    eps: float = 1e-4,
) -> Terms:
    """Views of one thing alike, no column without variance, no two columns alike: three parts, one term for the batch.

    ``invariance`` times the mean of ``(a - b)^2``; ``variance`` times the mean of ``max(0, 1 - sqrt(var + eps)) / 2`` over
    the columns of both views; ``covariance`` times the sum of squares of all covariances of two columns, over D. Variances
    are those of samples, over N - 1.

    Inputs:
        first, second: (N, D), two views of the same N samples.

    Args:
        invariance, variance, covariance: what the parts count, at least 0.
        eps: added to variances, above 0.

    Example:
        >>> x = np.array([[1.0, 1.0], [1.0, -1.0], [-1.0, 1.0], [-1.0, -1.0]])
        >>> float(vicreg_loss(x, x))
        0.0

    Source:
        A. Bardes et al., VICReg: variance-invariance-covariance regularization for self-supervised learning, 2022.
    """
    a = embeddings_of(first, "first")
    b = same_shape(second, a, "second", "first")
    of_apart, of_spread, of_both = (
        not_negative(given, name)
        for given, name in ((invariance, "invariance"), (variance, "variance"), (covariance, "covariance"))
    )
    tiny = positive(eps, "eps")
    count, size = a.shape
    if count < 2 or size == 0:
        return Terms(np.full((), math.nan, a.dtype), lambda _: (np.full_like(a, math.nan), np.full_like(b, math.nan)))
    apart = a.astype(np.float64) - b
    value = of_apart * np.square(apart).mean()
    slopes = [2 * of_apart / apart.size * apart, -2 * of_apart / apart.size * apart]
    for side, view in enumerate((a, b)):
        centered = view - view.mean(axis=0, dtype=np.float64)
        deviation = np.sqrt(np.square(centered).sum(axis=0) / (count - 1) + tiny)
        shared = centered.T @ centered / (count - 1)
        np.fill_diagonal(shared, 0)
        value += of_spread * np.maximum(1 - deviation, 0).mean() / 2 + of_both * np.square(shared).sum() / size
        narrow = np.where(deviation < 1, 1 / deviation, 0)
        slopes[side] -= of_spread / (2 * size * (count - 1)) * narrow * centered
        slopes[side] += 4 * of_both / (size * (count - 1)) * (centered @ shared)

    def backward(upstream: Array) -> tuple[Array, ...]:
        return tuple((upstream * slope).astype(a.dtype) for slope in slopes)

    return Terms(np.asarray(value, dtype=a.dtype), backward)


def _softplus_of_sums(logits: Array, counts: npt.NDArray[np.bool_]) -> tuple[Array, Array]:
    """``log(1 + sum exp(logits))`` over what counts of each row, in doubles, and its derivatives."""
    own = np.where(counts, logits.astype(np.float64), -np.inf)
    most = np.maximum(own.max(axis=1, keepdims=True, initial=-np.inf), 0)
    powers = np.exp(own - most)
    total = np.exp(-most) + powers.sum(axis=1, keepdims=True)
    return (most + np.log(total))[:, 0], powers / total
