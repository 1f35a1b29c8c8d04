"""Deviances and scores relative to constants of metrix.regression: against extended precision, and scikit-learn."""

from __future__ import annotations

import math
import pickle
import warnings
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from effort import cases
from metrix.regression import (
    DevianceMetrics,
    d2_absolute_error_score,
    d2_pinball_score,
    d2_tweedie_score,
    mean_gamma_deviance,
    mean_poisson_deviance,
    mean_squared_error,
    mean_tweedie_deviance,
    median_absolute_error,
    r2_score,
)

POWERS = [-1.5, 0, 1, 1.5, 2, 3, 4.25]


def definition(y: Any, x: Any, power: float) -> Any:
    """Twice the integral of (y - t) / t^power from x to y."""
    y, x = (np.asarray(side).astype(np.longdouble) for side in (y, x))
    if power == 0:
        return (y - x) ** 2
    if power == 1:
        return 2 * (np.where(y == 0, 0, y * np.log(np.where(y == 0, 1, y / x))) - y + x)
    if power == 2:
        return 2 * (np.log(x / y) + y / x - 1)
    own = np.maximum(y, 0) ** (2 - power) / ((1 - power) * (2 - power))
    return 2 * (own - y * x ** (1 - power) / (1 - power) + x ** (2 - power) / (2 - power))


def draw(rng: np.random.Generator, power: float, count: int) -> tuple[Any, Any]:
    y, x = rng.lognormal(size=(2, count))
    if power < 2:
        y[rng.random(count) < 0.2] = 0
    return (y - 1 if power <= 0 else y), x


@pytest.mark.parametrize("power", POWERS)
def test_definitions(power: float, rng: np.random.Generator) -> None:
    for _ in range(cases(60)):
        y, x = draw(rng, power, int(rng.integers(2, 40)))
        weight = rng.random(len(y))
        expected = np.average(definition(y, x, power), weights=weight)
        assert mean_tweedie_deviance(y, x, power=power, sample_weight=weight) == pytest.approx(
            float(expected), rel=1e-12
        )
        if power >= 1 or power == 0:
            mean = np.average(y.astype(np.longdouble), weights=weight)
            least = np.average(definition(y, np.full(len(y), mean), power), weights=weight)
            found = d2_tweedie_score(y, x, power=power, sample_weight=weight)
            assert found == pytest.approx(float(1 - expected / least), rel=1e-11, abs=1e-11)


@pytest.mark.parametrize("power", [1, 2])
def test_predictions_close_to_targets(power: float) -> None:
    """Where terms of the usual formula cancel: (y - x)^2 / x^power, to first order."""
    for y, step in ((3.0, 2.0**-30), (1e8, 2.0**-20), (1e-8, 2.0**-60)):
        x = y + step
        exact = Fraction(step) ** 2 / Fraction(y) ** power
        first = Fraction(step) / Fraction(y)
        exact *= 1 - first * Fraction(2 if power == 1 else 4, 3)
        assert mean_tweedie_deviance([y], [x], power=power) == pytest.approx(float(exact), rel=1e-14)
        assert mean_tweedie_deviance([y], [y], power=power) == 0
    seam = np.array([1.1 / 0.9 - 1e-12, 1.1 / 0.9 + 1e-12])  # where the series ends
    low, high = (mean_tweedie_deviance([1.0], [x], power=power) for x in seam)
    assert low == pytest.approx(high, rel=1e-11)
    assert low == pytest.approx(float(definition([1.0], seam[:1], power)[0]), rel=1e-14)


@pytest.mark.parametrize("power", POWERS)
def test_scikit_learn(power: float, rng: np.random.Generator) -> None:
    metrics = pytest.importorskip("sklearn.metrics")
    for _ in range(cases(60)):
        y, x = draw(rng, power, int(rng.integers(2, 40)))
        for weight in (None, rng.random(len(y)), rng.integers(0, 3, len(y)) + (np.arange(len(y)) < 2)):
            options: dict[str, Any] = {"power": power, "sample_weight": weight}
            expected = metrics.mean_tweedie_deviance(y, x, **options)
            assert mean_tweedie_deviance(y, x, **options) == pytest.approx(expected, rel=1e-11)
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # roots of a mean below 0
                expected = metrics.d2_tweedie_score(y, x, **options)
            if not math.isnan(expected) and len(np.unique(y)) > 1:
                assert d2_tweedie_score(y, x, **options) == pytest.approx(expected, rel=1e-9, abs=1e-11)
    if power >= 1:
        y += 1
        assert mean_poisson_deviance(y, x) == pytest.approx(metrics.mean_poisson_deviance(y, x), rel=1e-12)
        assert mean_gamma_deviance(y, x) == pytest.approx(metrics.mean_gamma_deviance(y, x), rel=1e-12)


def test_medians_and_quantiles_of_scikit_learn(rng: np.random.Generator) -> None:
    metrics = pytest.importorskip("sklearn.metrics")
    for _ in range(cases(200)):
        count = int(rng.integers(2, 40))
        y = rng.integers(0, 9, (count, 2)) / 1.0
        x = y + rng.normal(size=y.shape)
        for weight in (None, rng.random(count), rng.integers(0, 4, count) + (np.arange(count) < 2)):
            for multioutput in ("raw_values", "uniform_average", [0.3, 0.7]):
                both: dict[str, Any] = {"sample_weight": weight, "multioutput": multioutput}
                for ours, options in (
                    (median_absolute_error, {}),
                    (d2_absolute_error_score, {}),
                    (d2_pinball_score, {"alpha": float(rng.choice([0, 0.25, 0.3, 0.9, 1]))}),
                ):
                    expected = getattr(metrics, ours.__name__)(y, x, **both, **options)
                    np.testing.assert_allclose(ours(y, x, **both, **options), expected, rtol=1e-12, atol=1e-12)


def test_a_weighted_median_is_that_of_copies(rng: np.random.Generator) -> None:
    for _ in range(cases(200)):
        count = int(rng.integers(1, 12))
        y, x = rng.integers(0, 5, count).astype(float), np.zeros(count)
        copies = rng.integers(0, 4, count)
        if copies.any():
            repeated = np.repeat(y, copies), np.repeat(x, copies)
            assert median_absolute_error(y, x, sample_weight=copies) == np.median(repeated[0])
            alpha = float(rng.choice([0.25, 0.5, 0.3]))
            found = d2_pinball_score(y, x, sample_weight=copies * 0.1, alpha=alpha)
            if len(repeated[0]) > 1 and len(y) > 1:
                np.testing.assert_allclose(found, d2_pinball_score(*repeated, alpha=alpha), rtol=1e-12, atol=1e-13)
    assert np.isnan(median_absolute_error([1.0, np.nan], [0.0, 0.0], sample_weight=[1, 1]))
    assert np.isnan(median_absolute_error([1.0], [0.0], sample_weight=[0]))


@pytest.mark.parametrize("power", POWERS)
def test_batches_and_merges_are_one_pass(power: float, rng: np.random.Generator) -> None:
    y, x = draw(rng, power, 300)
    y += 0.5 if power <= 0 else 0  # a mean above 0
    weight = rng.random(300)
    total = DevianceMetrics(power=power)
    for part in np.array_split(np.arange(300), [1, 40, 40]):
        own = DevianceMetrics(power=power)
        own.update(y[part], x[part], sample_weight=weight[part])
        total.merge(pickle.loads(pickle.dumps(own)))
    found = total.compute()
    options: dict[str, Any] = {"power": power, "sample_weight": weight}
    assert found["mean_tweedie_deviance"] == pytest.approx(mean_tweedie_deviance(y, x, **options), rel=1e-15)
    assert found["d2_tweedie_score"] == pytest.approx(d2_tweedie_score(y, x, **options), rel=1e-11, abs=1e-12)
    far = DevianceMetrics(power=power, origin=3.5)
    far.update(y, x, sample_weight=weight)
    assert far.compute()["d2_tweedie_score"] == pytest.approx(found["d2_tweedie_score"], rel=1e-11, abs=1e-12)
    with pytest.raises(ValueError, match=r"^other: expected power"):
        far.merge(total)
    total.reset()
    assert np.isnan(total.compute()["mean_tweedie_deviance"])


def test_power_zero_is_squares(rng: np.random.Generator) -> None:
    y, x = rng.normal(size=(2, 50))
    assert mean_tweedie_deviance(y, x) == pytest.approx(mean_squared_error(y, x), rel=1e-15)
    assert d2_tweedie_score(y, x) == pytest.approx(r2_score(y, x), rel=1e-13)


@pytest.mark.parametrize("score", ["function", "batches"])
def test_constant_targets(score: str) -> None:
    def of(y: Any, x: Any, **options: Any) -> float:
        if score == "function":
            return d2_tweedie_score(y, x, power=1, **options)
        metrics = DevianceMetrics(power=1, **options)
        metrics.update(y, x)
        return metrics.compute()["d2_tweedie_score"]

    y = np.full(9, 0.1)
    assert of(y, y + 1) == -np.inf
    assert np.isnan(of(y, y))
    assert of(y, y, force_finite=True) == 1.0
    assert of(y, y + 1, force_finite=True) == 0.0
    assert np.isnan(of([1.0], [1.0]))
    assert d2_pinball_score(y, y) == 1.0
    assert d2_pinball_score(y, y + 1) == 0.0
    assert np.isnan(d2_pinball_score([1.0], [1.0]))


@pytest.mark.parametrize(
    ("data", "power", "message"),
    [
        (([0.0, -1.0], [1.0, 1.0]), 1, "y_true: expected numbers >= 0, got -1.0 at index 1"),
        (([1.0, 0.0], [1.0, 1.0]), 2, "y_true: expected numbers > 0, got 0.0 at index 1"),
        (([1.0], [0.0]), 1, "y_pred: expected numbers > 0, got 0.0 at index 0"),
        (([1.0], [1.0]), 0.5, "power: expected a number <= 0 or >= 1, got 0.5"),
        (([1.0], [1.0, 2.0]), 0, r"y_pred: expected the shape of y_true, \(1,\), got \(2,\)"),
    ],
)
def test_wrong_data_is_refused(data: Any, power: float, message: str) -> None:
    with pytest.raises(ValueError, match=rf"^{message}$"):
        mean_tweedie_deviance(*data, power=power)
    with pytest.raises(ValueError, match=r"^origin: expected a finite number > 0, got 0$"):
        DevianceMetrics(origin=0)
    with pytest.raises(ValueError, match=r"^alpha: expected a number from 0 to 1, got 2$"):
        d2_pinball_score([1.0, 2.0], [1.0, 2.0], alpha=2)
