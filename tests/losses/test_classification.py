"""metrix.losses.classification: against the definitions, and where floating point is hard."""

from __future__ import annotations

import numpy as np
import pytest

from effort import cases
from losses.elementwise_cases import CLASSIFICATION, Case
from losses.elementwise_checks import check_single_precision, check_values_and_derivatives, check_what_is_not_finite
from metrix.losses import (
    binary_cross_entropy,
    binary_cross_entropy_with_logits,
    hinge_loss,
    sigmoid_focal_loss,
    soft_margin_loss,
    squared_hinge_loss,
)


@pytest.mark.parametrize("case", CLASSIFICATION, ids=str)
def test_values_and_derivatives(case: Case, rng: np.random.Generator) -> None:
    check_values_and_derivatives(case, rng, cases(20000))


@pytest.mark.parametrize("case", CLASSIFICATION, ids=str)
def test_single_precision(case: Case, rng: np.random.Generator) -> None:
    check_single_precision(case, rng, cases(20000))


@pytest.mark.parametrize("case", [case for case in CLASSIFICATION if "cross_entropy" not in str(case)], ids=str)
def test_what_is_not_finite(case: Case) -> None:
    check_what_is_not_finite(case)


def test_binary_cross_entropy_at_certainty() -> None:
    pred, target = np.array([0.0, 0.0, 1.0, 1.0]), np.array([0.0, 1.0, 0.0, 1.0])
    value, grad = binary_cross_entropy.value_and_grad(pred, target, reduction="none")
    assert value.tolist() == [0, 100, 100, 0]
    assert grad.tolist() == [0, -1e12, 1e12, 0]
    assert binary_cross_entropy(pred[1:2], target[1:2], eps=1e-7) == pytest.approx(-np.log(1e-7))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_extreme_logits(dtype: type) -> None:
    pred, target = dtype([1e4, -1e4, 1e4, -1e4]), dtype([1, 0, 0, 1])
    value, grad = binary_cross_entropy_with_logits.value_and_grad(pred, target, reduction="none")
    assert value.tolist() == [0, 0, 1e4, 1e4]
    assert grad.tolist() == [0, 0, 1, -1]
    for parameters in ({}, {"gamma": 1.5}, {"gamma": 0}):
        value, grad = sigmoid_focal_loss.value_and_grad(pred, target, reduction="none", alpha=None, **parameters)
        assert value.tolist() == [0, 0, 1e4, 1e4]
        assert grad.tolist() == [0, 0, 1, -1]
    value, grad = soft_margin_loss.value_and_grad(pred, 2 * target - 1, reduction="none")
    assert value.tolist() == [0, 0, 1e4, 1e4]


def test_small_probabilities_keep_their_digits() -> None:
    value = binary_cross_entropy_with_logits(np.array([-40.0]), np.array([0.0]))
    assert value == pytest.approx(np.log1p(np.exp(np.longdouble(-40))).astype(float), rel=1e-15)


def test_sigmoid_focal_loss_without_focus_is_cross_entropy(rng: np.random.Generator) -> None:
    pred, target = rng.normal(size=50), rng.integers(0, 2, size=50)
    focal = sigmoid_focal_loss.value_and_grad(pred, target, alpha=None, gamma=0)
    plain = binary_cross_entropy_with_logits.value_and_grad(pred, target)
    assert focal[0] == pytest.approx(plain[0], rel=1e-15)
    np.testing.assert_allclose(focal[1], plain[1], rtol=1e-15)


def test_sigmoid_focal_loss_clips_its_second_derivative() -> None:
    pred, target = np.array([-6.0]), np.array([1.0])
    assert sigmoid_focal_loss.grad_hess(pred, target, hess="exact")[1][0] < 0
    assert sigmoid_focal_loss.grad_hess(pred, target)[1][0] == 1e-16
    assert sigmoid_focal_loss.grad_hess(pred, target, hess="abs")[1][0] > 1e-3


def test_labels_of_hinge_losses_may_be_zero_or_minus_one() -> None:
    pred = np.array([0.3, -0.2, 1.5])
    for loss in (hinge_loss, squared_hinge_loss):
        assert loss(pred, [0, 1, 0]) == loss(pred, [-1, 1, -1])


@pytest.mark.parametrize(
    ("loss", "parameters", "message"),
    [
        (binary_cross_entropy, {"eps": 0.5}, "eps: expected a number below 0.5, got 0.5"),
        (binary_cross_entropy_with_logits, {"pos_weight": 0}, "pos_weight: expected a finite number > 0, got 0"),
        (sigmoid_focal_loss, {"alpha": 1.5}, "alpha: expected a number between 0 and 1, got 1.5"),
        (sigmoid_focal_loss, {"gamma": -1}, "gamma: expected a finite number >= 0, got -1"),
    ],
)
def test_parameters_out_of_range_are_refused(loss: object, parameters: dict[str, float], message: str) -> None:
    with pytest.raises(ValueError, match=f"^{message}$"):
        loss(np.ones(1), np.ones(1), **parameters)  # type: ignore[operator]
