"""metrix.classification.probabilities: by definition, and against scikit-learn where it is installed."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from effort import cases
from metrix.classification import brier_score_loss, log_loss, top_k_accuracy_score


def test_definitions() -> None:
    table = [[0.5, 0.25, 0.25], [0.125, 0.75, 0.125]]
    assert log_loss([0, 2], table) == pytest.approx((np.log(2) + np.log(8)) / 2, rel=1e-15)
    assert brier_score_loss([0, 2], table) == (0.25 + 0.0625 * 2 + 0.015625 + 0.5625 + 0.765625) / 2
    assert log_loss([1], [0.0]) == pytest.approx(-np.log(np.finfo(np.float64).eps))
    assert log_loss([1], [0.0], eps=0) == np.inf
    assert np.isnan(log_loss([], []))


def test_ties_let_later_classes_win() -> None:
    assert top_k_accuracy_score([0, 1, 2], [[0.5, 0.5, 0.0], [0.5, 0.5, 0.0], [1.0, 1.0, 1.0]], k=1) == 2 / 3


def test_scikit_learn(rng: np.random.Generator) -> None:
    metrics = pytest.importorskip("sklearn.metrics")
    for _ in range(cases(100)):
        count, classes = int(rng.integers(1, 60)), int(rng.integers(3, 7))
        table = rng.dirichlet(np.ones(classes), count)
        truth = rng.integers(0, classes, count)
        weight = rng.random(count) if rng.random() < 0.5 else None
        both: dict[str, Any] = {"sample_weight": weight}
        labels = range(classes)
        expected = metrics.log_loss(truth, table, labels=labels, **both)
        assert log_loss(truth, table, **both) == pytest.approx(expected, rel=1e-12)
        expected = metrics.brier_score_loss(truth, table, labels=labels, **both)
        assert brier_score_loss(truth, table, **both) == pytest.approx(expected, rel=1e-12)
        scores = rng.integers(0, 4, (count, classes))
        expected = metrics.top_k_accuracy_score(truth, scores, k=2, labels=labels, **both)
        assert top_k_accuracy_score(truth, scores, k=2, **both) == pytest.approx(expected, rel=1e-12)
        flags, shares = truth % 2, table[:, 0]
        expected = metrics.log_loss(flags, shares, labels=[0, 1], **both)
        assert log_loss(flags, shares, **both) == pytest.approx(expected, rel=1e-12)
        expected = metrics.brier_score_loss(flags, shares, labels=[0, 1], pos_label=1, **both)
        assert brier_score_loss(flags, shares, **both) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (([0, 2], [0.5, 0.5]), "y_true: expected classes 0 to 1, got 2 at index 1"),
        (([0], [[0.5, 0.5], [0.5, 0.5]]), r"y_true: expected shape \(2,\), got \(1,\)"),
        (([0], [-0.5]), r"y_prob: expected numbers from 0 to 1, got -0.5 at index \(0,\)"),
    ],
)
def test_wrong_arguments_are_refused(arguments: Any, message: str) -> None:
    for score in (log_loss, brier_score_loss):
        with pytest.raises(ValueError, match=rf"^{message}$"):
            score(*arguments)


def test_wrong_scores_are_refused() -> None:
    with pytest.raises(ValueError, match=r"^y_score: expected numbers, got NaN at index 0, 1$"):
        top_k_accuracy_score([0], [[0.0, np.nan]])
    with pytest.raises(ValueError, match=r"^k: expected an int >= 1, got 0$"):
        top_k_accuracy_score([0], [[0.0, 1.0]], k=0)
