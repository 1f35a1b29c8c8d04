"""Precision, recall, density and coverage: by all distances, with ties, duplicates, and over many blocks."""

from __future__ import annotations

import pickle
from typing import Any

import numpy as np
import pytest

from effort import cases
from metrix.generative import PRDC, ManifoldScores, prdc


def obvious_scores(real: Any, generated: Any, k: int, *, closed: bool) -> tuple[float, ...]:
    """From the matrices of all distances."""

    def distances(x: Any, y: Any) -> Any:
        return np.sqrt(((x.astype(np.float64)[:, None] - y[None]) ** 2).sum(axis=2))

    def radii(x: Any) -> Any:
        own = distances(x, x)
        np.fill_diagonal(own, np.inf)
        return np.sort(own, axis=1)[:, k - 1]

    inside = np.less_equal if closed else np.less
    both = distances(real, generated)
    in_real, in_generated = inside(both, radii(real)[:, None]), inside(both, radii(generated))
    return (
        in_real.any(axis=0).mean(),
        in_generated.any(axis=1).mean(),
        in_real.sum() / (k * len(generated)),
        in_real.any(axis=1).mean(),
    )


def hostile(rng: np.random.Generator, kind: int, count: int, size: int) -> Any:
    """Rows whose squared distances are exact in float64, so that ties are ties whoever adds them up."""
    rows = rng.integers(-(2**20), 2**20, size=(count, size)) / 2.0**18
    if kind == 1:  # a grid: most distances are tied
        rows = rng.integers(0, 3, size=(count, size)).astype(np.float64)
    elif kind == 2:  # copies
        rows = np.repeat(rows, 3, axis=0)[:count]
    elif kind == 3:  # far from zero: a product in float32 has no digit of these distances left
        rows = rng.integers(0, 50, size=(count, size)) / 2.0**9 + 2**14
    elif kind == 4:  # every two at one distance
        rows = np.eye(12)[rng.integers(0, 12, count)][:, :size]
    elif kind == 5:  # a lone row far away
        rows[0] *= 2.0**30
    return rows


@pytest.mark.parametrize("block", [4, 32, 1024])
def test_prdc_by_definition(rng: np.random.Generator, monkeypatch: pytest.MonkeyPatch, block: int) -> None:
    monkeypatch.setattr("metrix._neighbour_balls._BLOCK", block)
    monkeypatch.setattr("metrix._neighbour_balls._KEPT", 64 * block)
    for case in range(cases(160)):
        k, size = (int(value) for value in rng.integers(1, (7, 12)))
        closed = bool(rng.integers(2))
        pair = [hostile(rng, case % 6, int(rng.integers(k + 1, 70)), size) for _ in "ab"]
        if rng.random() < 0.3:  # a generator that copies what it has seen
            pair[1] = np.concatenate([pair[0], pair[1]])
        pair = [rows.astype(rng.choice([np.float32, np.float64])) for rows in pair]
        expected = obvious_scores(*pair, k, closed=closed)
        scale = 2.0 ** float(rng.choice([0, 60, -60]))
        for threads in (1, 3):
            found = prdc(*(rows * rows.dtype.type(scale) for rows in pair), k=k, closed=closed, num_threads=threads)
            assert found == pytest.approx(expected, rel=1e-15)


def test_order_and_sides(rng: np.random.Generator) -> None:
    """The order of rows does not matter, and recall is the precision of the other side."""
    real, generated = rng.normal(size=(60, 8)), rng.normal(size=(50, 8)) * 0.8
    scores, swapped = prdc(real, generated), prdc(generated, real)
    assert prdc(rng.permutation(real), rng.permutation(generated)) == scores
    assert (swapped.precision, swapped.recall) == (scores.recall, scores.precision)


def test_copies_and_their_balls() -> None:
    """More copies than neighbours: balls are points, which hold their copies only if they are closed."""
    rows = np.repeat(np.eye(3), 3, axis=0)
    assert prdc(rows, rows, k=2) == ManifoldScores(0, 0, 0, 0)
    assert prdc(rows, rows, k=2, closed=True) == ManifoldScores(1, 1, 1.5, 1)


def test_a_radius_of_another_side_is_exact(rng: np.random.Generator) -> None:
    """Generated rows at exactly the radius of a real one, whose product in float32 says otherwise."""
    real = rng.normal(size=(40, 64)).astype(np.float32)
    generated = real[::-1].copy()
    opened, closed = prdc(real, generated, k=1), prdc(real, generated, k=1, closed=True)
    assert opened.density == 1.0  # each in its own ball alone
    assert closed.density == 2.0  # and its nearest neighbour on the edge of it


def test_all_in_every_ball(rng: np.random.Generator) -> None:
    """A generator that makes the mean of what it has seen lies in every ball."""
    real = rng.normal(size=(300, 200))
    scores = prdc(real, rng.normal(size=(300, 200)) * 1e-3, k=5)
    assert (scores.precision, scores.recall, scores.density, scores.coverage) == (1, 0, 60, 1)


def test_large_numbers() -> None:
    for scale in (1e300, 1e-300):
        real = np.arange(12.0).reshape(6, 2)[:, ::-1] * scale
        assert prdc(real, real, k=1) == prdc(real / scale, real / scale, k=1)


def test_products_that_underflow(rng: np.random.Generator) -> None:
    """Between two far rows, around their mean, squares are no numbers of float32 any more."""
    pair = [np.concatenate([[[1.0, 0], [-1, 0]], rng.integers(-9, 9, (20, 2)) * 2.0**-76]) for _ in "ab"]
    narrow = [rows.astype(np.float32) for rows in pair]
    assert prdc(*narrow, k=2) == pytest.approx(obvious_scores(*pair, 2, closed=False), rel=1e-15)


def test_streamed_prdc(rng: np.random.Generator) -> None:
    real, generated = rng.normal(size=(50, 6)), rng.normal(size=(40, 6))
    one, two = PRDC(k=3, closed=True), PRDC(k=3, closed=True)
    one.update(real[:20], generated[:30])
    two.update(real[20:], None)
    two.update(None, generated[30:])
    one.merge(pickle.loads(pickle.dumps(two)))
    assert one.compute() == prdc(real, generated, k=3, closed=True)
    with pytest.raises(ValueError, match=r"other: expected options \(3, True\), got \(5, False\)"):
        one.merge(PRDC())
    one.reset()
    with pytest.raises(ValueError, match="real: expected at least 4 rows, got 0"):
        one.compute()


def test_wrong_features_of_prdc() -> None:
    with pytest.raises(ValueError, match="generated: expected at least 6 rows, got 3"):
        prdc(np.zeros((6, 3)), np.eye(3))
    with pytest.raises(ValueError, match="k: expected an int >= 1, got 0"):
        PRDC(k=0)
    with pytest.raises(ValueError, match="generated: expected finite numbers, got nan at index 0, 0"):
        prdc([[0.0], [1.0]], [[np.nan], [1.0]], k=1)


@pytest.mark.parity
def test_package_prdc(rng: np.random.Generator, capsys: pytest.CaptureFixture[str]) -> None:
    reference = pytest.importorskip("prdc")
    real, generated = rng.normal(size=(80, 10)), rng.normal(size=(70, 10)) * 0.8
    expected = reference.compute_prdc(real, generated, 5)
    found = prdc(real, generated)._asdict()
    assert {name: float(value) for name, value in expected.items()} == pytest.approx(found, rel=1e-12)
