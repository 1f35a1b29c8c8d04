"""metrix.losses.lovasz: against the set function of which they are the extension."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from effort import cases
from metrix import _core
from metrix.losses import lovasz_hinge_loss, lovasz_softmax_loss
from oracles import lovasz as oracle

Array = Any


@pytest.fixture
def instruction_sets() -> Iterator[list[str]]:
    before = _core.losses.instruction_set()
    yield [name for name in ("baseline", "v3", "v4") if _core.losses.use_instruction_set(name)]
    _core.losses.use_instruction_set(before)


def probabilities(rng: np.random.Generator, shape: tuple[int, ...]) -> Array:
    """Now and then with many equal ones, and certain ones."""
    p = rng.random(shape)
    if rng.random() < 0.5:
        p = np.round(p * 4) / 4
    return p


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_lovasz_softmax_of_probabilities(dtype: type, rng: np.random.Generator) -> None:
    for _ in range(cases(600)):
        samples, classes, size = int(rng.integers(1, 4)), int(rng.integers(1, 5)), int(rng.integers(0, 30))
        p = probabilities(rng, (samples, classes, size)).astype(dtype)
        labels = rng.integers(0, classes, size=(samples, size))
        labels[rng.random(labels.shape) < 0.2] = -100
        mask = rng.random(labels.shape) < 0.9
        choices: list[Any] = ["present", "all", rng.permutation(classes)[:1].tolist()]
        which = choices[rng.integers(0, 3)]
        per_image = bool(rng.random() < 0.5)
        value, grad = lovasz_softmax_loss.value_and_grad(
            p, labels, classes=which, per_image=per_image, from_logits=False, mask=mask, reduction="sum"
        )
        wide, kept = p.astype(np.longdouble), (labels >= 0) & mask
        expected, expected_grad = np.longdouble(0), np.zeros_like(wide)
        groups = [[i] for i in range(samples)] if per_image else [list(range(samples))]
        for group in groups:
            together = kept[group].ravel()
            columns = np.moveaxis(wide[group], 1, 0).reshape(classes, -1)
            own, slope = oracle.softmax_errors(columns[:, together], labels[group].ravel()[together], which)
            expected += own
            full = np.zeros_like(columns)
            full[:, together] = slope
            expected_grad[group] = np.moveaxis(full.reshape(classes, len(group), size), 1, 0)
        eps = np.finfo(dtype).eps
        np.testing.assert_allclose(value, expected.astype(np.float64), rtol=4 * eps, atol=4 * eps)
        np.testing.assert_allclose(grad, expected_grad.astype(np.float64), rtol=2 * eps, atol=eps / 4)


def test_lovasz_softmax_of_logits(rng: np.random.Generator) -> None:
    for _ in range(cases(200)):
        z, labels = rng.normal(size=(2, 3, 25)), rng.integers(0, 3, size=(2, 25))
        e = np.exp(z.astype(np.longdouble))
        p = e / e.sum(axis=1, keepdims=True)
        columns = np.moveaxis(p, 1, 0).reshape(3, -1)
        expected, slope = oracle.softmax_errors(columns, labels.ravel(), "present")
        by_p = np.moveaxis(slope.reshape(3, 2, 25), 1, 0)
        by_z = p * (by_p - (by_p * p).sum(axis=1, keepdims=True))
        for axis in (1, 2):
            value, grad = lovasz_softmax_loss.value_and_grad(np.moveaxis(z, 1, axis), labels, axis=axis)
            assert value == pytest.approx(float(expected), rel=1e-14)
            np.testing.assert_allclose(np.moveaxis(grad, axis, 1), by_z.astype(float), rtol=1e-11, atol=1e-16)
        single = lovasz_softmax_loss.value_and_grad(z.astype(np.float32), labels)
        np.testing.assert_allclose(single[0], value, rtol=2e-6)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_lovasz_hinge(dtype: type, rng: np.random.Generator) -> None:
    for _ in range(cases(600)):
        samples, size = int(rng.integers(1, 4)), int(rng.integers(0, 30))
        z = (4 * probabilities(rng, (samples, size)) - 2).astype(dtype)
        target = rng.integers(0, 2, size=z.shape)
        target[rng.random(z.shape) < 0.1] = -100
        mask = rng.random(z.shape) < 0.9
        kept = mask & (target >= 0)
        per_image = bool(rng.random() < 0.5)
        value, grad = lovasz_hinge_loss.value_and_grad(z, target, per_image=per_image, mask=mask, reduction="sum")
        expected, expected_grad = np.longdouble(0), np.zeros(z.shape)
        for group in [[i] for i in range(samples)] if per_image else [list(range(samples))]:
            own, slope = oracle.hinge_errors(z[group][kept[group]].astype(np.longdouble), target[group][kept[group]])
            expected += own
            full = np.zeros((len(group), size))
            full[kept[group]] = slope
            expected_grad[group] = full
        eps = np.finfo(dtype).eps
        np.testing.assert_allclose(value, expected.astype(np.float64), rtol=4 * eps, atol=4 * eps)
        np.testing.assert_allclose(grad, expected_grad, rtol=2 * eps, atol=eps / 4)


def test_hinge_of_several_classes_is_a_mean(rng: np.random.Generator) -> None:
    z, target = rng.normal(size=(2, 3, 4, 5)), rng.integers(0, 2, size=(2, 3, 4, 5))
    for per_image in (True, False):
        value, grad = lovasz_hinge_loss.value_and_grad(z, target, axis=1, per_image=per_image)
        alone = [lovasz_hinge_loss.value_and_grad(z[:, c], target[:, c], per_image=per_image) for c in range(3)]
        assert value == pytest.approx(np.mean([own for own, _ in alone]), rel=1e-14)
        np.testing.assert_allclose(grad, np.stack([slope for _, slope in alone], axis=1) / 3, rtol=1e-14)


def test_torch_sorting_gives_the_same(rng: np.random.Generator) -> None:
    """The algorithm of the authors' code, in the words of PyTorch."""
    torch = pytest.importorskip("torch")
    torch.set_num_threads(1)
    z, labels = rng.normal(size=(2, 4, 30, 41)), rng.integers(0, 3, size=(2, 30, 41))
    x = torch.tensor(z, requires_grad=True)
    p, y = torch.softmax(x, 1).movedim(1, 0).flatten(1), torch.tensor(labels).flatten()
    losses = []
    for c in range(4):
        positive = (y == c).double()
        if positive.sum() == 0:
            continue
        errors, order = torch.sort((positive - p[c]).abs(), descending=True, stable=True)
        ordered = positive[order]
        score = 1 - (ordered.sum() - ordered.cumsum(0)) / (ordered.sum() + (1 - ordered).cumsum(0))
        score[1:] -= score[:-1].clone()
        losses.append(torch.dot(errors, score))
    loss = torch.stack(losses).mean()
    loss.backward()
    value, grad = lovasz_softmax_loss.value_and_grad(z, labels)
    assert value == pytest.approx(loss.item(), rel=1e-12)
    np.testing.assert_allclose(grad, x.grad.numpy(), rtol=1e-9, atol=1e-14)


@pytest.mark.parametrize("size", [1, 2, 24, 25, 192, 193, 2000])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_every_way_of_sorting(size: int, dtype: type, rng: np.random.Generator) -> None:
    """Doubles that differ in their last bits alone, equal ones, and ones of many magnitudes."""
    close = 0.75 + np.finfo(dtype).eps * rng.integers(0, 50, size=size)
    for p in (close, np.full(size, 0.25), 2.0 ** -rng.integers(0, 100, size=size), rng.random(size)):
        labels = rng.integers(0, 2, size=(1, size))
        both = np.stack([p, 1 - p])[None].astype(dtype)
        value, grad = lovasz_softmax_loss.value_and_grad(both, labels, classes=[0], from_logits=False)
        errors = np.abs((labels[0] == 0).astype(dtype) - both[0, 0])  # rounded, so that the same ones are equal
        expected, slope = oracle.extension(errors.astype(np.longdouble), labels[0] == 0)
        slope = np.where(labels[0] == 0, -slope, slope)
        assert value == pytest.approx(float(expected), rel=8 * float(np.finfo(dtype).eps))
        np.testing.assert_allclose(
            grad[0, 0], slope.astype(float), rtol=1e-6 if dtype == np.float32 else 1e-12, atol=1e-15
        )


def test_hard_errors_give_the_jaccard_loss(rng: np.random.Generator) -> None:
    truth, guess = rng.integers(0, 3, size=(1, 200)), rng.integers(0, 3, size=(1, 200))
    p = (guess[:, None] == np.arange(3)[:, None]).astype(float)
    expected = [1 - np.sum((truth == c) & (guess == c)) / np.sum((truth == c) | (guess == c)) for c in range(3)]
    assert lovasz_softmax_loss(p, truth, from_logits=False) == pytest.approx(np.mean(expected), rel=1e-14)


def test_an_absent_class_and_no_pixels() -> None:
    p, labels = np.array([[[0.9, 0.8], [0.1, 0.2]]]), np.array([[0, 0]])
    present = lovasz_softmax_loss(p, labels, from_logits=False)
    assert present == pytest.approx(0.15)
    value, grad = lovasz_softmax_loss.value_and_grad(p, labels, from_logits=False, classes="all")
    assert value == pytest.approx((0.15 + 0.2) / 2)
    np.testing.assert_array_equal(grad[0, 1], [0, 0.5])
    for loss in (lovasz_softmax_loss, lovasz_hinge_loss):
        pred = p if loss is lovasz_softmax_loss else p[:, 0]
        value, grad = loss.value_and_grad(pred, np.full((1, 2), -100))
        assert value == 0
        assert not grad.any()
    assert lovasz_hinge_loss(np.zeros((1, 0)), np.zeros((1, 0))) == 0
    assert np.isnan(lovasz_hinge_loss(np.zeros((0, 3)), np.zeros((0, 3))))


def test_what_is_right_enough_has_no_gradient() -> None:
    pred, target = np.array([[2.0, -3.0, 1.0, -1.0]]), np.array([[1, 0, 1, 0]])
    value, grad = lovasz_hinge_loss.value_and_grad(pred, target)
    assert value == 0
    assert not grad.any()
    assert lovasz_softmax_loss.value_and_grad(np.array([[[1.0, 0], [0, 1.0]]]), [[0, 1]], from_logits=False)[0] == 0


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_what_is_not_finite(dtype: type) -> None:
    for bad in (np.nan, -np.nan):
        z = np.array([[0.5, bad, -0.25]], dtype=dtype)
        assert np.isnan(lovasz_hinge_loss(z, np.array([[1, 0, 1]])))
        assert np.isnan(lovasz_softmax_loss(np.stack([z, -z], axis=1), np.array([[1, 0, 1]])))
    assert lovasz_hinge_loss(np.array([[-np.inf, -2.0]], dtype=dtype), [[1, 0]]) == np.inf
    assert lovasz_hinge_loss(np.array([[np.inf, -np.inf]], dtype=dtype), [[1, 0]]) == 0


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_bits_depend_on_neither_threads_nor_instruction_set(
    dtype: type, instruction_sets: list[str], rng: np.random.Generator
) -> None:
    z, labels = rng.normal(size=(2, 3, 9001)).astype(dtype), rng.integers(0, 3, size=(2, 9001))
    seen = set()
    for name in instruction_sets:
        _core.losses.use_instruction_set(name)
        for num_threads in (1, 2, 7):
            for per_image in (False, True):
                value, grad = lovasz_softmax_loss.value_and_grad(
                    z, labels, num_threads=num_threads, per_image=per_image
                )
                seen.add((per_image, value.tobytes(), grad.tobytes()))
    assert len(seen) == 2


def test_gradient_of_what_comes_after(rng: np.random.Generator) -> None:
    z, labels = rng.normal(size=(3, 2, 20)), rng.integers(0, 2, size=(3, 20))
    weight, upstream = rng.random(3), rng.normal(size=3)
    values, grad = lovasz_softmax_loss.value_and_grad(
        z, labels, per_image=True, reduction="none", grad_output=upstream, weight=weight
    )
    for i in range(3):
        value, alone = lovasz_softmax_loss.value_and_grad(z[i : i + 1], labels[i : i + 1])
        assert values[i] == pytest.approx(weight[i] * value, rel=1e-15)
        np.testing.assert_allclose(grad[i], weight[i] * upstream[i] * alone[0], rtol=1e-14)


def test_wrong_arguments_are_named() -> None:
    z, labels = np.zeros((2, 3, 4)), np.zeros((2, 4), dtype=np.int64)
    for arguments, message in (
        ({"classes": "some"}, "^classes: expected 'present', 'all'"),
        ({"classes": [3]}, "^classes: expected distinct classes from 0 to 2"),
        ({"weight": np.ones(2)}, "^weight: "),
        ({"axis": 0}, "^pred: expected samples on axis 0"),
    ):
        with pytest.raises(ValueError, match=message):
            lovasz_softmax_loss(z, labels, **arguments)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=r"^target: expected labels from 0 to 2 or ignore_index, got 5 for pixel 1"):
        lovasz_softmax_loss(z, np.array([[0, 1, 2, 0], [0, 5, 0, 0]]))
    with pytest.raises(ValueError, match=r"^target: expected labels, of the shape of pred without axis 1"):
        lovasz_softmax_loss(z, z)
    with pytest.raises(ValueError, match=r"^target: expected the shape of pred, got labels"):
        lovasz_hinge_loss(z, labels, axis=1)
