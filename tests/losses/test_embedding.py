"""metrix.losses.embedding, margins and contrast: against the definitions, PyTorch and pytorch-metric-learning."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest

from effort import cases
from losses.composed_checks import check_against_definition
from metrix import losses
from metrix.losses.embedding import update_centers
from oracles import embeddings as oracles

HEADS = [
    ("softmax_loss", {}),
    ("sphereface_loss", {}),
    ("sphereface_loss", {"margin": 3, "anneal": 5.0}),
    ("sphereface_loss", {"margin": 1}),
    ("sphereface_loss", {"margin": 2, "monotone": False}),
    ("cosface_loss", {"scale": 8.0}),
    ("cosface_loss", {}),
    ("arcface_loss", {"scale": 8.0}),
    ("arcface_loss", {}),
    ("arcface_loss", {"margin": 1.5, "scale": 4.0}),
    ("arcface_loss", {"easy_margin": True, "scale": 8.0}),
    ("arcface_loss", {"angle_factor": 1.3, "margin": 0.2, "cosine_margin": 0.1, "scale": 8.0}),
    ("center_loss", {}),
]
TRIPLETS = [
    ("triplet_margin_loss", {}),
    ("triplet_margin_loss", {"p": 1.0, "swap": True}),
    ("triplet_margin_loss", {"p": 3.5, "margin": 0.2}),
    ("triplet_margin_loss", {"swap": True, "eps": 0.1}),
    ("triplet_margin_loss", {"squared": True, "margin": 0.2}),
]
PAIRS = [
    ("contrastive_loss", {"margin": 3.0}),
    ("contrastive_loss", {"margin": 3.0, "half": False}),
    ("contrastive_loss", {"margin": 3.0, "squared": False}),
]
GROUPS = [
    ("circle_loss", {"scale": 4.0}),
    ("circle_loss", {"scale": 4.0, "margin": -0.3}),
    ("circle_loss", {"scale": 16.0, "margin": 0.4, "group": "batch"}),
    ("supervised_contrastive_loss", {}),
    ("supervised_contrastive_loss", {"temperature": 1.0}),
]
VIEWS = [
    ("info_nce_loss", {}),
    ("info_nce_loss", {"temperature": 0.5, "symmetric": True}),
    ("nt_xent_loss", {}),
    ("barlow_twins_loss", {}),
    ("barlow_twins_loss", {"off_diagonal": 0.1, "eps": 0.0}),
]


def check(name: str, inputs: tuple[Any, ...], rng: np.random.Generator, **options: Any) -> None:
    check_against_definition(getattr(losses, name), getattr(oracles, name), inputs, rng, **options)


@pytest.mark.parametrize(("name", "parameters"), HEADS)
def test_heads(name: str, parameters: dict[str, Any], rng: np.random.Generator) -> None:
    for _ in range(cases(40)):
        count, classes, size = rng.integers(1, 5, 3) + [0, 0, 1]
        x, w = rng.normal(size=(count, size)), rng.normal(size=(classes, size))
        check(name, (x, rng.integers(0, classes, count), w), rng, single=1e-3, **parameters)


@pytest.mark.parametrize(("name", "parameters"), TRIPLETS)
def test_triplets(name: str, parameters: dict[str, Any], rng: np.random.Generator) -> None:
    for _ in range(cases(40)):
        check(name, tuple(rng.normal(size=(3, 4, 3))), rng, **parameters)


@pytest.mark.parametrize(("name", "parameters"), PAIRS)
def test_pairs(name: str, parameters: dict[str, Any], rng: np.random.Generator) -> None:
    for _ in range(cases(40)):
        similar = rng.integers(0, 2, 5) if rng.random() < 0.7 else rng.random(5)
        check(name, (*rng.normal(size=(2, 5, 3)), similar), rng, **parameters)


@pytest.mark.parametrize(("name", "parameters"), GROUPS)
def test_groups(name: str, parameters: dict[str, Any], rng: np.random.Generator) -> None:
    frozen = "constant" if name == "circle_loss" else None
    for _ in range(cases(40)):
        count = int(rng.integers(1, 7))
        inputs = rng.normal(size=(count, 3)), rng.integers(0, 3, count)
        check(name, inputs, rng, frozen=frozen, single=1e-3, **parameters)


@pytest.mark.parametrize(("name", "parameters"), VIEWS)
def test_views(name: str, parameters: dict[str, Any], rng: np.random.Generator) -> None:
    for _ in range(cases(40)):
        check(name, tuple(rng.normal(size=(2, int(rng.integers(3, 6)), 3))), rng, single=1e-3, **parameters)


def test_negative_cosine_loss(rng: np.random.Generator) -> None:
    check("negative_cosine_loss", tuple(rng.normal(size=(2, 5, 4))), rng)


def test_update_centers(rng: np.random.Generator) -> None:
    for _ in range(cases(100)):
        centers, x, labels = rng.normal(size=(4, 3)), rng.normal(size=(6, 3)), rng.integers(0, 4, 6)
        before = centers.copy()
        moved = update_centers(centers, x, labels, rate=0.7)
        np.testing.assert_allclose(moved, oracles.update_centers(centers, x, labels, 0.7), rtol=1e-14)
        np.testing.assert_array_equal(centers, before)
    assert update_centers(np.ones((2, 3)), np.zeros((0, 3)), []).tolist() == np.ones((2, 3)).tolist()


def test_lengths_of_a_cosine_do_not_matter(rng: np.random.Generator) -> None:
    x, w = rng.normal(size=(2, 4, 3))
    labels = [0, 1, 2, 3]
    for power in (-500, -100, 400, 1000):
        scaled = losses.arcface_loss.value_and_grad(np.ldexp(x, power), labels, w)
        plain = losses.arcface_loss.value_and_grad(x, labels, w)
        assert scaled[0] == plain[0]
        np.testing.assert_array_equal(np.ldexp(scaled[1][0], power), plain[1][0])


def test_rows_of_zeros_have_gradient_zero(rng: np.random.Generator) -> None:
    x, y = rng.normal(size=(2, 4, 3))
    x[1] = 0
    y[2] = 0
    labels = [0, 1, 2, 3]
    for name in ("sphereface_loss", "cosface_loss", "arcface_loss"):
        by_x, by_w = getattr(losses, name).value_and_grad(x, labels, y)[1]
        assert np.isfinite(by_x).all()
        assert np.isfinite(by_w).all()
        assert not by_x[1].any()
        assert not by_w[2].any()
    for name in ("circle_loss", "supervised_contrastive_loss"):
        assert not getattr(losses, name).value_and_grad(x, [0, 0, 1, 1])[1][1].any()
    assert not losses.info_nce_loss.value_and_grad(x, y, wrt="key")[1][2].any()
    value, grad = losses.negative_cosine_loss.value_and_grad(x, y, reduction="none")
    assert value[1] == value[2] == 0
    assert not grad[1:3].any()


def test_angles_of_zero_and_a_half_turn() -> None:
    x = np.array([[1.0, 0.0], [-2.0, 0.0]])
    w = np.array([[3.0, 0.0], [0.0, 1.0]])
    for name in ("sphereface_loss", "arcface_loss"):
        value, grads = getattr(losses, name).value_and_grad(x, [0, 0], w, reduction="none")
        # What the oracle rounds to 0 is exp(-56).
        np.testing.assert_allclose(value, getattr(oracles, name)(x, [0, 0], w), rtol=1e-12, atol=1e-20)
        assert all(np.isfinite(grad).all() for grad in grads)


def test_distances_of_zero_have_gradient_zero(rng: np.random.Generator) -> None:
    x = rng.normal(size=(3, 4))
    value, grads = losses.contrastive_loss.value_and_grad(x, x, [0, 1, 0])
    assert value == pytest.approx(1 / 3)
    assert not np.any(grads)
    for p in (1.0, 2.0, 3.0):
        value, grads = losses.triplet_margin_loss.value_and_grad(x, x, x, eps=0, p=p)
        assert value == 1
        assert not np.any(grads)


def test_a_triplet_at_its_margin_has_gradient_zero() -> None:
    a, b = np.zeros((1, 1)), np.ones((1, 1))
    value, grads = losses.triplet_margin_loss.value_and_grad(a, a, b, squared=True)
    assert value == 0
    assert not np.any(grads)


def test_swap_shares_among_equal_distances() -> None:
    a, b, c = np.array([[0.0, 0.0]]), np.array([[2.0, 0.0]]), np.array([[1.0, 0.0]])
    grads = losses.triplet_margin_loss.value_and_grad(a, b, c, swap=True, eps=0)[1]
    assert [grad[0, 0] for grad in grads] == [-0.5, 0.5, 0.0]


@pytest.mark.parametrize("name", ["info_nce_loss", "nt_xent_loss"])
def test_views_are_never_pulled_by_their_order(name: str, rng: np.random.Generator) -> None:
    first, second = rng.normal(size=(2, 6, 3))
    order = rng.permutation(6)
    plain = getattr(losses, name)(first, second, reduction="none")
    np.testing.assert_allclose(getattr(losses, name)(first[order], second[order], reduction="none"), plain[order])


def test_equal_views_are_the_identity_to_barlow_twins_loss(rng: np.random.Generator) -> None:
    x = rng.normal(size=(7, 1))
    assert losses.barlow_twins_loss(x, -3 * x, eps=0.0) == pytest.approx(4)
    assert losses.barlow_twins_loss(x, 5 * x + 2, eps=0.0) == pytest.approx(0, abs=1e-20)
    still = np.full((7, 1), 3.0)
    for eps in (0.0, 1e-5):
        value, grads = losses.barlow_twins_loss.value_and_grad(still, x, eps=eps)
        assert value == 1
        assert np.isfinite(grads).all()


def test_what_has_nothing_to_compare_with_is_zero(rng: np.random.Generator) -> None:
    x = rng.normal(size=(4, 3))
    for labels in ([0, 1, 2, 3], [5, 5, 5, 5]):
        for group in ("row", "batch"):
            value, grad = losses.circle_loss.value_and_grad(x, labels, group=group, reduction="sum")
            assert value == 0
            assert not grad.any()
    value, grad = losses.supervised_contrastive_loss.value_and_grad(x, [0, 1, 2, 3])
    assert value == 0
    assert not grad.any()


def test_no_samples(rng: np.random.Generator) -> None:
    none, some = np.zeros((0, 3), np.float32), rng.normal(size=(2, 3))
    for name in ("softmax_loss", "sphereface_loss", "cosface_loss", "arcface_loss", "center_loss"):
        value, grads = getattr(losses, name).value_and_grad(none, [], some)
        assert np.isnan(value)
        assert [grad.shape for grad in grads] == [(0, 3), (2, 3)]
        assert not grads[1].any()
        assert getattr(losses, name)(none, [], some, reduction="sum") == 0
    for name in ("circle_loss", "supervised_contrastive_loss"):
        assert np.isnan(getattr(losses, name).value_and_grad(none, [])[0])
    for name in ("info_nce_loss", "nt_xent_loss", "negative_cosine_loss", "barlow_twins_loss"):
        assert np.isnan(getattr(losses, name).value_and_grad(none, none)[0])
    assert losses.circle_loss(none, [], group="batch") == 0


def test_extreme_logits(rng: np.random.Generator) -> None:
    x, w = 1e4 * np.eye(3), 1e4 * np.eye(3)
    value, grads = losses.softmax_loss.value_and_grad(x, [1, 1, 1], w, reduction="none")
    assert value.tolist() == [1e8, 0, 1e8]
    assert np.isfinite(grads).all()
    value, grad = losses.circle_loss.value_and_grad(rng.normal(size=(9, 3)), np.arange(9) % 3, scale=1e4)
    assert np.isfinite(value)
    assert np.isfinite(grad).all()
    assert np.isfinite(losses.supervised_contrastive_loss(rng.normal(size=(9, 3)), np.arange(9) % 3, temperature=1e-6))


def test_not_a_number_is_told(rng: np.random.Generator) -> None:
    x = rng.normal(size=(4, 3))
    x[2, 1] = np.nan
    assert np.isnan(losses.arcface_loss(x, [0, 1, 0, 1], rng.normal(size=(2, 3))))
    assert np.isnan(losses.circle_loss(x, [0, 1, 0, 1]))
    assert np.isnan(losses.supervised_contrastive_loss(x, [0, 1, 0, 1]))
    assert np.isnan(losses.triplet_margin_loss(x, x, x))
    assert np.isnan(losses.barlow_twins_loss(x, x))


def torch_grads(value: Any, *inputs: Any) -> list[Any]:
    value.backward()
    return [one.grad.numpy() for one in inputs]


def both(dtype: type, *arrays: Any) -> tuple[list[Any], list[Any]]:
    torch = pytest.importorskip("torch")
    own = [array.astype(dtype) for array in arrays]
    return own, [torch.tensor(array, requires_grad=True) for array in own]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("parameters", [{}, {"p": 1.0}, {"p": 3.0, "margin": 0.3}, {"swap": True}], ids=str)
def test_triplets_are_those_of_torch(parameters: dict[str, Any], dtype: type, rng: np.random.Generator) -> None:
    torch = pytest.importorskip("torch")
    own, theirs = both(dtype, *rng.normal(size=(3, 20, 5)))
    value, grads = losses.triplet_margin_loss.value_and_grad(*own, **parameters)
    expected = torch.nn.functional.triplet_margin_loss(*theirs, **parameters)
    rtol = 1e-9 if dtype == np.float64 else 1e-5
    np.testing.assert_allclose(value, expected.item(), rtol=rtol)
    for grad, other in zip(grads, torch_grads(expected, *theirs)):
        np.testing.assert_allclose(grad, other, rtol=rtol, atol=rtol / 10)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_heads_and_cosines_are_those_of_torch(dtype: type, rng: np.random.Generator) -> None:
    torch = pytest.importorskip("torch")
    functional = torch.nn.functional
    rtol = 1e-9 if dtype == np.float64 else 2e-5
    own, theirs = both(dtype, rng.normal(size=(20, 5)), rng.normal(size=(7, 5)))
    labels = rng.integers(0, 7, 20)
    value, grads = losses.softmax_loss.value_and_grad(own[0], labels, own[1])
    expected = functional.cross_entropy(functional.linear(*theirs), torch.tensor(labels))
    np.testing.assert_allclose(value, expected.item(), rtol=rtol)
    for grad, other in zip(grads, torch_grads(expected, *theirs)):
        np.testing.assert_allclose(grad, other, rtol=rtol, atol=rtol / 10)

    own, theirs = both(dtype, *rng.normal(size=(2, 20, 5)))
    value, grad = losses.negative_cosine_loss.value_and_grad(*own)
    expected = -functional.cosine_similarity(theirs[0], theirs[1].detach()).mean()
    np.testing.assert_allclose(value, expected.item(), rtol=rtol)
    np.testing.assert_allclose(grad, torch_grads(expected, theirs[0])[0], rtol=rtol, atol=rtol / 10)


def peer(name: str, *arguments: Any, **parameters: Any) -> Any:
    """A loss of pytorch-metric-learning that takes the mean over all its terms."""
    pytest.importorskip("torch")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        peers = pytest.importorskip("pytorch_metric_learning.losses")
        reducers = pytest.importorskip("pytorch_metric_learning.reducers")
        return getattr(peers, name)(*arguments, reducer=reducers.MeanReducer(), **parameters)


@pytest.mark.parametrize(
    ("name", "parameters", "theirs", "their_parameters"),
    [
        ("arcface_loss", {"margin": 0.5}, "ArcFaceLoss", {"margin": np.degrees(0.5)}),
        ("arcface_loss", {"margin": 1.2, "scale": 8.0}, "ArcFaceLoss", {"margin": np.degrees(1.2), "scale": 8}),
        ("cosface_loss", {}, "CosFaceLoss", {"margin": 0.35, "scale": 64}),
        ("sphereface_loss", {}, "SphereFaceLoss", {}),
        ("sphereface_loss", {"margin": 3}, "SphereFaceLoss", {"margin": 3}),
    ],
)
def test_heads_are_those_of_pytorch_metric_learning(
    name: str, parameters: dict[str, Any], theirs: str, their_parameters: dict[str, Any], rng: np.random.Generator
) -> None:
    torch = pytest.importorskip("torch")
    head = peer(theirs, 7, 5, **their_parameters)
    (x, w), (their_x, their_w) = both(np.float64, rng.normal(size=(30, 5)), rng.normal(size=(7, 5)))
    head.W.data = their_w.detach().T.clone()
    labels = rng.integers(0, 7, 30)
    expected = head(their_x, torch.tensor(labels))
    expected.backward()
    value, grads = getattr(losses, name).value_and_grad(x, labels, w, **parameters)
    np.testing.assert_allclose(value, expected.item(), rtol=1e-9)
    np.testing.assert_allclose(grads[0], their_x.grad.numpy(), rtol=1e-9, atol=1e-10)
    np.testing.assert_allclose(grads[1], head.W.grad.numpy().T, rtol=1e-9, atol=1e-10)


@pytest.mark.parametrize(
    ("name", "parameters", "theirs", "their_parameters"),
    [
        ("circle_loss", {"margin": 0.4, "scale": 80.0}, "CircleLoss", {"m": 0.4, "gamma": 80}),
        ("circle_loss", {}, "CircleLoss", {"m": 0.25, "gamma": 256}),
        ("supervised_contrastive_loss", {}, "SupConLoss", {"temperature": 0.1}),
    ],
)
def test_groups_are_those_of_pytorch_metric_learning(
    name: str, parameters: dict[str, Any], theirs: str, their_parameters: dict[str, Any], rng: np.random.Generator
) -> None:
    torch = pytest.importorskip("torch")
    (x,), (their_x,) = both(np.float64, rng.normal(size=(30, 5)))
    labels = rng.integers(0, 7, 30)
    expected = peer(theirs, **their_parameters)(their_x, torch.tensor(labels))
    value, grad = getattr(losses, name).value_and_grad(x, labels, **parameters)
    np.testing.assert_allclose(value, expected.item(), rtol=1e-9)
    np.testing.assert_allclose(grad, torch_grads(expected, their_x)[0], rtol=1e-9, atol=1e-10)


def test_nt_xent_loss_is_that_of_pytorch_metric_learning(rng: np.random.Generator) -> None:
    torch = pytest.importorskip("torch")
    (x,), (their_x,) = both(np.float64, rng.normal(size=(20, 5)))
    labels = torch.arange(20) % 10
    expected = peer("NTXentLoss", temperature=0.5)(their_x, labels)
    value, grads = losses.nt_xent_loss.value_and_grad(x[:10], x[10:])
    np.testing.assert_allclose(value, expected.item(), rtol=1e-9)
    np.testing.assert_allclose(np.concatenate(grads), torch_grads(expected, their_x)[0], rtol=1e-9, atol=1e-10)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda x: losses.softmax_loss(x, [0, 3], x), ValueError, r"labels\[1\]: expected a class from 0 to 1, got 3"),
        (
            lambda x: losses.softmax_loss(x, [-1, 0], x),
            ValueError,
            r"labels\[0\]: expected a class from 0 to 1, got -1",
        ),
        (lambda x: losses.softmax_loss(x, [0.0, 1.0], x), TypeError, r"labels: expected ints, got dtype float64"),
        (lambda x: losses.arcface_loss(x, [0], x), ValueError, r"labels: expected shape \(2,\), got \(1,\)"),
        (
            lambda x: losses.cosface_loss(x, [0, 1], x[:, :1]),
            ValueError,
            r"weights: expected shape \(C, 3\), got \(2, 1\)",
        ),
        (lambda x: losses.center_loss(x[0], [0], x), ValueError, r"embeddings: expected shape \(N, M\), got \(3,\)"),
        (
            lambda x: losses.sphereface_loss(x, [0, 1], x, margin=2.5),
            ValueError,
            r"margin: expected a whole number >= 1",
        ),
        (
            lambda x: losses.arcface_loss(x, [0, 1], x, margin=28.6),
            ValueError,
            r"margin: expected a number from 0 to pi",
        ),
        (lambda x: losses.triplet_margin_loss(x, x[:1], x), ValueError, r"positive: expected the shape of anchor"),
        (
            lambda x: losses.triplet_margin_loss(x, x, x, p=0.5),
            ValueError,
            r"p: expected a finite number >= 1, got 0.5",
        ),
        (lambda x: losses.triplet_margin_loss(x, x, x, p=1, squared=True), ValueError, r"p: expected 2 where squared"),
        (lambda x: losses.contrastive_loss(x, x, [1]), ValueError, r"similar: expected the shape of the pairs, \(2,\)"),
        (lambda x: losses.circle_loss(x, [0, 1], group="all"), ValueError, r"group: expected one of"),
        (lambda x: losses.info_nce_loss(x, x, temperature=0), ValueError, r"temperature: expected a finite number > 0"),
        (lambda x: losses.negative_cosine_loss(1.0, 1.0), ValueError, r"pred: expected an axis of dimensions"),
        (lambda x: update_centers(x, x, [0, 1], rate=2), ValueError, r"rate: expected a number from 0 to 1, got 2"),
    ],
)
def test_errors_name_the_argument(call: Any, error: type[Exception], message: str, rng: np.random.Generator) -> None:
    with pytest.raises(error, match=message):
        call(rng.normal(size=(2, 3)))
