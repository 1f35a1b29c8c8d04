"""What all elementwise losses share: arguments, reductions, sums, threads, instruction sets, errors."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from effort import cases
from losses.elementwise_cases import CLASSIFICATION, REGRESSION, Case
from metrix import _core, losses

EVERY = [*REGRESSION, *CLASSIFICATION]
#: Around the borders of lanes, blocks and chunks.
SIZES = [1, 2, 7, 8, 9, 1023, 1024, 1025, 65535, 65536, 65537, 200001]


@pytest.fixture
def instruction_sets() -> Iterator[list[str]]:
    before = _core.losses.instruction_set()
    yield [name for name in ("baseline", "v3", "v4") if _core.losses.use_instruction_set(name)]
    _core.losses.use_instruction_set(before)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_sums_are_rounded_once(size: int, dtype: type, rng: np.random.Generator) -> None:
    pred, target = rng.lognormal(sigma=8, size=(2, size)).astype(dtype)
    terms = losses.l1_loss(pred, target, reduction="none")
    assert losses.l1_loss(pred, target, reduction="sum") == dtype(math.fsum(terms))
    assert losses.l1_loss(pred, target) == pytest.approx(math.fsum(terms) / size, rel=float(np.finfo(dtype).eps))


def bits(case: Case, pred: Any, target: Any, **arguments: Any) -> tuple[bytes, ...]:
    value, grad = case.loss.value_and_grad(pred, target, **arguments, **case.parameters)
    hess = case.loss.grad_hess(pred, target, **arguments, **case.parameters)[1]
    return value.tobytes(), grad.tobytes(), hess.tobytes()


@pytest.mark.parametrize("case", EVERY, ids=str)
def test_bits_depend_on_no_instruction_set(case: Case, instruction_sets: list[str], rng: np.random.Generator) -> None:
    pred, target = case.draw(rng, cases(70001))
    weight = rng.random(len(pred))
    for dtype in (np.float32, np.float64):
        seen = set()
        for name in instruction_sets:
            _core.losses.use_instruction_set(name)
            seen.add(bits(case, pred.astype(dtype), target.astype(dtype), weight=weight))
        assert len(seen) == 1


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_bits_depend_on_no_thread_count(dtype: type, rng: np.random.Generator) -> None:
    case = Case("huber_loss")
    pred, target = (side.astype(dtype) for side in case.draw(rng, 500003))
    assert len({bits(case, pred, target, num_threads=num_threads) for num_threads in (1, 2, 7)}) == 1


@pytest.mark.parametrize("denominator", ["weights", "count"])
@pytest.mark.parametrize("reduction", ["none", "sum", "mean", "batchmean"])
@pytest.mark.parametrize("weight_axes", [0, 1, 2, 3])
@pytest.mark.parametrize("mask_axes", [0, 1, 3])
def test_weights_masks_and_reductions(
    denominator: str, reduction: str, weight_axes: int, mask_axes: int, rng: np.random.Generator
) -> None:
    shape = (30, 7, 11)
    pred, target = rng.normal(size=(2, *shape))
    weight = rng.random(shape[:weight_axes]) if weight_axes else None
    mask = rng.random(shape[:mask_axes]) < 0.6 if mask_axes else None
    common: dict[str, Any] = {"weight": weight, "mask": mask, "mean_denominator": denominator}

    def spread(values: Any) -> Any:
        return (
            np.ones(shape)
            if values is None
            else np.broadcast_to(values.reshape(values.shape + (1,) * (3 - values.ndim)), shape)
        )

    factor = spread(weight) * spread(mask)
    counted = factor.sum() if denominator == "weights" else spread(mask).sum()
    divisor = {"none": 1, "sum": 1, "mean": counted, "batchmean": 30}[reduction]
    terms = (pred - target) ** 2 * factor
    value, grad = losses.mse_loss.value_and_grad(pred, target, reduction=reduction, **common)
    np.testing.assert_allclose(value, terms if reduction == "none" else terms.sum() / divisor, rtol=1e-13)
    np.testing.assert_allclose(grad, 2 * (pred - target) * factor / divisor, rtol=1e-12)
    assert losses.mse_loss(pred, target, reduction=reduction, **common).tobytes() == value.tobytes()

    upstream = rng.normal(size=shape) if reduction == "none" else -2.5
    scaled = losses.mse_loss.value_and_grad(pred, target, reduction=reduction, grad_output=upstream, **common)[1]
    np.testing.assert_allclose(scaled, grad * upstream, rtol=1e-14)


@pytest.mark.parametrize("case", EVERY, ids=str)
def test_what_is_masked_takes_no_part(case: Case, rng: np.random.Generator) -> None:
    pred, target = case.draw(rng, 100)
    mask = rng.random(100) < 0.7
    pred[~mask] = np.nan
    value, grad = case.loss.value_and_grad(pred, target, mask=mask, **case.parameters)
    alone, alone_grad = case.loss.value_and_grad(pred[mask], target[mask], **case.parameters)
    assert value == pytest.approx(alone, rel=1e-15)
    np.testing.assert_allclose(grad[mask], alone_grad, rtol=1e-15)
    assert not grad[~mask].any()
    hess = case.loss.grad_hess(pred, target, mask=mask, **case.parameters)[1]
    assert not hess[~mask].any()


@pytest.mark.parametrize("case", EVERY, ids=str)
def test_a_weight_of_two_is_to_come_twice(case: Case, rng: np.random.Generator) -> None:
    pred, target = case.draw(rng, 40)
    twice = rng.random(40) < 0.5
    value = case.loss(pred, target, weight=1.0 + twice, **case.parameters)
    again = case.loss(np.r_[pred, pred[twice]], np.r_[target, target[twice]], **case.parameters)
    assert value == pytest.approx(again, rel=1e-14)


def test_policies_of_the_second_derivative() -> None:
    pred, target = np.array([0.5, 3.0]), np.array([0.0, 0.0])
    assert losses.huber_loss.grad_hess(pred, target)[1].tolist() == [1, 0]
    assert losses.huber_loss.grad_hess(pred, target, hess="clip")[1].tolist() == [1, 1e-16]
    assert losses.huber_loss.grad_hess(pred, target, hess="ones", weight=np.array([2.0, 3.0]))[1].tolist() == [2, 3]
    assert losses.l1_loss.grad_hess(pred, target)[1].tolist() == [1, 1]
    with pytest.raises(TypeError, match=r"mse_loss\.grad_hess: takes no reduction"):
        losses.mse_loss.grad_hess(pred, target, reduction="sum")
    with pytest.raises(ValueError, match=r"hess: expected one of .*, got 'none'"):
        losses.mse_loss.grad_hess(pred, target, hess="none")  # type: ignore[arg-type]


def test_empty_input() -> None:
    empty = np.zeros((0, 3), dtype=np.float32)
    assert np.isnan(losses.mse_loss(empty, empty))
    assert losses.mse_loss(empty, empty, reduction="sum") == 0
    assert np.isnan(losses.mse_loss(empty, empty, reduction="batchmean"))
    assert losses.mse_loss(empty, empty, reduction="none").shape == (0, 3)
    assert losses.mse_loss.value_and_grad(empty, empty)[1].shape == (0, 3)
    assert np.isnan(losses.mse_loss(np.ones(2), np.ones(2), mask=np.zeros(2, dtype=bool)))


def test_layouts_and_dtypes(rng: np.random.Generator) -> None:
    pred, target = rng.normal(size=(2, 6, 10))
    expected = losses.mse_loss.value_and_grad(pred, target)
    for layout in (np.asfortranarray, lambda a: np.repeat(a, 2, axis=0)[::2], lambda a: a[::-1][::-1]):
        value, grad = losses.mse_loss.value_and_grad(layout(pred), layout(target))
        assert value == expected[0]
        assert grad.tobytes() == expected[1].tobytes()
    half = pred.astype(np.float16)
    assert losses.mse_loss(half, target).dtype == np.float32
    assert losses.mse_loss(half, target) == losses.mse_loss(half.astype(np.float32), target)
    assert losses.mse_loss(pred.tolist(), np.sign(target).astype(int)) == losses.mse_loss(pred, np.sign(target))
    swapped = pred.astype(">f8")
    assert losses.mse_loss(swapped, target) == expected[0]
    assert losses.mse_loss(np.float64(3.0), np.float64(1.0)) == 4.0


def test_inputs_are_never_changed(rng: np.random.Generator) -> None:
    pred, target = rng.normal(size=(2, 100))
    pred.flags.writeable = target.flags.writeable = False
    losses.huber_loss.value_and_grad(pred, target, weight=np.ones(100))


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"pred": [1, 2]}, TypeError, r"pred: expected floating-point numbers, got dtype int64"),
        ({"target": [[1.0]]}, ValueError, r"target: expected the shape of pred, \(2,\), got \(1, 1\)"),
        ({"target": ["a", "b"]}, TypeError, r"target: expected real numbers, got dtype <U1"),
        ({"weight": [1.0]}, ValueError, r"weight: expected the shape of leading axes of pred, .*, got \(1,\)"),
        ({"mask": [1, 0]}, TypeError, r"mask: expected bools, got dtype int64"),
        ({"mask": [True]}, ValueError, r"mask: expected the shape of leading axes of pred, .*, got \(1,\)"),
        ({"reduction": "max"}, ValueError, r"reduction: expected one of .*, got 'max'"),
        ({"mean_denominator": "n"}, ValueError, r"mean_denominator: expected 'weights' or 'count', got 'n'"),
        ({"num_threads": 0}, ValueError, r"num_threads: expected an int >= 1 or None, got 0"),
        ({"delta": "wide"}, TypeError, r"delta: expected a finite number > 0, got 'wide'"),
        ({"gamma": 1.0}, TypeError, r"gamma"),
    ],
)
def test_errors_name_the_argument(arguments: dict[str, Any], error: type[Exception], message: str) -> None:
    given = {"pred": [1.0, 2.0], "target": [0.0, 0.0]} | arguments
    pred, target = given.pop("pred"), given.pop("target")
    with pytest.raises(error, match=message):
        losses.huber_loss(pred, target, **given)


def test_documentation_tells_the_arguments() -> None:
    for name in losses.find().names:
        loss = getattr(losses, name)
        assert loss.__name__ == name
        if isinstance(loss, type):
            continue  # makes losses, and is none itself
        assert "Common arguments:" in loss.__doc__
        assert "Source:" in loss.__doc__
    assert "delta" in repr(losses.huber_loss)
