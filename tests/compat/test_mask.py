"""``metrix.compat.pycocotools.mask`` beside ``pycocotools.mask``: results, their types, and the exceptions."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

pytest.importorskip("pycocotools")
from pycocotools import mask as reference

from compat.comparison import difference
from effort import cases
from metrix.compat.pycocotools import mask as ours

RLE = {"size": [2, 3], "counts": b"231"}
TEXT = {"size": [2, 3], "counts": "231"}
UNCOMPRESSED = {"size": [2, 3], "counts": [2, 3, 1]}
BOXES = np.array([[0.0, 0.0, 2.0, 2.0], [1.0, 0.0, 2.0, 1.5]])


def outcome(call: Callable[[], Any]) -> Any:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # NumPy's, about how the reference makes arrays
            return call()
    except Exception as error:
        return f"raises {type(error).__name__}"


def assert_same(name: str, *arguments: Any) -> Any:
    """Both give the same, or raise exceptions of one type; what the reference gave."""
    expected = outcome(lambda: getattr(reference, name)(*arguments))
    got = outcome(lambda: getattr(ours, name)(*arguments))
    assert not difference(got, expected, f".ious {name}"), arguments
    return expected


@pytest.mark.parametrize(
    "pyobj",
    [
        [], [1, 2, 3, 4], [1, 2, 3, 4, 5, 6], [[1, 2, 3, 4]], [[1, 2]], [[1, 2]] * 4, [[1, 2]] * 5, (1, 2), "abcd",
        ["abcd"], ["abcdef"], [[1, 2, 3, 4, 5]], [[1, 2, 3, 4, 5], []], [[1, 2, 3, 4, 5], [1]], [np.arange(6)],
        [[1, 2, 3, 4, 5, 6], [1, 2, 3, 4]], [[[1, 2], [3, 4], [4, 5]]], [[(1, 2)] * 5], np.zeros(4), BOXES,
        BOXES.astype(int), BOXES.astype(np.float32), np.zeros((0, 4)), RLE, TEXT, UNCOMPRESSED, [RLE], [TEXT],
        [UNCOMPRESSED, UNCOMPRESSED], {"size": [2, 3], "counts": [2, -3, 1]}, {"size": [2, 3], "counts": [2.5, 3, 1]},
        {"size": [2, 3], "counts": [[2, 3, 1]]}, {"size": [2, 3]}, {"size": [2, 3], "counts": []},
        {"size": ["2", 3], "counts": [6]}, {"size": [2.0, 3], "counts": np.array([6])}, {**UNCOMPRESSED, "a": 1, "b": 2},
        [{**UNCOMPRESSED, "a": 1, "b": 2}], [{**UNCOMPRESSED, "a": 1, "b": 2, "c": 3}],
    ],
)  # fmt: skip
def test_objects_of_every_kind(pyobj: Any) -> None:
    assert_same("frPyObjects", pyobj, 5, 6)


@pytest.mark.parametrize("size", [(-1, 3), (2.0, 3), (np.int64(4), 3), ("2", 3), (0, 0), (3, 0)])
def test_sizes_of_every_kind(size: tuple[Any, Any]) -> None:
    assert_same("frPyObjects", [[0, 0, 1, 1, 2, 2]], *size)


@pytest.mark.parametrize("name", ["area", "toBbox", "decode", "merge"])
@pytest.mark.parametrize(
    "masks",
    [RLE, TEXT, UNCOMPRESSED, [RLE], [RLE, TEXT], (RLE,), [UNCOMPRESSED], {"size": [2, 3]}, {"counts": b"231"}, [[2, 3]],
     {"size": [2.0, 3], "counts": b"231"}, {"size": [-2, 3], "counts": b"231"}, {"size": [2, 3], "counts": b"9"},
     {"size": [2, 3], "counts": 231}, {"size": [], "counts": b"231"}, {"size": ["2", 3], "counts": b"231"}],
)  # fmt: skip
def test_masks_of_every_kind(name: str, masks: Any) -> None:
    assert_same(name, masks)


@pytest.mark.parametrize("name", ["area", "toBbox", "merge"])
def test_no_masks(name: str) -> None:
    assert_same(name, [])
    assert ours.decode([]).shape == (0, 0, 0)  # the reference reads beyond its memory


@pytest.mark.parametrize("intersect", [0, 1, 2, True, "a", None, 1.0])
def test_merge_takes_an_integer(intersect: Any) -> None:
    assert_same("merge", [RLE, {"size": [2, 3], "counts": b"06"}], intersect)


@pytest.mark.parametrize(
    ("dt", "gt", "crowd"),
    [
        ([], [], []), ([], [], [0]), (BOXES, [], []), ([], BOXES, [0, 1]), (BOXES, BOXES, []), (BOXES, BOXES, [0, 1, 0]),
        (BOXES, BOXES, [256, 0]), (BOXES, BOXES, [-1, 0]), (BOXES, BOXES, 0), (BOXES, BOXES, [[0, 1]]),
        (BOXES[0], BOXES, [0, 0]), (BOXES.tolist(), BOXES, [0, 1]), (BOXES.tolist(), [RLE], [0]), ([RLE], [TEXT], [0]),
        ([RLE], [RLE, TEXT], np.array([1, 0])), ((RLE,), [RLE], [0]), (RLE, [RLE], [0]), ([RLE, [0, 0, 1, 1]], [RLE], [0]),
        ([(0, 0, 1, 1)], BOXES, [0, 0]), ([[0, 0, 1]], BOXES, [0, 0]), ([1, 2, 3, 4], BOXES, [0, 0]), ("abcd", BOXES, [0]),
        (np.zeros((0, 4)), BOXES, [0, 0]), (BOXES.astype(int), BOXES.astype(np.float32), [True, False]),
        ([UNCOMPRESSED], [RLE], [0]), (BOXES, BOXES, ["a", 0]), ([RLE], [RLE], [0.7]), (np.zeros((2, 5)), BOXES, [0, 0]),
        ([np.zeros(4)], BOXES, [0, 0]), (BOXES[::-1], BOXES[:, ::1], [0, 1]),
        ([RLE], [{"size": [3, 3], "counts": b"36"}], [0]),
    ],
)  # fmt: skip
def test_overlaps_of_every_kind(dt: Any, gt: Any, crowd: Any) -> None:
    assert_same("iou", dt, gt, crowd)


def test_boxes_in_fortran_order_are_boxes() -> None:
    """The reference reads the memory of such an array as if it were in C order."""
    assert not difference(ours.iou(np.asfortranarray(BOXES), BOXES, [0, 1]), reference.iou(BOXES, BOXES, [0, 1]))
    assert ours.frPyObjects(np.asfortranarray(BOXES), 5, 6) == reference.frPyObjects(BOXES, 5, 6)


@pytest.mark.parametrize(
    "image",
    [
        np.zeros((2, 3), dtype=np.uint8), np.asfortranarray(np.eye(3, dtype=np.uint8)), np.zeros((2, 3, 2), dtype=np.uint8),
        np.zeros((2, 3, 2), dtype=np.uint8, order="F"), np.zeros((2, 3), dtype=bool, order="F"), np.zeros(2, dtype=np.uint8),
        np.zeros((2, 3), order="F"), np.zeros((2, 3), dtype=np.int8, order="F"), [[1]],
        np.zeros((0, 3), dtype=np.uint8, order="F"),
        np.zeros((2, 3, 0), dtype=np.uint8, order="F"), np.zeros((1, 1, 1, 1), dtype=np.uint8),
        np.full((3, 3), 7, dtype=np.uint8, order="F"),
    ],
)  # fmt: skip
def test_images_of_every_kind(image: Any) -> None:
    assert_same("encode", image)


def test_random_masks_and_polygons(rng: np.random.Generator) -> None:
    """The kernels are compared elsewhere; here it is what they are called with, and what is made of their results."""
    for _ in range(cases(600)):
        height, width = rng.integers(1, 30, 2).tolist()
        images = np.asfortranarray(rng.random((height, width, int(rng.integers(1, 5)))) < rng.random())
        masks = assert_same("encode", images.astype(np.uint8, order="F"))
        assert_same("encode", images[:, :, 0].astype(np.uint8, order="F"))
        others = reference.encode(np.asfortranarray(images[::-1].astype(np.uint8)))
        crowd = rng.integers(0, 2, len(masks)).tolist()
        for name, arguments in {
            "iou": (masks, others, crowd), "area": (masks,), "toBbox": (masks,), "decode": (masks,),
            "merge": (masks, int(rng.integers(0, 2))),
        }.items():  # fmt: skip
            assert_same(name, *arguments)
        for name in ("area", "toBbox", "decode"):
            assert_same(name, masks[0])
        polygons = [(rng.random(int(rng.integers(6, 15))) * 1.5 - 0.2) * max(height, width) for _ in range(3)]
        assert_same("frPyObjects", [polygon.tolist() for polygon in polygons], height, width)
        assert_same("frPyObjects", np.round(rng.normal(5, 9, (3, 4)), 1), height, width)
        boxes = [np.round(rng.normal(5, 9, (int(rng.integers(0, 4)), 4)), int(rng.integers(0, 3))) for _ in range(2)]
        flags = rng.integers(0, 2, len(boxes[1]))
        assert_same("iou", *boxes, flags)
        assert_same("iou", boxes[0].tolist(), boxes[1].tolist(), flags.tolist())
