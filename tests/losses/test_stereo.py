from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from losses.differences import check_gradients
from metrix.losses import cost_volume_loss, disparity_gradient_loss, disparity_sequence_loss


def cost_volume_term(costs: Any, d: float, form: str, margin: float) -> float:
    """Of one pixel."""
    if not 0 <= d <= len(costs) - 1:
        return np.nan
    below = int(np.floor(d))
    above = min(below + 1, len(costs) - 1)
    truth = costs[below] + (d - below) * (costs[above] - costs[below])
    others = [cost for at, cost in enumerate(costs) if not d - 1.5 <= at < d + 1.5]
    if form == "similarity":
        return 1 - truth + (max(0.0, max(others) + margin - truth) if others else 0)
    return truth + (max(0.0, margin - min(others)) if others else 0)


@pytest.mark.parametrize("form", ["similarity", "cost"])
@pytest.mark.parametrize("size", [1, 2, 3, 8])
def test_cost_volume_loss_is_its_definition(form: Any, size: int, rng: np.random.Generator) -> None:
    volume = rng.random((2, size, 6, 7))
    target = rng.uniform(0, size - 1, size=(2, 6, 7))
    target[0, 0] = np.clip(np.round(target[0, 0] * 2) / 2, 0, size - 1)  # where rounding and limits of ranges meet
    target[1, 1, :3] = [-0.1, size - 0.9, np.nan]
    found = cost_volume_loss(volume, target, form=form, margin=0.4, reduction="none")
    for n, i, j in np.ndindex(found.shape):
        expected = cost_volume_term(volume[n, :, i, j], target[n, i, j], form, 0.4)
        np.testing.assert_allclose(found[n, i, j], expected, rtol=1e-13)


def test_gradients_of_cost_volume_loss(rng: np.random.Generator) -> None:
    volume, target = rng.random((2, 8, 5, 6)), rng.uniform(0, 7, size=(2, 5, 6))
    check_gradients(cost_volume_loss, [volume, target], rng, form="cost", margin=0.15, weight=[1.0, 2.0])
    # The second match at the truth is held constant.
    gradient = cost_volume_loss.value_and_grad(volume, target, margin=10, reduction="sum")[1]
    np.testing.assert_allclose(gradient.sum(axis=1), 0, atol=1e-14)
    target[0, 0, 0] = np.nan
    known = ~np.isnan(target)
    value, gradient = cost_volume_loss.value_and_grad(volume, target, mask=known)
    assert np.isfinite(value)
    assert not gradient[0, :, 0, 0].any()


def test_disparity_sequence_loss_is_its_definition(rng: np.random.Generator) -> None:
    sequence, target = rng.normal(size=(4, 2, 5, 6)), rng.normal(size=(2, 5, 6))
    errors = np.abs(sequence - target)
    expected = 0.8**3 * errors[0] + 0.64 * errors[1] + 0.8 * errors[2] + errors[3]
    np.testing.assert_allclose(disparity_sequence_loss(sequence, target, gamma=0.8, reduction="none"), expected)
    weighted = disparity_sequence_loss(sequence, target, weights=[0.1, 0.1, 1, 1.2])
    assert weighted == pytest.approx((errors * np.reshape([0.1, 0.1, 1, 1.2], (4, 1, 1, 1))).sum(axis=0).mean())
    check_gradients(disparity_sequence_loss, [sequence, target], rng, gamma=0.7, weight=[1.0, 2.0])
    target[1] = np.nan
    value, gradient = disparity_sequence_loss.value_and_grad(sequence, target, mask=[True, False])
    assert value == pytest.approx(disparity_sequence_loss(sequence[:, :1], target[:1]))
    assert not gradient[:, 1].any()


def test_disparity_gradient_loss_is_its_definition(rng: np.random.Generator) -> None:
    pred, fine = rng.normal(size=(2, 4, 5)) * 3, rng.normal(size=(2, 8, 10)) * 3
    fine[0, 0, 0] = np.nan
    truth = np.array(
        [[[sorted(fine[n, 2 * i : 2 * i + 2, 2 * j : 2 * j + 2].ravel())[1] for j in range(5)] for i in range(4)]
         for n in range(2)]
    )  # fmt: skip
    truth[0, 0, 0] = np.nan
    expected = []
    for of_pred, of_truth in zip(pred, truth):
        errors = []
        for i, j in np.ndindex(4, 5):
            for other in ((i + 1, j), (i, j + 1)):
                if other[0] < 4 and other[1] < 5:
                    step = of_truth[other] - of_truth[i, j]
                    if abs(step) < 2:
                        errors.append(abs(of_pred[other] - of_pred[i, j] - step))
        expected.append(np.mean(errors))
    arguments: dict[str, Any] = {"pool": 2, "steepest": 2}
    found = disparity_gradient_loss(pred, fine, reduction="none", **arguments)
    np.testing.assert_allclose(found, expected, rtol=1e-13)
    check_gradients(disparity_gradient_loss, [pred, fine], rng, weight=[1.0, 2.0], **arguments)
    assert np.isnan(disparity_gradient_loss(pred, 1e6 * fine, pool=2))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda x: cost_volume_loss(x[0], x[0]), r"pred: expected shape \(N, D, H, W\)"),
        (lambda x: cost_volume_loss(x, x), r"target: expected the shape of a slice of pred, \(2, 4, 5\), got"),
        (lambda x: cost_volume_loss(x, x[:, 0], form="best"), r"form: expected one of"),
        (lambda x: cost_volume_loss(x, x[:, 0], margin=-1), r"margin: expected a finite number >= 0, got -1"),
        (lambda x: disparity_sequence_loss(x, x), r"target: expected the shape of an element of pred"),
        (lambda x: disparity_sequence_loss(x, x[0], weights=[1]), r"weights: expected shape \(2,\), got \(1,\)"),
        (lambda x: disparity_sequence_loss(x, x[0], gamma=1), r"gamma: expected a number between 0 and 1, got 1"),
        (lambda x: disparity_gradient_loss(x, x), r"pred: expected shape \(N, h, w\)"),
        (lambda x: disparity_gradient_loss(x[0], x[0]), r"target: expected the shape of pred, pool times finer"),
        (lambda x: disparity_gradient_loss(x[0], x[0], pool=0), r"pool: expected an integer >= 1, got 0"),
    ],
)
def test_errors_name_the_argument(call: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        call(np.zeros((2, 3, 4, 5)))
