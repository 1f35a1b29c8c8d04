"""What is left out of a batch, by a mask, a weight of 0 or a label to ignore, is as if it were not there."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from losses.batches import (
    COUPLED,
    DETECTORS,
    MASKED,
    OF_PIXELS,
    SEPARATE,
    WHOLE,
    ask,
    batch,
    chosen,
    has,
    poisoned,
    rows_of,
)
from losses.example_calls import EVERY, example_call
from metrix import losses

KEPT = np.array([True, False, True, True, False, True])
POISONS = [np.nan, np.inf, -np.inf]
#: Without samples of their own in the terms.
SCALAR = [
    *("barlow_twins_loss", "batch_triplet_loss", "bce_dice_loss", "ce_dice_loss", "lovasz_softmax_loss"),
    *("proxy_anchor_loss", "vicreg_loss"),
]


def assert_same(name: str, found: tuple[Any, Any], alone: tuple[Any, Any], kept: npt.NDArray[np.bool_]) -> None:
    """Values and gradients are those of the rows that are kept, alone; the others have the gradient 0."""
    np.testing.assert_allclose(found[0], alone[0], rtol=1e-12, atol=1e-14)
    rows = rows_of(name)
    for (argument, gradient), (_, expected) in zip(found[1], alone[1], strict=True):
        own = gradient
        if argument in rows:
            own = np.moveaxis(gradient, rows[argument], 0)
            assert not own[~kept].any(), f"gradient by {argument} of what is left out"
            own, expected = own[kept], np.moveaxis(expected, rows[argument], 0)
        np.testing.assert_allclose(own, expected, rtol=1e-9, atol=1e-12, err_msg=argument)


def test_every_loss_is_in_one_list() -> None:
    assert sorted([*MASKED, *OF_PIXELS, *WHOLE, *DETECTORS]) == sorted(EVERY)
    assert [name for name in EVERY if not has(name, "mask")] == []
    assert [name for name in EVERY if not has(name, "weight")] == []


@pytest.mark.parametrize("name", MASKED)
@pytest.mark.parametrize("reduction", ["mean", "sum"])
def test_a_mask_is_deletion_whatever_is_masked(name: str, reduction: str, rng: np.random.Generator) -> None:
    call = batch(name, rng, len(KEPT))
    alone = ask(name, chosen(name, call, KEPT), reduction=reduction)
    for poison in POISONS:
        found = ask(name, poisoned(name, call, ~KEPT, poison), reduction=reduction, mask=KEPT)
        assert_same(name, found, alone, KEPT)
        value = getattr(losses, name)(*call.inputs, **call.arguments, reduction=reduction, mask=KEPT)
        assert value == pytest.approx(float(alone[0]), rel=1e-12)


@pytest.mark.parametrize("name", [name for name in MASKED if name not in SCALAR])
def test_terms_that_are_masked_are_zero(name: str, rng: np.random.Generator) -> None:
    call = batch(name, rng, len(KEPT))
    spoilt = poisoned(name, call, ~KEPT, np.nan)
    values, _ = ask(name, spoilt, reduction="none", mask=KEPT)
    alone, _ = ask(name, chosen(name, call, KEPT), reduction="none")
    assert not values[~KEPT].any()
    np.testing.assert_allclose(values[KEPT], alone, rtol=1e-12, atol=1e-14)
    total = getattr(losses, name)(*spoilt.inputs, **spoilt.arguments, reduction="batchmean", mask=KEPT)
    np.testing.assert_allclose(total, alone.sum() / len(KEPT), rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("name", [name for name in SEPARATE if name not in SCALAR])
def test_a_weight_of_zero_is_a_mask(name: str, rng: np.random.Generator) -> None:
    call = batch(name, rng, len(KEPT))
    alone = ask(name, chosen(name, call, KEPT))
    weight = KEPT.astype(np.float64)
    for poison in POISONS:
        spoilt = poisoned(name, call, ~KEPT, poison, labels=False)
        assert_same(name, ask(name, spoilt, weight=weight), alone, KEPT)
    # ... that counts in a mean over counts.
    count = {"mean_denominator": "count"}
    counted = getattr(losses, name)(*call.inputs, **call.arguments, weight=weight, **count)
    assert counted == pytest.approx(float(ask(name, chosen(name, call, KEPT), **count)[0]) * KEPT.mean(), rel=1e-9)


@pytest.mark.parametrize("name", [name for name in SEPARATE if name not in SCALAR])
def test_a_weight_of_k_is_k_copies(name: str, rng: np.random.Generator) -> None:
    copies = np.array([1, 3, 0, 2])
    call = batch(name, rng, len(copies))
    value = getattr(losses, name)(*call.inputs, **call.arguments, weight=copies.astype(np.float64))
    repeated = chosen(name, call, np.repeat(np.arange(len(copies)), copies))
    assert value == pytest.approx(float(getattr(losses, name)(*repeated.inputs, **repeated.arguments)), rel=1e-12)


@pytest.mark.parametrize("name", [name for name in MASKED if name not in COUPLED])
def test_all_is_masked(name: str, rng: np.random.Generator) -> None:
    call = poisoned(name, batch(name, rng, 3), np.full(3, True), np.nan)
    nobody = np.zeros(3, dtype=bool)
    value, gradients = ask(name, call, mask=nobody)
    assert np.isnan(value)
    assert not any(gradient.any() for _, gradient in gradients)
    assert ask(name, call, mask=nobody, reduction="sum")[0] == 0


@pytest.mark.parametrize("name", OF_PIXELS)
@pytest.mark.parametrize("poison", POISONS)
def test_masked_and_ignored_pixels_may_hold_anything(name: str, poison: float, rng: np.random.Generator) -> None:
    call = batch(name, rng, 4)
    pred, target = call.inputs
    labels = target.shape if np.ndim(target) == pred.ndim - 1 else pred.shape
    axis = None if labels != pred.shape or pred.ndim < 3 else 1
    shape = labels if axis is None else labels[:1] + labels[2:]
    mask = np.ones(shape, dtype=bool)
    mask[1, 0] = mask[2, -1] = False
    expected, gradient = getattr(losses, name).value_and_grad(pred, target, mask=mask, **call.arguments)
    assert np.isfinite(expected)
    assert np.isfinite(gradient).all()
    spoilt = pred.copy()
    hidden = np.broadcast_to(~mask if pred.shape == shape else ~mask[:, None], pred.shape)
    spoilt[hidden] = poison
    assert not gradient[hidden].any()
    value, again = getattr(losses, name).value_and_grad(spoilt, target, mask=mask, **call.arguments)
    assert value == expected
    assert again.tobytes() == gradient.tobytes()
    if has(name, "ignore_index") and target.dtype.kind in "iu" and target.shape == shape:
        ignored = np.where(mask, target, -100)
        value, again = getattr(losses, name).value_and_grad(spoilt, ignored, **call.arguments)
        assert value == expected
        assert again.tobytes() == gradient.tobytes()


@pytest.mark.parametrize("name", [name for name in MASKED if has(name, "ignore_index")])
@pytest.mark.parametrize("poison", POISONS)
def test_ignored_rows_may_hold_anything(name: str, poison: float, rng: np.random.Generator) -> None:
    call = batch(name, rng, len(KEPT))
    spoilt = poisoned(name, call, ~KEPT, poison).inputs[0], np.where(KEPT, call.inputs[1], -100)
    found = ask(name, type(call)(spoilt, call.arguments))
    assert_same(name, found, ask(name, chosen(name, call, KEPT)), KEPT)


@pytest.mark.parametrize("name", [name for name in WHOLE if has(name, "mask")])
def test_a_loss_of_the_whole_batch_has_no_mask(name: str) -> None:
    call = example_call(name)
    for argument in ({"mask": np.ones(2, dtype=bool)}, {"weight": np.ones(2)}):
        with pytest.raises(ValueError, match=r"(mask|weight): expected"):
            getattr(losses, name)(*call.inputs, **call.arguments, **argument)


@pytest.mark.parametrize("name", DETECTORS)
def test_a_masked_image_may_hold_anything(name: str) -> None:
    call = example_call(name)
    pred = np.repeat(call.inputs[0], 2, axis=0)
    pred[1] = np.nan
    for argument in ({"mask": np.array([True, False])}, {"weight": np.array([1.0, 0.0])}):
        value, gradient = getattr(losses, name).value_and_grad(
            pred, *call.inputs[1:], images=[0], **call.arguments, **argument
        )
        alone = getattr(losses, name).value_and_grad(*call.inputs, **call.arguments)
        assert value == alone[0]
        np.testing.assert_array_equal(gradient, np.concatenate([alone[1], np.zeros_like(alone[1])]))


def test_a_zero_of_the_gradient_that_comes_in_hides_what_there_is() -> None:
    logits = np.array([[np.nan, 1.0], [0.0, 1.0]])
    for loss, target in ((losses.cross_entropy, [0, 1]), (losses.nll_loss, [0, 1])):
        gradient = loss.value_and_grad(logits, target, reduction="none", grad_output=[0.0, 1.0])[1]
        assert not gradient[0].any()
        assert gradient[1].any()
    gradient = losses.mse_loss.value_and_grad(logits, 0 * logits, reduction="none", grad_output=[[0.0, 1], [1, 1]])[1]
    np.testing.assert_array_equal(gradient, [[0, 2], [0, 2]])


def test_complaints_name_the_mask_as_before() -> None:
    x = np.ones((3, 2))
    with pytest.raises(ValueError, match=r"mask: expected the shape of leading axes of the terms, .*got \(2,\)"):
        losses.center_loss(x, [0, 1, 0], x, mask=np.ones(2, dtype=bool))
    with pytest.raises(TypeError, match=r"mask: expected bools, got dtype int64"):
        losses.center_loss(x, [0, 1, 0], x, mask=[1, 0, 1])
    with pytest.raises(ValueError, match=r"labels\[1\]: expected a class from 0 to 2, got 7"):
        losses.center_loss(x, [0, 7, 0], x, mask=np.array([True, True, False]))


@pytest.mark.parametrize(
    "name", ["boundary_loss", "hausdorff_dt_loss", "dice_loss", "tversky_loss", "lovasz_softmax_loss"]
)
@pytest.mark.parametrize("poison", POISONS)
def test_logits_of_an_image_without_weight_may_be_anything(name: str, poison: float, rng: np.random.Generator) -> None:
    pred, labels = rng.normal(size=(3, 2, 4, 4)), rng.integers(0, 2, (3, 4, 4))
    own = {"per_image": True} if has(name, "per_image") else {}
    weight = np.array([1.0, 0.0, 2.0])
    expected = getattr(losses, name).value_and_grad(pred, labels, weight=weight, **own)
    pred[1] = poison
    value, gradient = getattr(losses, name).value_and_grad(pred, labels, weight=weight, **own)
    assert value == expected[0]
    assert not gradient[1].any()
    np.testing.assert_array_equal(gradient, expected[1])
