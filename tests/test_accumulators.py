"""metrix.accumulators: batches against the functions."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from metrix import forecasts, regression, retrieval
from metrix._sample_mean import _TERMS
from metrix.accumulators import SampleMean
from metrix.classification import brier_score_loss, log_loss, roc_auc_score, top_k_accuracy_score

Case = tuple[Callable[..., Any], Callable[[np.random.Generator, int], tuple[Any, ...]], dict[str, Any]]


def classes(rng: np.random.Generator, count: int) -> tuple[Any, ...]:
    return rng.integers(0, 4, count), rng.dirichlet(np.ones(4), count)


def positive(rng: np.random.Generator, count: int) -> tuple[Any, ...]:
    return tuple(rng.lognormal(size=(2, count)))


def members(rng: np.random.Generator, count: int) -> tuple[Any, ...]:
    return rng.normal(size=count), rng.normal(size=(count, 3))


def normals(rng: np.random.Generator, count: int) -> tuple[Any, ...]:
    return rng.normal(size=count), rng.normal(size=count), rng.random(count)


def bounds(rng: np.random.Generator, count: int) -> tuple[Any, ...]:
    target, lower = rng.normal(size=(2, count))
    return target, lower, lower + rng.random(count)


def widths(rng: np.random.Generator, count: int) -> tuple[Any, ...]:
    return bounds(rng, count)[1:]


def several(rng: np.random.Generator, count: int) -> tuple[Any, ...]:
    lower = rng.normal(size=(count, 2))
    return rng.normal(size=count), lower[:, 0], lower, lower + rng.random((count, 2))


def lists(rng: np.random.Generator, count: int) -> tuple[Any, ...]:
    return rng.integers(0, 3, (count, 5)), rng.integers(0, 4, (count, 5)) / 4


CASES: list[Case] = [
    (log_loss, classes, {"eps": 1e-3}),
    (brier_score_loss, classes, {}),
    (top_k_accuracy_score, classes, {"k": 2}),
    (regression.mean_tweedie_deviance, positive, {"power": 1.5}),
    (regression.mean_poisson_deviance, positive, {}),
    (regression.mean_gamma_deviance, positive, {}),
    (forecasts.crps_ensemble, members, {"estimator": "fair"}),
    (forecasts.crps_quantile, members, {"quantiles": [0.1, 0.5, 0.75]}),
    (forecasts.crps_gaussian, normals, {}),
    (forecasts.interval_score, bounds, {"alpha": 0.3}),
    (forecasts.interval_coverage, bounds, {}),
    (forecasts.mean_interval_width, widths, {}),
    (forecasts.weighted_interval_score, several, {"alphas": [0.2, 0.5]}),
    (retrieval.dcg_score, lists, {"k": 3}),
    (retrieval.ndcg_score, lists, {"empty": "skip"}),
    (retrieval.mean_reciprocal_rank, lists, {"k": 2}),
    (retrieval.mean_average_precision, lists, {"empty": "skip"}),
    (retrieval.mean_average_precision_at_r, lists, {}),
    (retrieval.precision_at_k, lists, {"k": 2}),
    (retrieval.recall_at_k, lists, {"k": 2}),
    (retrieval.hit_rate_at_k, lists, {"k": 1, "empty": 1.0}),
    (retrieval.r_precision, lists, {"ties": "best"}),
]


def test_every_mean_over_samples_is_tried() -> None:
    assert {case[0] for case in CASES} == set(_TERMS)


@pytest.mark.parametrize(("metric", "draw", "options"), CASES, ids=[case[0].__name__ for case in CASES])
@pytest.mark.parametrize("weighs", [False, True])
def test_batches_and_merges_are_one_pass(
    metric: Any, draw: Any, options: Any, weighs: bool, rng: np.random.Generator
) -> None:
    data = draw(rng, 300)
    weight = rng.random(300) if weighs else None
    whole = metric(*data, sample_weight=weight, **options)
    total = SampleMean(metric, **options)
    for part in np.array_split(np.arange(300), [1, 1, 70, 200]):
        own = SampleMean(metric, **options)
        own.update(*(side[part] for side in data), sample_weight=None if weight is None else weight[part])
        total.merge(pickle.loads(pickle.dumps(own)))
    assert total.compute() == pytest.approx(whole, rel=1e-15)
    order = rng.permutation(300)
    shuffled = metric(
        *(side[order] for side in data), sample_weight=None if weight is None else weight[order], **options
    )
    assert shuffled == pytest.approx(whole, rel=1e-15)
    copies = rng.integers(0, 3, 300)
    repeated = metric(*(np.repeat(side, copies, axis=0) for side in data), **options)
    assert metric(*data, sample_weight=copies, **options) == pytest.approx(repeated, rel=1e-14)
    total.reset()
    assert np.isnan(total.compute())


def test_other_metrics_are_refused() -> None:
    with pytest.raises(
        TypeError, match=r"^metric: expected a function that is a mean over samples, got roc_auc_score$"
    ):
        SampleMean(roc_auc_score)
    with pytest.raises(ValueError, match=r"^other: expected the same metric and options$"):
        SampleMean(log_loss).merge(SampleMean(log_loss, eps=0.1))
    brier = SampleMean(brier_score_loss)
    with pytest.raises(ValueError, match=r"^sample_weight: expected shape \(1,\), got \(2,\)$"):
        brier.update([1], [0.5], sample_weight=[1, 2])
