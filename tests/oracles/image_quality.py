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


def filtered(image: Array, taps: Array) -> Array:
    weights = np.outer(taps, taps).ravel()
    return (windows(image, len(taps)) * weights).sum(-1)


def fidelity(x: Any, y: Any, noise: float = 2) -> np.longdouble:
    """Of an image and its reference, both of a range of 255."""
    x, y = (np.asarray(side).astype(np.longdouble) for side in (x, y))
    told = known = np.longdouble(0)
    for scale, size in enumerate((17, 9, 5, 3)):
        taps = gaussian(size, size / 5)
        if scale:
            x, y = filtered(x, taps)[::2, ::2], filtered(y, taps)[::2, ::2]
        mx, my = filtered(x, taps), filtered(y, taps)
        wx, wy = windows(x, size) - mx[..., None], windows(y, size) - my[..., None]
        weights = np.outer(taps, taps).ravel()
        sx, sy, sxy = ((one * other * weights).sum(-1) for one, other in ((wx, wx), (wy, wy), (wx, wy)))
        for own, reference, both in zip(sx.ravel(), sy.ravel(), sxy.ravel()):
            reference = reference if reference >= 1e-10 else np.longdouble(0)
            gain = both / (reference + 1e-10) if reference and own >= 1e-10 else np.longdouble(0)
            if gain <= 0:
                gain, rest = np.longdouble(0), own
            else:
                rest = own - gain * both
            told += np.log1p(gain**2 * reference / (max(rest, np.longdouble(1e-10)) + noise))
            known += np.log1p(reference / noise)
    return told / known


def gradient_deviation(x: Any, y: Any, constant: float, ddof: int) -> np.longdouble:
    """Of two images of a range of 1, pixel for pixel."""

    def gradient(image: Any) -> Array:
        image = np.asarray(image).astype(np.longdouble)
        height, width = (size + size % 2 for size in image.shape)
        whole = np.zeros((height, width), np.longdouble)
        whole[: image.shape[0], : image.shape[1]] = image
        small = np.pad(whole.reshape(height // 2, 2, width // 2, 2).mean(axis=(1, 3)), 1)
        found = np.zeros((height // 2, width // 2), np.longdouble)
        for row in range(height // 2):
            for column in range(width // 2):
                part = small[row : row + 3, column : column + 3]
                across, down = (part[:, 2] - part[:, 0]).sum() / 3, (part[2] - part[0]).sum() / 3
                found[row, column] = np.sqrt(across**2 + down**2)
        return found

    gx, gy = gradient(x), gradient(y)
    return ((2 * gx * gy + constant) / (gx**2 + gy**2 + constant)).std(ddof=ddof)
