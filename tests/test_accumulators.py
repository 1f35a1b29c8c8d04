"""metrix.accumulators: what tests/test_invariances.py, where every metric is listed, does not ask."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from metrix.accumulators import SampleMean
from metrix.classification import brier_score_loss, log_loss, roc_auc_score
from metrix.keypoints import normalized_mean_error
from metrix.perceptual import dists, lpips
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
    ranks.update([[0, 0], [0, 1], [1, 0]], [[0.5, 0.25]] * 3, sample_weight=[5, 1, 3])
    assert ranks.compute() == 0.875


def test_numbers_of_samples_are_averaged(rng: np.random.Generator) -> None:
    """Of functions that give them, and of one that reports more than the mean; faces without landmarks take no part."""
    features = [rng.normal(size=(2, 6, channels, 4, 4)) for channels in (3, 5)]
    weights = [rng.random(3), rng.random(5)]
    for metric, parameters in ((lpips, (weights,)), (dists, (weights, weights))):
        parts = SampleMean(metric)
        for part in (slice(0, 1), slice(1, 6)):
            parts.update([one[0][part] for one in features], [one[1][part] for one in features], *parameters)
        whole = metric([one[0] for one in features], [one[1] for one in features], *parameters)
        assert parts.compute() == pytest.approx(whole.mean(), rel=1e-15)
    truth = rng.random((5, 68, 2))
    found, visible = truth + rng.normal(size=truth.shape), np.arange(5)[:, None] * np.ones(68) > 0
    faces = SampleMean(normalized_mean_error)
    for part in (slice(0, 2), slice(2, 5)):
        faces.update(truth[part], found[part], visible=visible[part])
    assert faces.compute() == pytest.approx(normalized_mean_error(truth, found, visible=visible).mean, rel=1e-15)


def test_wrong_use_is_refused() -> None:
    with pytest.raises(
        TypeError, match=r"^metric: expected a function that is a mean over samples or gives their numbers, got"
    ):
        SampleMean(roc_auc_score)
    with pytest.raises(ValueError, match=r"^other: expected the same metric and options$"):
        SampleMean(log_loss).merge(SampleMean(log_loss, eps=0.1))
    brier = SampleMean(brier_score_loss)
    wrong: list[Any] = [1, 2]
    with pytest.raises(ValueError, match=r"^sample_weight: expected shape \(1,\), got \(2,\)$"):
        brier.update([1], [0.5], sample_weight=wrong)
