"""What holds for every elementwise loss."""

from __future__ import annotations

import numpy as np

from losses.elementwise_cases import Case
from oracles.losses import derivatives


def check_values_and_derivatives(case: Case, rng: np.random.Generator, count: int) -> None:
    pred, target = case.draw(rng, count)
    wide = pred.astype(np.longdouble), target.astype(np.longdouble)
    expected = case.oracle(*wide, **case.parameters)
    values, grad = case.loss.value_and_grad(pred, target, reduction="none", **case.parameters)
    np.testing.assert_allclose(values, expected.astype(np.float64), rtol=1e-13, atol=1e-15 * case.cancelling)

    smooth = case.is_smooth(pred, target)
    assert smooth.sum() > count / 2
    first, second = derivatives(case.oracle, *wide, **case.parameters)
    np.testing.assert_allclose(grad[smooth], first[smooth].astype(np.float64), rtol=1e-9, atol=1e-10)
    same_grad, hess = case.loss.grad_hess(pred, target, hess="exact", **case.parameters)
    assert same_grad.tobytes() == grad.tobytes()
    np.testing.assert_allclose(hess[smooth], second[smooth].astype(np.float64), rtol=1e-6, atol=1e-7)


def check_single_precision(case: Case, rng: np.random.Generator, count: int) -> None:
    pred, target = (side.astype(np.float32) for side in case.draw(rng, count))
    values, grad = case.loss.value_and_grad(pred, target, reduction="none", **case.parameters)
    assert values.dtype == grad.dtype == np.float32
    wide = [side.astype(np.float64) for side in (pred, target)]
    exact_values, exact_grad = case.loss.value_and_grad(*wide, reduction="none", **case.parameters)
    np.testing.assert_allclose(values, exact_values, rtol=1e-5, atol=1e-6 * case.cancelling)
    smooth = case.is_smooth(*wide)
    np.testing.assert_allclose(grad[smooth], exact_grad[smooth], rtol=1e-5, atol=1e-6)


def check_what_is_not_finite(case: Case) -> None:
    """NaN stays NaN, and no infinity turns into a number that looks right."""
    target = np.ones(1)
    for pred in (np.array([np.nan]), np.array([np.inf]), np.array([-np.inf])):
        value, grad = case.loss.value_and_grad(pred, target, **case.parameters)
        if np.isnan(pred[0]):
            assert np.isnan(value)
            assert np.isnan(grad[0])
            continue
        with np.errstate(all="ignore"):
            expected = case.oracle(pred.astype(np.longdouble), target.astype(np.longdouble), **case.parameters)[0]
        assert np.isnan(expected) or np.isnan(value) or value == expected
