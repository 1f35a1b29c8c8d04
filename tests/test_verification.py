"""metrix.verification: against trying every threshold and every gallery entry."""

from __future__ import annotations

import pickle
from collections.abc import Iterator
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from effort import cases
from metrix import _core
from metrix.verification import (
    IdentificationRates,
    VerificationMetrics,
    equal_error_rate,
    identification_rates,
    pair_scores,
    tar_at_far,
    verification_accuracy,
)


def draw(rng: np.random.Generator, count: int) -> tuple[Any, Any]:
    """Flags and scores with many ties or few, both kinds present."""
    truth = rng.permutation(np.r_[True, False, rng.random(count - 2) < rng.choice([0.2, 0.5])])
    scores = rng.integers(0, rng.choice([3, 10, 10**6]), count) / 8 + truth * rng.choice([0, 0.5, 5])
    return truth, scores.astype(rng.choice([np.float32, np.float64]))


def points(truth: Any, scores: Any) -> list[tuple[Fraction, Fraction, float]]:
    """FAR, TAR and threshold, each by counting, from above all scores down."""
    found = []
    for threshold in [np.inf, *np.unique(scores)[::-1]]:
        accepted = scores >= threshold
        rates = [Fraction(int((accepted & side).sum()), int(side.sum())) for side in (~truth, truth)]
        found.append((rates[0], rates[1], float(threshold)))
    return found


def test_equal_error_rate_by_definition(rng: np.random.Generator) -> None:
    for _ in range(cases(400)):
        truth, scores = draw(rng, int(rng.integers(2, 40)))
        curve = points(truth, scores)
        after = next(k for k, (far, tar, _) in enumerate(curve) if far >= 1 - tar)
        (f0, t0, high), (f1, t1, low) = curve[after - 1], curve[after]
        share = (1 - t0 - f0) / ((1 - t0 - f0) + (f1 - 1 + t1))
        found = equal_error_rate(truth, scores)
        assert found.rate == pytest.approx(float(f0 + share * (f1 - f0)), abs=1e-15)
        assert found.threshold == pytest.approx(high + float(share) * (low - high) if np.isfinite(high) else low)


def test_known_equal_error_rates() -> None:
    assert equal_error_rate([1, 1, 0, 0], [4, 3, 2, 1]).rate == 0
    assert equal_error_rate([0, 0, 1, 1], [4, 3, 2, 1]).rate == 1
    assert equal_error_rate([0, 1, 0, 1], [1, 1, 1, 1]) == (0.5, 1)
    assert np.isnan(equal_error_rate([1, 1], [1, 2]).rate)
    assert np.isnan(equal_error_rate([], []).rate)


def test_tar_at_far_by_definition(rng: np.random.Generator) -> None:
    for _ in range(cases(400)):
        truth, scores = draw(rng, int(rng.integers(2, 40)))
        curve = points(truth, scores)
        # Rates that occur exactly, and others.
        fars = np.array([float(curve[int(rng.integers(len(curve)))][0]), rng.random(), 0, 1])
        expected, linear = [], []
        for far in fars:
            k = max(k for k, (rate, _, _) in enumerate(curve) if float(rate) <= far)
            expected.append(float(curve[k][1]))
            f0, t0, _ = curve[k]
            f1, t1, _ = curve[min(k + 1, len(curve) - 1)]
            linear.append(float(t0) + (far - float(f0)) / float(f1 - f0) * float(t1 - t0) if f1 > f0 else float(t0))
        assert tar_at_far(truth, scores, far=fars).tolist() == expected
        assert tar_at_far(truth, scores, far=fars[1]) == expected[1]
        np.testing.assert_allclose(tar_at_far(truth, scores, far=fars, method="linear"), linear, rtol=0, atol=1e-12)
    assert np.isnan(tar_at_far([1], [0.5], far=0.1))


def test_accuracy_by_definition(rng: np.random.Generator) -> None:
    for _ in range(cases(400)):
        truth, scores = draw(rng, int(rng.integers(4, 40)))
        count = int(rng.integers(1, 5))
        parts = np.array_split(np.arange(len(truth)), count)
        numbers = np.repeat(np.arange(count), [len(part) for part in parts])
        found = verification_accuracy(truth, scores, folds=count)
        accuracies = []
        for part, threshold in zip(parts, found.thresholds):
            used = np.setdiff1d(np.arange(len(truth)), part) if count > 1 else part
            right = {t: int(((scores[used] >= t) == truth[used]).sum()) for t in [np.inf, *np.unique(scores[used])]}
            assert int(((scores[used] >= threshold) == truth[used]).sum()) == max(right.values())
            best = [t for t in right if right[t] == max(right.values())]
            highest = max([t for t in best if np.isfinite(t)], default=np.inf)
            below = [t for t in right if t < highest]
            assert threshold == ((highest + max(below)) / 2 if below and np.isfinite(highest) else highest)
            accuracies.append(np.mean((scores[part] >= threshold) == truth[part]))
        assert found.accuracies.tolist() == accuracies
        assert found[:2] == pytest.approx((np.mean(accuracies), np.std(accuracies)))
        if count > 1:
            order = rng.permutation(len(truth))
            shuffled = verification_accuracy(truth[order], scores[order], folds=numbers[order])
            assert np.array_equal(shuffled.accuracies, found.accuracies)


def test_accuracy_of_what_none_should_be_accepted() -> None:
    found = verification_accuracy([0, 0, 0, 0, 1, 0], [5, 4, 3, 2, 1, 0], folds=1)
    assert found.thresholds.tolist() == [np.inf]
    assert found.mean == 5 / 6


def test_thresholds_between_neighbouring_and_infinite_scores() -> None:
    """There is no middle between two neighbouring numbers, nor above minus infinity."""
    above = np.nextafter(1, 2)
    for low, high in ((1.0, above), (-np.inf, 3.0)):
        found = verification_accuracy([1, 0], [high, low], folds=1)
        assert found.thresholds.tolist() == [high]
        assert found.mean == 1


def test_pair_scores_by_definition(rng: np.random.Generator) -> None:
    for dtype in (np.float16, np.float32, np.float64, np.int8):
        for size in (0, 1, 7, 512):
            first = (rng.normal(size=(150, size)) * 3).astype(dtype)
            second = (rng.normal(size=(90, size)) * 3).astype(dtype)
            first[3], second[4] = 0, 0
            pairs = np.c_[rng.integers(0, 150, 200), rng.integers(0, 90, 200)]
            pairs[0] = 3, 4
            a, b = first[pairs[:, 0]].astype(np.longdouble), second[pairs[:, 1]].astype(np.longdouble)
            dot = (a * b).sum(axis=1)
            lengths = np.sqrt((a * a).sum(axis=1)) * np.sqrt((b * b).sum(axis=1))
            expected = {
                "dot": dot,
                "cosine": np.where(lengths == 0, 0, dot / np.where(lengths == 0, 1, lengths)),
                "euclidean": -np.sqrt(((a - b) ** 2).sum(axis=1)),
            }
            for metric, values in expected.items():
                found = pair_scores(first, second, pairs=pairs, metric=metric)  # type: ignore[arg-type]
                assert found.dtype == np.float64
                np.testing.assert_allclose(found, values.astype(np.float64), rtol=1e-12, atol=1e-12)
                rows = pair_scores(first[:90], second, metric=metric)  # type: ignore[arg-type]
                every = np.c_[np.arange(90), np.arange(90)]
                assert np.array_equal(rows, pair_scores(first, second, pairs=every, metric=metric))  # type: ignore[arg-type]
    assert pair_scores(np.ones((2, 3)), np.ones((2, 3)), pairs=[]).shape == (0,)


@pytest.fixture
def instruction_sets() -> Iterator[list[str]]:
    before = _core.losses.instruction_set()
    yield [name for name in ("baseline", "v3", "v4") if _core.losses.use_instruction_set(name)]
    _core.losses.use_instruction_set(before)


def test_same_bits_of_pair_scores(rng: np.random.Generator, instruction_sets: list[str]) -> None:
    """For any number of threads and every instruction set; 37 leaves a rest of both kinds of lanes."""
    for dtype in (np.float32, np.float64):
        first, second = (rng.normal(size=(600, 37)).astype(dtype) for _ in "ab")
        for metric in ("cosine", "dot", "euclidean"):
            seen = set()
            for name in instruction_sets:
                _core.losses.use_instruction_set(name)
                for threads in (1, 2, 7):
                    seen.add(pair_scores(first, second, metric=metric, num_threads=threads).tobytes())  # type: ignore[arg-type]
            assert len(seen) == 1


def test_scores_of_very_long_and_short_embeddings() -> None:
    """Products of squared lengths leave the range of doubles before lengths do."""
    for size in (1e150, 1e-150, 1e-80, 1e80):
        assert pair_scores([[size, size]], [[size, size]])[0] == pytest.approx(1, rel=1e-15)


def test_a_row_and_itself_score_one(rng: np.random.Generator) -> None:
    first = rng.normal(size=(300, 50))
    assert (pair_scores(first, first) == 1).all()
    assert (pair_scores(first, first, metric="euclidean") == 0).all()


def obvious_ranks(truth: Any, probes: Any, gallery: Any, labels: Any, metric: str) -> list[int]:
    ranks = []
    for label, probe in zip(truth, probes):
        if metric == "euclidean":
            scores = [-float(np.sum((probe - entry) ** 2)) for entry in gallery]
        elif metric == "cosine":
            scores = [float(probe @ entry / np.sqrt((probe @ probe) * (entry @ entry))) for entry in gallery]
        else:
            scores = [float(probe @ entry) for entry in gallery]
        best = max(score for score, name in zip(scores, labels) if name == label)
        ranks.append(1 + sum(score >= best for score, name in zip(scores, labels) if name != label))
    return ranks


def test_identification_by_definition(rng: np.random.Generator, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("metrix._embedding_pairs._SCORES", 100)  # several blocks of probes
    for metric in ("cosine", "dot", "euclidean"):
        for _ in range(cases(60)):
            labels = np.array(["ann", "bob", "cy", "di"])[np.r_[0:4, rng.integers(0, 4, rng.integers(0, 8))]]
            gallery = rng.normal(size=(len(labels), 5)).astype(np.float32)
            truth = rng.choice(labels, 20)
            probes = rng.normal(size=(20, 5)) * rng.choice([1, 1e-3])
            ranks = np.array(obvious_ranks(truth, probes, gallery.astype(np.float64), labels, metric))
            expected = [np.mean(ranks <= k + 1) for k in range(6)]
            both: dict[str, Any] = {"max_rank": 6, "metric": metric}
            found = identification_rates(truth, probes, gallery=gallery, gallery_labels=labels, **both)
            np.testing.assert_allclose(found, expected, rtol=0, atol=1e-15)
            parts = [IdentificationRates(gallery, labels, **both) for _ in "ab"]
            parts[0].update(truth[:9], probes[:9])
            parts[1].update(truth[9:], probes[9:])
            merged: IdentificationRates = pickle.loads(pickle.dumps(parts[0]))
            merged.merge(parts[1])
            assert np.array_equal(merged.compute(), found)


def test_ties_count_against_a_probe() -> None:
    same: dict[str, Any] = {"gallery": np.ones((3, 2)), "gallery_labels": [0, 1, 2], "max_rank": 3}
    assert identification_rates([0, 1], np.ones((2, 2)), **same).tolist() == [0, 0, 1]
    assert np.isnan(identification_rates([], np.ones((0, 2)), **same)).all()


def test_streamed_metrics(rng: np.random.Generator) -> None:
    truth, scores = draw(rng, 200)
    parts = [VerificationMetrics(fars=(0.1, 0.01)) for _ in "ab"]
    parts[0].update(truth[:50], scores[:50])
    parts[1].update(truth[50:], scores[50:])
    parts[0].merge(pickle.loads(pickle.dumps(parts[1])))
    found = parts[0].compute()
    assert found["equal_error_rate"] == equal_error_rate(truth, scores)
    assert found["tar_at_far"] == {far: tar_at_far(truth, scores, far=far) for far in (0.1, 0.01)}
    assert found["best_accuracy"] == verification_accuracy(truth, scores, folds=1).mean
    parts[0].reset()
    assert np.isnan(parts[0].compute()["best_accuracy"])
    with pytest.raises(ValueError, match="y_score"):
        parts[0].update([1, 0], [np.nan, 1])
    with pytest.raises(ValueError, match=r"other: expected fars \(0.1, 0.01\)"):
        parts[0].merge(VerificationMetrics())


def test_wrong_arguments() -> None:
    ones, labels = np.ones((3, 2)), np.arange(3)
    rates: dict[str, Any] = {"gallery": ones, "gallery_labels": labels}
    for call, message in (
        (lambda: equal_error_rate([1, 0], [1, np.nan]), "y_score"),
        (lambda: equal_error_rate([1, 0, 2], [1, 2, 3]), "y_true: expected two classes"),
        (lambda: tar_at_far([1, 0], [1, 0], far=1.5), "far: expected rates from 0 to 1, got 1.5"),
        (lambda: tar_at_far([1, 0], [1, 0], far=np.nan), "far: expected rates from 0 to 1, got nan"),
        (lambda: tar_at_far([1, 0], [1, 0], far=0.5, method="nearest"), "method: expected 'at_most' or 'linear'"),  # type: ignore[arg-type]
        (lambda: verification_accuracy([1, 0], [1, 0]), "folds: expected an int from 1 to the number of pairs, 2, got 10"),
        (lambda: verification_accuracy([1, 0], [1, 0], folds=[1, 1]), "at least two different numbers, got 1"),
        (lambda: verification_accuracy([1, 0], [1, 0], folds=[1]), "a number for each of 2 pairs"),
        (lambda: verification_accuracy([1, 0], [1, np.nan], folds=1), "y_score"),
        (lambda: pair_scores(ones, ones[:2]), r"second: expected 3 rows as in first \(or pairs\), got 2"),
        (lambda: pair_scores(ones, ones[:, :1]), "second: expected 2 dimensions as in first, got 1"),
        (lambda: pair_scores(ones, ones * [[1], [np.nan], [1]]), "got a score of nan for pair 1"),
        (lambda: pair_scores(ones, ones, pairs=[[0, 0], [0, 3]]), r"below 3 and 3, got \[0, 3\] at index 1"),
        (lambda: pair_scores(ones, ones, pairs=[[0, -1]]), r"got \[0, -1\] at index 0"),
        (lambda: pair_scores(ones, ones, pairs=[0, 1]), r"pairs: expected integers of shape \(P, 2\)"),
        (lambda: pair_scores(ones, ones, metric="l2"), "metric: expected 'cosine', 'dot' or 'euclidean', got 'l2'"),  # type: ignore[arg-type]
        (lambda: identification_rates([3], ones[:1], **rates), "y_true: expected labels of the gallery, got 3 at index 0"),
        (lambda: identification_rates([0, 1], ones[:1], **rates), "y_true: expected a label for each of 1 embeddings"),
        (lambda: identification_rates([0], ones[:1] * np.inf, **rates), "probes: expected finite .* in row 0"),
        (lambda: identification_rates([0], ones[:1, :1], **rates), "probes: expected 2 dimensions as in gallery, got 1"),
        (lambda: IdentificationRates(ones, labels[:2]), "gallery_labels"),
        (lambda: IdentificationRates(ones, labels, max_rank=0), "max_rank: expected an int >= 1, got 0"),
    ):  # fmt: skip
        with pytest.raises(ValueError, match=message):
            call()
    with pytest.raises(ValueError, match="other: expected the same gallery"):
        IdentificationRates(ones, labels).merge(IdentificationRates(ones * 2, labels))
