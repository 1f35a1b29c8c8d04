"""Metrics of ranked lists: retrieval, recommendation, search.

No kernel: sorts of NumPy. A query has documents with scores, of which some are relevant. ``y_true`` and ``y_score`` are

- (Q, L): a row for each query, of L documents; or
- (N,) with ``query``, (N,) numbers of the query of each document, in any order, for lists of different lengths.

``y_true`` is relevance: of :func:`ndcg_score` and :func:`dcg_score` any gain >= 0, else relevant where above 0. Each score is
the mean over queries, weighted by ``sample_weight`` (Q,) (of queries in ascending order of their numbers), and

- ``k``: only the first k of each list are looked at; None: all. A list shorter than k is looked at as a whole.
- ``empty``: the score of a query without any relevant document: 0.0 (default, as scikit-learn and torchmetrics, which calls
  it "neg"), 1.0 ("pos"), "skip" leaves it out as trec_eval does, "raise".
- ``ties``: the order of documents of equal scores: "worst" has the less relevant ones first (default: equal scores rank
  nothing), "best" last, and "stable" has them as they come; torchmetrics leaves it to its sort. DCG also takes "average", the
  mean over all orders, and has it by default.

Batch by batch: :class:`metrix.accumulators.SampleMean`, with whole queries in a batch. NaN where there is nothing to score.
Errors: ``ValueError`` for NaN among scores, and for shapes that differ. Rank-k identification of embeddings:
:func:`metrix.verification.identification_rates`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from metrix._arrays import Array, as_ndarray
from metrix._sample_mean import Skipping, is_mean_of, sample_mean

FloatArray = npt.NDArray[np.float64]
Empty = Literal["skip", "raise"] | float
Ties = Literal["worst", "best", "stable"]
DcgTies = Literal["average", "worst", "best", "stable"]
Gains = Literal["linear", "exponential"]
Denominator = Literal["relevant", "reachable", "found"]


@dataclass(frozen=True)
class _Lists:
    """Documents of all queries by descending score, query after query."""

    gain: FloatArray
    falling: Array  # scores, negated
    start: npt.NDArray[np.intp]  # (Q,)
    length: npt.NDArray[np.intp]  # (Q,)

    def rank(self) -> npt.NDArray[np.intp]:
        """From 1."""
        return np.arange(1, len(self.gain) + 1) - np.repeat(self.start, self.length)

    def sums(self, values: Array) -> FloatArray:
        """(Q,) of (N,)."""
        total = np.zeros(len(self.start))
        used = self.length > 0
        if used.any():
            total[used] = np.add.reduceat(values.astype(np.float64), self.start[used])
        return total

    def running(self, values: Array) -> FloatArray:
        """Sums from the start of each list on, of whole numbers."""
        sums = np.cumsum(values.astype(np.float64))
        before = np.r_[0.0, sums][self.start]
        return np.asarray(sums - np.repeat(before, self.length))


def _lists(y_true: Any, y_score: Any, query: Any, ties: str) -> _Lists:
    truth, scores = as_ndarray(y_true, "y_true"), as_ndarray(y_score, "y_score")
    for array, name in ((truth, "y_true"), (scores, "y_score")):
        if array.dtype.kind not in "fiub":
            raise TypeError(f"{name}: expected real numbers, got dtype {array.dtype}")
    if scores.shape != truth.shape:
        raise ValueError(f"y_score: expected the shape of y_true, {truth.shape}, got {scores.shape}")
    if truth.ndim != (2 if query is None else 1):
        wanted = "(Q, L), or query for (N,)" if query is None else "(N,) as with query"
        raise ValueError(f"y_true: expected shape {wanted}, got {truth.shape}")
    if ties not in ("worst", "best", "stable"):
        raise ValueError(f"ties: expected 'worst', 'best' or 'stable', got {ties!r}")
    for array, name in ((truth, "y_true"), (scores, "y_score")):
        if array.dtype.kind == "f" and np.isnan(array).any():
            place = tuple(np.argwhere(np.isnan(array))[0].tolist())
            raise ValueError(f"{name}: expected numbers, got NaN at index {place}")
    gain = truth.astype(np.float64)
    falling = -(scores if scores.dtype.kind == "f" else scores.astype(np.float64))
    last = gain if ties == "worst" else -gain
    if query is None:
        order = np.argsort(falling, axis=1, kind="stable")
        if ties != "stable":
            order = np.argsort(last, axis=1, kind="stable")
            of_score = np.argsort(np.take_along_axis(falling, order, axis=1), axis=1, kind="stable")
            order = np.take_along_axis(order, of_score, axis=1)
        gain, falling = (np.take_along_axis(side, order, axis=1).ravel() for side in (gain, falling))
        length = np.full(truth.shape[0], truth.shape[1])
    else:
        given = as_ndarray(query, "query")
        if given.shape != truth.shape:
            raise ValueError(f"query: expected the shape of y_true, {truth.shape}, got {given.shape}")
        _, number, length = np.unique(given, return_inverse=True, return_counts=True)
        order = np.lexsort((falling, number) if ties == "stable" else (last, falling, number))
        gain, falling = gain[order], falling[order]
    return _Lists(gain, falling, np.cumsum(length) - length, length)


def _first(k: int | None, lists: _Lists) -> npt.NDArray[np.bool_]:
    """(N,) whether a document is among the first k of its list."""
    if k is None:
        return np.ones(len(lists.gain), dtype=np.bool_)
    if isinstance(k, bool) or int(k) != k or k < 1:
        raise ValueError(f"k: expected an int >= 1, got {k!r}")
    return lists.rank() <= k


def _with_empty(values: FloatArray, relevant: FloatArray, empty: Any) -> FloatArray | Skipping:
    """(Q,) scores, and what queries without relevant documents have."""
    without = relevant == 0
    if empty == "raise" and without.any():
        raise ValueError(
            f"y_true: expected a relevant document of each query, got none of query {int(without.argmax())}"
        )
    if empty in ("skip", "raise"):
        return Skipping(np.where(without, np.nan, values))
    if isinstance(empty, str) or not 0 <= empty <= 1:
        raise ValueError(f"empty: expected 'skip', 'raise' or a number from 0 to 1, got {empty!r}")
    return np.where(without, float(empty), values)


def _quotient(over: FloatArray, under: Any) -> FloatArray:
    return np.asarray(over / np.where(under == 0, 1, under))


def _dcg(lists: _Lists, k: int | None, gains: str, averages: bool) -> FloatArray:
    """(Q,) discounted gains."""
    if gains not in ("linear", "exponential"):
        raise ValueError(f"gains: expected 'linear' or 'exponential', got {gains!r}")
    if (lists.gain < 0).any():
        raise ValueError(f"y_true: expected gains >= 0, got {lists.gain.min()}")
    gain = lists.gain if gains == "linear" else np.exp2(lists.gain) - 1
    discount = np.where(_first(k, lists), 1 / np.log2(lists.rank() + 1.0), 0.0)
    if averages and len(gain):
        changes = np.diff(lists.falling, prepend=np.nan) != 0
        changes[lists.start[lists.length > 0]] = True
        first = np.flatnonzero(changes)
        sizes = np.diff(first, append=len(gain))
        gain = np.repeat(np.add.reduceat(gain, first) / sizes, sizes)
    return lists.sums(gain * discount)


def _dcg_terms(
    y_true: Any, y_score: Any, *, query: Any = None, k: int | None = None, gains: str = "linear", ties: str = "average"
) -> FloatArray:
    lists = _lists(y_true, y_score, query, "worst" if ties == "average" else ties)
    return _dcg(lists, k, gains, ties == "average")


def _ndcg_terms(
    y_true: Any,
    y_score: Any,
    *,
    query: Any = None,
    k: int | None = None,
    gains: str = "linear",
    ties: str = "average",
    empty: Any = 0.0,
) -> FloatArray | Skipping:
    found = _dcg_terms(y_true, y_score, query=query, k=k, gains=gains, ties=ties)
    best = _dcg_terms(y_true, y_true, query=query, k=k, gains=gains, ties="stable")
    return _with_empty(_quotient(found, best), best, empty)


@is_mean_of(_dcg_terms)
def dcg_score(
    y_true: Any,
    y_score: Any,
    *,
    query: Any = None,
    k: int | None = None,
    gains: Gains = "linear",
    ties: DcgTies = "average",
    sample_weight: Any = None,
) -> float:
    """Discounted cumulative gain: sum of ``gain / log2(rank + 1)``.

    Args:
        y_true: gains >= 0.
        y_score, query, k, ties, sample_weight: see the module.
        gains: "linear", ``y_true`` itself (scikit-learn, torchmetrics); "exponential", ``2^y_true - 1`` (of web search).

    Example:
        >>> dcg_score([[3.0, 0.0, 1.0]], [[0.9, 0.8, 0.1]])
        3.5

    Source:
        K. Järvelin and J. Kekäläinen, Cumulated gain-based evaluation of IR techniques, 2002; scikit-learn 1.9,
        ``dcg_score``.
    """
    return sample_mean(_dcg_terms(y_true, y_score, query=query, k=k, gains=gains, ties=ties), sample_weight)


@is_mean_of(_ndcg_terms)
def ndcg_score(
    y_true: Any,
    y_score: Any,
    *,
    query: Any = None,
    k: int | None = None,
    gains: Gains = "linear",
    ties: DcgTies = "average",
    empty: Empty = 0.0,
    sample_weight: Any = None,
) -> float:
    """Discounted cumulative gain relative to that of the best order, of each query.

    Args:
        y_true: gains >= 0; a query is empty where all are 0.
        y_score, query, k, ties, empty, sample_weight: see the module.
        gains: as in :func:`dcg_score`.

    Example:
        >>> round(ndcg_score([[3.0, 0.0, 1.0]], [[0.9, 0.8, 0.1]]), 6)
        0.96394

    Source:
        scikit-learn 1.9, ``ndcg_score``.
    """
    terms = _ndcg_terms(y_true, y_score, query=query, k=k, gains=gains, ties=ties, empty=empty)
    return sample_mean(terms, sample_weight)


def _reciprocal_terms(
    y_true: Any, y_score: Any, *, query: Any = None, k: int | None = None, ties: str = "worst", empty: Any = 0.0
) -> FloatArray | Skipping:
    lists = _lists(y_true, y_score, query, ties)
    relevant = lists.gain > 0
    is_first = relevant & (lists.running(relevant) == 1) & _first(k, lists)
    return _with_empty(lists.sums(is_first / lists.rank()), lists.sums(relevant), empty)


@is_mean_of(_reciprocal_terms)
def mean_reciprocal_rank(
    y_true: Any,
    y_score: Any,
    *,
    query: Any = None,
    k: int | None = None,
    ties: Ties = "worst",
    empty: Empty = 0.0,
    sample_weight: Any = None,
) -> float:
    """Mean of 1 / rank of the first relevant document; 0 where none is among the first k. Arguments: see the module.

    Example:
        >>> mean_reciprocal_rank([[0, 1, 1], [1, 0, 0]], [[0.9, 0.8, 0.1], [0.9, 0.8, 0.1]])
        0.75

    Source:
        torchmetrics 1.9, ``RetrievalMRR``; the reciprocal rank of TREC.
    """
    return sample_mean(_reciprocal_terms(y_true, y_score, query=query, k=k, ties=ties, empty=empty), sample_weight)


def _map_terms(
    y_true: Any,
    y_score: Any,
    *,
    query: Any = None,
    k: int | None = None,
    denominator: str = "relevant",
    ties: str = "worst",
    empty: Any = 0.0,
) -> FloatArray | Skipping:
    lists = _lists(y_true, y_score, query, ties)
    relevant = lists.gain > 0
    counted = relevant & _first(k, lists)
    total, found = lists.sums(relevant), lists.sums(counted)
    if denominator not in ("relevant", "reachable", "found"):
        raise ValueError(f"denominator: expected 'relevant', 'reachable' or 'found', got {denominator!r}")
    under = {"relevant": total, "reachable": total if k is None else np.minimum(total, k), "found": found}[denominator]
    return _with_empty(_quotient(lists.sums(counted * lists.running(relevant) / lists.rank()), under), total, empty)


@is_mean_of(_map_terms)
def mean_average_precision(
    y_true: Any,
    y_score: Any,
    *,
    query: Any = None,
    k: int | None = None,
    denominator: Denominator = "relevant",
    ties: Ties = "worst",
    empty: Empty = 0.0,
    sample_weight: Any = None,
) -> float:
    """Mean over queries of the precision at each relevant document among the first k.

    Args:
        y_true, y_score, query, k, ties, empty, sample_weight: see the module.
        denominator: by how many these precisions are divided: all "relevant" documents (TREC); the "reachable" ones, at most
            k (MAP@k of recommenders); or those "found" among the first k (torchmetrics). Without k all are the same.

    Example:
        >>> mean_average_precision([[0, 1, 1]], [[0.9, 0.8, 0.1]], k=2)
        0.25

    Source:
        torchmetrics 1.9, ``RetrievalMAP``; C. D. Manning et al., Introduction to information retrieval, 2008.
    """
    terms = _map_terms(y_true, y_score, query=query, k=k, denominator=denominator, ties=ties, empty=empty)
    return sample_mean(terms, sample_weight)


def _map_at_r_terms(
    y_true: Any, y_score: Any, *, query: Any = None, ties: str = "worst", empty: Any = 0.0
) -> FloatArray | Skipping:
    lists = _lists(y_true, y_score, query, ties)
    relevant = lists.gain > 0
    total = lists.sums(relevant)
    counted = relevant & (lists.rank() <= np.repeat(total, lists.length))
    return _with_empty(_quotient(lists.sums(counted * lists.running(relevant) / lists.rank()), total), total, empty)


@is_mean_of(_map_at_r_terms)
def mean_average_precision_at_r(
    y_true: Any,
    y_score: Any,
    *,
    query: Any = None,
    ties: Ties = "worst",
    empty: Empty = 0.0,
    sample_weight: Any = None,
) -> float:
    """MAP@R of metric learning: of a query with R relevant documents, precisions at those among the first R, over R.

    Leave the query itself out of its list. Arguments: see the module.

    Example:
        >>> mean_average_precision_at_r([[0, 1, 1]], [[0.9, 0.8, 0.1]])
        0.25

    Source:
        K. Musgrave et al., A metric learning reality check, 2020.
    """
    return sample_mean(_map_at_r_terms(y_true, y_score, query=query, ties=ties, empty=empty), sample_weight)


def _precision_terms(
    y_true: Any, y_score: Any, *, query: Any = None, k: int | None = None, ties: str = "worst", empty: Any = 0.0
) -> FloatArray | Skipping:
    lists = _lists(y_true, y_score, query, ties)
    relevant = lists.gain > 0
    found = lists.sums(relevant & _first(k, lists))
    return _with_empty(_quotient(found, lists.length if k is None else k), lists.sums(relevant), empty)


@is_mean_of(_precision_terms)
def precision_at_k(
    y_true: Any,
    y_score: Any,
    *,
    query: Any = None,
    k: int | None = None,
    ties: Ties = "worst",
    empty: Empty = 0.0,
    sample_weight: Any = None,
) -> float:
    """Mean share of relevant documents among the first k; k is what it is of, also for shorter lists. See the module.

    Example:
        >>> precision_at_k([[0, 1, 1]], [[0.9, 0.8, 0.1]], k=2)
        0.5

    Source:
        torchmetrics 1.9, ``RetrievalPrecision``.
    """
    return sample_mean(_precision_terms(y_true, y_score, query=query, k=k, ties=ties, empty=empty), sample_weight)


def _recall_terms(
    y_true: Any, y_score: Any, *, query: Any = None, k: int | None = None, ties: str = "worst", empty: Any = 0.0
) -> FloatArray | Skipping:
    lists = _lists(y_true, y_score, query, ties)
    relevant = lists.gain > 0
    total = lists.sums(relevant)
    return _with_empty(_quotient(lists.sums(relevant & _first(k, lists)), total), total, empty)


@is_mean_of(_recall_terms)
def recall_at_k(
    y_true: Any,
    y_score: Any,
    *,
    query: Any = None,
    k: int | None = None,
    ties: Ties = "worst",
    empty: Empty = 0.0,
    sample_weight: Any = None,
) -> float:
    """Mean share of the relevant documents that are among the first k. See the module.

    What metric learning calls Recall@K is :func:`hit_rate_at_k`.

    Example:
        >>> recall_at_k([[0, 1, 1]], [[0.9, 0.8, 0.1]], k=2)
        0.5

    Source:
        torchmetrics 1.9, ``RetrievalRecall``.
    """
    return sample_mean(_recall_terms(y_true, y_score, query=query, k=k, ties=ties, empty=empty), sample_weight)


def _hit_terms(
    y_true: Any, y_score: Any, *, query: Any = None, k: int | None = None, ties: str = "worst", empty: Any = 0.0
) -> FloatArray | Skipping:
    lists = _lists(y_true, y_score, query, ties)
    relevant = lists.gain > 0
    hits = lists.sums(relevant & _first(k, lists)) > 0
    return _with_empty(hits.astype(np.float64), lists.sums(relevant), empty)


@is_mean_of(_hit_terms)
def hit_rate_at_k(
    y_true: Any,
    y_score: Any,
    *,
    query: Any = None,
    k: int | None = None,
    ties: Ties = "worst",
    empty: Empty = 0.0,
    sample_weight: Any = None,
) -> float:
    """Share of queries with a relevant document among the first k: Recall@K of metric learning, rank-k, CMC. See the module.

    Example:
        >>> hit_rate_at_k([[0, 1, 1], [0, 0, 1]], [[0.9, 0.8, 0.1], [0.9, 0.8, 0.1]], k=2)
        0.5

    Source:
        torchmetrics 1.9, ``RetrievalHitRate``; H. Oh Song et al., Deep metric learning via lifted structured feature
        embedding, 2016.
    """
    return sample_mean(_hit_terms(y_true, y_score, query=query, k=k, ties=ties, empty=empty), sample_weight)


def _r_precision_terms(
    y_true: Any, y_score: Any, *, query: Any = None, ties: str = "worst", empty: Any = 0.0
) -> FloatArray | Skipping:
    lists = _lists(y_true, y_score, query, ties)
    relevant = lists.gain > 0
    total = lists.sums(relevant)
    found = lists.sums(relevant & (lists.rank() <= np.repeat(total, lists.length)))
    return _with_empty(_quotient(found, total), total, empty)


@is_mean_of(_r_precision_terms)
def r_precision(
    y_true: Any,
    y_score: Any,
    *,
    query: Any = None,
    ties: Ties = "worst",
    empty: Empty = 0.0,
    sample_weight: Any = None,
) -> float:
    """Mean share of relevant documents among the first R, of a query with R relevant ones. See the module.

    Example:
        >>> r_precision([[0, 1, 1]], [[0.9, 0.8, 0.1]])
        0.5

    Source:
        torchmetrics 1.9, ``RetrievalRPrecision``; TREC.
    """
    return sample_mean(_r_precision_terms(y_true, y_score, query=query, ties=ties, empty=empty), sample_weight)
