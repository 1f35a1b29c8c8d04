"""Losses of stereo matching, between disparities and between the costs of matching at each of them.

No kernel: composed in NumPy. Disparities are (N, H, W), in pixels; a mask of that shape leaves out those that nobody knows.
"""

from __future__ import annotations

import math
from typing import Literal

import numpy as np
import numpy.typing as npt

from metrix.losses._arguments import Array, fraction, not_negative, one_of, positive, predictions, same_shape
from metrix.losses._composed import Terms, composed
from metrix.losses._facts import facts
from metrix.losses._left_out import Rows


@composed(
    facts(
        "stereo matching",
        "robust, sparse",
        needs="pred: volume (N, D, H, W), target: disparities (N, H, W)",
        range=(-math.inf, math.inf),
    )
)
def cost_volume_loss(
    pred: npt.ArrayLike,
    target: npt.ArrayLike,
    /,
    *,
    form: Literal["similarity", "cost"] = "similarity",
    margin: float | None = None,
    distance: float = 1.5,
) -> Terms:
    """The match at the true disparity is to be good, and every other one worse by a margin.

    ``c(d)`` is interpolated between the whole disparities beside the true one, ``b`` the best match among those at least
    ``distance`` away, the nearer side open: outside ``[d - 1.5, d + 1.5)``.

    - "similarity", where more is better: ``1 - c(d) + max(0, b + margin - c(d))``; the second ``c(d)`` has no gradient.
    - "cost", where less is better: ``c(d) + max(0, margin - b)``.

    Args:
        form: "similarity" (TC-Stereo) or "cost" (HITNet).
        margin: None: 0.5 of similarities, 1 of costs.
        distance: how far from the true disparity another one is, in pixels.

    Conventions:
        The gradient of the best match goes to the first of equal ones, and is 0 where the margin is just kept. Targets
        outside 0 .. D - 1, and NaN, give NaN: mask them.

    Example:
        >>> volume = np.zeros((1, 6, 1, 1))
        >>> volume[0, 2] = 1
        >>> float(cost_volume_loss(volume, [[[2.0]]]))
        0.0
        >>> float(cost_volume_loss(volume, [[[2.5]]]))
        0.5

    Source:
        J. Zeng et al., Temporally consistent stereo matching (TC-Stereo), 2024; V. Tankovich et al., HITNet, 2021.
    """
    volume = predictions(pred)
    if volume.ndim != 4 or not volume.shape[1]:
        raise ValueError(f"pred: expected shape (N, D, H, W), got {volume.shape}")
    is_similarity = one_of(form, "form", ("similarity", "cost")) == "similarity"
    margin = not_negative((0.5 if is_similarity else 1.0) if margin is None else margin, "margin")
    positive(distance, "distance")
    size = volume.shape[1]
    truth = same_shape(target, volume[:, 0], "target", "a slice of pred")
    known = (truth >= 0) & (truth <= size - 1)
    d = np.where(known, truth, 0)
    below = np.minimum(np.floor(d), max(size - 2, 0)).astype(np.intp)
    above = np.minimum(below + 1, size - 1)
    share = d - below
    at_truth = (1 - share) * _taken(volume, below) + share * _taken(volume, above)

    every = np.arange(size).reshape(-1, 1, 1)
    near = (every >= (d - distance)[:, None]) & (every < (d + distance)[:, None])
    sign = 1 if is_similarity else -1
    others = np.where(near, -np.inf, sign * volume)
    best_at = others.argmax(axis=1)
    best = _taken(others, best_at)
    excess = best + margin - (at_truth if is_similarity else 0)
    is_active = excess > 0
    values = (1 - at_truth if is_similarity else at_truth) + np.where(is_active, excess, 0)

    def backward(upstream: Array) -> tuple[Array, ...]:
        gradient = np.zeros_like(volume)
        scale = np.where(known, upstream, 0)
        _add_at(gradient, below, -sign * scale * (1 - share))
        _add_at(gradient, above, -sign * scale * share)
        _add_at(gradient, best_at, sign * scale * is_active)
        return (gradient,)

    return Terms(np.where(known, values, np.nan).astype(volume.dtype), backward)


@composed(facts("stereo matching", "convex, robust", needs="pred: disparities (K, N, H, W), target: (N, H, W)"))
def disparity_sequence_loss(
    pred: npt.ArrayLike, target: npt.ArrayLike, /, *, gamma: float = 0.9, weights: npt.ArrayLike | None = None
) -> Terms:
    """Absolute errors of a sequence of ever better disparities: ``sum_k w_k |d_k - d|``, at each pixel.

    Networks that also give an initial, a monocular and refined disparities stack them all and give each its weight:
    TC-Stereo takes 0.1 for the first two and 1.2 times that of the iteration for what refines it.

    Args:
        gamma: without weights the last disparity counts 1, and each before it ``gamma`` times the next; above 0, below 1.
        weights: (K,) instead.

    Conventions:
        The gradient of an error of 0 is 0.

    Example:
        >>> float(disparity_sequence_loss(np.zeros((2, 1, 1, 1)), np.ones((1, 1, 1)), gamma=0.5))
        1.5

    Source:
        L. Lipson et al., RAFT-Stereo, 2021; J. Zeng et al., Temporally consistent stereo matching, 2024.
    """
    sequence = predictions(pred)
    if sequence.ndim < 2 or not len(sequence):
        raise ValueError(f"pred: expected shape (K, N, H, W), got {sequence.shape}")
    truth = same_shape(target, sequence[0], "target", "an element of pred")
    if weights is None:
        factors = fraction(gamma, "gamma") ** np.arange(len(sequence) - 1, -1, -1)
    else:
        factors = np.asarray(weights, dtype=np.float64)
        if factors.shape != (len(sequence),):
            raise ValueError(f"weights: expected shape ({len(sequence)},), got {factors.shape}")
    factors = factors.astype(sequence.dtype).reshape(-1, *(1,) * truth.ndim)
    errors = sequence - truth

    def backward(upstream: Array) -> tuple[Array, ...]:
        return (np.where(upstream == 0, 0, factors * np.sign(errors) * upstream),)

    return Terms((factors * np.abs(errors)).sum(axis=0), backward)


@composed(
    facts("stereo matching, depth estimation", "robust", needs="pred: (N, h, w), target: (N, h * pool, w * pool)"),
    rows=Rows(("pred", "target")),
)
def disparity_gradient_loss(
    pred: npt.ArrayLike, target: npt.ArrayLike, /, *, pool: int = 4, steepest: float = 5.0
) -> Terms:
    """How far differences between neighbours are from the true ones: the mean of ``|grad d_i - grad d|`` of an image.

    The true disparities are pooled by medians of squares to the resolution of the prediction, and steps between objects left
    out, where a true difference is not below ``steepest`` pixels.

    Args:
        pool: how many times finer the target is; 1: as fine as the prediction.
        steepest: limit of true differences.

    Conventions:
        The median of an even number is the lower of the middle two, as in PyTorch. NaN in the target leaves out the
        differences it touches. An image that nothing is left of is NaN.

    Example:
        >>> ramp = np.arange(4.0) * np.ones((1, 4, 1))
        >>> float(disparity_gradient_loss(2 * ramp, ramp, pool=1))
        0.5

    Source:
        J. Zeng et al., Temporally consistent stereo matching (TC-Stereo), 2024.
    """
    d = predictions(pred)
    if d.ndim != 3:
        raise ValueError(f"pred: expected shape (N, h, w), got {d.shape}")
    if pool < 1:
        raise ValueError(f"pool: expected an integer >= 1, got {pool}")
    positive(steepest, "steepest")
    images, height, width = d.shape
    fine = np.empty((images, height * pool, width * pool), dtype=d.dtype)
    squares = same_shape(target, fine, "target", "pred, pool times finer")
    squares = squares.reshape(images, height, pool, width, pool).swapaxes(2, 3).reshape(*d.shape, pool * pool)
    middle = (pool * pool - 1) // 2
    truth = np.partition(squares, middle, axis=-1)[..., middle]
    truth = np.where(np.isnan(squares).any(axis=-1), np.nan, truth)

    signs = []
    total, count = np.zeros(images), np.zeros(images)
    for axis in (1, 2):
        true_step, step = np.diff(truth, axis=axis), np.diff(d, axis=axis)
        counts = np.abs(true_step) < steepest
        error = np.where(counts, step - true_step, 0)
        signs.append(np.sign(error))
        total += np.abs(error).sum(axis=(1, 2), dtype=np.float64)
        count += counts.sum(axis=(1, 2))

    def backward(upstream: Array) -> tuple[Array, ...]:
        with np.errstate(divide="ignore", invalid="ignore"):
            scale = np.where(upstream == 0, 0, upstream / count).reshape(-1, 1, 1)
        gradient = np.zeros(d.shape)
        gradient[:, 1:] += scale * signs[0]
        gradient[:, :-1] -= scale * signs[0]
        gradient[:, :, 1:] += scale * signs[1]
        gradient[:, :, :-1] -= scale * signs[1]
        return (gradient.astype(d.dtype),)

    with np.errstate(invalid="ignore"):
        return Terms((total / count).astype(d.dtype), backward)


def _taken(volume: Array, at: npt.NDArray[np.intp]) -> Array:
    return np.take_along_axis(volume, at[:, None], axis=1)[:, 0]


def _add_at(volume: Array, at: npt.NDArray[np.intp], values: Array) -> None:
    place = at[:, None]
    np.put_along_axis(volume, place, np.take_along_axis(volume, place, axis=1) + values[:, None], axis=1)
