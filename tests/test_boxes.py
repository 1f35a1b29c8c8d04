"""metrix.boxes against its oracle (bit for bit), against pycocotools, and against torchvision's published values."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from effort import cases
from metrix import _core, boxes
from oracles import boxes as oracle
from oracles.boxes import same_bits

Floats = npt.NDArray[np.floating[Any]]
DTYPES = [np.float32, np.float64]
FORMATS = ["xyxy", "xywh", "cxcywh"]
PAIRWISE = ["box_iou", "generalized_box_iou", "distance_box_iou", "complete_box_iou"]
NAN, INF = float("nan"), float("inf")


def some_boxes(rng: np.random.Generator, count: int, dtype: Any = np.float64) -> Floats:
    """Boxes of one random kind, in numbers that suit any format: ties, no area, negative, huge, tiny, NaN, inf."""
    kind = rng.integers(8)
    if kind == 0:
        rows = rng.integers(0, 5, (count, 4)).astype(float)
    elif kind == 1:
        rows = rng.uniform(0, 100, (count, 4)) + np.array([0, 0, 50, 50])
    elif kind == 2:
        rows = rng.uniform(-100, 100, (count, 4))
    elif kind == 3:
        rows = rng.uniform(-1, 1, (count, 4)) * 10.0 ** rng.integers(-44, 38, (count, 1))
    elif kind == 4:
        rows = rng.uniform(0, 1, (count, 4)) * (1e300 if dtype == np.float64 else 1e38)
    elif kind == 5:
        rows = np.repeat(rng.uniform(0, 9, (1, 4)), count, axis=0) + rng.integers(0, 3, (count, 4)) * 1e-6
    else:
        rows = rng.integers(-2, 4, (count, 4)).astype(float)
    if kind >= 6 and count:
        special = np.array([NAN, INF, -INF, -0.0, 5e-324, 3e38, 1e-45])
        mask = rng.random((count, 4)) < 0.3
        rows[mask] = rng.choice(special, mask.sum())
    with np.errstate(all="ignore"):
        return rows.astype(dtype)


def image_boxes(rng: np.random.Generator, count: int, dtype: Any = np.float64, size: float = 300) -> Floats:
    corner = rng.uniform(0, size, (count, 2))
    return np.hstack([corner, corner + rng.uniform(1, 80, (count, 2))]).astype(dtype)


def call(function: Callable[..., Any], *args: Any, **options: Any) -> Any:
    """The oracle warns where it divides by 0; the kernels do not."""
    with np.errstate(all="ignore"):
        return function(*args, **options)


# ---------------------------------------------------------------------------------------------- areas and conversions


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("fmt", FORMATS)
def test_box_area_equals_its_definition(rng: np.random.Generator, fmt: Any, dtype: Any) -> None:
    for _ in range(cases(50)):
        rows = some_boxes(rng, int(rng.integers(0, 9)), dtype)
        assert same_bits(boxes.box_area(rows, fmt=fmt), call(oracle.box_area, rows, fmt))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("in_fmt", FORMATS)
@pytest.mark.parametrize("out_fmt", FORMATS)
def test_box_convert_equals_its_definition(rng: np.random.Generator, in_fmt: Any, out_fmt: Any, dtype: Any) -> None:
    for _ in range(cases(30)):
        rows = some_boxes(rng, int(rng.integers(0, 9)), dtype)
        got = boxes.box_convert(rows, in_fmt=in_fmt, out_fmt=out_fmt)
        assert same_bits(got, call(oracle.box_convert, rows, in_fmt, out_fmt))


def test_box_convert_gives_a_new_array_even_for_the_same_format() -> None:
    rows = np.ones((2, 4))
    got = boxes.box_convert(rows, in_fmt="xyxy", out_fmt="xyxy")
    got[:] = 5
    assert rows.max() == 1


def test_box_convert_of_published_rows() -> None:
    xyxy = np.array([[0, 0, 100, 100], [0, 0, 0, 0], [10, 15, 30, 35], [23, 35, 93, 95]], dtype=np.float32)
    xywh = np.array([[0, 0, 100, 100], [0, 0, 0, 0], [10, 15, 20, 20], [23, 35, 70, 60]], dtype=np.float32)
    cxcywh = np.array([[50, 50, 100, 100], [0, 0, 0, 0], [20, 25, 20, 20], [58, 65, 70, 60]], dtype=np.float32)
    rows = {"xyxy": xyxy, "xywh": xywh, "cxcywh": cxcywh}
    for in_fmt in rows:
        for out_fmt in rows:
            got = boxes.box_convert(rows[in_fmt], in_fmt=in_fmt, out_fmt=out_fmt)  # type: ignore[arg-type]
            assert same_bits(got, rows[out_fmt])


def test_box_area_of_published_rows() -> None:
    for dtype in DTYPES:
        rows = np.array(oracle.PUBLISHED_FLOAT_BOXES, dtype=dtype)
        assert boxes.box_area(rows) == pytest.approx(oracle.PUBLISHED_AREAS, abs=0.1)


# ------------------------------------------------------------------------------------------------------------ overlaps


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("fmt", FORMATS)
def test_box_iou_equals_its_definition(rng: np.random.Generator, fmt: Any, dtype: Any) -> None:
    for _ in range(cases(60)):
        first, second = (some_boxes(rng, int(rng.integers(0, 14)), dtype) for _ in range(2))
        if rng.random() < 0.5 and len(second) > 2 and len(first) > 2:
            second[:2] = first[:2]
        crowd = None if rng.random() < 0.4 else rng.integers(0, 3, len(second))
        want = call(oracle.box_iou, first, second, fmt, crowd)
        got = boxes.box_iou(first, second, fmt=fmt, crowd=crowd)
        assert same_bits(got, want)


@pytest.mark.parametrize("dtype", DTYPES)
def test_box_iou_of_a_corner_that_is_the_sum_of_opposite_infinities(dtype: Any) -> None:
    """No number of the box is NaN, but its far corner is; C's fmin takes the other box's corner instead."""
    first = np.array([[0, 0, 2, 2], [INF, 0, 1, 1]], dtype=dtype)
    second = np.array([[INF, 0, -INF, 2], [-INF, 0, INF, 2], [0, 0, 1, 1]], dtype=dtype)
    for crowd in (None, [0, 1, 0]):
        want = call(oracle.box_iou, first, second, "xywh", crowd)
        assert same_bits(boxes.box_iou(first, second, fmt="xywh", crowd=crowd), want)
    assert np.isfinite(want).any()


@pytest.mark.parity
@pytest.mark.parametrize("kernel", ["box_iou", "box_iou_block"])
def test_xywh_box_iou_equals_pycocotools(rng: np.random.Generator, kernel: str) -> None:
    mask = pytest.importorskip("pycocotools.mask")
    for _ in range(cases(1500)):
        first, second = (some_boxes(rng, int(rng.integers(1, 12))) for _ in range(2))
        if rng.random() < 0.5:
            second[0] = first[0]
        crowd = rng.integers(0, 2, len(second)).astype(np.uint8)
        want = np.ascontiguousarray(mask.iou(first, second, crowd))
        if kernel == "box_iou":
            got = boxes.box_iou(first, second, fmt="xywh", crowd=crowd)
        else:
            got = _core.boxes.box_iou_block(first, second, crowd)
        assert same_bits(got, want)


@pytest.mark.parametrize(
    "shape", [(0, 3), (3, 0), (0, 0), (1, 1), (7, 3), (3, 4), (5, 5), (2, 63), (2, 64), (2, 65), (3, 130)]
)
def test_box_iou_block_of_any_shape_equals_box_iou(rng: np.random.Generator, shape: tuple[int, int]) -> None:
    for _ in range(cases(20)):
        first, second = (some_boxes(rng, count) for count in shape)
        crowd = rng.integers(0, 2, len(second)).astype(np.uint8)
        want = boxes.box_iou(first, second, fmt="xywh", crowd=crowd)
        assert same_bits(_core.boxes.box_iou_block(first, second, crowd), want)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", PAIRWISE)
def test_overlaps_equal_their_definition(rng: np.random.Generator, name: str, dtype: Any) -> None:
    for _ in range(cases(60)):
        first, second = (some_boxes(rng, int(rng.integers(0, 14)), dtype) for _ in range(2))
        if rng.random() < 0.5 and len(second) > 2 and len(first) > 2:
            second[:2] = first[:2]
        got = getattr(boxes, name)(first, second)
        want = call(getattr(oracle, name), first, second)
        if name == "complete_box_iou":  # its arc tangent comes from another library
            tolerance = 1e-12 if dtype == np.float64 else 1e-5
            np.testing.assert_allclose(got, want, rtol=tolerance, atol=tolerance)
            assert got.dtype == want.dtype
        else:
            assert same_bits(got, want)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", PAIRWISE)
def test_paired_forms_are_the_diagonal(rng: np.random.Generator, name: str, dtype: Any) -> None:
    # paired_box_iou, paired_generalized_box_iou, paired_distance_box_iou, paired_complete_box_iou
    for _ in range(cases(40)):
        count = int(rng.integers(0, 14))
        first, second = (some_boxes(rng, count, dtype) for _ in range(2))
        options = [{}]
        if name == "box_iou":
            crowd = rng.integers(0, 2, count)
            options = [{"fmt": fmt, "crowd": flags} for fmt in FORMATS for flags in (None, crowd)]
        for option in options:
            got = getattr(boxes, f"paired_{name}")(first, second, **option)
            assert same_bits(got, getattr(boxes, name)(first, second, **option).diagonal())


@pytest.mark.parametrize("dtype", [*DTYPES, np.int16, np.int64])
@pytest.mark.parametrize("name", PAIRWISE)
def test_overlaps_of_published_boxes(name: str, dtype: Any) -> None:
    function = getattr(boxes, name)
    first, second = (np.array(rows, dtype=dtype) for rows in (oracle.PUBLISHED_INT_BOXES1, oracle.PUBLISHED_INT_BOXES2))
    np.testing.assert_allclose(function(first, second), oracle.PUBLISHED_INT[name], rtol=0, atol=1e-4)
    if np.dtype(dtype).kind == "f":
        rows = np.array(oracle.PUBLISHED_FLOAT_BOXES, dtype=dtype)
        np.testing.assert_allclose(function(rows, rows), oracle.PUBLISHED_FLOAT, rtol=0, atol=1e-3)


@pytest.mark.parametrize("name", PAIRWISE)
@pytest.mark.parametrize("shape", [(700, 1100), (1, 2000), (2000, 1), (33, 511), (17, 513)])
def test_bits_do_not_depend_on_tiles_or_threads(rng: np.random.Generator, name: str, shape: tuple[int, int]) -> None:
    first, second = (image_boxes(rng, count, np.float32) for count in shape)
    function = getattr(boxes, name)
    serial = function(first, second, num_threads=1)
    assert same_bits(function(first, second, num_threads=3), serial)
    rows, columns = rng.integers(0, shape[0], 20), rng.integers(0, shape[1], 20)
    assert same_bits(serial[rows, columns], getattr(boxes, f"paired_{name}")(first[rows], second[columns]))


# Corners, one by one.


def test_two_points_have_no_iou_in_xyxy_and_zero_in_xywh() -> None:
    point, other = np.array([[5.0, 5, 5, 5]]), np.array([[1.0, 1, 0, 0]])
    assert np.isnan(boxes.box_iou(point, point)).all()
    assert same_bits(boxes.box_iou(other, other, fmt="xywh"), np.zeros((1, 1)))
    assert np.isnan(boxes.generalized_box_iou(point, point)).all()


def test_touching_boxes_do_not_overlap() -> None:
    assert same_bits(boxes.box_iou([[0, 0, 2, 2]], [[2, 0, 4, 2], [0, 2, 2, 4]]), np.zeros((1, 2)))
    assert same_bits(boxes.box_iou([[0, 0, 2, 2]], [[2, 0, 2, 2], [0, 2, 2, 2]], fmt="xywh"), np.zeros((1, 2)))


def test_nan_in_a_box() -> None:
    row = [[0.0, 0, 2, 2]]
    for place in range(4):
        bad = np.array(row)
        bad[0, place] = NAN
        for fmt in ("xyxy", "cxcywh"):
            assert np.isnan(boxes.box_iou(row, bad, fmt=fmt)).all()
            assert np.isnan(boxes.box_iou(bad, row, fmt=fmt)).all()
    # fmin and fmax pass over the NaN corner, but the area is NaN; without overlap the answer is still 0.
    assert np.isnan(boxes.box_iou(row, [[0, 0, NAN, 2]], fmt="xywh")).all()
    assert boxes.box_iou(row, [[9, 0, NAN, 2]], fmt="xywh").tolist() == [[0.0]]
    # A NaN corner is passed over and the area stays finite.
    assert boxes.box_iou(row, [[NAN, 0, 2, 2]], fmt="xywh").tolist() == [[1.0]]


def test_infinite_boxes() -> None:
    everything = [[-INF, -INF, INF, INF]]
    assert boxes.box_iou(everything, [[0, 0, 1, 1]]).tolist() == [[0.0]]
    assert np.isnan(boxes.box_iou(everything, everything)).all()


def test_crowd_divides_by_the_area_of_the_first_box() -> None:
    inside, half, region = [2.0, 2, 4, 4], [0.0, 2, 4, 4], [2.0, 0, 100, 100]
    assert boxes.box_iou([inside, half], [region], fmt="xywh", crowd=[1]).tolist() == [[1.0], [0.5]]
    assert boxes.box_iou([[2, 2, 6, 6]], [[2, 0, 102, 100]], crowd=[True]).tolist() == [[1.0]]


def test_float32_stays_float32_and_all_else_is_float64() -> None:
    narrow, wide = np.ones((2, 4), np.float32), np.ones((3, 4))
    assert boxes.box_iou(narrow, narrow).dtype == np.float32
    assert boxes.box_iou(narrow, wide).dtype == np.float64
    assert boxes.box_iou(wide, narrow).dtype == np.float64
    assert boxes.box_iou(np.ones((2, 4), np.int32), narrow).dtype == np.float64
    assert boxes.box_area(np.ones((2, 4), np.float16)).dtype == np.float64


@pytest.mark.parametrize("name", PAIRWISE)
def test_empty_sets_keep_their_shape(name: str) -> None:
    function = getattr(boxes, name)
    assert function(np.zeros((0, 4)), np.ones((3, 4))).shape == (0, 3)
    assert function(np.ones((2, 4)), []).shape == (2, 0)
    assert function([], []).shape == (0, 0)
    assert getattr(boxes, f"paired_{name}")([], []).shape == (0,)


@pytest.mark.parametrize("name", PAIRWISE)
def test_out_is_filled_and_returned(rng: np.random.Generator, name: str) -> None:
    function = getattr(boxes, name)
    for dtype in DTYPES:
        first, second = image_boxes(rng, 4, dtype), image_boxes(rng, 4, dtype)
        want = function(first, second)
        out = np.full((4, 4), 7, dtype)
        assert function(first, second, out=out) is out
        assert same_bits(out, want)
        assert function(first, second, out=first) is first  # the input may be overwritten
        assert same_bits(first, want)


def test_out_that_does_not_fit_is_refused() -> None:
    rows = np.ones((2, 4))
    locked = np.zeros((2, 2))
    locked.flags.writeable = False
    with pytest.raises(ValueError, match=r"out: expected shape \(2, 2\), got \(2, 3\)"):
        boxes.box_iou(rows, rows, out=np.zeros((2, 3)))
    with pytest.raises(TypeError, match="out: expected dtype float64, got float32"):
        boxes.box_iou(rows, rows, out=np.zeros((2, 2), np.float32))
    with pytest.raises(ValueError, match="out: expected a writeable"):
        boxes.box_iou(rows, rows, out=locked)
    with pytest.raises(ValueError, match="out: expected a writeable"):
        boxes.box_iou(rows, rows, out=np.zeros((2, 2), order="F"))
    with pytest.raises(TypeError, match="out: expected an array"):
        boxes.box_iou(rows, rows, out=[[0, 0], [0, 0]])  # type: ignore[arg-type]


# --------------------------------------------------------------------------------------------------------- suppression


def ties(rng: np.random.Generator, count: int) -> Floats:
    return rng.integers(0, int(rng.integers(1, 50)), count) / 49


@pytest.mark.parametrize("dtype", DTYPES)
def test_nms_equals_its_definition(rng: np.random.Generator, dtype: Any) -> None:
    for case in range(cases(60)):
        count = int(rng.integers(0, 20)) if case % 2 else int(rng.integers(250, 400))
        rows = some_boxes(rng, count, dtype) if case % 4 < 2 else image_boxes(rng, count, dtype)
        scores = ties(rng, count).astype(dtype)
        threshold = float(rng.choice([0.0, 1e-300, 0.1, 0.5, 0.7, 0.95, 1.0, rng.random()]))
        got = boxes.nms(rows, scores, iou_threshold=threshold)
        assert same_bits(got, call(oracle.nms, rows, scores, threshold))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("threshold", [0.0, 0.05, 0.5, 0.9])
def test_nms_of_many_boxes_of_all_sizes(rng: np.random.Generator, threshold: float, dtype: Any) -> None:
    # Sizes over twelve powers of ten, clusters far from each other, near duplicates: the grid must miss no pair.
    count = 900
    corner = rng.uniform(0, 1, (count, 2)) * 10.0 ** rng.integers(-2, 5, (count, 1))
    rows = np.hstack([corner, corner + 10.0 ** rng.uniform(-6, 6, (count, 2))])
    rows[300:600] = rows[rng.integers(0, 300, 300)] * (1 + rng.normal(0, 0.02, (300, 4)))
    rows = rows.astype(dtype)
    scores = rng.random(count).astype(dtype)
    assert same_bits(boxes.nms(rows, scores, iou_threshold=threshold), call(oracle.nms, rows, scores, threshold))


def test_nms_compares_in_double(rng: np.random.Generator) -> None:
    # The IoU 0.2f is above the double 0.2, and 0.7f is below the double 0.7.
    for part, kept in ((2, [0]), (7, [0, 1])):
        rows = np.array([[0, 0, 10, 10], [0, 0, part, 10]], np.float32)
        assert boxes.nms(rows, np.array([1, 0.5], np.float32), iou_threshold=part / 10).tolist() == kept


def test_nms_suppresses_above_the_threshold_only() -> None:
    rows = [[0, 0, 10, 10], [0, 0, 10, 5]]
    assert boxes.nms(rows, [1, 0.5], iou_threshold=0.5).tolist() == [0, 1]
    assert boxes.nms(rows, [1, 0.5], iou_threshold=0.4999).tolist() == [0]


def test_nms_ties_go_to_the_lower_index() -> None:
    rows = [[0, 0, 10, 10], [0, 0, 10, 9], [0, 0, 10, 10]]
    assert boxes.nms(rows, [0.5, 0.5, 0.5], iou_threshold=0.5).tolist() == [0]
    assert boxes.nms(rows, [0.5, 0.7, 0.7], iou_threshold=0.5).tolist() == [1]
    assert boxes.nms(rows, [0.0, -0.0, 0.0], iou_threshold=2).tolist() == [0, 1, 2]


@pytest.mark.parametrize("count", [5, 600])
def test_nms_keeps_boxes_that_overlap_nothing(count: int) -> None:
    for odd in ([1.0, 1, 1, 5], [5.0, 5, 1, 1], [NAN, 0, 9, 9], [0, 0, INF, INF], [3.0, 3, 2, 9]):
        rows = np.repeat([odd], count, axis=0)
        assert boxes.nms(rows, np.zeros(count), iou_threshold=0).tolist() == list(range(count))


@pytest.mark.parametrize("dtype", DTYPES)
def test_batched_nms_equals_its_definition(rng: np.random.Generator, dtype: Any) -> None:
    for case in range(cases(40)):
        count = int(rng.integers(0, 20)) if case % 2 else int(rng.integers(300, 900))
        rows = some_boxes(rng, count, dtype) if case % 4 < 2 else image_boxes(rng, count, dtype)
        scores = ties(rng, count).astype(dtype)
        idxs = rng.choice([-(2**60), -1, 0, 3, 2**62], count) if case % 3 else np.zeros(count, np.int64)
        threshold = float(rng.choice([0.0, 0.3, 0.7]))
        want = call(oracle.batched_nms, rows, scores, idxs, threshold)
        for num_threads in (1, 2):
            got = boxes.batched_nms(rows, scores, idxs, iou_threshold=threshold, num_threads=num_threads)
            assert same_bits(got, want)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("method", ["linear", "gaussian"])
def test_soft_nms_equals_its_definition(rng: np.random.Generator, method: Any, dtype: Any) -> None:
    for case in range(cases(30)):
        count = int(rng.integers(0, 25))
        rows = some_boxes(rng, count, dtype) if case % 2 else image_boxes(rng, count, dtype, size=60)
        scores = ties(rng, count).astype(dtype)
        options = {
            "iou_threshold": float(rng.choice([0.0, 0.3, 0.8])),
            "sigma": float(rng.choice([0.1, 0.5, 2.0])),
            "score_threshold": float(rng.choice([0.0, 0.001, 0.2])),
        }
        got = boxes.soft_nms(rows, scores, method=method, **options)
        indices, values = call(oracle.soft_nms, rows, scores, method, **options)
        assert same_bits(got.indices, indices)
        assert same_bits(got.scores, values)


def test_soft_nms_reduces_to_nms_of_what_stays_above() -> None:
    rows = [[0, 0, 10, 10], [0, 0, 10, 10], [0, 0, 10, 5]]
    kept = boxes.soft_nms(rows, [0.9, 0.8, 0.6], score_threshold=0.01)
    assert kept.indices.tolist() == [0, 2]  # the duplicate falls to 0
    assert kept.scores.tolist() == [0.9, 0.3]


def test_soft_nms_drops_low_scores_at_the_beginning() -> None:
    assert boxes.soft_nms([[0, 0, 1, 1], [5, 5, 6, 6]], [0.5, 1e-4]).indices.tolist() == [0]
    assert boxes.soft_nms([[0, 0, 1, 1]], [0.001]).indices.tolist() == [0]  # the threshold itself is let pass


def test_suppression_of_nothing() -> None:
    assert boxes.nms([], [], iou_threshold=0.5).dtype == np.int64
    assert boxes.nms([], [], iou_threshold=0.5).shape == (0,)
    assert boxes.batched_nms([], [], [], iou_threshold=0.5).shape == (0,)
    kept = boxes.soft_nms([], [])
    assert kept.indices.shape == kept.scores.shape == (0,)


# -------------------------------------------------------------------------------------------------------------- errors

ROW = [[0, 0, 1, 1]]
BAD_CALLS: list[tuple[Callable[[], object], type[Exception], str]] = [
    (lambda: boxes.box_area([[1, 2, 3]]), ValueError, r"boxes: expected shape \(N, 4\), got \(1, 3\)"),
    (lambda: boxes.box_area(["a"]), TypeError, "boxes: expected real numbers"),
    (lambda: boxes.box_area(ROW, fmt="yxyx"), ValueError, "fmt: expected one of"),  # type: ignore[arg-type]
    (lambda: boxes.box_convert(ROW, in_fmt="xyxy", out_fmt=[]), ValueError, "out_fmt: "),  # type: ignore[arg-type]
    (lambda: boxes.box_iou(ROW, [0, 0, 1, 1]), ValueError, r"boxes2: expected shape \(N, 4\), got \(4,\)"),
    (lambda: boxes.box_iou(ROW, ROW, crowd=[1, 0]), ValueError, "crowd: expected 1 elements, got 2"),
    (lambda: boxes.box_iou(ROW, ROW, crowd=[[1]]), ValueError, r"crowd: expected shape \(N,\), got \(1, 1\)"),
    (lambda: boxes.box_iou(ROW, ROW, crowd=[0.5]), TypeError, "crowd: expected integers, got dtype float64"),
    (lambda: boxes.box_iou(ROW, ROW, num_threads=0), ValueError, "num_threads"),
    (lambda: boxes.distance_box_iou(ROW, ROW, eps=-1), ValueError, "eps: expected a number >= 0, got -1"),
    (lambda: boxes.complete_box_iou(ROW, ROW, eps="1"), TypeError, "eps: expected a number"),  # type: ignore[arg-type]
    (lambda: boxes.paired_box_iou(ROW, ROW * 2), ValueError, r"boxes2: expected as many rows as boxes1 \(1\), got 2"),
    (lambda: boxes.nms(ROW, [0.5, 0.5], iou_threshold=0.5), ValueError, "scores: expected 1 elements, got 2"),
    (lambda: boxes.nms(ROW * 2, [0.5, NAN], iou_threshold=0.5), ValueError, "scores: .*NaN at index 1"),
    (lambda: boxes.nms(ROW, [0.5], iou_threshold=NAN), ValueError, "iou_threshold: expected a number >= 0, got nan"),
    (lambda: boxes.nms(ROW, [0.5], iou_threshold=-0.1), ValueError, "iou_threshold"),
    (lambda: boxes.batched_nms(ROW, [0.5], [0.5], iou_threshold=0.5), TypeError, "idxs: expected integers"),
    (lambda: boxes.batched_nms(ROW, [0.5], [1, 2], iou_threshold=0.5), ValueError, "idxs: expected 1 elements"),
    (lambda: boxes.soft_nms(ROW, [INF]), ValueError, "scores: expected finite numbers, got infinity at index 0"),
    (lambda: boxes.soft_nms(ROW, [0.5], method="hard"), ValueError, "method: expected"),  # type: ignore[arg-type]
    (lambda: boxes.soft_nms(ROW, [0.5], sigma=0), ValueError, "sigma: expected a number > 0"),
    (lambda: boxes.soft_nms(ROW, [0.5], score_threshold=-1), ValueError, "score_threshold"),
]


@pytest.mark.parametrize(("function", "error", "message"), BAD_CALLS)
def test_bad_input_is_named(function: Callable[[], object], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        function()


def test_any_layout_and_any_array_like_is_accepted(rng: np.random.Generator) -> None:
    rows = image_boxes(rng, 6)
    want = boxes.box_iou(rows, rows)
    assert same_bits(boxes.box_iou(np.asfortranarray(rows), rows.tolist()), want)
    assert same_bits(boxes.box_iou(np.repeat(rows, 2, axis=0)[::2], rows), want)
    assert same_bits(boxes.box_iou(rows.astype(">f8"), rows), want)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_similarities_by_distances_equal_their_definitions(rng: np.random.Generator, dtype: Any) -> None:
    near = 1e-5 if dtype == np.float32 else 1e-13
    for _ in range(cases(60)):
        first, second = (
            np.concatenate([corner, corner + rng.integers(0, 9, (count, 2))], axis=1).astype(dtype)
            for count in rng.integers(0, 6, 2)
            for corner in [rng.integers(0, 20, (count, 2))]
        )
        points = boxes.minimum_point_distance_box_iou(first, second, image_size=(30, 40))
        similar = boxes.normalized_wasserstein_distance(first, second, scale=12.8)
        assert points.shape == similar.shape == (len(first), len(second))
        assert points.dtype == similar.dtype == dtype
        overlaps = boxes.box_iou(first, second)
        for i, a in enumerate(first.tolist()):
            for j, b in enumerate(second.tolist()):
                corners = (a[0] - b[0]) ** 2 + (a[1] - b[1]) ** 2 + (a[2] - b[2]) ** 2 + (a[3] - b[3]) ** 2
                wanted = overlaps[i, j] - corners / (30**2 + 40**2)
                assert points[i, j] == pytest.approx(wanted, rel=near, abs=near, nan_ok=True)
                centres = (a[0] + a[2] - b[0] - b[2]) ** 2 / 4 + (a[1] + a[3] - b[1] - b[3]) ** 2 / 4
                sides = (a[2] - a[0] - b[2] + b[0]) ** 2 / 4 + (a[3] - a[1] - b[3] + b[1]) ** 2 / 4
                assert similar[i, j] == pytest.approx(np.exp(-np.sqrt(centres + sides) / 12.8), rel=near)
    with pytest.raises(ValueError, match=r"^image_size: expected height and width > 0, got \(0, 40\)$"):
        boxes.minimum_point_distance_box_iou(first, second, image_size=(0, 40))
    with pytest.raises(ValueError, match=r"^scale: expected a finite number > 0, got 0$"):
        boxes.normalized_wasserstein_distance(first, second, scale=0)
