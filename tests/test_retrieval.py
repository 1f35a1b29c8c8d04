"""metrix.retrieval: against every order of ties, scikit-learn and torchmetrics where they are installed."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from effort import cases
from metrix import retrieval
from metrix.retrieval import (
    dcg_score,
    hit_rate_at_k,
    mean_average_precision,
    mean_average_precision_at_r,
    mean_reciprocal_rank,
    ndcg_score,
    precision_at_k,
    r_precision,
    recall_at_k,
)
from oracles import retrieval as oracle

BINARY = [
    hit_rate_at_k,
    mean_average_precision,
    mean_average_precision_at_r,
    mean_reciprocal_rank,
    precision_at_k,
    r_precision,
    recall_at_k,
]
NAMES = [metric.__name__ for metric in BINARY]
WITHOUT_K = ("mean_average_precision_at_r", "r_precision")


def of_k(name: str, k: int | None) -> dict[str, Any]:
    return {} if name in WITHOUT_K else {"k": k}


def draw(rng: np.random.Generator, lists: int, length: int, levels: int) -> tuple[Any, Any]:
    gains = rng.integers(0, 3, (lists, length)) * rng.integers(0, 2, (lists, length))
    gains[:, 0] = 1
    return gains, rng.integers(0, levels, (lists, length)) / 4 - 1


@pytest.mark.parametrize("ties", ["worst", "best"])
def test_every_order_of_ties(ties: Any, rng: np.random.Generator) -> None:
    for _ in range(cases(60)):
        gains, scores = draw(rng, 3, int(rng.integers(1, 6)), 4)
        k = int(rng.integers(1, 7))
        each = [oracle.of_ties(g, s, k, ties) for g, s in zip(gains.tolist(), scores.tolist())]
        for metric in BINARY:
            name = metric.__name__
            found = metric(gains, scores, ties=ties, **of_k(name, k))  # type: ignore[operator]
            assert found == pytest.approx(np.mean([one[name] for one in each]), rel=1e-14)
        for denominator in ("reachable", "found"):
            options: dict[str, Any] = {"k": k, "ties": ties, "denominator": denominator}
            expected = np.mean([one[f"map {denominator}"] for one in each])
            if denominator == "reachable" or len(np.unique(scores)) == scores.size:
                assert mean_average_precision(gains, scores, **options) == pytest.approx(expected, rel=1e-14)


def test_gains_of_every_order(rng: np.random.Generator) -> None:
    for _ in range(cases(60)):
        gains, scores = draw(rng, 2, int(rng.integers(1, 6)), 4)
        k = int(rng.integers(1, 7))
        for kind in ("linear", "exponential"):
            options: dict[str, Any] = {"k": k, "gains": kind}
            every = [
                [oracle.dcg(ranked, k, kind) for ranked in oracle.orders(g, s)]
                for g, s in zip(gains.tolist(), scores.tolist())
            ]
            best = [oracle.dcg(sorted(g, reverse=True), k, kind) for g in gains.tolist()]
            for ties, choose in (("average", np.mean), ("worst", min), ("best", max)):
                found = [choose(one) for one in every]
                assert dcg_score(gains, scores, ties=ties, **options) == pytest.approx(np.mean(found), rel=1e-13)
                expected = np.mean(np.divide(found, best))
                assert ndcg_score(gains, scores, ties=ties, **options) == pytest.approx(expected, rel=1e-13)


@pytest.mark.parametrize("name", [*NAMES, "ndcg_score", "dcg_score"])
def test_lists_of_any_length(name: str, rng: np.random.Generator) -> None:
    """Flat documents in any order are as lists, and queries as they are repeated."""
    metric = getattr(retrieval, name)
    lengths = rng.integers(1, 7, 12)
    query = np.repeat(rng.permutation(12) * 5 - 20, lengths)
    gains, scores = rng.integers(0, 3, len(query)), rng.permutation(len(query)) / 8
    each = {q: metric(gains[None, query == q], scores[None, query == q]) for q in np.unique(query)}
    order = rng.permutation(len(query))
    weight = rng.random(12)
    found = metric(gains[order], scores[order], query=query[order], sample_weight=weight)
    assert found == pytest.approx(np.average(list(each.values()), weights=weight), rel=1e-14)
    stable = metric(gains[order], scores[order], query=query[order], ties="stable")
    assert stable == pytest.approx(np.mean(list(each.values())), rel=1e-14)


def test_ties_as_they_come() -> None:
    gains, scores = [[0, 1, 0]], [[0.5, 0.5, 0.5]]
    assert mean_reciprocal_rank(gains, scores, ties="stable") == 0.5
    assert mean_reciprocal_rank(gains, scores, ties="best") == 1.0
    assert mean_reciprocal_rank(gains, scores) == 1 / 3
    assert mean_reciprocal_rank([0, 1, 0], scores[0], query=[7, 7, 7], ties="stable") == 0.5


@pytest.mark.parametrize("metric", [*BINARY, ndcg_score], ids=lambda metric: metric.__name__)
def test_queries_without_relevant_documents(metric: Any) -> None:
    gains, scores = [[0, 0], [1, 0]], [[0.5, 0.25], [0.5, 0.25]]
    options = of_k(metric.__name__, 1)
    for empty, expected in ((0.0, 0.5), (1.0, 1.0), ("skip", 1.0)):
        assert metric(gains, scores, empty=empty, **options) == expected
    with pytest.raises(ValueError, match=r"^y_true: expected a relevant document of each query, got none of query 0$"):
        metric(gains, scores, empty="raise")
    assert np.isnan(metric(gains[:1], scores[:1], empty="skip"))
    assert np.isnan(metric(np.zeros((0, 3)), np.zeros((0, 3))))
    with pytest.raises(ValueError, match=r"^empty: expected"):
        metric(gains, scores, empty="none")


def test_scikit_learn(rng: np.random.Generator) -> None:
    metrics = pytest.importorskip("sklearn.metrics")
    for _ in range(cases(100)):
        gains, scores = draw(rng, int(rng.integers(1, 6)), int(rng.integers(2, 30)), int(rng.choice([3, 10**9])))
        gains[0] = 0
        k, weight = int(rng.integers(1, 12)), rng.random(len(gains))
        for ours in (dcg_score, ndcg_score):
            expected = getattr(metrics, ours.__name__)(gains, scores, k=k, sample_weight=weight)
            assert ours(gains, scores, k=k, sample_weight=weight) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize(
    ("name", "reference", "options"),
    [
        ("mean_reciprocal_rank", "RetrievalMRR", {}),
        ("mean_average_precision", "RetrievalMAP", {"denominator": "found"}),
        ("precision_at_k", "RetrievalPrecision", {}),
        ("recall_at_k", "RetrievalRecall", {}),
        ("hit_rate_at_k", "RetrievalHitRate", {}),
        ("r_precision", "RetrievalRPrecision", {}),
        ("ndcg_score", "RetrievalNormalizedDCG", {}),
    ],
)
def test_torchmetrics(name: str, reference: str, options: Any, rng: np.random.Generator) -> None:
    torch = pytest.importorskip("torch")
    package = pytest.importorskip("torchmetrics.retrieval")
    for empty, action in ((0.0, "neg"), (1.0, "pos"), ("skip", "skip")):
        query = np.sort(rng.integers(0, 12, 60))
        gains, scores = rng.integers(0, 2, 60) * rng.integers(0, 2, 60), rng.permutation(60) / 64
        gains[query == 3] = 0
        k = 3
        top = {} if name in WITHOUT_K else {"top_k": k}
        metric = getattr(package, reference)(empty_target_action=action, **top)
        metric.update(torch.tensor(scores), torch.tensor(gains), indexes=torch.tensor(query))
        found = getattr(retrieval, name)(gains, scores, query=query, empty=empty, **of_k(name, k), **options)
        assert found == pytest.approx(float(metric.compute()), rel=1e-6)


@pytest.mark.parametrize(
    ("arguments", "options", "message"),
    [
        (([0, 1], [0.5, 0.25]), {}, r"y_true: expected shape \(Q, L\), or query for \(N,\), got \(2,\)"),
        (([[0, 1]], [[0.5, 0.25]]), {"query": [0]}, r"y_true: expected shape \(N,\) as with query, got \(1, 2\)"),
        (([0, 1], [0.5, 0.25]), {"query": [0]}, r"query: expected the shape of y_true, \(2,\), got \(1,\)"),
        (([[0, 1]], [[0.5]]), {}, r"y_score: expected the shape of y_true, \(1, 2\), got \(1, 1\)"),
        (([[0, 1]], [[0.5, np.nan]]), {}, r"y_score: expected numbers, got NaN at index \(0, 1\)"),
        (([[0, 1]], [[0.5, 0.25]]), {"k": 0}, "k: expected an int >= 1, got 0"),
        (([[0, 1]], [[0.5, 0.25]]), {"ties": "random"}, "ties: expected 'worst', 'best' or 'stable', got 'random'"),
    ],
)
def test_wrong_arguments_are_refused(arguments: Any, options: Any, message: str) -> None:
    with pytest.raises(ValueError, match=rf"^{message}$"):
        recall_at_k(*arguments, **options)
    with pytest.raises(ValueError, match=r"^y_true: expected gains >= 0, got -1.0$"):
        dcg_score([[-1.0]], [[0.0]])
    with pytest.raises(ValueError, match=r"^gains: expected"):
        ndcg_score([[1.0]], [[0.0]], gains="square")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=r"^denominator: expected"):
        mean_average_precision([[1.0]], [[0.0]], denominator="all")  # type: ignore[arg-type]
