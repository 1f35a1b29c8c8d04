"""Losses in PyTorch: the values and gradients of metrix, under autograd, twice, compiled, and where they are refused."""

from __future__ import annotations

import pickle
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from effort import THOROUGH
from losses.elementwise_cases import CLASSIFICATION, REGRESSION, Case
from losses.example_calls import EVERY, example_call
from metrix import losses
from metrix.losses._arguments import predictions, same_shape
from metrix.losses._composed import ComposedLoss, Terms, composed
from metrix.losses._elementwise import ElementwiseLoss
from metrix.losses._facts import facts

torch = pytest.importorskip("torch")
adapter = pytest.importorskip("metrix.adapters.torch")

REDUCTIONS = ["none", "sum", "mean", "batchmean"]
ELEMENTWISE = [*REGRESSION, *CLASSIFICATION]


@composed(facts("metric learning"), differentiable=("left", "right"))
def half_squared_distance(
    left: Any, right: Any, /, *, scale: Any = 1.0, sizes: tuple[float, ...] = (1.0, 2.0)
) -> Terms:
    """One term for each pair of rows, with parameters that no schema holds."""
    left = predictions(left)
    right = same_shape(right, left, "right")
    difference = left - right
    return Terms(
        scale * 0.5 * (difference**2).sum(axis=1),
        lambda grad: (scale * grad[:, None] * difference, -scale * grad[:, None] * difference),
    )


@pytest.fixture(autouse=True, scope="module")
def one_thread() -> Iterator[None]:
    """Threads that wait for work take the time of such small models."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def distance() -> Any:
    return adapter.adapt(half_squared_distance)


def leaf(values: Any, **options: Any) -> Any:
    return torch.tensor(values, requires_grad=True, **options)


def drawn(case: Case, rng: np.random.Generator, shape: tuple[int, ...]) -> tuple[Any, Any]:
    """Away from kinks, where differences would see them."""
    pred, target = case.draw(rng, 10 * int(np.prod(shape)))
    kept = case.is_smooth(pred, target)
    count = int(np.prod(shape))
    return leaf(pred[kept][:count].reshape(shape)), torch.tensor(target[kept][:count].reshape(shape))


def as_tensors(given: Any) -> Any:
    return [torch.tensor(part) for part in given] if isinstance(given, list) else torch.tensor(given)


@pytest.mark.parametrize("name", EVERY)
def test_every_loss_has_the_values_and_gradients_of_metrix(name: str) -> None:
    loss, call = getattr(losses, name), example_call(name)
    several: Any = {} if len(loss.differentiable) == 1 else {"wrt": loss.differentiable}
    value, grads = loss.value_and_grad(*call.inputs, grad_output=3.0, **several, **call.arguments)
    inputs = {key: as_tensors(given) for key, given in zip(loss.inputs, call.inputs)}
    for key in loss.differentiable:
        for tensor in inputs[key] if isinstance(inputs[key], list) else [inputs[key]]:
            tensor.requires_grad_()
    answer = getattr(adapter, name)(*inputs.values(), **call.arguments)
    np.testing.assert_array_equal(answer.detach().numpy(), value)
    answer.backward(torch.tensor(3.0, dtype=answer.dtype))
    for key, expected in zip(loss.differentiable, grads if len(loss.differentiable) > 1 else (grads,)):
        nested = isinstance(inputs[key], list)
        for tensor, wanted in zip(inputs[key] if nested else [inputs[key]], expected if nested else [expected]):
            np.testing.assert_allclose(tensor.grad.numpy(), wanted, rtol=1e-13)


@pytest.mark.parametrize("name", EVERY)
def test_every_operator_is_as_pytorch_asks(name: str) -> None:
    loss, call = getattr(losses, name), example_call(name)
    if not hasattr(torch.ops.metrix, name) or any(isinstance(given, list) for given in call.inputs):
        pytest.skip("no operator: its inputs are lists")
    inputs = [
        torch.tensor(given, requires_grad=key in loss.differentiable) for key, given in zip(loss.inputs, call.inputs)
    ]
    operator = getattr(torch.ops.metrix, name).default
    known = {argument.name: str(argument.type) for argument in operator._schema.arguments}
    if not call.arguments.keys() <= known.keys():
        pytest.skip("an argument that no schema holds")
    named = {
        key: torch.tensor(value) if "Tensor" in known[key] and value is not None else value
        for key, value in call.arguments.items()
    }
    torch.library.opcheck(operator, tuple(inputs), {**named, "wanted": [True] * len(loss.differentiable)})


@pytest.mark.parametrize("case", ELEMENTWISE, ids=str)
def test_both_derivatives_are_those_of_the_value(case: Case, rng: np.random.Generator) -> None:
    pred, target = drawn(case, rng, (3, 2))
    weight, mask = torch.tensor(rng.random(3)), torch.tensor(rng.random((3, 2)) < 0.7)
    loss = getattr(adapter, case.name)
    for reduction in REDUCTIONS if THOROUGH else ("mean",):

        def value(given: Any, reduction: str = reduction) -> Any:
            return loss(given, target, weight=weight, mask=mask, reduction=reduction, **case.parameters)

        assert torch.autograd.gradcheck(value, (pred,))
        assert torch.autograd.gradgradcheck(value, (pred,))


def test_second_derivatives_divide_as_the_mean_does(rng: np.random.Generator) -> None:
    pred, target = leaf(rng.normal(size=(4, 2))), torch.tensor(rng.normal(size=(4, 2)))
    weight = torch.tensor([1.0, 2.0, 0.5, 4.0])
    for denominator in ("weights", "count"):

        def value(given: Any, denominator: str = denominator) -> Any:
            return adapter.mse_loss(given, target, weight=weight, mean_denominator=denominator)

        assert torch.autograd.gradgradcheck(value, (pred,))
    for reduction in REDUCTIONS:
        assert torch.autograd.gradgradcheck(
            lambda given, by=reduction: adapter.mse_loss(given, target, reduction=by), (pred,)
        )


@pytest.mark.parametrize("reduction", REDUCTIONS)
def test_what_has_no_second_derivative_refuses_it(distance: Any, reduction: str, rng: np.random.Generator) -> None:
    left, right = leaf(rng.normal(size=(4, 3))), leaf(rng.normal(size=(4, 3)))
    operator = torch.ops.metrix.half_squared_distance.default
    torch.library.opcheck(operator, (left, right), {"wanted": [True, True]})
    assert [answer.requires_grad for answer in operator(left, right, wanted=[True, True])] == [True, False, False]
    assert torch.autograd.gradcheck(lambda a, b: distance(a, b, reduction=reduction), (left, right))
    value = distance(left, right, reduction=reduction).sum()
    (grad,) = torch.autograd.grad(value, left, create_graph=True)
    with pytest.raises(NotImplementedError, match="second backward"):
        (grad.sum() + left.sum()).backward()


def test_a_third_derivative_is_refused() -> None:
    pred = leaf([0.5])
    (first,) = torch.autograd.grad(adapter.log_cosh_loss(pred, torch.zeros(1)), pred, create_graph=True)
    (second,) = torch.autograd.grad(first.sum(), pred, create_graph=True)
    assert second.item() == pytest.approx(1 / np.cosh(0.5) ** 2)
    with pytest.raises(RuntimeError, match="log_cosh_loss: a third derivative is not defined"):
        second.backward()


@pytest.mark.filterwarnings("ignore:The .grad attribute of a Tensor")  # the compiler's own look at what is no leaf
@pytest.mark.parametrize("reduction", REDUCTIONS)
def test_compiled_as_eager(distance: Any, reduction: str, rng: np.random.Generator) -> None:
    pred, target = leaf(rng.normal(size=(4, 3))), torch.tensor(rng.normal(size=(4, 3)))
    for loss, whole in ((adapter.huber_loss, True), (distance, reduction != "none")):

        def step(pred: Any, target: Any, loss: Any = loss) -> Any:
            return (2 * loss(pred * 3, target, reduction=reduction)).sum()

        results = []
        for run in (step, torch.compile(step, backend="aot_eager", fullgraph=whole)):
            pred.grad = None
            value = run(pred, target)
            value.backward()
            results.append((value.item(), pred.grad.numpy()))
        assert results[0][0] == results[1][0]
        np.testing.assert_array_equal(results[0][1], results[1][1])


def test_an_argument_that_no_operator_holds_runs_all_the_same(distance: Any) -> None:
    left, right = leaf([[1.0, 2.0]]), leaf([[0.0, 0.0]])
    value = distance(left, right, scale=np.array([3.0]))
    value.backward()
    assert value.item() == 7.5
    assert left.grad.tolist() == [[3.0, 6.0]]
    assert right.grad.tolist() == [[-3.0, -6.0]]


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
@pytest.mark.parametrize("reduction", ["none", "mean"])
def test_half_precision(dtype: str, reduction: str, rng: np.random.Generator) -> None:
    kind = getattr(torch, dtype)
    pred = torch.tensor(rng.normal(size=(5, 3))).to(kind).requires_grad_()
    target = torch.tensor(rng.normal(size=(5, 3))).to(kind)
    value = adapter.huber_loss(pred, target, reduction=reduction)
    assert value.dtype == torch.float32
    value.sum().backward()
    assert pred.grad.dtype == kind
    wide = pred.detach().float().requires_grad_()
    expected = adapter.huber_loss(wide, target.float(), reduction=reduction)
    expected.sum().backward()
    assert torch.equal(value, expected)
    assert torch.equal(pred.grad, wide.grad.to(kind))


def test_small_gradients_outlive_half_precision() -> None:
    """The mean over many elements is below what float16 holds; a loss scale comes in time to lift it."""
    pred = torch.ones(2**20, dtype=torch.float16).requires_grad_()
    (65536 * adapter.l1_loss(pred, torch.zeros(2**20))).backward()
    assert pred.grad[0].item() == 2.0**-4


def test_strides_do_not_matter(rng: np.random.Generator) -> None:
    base = leaf(rng.normal(size=(6, 8)))
    target = torch.tensor(rng.normal(size=(8, 3)))
    adapter.mse_loss(base.t()[:, ::2], target).backward()
    expected = np.zeros((6, 8))
    expected[::2] = (2 * (base.detach().numpy().T[:, ::2] - target.numpy()) / 24).T
    np.testing.assert_allclose(base.grad.numpy(), expected, rtol=1e-13)


def test_no_gradient_is_worked_out_that_nobody_wants(distance: Any) -> None:
    pred = torch.zeros(3)
    assert not adapter.mse_loss(pred, pred).requires_grad
    assert torch.ops.metrix.mse_loss(pred, pred, wanted=[False])[1].numel() == 0
    with torch.no_grad():
        assert not adapter.mse_loss(pred.requires_grad_(), pred.detach()).requires_grad
    left, right = leaf([[1.0, 2.0]]), torch.zeros(1, 2, dtype=torch.float64)
    for options in ({}, {"reduction": "none"}):
        left.grad = None
        distance(left, right, **options).sum().backward()
        assert left.grad.tolist() == [[1.0, 2.0]]
    asked = torch.ops.metrix.half_squared_distance(left, right, wanted=[True, False])
    assert [gradient.numel() for gradient in asked[1:]] == [2, 0]
    with pytest.raises(RuntimeError, match="a gradient by left that the call did not ask for"):
        torch.ops.metrix.half_squared_distance(left, right, wanted=[False, False])[0].backward()


def test_a_gradient_that_there_is_not_is_not_taken_for_zero() -> None:
    pred, target = leaf([1.0]), leaf([0.0])
    with pytest.raises(ValueError, match=r"target: mse_loss has no gradient by it; pass target.detach\(\)"):
        adapter.mse_loss(pred, target)
    with pytest.raises(ValueError, match="weight: "):
        adapter.mse_loss(pred, target.detach(), weight=target)
    with torch.no_grad():
        assert adapter.mse_loss(pred, target).item() == 1.0


def test_other_devices_are_refused_with_a_hint() -> None:
    from torch._subclasses import FakeTensorMode

    with FakeTensorMode():
        pred = torch.empty(3, device="cuda")
        with pytest.raises(
            ValueError, match=r"pred: expected a tensor on the CPU, got one on cuda:0; pass pred.cpu\(\)"
        ):
            adapter.mse_loss(pred, pred)


def test_mistakes_are_told_as_metrix_tells_them() -> None:
    pred = torch.zeros(3, 1)
    with pytest.raises(ValueError, match="target: expected the shape of pred"):
        adapter.mse_loss(pred, torch.zeros(3))
    with pytest.raises(ValueError, match="delta: "):
        adapter.huber_loss(pred, pred, delta=-1.0)
    with pytest.raises(TypeError, match="target: expected a tensor, got list"):
        adapter.mse_loss(pred, [[0.0]] * 3)
    with pytest.raises(TypeError, match="expected 2 tensors"):
        adapter.mse_loss(pred)
    with pytest.raises(TypeError, match="dlta"):
        adapter.huber_loss(pred, pred, dlta=1.0)


def test_a_module_keeps_parameters() -> None:
    module = adapter.LossModule(adapter.huber_loss, delta=2.0)
    assert module(torch.tensor([3.0]), torch.tensor([0.0])).item() == 4.0
    assert module(torch.tensor([3.0]), torch.tensor([0.0]), delta=1.0).item() == 2.5
    assert "huber_loss, delta=2.0" in repr(module)
    again = pickle.loads(pickle.dumps(module))
    assert again(torch.tensor([3.0]), torch.tensor([0.0])).item() == 4.0


def test_every_family_is_there() -> None:
    assert {*EVERY} <= {*adapter.__all__}
    kinds = {type(getattr(losses, name)) for name in EVERY}
    assert ElementwiseLoss in kinds
    assert isinstance(half_squared_distance, ComposedLoss)


def train(loss: Any, model: Any, inputs: Any, targets: Any, steps: int) -> Any:
    optimizer = torch.optim.Adam(model.parameters(), lr=0.02, weight_decay=1e-3)
    for _ in range(steps):
        optimizer.zero_grad()
        loss(model(inputs).flatten(), targets).backward()
        optimizer.step()
    return model


def standardized(data: str) -> tuple[Any, Any, Any, Any]:
    """Features and labels to learn from, then those to try."""
    features, labels = getattr(pytest.importorskip("sklearn.datasets"), f"load_{data}")(return_X_y=True)
    features = (features - features.mean(axis=0)) / features.std(axis=0)
    rows = np.random.default_rng(0).permutation(len(features))
    known, unknown = rows[: len(rows) * 2 // 3], rows[len(rows) * 2 // 3 :]
    parts = features[known], labels[known], features[unknown], labels[unknown]
    return tuple(torch.tensor(part, dtype=torch.float32) for part in parts)  # type: ignore[return-value]


def test_a_classifier_learns_as_with_the_loss_of_pytorch() -> None:
    inputs, targets, others, wanted = standardized("breast_cancer")
    accuracies = []
    for library in (adapter, torch.nn.functional):
        torch.manual_seed(0)
        network = torch.nn.Sequential(torch.nn.Linear(30, 16), torch.nn.Tanh(), torch.nn.Linear(16, 1))
        model = train(library.binary_cross_entropy_with_logits, network, inputs, targets, steps=100)
        accuracies.append(((model(others).flatten() > 0) == wanted.bool()).double().mean().item())
    assert accuracies[0] == pytest.approx(accuracies[1], abs=0.006)  # one sample of 190
    assert accuracies[0] > 0.95


@pytest.mark.parametrize("name", ["mse_loss", "huber_loss"])
def test_a_regression_learns_as_with_the_loss_of_pytorch(name: str) -> None:
    inputs, targets, others, wanted = standardized("diabetes")
    mean, spread = targets.mean(), targets.std()
    explained = []
    for library in (adapter, torch.nn.functional):
        torch.manual_seed(0)
        model = train(getattr(library, name), torch.nn.Linear(10, 1), inputs, (targets - mean) / spread, steps=200)
        errors = model(others).flatten() * spread + mean - wanted
        explained.append(1 - (errors.var() / wanted.var()).item())
    assert explained[0] == pytest.approx(explained[1], abs=1e-3)
    assert explained[0] > 0.35
