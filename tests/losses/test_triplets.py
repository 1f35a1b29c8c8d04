"""metrix.losses.triplets: against the definitions, PyTorch and pytorch-metric-learning."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest

from effort import cases
from losses.composed_checks import check_against_definition
from metrix import _core, losses
from metrix.losses import batch_triplet_loss
from metrix.losses.triplets import mine_triplets
from oracles import triplets as oracles

MINING = ["all", "hard", "semihard"]


@pytest.mark.parametrize("mining", MINING)
@pytest.mark.parametrize("squared", [False, True])
def test_mine_triplets(mining: str, squared: bool, rng: np.random.Generator) -> None:
    for case in range(cases(400)):
        count = int(rng.integers(0, 9))
        # Whole numbers are often at equal distances.
        x = rng.integers(-2, 3, size=(count, 2)).astype(float) if case % 2 else rng.normal(size=(count, 3))
        labels = rng.integers(-1, 2, count)
        expected = oracles.mine_triplets(x, labels, mining, squared)
        found = mine_triplets(x, labels, mining=mining, squared=squared)
        assert all(rows.dtype == np.int64 for rows in found)
        assert list(zip(*(rows.tolist() for rows in found))) == expected


@pytest.mark.parametrize("mining", MINING)
@pytest.mark.parametrize("squared", [False, True])
@pytest.mark.parametrize("over", ["all", "active"])
def test_batch_triplet_loss(mining: str, squared: bool, over: str, rng: np.random.Generator) -> None:
    for _ in range(cases(60)):
        count = int(rng.integers(1, 8))
        inputs = rng.normal(size=(count, 3)), rng.integers(0, 3, count)
        options = {"mining": mining, "squared": squared, "over": over, "margin": float(rng.choice([0.0, 0.2, 2.0]))}
        check_against_definition(batch_triplet_loss, oracles.batch_triplet_loss, inputs, rng, **options)


@pytest.mark.parametrize("mining", MINING)
def test_batch_triplet_loss_is_that_of_its_triplets(mining: str, rng: np.random.Generator) -> None:
    x, labels = rng.normal(size=(300, 5)), np.arange(300) // 2
    rows = mine_triplets(x, labels, mining=mining)
    value, grads = losses.triplet_margin_loss.value_and_grad(*(x[one] for one in rows), margin=0.7, eps=0)
    whole, grad = batch_triplet_loss.value_and_grad(x, labels, mining=mining, margin=0.7)
    assert whole == pytest.approx(value, rel=1e-12)
    expected = np.zeros_like(x)
    for one, by in zip(rows, grads):
        np.add.at(expected, one, by)
    np.testing.assert_allclose(grad, expected, rtol=1e-10, atol=1e-13)


def test_embeddings_in_one_place_have_gradient_zero() -> None:
    value, grad = batch_triplet_loss.value_and_grad(np.ones((4, 3)), [0, 0, 1, 1], mining="all")
    assert value == 0.2
    assert not grad.any()


def test_no_triplets() -> None:
    x = np.arange(6.0).reshape(3, 2)
    for mining in MINING:
        for labels in ([0, 1, 2], [5, 5, 5]):
            value, grad = batch_triplet_loss.value_and_grad(x, labels, mining=mining)
            assert value == 0
            assert not grad.any()
            assert all(rows.shape == (0,) for rows in mine_triplets(x, labels, mining=mining))
        assert batch_triplet_loss(x[:0], [], mining=mining) == 0
        assert batch_triplet_loss.value_and_grad(x[:0], [], mining=mining)[1].shape == (0, 2)


def test_what_is_not_finite() -> None:
    for wrong in (np.nan, np.inf):
        x = np.array([[0.0, 1.0], [wrong, 0.0], [2.0, 2.0]])
        value, grad = batch_triplet_loss.value_and_grad(x, [0, 0, 1])
        assert np.isnan(value)
        assert np.isnan(grad).all()
        with pytest.raises(ValueError, match=rf"embeddings\[1, 0\]: expected a finite number, got {wrong}"):
            mine_triplets(x, [0, 0, 1])


@pytest.mark.parametrize("mining", MINING)
def test_bits_depend_on_neither_threads_nor_instruction_set(mining: str, rng: np.random.Generator) -> None:
    x, labels = rng.normal(size=(70, 11)), rng.integers(0, 9, 70)
    before = _core.losses.instruction_set()
    seen = set()
    try:
        for name in ("baseline", "v3", "v4"):
            if not _core.losses.use_instruction_set(name):
                continue
            for num_threads in (1, 2, 3):
                value, grad = batch_triplet_loss.value_and_grad(x, labels, mining=mining, num_threads=num_threads)
                rows = mine_triplets(x, labels, mining=mining, num_threads=num_threads)
                seen.add((value.tobytes(), grad.tobytes(), *(one.tobytes() for one in rows)))
    finally:
        _core.losses.use_instruction_set(before)
    assert len(seen) == 1


def test_all_triplets_are_those_of_pytorch_metric_learning(rng: np.random.Generator) -> None:
    torch = pytest.importorskip("torch")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        peers = pytest.importorskip("pytorch_metric_learning.losses")
        from pytorch_metric_learning.distances import LpDistance

    x, labels = rng.normal(size=(24, 5)), rng.integers(0, 5, 24)
    theirs = torch.tensor(x, requires_grad=True)
    expected = peers.TripletMarginLoss(margin=0.5, distance=LpDistance(normalize_embeddings=False))(
        theirs, torch.tensor(labels)
    )
    expected.backward()
    value, grad = batch_triplet_loss.value_and_grad(x, labels, mining="all", margin=0.5, over="active")
    assert value == pytest.approx(expected.item(), rel=1e-9)
    np.testing.assert_allclose(grad, theirs.grad.numpy(), rtol=1e-8, atol=1e-10)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda x: batch_triplet_loss(x, [0, 1], mining="easy"), r"mining: expected one of .*, got 'easy'"),
        (lambda x: batch_triplet_loss(x, [0, 1], over="none"), r"over: expected one of .*, got 'none'"),
        (lambda x: batch_triplet_loss(x, [0, 1], margin=-1), r"margin: expected a finite number >= 0, got -1"),
        (lambda x: batch_triplet_loss(x, [0]), r"labels: expected shape \(2,\), got \(1,\)"),
        (lambda x: mine_triplets(x, [0, 1], mining="easy"), r"mining: expected one of .*, got 'easy'"),
        (lambda x: mine_triplets(x[0], [0, 1]), r"embeddings: expected shape \(N, M\), got \(3,\)"),
    ],
)
def test_errors_name_the_argument(call: Any, message: str, rng: np.random.Generator) -> None:
    with pytest.raises(ValueError, match=message):
        call(rng.normal(size=(2, 3)))
