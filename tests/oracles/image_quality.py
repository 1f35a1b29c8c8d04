"""Similarity of images as it is defined: every window for itself, in extended precision."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.longdouble]


def gaussian(size: int, sigma: float) -> Array:
    distances = (np.arange(size) - size // 2).astype(np.longdouble)
    weights = np.exp(-(distances**2) / (2 * np.longdouble(sigma) ** 2))
    return weights / weights.sum()


def windows(image: Array, size: int) -> Any:
    """(*places, size^n)."""
    views = np.lib.stride_tricks.sliding_window_view(image, (size,) * image.ndim)
    return views.reshape(*views.shape[: image.ndim], -1)


def similarity(
    x: Any, y: Any, taps: Array, data_range: float, k1: float = 0.01, k2: float = 0.03, sample: bool = False
) -> tuple[Array, Array]:
    """Maps of ssim and of its contrast-structure term over the windows of one channel, of an image or a volume."""
    x, y = (np.asarray(side).astype(np.longdouble) for side in (x, y))
    size = len(taps)
    weights = np.ones(1, np.longdouble)
    for _ in range(x.ndim):
        weights = np.outer(weights, taps).ravel()
    wx, wy = windows(x, size), windows(y, size)
    mx, my = (wx * weights).sum(-1), (wy * weights).sum(-1)
    dx, dy = wx - mx[..., None], wy - my[..., None]
    factor = np.longdouble(len(weights)) / (len(weights) - 1) if sample else np.longdouble(1)
    sx, sy, sxy = ((one * other * weights).sum(-1) * factor for one, other in ((dx, dx), (dy, dy), (dx, dy)))
    c1, c2 = (np.longdouble(k1) * data_range) ** 2, (np.longdouble(k2) * data_range) ** 2
    cs = (2 * sxy + c2) / (sx + sy + c2)
    return (2 * mx * my + c1) / (mx**2 + my**2 + c1) * cs, cs


def halve(image: Array, odd_side: str) -> Array:
    height, width = image.shape
    if odd_side == "symmetric":
        image = np.pad(image, ((0, height % 2), (0, width % 2)), mode="edge")
    elif odd_side == "zero":
        image = np.pad(image, ((height % 2, height % 2), (width % 2, width % 2)))
    rows, columns = image.shape[0] // 2, image.shape[1] // 2
    return image[: 2 * rows, : 2 * columns].reshape(rows, 2, columns, 2).mean(axis=(1, 3))


def multiscale(x: Any, y: Any, taps: Array, data_range: float, weights: Any, odd_side: str) -> np.longdouble:
    x, y = (np.asarray(side).astype(np.longdouble) for side in (x, y))
    product = np.longdouble(1)
    for scale, weight in enumerate(weights):
        if scale:
            x, y = halve(x, odd_side), halve(y, odd_side)
        ssim, cs = similarity(x, y, taps, data_range)
        mean = (ssim if scale == len(weights) - 1 else cs).mean()
        product *= max(mean, np.longdouble(0)) ** np.longdouble(weight)
    return product
