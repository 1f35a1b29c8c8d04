"""metrix.losses.robust: one family with its members; values and derivatives are checked beside those of regression."""

from __future__ import annotations

import numpy as np
import pytest

from losses.elementwise_cases import REGRESSION
from metrix.losses import (
    cauchy_loss,
    charbonnier_loss,
    geman_mcclure_loss,
    general_robust_loss,
    mse_loss,
    pseudo_huber_loss,
    welsch_loss,
)

MEMBERS = [
    (-np.inf, welsch_loss),
    (-2.0, geman_mcclure_loss),
    (0.0, cauchy_loss),
    (1.0, lambda x, y, scale, **more: pseudo_huber_loss(x / scale, y / scale, **more)),
    (2.0, lambda x, y, scale, **more: mse_loss(x / scale, y / scale, **more) / 2),
]


@pytest.mark.parametrize(("alpha", "member"), MEMBERS, ids=[str(alpha) for alpha, _ in MEMBERS])
def test_members_of_the_family(alpha: float, member: object, rng: np.random.Generator) -> None:
    assert callable(member)
    pred, target = rng.normal(scale=5, size=(2, 200))
    expected = member(pred, target, scale=0.7, reduction="none")
    found = general_robust_loss(pred, target, alpha=alpha, scale=0.7, reduction="none")
    np.testing.assert_allclose(found, expected, rtol=1e-12)
    if np.isfinite(alpha) and alpha < 2:  # limits are reached without a step
        near = general_robust_loss(pred, target, alpha=alpha + 1e-9, scale=0.7, reduction="none")
        np.testing.assert_allclose(near, expected, rtol=1e-6)


def test_charbonnier_loss_is_a_shifted_pseudo_huber_loss(rng: np.random.Generator) -> None:
    pred, target = rng.normal(size=(2, 200))
    expected = pseudo_huber_loss(pred, target, delta=0.5, reduction="none") / 0.5 + 0.5
    np.testing.assert_allclose(charbonnier_loss(pred, target, eps=0.5, reduction="none"), expected, rtol=1e-13)


def test_outliers_pull_less() -> None:
    for loss in (cauchy_loss, geman_mcclure_loss, welsch_loss):
        pulls = [float(loss.value_and_grad([at], [0.0])[1][0]) for at in (2.0, 8.0, 30.0)]
        assert pulls[0] > pulls[1] > pulls[2] >= 0


def test_small_errors_keep_their_digits() -> None:
    """Half the square, near 0, of all."""
    for loss in (cauchy_loss, geman_mcclure_loss, welsch_loss, general_robust_loss):
        assert loss([1e-9], [0.0]) == pytest.approx(5e-19, rel=1e-12)


def test_wrong_parameters_are_told() -> None:
    for loss in (cauchy_loss, geman_mcclure_loss, welsch_loss, general_robust_loss):
        with pytest.raises(ValueError, match="scale: expected a finite number > 0, got 0"):
            loss([1.0], [0.0], scale=0)
    with pytest.raises(ValueError, match="eps: expected a finite number > 0, got -1"):
        charbonnier_loss([1.0], [0.0], eps=-1)
    with pytest.raises(ValueError, match=r"alpha: expected a number of at most 2, got 2\.5"):
        general_robust_loss([1.0], [0.0], alpha=2.5)
    with pytest.raises(ValueError, match="alpha: expected a number of at most 2, got nan"):
        general_robust_loss([1.0], [0.0], alpha=float("nan"))


def test_all_are_among_the_cases_of_regression() -> None:
    names = {case.name for case in REGRESSION}
    assert {"cauchy_loss", "charbonnier_loss", "geman_mcclure_loss", "general_robust_loss", "welsch_loss"} <= names
