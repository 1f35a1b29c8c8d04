"""metrix.keypoints against its oracle and against pycocotools, bit for bit."""

from __future__ import annotations

import itertools
import pickle
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from effort import cases
from metrix import _core
from metrix.keypoints import (
    KeypointMetrics,
    mean_per_joint_position_error,
    normalized_mean_error,
    object_keypoint_similarity,
    paired_object_keypoint_similarity,
    pck,
    pck_auc,
    pckh,
)
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


def test_pairs_are_the_diagonal(rng: np.random.Generator) -> None:
    for _ in range(cases(300)):
        cell = Cell(rng)
        count = min(len(cell.truth), len(cell.found))
        cell.truth, cell.found = cell.truth[:count], cell.found[:count]
        cell.area, cell.boxes = cell.area[:count], cell.boxes[:count]
        found = paired_object_keypoint_similarity(cell.found, cell.truth, cell.area, cell.boxes, sigmas=cell.sigmas)
        with np.errstate(all="ignore"):
            wanted = [
                oracle.object_keypoint_similarity([d], [g], [a], [b], cell.sigmas)[0, 0]
                for d, g, a, b in zip(cell.found, cell.truth, cell.area, cell.boxes)
            ]
        same_bits(found, np.array(wanted))
    many = rng.uniform(0, 100, (10000, 17, 3))
    near = many[..., :2] + rng.normal(0, 5, (10000, 17, 2))
    area = rng.uniform(10, 1000, 10000)
    bits = {paired_object_keypoint_similarity(near, many, area, num_threads=t).tobytes() for t in (1, 2, 7)}
    assert len(bits) == 1
    with pytest.raises(ValueError, match=r"^detections: expected as many poses as ground_truth \(10000\), got 3$"):
        paired_object_keypoint_similarity(near[:3], many, area)
    assert paired_object_keypoint_similarity(near[:0], many[:0], area[:0]).shape == (0,)


class Poses:
    """Random poses, some joints unseen, some found exactly, some not at all, distances at thresholds."""

    def __init__(self, rng: np.random.Generator, count: int = 30, joints: int = 7, dimensions: int = 2) -> None:
        self.truth = rng.integers(0, 100, (count, joints, dimensions)).astype(float)
        self.found = self.truth + rng.integers(-5, 6, self.truth.shape)
        self.visible = rng.random((count, joints)) < 0.7
        self.visible[:, 2] = False
        self.truth[~self.visible] = np.nan
        self.lengths = rng.choice([10.0, 20.0, 25.0], count)

    def relative(self) -> Floats:
        return np.sqrt(((self.found - self.truth) ** 2).sum(axis=2)) / self.lengths[:, None]


def test_pck_and_its_area(rng: np.random.Generator) -> None:
    for _ in range(cases(100)):
        poses = Poses(rng)
        poses.found[rng.random(poses.visible.shape) < 0.05] = np.nan
        relative = poses.relative()
        for threshold in (0.1, 0.2, 0.5):
            for strict in (False, True):
                with np.errstate(invalid="ignore"):
                    near = (relative < threshold if strict else relative <= threshold) & poses.visible
                count = poses.visible.sum(axis=0)
                result = pck(
                    poses.truth,
                    poses.found,
                    lengths=poses.lengths,
                    threshold=threshold,
                    visible=poses.visible,
                    strict=strict,
                )
                with np.errstate(invalid="ignore"):
                    each = near.sum(axis=0) / count
                np.testing.assert_array_equal(result.per_joint, each)
                np.testing.assert_array_equal(result.num_visible, count)
                assert result.overall == near.sum() / count.sum()
                assert result.mean == np.mean(each[count > 0])
        options: dict[str, Any] = {"lengths": poses.lengths, "visible": poses.visible}
        grid = np.arange(20) / 20
        seen = relative[poses.visible]
        with np.errstate(invalid="ignore"):
            wanted = np.mean([(seen < t).mean() for t in grid])
        assert pck_auc(poses.truth, poses.found, thresholds=grid, strict=True, **options) == pytest.approx(wanted)
        fine = np.linspace(0, 0.5, 20001)
        steps = pck_auc(poses.truth, poses.found, thresholds=fine, **options)
        assert pck_auc(poses.truth, poses.found, **options) == pytest.approx(steps, abs=1e-4)


def test_pckh_is_that_of_the_script(rng: np.random.Generator) -> None:
    """As the script of MPII has it, in the layout joints x 2 x poses."""
    poses = Poses(rng, joints=16)
    poses.truth = np.nan_to_num(poses.truth)
    corners = rng.uniform(0, 50, (30, 2))
    boxes = np.concatenate([corners, corners + rng.uniform(5, 40, (30, 2))], axis=1)
    error = np.linalg.norm(np.transpose(poses.found - poses.truth, [1, 2, 0]), axis=1)
    scale = np.linalg.norm((boxes[:, 2:] - boxes[:, :2]).T, axis=0) * 0.6
    shown = poses.visible.T
    near = ((error / scale) <= 0.5) & shown
    with np.errstate(invalid="ignore"):
        each = near.sum(axis=1) / shown.sum(axis=1)
    result = pckh(poses.truth, poses.found, head_boxes=boxes, visible=poses.visible)
    np.testing.assert_array_equal(result.per_joint, each)
    assert result.overall == near.sum() / shown.sum()
    # A distance of exactly the threshold is near enough: 0.5 of 0.6 of a diagonal of 10.
    assert pckh([[[0.0, 0.0]]], [[[3.0, 0.0]]], head_boxes=[[0, 0, 6, 8]]).overall == 1.0
    assert pck([[[0.0, 0.0]]], [[[3.0, 0.0]]], lengths=[6.0], threshold=0.5, strict=True).overall == 0.0


def test_lengths_between_joints(rng: np.random.Generator) -> None:
    poses = Poses(rng)
    truth = np.nan_to_num(poses.truth) + np.arange(7)[:, None] * 200
    lengths = np.linalg.norm(truth[:, 1] - truth[:, 4], axis=1)
    assert pck(truth, poses.found, lengths=(1, 4)).overall == pck(truth, poses.found, lengths=lengths).overall


@pytest.mark.parametrize("dimensions", [2, 3])
def test_alignments_of_poses(dimensions: int, rng: np.random.Generator) -> None:
    for _ in range(cases(60)):
        truth = rng.normal(0, 100, (5, 12, dimensions))
        rotation = np.linalg.qr(rng.normal(size=(dimensions, dimensions)))[0]
        if np.linalg.det(rotation) < 0:
            rotation[:, 0] *= -1
        moved = rng.uniform(0.1, 9) * truth @ rotation + rng.normal(0, 50, dimensions)
        moved[0, 3] = 1e6
        visible = np.ones((5, 12), dtype=bool)
        visible[0, 3] = False
        assert mean_per_joint_position_error(truth, moved, visible=visible, align="procrustes") < 1e-10
        assert mean_per_joint_position_error(truth, moved, visible=visible) > 1
        shifted = truth + rng.normal(0, 50, (5, 1, dimensions))
        assert mean_per_joint_position_error(truth, shifted, align="root", root=4) < 1e-12
        assert mean_per_joint_position_error(truth, truth * 3, align="scale") < 1e-12
        # The best similarity: nothing near it is better in squares, and mirror images stay mirror images.
        noisy = moved + rng.normal(0, 20, moved.shape)
        noisy[..., 0] *= rng.choice([-1, 1])
        best = squares_left(truth[1], noisy[1])
        found = mean_per_joint_position_error(truth[1:2], noisy[1:2], align="procrustes")
        assert found**2 <= best * (1 + 1e-9) <= 4 * found**2


def squares_left(truth: Floats, predicted: Floats) -> float:
    """Mean squared distance that the best proper similarity leaves (Umeyama's formula)."""
    a, b = predicted - predicted.mean(axis=0), truth - truth.mean(axis=0)
    singular = np.linalg.svd(a.T @ b, compute_uv=False)
    singular[-1] *= np.sign(np.linalg.det(a.T @ b))
    return float((np.sum(b * b) - singular.sum() ** 2 / np.sum(a * a)) / len(a))


def test_errors_of_faces(rng: np.random.Generator) -> None:
    truth = rng.uniform(0, 200, (40, 68, 2))
    found = truth + rng.normal(0, 5, truth.shape)
    error = np.sqrt(((found - truth) ** 2).sum(axis=2)).mean(axis=1)
    sides = np.ptp(truth, axis=1)
    for normalizer, length in (
        ("inter_ocular", np.linalg.norm(truth[:, 36] - truth[:, 45], axis=1)),
        ("inter_pupil", np.linalg.norm(truth[:, 36:42].mean(axis=1) - truth[:, 42:48].mean(axis=1), axis=1)),
        ("box", np.sqrt(sides[:, 0] * sides[:, 1])),
        ((8, 9), np.linalg.norm(truth[:, 8] - truth[:, 9], axis=1)),
        (np.arange(1.0, 41.0), np.arange(1.0, 41.0)),
    ):
        result = normalized_mean_error(truth, found, normalizer=normalizer, threshold=0.08)
        np.testing.assert_allclose(result.per_face, error / length, rtol=1e-12)
        assert result.mean == pytest.approx(np.mean(error / length), rel=1e-12)
        assert result.failure_rate == np.mean(error / length > 0.08)
        steps = np.linspace(0, 0.08, 8001)
        curve = [(error / length <= t).mean() for t in steps]
        assert result.auc == pytest.approx(np.mean(curve), abs=3e-4)
    found[3, 7] = np.nan
    result = normalized_mean_error(truth, found)
    assert np.isnan(result.mean)
    assert result.failure_rate >= 1 / 40
    visible = np.ones((40, 68))
    visible[3, 7] = visible[5] = 0
    result = normalized_mean_error(truth, found, visible=visible)
    assert result.mean == pytest.approx(np.mean(np.delete(result.per_face, 5)))
    assert np.isnan(normalized_mean_error(truth[:0], found[:0]).mean)


def test_batches_of_poses_are_one_call(rng: np.random.Generator) -> None:
    poses = Poses(rng, count=50)
    whole = KeypointMetrics(thresholds=[0.1, 0.2])
    whole.update(poses.truth, poses.found, lengths=poses.lengths, visible=poses.visible)
    total = KeypointMetrics(thresholds=[0.1, 0.2])
    for first, last in itertools.pairwise([0, 1, 1, 30, 50]):
        part, rows = KeypointMetrics(thresholds=[0.1, 0.2]), slice(first, last)
        part.update(poses.truth[rows], poses.found[rows], lengths=poses.lengths[rows], visible=poses.visible[rows])
        total.merge(pickle.loads(pickle.dumps(part)))
    wanted, found = whole.compute(), total.compute()
    for name in ("overall", "mean", "per_joint", "num_visible"):
        np.testing.assert_array_equal(getattr(found, name), getattr(wanted, name))
    np.testing.assert_allclose(found.per_joint_error, wanted.per_joint_error, rtol=1e-15)
    assert found.mean_error == pytest.approx(wanted.mean_error, rel=1e-15)
    relative = poses.relative()
    assert wanted.mean_error == pytest.approx(relative[poses.visible].mean(), rel=1e-14)
    one = pck(poses.truth, poses.found, lengths=poses.lengths, visible=poses.visible, threshold=0.2)
    assert wanted.overall[1] == one.overall
    # Order and copies make no difference.
    order = np.repeat(rng.permutation(50), 2)
    twice = KeypointMetrics(thresholds=[0.1, 0.2])
    twice.update(poses.truth[order], poses.found[order], lengths=poses.lengths[order], visible=poses.visible[order])
    assert twice.compute().mean_error == pytest.approx(wanted.mean_error, rel=1e-15)
    np.testing.assert_array_equal(twice.compute().per_joint, wanted.per_joint)
    total.reset()
    assert np.isnan(total.compute().mean_error)
    with pytest.raises(ValueError, match=r"^other: expected the same thresholds$"):
        total.merge(KeypointMetrics())
    with pytest.raises(ValueError, match=r"^y_true: expected 7 keypoints as before, got 3$"):
        whole.update(np.zeros((1, 3, 2)), np.zeros((1, 3, 2)))


def test_wrong_poses_are_refused() -> None:
    pose = np.zeros((1, 2, 2))
    with pytest.raises(ValueError, match=r"^y_pred: expected the shape of y_true, \(1, 2, 2\), got \(2, 2, 2\)$"):
        pck(pose, np.zeros((2, 2, 2)), lengths=[1.0])
    with pytest.raises(
        ValueError, match=r"^y_true: expected finite coordinates where visible, got others at index 0, 1$"
    ):
        pck([[[0.0, 0.0], [NAN, 0.0]]], pose, lengths=[1.0])
    with pytest.raises(ValueError, match=r"^lengths: expected finite lengths > 0, got 0.0 at index 0$"):
        pck(pose, pose, lengths=[0.0])
    with pytest.raises(ValueError, match=r"^visible: expected shape \(1, 2\), got \(2,\)$"):
        pck(pose, pose, lengths=[1.0], visible=[1, 1])
    with pytest.raises(TypeError, match=r"^visible: expected flags or visibilities, got dtype <U1$"):
        pck(pose, pose, lengths=[1.0], visible=[["a", "b"]])
    with pytest.raises(ValueError, match=r"^align: expected None, 'root', 'scale' or 'procrustes', got 'none'$"):
        mean_per_joint_position_error(pose, pose, align="none")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=r"^root: expected a joint of 2, got 2$"):
        mean_per_joint_position_error(pose, pose, align="root", root=2)
    with pytest.raises(ValueError, match=r"^normalizer: expected 68 points for 'inter_ocular', got 2"):
        normalized_mean_error(pose, pose)
    with pytest.raises(ValueError, match=r"^normalizer: expected two of 2 points, got \(0, 5\)$"):
        normalized_mean_error(pose, pose, normalizer=(0, 5))
    with pytest.raises(ValueError, match=r"^max_threshold: expected a finite number > 0, got 0$"):
        pck_auc(pose, pose, lengths=[1.0], max_threshold=0)
