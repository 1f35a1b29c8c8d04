"""metrix.losses.boundaries: against the formulas with distances by looking at all pixels."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from effort import cases
from metrix.losses import boundary_loss, hausdorff_dt_loss
from oracles.distances import squared_distances
from oracles.regions import one_hot, probabilities

Array = npt.NDArray[Any]


def sides(mask: Array, spacing: Any) -> tuple[Array, Array]:
    """Distances inside and outside; zeros where there is no border."""
    if mask.all() or not mask.any():
        return np.zeros(mask.shape), np.zeros(mask.shape)
    return np.sqrt(squared_distances(mask, spacing)), np.sqrt(squared_distances(~mask, spacing))


def hausdorff(p: Array, t: Array, hard: Array, alpha: float, spacing: Any) -> Any:
    """``hard``: p as the masks are made of, which moves with no step of a difference."""
    weight = sum(sides(hard > 0.5, spacing)) ** alpha + sum(sides(t > 0.5, spacing)) ** alpha
    return ((p - t) ** 2 * weight).mean()


def boundary(p: Array, t: Array, spacing: Any) -> Any:
    inside, outside = sides(t > 0.5, spacing)
    phi = np.where((t > 0.5) & (inside > 0), 1 - inside, outside)
    return (p * phi).mean()


def draw(rng: np.random.Generator) -> tuple[Array, Array, dict[str, Any]]:
    shape = (int(rng.integers(1, 3)), int(rng.integers(1, 4)), *rng.integers(1, 7, size=int(rng.integers(1, 4))))
    common: dict[str, Any] = {}
    if rng.random() < 0.5:
        common["spacing"] = rng.uniform(0.3, 3, size=len(shape) - 2)
    pred = rng.normal(size=shape)
    target: Array
    if rng.random() < 0.5:
        target = rng.integers(0, shape[1], size=shape[:1] + shape[2:])
    else:
        target = (rng.random(shape) < rng.choice([0, 0.4, 1])).astype(float)
    how = rng.choice(["default", "probabilities", "softmax", "sigmoid"])
    if how == "probabilities":
        pred, common["from_logits"] = rng.random(shape), False
    elif how != "default":
        common["activation"] = how
    return pred, target, common


def expected_terms(name: str, pred: Array, target: Array, common: dict[str, Any], alpha: float, base: Array) -> Array:
    n, c = pred.shape[:2]
    has_labels = target.shape != pred.shape
    activation = common.get("activation") or ("softmax" if has_labels else "sigmoid")
    activation = activation if common.get("from_logits", True) else None
    p, hard = (
        probabilities(values.astype(np.longdouble).reshape(n, c, -1), activation).reshape(pred.shape)
        for values in (pred, base)
    )
    t = one_hot(target.reshape(n, -1), c).reshape(pred.shape) if has_labels else target.astype(np.longdouble)
    spacing = common.get("spacing", 1.0)
    terms = [
        [
            hausdorff(p[i, k], t[i, k], hard[i, k], alpha, spacing)
            if name == "hausdorff"
            else boundary(p[i, k], t[i, k], spacing)
            for k in range(c)
        ]
        for i in range(n)
    ]
    return np.array(terms, dtype=np.longdouble)


@pytest.mark.parametrize("name", ["hausdorff", "boundary"])
def test_values_and_gradients(name: str, rng: np.random.Generator) -> None:
    loss = hausdorff_dt_loss if name == "hausdorff" else boundary_loss
    step = np.longdouble(2.0) ** -20
    for _ in range(cases(150)):
        pred, target, common = draw(rng)
        alpha = float(rng.choice([1.0, 2.0, 0.5]))
        own = {"alpha": alpha} if name == "hausdorff" else {}
        expected = expected_terms(name, pred, target, common, alpha, pred)
        upstream = rng.normal(size=expected.shape)
        values, grad = loss.value_and_grad(pred, target, reduction="none", grad_output=upstream, **common, **own)
        np.testing.assert_allclose(values, expected.astype(float), rtol=1e-12, atol=1e-13)
        assert loss(pred, target, **common, **own) == pytest.approx(float(expected.mean()), rel=1e-11, abs=1e-13)
        single = loss(pred.astype(np.float32), target, **common, **own)
        assert single.dtype == np.float32
        for place in rng.integers(0, pred.size, size=3):
            moved = np.zeros(pred.size, dtype=np.longdouble)
            moved[place] = step
            up, down = (
                expected_terms(name, pred + sign * moved.reshape(pred.shape), target, common, alpha, pred)
                for sign in (1, -1)
            )
            slope = float(((up - down) * upstream).sum() / (2 * step))
            assert grad.flat[place] == pytest.approx(slope, rel=1e-6, abs=1e-8)


def test_classes_that_count(rng: np.random.Generator) -> None:
    pred, labels = rng.normal(size=(2, 3, 5, 6)), rng.integers(0, 3, size=(2, 5, 6))
    for loss in (hausdorff_dt_loss, boundary_loss):
        every = loss(pred, labels, reduction="none")
        value, grad = loss.value_and_grad(pred, labels, classes=[2, 1])
        assert value == pytest.approx(every[:, 1:].mean(), rel=1e-14)
        assert np.abs(grad[:, 0]).max() > 0  # through the softmax
        weighted = loss(pred, labels, weight=[3.0, 1.0])
        assert weighted == pytest.approx((3 * every[0] + every[1]).sum() / 12, rel=1e-14)


def test_empty_and_full_masks_have_no_border() -> None:
    p = np.full((1, 1, 3, 3), 0.25)
    for target in (np.zeros_like(p), np.ones_like(p)):
        for loss in (hausdorff_dt_loss, boundary_loss):
            value, grad = loss.value_and_grad(p, target, from_logits=False)
            assert value == 0
            assert not grad.any()


def test_wrong_arguments_are_named() -> None:
    pred, labels = np.zeros((2, 3, 4, 4)), np.zeros((2, 4, 4), dtype=np.int64)
    for arguments, error, message in (
        ((pred[0, 0], labels[0]), ValueError, "^pred: expected samples, classes and one to three spatial axes"),
        ((pred, labels[:, 1:]), ValueError, "^target: expected the shape of pred"),
        ((pred, labels + 3), ValueError, r"^target\[0, 0, 0\]: expected labels from 0 to 2, got 3$"),
        ((pred, labels.astype(float)), TypeError, "^target: expected whole numbers as labels"),
    ):
        with pytest.raises(error, match=message):
            boundary_loss(*arguments)
    for own, message in (
        ({"alpha": -1}, "^alpha: expected a finite number >= 0"),
        ({"spacing": [1, 2, 3]}, "^spacing: expected one number or one for each of 2 axes"),
        ({"activation": "relu"}, "^activation: "),
        ({"activation": "sigmoid", "from_logits": False}, "^activation: "),
        ({"classes": [5]}, "^classes: "),
    ):
        with pytest.raises(ValueError, match=message):
            hausdorff_dt_loss(pred, np.where(np.arange(4) < 2, labels, 1), **own)  # type: ignore[arg-type]
