"""metrix.losses._similarities and its kernels: rows longer than a chunk, blocks of rows, instruction sets, threads."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from metrix import _core, losses
from metrix.losses import _similarities
from metrix.losses._embeddings import Unit

Array = npt.NDArray[Any]


@pytest.fixture
def instruction_sets() -> Iterator[list[str]]:
    before = _core.losses.instruction_set()
    yield [name for name in ("baseline", "v3", "v4") if _core.losses.use_instruction_set(name)]
    _core.losses.use_instruction_set(before)


def softmax(logits: Array, is_positive: Array, takes_part: Array, upstream: Array) -> tuple[Array, Array]:
    """Values and gradients by the definition, in extended precision."""
    x = np.where(takes_part, logits.astype(np.longdouble), -np.inf)
    most = x.max(axis=1, keepdims=True)
    powers = np.exp(x - most)
    shares = powers / powers.sum(axis=1, keepdims=True)
    count = is_positive.sum(axis=1)
    own = np.where(is_positive, x - most, 0).sum(axis=1) / np.maximum(count, 1)
    values = np.where(count > 0, np.log(powers.sum(axis=1)) - own, 0)
    gradient = np.where(count > 0, upstream, 0)[:, None] * (shares - is_positive / np.maximum(count, 1)[:, None])
    return values, gradient


@pytest.mark.parametrize("columns", [1, 2, 15, 256, 257, 700])
def test_softmax_of_similarities(columns: int, rng: np.random.Generator) -> None:
    logits, labels = 5 * rng.normal(size=(4, columns)), rng.integers(0, columns, 4)
    logits[0, labels[0]] += 60  # the rest is far below one unit in the last place
    is_positive = np.arange(columns) == labels[:, None]
    values, gradient = softmax(logits, is_positive, np.ones_like(is_positive), np.arange(1.0, 5.0))
    rows = logits.copy()
    actual = _core.losses.softmax_of_similarities(rows, labels, None, None, -1, np.arange(1.0, 5.0), 1)
    np.testing.assert_allclose(actual, values.astype(float), rtol=1e-9 if columns > 1 else 0, atol=1e-12)
    np.testing.assert_allclose(rows, gradient.astype(float), atol=1e-14)
    alone = _core.losses.softmax_of_similarities(logits.copy(), labels, None, None, -1, None, 1)
    assert alone.tobytes() == actual.tobytes()


def test_a_sure_row_keeps_the_digits_of_its_loss() -> None:
    rows = np.array([[0.0, 60.0]])
    (value,) = _core.losses.softmax_of_similarities(rows, np.array([1]), None, None, -1, np.ones(1), 1)
    assert value == pytest.approx(np.exp(-60), rel=1e-14)
    np.testing.assert_allclose(rows, [[np.exp(-60), -np.exp(-60)]], rtol=1e-14)


def test_groups_of_several_positives(rng: np.random.Generator) -> None:
    """Of rows in the middle of a batch, whose own column takes no part."""
    y = rng.integers(0, 4, 50)
    y[7] = 9  # alone with its label
    _, groups, sizes = np.unique(y, return_inverse=True, return_counts=True)
    starts = np.concatenate([[0], np.cumsum(sizes)])
    logits = rng.normal(size=(20, 50))
    takes_part = np.arange(50) != np.arange(5, 25)[:, None]
    is_positive = (y[5:25, None] == y) & takes_part
    upstream = rng.normal(size=20)
    values, gradient = softmax(logits, is_positive, takes_part, upstream)
    order = np.argsort(y, kind="stable")
    actual = _core.losses.softmax_of_similarities(logits, groups[5:25], starts, order, 5, upstream, 2)
    np.testing.assert_allclose(actual, values.astype(float), rtol=1e-12)
    np.testing.assert_allclose(logits, gradient.astype(float), atol=1e-14)
    assert actual[2] == 0


@pytest.mark.parametrize("count", [1, 31, 32, 33, 100])
def test_add_transpose(count: int, rng: np.random.Generator) -> None:
    for threads in (1, 2):
        a, b = rng.normal(size=(2, count, count))
        expected, symmetric = a + b.T, a + a.T
        twice = a.copy()
        _core.losses.add_transpose(a, b, threads)
        _core.losses.add_transpose(twice, twice, threads)
        np.testing.assert_array_equal(a, expected)
        np.testing.assert_array_equal(twice, symmetric)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_unit_vectors_of_any_length(dtype: type, rng: np.random.Generator) -> None:
    x = rng.normal(size=(6, 300)).astype(dtype)
    units = Unit(x).rows
    np.testing.assert_allclose(units, x / np.linalg.norm(x, axis=1, keepdims=True), rtol=3 * np.finfo(dtype).eps)
    powers = (-140, 120) if dtype == np.float32 else (-1070, -600, 600, 1015)
    for power in powers:
        scaled = np.ldexp(x, power)
        kept = np.ldexp(scaled, -power)  # what is left of digits below the least normal number
        actual = Unit(scaled)
        np.testing.assert_array_equal(actual.rows, Unit(kept).rows)
        np.testing.assert_array_equal(actual.lengths, np.ldexp(Unit(kept).lengths, power))
    assert Unit(np.zeros((2, 0), dtype)).rows.shape == (2, 0)
    assert np.isnan(Unit(np.array([[np.inf, 1.0]], dtype)).rows[0, 0])
    assert np.isnan(Unit(np.array([[np.nan, 1.0]], dtype)).lengths).all()


def test_blocks_of_rows_add_up(rng: np.random.Generator, monkeypatch: pytest.MonkeyPatch) -> None:
    x, w, y = rng.normal(size=(23, 7)), rng.normal(size=(11, 7)), rng.integers(0, 11, 23)
    for loss in (losses.softmax_loss, losses.arcface_loss, losses.sphereface_loss):
        expected = loss.value_and_grad(x, y, w)
        with monkeypatch.context() as patch:
            patch.setattr(_similarities, "_BLOCK_BYTES", 500)  # five rows
            value, grads = loss.value_and_grad(x, y, w)
        assert value == pytest.approx(expected[0], rel=1e-14)
        for grad, other in zip(grads, expected[1]):
            np.testing.assert_allclose(grad, other, atol=1e-14)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_same_bits(dtype: type, rng: np.random.Generator, instruction_sets: list[str]) -> None:
    """For any number of threads and every instruction set; the product is made once, as it is not ours."""
    cosines = rng.uniform(-1, 1, size=(90, 301)).astype(dtype)
    labels = rng.integers(0, 301, 90)
    square, groups = cosines[:, :90].copy(), rng.integers(0, 9, 90).astype(dtype)
    slopes = rng.random((90, 4))
    seen: dict[str, set[bytes]] = {}
    for name in instruction_sets:
        _core.losses.use_instruction_set(name)
        for threads in (1, 2, 7):
            by = 30 * cosines
            values = _core.losses.softmax_of_similarities(by, labels, None, None, -1, np.ones(90), threads)
            circled = square.copy()
            sums = _core.losses.circle_sums(circled, groups, 0.25, 64, False, threads)
            _core.losses.circle_slopes(circled, groups, 0.25, 64, True, slopes, threads)
            units, lengths = _core.losses.unit_vectors(cosines, threads)
            _core.losses.through_unit_vectors(units, lengths, by, threads)
            by_label = _core.losses.sums_by_label(cosines, labels, 301)
            results = {"values": values, "by": by, "sums": sums, "circled": circled, "units": units, "labels": by_label}
            for what, result in results.items():
                seen.setdefault(what, set()).add(result.tobytes())
    assert {what: len(bits) for what, bits in seen.items()} == dict.fromkeys(seen, 1)


def test_a_mask_keeps_what_is_not_a_number_out_of_a_value(rng: np.random.Generator) -> None:
    x = rng.normal(size=(4, 3))
    x[1] = np.nan
    mask = np.array([True, False, True, True])
    assert np.isfinite(losses.softmax_loss(x, [0, 1, 0, 1], rng.normal(size=(2, 3)), mask=mask))


def test_kernels_refuse_what_does_not_fit() -> None:
    rows, labels = np.zeros((2, 3)), np.array([0, 3])
    with pytest.raises(ValueError, match=r"labels\[1\]: expected a number from 0 to 2, got 3"):
        _core.losses.softmax_of_similarities(rows, labels, None, None, -1, None, 1)
    with pytest.raises(ValueError, match="self_of_first: beyond the columns"):
        _core.losses.softmax_of_similarities(rows, labels, None, None, 2, None, 1)
    with pytest.raises(ValueError, match="matrix: expected two square ones"):
        _core.losses.add_transpose(rows, rows, 1)
    with pytest.raises(ValueError, match=r"labels\[1\]: expected a number from 0 to 1, got 3"):
        _core.losses.sums_by_label(rows, labels, 2)
