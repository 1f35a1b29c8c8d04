"""Columns of masks, as the evaluation uses them: every kind against pycocotools.mask, bit for bit."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from effort import THOROUGH, at_least, cases
from metrix import _core
from metrix.masks import from_string, to_string
from oracles import masks as oracle
from random_masks import answer, compressed, odd_runs, random_image, random_polygon, random_runs, same

reference = pytest.importorskip("pycocotools.mask")

pytestmark = pytest.mark.parity

Column = tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray]


def make_column(records: Sequence[tuple[int, bytes, int, int]]) -> Column:
    """(kind, payload, height, width) of each mask; kind 1 string, 2 counts, 3 polygons."""
    offsets = np.cumsum([0, *(len(record[1]) for record in records)]).astype(np.uint64)
    payload = np.frombuffer(b"".join(record[1] for record in records), dtype=np.uint8)
    sides = [np.array([record[i] for record in records], dtype=np.uint32) for i in (2, 3)]
    return np.array([record[0] for record in records], dtype=np.uint8), offsets, payload, sides[0], sides[1]


def polygon_record(polygons: Sequence[Sequence[float]]) -> bytes:
    return b"".join(struct.pack(f"<Q{len(polygon)}d", len(polygon), *polygon) for polygon in polygons)


def random_record(
    rng: np.random.Generator, height: int, width: int
) -> tuple[tuple[int, bytes, int, int], dict[str, Any]]:
    """A record of any kind, and the same mask as a dict that the reference understands."""
    kind = int(rng.integers(5))
    if kind <= 2:
        polygons = [random_polygon(rng, height, width) for _ in range(rng.integers(1, 4) if kind else 1)]
        polygons = [polygon for polygon in polygons if len(polygon) > 4] or [[0.0, 0.0, 0.0, 5.0, 5.0, 5.0]]
        polygons += [[1.0, 2.0, 3.0, 4.0]] * int(rng.integers(2))
        return (3, polygon_record(polygons), height, width), reference.merge(
            reference.frPyObjects(polygons, height, width)
        )
    runs = random_runs(rng, height, width)
    mask = compressed((runs, height, width))
    if kind == 3:
        return (1, mask["counts"], height, width), mask
    return (2, np.array(runs, dtype="<u4").tobytes(), height, width), mask


def test_columns_of_every_kind_expand_to_the_references_runs(rng: np.random.Generator) -> None:
    made = [random_record(rng, *(int(side) for side in rng.integers(1, 60, 2))) for _ in range(cases(600))]
    expanded = _core.masks.expand(make_column([record for record, _ in made]))
    for (height, width, counts), (_, mask) in zip(expanded, made):
        assert {"size": [height, width], "counts": to_string(counts)} == mask


@pytest.mark.parametrize("size", [(1, 1), (9, 30), (40, 33), (120, 160)] + [(33_000, 3)] * THOROUGH)
def test_overlap_of_columns_is_the_references(rng: np.random.Generator, size: tuple[int, int]) -> None:
    sizes = [size] * 25 + [(size[1], size[0]), (size[0] + 1, size[1])]
    made = [[random_record(rng, *sides) for sides in sizes] for _ in range(2)]
    columns = [make_column([record for record, _ in side]) for side in made]
    dicts = [[mask for _, mask in side] for side in made]
    crowd = rng.integers(0, 2, len(sizes), dtype=np.uint8)
    want = np.ascontiguousarray(reference.iou(*dicts, crowd))
    overlaps, facts = _core.masks.overlap(*columns, crowd, 0.0)
    assert same(overlaps, want)
    for (pixels, box, regular, has_spans, _), mask in zip(facts, dicts[0] + dicts[1]):
        assert pixels == reference.area(mask)
        assert box == reference.toBbox(mask).tolist()
        assert regular
        assert has_spans or size[0] > 32_000 or len(from_string(mask["counts"])) > 64
    for floor in (1e-300, 0.01, 0.25, 0.5, 0.75, 0.95 + 0.04, 1.0, 2.0):
        overlaps, _ = _core.masks.overlap(*columns, crowd, floor)
        assert same(overlaps[want >= floor], want[want >= floor])
        assert (overlaps[want < floor] < floor).all()
    for exact in (0.0, -0.0, -1.0, -np.inf):
        assert same(_core.masks.overlap(*columns, crowd, exact)[0], want)


def test_overlap_of_odd_masks_is_the_references_or_refused(rng: np.random.Generator) -> None:
    none = np.zeros(1, dtype=np.uint8)
    compared = refused = 0
    for _ in range(cases(1500)):
        height, width = (int(side) for side in rng.integers(1, 7, 2))
        record, mask = random_record(rng, height, width)
        odd = (odd_runs(rng, height, width), height, width)
        other = from_string(mask["counts"]).tolist(), height, width
        pair = [odd, other] if rng.integers(2) else [other, odd]
        columns = [
            make_column([record if runs is other else (2, np.array(runs[0], dtype="<u4").tobytes(), height, width)])
            for runs in pair
        ]
        want = answer(oracle.iou, *pair, False)
        if want is None:
            refused += 1
            with pytest.raises(ValueError, match=r"^detections\[0\]: its runs sum to another total"):
                _core.masks.overlap(*columns, none, 0.0)
            continue
        compared += 1
        assert _core.masks.overlap(*columns, none, 0.0)[0].tolist() == [[want]]
    assert compared > at_least(400)
    assert refused > at_least(100)


@pytest.mark.parametrize("size", [(300, 50), (64, 64), (129, 30), (70, 3), (128, 9)] + [(33_000, 3)] * THOROUGH)
def test_ragged_masks_are_compared_by_bits(rng: np.random.Generator, size: tuple[int, int]) -> None:
    images = [rng.random(size) < share for share in (0.5, 0.5, 0.02, 0.98, 1.0, 0.0)] + [random_image(rng, *size)] * 4
    images[0][:, :1] = images[1][-5:] = False
    dicts = [reference.encode(np.asfortranarray(image, dtype=np.uint8)) for image in images]
    column = make_column([(1, mask["counts"], *size) for mask in dicts])
    crowd = rng.integers(0, 2, len(dicts), dtype=np.uint8)
    overlaps, facts = _core.masks.overlap(column, column, crowd, 0.0)
    assert same(overlaps, np.ascontiguousarray(reference.iou(dicts, dicts, crowd)))
    assert facts[1][3:] == (False, True)
    assert facts[4][3] == (size[0] < 32_768)


def test_masks_without_spans_or_bits_are_walked(rng: np.random.Generator) -> None:
    height, width = 40_000, 9_000
    runs = [[0, height * width], [5, height * width - 5], [0, 1, height * width - 2, 1]]
    dicts = [compressed((counts, height, width)) for counts in runs]
    column = make_column([(1, mask["counts"], height, width) for mask in dicts])
    overlaps, facts = _core.masks.overlap(column, column, np.zeros(3, dtype=np.uint8), 0.0)
    assert same(overlaps, np.ascontiguousarray(reference.iou(dicts, dicts, [0, 0, 0])))
    assert [fact[2:] for fact in facts] == [(True, False, False)] * 6


def test_columns_of_boxes_and_of_nothing() -> None:
    boxes = [[1.0, 2.0, 3.0, 4.0], [4.0, 4.0, 2.0, 2.0]]
    column = make_column([(3, polygon_record(boxes), 10, 12), (0, b"", 10, 12), (3, b"", 10, 12), (1, b"", 10, 12)])
    expanded = _core.masks.expand(column)
    united = reference.merge(reference.frPyObjects(np.array(boxes), 10, 12))
    assert to_string(expanded[0][2]) == united["counts"]
    assert [(height, width, counts.size) for height, width, counts in expanded[1:]] == [(10, 12, 0)] * 3
    overlaps, _ = _core.masks.overlap(column, column, np.zeros(4, dtype=np.uint8), 0.0)
    assert overlaps.tolist() == [[1.0, 0.0, 0.0, 0.0]] + [[0.0] * 4] * 3


@pytest.mark.parametrize(
    ("kind", "payload", "message"),
    [
        (1, b"P", "the counts string ends within a number"),
        (1, b"P" * 70, "the counts string has a number of more than 7 characters"),
        (2, b"12345", "its run lengths end within a number"),
        (3, b"1234567", "its polygons are cut off"),
        (3, struct.pack("<Q", 2**63), "its polygons are cut off"),
        (3, struct.pack("<Q2d", 3, 0, 0), "its polygons are cut off"),
        (3, polygon_record([[0.0] * 4, [0.0] * 6]), "its first polygon has 4 numbers and is a box; polygon 1 has 6"),
        (3, polygon_record([[0.0, np.nan] * 3]), "has a coordinate that is not finite, or beyond 2e8 pixels"),
        (3, polygon_record([[0.0, 0.0, np.inf, 1.0]]), "has a coordinate that is not finite, or beyond 2e8 pixels"),
        (4, b"", "is of no known kind: 4"),
    ],
)
def test_columns_with_malformed_records_are_refused(kind: int, payload: bytes, message: str) -> None:
    column = make_column([(0, b"", 5, 5), (kind, payload, 5, 5)])
    with pytest.raises(ValueError, match=rf"^masks\[1\]: {message}"):
        _core.masks.expand(column)
    with pytest.raises(ValueError, match=rf"^ground_truth\[1\]: {message}"):
        _core.masks.overlap(make_column([]), column, np.zeros(2, dtype=np.uint8), 0.0)
