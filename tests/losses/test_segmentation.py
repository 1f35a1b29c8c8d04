"""metrix.losses.segmentation: against the definitions, and what the losses of regions share."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from effort import cases
from losses.region_cases import CASES, Case, draw
from metrix import _core
from metrix.losses import (
    dice_loss,
    focal_tversky_loss,
    jaccard_loss,
    log_cosh_dice_loss,
    sensitivity_specificity_loss,
    tversky_loss,
)

#: Those that weigh classes one by one.
PER_CLASS = [case for case in CASES if "generalized" not in case.parameters]


@pytest.fixture
def instruction_sets() -> Iterator[list[str]]:
    before = _core.losses.instruction_set()
    yield [name for name in ("baseline", "v3", "v4") if _core.losses.use_instruction_set(name)]
    _core.losses.use_instruction_set(before)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_values(case: Case, rng: np.random.Generator) -> None:
    for _ in range(cases(200)):
        problem = draw(rng)
        expected = problem.expected_terms(case)
        for dtype, rtol in ((np.float64, 1e-12), (np.float32, 2e-6)):
            pred = problem.pred.astype(dtype)
            values = case.loss(pred, problem.target, reduction="none", **problem.common, **case.parameters)
            assert values.dtype == dtype
            np.testing.assert_allclose(values.ravel(), expected.ravel(), rtol=rtol, atol=rtol, err_msg=str(problem))
            mean = case.loss(pred, problem.target, **problem.common, **case.parameters)
            np.testing.assert_allclose(mean, expected.mean().astype(np.float64), rtol=rtol, atol=rtol)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_gradients_are_those_of_central_differences(case: Case, rng: np.random.Generator) -> None:
    step = np.longdouble(2.0) ** -20
    for _ in range(cases(100)):
        problem = draw(rng)
        shape = problem.expected_terms(case).shape
        upstream = rng.normal(size=shape)
        given = upstream[:, 0] if "generalized" in case.parameters else upstream
        given = given[0] if problem.common["region"] == "batch" else given
        value, grad = case.loss.value_and_grad(
            problem.pred, problem.target, reduction="none", grad_output=given, **problem.common, **case.parameters
        )
        assert value.shape == given.shape
        for place in rng.integers(0, problem.pred.size, size=4):
            moved = np.zeros(problem.pred.size, dtype=np.longdouble)
            moved[place] = step
            up, down = (
                problem.expected_terms(case, problem.pred + sign * moved.reshape(problem.pred.shape))
                for sign in (1, -1)
            )
            slope = float(((up - down) * upstream).sum() / (2 * step))
            assert grad.flat[place] == pytest.approx(slope, rel=1e-6, abs=1e-7 * (1 + np.abs(grad).max())), problem


@pytest.mark.parametrize("case", CASES, ids=str)
def test_single_precision_gradients(case: Case, rng: np.random.Generator) -> None:
    for _ in range(cases(100)):
        problem = draw(rng)
        pred = problem.pred.astype(np.float32)
        grad = case.loss.value_and_grad(pred, problem.target, **problem.common, **case.parameters)[1]
        wide = pred.astype(np.float64)
        target = problem.target.astype(np.float32) if problem.target.dtype.kind == "f" else problem.target
        exact = case.loss.value_and_grad(wide, target, **problem.common, **case.parameters)[1]
        assert grad.dtype == np.float32
        np.testing.assert_allclose(grad, exact, rtol=1e-5, atol=2e-6 * (np.abs(exact).max() + 1e-3))


def test_torch_gives_the_same_gradient(rng: np.random.Generator) -> None:
    torch = pytest.importorskip("torch")
    torch.set_num_threads(1)
    pred, labels = rng.normal(size=(2, 4, 6, 7)), rng.integers(0, 4, size=(2, 6, 7))
    for dtype, rtol in ((np.float64, 1e-9), (np.float32, 2e-5)):
        x = torch.tensor(pred.astype(dtype), requires_grad=True)
        p = torch.softmax(x, 1).flatten(2)
        t = torch.nn.functional.one_hot(torch.tensor(labels), 4).movedim(-1, 1).flatten(2).to(x.dtype)
        both, predicted, wanted = (p * t).sum(2), p.sum(2), t.sum(2)
        references = {
            dice_loss: 1 - (2 * both + 1e-5) / (predicted + wanted + 1e-5),
            log_cosh_dice_loss: torch.log(torch.cosh(1 - (2 * both + 1e-5) / (predicted + wanted + 1e-5))),
            jaccard_loss: 1 - (both + 1e-5) / (predicted + wanted - both + 1e-5),
            tversky_loss: 1 - (both + 1e-5) / (0.3 * predicted + 0.7 * wanted + 1e-5),
            focal_tversky_loss: (1 - (both + 1e-5) / (0.3 * predicted + 0.7 * wanted + 1e-5)) ** 0.75,
            sensitivity_specificity_loss: 0.05 * ((t - p) ** 2 * t).sum(2) / t.sum(2)
            + 0.95 * ((t - p) ** 2 * (1 - t)).sum(2) / (1 - t).sum(2),
        }
        for loss, terms in references.items():
            x.grad = None
            terms.mean().backward(retain_graph=True)
            value, grad = loss.value_and_grad(pred.astype(dtype), labels)
            np.testing.assert_allclose(value, terms.mean().item(), rtol=rtol)
            np.testing.assert_allclose(grad, x.grad.numpy(), rtol=rtol, atol=rtol * np.abs(grad).max())


def test_one_loss_is_a_case_of_another(rng: np.random.Generator) -> None:
    pred, labels = rng.normal(size=(3, 4, 50)), rng.integers(0, 4, size=(3, 50))
    dice = dice_loss.value_and_grad(pred, labels, smooth=2.0)
    tversky = tversky_loss.value_and_grad(pred, labels, alpha=0.5, beta=0.5, smooth=1.0)
    np.testing.assert_allclose(tversky[0], dice[0], rtol=1e-14)
    np.testing.assert_allclose(tversky[1], dice[1], rtol=1e-12)
    jaccard = jaccard_loss.value_and_grad(pred, labels)
    np.testing.assert_allclose(tversky_loss(pred, labels, alpha=1, beta=1), jaccard[0], rtol=1e-14)
    score = 1 - dice_loss(pred, labels, smooth=0, reduction="none")
    np.testing.assert_allclose(
        1 - jaccard_loss(pred, labels, smooth=0, reduction="none"), score / (2 - score), rtol=1e-13
    )
    np.testing.assert_allclose(focal_tversky_loss(pred, labels, gamma=1), tversky_loss(pred, labels), rtol=1e-14)


def test_classes_may_stand_on_any_axis(rng: np.random.Generator) -> None:
    pred, labels = rng.normal(size=(2, 3, 5, 7)), rng.integers(0, 3, size=(2, 5, 7))
    soft, mask = rng.random(pred.shape), rng.random(labels.shape) < 0.7
    for target in (labels, soft):
        value, grad = dice_loss.value_and_grad(pred, target, mask=mask)
        for axis in (-1, 2, 3):
            moved = np.moveaxis(pred, 1, axis)
            moved_target = target if target is labels else np.moveaxis(target, 1, axis)
            same_value, same_grad = dice_loss.value_and_grad(moved, moved_target, axis=axis, mask=mask)
            assert same_value == value
            np.testing.assert_array_equal(np.moveaxis(same_grad, axis, 1), grad)
    value, grad = dice_loss.value_and_grad(pred[:, 0], soft[:, 0], axis=None, mask=mask)
    same_value, same_grad = dice_loss.value_and_grad(pred[:, :1], soft[:, :1], mask=mask)
    assert value == same_value
    np.testing.assert_array_equal(grad, same_grad[:, 0])


@pytest.mark.parametrize("dtype", ["uint8", "int8", "int16", "int32", "int64"])
def test_labels_of_any_width(dtype: str, rng: np.random.Generator) -> None:
    pred, labels = rng.normal(size=(2, 3, 40)), rng.integers(0, 3, size=(2, 40))
    labels[0, :5] = 100
    assert dice_loss(pred, labels.astype(dtype), ignore_index=100) == dice_loss(pred, labels, ignore_index=100)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_what_is_masked_is_as_if_deleted(case: Case, rng: np.random.Generator) -> None:
    pred, labels = rng.normal(size=(1, 3, 60)), rng.integers(0, 3, size=(1, 60))
    mask = rng.random((1, 60)) < 0.6
    alone = case.loss.value_and_grad(pred[:, :, mask[0]], labels[:, mask[0]], **case.parameters)
    pred[:, :, ~mask[0]] = np.nan
    labels[~mask] = 77
    value, grad = case.loss.value_and_grad(pred, labels, mask=mask, **case.parameters)
    np.testing.assert_allclose(value, alone[0], rtol=1e-14)
    np.testing.assert_allclose(grad[:, :, mask[0]], alone[1], rtol=1e-11, atol=1e-16)
    assert not grad[:, :, ~mask[0]].any()
    ignored = case.loss.value_and_grad(pred, np.where(mask, labels, -100), **case.parameters)
    assert ignored[0] == value
    np.testing.assert_array_equal(ignored[1], grad)


def test_a_class_without_targets() -> None:
    pred = np.array([[[0.25, 0.5], [0.0, 0.0]], [[0.25, 0.5], [0.5, 0.5]]])
    target = np.array([[[0, 0], [0, 0]], [[0, 1], [0, 0]]])
    arguments: dict[str, Any] = {"from_logits": False, "smooth": 0.25}
    plain = dice_loss(pred, target, reduction="none", **arguments)
    assert plain.tolist() == [[0.75, 0.0], [1 - 1.25 / 2, 0.8]]
    one, grad = dice_loss.value_and_grad(pred, target, reduction="none", empty="one", **arguments)
    assert one.tolist() == [[0.0, 0.0], [1 - 1.25 / 2, 0.0]]
    assert np.any(grad != 0, axis=2).tolist() == [[False, False], [True, False]]
    mean, grad = dice_loss.value_and_grad(pred, target, empty="skip", **arguments)
    assert mean == 1 - 1.25 / 2
    np.testing.assert_array_equal(grad[1, 0], [1.25 / 4, -(2 * 2 - 1.25) / 4])
    unsmoothed = dice_loss.value_and_grad(pred, target, from_logits=False, empty="skip", smooth=0, eps=0)
    assert unsmoothed[0] == 1 - 1 / 1.75
    assert not unsmoothed[1][0].any()  # of a class that is nowhere, the formula would give NaN
    assert np.isnan(dice_loss(pred[:1], target[:1], empty="skip", **arguments))
    assert dice_loss(pred[:1], target[:1], empty="skip", reduction="sum", **arguments) == 0


def test_generalized_dice_weighs_by_rarity() -> None:
    pred, target = np.full((1, 3, 4), 0.5), np.zeros((1, 3, 4))
    target[0, 0, :4] = target[0, 1, 0] = 1
    # Weights 1/16, 1 and, for the class without targets, 1 as well.
    expected = 1 - 2 * (2 / 16 + 0.5 + 0) / (6 / 16 + 3 + 2)
    assert dice_loss(pred, target, from_logits=False, generalized=True, smooth=0) == pytest.approx(expected, rel=1e-15)
    nothing = dice_loss(pred, 0 * target, from_logits=False, generalized=True, smooth=0)
    assert nothing == 1
    smoothed = dice_loss(pred, 0 * target, from_logits=False, generalized=True, smooth=1.0)
    assert smoothed == pytest.approx(1 - 1 / (3 * 2 + 1), rel=1e-15)


@pytest.mark.parametrize("case", PER_CLASS, ids=str)
def test_weights_of_classes_and_samples(case: Case, rng: np.random.Generator) -> None:
    pred, target = rng.random((3, 4, 9)), rng.random((3, 4, 9))
    of_class, of_sample = rng.random(4), rng.random(3)
    terms = case.loss(pred, target, from_logits=False, reduction="none", **case.parameters)
    both = of_sample[:, None] * of_class
    arguments: dict[str, Any] = {"from_logits": False, "class_weight": of_class, "weight": of_sample, **case.parameters}
    np.testing.assert_allclose(case.loss(pred, target, **arguments), (both * terms).sum() / both.sum(), rtol=1e-13)
    some = case.loss(pred, target, classes=[3, 1], mean_denominator="count", **arguments)
    np.testing.assert_allclose(some, (both * terms)[:, [1, 3]].sum() / 6, rtol=1e-13)


def test_certainty_and_disjoint_sets() -> None:
    pred, labels = np.array([[[1e4, -1e4], [-1e4, 1e4]]]), np.array([[0, 1]])
    for loss in (dice_loss, jaccard_loss, tversky_loss, log_cosh_dice_loss):
        value, grad = loss.value_and_grad(pred, labels)
        assert value == 0
        assert not grad.any()
        worst, grad = loss.value_and_grad(pred, 1 - labels, smooth=0)
        assert worst == (1 if loss is not log_cosh_dice_loss else pytest.approx(np.log(np.cosh(1)), rel=1e-15))
        assert not grad.any()
    assert np.isfinite(focal_tversky_loss.value_and_grad(pred, labels)[1]).all()
    assert dice_loss(pred, 1 - labels, log=True, smooth=0) == pytest.approx(-np.log(1e-7))


def test_what_is_not_finite_passes_through() -> None:
    pred, target = np.zeros((2, 2, 3)), np.zeros((2, 3), dtype=np.int64)
    pred[0, 1, 1] = np.nan
    value, grad = dice_loss.value_and_grad(pred, target, reduction="none")
    assert np.isnan(value).tolist() == [[True, True], [False, False]]
    assert np.isnan(grad).all(axis=(1, 2)).tolist() == [True, False]
    assert not np.isnan(grad[1]).any()


def test_empty_batches() -> None:
    for shape in ((0, 2, 3), (0, 2, 0)):
        value, grad = dice_loss.value_and_grad(np.zeros(shape), np.zeros((0, shape[2]), dtype=np.int64))
        assert np.isnan(value)
        assert grad.shape == shape
    value, grad = dice_loss.value_and_grad(np.zeros((2, 3, 0)), np.zeros((2, 0), dtype=np.int64))
    assert value == 0
    assert grad.shape == (2, 3, 0)
    labels = np.full((2, 4), -100)
    value, grad = jaccard_loss.value_and_grad(np.zeros((2, 3, 4)), labels)
    assert value == 0
    assert not grad.any()


@pytest.mark.parametrize("activation", ["softmax", "sigmoid", None])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_bits_depend_on_neither_threads_nor_instruction_set(
    activation: str | None, dtype: type, instruction_sets: list[str], rng: np.random.Generator
) -> None:
    pred = rng.normal(size=(2, 5, 20011)).astype(dtype)
    target = rng.random(pred.shape)
    how: dict[str, Any] = {"activation": activation} if activation else {"from_logits": False}
    for case in (CASES[0], CASES[1], CASES[-1]):
        seen = set()
        for name in instruction_sets:
            _core.losses.use_instruction_set(name)
            for num_threads in (1, 2, 7):
                value, grad = case.loss.value_and_grad(pred, target, num_threads=num_threads, region="batch", **how)
                seen.add((value.tobytes(), grad.tobytes()))
        assert len(seen) == 1


def test_sums_are_rounded_once(rng: np.random.Generator) -> None:
    pred = rng.lognormal(sigma=8, size=(1, 1, 100003)) * rng.choice([-1, 1], size=100003)
    target = np.ones_like(pred)
    sums, kept = _core.losses.region_sums(pred, pred.shape, False, 0, target, None, 0, None, 0, False, 2)
    assert sums.ravel().tolist() == [math.fsum(pred.ravel())] * 2 + [pred.size]
    assert kept.tolist() == [pred.size]


def test_wrong_arguments_are_named() -> None:
    pred, labels = np.zeros((2, 3, 4)), np.zeros((2, 4), dtype=np.int64)
    for arguments, error, message in (
        (((pred, labels[:, :2]), {}), ValueError, r"^target: expected the shape of pred, \(2, 3, 4\) or of labels"),
        (
            ((pred, labels.astype(float)), {}),
            TypeError,
            "^target: expected whole numbers as labels, got dtype float64$",
        ),
        (((pred.astype(int), labels), {}), TypeError, "^pred: expected floating-point numbers"),
        (
            ((pred, labels + 3), {}),
            ValueError,
            r"^target: expected labels from 0 to 2 or ignore_index, got 3 for pixel 0",
        ),
        (((pred, labels - 1), {}), ValueError, "got -1 for pixel 0 of sample 0$"),
        (((pred, labels), {"axis": 0}), ValueError, "^pred: expected samples on axis 0"),
        (((pred, labels), {"axis": 3}), ValueError, "^pred: expected samples on axis 0"),
        (((pred, labels), {"region": "image"}), ValueError, "^region: expected one of"),
        (((pred, labels), {"empty": "zero"}), ValueError, "^empty: expected one of"),
        (((pred, labels), {"classes": [3]}), ValueError, "^classes: expected distinct classes from 0 to 2"),
        (((pred, labels), {"classes": [1, 1]}), ValueError, "^classes: expected distinct classes"),
        (((pred, labels), {"class_weight": [1, 2]}), ValueError, r"^class_weight: expected shape \(3,\), got \(2,\)$"),
        (((pred, labels), {"mask": labels}), TypeError, "^mask: expected bools"),
        (((pred, labels), {"mask": labels[:1] == 0}), ValueError, "^mask: expected the shape of labels"),
        (((pred, labels), {"smooth": -1}), ValueError, "^smooth: expected a finite number >= 0"),
        (((pred, labels), {"activation": "relu"}), ValueError, "^activation: expected"),
        (((pred, labels), {"activation": "sigmoid", "from_logits": False}), ValueError, "^activation: expected None"),
        (
            ((pred, labels), {"generalized": True, "class_weight": [1, 2, 3]}),
            ValueError,
            "^class_weight: expected None",
        ),
        (((pred, labels), {"unknown": 1}), TypeError, "unknown"),
    ):
        with pytest.raises(error, match=message):
            dice_loss(*arguments[0], **arguments[1])
    for loss, parameters, message in (
        (tversky_loss, {"alpha": -1}, "^alpha: "),
        (focal_tversky_loss, {"gamma": 0}, "^gamma: "),
        (sensitivity_specificity_loss, {"sensitivity": 1.5}, "^sensitivity: expected a number from 0 to 1"),
    ):
        with pytest.raises(ValueError, match=message):
            loss(pred, labels, **parameters)
    with pytest.raises(TypeError, match="no second derivative"):
        dice_loss.grad_hess(pred, labels)
