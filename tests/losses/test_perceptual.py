from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from losses.differences import check_gradients
from metrix import losses
from metrix.image_quality import multiscale_structural_similarity, structural_similarity
from metrix.losses.perceptual import gram_matrix


def images(rng: np.random.Generator, shape: tuple[int, ...]) -> list[Any]:
    pred = rng.random(shape)
    return [pred, 0.5 * pred + 0.5 * rng.random(shape)]


def test_ssim_loss_is_one_less_the_similarity(rng: np.random.Generator) -> None:
    for shape in ((2, 1, 17, 30), (2, 3, 17, 30), (2, 6, 17, 30), (2, 2, 11, 13, 12)):
        pred, target = images(rng, shape)
        dimensions: Any = len(shape) - 2
        expected = 1 - structural_similarity(pred, target, data_range=1, channel_axis=1, dimensions=dimensions)
        np.testing.assert_allclose(losses.ssim_loss(pred, target, reduction="none"), expected, rtol=1e-14)
        assert losses.ssim_loss(pred, target, halve=True) == pytest.approx(expected.mean() / 2, rel=1e-14)
        wide = losses.ssim_loss(255 * pred, 255 * target, data_range=255)
        assert wide == pytest.approx(expected.mean(), rel=1e-12)


@pytest.mark.parametrize(
    ("shape", "arguments"),
    [
        ((2, 3, 14, 19), {}),
        ((1, 1, 11, 11), {"halve": True}),
        ((1, 2, 70, 9), {"window": "uniform", "window_size": 3, "sample_covariance": True}),
        ((1, 1, 9, 160), {"window_size": 5, "sigma": 0.8}),
        ((1, 1, 75, 150), {"window_size": 9}),
        ((2, 3, 6, 7, 9), {"window_size": 5}),
        ((1, 6, 4, 70, 5), {"window": "uniform", "window_size": 3, "sample_covariance": True}),
        ((1, 1, 5, 4, 500), {"window_size": 3, "halve": True}),
        ((1, 1, 12, 11, 13), {}),
    ],
)
def test_gradients_of_ssim_loss(shape: tuple[int, ...], arguments: dict[str, Any], rng: np.random.Generator) -> None:
    weight = rng.random(shape[0]) + 0.1
    check_gradients(losses.ssim_loss, images(rng, shape), rng, weight=weight, **arguments)


@pytest.mark.parametrize("odd_side", ["symmetric", "zero", "drop"])
@pytest.mark.parametrize("shape", [(2, 2, 24, 29), (1, 1, 47, 31), (1, 1, 40, 44)])
def test_gradients_of_ms_ssim_loss(shape: tuple[int, ...], odd_side: Any, rng: np.random.Generator) -> None:
    pair = images(rng, shape)
    arguments: dict[str, Any] = {"weights": [0.2, 0.3, 0.5], "window_size": 5, "odd_side": odd_side}
    expected = 1 - multiscale_structural_similarity(*pair, data_range=1, channel_axis=1, **arguments)
    np.testing.assert_allclose(losses.ms_ssim_loss(*pair, reduction="none", **arguments), expected, rtol=1e-14)
    check_gradients(losses.ms_ssim_loss, pair, rng, **arguments)


def test_ms_ssim_loss_of_opposites_is_flat(rng: np.random.Generator) -> None:
    pred = rng.random((1, 1, 24, 24))
    value, (by_pred, by_target) = losses.ms_ssim_loss.value_and_grad(pred, 1 - pred, weights=[0.5, 0.5])
    assert value == 1
    assert not by_pred.any()
    assert not by_target.any()


def test_floats_have_gradients_of_doubles(rng: np.random.Generator) -> None:
    """In an image so bright and even that single precision would leave nothing of them."""
    bright = (200 + 0.05 * rng.normal(size=(2, 1, 1, 40, 40))).astype(np.float32)
    volumes = bright.reshape(2, 1, 1, 16, 10, 10)
    found, exact = (losses.ssim_loss.value_and_grad(*side, window_size=5) for side in (volumes, volumes.astype(float)))
    for one, other in zip(found[1], exact[1]):
        np.testing.assert_allclose(one, other, rtol=1e-6, atol=1e-7 * np.abs(other).max())
    for loss in (losses.ssim_loss, losses.ms_ssim_loss):
        arguments: dict[str, Any] = {"data_range": 1.0} | ({} if loss is losses.ssim_loss else {"weights": [0.4, 0.6]})
        value, gradients = loss.value_and_grad(*bright, **arguments)
        exact, exact_gradients = loss.value_and_grad(*bright.astype(float), **arguments)
        assert value.dtype == gradients[0].dtype == np.float32
        assert value == pytest.approx(exact, rel=1e-6 if loss is losses.ssim_loss else 1e-4)  # which halves in floats
        if loss is losses.ssim_loss:
            for found, wanted in zip(gradients, exact_gradients):
                np.testing.assert_allclose(found, wanted, rtol=1e-6, atol=1e-7 * np.abs(wanted).max())


def test_images_that_take_no_part(rng: np.random.Generator) -> None:
    pred, target = images(rng, (3, 1, 12, 12))
    pred[1] = np.nan
    mask = np.array([True, False, True])
    for loss in (losses.ssim_loss, losses.content_loss, losses.style_loss):
        value, gradient = loss.value_and_grad(pred, target, mask=mask, wrt="pred")
        alone, of_alone = loss.value_and_grad(pred[mask], target[mask], wrt="pred")
        assert value == pytest.approx(alone, rel=1e-14)
        np.testing.assert_allclose(gradient[mask], of_alone, rtol=1e-13)
        assert not gradient[1].any()


def test_content_loss_is_its_definition(rng: np.random.Generator) -> None:
    shapes = [(2, 3, 4, 5), (2, 7, 2, 2)]
    pred, target = ([rng.normal(size=shape) for shape in shapes] for _ in range(2))
    each = [((x - y) ** 2).sum(axis=(1, 2, 3)) for x, y in zip(pred, target)]
    found = losses.content_loss(pred, target, layer_weights=[2, 3], reduction="none")
    np.testing.assert_allclose(found, 2 * each[0] / 60 + 3 * each[1] / 28, rtol=1e-13)
    found = losses.content_loss(pred, target, divide="half", reduction="none")
    np.testing.assert_allclose(found, (each[0] + each[1]) / 2, rtol=1e-13)
    gradient = losses.content_loss.value_and_grad(pred, target, layer_weights=[2, 3])[1]
    alone = [losses.content_loss.value_and_grad(x, y)[1] for x, y in zip(pred, target)]
    np.testing.assert_allclose(gradient[1], 3 * alone[1], rtol=1e-13)
    check_gradients(losses.content_loss, [pred[0], target[0]], rng, weight=[1.0, 2.0])


def test_style_loss_is_its_definition(rng: np.random.Generator) -> None:
    pred, target = rng.normal(size=(2, 2, 3, 4, 5))
    gram = [np.einsum("nchw,ndhw->ncd", side, side) for side in (pred, target)]
    np.testing.assert_allclose(gram_matrix(pred), gram[0], rtol=1e-13)
    np.testing.assert_allclose(gram_matrix(pred, normalize=True), gram[0] / 60, rtol=1e-13)
    expected = ((gram[0] - gram[1]) ** 2).sum(axis=(1, 2)) / (4 * 3**2 * 20**2)
    np.testing.assert_allclose(losses.style_loss(pred, target, reduction="none"), expected, rtol=1e-13)
    check_gradients(losses.style_loss, [pred, target], rng, weight=[1.0, 2.0])
    layers = [pred, pred[:, :1]], [target, target[:, :1]]
    value, gradients = losses.style_loss.value_and_grad(*layers, layer_weights=[0.5, 0.5])
    assert value == pytest.approx((losses.style_loss(pred, target) + losses.style_loss(*(s[1] for s in layers))) / 2)
    assert [gradient.shape for gradient in gradients] == [(2, 3, 4, 5), (2, 1, 4, 5)]


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda x: losses.ssim_loss(x[0], x[0]), r"pred: expected images \(N, C, H, W\) or volumes .*, got shape"),
        (lambda x: losses.ms_ssim_loss(x[0], x[0]), r"pred: expected images \(N, C, H, W\), got shape"),
        (lambda x: losses.ssim_loss(x, x[:1]), r"target: expected the shape of pred"),
        (lambda x: losses.ms_ssim_loss(x, x), r"image: expected at least 11 rows and columns.* at scale 2 of 5"),
        (lambda x: losses.content_loss([x], [x, x]), r"target: expected 1 layers, got 2"),
        (lambda x: losses.content_loss([x, x[:1]], [x, x]), r"pred\[1\]: expected 2 images, got 1"),
        (lambda x: losses.content_loss([x], [x[:1]]), r"target\[0\]: expected the shape of pred\[0\]"),
        (
            lambda x: losses.content_loss(x, x, layer_weights=[1, 2]),
            r"layer_weights: expected 1, one for each layer, got 2",
        ),
        (lambda x: losses.content_loss(x, x, divide="all"), r"divide: expected one of"),
        (lambda x: losses.style_loss(x[0, 0], x[0, 0]), r"pred: expected shape \(N, C, ...\)"),
        (lambda x: gram_matrix(x[0, 0]), r"features: expected shape \(N, C, ...\)"),
    ],
)
def test_errors_name_the_argument(call: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        call(np.zeros((2, 1, 16, 16)))


def test_ms_ssim_loss_is_that_of_pytorch_msssim(rng: np.random.Generator) -> None:
    torch = pytest.importorskip("torch")
    pytorch_msssim = pytest.importorskip("pytorch_msssim")
    for ours, theirs, shape, arguments in (
        (losses.ssim_loss, pytorch_msssim.ssim, (1, 2, 181, 176), {}),
        (losses.ssim_loss, pytorch_msssim.ssim, (1, 2, 13, 14, 15), {}),
        (losses.ms_ssim_loss, pytorch_msssim.ms_ssim, (1, 2, 181, 176), {"odd_side": "zero"}),
    ):
        pair = images(rng, shape)
        x, y = (torch.tensor(side, requires_grad=True) for side in pair)
        value = 1 - theirs(x, y, data_range=1.0)
        value.backward()
        found, gradients = ours.value_and_grad(*pair, **arguments)
        assert found == pytest.approx(value.item(), abs=2e-6)  # its window and weights are single precision
        for gradient, side in zip(gradients, (x, y)):
            np.testing.assert_allclose(gradient, side.grad.numpy(), atol=5e-5 * np.abs(gradient).max())


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_pixel_perceptual_loss_is_the_sum_of_its_parts(dtype: type, rng: np.random.Generator) -> None:
    pred, target = rng.normal(size=(2, 2, 1, 4, 5)).astype(dtype)
    of_pred = [rng.normal(size=(2, 3, 4)).astype(dtype), rng.normal(size=(2, 2, 2, 2)).astype(dtype)]
    of_target = [rng.normal(size=layer.shape).astype(dtype) for layer in of_pred]
    weights: dict[str, Any] = {"l2_weight": 0.5, "l1_weight": 2.0, "content_weight": 3.0, "layer_weights": [1, 0.5]}
    value, (by_pixels, by_features) = losses.pixel_perceptual_loss.value_and_grad(
        pred, target, of_pred, of_target, grad_output=-2.0, **weights
    )
    squares = losses.mse_loss.value_and_grad(pred, target, grad_output=-1.0)
    lines = losses.l1_loss.value_and_grad(pred, target, grad_output=-4.0)
    content = losses.content_loss.value_and_grad(of_pred, of_target, grad_output=-6.0, layer_weights=[1, 0.5])
    rtol = 1e-14 if dtype == np.float64 else 1e-6
    np.testing.assert_allclose(value, 0.5 * squares[0] + 2 * lines[0] + 3 * content[0], rtol=rtol)
    np.testing.assert_allclose(by_pixels, squares[1] + lines[1], rtol=rtol)
    for ours, theirs in zip(by_features, content[1], strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=rtol)
    assert value.dtype == by_pixels.dtype == by_features[0].dtype == dtype
