"""Fréchet distance: against 50 digits, known answers, and SciPy where it is installed."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from effort import cases
from metrix._roots import factor_of, pivoted_cholesky, trace_of_root
from metrix.generative import (
    FeatureStatistics,
    FrechetDistance,
    FrechetStatistics,
    frechet_distance,
    read_statistics,
    write_statistics,
)


def covariance(rng: np.random.Generator, size: int, rank: int, decay: float) -> Any:
    """Random, of this rank, with eigenvalues from 1 down to ``decay``."""
    basis = np.linalg.qr(rng.normal(size=(size, size)))[0][:, :rank]
    return (basis * np.geomspace(1, decay, rank)) @ basis.T


def exact_distance(first: Any, second: Any) -> float:
    """Squared Fréchet distance of features in longdouble sums, and the nuclear norm for the root: no root of a covariance."""
    first, second = np.asarray(first, dtype=np.float64), np.asarray(second, dtype=np.float64)
    means = [side.astype(np.longdouble).mean(axis=0) for side in (first, second)]
    centred = [(side - mean) / np.sqrt(np.longdouble(len(side) - 1)) for side, mean in zip((first, second), means)]
    traces = sum(np.sum(side * side) for side in centred)
    narrow = [side.astype(np.float64) for side in centred]
    norm = np.linalg.svd(narrow[0] @ narrow[1].T, compute_uv=False).sum()
    return float(np.sum((means[0] - means[1]) ** 2) + traces - 2 * norm)


def test_trace_of_commuting_matrices(rng: np.random.Generator) -> None:
    """Where the eigenvectors are shared the answer is known, whatever the condition or the rank."""
    for _ in range(cases(200)):
        size = int(rng.integers(1, 60))
        basis = np.linalg.qr(rng.normal(size=(size, size)))[0]
        spectra = [10 ** rng.uniform(-6, 0, size) * (rng.random(size) < rng.choice([0.3, 1])) for _ in "ab"]
        scales = 10.0 ** rng.integers(-120, 120, 2)
        matrices = [(basis * spectrum) @ basis.T * scale for spectrum, scale in zip(spectra, scales)]
        root = np.sqrt(scales[0]) * np.sqrt(scales[1])
        expected = np.sum(np.sqrt(spectra[0] * spectra[1])) * root
        # Rounding moves an eigenvalue of 1e-6 by 1e-16, and its root by 1e-13.
        assert abs(trace_of_root(*matrices) - expected) <= 1e-12 * size * root


def test_trace_with_fifty_digits(rng: np.random.Generator) -> None:
    mpmath = pytest.importorskip("mpmath")
    mpmath.mp.dps = 50
    for decay in (1e-2, 1e-8, 1e-12):
        first, second = (covariance(rng, 8, 8, decay) for _ in "ab")
        first, second = (first + first.T) / 2, (second + second.T) / 2
        one, two = mpmath.matrix(first.tolist()), mpmath.matrix(second.tolist())
        lower = mpmath.cholesky(one)
        values = mpmath.eigsy(lower.T * two * lower, eigvals_only=True)
        expected = float(sum(mpmath.sqrt(value) for value in values))
        assert trace_of_root(first, second) == pytest.approx(expected, rel=1e-12)


def test_distance_with_fifty_digits(rng: np.random.Generator) -> None:
    """Of more rows than dimensions and of fewer, where both covariances are singular."""
    mpmath = pytest.importorskip("mpmath")
    with mpmath.workdps(50):
        for count, size in ((9, 4), (4, 9), (2, 5), (7, 6), (6, 6)):
            for _ in range(cases(20)):
                sides = [rng.normal(size=(count, size)) * np.geomspace(1, 1e-4, size) + 2 for _ in "ab"]
                means, centred = [], []
                for side in sides:
                    rows = mpmath.matrix(side.tolist())
                    mean = [mpmath.fsum(rows[i, j] for i in range(count)) / count for j in range(size)]
                    means.append(mean)
                    centred.append(mpmath.matrix(count, size))
                    for i in range(count):
                        for j in range(size):
                            centred[-1][i, j] = (rows[i, j] - mean[j]) / mpmath.sqrt(count - 1)
                expected = mpmath.fsum((a - b) ** 2 for a, b in zip(*means))
                expected += mpmath.fsum(value**2 for rows in centred for value in rows)
                expected -= 2 * mpmath.fsum(mpmath.svd_r(centred[0] * centred[1].T, compute_uv=False))
                assert frechet_distance(*sides) == pytest.approx(float(expected), rel=1e-12)


def test_factor_of_any_rank(rng: np.random.Generator) -> None:
    for _ in range(cases(100)):
        size = int(rng.integers(1, 80))
        rank = int(rng.integers(1, size + 1))
        matrix = covariance(rng, size, rank, rng.choice([0.5, 1e-6]))
        for factor in (factor_of(matrix), pivoted_cholesky(matrix)):
            ordered = matrix[factor.order][:, factor.order]
            np.testing.assert_allclose(factor.lower @ factor.lower.T, ordered, rtol=0, atol=1e-13)
            assert np.array_equal(factor.lower, np.tril(factor.lower))
        assert pivoted_cholesky(matrix).lower.shape == (size, rank)


def test_factor_over_several_panels(rng: np.random.Generator) -> None:
    features = rng.normal(size=(600, 700))
    matrix = features.T @ features
    for factor in (pivoted_cholesky(matrix), pivoted_cholesky(matrix + np.eye(700))):
        ordered = (matrix + np.eye(700) * (factor.lower.shape[1] == 700))[factor.order][:, factor.order]
        np.testing.assert_allclose(factor.lower @ factor.lower.T, ordered, rtol=0, atol=1e-10)
    assert pivoted_cholesky(matrix).lower.shape == (700, 600)


def test_distance_from_features(rng: np.random.Generator) -> None:
    """Fewer rows than dimensions, more, or as many; far from zero; of either precision."""
    for _ in range(cases(200)):
        size = int(rng.integers(1, 40))
        sides = []
        for _ in "ab":
            rows = rng.normal(size=(rng.integers(2, 60), size)) @ rng.normal(size=(size, size))
            sides.append((rows + rng.choice([0, 1e3])).astype(rng.choice([np.float32, np.float64])))
        expected = exact_distance(*sides)
        scale = sum(float(np.var(side.astype(np.float64), axis=0).sum()) for side in sides) + expected
        assert abs(frechet_distance(*sides) - expected) <= 1e-11 * scale
        assert frechet_distance(*sides[::-1]) == pytest.approx(frechet_distance(*sides), abs=1e-11 * scale)


def test_large_singular_covariances(rng: np.random.Generator) -> None:
    """Across panels and with fewer rows than dimensions, where libraries keep five digits."""
    first, second = rng.normal(size=(300, 600)), rng.normal(size=(350, 600)) * 2
    assert frechet_distance(first, second) == pytest.approx(exact_distance(first, second), rel=1e-12)


def test_identical_sets_are_zero_and_never_negative(rng: np.random.Generator) -> None:
    for count, size in ((2, 1), (10, 40), (60, 40), (41, 40)):
        features = rng.normal(size=(count, size)) @ np.diag(np.geomspace(1, 1e-5, size))
        found = frechet_distance(features, features[::-1])
        assert 0 <= found <= 1e-13 * size
    assert frechet_distance(np.ones((5, 3)), np.ones((4, 3))) == 0
    assert frechet_distance(np.ones((5, 3)), np.zeros((4, 3))) == 3
    assert frechet_distance(np.empty((5, 0)), np.empty((4, 0))) == 0


def test_supports_that_do_not_meet(rng: np.random.Generator) -> None:
    """The product is zero or nearly so: roots of what rounding leaves of its eigenvalues would be 1e-8 each."""
    basis = np.linalg.qr(rng.normal(size=(40, 40)))[0]
    one, two = basis[:, :20] @ basis[:, :20].T, basis[:, 18:] @ basis[:, 18:].T
    assert trace_of_root(one, two) == pytest.approx(2, rel=1e-12)
    assert trace_of_root(np.diag([1.0, 0, 0]), np.diag([0, 1.0, 1])) == 0


def test_single_directions_that_do_not_meet(rng: np.random.Generator) -> None:
    """One eigenvalue alone, which is rounding: nothing larger tells so."""
    for _ in range(20):
        one, two = np.linalg.qr(rng.normal(size=(10, 2)))[0].T
        assert trace_of_root(np.outer(one, one), np.outer(two, two)) <= 1e-14


def test_what_rounding_leaves_of_a_diagonal_is_no_rank() -> None:
    """This has a Cholesky factor, which ends with 1.5e-8."""
    below = np.nextafter(1, 0)
    first = np.array([[1, below], [below, 1]])
    assert np.linalg.cholesky(first)[1, 1] > 1e-8
    assert trace_of_root(first, np.array([[1.0, -1], [-1, 1]])) <= 1e-14


def test_scipy(rng: np.random.Generator) -> None:
    linalg = pytest.importorskip("scipy.linalg")
    first, second = (np.cov(rng.normal(size=(200, 30)) @ rng.normal(size=(30, 30)), rowvar=False) for _ in "ab")
    means = rng.normal(size=(2, 30))
    root = linalg.sqrtm(first @ second)
    expected = np.sum((means[0] - means[1]) ** 2) + np.trace(first) + np.trace(second) - 2 * np.trace(root).real
    found = frechet_distance((means[0], first), FrechetStatistics(means[1], second))
    assert found == pytest.approx(expected, rel=1e-9)


def test_single_precision_statistics(rng: np.random.Generator) -> None:
    """Some files hold float32: slightly asymmetric, slightly indefinite."""
    features = [rng.normal(size=(30, 50)), rng.normal(size=(30, 50)) + 0.1]
    exact = frechet_distance(*features)
    sides = [(side.mean(axis=0), np.cov(side, rowvar=False).astype(np.float32)) for side in features]
    assert frechet_distance(*sides) == pytest.approx(exact, rel=1e-3)


def test_streamed_statistics(rng: np.random.Generator) -> None:
    features = (rng.normal(size=(3000, 7)) * 1e-2 + 1e4).astype(np.float32)
    wide = features.astype(np.longdouble)
    mean = wide.mean(axis=0)
    expected = ((wide - mean).T @ (wide - mean) / 2999).astype(np.float64)
    whole = FeatureStatistics()
    whole.update(features)
    for split in (1, 8, 1000):
        parts = FeatureStatistics()
        for start in range(0, 3000, split):
            parts.update(features[start : start + split])
        assert all(np.array_equal(a, b) for a, b in zip(whole.compute(), parts.compute()))
    halves = [FeatureStatistics(), FeatureStatistics(), FeatureStatistics()]
    halves[0].update(features[:500])
    halves[0].compute()
    halves[1].update(features[500:])
    merged: FeatureStatistics = pickle.loads(pickle.dumps(halves[0]))
    merged.merge(pickle.loads(pickle.dumps(halves[1])))
    merged.merge(halves[2])
    halves[2].merge(merged)
    for found in (whole.compute(), merged.compute(), halves[2].compute()):
        np.testing.assert_allclose(found.mu, mean.astype(np.float64), rtol=1e-15)
        np.testing.assert_allclose(found.sigma, expected, rtol=0, atol=1e-13 * expected.max())


def test_blocks_of_many_rows(rng: np.random.Generator, monkeypatch: pytest.MonkeyPatch) -> None:
    """Several blocks are multiplied out, whose means lie apart."""
    monkeypatch.setattr("metrix._statistics._GATHERED", 1)
    features = rng.normal(size=(1000, 5)) + np.arange(1000)[:, None]
    first, second = FeatureStatistics(), FeatureStatistics()
    first.update(features[:700])
    second.update(features[700:])
    second.compute()
    first.merge(second)
    np.testing.assert_allclose(first.compute().sigma, np.cov(features, rowvar=False), rtol=1e-12)
    np.testing.assert_allclose(first.compute().mu, features.mean(axis=0), rtol=1e-14)


def test_streamed_distance(rng: np.random.Generator) -> None:
    real, generated = rng.normal(size=(50, 6)), rng.normal(size=(40, 6)) + 1
    one, two = FrechetDistance(), FrechetDistance()
    one.update(real[:20], generated[:30])
    two.update(None, generated[30:])
    two.update(real[20:], None)
    one.merge(pickle.loads(pickle.dumps(two)))
    assert one.compute() == pytest.approx(frechet_distance(real, generated), rel=1e-12)
    one.reset()
    with pytest.raises(ValueError, match="at least 2 rows, got 0"):
        one.compute()


def test_statistics_files(rng: np.random.Generator, tmp_path: Path) -> None:
    features = rng.normal(size=(9, 4)).astype(np.float32)
    for path in (tmp_path / "real.npz", tmp_path / "without_suffix"):
        write_statistics(path, features)
        with np.load(path) as file:  # as pytorch-fid reads
            mu, sigma = file["mu"][:], file["sigma"][:]
        assert mu.dtype == sigma.dtype == np.float64
        np.testing.assert_allclose(sigma, np.cov(features.astype(np.float64), rowvar=False), rtol=1e-13)
        assert frechet_distance(read_statistics(path), features) <= 1e-14
    np.savez(tmp_path / "other.npz", mu=mu)
    with pytest.raises(ValueError, match=r"expected mu and sigma, got \['mu'\]"):
        read_statistics(tmp_path / "other.npz")
    np.save(tmp_path / "one.npy", mu)
    with pytest.raises(ValueError, match="got one array"):
        read_statistics(tmp_path / "one.npy")


def test_wrong_features_and_statistics() -> None:
    fine = np.eye(3)
    for wrong, message in (
        (np.zeros(3), r"real: expected features of shape \(N, D\), got \(3,\)"),
        (np.zeros((1, 3)), "real: expected at least 2 rows, got 1"),
        (np.array([[0, 1, 2], [0, np.nan, 1]]), "real: expected finite numbers, got nan at index 1, 1"),
        (np.zeros((4, 2)), "generated: expected 2 dimensions as in real, got 3"),
        ((np.zeros(3), np.zeros((2, 2))), r"real: expected mu \(D,\) and sigma \(D, D\)"),
        (
            (np.zeros(2), [[1, 2], [0, 1.0]]),
            "real.sigma: expected a symmetric matrix, got 2.0 at index 0, 1 and 0.0 at 1, 0",
        ),
        ((np.zeros(2), np.diag([1, -1.0])), "real.sigma: expected no negative variance, got -1.0 at index 1"),
        ((np.zeros(2), np.diag([1, np.inf])), "real.sigma: expected finite numbers, got another at index 1, 1"),
    ):
        with pytest.raises(ValueError, match=message):
            frechet_distance(wrong, fine)
    with pytest.raises(TypeError, match="real: expected real numbers, got dtype complex128"):
        frechet_distance(fine.astype(complex), fine)
    statistics = FeatureStatistics()
    statistics.update(fine)
    other = FeatureStatistics()
    other.update(np.eye(2))
    with pytest.raises(ValueError, match="other: expected 3 dimensions, got 2"):
        statistics.merge(other)
    with pytest.raises(ValueError, match=r"features: expected features of shape \(N, 3\)"):
        statistics.update(np.eye(2))
