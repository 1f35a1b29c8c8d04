"""Values, gradients and second derivatives of the losses against PyTorch's, or against their formulas under autograd."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np
import pytest

from losses.batches import INSIDE, SAMPLED, ask, batch
from losses.example_calls import EVERY, Call, example_call
from metrix import losses
from metrix.losses._elementwise import ElementwiseLoss
from metrix.losses._row import RowLoss

#: Compared with PyTorch, or with a library on it, in a test of their own.
ELSEWHERE = {
    "boundary_loss": "test_boundaries.py: central differences, and MONAI's and the authors' distances",
    "condinst_mask_loss": "test_detectors_parity.py",
    "cost_volume_loss": "test_stereo.py: central differences; no library has it",
    "ctc_loss": "test_sequence.py",
    "disparity_gradient_loss": "test_stereo.py: central differences; no library has it",
    "fast_rcnn_loss": "test_detectors_parity.py",
    "fcos_loss": "test_detectors_parity.py",
    "hausdorff_dt_loss": "test_boundaries.py",
    "lovasz_hinge_loss": "test_lovasz.py",
    "lovasz_softmax_loss": "test_lovasz.py",
    "mask_rcnn_mask_loss": "test_detectors_parity.py",
    "ms_ssim_loss": "test_perceptual.py",
    "rpn_loss": "test_detectors_parity.py",
    "sinkhorn_divergence": "test_transport.py",
    "wasserstein_distance": "test_transport.py",
    "yolo_v1_loss": "test_yolo.py",
    "yolo_v3_loss": "test_yolo.py",
}
PEERED = [name for name in EVERY if name not in ELSEWHERE]
MORE: dict[str, list[dict[str, Any]]] = {
    "binary_cross_entropy_with_logits": [{"pos_weight": 3.0}, {"pos_weight": [0.5, 2.0, 7.0]}],
    "cross_entropy": [{"label_smoothing": 0.1}],
    "gaussian_nll_loss": [{"full": True, "eps": 0.5}],
    "huber_loss": [{"delta": 0.3}],
    "multi_margin_loss": [{"p": 2, "margin": 0.5}],
    "poisson_nll_loss": [{"full": True}],
    "sigmoid_focal_loss": [{"gamma": 1.5, "alpha": None}, {"gamma": 0, "alpha": 0.6}],
    "softmax_focal_loss": [{"gamma": 1.5}],
}
CALLS = [(name, more) for name in PEERED for more in [{}, *MORE.get(name, [])]]
#: Which of the batches needs an axis of classes, or no example's symmetry.
SHAPES = {
    "binary_cross_entropy_with_logits": lambda rng: (rng.normal(size=(5, 3)), rng.random((5, 3))),
    "nt_xent_loss": lambda rng: tuple(rng.normal(size=(2, 5, 4))),
    "barlow_twins_loss": lambda rng: tuple(rng.normal(size=(2, 7, 3))),
    "multi_similarity_loss": lambda rng: (rng.normal(size=(6, 3)), np.array([0, 0, 1, 1, 2, 2])),
    "vicreg_loss": lambda rng: tuple(rng.normal(size=(2, 7, 3))),
    "circle_loss": lambda rng: (rng.normal(size=(6, 3)), np.array([0, 0, 1, 1, 2, 2])),
    "batch_triplet_loss": lambda rng: (rng.normal(size=(6, 1)), np.array([0, 0, 1, 1, 0, 1])),
    "arcface_loss": lambda rng: (rng.normal(size=(6, 8)), rng.integers(0, 4, 6), rng.normal(size=(4, 8))),
    "cosface_loss": lambda rng: (rng.normal(size=(6, 8)), rng.integers(0, 4, 6), rng.normal(size=(4, 8))),
    "ciou_loss": lambda rng: tuple(np.cumsum(rng.uniform(0.5, 2, (2, 6, 2, 2)), axis=2).reshape(2, 6, 4)),
}
SHAPES |= {name: lambda rng: tuple(rng.normal(size=(2, 9))) for name in ("log_cosh_loss", "smape_loss", "cauchy_loss")}
SHAPES |= dict.fromkeys(
    ["asymmetric_loss", "quality_focal_loss", "varifocal_loss"],
    lambda rng: (rng.normal(size=9), rng.integers(0, 2, 9) * rng.random(9)),
)
SHAPES |= dict.fromkeys(["iou_loss", "giou_loss", "diou_loss", "eiou_loss", "focal_eiou_loss"], SHAPES["ciou_loss"])


def example(name: str, more: dict[str, Any], rng: np.random.Generator) -> Call:
    if name in SHAPES:
        call = Call(SHAPES[name](rng), example_call(name).arguments)
    else:
        call = batch(name, rng, 5) if name in SAMPLED else example_call(name)
    return Call(call.inputs, call.arguments | ({"eps": 0} if name == "ciou_loss" else {}) | more)


@functools.cache
def formulas() -> Any:
    pytest.importorskip("torch")
    from oracles.torch_formulas import FORMULAS

    return FORMULAS


def tensors(name: str, call: Call, dtype: type) -> list[Any]:
    import torch

    def of(key: str, given: Any) -> Any:
        if isinstance(given, list):
            return [of(key, part) for part in given]
        is_label = key == "labels" or (key == "target" and given.dtype.kind in "iu" and has_classes(name))
        wide = given.astype(np.int64 if is_label else dtype)
        return torch.tensor(wide, requires_grad=key in getattr(losses, name).differentiable)

    return [of(*pair) for pair in zip(getattr(losses, name).inputs, call.inputs)]


def has_classes(name: str) -> bool:
    """Whose whole numbers are classes."""
    return name in ("dice_loss", "ce_dice_loss", "generalized_cross_entropy_loss", "ldam_loss", "poly_loss") or (
        isinstance(getattr(losses, name), RowLoss) and name != "multilabel_soft_margin_loss"
    )


def test_every_loss_has_a_formula() -> None:
    assert sorted(formulas()) == sorted(PEERED)
    assert set(ELSEWHERE) <= set(EVERY)
    assert set(MORE) | set(SHAPES) | set(INSIDE) <= set(PEERED)


@pytest.mark.parametrize(("name", "more"), CALLS, ids=[f"{name}{more or ''}" for name, more in CALLS])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_values_and_gradients_are_those_of_pytorch(
    name: str, more: dict[str, Any], dtype: type, rng: np.random.Generator
) -> None:
    peer = formulas()[name]
    call = example(name, more, rng)
    theirs = tensors(name, call, dtype)
    expected = peer(*theirs, **call.arguments).mean()
    expected.backward()
    own = [
        [part.detach().numpy() for part in given] if isinstance(given, list) else given.detach().numpy()
        for given in theirs
    ]
    value, gradients = ask(name, Call(tuple(own), call.arguments))
    wanted = []
    for key, given in zip(getattr(losses, name).inputs, theirs):
        if key in getattr(losses, name).differentiable:
            wanted += [part.grad.numpy() for part in (given if isinstance(given, list) else [given])]
    rtol = 1e-9 if dtype is np.float64 else 3e-5
    np.testing.assert_allclose(value, expected.item(), rtol=rtol, atol=rtol / 10)
    assert len(gradients) == len(wanted)
    for (key, gradient), other in zip(gradients, wanted):
        size = max(1.0, float(np.abs(other).max()))
        np.testing.assert_allclose(gradient, other, rtol=rtol, atol=rtol * size / 10, err_msg=key)


TWICE = [
    (name, more)
    for name, more in CALLS
    if isinstance(getattr(losses, name), (ElementwiseLoss, RowLoss)) and getattr(losses, name)._hess is not None
]


@pytest.mark.parametrize(("name", "more"), TWICE, ids=[f"{name}{more or ''}" for name, more in TWICE])
def test_second_derivatives_are_those_of_pytorch(name: str, more: dict[str, Any], rng: np.random.Generator) -> None:
    peer = formulas()[name]
    import torch

    call = example(name, more, rng)
    theirs = tensors(name, call, np.float64)
    terms = peer(*theirs, **call.arguments)
    if terms.ndim == 0:  # a mean of weights of classes
        terms = terms * np.asarray(call.arguments["class_weight"])[call.inputs[1]].sum()
    x = theirs[0]
    slope = torch.autograd.grad(terms.sum(), x, create_graph=True)[0]
    expected = torch.zeros_like(x)
    if slope.requires_grad:
        for place in range(x.shape[1]) if isinstance(getattr(losses, name), RowLoss) else [slice(None)]:
            at = (slice(None), place) if isinstance(place, int) else (Ellipsis,)
            second = torch.autograd.grad(slope[at].sum(), x, retain_graph=True, allow_unused=True)[0]
            expected[at] = 0 if second is None else second[at]
    first, second = getattr(losses, name).grad_hess(*call.inputs, hess="exact", **call.arguments)
    np.testing.assert_allclose(first, slope.detach().numpy(), rtol=1e-9, atol=1e-10)
    np.testing.assert_allclose(second, expected.numpy(), rtol=1e-8, atol=1e-9)
