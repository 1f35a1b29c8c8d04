"""Inception Score by its definition."""

from __future__ import annotations

import pickle
from typing import Any

import numpy as np
import pytest

from effort import cases
from metrix.generative import InceptionScore, inception_score


def obvious_scores(p: Any, parts: list[Any]) -> Any:
    """By definition, in longdouble, with 0 log 0 = 0."""
    p = np.asarray(p, dtype=np.longdouble)
    scores = []
    for rows in parts:
        mean = p[rows].mean(axis=0)
        divergences = [sum(v * np.log(v / m) for v, m in zip(row, mean) if v > 0) for row in p[rows]]
        scores.append(np.exp(np.mean(divergences)))
    return np.array(scores, dtype=np.float64)


def test_inception_score_by_definition(rng: np.random.Generator) -> None:
    for _ in range(cases(100)):
        count, classes, splits = (int(rng.integers(*bounds)) for bounds in ((7, 40), (1, 8), (1, 7)))
        logits = rng.normal(size=(count, classes)) * rng.choice([0.1, 3, 300])
        p = np.exp(logits - logits.max(axis=1, keepdims=True))
        p /= p.sum(axis=1, keepdims=True)
        for interleaved in (False, True):
            parts = [
                np.arange(k, count, splits)
                if interleaved
                else np.arange(k * count // splits, (k + 1) * count // splits)
                for k in range(splits)
            ]
            scores = obvious_scores(p, parts)
            both: dict[str, Any] = {"splits": splits, "interleaved": interleaved}
            for found in (inception_score(p, **both), inception_score(logits, from_logits=True, **both)):
                assert found.mean == pytest.approx(scores.mean(), rel=1e-12)
                assert found.std == pytest.approx(scores.std(), rel=1e-9, abs=1e-12)
            if splits > 1:
                assert inception_score(p, ddof=1, **both).std == pytest.approx(scores.std(ddof=1), rel=1e-9, abs=1e-12)


def test_inception_score_of_many_blocks(rng: np.random.Generator) -> None:
    """More rows of a split than are worked on at a time."""
    p = np.repeat(np.eye(1 << 10)[:100], 10, axis=0)
    assert inception_score(p, splits=1).mean == pytest.approx(100, rel=1e-12)
    assert np.isnan(inception_score(p, splits=1, ddof=1).std)
    logits = np.where(p > 0, 0, -np.inf).astype(np.float32)
    assert inception_score(logits, splits=2, from_logits=True, interleaved=True).mean == pytest.approx(100, rel=1e-12)


def test_inception_score_of_equal_rows_is_not_below_one(rng: np.random.Generator) -> None:
    for _ in range(30):
        p = np.repeat(rng.dirichlet(np.ones(10), size=1), 7, axis=0)
        assert 1 <= inception_score(p, splits=1).mean <= 1 + 1e-14


def test_streamed_inception_score(rng: np.random.Generator) -> None:
    p = rng.dirichlet(np.ones(5), size=101).astype(np.float32)
    whole = inception_score(p, splits=4, interleaved=True)
    score = InceptionScore(splits=4)
    for start in range(0, 101, 7):
        score.update(p[start : start + 7])
    assert score.compute() == pytest.approx(whole, rel=1e-12)
    halves = [InceptionScore(splits=4) for _ in range(3)]
    halves[0].update(p[:48])
    halves[1].update(p[48:])
    halves[2].merge(halves[0])
    halves[2].merge(pickle.loads(pickle.dumps(halves[1])))
    assert halves[2].compute() == pytest.approx(whole, rel=1e-12)
    before = score.compute()
    with pytest.raises(ValueError, match="at index 1"):
        score.update(np.array([[1, 0, 0, 0, 0], [1, 1, 0, 0, 0]]))
    assert score.compute() == before
    score.reset()
    with pytest.raises(ValueError, match="a row for each of 4 splits, got 0 rows"):
        score.compute()


def test_wrong_probabilities() -> None:
    for wrong, message in (
        ([[2.0, 3.0]], r"from_logits=True\), got least 2.0 and sum 5.0 at index 0"),
        ([[0.5, 0.5], [-0.5, 1.5]], "got least -0.5 and sum 1.0 at index 1"),
        ([[np.nan, 0.5]], "at index 0"),
        ([0.5, 0.5], r"expected shape \(N, C\), got \(2,\)"),
        (np.empty((0, 3)), "expected a row for each of 1 splits, got 0 rows"),
    ):
        with pytest.raises(ValueError, match=message):
            inception_score(wrong, splits=1)
    for row in ([np.nan, 0.0], [np.inf, 0.0], [-np.inf, -np.inf]):
        with pytest.raises(ValueError, match="at index 1"):
            inception_score([[0.0, 0.0], row], splits=1, from_logits=True)
    with pytest.raises(ValueError, match="splits: expected an int >= 1, got 0"):
        inception_score([[1.0]], splits=0)
    with pytest.raises(ValueError, match="ddof: expected 0 or 1, got 2"):
        InceptionScore(ddof=2)
    with pytest.raises(ValueError, match=r"other: expected splits, from_logits and ddof \(10, False, 0\)"):
        InceptionScore().merge(InceptionScore(splits=2))
