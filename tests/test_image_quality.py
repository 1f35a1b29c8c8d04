from __future__ import annotations

import hashlib
import pickle
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from effort import cases
from metrix import _core
from metrix.image_quality import (
    MS_SSIM_VARIANTS,
    SCALE_WEIGHTS,
    SSIM_VARIANTS,
    ImageQualityMetrics,
    gradient_magnitude_similarity_deviation,
    luma,
    multiscale_structural_similarity,
    peak_signal_noise_ratio,
    structural_similarity,
    visual_information_fidelity,
)
from oracles import image_quality as oracle

WANG = oracle.gaussian(11, 1.5)
#: How far single precision may be from the truth: means, and one window.
MEAN, WINDOW = 1e-7, 3e-6


@pytest.fixture
def instruction_sets() -> Iterator[list[str]]:
    before = _core.losses.instruction_set()
    yield [name for name in ("baseline", "v3", "v4") if _core.losses.use_instruction_set(name)]
    _core.losses.use_instruction_set(before)


def pair_of(rng: np.random.Generator, shape: tuple[int, ...], dtype: Any) -> tuple[Any, Any]:
    image = rng.integers(0, 256, shape)
    other = np.clip(image + rng.integers(-60, 60, shape), 0, 255)
    return image.astype(dtype), other.astype(dtype)


@pytest.mark.parametrize("dtype", [np.uint8, np.float32, np.float64])
def test_structural_similarity_is_its_definition(dtype: Any, rng: np.random.Generator) -> None:
    """Sizes around those of tiles, pairs of rows and windows; windows of any radius."""
    for _ in range(cases(200)):
        size = int(rng.choice([1, 3, 5, 7, 11, 13]))
        height, width = (int(size + rng.choice([0, 1, 2, 5, 63, 64, 65])), int(size + rng.choice([0, 1, 9, 143, 145])))
        x, y = pair_of(rng, (height, width), dtype)
        sample = bool(size > 1 and rng.random() < 0.5)
        uniform = bool(rng.random() < 0.5)
        taps = np.full(size, 1 / np.longdouble(size)) if uniform else oracle.gaussian(size, 1.5)
        expected = oracle.similarity(x, y, taps, 255, sample=sample)[0]
        value, found = structural_similarity(
            x,
            y,
            data_range=255,
            window="uniform" if uniform else "gaussian",
            window_size=size,
            sample_covariance=sample,
            full=True,
        )
        exact = dtype is np.float64
        assert value == pytest.approx(float(expected.mean()), rel=1e-12, abs=1e-13 if exact else MEAN * 20)
        np.testing.assert_allclose(found, expected.astype(float), rtol=0, atol=1e-11 if exact else WINDOW)


@pytest.mark.parametrize("channels", [1, 2, 3, 4, 5])
@pytest.mark.parametrize("axis", [0, 1, 2, 3])
def test_channels_stand_where_they_are_said_to(channels: int, axis: int, rng: np.random.Generator) -> None:
    x, y = pair_of(rng, (channels, 2, 20, 160), np.float64)
    each = np.array([[structural_similarity(a, b, data_range=255) for a, b in zip(*of)] for of in zip(x, y)])
    x, y = (np.moveaxis(side, 0, axis) for side in (x, y))
    value, maps = structural_similarity(x, y, data_range=255, channel_axis=axis, full=True)
    np.testing.assert_allclose(value, each.mean(axis=0), rtol=1e-13)
    np.testing.assert_allclose(np.moveaxis(maps, axis, 0).mean(axis=(2, 3)), each, rtol=1e-12)
    np.testing.assert_array_equal(
        structural_similarity(x, y, data_range=255, channel_axis=axis - 4), value
    )  # counted from the end


@pytest.mark.parametrize("dtype", [np.uint8, np.float32, np.float64])
def test_volumes_are_their_definition(dtype: Any, rng: np.random.Generator) -> None:
    for _ in range(cases(60)):
        size = int(rng.choice([1, 3, 5, 7]))
        shape = tuple(int(size + rng.choice(most)) for most in ([0, 1, 5], [0, 3, 4, 62], [0, 2, 9]))
        x, y = pair_of(rng, shape, dtype)
        sample = bool(size > 1 and rng.random() < 0.5)
        taps = oracle.gaussian(size, 1.5)
        expected = oracle.similarity(x, y, taps, 255, sample=sample)[0]
        value, found = structural_similarity(
            x, y, data_range=255, window_size=size, sample_covariance=sample, dimensions=3, full=True
        )
        exact = dtype is np.float64
        assert value == pytest.approx(float(expected.mean()), rel=1e-12, abs=1e-13 if exact else MEAN * 20)
        np.testing.assert_allclose(found, expected.astype(float), rtol=0, atol=1e-11 if exact else WINDOW)


def test_windows_must_fit_into_volumes() -> None:
    x = np.zeros((2, 8, 12, 20), dtype=np.uint8)
    with pytest.raises(
        ValueError, match=r"image: expected at least as many slices, rows and columns .* 11, got 8 x 12 x 20"
    ):
        structural_similarity(x, x, dimensions=3)


@pytest.mark.parametrize("channels", [3, 5])
@pytest.mark.parametrize("axis", [0, 1, 2, 4])
def test_channels_of_volumes_stand_where_they_are_said_to(channels: int, axis: int, rng: np.random.Generator) -> None:
    x, y = pair_of(rng, (channels, 2, 8, 9, 20), np.float64)
    common: dict[str, Any] = {"data_range": 255, "dimensions": 3, "window_size": 5}
    each, maps = structural_similarity(x, y, full=True, **common)
    x, y = (np.moveaxis(side, 0, axis) for side in (x, y))
    value, full = structural_similarity(x, y, channel_axis=axis, full=True, **common)
    np.testing.assert_allclose(value, each.mean(axis=0), rtol=1e-13)
    np.testing.assert_allclose(np.moveaxis(full, axis, 0), maps, rtol=1e-12)
    with pytest.raises(ValueError, match=r"image: expected shape \(..., D, H, W\), and a channel axis"):
        structural_similarity(x[0, 0], y[0, 0], data_range=255, dimensions=3, channel_axis=0)
    with pytest.raises(ValueError, match=r"dimensions: expected 2 for images or 3 for volumes, got 1"):
        structural_similarity(x, y, data_range=255, dimensions=1)  # type: ignore[arg-type]


def test_volumes_are_those_of_scikit_image_and_torchmetrics(rng: np.random.Generator) -> None:
    x, y = pair_of(rng, (16, 18, 25), np.float64)
    common: dict[str, Any] = {"data_range": 255, "dimensions": 3}
    metrics = pytest.importorskip("skimage.metrics")
    theirs, full = metrics.structural_similarity(x, y, data_range=255, full=True)
    maps = structural_similarity(
        x, y, window="uniform", sample_covariance=True, border="symmetric", full=True, **common
    )[1]
    np.testing.assert_allclose(maps, full, atol=1e-12)
    assert structural_similarity(x, y, **SSIM_VARIANTS["skimage"], **common) == pytest.approx(theirs, rel=1e-12)
    torch = pytest.importorskip("torch")
    function = pytest.importorskip("torchmetrics.functional.image").structural_similarity_index_measure
    theirs = float(function(torch.from_numpy(x)[None, None], torch.from_numpy(y)[None, None], data_range=255.0))
    assert structural_similarity(x, y, **SSIM_VARIANTS["torchmetrics"], **common) == pytest.approx(theirs, rel=1e-11)


def test_bright_images_of_low_contrast_do_not_cancel(rng: np.random.Generator) -> None:
    """Where float32 packages find 1.08."""
    x = (200 + 0.01 * rng.normal(size=(300, 300))).astype(np.float32)
    y = (200 + 0.01 * rng.normal(size=(300, 300))).astype(np.float32)
    for data_range in (255.0, 1.0, 0.01):
        expected = oracle.similarity(x[:60, :60], y[:60, :60], WANG, data_range)[0].mean()
        exact = structural_similarity(x.astype(float), y.astype(float), data_range=data_range)
        assert structural_similarity(x, y, data_range=data_range) == pytest.approx(exact, abs=2e-6)
        found = structural_similarity(x[:60, :60].astype(float), y[:60, :60].astype(float), data_range=data_range)
        assert found == pytest.approx(float(expected), rel=1e-9)


@pytest.mark.parametrize("border", ["symmetric", "reflect", "edge"])
def test_borders_are_those_of_numpy_pad(border: Any, rng: np.random.Generator) -> None:
    x, y = pair_of(rng, (14, 23), np.float64)
    padded = [np.pad(side, 5, mode=border) for side in (x, y)]
    value, found = structural_similarity(x, y, data_range=255, border=border, full=True)
    assert found.shape == x.shape
    assert value == structural_similarity(*padded, data_range=255)


@pytest.mark.parametrize("dtype", [np.uint8, np.float32, np.float64])
def test_flat_areas_beside_edges_stay_within_limits(dtype: Any, rng: np.random.Generator) -> None:
    """Rounding makes their variances negative, which with constants near 0 would give anything."""
    levels = rng.integers(0, 256, (2, 6, 7))
    x, y = np.repeat(np.repeat(levels, 14, axis=1), 14, axis=2).astype(dtype)
    found = structural_similarity(x, y, data_range=255, k1=1e-9, k2=1e-9, full=True)[1]
    assert found.min() >= -1
    assert found.max() <= 1


@pytest.mark.parametrize("dtype", [np.uint8, np.float32, np.float64])
def test_equal_images_and_limits(dtype: Any, rng: np.random.Generator) -> None:
    x, y = pair_of(rng, (40, 50), dtype)
    assert structural_similarity(x, x, data_range=255) == 1
    assert multiscale_structural_similarity(x, x, data_range=255, weights=[0.5, 0.5]) == 1
    assert structural_similarity(x, y, data_range=255) == structural_similarity(y, x, data_range=255)
    least = structural_similarity(x, (255 - x).astype(dtype), data_range=255, k1=1e-9, k2=1e-9, full=True)[1]
    assert least.min() >= -1
    wide, other = pair_of(rng, (41, 50), dtype)
    assert gradient_magnitude_similarity_deviation(wide, wide, data_range=255) == 0
    assert gradient_magnitude_similarity_deviation(wide, other, data_range=255) > 0
    assert visual_information_fidelity(wide, wide, data_range=255) == pytest.approx(1, rel=1e-9)
    assert 0 < visual_information_fidelity(wide, other, data_range=255) < 1
    flat = np.full((12, 12), 7, dtype=dtype)
    assert structural_similarity(flat, flat, data_range=255) == 1


def test_nan_spoils_what_its_windows_touch(rng: np.random.Generator) -> None:
    x, y = pair_of(rng, (40, 60), np.float32)
    x[20, 30] = np.nan
    value, found = structural_similarity(x, y, data_range=255, full=True)
    assert np.isnan(value)
    spoilt = np.zeros((30, 50), dtype=bool)
    spoilt[10:21, 20:31] = True
    np.testing.assert_array_equal(np.isnan(found), spoilt)


def test_dtypes_layouts_and_batches(rng: np.random.Generator) -> None:
    x, y = pair_of(rng, (2, 3, 30, 40), np.uint16)
    value = structural_similarity(x, y)
    assert value.shape == (2, 3)
    assert (
        value.tolist() == structural_similarity(x.astype(np.float32), y.astype(np.float32), data_range=65535).tolist()
    )
    assert structural_similarity(x[0, 1], y[0, 1]) == value[0, 1]
    swapped = structural_similarity(x.astype(">f4"), y.astype(">f4"), data_range=65535)
    np.testing.assert_array_equal(swapped, value)
    half = structural_similarity(x.astype(np.float16), y.astype(np.float16), data_range=65535)
    np.testing.assert_array_equal(half, value)
    np.testing.assert_array_equal(
        structural_similarity(x[..., ::-1, ::2], y[..., ::-1, ::2]),
        structural_similarity(x[..., ::-1, ::2].copy(), y[..., ::-1, ::2].copy()),
    )
    assert structural_similarity(np.zeros((0, 20, 20)), np.zeros((0, 20, 20)), data_range=1).shape == (0,)
    x.flags.writeable = False
    structural_similarity(x, y)


@pytest.mark.parametrize("odd_side", ["symmetric", "zero", "drop"])
def test_multiscale_structural_similarity_is_its_definition(odd_side: Any, rng: np.random.Generator) -> None:
    for shape in [(23, 50), (40, 44), (47, 29)]:
        x, y = pair_of(rng, shape, np.float64)
        weights = [0.2, 0.3, 0.5]
        taps = oracle.gaussian(5, 1.5)
        value = multiscale_structural_similarity(
            x, y, data_range=255, weights=weights, window_size=5, odd_side=odd_side
        )
        assert value == pytest.approx(float(oracle.multiscale(x, y, taps, 255, weights, odd_side)), rel=1e-12)
        single = [side.astype(np.float32) for side in (x, y)]
        found = multiscale_structural_similarity(
            *single, data_range=255, weights=weights, window_size=5, odd_side=odd_side
        )
        assert found == pytest.approx(value, rel=3e-6)


def test_multiscale_structural_similarity_of_channels_is_a_mean_of_products(rng: np.random.Generator) -> None:
    x, y = pair_of(rng, (2, 3, 24, 24), np.float64)
    arguments: dict[str, Any] = {"data_range": 255, "weights": [0.4, 0.6]}
    each = multiscale_structural_similarity(x, y, **arguments)
    for axis in (1, -1):
        sides = [np.moveaxis(side, 1, axis) for side in (x, y)]
        value = multiscale_structural_similarity(*sides, channel_axis=axis, **arguments)
        np.testing.assert_allclose(value, each.mean(axis=1), rtol=1e-13)
    assert multiscale_structural_similarity(x[0, 0], 255 - x[0, 0], **arguments) == 0
    assert sum(SCALE_WEIGHTS) == pytest.approx(1.0001)  # as published


def test_peak_signal_noise_ratio_is_its_definition(rng: np.random.Generator) -> None:
    for dtype in (np.uint8, np.float32, np.float64):
        x, y = pair_of(rng, (3, 40, 501), dtype)
        errors = ((x.astype(float) - y.astype(float)) ** 2).mean(axis=(1, 2))
        expected = 10 * np.log10(255**2 / errors)
        np.testing.assert_allclose(peak_signal_noise_ratio(x, y, data_range=255), expected, rtol=1e-14)
        pooled = 10 * np.log10(255**2 / errors.mean())
        assert peak_signal_noise_ratio(x, y, data_range=255, pooled=True) == pytest.approx(pooled, rel=1e-14)
        together = peak_signal_noise_ratio(x, y, data_range=255, channel_axis=0)
        assert together == pytest.approx(pooled, rel=1e-14)
    assert peak_signal_noise_ratio(x[0], x[0], data_range=1) == np.inf
    black, white = np.zeros((2000, 2000), dtype=np.uint8), np.full((2000, 2000), 255, dtype=np.uint8)
    assert peak_signal_noise_ratio(black, white) == 0


def digest(*, num_threads: int) -> str:
    """Of values, maps and gradients of inputs that are made without a function that machines differ in."""
    uniform = np.random.default_rng(5).random((2, 1, 80, 60, 3))
    found = hashlib.sha256()
    for dtype in (np.uint8, np.float32, np.float64):
        x, y = (255 * uniform).astype(dtype)
        for window in ("gaussian", "uniform"):
            each: dict[str, Any] = {"data_range": 255, "channel_axis": -1, "num_threads": num_threads}
            for part in structural_similarity(x, y, window=window, full=True, **each):
                found.update(np.ascontiguousarray(part).tobytes())
            volumes = (side.reshape(1, 16, 20, 15, 3) for side in (x, y))
            for part in structural_similarity(*volumes, dimensions=3, window=window, full=True, **each):
                found.update(np.ascontiguousarray(part).tobytes())
        found.update(multiscale_structural_similarity(x, y, weights=[0.5, 0.5], **each).tobytes())
        found.update(peak_signal_noise_ratio(x, y, **each).tobytes())
        taps = np.array([0.4, 0.2, 0.1])
        factor = np.ones((1, 3))
        for shape in ((1, 80, 60, 3), (1, 5, 80, 12, 3)):
            a, b = (side.reshape(shape) for side in (x, y))
            for part in _core.image_quality.structural_similarity_gradient(
                a, b, taps, 6.5, 58.5, 1.0, factor, factor, True, num_threads
            ):
                found.update(part.tobytes())
        found.update(_core.image_quality.local_moments(x, y, taps, num_threads).tobytes())
    return found.hexdigest()[:16]


def test_bits_depend_on_no_instruction_set_and_no_thread(instruction_sets: list[str]) -> None:
    seen = set()
    for name in instruction_sets:
        _core.losses.use_instruction_set(name)
        seen |= {digest(num_threads=num_threads) for num_threads in (1, 2, 7)}
    assert len(seen) == 1


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        (
            {"image": np.zeros((20, 21))},
            ValueError,
            r"reference: expected the shape of image, \(20, 21\), got \(20, 20\)",
        ),
        ({"image": np.zeros((20, 20), np.float32)}, TypeError, r"reference: expected the dtype of image, float32"),
        ({"data_range": None}, ValueError, r"data_range: expected a number, as images of dtype float64"),
        ({"data_range": 0}, ValueError, r"data_range: expected a finite number > 0, got 0"),
        ({"sigma": -1}, ValueError, r"sigma: expected a finite number > 0, got -1"),
        ({"k1": -1}, ValueError, r"k1: expected a finite number >= 0, got -1"),
        ({"window": "box"}, ValueError, r"window: expected 'gaussian' or 'uniform', got 'box'"),
        ({"window_size": 4}, ValueError, r"window_size: expected an odd number up to 129, got 4"),
        ({"window_size": 21}, ValueError, r"image: expected at least as many rows and columns .* 21, got 20 x 20"),
        ({"window_size": 1, "sample_covariance": True}, ValueError, r"sample_covariance: expected a window of several"),
        ({"border": "wrap"}, ValueError, r"border: expected 'valid', .*, got 'wrap'"),
        ({"channel_axis": 0}, ValueError, r"image: expected shape \(..., H, W\), and a channel axis"),
        ({"num_threads": 0}, ValueError, r"num_threads"),
    ],
)
def test_errors_name_the_argument(change: dict[str, Any], error: type[Exception], message: str) -> None:
    arguments: dict[str, Any] = {"image": np.zeros((20, 20)), "data_range": 1.0} | change
    with pytest.raises(error, match=message):
        structural_similarity(arguments.pop("image"), np.zeros((20, 20)), **arguments)


def test_errors_of_scales_and_dtypes() -> None:
    image = np.zeros((160, 200))
    with pytest.raises(ValueError, match=r"at least 11 rows and columns.* at scale 5 of 5, got 10 x 13"):
        multiscale_structural_similarity(image, image, data_range=1)
    with pytest.raises(ValueError, match=r"weights: expected positive numbers"):
        multiscale_structural_similarity(image, image, data_range=1, weights=[1, -1])
    with pytest.raises(ValueError, match=r"odd_side: expected one of .*, got 'up'"):
        multiscale_structural_similarity(image, image, data_range=1, odd_side="up")  # type: ignore[arg-type]
    with pytest.raises(TypeError, match=r"image: expected uint8, uint16, float16, float32 or float64, got int64"):
        structural_similarity(image.astype(int), image.astype(int), data_range=1)
    with pytest.raises(ValueError, match=r"channel_axis: expected an axis of shape \(160, 200, 1\), got 3"):
        structural_similarity(image[..., None], image[..., None], data_range=1, channel_axis=3)


def test_structural_similarity_is_that_of_scikit_image(rng: np.random.Generator) -> None:
    metrics = pytest.importorskip("skimage.metrics")
    wang = {"gaussian_weights": True, "sigma": 1.5, "use_sample_covariance": False}
    for shape, axis in [((40, 50), None), ((64, 75, 3), -1), ((3, 30, 160), 0)]:
        x, y = pair_of(rng, shape, np.float64)
        common: dict[str, Any] = {"data_range": 255, "channel_axis": axis}
        ours = structural_similarity(x, y, **common)
        assert ours == pytest.approx(metrics.structural_similarity(x, y, **wang, **common), rel=1e-13)
        value, found = structural_similarity(
            x, y, window="uniform", sample_covariance=True, border="symmetric", full=True, **common
        )
        theirs, full = metrics.structural_similarity(x, y, full=True, **common)
        np.testing.assert_allclose(found, full, atol=1e-12)
        assert structural_similarity(x, y, window="uniform", sample_covariance=True, **common) == pytest.approx(theirs)
        assert value != theirs  # which leaves out the border all the same
        bytes_ = [side.astype(np.uint8) for side in (x, y)]
        assert structural_similarity(*bytes_, channel_axis=axis) == pytest.approx(ours, abs=MEAN)
    ratio = metrics.peak_signal_noise_ratio(x, y, data_range=255)
    assert peak_signal_noise_ratio(x, y, data_range=255, pooled=True) == pytest.approx(ratio, rel=1e-13)


def test_variants_are_those_of_packages(rng: np.random.Generator) -> None:
    """In double precision; each package of those that are installed."""
    torch = pytest.importorskip("torch")
    x, y = pair_of(rng, (2, 3, 178, 187), np.float64)
    common: dict[str, Any] = {"data_range": 255, "channel_axis": 1}
    tensors = torch.from_numpy(x), torch.from_numpy(y)
    theirs = pytest.importorskip("torchmetrics.functional.image").structural_similarity_index_measure(
        *tensors, data_range=255.0, reduction="none"
    )
    np.testing.assert_allclose(
        structural_similarity(x, y, **SSIM_VARIANTS["torchmetrics"], **common), theirs, rtol=1e-11
    )
    package = pytest.importorskip("pytorch_msssim")
    theirs = package.ssim(*tensors, data_range=255, size_average=False)
    # whose window is of single precision
    np.testing.assert_allclose(
        structural_similarity(x, y, **SSIM_VARIANTS["pytorch-msssim"], **common), theirs, rtol=1e-6
    )
    theirs = package.ms_ssim(*tensors, data_range=255, size_average=False)
    ours = multiscale_structural_similarity(x, y, **MS_SSIM_VARIANTS["pytorch-msssim"], **common)
    np.testing.assert_allclose(ours, theirs, rtol=1e-6)
    assert abs(multiscale_structural_similarity(x, y, **MS_SSIM_VARIANTS["tensorflow"], **common) - ours).max() > 1e-5


def test_peak_signal_noise_ratio_is_that_of_torchmetrics(rng: np.random.Generator) -> None:
    torch = pytest.importorskip("torch")
    function = pytest.importorskip("torchmetrics.functional.image").peak_signal_noise_ratio
    x, y = pair_of(rng, (4, 3, 20, 30), np.float64)
    y[1] = y[1] + 100
    pooled = function(torch.from_numpy(y), torch.from_numpy(x), data_range=255.0)
    common: dict[str, Any] = {"data_range": 255, "channel_axis": 1}
    assert peak_signal_noise_ratio(x, y, pooled=True, **common) == pytest.approx(float(pooled), rel=1e-6)  # in floats
    each = function(torch.from_numpy(y), torch.from_numpy(x), data_range=255.0, dim=(1, 2, 3), reduction="none")
    np.testing.assert_allclose(peak_signal_noise_ratio(x, y, **common), each, rtol=1e-6)


ALL = (
    *("peak_signal_noise_ratio", "structural_similarity", "multiscale_structural_similarity"),
    *("gradient_magnitude_similarity_deviation", "visual_information_fidelity"),
)


@pytest.mark.parametrize("pooled", [False, True])
def test_batches_merge_to_one_pass(pooled: bool, rng: np.random.Generator) -> None:
    pairs = [pair_of(rng, (1 + k % 2, 161, 161 + k, 2), np.uint8) for k in range(4)]

    def new() -> ImageQualityMetrics:
        return ImageQualityMetrics(ALL, channel_axis=-1, variant="pytorch-msssim", pooled=pooled)

    whole, parts = new(), [new(), new(), new()]
    for pair in pairs:
        whole.update(*pair)
    for i in (3, 1, 0, 2):
        parts[i % 2].update(*pairs[i], num_threads=2)
    first = pickle.loads(pickle.dumps(parts[0]))
    first.merge(parts[2])
    first.merge(parts[1])
    assert first.compute() == whole.compute()
    images = sum(len(x) for x, _ in pairs)
    assert {len(values) for values in whole.values.values()} == {images}
    answer = whole.compute()
    ratios = np.concatenate([peak_signal_noise_ratio(*pair, channel_axis=-1) for pair in pairs])
    np.testing.assert_array_equal(whole.values["peak_signal_noise_ratio"], ratios)
    if pooled:
        errors = np.concatenate([((x.astype(float) - y) ** 2).ravel() for x, y in pairs])
        assert answer["peak_signal_noise_ratio"] == pytest.approx(10 * np.log10(255**2 / errors.mean()), rel=1e-14)
    else:
        assert answer["peak_signal_noise_ratio"] == pytest.approx(ratios.mean(), rel=1e-14)
    scales = [
        multiscale_structural_similarity(*pair, channel_axis=-1, **MS_SSIM_VARIANTS["pytorch-msssim"]) for pair in pairs
    ]
    assert answer["multiscale_structural_similarity"] == pytest.approx(np.concatenate(scales).mean(), rel=1e-14)
    for function in (gradient_magnitude_similarity_deviation, visual_information_fidelity):
        own = np.concatenate([function(*pair, channel_axis=-1) for pair in pairs])
        np.testing.assert_array_equal(whole.values[function.__name__], own)
    whole.reset()
    assert all(np.isnan(value) for value in whole.compute().values())


def test_equal_images_make_a_mean_of_ratios_infinite_and_not_the_pooled_one(rng: np.random.Generator) -> None:
    x, y = pair_of(rng, (12, 12), np.uint8)
    for pooled in (False, True):
        metrics = ImageQualityMetrics(["peak_signal_noise_ratio"], pooled=pooled)
        metrics.update(x, x)
        assert metrics.compute() == {"peak_signal_noise_ratio": np.inf}
        metrics.update(x, y)
        assert np.isinf(metrics.compute()["peak_signal_noise_ratio"]) == (not pooled)
    assert metrics.compute()["peak_signal_noise_ratio"] == pytest.approx(
        peak_signal_noise_ratio(x, y) + 10 * np.log10(2), rel=1e-14
    )


def test_accumulators_say_what_is_wrong() -> None:
    with pytest.raises(ValueError, match=r"metrics: expected names among .*, got 'psnr'"):
        ImageQualityMetrics(["psnr"])
    with pytest.raises(ValueError, match=r"variant: expected one of \['wang', .*\] for multiscale_.*, got 'skimage'"):
        ImageQualityMetrics(ALL, variant="skimage")
    bytes_, words = (np.zeros((12, 12), dtype=dtype) for dtype in (np.uint8, np.uint16))
    metrics, other = ImageQualityMetrics(), ImageQualityMetrics()
    metrics.update(bytes_, bytes_)
    with pytest.raises(ValueError, match=r"image: expected the range of images before, 255.0, got 65535.0"):
        metrics.update(words, words)
    other.update(words, words)
    with pytest.raises(ValueError, match=r"other: expected images of the range 255.0, got 65535.0"):
        metrics.merge(other)
    with pytest.raises(ValueError, match=r"other: expected the same metrics and options"):
        metrics.merge(ImageQualityMetrics(pooled=True))
    small = np.zeros((5, 5), dtype=np.uint8)
    with pytest.raises(ValueError, match="window"):
        metrics.update(small, small)
    assert len(metrics.values["peak_signal_noise_ratio"]) == 1  # nothing of what failed


def test_luma_is_its_formula(rng: np.random.Generator) -> None:
    colours = rng.integers(0, 256, (4, 5, 3)).astype(np.uint8)
    red, green, blue = (colours[..., k].astype(float) for k in range(3))
    expected = 16 + (65.481 * red + 128.553 * green + 24.966 * blue) / 255
    assert luma(colours).dtype == np.float32
    np.testing.assert_allclose(luma(colours), expected, rtol=1e-7)
    np.testing.assert_allclose(luma(colours / 255.0) * 255, expected, rtol=1e-14)
    np.testing.assert_allclose(luma(colours.astype(np.uint16) * 257), expected * 257, rtol=1e-6)
    np.testing.assert_allclose(luma(colours, full=True), 0.299 * red + 0.587 * green + 0.114 * blue, rtol=1e-6)
    with pytest.raises(ValueError, match=r"image: expected shape \(..., 3\), got \(4, 5\)"):
        luma(colours[..., 0])
    with pytest.raises(TypeError, match="image: expected uint8, uint16 or floats, got int64"):
        luma(colours.astype(np.int64))


def test_luma_is_that_of_scikit_image_and_opencv(rng: np.random.Generator) -> None:
    colours = rng.integers(0, 256, (40, 50, 3)).astype(np.uint8)
    cv2 = pytest.importorskip("cv2")
    assert (
        abs(luma(colours, full=True) - cv2.cvtColor(colours, cv2.COLOR_RGB2GRAY)).max() < 0.51
    )  # it rounds weights, too
    theirs = pytest.importorskip("skimage.color").rgb2ycbcr(colours)[..., 0]
    np.testing.assert_allclose(luma(colours), theirs, rtol=1e-6)
