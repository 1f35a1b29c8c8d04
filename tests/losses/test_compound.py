"""metrix.losses.compound: sums of losses."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from metrix.losses import (
    WeightedSum,
    bce_dice_loss,
    binary_cross_entropy_with_logits,
    boundary_loss,
    ce_dice_loss,
    cross_entropy,
    dice_loss,
    hinge_loss,
    huber_loss,
    mse_loss,
)


def test_weighted_sum_is_a_sum(rng: np.random.Generator) -> None:
    pred, target = rng.normal(size=(2, 4, 5))
    loss = WeightedSum([(0.25, mse_loss), (-2.0, huber_loss, {"delta": 0.5})])
    for reduction in ("mean", "sum", "none"):
        first = mse_loss.value_and_grad(pred, target, reduction=reduction)
        second = huber_loss.value_and_grad(pred, target, reduction=reduction, delta=0.5)
        value, grad = loss.value_and_grad(pred, target, reduction=reduction)
        np.testing.assert_allclose(value, 0.25 * first[0] - 2 * second[0], rtol=1e-15)
        np.testing.assert_allclose(grad, 0.25 * first[1] - 2 * second[1], rtol=1e-14, atol=1e-17)
        np.testing.assert_array_equal(loss(pred, target, reduction=reduction), value)
    assert WeightedSum([(1, huber_loss, {"delta": 0.5})])(pred, target, delta=3) == huber_loss(pred, target, delta=0.5)
    grad, hess = loss.grad_hess(pred, target)
    np.testing.assert_allclose(hess, 0.5 - 2.0 * (np.abs(pred - target) < 0.5), rtol=1e-15)
    assert loss(pred.astype(np.float32), target).dtype == np.float32
    assert repr(loss) == "<loss weighted_sum: 0.25 mse_loss + -2 huber_loss>"
    scaled = loss.value_and_grad(pred, target, grad_output=3.0)[1]
    np.testing.assert_allclose(scaled, 3 * loss.value_and_grad(pred, target)[1], rtol=1e-14)


def test_sums_of_sums_and_of_losses_of_regions(rng: np.random.Generator) -> None:
    pred, labels = rng.normal(size=(2, 3, 6, 7)), rng.integers(0, 3, size=(2, 6, 7))
    inner = WeightedSum([(1.0, dice_loss, {"classes": [1, 2]}), (0.5, boundary_loss)], name="dice_and_boundary")
    outer = WeightedSum([(2.0, inner)])
    value, grad = outer.value_and_grad(pred, labels)
    parts = dice_loss.value_and_grad(pred, labels, classes=[1, 2]), boundary_loss.value_and_grad(pred, labels)
    assert value == pytest.approx(2 * parts[0][0] + parts[1][0], rel=1e-14)
    np.testing.assert_allclose(grad, 2 * parts[0][1] + parts[1][1], rtol=1e-13, atol=1e-17)
    assert "semantic segmentation" in inner.facts.tasks
    assert "differentiable" in inner.facts.properties
    assert "dice_and_boundary" in repr(inner)


def test_a_part_of_weight_0_is_left_out() -> None:
    pred, target = np.array([np.inf, 1.0]), np.array([1.0, 1.0])
    assert WeightedSum([(0.0, mse_loss), (1.0, hinge_loss)])(pred, target) == 0
    assert WeightedSum([(0.0, mse_loss)])(np.ones(2), target) == 0


def test_wrong_parts_are_named() -> None:
    parts: Any
    for parts, error, message in (
        ([], ValueError, "^parts: expected at least one"),
        ([(1.0, "dice")], TypeError, r"^parts\[0\]: expected \(weight, loss\)"),
        ([(1.0,)], TypeError, r"^parts\[0\]: expected \(weight, loss\)"),
        ([(1.0, mse_loss), (np.inf, mse_loss)], ValueError, r"^parts\[1\]: expected a finite weight"),
    ):
        with pytest.raises(error, match=message):
            WeightedSum(parts)
    both = WeightedSum([(1.0, binary_cross_entropy_with_logits), (1.0, dice_loss)])
    with pytest.raises(ValueError, match=r"^reduction: expected terms of one shape to add"):
        both(np.zeros((2, 1, 3)), np.zeros((2, 1, 3)), reduction="none")
    with pytest.raises(TypeError, match="no second derivative"):
        both.grad_hess(np.zeros((2, 1, 3)), np.zeros((2, 1, 3)))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_bce_dice_loss(dtype: type, rng: np.random.Generator) -> None:
    pred, target = rng.normal(size=(2, 3, 4, 5)).astype(dtype), rng.random((2, 3, 4, 5))
    mask = rng.random((2, 4, 5)) < 0.7
    share: dict[str, Any] = {"dice_share": 0.3, "pos_weight": 2.0, "smooth": 1.0, "region": "batch"}
    value, grad = bce_dice_loss.value_and_grad(pred, target, mask=mask, **share)
    dice = dice_loss.value_and_grad(pred, target, smooth=1.0, region="batch", mask=mask)
    every = np.broadcast_to(mask[:, None], pred.shape)
    entropy = binary_cross_entropy_with_logits.value_and_grad(pred, target, pos_weight=2.0, mask=every)
    rtol = 1e-14 if dtype == np.float64 else 1e-6
    np.testing.assert_allclose(value, 0.3 * dice[0] + 0.7 * entropy[0], rtol=rtol)
    np.testing.assert_allclose(grad, 0.3 * dice[1] + 0.7 * entropy[1], rtol=10 * rtol, atol=rtol * 1e-3)
    assert value.dtype == grad.dtype == dtype
    assert bce_dice_loss(pred, target, mask=mask, **share) == value
    np.testing.assert_allclose(
        bce_dice_loss.value_and_grad(pred, target, mask=mask, grad_output=2.0, **share)[1], 2 * grad, rtol=1e-6
    )
    flat = bce_dice_loss(pred[:, 0], target[:, 0], axis=None, mask=mask)
    assert flat == pytest.approx(float(bce_dice_loss(pred[:, :1], target[:, :1], mask=mask)), rel=1e-6)
    last = bce_dice_loss(np.moveaxis(pred, 1, -1), np.moveaxis(target, 1, -1), axis=-1, mask=mask)
    assert last == pytest.approx(float(bce_dice_loss(pred, target, mask=mask)), rel=1e-6)


def test_torch_gives_the_same_bce_dice_loss(rng: np.random.Generator) -> None:
    torch = pytest.importorskip("torch")
    torch.set_num_threads(1)
    pred, target = rng.normal(size=(2, 3, 20)), rng.integers(0, 2, size=(2, 3, 20)).astype(float)
    x, t = torch.tensor(pred, requires_grad=True), torch.tensor(target)
    p = torch.sigmoid(x)
    dice = 1 - (2 * (p * t).sum(2) + 1e-5) / (p.sum(2) + t.sum(2) + 1e-5)
    loss = 0.5 * dice.mean() + 0.5 * torch.nn.functional.binary_cross_entropy_with_logits(x, t)
    loss.backward()
    value, grad = bce_dice_loss.value_and_grad(pred, target)
    np.testing.assert_allclose(value, loss.item(), rtol=1e-12)
    np.testing.assert_allclose(grad, x.grad.numpy(), rtol=1e-9)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_ce_dice_loss(dtype: type, rng: np.random.Generator) -> None:
    pred, target = rng.normal(size=(2, 3, 4, 5)).astype(dtype), rng.integers(0, 3, size=(2, 4, 5))
    target[0, 0] = 7
    mask = rng.random((2, 4, 5)) < 0.7
    of_dice: dict[str, Any] = {"classes": [1, 2], "smooth": 1.0, "mask": mask, "ignore_index": 7}
    of_entropy: dict[str, Any] = {"class_weight": [1, 2, 3], "label_smoothing": 0.1, "mask": mask, "ignore_index": 7}
    dice = dice_loss.value_and_grad(pred, target, **of_dice)
    entropy = cross_entropy.value_and_grad(pred, target, **of_entropy)
    value, grad = ce_dice_loss.value_and_grad(pred, target, dice_share=0.3, **{**of_dice, **of_entropy})
    rtol = 1e-14 if dtype == np.float64 else 1e-6
    np.testing.assert_allclose(value, 0.3 * dice[0] + 0.7 * entropy[0], rtol=rtol)
    np.testing.assert_allclose(grad, 0.3 * dice[1] + 0.7 * entropy[1], rtol=10 * rtol, atol=rtol * 1e-3)
    assert value.dtype == grad.dtype == dtype
    last = ce_dice_loss(np.moveaxis(pred, 1, -1), target, axis=-1, dice_share=0.3, **{**of_dice, **of_entropy})
    assert last == pytest.approx(float(value), rel=1e-6)


def test_wrong_arguments_are_named() -> None:
    pred = np.zeros((2, 3, 4))
    for arguments, message in (
        ({"dice_share": 1.5}, "^dice_share: expected a number from 0 to 1"),
        ({"mask": np.ones((2, 3), dtype=np.bool_)}, "^mask: expected the shape of labels"),
        ({"region": "image"}, "^region: "),
    ):
        with pytest.raises(ValueError, match=message):
            bce_dice_loss(pred, pred, **arguments)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=r"^target: expected the shape of pred"):
        bce_dice_loss(pred, np.zeros((2, 4), dtype=np.int64))
