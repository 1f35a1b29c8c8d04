"""metrix.losses.classification: against the definitions, and where floating point is hard."""

from __future__ import annotations

import numpy as np
import pytest

from effort import cases
from losses.elementwise_cases import CLASSIFICATION, Case
from losses.elementwise_checks import check_single_precision, check_values_and_derivatives, check_what_is_not_finite
from metrix.losses import (
    asymmetric_loss,
    balanced_bce_loss,
    binary_cross_entropy,
    binary_cross_entropy_with_logits,
    hinge_loss,
    quality_focal_loss,
    sigmoid_focal_loss,
    soft_margin_loss,
    squared_hinge_loss,
    varifocal_loss,
)
from oracles import losses as oracles


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


def test_each_class_may_have_its_pos_weight(rng: np.random.Generator) -> None:
    weights = np.array([0.5, 1.0, 4.0])
    for shape, axis in (((300, 3), 1), ((2, 3, 20, 31), 1), ((5, 300, 3), -1), ((3,), 1)):
        pred, target = rng.normal(size=shape), rng.random(shape)
        common = {"axis": axis, "reduction": "none"}
        both = binary_cross_entropy_with_logits.value_and_grad(pred, target, pos_weight=weights, **common)
        hess = binary_cross_entropy_with_logits.grad_hess(pred, target, pos_weight=weights, axis=axis)[1]
        for place, weight in enumerate(weights):
            index = (..., place) if axis == -1 or len(shape) == 1 else (slice(None), place)
            alone = binary_cross_entropy_with_logits.value_and_grad(pred, target, pos_weight=weight, **common)
            assert (both[0][index] == alone[0][index]).all()
            assert (both[1][index] == alone[1][index]).all()
            one = binary_cross_entropy_with_logits.grad_hess(pred, target, pos_weight=weight)[1]
            assert (hess[index] == one[index]).all()
    with pytest.raises(ValueError, match=r"pos_weight: expected one number, or one for each .* got shape \(3,\)"):
        binary_cross_entropy_with_logits(np.ones((3, 2)), np.ones((3, 2)), pos_weight=weights)
    with pytest.raises(ValueError, match=r"pos_weight\[0\]: expected a finite number > 0, got 0.0"):
        binary_cross_entropy_with_logits(np.ones((3, 2)), np.ones((3, 2)), pos_weight=[0, 1])


@pytest.mark.parametrize("from_logits", [True, False])
def test_balanced_bce_loss_weighs_each_image_by_itself(from_logits: bool, rng: np.random.Generator) -> None:
    pred = rng.normal(size=(4, 30, 50)) if from_logits else rng.uniform(0.1, 0.9, size=(4, 30, 50))
    target = (rng.random((4, 30, 50)) < rng.random((4, 1, 1))) * rng.uniform(0.5, 1, size=(4, 30, 50))
    mask = rng.random((4, 30, 50)) < 0.8
    common = {"from_logits": from_logits, "reduction": "none"}
    values, grad = balanced_bce_loss.value_and_grad(pred, target, **common)
    hess = balanced_bce_loss.grad_hess(pred, target, from_logits=from_logits)[1]
    masked = balanced_bce_loss(pred, target, mask=mask, **common)
    whole = balanced_bce_loss(pred, target, region="batch", **common)
    wide = pred.astype(np.longdouble), target.astype(np.longdouble)
    for x, y, kept, *got in zip(*wide, mask, values, grad, hess, masked, strict=True):
        expected = oracles.balanced_bce_loss(x, y, from_logits)
        np.testing.assert_allclose(got[0], expected.astype(np.float64), rtol=1e-12)
        first, second = oracles.derivatives(oracles.balanced_bce_loss, x, y, from_logits=from_logits)
        np.testing.assert_allclose(got[1], first.astype(np.float64), rtol=1e-8, atol=1e-10)
        np.testing.assert_allclose(got[2], second.astype(np.float64), rtol=1e-5, atol=1e-7)
        alone = oracles.balanced_bce_loss(x[kept], y[kept], from_logits)
        np.testing.assert_allclose(got[3][kept], alone.astype(np.float64), rtol=1e-12)
    expected = oracles.balanced_bce_loss(*wide, from_logits)
    np.testing.assert_allclose(whole, expected.astype(np.float64), rtol=1e-12)


def test_balanced_bce_loss_without_positives_learns_nothing_unless_told() -> None:
    pred, target = np.zeros((1, 4)), np.zeros((1, 4))
    assert balanced_bce_loss(pred, target) == 0
    assert balanced_bce_loss(pred, target, min_weight=0.1) == pytest.approx(0.1 * np.log(2))
    assert balanced_bce_loss(pred, target, min_weight=0.5) == pytest.approx(np.log(2) / 2)
    assert np.isnan(balanced_bce_loss(np.zeros((0, 4)), np.zeros((0, 4))))
    assert balanced_bce_loss(np.zeros((2, 0)), np.zeros((2, 0)), reduction="sum") == 0
    with pytest.raises(ValueError, match=r"min_weight: expected a number from 0 to 0\.5, got 0\.6"):
        balanced_bce_loss(pred, target, min_weight=0.6)
    with pytest.raises(ValueError, match=r"region: expected one of \['sample', 'batch'\], got 'image'"):
        balanced_bce_loss(pred, target, region="image")


def test_varying_parameters_give_the_same_bits_everywhere(rng: np.random.Generator) -> None:
    """In blocks and chunks, on any number of threads."""
    pred, target = rng.normal(size=(2, 11, 3, 150, 170))
    weights = np.array([0.5, 1.0, 4.0])
    whole = binary_cross_entropy_with_logits(pred, target, pos_weight=weights, reduction="none", num_threads=7)
    for i in range(11):
        alone = binary_cross_entropy_with_logits(
            pred[i : i + 1], target[i : i + 1], pos_weight=weights, reduction="none"
        )
        assert alone.tobytes() == whole[i].tobytes()


def test_focal_losses_of_labels_are_one_family(rng: np.random.Generator) -> None:
    pred, label = rng.normal(scale=3, size=100), rng.integers(0, 2, 100).astype(np.float64)
    plain = binary_cross_entropy_with_logits(pred, label, reduction="none")
    focal = sigmoid_focal_loss(pred, label, alpha=None, reduction="none")
    np.testing.assert_allclose(quality_focal_loss(pred, label, reduction="none"), focal, rtol=1e-12)
    np.testing.assert_allclose(quality_focal_loss(pred, label, beta=0, reduction="none"), plain, rtol=1e-12)
    same = asymmetric_loss(pred, label, gamma_neg=2, gamma_pos=2, clip=0, reduction="none")
    np.testing.assert_allclose(same, focal, rtol=1e-12)
    negatives = varifocal_loss(pred, 0 * label, alpha=1.0, reduction="none")
    np.testing.assert_allclose(negatives, sigmoid_focal_loss(pred, 0 * label, alpha=None, reduction="none"), rtol=1e-12)
    np.testing.assert_allclose(varifocal_loss(pred, label, reduction="none")[label == 1], plain[label == 1], rtol=1e-13)


def test_sure_negatives_cost_nothing_and_the_margin_shifts() -> None:
    value, grad = asymmetric_loss.value_and_grad([-30.0, -3.0, 800.0], [0.0, 0.0, 0.0], reduction="none")
    assert value[:2].tolist() == grad[:2].tolist() == [0.0, 0.0]
    assert value[2] == pytest.approx(-(0.95**4) * np.log(0.05))
    with pytest.raises(ValueError, match="clip: expected a number from 0, below 1, got 1"):
        asymmetric_loss([0.0], [0.0], clip=1)
