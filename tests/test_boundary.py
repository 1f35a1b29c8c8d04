"""Boundaries of masks, their IoU, and the evaluation by them, against pixels and against pycocotools, bit for bit."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import metrix
from effort import at_least, cases, thorough
from metrix import masks
from oracles import boundary as oracle
from oracles import masks as mask_oracle
from random_masks import compressed, odd_runs, random_image, random_polygon

try:
    from pycocotools import mask as reference
except ImportError:
    reference = None

needs_reference = pytest.mark.skipif(reference is None, reason="needs pycocotools")
pytestmark = [
    pytest.mark.parity,
    pytest.mark.filterwarnings("ignore:__array__ implementation doesn't accept a copy keyword:DeprecationWarning"),
]


def image_of(rng: np.random.Generator, height: int, width: int) -> np.ndarray:
    """Of random_image, and the same in larger pieces: fine detail leaves nothing to erode."""
    if rng.integers(3) == 0 or 0 in (height, width):
        return random_image(rng, height, width)
    by = rng.integers(1, 12, 2)
    small = random_image(rng, -(-height // int(by[0])), -(-width // int(by[1])))
    return np.kron(small, np.ones(by, dtype=np.uint8))[:height, :width]


def test_boundaries_are_the_oracles(rng: np.random.Generator) -> None:
    eroded = 0
    for largest, count in ((12, 1500), (60, 1500), (140, 250)):
        for _ in range(cases(count)):
            height, width = (int(side) for side in rng.integers(1, largest, 2))
            image = image_of(rng, height, width)
            distance = int(rng.choice([1, 2, 3, 5, 8, 16, 60]))
            expected = oracle.boundary(image, distance)
            found = masks.boundary(image, dilation_pixels=distance)
            # Equal as strings: the runs are those that encoding the pixels gives.
            assert found == compressed((mask_oracle.encode(expected), height, width))
            eroded += not np.array_equal(image, expected)
    assert eroded > at_least(400)


@pytest.mark.parametrize(
    ("height", "width", "distance"), [(70, 700, 2), (300, 1100, 140), (200, 513, 64), (65, 257, 32), (130, 770, 5)]
)
def test_boundaries_of_several_strips(rng: np.random.Generator, height: int, width: int, distance: int) -> None:
    for corners in ((slice(0, height), slice(0, width)), (slice(3, -2), slice(0, 600)), (slice(1, -1), slice(9, -9))):
        image = np.zeros((height, width), dtype=np.uint8)
        image[corners] = 1
        image[rng.integers(0, height, 2), rng.integers(0, width, 2)] = 0
        image[height // 2, 255:258] = 0
        found = masks.decode(masks.boundary(image, dilation_pixels=distance))
        assert np.array_equal(found, oracle.boundary(image, distance))


def test_the_oracle_is_what_opencv_computes(rng: np.random.Generator) -> None:
    pytest.importorskip("cv2")
    for _ in range(cases(1000)):
        image = image_of(rng, *(int(side) for side in rng.integers(1, 50, 2)))
        distance = int(rng.integers(1, 12))
        assert np.array_equal(oracle.boundary(image, distance), oracle.with_cv2(image, distance))


@pytest.mark.parametrize("size", [(0, 0), (0, 7), (7, 0)])
def test_a_canvas_without_pixels(size: tuple[int, int]) -> None:
    for counts in ([0], [], [0, 0, 0]):
        assert masks.boundary({"size": list(size), "counts": counts}) == {"size": list(size), "counts": b"0"}


@pytest.mark.parametrize(("height", "width"), [(1, 1), (1, 9), (9, 1), (2, 2), (5, 5), (64, 3), (128, 64), (3, 300)])
@pytest.mark.parametrize("distance", [1, 2, 31, 32, 2**31 - 1])
def test_full_and_empty_canvases(height: int, width: int, distance: int) -> None:
    full = np.ones((height, width), dtype=np.uint8)
    inside = full.copy()
    inside[distance : height - distance, distance : width - distance] = 0
    assert np.array_equal(masks.decode(masks.boundary(full, dilation_pixels=distance)), inside)
    assert masks.boundary(0 * full, dilation_pixels=distance) == masks.encode(0 * full)


@pytest.mark.parametrize(
    ("size", "ratio", "expected"),
    [
        ((3, 4), 0.3, 2),  # 1.5 and 2.5: halves go to the even number
        ((3, 4), 0.5, 2),
        ((3, 4), 0.7, 4),
        ((480, 640), 0.02, 16),
        ((30, 40), 0.05, 2),  # 2.5
        ((30, 40), 0.11, 6),  # 5.5
        ((3, 4), 0.0, 1),
        ((3, 4), 0.02, 1),
        ((30, 40), 0.03, 2),
        ((30, 40), 0.0301, 2),
        ((300, 400), 0.0289, 14),
    ],
)
def test_the_width_is_rounded_as_python_rounds(size: tuple[int, int], ratio: float, expected: int) -> None:
    assert oracle.width(*size, ratio) == expected
    image = np.ones(size, dtype=bool)
    assert masks.boundary(image, ratio) == masks.boundary(image, dilation_pixels=expected)
    if min(size) > 2 * expected + 2:
        assert masks.boundary(image, ratio) != masks.boundary(image, dilation_pixels=expected + 1)


def test_the_width_on_random_canvases(rng: np.random.Generator) -> None:
    for _ in range(cases(2000)):
        size, ratio = (int(rng.integers(1, 90)), int(rng.integers(1, 90))), float(rng.choice([0.02, 0.008, 0.1, 0.05]))
        image = np.ones(size, dtype=bool)
        expected = masks.boundary(image, dilation_pixels=oracle.width(*size, ratio))
        assert masks.boundary(image, ratio) == expected


def test_runs_as_no_encoder_writes_them(rng: np.random.Generator) -> None:
    refused = 0
    for _ in range(cases(3000)):
        height, width = (int(side) for side in rng.integers(1, 14, 2))
        counts = odd_runs(rng, height, width)
        mask = {"size": [height, width], "counts": counts}
        distance = int(rng.integers(1, 4))
        if sum(counts) != height * width:
            refused += 1
            with pytest.raises(ValueError, match=r"^masks\[1\]: its runs do not sum to height \* width"):
                masks.boundary([masks.encode(np.ones((2, 2), np.uint8)), mask], dilation_pixels=distance)
            continue
        expected = oracle.boundary(mask_oracle.decode(counts, height, width), distance)
        assert masks.boundary(mask, dilation_pixels=distance) == masks.encode(expected)
    assert at_least(500) < refused < cases(2900)


def test_every_kind_of_input_gives_the_same(rng: np.random.Generator) -> None:
    images = np.stack([image_of(rng, 30, 40) for _ in range(5)], axis=2)
    expected = [masks.boundary(masks.encode(images[:, :, i])) for i in range(5)]
    for pixels in (images, images.astype(bool), images * 7, images.astype(np.float32) / 2, np.asfortranarray(images)):
        assert masks.boundary(pixels) == expected
    assert masks.boundary(images[:, :, 0]) == expected[0]
    assert masks.boundary([{"size": [30, 40], "counts": masks.from_string(m["counts"])} for m in masks.encode(images)])
    for threads in (1, 2, 7):
        assert masks.boundary(images, num_threads=threads) == expected
    assert masks.boundary([]) == []


@needs_reference
def test_boundary_iou_is_that_of_the_boundaries(rng: np.random.Generator) -> None:
    for _ in range(cases(300)):
        height, width = (int(side) for side in rng.integers(1, 60, 2))
        sides = [np.stack([image_of(rng, height, width) for _ in range(rng.integers(1, 5))], axis=2) for _ in range(2)]
        crowd = rng.integers(0, 2, sides[1].shape[2])
        dicts = [[oracle.boundary_of_mask(m, 0.05) for m in masks.encode(side)] for side in sides]
        expected = reference.iou(*dicts, crowd.tolist())
        for arguments in (sides, [masks.encode(side) for side in sides]):
            found = masks.boundary_iou(*arguments, 0.05, crowd=crowd)
            assert found.tobytes() == np.ascontiguousarray(expected).tobytes()
    assert masks.boundary_iou([], masks.encode(sides[1])).shape == (0, sides[1].shape[2])


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"dilation_ratio": -0.1}, ValueError, r"^dilation_ratio: expected a finite number >= 0, got -0\.1"),
        ({"dilation_ratio": float("nan")}, ValueError, r"^dilation_ratio: expected a finite number >= 0, got nan"),
        ({"dilation_ratio": "wide"}, TypeError, r"^dilation_ratio: expected a number, got str"),
        ({"dilation_pixels": 0}, ValueError, r"^dilation_pixels: expected an int from 1 to 2147483647, got 0"),
        ({"dilation_pixels": 1.5}, TypeError, r"^dilation_pixels: expected an int or None, got float"),
    ],
)
def test_errors_name_the_width(options: dict[str, Any], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        masks.boundary([], **options)
    with pytest.raises(error, match=message):
        metrix.evaluate_detections(*one_pair([]), iou_type="boundary", **options)
    with pytest.raises(TypeError, match=r"^masks: expected mask dicts or numbers"):
        masks.boundary(np.array(["a"]))


# ---- evaluation ---------------------------------------------------------------------------------------------------


def one_pair(found: Any, truth: Any = None, height: int = 1, width: int = 1, crowd: int = 0) -> tuple[Any, Any]:
    """A data set of at most one detection and one ground truth."""
    annotation = {"id": 1, "image_id": 1, "category_id": 1, "area": 50, "iscrowd": crowd, "segmentation": truth}
    ground_truth = {
        "images": [{"id": 1, "height": height, "width": width}],
        "categories": [{"id": 1}],
        "annotations": [annotation] if truth else [],
    }
    detection = {"image_id": 1, "category_id": 1, "score": 0.5, "segmentation": found}
    return ground_truth, [detection] if found else []


def is_match(found: Any, truth: Any, threshold: float, height: int, width: int, crowd: int = 0, **options: Any) -> bool:
    report = metrix.evaluate_detections(
        *one_pair(found, truth, height, width, crowd), iou_type="boundary", iou_thresholds=[threshold], **options
    )
    bits = report.outcomes.bits[0, 0, 0]
    return bool(bits[1 if crowd else 0] & 1)


def assert_similarity(found: Any, truth: Any, height: int, width: int, distance: int, crowd: int = 0) -> float:
    """The similarity is that of the definition, to the last bit: it reaches itself and nothing above."""
    one, other = (
        segmentation
        if isinstance(segmentation, dict)
        else reference.merge(reference.frPyObjects(segmentation, height, width))
        for segmentation in (found, truth)
    )
    expected = float(reference.iou([one], [other], [crowd])[0, 0])
    if not crowd:
        sides = [oracle.boundary_of_mask(mask, 0, distance) for mask in (one, other)]
        expected = min(expected, float(reference.iou(sides[:1], sides[1:], [0])[0, 0]))
    if expected > 0:
        options = {"dilation_pixels": distance, "crowd": crowd}
        assert is_match(found, truth, expected, height, width, **options)
        assert not is_match(found, truth, np.nextafter(expected, 2), height, width, **options) or expected >= 1
    return expected


@needs_reference
def test_similarities_of_masks_and_polygons(rng: np.random.Generator) -> None:
    telling = 0
    for _ in range(cases(2500)):
        height, width = (int(side) for side in rng.integers(1, 90, 2))

        def segmentation(height: int = height, width: int = width) -> Any:
            if rng.integers(2):
                return masks.encode(image_of(rng, height, width))
            polygons = [random_polygon(rng, height, width) for _ in range(rng.integers(1, 4))]
            return [polygon for polygon in polygons if len(polygon) > 5] or [[0.0, 0.0, 0.0, 9.0, 9.0, 9.0]]

        found = segmentation()
        truth = segmentation() if rng.integers(3) == 0 else near(rng, found, height, width)
        expected = assert_similarity(found, truth, height, width, int(rng.integers(1, 9)), int(rng.integers(8) == 0))
        telling += 0 < expected < 1
    assert telling > at_least(900)


def near(rng: np.random.Generator, found: Any, height: int, width: int) -> Any:
    """Another mask that overlaps much."""
    if isinstance(found, list):
        return [[value + float(rng.integers(-2, 3)) for value in polygon] for polygon in found]
    shift = int(rng.integers(-3, 4))
    return masks.encode(np.roll(masks.decode(found), shift, axis=int(rng.integers(2))))


@needs_reference
@pytest.mark.parametrize(
    ("height", "width"),
    [(40000, 8), (32767, 9), (9, 40000), (700, 600), (33000, 33)],
    ids=["tall", "tallest for spans", "wide", "large", "tall and holed"],
)
def test_canvases_of_unusual_size(rng: np.random.Generator, height: int, width: int) -> None:
    image = np.ones((height, width), dtype=np.uint8)
    image[:2, 1:] = 0
    other = np.roll(image, 1, axis=1)
    assert_similarity(masks.encode(image), masks.encode(other), height, width, 2)
    image[rng.integers(0, height, 5), rng.integers(0, width, 5)] = 0
    assert_similarity(masks.encode(image), masks.encode(other), height, width, 3)


@needs_reference
def test_ragged_masks(rng: np.random.Generator) -> None:
    """Too many spans in a column, before the erosion or after it, on one side or on both."""
    comb = np.zeros((400, 60), dtype=np.uint8)
    for top in range(0, 396, 10):
        comb[top : top + 9] = 1
    smooth = np.ones((400, 60), dtype=np.uint8)
    noise = (rng.random((400, 60)) < 0.9).astype(np.uint8)
    holed = np.kron(noise, np.ones((9, 9), dtype=np.uint8))[:400, :60]
    for distance in (1, 2, 4):
        for found in (comb, smooth, noise, holed):
            for truth in (comb, smooth, noise, holed):
                assert_similarity(masks.encode(found), masks.encode(truth), 400, 60, distance)


@needs_reference
def test_more_spans_after_the_erosion_than_before() -> None:
    """Columns whose gaps alternate: what two of them share has twice as many spans, too many for layers."""
    image = np.ones((800, 300), dtype=np.uint8)
    image[10::40, 100:110:2] = 0
    image[30::40, 101:110:2] = 0
    for other in (image, np.ones_like(image)):
        assert_similarity(masks.encode(image), masks.encode(other), 800, 300, 1)
        assert_similarity(masks.encode(other), masks.encode(image), 800, 300, 3)


@needs_reference
def test_spans_that_touch_are_one() -> None:
    """An outline that meets itself gives a column two spans without a gap between them."""
    bow = [[2.0, 2.0, 30.0, 2.0, 30.0, 16.0, 2.0, 16.0, 2.0, 30.0, 30.0, 30.0, 30.0, 16.0, 16.0, 16.0, 2.0, 16.0]]
    assert_similarity(bow, [[2.0, 2.0, 30.0, 2.0, 30.0, 30.0, 2.0, 29.0]], 40, 40, 3)


def test_a_crowd_has_no_boundary() -> None:
    crowd, part = np.zeros((20, 20), dtype=np.uint8), np.zeros((20, 20), dtype=np.uint8)
    crowd[2:18, 2:18] = 1
    part[6:14, 6:14] = 1
    pair = masks.encode(part), masks.encode(crowd)
    assert is_match(*pair, 1.0 - 1e-9, 20, 20, crowd=1, dilation_pixels=1)
    assert not is_match(*pair, 1e-9, 20, 20, crowd=0, dilation_pixels=1)


def test_masks_of_another_size_never_match() -> None:
    pair = (masks.encode(np.ones(size, dtype=np.uint8)) for size in ((9, 9), (9, 8)))
    report = metrix.evaluate_detections(*one_pair(*pair, 9, 9), iou_type="boundary")
    assert report.stats["AP"] == 0
    assert [quirk.name for quirk in report.quirks if "size" in quirk.name] == ["mask_size_mismatch"]


def test_runs_without_a_canvas_are_refused_where_their_boundary_counts() -> None:
    whole = {"size": [6, 6], "counts": [0, 20, 16]}
    short = {"size": [6, 6], "counts": [0, 20, 0, 0]}
    with pytest.raises(ValueError, match=r"^detections\[0\]: its runs do not sum to height \* width"):
        metrix.evaluate_detections(*one_pair(short, short, 6, 6), iou_type="boundary")
    assert metrix.evaluate_detections(*one_pair(whole, whole, 6, 6), iou_type="boundary").stats["AP50"] > 0.99


@thorough
def test_a_huge_canvas_takes_little_memory() -> None:
    resource = pytest.importorskip("resource")
    mask = {"size": [30000, 30000], "counts": [0, 30000 * 30000]}
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    found = masks.boundary(mask)
    assert masks.area(found) == 30000**2 - (30000 - 2 * 849) ** 2
    assert is_match(mask, mask, 1.0 - 1e-9, 30000, 30000)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 200_000
