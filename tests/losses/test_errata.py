"""What is often printed wrong, tried on numbers: the test of each number of ERRATA.md that has a star."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from metrix import cli, losses
from metrix.losses import find
from metrix.losses.errata import errata_text

TESTS: dict[str, Callable[[], None]] = {}


def erratum(*numbers: str) -> Callable[[Callable[[], None]], Callable[[], None]]:
    def enter(test: Callable[[], None]) -> Callable[[], None]:
        TESTS.update(dict.fromkeys(numbers, test))
        return test

    return enter


def of(name: str) -> Any:
    """A loss of a family that may not be there."""
    if not hasattr(losses, name):
        pytest.skip(f"no {name} here")
    return getattr(losses, name)


def bce(chance: float, target: float) -> float:
    return float(losses.binary_cross_entropy([chance], [target]))


@erratum("E1", "E3")
def losses_that_are_not_convex_can_have_but_one_minimum() -> None:
    facts = losses.sigmoid_focal_loss.facts.properties
    assert "convex" not in facts
    assert "monotonic" in facts
    assert len(find(task="binary classification", properties="not differentiable"))


@erratum("E2")
def a_continuous_gradient_need_not_be_lipschitz() -> None:
    gradient = losses.poisson_nll_loss.value_and_grad([20.0, 20.001], [1.0, 1.0], reduction="none")[1]
    assert np.diff(gradient)[0] > 1e8 * 0.001
    facts = losses.poisson_nll_loss.facts.properties
    assert "differentiable" in facts
    assert "smooth" not in facts


@erratum("E4")
def many_medians_are_as_good() -> None:
    assert {float(losses.l1_loss([middle, middle], [0.0, 1.0])) for middle in (0.0, 0.25, 0.5, 1.0)} == {0.5}
    assert "convex" in losses.l1_loss.facts.properties


@erratum("E6")
def huber_is_delta_times_smooth_l1() -> None:
    residuals = np.linspace(-5, 5, 101)
    zeros = np.zeros(101)
    for delta in (0.5, 1.0, 3.0):
        huber = losses.huber_loss(residuals, zeros, delta=delta, reduction="none")
        smooth = losses.smooth_l1_loss(residuals, zeros, beta=delta, reduction="none")
        np.testing.assert_allclose(huber, delta * smooth, rtol=1e-14)
        assert np.array_equal(huber, smooth) == (delta == 1.0)


@erratum("E7")
def a_smaller_delta_lets_outliers_pull_less() -> None:
    pulls = [losses.huber_loss.value_and_grad([100.0], [0.0], delta=delta)[1][0] for delta in (0.1, 1.0, 10.0)]
    assert pulls == [0.1, 1.0, 10.0]


@erratum("E8")
def log_cosh_is_like_huber() -> None:
    small = np.array([0.3])
    assert losses.log_cosh_loss(small, [0.0]) < losses.huber_loss(small, [0.0])
    assert losses.log_cosh_loss.value_and_grad([1e6], [0.0])[1][0] == 1.0


@erratum("E9")
def the_quantile_loss_at_the_median_is_half() -> None:
    assert losses.quantile_loss([3.0], [1.0], quantile=0.5) == losses.l1_loss([3.0], [1.0]) / 2


@erratum("E10")
def a_rate_is_above_zero() -> None:
    assert np.isnan(losses.poisson_nll_loss([-1.0], [2.0], log_input=False))
    short, full = (losses.poisson_nll_loss([1.0], [5.0], full=full) for full in (False, True))
    assert full - short == pytest.approx(np.log(120), rel=0.01)


@erratum("E11")
def mape_of_negative_targets_is_positive() -> None:
    assert losses.mape_loss([-1.0], [-2.0]) == losses.mape_loss([1.0], [2.0]) == 0.5


@erratum("E12")
def smape_punishes_too_little_more_than_too_much() -> None:
    assert losses.smape_loss([90.0], [100.0]) > losses.smape_loss([110.0], [100.0])
    assert losses.smape_loss([90.0], [100.0]) == losses.smape_loss([100.0], [90.0])
    assert losses.smape_loss([-1.0], [1.0]) == 2.0


@erratum("E14")
def a_confident_mistake_costs_without_limit() -> None:
    assert [losses.binary_cross_entropy_with_logits([-z], [1.0]) > z - 1e-9 for z in (10.0, 1e3, 1e6)] == [True] * 3


@erratum("E15", "E69")
def weights_of_samples_and_of_positives_are_two_things() -> None:
    pred, target = [0.3, -1.0], [1.0, 0.0]
    plain = losses.binary_cross_entropy_with_logits(pred, target, reduction="none")
    positive = losses.binary_cross_entropy_with_logits(pred, target, pos_weight=3.0, reduction="none")
    both = losses.binary_cross_entropy_with_logits(pred, target, weight=[3.0, 3.0], reduction="none")
    np.testing.assert_allclose(positive, plain * [3, 1])
    np.testing.assert_allclose(both, plain * 3)
    assert (positive > 0).all()


@erratum("E17", "E18", "E70")
def focal_loss_raises_nothing_and_looks_away_from_what_is_right() -> None:
    logits = np.linspace(-6, 6, 49)
    for target in (0.0, 1.0):
        targets = np.full(49, target)
        plain = losses.binary_cross_entropy_with_logits(logits, targets, reduction="none")
        focal = losses.sigmoid_focal_loss(logits, targets, alpha=None, reduction="none")
        assert (focal >= 0).all()
        assert (focal <= plain).all()
        right_first = (focal / plain)[:: 1 if target == 0 else -1]
        assert (np.diff(right_first) > 0).all()
    assert losses.sigmoid_focal_loss([0.0], [1.0]) < losses.sigmoid_focal_loss([0.0], [0.0])


@erratum("E36", "E37", "E38", "E76", "E77")
def overlaps_of_regions_are_losses_when_taken_from_one() -> None:
    dice, jaccard, tversky = of("dice_loss"), of("jaccard_loss"), of("tversky_loss")
    truth = np.array([[[1.0, 1, 0, 0]]])
    half = np.array([[[1.0, 0, 0, 0]]])
    more = np.array([[[1.0, 1, 1, 0]]])
    options: dict[str, Any] = {"from_logits": False, "smooth": 0.0}
    assert dice(truth, truth, **options) == pytest.approx(0, abs=1e-6)
    assert dice(half, truth, **options) == pytest.approx(1 - 2 / 3, rel=1e-6)
    assert jaccard(half, truth, **options) == pytest.approx(1 - 1 / 2, rel=1e-6)
    assert tversky(half, truth, alpha=0.5, beta=0.5, **options) == pytest.approx(1 - 2 / 3, rel=1e-6)
    assert tversky(more, truth, alpha=0.9, beta=0.1, **options) == pytest.approx(1 - 2 / 2.9, rel=1e-6)
    assert tversky(half, truth, alpha=0.9, beta=0.1, **options) == pytest.approx(1 - 1 / 1.1, rel=1e-6)


@erratum("E53")
def sums_over_pixels_are_no_means() -> None:
    images, blank = np.ones((2, 3, 4)), np.zeros((2, 3, 4))
    assert losses.mse_loss(images, blank, reduction="batchmean") == 12 * losses.mse_loss(images, blank) == 12


@erratum("E54", "E65")
def both_terms_of_the_cross_entropy_have_a_minus() -> None:
    assert bce(0.2, 1.0) == pytest.approx(-np.log(0.2))
    assert bce(0.2, 0.0) == pytest.approx(-np.log(0.8))
    gradient = losses.binary_cross_entropy.value_and_grad([0.2], [1.0])[1]
    assert gradient[0] == pytest.approx(-1 / 0.2)


@erratum("E68")
def logits_of_negatives_cost_a_softplus() -> None:
    for logit in (-3.0, 0.5, 4.0):
        expected = logit + np.log1p(np.exp(-logit))
        assert losses.binary_cross_entropy_with_logits([logit], [0.0]) == pytest.approx(expected)


@erratum("E75")
def squared_errors_are_squares_of_differences() -> None:
    assert losses.mse_loss([3.0, 1.0], [1.0, 3.0]) == 4.0


@erratum("E81")
def both_kinds_of_errors_make_a_loss() -> None:
    loss = of("sensitivity_specificity_loss")
    truth = np.array([[[1.0, 1, 0, 0]]])
    right, wrong = (float(loss(given, truth, from_logits=False)) for given in (truth, 1 - truth))
    assert right == pytest.approx(0, abs=1e-6)
    assert wrong == pytest.approx(1, rel=1e-6)


@erratum("E83")
def pseudo_huber_is_a_parabola_near_zero() -> None:
    for delta in (0.5, 4.0):
        assert losses.pseudo_huber_loss([1e-4], [0.0], delta=delta) == pytest.approx(1e-8 / 2, rel=1e-6)


@erratum("E84")
def gradients_are_exact_where_differences_are_not() -> None:
    gradient = losses.mse_loss.value_and_grad([1e8], [1e8 - 1.0])[1][0]
    step = 1e-6
    difference = (losses.mse_loss([1e8 + step], [1e8 - 1.0]) - losses.mse_loss([1e8 - step], [1e8 - 1.0])) / (2 * step)
    assert gradient == 2.0
    assert abs(difference - 2.0) > 1e-3


@pytest.mark.parametrize("number", TESTS)
def test_erratum(number: str) -> None:
    TESTS[number]()


def test_the_page_has_all_numbers_and_stars_those_that_are_tried() -> None:
    rows = re.findall(r"^\| (E\d+)( ★)? \|", errata_text(), re.MULTILINE)
    assert [number for number, _ in rows] == [f"E{at}" for at in range(1, 88)]
    assert {number for number, star in rows if star} == TESTS.keys()
    for line in errata_text().splitlines():
        if line.startswith("| E"):
            cells = [cell.strip() for cell in line.strip("|").split(" | ")]
            assert len(cells) == 5, line
            assert all(cells), line


def test_the_command_prints_the_page(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["losses", "--errata"]) == 0
    assert capsys.readouterr().out == errata_text()
