"""Losses of detectors against PyTorch's autograd, where it is installed: the formulas, given the assignment."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from losses.test_fcos import POINTS, RANGES, STRIDES, outputs
from losses.test_fcos import scene as fcos_scene
from losses.test_rcnn import scene, some_boxes
from losses.test_yolo import ANCHORS
from losses.torchvision_peer import torchvision_module
from metrix.losses import fcos_loss, mask_rcnn_mask_loss, rpn_loss, yolo_v1_loss, yolo_v3_loss
from oracles import detectors as oracles

pytestmark = pytest.mark.parity


def tensors(*arrays: Any) -> list[Any]:
    torch = pytest.importorskip("torch")
    return [torch.from_numpy(np.array(array, dtype=np.float64)).requires_grad_() for array in arrays]


def compare(value: Any, grads: Any, total: Any, inputs: list[Any]) -> None:
    total.backward()
    assert value == pytest.approx(total.item(), rel=1e-12)
    for grad, of in zip(grads, inputs, strict=True):
        np.testing.assert_allclose(grad, of.grad, rtol=1e-9, atol=1e-13)


def test_yolo_v1_loss(rng: np.random.Generator) -> None:
    """Two objects in cells of their own, the first box of which is responsible."""
    pred = rng.uniform(0.1, 0.9, (1, 3, 3, 5 + 4))
    boxes, labels = np.array([[0.5, 0.2, 0.3, 0.2], [0.9, 0.9, 0.2, 0.2]]), [1, 3]
    value, grad = yolo_v1_loss.value_and_grad(pred, boxes, labels, boxes_per_cell=1, rescore=False)
    (x,) = inputs = tensors(pred)
    import torch

    total = 0.5 * (x[0, ..., 4] ** 2).sum()
    for (cx, cy, w, h), label, (row, column) in zip(boxes, labels, [(0, 1), (2, 2)], strict=True):
        cell = x[0, row, column]
        total = total - 0.5 * cell[4] ** 2 + (cell[4] - 1) ** 2
        total = total + ((cell[5:] - torch.eye(4)[label]) ** 2).sum()
        wanted = torch.tensor([cx * 3 - column, cy * 3 - row, w**0.5, h**0.5])
        total = total + 5 * ((cell[:4] - wanted) ** 2).sum()
    compare(value, [grad], total, inputs)


@pytest.mark.parametrize("coordinates", ["squared", "darknet"])
def test_yolo_v3_loss(rng: np.random.Generator, coordinates: str) -> None:
    """One object, of the third anchor; no other box overlaps it so much as to be ignored."""
    pred = rng.normal(size=(1, 4 * 7, 2, 2))
    options = {"anchors": ANCHORS, "ignore_iou": 0.999, "coordinates": coordinates}
    value, grad = yolo_v3_loss.value_and_grad(pred, [[0.3, 0.8, 0.25, 0.4]], [1], **options)
    (x,) = inputs = tensors(pred)
    import torch
    from torch.nn.functional import binary_cross_entropy_with_logits as entropy

    maps = x.reshape(4, 7, 2, 2)
    out, is_object = maps[2, :, 1, 0], torch.zeros(4, 2, 2, dtype=torch.float64)
    is_object[2, 1, 0] = 1
    total = entropy(maps[:, 4], is_object, reduction="sum")
    total = total + entropy(out[5:], torch.tensor([0.0, 1.0], dtype=torch.float64), reduction="sum")
    centre = torch.tensor([0.6, 0.6], dtype=torch.float64)
    size = torch.log(torch.tensor([0.25 / 0.3, 0.4 / 0.5], dtype=torch.float64))
    if coordinates == "squared":
        errors = ((out[:2].sigmoid() - centre) ** 2).sum() + ((out[2:4] - size) ** 2).sum()
    else:
        errors = entropy(out[:2], centre, reduction="sum") + ((out[2:4] - size) ** 2).sum() / 2
    compare(value, [grad], total + (2 - 0.25 * 0.4) * errors, inputs)


def test_rpn_loss(rng: np.random.Generator) -> None:
    boxes, images, anchors, _ = scene(rng, 5, 30)
    logits, deltas = rng.normal(size=(2, 30)), rng.normal(size=(2, 30, 4))
    value, grads = rpn_loss.value_and_grad(logits, deltas, anchors, boxes, images=images, samples=None)
    z, d = inputs = tensors(logits, deltas)
    import torch
    from torch.nn import functional

    index = np.array([oracles.match_anchors(anchors, boxes[images == image], 0.7, 0.3, True) for image in range(2)])
    is_positive, takes_part = torch.from_numpy(index >= 0), torch.from_numpy(index != oracles.IGNORED)
    wanted = np.zeros(deltas.shape)
    for image, i in np.argwhere(index >= 0):
        wanted[image, i] = oracles.deltas_of(boxes[images == image][index[image, i]], anchors[i])
    total = functional.binary_cross_entropy_with_logits(z[takes_part], is_positive[takes_part].double())
    moves = functional.smooth_l1_loss(
        d[is_positive], torch.from_numpy(wanted)[is_positive], beta=1 / 9, reduction="sum"
    )
    compare(value, grads, total + moves / takes_part.sum(), inputs)


def test_mask_rcnn_mask_loss(rng: np.random.Generator) -> None:
    """torchvision's, given RoIAlign: that is tried by itself."""
    masks, labels, matched = rng.integers(0, 2, (3, 30, 25)), np.array([0, 1, 1]), np.array([2, 0, 1, 2])
    regions, logits = some_boxes(rng, 4), rng.normal(size=(4, 2, 5, 5))
    value, grad = mask_rcnn_mask_loss.value_and_grad(logits, regions, masks, labels, matched=matched)
    (z,) = inputs = tensors(logits)
    import torch
    from torch.nn.functional import binary_cross_entropy_with_logits as entropy

    wanted = np.array([oracles.project_mask(masks[i], region, 5) for i, region in zip(matched, regions, strict=True)])
    compare(value, [grad], entropy(z[torch.arange(4), labels[matched]], torch.from_numpy(wanted)), inputs)


def test_fcos_loss(rng: np.random.Generator) -> None:
    ops = torchvision_module("torchvision.ops")
    boxes, labels, images = fcos_scene(rng, 5)
    given = outputs(rng)
    value, grads = fcos_loss.value_and_grad(
        *given, POINTS, boxes, labels, images=images, strides=STRIDES, ranges=RANGES
    )
    z, d, c = inputs = tensors(*given)
    import torch
    from torch.nn.functional import binary_cross_entropy_with_logits as entropy

    index = np.full((2, len(POINTS)), -1)
    for image in range(2):
        own = np.flatnonzero(images == image)
        found = np.array(oracles.assign_points(POINTS, STRIDES, RANGES, boxes[own], 1.5))
        index[image, found >= 0] = own[found[found >= 0]]
    at = np.nonzero(index >= 0)
    place, truth = torch.from_numpy(POINTS[at[1]]), torch.from_numpy(boxes[index[at]])
    is_class = torch.zeros(z.shape, dtype=torch.float64)
    is_class[(*at, labels[index[at]])] = 1
    low, high = place - truth[:, :2], truth[:, 2:] - place
    weight = (torch.minimum(low, high) / torch.maximum(low, high)).prod(dim=1).sqrt()
    predicted = torch.cat([place - d[at][:, :2], place + d[at][:, 2:]], dim=1)
    total = ops.sigmoid_focal_loss(z, is_class, reduction="sum") / len(truth)
    total = total + (weight * ops.generalized_box_iou_loss(predicted, truth)).sum() / weight.sum()
    compare(value, grads, total + entropy(c[at], weight), inputs)
