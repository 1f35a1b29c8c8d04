"""Pairs of images, windows and scales: what the metrics of images and the losses made of them share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np
import numpy.typing as npt

from metrix import _core
from metrix._arrays import Array, as_ndarray
from metrix._threads import resolve_num_threads

OddSide = Literal["symmetric", "zero", "drop"]


#: So few pixels are not worth a second thread.
SERIAL_SIZE = 1 << 15


def half_window(size: int, sigma: float) -> npt.NDArray[np.float64]:
    """Weights of one axis as kernels take them, from the middle outwards."""
    weights: npt.NDArray[np.float64] = np.exp(-0.5 * ((np.arange(size) - size // 2) / sigma) ** 2)
    return np.array((weights / weights.sum())[size // 2 :])


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
        dimensions: int = 2,
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
        count = window_size**dimensions
        if sample_covariance and count == 1:
            raise ValueError("sample_covariance: expected a window of several pixels")
        return cls(
            half_window(window_size, np.inf if window == "uniform" else sigma),
            (k1 * data_range) ** 2,
            (k2 * data_range) ** 2,
            count / (count - 1) if sample_covariance else 1.0,
        )

    @property
    def arguments(self) -> tuple[npt.NDArray[np.float64], float, float, float]:
        """In the order of the kernel."""
        return self.window, self.c1, self.c2, self.covariance_factor


@dataclass(frozen=True)
class ImagePair:
    """Two images as the kernel takes them, (N, H, W, C) or (N, D, H, W, C), and the way back."""

    x: Array
    y: Array
    data_range: float
    #: Of the images: the leading axes without channels, channels, and which axis they were.
    leading: tuple[int, ...]
    channels: int
    channel_axis: int | None

    @classmethod
    def of(
        cls, image: Any, reference: Any, data_range: float | None, channel_axis: int | None, dimensions: int = 2
    ) -> ImagePair:
        """Of the arguments of a metric."""
        if dimensions not in (2, 3):
            raise ValueError(f"dimensions: expected 2 for images or 3 for volumes, got {dimensions!r}")
        x, y = as_ndarray(image, "image"), as_ndarray(reference, "reference")
        if x.shape != y.shape:
            raise ValueError(f"reference: expected the shape of image, {x.shape}, got {y.shape}")
        if x.dtype != y.dtype:
            raise TypeError(f"reference: expected the dtype of image, {x.dtype}, got {y.dtype}")
        if x.ndim < dimensions + (channel_axis is not None):
            sides = "D, H, W" if dimensions == 3 else "H, W"
            raise ValueError(f"image: expected shape (..., {sides}), and a channel axis if one is named, got {x.shape}")
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
            leading = x.shape[:-dimensions]
            shape = (-1, *x.shape[-dimensions:], 1)
        elif axis == x.ndim - 1 and channels in (1, 2, 3, 4):
            leading = x.shape[: -1 - dimensions]
            shape = (-1, *x.shape[-1 - dimensions :])
        else:
            x, y = (np.moveaxis(side, axis, -1 - dimensions) for side in (x, y))
            leading = x.shape[: -1 - dimensions]
            shape = (-1, *x.shape[-dimensions:], 1)
        if 0 in x.shape:
            shape = (int(np.prod(x.shape)) // max(1, int(np.prod(shape[1:]))), *shape[1:])
        return cls(_reshaped(x, shape), _reshaped(y, shape), data_range, leading, channels, axis)

    def num_threads(self, asked: int | None) -> int:
        """How many threads, of the argument of a metric."""
        return 1 if asked is None and self.x.size < SERIAL_SIZE else resolve_num_threads(asked)

    def result(self, values: Array) -> Any:
        """Means over channels, of the shape of the leading axes."""
        means = values.reshape(*self.leading, self.channels).mean(axis=-1)
        return means if self.leading else float(means)

    def map(self, values: Array) -> Array:
        """Axes as those of the images."""
        sides = values.shape[1:-1]
        if self.channel_axis is None:
            return values.reshape(*self.leading, *sides)
        if values.shape[-1] == self.channels:
            last = values.reshape(*self.leading, *values.shape[1:])
        else:
            last = np.moveaxis(values.reshape(*self.leading, self.channels, *sides), -1 - len(sides), -1)
        return np.moveaxis(last, -1, self.channel_axis)


def _as_work(array: Array) -> Array:
    """uint8, float32 or float64."""
    array = array.astype(array.dtype.newbyteorder("="), copy=False)
    if array.dtype in (np.uint8, np.float32, np.float64):
        return array
    if array.dtype in (np.uint16, np.float16):
        return array.astype(np.float32)
    raise TypeError(f"image: expected uint8, uint16, float16, float32 or float64, got {array.dtype}")


def _reshaped(array: Array, shape: tuple[int, ...]) -> Array:
    return np.ascontiguousarray(array).reshape(shape)


@dataclass(frozen=True)
class Scales:
    """A pair at several scales: the product of their similarities, and its gradient."""

    #: (N, C) of each scale: the contrast-structure term, at the coarsest scale the whole.
    terms: list[Array]
    #: (N, C): what is left of the terms, each to the power of its weight.
    product: Array
    weights: npt.NDArray[np.float64]
    pairs: list[tuple[Array, Array]]
    similarity: Similarity
    odd_side: OddSide
    num_threads: int

    @classmethod
    def of(cls, pair: ImagePair, similarity: Similarity, weights: Any, odd_side: OddSide, num_threads: int) -> Scales:
        """Of the arguments of a metric."""
        exponents = np.array(weights, dtype=np.float64)
        if exponents.ndim != 1 or not len(exponents) or not (exponents > 0).all():
            raise ValueError(f"weights: expected positive numbers, one for each scale, got {weights!r}")
        if odd_side not in get_args(OddSide):
            raise ValueError(f"odd_side: expected one of {list(get_args(OddSide))}, got {odd_side!r}")
        pairs, terms = [(pair.x, pair.y)], []
        for scale in range(len(exponents)):
            is_last = scale == len(exponents) - 1
            if scale:
                padded = (_even(side, odd_side) for side in pairs[-1])
                x, y = (_core.image_quality.halve(side, num_threads) for side in padded)
                pairs.append((x, y))
            size, taps = pairs[-1][0].shape[1:3], 2 * len(similarity.window) - 1
            if min(size) < taps:
                raise ValueError(
                    f"image: expected at least {taps} rows and columns, the size of the window, at scale {scale + 1} of "
                    f"{len(exponents)}, got {size[0]} x {size[1]}"
                )
            x, y = pairs[-1]
            terms.append(
                _core.image_quality.structural_similarity(x, y, *similarity.arguments, not is_last, False, num_threads)[
                    0
                ]
            )
        product = np.prod([np.maximum(term, 0) ** weight for term, weight in zip(terms, exponents)], axis=0)
        return cls(terms, product, exponents, pairs, similarity, odd_side, num_threads)

    def gradient(self, upstream: Array, *, wants_y: bool) -> tuple[Array, Array | None]:
        """Gradients by both images, given that by the product; 0 where a negative term makes it 0."""
        coarser: list[Array | None] = [None, None]
        for scale in reversed(range(len(self.terms))):
            term = self.terms[scale]
            is_positive = self.product > 0
            factor = np.where(is_positive, upstream * self.weights[scale] * self.product, 0.0)
            factor = factor / np.where(is_positive, term, 1.0)
            none = np.zeros_like(factor)
            is_last = scale == len(self.terms) - 1
            own_x, own_y = self.pairs[scale]
            own = _core.image_quality.structural_similarity_gradient(
                own_x,
                own_y,
                *self.similarity.arguments,
                factor if is_last else none,
                none if is_last else factor,
                wants_y,
                self.num_threads,
            )
            for side, gradient in enumerate(own):
                below = coarser[side]
                if below is not None:
                    gradient += _doubled(below, gradient.shape, self.odd_side)
                coarser[side] = gradient
        x, y = coarser
        assert x is not None
        return x, y


def _even(images: Array, odd_side: OddSide) -> Array:
    """With what an odd side is halved with; "drop" is what halving does by itself."""
    odd = [size % 2 for size in images.shape[1:3]]
    if odd_side == "drop" or not any(odd):
        return images
    if odd_side == "zero":
        return np.pad(images, ((0, 0), (odd[0], odd[0]), (odd[1], odd[1]), (0, 0)))
    return np.pad(images, ((0, 0), (0, odd[0]), (0, odd[1]), (0, 0)), mode="edge")


def _doubled(gradient: Array, shape: tuple[int, ...], odd_side: OddSide) -> Array:
    """What halving images of this shape does to gradients, backwards."""
    wide: Array = np.repeat(np.repeat(gradient, 2, axis=1), 2, axis=2) * gradient.dtype.type(0.25)
    for axis in (1, 2):
        if shape[axis] % 2 == 0:
            continue
        size = shape[axis]
        if odd_side == "symmetric":
            beyond = np.take(wide, [size], axis=axis)
            wide = np.take(wide, range(size), axis=axis)
            np.moveaxis(wide, axis, 0)[-1] += np.moveaxis(beyond, axis, 0)[0]
        elif odd_side == "zero":
            wide = np.take(wide, range(1, size + 1), axis=axis)
        else:
            wide = np.concatenate([wide, np.zeros_like(np.take(wide, [0], axis=axis))], axis=axis)
    return wide
