"""Triplets found in a batch by their labels, and the loss over them.

Distances are Euclidean between the embeddings as they are; normalize them before, where that is wanted. They are the same
bits for any number of threads and on any machine, so that the choice among near ones is as well.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from metrix import _core
from metrix._threads import resolve_num_threads
from metrix.losses._arguments import Array, not_negative, one_of
from metrix.losses._composed import FusedTerms, Terms, composed
from metrix.losses._embeddings import embeddings_of, labels_of
from metrix.losses._facts import facts
from metrix.losses._left_out import Rows

MINING = ("all", "hard", "semihard")


def mine_triplets(
    embeddings: Any, labels: Any, *, mining: str = "semihard", squared: bool = False, num_threads: int | None = None
) -> tuple[Array, Array, Array]:
    """Rows of anchors, of positives with their label, and of negatives with another one.

    Args:
        embeddings: (N, D), finite.
        labels: (N,) ints.
        mining: "all" triplets; "hard": for each anchor its farthest positive and its nearest negative; "semihard": for each
            anchor and positive the nearest of the negatives that are farther than the positive, if there are any
            (TensorFlow Addons then takes the farthest negative).
        squared: compares squared distances, which rounding may order otherwise.
        num_threads: None: as many as there are.

    Returns:
        Three int64 arrays of one length, in ascending order of anchors, positives and negatives. Of equal distances the
        first counts.

    Raises:
        ValueError: for embeddings that are not finite.

    Example:
        >>> x = np.array([[0.0], [1.0], [3.0], [1.5]])
        >>> anchors, positives, negatives = mine_triplets(x, [0, 0, 1, 1], mining="hard")
        >>> np.stack([anchors, positives, negatives]).tolist()
        [[0, 1, 2, 3], [1, 0, 3, 2], [3, 3, 1, 1]]

    Source:
        F. Schroff et al., FaceNet, 2015; A. Hermans et al., In defense of the triplet loss, 2017.
    """
    one_of(mining, "mining", MINING)
    x = embeddings_of(embeddings)
    y = labels_of(labels, len(x))
    wrong = np.argwhere(~np.isfinite(x))
    if len(wrong):
        i, j = wrong[0]
        raise ValueError(f"embeddings[{i}, {j}]: expected a finite number, got {x[i, j]}")
    threads = resolve_num_threads(num_threads)
    points = x.astype(np.float64, copy=False)
    distances = _core.losses.pairwise_distances(points, points, squared, threads)
    anchors, positives, negatives = _core.losses.mine_triplets(distances, y, mining, threads)
    return anchors, positives, negatives


@composed(
    facts("metric learning, face recognition", "", needs="embeddings: (N, D), labels: (N,) ints"),
    rows=Rows(("embeddings", "labels"), coupled=True),
)
def batch_triplet_loss(
    embeddings: Any,
    labels: Any,
    /,
    *,
    mining: str = "hard",
    margin: float = 0.2,
    squared: bool = False,
    over: str = "all",
    num_threads: int | None = None,
) -> FusedTerms | Terms:
    """The mean of ``max(0, d(anchor, positive) - d(anchor, negative) + margin)`` over triplets of a batch; one term.

    Which triplets, :func:`metrix.losses.triplets.mine_triplets` says. They are not made one by one in memory: "all" of a
    large batch is a matter of its distances.

    Inputs:
        embeddings: (N, D).
        labels: (N,) ints.

    Args:
        mining: "hard", "semihard" or "all".
        margin: at least 0.
        squared: squared distances.
        over: "all" triplets that were found, or "active" ones with a term above 0, as pytorch-metric-learning averages.
        num_threads: None: as many as there are.

    No triplets: 0, with the gradient 0. An embedding that is not finite makes the value and all gradients NaN.

    Example:
        >>> x = np.array([[0.0], [1.0], [3.0], [1.5]])
        >>> float(batch_triplet_loss(x, [0, 0, 1, 1], mining="hard", margin=0.5))
        0.625

    Source:
        F. Schroff et al., FaceNet, 2015; A. Hermans et al., In defense of the triplet loss, 2017.
    """
    one_of(mining, "mining", MINING)
    one_of(over, "over", ["active", "all"])
    apart = not_negative(margin, "margin")
    x = embeddings_of(embeddings)
    y = labels_of(labels, len(x))
    if not np.isfinite(x).all():
        return Terms(np.full((), math.nan, x.dtype), lambda _: (np.full_like(x, math.nan),))
    threads = resolve_num_threads(num_threads)
    points = x.astype(np.float64, copy=False)
    distances = _core.losses.pairwise_distances(points, points, squared, threads)
    chosen = y, mining, apart, threads

    def evaluate(upstream: Array | None) -> tuple[Array, tuple[Array, ...]]:
        if upstream is None:
            total, count, active = _core.losses.batch_triplet_loss(distances, *chosen)
        else:
            total, count, active, by = _core.losses.batch_triplet_gradient(points, distances, squared, *chosen)
        divisor = max(count if over == "all" else active, 1)
        value = np.asarray(total / divisor, dtype=x.dtype)
        if upstream is None:
            return value, ()
        by *= upstream / divisor
        return value, (by.astype(x.dtype, copy=False),)

    return FusedTerms(evaluate, like=np.empty((), x.dtype))
