"""metrix.distances: against the definition, and bit by bit against SciPy where it is installed."""

from __future__ import annotations

import math
import pickle
from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from effort import cases
from metrix import _core
from metrix._surfels import surfel_sizes
from metrix.distances import (
    SurfaceMetrics,
    average_surface_distance,
    boundary_f1_score,
    distance_transform_edt,
    hausdorff_distance,
    surface_dice,
    surface_distances,
)
from oracles.distances import davis_boundary, distances_between, inner_surface, squared_distances, surfels


@pytest.fixture
def instruction_sets() -> Iterator[list[str]]:
    before = _core.losses.instruction_set()
    yield [name for name in ("baseline", "v3", "v4") if _core.losses.use_instruction_set(name)]
    _core.losses.use_instruction_set(before)


def draw(rng: np.random.Generator, most: tuple[int, ...]) -> npt.NDArray[np.bool_]:
    """Of any density, with rows and columns that hold nothing."""
    axes = int(rng.integers(1, len(most) + 1))
    mask = rng.random(tuple(rng.integers(1, most[axes - 1], size=axes))) < rng.choice([0.3, 0.7, 0.95, 0.999, 1.0])
    if rng.random() < 0.3:
        mask[: rng.integers(0, len(mask) + 1)] = True
    return mask


def test_distance_transform_edt(rng: np.random.Generator) -> None:
    for _ in range(cases(1500)):
        mask = draw(rng, (60, 22, 10))
        np.testing.assert_array_equal(distance_transform_edt(mask), np.sqrt(squared_distances(mask)))


def test_spacing(rng: np.random.Generator) -> None:
    for _ in range(cases(1000)):
        mask = draw(rng, (60, 22, 10))
        whole = rng.integers(1, 6, size=mask.ndim)
        found = distance_transform_edt(mask, spacing=whole)
        np.testing.assert_array_equal(found, np.sqrt(squared_distances(mask, whole)))
        spacing = rng.lognormal(sigma=2, size=mask.ndim)
        found = distance_transform_edt(mask, spacing=spacing)
        np.testing.assert_allclose(found, np.sqrt(squared_distances(mask, spacing)), rtol=1e-14)
        one = float(spacing[0])
        np.testing.assert_array_equal(
            distance_transform_edt(mask, spacing=one), distance_transform_edt(mask, spacing=[one] * mask.ndim)
        )


def test_scipy_has_the_same_bits(rng: np.random.Generator) -> None:
    ndimage = pytest.importorskip("scipy.ndimage")
    for _ in range(cases(300)):
        mask = draw(rng, (2000, 150, 40))
        if mask.all():
            continue
        np.testing.assert_array_equal(distance_transform_edt(mask), ndimage.distance_transform_edt(mask))
        spacing = rng.lognormal(size=mask.ndim)
        np.testing.assert_allclose(
            distance_transform_edt(mask, spacing=spacing),
            ndimage.distance_transform_edt(mask, sampling=spacing),
            rtol=1e-14,
        )


@pytest.mark.parametrize("shape", [(1, 5000), (5000, 1), (3, 1, 4000), (4000, 3, 1), (2, 3000, 2)])
def test_far_background(shape: tuple[int, ...]) -> None:
    """Rows that are searched from end to end."""
    for corner in (0, -1):
        mask = np.ones(shape, dtype=np.uint8)
        place = tuple(corner for _ in shape)
        mask[place] = 0
        steps = np.indices(shape)
        away = steps - np.array([size - 1 if corner else 0 for size in shape]).reshape((-1,) + (1,) * len(shape))
        np.testing.assert_array_equal(distance_transform_edt(mask), np.sqrt((away**2).sum(axis=0).astype(float)))


@pytest.mark.parametrize("length", [29990, 30010, 70000])
def test_lengths_whose_squares_are_no_short_integers(length: int) -> None:
    mask = np.ones((2, length), dtype=np.bool_)
    mask[0, 0] = False
    expected = np.sqrt(np.arange(length, dtype=float) ** 2 + np.array([[0], [1]]))
    for given, answer in ((mask, expected), (mask.T, expected.T)):
        np.testing.assert_array_equal(distance_transform_edt(given), answer)


def test_no_background_is_infinitely_far() -> None:
    for shape in ((3,), (40, 17), (2, 3, 40)):
        assert np.isinf(distance_transform_edt(np.ones(shape))).all()
        assert np.isinf(distance_transform_edt(np.ones(shape), spacing=0.5)).all()
        assert not distance_transform_edt(np.zeros(shape)).any()
    for shape in ((0,), (0, 4), (3, 0), (2, 0, 3)):
        assert distance_transform_edt(np.ones(shape)).shape == shape


def test_any_dtype_and_layout(rng: np.random.Generator) -> None:
    mask = rng.random((20, 30)) < 0.9
    expected = distance_transform_edt(mask)
    for given in (mask.astype(float), 300 * mask.astype(np.int64), mask.astype(np.uint8), np.asfortranarray(mask)):
        np.testing.assert_array_equal(distance_transform_edt(given), expected)
    np.testing.assert_array_equal(
        distance_transform_edt(mask[::-1, ::2]), distance_transform_edt(mask[::-1, ::2].copy())
    )
    np.testing.assert_array_equal(distance_transform_edt(np.where(mask, np.nan, 0)), expected)


def test_bits_depend_on_neither_threads_nor_instruction_set(
    instruction_sets: list[str], rng: np.random.Generator
) -> None:
    for shape in ((300, 333), (20, 50, 70)):
        mask = rng.random(shape) < 0.99
        for spacing in (None, 0.7):
            seen = set()
            for name in instruction_sets:
                _core.losses.use_instruction_set(name)
                for num_threads in (1, 2, 7):
                    seen.add(distance_transform_edt(mask, spacing=spacing, num_threads=num_threads).tobytes())
            assert len(seen) == 1


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((np.ones((2, 2, 2, 2)), None), r"^mask: expected one to three axes, got shape \(2, 2, 2, 2\)$"),
        ((np.array(1), None), "^mask: expected one to three axes"),
        ((np.ones((2, 2)), [1, 2, 3]), "^spacing: expected one number or one for each of 2 axes"),
        ((np.ones((2, 2)), [1, 0]), "^spacing: expected finite numbers > 0"),
        ((np.ones((2, 2)), np.inf), "^spacing: expected finite numbers > 0"),
        ((np.ones((2, 2)), np.nan), "^spacing: expected finite numbers > 0"),
    ],
)
def test_wrong_arguments_are_named(arguments: tuple[Any, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        distance_transform_edt(arguments[0], spacing=arguments[1])


def draw_pair(rng: np.random.Generator, axes: int) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.bool_]]:
    """Boxes and noise, near each other or far apart, some of them empty or at the edge."""
    shape = tuple(rng.integers(1, 40 if axes == 2 else 14, size=axes))
    masks = []
    for _ in range(2):
        mask = rng.random(shape) < rng.choice([0.0, 0.0, 0.01, 0.5])
        for _ in range(rng.integers(0, 3)):
            low = rng.integers(0, shape)
            mask[tuple(slice(start, start + rng.integers(1, 20)) for start in low)] = True
        masks.append(mask)
    if rng.random() < 0.3:
        masks[1] = np.roll(masks[0], rng.integers(-2, 3, size=axes), axis=tuple(range(axes)))
    return masks[0], masks[1]


def draw_spacing(rng: np.random.Generator, axes: int) -> Any:
    return None if rng.random() < 0.5 else rng.lognormal(size=axes)


@pytest.mark.parametrize("axes", [2, 3])
@pytest.mark.parametrize("surface", ["inner", "surfels"])
def test_surface_distances(surface: Any, axes: int, rng: np.random.Generator) -> None:
    for _ in range(cases(120)):
        truth, predicted = draw_pair(rng, axes)
        spacing = draw_spacing(rng, axes)
        steps = np.ones(axes) if spacing is None else spacing
        found = surface_distances(truth, predicted, spacing=spacing, surface=surface)
        points = [inner_surface(side) if surface == "inner" else surfels(side) for side in (truth, predicted)]
        given = (found.true_to_pred, found.true_sizes), (found.pred_to_true, found.pred_sizes)
        for own, other, (distances, sizes) in zip(points, points[::-1], given):
            expected = distances_between(own, other, steps)
            if spacing is None:
                np.testing.assert_array_equal(distances, expected)
            else:
                np.testing.assert_allclose(distances, expected, rtol=1e-14)
            if surface == "inner":
                assert sizes is None
            else:
                np.testing.assert_array_equal(sizes, surfel_sizes(tuple(steps.tolist()))[list(own.values())])


def test_all_metrics_of_surfaces(rng: np.random.Generator) -> None:
    """What is made of distances, written again."""
    for _ in range(cases(300)):
        truth, predicted = draw_pair(rng, int(rng.integers(2, 4)))
        steps = rng.lognormal(size=truth.ndim)
        points = [inner_surface(side) for side in (truth, predicted)]
        sides = [distances_between(*order, steps) for order in (points, points[::-1])]
        both, counts = np.concatenate(sides), [len(side) for side in sides]
        percentile, tolerance = float(rng.choice([0, 50, 95, 100])), float(rng.lognormal())
        if all(counts):
            expected = {
                "hausdorff": max(np.percentile(side, percentile) for side in sides),
                "pooled": np.percentile(both, percentile),
                "one": np.percentile(sides[1], percentile),
                "assd": both.mean(),
                "means": (sides[0].mean() + sides[1].mean()) / 2,
                "asd": sides[0].mean(),
            }
        else:
            expected = dict.fromkeys(
                ["hausdorff", "pooled", "one", "assd", "means", "asd"], np.inf if any(counts) else np.nan
            )
        expected["dice"] = (both <= tolerance).mean() if len(both) else np.nan
        options: dict[str, Any] = {"spacing": steps}
        found = {
            "hausdorff": hausdorff_distance(truth, predicted, percentile=percentile, **options),
            "pooled": hausdorff_distance(truth, predicted, percentile=percentile, pooled=True, **options),
            "one": hausdorff_distance(truth, predicted, percentile=percentile, direction="pred_to_true", **options),
            "assd": average_surface_distance(truth, predicted, **options),
            "means": average_surface_distance(truth, predicted, pooled=False, **options),
            "asd": average_surface_distance(truth, predicted, direction="true_to_pred", **options),
            "dice": surface_dice(truth, predicted, tolerance=tolerance, surface="inner", **options),
        }
        for name, value in expected.items():
            assert found[name] == pytest.approx(value, rel=1e-13, nan_ok=True), name


def test_surfels_weigh_by_their_size(rng: np.random.Generator) -> None:
    """Percentiles step where the sum of sizes passes the part that is asked for."""
    for _ in range(cases(200)):
        truth, predicted = draw_pair(rng, int(rng.integers(2, 4)))
        steps = rng.lognormal(size=truth.ndim)
        codes = [surfels(side) for side in (truth, predicted)]
        sizes = [[surfel_sizes(tuple(steps))[code] for code in side.values()] for side in codes]
        sides = [distances_between(*order, steps) for order in (codes, codes[::-1])]
        if not all(len(side) for side in sides):
            continue
        percentile, tolerance = float(rng.choice([0, 51.234, 95.1, 100])), float(rng.lognormal())
        expected = []
        for distances, weights in zip(sides, sizes):
            ordered = sorted(zip(distances.tolist(), weights))
            passed = np.cumsum([weight for _, weight in ordered])
            place = np.flatnonzero(passed >= percentile / 100 * passed[-1] * (1 - 1e-12))[0]
            expected.append(ordered[place][0])
        found = surface_distances(truth, predicted, spacing=steps, surface="surfels")
        assert found.hausdorff_distance(percentile=percentile) == pytest.approx(max(expected), rel=1e-13)
        near = sum(w for side, weights in zip(sides, sizes) for d, w in zip(side, weights) if d <= tolerance)
        whole = sum(map(sum, sizes))
        assert surface_dice(truth, predicted, tolerance=tolerance, spacing=steps) == pytest.approx(
            near / whole, rel=1e-12
        )
        total = sum(w * d for side, weights in zip(sides, sizes) for d, w in zip(side, weights))
        assert found.average_surface_distance() == pytest.approx(total / whole, rel=1e-12)


def test_deepmind_agrees(rng: np.random.Generator) -> None:
    reference = pytest.importorskip("surface_distance")
    pytest.importorskip("scipy.ndimage")
    for _ in range(cases(200)):
        truth, predicted = draw_pair(rng, int(rng.integers(2, 4)))
        if not truth.any() or not predicted.any():
            continue  # it asks for numpy.Inf
        steps = draw_spacing(rng, truth.ndim)
        sizes = np.ones(truth.ndim) if steps is None else steps
        with pytest.warns(DeprecationWarning, match="namespace"):
            expected = reference.compute_surface_distances(truth, predicted, sizes)
        found = surface_distances(truth, predicted, spacing=steps, surface="surfels")
        np.testing.assert_allclose(np.sort(found.true_to_pred), expected["distances_gt_to_pred"], rtol=1e-13)
        np.testing.assert_allclose(np.sort(found.pred_to_true), expected["distances_pred_to_gt"], rtol=1e-13)
        dice = reference.compute_surface_dice_at_tolerance(expected, 1.5)
        assert found.surface_dice(tolerance=1.5) == pytest.approx(dice, rel=1e-12)
        average = reference.compute_average_surface_distance(expected)
        sides = [found.average_surface_distance(direction=side) for side in ("true_to_pred", "pred_to_true")]
        assert sides == pytest.approx(average, rel=1e-12)
        hausdorff = reference.compute_robust_hausdorff(expected, 73.21)
        assert found.hausdorff_distance(percentile=73.21) == pytest.approx(hausdorff, rel=1e-12)


def test_sizes_of_surfels() -> None:
    """A face, an edge and a corner of a box; codes and what they leave over have one surface."""
    areas = surfel_sizes((1.0, 2.0, 3.0))
    assert areas[0b00001111] == areas[0b11110000] == 6.0
    assert areas[0b00110011] == 3.0
    assert areas[0b01010101] == 2.0
    assert areas[1] == pytest.approx(math.sqrt(6**2 + 3**2 + 2**2) / 8, rel=1e-15)
    assert areas[0b10000001] == 2 * areas[1]
    np.testing.assert_array_equal(areas, areas[::-1])
    lengths = surfel_sizes((2.0, 5.0))
    assert lengths[0b0011] == 5.0
    assert lengths[0b0101] == 2.0
    assert lengths[1] == lengths[14] == pytest.approx(math.hypot(2, 5) / 2)
    assert lengths[0b1001] == lengths[0b0110] == 2 * lengths[1]


@pytest.mark.parametrize("shape", [(700, 600), (40, 50, 60)])
def test_large_surfaces_by_the_transform(
    shape: tuple[int, ...], rng: np.random.Generator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Cells that are near, far, and everywhere, in any number of threads."""
    monkeypatch.setattr("metrix._surfaces._SERIAL_SIZE", 0)
    truth = np.zeros(shape, dtype=np.bool_)
    truth[tuple(slice(length // 5, length // 2) for length in shape)] = True
    noise = rng.random(shape) < 0.001
    far = np.zeros(shape, dtype=np.bool_)
    far[tuple(slice(length - 3, length) for length in shape)] = True
    for other in (np.roll(truth, 3, axis=1), noise, far):
        surface = np.zeros(shape, dtype=np.bool_)
        surface[tuple(np.array(_edges(other)).T)] = True
        for spacing in (None, [0.5, *range(2, 1 + len(shape))]):
            expected = distance_transform_edt(~surface, spacing=spacing)[tuple(np.array(_edges(truth)).T)]
            for num_threads in (1, 2, 7):
                found = surface_distances(truth, other, spacing=spacing, num_threads=num_threads)
                np.testing.assert_array_equal(found.true_to_pred, expected)


def _edges(mask: npt.NDArray[np.bool_]) -> npt.NDArray[np.int64]:
    inside = np.pad(mask, 1)
    covered = np.ones_like(mask)
    for axis in range(mask.ndim):
        for start in (0, 2):
            covered &= inside[
                tuple(slice(start, start + n) if i == axis else slice(1, 1 + n) for i, n in enumerate(mask.shape))
            ]
    return np.argwhere(mask & ~covered)


def test_surfaces_depend_on_neither_threads_nor_instruction_set(
    instruction_sets: list[str], rng: np.random.Generator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("metrix._surfaces._SERIAL_SIZE", 0)
    truth, predicted = rng.random((2, 30, 41, 52)) < [[[[0.02]]], [[[0.5]]]]
    for surface in ("inner", "surfels"):
        for spacing in (None, 0.7):
            seen = set()
            for name in instruction_sets:
                _core.losses.use_instruction_set(name)
                for num_threads in (1, 2, 7):
                    found = surface_distances(
                        truth, predicted, spacing=spacing, surface=surface, num_threads=num_threads
                    )
                    seen.add((found.true_to_pred.tobytes(), found.pred_to_true.tobytes()))
            assert len(seen) == 1


def test_one_empty_mask_and_two(rng: np.random.Generator) -> None:
    some, none = np.ones((3, 4)), np.zeros((3, 4))
    for surface in ("inner", "surfels"):
        for sides in ((some, none), (none, some)):
            for options, expected in (
                ({}, math.inf),
                ({"empty": "nan"}, math.nan),
                ({"empty": "diagonal"}, 5.0),
                ({"empty": 7}, 7.0),
            ):
                for function in (hausdorff_distance, average_surface_distance):
                    np.testing.assert_equal(function(*sides, surface=surface, **options), expected)
            assert hausdorff_distance(*sides, percentile=95, direction="true_to_pred") == math.inf
            assert surface_dice(*sides, tolerance=100, surface=surface) == 0
        assert math.isnan(hausdorff_distance(none, none, surface=surface, empty=0))
        assert math.isnan(average_surface_distance(none, none, surface=surface))
        assert math.isnan(surface_dice(none, none, tolerance=1, surface=surface))
        assert hausdorff_distance(some, some, surface=surface) == 0


@pytest.mark.parametrize("definition", ["bfscore", "davis"])
def test_boundary_f1_score(definition: Any, rng: np.random.Generator) -> None:
    boundary = inner_surface if definition == "bfscore" else davis_boundary
    for _ in range(cases(500)):
        truth, predicted = draw_pair(rng, 2)
        points = [boundary(side) for side in (truth, predicted)]
        recall, precision = (distances_between(*order, [1, 1]) for order in (points, points[::-1]))
        diagonal = math.sqrt(truth.shape[0] ** 2 + truth.shape[1] ** 2)
        default = 0.0075 * diagonal if definition == "bfscore" else math.ceil(0.008 * diagonal)
        for tolerance in (None, 0.0, 1.0, math.sqrt(5), 4.0):
            reach = default if tolerance is None else tolerance
            if not len(recall) and not len(precision):
                expected = math.nan if definition == "bfscore" else 1.0
            else:
                p, r = (float((side <= reach).mean()) if len(side) else 0.0 for side in (precision, recall))
                expected = 2 * p * r / (p + r) if p + r else 0.0
            found = boundary_f1_score(truth, predicted, definition=definition, tolerance=tolerance)
            assert found == pytest.approx(expected, rel=1e-15, nan_ok=True)


def test_boundary_f1_score_of_label_maps(rng: np.random.Generator) -> None:
    truth, predicted = np.repeat(rng.integers(0, 3, size=(2, 6, 30)), 5, axis=1)
    found = boundary_f1_score(truth, predicted, num_classes=4, tolerance=2)
    expected = [boundary_f1_score(truth == label, predicted == label, tolerance=2) for label in range(4)]
    np.testing.assert_array_equal(found, expected)
    assert np.isnan(found[3])


@pytest.mark.parametrize("empty", ["inf", "nan", "diagonal"])
def test_means_over_images(empty: Any, rng: np.random.Generator) -> None:
    names = ["hausdorff_distance", "average_surface_distance", "surface_dice", "boundary_f1_score"]
    options: dict[str, Any] = {"tolerance": 1.5, "empty": empty, "spacing": [1.0, 2.0], "definition": "davis"}
    pairs = [draw_pair(rng, 2) for _ in range(40)]
    parts = [SurfaceMetrics(names, **options) for _ in range(3)]
    for pair in pairs:
        parts[rng.integers(0, 3)].update(*pair)
    parts[0].merge(parts[1])
    parts[0].merge(pickle.loads(pickle.dumps(parts[2])))
    common: dict[str, Any] = {"spacing": [1.0, 2.0], "empty": empty}
    values = {
        "hausdorff_distance": [hausdorff_distance(*pair, percentile=95, **common) for pair in pairs],
        "average_surface_distance": [average_surface_distance(*pair, **common) for pair in pairs],
        "surface_dice": [surface_dice(*pair, tolerance=1.5, spacing=[1.0, 2.0], surface="inner") for pair in pairs],
        "boundary_f1_score": [boundary_f1_score(*pair, definition="davis") for pair in pairs],
    }
    found = parts[0].compute()
    for name in names:
        kept = [value for value in values[name] if not math.isnan(value)]
        assert found[name] == math.fsum(kept) / len(kept)
    emptiness = [2 - truth.any() - predicted.any() for truth, predicted in pairs]
    assert (found["images"], found["one_empty"], found["both_empty"]) == (40, emptiness.count(1), emptiness.count(2))
    parts[0].reset()
    assert parts[0].compute()["images"] == 0
    with pytest.raises(ValueError, match=r"^other: expected the same metrics and options$"):
        parts[0].merge(SurfaceMetrics(names, tolerance=2))
    with pytest.raises(ValueError, match=r"^metrics: expected names among"):
        SurfaceMetrics(["hd95"])
    with pytest.raises(TypeError, match=r"^tolerance: surface_dice needs one$"):
        SurfaceMetrics(["surface_dice"])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"y_pred": np.ones((2, 3))}, r"^y_pred: expected the shape of y_true, \(2, 2\), got \(2, 3\)$"),
        ({"y_true": np.ones(4)}, r"^y_true: expected shape \(H, W\) or \(D, H, W\), got \(4,\)$"),
        ({"spacing": [1, 2, 3]}, r"^spacing: expected one number or one for each of 2 axes"),
        ({"surface": "outer"}, r"^surface: expected 'inner' or 'surfels', got 'outer'$"),
        ({"percentile": 101}, r"^percentile: expected a number from 0 to 100, got 101$"),
        ({"direction": "back"}, r"^direction: expected 'both', 'true_to_pred' or 'pred_to_true', got 'back'$"),
        ({"empty": "zero"}, r"^empty: expected 'inf', 'nan', 'diagonal' or a number, got 'zero'$"),
    ],
)
def test_wrong_surfaces_are_named(change: dict[str, Any], message: str) -> None:
    arguments = {"y_true": np.ones((2, 2)), "y_pred": np.ones((2, 2)), **change}
    with pytest.raises(ValueError, match=message):
        hausdorff_distance(arguments.pop("y_true"), arguments.pop("y_pred"), **arguments)


def test_wrong_tolerances_are_named() -> None:
    mask = np.ones((2, 2))
    for tolerance in (-1, math.nan):
        with pytest.raises(ValueError, match=r"^tolerance: expected a number >= 0"):
            surface_dice(mask, mask, tolerance=tolerance)
        with pytest.raises(ValueError, match=r"^tolerance: expected a number >= 0"):
            boundary_f1_score(mask, mask, tolerance=tolerance)
    with pytest.raises(ValueError, match=r"^definition: expected 'bfscore' or 'davis', got 'f'$"):
        boundary_f1_score(mask, mask, definition="f")
    with pytest.raises(ValueError, match=r"^y_true: expected shape \(H, W\), got \(2, 2, 2\)$"):
        boundary_f1_score(np.ones((2, 2, 2)), np.ones((2, 2, 2)))
