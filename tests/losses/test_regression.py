"""metrix.losses.regression: against the definitions, and where floating point is hard."""

from __future__ import annotations

import math

import numpy as np
import pytest

from effort import cases
from losses.elementwise_cases import REGRESSION, Case
from losses.elementwise_checks import check_single_precision, check_values_and_derivatives, check_what_is_not_finite
from metrix.losses import (
    gamma_nll_loss,
    gaussian_nll_loss,
    huber_loss,
    l1_loss,
    log_cosh_loss,
    mape_loss,
    mse_loss,
    msle_loss,
    poisson_nll_loss,
    pseudo_huber_loss,
    quantile_loss,
    smape_loss,
    smooth_l1_loss,
    tweedie_nll_loss,
)
from oracles import losses as oracles


@pytest.mark.parametrize("case", REGRESSION, ids=str)
def test_values_and_derivatives(case: Case, rng: np.random.Generator) -> None:
    check_values_and_derivatives(case, rng, cases(20000))


@pytest.mark.parametrize("case", REGRESSION, ids=str)
def test_single_precision(case: Case, rng: np.random.Generator) -> None:
    check_single_precision(case, rng, cases(20000))


@pytest.mark.parametrize("case", REGRESSION, ids=str)
def test_what_is_not_finite(case: Case) -> None:
    check_what_is_not_finite(case)


def test_kinks_have_gradient_zero() -> None:
    at = np.array([2.0])
    for loss in (mse_loss, l1_loss, smape_loss, quantile_loss, mape_loss):
        assert loss.value_and_grad(at, at)[1][0] == 0


def test_huber_loss_is_delta_times_smooth_l1_loss(rng: np.random.Generator) -> None:
    pred, target = rng.normal(size=(2, 100))
    scaled = 0.5 * smooth_l1_loss(pred, target, beta=0.5, reduction="none")
    np.testing.assert_allclose(huber_loss(pred, target, delta=0.5, reduction="none"), scaled, rtol=1e-15)


@pytest.mark.parametrize("size", [1e-9, 1e-5, 1e-3, 0.5, 0.999, 1.0, 1.001, 20.0])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_log_cosh_loss_keeps_its_digits(size: float, dtype: type) -> None:
    r = np.longdouble(dtype(size))
    expected = np.log1p(2 * np.sinh(r / 2) ** 2)
    assert log_cosh_loss(dtype([size]), dtype([0])) == pytest.approx(
        float(expected), rel=4 * float(np.finfo(dtype).eps)
    )


def test_log_cosh_loss_does_not_overflow() -> None:
    value, grad = log_cosh_loss.value_and_grad(np.array([1e300]), np.array([0.0]))
    assert (value, grad[0]) == (1e300, 1.0)


def test_pseudo_huber_loss_does_not_cancel() -> None:
    assert pseudo_huber_loss(np.array([1e-9]), np.array([0.0])) == pytest.approx(5e-19, rel=1e-15)


def test_smape_loss_of_nothing_is_zero() -> None:
    value, grad = smape_loss.value_and_grad(np.zeros(1), np.zeros(1))
    assert (value, grad[0]) == (0, 0)


def test_msle_loss_clips_its_second_derivative() -> None:
    pred, target = np.array([50.0]), np.array([0.0])
    assert msle_loss.grad_hess(pred, target, hess="exact")[1][0] < 0
    assert msle_loss.grad_hess(pred, target)[1][0] == 1e-16


def test_poisson_nll_loss_of_a_rate_of_zero_is_finite() -> None:
    assert np.isfinite(poisson_nll_loss(np.zeros(1), np.ones(1), log_input=False))


@pytest.mark.parametrize(
    ("loss", "parameters", "message"),
    [
        (huber_loss, {"delta": 0}, "delta: expected a finite number > 0, got 0"),
        (pseudo_huber_loss, {"delta": np.inf}, "delta: expected a finite number > 0, got inf"),
        (smooth_l1_loss, {"beta": -1}, "beta: expected a finite number >= 0, got -1"),
        (quantile_loss, {"quantile": 1.0}, "quantile: expected a number between 0 and 1, got 1.0"),
        (poisson_nll_loss, {"eps": np.nan}, "eps: expected a finite number > 0, got nan"),
        (mape_loss, {"eps": 0.0}, "eps: expected a finite number > 0, got 0.0"),
    ],
)
def test_parameters_out_of_range_are_refused(loss: object, parameters: dict[str, float], message: str) -> None:
    with pytest.raises(ValueError, match=f"^{message}$"):
        loss(np.ones(1), np.ones(1), **parameters)  # type: ignore[operator]


def test_several_quantiles_stand_along_the_last_axis(rng: np.random.Generator) -> None:
    levels = np.array([0.1, 0.5, 0.9])
    for shape in ((400, 3), (7, 500, 3), (3,)):
        pred, target = rng.normal(size=(2, *shape))
        values, grad = quantile_loss.value_and_grad(pred, target, quantile=levels, reduction="none")
        for place, level in enumerate(levels):
            alone, alone_grad = quantile_loss.value_and_grad(pred, target, quantile=level, reduction="none")
            assert (values[..., place] == alone[..., place]).all()
            assert (grad[..., place] == alone_grad[..., place]).all()
        assert quantile_loss(pred, target, quantile=levels) == pytest.approx(values.mean(), rel=1e-14)
    with pytest.raises(
        ValueError, match=r"quantile: expected one number, or one for each place .*\(4, 2\), got shape \(3,\)"
    ):
        quantile_loss(np.ones((4, 2)), np.ones((4, 2)), quantile=levels)
    with pytest.raises(ValueError, match=r"quantile\[1\]: expected a number between 0 and 1, got 1.0"):
        quantile_loss(np.ones((4, 2)), np.ones((4, 2)), quantile=[0.5, 1.0])
    with pytest.raises(ValueError, match=r"quantile: expected a number or numbers along one axis, got shape \(1, 1\)"):
        quantile_loss(np.ones((4, 1)), np.ones((4, 1)), quantile=[[0.5]])
    assert quantile_loss(np.ones((0, 3)), np.ones((0, 3)), quantile=levels, reduction="sum") == 0


@pytest.mark.parametrize("full", [False, True])
def test_gaussian_nll_loss(full: bool, rng: np.random.Generator) -> None:
    pred, target = rng.normal(size=(2, 300))
    variance = rng.uniform(0.3, 2, size=300)
    wide = [side.astype(np.longdouble) for side in (pred, target, variance)]
    values, (by_mean, by_variance) = gaussian_nll_loss.value_and_grad(
        pred, target, variance, full=full, reduction="none"
    )
    np.testing.assert_allclose(
        values, oracles.gaussian_nll_loss(*wide, full=full).astype(np.float64), rtol=1e-13, atol=1e-15
    )
    first = oracles.derivatives(lambda x, y: oracles.gaussian_nll_loss(x, y, wide[2]), wide[0], wide[1])[0]
    np.testing.assert_allclose(by_mean, first.astype(np.float64), rtol=1e-9, atol=1e-12)
    first = oracles.derivatives(lambda v, y: oracles.gaussian_nll_loss(wide[0], y, v), wide[2], wide[1])[0]
    np.testing.assert_allclose(by_variance, first.astype(np.float64), rtol=1e-9, atol=1e-9)
    single = gaussian_nll_loss.value_and_grad(*(side.astype(np.float32) for side in (pred, target, variance)))
    assert single[0].dtype == single[1][1].dtype == np.float32


def test_gaussian_nll_loss_lets_a_variance_of_zero_grow() -> None:
    value, (by_mean, by_variance) = gaussian_nll_loss.value_and_grad([1.0], [0.0], [0.0], eps=0.5)
    assert value == pytest.approx((math.log(0.5) + 2) / 2)
    assert by_mean[0] == 2
    assert by_variance[0] == (1 / 0.5 - 1 / 0.25) / 2
    with pytest.raises(ValueError, match=r"variance\[1\]: expected a number >= 0, got -1.0"):
        gaussian_nll_loss([1.0, 1.0], [0.0, 0.0], [0.0, -1.0])
    with pytest.raises(ValueError, match=r"variance: expected the shape of pred, \(2,\), got \(1,\)"):
        gaussian_nll_loss([1.0, 1.0], [0.0, 0.0], [1.0])


def test_sums_of_composed_losses_are_rounded_once(rng: np.random.Generator) -> None:
    pred, target = rng.lognormal(sigma=6, size=(2, 5001)) * rng.choice([-1, 1], size=(2, 5001))
    variance, weight = rng.lognormal(sigma=4, size=(2, 5001))
    terms = gaussian_nll_loss(pred, target, variance, reduction="none")
    assert gaussian_nll_loss(pred, target, variance, reduction="sum") == math.fsum(terms)
    expected = math.fsum(terms * weight) / math.fsum(weight)
    assert gaussian_nll_loss(pred, target, variance, weight=weight) == expected


def test_half_a_deviance_is_least_at_the_target() -> None:
    target = np.array([0.5, 2.0, 7.0])
    at = np.log(target)
    for loss in (gamma_nll_loss, tweedie_nll_loss):
        assert loss.value_and_grad(at, target)[1] == pytest.approx(0, abs=1e-15)
    np.testing.assert_allclose(gamma_nll_loss(at, target), (1 + at).mean(), rtol=1e-15)
    pred = np.array([0.3, -1.0, 2.0])
    mean, p = np.exp(pred), 1.5
    deviance = 2 * (
        target ** (2 - p) / ((1 - p) * (2 - p)) - target * mean ** (1 - p) / (1 - p) + mean ** (2 - p) / (2 - p)
    )
    constant = target ** (2 - p) / ((1 - p) * (2 - p))
    found = tweedie_nll_loss(pred, target, power=p, reduction="none")
    np.testing.assert_allclose(found, deviance / 2 - constant, rtol=1e-13)
    with pytest.raises(ValueError, match="power: expected a number between 1 and 2, got 2"):
        tweedie_nll_loss(pred, target, power=2)
