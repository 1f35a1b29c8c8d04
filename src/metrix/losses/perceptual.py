"""Losses of images and of what a network sees in them.

No kernel: composed from metrix.image_quality and NumPy. Images are (N, C, H, W), features one such array for each layer.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from metrix import _core
from metrix._image_pairs import ImagePair, OddSide, Scales, Similarity
from metrix.image_quality import SCALE_WEIGHTS, Window
from metrix.losses._arguments import Array, not_negative, one_of, predictions, same_shape
from metrix.losses._composed import FusedTerms, Terms, composed
from metrix.losses._facts import facts
from metrix.losses._left_out import Rows
from metrix.losses.regression import l1_loss, mse_loss


@composed(
    facts(
        "image restoration, image fusion, depth estimation",
        "differentiable, bounded, symmetric",
        needs="pred, target: images (N, C, H, W) of one data range",
        range=(0.0, 2.0),
    ),
    differentiable=("pred", "target"),
)
def ssim_loss(
    pred: npt.ArrayLike,
    target: npt.ArrayLike,
    /,
    *,
    data_range: float = 1.0,
    window: Window = "gaussian",
    window_size: int | None = None,
    sigma: float = 1.5,
    k1: float = 0.01,
    k2: float = 0.03,
    sample_covariance: bool = False,
    halve: bool = False,
    num_threads: int | None = None,
) -> FusedTerms:
    """``1 - SSIM`` of each image, the mean over its channels and all windows that lie within it.

    ``value_and_grad`` gives gradients by ``pred`` and ``target``, of which training needs ``wrt="pred"``. They are worked out
    in doubles, float32 too.

    Args:
        data_range: largest less smallest value that pixels can have; 255 for images of bytes.
        window, window_size, sigma, k1, k2, sample_covariance: as of
            :func:`metrix.image_quality.structural_similarity`.
        halve: ``(1 - SSIM) / 2``, from 0 to 1, as kornia has it.
        num_threads: None for ``OMP_NUM_THREADS`` or all usable CPUs.

    Example:
        >>> image = np.random.default_rng(0).random((2, 3, 16, 16))
        >>> float(ssim_loss(image, image))
        0.0
        >>> ssim_loss.value_and_grad(image, 1 - image, wrt="pred")[1].shape
        (2, 3, 16, 16)

    Source:
        Z. Wang et al., Image quality assessment, 2004; H. Zhao et al., Loss functions for image restoration, 2017.
    """
    x, y = _images(pred, target)
    pair = ImagePair.of(x, y, data_range, 1)
    similarity = Similarity.of(window, window_size, sigma, k1, k2, sample_covariance, pair.data_range)
    scale = 0.5 if halve else 1.0
    threads = pair.num_threads(num_threads)

    def evaluate(upstream: Array | None) -> tuple[Array, tuple[Array, ...]]:
        means, _ = _core.image_quality.structural_similarity(
            pair.x, pair.y, *similarity.arguments, False, False, threads
        )
        values = (scale * (1 - pair.result(means))).astype(x.dtype)
        if upstream is None:
            return values, ()
        factor = _each_channel(-scale * upstream, pair)
        both = _core.image_quality.structural_similarity_gradient(
            pair.x, pair.y, *similarity.arguments, factor, np.zeros_like(factor), True, threads
        )
        return values, tuple(_kept(gradient.reshape(x.shape), upstream) for gradient in both)

    return FusedTerms(evaluate, like=np.empty(len(x), x.dtype))


@composed(
    facts(
        "image restoration, image fusion",
        "differentiable, bounded, symmetric",
        needs="pred, target: images (N, C, H, W) of one data range, of more than 160 pixels a side",
        range=(0.0, 1.0),
    ),
    differentiable=("pred", "target"),
)
def ms_ssim_loss(
    pred: npt.ArrayLike,
    target: npt.ArrayLike,
    /,
    *,
    data_range: float = 1.0,
    weights: npt.ArrayLike = SCALE_WEIGHTS,
    window: Window = "gaussian",
    window_size: int | None = None,
    sigma: float = 1.5,
    k1: float = 0.01,
    k2: float = 0.03,
    odd_side: OddSide = "symmetric",
    num_threads: int | None = None,
) -> FusedTerms:
    """``1 - MS-SSIM`` of each image; kornia's MS_SSIMLoss is another thing, a mixture of several windows and L1.

    Where a scale of a channel has a negative mean its product is 0, and so is its gradient.

    Args:
        data_range: largest less smallest value that pixels can have.
        weights, window, window_size, sigma, k1, k2, odd_side: as of
            :func:`metrix.image_quality.multiscale_structural_similarity`.
        num_threads: None for ``OMP_NUM_THREADS`` or all usable CPUs.

    Example:
        >>> image = np.random.default_rng(0).random((1, 1, 24, 24))
        >>> float(ms_ssim_loss(image, image, weights=[0.5, 0.5]))
        0.0

    Source:
        Z. Wang et al., Multiscale structural similarity for image quality assessment, 2003.
    """
    x, y = _images(pred, target)
    pair = ImagePair.of(x, y, data_range, 1)
    similarity = Similarity.of(window, window_size, sigma, k1, k2, False, pair.data_range)
    threads = pair.num_threads(num_threads)

    def evaluate(upstream: Array | None) -> tuple[Array, tuple[Array, ...]]:
        scales = Scales.of(pair, similarity, weights, odd_side, threads)
        values = (1 - pair.result(scales.product)).astype(x.dtype)
        if upstream is None:
            return values, ()
        both = scales.gradient(_each_channel(-upstream, pair), wants_y=True)
        return values, tuple(_kept(gradient.reshape(x.shape), upstream) for gradient in both if gradient is not None)

    return FusedTerms(evaluate, like=np.empty(len(x), x.dtype))


@composed(
    facts(
        "image generation, image restoration",
        "convex, differentiable, smooth, symmetric",
        needs="pred, target: features of each layer, (N, C, ...), or a list of them",
    ),
    rows=Rows(("pred", "target")),
)
def content_loss(
    pred: npt.ArrayLike | Sequence[npt.ArrayLike],
    target: npt.ArrayLike | Sequence[npt.ArrayLike],
    /,
    *,
    layer_weights: npt.ArrayLike | None = None,
    divide: str = "size",
) -> Terms:
    """Squared distance of features, also called perceptual loss: the sum over layers of ``w |f(x) - f(y)|^2 / (C H W)``.

    The features are given; no network is part of this package. The gradient is a list where ``pred`` is one.

    Args:
        layer_weights: one for each layer; None: 1.
        divide: "size" by the number of features of an image (Johnson); "half" by 2 alone (Gatys).

    Example:
        >>> features = [np.ones((1, 2, 4, 4)), np.zeros((1, 8, 2, 2))]
        >>> float(content_loss(features, [2 * layer for layer in features], layer_weights=[1, 10]))
        1.0

    Source:
        J. Johnson et al., Perceptual losses for real-time style transfer, 2016; L. A. Gatys et al., 2016.
    """
    one_of(divide, "divide", ("size", "half"))
    layers = _Layers(pred, target, layer_weights)
    factors = [
        weight * (0.5 if divide == "half" else 1 / max(1, math.prod(x.shape[1:])))
        for (x, _), weight in zip(layers.pairs, layers.weights)
    ]
    differences = [x - y for x, y in layers.pairs]
    values = sum(factor * _per_image(difference).astype(np.float64) for factor, difference in zip(factors, differences))

    def backward(upstream: Array) -> tuple[Array, ...]:
        return layers.gradient(
            [
                _kept(2 * factor * difference * _spread(upstream, difference), upstream)
                for factor, difference in zip(factors, differences)
            ]
        )

    return Terms(np.asarray(values).astype(layers.dtype), backward)


@composed(
    facts(
        "image restoration",
        "convex, symmetric",
        needs="pred, target: one shape; features of both, (N, C, ...), or lists of them",
    ),
    differentiable=("pred", "pred_features"),
)
def pixel_perceptual_loss(
    pred: npt.ArrayLike,
    target: npt.ArrayLike,
    pred_features: npt.ArrayLike | Sequence[npt.ArrayLike],
    target_features: npt.ArrayLike | Sequence[npt.ArrayLike],
    /,
    *,
    l2_weight: float = 1.0,
    l1_weight: float = 1.0,
    content_weight: float = 1.0,
    layer_weights: npt.ArrayLike | None = None,
) -> Terms:
    """``a mse_loss + b l1_loss`` of pixels ``+ c content_loss`` of features: one term for the batch.

    Velocity maps are learnt so in full-waveform inversion, and pictures in restoration. ``pred_features`` are what a network
    of the caller makes of ``pred``; their gradient goes back through it.

    Args:
        l2_weight, l1_weight, content_weight: ``a``, ``b`` and ``c``, at least 0.
        layer_weights: as of :data:`content_loss`.

    Example:
        >>> pred, target = np.full((1, 1, 2, 2), 3.0), np.ones((1, 1, 2, 2))
        >>> float(pixel_perceptual_loss(pred, target, pred / 2, target / 2, content_weight=0.5))
        6.5

    Source:
        The sum of :data:`mse_loss`, :data:`l1_loss` and J. Johnson's perceptual loss, 2016.
    """
    a, b, c = (
        not_negative(value, name)
        for value, name in ((l2_weight, "l2_weight"), (l1_weight, "l1_weight"), (content_weight, "content_weight"))
    )
    x = predictions(pred)
    y = same_shape(target, x, "target")
    features = content_loss.terms(pred_features, target_features, layer_weights=layer_weights)
    per_image = features.values.astype(np.float64)
    value = a * float(mse_loss(x, y)) + b * float(l1_loss(x, y)) + c * float(per_image.mean())

    def backward(upstream: Array) -> tuple[Array, ...]:
        scale = float(upstream)
        pixels = mse_loss.value_and_grad(x, y, grad_output=a * scale)[1]
        pixels += l1_loss.value_and_grad(x, y, grad_output=b * scale)[1]
        share = np.full(per_image.shape, c * scale / per_image.size, dtype=features.values.dtype)
        return pixels, features.backward(share)[0]

    return Terms(np.asarray(value, dtype=x.dtype), backward)


@composed(
    facts(
        "image generation",
        "differentiable",
        needs="pred, target: features of each layer, (N, C, ...), or a list of them",
    ),
    rows=Rows(("pred", "target")),
)
def style_loss(
    pred: npt.ArrayLike | Sequence[npt.ArrayLike],
    target: npt.ArrayLike | Sequence[npt.ArrayLike],
    /,
    *,
    layer_weights: npt.ArrayLike | None = None,
) -> Terms:
    """Squared distance of Gram matrices: the sum over layers of ``w |G - A|^2 / (4 C^2 M^2)``, with M pixels.

    ``G = F F'`` of the features (C, M) of ``pred``, A that of ``target``: see :func:`gram_matrix`. With Gram matrices over
    C M, as in Johnson et al., it is four times that.

    Args:
        layer_weights: one for each layer; None: 1. Gatys et al. take one over the number of layers.

    Example:
        >>> float(style_loss(np.ones((1, 2, 3)), np.zeros((1, 2, 3))))
        0.25

    Source:
        L. A. Gatys et al., Image style transfer using convolutional neural networks, 2016.
    """
    layers = _Layers(pred, target, layer_weights)
    flats = [x.reshape(*x.shape[:2], math.prod(x.shape[2:])) for x, _ in layers.pairs]
    differences = [gram_matrix(x) - gram_matrix(y) for x, y in layers.pairs]
    factors = [weight / max(1, math.prod(flat.shape[1:])) ** 2 for flat, weight in zip(flats, layers.weights)]
    values = sum(
        0.25 * factor * _per_image(difference).astype(np.float64) for factor, difference in zip(factors, differences)
    )

    def backward(upstream: Array) -> tuple[Array, ...]:
        return layers.gradient(
            [
                _kept(factor * (difference @ flat) * _spread(upstream, flat), upstream)
                for factor, difference, flat in zip(factors, differences, flats)
            ]
        )

    return Terms(np.asarray(values).astype(layers.dtype), backward)


def gram_matrix(features: npt.ArrayLike, *, normalize: bool = False) -> Array:
    """Products of all pairs of channels, summed over pixels: (N, C, ...) -> (N, C, C).

    Composed from a matrix product.

    Args:
        features: (N, C, ...).
        normalize: over the number of features of an image, C M, as in Johnson et al.; Gatys et al. leave the sum.

    Example:
        >>> gram_matrix([[[1.0, 2.0], [3.0, 4.0]]]).tolist()
        [[[5.0, 11.0], [11.0, 25.0]]]
    """
    array = predictions(features, "features")
    if array.ndim < 3:
        raise ValueError(f"features: expected shape (N, C, ...), got {array.shape}")
    flat = array.reshape(*array.shape[:2], math.prod(array.shape[2:]))
    gram: Array = flat @ flat.transpose(0, 2, 1)
    return gram / max(1, math.prod(flat.shape[1:])) if normalize else gram


class _Layers:
    """Features of both sides by layer, and the form in which they came."""

    def __init__(self, pred: Any, target: Any, weights: Any) -> None:
        # A list of arrays; nested lists of numbers are one array.
        self.is_list = isinstance(pred, (list, tuple)) and len(pred) > 0 and hasattr(pred[0], "shape")
        sides = (list(pred), list(target)) if self.is_list else ([pred], [target])
        if len(sides[0]) != len(sides[1]):
            raise ValueError(f"target: expected {len(sides[0])} layers, got {len(sides[1])}")
        self.pairs: list[tuple[Array, Array]] = []
        for layer, (x, y) in enumerate(zip(*sides)):
            name = f"[{layer}]" if self.is_list else ""
            features = predictions(x, f"pred{name}")
            if features.ndim < 3:
                raise ValueError(f"pred{name}: expected shape (N, C, ...), got {features.shape}")
            if self.pairs and len(features) != len(self.pairs[0][0]):
                raise ValueError(f"pred{name}: expected {len(self.pairs[0][0])} images, got {len(features)}")
            self.pairs.append((features, same_shape(y, features, f"target{name}", f"pred{name}")))
        self.weights = [1.0] * len(self.pairs) if weights is None else [float(weight) for weight in np.asarray(weights)]
        if len(self.weights) != len(self.pairs):
            raise ValueError(f"layer_weights: expected {len(self.pairs)}, one for each layer, got {len(self.weights)}")
        for weight in self.weights:
            not_negative(weight, "layer_weights")
        self.dtype = np.result_type(*(x.dtype for x, _ in self.pairs))

    def gradient(self, each: list[Array]) -> tuple[Any, ...]:
        gradients = [
            gradient.reshape(x.shape).astype(x.dtype, copy=False) for gradient, (x, _) in zip(each, self.pairs)
        ]
        return (gradients if self.is_list else gradients[0],)


def _images(pred: Any, target: Any) -> tuple[Array, Array]:
    x = predictions(pred)
    if x.ndim != 4:
        raise ValueError(f"pred: expected images (N, C, H, W), got shape {x.shape}")
    return x, same_shape(target, x, "target")


def _each_channel(upstream: Array, pair: ImagePair) -> Array:
    """What multiplies the similarity of each channel, of which an image's is the mean."""
    each = np.repeat(upstream.astype(np.float64) / pair.channels, pair.channels)
    return np.ascontiguousarray(each.reshape(len(pair.x), each.size // max(1, len(pair.x))))


def _kept(gradient: Array, upstream: Array) -> Array:
    """0 for images that take no part, whatever they hold."""
    gradient[upstream == 0] = 0
    return gradient


def _per_image(values: Array) -> Array:
    """Sums of squares."""
    flat = values.reshape(len(values), math.prod(values.shape[1:]))
    sums: Array = np.einsum("nk,nk->n", flat, flat, dtype=np.float64)
    return sums


def _spread(of_images: Array, like: Array) -> Array:
    return of_images.reshape(-1, *(1,) * (like.ndim - 1))
