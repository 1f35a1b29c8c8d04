"""metrix.forecasts: against integrals and definitions, and scikit-learn and SciPy where they are installed."""

from __future__ import annotations

import itertools
import math
from typing import Any

import numpy as np
import pytest

from effort import cases
from metrix.forecasts import (
    crps_ensemble,
    crps_gaussian,
    crps_quantile,
    interval_coverage,
    interval_score,
    mean_interval_width,
    weighted_interval_score,
)


def test_ensembles_by_definition(rng: np.random.Generator) -> None:
    for _ in range(cases(200)):
        count, members = rng.integers(1, 9, 2).tolist()
        offset = rng.choice([0.0, 1e6])
        y, x = rng.normal(size=count) + offset, rng.integers(-3, 4, (count, members)) / 2 + offset
        weight = rng.random(count)
        first = np.abs(x - y[:, None]).mean(axis=1)
        pairs = np.abs(x[:, :, None] - x[:, None, :]).sum(axis=(1, 2)) / 2
        expected = np.average(first - pairs / members**2, weights=weight)
        found = crps_ensemble(y, x, sample_weight=weight)
        assert found == pytest.approx(expected, rel=1e-13, abs=1e-15)
        if members > 1:
            expected = np.average(first - pairs / (members * (members - 1)), weights=weight)
            found = crps_ensemble(y, x, sample_weight=weight, estimator="fair")
            assert found == pytest.approx(expected, rel=1e-12, abs=1e-14)
    assert crps_ensemble([1.0], [[3.0]]) == 2.0


def test_an_ensemble_is_the_integral_of_its_distribution(rng: np.random.Generator) -> None:
    y, x = 0.3, rng.normal(size=5)
    edges = np.sort(np.r_[x, y])
    steps = [(np.mean(x <= a) - (a >= y)) ** 2 * (b - a) for a, b in itertools.pairwise(edges.tolist())]
    assert crps_ensemble([y], [x]) == pytest.approx(sum(steps), rel=1e-13)


def test_normal_distributions(rng: np.random.Generator) -> None:
    for _ in range(cases(60)):
        mean, std = rng.normal(), rng.random() + 0.1
        y = mean + 3 * std * rng.normal()
        grid = np.linspace(-40, 40, 160001) * std + mean
        below = np.array([0.5 * math.erfc(-(t - mean) / std / math.sqrt(2)) for t in grid[::8].tolist()])
        integrand = (below - (grid[::8] >= y)) ** 2
        assert crps_gaussian([y], [mean], [std]) == pytest.approx(integrand.sum() * (grid[8] - grid[0]), rel=5e-3)
    assert crps_gaussian([3.0], [1.0], [0.0]) == 2.0
    assert crps_gaussian([1e6], [0.0], [1.0]) == pytest.approx(1e6 - 1 / math.sqrt(math.pi), rel=1e-15)
    drawn = rng.normal(size=20000)
    assert crps_ensemble([0.7], [drawn]) == pytest.approx(crps_gaussian([0.7], [0.0], [1.0]), rel=0.03)
    assert np.isnan(crps_gaussian([np.nan], [0.0], [1.0]))


def test_quantiles(rng: np.random.Generator) -> None:
    y, x, levels = rng.normal(size=9), rng.normal(size=(9, 3)), [0.1, 0.5, 0.8]
    gap = y[:, None] - x
    expected = 2 * np.mean(np.where(gap >= 0, levels, np.subtract(levels, 1)) * gap)
    assert crps_quantile(y, x, quantiles=levels) == pytest.approx(expected, rel=1e-14)
    members = np.sort(rng.normal(size=(9, 50)), axis=1)
    levels = ((np.arange(50) + 0.5) / 50).tolist()
    assert crps_quantile(y, members, quantiles=levels) == pytest.approx(crps_ensemble(y, members), rel=1e-12)


def test_pinball_of_scikit_learn(rng: np.random.Generator) -> None:
    metrics = pytest.importorskip("sklearn.metrics")
    y, x, weight = rng.normal(size=(3, 40))
    weight = np.abs(weight)
    expected = 2 * metrics.mean_pinball_loss(y, x, alpha=0.3, sample_weight=weight)
    assert crps_quantile(y, x[:, None], quantiles=[0.3], sample_weight=weight) == pytest.approx(expected, rel=1e-13)


def test_intervals(rng: np.random.Generator) -> None:
    y = np.array([0.0, 1.0, 2.0, 3.0, 4.0])
    lower, upper = np.full(5, 1.0), np.full(5, 3.0)
    assert interval_coverage(y, lower, upper) == 0.6
    assert mean_interval_width(lower, upper) == 2.0
    assert interval_score(y, lower, upper, alpha=0.1) == pytest.approx(2 + 2 / 0.1 * 2 / 5)
    # An interval score is a sum of two pinball losses.
    y, lower = rng.normal(size=(2, 30))
    upper = lower + rng.random(30)
    pinballs = crps_quantile(y, np.stack([lower, upper], axis=1), quantiles=[0.1, 0.9])
    assert interval_score(y, lower, upper, alpha=0.2) == pytest.approx(pinballs / 0.1, rel=1e-13)
    # And the weighted one of all quantiles with the median.
    sides = np.sort(rng.normal(size=(30, 5)), axis=1)
    weighted = weighted_interval_score(y, sides[:, 2], sides[:, 1::-1], sides[:, 3:], alphas=[0.6, 0.2])
    assert weighted == pytest.approx(crps_quantile(y, sides, quantiles=[0.1, 0.3, 0.5, 0.7, 0.9]), rel=1e-13)
    assert np.isnan(interval_coverage([np.nan], [0.0], [1.0]))


def test_no_samples() -> None:
    none: list[float] = []
    assert np.isnan(crps_gaussian(none, none, none))
    assert np.isnan(crps_ensemble(none, np.zeros((0, 3))))
    assert np.isnan(interval_score(none, none, none))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: crps_gaussian([1.0], [1.0], [-1.0]), "std: expected numbers >= 0, got -1.0 at index 0"),
        (lambda: crps_gaussian([1.0], [1.0, 2.0], [1.0]), r"mean: expected shape \(1,\), got \(2,\)"),
        (lambda: crps_ensemble([1.0], [[1.0]], estimator="fair"), "y_pred: expected at least 2 members, got 1"),
        (
            lambda: crps_ensemble([1.0], [[1.0]], estimator="pwm"),
            "estimator: expected 'empirical' or 'fair', got 'pwm'",
        ),  # type: ignore[arg-type]
        (
            lambda: crps_quantile([1.0], [[1.0]], quantiles=[1.0]),
            "quantiles: expected numbers between 0 and 1, got 1.0 at index 0",
        ),
        (
            lambda: crps_quantile([1.0], np.zeros((1, 0)), quantiles=[]),
            "quantiles: expected numbers between 0 and 1, got none",
        ),
        (lambda: interval_score([1.0], [2.0], [1.0]), "upper: expected numbers >= lower, 2.0, got 1.0 at index 0"),
        (lambda: interval_score([1.0], [0.0], [1.0], alpha=0), "alpha: expected a number between 0 and 1, got 0"),
    ],
)
def test_wrong_arguments_are_refused(call: Any, message: str) -> None:
    with pytest.raises(ValueError, match=rf"^{message}$"):
        call()
