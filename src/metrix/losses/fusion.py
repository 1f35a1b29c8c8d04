"""Losses of image fusion, where one image is to hold what two others show.

No kernel: composed in NumPy. Images are (..., H, W); terms have their shape.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from metrix.losses._arguments import Array, predictions, same_shape
from metrix.losses._composed import Terms, composed
from metrix.losses._facts import facts
from metrix.losses._left_out import Rows

NEEDS = "pred, first, second: images (..., H, W)"


@composed(
    facts("image fusion", "convex, robust", needs=NEEDS),
    rows=Rows(("pred", "first", "second", "first_saliency", "second_saliency"), axes=None),
)
def fusion_intensity_loss(
    pred: npt.ArrayLike,
    first: npt.ArrayLike,
    second: npt.ArrayLike,
    /,
    *,
    first_saliency: npt.ArrayLike | None = None,
    second_saliency: npt.ArrayLike | None = None,
) -> Terms:
    """``|u - max(x, y)|``: the brighter of both images at each pixel; the gradient at 0 is 0.

    With saliency maps, ``(u - m x)^2 + (u - n y)^2``, the form that surveys print beside code of the former; it is smooth.

    Args:
        first_saliency, second_saliency: ``m`` and ``n`` of the shape of the images, both or none; their sum is 1 as a rule.

    Example:
        >>> float(fusion_intensity_loss([[1.0, 1.0]], [[0.0, 3.0]], [[1.0, 2.0]]))
        1.0

    Source:
        J. Liu et al., Multi-interactive feature learning and a full-time multi-modality benchmark (SegMiF), 2023.
    """
    u = predictions(pred)
    x, y = same_shape(first, u, "first"), same_shape(second, u, "second")
    if (first_saliency is None) != (second_saliency is None):
        raise ValueError("first_saliency, second_saliency: expected both or none")
    if first_saliency is None:
        difference = u - np.maximum(x, y)
        return Terms(np.abs(difference), lambda upstream: (_times(upstream, np.sign(difference)),))
    m, n = same_shape(first_saliency, u, "first_saliency"), same_shape(second_saliency, u, "second_saliency")
    to_first, to_second = u - m * x, u - n * y
    return Terms(to_first**2 + to_second**2, lambda upstream: (_times(upstream, 2 * (to_first + to_second)),))


@composed(facts("image fusion", "robust", needs=NEEDS))
def fusion_gradient_loss(pred: npt.ArrayLike, first: npt.ArrayLike, second: npt.ArrayLike, /) -> Terms:
    """``| |Sobel u| - max(|Sobel x|, |Sobel y|) |``: the sharper of both images at each pixel.

    ``|Sobel u|`` is the sum of the magnitudes of Sobel's two filters, with zeros beyond the border. Where one of them is 0,
    so is its part of the gradient. The code of the paper adds it with a weight of 8 to the intensity loss.

    Example:
        >>> edge = np.repeat([[0.0, 0.0, 1.0, 1.0]], 3, axis=0)
        >>> float(fusion_gradient_loss(edge, edge, np.zeros((3, 4))))
        0.0

    Source:
        J. Liu et al., Multi-interactive feature learning and a full-time multi-modality benchmark (SegMiF), 2023.
    """
    u = predictions(pred)
    if u.ndim < 2:
        raise ValueError(f"pred: expected shape (..., H, W), got {u.shape}")
    along, across = _sobel(u)
    sharper = np.maximum(_strength(same_shape(first, u, "first")), _strength(same_shape(second, u, "second")))
    difference = np.abs(along) + np.abs(across) - sharper

    def backward(upstream: Array) -> tuple[Array, ...]:
        by_strength = _times(upstream, np.sign(difference))
        return (_sobel_backward(_times(by_strength, np.sign(along)), _times(by_strength, np.sign(across))),)

    return Terms(np.abs(difference), backward)


def _times(upstream: Array, gradient: Array) -> Array:
    """0 where a term takes no part, whatever it holds."""
    return np.where(upstream == 0, 0, upstream * gradient)


def _filtered(images: Array, smooth: tuple[int, ...], rough: tuple[int, ...]) -> Array:
    """By three taps down and three along, with zeros beyond the border."""
    padded = np.pad(images, [(0, 0)] * (images.ndim - 2) + [(1, 1), (1, 1)])
    height, width = images.shape[-2:]
    down = sum((tap * padded[..., i : i + height, :] for i, tap in enumerate(smooth)), np.zeros((), images.dtype))
    return sum((tap * down[..., i : i + width] for i, tap in enumerate(rough)), np.zeros((), images.dtype))


def _strength(images: Array) -> Array:
    along, across = _sobel(images)
    strength: Array = np.abs(along) + np.abs(across)
    return strength


def _sobel(images: Array) -> tuple[Array, Array]:
    return _filtered(images, (1, 2, 1), (-1, 0, 1)), _filtered(images, (1, 0, -1), (1, 2, 1))


def _sobel_backward(by_along: Array, by_across: Array) -> Array:
    """The same filters, turned round."""
    return _filtered(by_along, (1, 2, 1), (1, 0, -1)) + _filtered(by_across, (-1, 0, 1), (1, 2, 1))
