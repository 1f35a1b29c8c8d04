"""metrix.losses.reshaped: against definitions in extended precision, their limits, and what is wrong."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from losses.composed_checks import check_against_definition
from metrix.losses import (
    cross_entropy,
    distribution_focal_loss,
    generalized_cross_entropy_loss,
    ldam_loss,
    poly_loss,
)

Wide = npt.NDArray[np.longdouble]


def log_p(pred: Wide) -> Wide:
    shifted = pred - pred.max(axis=1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))


def of_label(rows: Wide, target: Any) -> Wide:
    return rows[np.arange(len(rows)), np.asarray(target)]


def generalized(pred: Wide, target: Any, q: float = 0.7) -> Wide:
    return (1 - np.exp(np.longdouble(q) * of_label(log_p(pred), target))) / np.longdouble(q)


def poly(pred: Wide, target: Any, epsilon: float = 1.0) -> Wide:
    chosen = of_label(log_p(pred), target)
    return -chosen + epsilon * (1 - np.exp(chosen))


def ldam(pred: Wide, target: Any, class_counts: Any, max_margin: float = 0.5, scale: float = 30.0) -> Wide:
    rarity = np.asarray(class_counts, np.longdouble) ** -0.25
    moved = pred.copy()
    moved[np.arange(len(pred)), target] -= (max_margin * rarity / rarity.max())[target]
    return -of_label(log_p(scale * moved), target)


def distribution(pred: Wide, target: Any) -> Wide:
    left = np.minimum(np.floor(target), pred.shape[1] - 2).astype(int)
    share = np.asarray(target, np.longdouble) - left
    return -(1 - share) * of_label(log_p(pred), left) - share * of_label(log_p(pred), left + 1)


@pytest.mark.parametrize("scale", [0.3, 3.0, 30.0])
def test_values_and_gradients(scale: float, rng: np.random.Generator) -> None:
    pred, labels = rng.normal(scale=scale, size=(7, 5)), rng.integers(0, 5, 7)
    check_against_definition(generalized_cross_entropy_loss, generalized, (pred, labels), rng)
    check_against_definition(generalized_cross_entropy_loss, generalized, (pred, labels), rng, q=1.0)
    check_against_definition(poly_loss, poly, (pred, labels), rng)
    check_against_definition(poly_loss, poly, (pred, labels), rng, epsilon=-0.5)
    check_against_definition(ldam_loss, ldam, (pred / scale, labels), rng, class_counts=[1, 10, 100, 5, 2])
    target = np.concatenate([rng.uniform(0, 4, 5), [0.0, 4.0]])
    check_against_definition(distribution_focal_loss, distribution, (pred, target), rng)


def test_limits_are_those_that_are_told(rng: np.random.Generator) -> None:
    pred, labels = rng.normal(size=(9, 4)), rng.integers(0, 4, 9)
    entropy = cross_entropy(pred, labels)
    assert generalized_cross_entropy_loss(pred, labels, q=1e-9) == pytest.approx(entropy, rel=1e-7)
    assert poly_loss(pred, labels, epsilon=0) == pytest.approx(entropy, rel=1e-14)
    assert ldam_loss(pred, labels, class_counts=[3] * 4, max_margin=0, scale=1) == pytest.approx(entropy, rel=1e-14)
    whole = distribution_focal_loss(pred, labels.astype(float))
    assert whole == pytest.approx(entropy, rel=1e-14)


@pytest.mark.parametrize("loss", [generalized_cross_entropy_loss, poly_loss])
def test_axes_and_ignored_labels(loss: Any, rng: np.random.Generator) -> None:
    pred, labels = rng.normal(size=(2, 3, 4, 5)), rng.integers(0, 3, (2, 4, 5))
    value, grad = loss.value_and_grad(pred, labels)
    flat, flat_grad = loss.value_and_grad(np.moveaxis(pred, 1, -1).reshape(-1, 3), labels.ravel())
    assert value == pytest.approx(flat, rel=1e-14)
    np.testing.assert_allclose(np.moveaxis(grad, 1, -1).reshape(-1, 3), flat_grad, rtol=1e-13, atol=1e-17)
    assert loss(np.moveaxis(pred, 1, -1), labels, axis=-1) == pytest.approx(value, rel=1e-14)
    labels[0, 1], pred[0, :, 1] = 7, np.nan
    assert np.isfinite(loss.value_and_grad(pred, labels, ignore_index=7)[1]).all()
    assert np.isfinite(loss(pred, labels, ignore_index=7))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda x: generalized_cross_entropy_loss(x, [0, 1], q=0), "q: expected a number above 0, at most 1, got 0"),
        (lambda x: poly_loss(x, [0, 1], epsilon=-2), "epsilon: expected a finite number >= -1, got -2"),
        (lambda x: poly_loss(x, [0, 2]), r"target\[1\]: expected a label from 0 to 1"),
        (lambda x: poly_loss(x, x), "target: expected labels"),
        (lambda x: ldam_loss(x, [0, 2], class_counts=[1, 2]), r"target\[1\]: expected a label from 0 to 1"),
        (lambda x: ldam_loss(x, [0, 1], class_counts=[1, 0]), r"class_counts\[1\]: expected a finite number > 0"),
        (lambda x: ldam_loss(x, [0, 1], class_counts=[1, 2, 3]), r"class_counts: expected shape \(2,\), got \(3,\)"),
        (lambda x: distribution_focal_loss(x, [0, 1.5]), r"target\[1\]: expected a number from 0 to 1, got 1.5"),
        (lambda x: distribution_focal_loss(x, [0, np.nan]), r"target\[1\]: expected a number from 0 to 1, got nan"),
    ],
)
def test_what_is_wrong_is_told(call: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        call(np.zeros((2, 2)))
