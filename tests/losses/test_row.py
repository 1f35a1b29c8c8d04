"""What all losses of rows share: layouts, reductions, weights, threads, instruction sets."""

from __future__ import annotations

import inspect
import math
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from losses.row_cases import DIVERGENCE, MULTICLASS, Case
from metrix import _core, losses

EVERY = [*MULTICLASS, *DIVERGENCE]


@pytest.fixture
def instruction_sets() -> Iterator[list[str]]:
    before = _core.losses.instruction_set()
    yield [name for name in ("baseline", "v3", "v4") if _core.losses.use_instruction_set(name)]
    _core.losses.use_instruction_set(before)


def bits(case: Case, inputs: Any, **arguments: Any) -> tuple[bytes, ...]:
    value, grad = case.loss.value_and_grad(*inputs, **arguments, **case.parameters)
    hess = b"" if case.name == "nll_loss" else case.loss.grad_hess(*inputs, **arguments, **case.parameters)[1].tobytes()
    return value.tobytes(), grad.tobytes(), hess


@pytest.mark.parametrize("case", EVERY, ids=str)
def test_bits_depend_on_no_instruction_set(case: Case, instruction_sets: list[str], rng: np.random.Generator) -> None:
    for classes in (5, 90):
        pred, target, weight = case.draw(rng, 40, classes)
        for dtype in (np.float32, np.float64):
            seen = set()
            for name in instruction_sets:
                _core.losses.use_instruction_set(name)
                seen.add(bits(case, case.inputs(pred.astype(dtype), target), **weight))
            assert len(seen) == 1


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("shape", [(5000, 70), (30000, 7), (3, 9, 100, 101)])
def test_bits_depend_on_no_thread_count(dtype: type, shape: tuple[int, ...], rng: np.random.Generator) -> None:
    pred = rng.normal(size=shape).astype(dtype)
    labels = rng.integers(0, shape[1], size=(shape[0], *shape[2:]))
    case = Case("cross_entropy")
    weight = rng.random(labels.shape)
    assert len({bits(case, (pred, labels), weight=weight, num_threads=threads) for threads in (1, 2, 7)}) == 1
    sparse = Case("nll_loss")
    assert len({bits(sparse, (pred, labels), weight=weight, num_threads=threads) for threads in (1, 2, 7)}) == 1


@pytest.mark.parametrize("case", EVERY, ids=str)
@pytest.mark.parametrize("classes", [3, 17, 70])
def test_the_class_axis_may_be_any(case: Case, classes: int, rng: np.random.Generator) -> None:
    """Rows that lie side by side, in runs of all lengths around the sixteen lanes, give what rows alone give."""
    outer, inner = 3, int(rng.choice([2, 15, 16, 17, 40, 70]))
    pred, target, weight = case.draw(rng, outer * inner, classes)
    common = {**case.parameters, **weight}
    upstream = rng.normal(size=outer * inner)
    values, grad = case.loss.value_and_grad(
        *case.inputs(pred, target), reduction="none", grad_output=upstream, **common
    )

    def moved(array: Any) -> Any:
        return np.moveaxis(array.reshape(outer, inner, classes), 2, 1)

    placed = target.reshape(outer, inner) if case.targets == "labels" else target
    placed = moved(target) if case.targets not in ("labels", "none") else placed
    got, got_grad = case.loss.value_and_grad(
        *case.inputs(moved(pred), placed), reduction="none", grad_output=upstream.reshape(outer, inner), **common
    )
    np.testing.assert_allclose(got.ravel(), values, rtol=1e-13, atol=1e-15)
    np.testing.assert_allclose(got_grad, moved(grad), rtol=1e-12, atol=1e-15)
    if case.name == "nll_loss":
        return
    per_row = rng.random(outer * inner)
    hess = case.loss.grad_hess(*case.inputs(pred, target), hess="exact", weight=per_row, **common)[1]
    got_hess = case.loss.grad_hess(
        *case.inputs(moved(pred), placed), hess="exact", weight=per_row.reshape(outer, inner), **common
    )[1]
    np.testing.assert_allclose(got_hess, moved(hess), rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize("denominator", ["weights", "count"])
@pytest.mark.parametrize("reduction", ["none", "sum", "mean", "batchmean"])
@pytest.mark.parametrize("weight_axes", [0, 1, 2])
@pytest.mark.parametrize("mask_axes", [0, 1, 2])
@pytest.mark.parametrize("classes", [5, 70])
def test_weights_masks_and_reductions(
    denominator: str, reduction: str, weight_axes: int, mask_axes: int, classes: int, rng: np.random.Generator
) -> None:
    pred, target = rng.normal(size=(30, 7, classes)), rng.random((30, 7, classes))
    rows = (30, 7)
    weight = rng.random(rows[:weight_axes]) if weight_axes else None
    mask = rng.random(rows[:mask_axes]) < 0.6 if mask_axes else None

    def spread(values: Any) -> Any:
        values = np.ones(()) if values is None else values
        return np.broadcast_to(values.reshape(values.shape + (1,) * (2 - values.ndim)), rows)

    factor = spread(weight) * spread(mask)
    divisor = {
        "none": 1,
        "sum": 1,
        "mean": factor.sum() if denominator == "weights" else spread(mask).sum(),
        "batchmean": 30,
    }[reduction]
    plain, plain_grad = losses.cross_entropy.value_and_grad(pred, target, axis=-1, reduction="none")
    common: dict[str, Any] = {"weight": weight, "mask": mask, "mean_denominator": denominator, "reduction": reduction}
    value, grad = losses.cross_entropy.value_and_grad(pred, target, axis=-1, **common)
    terms = plain * factor
    np.testing.assert_allclose(value, terms if reduction == "none" else terms.sum() / divisor, rtol=1e-13)
    np.testing.assert_allclose(grad, plain_grad * factor[..., None] / divisor, rtol=1e-12, atol=1e-17)
    assert losses.cross_entropy(pred, target, axis=-1, **common).tobytes() == value.tobytes()
    upstream = rng.normal(size=rows) if reduction == "none" else -2.5
    scaled = losses.cross_entropy.value_and_grad(pred, target, axis=-1, grad_output=upstream, **common)[1]
    np.testing.assert_allclose(scaled, grad * np.reshape(upstream, np.shape(upstream) + (1,)), rtol=1e-13, atol=1e-15)


@pytest.mark.parametrize("classes", [5, 70])
def test_sums_are_rounded_once(classes: int, rng: np.random.Generator) -> None:
    pred, labels = rng.normal(scale=1e3, size=(3000, classes)), rng.integers(0, classes, size=3000)
    terms = losses.cross_entropy(pred, labels, reduction="none")
    assert losses.cross_entropy(pred, labels, reduction="sum") == math.fsum(terms)


@pytest.mark.parametrize("classes", [5, 70])
def test_policies_of_the_second_derivative(classes: int, rng: np.random.Generator) -> None:
    pred, labels, weight = rng.normal(size=(9, classes)), rng.integers(0, classes, size=9), rng.random(9)
    exact = losses.softmax_focal_loss.grad_hess(pred - 9, labels, hess="exact", gamma=3)[1]
    assert (exact < 0).any()
    for policy, expected in (
        ("clip", np.maximum(exact, 1e-16)),
        ("abs", np.abs(exact)),
        ("ones", np.ones_like(exact)),
    ):
        got = losses.softmax_focal_loss.grad_hess(pred - 9, labels, hess=policy, gamma=3, weight=weight)[1]
        np.testing.assert_allclose(got, expected * weight[:, None], rtol=1e-14)
    with pytest.raises(TypeError, match=r"cross_entropy\.grad_hess: takes no reduction"):
        losses.cross_entropy.grad_hess(pred, labels, reduction="sum")
    with pytest.raises(ValueError, match=r"hess: expected one of .*, got 'none'"):
        losses.cross_entropy.grad_hess(pred, labels, hess="none")  # type: ignore[arg-type]


def test_empty_input() -> None:
    empty = np.zeros((0, 3), dtype=np.float32)
    for target in ([], np.zeros(0, dtype=np.int64), empty):
        assert np.isnan(losses.cross_entropy(empty, target))
        assert losses.cross_entropy(empty, target, reduction="sum") == 0
        assert np.isnan(losses.cross_entropy(empty, target, reduction="batchmean"))
        assert losses.cross_entropy(empty, target, reduction="none").shape == (0,)
        assert losses.cross_entropy.value_and_grad(empty, target)[1].shape == (0, 3)
    assert losses.nll_loss.value_and_grad(np.zeros((2, 3, 0)), np.zeros((2, 0), dtype=int))[1].shape == (2, 3, 0)
    with pytest.raises(ValueError, match=r"pred: expected at least one class along axis 1, got shape \(4, 0\)"):
        losses.cross_entropy(np.zeros((4, 0)), np.zeros(4, dtype=int))
    with pytest.raises(ValueError, match=r"pred: expected an array with a class axis"):
        losses.cross_entropy(1.0, 0)


def test_layouts_and_dtypes(rng: np.random.Generator) -> None:
    pred, labels = rng.normal(size=(6, 10)), rng.integers(0, 10, size=6)
    value, grad = losses.cross_entropy.value_and_grad(pred, labels)
    for layout in (np.asfortranarray, lambda a: np.repeat(a, 2, axis=0)[::2], lambda a: a[::-1][::-1]):
        again, again_grad = losses.cross_entropy.value_and_grad(layout(pred), layout(labels))
        assert again == value
        assert again_grad.tobytes() == grad.tobytes()
    for dtype in (np.uint8, np.int32, np.uint64, list):
        assert losses.cross_entropy(pred, labels.tolist() if dtype is list else labels.astype(dtype)) == value
    half = pred.astype(np.float16)
    assert losses.cross_entropy(half, labels) == losses.cross_entropy(half.astype(np.float32), labels)
    assert losses.cross_entropy(pred[0], labels[0]) == losses.cross_entropy(pred[:1], labels[:1])
    assert losses.cross_entropy(pred[0], labels[0], reduction="none").shape == ()
    assert losses.cross_entropy(pred.T, labels, axis=0) == pytest.approx(value, rel=1e-15)


def test_a_weight_of_two_is_to_come_twice(rng: np.random.Generator) -> None:
    for case in EVERY:
        pred, target, weight = case.draw(rng, 40, 6)
        common = {**case.parameters, **weight}
        twice = rng.random(40) < 0.5
        value = case.loss(*case.inputs(pred, target), weight=1.0 + twice, **common)
        again = case.inputs(np.r_[pred, pred[twice]], None if case.targets == "none" else np.r_[target, target[twice]])
        assert value == pytest.approx(case.loss(*again, **common), rel=1e-13)


def test_inputs_are_never_changed(rng: np.random.Generator) -> None:
    pred, labels = rng.normal(size=(30, 70)), rng.integers(0, 70, size=30)
    pred.flags.writeable = labels.flags.writeable = False
    losses.cross_entropy.value_and_grad(pred, labels, weight=np.ones(30))


def test_signatures_tell_the_arguments() -> None:
    named = list(inspect.signature(losses.cross_entropy).parameters)
    assert named[:3] == ["pred", "target", "class_weight"]
    assert {"axis", "weight", "mask", "reduction", "num_threads"} < set(named)
    assert next(iter(inspect.signature(losses.entropy).parameters.values())).name == "pred"
    assert "target" not in inspect.signature(losses.entropy).parameters
