"""Perceptual distances from features, and what people say: LPIPS, DISTS, mean opinion scores and correlations with them.

Features come from a network that the caller runs (PyTorch, ONNX Runtime, ...): a list of arrays (N, C, H, W), one for each
layer, of the images and of the images they are compared with.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from statistics import NormalDist
from typing import Any, Literal, NamedTuple

import numpy as np
import numpy.typing as npt

from metrix import _core
from metrix._arrays import as_float64, as_ndarray
from metrix._exact_sums import values
from metrix._opinions import kendall_tau, ranks, student_quantile, unreliable
from metrix._sample_mean import gives_samples
from metrix._threads import resolve_num_threads

__all__ = ["MeanOpinionScore", "QualityCorrelations", "dists", "lpips", "mean_opinion_score", "quality_correlations"]

FloatArray = npt.NDArray[np.float64]


class MeanOpinionScore(NamedTuple):
    """What :func:`mean_opinion_score` returns, of K stimuli and S observers."""

    mean: FloatArray
    """(K,)"""
    half_width: FloatArray
    """(K,) of the confidence interval, ``mean - half_width`` to ``mean + half_width``."""
    std: FloatArray
    """(K,) with the number of ratings less one."""
    num_ratings: npt.NDArray[np.int64]
    """(K,) ratings."""
    rejected: npt.NDArray[np.int64]
    """Indices of observers whose ratings were left out."""


class QualityCorrelations(NamedTuple):
    """What :func:`quality_correlations` returns."""

    plcc: float
    """Pearson's linear correlation."""
    srocc: float
    """Spearman's, of ranks, equal ones share the mean rank."""
    krocc: float
    """Kendall's tau-b."""
    rmse: float
    """Root mean squared difference; it says something only where both have one scale."""


@gives_samples
def lpips(
    y_true: Sequence[Any],
    y_pred: Sequence[Any],
    weights: Sequence[Any] | None,
    *,
    eps: float = 10.0**-10,
    per_layer: bool = False,
    num_threads: int | None = None,
) -> FloatArray:
    """Learned perceptual image patch similarity from given features: 0 for equal ones, larger for less alike.

    Features of each pixel are divided by their norm over channels (plus ``eps``); squared differences are weighed by
    channel, summed over channels, averaged over pixels, and layers are added up.

    Args:
        y_true, y_pred: lists of L arrays (N, C, H, W), features of each layer; C, H and W vary with the layer.
        weights: list of L arrays of C linear weights, of any shape such as the (1, C, 1, 1) of the package's ``lin``
            layers; None for 1, the package's ``lpips=False``.
        eps: added to norms, as in lpips 0.1.4. torchmetrics instead takes ``sqrt(1e-8 + sum)``, which gives other digits
            where features are small.
        per_layer: give what each layer contributes instead of the sum.
        num_threads: default ``OMP_NUM_THREADS`` or the usable CPUs. The bits do not depend on it.

    Returns:
        (N,) float64, or (N, L); of a data set people report the mean. Worked out in float64, where the package has float32.
        NaN stays NaN; a layer without pixels gives NaN.

    Raises:
        ValueError: for lists or arrays that do not fit each other; the message names the layer.
        TypeError: for what is no real number.

    Example:
        >>> import numpy as np
        >>> from metrix.perceptual import lpips
        >>> image, other = np.ones((1, 2, 4, 4)), np.zeros((1, 2, 4, 4))
        >>> other[:, 0] = 1.0
        >>> lpips([image], [other], [[1.0, 1.0]]).round(6).tolist()
        [0.585786]

    Source:
        R. Zhang et al., The unreasonable effectiveness of deep features as a perceptual metric, 2018; lpips 0.1.4.
    """
    if not 0 <= eps < math.inf:
        raise ValueError(f"eps: expected a finite number >= 0, got {eps!r}")
    layers = _layers(y_true, y_pred)
    if weights is not None and len(weights) != len(layers):
        raise ValueError(f"weights: expected {len(layers)} arrays, one for each layer, got {len(weights)}")
    threads = resolve_num_threads(num_threads)
    found = []
    for layer, (first, second) in enumerate(layers):
        by_channel = None if weights is None else _by_channel(weights[layer], f"weights[{layer}]", first.shape[1])
        sums = _core.perceptual.lpips(first, second, by_channel, eps, threads)
        with np.errstate(invalid="ignore", divide="ignore"):
            found.append(values(sums)[:, 0] / np.float64(first.shape[2]))
    result = np.stack(found, axis=1)
    return result if per_layer else np.asarray(result.sum(axis=1))


@gives_samples
def dists(
    y_true: Sequence[Any], y_pred: Sequence[Any], alpha: Sequence[Any], beta: Sequence[Any], *, eps: float = 1e-6
) -> FloatArray:
    """Deep image structure and texture similarity from given features: 0 for equal ones, larger for less alike.

    ``1 - sum (alpha S_1 + beta S_2)`` over layers and channels, with S_1 a similarity of means and S_2 of correlation over
    pixels, as in SSIM.

    Composed from NumPy, image by image.

    Args:
        y_true, y_pred: lists of L arrays (N, C, H, W), features of each layer; the first are the images themselves, in DISTS.
        alpha, beta: lists of L arrays of C weights, of any shape. They are divided by the sum of all of them.
        eps: the constant of both similarities.

    Returns:
        (N,) float64.

    Example:
        >>> import numpy as np
        >>> from metrix.perceptual import dists
        >>> image = np.arange(16.0).reshape(1, 1, 4, 4)
        >>> dists([image], [image + 1], [[0.5]], [[0.5]]).round(6).tolist()
        [0.003891]

    Source:
        K. Ding et al., Image quality assessment: unifying structure and texture similarity, 2020.
    """
    layers = _layers(y_true, y_pred)
    pairs_of_weights = []
    for name, given in (("alpha", alpha), ("beta", beta)):
        if len(given) != len(layers):
            raise ValueError(f"{name}: expected {len(layers)} arrays, one for each layer, got {len(given)}")
        pairs_of_weights.append([_by_channel(of, f"{name}[{i}]", layers[i][0].shape[1]) for i, of in enumerate(given)])
    total = sum(float(of.sum()) for given in pairs_of_weights for of in given)
    similarity = np.zeros(len(layers[0][0]))
    for (first, second), by_mean, by_structure in zip(layers, *pairs_of_weights):
        for image in range(len(similarity)):
            with np.errstate(invalid="ignore", divide="ignore"):
                means, structures = _similarities(first[image], second[image], eps)
            similarity[image] += (by_mean @ means + by_structure @ structures) / total
    return 1 - similarity


def mean_opinion_score(
    ratings: Any,
    *,
    confidence: float = 95.0,
    interval: Literal["student", "normal"] = "student",
    screening: Literal["bt500"] | None = None,
) -> MeanOpinionScore:
    """Mean opinion scores (MOS) of stimuli with confidence intervals, with or without unreliable observers.

    Composed from NumPy.

    Args:
        ratings: (S, K) ratings by S observers of K stimuli, 1 to 5 as a rule; NaN where there is none.
        confidence: of the interval, in percent.
        interval: "student" takes the quantile of Student's t, "normal" that of the normal distribution, BT.500's 1.96.
        screening: "bt500" leaves out observers whose ratings lie far off, on both sides, more often than one time in
            twenty (ITU-R BT.500, for ratings on a scale): far off are two standard deviations, or sqrt(20) where the
            kurtosis of a stimulus' ratings is not from 2 to 4.

    Returns:
        Means, half widths, standard deviations and numbers of ratings by stimulus, and who was left out. Without a rating
        the mean is NaN, with one the width is.

    Example:
        >>> from metrix.perceptual import mean_opinion_score
        >>> score = mean_opinion_score([[5, 1], [4, 2], [3, 3]])
        >>> score.mean.tolist(), score.half_width.round(3).tolist()
        ([4.0, 2.0], [2.484, 2.484])

    Source:
        ITU-T P.800; ITU-R BT.500-13, annex 2.
    """
    given = as_float64(ratings, "ratings", (None, None))
    if np.isinf(given).any():
        row, column = (int(index) for index in np.argwhere(np.isinf(given))[0])
        raise ValueError(f"ratings: expected finite numbers or NaN, got {given[row, column]} at index {row}, {column}")
    if not 0 < confidence < 100:
        raise ValueError(f"confidence: expected a percentage between 0 and 100, got {confidence!r}")
    if interval not in ("student", "normal"):
        raise ValueError(f"interval: expected 'student' or 'normal', got {interval!r}")
    if screening not in (None, "bt500"):
        raise ValueError(f"screening: expected 'bt500' or None, got {screening!r}")
    rejected = np.flatnonzero(unreliable(given)) if screening else np.zeros(0, dtype=np.int64)
    kept = np.delete(given, rejected, axis=0)
    there = ~np.isnan(kept)
    count = there.sum(axis=0)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = np.where(there, kept, 0.0).sum(axis=0) / count
        deviation = np.where(there, kept - mean, 0.0)
        std = np.sqrt((deviation**2).sum(axis=0) / np.where(count > 1, count - 1, np.nan))
        if interval == "normal":
            width = np.full(len(mean), NormalDist().inv_cdf(0.5 + confidence / 200))
        else:
            width = np.array([student_quantile(confidence / 100, int(n) - 1) if n > 1 else np.nan for n in count])
        return MeanOpinionScore(mean, width * std / np.sqrt(count), std, count, rejected.astype(np.int64))


def quality_correlations(y_true: Any, y_pred: Any) -> QualityCorrelations:
    """How well a measure of quality follows opinion scores: Pearson's, Spearman's and Kendall's correlation.

    No curve is fitted first: studies often report Pearson's correlation after a logistic fit, which is higher.

    Composed from NumPy.

    Args:
        y_true: (N,) mean opinion scores.
        y_pred: (N,) what the measure gives.

    Returns:
        Four floats; correlations are NaN where either side is constant or N < 2, or there is a NaN.

    Example:
        >>> from metrix.perceptual import quality_correlations
        >>> result = quality_correlations([1.0, 2.0, 3.0, 4.0], [1.0, 4.0, 9.0, 16.0])
        >>> round(result.plcc, 6), result.srocc, result.krocc
        (0.984374, 1.0, 1.0)

    Source:
        VQEG, Final report on the validation of objective models of video quality assessment, 2003; M. G. Kendall, 1945.
    """
    truth, predicted = as_float64(y_true, "y_true", (None,)), as_float64(y_pred, "y_pred", (None,))
    if truth.shape != predicted.shape:
        raise ValueError(f"y_pred: expected the shape of y_true, {truth.shape}, got {predicted.shape}")
    if truth.size == 0 or np.isnan(truth).any() or np.isnan(predicted).any():
        return QualityCorrelations(*[float("nan")] * 4)
    with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
        rmse = float(np.sqrt(np.mean((predicted - truth) ** 2)))
        return QualityCorrelations(
            _pearson(truth, predicted), _pearson(ranks(truth), ranks(predicted)), kendall_tau(truth, predicted), rmse
        )


def _pearson(first: FloatArray, second: FloatArray) -> float:
    # Of equal numbers the mean may be off by rounding.
    if np.ptp(first) == 0 or np.ptp(second) == 0:
        return float("nan")
    a, b = (_near_one(side - side.mean()) for side in (first, second))
    return float(np.clip(np.sum(a * b) / np.sqrt(np.sum(a * a) * np.sum(b * b)), -1, 1))


def _near_one(numbers: FloatArray) -> FloatArray:
    """Times a power of two: squares neither overflow nor vanish."""
    return np.ldexp(numbers, -int(np.frexp(np.abs(numbers).max())[1]))


def _similarities(first: npt.NDArray[Any], second: npt.NDArray[Any], eps: float) -> tuple[FloatArray, FloatArray]:
    """Of means and of structure, (C,) each, of the features (C, P) of an image."""
    a, b = first.astype(np.float64), second.astype(np.float64)
    mean_a, mean_b = a.mean(axis=1), b.mean(axis=1)
    a -= mean_a[:, None]
    b -= mean_b[:, None]
    of_a, of_b, of_both = (np.einsum("cp,cp->c", *pair) / a.shape[1] for pair in ((a, a), (b, b), (a, b)))
    means = (2 * mean_a * mean_b + eps) / (mean_a**2 + mean_b**2 + eps)
    return means, (2 * of_both + eps) / (of_a + of_b + eps)


def _layers(y_true: Sequence[Any], y_pred: Sequence[Any]) -> list[tuple[npt.NDArray[Any], npt.NDArray[Any]]]:
    """Pairs of (N, C, P) of one dtype."""
    if len(y_true) == 0 or len(y_true) != len(y_pred):
        raise ValueError(
            f"y_pred: expected as many layers as y_true, at least one, got {len(y_pred)} and {len(y_true)}"
        )
    layers: list[tuple[npt.NDArray[Any], npt.NDArray[Any]]] = []
    for layer, given in enumerate(zip(y_true, y_pred)):
        names = (f"y_true[{layer}]", f"y_pred[{layer}]")
        first, second = (as_ndarray(of, name) for of, name in zip(given, names))
        for array, name in zip((first, second), names):
            if array.dtype.kind not in "fiub":
                raise TypeError(f"{name}: expected real numbers, got dtype {array.dtype}")
            if array.ndim != 4:
                raise ValueError(f"{name}: expected shape (N, C, H, W), got {array.shape}")
        if first.shape != second.shape:
            raise ValueError(f"{names[1]}: expected the shape of {names[0]}, {first.shape}, got {second.shape}")
        if layers and len(first) != len(layers[0][0]):
            raise ValueError(f"{names[0]}: expected {len(layers[0][0])} images as in the first layer, got {len(first)}")
        narrow = all(array.dtype in (np.float32, np.float16) for array in (first, second))
        dtype = np.float32 if narrow else np.float64
        shape = (*first.shape[:2], first.shape[2] * first.shape[3])
        layers.append(
            (
                np.ascontiguousarray(first, dtype=dtype).reshape(shape),
                np.ascontiguousarray(second, dtype=dtype).reshape(shape),
            )
        )
    return layers


def _by_channel(weights: Any, name: str, channels: int) -> FloatArray:
    given = as_ndarray(weights, name)
    if given.dtype.kind not in "fiub":
        raise TypeError(f"{name}: expected real numbers, got dtype {given.dtype}")
    if given.size != channels:
        raise ValueError(f"{name}: expected {channels} weights, one for each channel, got shape {given.shape}")
    return np.ascontiguousarray(given, dtype=np.float64).reshape(channels)
