"""How close images come to references: structural similarity, at one scale and at several, and the signal-to-noise ratio."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from metrix import _core
from metrix._arrays import as_ndarray
from metrix._image_features import gradient_deviation, visual_information
from metrix._image_pairs import ImagePair, OddSide, Scales, Similarity

Border = Literal["valid", "symmetric", "reflect", "edge"]
Window = Literal["gaussian", "uniform"]

#: Weights of the scales, the finest first (Z. Wang et al., 2003).
SCALE_WEIGHTS = (0.0448, 0.2856, 0.3001, 0.2363, 0.1333)

#: Options of :func:`structural_similarity` with which it gives the number of a package: ``**SSIM_VARIANTS["skimage"]``.
SSIM_VARIANTS: Mapping[str, Mapping[str, Any]] = MappingProxyType(
    {
        "wang": {},
        "tensorflow": {},
        "pytorch-msssim": {},
        "skimage": {"window": "uniform", "sample_covariance": True},
        "torchmetrics": {"border": "reflect"},
        "opencv": {"border": "reflect"},
        "matlab": {"border": "edge"},
    }
)

#: The same of :func:`multiscale_structural_similarity`.
MS_SSIM_VARIANTS: Mapping[str, Mapping[str, Any]] = MappingProxyType(
    {
        "wang": {"odd_side": "symmetric"},
        "tensorflow": {"odd_side": "symmetric"},
        "pytorch-msssim": {"odd_side": "zero"},
    }
)


def structural_similarity(
    image: npt.ArrayLike,
    reference: npt.ArrayLike,
    /,
    *,
    data_range: float | None = None,
    channel_axis: int | None = None,
    window: Window = "gaussian",
    window_size: int | None = None,
    sigma: float = 1.5,
    k1: float = 0.01,
    k2: float = 0.03,
    sample_covariance: bool = False,
    border: Border = "valid",
    dimensions: Literal[2, 3] = 2,
    full: bool = False,
    num_threads: int | None = None,
) -> Any:
    """Mean structural similarity (SSIM), from -1 to 1; 1 for equal images.

    The mean over all windows of ``(2 mx my + c1)(2 sxy + c2) / ((mx^2 + my^2 + c1)(sx + sy + c2))``, with ``c1 = (k1
    data_range)^2`` and ``c2 = (k2 data_range)^2``. As published: a Gaussian window of 11 x 11 with sigma 1.5, the covariance
    of the population, and only windows that lie within the image.

    Packages differ, and so do their numbers (a pair of images in parentheses); ``SSIM_VARIANTS`` has the options of each:

    - this function, TensorFlow, pytorch-msssim, piq with ``downsample=False``, and scikit-image with
      ``gaussian_weights=True, sigma=1.5, use_sample_covariance=False`` (0.9447). piq and Wang's ssim.m first shrink images of
      more than 384 pixels by ``round(min(H, W) / 256)``, which ssim_index.m does not.
    - scikit-image by default: ``window="uniform", sample_covariance=True`` (0.9457).
    - torchmetrics and OpenCV count windows over the border as well: ``border="reflect"`` (0.9446); MATLAB ``"edge"``.
      torchmetrics takes the Gaussian's size from ``sigma`` whatever ``kernel_size`` says; OpenCV's constants are those of
      a range of 255, so that floats up to 1 look nearly equal.
    - Packages in float32 cancel on bright images of low contrast: pytorch-msssim gives 1.08 where the truth is 0.92.
    - MATLAB takes colours for a volume; here and in Python channels are a mean.

    Args:
        image, reference: (..., H, W) of one dtype: uint8, uint16, float32 or float64 (float16 becomes float32). Leading axes
            are images of a batch, whatever their number.
        data_range: largest less smallest value that pixels can have. None: 255 for uint8, 65535 for uint16; floats need it.
        channel_axis: the axis of channels, whose mean is taken; None: there is none.
        window: "gaussian" or "uniform".
        window_size: odd; None: 7 if uniform, else as many as lie within 3.5 sigma, 11 for 1.5.
        sigma: standard deviation of the Gaussian window in pixels.
        k1, k2: how much the constants weigh. With both 0 it is the universal quality index (UQI), and 0 / 0 = NaN in windows
            without contrast, where torchmetrics has 0.
        sample_covariance: divides covariances by N - 1, with N the pixels of a window, and not by N.
        border: "valid" leaves out windows that reach over the border; else how the image goes on beyond it, in the words
            of numpy.pad.
        dimensions: of windows: 2, or 3 for volumes (..., D, H, W) as scikit-image and torchmetrics take arrays of so many
            axes. With 2 a volume is a batch of slices.
        full: the map of all windows as well.
        num_threads: None for ``OMP_NUM_THREADS`` or all usable CPUs.

    Returns:
        float64 of the shape of the leading axes, a float for one image. With ``full`` also the map, of the axes of
        ``image``: float64 for such images, else float32.

    Conventions:
        Variances are taken about the mean of each tile of the image, as in float32 they would cancel in bright images of low
        contrast; values of uint8 and float32 images are right to about 1e-7. NaN spoils what its windows touch. Results have
        the same bits for any number of threads and any instruction set.

    Raises:
        ValueError: for images smaller than the window, shapes that differ, floats without ``data_range``.

    Example:
        >>> ramp = np.add.outer(np.arange(32), np.arange(32)).astype(np.uint8)
        >>> structural_similarity(ramp, ramp)
        1.0
        >>> round(structural_similarity(ramp, ramp[::-1]), 4)
        0.7918

    Source:
        Z. Wang et al., Image quality assessment: from error visibility to structural similarity, 2004.
    """
    pair = ImagePair.of(image, reference, data_range, channel_axis, dimensions)
    similarity = Similarity.of(window, window_size, sigma, k1, k2, sample_covariance, pair.data_range, dimensions)
    if border not in ("valid", "symmetric", "reflect", "edge"):
        raise ValueError(f"border: expected 'valid', 'symmetric', 'reflect' or 'edge', got {border!r}")
    x, y = pair.x, pair.y
    if border != "valid":
        radius = len(similarity.window) - 1
        if radius > min(x.shape[1:-1]) - (border == "reflect"):
            raise ValueError(f"image: expected rows and columns for a border of {radius} pixels, got {x.shape[1:-1]}")
        widths = [(0, 0), *[(radius, radius)] * dimensions, (0, 0)]
        x, y = (np.pad(side, widths, mode=border) for side in (x, y))
    threads = pair.num_threads(num_threads)
    values, each = _core.image_quality.structural_similarity(x, y, *similarity.arguments, False, full, threads)
    value = pair.result(values)
    return (value, pair.map(each)) if full else value


def multiscale_structural_similarity(
    image: npt.ArrayLike,
    reference: npt.ArrayLike,
    /,
    *,
    data_range: float | None = None,
    channel_axis: int | None = None,
    weights: npt.ArrayLike = SCALE_WEIGHTS,
    window: Window = "gaussian",
    window_size: int | None = None,
    sigma: float = 1.5,
    k1: float = 0.01,
    k2: float = 0.03,
    odd_side: OddSide = "symmetric",
    num_threads: int | None = None,
) -> Any:
    """Structural similarity at several scales (MS-SSIM), from 0 to 1; 1 for equal images.

    Composed from :func:`structural_similarity`: at each scale but the coarsest the mean of the contrast-structure term
    counts, at the coarsest that of the whole, each to the power of its weight and 0 if negative; their product is that of
    one channel, and channels are averaged. From scale to scale images are halved by means of 2 x 2 pixels.

    Args:
        image, reference, data_range, channel_axis, window, window_size, sigma, k1, k2, num_threads: as of
            :func:`structural_similarity`. With five scales and eleven taps both sides need more than 160 pixels.
        weights: one for each scale, the finest first.
        odd_side: what an odd last row or column is halved with: "symmetric" with itself, as published and in TensorFlow;
            "zero" shifts the image by half a pixel of the coarser scale between zeros, as pytorch-msssim does; "drop" leaves
            it out, as torchmetrics does.

    Returns:
        float64 of the shape of the leading axes, a float for one image.

    Raises:
        ValueError: for images whose coarsest scale is smaller than the window.

    Example:
        >>> image = np.random.default_rng(0).random((176, 200))
        >>> multiscale_structural_similarity(image, image, data_range=1)
        1.0
        >>> round(multiscale_structural_similarity(image, 1 - image, data_range=1), 4)
        0.0

    Source:
        Z. Wang et al., Multiscale structural similarity for image quality assessment, 2003.
    """
    pair = ImagePair.of(image, reference, data_range, channel_axis)
    similarity = Similarity.of(window, window_size, sigma, k1, k2, False, pair.data_range)
    scales = Scales.of(pair, similarity, weights, odd_side, pair.num_threads(num_threads))
    return pair.result(scales.product)


def peak_signal_noise_ratio(
    image: npt.ArrayLike,
    reference: npt.ArrayLike,
    /,
    *,
    data_range: float | None = None,
    channel_axis: int | None = None,
    pooled: bool = False,
    num_threads: int | None = None,
) -> Any:
    """Peak signal-to-noise ratio in decibels, ``10 log10(data_range^2 / mse)``; infinite for equal images.

    Composed from ``squared_error`` of the kernel. The mean squared error of an image is that of all its channels.

    Args:
        image, reference, data_range, channel_axis, num_threads: as of :func:`structural_similarity`. scikit-image takes a
            range of 2 for floats where they are negative; here floats need ``data_range``.
        pooled: one number from the mean squared error of the whole batch, as torchmetrics gives; else one for each image,
            as papers average them.

    Returns:
        float64 of the shape of the leading axes, a float for one image.

    Conventions:
        Errors of uint8 images are exact, others summed in doubles. Of equal images OpenCV gives 361 and Fast-SSIM 148
        instead of infinity. The mean of the channels' ratios, which some report, is another number, and never less.

    Example:
        >>> image = np.zeros((2, 2), dtype=np.uint8)
        >>> round(peak_signal_noise_ratio(image, image + 1), 4)
        48.1308

    Source:
        Q. Huynh-Thu and M. Ghanbari, Scope of validity of PSNR in image/video quality assessment, 2008.
    """
    pair = ImagePair.of(image, reference, data_range, channel_axis)
    sums, size = _squared_errors(pair, num_threads)
    if pooled:
        return float(_decibels(sums.sum(), size * sums.size, pair.data_range))
    ratios = _decibels(sums, size, pair.data_range)
    return ratios if pair.leading else float(ratios)


def _squared_errors(pair: ImagePair, num_threads: int | None) -> tuple[npt.NDArray[np.float64], int]:
    """The sum of each image, and of how many numbers it is."""
    if not 0 < pair.data_range < np.inf:
        raise ValueError(f"data_range: expected a finite number > 0, got {pair.data_range!r}")
    count = math.prod(pair.leading)
    if 0 in pair.x.shape:
        return np.zeros(pair.leading), 0
    x, y = (side.reshape(count, -1) for side in (pair.x, pair.y))
    sums: npt.NDArray[np.float64] = _core.image_quality.squared_error(x, y, pair.num_threads(num_threads))
    return sums.reshape(pair.leading), pair.x.size // count


def _decibels(sum_of_squares: Any, size: int, data_range: float) -> Any:
    with np.errstate(divide="ignore", invalid="ignore"):
        return 10 * np.log10(data_range**2 / (np.asarray(sum_of_squares) / size))


def gradient_magnitude_similarity_deviation(
    image: npt.ArrayLike,
    reference: npt.ArrayLike,
    /,
    *,
    data_range: float | None = None,
    channel_axis: int | None = None,
    constant: float = 170 / 255**2,
    ddof: int = 1,
) -> Any:
    """Standard deviation of the similarity of gradients (GMSD); 0 for equal images, larger for worse ones.

    Composed from ``halve`` of the kernel and NumPy. Images are halved, ``g`` is the length of the gradient by Prewitt's
    filters, and ``(2 gx gy + c) / (gx^2 + gy^2 + c)`` the similarity of a pixel.

    Args:
        image, reference, data_range, channel_axis: as of :func:`structural_similarity`. Papers compare brightness:
            ``luma(image, full=True)``.
        constant: ``c`` for a range of 1.
        ddof: 1 divides by N - 1, as published (MATLAB's ``std2``); 0 as piq has it.

    Returns:
        float64 of the shape of the leading axes, a float for one image.

    Conventions:
        Zeros lie beyond the border, and beyond an odd side when halving, as published; piq repeats the first row or column
        of images with an odd side.

    Example:
        >>> ramp = np.add.outer(np.arange(32), np.arange(32)) / 64
        >>> gradient_magnitude_similarity_deviation(ramp, ramp, data_range=1)
        0.0
        >>> round(gradient_magnitude_similarity_deviation(ramp, ramp**2, data_range=1), 4)
        0.1536

    Source:
        W. Xue et al., Gradient magnitude similarity deviation, 2014.
    """
    pair = ImagePair.of(image, reference, data_range, channel_axis)
    if not 0 < constant < np.inf:
        raise ValueError(f"constant: expected a finite number > 0, got {constant!r}")
    if min(pair.x.shape[1:3]) < 4:
        raise ValueError(f"image: expected at least 4 rows and columns, got {pair.x.shape[1:3]}")
    return pair.result(gradient_deviation(pair, constant, ddof))


def visual_information_fidelity(
    image: npt.ArrayLike,
    reference: npt.ArrayLike,
    /,
    *,
    data_range: float | None = None,
    channel_axis: int | None = None,
    noise: float = 2.0,
    num_threads: int | None = None,
) -> Any:
    """How much of what the reference tells the image tells (VIF, of pixels): 1 for equal images, above 1 for sharper ones.

    Composed from ``local_moments`` of the kernel. Over four scales, with Gaussian windows of 17, 9, 5 and 3 pixels, it is the
    sum of ``log(1 + g^2 s / (v + noise))`` over that of ``log(1 + s / noise)``, with ``s`` the variance of the reference,
    ``g`` the gain and ``v`` the rest of the variance of the image. It is not symmetric.

    Args:
        image, reference, data_range, channel_axis, num_threads: as of :func:`structural_similarity`, of at least 41 pixels a
            side. piq compares brightness: ``luma(image, full=True)``.
        noise: variance of the noise of seeing, for a range of 255.

    Returns:
        float64 of the shape of the leading axes, a float for one image.

    Conventions:
        A reference without any contrast gives NaN; piq gives 1. torchmetrics takes the values as they are, as of a range of
        255: its number for images up to 1 is another one. The wavelet version of the same paper is another metric.

    Example:
        >>> image = np.random.default_rng(0).random((48, 48))
        >>> round(visual_information_fidelity(image, image, data_range=1), 9)
        1.0
        >>> round(visual_information_fidelity(image / 2, image, data_range=1), 4)
        0.8123

    Source:
        H. R. Sheikh and A. C. Bovik, Image information and visual quality, 2006.
    """
    pair = ImagePair.of(image, reference, data_range, channel_axis)
    if not 0 < noise < np.inf:
        raise ValueError(f"noise: expected a finite number > 0, got {noise!r}")
    return pair.result(visual_information(pair, noise, pair.num_threads(num_threads)))


_METRICS = (
    "peak_signal_noise_ratio",
    "structural_similarity",
    "multiscale_structural_similarity",
    "gradient_magnitude_similarity_deviation",
    "visual_information_fidelity",
)


class ImageQualityMetrics:
    """Means over images that come in batches, of any sizes: ``update``, ``merge``, ``compute``; it can be pickled.

    However images are split, and in whatever order they come, results have the same bits. It holds a number for each image
    and metric.

    Args:
        metrics: names of functions of this module.
        data_range, channel_axis: as of :func:`structural_similarity`.
        variant: whose SSIM and MS-SSIM, a key of ``SSIM_VARIANTS`` and ``MS_SSIM_VARIANTS``.
        pooled: the ratio from the mean squared error of all pixels of all images, as torchmetrics by default; else the mean
            of the images' ratios, as papers have it and torchmetrics with ``dim``. The latter is never less, and infinite if
            two images are equal.

    Example:
        >>> metrics = ImageQualityMetrics(data_range=1)
        >>> ramp = np.add.outer(np.arange(16), np.arange(16)) / 32
        >>> metrics.update(ramp, ramp + 0.1)
        >>> metrics.update(ramp, ramp + 0.01)
        >>> {name: round(value, 4) for name, value in metrics.compute().items()}
        {'peak_signal_noise_ratio': 30.0, 'structural_similarity': 0.9901}
    """

    _data_range: float | None
    _values: dict[str, list[float]]
    _squared_errors: list[float]
    _size: int

    def __init__(
        self,
        metrics: Iterable[str] = _METRICS[:2],
        *,
        data_range: float | None = None,
        channel_axis: int | None = None,
        variant: str = "wang",
        pooled: bool = False,
    ) -> None:
        """Of no image yet."""
        self.metrics = tuple(metrics)
        for name in self.metrics:
            if name not in _METRICS:
                raise ValueError(f"metrics: expected names among {sorted(_METRICS)}, got {name!r}")
        similarities = dict(zip(_METRICS[1:3], (SSIM_VARIANTS, MS_SSIM_VARIANTS)))
        for name in self.metrics:
            if name in similarities and variant not in similarities[name]:
                raise ValueError(f"variant: expected one of {list(similarities[name])} for {name}, got {variant!r}")
        self._options = (data_range, channel_axis, variant, bool(pooled))
        self.reset()

    @property
    def values(self) -> dict[str, npt.NDArray[np.float64]]:
        """Of each image so far, by name."""
        return {name: np.array(self._values[name]) for name in self.metrics}

    def update(self, image: npt.ArrayLike, reference: npt.ArrayLike, *, num_threads: int | None = None) -> None:
        """Add images, as the functions take them."""
        data_range, channel_axis, variant, _ = self._options
        pair = ImagePair.of(image, reference, data_range, channel_axis)
        if self._data_range not in (None, pair.data_range):
            raise ValueError(f"image: expected the range of images before, {self._data_range}, got {pair.data_range}")
        common: dict[str, Any] = {
            "data_range": pair.data_range,
            "channel_axis": channel_axis,
            "num_threads": num_threads,
        }
        found: dict[str, Any] = {}
        if "structural_similarity" in self.metrics:
            found["structural_similarity"] = structural_similarity(image, reference, **common, **SSIM_VARIANTS[variant])
        if "multiscale_structural_similarity" in self.metrics:
            found["multiscale_structural_similarity"] = multiscale_structural_similarity(
                image, reference, **common, **MS_SSIM_VARIANTS[variant]
            )
        if "gradient_magnitude_similarity_deviation" in self.metrics:
            found["gradient_magnitude_similarity_deviation"] = gradient_magnitude_similarity_deviation(
                image, reference, data_range=pair.data_range, channel_axis=channel_axis
            )
        if "visual_information_fidelity" in self.metrics:
            found["visual_information_fidelity"] = visual_information_fidelity(image, reference, **common)
        if "peak_signal_noise_ratio" in self.metrics:
            sums, size = _squared_errors(pair, num_threads)
            found["peak_signal_noise_ratio"] = _decibels(sums, size, pair.data_range)
            self._squared_errors += sums.ravel().tolist()
            self._size += size * sums.size
        self._data_range = pair.data_range
        for name, values in found.items():
            self._values[name] += np.ravel(values).tolist()

    def merge(self, other: ImageQualityMetrics) -> None:
        """Add all that another one with the same options has seen."""
        if (self.metrics, self._options) != (other.metrics, other._options):
            raise ValueError("other: expected the same metrics and options")
        if None not in (self._data_range, other._data_range) and self._data_range != other._data_range:
            raise ValueError(f"other: expected images of the range {self._data_range}, got {other._data_range}")
        self._data_range = other._data_range if self._data_range is None else self._data_range
        for name, values in other._values.items():
            self._values[name] += values
        self._squared_errors += other._squared_errors
        self._size += other._size

    def compute(self) -> dict[str, float]:
        """Means by name; NaN of no images."""
        means = {name: _mean(values) for name, values in self._values.items()}
        if self._options[-1] and self._size:
            total = _sum(self._squared_errors)
            means["peak_signal_noise_ratio"] = float(_decibels(total, self._size, self._data_range or 1.0))
        return means

    def reset(self) -> None:
        """Forget all images."""
        self._data_range, self._squared_errors, self._size = None, [], 0
        self._values = {name: [] for name in self.metrics}


def _sum(values: list[float]) -> float:
    """As if exact, so that the order does not matter."""
    return math.fsum(values) if all(map(math.isfinite, values)) else sum(values)


def _mean(values: list[float]) -> float:
    return _sum(values) / len(values) if values else math.nan


def luma(image: npt.ArrayLike, /, *, full: bool = False) -> npt.NDArray[Any]:
    """Brightness of colours (BT.601), the Y that papers on super-resolution compare.

    Composed from NumPy. ``16 + (65.481 R + 128.553 G + 24.966 B) / 255`` for bytes, from 16 to 235, not rounded: as BasicSR
    and MATLAB's ``rgb2ycbcr`` of floats; MATLAB rounds that of bytes. The ratio of such images is taken with the range of all
    bytes, 255, although they do not fill it.

    Args:
        image: (..., 3) red, green, blue: uint8, uint16, or floats from 0 to 1.
        full: ``0.299 R + 0.587 G + 0.114 B`` from 0 to 255, as OpenCV's gray before rounding; scikit-image has other
            weights.

    Returns:
        (...) float32, float64 for such images, in the units of the image: 65535 / 255 times as much for uint16.

    Example:
        >>> luma(np.array([[255, 255, 255], [0, 0, 0]], dtype=np.uint8)).tolist()
        [235.0, 16.0]

    Source:
        ITU-R BT.601, Studio encoding parameters of digital television, 2011.
    """
    colours = as_ndarray(image, "image")
    if colours.ndim < 1 or colours.shape[-1] != 3:
        raise ValueError(f"image: expected shape (..., 3), got {colours.shape}")
    if colours.dtype not in (np.uint8, np.uint16) and colours.dtype.kind != "f":
        raise TypeError(f"image: expected uint8, uint16 or floats, got {colours.dtype}")
    peak = float(np.iinfo(colours.dtype).max) if colours.dtype.kind == "u" else 1.0
    weights = np.array([0.299, 0.587, 0.114] if full else [65.481 / 255, 128.553 / 255, 24.966 / 255])
    bright: npt.NDArray[Any] = colours @ weights + (0 if full else 16 / 255 * peak)
    return bright if colours.dtype == np.float64 else bright.astype(np.float32)
