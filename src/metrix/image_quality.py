"""How close images come to references: structural similarity, at one scale and at several, and the signal-to-noise ratio."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from metrix import _core
from metrix._arrays import Array, as_ndarray
from metrix._threads import resolve_num_threads

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
        0.6129

    Source:
        Z. Wang et al., Image quality assessment: from error visibility to structural similarity, 2004.
    """
    pair = _Pair.of(image, reference, data_range, channel_axis)
    similarity = Similarity.of(window, window_size, sigma, k1, k2, sample_covariance, pair.data_range)
    if border not in ("valid", "symmetric", "reflect", "edge"):
        raise ValueError(f"border: expected 'valid', 'symmetric', 'reflect' or 'edge', got {border!r}")
    x, y = pair.x, pair.y
    if border != "valid":
        radius = len(similarity.window) - 1
        if radius > min(x.shape[1:3]) - (border == "reflect"):
            raise ValueError(f"image: expected rows and columns for a border of {radius} pixels, got {x.shape[1:3]}")
        x, y = (np.pad(side, ((0, 0), (radius, radius), (radius, radius), (0, 0)), mode=border) for side in (x, y))
    threads = resolve_num_threads(num_threads)
    values, _, each = _core.image_quality.structural_similarity(x, y, *similarity.arguments, False, full, threads)
    value = pair.result(values)
    return (value, pair.map(each)) if full else value


@dataclass(frozen=True)
class Similarity:
    """What the kernel is told about windows and constants."""

    window: npt.NDArray[np.float64]
    c1: float
    c2: float
    covariance_factor: float

    @classmethod
    def of(
        cls,
        window: str,
        window_size: int | None,
        sigma: float,
        k1: float,
        k2: float,
        sample_covariance: bool,
        data_range: float,
    ) -> Similarity:
        """Of the arguments of :func:`structural_similarity`."""
        if window not in ("gaussian", "uniform"):
            raise ValueError(f"window: expected 'gaussian' or 'uniform', got {window!r}")
        for name, value in (("sigma", sigma), ("data_range", data_range)):
            if not 0 < value < np.inf:
                raise ValueError(f"{name}: expected a finite number > 0, got {value!r}")
        for name, value in (("k1", k1), ("k2", k2)):
            if not 0 <= value < np.inf:
                raise ValueError(f"{name}: expected a finite number >= 0, got {value!r}")
        if window_size is None:
            window_size = 7 if window == "uniform" else 2 * int(3.5 * sigma + 0.5) + 1
        if window_size < 1 or window_size % 2 == 0 or window_size > 129:
            raise ValueError(f"window_size: expected an odd number up to 129, got {window_size}")
        distances = np.arange(window_size) - window_size // 2
        weights = np.ones(window_size) if window == "uniform" else np.exp(-0.5 * (distances / sigma) ** 2)
        count = window_size**2
        if sample_covariance and count == 1:
            raise ValueError("sample_covariance: expected a window of several pixels")
        return cls(
            (weights / weights.sum())[window_size // 2 :].copy(),
            (k1 * data_range) ** 2,
            (k2 * data_range) ** 2,
            count / (count - 1) if sample_covariance else 1.0,
        )

    @property
    def arguments(self) -> tuple[npt.NDArray[np.float64], float, float, float]:
        """In the order of the kernel."""
        return self.window, self.c1, self.c2, self.covariance_factor


@dataclass(frozen=True)
class _Pair:
    """Two images as the kernel takes them, (N, H, W, C), and the way back."""

    x: Array
    y: Array
    data_range: float
    #: Of the images: the leading axes without channels, channels, and which axis they were.
    leading: tuple[int, ...]
    channels: int
    channel_axis: int | None

    @classmethod
    def of(cls, image: Any, reference: Any, data_range: float | None, channel_axis: int | None) -> _Pair:
        x, y = as_ndarray(image, "image"), as_ndarray(reference, "reference")
        if x.shape != y.shape:
            raise ValueError(f"reference: expected the shape of image, {x.shape}, got {y.shape}")
        if x.dtype != y.dtype:
            raise TypeError(f"reference: expected the dtype of image, {x.dtype}, got {y.dtype}")
        if x.ndim < 2 + (channel_axis is not None):
            raise ValueError(f"image: expected shape (..., H, W), and a channel axis if one is named, got {x.shape}")
        if data_range is None:
            if x.dtype not in (np.uint8, np.uint16):
                raise ValueError(
                    f"data_range: expected a number, as images of dtype {x.dtype} have no range of their own"
                )
            data_range = float(np.iinfo(x.dtype).max)
        axis = channel_axis
        if axis is not None:
            if not -x.ndim <= axis < x.ndim:
                raise ValueError(f"channel_axis: expected an axis of shape {x.shape}, got {axis}")
            axis %= x.ndim
        x, y = _as_work(x), _as_work(y)
        channels = 1 if axis is None else x.shape[axis]
        if axis is None:
            leading = x.shape[:-2]
            shape = (-1, *x.shape[-2:], 1)
        elif axis == x.ndim - 1 and channels in (1, 2, 3, 4):
            leading = x.shape[:-3]
            shape = (-1, *x.shape[-3:])
        else:
            x, y = np.moveaxis(x, axis, -3), np.moveaxis(y, axis, -3)
            leading = x.shape[:-3]
            shape = (-1, *x.shape[-2:], 1)
        if 0 in x.shape:
            shape = (int(np.prod(x.shape)) // max(1, int(np.prod(shape[1:]))), *shape[1:])
        return cls(_reshaped(x, shape), _reshaped(y, shape), data_range, leading, channels, axis)

    def result(self, values: Array) -> Any:
        """Means over channels, of the shape of the leading axes."""
        means = values.reshape(*self.leading, self.channels).mean(axis=-1)
        return means if self.leading else float(means)

    def map(self, values: Array) -> Array:
        """Axes as those of the images."""
        if self.channel_axis is None:
            return values.reshape(*self.leading, *values.shape[1:3])
        if values.shape[3] == self.channels:
            last = values.reshape(*self.leading, *values.shape[1:])
        else:
            last = np.moveaxis(values.reshape(*self.leading, self.channels, *values.shape[1:3]), -3, -1)
        return np.moveaxis(last, -1, self.channel_axis)


def _as_work(array: Array) -> Array:
    """uint8, float32 or float64."""
    if array.dtype in (np.uint8, np.float32, np.float64):
        return array.astype(array.dtype.newbyteorder("="), copy=False)
    if array.dtype in (np.uint16, np.float16):
        return array.astype(np.float32)
    raise TypeError(f"image: expected uint8, uint16, float16, float32 or float64, got {array.dtype}")


def _reshaped(array: Array, shape: tuple[int, ...]) -> Array:
    return np.ascontiguousarray(array).reshape(shape)
