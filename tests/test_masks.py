"""metrix.masks against its definition and against pycocotools.mask, bit for bit."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np
import pytest

from effort import at_least, cases, thorough
from metrix.masks import (
    area,
    decode,
    encode,
    from_boxes,
    from_objects,
    from_polygons,
    from_string,
    iou,
    merge,
    to_boxes,
    to_string,
)
from oracles import masks as oracle
from random_masks import (
    Runs,
    answer,
    compressed,
    odd_runs,
    random_image,
    random_polygon,
    random_runs,
    random_size,
    same,
)

reference = pytest.importorskip("pycocotools.mask")

pytestmark = [
    pytest.mark.parity,
    pytest.mark.filterwarnings("ignore:__array__ implementation doesn't accept a copy keyword:DeprecationWarning"),
]

# Boundaries, ``boundary`` and ``boundary_iou``, have their tests in test_boundary.py.

# ---- encode and decode -----------------------------------------------------------------------------------------------


def layouts(image: np.ndarray) -> Iterable[np.ndarray]:
    """The same pixels in every memory order."""
    yield np.ascontiguousarray(image)
    yield np.asfortranarray(image)
    yield np.pad(image, 3, constant_values=7)[3:-3, 3:-3]
    yield np.asfortranarray(np.pad(image, 2, constant_values=9))[2:-2, 2:-2]
    yield np.ascontiguousarray(image[::-1, ::-1])[::-1, ::-1]
    yield np.repeat(np.repeat(image, 2, axis=0), 3, axis=1)[::2, ::3]


def test_encode_and_decode_are_the_references_in_every_layout(rng: np.random.Generator) -> None:
    sizes = [(0, 0), (0, 5), (5, 0), (1, 1), (1, 70), (70, 1), (2, 64), (64, 65), (130, 129)]
    sizes += [random_size(rng) for _ in range(cases(120))]
    for height, width in sizes:
        image = random_image(rng, height, width)
        want = reference.encode(np.asfortranarray(image))
        assert want == compressed((oracle.encode(image), height, width))
        for layout in layouts(image):
            assert encode(layout) == want
            assert encode(layout.view(np.bool_)) == want
        if height * width > 0:
            decoded = decode(want)
            assert same(decoded, reference.decode(want))
            assert decoded.flags.f_contiguous
            assert np.array_equal(decoded, oracle.decode(from_string(want["counts"]).tolist(), height, width))


def test_encode_and_decode_take_stacks_in_every_layout(rng: np.random.Generator) -> None:
    for count in (0, 1, 2, 7):
        for height, width in [(1, 1), (3, 5), (20, 70), (0, 4)]:
            stack = np.zeros((height, width, count), dtype=np.uint8)
            for i in range(count):
                stack[:, :, i] = random_image(rng, height, width)
            want = reference.encode(np.asfortranarray(stack))
            for order in ((0, 1, 2), (2, 0, 1), (2, 1, 0), (1, 0, 2), (1, 2, 0), (0, 2, 1)):
                back = np.argsort(order)
                layout = np.ascontiguousarray(stack.transpose(order)).transpose(back)
                assert encode(layout, num_threads=2) == want
            if count > 0:
                assert same(decode(want, num_threads=2), reference.decode(want))
    assert decode([]).shape == (0, 0, 0)


def test_encode_starts_a_run_wherever_the_byte_changes(rng: np.random.Generator) -> None:
    for _ in range(cases(100)):
        height, width = random_size(rng, 90)
        image = rng.choice(np.array([0, 1, 2, 255], dtype=np.uint8), (height, width), p=[0.7, 0.1, 0.1, 0.1])
        image = np.sort(image, axis=int(rng.integers(2)))
        want = reference.encode(np.asfortranarray(image))
        assert encode(image) == encode(np.asfortranarray(image)) == want
        assert want["counts"] == oracle.to_string(oracle.encode(image))


def test_encode_of_noise_beyond_the_room_that_is_sorted_at_once(rng: np.random.Generator) -> None:
    image = rng.integers(0, 2, (1200, 2100), dtype=np.uint8)
    image[:, 0] = np.arange(1200) % 2
    image[-1] = 1  # so that a half begins behind a foreground pixel, wherever halves meet
    assert encode(image) == reference.encode(np.asfortranarray(image))


@thorough
def test_decode_of_masks_on_a_large_canvas() -> None:
    mask = {"size": [10_000, 12_000], "counts": [0, 1, 119_999_998, 1]}
    assert area(mask) == 2
    decoded = decode(mask)
    assert decoded.shape == (10_000, 12_000)
    assert decoded[0, 0] == decoded[-1, -1] == 1


# ---- area, to_boxes, iou, merge --------------------------------------------------------------------------------------


def test_area_and_to_boxes_are_the_references(rng: np.random.Generator) -> None:
    masks: list[Runs] = []
    for i in range(cases(1500)):
        height, width = random_size(rng, 25)
        masks.append(((random_runs if i % 2 else odd_runs)(rng, height, width), height, width))
    wanted = [answer(oracle.to_box, *mask) for mask in masks]
    defined = [compressed(mask) for mask, box in zip(masks, wanted) if box is not None]
    assert len(defined) > at_least(1300)
    # The reference's area refuses more than 255 masks.
    assert same(area(defined), np.concatenate([reference.area(defined[i : i + 250]) for i in range(0, 1500, 250)]))
    assert same(to_boxes(defined), reference.toBbox(defined))
    assert same(to_boxes(defined), np.array([box for box in wanted if box is not None], dtype=np.float64))
    assert area(defined).tolist() == [oracle.area(mask[0]) for mask, box in zip(masks, wanted) if box is not None]
    for mask, box in zip(masks, wanted):
        if box is None:
            with pytest.raises(ValueError, match=r"^masks\[0\]: has foreground pixels, but its size has no rows"):
                to_boxes([compressed(mask)])
    one = compressed(masks[1])
    assert same(area(one), reference.area(one))
    assert same(to_boxes(one), reference.toBbox(one))


def test_iou_of_ordinary_masks_is_the_references(rng: np.random.Generator) -> None:
    for height, width in [(1, 1), (7, 1), (1, 9), (13, 17), (40, 33), (101, 64)]:
        for _ in range(4):
            sizes = [(height, width)] * 6 + [(width, height), (height + 1, width)]
            detections, truths = (
                [compressed((random_runs(rng, *size), *size)) for size in rng.permutation(sizes).tolist()]
                for _ in range(2)
            )
            crowd = rng.integers(0, 2, len(truths))
            assert same(
                iou(detections, truths, crowd=crowd), np.ascontiguousarray(reference.iou(detections, truths, crowd))
            )
            assert same(iou(detections, truths), np.ascontiguousarray(reference.iou(detections, truths, crowd * 0)))


def test_iou_of_odd_masks_is_the_references_or_refused(rng: np.random.Generator) -> None:
    compared = refused = positive = 0
    for _ in range(cases(1500)):
        height, width = (int(side) for side in rng.integers(0, 7, 2))
        pair = [(odd_runs(rng, height, width), height, width) for _ in range(2)]
        if rng.integers(8) == 0:
            pair[1] = (pair[1][0], width, height)
        if rng.integers(3) == 0:
            total, other = sum(pair[0][0]), sum(pair[1][0])
            if total > other and pair[1][0]:
                pair[1][0][-1] += total - other
        crowd = bool(rng.integers(2))
        want = answer(oracle.iou, *pair, crowd)
        dicts = [compressed(mask) for mask in pair]
        if want is None:
            refused += 1
            with pytest.raises(ValueError, match=r"^(detections|ground_truth)\[0\]: (its runs sum|has foreground)"):
                iou(dicts[:1], dicts[1:], crowd=[crowd])
            continue
        compared += 1
        positive += want > 0
        assert same(iou(dicts[:1], dicts[1:], crowd=[crowd]), np.array([[want]]))
        assert same(reference.iou(dicts[:1], dicts[1:], [crowd]), np.array([[want]]))
    assert compared > at_least(800)
    assert refused > at_least(50)
    assert positive > at_least(100)


def test_merge_of_ordinary_masks_is_the_references(rng: np.random.Generator) -> None:
    for _ in range(cases(300)):
        height, width = random_size(rng, 30)
        masks = [compressed((random_runs(rng, height, width), height, width)) for _ in range(rng.integers(1, 8))]
        for intersect in (False, True):
            assert merge(masks, intersect=intersect) == reference.merge(masks, intersect)
    assert merge([]) == {"size": [0, 0], "counts": b""}
    other = {"size": [1, 7], "counts": b"7"}
    assert merge([masks[0], other]) == reference.merge([masks[0], other])


def test_merge_of_odd_masks_is_the_references_or_refused(rng: np.random.Generator) -> None:
    compared = refused = 0
    for _ in range(cases(2500)):
        height, width = (int(side) for side in rng.integers(0, 7, 2))
        masks = [(odd_runs(rng, height, width), height, width) for _ in range(rng.integers(1, 4))]
        if rng.integers(2):
            total = max(sum(mask[0]) for mask in masks)
            for mask in masks:
                if mask[0] and total < 2**30:
                    mask[0][-1] += total - sum(mask[0])
        if rng.integers(10) == 0:
            masks[-1] = (masks[-1][0], width, height)
        intersect = bool(rng.integers(2))
        want = answer(oracle.merge, masks, intersect)
        dicts = [compressed(mask) for mask in masks]
        if want is None:
            refused += 1
            with pytest.raises(
                ValueError, match=r"^masks\[\d\]: (has no runs|has, alone or merged, more|its runs sum)"
            ):
                merge(dicts, intersect=intersect)
            continue
        compared += 1
        assert merge(dicts, intersect=intersect) == compressed(want)
        # The reference takes 6 characters per run for its string and one for its end, whatever it will need.
        if len(compressed(want)["counts"]) < max(24, 6 * len(want[0])):
            assert reference.merge(dicts, intersect) == compressed(want)
    assert compared > at_least(1000)
    assert refused > at_least(300)


# ---- polygons --------------------------------------------------------------------------------------------------------


def reference_polygons(polygons: Sequence[Sequence[float]], height: int, width: int) -> Any:
    # The first polygon decides how all are read: give it a length that means polygons.
    return reference.frPyObjects([[0.0] * 6, *polygons], height, width)[1:]


@pytest.mark.parametrize("size", [(0, 0), (1, 1), (0, 5), (2, 3), (17, 1), (1, 30), (60, 40), (480, 640), (700, 500)])
def test_from_polygons_is_the_references(rng: np.random.Generator, size: tuple[int, int]) -> None:
    polygons = [random_polygon(rng, *size) for _ in range(cases(500))]
    ours = from_polygons(polygons, *size)
    assert ours == reference_polygons(polygons, *size)
    for polygon, mask in list(zip(polygons, ours))[: 60 if max(size) < 100 else 3]:
        assert from_string(mask["counts"]).tolist() == oracle.from_polygon(polygon, *size)


def test_from_polygons_on_a_canvas_without_columns(rng: np.random.Generator) -> None:
    polygons = [random_polygon(rng, 30, 30) for _ in range(cases(200))]
    assert from_polygons(polygons, 30, 0) == reference_polygons(polygons, 30, 0)


def test_from_polygons_far_outside(rng: np.random.Generator) -> None:
    for size in [(5, 4), (480, 640)]:
        polygons = []
        for _ in range(cases(60)):
            xy = rng.uniform(-1, 1, (int(rng.integers(3, 6)), 2)) * 10.0 ** rng.uniform(1, 5, (1, 2))
            polygons.append((np.round(xy) if rng.integers(2) else xy).ravel().tolist())
        assert from_polygons(polygons, *size) == reference_polygons(polygons, *size)


def test_from_polygons_with_many_borders_in_a_column(rng: np.random.Generator) -> None:
    for points in (9, 17, 18, 33, 34, 70, 300):
        y = rng.uniform(-5, 105, points)
        comb = np.stack([np.where(np.arange(points) % 2, 2.0, 90.0) + rng.uniform(-3, 3, points), y], axis=1)
        polygons = [comb.ravel().tolist(), rng.uniform(0, 100, 2 * points).tolist()]
        assert from_polygons(polygons, 100, 100) == reference_polygons(polygons, 100, 100)


def test_from_polygons_on_huge_canvases(rng: np.random.Generator) -> None:
    for size in [(40_000, 25_000), (70_000, 20), (20, 90_000), (2**31 - 1, 1), (1, 2**31 - 1)]:
        scale = np.minimum([size[1], size[0]], 3000)
        polygons = [(rng.uniform(-0.1, 1, (5, 2)) * scale).ravel().tolist() for _ in range(3)]
        assert from_polygons(polygons, *size) == reference_polygons(polygons, *size)


def test_from_polygons_takes_arrays_and_tuples() -> None:
    triangle = [1.0, 1.0, 8.0, 1.0, 8.0, 8.0]
    want = reference.frPyObjects([triangle], 10, 10)
    forms = [tuple(triangle), np.array(triangle), np.array(triangle).reshape(3, 2), np.array(triangle, dtype=np.int64)]
    for polygon in [*forms, [1, 1, 8, 1, 8, 8], [[1, 1], [8, 1], [8, 8]], [np.float32(x) for x in triangle]]:
        assert from_polygons([polygon], 10, 10) == want
    assert from_polygons(np.array([triangle]), 10, 10) == want
    assert from_polygons([[*triangle, 77.0]], 10, 10) == want
    assert from_polygons([], 10, 10) == []


def test_from_boxes_is_the_references(rng: np.random.Generator) -> None:
    boxes = rng.uniform(-10, 60, (500, 4))
    boxes[::2] = np.round(boxes[::2])
    boxes[::5, 2:] *= -1
    for size in [(50, 60), (1, 1), (0, 3)]:
        assert from_boxes(boxes, *size) == reference.frPyObjects(boxes, *size)
    assert from_boxes([], 5, 5) == []


def test_from_objects_follows_its_first_element() -> None:
    triangle, box = [1.0, 1.0, 8.0, 1.0, 8.0, 8.0], [1.0, 2.0, 3.0, 4.0]
    mask = {"size": [10, 10], "counts": [20, 5, 75]}
    short = [[], [1.0], [1.0, 2.0], [1.0, 2.0, 3.0]]
    for objects in ([triangle], [triangle, box, *short], np.array([box, box]), mask, [mask, mask]):
        assert from_objects(objects, 10, 10) == reference.frPyObjects(objects, 10, 10)
    # The reference describes these and fails on them.
    assert from_objects([box, box], 10, 10) == reference.frPyObjects(np.array([box, box]), 10, 10)
    assert from_objects(box, 10, 10) == reference.frPyObjects(np.array([box]), 10, 10)[0]
    assert from_objects(triangle, 10, 10) == reference.frPyObjects([triangle], 10, 10)[0]
    assert from_objects(compressed(([20, 5, 75], 10, 10)), 10, 10) == compressed(([20, 5, 75], 10, 10))
    assert from_objects([], 10, 10) == []
    for objects, message in [
        ([[1.0, 2.0, 3.0], triangle], r"objects\[0\]: expected 4 numbers \(a box\) or more \(a polygon\), got 3"),
        ([box, triangle], r"objects\[1\]: expected a box of 4 numbers as objects\[0\], got shape \(6,\)"),
        ([1.0, 2.0], r"objects\[0\]: expected 4 numbers"),
    ]:
        with pytest.raises(ValueError, match=message):
            from_objects(objects, 10, 10)
    for objects in ("text", [b"text"], [None], 3, [object()]):
        with pytest.raises(TypeError, match="objects"):
            from_objects(objects, 10, 10)


#: Edges so long that rounding leads them over two grid columns in one step, there and back: of the two borders at the same
#: place the reference drops one, that of the direction that lands beside the column. Its answers took it 10 GB each.
OVER_TWO_COLUMNS = [
    [-53686990.92, -53687041.32, 10737518.4, 10737468.6],
    [-53686990.72, -53687041.32, 10737518.6, 10737468.6],
]


@pytest.mark.parametrize("edge", OVER_TWO_COLUMNS)
def test_from_polygons_where_a_step_leads_over_two_grid_columns(edge: list[float]) -> None:
    assert from_polygons([edge, edge[2:] + edge[:2]], 110, 120) == [{"size": [110, 120], "counts": b"Zi:VS2"}] * 2
    shifted = [edge[0] + 0.2, edge[1], edge[2] + 0.2, edge[3]] if edge[0] < -53686990.8 else edge[:]
    assert from_polygons([[x + 0.4 if i % 2 == 0 else x for i, x in enumerate(shifted)]], 110, 120) == [
        {"size": [110, 120], "counts": b"`l<"}
    ]


# ---- strings ---------------------------------------------------------------------------------------------------------


def random_counts(rng: np.random.Generator) -> list[int]:
    largest = int(rng.choice([3, 16, 40, 600, 20_000, 2**26, 2**32]))
    return rng.integers(0, largest, int(rng.choice([0, 1, 2, 3, 4, 10, 70, 300]))).tolist()


def test_strings_are_the_references_both_ways(rng: np.random.Generator) -> None:
    compared = 0
    for _ in range(cases(800)):
        counts = random_counts(rng)
        text = to_string(counts)
        assert text == oracle.to_string(counts)
        for form in (text, text.decode()):
            assert same(from_string(form), np.array(counts, dtype=np.uint32))
        # From 2^24 on a count takes six characters, and the reference writes its final 0 behind its buffer.
        if not counts or max(counts) < 2**24:
            compared += 1
            encoded = reference.frPyObjects([{"size": [9, 9], "counts": counts}], 9, 9)
            assert encoded == [{"size": [9, 9], "counts": text}]
            assert from_objects({"size": [9, 9], "counts": counts}, 1, 1) == encoded[0]
            # The reference's area is a sum of what it reads.
            assert same(area(encoded), reference.area(encoded))
    assert compared > at_least(500)


def test_from_string_of_any_characters_is_the_references(rng: np.random.Generator) -> None:
    compared = refused = 0
    for _ in range(cases(2500)):
        alphabet = [256, 112][int(rng.integers(2))]
        low = 1 if alphabet == 256 else 48
        text = rng.integers(low, alphabet, int(rng.integers(0, 100)), dtype=np.uint8)
        if rng.integers(3):
            text = text[(text - 48) % 64 < rng.choice([40, 64])]
        text = text.tobytes()
        if rng.integers(5) == 0:
            text += b"\0" + text
        want = answer(oracle.from_string, text)
        if want is None:
            refused += 1
            with pytest.raises(ValueError, match=r"^text: the counts string (ends within|has a number of more)"):
                from_string(text)
            continue
        compared += 1
        assert from_string(text).tolist() == want
        if max((len(number) for number in split_numbers(text)), default=0) < 7:
            mask = [{"size": [9, 9], "counts": text}]
            assert same(area(mask), reference.area(mask))
            assert same(to_boxes(mask), reference.toBbox(mask))
    assert compared > at_least(800)
    assert refused > at_least(800)


def split_numbers(text: bytes) -> list[bytes]:
    numbers, start = [], 0
    for i, character in enumerate(text):
        if (character - 48) % 64 < 32:
            numbers.append(text[start : i + 1])
            start = i + 1
    return numbers


def test_from_string_of_numbers_of_seven_characters() -> None:
    # Up to six characters hold 30 bits; the seventh is cut to 32 bits as in the reference, if it has no sign.
    text = b"PPPPPP?" + b"PPPPPP2"
    assert from_string(text).tolist() == oracle.from_string(text) == [15 << 30 & 0xFFFFFFFF, 2 << 30]
    mask = [{"size": [9, 9], "counts": text}]
    assert same(area(mask), reference.area(mask))
    # With a sign the reference shifts beyond the width of its number; such differences arise from runs that are fine.
    for counts in ([1, 2, 3, 2**32 - 1, 5, 0, 7], [0, 0, 0, 2**31 + 3, 2**32 - 1, 1, 4, 2**32 - 1]):
        assert from_string(to_string(counts)).tolist() == counts


# ---- hostile input ---------------------------------------------------------------------------------------------------


def mask_of(counts: Any, height: Any = 3, width: Any = 4) -> dict[str, Any]:
    return {"size": [height, width], "counts": counts}


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: decode(mask_of([13])), r"masks\[0\]: its runs sum to 13, not to height \* width = 12"),
        (lambda: decode(mask_of([11])), r"masks\[0\]: its runs sum to 11, not"),
        (lambda: decode(mask_of([2**32 - 1] * 3, 2**20, 2**12)), r"masks\[0\]: has 2\^32 pixels or more"),
        (lambda: decode(mask_of([5], 2**16, 2**15)), r"masks\[0\]: its runs sum to 5, not to"),
        (
            lambda: decode([mask_of([12]), mask_of([12], 4, 3)]),
            r"masks\[1\]: expected the size of masks\[0\], \[3, 4\]",
        ),
        (lambda: area(mask_of(b"PPPPPPP0")), r"masks\[0\]: the counts string has a number of more than 7"),
        (lambda: area(mask_of("P")), r"masks\[0\]: the counts string ends within a number"),
        (lambda: area(mask_of(b"P\x000")), r"masks\[0\]: the counts string ends within a number"),
        (lambda: area([mask_of([1]), mask_of([1, -1])]), r"masks\[1\].counts\[1\]: expected a whole number from 0"),
        (lambda: area(mask_of([2**32])), r"masks\[0\].counts\[0\]: expected a whole number from 0 to 4294967295, got"),
        (
            lambda: area(mask_of([1.5])),
            r"masks\[0\].counts\[0\]: expected a whole number from 0 to 4294967295, got 1.5",
        ),
        (lambda: area(mask_of([float("nan")])), r"masks\[0\].counts\[0\]: expected a whole number"),
        (
            lambda: area(mask_of(np.zeros((2, 2), dtype=np.uint32))),
            r"masks\[0\].counts: expected shape \(N,\), got \(2, 2\)",
        ),
        (lambda: area(mask_of([1], -1)), r"masks\[0\].size\[0\]: expected a whole number from 0 to 4294967295, got -1"),
        (lambda: area(mask_of([1], 1, 2**32)), r"masks\[0\].size\[1\]: expected a whole number"),
        (lambda: area(mask_of([1], 1, 2**70)), r"masks\[0\].size\[1\]: expected a whole number"),
        (
            lambda: area({"size": [1, 2, 3], "counts": [6]}),
            r"masks\[0\].size: expected \[height, width\], got 3 numbers",
        ),
        (lambda: area({"size": [1, 2]}), r'masks\[0\]: has no "counts"'),
        (lambda: area({"counts": [1, 2]}), r'masks\[0\]: has no "size"'),
        (lambda: to_boxes(mask_of([0, 1], 0, 4)), r"masks\[0\]: has foreground pixels, but its size has no rows"),
        (lambda: iou([mask_of([0, 12])], [mask_of([0, 9])]), r"detections\[0\]: its runs sum to another total"),
        (lambda: iou([], [mask_of([12])], crowd=[True, False]), r"crowd: expected shape \(1,\), got \(2,\)"),
        (lambda: merge([mask_of([12]), mask_of([11])]), r"masks\[1\]: its runs sum to another total"),
        (lambda: merge([mask_of([]), mask_of([12])]), r"masks\[0\]: has no runs"),
        (lambda: merge([mask_of([12]), mask_of([])]), r"masks\[1\]: has no runs"),
        (
            lambda: merge([mask_of([0] * 14), mask_of([0])]),
            r"masks\[0\]: has, alone or merged, more runs than its canvas",
        ),
        (lambda: from_polygons([[np.nan, 0, 1, 1]], 5, 5), r"polygons\[0\]: has a coordinate that is not finite"),
        (lambda: from_polygons([[], [0, -np.inf]], 5, 5), r"polygons\[1\]: has a coordinate that is not finite"),
        (lambda: from_polygons([[0, 2.1e8]], 5, 5), r"polygons\[0\]: has a coordinate that is .* beyond 2e8 pixels"),
        (lambda: from_polygons([[10**400, 0]], 5, 5), r"polygons\[0\]: coordinate 0 is too large"),
        (lambda: from_polygons([[0, 0, 9, 9]], 2**16, 2**16), r"polygons\[0\]: has a canvas of 2\^32 pixels or more"),
        (
            lambda: from_polygons([[0, 0, 5e4, 9, 7, 4e4]], 2**16, 2**16 - 1),
            r"polygons\[0\]: has an outline with a border at or beyond pixel 2\^31",
        ),
        (
            lambda: from_polygons([[0, 0, 2e8, 9, 0, 5]], 9, 0),
            r"polygons\[0\]: has an outline with more than 2\^26 borders",
        ),
        (
            lambda: from_polygons([[[1, 2, 3], [4, 5, 6]]], 5, 5),
            r"polygons\[0\]: expected x0, y0, .* got shape \(2, 3\)",
        ),
        (lambda: from_polygons([["a", "b"]], 5, 5), r"polygons\[0\]: expected x0, y0, .* got list"),
        (lambda: from_polygons([[0, 0]], -1, 5), r"height: expected an int from 0 to 4294967295, got -1"),
        (lambda: from_polygons([[0, 0]], 5, 2**32), r"width: expected an int from 0 to 4294967295, got 4294967296"),
        (lambda: from_boxes([[0, 0, np.inf, 1]], 5, 5), r"boxes\[0\]: has a coordinate that is not finite"),
        (lambda: from_boxes([[0, 0, 1]], 5, 5), r"boxes: expected shape \(N, 4\), got \(1, 3\)"),
        (lambda: encode(np.zeros((2, 2, 2, 2), dtype=np.uint8)), r"masks: expected shape \(H, W\) or \(H, W, N\), got"),
        (lambda: encode(np.broadcast_to(np.uint8(0), (2**16, 2**16))), r"masks: expected fewer than 2\*\*32 pixels"),
        (lambda: to_string([1, -2]), r"counts\[1\]: expected a number from 0 to 4294967295, got -2"),
        (lambda: to_string([2**32]), r"counts\[0\]: expected a number from 0 to 4294967295, got 4294967296"),
        (lambda: to_string([[1, 2]]), r"counts: expected shape \(N,\), got \(1, 2\)"),
    ],
)
def test_bad_values_are_refused_with_their_place(call: Callable[[], Any], message: str) -> None:
    with pytest.raises(ValueError, match=f"^{message}"):
        call()


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: area(3), r"masks: expected a mask dict or a sequence of them, got int"),
        (lambda: area([3]), r"masks\[0\]: expected a dict .*, got int"),
        (lambda: area("ab"), r"masks\[0\]: expected a dict .*, got str"),
        (lambda: area(mask_of(None)), r"masks\[0\].counts: expected bytes, str or run lengths, got NoneType"),
        (lambda: area(mask_of([None])), r"masks\[0\].counts\[0\]: expected a whole number, got NoneType"),
        (lambda: area({"size": 5, "counts": b""}), r"masks\[0\].size: expected \[height, width\], got int"),
        (lambda: area(mask_of(b"", "5")), r"masks\[0\].size\[0\]: expected a whole number, got str"),
        (lambda: iou(mask_of([12]), []), r"detections: expected a sequence, got dict"),
        (lambda: iou([], [mask_of([12])], crowd=[0.5]), r"crowd: expected bool or integers, got dtype float64"),
        (lambda: merge(mask_of([12])), r"masks: expected a sequence, got dict"),
        (lambda: from_polygons(5, 5, 5), r"polygons: expected a sequence, got int"),
        (lambda: from_polygons([[0, 0]], 5.0, 5), r"height: expected an int, got float"),
        (lambda: encode(np.zeros((2, 2))), r"masks: expected dtype bool or uint8, got float64"),
        (lambda: to_string([0.5]), r"counts: expected integers, got dtype float64"),
        (lambda: from_string([48]), r"text: expected bytes or str, got list"),
    ],
)
def test_wrong_kinds_are_refused(call: Callable[[], Any], message: str) -> None:
    with pytest.raises(TypeError, match=f"^{message}"):
        call()


def test_many_borders_are_bounded_in_time_and_memory() -> None:
    # Zigzag over a wide canvas: more than 2**21 borders, of which each column's cancel.
    zigzag = np.tile([0.0, 5.0, 16_777.0, 5.0], 64)
    assert from_polygons([zigzag], 9, 16_777) == [{"size": [9, 16_777], "counts": to_string([9 * 16_777])}]
    with pytest.raises(ValueError, match=r"more than 2\^26 borders"):
        from_polygons([np.tile(zigzag, 40)], 9, 16_777)


# ---- corners, by name ------------------------------------------------------------------------------------------------


def test_empty_inputs_have_answers() -> None:
    assert same(area([]), np.zeros(0, dtype=np.uint32))
    assert to_boxes([]).shape == (0, 4)
    assert iou([], []).shape == (0, 0)
    assert iou([], [mask_of([12])] * 2).shape == (0, 2)
    assert iou([mask_of([12])] * 3, []).shape == (3, 0)
    assert encode(np.zeros((0, 0), dtype=np.uint8)) == {"size": [0, 0], "counts": b"0"}
    assert encode(np.zeros((3, 4, 0), dtype=np.uint8)) == []
    assert to_string([]) == b""
    assert from_string(b"").size == 0


def test_area_is_the_sum_of_foreground_runs_modulo_two_to_the_32() -> None:
    assert area(mask_of([0, 2**32 - 1, 0, 3])) == 2
    assert area(mask_of([])) == area(mask_of([7])) == 0


def test_a_mask_whose_foreground_runs_are_all_empty_has_a_huge_box() -> None:
    mask = compressed(([5, 0, 7], 3, 4))
    assert to_boxes(mask).tolist() == [4, 3, 2**32 - 3, 2**32 - 2]
    assert same(to_boxes(mask), reference.toBbox(mask))
    # Its box overlaps what lies right of and below the canvas only: here a run beyond the canvas.
    beyond = compressed(([15, 4], 3, 4))
    for pair in ([mask], [beyond]), ([beyond], [mask]), ([mask], [mask]):
        want = answer(oracle.iou, *[(from_string(side[0]["counts"]).tolist(), 3, 4) for side in pair], False)
        if want is None:
            with pytest.raises(ValueError, match="its runs sum to another total"):
                iou(*pair)
        else:
            assert iou(*pair).tolist() == [[want]] == reference.iou(*pair, [0]).tolist()


def test_iou_of_different_sizes_is_minus_one_only_where_boxes_overlap() -> None:
    one, other, away = mask_of([0, 12]), mask_of([0, 12], 4, 3), mask_of([15, 1], 4, 4)
    assert iou([one], [other, away, mask_of([12], 4, 3)]).tolist() == [[-1, 0, 0]]


def test_iou_of_a_crowd_divides_by_the_detection() -> None:
    detection, crowd = mask_of([0, 4, 8]), mask_of([2, 10])
    assert iou([detection], [crowd, crowd], crowd=[0, 1]).tolist() == [[2 / 12, 2 / 4]]
    assert iou([crowd], [detection], crowd=[True]).tolist() == [[2 / 10]]


def test_the_walk_ends_where_both_masks_have_a_run_of_length_zero() -> None:
    a, b = compressed(([2, 1, 0, 3, 6], 3, 4)), compressed(([2, 1, 0, 3, 6], 3, 4))
    assert iou([a], [b]).tolist() == reference.iou([a], [b], [0]).tolist() == [[1.0]]
    assert merge([a, b]) == reference.merge([a, b], 0) == compressed(([2, 1], 3, 4))


def test_results_do_not_depend_on_the_number_of_threads(rng: np.random.Generator) -> None:
    stack = np.dstack([random_image(rng, 130, 170) for _ in range(60)])
    masks = encode(stack, num_threads=1)
    polygons = [random_polygon(rng, 300, 300) for _ in range(cases(400))]
    broken = [*masks, mask_of(b"P"), *masks, mask_of(b"PPPPPPPPPP")] * 9
    for threads in (2, 3):
        assert encode(stack, num_threads=threads) == masks
        assert same(decode(masks, num_threads=threads), decode(masks, num_threads=1))
        assert same(area(masks * 40, num_threads=threads), area(masks * 40, num_threads=1))
        assert same(to_boxes(masks * 40, num_threads=threads), to_boxes(masks * 40, num_threads=1))
        assert same(iou(masks, masks * 6, num_threads=threads), iou(masks, masks * 6, num_threads=1))
        assert from_polygons(polygons, 300, 300, num_threads=threads) == from_polygons(
            polygons, 300, 300, num_threads=1
        )
        with pytest.raises(ValueError, match=r"^masks\[60\]: the counts string ends within a number"):
            area(broken, num_threads=threads)
