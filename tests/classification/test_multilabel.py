"""metrix.classification.multilabel: batches against the functions, and scikit-learn where it is installed."""

from __future__ import annotations

import pickle
import warnings
from typing import Any

import numpy as np
import pytest

from metrix import classification
from metrix.classification import MultilabelScores, accuracy_score, hamming_loss, multilabel_confusion_matrix
from metrix.classification.scores import RATES

NAMES = (*RATES, "f1")


def function_of(name: str) -> Any:
    return getattr(classification, name, None) or getattr(classification, f"{name}_score")


@pytest.mark.parametrize("zero_division", [0.0, 1.0, np.nan])
@pytest.mark.parametrize("weighs", [False, True])
def test_batches_are_one_pass(zero_division: float, weighs: bool, rng: np.random.Generator) -> None:
    truth, predicted = rng.random((2, 90, 3)) < [[[0.5]], [[0.3]]]
    weight = rng.integers(1, 5, 90) if weighs else None
    total = MultilabelScores(3, rates=NAMES, zero_division=zero_division)
    for part in np.array_split(np.arange(90), [1, 40]):
        own = MultilabelScores(3, rates=NAMES, zero_division=zero_division)
        own.update(truth[part], predicted[part], sample_weight=None if weight is None else weight[part])
        total.merge(pickle.loads(pickle.dumps(own)))
    for average in (None, "micro", "macro", "weighted", "samples"):
        found = total.compute(average)
        assert list(found) == list(NAMES)
        for name in NAMES:
            options: dict[str, Any] = {"average": average, "sample_weight": weight, "zero_division": zero_division}
            expected = function_of(name)(truth, predicted, **options)
            np.testing.assert_allclose(found[name], expected, rtol=1e-14, atol=1e-16)
    assert total.subset_accuracy() == pytest.approx(accuracy_score(truth, predicted, sample_weight=weight), rel=1e-15)
    assert total.hamming_loss() == pytest.approx(hamming_loss(truth, predicted, sample_weight=weight), rel=1e-15)
    np.testing.assert_array_equal(
        total.confusion(), multilabel_confusion_matrix(truth, predicted, sample_weight=weight)
    )
    total.reset()
    assert np.isnan(total.subset_accuracy())
    assert not total.confusion().any()


def test_samples_of_scikit_learn(rng: np.random.Generator) -> None:
    metrics = pytest.importorskip("sklearn.metrics")
    truth, predicted = rng.integers(0, 2, (2, 60, 4))
    scores = MultilabelScores(4)
    scores.update(truth, predicted)
    found = scores.compute("samples")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for name, value in found.items():
            reference = getattr(metrics, f"{name}_score")
            assert value == pytest.approx(reference(truth, predicted, average="samples"), rel=1e-14)


def test_wrong_arguments_are_refused() -> None:
    with pytest.raises(ValueError, match=r"^name: expected 'f1' or one of"):
        MultilabelScores(2, rates=["f2"])
    scores = MultilabelScores(2)
    with pytest.raises(ValueError, match=r"^y_true: expected shape \(N, 2\), got \(1, 3\)$"):
        scores.update([[0, 1, 1]], [[0, 1, 1]])
    with pytest.raises(ValueError, match=r"^other: expected the same labels, rates and zero_division$"):
        scores.merge(MultilabelScores(2, zero_division=1.0))
    with pytest.raises(ValueError, match=r"^average: expected 'micro', "):
        scores.compute("binary")
