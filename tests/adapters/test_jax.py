"""Losses in JAX: the values and gradients of metrix under jit, grad and vmap, and where they are refused."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from losses.example_calls import EVERY, example_call
from metrix import losses

jax = pytest.importorskip("jax")
jnp = pytest.importorskip("jax.numpy")
adapter = pytest.importorskip("metrix.adapters.jax")


def as_jax(given: Any) -> Any:
    return [jnp.asarray(part) for part in given] if isinstance(given, list) else jnp.asarray(given)


@pytest.mark.parametrize("name", EVERY)
def test_every_loss_has_the_values_and_gradients_of_metrix(name: str) -> None:
    loss, call = getattr(losses, name), example_call(name)
    inputs = [as_jax(given) for given in call.inputs]
    single = [
        [np.asarray(part) for part in given] if isinstance(given, list) else np.asarray(given) for given in inputs
    ]
    several: Any = {} if len(loss.differentiable) == 1 else {"wrt": loss.differentiable}
    value, grads = loss.value_and_grad(*single, **several, **call.arguments)
    places = tuple(loss.inputs.index(key) for key in loss.differentiable)

    def run(*given: Any) -> Any:
        return getattr(adapter, name)(*given, **call.arguments).sum()

    found, gradients = jax.value_and_grad(run, argnums=places)(*inputs)
    np.testing.assert_allclose(found, value, rtol=1e-6, atol=1e-7)
    for own, expected in zip(gradients, grads if len(places) > 1 else (grads,), strict=True):
        for part, wanted in zip(own, expected) if isinstance(own, list) else [(own, expected)]:
            np.testing.assert_allclose(part, wanted, rtol=1e-5, atol=1e-6)


@pytest.fixture
def sides(rng: np.random.Generator) -> tuple[Any, Any]:
    return jnp.asarray(rng.normal(size=(5, 3))), jnp.asarray(rng.normal(size=(5, 3)))


@pytest.mark.parametrize("reduction", ["none", "sum", "mean", "batchmean"])
def test_compiled_with_weights_and_masks(reduction: str, sides: tuple[Any, Any], rng: np.random.Generator) -> None:
    pred, target = sides
    weight, mask = jnp.asarray(rng.random(5)), jnp.asarray(rng.random((5, 3)) < 0.6)

    @jax.jit
    def step(pred: Any, target: Any, weight: Any, mask: Any) -> Any:
        return jax.value_and_grad(
            lambda given: (
                3 * adapter.huber_loss(2 * given, target, weight=weight, mask=mask, reduction=reduction, delta=0.5)
            ).sum()
        )(pred)

    given = [np.asarray(array) for array in (pred, target, weight, mask)]
    value, grad = losses.huber_loss.value_and_grad(
        2 * given[0], given[1], weight=given[2], mask=given[3], reduction=reduction, delta=0.5
    )
    found, gradient = step(pred, target, weight, mask)
    np.testing.assert_allclose(found, 3 * value.sum(), rtol=1e-6)
    np.testing.assert_allclose(gradient, 6 * grad, rtol=1e-6)


@pytest.mark.parametrize("reduction", ["none", "mean"])
def test_mapped(reduction: str, sides: tuple[Any, Any]) -> None:
    pred, target = sides

    def loss(pred: Any, target: Any) -> Any:
        return adapter.huber_loss(pred, target, reduction=reduction).sum()

    rows = [loss(*row) for row in zip(pred, target)]
    np.testing.assert_allclose(jax.vmap(loss)(pred, target), rows, rtol=1e-6)
    np.testing.assert_allclose(jax.jit(jax.vmap(loss))(pred, target), rows, rtol=1e-6)
    np.testing.assert_allclose(jax.vmap(loss, (0, None))(pred, target[0])[1], loss(pred[1], target[0]), rtol=1e-6)
    gradients = jax.vmap(jax.grad(loss))(pred, target)
    np.testing.assert_allclose(gradients[2], jax.grad(loss)(pred[2], target[2]), rtol=1e-6)
    twice = jax.vmap(jax.vmap(jax.grad(loss), (0, None)), (None, 0))(pred, target)
    np.testing.assert_allclose(twice[3, 1], jax.grad(loss)(pred[1], target[3]), rtol=1e-6)


def test_half_precision(sides: tuple[Any, Any]) -> None:
    pred, target = sides
    for dtype in (jnp.float16, jnp.bfloat16):
        value, grad = jax.value_and_grad(adapter.mse_loss)(pred.astype(dtype), target)
        assert value.dtype == jnp.float32
        assert grad.dtype == dtype


def test_what_there_is_not_is_refused(sides: tuple[Any, Any]) -> None:
    pred, target = sides
    with pytest.raises(ValueError, match=r"target: huber_loss has no gradient by it; pass jax.lax.stop_gradient"):
        jax.grad(adapter.huber_loss, argnums=1)(pred, target)
    with pytest.raises(ValueError, match="weight: "):
        jax.grad(lambda weight: adapter.huber_loss(pred, target, weight=weight))(jnp.ones(5))
    with pytest.raises(TypeError, match="jvp"):
        jax.jvp(lambda given: adapter.huber_loss(given, target), (pred,), (pred,))
    for reduction in ("none", "mean"):

        def once(given: Any, reduction: str = reduction) -> Any:
            return adapter.mse_loss(given, target, reduction=reduction).sum()

        with pytest.raises(NotImplementedError, match="mse_loss: second derivatives are not defined under JAX"):
            jax.grad(lambda given, once=once: jax.grad(once)(given).sum())(pred)
        for twice in (jax.jacrev(jax.jacrev(once)), jax.hessian(once)):
            with pytest.raises((NotImplementedError, TypeError), match=r"second derivatives|jvp"):
                twice(pred)


def test_mistakes_are_told_before_the_computation(sides: tuple[Any, Any]) -> None:
    pred, target = sides
    run = jax.jit(adapter.huber_loss, static_argnames="delta")
    with pytest.raises(ValueError, match="target: expected the shape of pred"):
        run(pred, target[:2])
    with pytest.raises(ValueError, match="delta: expected a finite number > 0"):
        run(pred, target, delta=-1.0)
    with pytest.raises(TypeError, match="pred: expected floating-point numbers"):
        run(jnp.ones(3, dtype=jnp.int32), jnp.ones(3))
    with pytest.raises(TypeError, match="pred: expected an array, got float"):
        adapter.huber_loss([1.0], jnp.ones(1))
    with pytest.raises(TypeError, match="expected 2 arrays"):
        adapter.huber_loss(pred)


def test_a_classifier_learns_as_with_a_loss_written_in_jax() -> None:
    datasets = pytest.importorskip("sklearn.datasets")
    features, labels = datasets.load_breast_cancer(return_X_y=True)
    features = (features - features.mean(axis=0)) / features.std(axis=0)
    rows = np.random.default_rng(0).permutation(len(features))
    known, unknown = rows[:380], rows[380:]
    inputs, targets = jnp.asarray(features), jnp.asarray(labels, dtype=jnp.float32)

    def plain(logits: Any, wanted: Any) -> Any:
        return (jnp.logaddexp(0, logits) - wanted * logits).mean()

    accuracies = []
    for loss in (adapter.binary_cross_entropy_with_logits, plain):

        @jax.jit
        def step(weights: Any, loss: Any = loss) -> Any:
            gradient = jax.grad(lambda given: loss(inputs[known] @ given[1:] + given[0], targets[known]))(weights)
            return weights - 0.5 * gradient

        weights = jnp.zeros(31)
        for _ in range(60):
            weights = step(weights)
        accuracies.append(float(((inputs[unknown] @ weights[1:] + weights[0] > 0) == (targets[unknown] > 0)).mean()))
    assert accuracies[0] == pytest.approx(accuracies[1], abs=0.006)
    assert accuracies[0] > 0.95
