"""metrix.losses.multiclass: against the definitions, and where floating point is hard."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from effort import cases
from losses.row_cases import MULTICLASS, Case, check_single_precision, check_values_and_derivatives
from metrix.losses import (
    categorical_hinge_loss,
    cross_entropy,
    multi_margin_loss,
    multilabel_soft_margin_loss,
    nll_loss,
    softmax_focal_loss,
)


@pytest.mark.parametrize("case", MULTICLASS, ids=str)
def test_values_and_derivatives(case: Case, rng: np.random.Generator) -> None:
    check_values_and_derivatives(case, rng, cases(80))


@pytest.mark.parametrize("case", MULTICLASS, ids=str)
def test_single_precision(case: Case, rng: np.random.Generator) -> None:
    check_single_precision(case, rng, cases(1000))


@pytest.mark.parametrize("classes", [3, 100])
def test_mean_of_labels_divides_by_their_weights(classes: int, rng: np.random.Generator) -> None:
    logits, labels = rng.normal(size=(50, classes)), rng.integers(0, classes, size=50)
    labels[::7] = -100
    taken = labels != -100
    class_weight, weight = rng.random(classes), rng.random(50)
    terms = cross_entropy(logits[taken], labels[taken], class_weight=class_weight, reduction="none")
    counted = class_weight[labels[taken]]
    value, grad = cross_entropy.value_and_grad(logits, labels, class_weight=class_weight)
    assert value == pytest.approx(terms.sum() / counted.sum(), rel=1e-14)
    assert not grad[~taken].any()
    assert grad[taken].any(axis=1).all()
    value = cross_entropy(logits, labels, class_weight=class_weight, weight=weight)
    expected = (terms * weight[taken]).sum() / (counted * weight[taken]).sum()
    assert value == pytest.approx(expected, rel=1e-14)
    value = cross_entropy(logits, labels, class_weight=class_weight, weight=weight, mean_denominator="count")
    assert value == pytest.approx((terms * weight[taken]).sum() / taken.sum(), rel=1e-14)
    for loss in (multi_margin_loss, categorical_hinge_loss):
        each = loss(logits, labels, class_weight=class_weight, reduction="none")
        assert loss(logits, labels, class_weight=class_weight) == pytest.approx(each.sum() / taken.sum(), rel=1e-14)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("classes", [4, 100])
def test_near_certainty_keeps_its_digits(dtype: type, classes: int) -> None:
    logits = np.zeros((1, classes), dtype=dtype)
    logits[0, 1] = 40
    value, grad = cross_entropy.value_and_grad(logits, [1])
    small = np.exp(np.longdouble(-40))
    assert value == pytest.approx(float(np.log1p((classes - 1) * small)), rel=1e-6)
    assert grad[0, 1] == pytest.approx(-float((classes - 1) * small), rel=1e-6)
    focal = softmax_focal_loss(logits, [1], gamma=1)
    assert focal == pytest.approx(float(((classes - 1) * small) ** 2), rel=1e-5)


@pytest.mark.parametrize("classes", [3, 100])
def test_extreme_logits(classes: int) -> None:
    logits = np.full((3, classes), -1e30)
    logits[:, 2] = 1e30
    value, grad = cross_entropy.value_and_grad(logits, [2, 0, 2], reduction="none")
    assert value.tolist() == [0, 2e30, 0]
    assert grad[0].tolist() == [0] * classes
    assert grad[1].tolist() == [-1, 0, 1, *([0] * (classes - 3))]
    impossible = np.zeros((1, classes))
    impossible[0, 0] = -np.inf
    assert cross_entropy(impossible, [0]) == np.inf
    assert cross_entropy(impossible, [1]) == pytest.approx(np.log(classes - 1))
    soft = np.full((1, classes), 1 / (classes - 1))
    soft[0, 0] = 0
    assert cross_entropy(impossible, soft) == pytest.approx(np.log(classes - 1))
    assert np.isfinite(cross_entropy.value_and_grad(impossible, soft)[1]).all()
    value, grad = softmax_focal_loss.value_and_grad(impossible, [0])
    assert value == np.inf
    assert grad[0, 0] == -1


@pytest.mark.parametrize("classes", [3, 100])
def test_nan_stays(classes: int) -> None:
    scores = np.zeros((2, classes))
    scores[0, 1] = np.nan
    for loss in (cross_entropy, softmax_focal_loss, multi_margin_loss, categorical_hinge_loss):
        value = loss(scores, [0, 0], reduction="none")
        assert np.isnan(value[0])
        assert np.isfinite(value[1])
    for hopeless in (np.inf, -np.inf):
        assert np.isnan(cross_entropy(np.full((1, classes), hopeless), [0]))


@pytest.mark.parametrize(
    "loss", [cross_entropy, nll_loss, softmax_focal_loss, multi_margin_loss, categorical_hinge_loss]
)
def test_what_is_ignored_may_hold_anything(loss: Any, rng: np.random.Generator) -> None:
    for classes in (3, 100):
        scores, labels = rng.normal(size=(20, classes)), rng.integers(0, classes, size=20)
        mask = rng.random(20) < 0.7
        alone = loss.value_and_grad(scores[mask], labels[mask])
        scores[~mask] = np.nan
        labels[~mask] = 10**12
        value, grad = loss.value_and_grad(scores, labels, mask=mask)
        assert value == pytest.approx(alone[0], rel=1e-15)
        np.testing.assert_allclose(grad[mask], alone[1], rtol=1e-14)
        assert not grad[~mask].any()
        labels[~mask] = 255
        assert loss(scores, labels, ignore_index=255) == value
        nothing = loss.value_and_grad(scores, np.full(20, -100))
        assert np.isnan(nothing[0])
        assert not nothing[1].any()
        if loss is not nll_loss:
            assert not loss.grad_hess(scores, labels, ignore_index=255, hess="ones")[1][~mask].any()


def test_images_have_a_row_for_each_pixel(rng: np.random.Generator) -> None:
    logits, labels = rng.normal(size=(3, 19, 20, 21)), rng.integers(-1, 19, size=(3, 20, 21))
    weight = rng.random((3, 20, 21))
    value, grad = cross_entropy.value_and_grad(logits, labels, ignore_index=-1, weight=weight)
    rows = np.moveaxis(logits, 1, -1).reshape(-1, 19)
    flat, flat_grad = cross_entropy.value_and_grad(rows, labels.ravel(), ignore_index=-1, weight=weight.ravel())
    assert value == pytest.approx(flat, rel=1e-15)
    np.testing.assert_allclose(np.moveaxis(grad, 1, -1).reshape(-1, 19), flat_grad, rtol=1e-14)


def test_probabilities_have_a_least_one() -> None:
    pred = np.array([[0.0, 1.0]])
    assert cross_entropy(pred, [0], from_logits=False) == np.inf
    value, grad = cross_entropy.value_and_grad(pred, [0], from_logits=False, eps=1e-7)
    assert value == pytest.approx(-np.log(1e-7))
    assert grad.tolist() == [[0, 0]]
    assert cross_entropy(pred, [[0.0, 1.0]], from_logits=False) == 0


def test_softmax_focal_loss_without_focus_is_cross_entropy(rng: np.random.Generator) -> None:
    logits, labels = rng.normal(size=(30, 7)), rng.integers(0, 7, size=30)
    focal, plain = (
        softmax_focal_loss.value_and_grad(logits, labels, gamma=0),
        cross_entropy.value_and_grad(logits, labels),
    )
    assert focal[0] == pytest.approx(plain[0], rel=1e-15)
    np.testing.assert_allclose(focal[1], plain[1], rtol=1e-14)


def test_softmax_focal_loss_clips_its_second_derivative() -> None:
    logits = np.array([[-6.0, 0.0]])
    assert softmax_focal_loss.grad_hess(logits, [0], hess="exact")[1].min() < 0
    assert softmax_focal_loss.grad_hess(logits, [0])[1].min() == 1e-16


@pytest.mark.parametrize("classes", [4, 100])
def test_kinks_and_ties(classes: int) -> None:
    scores = np.zeros((1, classes))
    scores[0, 0] = 1
    assert not multi_margin_loss.value_and_grad(scores, [0])[1].any()
    assert not categorical_hinge_loss.value_and_grad(scores, [0])[1].any()
    grad = categorical_hinge_loss.value_and_grad(np.zeros((1, classes)), [1])[1]
    assert grad[0, :3].tolist() == [1, -1, 0]
    assert not grad[0, 3:].any()


def test_one_class_alone_is_certain() -> None:
    for loss in (cross_entropy, softmax_focal_loss, multi_margin_loss, categorical_hinge_loss):
        value, grad = loss.value_and_grad([[3.0], [-1.0]], [0, 0])
        assert value == 0
        assert not grad.any()


def test_nll_loss_has_no_second_derivative() -> None:
    with pytest.raises(TypeError, match=r"nll_loss\.grad_hess: this loss has no second derivative"):
        nll_loss.grad_hess(np.zeros((1, 2)), [0])


@pytest.mark.parametrize(
    ("loss", "target", "parameters", "error", "message"),
    [
        (cross_entropy, [0, 3], {}, ValueError, r"target\[1\]: expected a label from 0 to 2, or .* -100, got 3"),
        (cross_entropy, [-1, 0], {}, ValueError, r"target\[0\]: expected a label from 0 to 2, or .* -100, got -1"),
        (nll_loss, [0, 2**40], {"reduction": "none"}, ValueError, r"target\[1\]: .*, got 1099511627776"),
        (nll_loss, np.array([0, 2**64 - 100], dtype=np.uint64), {}, ValueError, r"target\[1\]: .*got 9223372036854775807"),
        (cross_entropy, [0.0, 1.0], {}, TypeError, r"target: expected integers as labels, got dtype float64"),
        (cross_entropy, [0], {}, ValueError, r"target: expected labels of shape \(2,\) or prob.*, got shape \(1,\)"),
        (cross_entropy, [[1.0, 0.0]], {}, ValueError, r"target: expected the shape of pred, \(2, 3\), got \(1, 2\)"),
        (nll_loss, np.zeros((2, 3)), {}, ValueError, r"target: expected labels of shape \(2,\), got shape \(2, 3\)"),
        (multilabel_soft_margin_loss, [0, 1], {}, ValueError, r"target: expected the shape of pred, \(2, 3\), got \(2,\)"),
        (cross_entropy, [0, 1], {"class_weight": [1.0]}, ValueError, r"class_weight: expected shape \(3,\), .*, got \(1,\)"),
        (cross_entropy, [0, 1], {"label_smoothing": 1.5}, ValueError, r"label_smoothing: expected a number from 0 to 1, got"),
        (cross_entropy, [0, 1], {"from_logits": False, "eps": 1}, ValueError, r"eps: expected a number from 0 to below 1"),
        (cross_entropy, [0, 1], {"axis": 2}, ValueError, r"axis: expected an axis of pred, which has 2, got 2"),
        (cross_entropy, [0, 1], {"axis": 1.0}, TypeError, r"axis: expected an int, got 1.0"),
        (cross_entropy, [0, 1], {"ignore_index": None}, TypeError, r"ignore_index: expected an int, got None"),
        (cross_entropy, [0, 1], {"gamma": 1}, TypeError, r"gamma"),
        (cross_entropy, [0, 1], {"weight": [1.0]}, ValueError, r"weight: expected the shape of leading axes of the rows"),
        (cross_entropy, [0, 1], {"mask": [1, 0]}, TypeError, r"mask: expected bools, got dtype int64"),
        (multi_margin_loss, [0, 1], {"p": 3}, ValueError, r"p: expected 1 or 2, got 3"),
        (softmax_focal_loss, [0, 1], {"gamma": -1}, ValueError, r"gamma: expected a finite number >= 0, got -1"),
        (softmax_focal_loss, [0, 1], {"alpha": -1}, ValueError, r"alpha: expected a finite number >= 0, got -1"),
    ],
)  # fmt: skip
def test_errors_name_the_argument(
    loss: Any, target: Any, parameters: dict[str, Any], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        loss(np.zeros((2, 3)), target, **parameters)


def test_a_bad_label_of_an_image_is_told_by_its_place() -> None:
    labels = np.zeros((2, 3, 4), dtype=np.uint8)
    labels[1, 2, 1] = 255
    with pytest.raises(ValueError, match=r"target\[1, 2, 1\]: expected a label from 0 to 4, .*, got 255"):
        cross_entropy(np.zeros((2, 5, 3, 4)), labels)


def test_against_pytorch(rng: np.random.Generator) -> None:
    torch = pytest.importorskip("torch")
    functional = torch.nn.functional
    for shape in ((9, 5), (6, 70), (4, 7, 3, 5), (2, 3, 17)):
        logits = rng.normal(scale=3, size=shape)
        labels = rng.integers(0, shape[1], size=(shape[0], *shape[2:]))
        labels[rng.random(labels.shape) < 0.2] = -100
        weight, soft = rng.random(shape[1]), rng.random(shape)
        for reduction in ("none", "sum", "mean"):
            for target, smoothing in ((labels, 0.0), (labels, 0.1), (soft, 0.1)):
                x = torch.from_numpy(logits).requires_grad_()
                common = {"reduction": reduction, "label_smoothing": smoothing}
                expected = functional.cross_entropy(x, torch.from_numpy(target), torch.from_numpy(weight), **common)
                expected.sum().backward()
                value, grad = cross_entropy.value_and_grad(logits, target, class_weight=weight, **common)
                np.testing.assert_allclose(value, expected.detach().numpy(), rtol=1e-9, atol=1e-12)
                np.testing.assert_allclose(grad, x.grad.numpy(), rtol=1e-9, atol=1e-12)
            log_p = functional.log_softmax(torch.from_numpy(logits), 1).requires_grad_()
            expected = functional.nll_loss(
                log_p, torch.from_numpy(labels), torch.from_numpy(weight), reduction=reduction
            )
            expected.sum().backward()
            value, grad = nll_loss.value_and_grad(
                log_p.detach().numpy(), labels, class_weight=weight, reduction=reduction
            )
            np.testing.assert_allclose(value, expected.detach().numpy(), rtol=1e-12)
            np.testing.assert_allclose(grad, log_p.grad.numpy(), rtol=1e-12)
