"""metrix.losses.detection: against the definitions, and where boxes are equal, apart, without area or upside down."""

from __future__ import annotations

import hashlib
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from effort import cases
from metrix import _core, losses
from metrix.boxes import box_convert
from metrix.losses import ciou_loss, diou_loss, eiou_loss, focal_eiou_loss, giou_loss, iou_loss
from oracles import box_losses as oracles

Array = npt.NDArray[np.float64]

CASES: list[tuple[str, dict[str, Any]]] = [
    ("iou_loss", {}),
    ("iou_loss", {"mode": "log"}),
    ("giou_loss", {}),
    ("diou_loss", {}),
    ("ciou_loss", {}),
    ("ciou_loss", {"ciou_alpha_grad": True}),
    ("eiou_loss", {}),
    ("focal_eiou_loss", {}),
    ("focal_eiou_loss", {"gamma": 1.5}),
    ("focal_eiou_loss", {"gamma": 0}),
]
EVERY = [iou_loss, giou_loss, diou_loss, ciou_loss, eiou_loss, focal_eiou_loss]
IDS = ["-".join([name, *map(str, parameters.values())]) for name, parameters in CASES]


def some_boxes(rng: np.random.Generator, count: int) -> Array:
    corner = rng.uniform(0, 4, (count, 2))
    return np.hstack([corner, corner + rng.uniform(0.2, 5, (count, 2))])


def pairs(rng: np.random.Generator, count: int) -> tuple[Array, Array]:
    """Boxes that overlap, lie apart, or one in the other; no corners are equal or nearly so."""
    pred, target = some_boxes(rng, count), some_boxes(rng, count)
    far = np.all(np.abs(pred - target) > 1e-3, axis=1) & np.all(np.abs(pred - target[:, [2, 3, 0, 1]]) > 1e-3, axis=1)
    return pred[far], target[far]


@pytest.mark.parametrize(("name", "parameters"), CASES, ids=IDS)
def test_values_and_gradients(name: str, parameters: dict[str, Any], rng: np.random.Generator) -> None:
    loss, oracle = getattr(losses, name), getattr(oracles, name)
    pred, target = pairs(rng, cases(20000))
    assert 0.2 < (iou_loss(pred, target, reduction="none") < 1).mean() < 0.9
    wide = pred.astype(np.longdouble), target.astype(np.longdouble)
    for eps in (1e-7, 0.25):
        value, grad = loss.value_and_grad(pred, target, reduction="none", eps=eps, **parameters)
        np.testing.assert_allclose(value, oracle(*wide, eps=eps, **parameters).astype(float), rtol=1e-13, atol=1e-14)
        slope = oracles.gradient(oracle, *wide, eps=eps, **parameters)
        np.testing.assert_allclose(grad, slope.astype(float), rtol=1e-8, atol=1e-9)
        assert loss(pred, target, reduction="none", eps=eps, **parameters).tobytes() == value.tobytes()


@pytest.mark.parametrize(("name", "parameters"), CASES, ids=IDS)
def test_single_precision(name: str, parameters: dict[str, Any], rng: np.random.Generator) -> None:
    pred, target = (side.astype(np.float32) for side in pairs(rng, cases(20000)))
    loss = getattr(losses, name)
    value, grad = loss.value_and_grad(pred, target, reduction="none", **parameters)
    assert value.dtype == grad.dtype == np.float32
    wide = [side.astype(np.float64) for side in (pred, target)]
    exact = loss.value_and_grad(*wide, reduction="none", **parameters)
    np.testing.assert_allclose(value, exact[0], rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(grad, exact[1], rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize(("name", "parameters"), CASES, ids=IDS)
def test_equal_corners_share_the_gradient(name: str, parameters: dict[str, Any], rng: np.random.Generator) -> None:
    """As central differences do: half of what each side would have. The box itself comes first."""
    grid = rng.integers(0, 3, (cases(4000), 2, 2)).astype(np.float64)
    pred, target = (np.hstack([low, low + rng.integers(1, 3, low.shape)]) for low in (grid[:, 0], grid[:, 1]))
    target[:20] = pred[:20]
    touching = np.any((pred[:, :2] == target[:, 2:]) | (pred[:, 2:] == target[:, :2]), axis=1)
    pred, target = pred[~touching], target[~touching]
    oracle, wide = getattr(oracles, name), (pred.astype(np.longdouble), target.astype(np.longdouble))
    slope = oracles.gradient(oracle, *wide, eps=0.1, **parameters)
    value, grad = getattr(losses, name).value_and_grad(pred, target, reduction="none", eps=0.1, **parameters)
    np.testing.assert_allclose(value, oracle(*wide, eps=0.1, **parameters).astype(float), rtol=1e-13, atol=1e-14)
    np.testing.assert_allclose(grad, slope.astype(float), rtol=1e-4, atol=2e-6)


@pytest.mark.parametrize("loss", EVERY, ids=lambda loss: loss.__name__)
def test_a_box_that_is_right_has_no_loss(loss: Any) -> None:
    value, grad = loss.value_and_grad([[1.0, 2.0, 3.0, 5.0]], [[1.0, 2.0, 3.0, 5.0]], eps=0)
    assert value == 0
    # Of the overlap each corner has half a gradient, and the area has all of it: they pull against each other.
    np.testing.assert_allclose(grad, np.zeros((1, 4)), atol=1e-16)


@pytest.mark.parametrize("loss", EVERY, ids=lambda loss: loss.__name__)
@pytest.mark.parametrize("box_format", ["xywh", "cxcywh"])
def test_formats(loss: Any, box_format: Any, rng: np.random.Generator) -> None:
    """The gradient by the numbers of a format is that by corners, times the derivative of the corners by the numbers."""
    pred, target = (box_convert(side, in_fmt="xyxy", out_fmt=box_format) for side in pairs(rng, 200))
    value, grad = loss.value_and_grad(pred, target, box_format=box_format, reduction="none")
    corners = [box_convert(side, in_fmt=box_format, out_fmt="xyxy") for side in (pred, target)]
    same_value, by_corners = loss.value_and_grad(*corners, reduction="none")
    np.testing.assert_array_equal(value, same_value)
    start = {"xywh": [1, 0, 1, 0], "cxcywh": [1, 0, 1, 0]}[box_format]
    size = {"xywh": [0, 0, 1, 0], "cxcywh": [-0.5, 0, 0.5, 0]}[box_format]
    jacobian = np.array([start, np.roll(start, 1), size, np.roll(size, 1)])
    np.testing.assert_allclose(grad, by_corners @ jacobian.T, rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize("loss", EVERY, ids=lambda loss: loss.__name__)
def test_gradient_by_the_target(loss: Any, rng: np.random.Generator) -> None:
    pred, target = pairs(rng, 100)
    weight = rng.random(len(pred))
    swapped = loss.value_and_grad(target, pred, weight=weight)
    value, grad = loss.value_and_grad(pred, target, weight=weight, wrt="target")
    np.testing.assert_array_equal(grad, swapped[1])
    both_value, both = loss.value_and_grad(pred, target, weight=weight, wrt=("pred", "target"))
    assert value == both_value == pytest.approx(swapped[0], rel=1e-15)
    np.testing.assert_array_equal(both[0], loss.value_and_grad(pred, target, weight=weight)[1])
    np.testing.assert_array_equal(both[1], grad)
    np.testing.assert_array_equal(loss.value_and_grad(pred, target, weight=weight, wrt=None)[1], both)


@pytest.mark.parametrize("loss", EVERY, ids=lambda loss: loss.__name__)
def test_boxes_without_area_have_finite_losses(loss: Any) -> None:
    kinds = np.array([[1.0, 1, 1, 1], [1, 1, 3, 1], [1, 1, 1, 3], [0, 0, 2, 2], [5, 5, 6, 6]])
    first, second = np.repeat(kinds, 5, axis=0), np.tile(kinds, (5, 1))
    for dtype in (np.float32, np.float64):
        value, grad = loss.value_and_grad(first.astype(dtype), second.astype(dtype), reduction="none")
        assert np.isfinite(value).all()
        assert np.isfinite(grad).all()


def test_ciou_loss_of_flat_boxes_compares_their_angles() -> None:
    flat, upright, point = [0.0, 0.0, 2.0, 0.0], [1.0, -1.0, 1.0, 1.0], [1.0, 0.0, 1.0, 0.0]
    assert ciou_loss([flat], [upright], eps=1e-12) == pytest.approx(1 + 1 / 2)  # v is 1, and alpha a half
    assert ciou_loss([flat], [point], eps=1e-7) == 1
    assert ciou_loss([flat], [flat], eps=1e-7) == 1


def test_ciou_drop_norm_multiplies_the_gradient_of_the_shape(rng: np.random.Generator) -> None:
    pred, target = pairs(rng, 100)
    plain = diou_loss.value_and_grad(pred, target, reduction="sum")[1]
    full = ciou_loss.value_and_grad(pred, target, reduction="sum")[1]
    without = ciou_loss.value_and_grad(pred, target, reduction="sum", ciou_drop_norm=True)[1]
    squares = ((pred[:, 2:] - pred[:, :2]) ** 2).sum(axis=1, keepdims=True)
    np.testing.assert_allclose(without - plain, (full - plain) * squares, rtol=1e-9, atol=1e-12)


def test_iou_loss_of_a_logarithm_is_limited_by_eps() -> None:
    value, grad = iou_loss.value_and_grad([[0.0, 0, 1, 1]], [[3.0, 3, 4, 4]], mode="log", eps=1e-6)
    assert value == pytest.approx(-np.log(1e-6))
    assert not grad.any()
    assert iou_loss([[0.0, 0, 1, 1]], [[3.0, 3, 4, 4]], mode="log", eps=0) == np.inf


@pytest.mark.parametrize("loss", EVERY, ids=lambda loss: loss.__name__)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_reductions_weights_and_masks(loss: Any, dtype: Any, rng: np.random.Generator) -> None:
    pred, target = (side.astype(dtype) for side in pairs(rng, 1500))
    count = len(pred)
    weight, mask, upstream = rng.random(count), rng.random(count) < 0.7, rng.normal(size=count)
    pred[~mask], target[~mask] = np.nan, [3, 3, 1, 1]
    terms, slopes = loss.value_and_grad(pred[mask], target[mask], reduction="none")
    terms, slopes, kept = terms.astype(float), slopes.astype(float), weight[mask]
    tolerance = {"rtol": 1e-6 if dtype == np.float32 else 1e-14, "atol": 1e-9 if dtype == np.float32 else 1e-17}

    def check(factor: Any, divisor: float, **arguments: Any) -> None:
        value, grad = loss.value_and_grad(pred, target, mask=mask, **arguments)
        assert value.dtype == grad.dtype == dtype
        np.testing.assert_allclose(value, (terms * factor).sum() / divisor, **tolerance)
        np.testing.assert_allclose(grad[mask], slopes * np.reshape(factor, (-1, 1)) / divisor, **tolerance)
        assert not grad[~mask].any()

    check(1.0, mask.sum())
    check(1.0, 1, reduction="sum")
    check(1.0, count, reduction="batchmean")
    check(kept, kept.sum(), weight=weight)
    check(kept, mask.sum(), weight=weight, mean_denominator="count")
    check(kept, 1, weight=weight, reduction="sum")
    value, grad = loss.value_and_grad(pred, target, mask=mask, weight=weight, reduction="none", grad_output=upstream)
    np.testing.assert_allclose(value[mask], terms * kept, **tolerance)
    np.testing.assert_allclose(grad[mask], slopes * (kept * upstream[mask])[:, None], **tolerance)
    assert not value[~mask].any()
    assert not grad[~mask].any()
    scaled = loss.value_and_grad(pred, target, mask=mask, grad_output=-2.5)[1]
    np.testing.assert_allclose(scaled, -2.5 * loss.value_and_grad(pred, target, mask=mask)[1], **tolerance)


@pytest.mark.parametrize("loss", EVERY, ids=lambda loss: loss.__name__)
def test_empty_and_what_is_not_finite(loss: Any) -> None:
    value, grad = loss.value_and_grad(np.zeros((0, 4)), np.zeros((0, 4)))
    assert np.isnan(value)
    assert grad.shape == (0, 4)
    assert loss(np.zeros((0, 4)), np.zeros((0, 4)), reduction="sum") == 0
    assert np.isnan(loss(np.zeros((0, 4)), np.zeros((0, 4)), reduction="batchmean"))
    for place in range(4):
        for side in (0, 1):
            boxes = [np.array([[0.0, 0, 1, 1]]), np.array([[0.5, 0.5, 2, 2]])]
            boxes[side][0, place] = np.nan
            value, grad = loss.value_and_grad(*boxes)
            assert np.isnan(value)
            assert np.isnan(grad).any()


@pytest.mark.parametrize("loss", EVERY, ids=lambda loss: loss.__name__)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_same_bits_for_threads_and_instruction_sets(loss: Any, dtype: Any, rng: np.random.Generator) -> None:
    pred, target = some_boxes(rng, 17001).astype(dtype), some_boxes(rng, 17001).astype(dtype)
    best = _core.losses.instruction_set()
    value, grad = loss.value_and_grad(pred, target, num_threads=1)
    bits = value.tobytes() + grad.tobytes()
    try:
        for level in ("baseline", "v3", "v4"):
            if not _core.losses.use_instruction_set(level):
                continue
            for threads in (1, 2, 7):
                value, grad = loss.value_and_grad(pred, target, num_threads=threads)
                assert value.tobytes() + grad.tobytes() == bits
    finally:
        _core.losses.use_instruction_set(best)


def test_upside_down_boxes_are_refused() -> None:
    good, bad = np.tile([0.0, 0, 1, 1], (3, 1)), np.tile([0.0, 0, 1, 1], (3, 1))
    bad[1] = [2, 0, 1, 1]
    with pytest.raises(ValueError, match=r"^pred: expected x1 <= x2 and y1 <= y2, got box 1 with \(2\.0+, 0"):
        giou_loss(bad, good)
    with pytest.raises(ValueError, match=r"^target: expected x1 <= x2 and y1 <= y2, got box 1"):
        giou_loss.value_and_grad(good, bad, wrt="target")
    bad[1] = [0, 0, 1, -1]
    with pytest.raises(ValueError, match=r"^pred: expected sides >= 0, got box 1"):
        giou_loss(bad, good, box_format="cxcywh")
    assert giou_loss(bad, good, mask=[True, False, True], eps=0) == 0


def test_mistakes_are_refused() -> None:
    boxes = np.ones((2, 4))
    with pytest.raises(ValueError, match=r"^pred: expected shape \(N, 4\), got \(2, 3\)$"):
        giou_loss(boxes[:, :3], boxes)
    with pytest.raises(ValueError, match=r"^target: expected shape \(2, 4\), got \(1, 4\)$"):
        giou_loss(boxes, boxes[:1])
    with pytest.raises(TypeError, match=r"^pred: expected floating-point numbers, got dtype int64$"):
        giou_loss(np.ones((2, 4), dtype=np.int64), boxes)
    with pytest.raises(ValueError, match=r"^box_format: expected one of .*, got 'yxyx'$"):
        giou_loss(boxes, boxes, box_format="yxyx")
    with pytest.raises(ValueError, match=r"^eps: expected a finite number >= 0, got -1$"):
        giou_loss(boxes, boxes, eps=-1)
    with pytest.raises(ValueError, match=r"^wrt: expected one of .*, got 'weight'$"):
        giou_loss.value_and_grad(boxes, boxes, wrt="weight")
    with pytest.raises(ValueError, match=r"^weight: expected the shape of leading axes of the terms"):
        giou_loss(boxes, boxes, weight=np.ones((2, 4)))
    with pytest.raises(ValueError, match=r"^mode: expected one of"):
        iou_loss(boxes, boxes, mode="square")
    with pytest.raises(ValueError, match=r"^gamma: expected a finite number >= 0, got -1$"):
        focal_eiou_loss(boxes, boxes, gamma=-1)
    with pytest.raises(TypeError, match="unexpected keyword argument 'delta'"):
        eiou_loss(boxes, boxes, delta=1)
    with pytest.raises(TypeError, match="no second derivative"):
        eiou_loss.grad_hess(boxes, boxes)


#: Of values and gradients by both boxes, in single and double precision: what another machine gave.
BITS = {
    "iou_loss": ["0085a293a558ad6c", "a366ddb3612249a6"],
    "giou_loss": ["603aabbab660f4d6", "384671e347a2b9e2"],
    "diou_loss": ["abee22a0d93f23d8", "0ea99ff91b592a97"],
    "ciou_loss": ["be8203e09c3bb85c", "b0d6e0dcb0b12cc6"],
    "eiou_loss": ["93c22bb9f5634eee", "fdaeefacce507ad1"],
    "focal_eiou_loss": ["97a83e869b135aab", "92614631bef1dc4b"],
}


@pytest.mark.parametrize("loss", EVERY, ids=lambda loss: loss.__name__)
def test_bits_are_those_of_another_machine(loss: Any) -> None:
    uniform = np.random.default_rng(5).random((2, 1000, 4)) * [4, 4, 3, 3] + [0, 0, 0.2, 0.2]
    digests = []
    for dtype in (np.float32, np.float64):
        value, grads = loss.value_and_grad(*uniform.astype(dtype), box_format="xywh", wrt=("pred", "target"))
        digests.append(hashlib.sha256(b"".join(part.tobytes() for part in (value, *grads))).hexdigest()[:16])
    assert digests == BITS[loss.__name__]
