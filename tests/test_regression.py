"""metrix.regression: against the definitions, scikit-learn where it is installed, and where numbers are hard."""

from __future__ import annotations

import itertools
import pickle
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from effort import cases
from metrix import _core, regression
from metrix.regression import (
    RegressionMetrics,
    adjusted_r2_score,
    d2_absolute_error_score,
    d2_pinball_score,
    explained_variance_score,
    max_error,
    mean_absolute_error,
    mean_absolute_percentage_error,
    mean_absolute_scaled_error,
    mean_error,
    mean_pinball_loss,
    mean_squared_error,
    mean_squared_log_error,
    mean_squared_percentage_error,
    median_absolute_error,
    normalized_mean_absolute_error,
    normalized_root_mean_squared_error,
    r2_score,
    root_mean_squared_error,
    root_mean_squared_log_error,
    root_mean_squared_scaled_error,
    symmetric_mean_absolute_percentage_error,
    weighted_mean_absolute_percentage_error,
)
from oracles import regression as oracle

EVERY = [
    adjusted_r2_score,
    explained_variance_score,
    max_error,
    mean_absolute_error,
    mean_absolute_percentage_error,
    mean_error,
    mean_pinball_loss,
    mean_squared_error,
    mean_squared_log_error,
    mean_squared_percentage_error,
    normalized_mean_absolute_error,
    normalized_root_mean_squared_error,
    r2_score,
    root_mean_squared_error,
    root_mean_squared_log_error,
    symmetric_mean_absolute_percentage_error,
    weighted_mean_absolute_percentage_error,
]
NAMES = [metric.__name__ for metric in EVERY]
OPTIONS: dict[str, Any] = {"alpha": 0.3, "num_features": 2}


def call(name: str, y: Any, x: Any, **arguments: Any) -> Any:
    return getattr(regression, name)(y, x, **oracle.OPTIONS.get(name, {}), **arguments)


def draw(rng: np.random.Generator, rows: int, outputs: int) -> tuple[Any, Any, Any]:
    """Above -1; some are equal, some targets are far from 0, some as good as constant."""
    y = rng.lognormal(size=(rows, outputs)) * 10.0 ** rng.integers(-3, 4, size=outputs) + rng.choice(
        [0, 1, 1e4], outputs
    )
    x = np.abs(y + rng.normal(size=y.shape) * rng.choice([1e-6, 0.1, 1], outputs) * y.std(axis=0))
    x[rng.random(y.shape) < 0.1] = 0
    same = rng.random(y.shape) < 0.2
    x[same] = y[same]
    return y, x, rng.integers(0, 4, rows) + rng.random(rows)


def test_every_metric_is_tried() -> None:
    assert set(NAMES) == set(oracle.METRICS) == set(regression.METRICS)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("outputs", [1, 3, 70])
def test_definitions(name: str, outputs: int, rng: np.random.Generator) -> None:
    for _ in range(cases(60 // outputs + 20)):
        rows = int(rng.choice([4, 5, 15, 16, 17, 33, 700, 2049]))
        y, x, w = draw(rng, rows, outputs)
        for weight in (None, w):
            expected = oracle.values(name, y, x, weight)
            found = call(name, y, x, sample_weight=weight, multioutput="raw_values")
            close = 1e-12 if name == "mean_error" else 2e-14  # in which errors cancel
            np.testing.assert_allclose(found, expected, rtol=close, atol=close if "score" in name else 0)
            assert call(name, y, x, sample_weight=weight) == pytest.approx(np.mean(expected), rel=1e-13, abs=1e-13)
            narrow = y.astype(np.float32), x.astype(np.float32)
            np.testing.assert_allclose(
                call(name, *narrow, sample_weight=weight, multioutput="raw_values"),
                oracle.values(name, *narrow, weight),
                rtol=2e-12,
                atol=2e-12 if "score" in name else 0,
            )


@pytest.mark.parametrize("name", sorted(set(NAMES) - {"max_error"}))
def test_scikit_learn(name: str, rng: np.random.Generator) -> None:
    metrics = pytest.importorskip("sklearn.metrics")
    reference = getattr(metrics, name, None)
    if reference is None:
        pytest.skip("scikit-learn has it not")
    for _ in range(cases(100)):
        y, x, w = draw(rng, int(rng.integers(2, 3000)), int(rng.integers(1, 4)))
        averages: list[Any] = ["raw_values", "uniform_average"]
        if y.shape[1] > 1:
            averages.append(rng.random(y.shape[1]))
        if name in ("r2_score", "explained_variance_score"):
            averages.append("variance_weighted")
        for multioutput in averages:
            for weight in (None, w):
                arguments: dict[str, Any] = {"sample_weight": weight, "multioutput": multioutput}
                expected = reference(y, x, **arguments, **oracle.OPTIONS.get(name, {}))
                np.testing.assert_allclose(call(name, y, x, **arguments), expected, rtol=1e-11, atol=1e-11)


def test_maximum_of_scikit_learn_and_median(rng: np.random.Generator) -> None:
    metrics = pytest.importorskip("sklearn.metrics")
    y, x = rng.normal(size=(2, 101))
    assert max_error(y, x) == metrics.max_error(y, x)
    assert median_absolute_error(y, x) == metrics.median_absolute_error(y, x)
    assert median_absolute_error(y[:100], x[:100]) == metrics.median_absolute_error(y[:100], x[:100])


@pytest.mark.parametrize("name", NAMES)
def test_batches_and_merges_are_one_pass(name: str, rng: np.random.Generator) -> None:
    y, x, w = draw(rng, 5000, 2)
    whole = call(name, y, x, sample_weight=w, multioutput="raw_values")
    parts = []
    edges = [0, 1, 18, 18, 2500, 5000]
    for first, last in itertools.pairwise(edges):
        part = RegressionMetrics([name], multioutput="raw_values", **OPTIONS)
        part.update(y[first:last], x[first:last], sample_weight=w[first:last])
        parts.append(pickle.loads(pickle.dumps(part)))
    total = RegressionMetrics([name], multioutput="raw_values", **OPTIONS)
    for part in parts:
        total.merge(part)
    np.testing.assert_allclose(total.compute()[name], whole, rtol=1e-15, atol=1e-15 if "score" in name else 0)


@pytest.mark.parametrize("name", NAMES)
def test_order_and_copies_make_no_difference(name: str, rng: np.random.Generator) -> None:
    y, x, _ = draw(rng, 400, 1)
    order = rng.permutation(400)
    assert call(name, y[order], x[order]) == pytest.approx(call(name, y, x), rel=1e-14)
    if name == "adjusted_r2_score":  # counts rows
        return
    copies = rng.integers(1, 4, 400)
    repeated = call(name, np.repeat(y, copies, axis=0), np.repeat(x, copies, axis=0))
    assert call(name, y, x, sample_weight=copies) == pytest.approx(repeated, rel=1e-14)


@pytest.fixture
def instruction_sets() -> Iterator[list[str]]:
    before = _core.losses.instruction_set()
    yield [name for name in ("baseline", "v3", "v4") if _core.losses.use_instruction_set(name)]
    _core.losses.use_instruction_set(before)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("outputs", [1, 3])
def test_same_bits_everywhere(dtype: type, outputs: int, instruction_sets: list[str], rng: np.random.Generator) -> None:
    y, x, w = draw(rng, 150001 // outputs, outputs)
    y[5], x[7] = 0, 0
    for weight in (None, w):
        seen = set()
        for name in instruction_sets:
            _core.losses.use_instruction_set(name)
            for num_threads in (1, 2, 7):
                sides = y.astype(dtype), x.astype(dtype)
                states = [regression.state_of(*sides, weight, groups, 1e-16, num_threads) for groups in (31, 32, 64)]
                seen.add(b"".join(state.tobytes() for state in states))
        assert len(seen) == 1


def test_parts_of_sums_are_as_in_the_whole(rng: np.random.Generator) -> None:
    """Metrics that are asked for together share sums, and none is added twice."""
    y, x, w = draw(rng, 30000, 2)
    for names in itertools.combinations(["mean_squared_error", "r2_score", "mean_absolute_error", "max_error"], 2):
        for extra in ([], ["normalized_mean_absolute_error"], ["explained_variance_score"]):
            metrics = RegressionMetrics([*names, *extra], multioutput="raw_values")
            metrics.update(y, x, sample_weight=w)
            for name, values in metrics.compute().items():
                np.testing.assert_allclose(values, oracle.values(name, y, x, w), rtol=1e-13, atol=1e-14)


def test_variance_of_what_is_far_from_zero() -> None:
    y = 1e9 + np.arange(50000) % 7 * 1e-6
    x = y + np.arange(50000) % 3 * 1e-6
    near = [(side - 1e9)[:, None] for side in (y, x)]  # exact
    assert r2_score(y, x) == pytest.approx(oracle.values("r2_score", *near)[0], rel=1e-13)
    explained = oracle.values("explained_variance_score", *near)[0]
    assert explained_variance_score(y, x) == pytest.approx(explained, rel=1e-13)
    assert explained_variance_score(y - 1e9, x) == pytest.approx(explained, rel=1e-13)


def test_sums_of_many_floats_lose_nothing() -> None:
    x = np.full(20_000_000, 0.1, dtype=np.float32)
    assert mean_absolute_error(np.zeros_like(x), x) == float(np.float32(0.1))


@pytest.mark.parametrize("value", [0.0, 0.1, 1e9, -3.0])
def test_constant_targets(value: float) -> None:
    y = np.full(3000, value)
    for score in (r2_score, explained_variance_score):
        assert score(y, y) == 1.0
        assert score(y, np.arange(3000)) == 0.0
        assert np.isnan(score(y, y, force_finite=False))
        assert score(y, np.arange(3000), force_finite=False) == -np.inf


def test_few_rows_and_none() -> None:
    assert np.isnan(r2_score([1.0], [1.0]))
    assert np.isnan(adjusted_r2_score([1.0, 2.0, 3.0], [1.0, 2.0, 4.0], num_features=2))
    for name in NAMES:
        assert np.isnan(call(name, [], []))
    assert all(np.isnan(value) for value in RegressionMetrics().compute().values())
    assert np.isnan(median_absolute_error([], []))


def test_targets_of_zero() -> None:
    y, x = [0.0, 2.0, 4.0], [1.0, 1.0, 4.0]
    assert mean_absolute_percentage_error(y, x) == (1 / 2.220446049250313e-16 + 0.5) / 3
    assert mean_absolute_percentage_error(y, x, eps=0.5) == 2.5 / 3
    assert mean_squared_percentage_error(y, x, eps=0.5) == 4.25 / 3
    assert mean_absolute_percentage_error(y, x, zero="skip") == 0.25
    assert np.isnan(mean_absolute_percentage_error(y, x, zero="nan"))
    with pytest.raises(ValueError, match=r"^y_true: expected no zeros, got some in output 0$"):
        mean_absolute_percentage_error(y, x, zero="raise")
    assert symmetric_mean_absolute_percentage_error([0.0, 0.0], [0.0, 1.0]) == 1.0
    assert np.isinf(weighted_mean_absolute_percentage_error([0.0], [1.0]))


def test_normalizers() -> None:
    y, x = np.array([-1.0, -2.0, -6.0]), np.array([0.0, -2.0, -6.0])
    assert normalized_mean_absolute_error(y, x) == pytest.approx(1 / 3 / 5)
    assert normalized_mean_absolute_error(y, x, normalizer="mean") == pytest.approx(1 / 3 / 3)
    assert normalized_root_mean_squared_error(y, x, normalizer="std") == pytest.approx(np.sqrt(1 / 3) / y.std())


def test_scaled_errors_and_small_ones(rng: np.random.Generator) -> None:
    series = rng.normal(size=50).cumsum()
    y, x = rng.normal(size=(2, 9))
    naive = series[4:] - series[:-4]
    found = mean_absolute_scaled_error(y, x, y_train=series, seasonality=4)
    assert found == pytest.approx(np.abs(x - y).mean() / np.abs(naive).mean())
    found = root_mean_squared_scaled_error(y, x, y_train=series, seasonality=4)
    assert found == pytest.approx(np.sqrt(((x - y) ** 2).mean() / (naive**2).mean()))
    tiny = mean_squared_log_error([1e-9], [3e-9])  # where logarithms of 1 + x cancel
    assert tiny == pytest.approx((np.log1p(3e-9) - np.log1p(1e-9)) ** 2, rel=1e-12)
    assert root_mean_squared_log_error([1e-9], [3e-9]) == np.sqrt(tiny)


def test_no_constant_is_better_than_the_quantile(rng: np.random.Generator) -> None:
    for alpha in (0.1, 0.5, 0.8):
        y = rng.normal(size=31)
        score = [d2_pinball_score(y, np.full(31, c), alpha=alpha) for c in y]
        assert max(score) == pytest.approx(0, abs=1e-14)
    y = rng.normal(size=30)
    assert d2_absolute_error_score(y, y + 0.1) == pytest.approx(
        1 - 0.1 / mean_absolute_error(y, np.full(30, np.median(y)))
    )
    assert mean_pinball_loss(y, y, alpha=0.3) == 0


@pytest.mark.parametrize("name", sorted(set(NAMES) - {"mean_squared_log_error", "root_mean_squared_log_error"}))
@pytest.mark.parametrize("place", [0, 15, 40])
def test_nan_stays_nan(name: str, place: int) -> None:
    y, x = np.ones(41), np.arange(41.0)
    x[place] = np.nan
    assert np.isnan(call(name, y, x))


def test_infinite_errors() -> None:
    y, x = np.ones(40), np.arange(40.0)
    x[3] = -np.inf
    assert mean_squared_error(y, x) == mean_absolute_error(y, x) == max_error(y, x) == np.inf
    assert mean_error(y, x) == -np.inf


@pytest.mark.parametrize(
    ("arguments", "kind", "message"),
    [
        (([1.0], [1.0, 2.0]), ValueError, r"y_pred: expected the shape of y_true, \(1,\), got \(2,\)"),
        (([1.0], [[1.0]]), ValueError, r"y_pred: expected the shape of y_true, \(1,\), got \(1, 1\)"),
        ((1.0, 1.0), ValueError, r"y_true: expected shape \(N,\) or \(N, K\) for K outputs, got \(\)"),
        ((["a"], [1.0]), TypeError, "y_true: expected real numbers, got dtype <U1"),
        (([1.0], [1j]), TypeError, "y_pred: expected real numbers, got dtype complex128"),
    ],
)
def test_wrong_data_is_refused(arguments: tuple[Any, Any], kind: type[Exception], message: str) -> None:
    with pytest.raises(kind, match=f"^{message}$"):
        mean_squared_error(*arguments)


def test_wrong_options_are_refused() -> None:
    y = [1.0, 2.0]
    with pytest.raises(ValueError, match=r"^sample_weight: expected shape \(2,\), got \(3,\)$"):
        mean_squared_error(y, y, sample_weight=[1, 2, 3])
    with pytest.raises(ValueError, match=r"^y_pred: expected numbers above -1, got -1.0 at index 1, 0$"):
        mean_squared_log_error(y, [1.0, -1.0])
    with pytest.raises(ValueError, match=r"^multioutput: expected 2 weights of outputs, got shape"):
        mean_squared_error([y], [y], multioutput=[1.0])
    with pytest.raises(ValueError, match=r"^multioutput: expected 'uniform_average'"):
        mean_squared_error(y, y, multioutput="all")
    with pytest.raises(ValueError, match=r"^multioutput: mean_squared_error has no variances"):
        mean_squared_error(y, y, multioutput="variance_weighted")
    with pytest.raises(ValueError, match=r"^zero: expected"):
        mean_absolute_percentage_error(y, y, zero="no")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=r"^normalizer: expected"):
        normalized_mean_absolute_error(y, y, normalizer="no")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=r"^alpha: expected"):
        mean_pinball_loss(y, y, alpha=2)
    with pytest.raises(ValueError, match=r"^metrics: expected names among"):
        RegressionMetrics(["mse"])
    with pytest.raises(TypeError, match=r"^num_features: "):
        RegressionMetrics(["adjusted_r2_score"])
    with pytest.raises(ValueError, match=r"^other: expected the same metrics"):
        RegressionMetrics().merge(RegressionMetrics(["max_error"]))
    metrics = RegressionMetrics()
    metrics.update(y, y)
    with pytest.raises(ValueError, match=r"^y_true: expected 1 outputs as before, got 2$"):
        metrics.update([y], [y])
    with pytest.raises(ValueError, match=r"^y_train: expected more than 2 values, got 2$"):
        mean_absolute_scaled_error(y, y, y_train=y, seasonality=2)
