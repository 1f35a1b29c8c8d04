"""Fidelity of information and similarity of gradients (metrix.image_quality)."""

from __future__ import annotations

import importlib.util
from typing import Any

import numpy as np
import pytest

from effort import cases
from losses.torchvision_peer import torchvision_module
from metrix import _core
from metrix._image_pairs import half_window
from metrix.image_quality import (
    SSIM_VARIANTS,
    gradient_magnitude_similarity_deviation,
    structural_similarity,
    visual_information_fidelity,
)
from oracles import image_quality as oracle
from test_image_quality import pair_of


@pytest.mark.parametrize("dtype", [np.uint8, np.float32, np.float64])
def test_local_moments_are_those_of_windows(dtype: Any, rng: np.random.Generator) -> None:
    for size, shape in ((1, (1, 3)), (3, (9, 7)), (11, (13, 160)), (17, (75, 20))):
        x, y = pair_of(rng, (1, *shape, 3), dtype)
        taps = half_window(size, 1.5)
        full = np.concatenate([taps[:0:-1], taps])
        weights = np.outer(full, full).ravel()
        found = _core.image_quality.local_moments(x, y, taps, 2)
        for channel in range(3):
            wx, wy = (oracle.windows(side[0, :, :, channel].astype(float), size) for side in (x, y))
            mx, my = wx @ weights, wy @ weights
            dx, dy = wx - mx[..., None], wy - my[..., None]
            expected = mx, my, (dx**2 + dy**2) @ weights, (dx * dy) @ weights
            np.testing.assert_allclose(found[:, 0, :, :, channel], np.array(expected), rtol=1e-11, atol=1e-9)


def test_visual_information_fidelity_is_its_definition(rng: np.random.Generator) -> None:
    for k in range(cases(40)):
        shape = (41 + k % 3, 41 + int(rng.integers(0, 9)))
        x, y = pair_of(rng, shape, np.float64)
        if k % 2:
            x[:20], y[10:30] = 7, 9  # windows without contrast on either side
        expected = float(oracle.fidelity(x, y))
        assert visual_information_fidelity(x, y, data_range=255) == pytest.approx(expected, rel=1e-10)
        assert visual_information_fidelity(x / 255, y / 255, data_range=1) == pytest.approx(expected, rel=1e-9)
        assert visual_information_fidelity(x.astype(np.uint8), y.astype(np.uint8)) == pytest.approx(expected, rel=1e-10)
    expected = float(oracle.fidelity(x, y, noise=0.5))
    assert visual_information_fidelity(x, y, data_range=255, noise=0.5) == pytest.approx(expected, rel=1e-10)


def test_visual_information_fidelity_of_channels_and_batches(rng: np.random.Generator) -> None:
    x, y = pair_of(rng, (2, 44, 50, 3), np.uint8)
    each = [[visual_information_fidelity(a[..., c], b[..., c]) for c in range(3)] for a, b in zip(x, y)]
    found = visual_information_fidelity(x, y, channel_axis=-1)
    np.testing.assert_allclose(found, np.mean(each, axis=1), rtol=1e-13)
    assert {visual_information_fidelity(x, y, channel_axis=-1, num_threads=n).tobytes() for n in (1, 2, 7)} == {
        found.tobytes()
    }
    assert visual_information_fidelity(x[0, ..., 0], x[0, ..., 0]) == pytest.approx(1, rel=1e-9)
    flat = np.zeros((41, 41), dtype=np.uint8)
    assert np.isnan(visual_information_fidelity(x[0, :41, :41, 0], flat))
    with pytest.raises(ValueError, match=r"image: expected at least 41 rows and columns, got 40 x 50"):
        visual_information_fidelity(x[:, :40], y[:, :40], channel_axis=-1)
    with pytest.raises(ValueError, match=r"noise: expected a finite number > 0, got 0"):
        visual_information_fidelity(x, y, channel_axis=-1, noise=0)


@pytest.mark.parametrize("ddof", [0, 1])
def test_gradient_magnitude_similarity_deviation_is_its_definition(ddof: int, rng: np.random.Generator) -> None:
    for _ in range(cases(40)):
        shape = tuple(int(side) for side in rng.integers(4, 20, 2))
        x, y = pair_of(rng, shape, np.float64)
        expected = float(oracle.gradient_deviation(x / 255, y / 255, 170 / 255**2, ddof))
        assert gradient_magnitude_similarity_deviation(x, y, data_range=255, ddof=ddof) == pytest.approx(
            expected, rel=1e-10
        )
        both = gradient_magnitude_similarity_deviation(np.stack([x, x]), np.stack([y, x]), data_range=255, ddof=ddof)
        np.testing.assert_allclose(both, [expected, 0], rtol=1e-10, atol=1e-15)
    mean = gradient_magnitude_similarity_deviation(
        np.dstack([x, x]), np.dstack([y, x]), data_range=255, channel_axis=-1, ddof=ddof
    )
    assert mean == pytest.approx(both.mean(), rel=1e-10)
    wide = float(oracle.gradient_deviation(x / 255, y / 255, 0.1, ddof))
    assert gradient_magnitude_similarity_deviation(x, y, data_range=255, ddof=ddof, constant=0.1) == pytest.approx(
        wide, rel=1e-10
    )


def test_gradient_magnitude_similarity_deviation_says_what_is_wrong() -> None:
    with pytest.raises(ValueError, match=r"image: expected at least 4 rows and columns, got \(3, 9\)"):
        gradient_magnitude_similarity_deviation(np.zeros((3, 9)), np.zeros((3, 9)), data_range=1)
    with pytest.raises(ValueError, match=r"constant: expected a finite number > 0, got 0"):
        gradient_magnitude_similarity_deviation(np.zeros((9, 9)), np.zeros((9, 9)), data_range=1, constant=0)


def test_they_are_those_of_torchmetrics(rng: np.random.Generator) -> None:
    torch = pytest.importorskip("torch")
    functions = pytest.importorskip("torchmetrics.functional.image")
    x, y = pair_of(rng, (60, 71), np.float64)
    tensors = [torch.from_numpy(side)[None, None] for side in (x, y)]
    theirs = float(functions.visual_information_fidelity(*tensors))
    assert visual_information_fidelity(x, y, data_range=255) == pytest.approx(theirs, rel=1e-8)
    theirs = float(functions.universal_image_quality_index(*tensors))
    assert structural_similarity(x, y, data_range=255, k1=0, k2=0) == pytest.approx(theirs, rel=1e-9)


def test_they_are_those_of_piq(rng: np.random.Generator) -> None:
    if importlib.util.find_spec("piq") is None:
        pytest.skip("piq is not installed")
    piq = torchvision_module("piq")
    torch = pytest.importorskip("torch")
    x, y = pair_of(rng, (60, 72), np.float64)
    tensors = [torch.from_numpy(side)[None, None] for side in (x, y)]
    theirs = float(piq.vif_p(*tensors, data_range=255.0))
    assert visual_information_fidelity(x, y, data_range=255) == pytest.approx(theirs, rel=1e-6)
    theirs = float(piq.gmsd(*tensors, data_range=255.0))
    assert gradient_magnitude_similarity_deviation(x, y, data_range=255, ddof=0) == pytest.approx(theirs, rel=1e-6)
    theirs = float(piq.ssim(*tensors, data_range=255.0, downsample=False))
    assert structural_similarity(x, y, **SSIM_VARIANTS["wang"], data_range=255) == pytest.approx(theirs, rel=1e-6)
