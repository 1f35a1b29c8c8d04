"""What is often printed wrong, tried on numbers: the test of each number of ERRATA.md that has a star."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from metrix import classification, cli, generative, losses, regression
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


@erratum("E13")
def a_score_of_determination_has_no_lower_limit() -> None:
    assert regression.r2_score([1.0, 2.0, 3.0], [30.0, -20.0, 10.0]) < -100


@erratum("E16", "E74")
def smoothing_takes_from_the_true_label() -> None:
    logits, e = np.array([[0.3, -1.0, 2.0]]), 0.3
    smooth = np.full((1, 3), e / 3) + (1 - e) * np.eye(3)[[1]]
    found = losses.cross_entropy(logits, [1], label_smoothing=e)
    assert found == pytest.approx(losses.cross_entropy(logits, smooth))
    uniform = losses.cross_entropy(logits, np.full((1, 3), 1 / 3))
    assert found == pytest.approx((1 - e) * losses.cross_entropy(logits, [1]) + e * uniform)


#: Ten of them: 3 found, 2 missed, 1 false alarm, 4 rightly left.
TRUTH, SAID = [1] * 5 + [0] * 5, [1] * 3 + [0] * 2 + [1] + [0] * 4


@erratum("E19", "E20", "E21", "E24")
def rates_divide_by_what_their_names_say() -> None:
    assert classification.false_positive_rate(TRUTH, SAID) == pytest.approx(1 / 5)
    assert classification.precision_score(TRUTH, SAID) == pytest.approx(3 / 4)
    assert classification.false_omission_rate(TRUTH, SAID) == pytest.approx(2 / 6)
    assert classification.negative_predictive_value(TRUTH, SAID) == pytest.approx(1 - 2 / 6)
    assert classification.specificity_score(TRUTH, SAID) == pytest.approx(1 - 1 / 5)


@erratum("E22")
def predictive_values_depend_on_prevalence() -> None:
    truth, said = TRUTH + [1] * 15, SAID + [1] * 9 + [0] * 6  # four times as many positives, found at the same rate
    assert classification.recall_score(truth, said) == classification.recall_score(TRUTH, SAID)
    assert classification.specificity_score(truth, said) == classification.specificity_score(TRUTH, SAID)
    assert classification.negative_predictive_value(truth, said) < classification.negative_predictive_value(TRUTH, SAID)


@erratum("E23")
def a_false_negative_is_a_positive() -> None:
    assert classification.false_negative_rate([1, 1, 0], [0, 1, 0]) == 0.5


@erratum("E25")
def chance_has_the_area_of_the_prevalence() -> None:
    truth = np.arange(1000) % 10 == 0
    assert classification.average_precision_score(truth, np.zeros(1000)) == pytest.approx(0.1)
    assert classification.roc_auc_score(truth, np.zeros(1000)) == 0.5


@erratum("E26")
def thresholds_are_scores() -> None:
    thresholds = classification.roc_curve([0, 1, 1], [-7.0, 3.0, 40.0])[2]
    assert {-7.0, 3.0, 40.0} <= set(np.asarray(thresholds).tolist())


@erratum("E27")
def the_loss_of_overlaps_is_a_function_of_two_boxes() -> None:
    boxes = [[0.0, 0.0, 2.0, 2.0]], [[1.0, 0.0, 3.0, 2.0]]
    assert losses.iou_loss(*boxes, eps=0) == pytest.approx(1 - 1 / 3)
    assert losses.iou_loss(*boxes, mode="log", eps=0) == pytest.approx(np.log(3))


@erratum("E29")
def the_first_yolo_has_squared_errors_alone() -> None:
    pred = np.zeros((1, 1, 1, 5 + 2))
    pred[..., :5] = 0.5, 0.5, 1.0, 1.0, 1.0
    wrong = pred.copy()
    pred[..., 5], wrong[..., 6] = 1.0, 1.0
    given = {"boxes_per_cell": 1}
    truth = [[0.5, 0.5, 1.0, 1.0]], [0]
    assert losses.yolo_v1_loss(pred, *truth, **given) == pytest.approx(0, abs=1e-12)
    assert losses.yolo_v1_loss(wrong, *truth, **given) == pytest.approx(2)


@erratum("E39")
def the_extension_of_the_jaccard_loss_meets_it_at_corners() -> None:
    certain, truth = np.array([[[1.0, 1, 0, 0], [0, 0, 1, 1]]]), np.array([[0, 0, 0, 1]])
    found = losses.lovasz_softmax_loss(certain, truth, from_logits=False)
    assert found == pytest.approx(1 - (2 / 3 + 1 / 2) / 2)


@erratum("E43", "E71")
def only_the_true_class_has_a_term_and_large_logits_no_overflow() -> None:
    logits = np.array([[1000.0, 998.0, -1000.0]])
    most = logits.max()
    expected = -logits[0, 1] + most + np.log(np.exp(logits - most).sum())
    assert losses.cross_entropy(logits, [1]) == pytest.approx(expected)


@erratum("E44")
def the_angle_of_sphereface_falls_all_the_way() -> None:
    angles = np.linspace(0.01, np.pi - 0.01, 100)
    x = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    weights = np.array([[1.0, 0.0], [0.0, 0.0]])

    def of_angle(monotone: bool) -> Any:
        return losses.sphereface_loss(x, np.zeros(100, int), weights, reduction="none", monotone=monotone)

    assert (np.diff(of_angle(True)[:50]) > 0).all()
    assert (np.diff(of_angle(False)[:50]) < 0).any()


@erratum("E45")
def centers_only_draw_together() -> None:
    _, (by_x, by_centers) = losses.center_loss.value_and_grad([[3.0]], [0], [[1.0], [2.9]])
    assert by_x[0, 0] == 2.0
    assert by_centers.tolist() == [[-2.0], [0.0]]


@erratum("E46", "E47")
def margins_stand_inside_the_scale() -> None:
    x, weights = np.array([[1.0, 0.0]]), np.eye(2)
    for loss, right in ((losses.cosface_loss, 1 - 0.4), (losses.arcface_loss, np.cos(0.4))):
        found = loss(x, [0], weights, margin=0.4, scale=10.0)
        assert found == pytest.approx(np.log1p(np.exp(0 - 10 * right)))


@erratum("E48", "E49")
def distances_are_subtracted_and_pairs_squared() -> None:
    anchor, near, far = np.array([[0.0]]), np.array([[1.0]]), np.array([[3.0]])
    assert losses.triplet_margin_loss(anchor, near, far, margin=2.5, eps=0) == 0.5
    assert losses.triplet_margin_loss(anchor, near, far, margin=8.5, squared=True) == 0.5
    assert losses.contrastive_loss(anchor, near, [1.0], margin=4.0) == 0.5
    assert losses.contrastive_loss(anchor, near, [0.0], margin=4.0) == 4.5


@erratum("E50", "E51")
def circle_asks_for_more_than_it_pushes_away() -> None:
    x = np.array([[1.0, 0.0], [np.cos(0.6), np.sin(0.6)], [np.cos(2.0), np.sin(2.0)]])
    m, scale = 0.25, 8.0
    near, far = np.cos(0.6), np.cos(2.0)
    expected = np.log1p(
        np.exp(scale * max(far + m, 0) * (far - m)) * np.exp(-scale * max(1 + m - near, 0) * (near - 1 + m))
    )
    found = losses.circle_loss(x, [0, 0, 1], margin=m, scale=scale, reduction="none")[0]
    assert found == pytest.approx(expected)


@erratum("E52")
def equal_views_correlate_by_one() -> None:
    views = np.array([[1.0, 2.0], [-1.0, 1.0], [4.0, -2.0], [0.5, 3.0]])
    own = np.corrcoef(views.T)
    expected = 2 * 5e-3 * own[0, 1] ** 2
    assert losses.barlow_twins_loss(views, views, eps=0.0) == pytest.approx(expected)


@erratum("E55", "E66", "E67")
def divergences_are_not_negative_and_zeros_of_the_truth_cost_nothing() -> None:
    p, q = np.array([[0.0, 0.4, 0.6]]), np.array([[0.2, 0.5, 0.3]])
    form = {"form": "probabilities"}
    forth = losses.kl_div(q, p, **form)
    assert forth == pytest.approx((p[0, 1:] * np.log(p[0, 1:] / q[0, 1:])).sum())
    assert forth > 0
    assert losses.kl_div(p, q, **form) == np.inf
    assert losses.jeffreys_div(q, p) == np.inf
    mixture = (p + q) / 2
    half = (losses.kl_div(mixture, p, **form) + losses.kl_div(mixture, q, **form)) / 2
    assert losses.js_div(q, p) == pytest.approx(half)


@erratum("E56")
def generator_and_discriminator_have_a_loss_each() -> None:
    chance = 1 / (1 + np.exp(-0.7))
    assert losses.gan_generator_loss([0.7]) == pytest.approx(-np.log(chance))
    assert losses.gan_generator_loss([0.7], mode="minimax") == pytest.approx(np.log(1 - chance))
    assert losses.gan_discriminator_loss([0.7], [0.7]) == pytest.approx(-np.log(chance) - np.log(1 - chance))


@erratum("E58")
def critics_take_a_difference_and_transport_a_distance() -> None:
    assert losses.wasserstein_critic_loss([2.0], [0.5]) == -1.5
    assert losses.wasserstein_distance([0.0, 1.0], [3.0, 4.0]) == 3.0


@erratum("E59")
def a_flow_that_widens_latents_is_likely() -> None:
    """Data x = z / 2: a normal of deviation 1/2, whose log-density adds log |dz/dx| = log 2."""
    x = 0.3
    density = np.exp(-((x / 0.5) ** 2) / 2) / (0.5 * np.sqrt(2 * np.pi))
    assert losses.flow_nll_loss([[2 * x]], [np.log(2)]) == pytest.approx(-np.log(density))


@erratum("E60")
def data_less_model() -> None:
    assert losses.contrastive_divergence_loss([1.0], [4.0]) == -3.0


@erratum("E62")
def the_contrary_of_an_image_has_a_similarity_of_minus_one() -> None:
    image = np.random.default_rng(0).random((1, 1, 16, 16))
    dull = np.full_like(image, image.mean())
    assert losses.ssim_loss(image, 1 - image, k2=0.0) > 1.8
    assert 1.0 > losses.ssim_loss(image, dull) > 0.5


@erratum("E64")
def covariances_need_a_symmetric_product() -> None:
    first, second = np.array([[2.0, 1.0], [1.0, 1.0]]), np.array([[1.0, -0.5], [-0.5, 3.0]])
    assert not np.allclose(first @ second, (first @ second).T)
    values, vectors = np.linalg.eigh(first)
    root = vectors * np.sqrt(values) @ vectors.T
    expected = np.trace(first) + np.trace(second) - 2 * np.sqrt(np.linalg.eigvalsh(root @ second @ root)).sum()
    statistics = [generative.FrechetStatistics(np.zeros(2), cov) for cov in (first, second)]
    assert generative.frechet_distance(*statistics) == pytest.approx(expected)


@erratum("E73")
def both_terms_of_the_multilabel_loss_have_a_minus() -> None:
    z, y = np.array([[0.4, -1.2, 2.0]]), np.array([[1.0, 0.0, 1.0]])
    s = 1 / (1 + np.exp(-z))
    expected = -(y * np.log(s) + (1 - y) * np.log(1 - s)).mean()
    assert losses.binary_cross_entropy_with_logits(z, y) == pytest.approx(expected)
    assert losses.multilabel_soft_margin_loss(z, y) == pytest.approx(expected)


@erratum("E78")
def gamma_is_one_over_the_power() -> None:
    pred, truth = np.array([[[0.8, 0.3, 0.4]]]), np.array([[[1.0, 0.0, 1.0]]])
    plain = losses.tversky_loss(pred, truth, from_logits=False)
    assert losses.focal_tversky_loss(pred, truth, gamma=2.0, from_logits=False) == pytest.approx(np.sqrt(plain))


@erratum("E79")
def shares_of_classes_change_places() -> None:
    logits, truth = np.array([[0.3, -0.2, 1.0, -2.0]]), np.array([[1.0, 0.0, 0.0, 0.0]])
    p, share = 1 / (1 + np.exp(-logits)), 0.75
    expected = -(share * truth * np.log(p) + (1 - share) * (1 - truth) * np.log(1 - p)).mean()
    assert losses.balanced_bce_loss(logits, truth) == pytest.approx(expected)


@erratum("E85")
def labels_begin_at_zero() -> None:
    with pytest.raises(ValueError, match=r"target\[1\]: expected a label from 0 to 1"):
        losses.cross_entropy([[0.0, 1.0], [0.0, 1.0]], [1, 2])


@erratum("E86")
def fusion_takes_the_brighter_image() -> None:
    dark, bright = [[0.1, 0.9]], [[0.4, 0.2]]
    assert losses.fusion_intensity_loss([[0.4, 0.9]], dark, bright) == 0
    assert losses.fusion_intensity_loss([[0.5, 0.9]], dark, bright) == pytest.approx(0.05)


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
