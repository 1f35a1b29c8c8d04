"""KID and CMMD: by their definitions, pair by pair, and torchmetrics where it is installed."""

from __future__ import annotations

import pickle
from typing import Any

import numpy as np
import pytest

from effort import cases
from metrix.generative import KernelInceptionDistance, cmmd, kernel_inception_distance, polynomial_mmd


def obvious_mmd(x: Any, y: Any, kernel: Any, *, unbiased: bool) -> float:
    """From all values of the kernel, in longdouble."""
    own = []
    for rows in (x, y):
        values = kernel(rows, rows)
        n = len(rows)
        own.append((values.sum() - np.trace(values)) / (n * (n - 1)) if unbiased else values.mean())
    return float(own[0] + own[1] - 2 * kernel(x, y).mean())


def polynomial(degree: int = 3, gamma: float | None = None, coef: float = 1.0) -> Any:
    def kernel(x: Any, y: Any) -> Any:
        products = np.einsum("id,jd->ij", x.astype(np.longdouble), y.astype(np.longdouble))
        return (products * (np.longdouble(1) / x.shape[1] if gamma is None else gamma) + coef) ** degree

    return kernel


def gaussian(sigma: float) -> Any:
    def kernel(x: Any, y: Any) -> Any:
        squares = ((x.astype(np.longdouble)[:, None] - y[None]) ** 2).sum(axis=2)
        return np.exp(-squares / (2 * sigma**2))

    return kernel


def sides(rng: np.random.Generator, least: int) -> tuple[Any, Any]:
    dimension = int(rng.integers(1, 12))
    dtype = rng.choice([np.float32, np.float64])
    shift = rng.choice([0, 3])
    first, second = (rng.normal(size=(int(rng.integers(least, 60)), dimension)).astype(dtype) for _ in "ab")
    return first, (second + shift).astype(dtype)


@pytest.mark.parametrize("block", [7, 1024])
def test_discrepancies_by_definition(rng: np.random.Generator, monkeypatch: pytest.MonkeyPatch, block: int) -> None:
    """In one block, and over many."""
    monkeypatch.setattr("metrix._kernel_sums._BLOCK", block)
    for _ in range(cases(200)):
        first, second = sides(rng, 2)
        options: dict[str, Any] = {"degree": int(rng.integers(1, 6)), "gamma": rng.choice([None, 0.3]), "coef": 0.5}
        kernel = polynomial(**options)
        scale = 1e-13 * float(np.abs(kernel(np.concatenate([first, second]), first)).max())
        expected = obvious_mmd(first, second, kernel, unbiased=True)
        assert polynomial_mmd(first, second, **options) == pytest.approx(expected, rel=1e-12, abs=scale)
        sigma = float(rng.choice([0.5, 10]))
        biased = obvious_mmd(first, second, gaussian(sigma), unbiased=False)
        assert cmmd(first, second, sigma=sigma, scale=7) == pytest.approx(7 * biased, rel=1e-12, abs=1e-13)


def test_subsets_are_those_of_the_seed(rng: np.random.Generator) -> None:
    """Both ways, subset by subset and all pairs once."""
    for count, subsets, size in ((60, 2, 5), (30, 8, 25)):
        first, second = rng.normal(size=(count, 6)), rng.normal(size=(count + 9, 6))
        draw = np.random.RandomState(7)
        values = []
        for _ in range(subsets):
            chosen = [rows[draw.choice(len(rows), size, replace=False)] for rows in (first, second)]
            values.append(obvious_mmd(*chosen, polynomial(), unbiased=True))
        found = kernel_inception_distance(first, second, subsets=subsets, subset_size=size, seed=7)
        assert found.mean == pytest.approx(np.mean(values), rel=1e-12, abs=1e-13)
        assert found.std == pytest.approx(np.std(values), rel=1e-11)


def test_whole_sets_as_subsets(rng: np.random.Generator) -> None:
    first, second = rng.normal(size=(20, 5)), rng.normal(size=(20, 5)) + 1
    found = kernel_inception_distance(first, second, subsets=3, subset_size=20)
    assert found.mean == pytest.approx(polynomial_mmd(first, second), rel=1e-12)
    assert found.std <= 1e-12


def test_order_and_sides_of_discrepancies(rng: np.random.Generator) -> None:
    first, second = rng.normal(size=(40, 5)), rng.normal(size=(30, 5)) + 0.3
    for distance in (polynomial_mmd, cmmd):
        expected = distance(first, second)
        assert distance(second, first) == pytest.approx(expected, rel=1e-12)
        assert distance(rng.permutation(first), rng.permutation(second)) == pytest.approx(expected, rel=1e-11)


def test_identical_and_distant_sets(rng: np.random.Generator) -> None:
    first = rng.normal(size=(30, 4)) + 1e6
    assert 0 <= cmmd(first, first[::-1]) <= 1e-9
    assert cmmd(np.zeros((3, 2)), np.full((4, 2), 1e6)) == pytest.approx(2000, rel=1e-12)


def test_streamed_kid(rng: np.random.Generator) -> None:
    first, second = rng.normal(size=(50, 6)).astype(np.float32), rng.normal(size=(40, 6)).astype(np.float32)
    options: dict[str, Any] = {"subsets": 4, "subset_size": 10, "seed": 3}
    one, two = KernelInceptionDistance(**options), KernelInceptionDistance(**options)
    batch = first[:20].copy()
    one.update(batch, None)
    batch[:] = 0  # what was given is kept
    one.update(None, second[:5])
    two.update(first[20:], second[5:])
    one.merge(pickle.loads(pickle.dumps(two)))
    assert one.compute() == kernel_inception_distance(first, second, **options)
    assert one.compute_unbiased() == polynomial_mmd(first, second)
    one.merge(one)
    assert one.compute_unbiased() == polynomial_mmd(np.tile(first, (2, 1)), np.tile(second, (2, 1)))
    one.reset()
    with pytest.raises(ValueError, match="real: expected at least 10 rows, got 0"):
        one.compute()


def test_wrong_features_of_discrepancies() -> None:
    eye = np.eye(3)
    with pytest.raises(ValueError, match="generated: expected at least 4 rows, got 3"):
        kernel_inception_distance(np.ones((4, 3)), eye, subset_size=4)
    with pytest.raises(ValueError, match="generated: expected 3 dimensions as in real, got 2"):
        cmmd(eye, np.eye(2))
    with pytest.raises(ValueError, match="real: expected finite numbers, got inf at index 1, 0"):
        polynomial_mmd([[0.0], [np.inf]], [[0.0], [1.0]])
    with pytest.raises(ValueError, match="subset_size: expected an int >= 2, got 1"):
        KernelInceptionDistance(subset_size=1)
    with pytest.raises(ValueError, match="subsets: expected an int >= 1, got 0"):
        kernel_inception_distance(eye, eye, subsets=0)
    with pytest.raises(ValueError, match="degree: expected an int >= 1, got 0"):
        polynomial_mmd(eye, eye, degree=0)
    with pytest.raises(ValueError, match="sigma: expected a number > 0, got 0"):
        cmmd(eye, eye, sigma=0)
    distance = KernelInceptionDistance()
    distance.update(eye, None)
    with pytest.raises(ValueError, match=r"generated: expected features of shape \(N, 3\)"):
        distance.update(None, np.eye(2))
    with pytest.raises(ValueError, match=r"generated: expected features of shape \(N, 3\)"):
        distance.update(eye, np.eye(2))
    with pytest.raises(ValueError, match=r"other: expected options \(100, 1000, 2020, 3, None, 1.0\)"):
        distance.merge(KernelInceptionDistance(seed=1))
    other = KernelInceptionDistance()
    other.update(np.eye(2), None)
    with pytest.raises(ValueError, match="other: expected 3 dimensions, got 2"):
        distance.merge(other)


@pytest.mark.parity
def test_polynomial_mmd_of_torchmetrics(rng: np.random.Generator) -> None:
    torch = pytest.importorskip("torch")
    kid = pytest.importorskip("torchmetrics.image.kid")
    first, second = rng.normal(size=(30, 8)), rng.normal(size=(30, 8)) + 0.5
    expected = kid.poly_mmd(torch.from_numpy(first), torch.from_numpy(second)).item()
    assert polynomial_mmd(first, second) == pytest.approx(expected, rel=1e-11)
