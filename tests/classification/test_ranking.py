"""metrix.classification.ranking: against counting pairs, and scikit-learn where it is installed."""

from __future__ import annotations

import pickle
import warnings
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from effort import cases
from metrix.classification import (
    RankingHistogram,
    RankingMetrics,
    average_precision_score,
    det_curve,
    precision_recall_curve,
    roc_auc_score,
    roc_curve,
)

LEVELS = [2, 5, 1000, 10**9]


def draw(rng: np.random.Generator, count: int) -> tuple[Any, Any]:
    """With many ties, or few; of either sign, with infinities and both zeros."""
    truth = rng.random(count) < rng.choice([0.1, 0.5, 0.9])
    scores = rng.integers(0, rng.choice(LEVELS), count) * rng.choice([1.0, -1.0, 1e-30, 0.1]) + truth * rng.integers(
        0, 2
    )
    scores = np.where(rng.random(count) < 0.05, rng.choice([np.inf, -np.inf, 0.0, -0.0], count), scores)
    return truth, scores.astype(rng.choice([np.float32, np.float64]))


def areas(truth: Any, scores: Any) -> tuple[float, float]:
    """By definition: pairs, and precision at each positive's score."""
    positive, negative = scores[truth], scores[~truth]
    pairs = sum(2 * int((negative < s).sum()) + int((negative == s).sum()) for s in positive)
    total = len(positive) * len(negative)
    precision = sum(Fraction(int((positive >= s).sum()), int((scores >= s).sum())) for s in positive)
    return (
        float(Fraction(pairs, 2 * total)) if total else float("nan"),
        float(precision / len(positive)) if len(positive) else 0.0,
    )


def test_areas_by_definition(rng: np.random.Generator) -> None:
    for _ in range(cases(1000)):
        truth, scores = draw(rng, int(rng.integers(0, 60)))
        auc, precision = areas(truth, scores)
        np.testing.assert_equal(roc_auc_score(truth, scores), auc)
        assert average_precision_score(truth, scores) == pytest.approx(precision, rel=3e-16)


def test_many_scores_and_threads(rng: np.random.Generator) -> None:
    truth, scores = draw(rng, 200_001)
    for dtype in (np.float32, np.float64):
        values = (scores + rng.random(len(scores))).astype(dtype)
        seen = {
            (roc_auc_score(truth, values, num_threads=n), average_precision_score(truth, values, num_threads=n))
            for n in (1, 2, 7)
        }
        assert len(seen) == 1
        order = rng.permutation(len(values))
        assert roc_auc_score(truth[order], values[order]) == seen.pop()[0]
        curve = roc_curve(truth, values, drop_intermediate=False)
        assert np.array_equal(curve.thresholds[1:], np.unique(values)[::-1])


def test_scikit_learn(rng: np.random.Generator) -> None:
    metrics = pytest.importorskip("sklearn.metrics")
    for _ in range(cases(100)):
        truth, scores = draw(rng, int(rng.integers(2, 200)))
        scores = np.nan_to_num(scores, posinf=1e30, neginf=-1e30)
        if truth.all() or not truth.any():
            continue
        weight = [None, rng.integers(0, 4, len(truth)), rng.random(len(truth))][rng.integers(3)]
        if weight is not None and (weight[truth].sum() == 0 or weight[~truth].sum() == 0):
            continue
        for drop in (False, True):
            close(roc_curve(truth, scores, sample_weight=weight, drop_intermediate=drop),
                  metrics.roc_curve(truth, scores, sample_weight=weight, drop_intermediate=drop))  # fmt: skip
            close(precision_recall_curve(truth, scores, sample_weight=weight, drop_intermediate=drop),
                  metrics.precision_recall_curve(truth, scores, sample_weight=weight, drop_intermediate=drop))  # fmt: skip
        for max_fpr in (None, 0.3, 1.0):
            both: dict[str, Any] = {"sample_weight": weight, "max_fpr": max_fpr}
            close(roc_auc_score(truth, scores, **both), metrics.roc_auc_score(truth, scores, **both))
        close(average_precision_score(truth, scores, sample_weight=weight),
              metrics.average_precision_score(truth, scores, sample_weight=weight))  # fmt: skip


def close(found: Any, expected: Any) -> None:
    sides = (found, expected) if isinstance(found, tuple) else ([found], [expected])
    for one, other in zip(*sides):
        np.testing.assert_allclose(one, other, rtol=1e-12, atol=1e-14)


def test_averages_of_scikit_learn(rng: np.random.Generator) -> None:
    metrics = pytest.importorskip("sklearn.metrics")
    for _ in range(cases(20)):
        count, classes = int(rng.integers(20, 60)), 4
        weight = rng.random(count) if rng.random() < 0.5 else None
        flags = rng.integers(0, 2, (count, classes))
        flags[:2] = [[0] * classes, [1] * classes]
        scores = rng.integers(0, 9, (count, classes)) / 9
        for average in ("macro", "micro", "weighted", None):
            both: dict[str, Any] = {"average": average, "sample_weight": weight}
            close(roc_auc_score(flags, scores, **both), metrics.roc_auc_score(flags, scores, **both))
            close(
                average_precision_score(flags, scores, **both), metrics.average_precision_score(flags, scores, **both)
            )
        labels = np.r_[np.arange(classes), rng.integers(0, classes, count - classes)]
        shares = scores + 0.1
        shares /= shares.sum(axis=1, keepdims=True)
        for average in ("macro", "weighted"):
            for kind in ("ovr", "ovo"):
                both = {"average": average, "multi_class": kind}
                close(roc_auc_score(labels, shares, **both), metrics.roc_auc_score(labels, shares, **both))
        close(average_precision_score(labels, shares), metrics.average_precision_score(labels, shares))


def test_det_curve(rng: np.random.Generator) -> None:
    truth, scores = draw(rng, 300)
    fpr, fnr, thresholds = det_curve(truth, scores)
    for place in range(0, len(thresholds), 7):
        if thresholds[place] == np.inf:
            continue
        assert fpr[place] == (scores[~truth] >= thresholds[place]).mean()
        assert fnr[place] == pytest.approx((scores[truth] < thresholds[place]).mean())
    assert thresholds[-1] == np.inf


def test_batches_and_merges_are_one_pass(rng: np.random.Generator) -> None:
    truth, scores = draw(rng, 500)
    total = RankingMetrics()
    for batch in np.array_split(np.arange(500), 4):
        part = RankingMetrics()
        part.update(truth[batch], scores[batch])
        total.merge(pickle.loads(pickle.dumps(part)))
    assert total.compute() == {
        "roc_auc": roc_auc_score(truth, scores),
        "average_precision": average_precision_score(truth, scores),
    }
    total.reset()
    assert total.compute()["average_precision"] == 0


def test_weights_are_copies(rng: np.random.Generator) -> None:
    truth, scores = draw(rng, 200)
    copies = rng.integers(0, 4, 200)
    repeated = np.repeat(truth, copies), np.repeat(scores, copies)
    for score in (roc_auc_score, average_precision_score):
        assert score(truth, scores, sample_weight=copies) == pytest.approx(score(*repeated), rel=1e-14)


def test_weights_of_batches(rng: np.random.Generator) -> None:
    truth, scores = draw(rng, 300)
    weight = rng.random(300)
    weight[100:] = 1
    total = RankingMetrics()
    for batch in np.array_split(np.arange(300), 3):
        part = RankingMetrics()
        part.update(truth[batch], scores[batch], sample_weight=weight[batch] if batch[0] < 100 else None)
        total.merge(pickle.loads(pickle.dumps(part)))
    assert total.compute() == {
        "roc_auc": roc_auc_score(truth, scores, sample_weight=weight),
        "average_precision": average_precision_score(truth, scores, sample_weight=weight),
    }
    curve = total.evaluate(roc_curve)
    close(curve, roc_curve(truth, scores, sample_weight=weight))


@pytest.mark.parametrize("dtype", [np.int64, np.float64])
def test_histogram_with_weights(dtype: type, rng: np.random.Generator) -> None:
    for _ in range(cases(100)):
        truth, scores = draw(rng, int(rng.integers(1, 300)))
        weight = (rng.random(len(truth)) * 3 + rng.integers(0, 2)).astype(dtype)
        unweighted = rng.random() < 0.5
        weight[: len(truth) // 2] = 1 if unweighted else weight[: len(truth) // 2]
        histogram = RankingHistogram(bits=12)
        for part in (slice(None, len(truth) // 2), slice(len(truth) // 2, None)):
            other = RankingHistogram(bits=12)
            given = None if unweighted and part.stop else weight[part]
            other.update(truth[part], scores[part], sample_weight=given)
            histogram.merge(pickle.loads(pickle.dumps(other)))
        auc = roc_auc_score(truth, scores, sample_weight=weight)
        precision = average_precision_score(truth, scores, sample_weight=weight)
        found = histogram.compute()
        np.testing.assert_equal(np.isnan(found["roc_auc"].value), np.isnan(auc))
        if not np.isnan(auc):
            assert abs(found["roc_auc"].value - auc) <= found["roc_auc"].error + 1e-14
        assert abs(found["average_precision"].value - precision) <= found["average_precision"].error + 1e-13
    histogram.reset()
    histogram.update([0, 1], [0.0, 1.0])
    assert histogram.roc_auc() == (1.0, 0.0)
    with pytest.raises(ValueError, match=r"^sample_weight: expected numbers >= 0, got -1.0 at index 1$"):
        histogram.update([0, 1], [0.0, 1.0], sample_weight=[1, -1])


@pytest.mark.parametrize("bits", [10, 18])
def test_histogram_holds_its_bounds(bits: int, rng: np.random.Generator) -> None:
    for _ in range(cases(100)):
        truth, scores = draw(rng, int(rng.integers(1, 300)))
        if rng.random() < 0.5:
            scores = np.nan_to_num(scores) * 0 + 1 + rng.random(len(scores)) / 50 + truth / 500
        histogram = RankingHistogram(bits=bits)
        parts = np.array_split(np.arange(len(truth)), 3)
        for part in parts:
            other = RankingHistogram(bits=bits)
            other.update(truth[part], scores[part])
            histogram.merge(pickle.loads(pickle.dumps(other)))
        auc, precision = areas(truth, scores)
        found = histogram.compute()
        np.testing.assert_equal(np.isnan(found["roc_auc"].value), np.isnan(auc))
        if not np.isnan(auc):
            assert abs(found["roc_auc"].value - auc) <= found["roc_auc"].error + 1e-15
        assert abs(found["average_precision"].value - precision) <= found["average_precision"].error + 1e-14
        fpr, tpr, thresholds = histogram.roc_curve()
        if truth.any() and not truth.all():
            for f, t, threshold in list(zip(fpr, tpr, thresholds))[1:]:
                assert (f, t) == ((scores[~truth] >= threshold).mean(), (scores[truth] >= threshold).mean())


def test_histogram_of_few_distinct_scores_is_exact(rng: np.random.Generator) -> None:
    truth, scores = rng.random(1000) < 0.3, rng.integers(0, 1000, 1000) / 1024
    scores[truth] += 1 / 2048
    histogram = RankingHistogram(bits=20)
    histogram.update(truth, scores)
    assert histogram.roc_auc() == (roc_auc_score(truth, scores), 0.0)
    # Positives of one score are spread by the bound as if they differed.
    value, error = histogram.average_precision()
    assert abs(value - average_precision_score(truth, scores)) <= error < 0.01
    histogram.reset()
    assert np.isnan(histogram.roc_auc().value)


def test_one_class_and_none() -> None:
    for truth in ([], [0, 0], [1, 1]):
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            assert np.isnan(roc_auc_score(truth, np.zeros(len(truth))))
            assert average_precision_score(truth, np.zeros(len(truth))) == float(sum(truth) > 0)
            roc_curve(truth, np.zeros(len(truth)))
            precision_recall_curve(truth, np.zeros(len(truth)))
            det_curve(truth, np.zeros(len(truth)))


@pytest.mark.parametrize(
    ("truth", "scores", "message"),
    [
        ([0, 1], [0.0, np.nan], "y_score: expected numbers, got NaN at index 1"),
        ([0, 1], [0.0], r"y_score: expected the shape of y_true, \(2,\), got \(1,\)"),
        ([0, 1, 2], [0.0, 1.0, 2.0], "y_true: expected two classes, got 2 at index 2 beside 0"),
        ([0, 1], [[0.0, 1.0], [1.0, 0.0]], "multi_class: expected 'ovr' or 'ovo' for scores of shape .*, got 'raise'"),
    ],
)
def test_wrong_arguments_are_refused(truth: Any, scores: Any, message: str) -> None:
    with pytest.raises(ValueError, match=rf"^{message}$"):
        roc_auc_score(truth, scores)


def test_scores_are_numbers() -> None:
    with pytest.raises(TypeError, match=r"^y_score: expected real numbers, got dtype <U1$"):
        roc_auc_score([0, 1], ["a", "b"])
