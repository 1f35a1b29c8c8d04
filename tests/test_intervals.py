"""metrix.intervals: against SciPy where it is installed, and where the answer is known."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from effort import cases
from metrix.classification import RankingMetrics, roc_auc_score
from metrix.intervals import bootstrap_interval, roc_auc_interval
from metrix.regression import RegressionMetrics, mean_absolute_error


def mean(values: Any) -> Any:
    return values.mean(axis=0)


@pytest.mark.parametrize("method", ["percentile", "basic", "bca"])
def test_bootstrap_of_scipy(method: Any, rng: np.random.Generator) -> None:
    stats = pytest.importorskip("scipy.stats")
    for seed in range(cases(40)):
        y = rng.normal(size=int(rng.integers(3, 40)))
        x = y + rng.normal(size=len(y)) ** 2
        kind = {"bca": "BCa"}.get(method, method)
        options: dict[str, Any] = {"n_resamples": 60, "rng": np.random.default_rng(seed), "method": kind}
        options |= {"paired": True, "vectorized": False, "confidence_level": 0.8}
        expected = stats.bootstrap((y, x), lambda *sides: mean_absolute_error(*sides), **options)
        found = bootstrap_interval(mean_absolute_error, y, x, method=method, num_resamples=60, seed=seed, alpha=0.2)
        np.testing.assert_allclose(found[1:3], expected.confidence_interval, rtol=1e-12)
        assert found.standard_error == pytest.approx(expected.standard_error, rel=1e-12)
        assert found.value == mean_absolute_error(y, x)


def test_percentiles_are_those_of_the_draws(rng: np.random.Generator) -> None:
    values = rng.random((30, 2))
    generator = np.random.default_rng(5)
    drawn = np.array([mean(values[generator.integers(0, 30, 30)]) for _ in range(40)])
    found = bootstrap_interval(mean, values, num_resamples=40, seed=5, alpha=0.5)
    np.testing.assert_array_equal(found.low, np.quantile(drawn, 0.25, axis=0))
    np.testing.assert_array_equal(found.high, np.quantile(drawn, 0.75, axis=0))
    np.testing.assert_array_equal(found.value, mean(values))
    mirrored = bootstrap_interval(mean, values, num_resamples=40, seed=5, alpha=0.5, method="basic")
    np.testing.assert_allclose(mirrored.low, 2 * found.value - found.high, rtol=1e-15)


def test_accumulators_are_as_functions(rng: np.random.Generator) -> None:
    truth, scores = rng.random(50) < 0.5, rng.random(50)
    one = bootstrap_interval(roc_auc_score, truth, scores, num_resamples=30, method="bca")
    ranking = RankingMetrics()
    both = bootstrap_interval(ranking, truth, scores, num_resamples=30, method="bca")
    assert both.value.shape == (2,)
    assert tuple(one) == pytest.approx([side[0] for side in both], rel=1e-14)
    assert np.isnan(ranking.compute()["roc_auc"])  # it stays empty
    assert bootstrap_interval(RegressionMetrics(["max_error"]), scores, scores, num_resamples=3).low == [0.0]


def test_groups_of_one_are_samples(rng: np.random.Generator) -> None:
    values = rng.random(20) ** 3
    all_ways = {bootstrap_interval(mean, values, method="bca", num_groups=n, num_resamples=50)[:3] for n in (None, 20)}
    assert len(all_ways) == 1
    grouped = bootstrap_interval(mean, values, method="bca", num_groups=4, num_resamples=50)
    assert grouped.low != all_ways.pop()[1]


def test_resamples_without_a_value() -> None:
    truth, scores = [0, 0, 0, 0, 1], [0.1, 0.2, 0.3, 0.9, 0.8]
    assert np.isnan(bootstrap_interval(roc_auc_score, truth, scores, num_resamples=50).low)
    found = bootstrap_interval(roc_auc_score, truth, scores, num_resamples=50, nan="omit")
    assert 0 <= found.low < found.value == 0.75 < found.high == 1
    constant = bootstrap_interval(mean, np.ones(5), num_resamples=5, method="bca")
    assert np.isnan(constant.low)
    assert bootstrap_interval(mean, np.ones(5), num_resamples=5)[:3] == (1.0, 1.0, 1.0)


def test_variance_by_definition(rng: np.random.Generator) -> None:
    for _ in range(cases(100)):
        truth = np.r_[True, True, False, False, rng.random(int(rng.integers(0, 20))) < 0.5]
        scores = rng.integers(0, 6, len(truth)) / 4
        wins = (scores[truth][:, None] > scores[~truth]) + 0.5 * (scores[truth][:, None] == scores[~truth])
        variance = sum(wins.mean(axis=axis).var(ddof=1) / wins.shape[1 - axis] for axis in (0, 1))
        found = roc_auc_interval(truth, scores)
        assert found.value == pytest.approx(wins.mean(), rel=1e-15)
        assert found.standard_error == pytest.approx(np.sqrt(variance), rel=1e-13, abs=1e-15)
        assert found.low == pytest.approx(max(0, wins.mean() - 1.959963984540054 * np.sqrt(variance)), abs=1e-14)
    assert np.isnan(roc_auc_interval([0, 1, 1], [0.0, 1.0, 2.0]).low)


def test_ninety_of_a_hundred_hold_the_truth(rng: np.random.Generator) -> None:
    hits = [0, 0]
    for _ in range(200):
        truth = np.arange(60) % 2
        scores = rng.normal(size=60) + truth  # an area of Phi(1 / sqrt 2)
        found = roc_auc_interval(truth, scores, alpha=0.1)
        hits[0] += found.low <= 0.7602499389 <= found.high
        values = rng.normal(size=25)
        drawn = bootstrap_interval(mean, values, num_resamples=60, alpha=0.1)
        hits[1] += drawn.low <= 0 <= drawn.high
    assert all(160 <= hit <= 195 for hit in hits)


@pytest.mark.parametrize(
    ("data", "options", "message"),
    [
        ([[1.0]], {"alpha": 1}, "alpha: expected a number between 0 and 1, got 1"),
        ([[1.0]], {"method": "normal"}, "method: expected 'percentile', 'basic' or 'bca', got 'normal'"),
        ([[1.0]], {"nan": "raise"}, "nan: expected 'propagate' or 'omit', got 'raise'"),
        ([[1.0]], {"num_resamples": 0}, "num_resamples: expected an int >= 1, got 0"),
        ([[1.0], [1.0, 2.0]], {}, r"data: expected arrays of one length, at least 1, got \[1, 2\]"),
        ([], {}, "data: expected at least one array"),
        ([[1.0, 2.0]], {"method": "bca", "num_groups": 3}, "num_groups: expected an int from 2 to .*, 2, got 3"),
    ],
)
def test_wrong_arguments_are_refused(data: Any, options: Any, message: str) -> None:
    with pytest.raises(ValueError, match=rf"^{message}$"):
        bootstrap_interval(mean, *data, **options)
    with pytest.raises(ValueError, match=r"^alpha: "):
        roc_auc_interval([0, 1], [0.0, 1.0], alpha=0)
