"""Metrics of images from the statistics and the gradients of small windows: what metrix.image_quality makes public."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from metrix import _core
from metrix._arrays import Array
from metrix._image_pairs import ImagePair, half_window

FloatArray = npt.NDArray[np.float64]

#: Sizes of the windows of each scale, the finest first.
_WINDOWS = (17, 9, 5, 3)
#: Below this a variance counts as none, on a scale of 255.
_LEAST = 10.0**-10


def visual_information(pair: ImagePair, noise: float, num_threads: int) -> FloatArray:
    """(N, C) ratios of what images and references tell."""
    ratios = np.empty((len(pair.x), pair.x.shape[3]))
    for i, (x, y) in enumerate(_scaled(pair, 255 / pair.data_range)):
        told = known = np.zeros(x.shape[3])
        for scale, size in enumerate(_WINDOWS):
            if min(x.shape[1:3]) < (size if scale == 0 else 2 * size - 1 + (size - 1)):
                raise ValueError(
                    f"image: expected at least 41 rows and columns, got {pair.x.shape[1]} x {pair.x.shape[2]}"
                )
            window = half_window(size, size / 5)
            if scale:
                means = _core.image_quality.local_moments(x, y, window, num_threads)[:2, :, ::2, ::2]
                x, y = (np.ascontiguousarray(side) for side in means)
            both = _core.image_quality.local_moments(x, y, window, num_threads)[3]
            own, reference = (_core.image_quality.local_moments(side, side, window, num_threads)[3] for side in (x, y))
            told, known = (
                total + part for total, part in zip((told, known), _information(own, reference, both, noise))
            )
        with np.errstate(invalid="ignore"):
            ratios[i] = told / known
    return ratios


def _information(own: Array, reference: Array, both: Array, noise: float) -> tuple[FloatArray, FloatArray]:
    """Of each channel, what the image and what its reference tell in this scale."""
    reference = np.where(reference < _LEAST, 0, reference)
    gain = np.where((reference == 0) | (own < _LEAST), 0, both / (reference + _LEAST))
    gain = np.where(gain < 0, 0, gain)
    rest = np.where(gain == 0, np.where(own < _LEAST, 0, own), own - gain * both)
    rest = np.where(rest <= _LEAST, _LEAST, rest)
    told = np.log1p(gain * gain * reference / (rest + noise))
    return told.sum(axis=(0, 1, 2)), np.log1p(reference / noise).sum(axis=(0, 1, 2))


def gradient_deviation(pair: ImagePair, constant: float, ddof: int) -> FloatArray:
    """(N, C) standard deviations of the similarity of gradients."""
    deviations = np.empty((len(pair.x), pair.x.shape[3]))
    for i, sides in enumerate(_scaled(pair, 1 / pair.data_range)):
        x, y = (_squared_gradient(_halved(side)) for side in sides)
        similarity = (2 * np.sqrt(x * y) + constant) / (x + y + constant)
        deviations[i] = similarity.std(axis=(0, 1, 2), ddof=ddof)
    return deviations


def _scaled(pair: ImagePair, factor: float) -> Iterator[tuple[FloatArray, FloatArray]]:
    """Images one after the other, (1, H, W, C)."""
    for i in range(len(pair.x)):
        x, y = (side[i : i + 1] * np.float64(factor) for side in (pair.x, pair.y))
        yield x, y


def _halved(images: FloatArray) -> FloatArray:
    """Means of 2 x 2 pixels, with zeros beyond an odd side."""
    odd = [size % 2 for size in images.shape[1:3]]
    padded = np.pad(images, ((0, 0), (0, odd[0]), (0, odd[1]), (0, 0)))
    return _core.image_quality.halve(padded, 1)


def _squared_gradient(images: FloatArray) -> FloatArray:
    """By Prewitt's filters, with zeros beyond the border."""
    padded: Any = np.pad(images, ((0, 0), (1, 1), (1, 1), (0, 0)))
    downwards = padded[:, :-2] + padded[:, 1:-1] + padded[:, 2:]
    along = padded[:, :, :-2] + padded[:, :, 1:-1] + padded[:, :, 2:]
    by_column = (downwards[:, :, 2:] - downwards[:, :, :-2]) / 3
    by_row = (along[:, 2:] - along[:, :-2]) / 3
    return np.asarray(by_column**2 + by_row**2)
