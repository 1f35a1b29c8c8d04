"""metrix.losses.rcnn against loops over anchors and proposals, against torchvision, and by differences."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from effort import cases
from losses.central_differences import check_gradient
from losses.torchvision_peer import torchvision_module
from metrix.losses import fast_rcnn_loss, mask_rcnn_mask_loss, rpn_loss
from oracles import detectors as oracles


def some_boxes(rng: np.random.Generator, count: int) -> Any:
    low = rng.uniform(0, 20, (count, 2))
    return np.hstack([low, low + rng.uniform(2, 20, (count, 2))])


def scene(rng: np.random.Generator, truth_count: int, region_count: int) -> tuple[Any, Any, Any, Any]:
    """Objects of two images, and regions of which half are near an object."""
    boxes, images = some_boxes(rng, truth_count), rng.integers(0, 2, truth_count)
    regions, numbers = some_boxes(rng, region_count), rng.integers(0, 2, region_count)
    if truth_count:
        near = rng.integers(0, truth_count, region_count // 2)
        regions[: region_count // 2] = boxes[near] + rng.uniform(-1, 1, (len(near), 4))
        numbers[: region_count // 2] = images[near]
    return boxes, images, regions, numbers


def test_rpn_loss_of_all_anchors(rng: np.random.Generator) -> None:
    for count in [0, 1, *rng.integers(0, 8, cases(60))]:
        boxes, images, anchors, _ = scene(rng, count, 12)
        logits, deltas = rng.normal(size=(2, 12)), rng.normal(size=(2, 12, 4))
        got = rpn_loss(logits, deltas, anchors, boxes, images=images, samples=None)
        assert got == pytest.approx(oracles.rpn_loss(logits, deltas, anchors, boxes, images), rel=1e-12)
        paper = {"box_weight": 10, "box_denominator": 2400}
        got = rpn_loss(logits, deltas, anchors, boxes, images=images, samples=None, **paper)
        expected = oracles.rpn_loss(logits, deltas, anchors, boxes, images, denominator=2400, weight=10)
        assert got == pytest.approx(expected, rel=1e-12)


def test_rpn_loss_of_a_sample(rng: np.random.Generator) -> None:
    """Logits that tell anchors apart show in the gradient which are sampled: each once, by the same seed."""
    boxes, _, anchors, _ = scene(rng, 5, 200)
    logits, deltas = rng.normal(size=(1, 200)), rng.normal(size=(1, 200, 4))
    value, (by_logits, by_deltas) = rpn_loss.value_and_grad(logits, deltas, anchors, boxes, samples=32, seed=3)
    again = rpn_loss(logits, deltas, anchors, boxes, samples=32, seed=3)
    assert value == again != rpn_loss(logits, deltas, anchors, boxes, samples=32, seed=4)
    sampled = by_logits[0] != 0
    positives = by_logits[0] < 0
    assert sampled.sum() == 32
    assert 0 < positives.sum() <= 16
    np.testing.assert_array_equal(by_deltas[0].any(axis=1), positives)
    np.testing.assert_allclose(
        np.abs(by_logits[0][sampled]) * 32, np.abs(1 / (1 + np.exp(-logits[0])) - positives)[sampled]
    )


def test_fast_rcnn_loss(rng: np.random.Generator) -> None:
    for count in [0, 1, *rng.integers(0, 8, cases(60))]:
        boxes, images, regions, numbers = scene(rng, count, 10)
        labels, logits, deltas = rng.integers(1, 4, count), rng.normal(size=(10, 4)), rng.normal(size=(10, 4, 4))
        expected = oracles.fast_rcnn_loss(logits, deltas, regions, numbers, boxes, labels, images)
        options = {"images": images, "proposal_images": numbers}
        got = fast_rcnn_loss(logits, deltas.reshape(10, 16), regions, boxes, labels, **options)
        assert got == pytest.approx(expected, rel=1e-12)
        assert got == fast_rcnn_loss(logits, deltas, regions, boxes, labels, **options)


def test_mask_rcnn_mask_loss(rng: np.random.Generator) -> None:
    masks = rng.integers(0, 2, (3, 30, 25)).astype(bool)
    for _ in range(cases(20)):
        logits, regions = rng.normal(size=(4, 3, 5, 5)), some_boxes(rng, 4)
        labels, matched = rng.integers(0, 3, 3), rng.integers(0, 3, 4)
        got = mask_rcnn_mask_loss(logits, regions, masks, labels, matched=matched)
        expected = oracles.mask_rcnn_mask_loss(logits, regions, masks, labels, matched)
        assert got == pytest.approx(expected, rel=1e-12)


def test_mask_rcnn_mask_loss_finds_the_mask_of_a_proposal() -> None:
    masks = np.zeros((3, 20, 20), dtype=bool)
    masks[0, 2:8, 3:9] = masks[1, 10:15, 10:19] = masks[2, 2:8, 3:9] = True
    logits = np.linspace(-1, 1, 2 * 2 * 4 * 4).reshape(2, 2, 4, 4)
    proposals = [[10.0, 10, 18, 15], [3.0, 2, 9, 9]]
    got = mask_rcnn_mask_loss(logits, proposals, masks, [0, 1, 1], images=[0, 1, 1], proposal_images=[1, 1])
    assert got == mask_rcnn_mask_loss(logits, proposals, masks, [0, 1, 1], matched=[1, 2])
    got = mask_rcnn_mask_loss(logits, proposals, masks, [0, 1, 1])
    assert got == mask_rcnn_mask_loss(logits, proposals, masks, [0, 1, 1], matched=[1, 0])
    with pytest.raises(ValueError, match=r"^proposals: expected boxes that overlap a mask, got box 1 without one$"):
        mask_rcnn_mask_loss(logits, [proposals[0], [0.0, 0, 1, 1]], masks, [0, 1, 1])


def test_nothing_is_no_loss() -> None:
    value, grad = mask_rcnn_mask_loss.value_and_grad(np.zeros((0, 2, 4, 4)), [], np.zeros((0, 9, 9), bool), [])
    assert value == 0
    assert grad.shape == (0, 2, 4, 4)
    value, grads = fast_rcnn_loss.value_and_grad(np.zeros((0, 3)), np.zeros((0, 12)), [], [], [])
    assert value == 0
    assert [grad.shape for grad in grads] == [(0, 3), (0, 12)]
    value, grads = rpn_loss.value_and_grad(np.zeros((2, 0)), np.zeros((2, 0, 4)), [], [], images=[])
    assert value == 0


def test_gradients(rng: np.random.Generator) -> None:
    boxes, images, regions, numbers = scene(rng, 4, 8)
    logits, deltas = rng.normal(size=(2, 8)), rng.normal(size=(2, 8, 4))
    by = rpn_loss.value_and_grad(logits, deltas, regions, boxes, images=images, samples=None)[1]
    check_gradient(lambda at: oracles.rpn_loss(at, deltas, regions, boxes, images), logits, by[0], rng, 8)
    check_gradient(lambda at: oracles.rpn_loss(logits, at, regions, boxes, images), deltas, by[1], rng, 8)

    labels, logits, deltas = rng.integers(1, 4, 4), rng.normal(size=(8, 4)), rng.normal(size=(8, 4, 4))
    rest = (regions, numbers, boxes, labels, images)
    by = fast_rcnn_loss.value_and_grad(
        logits, deltas, regions, boxes, labels, images=images, proposal_images=numbers, grad_output=2.0
    )[1]
    check_gradient(lambda at: 2 * oracles.fast_rcnn_loss(at, deltas, *rest), logits, by[0], rng, 8)
    check_gradient(lambda at: 2 * oracles.fast_rcnn_loss(logits, at, *rest), deltas, by[1], rng, 8)
    alone = fast_rcnn_loss.value_and_grad(
        logits, deltas, regions, boxes, labels, images=images, proposal_images=numbers, wrt="deltas"
    )[1]
    np.testing.assert_allclose(2 * alone, by[1], rtol=1e-15)

    masks, matched = rng.integers(0, 2, (3, 30, 25)), rng.integers(0, 3, 8)
    labels, logits = rng.integers(0, 2, 3), rng.normal(size=(8, 2, 3, 3))
    grad = mask_rcnn_mask_loss.value_and_grad(logits, regions, masks, labels, matched=matched)[1]
    check_gradient(
        lambda at: oracles.mask_rcnn_mask_loss(at, regions, masks, labels, matched), logits, grad, rng, cases(60)
    )


@pytest.mark.parity
def test_as_torchvision_has_them(rng: np.random.Generator) -> None:
    heads = torchvision_module("torchvision.models.detection.roi_heads")
    coder = torchvision_module("torchvision.models.detection._utils").BoxCoder((10.0, 10.0, 5.0, 5.0))
    import torch

    boxes, images, regions, numbers = scene(rng, 6, 20)
    labels, logits, deltas = rng.integers(1, 4, 6), rng.normal(size=(20, 4)), rng.normal(size=(20, 16))
    overlaps = np.array(
        [[oracles.overlap(a, b) * (i == j) for b, j in zip(boxes, images)] for a, i in zip(regions, numbers)]
    )
    matched = overlaps.argmax(axis=1)
    label = torch.from_numpy(np.where(overlaps.max(axis=1) >= 0.5, labels[matched], 0))
    wanted = coder.encode_single(torch.from_numpy(boxes[matched]), torch.from_numpy(regions))
    z, d = torch.from_numpy(logits).requires_grad_(), torch.from_numpy(deltas).requires_grad_()
    total = sum(heads.fastrcnn_loss(z, d, [label], [wanted]))
    total.backward()
    value, grads = fast_rcnn_loss.value_and_grad(
        logits, deltas, regions, boxes, labels, images=images, proposal_images=numbers
    )
    assert value == pytest.approx(total.item(), rel=1e-12)
    np.testing.assert_allclose(grads[0], z.grad, rtol=1e-9, atol=1e-15)
    np.testing.assert_allclose(grads[1], d.grad, rtol=1e-9, atol=1e-15)


def test_single_precision(rng: np.random.Generator) -> None:
    boxes, images, regions, numbers = scene(rng, 4, 8)
    calls: list[tuple[Any, list[Any], list[Any], dict[str, Any]]] = [
        (rpn_loss, [rng.normal(size=(2, 8)), rng.normal(size=(2, 8, 4))], [regions, boxes], {"images": images}),
        (
            fast_rcnn_loss,
            [rng.normal(size=(8, 4)), rng.normal(size=(8, 16))],
            [regions, boxes, [1, 2, 3, 1]],
            {"images": images, "proposal_images": numbers},
        ),
    ]
    for loss, outputs, rest, options in calls:
        exact, grads = loss.value_and_grad(*outputs, *rest, **options)
        value, got = loss.value_and_grad(*(output.astype(np.float32) for output in outputs), *rest, **options)
        assert value.dtype == np.float32
        assert value == pytest.approx(exact, rel=1e-5)
        for one, other in zip(got, grads, strict=True):
            assert one.dtype == np.float32
            np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-6)


def test_mistakes_are_refused() -> None:
    box = [[0.0, 0, 1, 1]]
    with pytest.raises(ValueError, match=r"^objectness: expected shape \(N, 1\), got \(1, 2\)$"):
        rpn_loss(np.zeros((1, 2)), np.zeros((1, 2, 4)), box, box)
    with pytest.raises(ValueError, match=r"^deltas: expected the shape of its outputs, \(1, 1, 4\), got \(1, 4\)$"):
        rpn_loss(np.zeros((1, 1)), np.zeros((1, 4)), box, box)
    with pytest.raises(ValueError, match=r"^low: expected at most high, 0.7, got 0.9$"):
        rpn_loss(np.zeros((1, 1)), np.zeros((1, 1, 4)), box, box, low=0.9)
    with pytest.raises(ValueError, match=r"^samples: expected a number >= 1 or None, got 0$"):
        rpn_loss(np.zeros((1, 1)), np.zeros((1, 1, 4)), box, box, samples=0)
    with pytest.raises(ValueError, match=r"^labels: expected numbers from 1 to 2, got 0 at 0$"):
        fast_rcnn_loss(np.zeros((1, 3)), np.zeros((1, 12)), box, box, [0])
    with pytest.raises(ValueError, match=r"^proposals: expected shape \(2, 4\), got \(1, 4\)$"):
        fast_rcnn_loss(np.zeros((2, 3)), np.zeros((2, 12)), box, box, [1])
    with pytest.raises(ValueError, match=r"^proposal_images: expected the number of the image for each box"):
        fast_rcnn_loss(np.zeros((1, 3)), np.zeros((1, 12)), box, box, [1], images=[1])
    with pytest.raises(ValueError, match=r"^matched: expected numbers from 0 to 0, got 1 at 0$"):
        mask_rcnn_mask_loss(np.zeros((1, 1, 2, 2)), box, np.zeros((1, 4, 4), bool), [0], matched=[1])
    with pytest.raises(ValueError, match=r"^masks: expected bools, or 0 and 1 alone$"):
        mask_rcnn_mask_loss(np.zeros((1, 1, 2, 2)), box, np.full((1, 4, 4), 255), [0])
    with pytest.raises(ValueError, match=r"^proposals: expected sides of at most 1000000 pixels$"):
        mask_rcnn_mask_loss(np.zeros((1, 1, 2, 2)), [[0, 0, 1e9, 1]], np.ones((1, 4, 4), bool), [0], matched=[0])
