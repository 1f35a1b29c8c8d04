"""metrix.accumulators: what tests/test_invariances.py, where every metric is listed, does not ask."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from metrix.accumulators import SampleMean
from metrix.classification import brier_score_loss, log_loss, roc_auc_score
from metrix.retrieval import mean_reciprocal_rank


def test_nothing_and_infinity() -> None:
    loss = SampleMean(log_loss, eps=0.0)
    assert np.isnan(loss.compute())
    loss.update([1], [0.0])
    assert loss.compute() == np.inf
    loss.reset()
    loss.update([1], [0.5])
    assert loss.compute() == pytest.approx(np.log(2), rel=1e-15)


def test_sums_lose_nothing(rng: np.random.Generator) -> None:
    """As one pass over a hundred batches whose terms differ by ten orders of magnitude."""
    truth, shares = np.ones(5000, dtype=int), np.exp(-np.exp(rng.normal(size=5000) * 5)).clip(1e-12, 1)
    parts = SampleMean(log_loss, eps=1e-15)
    for part in np.array_split(np.arange(5000), 100):
        parts.update(truth[part], shares[part])
    assert parts.compute() == log_loss(truth, shares, eps=1e-15)


def test_what_has_no_value_has_no_weight() -> None:
    ranks = SampleMean(mean_reciprocal_rank, empty="skip")
    ranks.update([[0, 0], [0, 1]], [[0.5, 0.25], [0.5, 0.25]], sample_weight=[5, 1])
    assert ranks.compute() == 0.5


def test_wrong_use_is_refused() -> None:
    with pytest.raises(
        TypeError, match=r"^metric: expected a function that is a mean over samples, got roc_auc_score$"
    ):
        SampleMean(roc_auc_score)
    with pytest.raises(ValueError, match=r"^other: expected the same metric and options$"):
        SampleMean(log_loss).merge(SampleMean(log_loss, eps=0.1))
    brier = SampleMean(brier_score_loss)
    wrong: list[Any] = [1, 2]
    with pytest.raises(ValueError, match=r"^sample_weight: expected shape \(1,\), got \(2,\)$"):
        brier.update([1], [0.5], sample_weight=wrong)
