"""metrix.distances: against the definition, and bit by bit against SciPy where it is installed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from effort import cases
from metrix import _core
from metrix.distances import distance_transform_edt
from oracles.distances import squared_distances


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
