"""metrix.losses.transport: against the definitions, SciPy and POT."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from effort import cases
from losses.composed_checks import check_against_definition
from metrix import _core
from metrix.losses import sinkhorn_divergence, wasserstein_distance
from oracles import transport as oracles


def line(rng: np.random.Generator) -> tuple[tuple[Any, ...], dict[str, Any]]:
    n, m = rng.integers(1, 8, 2)
    weights = {}
    if rng.random() < 0.6:
        weights = {"u_weights": rng.random(n) + 0.01, "v_weights": rng.random(m) + 0.01}
    return (rng.normal(size=n), rng.normal(size=m)), weights


def test_wasserstein_distance(rng: np.random.Generator) -> None:
    for _ in range(cases(400)):
        inputs, weights = line(rng)
        check_against_definition(wasserstein_distance, oracles.wasserstein_distance, inputs, rng, **weights)


def test_wasserstein_distance_of_sorted_numbers_is_their_mean_distance(rng: np.random.Generator) -> None:
    u, v = rng.normal(size=(2, 50))
    value, (by_u, by_v) = wasserstein_distance.value_and_grad(u, v)
    assert value == pytest.approx(np.abs(np.sort(u) - np.sort(v)).mean(), rel=1e-14)
    expected = np.empty(50)
    expected[np.argsort(u)] = np.sign(np.sort(u) - np.sort(v)) / 50
    np.testing.assert_array_equal(by_u, expected)
    expected[np.argsort(v)] = np.sign(np.sort(v) - np.sort(u)) / 50
    np.testing.assert_array_equal(by_v, expected)


def test_wasserstein_distance_where_numbers_meet(rng: np.random.Generator) -> None:
    for _ in range(cases(400)):
        n, m = rng.integers(1, 8, 2)
        u, v = rng.integers(0, 4, n).astype(float), rng.integers(0, 4, m).astype(float)
        weights = {} if rng.random() < 0.5 else {"u_weights": rng.random(n), "v_weights": rng.integers(1, 3, m)}
        value, grads = wasserstein_distance.value_and_grad(u, v, **weights)
        assert value == pytest.approx(float(oracles.wasserstein_distance(u, v, **weights)), rel=1e-13, abs=1e-15)
        higher = wasserstein_distance.value_and_grad(u + 0.1, v, **weights)[1]
        lower = wasserstein_distance.value_and_grad(u - 0.1, v, **weights)[1]
        for grad, one, other in zip(grads, higher, lower):
            np.testing.assert_allclose(grad, (one + other) / 2, rtol=1e-12, atol=1e-14)
        assert abs(grads[0].sum() + grads[1].sum()) < 1e-14
        # Those in one place have one gradient for each weight.
        shares = grads[0] / np.asarray(weights.get("u_weights", np.ones(n)))
        for place in range(4):
            if (u == place).any():
                np.testing.assert_allclose(shares[u == place], shares[u == place][0], rtol=1e-12, atol=1e-14)


def test_wasserstein_distance_of_equal_sets_is_zero(rng: np.random.Generator) -> None:
    u = rng.integers(0, 100, 999) / 7
    for v in (u[::-1].copy(), np.repeat(u, 3)):
        value, grads = wasserstein_distance.value_and_grad(u, v)
        assert value == 0
        assert not np.any(grads[0])
        assert not np.any(grads[1])


def test_weights_are_copies(rng: np.random.Generator) -> None:
    u, v = rng.normal(size=(2, 6))
    times = rng.integers(0, 4, 6)
    times[0] = 1
    weighted = wasserstein_distance(u, v, u_weights=times)
    assert weighted == pytest.approx(float(wasserstein_distance(np.repeat(u, times), v)), rel=1e-13)
    grads = wasserstein_distance.value_and_grad(u, v, u_weights=times)[1]
    assert not grads[0][times == 0].any()


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_wasserstein_distance_is_that_of_scipy(dtype: type, rng: np.random.Generator) -> None:
    stats = pytest.importorskip("scipy.stats")
    for _ in range(cases(200)):
        (u, v), weights = line(rng)
        u, v = u.astype(dtype), v.astype(dtype)
        value = wasserstein_distance(u, v, **weights)
        assert value.dtype == dtype
        assert value == pytest.approx(
            stats.wasserstein_distance(u, v, **weights), rel=1e-6 if dtype == np.float32 else 1e-12
        )


def test_what_is_no_number_or_infinite() -> None:
    value, (by_u, by_v) = wasserstein_distance.value_and_grad(np.array([1.0, np.nan]), np.array([2.0]))
    assert np.isnan(value)
    assert np.isnan(by_u).all()
    assert np.isnan(by_v).all()
    assert wasserstein_distance(np.array([1.0, np.inf]), np.array([2.0])) == np.inf
    assert wasserstein_distance(np.array([1.0, np.inf]), np.array([2.0, np.inf])) == 0.5
    x = np.zeros((3, 2))
    for wrong in (np.nan, np.inf):
        x[1, 0] = wrong
        assert np.isnan(sinkhorn_divergence(x, np.ones((2, 2))))
        assert np.isnan(sinkhorn_divergence(np.ones((2, 2)), x))


@pytest.mark.parametrize("power", [1, 2])
@pytest.mark.parametrize("epsilon", [0.3, 2.0])
def test_sinkhorn_divergence(power: int, epsilon: float, rng: np.random.Generator) -> None:
    for _ in range(cases(20)):
        n, m = rng.integers(1, 5, 2)
        inputs = 0.4 * rng.normal(size=(n, 2)), 0.4 * rng.normal(size=(m, 2))
        options: dict[str, Any] = {"epsilon": epsilon, "power": power, "tolerance": 1e-12, "max_iterations": 10**5}
        value, grads = sinkhorn_divergence.value_and_grad(*inputs, **options)
        wide = [one.astype(np.longdouble) for one in inputs]
        assert value == pytest.approx(float(oracles.sinkhorn_divergence(*wide, epsilon, power)), rel=1e-10)
        for side, grad in enumerate(grads):
            step = 1e-6 * rng.normal(size=grad.shape)
            moved = [[one + sign * (step if i == side else 0) for i, one in enumerate(wide)] for sign in (-1, 1)]
            before, after = (oracles.sinkhorn_divergence(*one, epsilon, power) for one in moved)
            assert (grad * step).sum() == pytest.approx(float(after - before) / 2, rel=1e-5, abs=1e-13)


def test_sinkhorn_divergence_with_weights(rng: np.random.Generator) -> None:
    x, y = rng.normal(size=(3, 2)), rng.normal(size=(4, 2))
    weights = {"x_weights": np.array([0.5, 0.0, 2.0]), "y_weights": rng.random(4)}
    value, (by_x, by_y) = sinkhorn_divergence.value_and_grad(x, y, epsilon=1.0, **weights)
    wide = x.astype(np.longdouble), y.astype(np.longdouble)
    assert value == pytest.approx(float(oracles.sinkhorn_divergence(*wide, epsilon=1.0, **weights)), rel=1e-9)
    assert not by_x[1].any()
    kept = {"x_weights": weights["x_weights"][[0, 2]], "y_weights": weights["y_weights"]}
    alone, (alone_x, alone_y) = sinkhorn_divergence.value_and_grad(x[[0, 2]], y, epsilon=1.0, **kept)
    assert alone == pytest.approx(value, rel=1e-12)
    np.testing.assert_allclose(alone_x, by_x[[0, 2]], rtol=1e-7)
    np.testing.assert_allclose(alone_y, by_y, rtol=1e-7)


def test_sinkhorn_divergence_of_equal_clouds_is_zero(rng: np.random.Generator) -> None:
    x = rng.normal(size=(20, 3))
    for power in (1, 2):
        value, grads = sinkhorn_divergence.value_and_grad(x, x[::-1].copy(), power=power, epsilon=2.0)
        assert abs(value) < 1e-9
        assert max(np.abs(grad).max() for grad in grads) < 1e-8


def test_sinkhorn_divergence_of_distant_clouds_neither_overflows_nor_vanishes() -> None:
    x = np.array([[0.0, 0.0], [1.0, 0.0]])
    value, (by_x, by_y) = sinkhorn_divergence.value_and_grad(x, x + [3e3, 4e3], epsilon=0.1)
    assert value == pytest.approx(2.5e7, rel=1e-9)
    np.testing.assert_allclose(by_y, [[3e3, 4e3]] * 2, rtol=1e-9)
    np.testing.assert_allclose(by_x, -by_y, rtol=1e-9)


def test_sinkhorn_divergence_in_single_precision(rng: np.random.Generator) -> None:
    x, y = rng.normal(size=(2, 9, 3)).astype(np.float32)
    value, grads = sinkhorn_divergence.value_and_grad(x, y, epsilon=0.5)
    wide, wide_grads = sinkhorn_divergence.value_and_grad(x.astype(np.float64), y.astype(np.float64), epsilon=0.5)
    assert value == np.float32(wide)
    assert value.dtype == np.float32
    for grad, wide_grad in zip(grads, wide_grads):
        np.testing.assert_array_equal(grad, wide_grad.astype(np.float32))


def test_what_does_not_converge_is_told(rng: np.random.Generator) -> None:
    x, y = rng.normal(size=(2, 9, 3))
    with pytest.warns(RuntimeWarning, match=r"margins are off by .* after 3 iterations") as record:
        sinkhorn_divergence(x, y, epsilon=0.01, max_iterations=3)
    assert record[0].filename == __file__


@pytest.fixture
def instruction_sets() -> Iterator[list[str]]:
    before = _core.losses.instruction_set()
    yield [name for name in ("baseline", "v3", "v4") if _core.losses.use_instruction_set(name)]
    _core.losses.use_instruction_set(before)


@pytest.mark.parametrize("power", [1, 2])
def test_bits_depend_on_neither_threads_nor_instruction_set(
    power: int, instruction_sets: list[str], rng: np.random.Generator
) -> None:
    x, y = rng.normal(size=(19, 3)), rng.normal(size=(37, 3))
    seen = set()
    for name in instruction_sets:
        _core.losses.use_instruction_set(name)
        for num_threads in (1, 2, 3):
            value, grads = sinkhorn_divergence.value_and_grad(x, y, epsilon=4.0, power=power, num_threads=num_threads)
            seen.add((value.tobytes(), *(grad.tobytes() for grad in grads)))
    assert len(seen) == 1


def test_sinkhorn_divergence_is_that_of_plans_by_pot(rng: np.random.Generator) -> None:
    ot = pytest.importorskip("ot")
    x, y = rng.normal(size=(8, 2)), rng.normal(size=(6, 2))

    def transport(one: Any, other: Any) -> Any:
        a, b = np.full(len(one), 1 / len(one)), np.full(len(other), 1 / len(other))
        cost = ot.dist(one, other)
        plan = ot.bregman.sinkhorn_log(a, b, cost, 0.7, numItermax=5000, stopThr=1e-12)
        return (plan * cost).sum() + 0.7 * (plan * np.log(plan / np.outer(a, b))).sum()

    expected = transport(x, y) - transport(x, x) / 2 - transport(y, y) / 2
    assert sinkhorn_divergence(x, y, epsilon=0.7) == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda x: wasserstein_distance([], x[0]), r"u_values: expected shape \(N,\) with N >= 1, got \(0,\)"),
        (lambda x: wasserstein_distance(x[0], x), r"v_values: expected shape \(N,\) with N >= 1, got \(2, 3\)"),
        (lambda x: wasserstein_distance(x[0], x[0], u_weights=[1, -1, 1]), r"u_weights\[1\]: expected a finite number"),
        (lambda x: wasserstein_distance(x[0], x[0], v_weights=[0, 0, 0]), r"v_weights: expected a finite sum > 0"),
        (lambda x: wasserstein_distance(x[0], x[0], v_weights=[1]), r"v_weights: expected the shape of the points"),
        (lambda x: sinkhorn_divergence(x, x[:, :2]), r"y: expected shape \(C, 3\), got \(2, 2\)"),
        (lambda x: sinkhorn_divergence(x, x[:0]), r"y: expected shape \(N, D\) with N >= 1"),
        (lambda x: sinkhorn_divergence(x, x, epsilon=0), r"epsilon: expected a finite number > 0, got 0"),
        (lambda x: sinkhorn_divergence(x, x, power=3), r"power: expected 1 or 2, got 3"),
        (lambda x: sinkhorn_divergence(x, x, max_iterations=0), r"max_iterations: expected a number >= 1, got 0"),
        (lambda x: sinkhorn_divergence(x, x, x_weights=[1, np.nan]), r"x_weights\[1\]: expected a finite number >= 0"),
    ],
)
def test_errors_name_the_argument(call: Any, message: str, rng: np.random.Generator) -> None:
    with pytest.raises(ValueError, match=message):
        call(rng.normal(size=(2, 3)))
