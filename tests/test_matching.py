"""metrix.matching against the loop of the reference, whole arrays."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from effort import cases
from metrix.matching import greedy_match
from oracles import matching as oracle

COCO_THRESHOLDS = np.linspace(0.5, 0.95, 10)
NAN, INF = float("nan"), float("inf")


def thresholds_of(rng: np.random.Generator) -> Any:
    """COCO's, or up to 70 of any value in any order: words of sixteen thresholds fill up, overflow and stay empty."""
    count = int(
        rng.choice([0, 1, 2, 15, 16, 17, 32, 33, 48, 70], p=[0.04, 0.2, 0.2, 0.1, 0.1, 0.12, 0.08, 0.08, 0.04, 0.04])
    )
    kind = rng.integers(4)
    if kind == 0:
        return COCO_THRESHOLDS
    if kind == 1:
        return rng.choice([-1.0, -0.0, 0.0, 0.25, 0.5, 0.75, 1.0, 1.5, INF, -INF], count)
    return rng.uniform(-0.2, 1.2, count) if kind == 2 else np.linspace(1, 0, count)


def similarity_of(rng: np.random.Generator, shape: tuple[int, int]) -> Any:
    """Distinct values, a few values with many ties, or sparse as the overlaps of an image are."""
    kind = rng.integers(4)
    if kind == 0:
        return rng.random(shape)
    if kind == 1:
        return rng.choice([0.0, -0.0, 0.25, 0.5, 0.75, 1.0], shape)
    if kind == 2:
        return rng.random(shape) * (rng.random(shape) < 0.2)
    return rng.choice([*COCO_THRESHOLDS, *np.nextafter(COCO_THRESHOLDS, 0), -1.0, 2.0, INF, -INF], shape)


def flags_of(rng: np.random.Generator, count: int) -> Any:
    return rng.random(count) < rng.choice([0, 0, 0.3, 1])


def assert_matches_as_defined(similarity: Any, thresholds: Any, crowd: Any, ignore: Any) -> None:
    got = greedy_match(similarity, thresholds, crowd=crowd, ignore=ignore)
    want = oracle.greedy_match(similarity, thresholds, crowd, ignore)
    for ours, theirs in zip(got, want):
        assert ours.dtype == np.int32
        assert ours.shape == theirs.shape
        np.testing.assert_array_equal(ours, theirs)


@pytest.mark.parametrize("with_nan", [False, True])
def test_greedy_match_equals_the_loop_of_the_reference(rng: np.random.Generator, with_nan: bool) -> None:
    for _ in range(cases(5000)):
        shape = (int(rng.integers(0, 7)), int(rng.integers(0, 7)))
        similarity = similarity_of(rng, shape)
        if with_nan:
            similarity[rng.random(shape) < rng.choice([0.1, 0.5, 1])] = NAN
        thresholds = thresholds_of(rng)
        assert_matches_as_defined(similarity, thresholds, flags_of(rng, shape[1]), flags_of(rng, shape[1]))


def test_greedy_match_of_crowded_cells(rng: np.random.Generator) -> None:
    for _ in range(8):
        shape = (int(rng.integers(20, 60)), int(rng.integers(10, 40)))
        similarity = similarity_of(rng, shape)
        assert_matches_as_defined(similarity, COCO_THRESHOLDS, flags_of(rng, shape[1]), flags_of(rng, shape[1]))


@pytest.mark.parametrize("shape", [(0, 0), (0, 3), (3, 0)])
@pytest.mark.parametrize("count", [0, 1, 16, 17])
def test_empty_cells_keep_their_shape(shape: tuple[int, int], count: int) -> None:
    detection_match, ground_truth_match = greedy_match(np.zeros(shape), np.full(count, 0.5))
    assert detection_match.shape == (count, shape[0])
    assert ground_truth_match.shape == (count, shape[1])
    assert (detection_match == -1).all()
    assert (ground_truth_match == -1).all()


def test_flags_default_to_none_set_and_any_number_sets_one(rng: np.random.Generator) -> None:
    similarity = rng.random((5, 4))
    plain = greedy_match(similarity, [0.3], crowd=[0, 0, 0, 0], ignore=[False] * 4)
    default = greedy_match(similarity, [0.3])
    assert all((ours == theirs).all() for ours, theirs in zip(plain, default))
    flags = np.array([0, 1, 2, -1])
    as_numbers = greedy_match(similarity, [0.3], crowd=flags, ignore=flags * 0.5)
    as_flags = greedy_match(similarity, [0.3], crowd=flags != 0, ignore=flags != 0)
    assert all((ours == theirs).all() for ours, theirs in zip(as_numbers, as_flags))


# ------------------------------------------------------------------------------------------- the rules, one at a time


def test_the_later_of_equal_ground_truths_wins() -> None:
    assert greedy_match([[0.7, 0.7]], [0.5])[0].tolist() == [[1]]


def test_a_taken_ground_truth_is_free_at_another_threshold() -> None:
    detection_match, _ = greedy_match([[0.6], [0.9]], [0.5, 0.8])
    assert detection_match.tolist() == [[0, -1], [-1, 0]]


def test_a_threshold_is_met_by_the_equal_similarity() -> None:
    assert greedy_match([[0.5]], [0.5, np.nextafter(0.5, 1)])[0].tolist() == [[0], [-1]]


def test_an_ignored_ground_truth_is_the_last_resort() -> None:
    detection_match, _ = greedy_match([[0.9, 0.6], [0.9, 0.6]], [0.5], ignore=[True, False])
    assert detection_match.tolist() == [[1, 0]]


def test_a_crowd_is_never_used_up_and_names_its_last_detection() -> None:
    detection_match, ground_truth_match = greedy_match([[0.9], [0.8], [0.1]], [0.5], crowd=[True])
    assert detection_match.tolist() == [[0, 0, -1]]
    assert ground_truth_match.tolist() == [[1]]


def test_nan_passes_every_threshold_and_gives_way_to_any_later_ground_truth() -> None:
    assert greedy_match([[NAN]], [2.0])[0].tolist() == [[0]]
    assert greedy_match([[NAN, 0.0]], [2.0])[0].tolist() == [[1]]
    assert greedy_match([[0.9, NAN]], [0.5])[0].tolist() == [[1]]


# -------------------------------------------------------------------------------------------------------------- errors


@pytest.mark.parametrize(
    ("arguments", "flags", "message"),
    [
        (([0.5], [0.5]), {}, r"similarity: expected shape \(N, M\), got \(1,\)"),
        (([[0.5]], [[0.5]]), {}, r"iou_thresholds: expected shape \(N,\), got \(1, 1\)"),
        (([[0.5]], [NAN]), {}, "iou_thresholds: expected numbers, got NaN"),
        (([[0.5]], [0.5]), {"crowd": [1, 0]}, r"crowd: expected shape \(1,\), got \(2,\)"),
        (([[0.5]], [0.5]), {"ignore": []}, r"ignore: expected shape \(1,\), got \(0,\)"),
    ],
)
def test_greedy_match_names_what_is_wrong(arguments: Any, flags: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        greedy_match(*arguments, **flags)
