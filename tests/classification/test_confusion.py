"""metrix.classification.confusion: against counting one by one, and scikit-learn where it is installed."""

from __future__ import annotations

import pickle
import warnings
from typing import Any

import numpy as np
import pytest

from effort import cases
from metrix import _core
from metrix.classification import ConfusionMatrix, confusion_matrix, multilabel_confusion_matrix
from oracles import classification as oracle

TYPES = [np.uint8, np.int8, np.uint16, np.int16, np.uint32, np.int32, np.uint64, np.int64]


def draw(rng: np.random.Generator, count: int, classes: int) -> tuple[Any, Any]:
    """Runs, or noise; most are right."""
    length = int(rng.choice([1, 3, 40]))
    truth = np.repeat(rng.integers(0, classes, count // length + 1), length)[:count]
    predicted = np.where(rng.random(count) < 0.8, truth, rng.integers(0, classes, count))
    return truth, np.repeat(predicted[::length], length)[:count] if rng.random() < 0.5 else predicted


@pytest.mark.parametrize("true_type", TYPES)
@pytest.mark.parametrize("predicted_type", TYPES)
def test_any_types(true_type: type, predicted_type: type, rng: np.random.Generator) -> None:
    for classes, count in ((2, 70000), (19, 70001), (120, 66000), (5, 900)):
        truth, predicted = draw(rng, count, classes)
        expected = np.zeros((classes, classes), dtype=np.int64)
        np.add.at(expected, (truth, predicted), 1)
        found = confusion_matrix(truth.astype(true_type), predicted.astype(predicted_type), num_classes=classes)
        assert found.dtype == np.int64
        np.testing.assert_array_equal(found, expected)


def test_any_byte_order_and_strides(rng: np.random.Generator) -> None:
    """Numbers of the other byte order were once read as they lie in memory."""
    truth, predicted = rng.integers(0, 5, size=(2, 60, 40))
    expected = confusion_matrix(truth, predicted, num_classes=5)
    for dtype in (">i2", "<i2", ">u4", "<u4", ">i8", "<i8"):
        given = confusion_matrix(truth.astype(dtype), predicted.astype(dtype), num_classes=5)
        np.testing.assert_array_equal(given, expected)
    every_second = confusion_matrix(truth[::-2, ::2], predicted[::-2, ::2], num_classes=5)
    np.testing.assert_array_equal(every_second, confusion_matrix(truth[::-2, ::2].copy(), predicted[::-2, ::2].copy()))


def test_random_labels(rng: np.random.Generator) -> None:
    for _ in range(cases(600)):
        count, classes = int(rng.integers(0, 200)), int(rng.integers(1, 9))
        low = int(rng.choice([-3, 0, 100, -100]))
        truth, predicted = (side + low for side in draw(rng, count, classes))
        dtype = rng.choice([np.int8, np.int16, np.int64])
        truth, predicted = truth.astype(dtype), predicted.astype(dtype)
        ignored = int(rng.integers(low, low + classes)) if rng.random() < 0.5 else None
        weight = [None, rng.integers(0, 5, count), rng.random(count)][rng.integers(3)]
        labels = rng.permutation(np.arange(low - 1, low + classes))[: rng.integers(1, classes + 2)]
        found = confusion_matrix(truth, predicted, labels=labels, ignore_index=ignored, sample_weight=weight)
        assert found.dtype == (np.float64 if weight is not None and weight.dtype.kind == "f" else np.int64)
        np.testing.assert_array_equal(
            found, oracle.confusion_matrix(truth, predicted, labels.tolist(), ignored, weight)
        )
        occurring = np.union1d(truth[truth != ignored], predicted[truth != ignored])
        found = confusion_matrix(truth, predicted, ignore_index=ignored)
        if found.shape == (len(occurring),) * 2:  # predicted labels of ignored places need not occur elsewhere
            np.testing.assert_array_equal(found, oracle.confusion_matrix(truth, predicted, occurring.tolist(), ignored))


def test_scikit_learn(rng: np.random.Generator) -> None:
    metrics = pytest.importorskip("sklearn.metrics")
    for _ in range(cases(100)):
        truth, predicted = draw(rng, int(rng.integers(1, 300)), int(rng.integers(1, 6)))
        kind = rng.integers(4)
        if kind == 1:
            truth, predicted = (np.array(list("abcdefgh"))[side] for side in (truth, predicted))
        if kind == 2:
            truth, predicted = ((side - 2) * 1_000_000_007 for side in (truth, predicted))
        if kind == 3:
            truth, predicted = truth > 1, predicted > 1
        weight = [None, rng.integers(0, 5, len(truth)), rng.random(len(truth))][rng.integers(3)]
        labels = np.unique(truth)[::-1] if rng.random() < 0.5 else None
        for normalize in (None, "true", "pred", "all"):
            arguments = {"labels": labels, "sample_weight": weight, "normalize": normalize}
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # that there is one label
                expected = metrics.confusion_matrix(truth, predicted, **arguments)
            np.testing.assert_allclose(confusion_matrix(truth, predicted, **arguments), expected, rtol=1e-13)


@pytest.mark.parametrize("dtype", [np.uint8, np.int32, np.int64])
def test_ignored_labels(dtype: type, rng: np.random.Generator) -> None:
    truth, predicted = draw(rng, 100_000, 19)
    kept = rng.random(len(truth)) < 0.9
    expected = confusion_matrix(truth[kept], predicted[kept], num_classes=19)
    truth[~kept] = 127
    predicted[np.flatnonzero(~kept)[:50]] = 99  # anything goes there
    found = confusion_matrix(truth.astype(dtype), predicted.astype(dtype), num_classes=19, ignore_index=127)
    np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("level", ["baseline", "v3", "v4"])
def test_runs_among_noise(level: str, rng: np.random.Generator) -> None:
    """Bytes are counted by runs or one by one, whatever suits the next thousand: with any start, end and ignored label."""
    before = _core.losses.instruction_set()
    if not _core.losses.use_instruction_set(level):
        pytest.skip(f"this machine has no {level}")
    try:
        for _ in range(cases(400)):
            lengths = rng.choice(
                [1, 2, 5, 63, 64, 65, 1000], size=int(rng.integers(1, 60)), p=rng.dirichlet(np.ones(7))
            )
            if rng.random() < 0.3:
                lengths = np.r_[np.ones(int(rng.integers(0, 3000)), dtype=int), lengths, np.ones(900, dtype=int)]
            dtype = [np.uint8, np.int8][rng.integers(2)]
            classes = int(rng.choice([1, 2, 3, 19, 45, 90, 127]))
            low = int(rng.choice([0, 0, 5, -100 if dtype is np.int8 else 100]))
            classes = min(classes, np.iinfo(dtype).max - low + 1)
            truth = np.repeat(rng.integers(0, classes, len(lengths)) + low, lengths)
            predicted = np.repeat(rng.integers(0, classes, len(lengths)) + low, np.roll(lengths, int(rng.integers(2))))
            truth[rng.random(len(truth)) < rng.choice([0, 0.1])] = np.iinfo(dtype).max
            sides = truth.astype(dtype), predicted.astype(dtype)
            ignored = [None, np.iinfo(dtype).max, low, 1000][rng.integers(4)]
            labels = np.arange(low, low + classes)[: int(rng.integers(1, classes + 1))]
            expected = np.zeros((256, 256), dtype=np.int64)
            kept = truth != ignored
            least = int(np.iinfo(dtype).min)
            np.add.at(expected, (truth[kept] - least, predicted[kept] - least), 1)
            at = labels - least
            found = confusion_matrix(*sides, labels=labels, ignore_index=ignored)
            np.testing.assert_array_equal(found, expected[np.ix_(at, at)])
            every = confusion_matrix(*sides, ignore_index=ignored)
            assert every.sum() == kept.sum()
    finally:
        _core.losses.use_instruction_set(before)


@pytest.mark.parametrize("classes", [1, 2, 3])
def test_much_noise_of_few_classes(classes: int, rng: np.random.Generator) -> None:
    """From some millions on, noise of two classes is counted four pairs at a time."""
    truth, predicted = rng.integers(0, 3, (2, (1 << 22) + 4099), dtype=np.uint8)
    truth[:100_000] = 1
    table = np.bincount(truth.astype(np.int64) * 3 + predicted, minlength=9).reshape(3, 3)
    for ignored in (None, 0):
        expected = table[:classes, :classes].copy()
        if ignored is not None:
            expected[ignored] = 0
        found = confusion_matrix(truth, predicted, labels=np.arange(classes), ignore_index=ignored)
        np.testing.assert_array_equal(found, expected)


def test_threads_and_instruction_sets_give_the_same_bits(rng: np.random.Generator) -> None:
    truth, predicted = draw(rng, cases(3_000_000), 30)
    weight = rng.random(len(truth))
    before = _core.losses.instruction_set()
    for dtype in (np.uint8, np.int64):
        seen = set()
        for name in ("baseline", "v3", "v4"):
            if not _core.losses.use_instruction_set(name):
                continue
            for num_threads in (1, 2, 7):
                sides = truth.astype(dtype), predicted.astype(dtype)
                found = [confusion_matrix(*sides, num_threads=num_threads, sample_weight=w) for w in (None, weight)]
                seen.add(b"".join(matrix.tobytes() for matrix in found))
        _core.losses.use_instruction_set(before)
        assert len(seen) == 1


def test_batches_and_merges_are_one_pass(rng: np.random.Generator) -> None:
    truth, predicted = draw(rng, 5000, 7)
    parts = []
    for batch in np.array_split(np.arange(5000), 5):
        part = ConfusionMatrix(num_classes=7, ignore_index=3)
        part.update(truth[batch], predicted[batch])
        parts.append(pickle.loads(pickle.dumps(part)))
    for part in parts[1:]:
        parts[0].merge(part)
    np.testing.assert_array_equal(parts[0].compute(), confusion_matrix(truth, predicted, num_classes=7, ignore_index=3))
    parts[0].reset()
    assert not parts[0].compute().any()
    with pytest.raises(ValueError, match=r"^other: expected the same classes$"):
        parts[0].merge(ConfusionMatrix(labels=range(7)))


def test_multilabel(rng: np.random.Generator) -> None:
    metrics = pytest.importorskip("sklearn.metrics")
    for _ in range(cases(100)):
        truth, predicted = rng.integers(0, 2, (2, int(rng.integers(1, 40)), int(rng.integers(2, 6))))
        weight = [None, rng.integers(0, 4, len(truth))][rng.integers(2)]
        for samplewise in (False, True):
            np.testing.assert_array_equal(
                multilabel_confusion_matrix(truth, predicted, sample_weight=weight, samplewise=samplewise),
                metrics.multilabel_confusion_matrix(truth, predicted, sample_weight=weight, samplewise=samplewise),
            )


def test_many_classes_and_labels_far_apart(rng: np.random.Generator) -> None:
    truth, predicted = draw(rng, 5000, 40)
    expected = confusion_matrix(truth, predicted, num_classes=40)
    names = np.sort(rng.choice(10**12, 40, replace=False))
    np.testing.assert_array_equal(confusion_matrix(names[truth], names[predicted], labels=names), expected)
    some = confusion_matrix(names[truth], names[predicted], labels=names[5:])  # others are left out
    np.testing.assert_array_equal(some, expected[5:, 5:])
    wide = confusion_matrix(truth, predicted, num_classes=3000)
    np.testing.assert_array_equal(wide[:40, :40], expected)
    assert wide.sum() == 5000
    with pytest.raises(ValueError, match=r"^y_pred: expected labels 0 to 2999, got 3000 at index 1$"):
        confusion_matrix([0, 0], [0, 3000], num_classes=3000)


def test_labels_without_weight_are_there_all_the_same() -> None:
    assert confusion_matrix([3, 5, 9], [3, 5, 9], sample_weight=[1, 0, 0.5]).tolist() == [
        [1, 0, 0],
        [0, 0, 0],
        [0, 0, 0.5],
    ]


def test_nothing() -> None:
    assert confusion_matrix([], np.array([], dtype=int)[:0].tolist()).shape == (0, 0)
    assert confusion_matrix(np.zeros(0, int), np.zeros(0, int), num_classes=2).tolist() == [[0, 0], [0, 0]]


@pytest.mark.parametrize(
    ("arguments", "options", "message"),
    [
        (([0, 1], [0, 2]), {"num_classes": 2}, "y_pred: expected labels 0 to 1, got 2 at index 1"),
        (([0, -1], [0, 2]), {"num_classes": 2}, "y_true: expected labels 0 to 1, got -1 at index 1"),
        (
            ([0, 9, 3], [0, 2, 0]),
            {"num_classes": 3, "ignore_index": 9},
            "y_true: expected labels 0 to 2, got 3 at index 2",
        ),
        (([0], [0, 2]), {}, r"y_pred: expected the shape of y_true, \(1,\), got \(2,\)"),
        (([0], [0]), {"num_classes": 2, "labels": [0]}, "num_classes: expected it or labels, got both"),
        (([0], [0]), {"num_classes": 0}, "num_classes: expected an int >= 1, got 0"),
        (([0], [0]), {"labels": [0, 0]}, r"labels: expected shape \(C,\) and no label twice"),
        (([0], [0]), {"normalize": "rows"}, "normalize: expected 'true', 'pred', 'all' or None, got 'rows'"),
        (([0], [0]), {"sample_weight": [1, 2]}, r"sample_weight: expected shape \(1,\), got \(2,\)"),
    ],
)
def test_wrong_arguments_are_refused(arguments: Any, options: Any, message: str) -> None:
    with pytest.raises(ValueError, match=rf"^{message}$"):
        confusion_matrix(*arguments, **options)


def test_labels_are_no_floating_point_numbers() -> None:
    with pytest.raises(TypeError, match=r"^y_true: expected integers, booleans or strings, got dtype float64$"):
        confusion_matrix([0.5], [1])
