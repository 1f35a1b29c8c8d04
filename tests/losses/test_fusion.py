from __future__ import annotations

import numpy as np
import pytest

from losses.differences import check_gradients
from metrix.losses import fusion_gradient_loss, fusion_intensity_loss


def sobel_strength(image: np.ndarray) -> np.ndarray:
    """Pixel by pixel."""
    taps = np.array([[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]])
    padded = np.pad(image, 1)
    strength = np.zeros_like(image)
    for place in np.ndindex(image.shape):
        around = padded[place[0] : place[0] + 3, place[1] : place[1] + 3]
        strength[place] = abs((around * taps).sum()) + abs((around * taps.T).sum())
    return strength


def test_fusion_intensity_loss_is_its_definition(rng: np.random.Generator) -> None:
    u, x, y, m = rng.normal(size=(4, 2, 1, 5, 6))
    np.testing.assert_allclose(
        fusion_intensity_loss(u, x, y, reduction="none"), np.abs(u - np.maximum(x, y)), rtol=1e-15
    )
    check_gradients(fusion_intensity_loss, [u, x, y], rng, weight=[1.0, 3.0])
    maps = {"first_saliency": m, "second_saliency": 1 - m}
    expected = (u - m * x) ** 2 + (u - (1 - m) * y) ** 2
    np.testing.assert_allclose(fusion_intensity_loss(u, x, y, reduction="none", **maps), expected, rtol=1e-14)
    check_gradients(fusion_intensity_loss, [u, x, y], rng, **maps)
    assert not fusion_intensity_loss.value_and_grad(x, x, x)[1].any()


def test_fusion_gradient_loss_is_its_definition(rng: np.random.Generator) -> None:
    u, x, y = rng.normal(size=(3, 2, 7, 8))
    each = [[sobel_strength(image) for image in side] for side in (u, x, y)]
    expected = np.abs(np.array(each[0]) - np.maximum(each[1], each[2]))
    np.testing.assert_allclose(fusion_gradient_loss(u, x, y, reduction="none"), expected, rtol=1e-13)
    check_gradients(fusion_gradient_loss, [u, x, y], rng, weight=[1.0, 3.0])
    value, gradient = fusion_gradient_loss.value_and_grad(u.astype(np.float32), x, y)
    assert value.dtype == gradient.dtype == np.float32


def test_what_is_masked_takes_no_part(rng: np.random.Generator) -> None:
    u, x, y = rng.normal(size=(3, 2, 7, 8))
    u[1] = np.nan
    for loss in (fusion_intensity_loss, fusion_gradient_loss):
        value, gradient = loss.value_and_grad(u, x, y, mask=[True, False])
        assert value == pytest.approx(loss(u[:1], x[:1], y[:1]), rel=1e-14)
        assert not gradient[1].any()


def test_errors_name_the_argument() -> None:
    image = np.zeros((4, 4))
    with pytest.raises(ValueError, match=r"second: expected the shape of pred"):
        fusion_gradient_loss(image, image, image[:3])
    with pytest.raises(ValueError, match=r"pred: expected shape \(..., H, W\), got \(4,\)"):
        fusion_gradient_loss(image[0], image[0], image[0])
    with pytest.raises(ValueError, match=r"first_saliency, second_saliency: expected both or none"):
        fusion_intensity_loss(image, image, image, first_saliency=image)
