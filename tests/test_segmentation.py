"""metrix.segmentation: against counts of sets of pixels in fractions, and against scikit-learn where it is installed."""

from __future__ import annotations

import math
import pickle
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from effort import cases
from metrix import segmentation
from metrix.segmentation import (
    SegmentationMetrics,
    dice_score,
    frequency_weighted_iou,
    iou_per_class,
    mean_class_accuracy,
    mean_iou,
    pixel_accuracy,
)

NAMES = ["pixel_accuracy", "mean_class_accuracy", "mean_iou", "dice_score", "frequency_weighted_iou"]
WITH_ABSENT = ["mean_class_accuracy", "mean_iou", "dice_score"]


def expected(truth: Any, predicted: Any, classes: int, ignored: Any, absent: Any) -> dict[str, float]:
    """Definitions, pixel by pixel."""
    pixels = [(int(t), int(p)) for t, p in zip(truth.ravel(), predicted.ravel()) if t not in ignored]
    rows = []
    for label in range(classes):
        tp = sum(t == p == label for t, p in pixels)
        rows.append((label, tp, sum(t == label for t, _ in pixels), sum(p == label for _, p in pixels)))

    def mean(ratios: list[tuple[int, int]]) -> float:
        scores = [Fraction(*ratio) if ratio[1] else absent for ratio in ratios]
        kept = [Fraction(score) for score in scores if score != "skip"]
        return float(sum(kept) / len(kept)) if kept else math.nan

    kept = [row for row in rows if row[0] not in ignored]
    weighted = sum((Fraction(tp * t, t + p - tp) for _, tp, t, p in rows if t), Fraction(0))
    return {
        "pixel_accuracy": sum(t == p for t, p in pixels) / len(pixels) if pixels else math.nan,
        "mean_class_accuracy": mean([(tp, t) for _, tp, t, _ in kept]),
        "mean_iou": mean([(tp, t + p - tp) for _, tp, t, p in kept]),
        "dice_score": mean([(2 * tp, t + p) for _, tp, t, p in kept]),
        "frequency_weighted_iou": float(weighted / len(pixels)) if pixels else math.nan,
    }


def draw(rng: np.random.Generator, count: int | None = None) -> tuple[Any, Any, int, Any]:
    """Label maps in runs, some of which are ignored."""
    classes = int(rng.integers(1, 6))
    shape = (*(() if count is None else (count,)), *rng.integers(1, 9, size=2))
    truth = np.resize(np.repeat(rng.integers(0, classes, size=20), rng.integers(1, 9, size=20)), shape)
    predicted = np.where(rng.random(shape) < 0.7, truth, rng.integers(0, classes, size=shape))
    ignored: tuple[int, ...] = ((), (255,), (255, 0), (7, 100, 255), (0,))[rng.integers(0, 5)]
    for label in ignored:
        truth = np.where(rng.random(shape) < 0.3, label, truth)
    if rng.random() < 0.1 and ignored:
        truth = np.full(shape, ignored[0])
    return truth, predicted, classes, ignored


@pytest.mark.parametrize("absent", ["skip", 0, 1])
def test_all_metrics(absent: Any, rng: np.random.Generator) -> None:
    for _ in range(cases(500)):
        truth, predicted, classes, ignored = draw(rng)
        wanted = expected(truth, predicted, classes, ignored, absent)
        dtype = rng.choice(["uint8", "int16", "uint16", "int32", "int64", "uint64"])
        metrics = SegmentationMetrics(classes, ignore_index=ignored, absent=absent)
        metrics.update(truth.astype(dtype), predicted.astype(dtype))
        for name in NAMES:
            options = {"absent": absent} if name in WITH_ABSENT else {}
            found = getattr(segmentation, name)(
                truth.astype(dtype), predicted.astype(dtype), num_classes=classes, ignore_index=ignored, **options
            )
            assert found == pytest.approx(wanted[name], rel=1e-15, nan_ok=True)
            np.testing.assert_equal(metrics.compute()[name], found)


def test_images_one_by_one(rng: np.random.Generator) -> None:
    for _ in range(cases(100)):
        truth, predicted, classes, ignored = draw(rng, int(rng.integers(1, 5)))
        wanted = [expected(*sides, classes, ignored, "skip") for sides in zip(truth, predicted)]
        parts = [SegmentationMetrics(classes, ignore_index=ignored, per_image=True) for _ in range(2)]
        for i, sides in enumerate(zip(truth, predicted)):
            parts[i % 2].update(*sides)
        parts[0].merge(pickle.loads(pickle.dumps(parts[1])))
        whole = SegmentationMetrics(classes, ignore_index=ignored, per_image=True)
        whole.update(truth, predicted)
        for name in NAMES:
            scores = [row[name] for row in wanted if not math.isnan(row[name])]
            found = getattr(segmentation, name)(
                truth, predicted, num_classes=classes, ignore_index=ignored, per_image=True
            )
            assert found == pytest.approx(np.mean(scores) if scores else math.nan, rel=1e-15, nan_ok=True)
            np.testing.assert_equal([parts[0].compute()[name], whole.compute()[name]], [found, found])


def test_accumulator_has_the_bits_of_one_pass(rng: np.random.Generator) -> None:
    truth, predicted = rng.integers(0, 19, size=(2, 40, 30, 20))
    truth[rng.random(truth.shape) < 0.1] = 255
    whole = SegmentationMetrics(19, ignore_index=255)
    whole.update(truth, predicted, num_threads=2)
    parts = [SegmentationMetrics(19, ignore_index=255) for _ in range(3)]
    for i in rng.permutation(40):
        parts[i % 3].update(truth[i], predicted[i])
    parts[0].merge(parts[1])
    parts[0].merge(pickle.loads(pickle.dumps(parts[2])))
    assert parts[0].compute() == whole.compute()
    np.testing.assert_array_equal(parts[0].confusion_matrix, whole.confusion_matrix)
    assert whole.confusion_matrix.sum() == (truth != 255).sum()
    whole.reset()
    assert all(math.isnan(value) for value in whole.compute().values())


def test_scikit_learn_agrees(rng: np.random.Generator) -> None:
    sklearn = pytest.importorskip("sklearn.metrics")
    truth, predicted = rng.integers(0, 5, size=(2, 30, 20))
    sides = truth.ravel(), predicted.ravel()
    assert pixel_accuracy(truth, predicted, num_classes=5) == sklearn.accuracy_score(*sides)
    found = mean_class_accuracy(truth, predicted, num_classes=5)
    assert found == pytest.approx(sklearn.balanced_accuracy_score(*sides), rel=1e-15)
    scores = sklearn.jaccard_score(*sides, average=None)
    np.testing.assert_array_equal(iou_per_class(truth, predicted, num_classes=5), scores)
    for average, function in (("macro", mean_iou), ("weighted", frequency_weighted_iou)):
        wanted = sklearn.jaccard_score(*sides, average=average)
        assert function(truth, predicted, num_classes=5) == pytest.approx(wanted, rel=1e-15)
    assert dice_score(truth, predicted, num_classes=5) == pytest.approx(
        sklearn.f1_score(*sides, average="macro"), rel=1e-15
    )
    labels = list(range(7))
    wanted = sklearn.jaccard_score(*sides, labels=labels, average="macro", zero_division=0)
    assert mean_iou(truth, predicted, num_classes=7, absent=0) == pytest.approx(wanted, rel=1e-15)


def test_a_class_that_is_only_predicted_scores_zero() -> None:
    found = iou_per_class([0, 0, 255], [0, 1, 1], num_classes=3, ignore_index=255)
    np.testing.assert_array_equal(found, [0.5, 0.0, np.nan])


def test_ignored_labels_that_the_dtype_cannot_hold() -> None:
    labels = np.array([0, 1, 255, 1], dtype=np.uint8)
    found = iou_per_class(labels, np.zeros(4, dtype=np.int8), num_classes=2, ignore_index=[-1, 65535, 255])
    np.testing.assert_array_equal(found, [1 / 3, 0])
    assert pixel_accuracy(labels == 1, labels == 1, num_classes=2, ignore_index=[255, -1]) == 1.0


def test_symmetry_and_empty(rng: np.random.Generator) -> None:
    truth, predicted = rng.integers(0, 4, size=(2, 9, 9))
    for function in (pixel_accuracy, mean_iou, dice_score):
        assert function(truth, predicted, num_classes=4) == function(predicted, truth, num_classes=4)
    nothing = np.zeros((0, 5), dtype=np.uint8)
    for name in NAMES:
        assert math.isnan(getattr(segmentation, name)(nothing, nothing, num_classes=4))
    assert mean_iou(nothing, nothing, num_classes=4, absent=1) == 1.0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (([0, 1], [0, 2], {}), r"^y_pred: expected labels 0 to 1, got 2 at index 1$"),
        (([0, 3], [0, 1], {"ignore_index": [255, 4]}), r"^y_true: expected labels 0 to 1, got 3 at index 1$"),
        (([0, 1], [0, 255], {"ignore_index": 255}), r"^y_pred: expected labels 0 to 1, got 255 at index 1$"),
        (([0, 1], [0], {}), r"^y_pred: expected the shape of y_true, \(2,\), got \(1,\)$"),
        (([[0, 1]], [0, 1], {"per_image": True}), r"^y_pred: expected the shape of y_true"),
        (([0, 1], [0, 1], {"per_image": True}), r"^y_true: expected several images"),
        (([0, 1], [0, 1], {"absent": 2}), r"^absent: expected 'skip' or a number from 0 to 1, got 2$"),
        (([0, 1], [0, 1], {"absent": "zero"}), r"^absent: expected 'skip'"),
    ],
)
def test_wrong_arguments_are_named(arguments: tuple[Any, Any, dict[str, Any]], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        mean_iou(arguments[0], arguments[1], num_classes=2, **arguments[2])


def test_wrong_accumulators_are_named() -> None:
    with pytest.raises(ValueError, match=r"^metrics: expected names among .*, got 'miou'$"):
        SegmentationMetrics(2, metrics=["miou"])
    with pytest.raises(ValueError, match=r"^other: expected the same metrics and options$"):
        SegmentationMetrics(2).merge(SegmentationMetrics(2, absent=1))
