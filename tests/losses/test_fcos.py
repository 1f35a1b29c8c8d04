"""metrix.losses.fcos against loops over points, by differences, and against PyTorch where it is installed."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from effort import cases
from losses.central_differences import check_gradient
from metrix.losses import condinst_mask_loss, fcos_loss
from oracles import detectors as oracles

#: Two maps of an image of 32 pixels.
POINTS = np.array(
    [(x, y) for step in (4, 8) for y in range(step // 2, 32, step) for x in range(step // 2, 32, step)], float
)
STRIDES = np.repeat([4.0, 8.0], [64, 16])
RANGES = np.repeat([[-1, 10], [10, np.inf]], [64, 16], axis=0)


def scene(rng: np.random.Generator, count: int) -> tuple[Any, Any, Any]:
    low = rng.uniform(0, 18, (count, 2))
    return np.hstack([low, low + rng.uniform(3, 16, (count, 2))]), rng.integers(0, 2, count), rng.integers(0, 2, count)


def outputs(rng: np.random.Generator) -> list[Any]:
    count = len(POINTS)
    return [rng.normal(size=(2, count, 2)), rng.uniform(1, 9, (2, count, 4)), rng.normal(size=(2, count))]


@pytest.mark.parametrize("box_loss", ["giou", "iou", "linear_iou"])
def test_fcos_loss(rng: np.random.Generator, box_loss: str) -> None:
    for count in [0, 1, *rng.integers(0, 7, cases(20))]:
        boxes, labels, images = scene(rng, count)
        given = outputs(rng)
        options = {"strides": STRIDES, "ranges": RANGES, "box_loss": box_loss, "radius": 1.5}
        expected = oracles.fcos_loss(*given, POINTS, boxes, labels, images, **options)
        got = fcos_loss(*given, POINTS, boxes, labels, images=images, **options)
        assert got == pytest.approx(expected, rel=1e-7)  # the overlaps of the oracle have no eps
    everywhere = {"strides": np.ones(len(POINTS)), "ranges": np.tile([-np.inf, np.inf], (len(POINTS), 1)), "radius": 0}
    expected = oracles.fcos_loss(*given, POINTS, boxes, labels, images, box_loss=box_loss, **everywhere)
    got = fcos_loss(*given, POINTS, boxes, labels, images=images, box_loss=box_loss)
    assert got == pytest.approx(expected, rel=1e-7)


def test_gradients_of_fcos_loss(rng: np.random.Generator) -> None:
    boxes, labels, images = scene(rng, 6)
    given = outputs(rng)
    options: dict[str, Any] = {"strides": STRIDES, "ranges": RANGES, "box_loss": "giou"}
    grads = fcos_loss.value_and_grad(*given, POINTS, boxes, labels, images=images, grad_output=3.0, **options)[1]
    for i, grad in enumerate(grads):

        def value(at: Any, i: int = i) -> float:
            inputs = [*given[:i], at, *given[i + 1 :]]
            return 3 * oracles.fcos_loss(*inputs, POINTS, boxes, labels, images, **options)

        assert grad.any()
        check_gradient(value, given[i], grad, rng, 5)


def test_single_precision_of_fcos_loss(rng: np.random.Generator) -> None:
    boxes, labels, images = scene(rng, 6)
    given = outputs(rng)
    exact, grads = fcos_loss.value_and_grad(*given, POINTS, boxes, labels, images=images)
    small = [side.astype(np.float32) for side in given]
    value, got = fcos_loss.value_and_grad(*small, POINTS, boxes, labels, images=images)
    assert value.dtype == np.float32
    assert value == pytest.approx(exact, rel=1e-5)
    for one, other in zip(got, grads, strict=True):
        assert one.dtype == np.float32
        np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-6)


def test_condinst_mask_loss(rng: np.random.Generator) -> None:
    for count in (0, 1, 5):
        logits, masks = rng.normal(size=(count, 6, 7)), rng.random((count, 6, 7)) < 0.4
        value, grad = condinst_mask_loss.value_and_grad(logits, masks, eps=0.1)
        assert value == pytest.approx(oracles.condinst_mask_loss(logits, masks, 0.1), rel=1e-13)
        if count:
            check_gradient(lambda at, t=masks: oracles.condinst_mask_loss(at, t, 0.1), logits, grad, rng, 10)
    empty = condinst_mask_loss(np.full((1, 2, 2), -50.0), np.zeros((1, 2, 2), bool))
    assert empty == 1


def test_condinst_mask_loss_of_larger_masks(rng: np.random.Generator) -> None:
    masks, matched = rng.random((3, 12, 20)) < 0.5, np.array([2, 0, 2, 1])
    logits = rng.normal(size=(4, 3, 5))
    got = condinst_mask_loss(logits, masks, matched=matched, stride=4)
    assert got == condinst_mask_loss(logits, masks[matched][:, 2::4, 2::4])
    with pytest.raises(ValueError, match=r"^masks: expected \(3, 5\) pixels after every 2-th, got \(6, 10\)$"):
        condinst_mask_loss(logits, masks, matched=matched, stride=2)
    with pytest.raises(ValueError, match=r"^masks: expected 4, one for each instance, got 3$"):
        condinst_mask_loss(logits, masks, stride=4)


def test_extreme_logits_of_condinst_mask_loss() -> None:
    logits = np.array([[[1e4, -1e4], [1e4, -1e4]]])
    value, grad = condinst_mask_loss.value_and_grad(logits, logits > 0)
    assert value == pytest.approx(0, abs=1e-5)
    assert not grad.any()


@pytest.mark.parity
def test_as_autograd_has_them(rng: np.random.Generator) -> None:
    torch = pytest.importorskip("torch")
    logits, masks = rng.normal(size=(3, 6, 7)), rng.random((3, 6, 7)) < 0.4
    z, t = torch.from_numpy(logits).requires_grad_(), torch.from_numpy(masks.astype(float))
    p = z.sigmoid().flatten(1)
    t = t.flatten(1)
    dice = (1 - 2 * (p * t).sum(1) / ((p**2).sum(1) + (t**2).sum(1) + 1e-5)).mean()
    dice.backward()
    value, grad = condinst_mask_loss.value_and_grad(logits, masks)
    assert value == pytest.approx(dice.item(), rel=1e-13)
    np.testing.assert_allclose(grad, z.grad, rtol=1e-9, atol=1e-15)


def test_mistakes_are_refused(rng: np.random.Generator) -> None:
    given = outputs(rng)
    box = [[0.0, 0, 20, 20]]
    with pytest.raises(ValueError, match=r"^labels: expected numbers from 0 to 1, got 2 at 0$"):
        fcos_loss(*given, POINTS, box, [2], images=[0])
    with pytest.raises(ValueError, match=r"^box_loss: expected one of"):
        fcos_loss(*given, POINTS, box, [1], images=[0], box_loss="diou")
    with pytest.raises(ValueError, match=r"^distances: expected numbers >= 0 at points with an object"):
        fcos_loss(given[0], -given[1], given[2], POINTS, box, [1], images=[0])
    with pytest.raises(ValueError, match=r"^points: expected shape"):
        fcos_loss(*given, POINTS[1:], box, [1], images=[0])
    with pytest.raises(ValueError, match=r"^centerness: expected the shape of its outputs, \(2, 80\), got \(2, 79\)$"):
        fcos_loss(given[0], given[1], given[2][:, 1:], POINTS, box, [1], images=[0])
