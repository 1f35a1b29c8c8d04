"""metrix.perceptual: against the definitions, PyTorch as the packages write it, and SciPy, where they are installed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from effort import cases
from metrix import _core
from metrix._opinions import student_quantile
from metrix.perceptual import dists, lpips, mean_opinion_score, quality_correlations
from oracles import perceptual as oracle

SHAPES = [(3, 9, 15), (17, 8, 8), (64, 5, 3), (1, 1, 1)]


def draw(rng: np.random.Generator, images: int = 2, dtype: Any = np.float64) -> tuple[list[Any], list[Any], list[Any]]:
    """Features as behind a ReLU; some pixels are 0 in all channels, some alike in both."""
    first, second = [], []
    for shape in SHAPES:
        a = np.maximum(rng.normal(size=(images, *shape)), 0) * 10.0 ** rng.integers(-6, 4)
        b = np.maximum(a + rng.normal(size=a.shape) * rng.choice([1e-3, 1]), 0)
        a[:, :, rng.random(shape[1:]) < 0.2] = 0
        same = rng.random(shape[1:]) < 0.2
        b[:, :, same] = a[:, :, same]
        first.append(a.astype(dtype))
        second.append(b.astype(dtype))
    return first, second, [rng.random((1, shape[0], 1, 1)) for shape in SHAPES]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_lpips_is_its_definition(dtype: Any, rng: np.random.Generator) -> None:
    for _ in range(cases(40)):
        first, second, weights = draw(rng, dtype=dtype)
        for given in (None, weights):
            wanted = oracle.lpips(first, second, given)
            found = lpips(first, second, given, per_layer=True)
            np.testing.assert_allclose(found, wanted, rtol=1e-12, atol=1e-15)
            np.testing.assert_allclose(lpips(first, second, given), wanted.sum(axis=1), rtol=1e-12, atol=1e-15)
            np.testing.assert_allclose(lpips(second, first, given), found.sum(axis=1), rtol=1e-14, atol=1e-16)
        assert (lpips(first, first, weights) == 0).all()


def test_lpips_as_the_package_writes_it(rng: np.random.Generator) -> None:
    torch = pytest.importorskip("torch")

    def unit(features: Any) -> Any:
        return features / (torch.sqrt(torch.sum(features**2, dim=1, keepdim=True)) + 1e-10)

    first, second, weights = draw(rng, 3)
    total = 0
    for a, b, w in zip(first, second, weights):
        difference = (unit(torch.from_numpy(a)) - unit(torch.from_numpy(b))) ** 2
        total += torch.nn.functional.conv2d(difference, torch.from_numpy(w)).mean([2, 3]).squeeze(1)
    np.testing.assert_allclose(lpips(first, second, weights), total.numpy(), rtol=1e-11)


@pytest.fixture
def instruction_sets() -> Iterator[list[str]]:
    before = _core.losses.instruction_set()
    yield [name for name in ("baseline", "v3", "v4") if _core.losses.use_instruction_set(name)]
    _core.losses.use_instruction_set(before)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_same_bits_everywhere(dtype: Any, instruction_sets: list[str], rng: np.random.Generator) -> None:
    a, b = (rng.normal(size=(2, 19, 33, 41)).astype(dtype) for _ in range(2))
    weights = [rng.random(19)]
    seen = set()
    for name in instruction_sets:
        _core.losses.use_instruction_set(name)
        seen |= {lpips([a], [b], weights, num_threads=threads).tobytes() for threads in (1, 2, 7)}
    assert len(seen) == 1
    # Pixels may come in any order, and twice.
    order = rng.permutation(33 * 41)
    moved = [side.reshape(2, 19, -1, 1)[:, :, np.repeat(order, 2)] for side in (a, b)]
    np.testing.assert_allclose(lpips([moved[0]], [moved[1]], weights), lpips([a], [b], weights), rtol=1e-14)


def test_dists_is_its_definition(rng: np.random.Generator) -> None:
    for _ in range(cases(60)):
        first, second, weights = draw(rng)
        alpha, beta = weights, [rng.random(w.size) for w in weights]
        found = dists(first, second, alpha, beta)
        np.testing.assert_allclose(found, oracle.dists(first, second, alpha, beta), rtol=1e-10, atol=1e-14)
        np.testing.assert_allclose(dists(first, first, alpha, beta), 0, atol=1e-14)


def test_mean_opinion_scores(rng: np.random.Generator) -> None:
    for _ in range(cases(60)):
        ratings = rng.integers(1, 6, (12, 7)).astype(float)
        ratings[rng.random(ratings.shape) < 0.2] = np.nan
        ratings[:, 0] = np.nan
        ratings[:, 1] = [3.0] + [np.nan] * 11
        score = mean_opinion_score(ratings, interval="normal")
        assert np.isnan(score.mean[0])
        assert score.mean[1] == 3.0
        assert np.isnan(score.half_width[:2]).all()
        np.testing.assert_allclose(score.mean[2:], np.nanmean(ratings[:, 2:], axis=0), rtol=1e-14)
        np.testing.assert_allclose(score.std[2:], np.nanstd(ratings[:, 2:], axis=0, ddof=1), rtol=1e-12, atol=1e-14)
        np.testing.assert_array_equal(score.num_ratings, (~np.isnan(ratings)).sum(axis=0))
        width = 1.959963984540054 * score.std / np.sqrt(np.maximum(score.num_ratings, 1))
        np.testing.assert_allclose(score.half_width[2:], width[2:], rtol=1e-12)
        order = rng.permutation(12)
        np.testing.assert_allclose(
            mean_opinion_score(ratings[order]).half_width, mean_opinion_score(ratings).half_width
        )


def test_quantiles_of_student() -> None:
    assert student_quantile(0.5, 1) == pytest.approx(1, rel=1e-14)
    assert student_quantile(0.95, 10) == pytest.approx(2.228138851986274, rel=1e-13)
    stats = pytest.importorskip("scipy.stats")
    for degrees in (1, 2, 3, 4, 7, 30, 101, 1000):
        for share in (0.5, 0.9, 0.95, 0.999):
            assert student_quantile(share, degrees) == pytest.approx(stats.t.ppf(0.5 + share / 2, degrees), rel=1e-9)


def test_screening_of_observers(rng: np.random.Generator) -> None:
    rejections = 0
    for _ in range(cases(100)):
        quality = rng.uniform(1, 5, 30)
        ratings = np.clip(np.round(quality + rng.normal(0, 0.5, (20, 30))), 1, 5)
        ratings[3] = rng.choice([1.0, 5.0], 30)
        ratings[rng.random(ratings.shape) < 0.05] = np.nan
        ratings[7] = 5  # always on one side
        score = mean_opinion_score(ratings, screening="bt500")
        assert score.rejected.tolist() == oracle.rejected(ratings)
        rejections += len(score.rejected)
        kept = np.delete(ratings, score.rejected, axis=0)
        np.testing.assert_array_equal(score.mean, mean_opinion_score(kept).mean)
    assert rejections


def test_correlations(rng: np.random.Generator) -> None:
    stats = pytest.importorskip("scipy.stats")
    for _ in range(cases(60)):
        count = int(rng.integers(2, 600))
        truth = rng.integers(0, rng.choice([3, 50, 10**6]), count).astype(float)
        predicted = truth * rng.choice([-1, 1]) + rng.integers(0, 30, count)
        if np.ptp(truth) == 0 or np.ptp(predicted) == 0:
            continue
        found = quality_correlations(truth, predicted)
        assert found.plcc == pytest.approx(stats.pearsonr(truth, predicted).statistic, rel=1e-9, abs=1e-12)
        assert found.srocc == pytest.approx(stats.spearmanr(truth, predicted).statistic, rel=1e-9, abs=1e-12)
        assert found.krocc == pytest.approx(stats.kendalltau(truth, predicted).statistic, rel=1e-9, abs=1e-12)
        assert found.rmse == pytest.approx(np.sqrt(np.mean((truth - predicted) ** 2)))


def test_correlations_by_hand() -> None:
    found = quality_correlations([1.0, 2.0, 2.0, 5.0], [1e200, 3e200, 2e200, 4e200])
    assert found.srocc == pytest.approx(0.9486832980505138)
    assert found.krocc == pytest.approx(5 / np.sqrt(30))
    assert found.plcc == pytest.approx(6 / np.sqrt(45))
    for constant in ([0.1, 0.1, 0.1], [1.0, np.nan, 2.0]):
        result = quality_correlations([1.0, 2.0, 3.0], constant)
        assert np.isnan([result.plcc, result.srocc, result.krocc]).all()
    assert np.isnan(quality_correlations([], []).rmse)


def test_wrong_input_is_refused() -> None:
    one = np.ones((1, 2, 3, 3))
    with pytest.raises(ValueError, match=r"^y_pred: expected as many layers as y_true, at least one, got 2 and 1$"):
        lpips([one], [one, one], None)
    with pytest.raises(ValueError, match=r"^y_pred\[1\]: expected the shape of y_true\[1\], \(1, 2, 3, 3\), got"):
        lpips([one, one], [one, one[:, :1]], None)
    with pytest.raises(ValueError, match=r"^y_true\[0\]: expected shape \(N, C, H, W\), got \(2, 3, 3\)$"):
        lpips([one[0]], [one[0]], None)
    with pytest.raises(ValueError, match=r"^y_true\[1\]: expected 1 images as in the first layer, got 2$"):
        lpips([one, np.ones((2, 2, 3, 3))], [one, np.ones((2, 2, 3, 3))], None)
    with pytest.raises(TypeError, match=r"^y_true\[0\]: expected real numbers, got dtype complex128$"):
        lpips([one * 1j], [one], None)
    with pytest.raises(ValueError, match=r"^weights: expected 1 arrays, one for each layer, got 2$"):
        lpips([one], [one], [[1, 1], [1, 1]])
    with pytest.raises(ValueError, match=r"^weights\[0\]: expected 2 weights, one for each channel, got shape \(3,\)$"):
        lpips([one], [one], [[1, 1, 1]])
    with pytest.raises(ValueError, match=r"^alpha: expected 1 arrays, one for each layer, got 0$"):
        dists([one], [one], [], [])
    with pytest.raises(ValueError, match=r"^ratings: expected finite numbers or NaN, got inf at index 0, 1$"):
        mean_opinion_score([[1.0, np.inf]])
    with pytest.raises(ValueError, match=r"^confidence: expected a percentage between 0 and 100, got 100$"):
        mean_opinion_score([[1.0]], confidence=100)
    with pytest.raises(ValueError, match=r"^interval: expected 'student' or 'normal', got 't'$"):
        mean_opinion_score([[1.0]], interval="t")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=r"^y_pred: expected the shape of y_true, \(2,\), got \(1,\)$"):
        quality_correlations([1.0, 2.0], [1.0])


def test_nothing_and_nan() -> None:
    assert lpips([np.ones((0, 2, 3, 3))], [np.ones((0, 2, 3, 3))], None).shape == (0,)
    assert np.isnan(lpips([np.ones((1, 2, 0, 3))], [np.ones((1, 2, 0, 3))], None)).all()
    broken = np.ones((1, 2, 3, 3))
    broken[0, 1, 2, 2] = np.nan
    assert np.isnan(lpips([np.ones((1, 2, 3, 3))], [broken], None)).all()
    zeros = np.zeros((1, 2, 3, 3))
    assert lpips([zeros], [zeros], None).tolist() == [0.0]
