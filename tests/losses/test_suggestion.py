"""What is advised to whom: each rule with data that meet it and data that do not."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from metrix import losses
from metrix.losses import find, suggest


def names(found: Any) -> list[str]:
    return [advice.name for advice in found.losses]


def reasons(found: Any) -> str:
    return " ".join(advice.reason for advice in (*found.losses, *found.metrics))


def test_outliers_ask_for_robust_losses(rng: np.random.Generator) -> None:
    plain = rng.normal(10, 2, size=2000)
    far = np.r_[plain, [1e3] * 30]
    assert names(suggest("regression", plain))[0] == "mse_loss"
    robust = suggest("regression", far)
    assert names(robust)[:2] == ["huber_loss", "l1_loss"]
    assert all("robust" in find(name).losses[0].facts.properties for name in names(robust)[:2])
    assert "delta=1.3" in robust.losses[0].reason  # 0.6745 standard deviations
    assert robust.seen["outliers"] == pytest.approx(30 / 2030)
    assert robust.metrics[0].name == "median absolute error"
    assert names(suggest("regression", np.r_[plain, [25.0] * 30]))[0] == "huber_loss"
    assert names(suggest("regression", np.r_[plain, [16.0] * 30]))[0] == "mse_loss"


def test_the_delta_that_is_advised_is_better(rng: np.random.Generator) -> None:
    """The constant of least Huber loss is nearer to the centre than the mean is."""
    values = np.r_[rng.normal(10, 2, size=1000), [1e3] * 20]
    delta = float(suggest("regression", values).losses[0].reason.split("delta=")[1].split(",")[0])
    grid = np.linspace(5, 40, 351)
    best = grid[np.argmin([losses.huber_loss(np.full(1020, at), values, delta=delta) for at in grid])]
    assert abs(best - 10) < 0.5 < abs(values.mean() - 10)


def test_sizes_zeros_counts_and_ties_are_seen(rng: np.random.Generator) -> None:
    wide = suggest("regression", 10 ** rng.uniform(-2, 3, size=500))
    assert names(wide)[-2:] == ["msle_loss", "gamma_nll_loss"]
    narrow = suggest("regression", rng.uniform(1, 2, size=500))
    assert "msle_loss" not in names(narrow)
    assert "mean absolute percentage error" in [advice.name for advice in narrow.metrics]
    zeros = suggest("regression", np.r_[np.zeros(50), rng.uniform(1, 2, 50)])
    assert "mean absolute percentage error" not in [advice.name for advice in zeros.metrics]
    assert "50 % are one and the same" in reasons(zeros)
    assert "tweedie_nll_loss" in names(zeros)
    assert "tweedie_nll_loss" not in names(suggest("regression", np.r_[np.zeros(2), rng.uniform(1, 2, 98)]))
    assert "tweedie_nll_loss" not in names(suggest("regression", rng.poisson(0.5, size=500)))
    assert "counts" in reasons(suggest("regression", rng.poisson(3, size=500)))
    assert "counts" not in reasons(suggest("regression", rng.normal(size=500)))


def test_counts_and_their_dispersion(rng: np.random.Generator) -> None:
    plain = suggest("count regression", rng.poisson(4, size=3000))
    assert names(plain)[0] == "poisson_nll_loss"
    assert "times the mean" not in reasons(plain)
    assert "model zeros apart" not in reasons(plain)
    wide = suggest("count regression", rng.negative_binomial(1, 0.1, size=3000))
    assert "times the mean" in reasons(wide)
    many_zeros = suggest("count regression", rng.poisson(4, size=3000) * (rng.random(3000) < 0.5))
    assert "model zeros apart" in reasons(many_zeros)


def test_rare_positives_ask_for_weights_and_other_metrics() -> None:
    rare = suggest("binary classification", [0] * 95 + [1] * 5)
    assert names(rare) == ["binary_cross_entropy_with_logits", "sigmoid_focal_loss"]
    assert "pos_weight=19 " in rare.losses[0].reason
    assert rare.metrics[0].name == "average precision"
    assert "accuracy is 0.95" in rare.metrics[0].reason
    common = suggest("binary classification", [-1, 1, 1, -1])
    assert "sigmoid_focal_loss" not in names(common)
    assert "always says yes" in reasons(suggest("binary classification", [1] * 95 + [0] * 5))
    assert "there is but one class" in reasons(suggest("binary classification", [1, 1, 1]))


def test_the_weight_that_is_advised_balances() -> None:
    labels = np.array([0.0] * 95 + [1.0] * 5)
    gradient = losses.binary_cross_entropy_with_logits.value_and_grad(np.zeros(100), labels, pos_weight=19.0)[1]
    assert gradient.sum() == pytest.approx(0, abs=1e-12)


def test_many_labels_and_classes(rng: np.random.Generator) -> None:
    rare = suggest("multilabel classification", rng.random((1000, 4)) < [0.5, 0.5, 0.02, 0.01])
    assert names(rare)[:2] == ["asymmetric_loss", "sigmoid_focal_loss"]
    assert "2 of 4 labels" in rare.losses[0].reason
    assert names(suggest("multilabel classification", rng.random((1000, 4)) < 0.5)) == [
        "binary_cross_entropy_with_logits"
    ]
    uneven = suggest("multiclass classification", [0] * 900 + [1] * 90 + [2] * 10)
    assert "ldam_loss" in names(uneven)
    assert uneven.metrics[0].name == "balanced accuracy"
    assert "accuracy is 0.9 " in uneven.metrics[0].reason
    assert suggest("multiclass classification", [0, 1, 2] * 10).metrics[0].name == "accuracy"


def test_small_segments_ask_for_overlaps(rng: np.random.Generator) -> None:
    small = suggest("semantic segmentation", rng.random((4, 64, 64)) < 0.03)
    large = suggest("semantic segmentation", rng.random((4, 64, 64)) < 0.4)
    assert small.losses[-1].name == large.losses[0].name == "binary_cross_entropy_with_logits"
    assert "pixel accuracy is 0.97" in small.metrics[0].reason


def test_quantiles_need_their_number() -> None:
    assert "only 1 targets" in reasons(suggest("quantile regression", range(100), quantile=0.99))
    assert "only" not in reasons(suggest("quantile regression", range(100), quantile=0.5))
    with pytest.raises(ValueError, match="quantile: expected a number between 0 and 1"):
        suggest("quantile regression", range(100))


@pytest.mark.parametrize(
    ("task", "target", "message"),
    [
        ("cooking", [1.0], "task: expected one of"),
        ("stereo matching", [1.0], r"find\(task='stereo matching'\) lists"),
        ("regression", [], "target: expected at least one"),
        ("regression", [1.0, np.nan], "target: expected finite numbers, got nan"),
        ("count regression", [1.0, 2.5], "target: expected counts, whole numbers from 0, got 2.5"),
        ("binary classification", [0, 1, 2], "target: expected two classes, got 3"),
        ("multilabel classification", [0, 1], r"target: expected \(N, C\) of 0 and 1, got shape \(2,\)"),
        ("multiclass classification", [0.5, 1], "target: expected labels, whole numbers, got 0.5"),
    ],
)
def test_mistakes_are_told(task: str, target: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        suggest(task, target)


def test_words_are_no_targets() -> None:
    with pytest.raises(TypeError, match="target: expected real numbers"):
        suggest("regression", np.array(["a"]))


def test_what_is_advised_can_be_read_and_is_there(rng: np.random.Generator) -> None:
    for task, target in {
        "regression": rng.standard_cauchy(500),
        "count regression": rng.poisson(2, 500),
        "binary classification": rng.integers(0, 2, 500),
        "multiclass classification": rng.integers(0, 5, 500),
        "multilabel classification": rng.integers(0, 2, (50, 3)),
        "semantic segmentation": rng.integers(0, 4, (8, 8)),
    }.items():
        found = suggest(task, target)
        assert {*names(found)} <= {*find().names}
        assert json.loads(json.dumps(found.as_dict()))["task"] == task
        assert str(found) == repr(found)
        assert all(advice.reason in str(found) for advice in (*found.losses, *found.metrics))
