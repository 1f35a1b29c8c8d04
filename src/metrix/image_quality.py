"""How close images come to references: structural similarity, at one scale and at several, and the signal-to-noise ratio."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from metrix import _core
from metrix._image_pairs import ImagePair, OddSide, Scales, Similarity

Border = Literal["valid", "symmetric", "reflect", "edge"]
Window = Literal["gaussian", "uniform"]

#: Weights of the scales, the finest first (Z. Wang et al., 2003).
SCALE_WEIGHTS = (0.0448, 0.2856, 0.3001, 0.2363, 0.1333)


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
    full: bool = False,
    num_threads: int | None = None,
) -> Any:
    """Mean structural similarity (SSIM), from -1 to 1; 1 for equal images.

    The mean over all windows of ``(2 mx my + c1)(2 sxy + c2) / ((mx^2 + my^2 + c1)(sx + sy + c2))``, with ``c1 = (k1
    data_range)^2`` and ``c2 = (k2 data_range)^2``. As published: a Gaussian window of 11 x 11 with sigma 1.5, the covariance
    of the population, and only windows that lie within the image.

    Packages differ, and so do their numbers (a pair of images in parentheses):

    - this function, TensorFlow, pytorch-msssim, piq, and scikit-image with ``gaussian_weights=True, sigma=1.5,
      use_sample_covariance=False`` (0.9447).
    - scikit-image by default: ``window="uniform", sample_covariance=True`` (0.9457).
    - torchmetrics and OpenCV count windows over the border as well: ``border="reflect"`` (0.9446); MATLAB ``"edge"``.

    Args:
        image, reference: (..., H, W) of one dtype: uint8, uint16, float32 or float64 (float16 becomes float32). Leading axes
            are images of a batch, whatever their number; a volume is a batch of slices.
        data_range: largest less smallest value that pixels can have. None: 255 for uint8, 65535 for uint16; floats need it.
        channel_axis: the axis of channels, whose mean is taken; None: there is none.
        window: "gaussian" or "uniform".
        window_size: odd; None: 7 if uniform, else as many as lie within 3.5 sigma, 11 for 1.5.
        sigma: standard deviation of the Gaussian window in pixels.
        k1, k2: how much the constants weigh.
        sample_covariance: divides covariances by N - 1, with N the pixels of a window, and not by N.
        border: "valid" leaves out windows that reach over the border; else how the image goes on beyond it, in the words
            of numpy.pad.
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
    pair = ImagePair.of(image, reference, data_range, channel_axis)
    similarity = Similarity.of(window, window_size, sigma, k1, k2, sample_covariance, pair.data_range)
    if border not in ("valid", "symmetric", "reflect", "edge"):
        raise ValueError(f"border: expected 'valid', 'symmetric', 'reflect' or 'edge', got {border!r}")
    x, y = pair.x, pair.y
    if border != "valid":
        radius = len(similarity.window) - 1
        if radius > min(x.shape[1:3]) - (border == "reflect"):
            raise ValueError(f"image: expected rows and columns for a border of {radius} pixels, got {x.shape[1:3]}")
        x, y = (np.pad(side, ((0, 0), (radius, radius), (radius, radius), (0, 0)), mode=border) for side in (x, y))
    threads = pair.num_threads(num_threads)
    values, _, each = _core.image_quality.structural_similarity(x, y, *similarity.arguments, False, full, threads)
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
        Errors of uint8 images are exact, others summed in doubles. OpenCV gives 361 instead of infinity.

    Example:
        >>> image = np.zeros((2, 2), dtype=np.uint8)
        >>> round(peak_signal_noise_ratio(image, image + 1), 4)
        48.1308

    Source:
        Q. Huynh-Thu and M. Ghanbari, Scope of validity of PSNR in image/video quality assessment, 2008.
    """
    pair = ImagePair.of(image, reference, data_range, channel_axis)
    if not 0 < pair.data_range < np.inf:
        raise ValueError(f"data_range: expected a finite number > 0, got {data_range!r}")
    shape = (1 if pooled else int(np.prod(pair.leading)), -1)
    if 0 in pair.x.shape:
        return np.full(() if pooled else pair.leading, np.nan)[()]
    flat = pair.x.reshape(shape), pair.y.reshape(shape)
    sums = _core.image_quality.squared_error(*flat, pair.num_threads(num_threads))
    with np.errstate(divide="ignore"):
        ratios = 10 * np.log10(pair.data_range**2 / (sums / flat[0].shape[1]))
    return float(ratios[0]) if pooled or not pair.leading else ratios.reshape(pair.leading)
