"""metrix.adapters.torch under ``torch.func``: the gradients of eager calls, or a refusal, and never 0 without a word."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from losses.batches import SEPARATE, batch  # noqa: E402
from metrix import losses  # noqa: E402
from metrix.adapters import torch as adapter  # noqa: E402

functional = torch.nn.functional


@pytest.fixture
def sides() -> tuple[Any, Any, Any]:
    generator = torch.Generator().manual_seed(3)
    return (*torch.randn(2, 4, 5, generator=generator), torch.randint(0, 5, (4,), generator=generator))


def test_grad(sides: tuple[Any, Any, Any]) -> None:
    x, y, labels = sides
    torch.testing.assert_close(torch.func.grad(lambda a: adapter.mse_loss(a, y))(x), 2 * (x - y) / 20)
    torch.testing.assert_close(
        torch.func.grad(lambda a: adapter.cross_entropy(a, labels, label_smoothing=0.1))(x),
        torch.func.grad(lambda a: functional.cross_entropy(a, labels, label_smoothing=0.1))(x),
    )
    by_layers = torch.func.grad(lambda a: adapter.content_loss([a, 2 * a], [y[..., None], y[..., None]]))(x[..., None])
    torch.testing.assert_close(by_layers[..., 0], (2 * (x - y) + 4 * (2 * x - y)) / 20)


@pytest.mark.parametrize("reduction", ["none", "sum", "mean", "batchmean"])
def test_grad_of_what_is_mapped_and_the_other_way_round(reduction: str, sides: tuple[Any, Any, Any]) -> None:
    x, y, labels = sides
    for name, target, peer in (
        ("huber_loss", y, functional.huber_loss),
        ("cross_entropy", labels, functional.cross_entropy),
    ):
        loss: Callable[..., Any] = getattr(adapter, name)

        def alone(a: Any, b: Any, loss: Callable[..., Any] = loss) -> Any:
            return loss(a[None], b[None], reduction=reduction).sum()

        def theirs(a: Any, b: Any, peer: Callable[..., Any] = peer) -> Any:
            value = peer(a[None], b[None], reduction="none")
            return value.mean() if reduction == "mean" else value.sum()

        expected = torch.stack([theirs(*pair) for pair in zip(x, target)])
        torch.testing.assert_close(torch.func.vmap(alone)(x, target), expected)
        torch.testing.assert_close(
            torch.func.vmap(torch.func.grad(alone))(x, target), torch.func.vmap(torch.func.grad(theirs))(x, target)
        )
        torch.testing.assert_close(
            torch.func.grad(lambda a, alone=alone, target=target: torch.func.vmap(alone)(a, target).sum())(x),
            torch.func.vmap(torch.func.grad(theirs))(x, target),
        )
    one_target = torch.func.vmap(lambda a: adapter.mse_loss(a, y[0]))(x)
    torch.testing.assert_close(one_target, ((x - y[0]) ** 2).mean(dim=1))


def test_weights_and_masks_are_mapped(sides: tuple[Any, Any, Any]) -> None:
    x, y, _ = sides
    weight = torch.rand(4, 5)
    found = torch.func.vmap(lambda a, b, w: adapter.mse_loss(a, b, weight=w, mask=torch.arange(5) < 3))(x, y, weight)
    kept = (weight * (x - y) ** 2)[:, :3].sum(dim=1) / weight[:, :3].sum(dim=1)
    torch.testing.assert_close(found, kept)


def test_second_derivatives(sides: tuple[Any, Any, Any]) -> None:
    x, y, labels = sides
    hessian = torch.func.jacrev(torch.func.jacrev(lambda a: adapter.pseudo_huber_loss(a, y[0])))(x[0])
    expected = torch.diag((1 + (x[0] - y[0]) ** 2) ** -1.5) / 5
    torch.testing.assert_close(hessian, expected)
    with pytest.raises(NotImplementedError, match="cross_entropy: a second backward"):
        torch.func.grad(lambda a: torch.func.grad(lambda b: adapter.cross_entropy(b, labels))(a).sum())(x)
    with pytest.raises(NotImplementedError, match="cross_entropy: a second backward"):
        torch.func.jacrev(torch.func.jacrev(lambda a: adapter.cross_entropy(a, labels, reduction="none")))(x)


@pytest.mark.filterwarnings("ignore:.*torch.jit.script.*:DeprecationWarning")  # of PyTorch's own decompositions
def test_forward_mode_is_refused(sides: tuple[Any, Any, Any]) -> None:
    x, y, labels = sides
    for call in (
        lambda: torch.func.jvp(lambda a: adapter.mse_loss(a, y), (x,), (x,)),
        lambda: torch.func.jacfwd(lambda a: adapter.cross_entropy(a, labels))(x),
        lambda: torch.func.hessian(lambda a: adapter.mse_loss(a, y))(x),
    ):
        with pytest.raises(NotImplementedError, match="forward mode"):
            call()
    with torch.autograd.forward_ad.dual_level():
        dual = torch.autograd.forward_ad.make_dual(x, x)
        with pytest.raises((RuntimeError, NotImplementedError)):
            adapter.mse_loss(dual, y)


def test_a_target_has_no_gradient(sides: tuple[Any, Any, Any]) -> None:
    x, y, _ = sides
    with pytest.raises(ValueError, match="target: mse_loss has no gradient by it"):
        torch.func.grad(lambda b: adapter.mse_loss(x, b))(y)
    with pytest.raises(ValueError, match="target: mse_loss has no gradient by it"):
        torch.func.grad(lambda b: torch.func.vmap(adapter.mse_loss)(x, b).sum())(y)
    with pytest.raises(ValueError, match="target: content_loss has no gradient by it"):
        torch.func.grad(lambda b: torch.func.vmap(lambda c: adapter.content_loss([x[:, :, None]], [c]))(b).sum())(
            y.expand(2, 4, 5)[..., None].clone()
        )


@pytest.mark.parametrize("name", [name for name in SEPARATE if len(getattr(losses, name).differentiable) == 1])
def test_every_loss_under_grad(name: str, rng: np.random.Generator) -> None:
    call = batch(name, rng, 3)
    if isinstance(call.inputs[0], list):
        pytest.skip("lists of tensors are above")
    inputs = [torch.tensor(given) for given in call.inputs]
    own = {
        key: torch.tensor(given) if isinstance(given, np.ndarray) else given for key, given in call.arguments.items()
    }
    found = torch.func.grad(lambda first: getattr(adapter, name)(first, *inputs[1:], **own))(inputs[0])
    expected = getattr(losses, name).value_and_grad(*call.inputs, **call.arguments)[1]
    np.testing.assert_allclose(found.numpy(), expected, rtol=1e-12)
