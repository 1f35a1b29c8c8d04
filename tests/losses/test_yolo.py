"""metrix.losses.yolo: against darknet's way through the objects, by differences, and where objects meet."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from effort import cases
from losses.central_differences import check_gradient
from metrix.losses import yolo_v1_loss, yolo_v3_loss
from oracles import yolo as oracles

ANCHORS = np.array([[0.05, 0.08], [0.2, 0.1], [0.3, 0.5], [0.6, 0.7]])


def some_objects(rng: np.random.Generator, count: int, image_count: int, class_count: int) -> tuple[Any, Any, Any]:
    sides = rng.uniform(0.02, 0.7, (count, 2))
    boxes = np.hstack([rng.uniform(0, 1, (count, 2)), sides])
    if count > 2:  # in one cell, on the far edge
        boxes[1, :2] = boxes[0, :2]
        boxes[2, :2] = 1
    return boxes, rng.integers(0, class_count, count), rng.integers(0, image_count, count)


@pytest.mark.parametrize("rescore", [True, False])
@pytest.mark.parametrize("boxes_per_cell", [1, 2, 3])
def test_yolo_v1_loss_as_darknet_goes_through_it(rng: np.random.Generator, boxes_per_cell: int, rescore: bool) -> None:
    for count in [0, 1, *rng.integers(0, 20, cases(100))]:
        pred = rng.normal(0.3, 0.4, (2, 4, 4, 5 * boxes_per_cell + 3))
        objects = some_objects(rng, count, 2, 3)
        options = {"boxes_per_cell": boxes_per_cell, "rescore": rescore, "coord_weight": 4.0, "noobj_weight": 0.3}
        expected = oracles.yolo_v1_loss(pred, *objects, **options)
        boxes, labels, images = objects
        got = yolo_v1_loss(pred, boxes, labels, images=images, reduction="none", **options)
        np.testing.assert_allclose(got, expected, rtol=1e-12)


def test_yolo_v1_loss_makes_the_nearest_box_responsible_where_none_overlaps() -> None:
    pred = np.zeros((1, 2, 2, 11))
    pred[0, 0, 0, :4] = 0.9, 0.9, 0.01, 0.01
    pred[0, 0, 0, 5:9] = 0.2, 0.2, 0.01, 0.01
    grad = yolo_v1_loss.value_and_grad(pred, [[0.05, 0.05, 0.01, 0.01]], [0])[1]
    assert not grad[0, 0, 0, :4].any()
    assert grad[0, 0, 0, 5:9].any()


@pytest.mark.parametrize("coordinates", ["squared", "darknet"])
@pytest.mark.parametrize("layer", [None, [2, 0], [3]])
def test_yolo_v3_loss_as_darknet_goes_through_it(rng: np.random.Generator, layer: Any, coordinates: str) -> None:
    anchor_count = len(ANCHORS) if layer is None else len(layer)
    for count in [0, 1, *rng.integers(0, 16, cases(60))]:
        pred = rng.normal(0, 0.7, (2, anchor_count * 7, 3, 4))
        objects = some_objects(rng, count, 2, 2)
        options = {"anchors": ANCHORS, "layer": layer, "ignore_iou": 0.3, "coordinates": coordinates}
        expected = oracles.yolo_v3_loss(pred, *objects, **options)
        boxes, labels, images = objects
        got = yolo_v3_loss(pred, boxes, labels, images=images, reduction="none", **options)
        np.testing.assert_allclose(got, expected, rtol=1e-12)


def test_gradients(rng: np.random.Generator) -> None:
    boxes, labels, images = some_objects(rng, 9, 2, 3)
    weight = np.array([0.7, 2.0])
    pred = rng.normal(0.3, 0.4, (2, 4, 4, 13))
    grad = yolo_v1_loss.value_and_grad(pred, boxes, labels, images=images, weight=weight, reduction="sum")[1]
    check_gradient(
        lambda at: weight @ oracles.yolo_v1_loss(at, boxes, labels, images, fixed=pred), pred, grad, rng, cases(20)
    )
    pred = rng.normal(0, 0.7, (2, 4 * 8, 3, 4))
    for coordinates in ("squared", "darknet"):
        options = {"anchors": ANCHORS, "coordinates": coordinates}
        grad = yolo_v3_loss.value_and_grad(pred, boxes, labels, images=images, grad_output=-1.5, **options)[1]
        check_gradient(
            lambda at, options=options: (
                -1.5 * np.mean(oracles.yolo_v3_loss(at, boxes, labels, images, fixed=pred, **options))
            ),
            pred,
            grad,
            rng,
            cases(20),
        )


def test_yolo_v3_loss_of_darknet_has_its_step(rng: np.random.Generator) -> None:
    """delta of yolo_layer.c: scale * (target - sigmoid) for x and y, scale * (target - output) for w and h."""
    pred = rng.normal(size=(1, 6, 2, 2))
    box = [0.3, 0.8, 0.25, 0.2]
    grad = yolo_v3_loss.value_and_grad(pred, [box], [0], anchors=[[0.2, 0.2]], coordinates="darknet")[1][0, :, 1, 0]
    out, scale = pred[0, :, 1, 0], 2 - 0.25 * 0.2
    delta = [scale * (0.6 - oracles.sigmoid(out[0])), scale * (0.6 - oracles.sigmoid(out[1]))]
    delta += [scale * (np.log(0.25 / 0.2) - out[2]), scale * (np.log(0.2 / 0.2) - out[3])]
    delta += [1 - oracles.sigmoid(out[4]), 1 - oracles.sigmoid(out[5])]
    np.testing.assert_allclose(-grad, delta, rtol=1e-12, atol=1e-15)


def test_single_precision_masks_and_formats(rng: np.random.Generator) -> None:
    boxes, labels, images = some_objects(rng, 7, 2, 3)
    corners = np.hstack([boxes[:, :2] - boxes[:, 2:] / 2, boxes[:, :2] + boxes[:, 2:] / 2])
    for loss, pred, options in (
        (yolo_v1_loss, rng.normal(0.3, 0.4, (2, 4, 4, 13)), {}),
        (yolo_v3_loss, rng.normal(0, 0.7, (2, 4 * 8, 3, 4)), {"anchors": ANCHORS}),
    ):
        exact = loss.value_and_grad(pred, boxes, labels, images=images, **options)
        value, grad = loss.value_and_grad(pred.astype(np.float32), boxes, labels, images=images, **options)
        assert value.dtype == grad.dtype == np.float32
        np.testing.assert_allclose(value, exact[0], rtol=1e-5)
        np.testing.assert_allclose(grad, exact[1], rtol=1e-3, atol=1e-5)
        same = loss(pred, corners, labels, images=images, box_format="xyxy", **options)
        np.testing.assert_allclose(same, exact[0], rtol=1e-9)
        pred[1] = np.nan
        value, grad = loss.value_and_grad(pred, boxes, labels, images=images, mask=[True, False], **options)
        alone = images == 0
        assert value == pytest.approx(loss(pred[:1], boxes[alone], labels[alone], **options), rel=1e-14)
        assert not grad[1].any()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"labels": [3]}, "labels: expected numbers from 0 to 2, got 3 at 0"),
        ({"labels": [0.0]}, "labels: expected integers, got dtype float64"),
        ({"images": [1]}, "images: expected numbers from 0 to 0, got 1 at 0"),
        ({"boxes": [[0.5, 0.5, -0.1, 0.1]]}, "boxes: expected finite boxes with sides >= 0, got box 0 with"),
        ({"boxes": [[0.5, 0.5, 0.1, np.nan]]}, "boxes: expected finite boxes with sides >= 0, got box 0 with"),
        ({"boxes": [[0.5, 0.5, 0.1, 0.0]]}, "boxes: expected sides > 0"),
        ({"anchors": [[0.1, 0.0]]}, r"anchors: expected \(K, 2\) finite sides > 0"),
        ({"layer": [1]}, "layer: expected different numbers from 0 to 0"),
        ({"coordinates": "cubed"}, "coordinates: expected one of"),
        ({"pred": np.zeros((1, 4, 2, 2))}, r"pred: expected shape \(N, 1 \* \(5 \+ C\), H, W\)"),
    ],
)
def test_mistakes_are_refused(change: dict[str, Any], message: str) -> None:
    call: dict[str, Any] = {"pred": np.zeros((1, 8, 2, 2)), "boxes": [[0.5, 0.5, 0.1, 0.1]], "labels": [1]}
    call |= {"anchors": [[0.1, 0.1]]} | change
    inputs = [call.pop(name) for name in ("pred", "boxes", "labels")]
    with pytest.raises((ValueError, TypeError), match=rf"^{message}"):
        yolo_v3_loss(*inputs, **call)
    with pytest.raises(ValueError, match=r"^pred: expected shape \(N, S, S, 2 \* 5 \+ C\), got \(1, 2, 3, 12\)$"):
        yolo_v1_loss(np.zeros((1, 2, 3, 12)), [], [])
    with pytest.raises(ValueError, match=r"^images: expected the number of the image for each box"):
        yolo_v1_loss(np.zeros((2, 2, 2, 12)), [[0.5, 0.5, 0.1, 0.1]], [0])
