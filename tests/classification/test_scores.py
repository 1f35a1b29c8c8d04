"""metrix.classification.scores: against fractions of counts, and scikit-learn where it is installed."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest

from effort import cases
from metrix import classification
from metrix.classification import (
    Scores,
    accuracy_score,
    balanced_accuracy_score,
    cohen_kappa_score,
    confusion_matrix,
    hamming_loss,
    matthews_corrcoef,
    precision_score,
    recall_score,
)
from oracles import classification as oracle

RATES = [
    "precision_score",
    "recall_score",
    "f1_score",
    "fbeta_score",
    "jaccard_score",
    "specificity_score",
    "negative_predictive_value",
    "false_positive_rate",
    "false_negative_rate",
    "false_discovery_rate",
    "false_omission_rate",
]


def own(name: str) -> dict[str, Any]:
    return {"beta": 2} if name == "fbeta_score" else {}


@pytest.mark.parametrize("name", RATES)
def test_rates_of_each_class(name: str, rng: np.random.Generator) -> None:
    function = getattr(classification, name)
    for _ in range(cases(200)):
        truth, predicted = rng.integers(0, rng.integers(1, 6), (2, int(rng.integers(1, 40))))
        matrix = confusion_matrix(truth, predicted)
        expected = [oracle.rate(name, matrix, label) for label in range(len(matrix))]
        found = function(truth, predicted, average=None, zero_division=np.nan, **own(name))
        np.testing.assert_array_equal(found, expected)
        macro = function(truth, predicted, average="macro", zero_division=0.5, **own(name))
        assert macro == pytest.approx(np.mean(np.nan_to_num(expected, nan=0.5)), rel=1e-15)


@pytest.mark.parametrize("name", RATES[:5])
@pytest.mark.parametrize("zero_division", [0.0, 1.0, np.nan])
def test_scikit_learn(name: str, zero_division: float, rng: np.random.Generator) -> None:
    metrics = pytest.importorskip("sklearn.metrics")
    reference, function = getattr(metrics, name), getattr(classification, name)
    if name == "jaccard_score" and np.isnan(zero_division):
        pytest.skip("scikit-learn takes 0 and 1")
    arguments: dict[str, Any] = {"zero_division": zero_division, **own(name)}
    for _ in range(cases(20)):
        count = int(rng.integers(1, 30))
        weight = [None, rng.integers(1, 4, count)][rng.integers(2)]
        truth, predicted = rng.integers(0, 4, (2, count))
        for average in (None, "micro", "macro", "weighted"):
            for labels in (None, [2, 0]):
                if labels is not None and not np.isin(labels, truth).any():
                    continue
                both = {**arguments, "average": average, "labels": labels, "sample_weight": weight}
                np.testing.assert_array_equal(function(truth, predicted, **both), reference(truth, predicted, **both))
        both = {**arguments, "sample_weight": weight}
        binary = truth > 1, predicted > 1
        if binary[0].any():
            assert_same(function(*binary, **both), reference(*binary, **both))
        flags = rng.integers(0, 2, (2, count, 3))
        for average in (None, "micro", "macro", "weighted", "samples"):
            both = {**arguments, "average": average, "sample_weight": weight}
            np.testing.assert_allclose(function(*flags, **both), reference(*flags, **both), rtol=1e-15)


def assert_same(found: Any, expected: Any) -> None:
    np.testing.assert_array_equal(found, expected)


def test_whole_scores_of_scikit_learn(rng: np.random.Generator) -> None:
    metrics = pytest.importorskip("sklearn.metrics")
    for _ in range(cases(60)):
        count = int(rng.integers(2, 60))
        truth, predicted = rng.integers(0, rng.integers(2, 6), (2, count))
        weight = [None, rng.integers(1, 4, count), rng.random(count)][rng.integers(3)]
        for ours, name, options in (
            (accuracy_score, "accuracy_score", {}),
            (balanced_accuracy_score, "balanced_accuracy_score", {}),
            (balanced_accuracy_score, "balanced_accuracy_score", {"adjusted": True}),
            (matthews_corrcoef, "matthews_corrcoef", {}),
            (cohen_kappa_score, "cohen_kappa_score", {}),
            (cohen_kappa_score, "cohen_kappa_score", {"weights": "linear"}),
            (cohen_kappa_score, "cohen_kappa_score", {"weights": "quadratic"}),
            (hamming_loss, "hamming_loss", {}),
        ):
            with warnings.catch_warnings(), np.errstate(all="ignore"):
                warnings.simplefilter("ignore")
                expected = getattr(metrics, name)(truth, predicted, sample_weight=weight, **options)
            if name == "cohen_kappa_score" and len(np.union1d(truth, predicted)) < 2:
                continue  # releases of scikit-learn differ
            found = ours(truth, predicted, sample_weight=weight, **options)
            np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-13)
        flags = rng.integers(0, 2, (2, count, 3))
        for ours in (accuracy_score, hamming_loss):
            expected = getattr(metrics, ours.__name__)(*flags, sample_weight=weight)
            assert ours(*flags, sample_weight=weight) == pytest.approx(expected, rel=1e-13)


def test_correlation_of_counts_beyond_64_bits() -> None:
    matrix = np.array([[3, 1], [1, 3]])
    assert matthews_corrcoef([0, 0, 1, 1], [0, 1, 0, 1], sample_weight=matrix.ravel() * 10**12) == pytest.approx(0.5)


def test_no_correlation_where_one_side_is_constant() -> None:
    assert matthews_corrcoef([0, 1], [1, 1]) == 0.0
    assert np.isnan(cohen_kappa_score([1, 1], [1, 1]))
    assert balanced_accuracy_score([0, 0, 1], [0, 1, 1]) == 0.75


def test_scores_of_a_matrix(rng: np.random.Generator) -> None:
    truth, predicted = rng.integers(0, 2, (2, 50))
    scores = Scores(confusion_matrix(truth, predicted))
    assert scores.score("precision", average="binary") == precision_score(truth, predicted)
    assert scores.score("recall") == recall_score(truth, predicted, average="macro")
    with pytest.raises(ValueError, match=r"^name: expected 'f1' or one of"):
        scores.score("f2")
    with pytest.raises(ValueError, match=r"^matrix: expected shape \(C, C\), got \(2, 3\)$"):
        Scores(np.ones((2, 3)))
    with pytest.raises(ValueError, match=r"^average: 'binary' is of two classes, got 3$"):
        Scores(np.eye(3, dtype=int)).score("f1", average="binary")


def test_whole_scores_of_a_matrix(rng: np.random.Generator) -> None:
    truth, predicted = rng.integers(0, 4, (2, 70))
    scores = Scores(confusion_matrix(truth, predicted))
    assert scores.accuracy() == accuracy_score(truth, predicted)
    assert scores.balanced_accuracy() == balanced_accuracy_score(truth, predicted)
    assert scores.balanced_accuracy(adjusted=True) == balanced_accuracy_score(truth, predicted, adjusted=True)
    assert scores.matthews_corrcoef() == matthews_corrcoef(truth, predicted)
    assert scores.cohen_kappa(weights="linear") == cohen_kappa_score(truth, predicted, weights="linear")
    expected = classification.fbeta_score(truth, predicted, beta=2, average="weighted")
    assert scores.fbeta(2, average="weighted") == expected
    assert np.isnan(Scores(np.zeros((2, 2), dtype=np.int64)).accuracy())


@pytest.mark.parametrize(
    ("arguments", "options", "message"),
    [
        (([0, 1, 2], [0, 1, 2]), {}, "average: 'binary' is of two classes, got 3; choose another"),
        (([0, 2], [0, 2]), {}, r"pos_label: expected one of \[0, 2\], got 1"),
        (([0, 1], [0, 1]), {"average": "samples"}, r"average: expected \(N, L\) flags for 'samples', got labels"),
        (
            ([[0, 1]], [[0, 1]]),
            {},
            "average: expected 'micro', 'macro', 'weighted', 'samples' or None of multilabel data",
        ),
        (([[0, 2]], [[0, 1]]), {"average": "micro"}, "y_true: expected flags 0 and 1, got 2"),
        (([0], [0]), {"average": "mean"}, "average: expected 'binary', 'micro', .*, got 'mean'"),
    ],
)
def test_wrong_arguments_are_refused(arguments: Any, options: Any, message: str) -> None:
    with pytest.raises(ValueError, match=rf"^{message}$"):
        precision_score(*arguments, **options)
