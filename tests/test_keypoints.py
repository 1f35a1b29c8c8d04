"""metrix.keypoints against its oracle and against pycocotools, bit for bit."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from effort import cases
from metrix import _core
from metrix.keypoints import object_keypoint_similarity
from metrix.protocols import COCO_KEYPOINT_SIGMAS
from oracles import keypoints as oracle
from oracles.boxes import same_bits

Floats = npt.NDArray[np.float64]
NAN, INF = float("nan"), float("inf")


class Cell:
    """Detections and ground truths of one random cell: near and far, seen and unseen, whole and broken numbers."""

    def __init__(self, rng: np.random.Generator, most: int = 8, points: int = 17, integers: bool | None = None) -> None:
        detections, truths = (int(n) for n in rng.integers(1, most, 2))
        scale = 10.0 ** rng.integers(-3, 4)
        self.truth = rng.uniform(0, 100, (truths, points, 3)) * scale
        self.truth[..., 2] = rng.integers(0, 3, (truths, points)) * (rng.random((truths, 1)) < 0.7)
        parents = rng.integers(0, truths, detections)
        spread = 10.0 ** rng.uniform(-3, 2, (detections, 1, 1)) * scale
        self.found = self.truth[parents] + rng.normal(0, 1, (detections, points, 3)) * spread
        self.area = rng.uniform(0, 1e4, truths) * scale**2
        self.boxes = rng.uniform(0, 50, (truths, 4)) * scale
        self.found[rng.random(detections) < 0.1] = self.truth[0]
        if integers or (integers is None and rng.random() < 0.3):
            self.truth, self.found = self.truth.round(), self.found.round()
            self.area, self.boxes = self.area.round(), self.boxes.round()
        if rng.random() < 0.3:
            special = np.array([NAN, INF, -INF, 0.0, -0.0, 1e-320, 1e200, -1e160])
            for values in (self.found, self.truth, self.area, self.boxes):
                mask = rng.random(values.shape) < 0.03
                values[mask] = rng.choice(special, mask.sum())
        self.sigmas = COCO_KEYPOINT_SIGMAS if points == 17 else rng.uniform(0.02, 0.2, points)

    def oracle(self) -> Floats:
        with np.errstate(all="ignore"):
            return oracle.object_keypoint_similarity(self.found, self.truth, self.area, self.boxes, self.sigmas)

    def kernel(self, **options: Any) -> Floats:
        return object_keypoint_similarity(self.found, self.truth, self.area, self.boxes, sigmas=self.sigmas, **options)

    def core(self, floor: float, direct: bool = True) -> Floats:
        arrays = (self.found, self.truth, self.area, self.boxes, (self.sigmas * 2) ** 2)
        return _core.keypoints.object_keypoint_similarity(*arrays, floor=floor, num_threads=1, direct=direct)


def test_similarity_equals_its_definition(rng: np.random.Generator) -> None:
    for _ in range(cases(300)):
        cell = Cell(rng)
        assert same_bits(cell.kernel(num_threads=1), cell.oracle())


@pytest.mark.parametrize("points", [0, 1, 2, 7, 8, 9, 16, 19, 127, 128, 129, 136, 300])
def test_any_number_of_keypoints(rng: np.random.Generator, points: int) -> None:
    for _ in range(6):
        cell = Cell(rng, most=4, points=points)
        assert same_bits(cell.kernel(), cell.oracle())


@pytest.mark.parity
def test_similarity_equals_pycocotools(rng: np.random.Generator) -> None:
    cocoeval = pytest.importorskip("pycocotools.cocoeval")
    evaluation = cocoeval.COCOeval(iouType="keypoints")
    evaluation.params.maxDets = [10**6]
    assert same_bits(evaluation.params.kpt_oks_sigmas, COCO_KEYPOINT_SIGMAS)
    for case in range(cases(300)):
        cell = Cell(rng, integers=True if case % 2 else None)
        # Whole numbers stand in a JSON file as integers, and NumPy computes with integers then.
        whole = case % 2 == 1 and all(
            np.isfinite(values).all() and np.abs(values).max(initial=0) < 2**31
            for values in (cell.found, cell.truth, cell.area, cell.boxes)
        )

        def listed(values: Floats, whole: bool = whole) -> list[Any]:
            return values.ravel().astype(np.int64).tolist() if whole else values.ravel().tolist()

        evaluation._dts = {(1, 1): [{"keypoints": listed(pose), "score": -i} for i, pose in enumerate(cell.found)]}
        evaluation._gts = {
            (1, 1): [
                {"keypoints": listed(pose), "area": listed(area)[0], "bbox": listed(box)}
                for pose, area, box in zip(cell.truth, cell.area, cell.boxes, strict=True)
            ]
        }
        with np.errstate(all="ignore"):
            want = evaluation.computeOks(1, 1)
        assert same_bits(cell.kernel(), want)


# Corners, one by one.

THREE = np.array([0.05, 0.05, 0.1])


def three(x: float, visibility: float = 2) -> list[list[float]]:
    return [[x, 0, visibility], [x, 10, visibility], [x, 20, visibility]]


def test_a_perfect_pose_is_1_and_only_visible_keypoints_count() -> None:
    truth = three(5)
    truth[1][2] = 0
    found = three(5)
    found[1] = [1e9, NAN, 0]
    assert object_keypoint_similarity([found], [truth], [100], sigmas=THREE).tolist() == [[1.0]]


def test_visibility_nan_is_not_visible() -> None:
    truth = three(5)
    truth[2] = [77, 77, NAN]
    assert object_keypoint_similarity([three(5)], [truth], [100], sigmas=THREE).tolist() == [[1.0]]


def test_without_visible_keypoints_the_box_enlarged_by_its_size_counts() -> None:
    truth, box = three(5, visibility=0), [10, 10, 20, 30]  # enlarged: x in [-10, 50], y in [-20, 70]
    inside = [[-10, -20, 0], [50, 70, 0], [0, 0, 0]]
    outside = [[-13, -24, 0], [50, 70, 0], [0, 0, 0]]  # (3, 4) away
    got = object_keypoint_similarity([inside, outside], [truth], [100], [box], sigmas=THREE)
    want = (2 + np.exp(-(25 / (THREE[0] * 2) ** 2 / 100 / 2))) / 3
    assert got[0, 0] == 1
    assert got[1, 0] == pytest.approx(want, abs=1e-15)


def test_area_zero_leaves_only_perfect_keypoints() -> None:
    got = object_keypoint_similarity([three(5), three(6)], [three(5)], [0], sigmas=THREE)
    assert got.tolist() == [[1.0], [0.0]]


def test_nan_goes_on_and_infinity_gives_0() -> None:
    broken, far = three(5), three(5)
    broken[0][0], far[0][0] = NAN, INF
    got = object_keypoint_similarity([broken, far], [three(5)], [100], sigmas=THREE)
    assert np.isnan(got[0, 0])
    assert got[1, 0] == 2 / 3
    assert np.isnan(object_keypoint_similarity([three(5)], [three(5)], [NAN], sigmas=THREE)).all()


def test_empty_sides_keep_their_shape() -> None:
    poses, area = np.ones((2, 17, 3)), np.ones(2)
    assert object_keypoint_similarity([], poses, area).shape == (0, 2)
    assert object_keypoint_similarity(poses, [], []).shape == (2, 0)
    assert object_keypoint_similarity([], [], [], []).shape == (0, 0)


def test_points_may_come_without_a_third_column(rng: np.random.Generator) -> None:
    cell = Cell(rng)
    want = cell.kernel()
    cell.found = cell.found[..., :2]  # not contiguous
    assert same_bits(cell.kernel(), want)


def test_bits_do_not_depend_on_threads(rng: np.random.Generator) -> None:
    cell = Cell(rng)
    want = np.tile(cell.oracle(), (3000, 1))
    cell.found = np.tile(cell.found, (3000, 1, 1))
    for num_threads in (1, 2, 5):
        assert same_bits(cell.kernel(num_threads=num_threads), want)


# --------------------------------------------------------------------------------------------------------------- floor


@pytest.mark.parametrize("floor", [1e-6, 0.03, 0.1, 0.5, 0.75, 0.999, 1.0, 2.0])
def test_floor_changes_only_what_lies_below_it(rng: np.random.Generator, floor: float) -> None:
    for _ in range(cases(60)):
        cell = Cell(rng)
        want, got = cell.oracle(), cell.core(floor)
        settled = ~(want < floor)  # at or above, or NaN
        assert same_bits(got[settled], want[settled])
        assert (got[~settled] < floor).all()


@pytest.mark.parametrize("floor", [0.0, -0.0, -1.0, -INF, NAN])
def test_without_a_floor_all_values_are_exact(rng: np.random.Generator, floor: float) -> None:
    for _ in range(cases(40)):
        cell = Cell(rng)
        assert same_bits(cell.core(floor), cell.oracle())


def test_floor_is_met_exactly(rng: np.random.Generator) -> None:
    """A floor that is the value of a pair itself, or next to it: the bound must leave a margin on the right side."""
    truth = np.array([three(0)], dtype=float)
    for shift in np.concatenate([np.linspace(0.001, 8, 300), rng.uniform(0, 3, 100)]):
        arrays = (np.array([three(shift)]), truth, np.array([100.0]), None, (THREE * 2) ** 2)
        exact = _core.keypoints.object_keypoint_similarity(*arrays, floor=0.0, num_threads=1)
        for floor in (exact[0, 0], np.nextafter(exact[0, 0], 0)):
            if floor > 0:
                got = _core.keypoints.object_keypoint_similarity(*arrays, floor=floor, num_threads=1)
                assert same_bits(got, exact)


def test_floor_skips_what_is_far_away() -> None:
    arrays = (
        np.array([three(100)], dtype=float),
        np.array([three(0)], dtype=float),
        np.array([1e6]),
        None,
        (THREE * 2) ** 2,
    )
    exact = _core.keypoints.object_keypoint_similarity(*arrays, floor=0.0, num_threads=1)
    assert 0.4 < exact[0, 0] < 0.8
    assert _core.keypoints.object_keypoint_similarity(*arrays, floor=0.9, num_threads=1).tolist() == [[0.0]]


# --------------------------------------------------------------------------------- the exponential, the order of sums


def exponents(rng: np.random.Generator) -> Floats:
    special = [0.0, -0.0, INF, -INF, NAN, -745.2, -746.0, 709.8, 710.0, -708.4, -1e-300, 5e-324]
    return np.concatenate([-rng.exponential(3, 20000), rng.uniform(-750, 720, 20000), special])


@pytest.mark.parametrize("direct", [True, False])
def test_numpy_exp_is_numpys_wherever_an_element_stands(rng: np.random.Generator, direct: bool) -> None:
    values = exponents(rng)
    with np.errstate(all="ignore"):
        want = np.exp(values)
    assert same_bits(_core.keypoints.numpy_exp(values, direct=direct), want)
    for length in [*range(1, 65), 100, 127, 128, 1000]:
        for start in rng.integers(0, len(values) - length, 6):
            part = np.ascontiguousarray(values[start : start + length])
            assert same_bits(_core.keypoints.numpy_exp(part, direct=direct), want[start : start + length])


def test_numpy_exp_is_found_in_known_versions() -> None:
    assert _core.keypoints.numpy_exp_is_direct()


def test_without_numpys_loop_the_result_is_the_same(rng: np.random.Generator) -> None:
    for _ in range(cases(20)):
        cell = Cell(rng)
        with np.errstate(all="raise"):  # neither way tells of floating-point flags
            assert same_bits(cell.core(0.0, direct=False), cell.core(0.0))


def test_numpy_sum_has_numpys_order(rng: np.random.Generator) -> None:
    values = rng.normal(0, 1, 40000) * 10.0 ** rng.integers(-8, 8, 40000)
    # Before 2.3 NumPy summed pieces of its buffer size.
    whole = tuple(map(int, np.__version__.split(".")[:2])) >= (2, 3)
    for length in [*range(1001), 1024, 4095, 4097, 8191, 8192, *([8193, 16384, 30001, 40000] if whole else [])]:
        part = values[:length]
        got = np.float64(_core.keypoints.numpy_sum(part))
        assert got.tobytes() == np.sum(part).tobytes(), length
        if length % 50 in (0, 1, 7, 8, 9):
            assert got == oracle.numpy_sum(part.tolist())


def test_numpy_sum_of_zeros_and_broken_numbers() -> None:
    for part in ([-0.0], [-0.0] * 9, [], [INF, -INF], [NAN, 1.0], [1e308, 1e308, -1e308]):
        with np.errstate(all="ignore"):
            want = np.sum(np.array(part))
        assert same_bits(np.array(_core.keypoints.numpy_sum(np.array(part))), np.array(want))


# -------------------------------------------------------------------------------------------------------------- errors

POSE = np.ones((1, 3, 3))
UNSEEN = np.zeros((2, 3, 3))


def call(*args: Any, **options: Any) -> Callable[[], object]:
    return lambda: object_keypoint_similarity(*args, **{"sigmas": THREE, **options})


BAD_CALLS: list[tuple[Callable[[], object], type[Exception], str]] = [
    (call(POSE[0], POSE, [1]), ValueError, r"detections: expected shape \(N, M, K\), got \(3, 3\)"),
    (call(np.ones((1, 3, 4)), POSE, [1]), ValueError, r"detections: expected shape \(N, K, 2 or 3\), got \(1, 3, 4\)"),
    (call(POSE, POSE[..., :2], [1]), ValueError, r"ground_truth: expected shape \(N, M, 3\), got \(1, 3, 2\)"),
    (call(np.ones((1, 4, 3)), POSE, [1]), ValueError, r"detections: expected as many keypoints .*\(3\), got 4"),
    (call(POSE, POSE, [1, 2]), ValueError, "area: expected 1 elements, got 2"),
    (call(POSE, POSE, 1), ValueError, "area: expected shape"),
    (call(POSE, POSE, [1], np.ones((2, 4))), ValueError, "boxes: expected 1 rows, got 2"),
    (call(POSE, POSE, [1], np.ones((1, 3))), ValueError, "boxes: expected shape"),
    (call(POSE, UNSEEN, [1, 1]), ValueError, "boxes: expected .* None, but ground_truth 0 has no visible keypoint"),
    (call(POSE, POSE, [1], sigmas=None), ValueError, "sigmas: expected 3 elements, got 17"),
    (call(POSE, POSE, [1], sigmas=[0.1, 0.0, 0.1]), ValueError, "sigmas: expected numbers > 0, got 0.0 at index 1"),
    (call(POSE, POSE, [1], sigmas=[0.1, 0.1, NAN]), ValueError, "sigmas: expected numbers > 0, got nan at index 2"),
    (call([["a"]], POSE, [1]), TypeError, "detections: expected real numbers"),
    (call(POSE, POSE, [1], num_threads=0), ValueError, "num_threads"),
]


@pytest.mark.parametrize(("function", "error", "message"), BAD_CALLS)
def test_bad_input_is_named(function: Callable[[], object], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        function()
