"""metrix.classification.operating_points: against trying every threshold, and torchmetrics where it is installed."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from effort import cases
from metrix.classification import (
    RankingMetrics,
    fpr_at_tpr,
    precision_at_recall,
    recall_at_precision,
    sensitivity_at_specificity,
    specificity_at_sensitivity,
    tpr_at_fpr,
)

#: What is asked for, what is had, and whether higher is better.
POINTS: list[tuple[Any, str, str]] = [
    (recall_at_precision, "precision", "recall"),
    (precision_at_recall, "recall", "precision"),
    (tpr_at_fpr, "fpr", "recall"),
    (fpr_at_tpr, "tpr", "fpr"),
    (sensitivity_at_specificity, "specificity", "recall"),
    (specificity_at_sensitivity, "sensitivity", "specificity"),
]
IDS = [point[0].__name__ for point in POINTS]


def rates(truth: Any, scores: Any, weight: Any, threshold: float) -> dict[str, Fraction]:
    accepted = scores >= threshold
    tp, fp, fn, tn = (
        sum(map(Fraction, weight[cell].tolist()), Fraction(0))
        for cell in (accepted & truth, accepted & ~truth, ~accepted & truth, ~accepted & ~truth)
    )
    found = {"precision": tp / (tp + fp) if tp + fp else Fraction(1), "recall": tp / (tp + fn), "fpr": fp / (fp + tn)}
    return found | {"tpr": found["recall"], "sensitivity": found["recall"], "specificity": 1 - found["fpr"]}


def by_trying(truth: Any, scores: Any, weight: Any, given: str, wanted: str, rate: Fraction) -> tuple[float, float]:
    """Every threshold; the best of the wanted rate, then of the given one, then the highest."""
    best: Any = None
    for threshold in [*np.unique(scores[weight > 0]).tolist(), np.inf]:
        found = rates(truth, scores, weight, threshold)
        signs = [-1 if name == "fpr" else 1 for name in (given, wanted)]
        if signs[0] * found[given] >= signs[0] * rate:
            place = (signs[1] * found[wanted], signs[0] * found[given], threshold)
            best = place if best is None else max(best, place)
    return abs(float(best[0])), best[2]


@pytest.mark.parametrize(("function", "given", "wanted"), POINTS, ids=IDS)
def test_every_threshold(function: Any, given: str, wanted: str, rng: np.random.Generator) -> None:
    for _ in range(cases(200)):
        count = int(rng.integers(2, 25))
        truth = np.r_[True, False, rng.random(count - 2) < 0.5]
        scores = rng.integers(0, int(rng.choice([2, 5, 100])), count) / 8 - 1
        weight = None if rng.random() < 0.5 else rng.integers(0, 4, count)
        ones = np.ones(count, dtype=np.int64) if weight is None else weight
        if not ones[truth].any() or not ones[~truth].any():
            continue
        rate = Fraction(int(rng.integers(0, 9)), 8)
        value, threshold = function(truth, scores, sample_weight=weight, **{given: float(rate)})
        expected = by_trying(truth, scores, ones, given, wanted, rate)
        assert value == pytest.approx(expected[0], rel=1e-15)
        assert threshold == expected[1]


@pytest.mark.parametrize(
    ("name", "function", "keyword"),
    [
        ("binary_recall_at_fixed_precision", recall_at_precision, "precision"),
        ("binary_precision_at_fixed_recall", precision_at_recall, "recall"),
        ("binary_sensitivity_at_specificity", sensitivity_at_specificity, "specificity"),
        ("binary_specificity_at_sensitivity", specificity_at_sensitivity, "sensitivity"),
    ],
)
def test_torchmetrics(name: str, function: Any, keyword: str, rng: np.random.Generator) -> None:
    torch = pytest.importorskip("torch")
    reference = getattr(pytest.importorskip("torchmetrics.functional.classification"), name)
    for _ in range(cases(40)):
        truth = np.r_[1, 0, rng.integers(0, 2, 30)]
        scores = rng.permutation(len(truth)) / 64
        rate = float(rng.integers(1, 16)) / 16
        value, threshold = reference(torch.tensor(scores), torch.tensor(truth), **{f"min_{keyword}": rate})
        found = function(truth, scores, **{keyword: rate})
        assert found.value == pytest.approx(float(value), rel=1e-6)
        if found.value > 0 and "precision" in name:  # of equal points the others keep the first one
            assert found.threshold == pytest.approx(float(threshold), rel=1e-6) or found.threshold == np.inf


@pytest.mark.parametrize(("function", "given", "wanted"), POINTS, ids=IDS)
def test_one_class_has_no_point(function: Any, given: str, wanted: str) -> None:
    value, threshold = function([0, 0], [0.5, 0.25], **{given: 0.5})
    assert np.isnan(value)
    assert np.isnan(threshold)
    with pytest.raises(ValueError, match=rf"^{given}: expected a number from 0 to 1, got 2$"):
        function([0, 1], [0.5, 0.25], **{given: 2})


def test_points_of_batches(rng: np.random.Generator) -> None:
    truth, scores, weight = rng.random(80) < 0.5, rng.random(80), rng.random(80)
    ranking = RankingMetrics()
    for part in np.array_split(np.arange(80), 3):
        ranking.update(truth[part], scores[part], sample_weight=weight[part])
    found = ranking.evaluate(recall_at_precision, precision=0.6)
    assert found == recall_at_precision(truth, scores, sample_weight=weight, precision=0.6)
