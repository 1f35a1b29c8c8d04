"""metrix.losses.detection against PyTorch's gradients and torchvision's losses, where they are installed."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from effort import cases
from losses.test_detection import CASES, IDS, Array, some_boxes
from losses.torchvision_peer import torchvision_module
from metrix import losses

pytestmark = pytest.mark.parity

#: By name: torchvision's function.
THEIRS = {
    "giou_loss": "generalized_box_iou_loss",
    "diou_loss": "distance_box_iou_loss",
    "ciou_loss": "complete_box_iou_loss",
}


def adversarial(rng: np.random.Generator, count: int, dtype: Any) -> tuple[Array, Array]:
    """Random boxes, boxes on a grid with equal corners, and equal boxes."""
    low = rng.integers(0, 4, (count, 2, 2)).astype(dtype)
    pred, target = (np.hstack([start, start + rng.integers(1, 4, start.shape)]) for start in (low[:, 0], low[:, 1]))
    half = count // 2
    pred[:half], target[:half] = some_boxes(rng, half), some_boxes(rng, half)
    target[::10] = pred[::10]
    return pred.astype(dtype), target.astype(dtype)


def torch_reference(name: str, a: Any, b: Any, eps: float, parameters: dict[str, Any]) -> Any:
    """The definitions, for autograd."""
    import torch

    low, high = torch.maximum(a[:, :2], b[:, :2]), torch.minimum(a[:, 2:], b[:, 2:])
    overlaps = (high > low).all(dim=1)
    common = torch.where(overlaps, (high - low).prod(dim=1), 0.0)
    size, target_size = a[:, 2:] - a[:, :2], b[:, 2:] - b[:, :2]
    union = size.prod(dim=1) + target_size.prod(dim=1) - common
    iou = common / (union + eps)
    around = torch.maximum(a[:, 2:], b[:, 2:]) - torch.minimum(a[:, :2], b[:, :2])
    distance = ((a[:, :2] + a[:, 2:] - b[:, :2] - b[:, 2:]) ** 2).sum(dim=1) / 4 / ((around**2).sum(dim=1) + eps)
    if name == "iou_loss":
        return 1 - iou if parameters.get("mode") != "log" else -iou.clamp(min=eps).log()
    if name == "giou_loss":
        return 1 - iou + (around.prod(dim=1) - union) / (around.prod(dim=1) + eps)
    if name == "ciou_loss":
        v = 4 / torch.pi**2 * (torch.atan2(*target_size.T) - torch.atan2(*size.T)) ** 2
        alpha = v / (1 - iou + v + eps)
        return 1 - iou + distance + (alpha if parameters.get("ciou_alpha_grad") else alpha.detach()) * v
    efficient = 1 - iou + distance + ((size - target_size) ** 2 / (around**2 + eps)).sum(dim=1)
    if name == "focal_eiou_loss":
        return iou.detach() ** parameters.get("gamma", 0.5) * efficient
    return efficient if name == "eiou_loss" else 1 - iou + distance


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(("name", "parameters"), CASES, ids=IDS)
def test_as_autograd_has_it(name: str, parameters: dict[str, Any], dtype: Any, rng: np.random.Generator) -> None:
    torch = pytest.importorskip("torch")
    pred, target = adversarial(rng, cases(20000), dtype)
    a, b = (torch.from_numpy(side.copy()).requires_grad_() for side in (pred, target))
    expected = torch_reference(name, a, b, 1e-7, parameters)
    expected.sum().backward()
    value, grads = getattr(losses, name).value_and_grad(
        pred, target, reduction="none", wrt=("pred", "target"), **parameters
    )
    tolerance = {"rtol": 1e-9, "atol": 1e-12} if dtype == np.float64 else {"rtol": 1e-4, "atol": 5e-5}
    np.testing.assert_allclose(value, expected.detach().numpy(), **tolerance)
    shows = slice(None) if name != "iou_loss" or dtype == np.float64 else np.asarray(expected.detach()) < 5
    np.testing.assert_allclose(grads[0][shows], a.grad.numpy()[shows], **tolerance)
    np.testing.assert_allclose(grads[1][shows], b.grad.numpy()[shows], **tolerance)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", THEIRS)
def test_as_torchvision_has_it(name: str, dtype: Any, rng: np.random.Generator) -> None:
    """giou_loss, diou_loss, ciou_loss; torchvision's ciou uses ``eps`` in alpha alone, and 1e-7 elsewhere."""
    theirs = getattr(torchvision_module("torchvision.ops"), THEIRS[name])
    import torch

    pred, target = adversarial(rng, cases(20000), dtype)
    a = torch.from_numpy(pred.copy()).requires_grad_()
    expected = theirs(a, torch.from_numpy(target), reduction="mean")
    expected.backward()
    value, grad = getattr(losses, name).value_and_grad(pred, target)
    tolerance = 1e-9 if dtype == np.float64 else 2e-4
    assert value == pytest.approx(expected.item(), rel=1e-12 if dtype == np.float64 else 1e-6)
    np.testing.assert_allclose(grad * len(pred), a.grad.numpy() * len(pred), rtol=tolerance, atol=tolerance)
