"""Losses as functions of JAX, for arrays on the CPU: under ``jit``, ``grad`` and ``vmap``.

No kernel: wraps ``metrix.losses``. Every loss there is a function here, of the same name and arguments.

Example:
    >>> import jax, jax.numpy as jnp
    >>> from metrix.adapters.jax import huber_loss
    >>> pred, target = jnp.array([0.5, 4.0]), jnp.array([0.0, 1.0])
    >>> value, grad = jax.jit(jax.value_and_grad(huber_loss))(pred, target)
    >>> value, grad
    (Array(1.3125, dtype=float32), Array([0.25, 0.5 ], dtype=float32))

Each call is one ``jax.pure_callback``, the gradient a ``jax.custom_vjp`` that comes with the value in one pass. Shapes, types
and parameters are checked when JAX traces; what depends on values, such as labels out of range, ends the computation with
JAX's own error, which quotes that of metrix.

Conventions:
    float16 and bfloat16 are worked on as float32, which the value is too. ``vmap`` has one value for each entry of the mapped
    axis. Arrays may be arguments (``weight``, ``mask``); numbers and words are fixed when tracing.
    Second derivatives and forward mode raise, and so does a gradient by an input that has none, such as targets: pass
    ``jax.lax.stop_gradient(target)``, or do not ask for it.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.custom_derivatives import SymbolicZero

from metrix import losses
from metrix.adapters._gradients import value_and_gradients
from metrix.losses._loss import Loss

_HALF = (jnp.float16, jnp.bfloat16)


def adapt(loss: Loss) -> Callable[..., jax.Array]:
    """A function over JAX arrays of a loss that stands not in ``metrix.losses``, such as one composed by its user."""

    def call(*inputs: Any, **parameters: Any) -> jax.Array:
        if len(inputs) != len(loss.inputs):
            raise TypeError(f"{loss.__name__}: expected {len(loss.inputs)} arrays {loss.inputs}, got {len(inputs)}")
        for name, given in zip(loss.inputs, inputs):
            for part in given if isinstance(given, (list, tuple)) else (given,):
                if not isinstance(part, (jax.Array, np.ndarray, np.generic)):
                    raise TypeError(f"{name}: expected an array, got {type(part).__name__}")
        arrays = {name: _array(value) for name, value in parameters.items() if _is_array(value)}
        fixed = tuple((name, value) for name, value in parameters.items() if name not in arrays)
        leaves = jax.tree.leaves(([jax.tree.map(_array, given) for given in inputs], list(arrays.values())))
        kinds = tuple((leaf.shape, np.dtype(leaf.dtype)) for leaf in leaves)
        counts = tuple(len(given) if isinstance(given, (list, tuple)) else None for given in inputs)
        return _function(_Call(loss, counts, tuple(arrays), fixed, kinds))(*leaves)

    call.__name__ = call.__qualname__ = loss.__name__
    call.__module__ = __name__
    call.__doc__ = f"As ``{loss.__module__}.{loss.__name__}``, whose arguments these are, over JAX arrays."
    call.__signature__ = inspect.signature(loss)  # type: ignore[attr-defined]
    return call


@dataclass(frozen=True)
class _Call:
    """All that is fixed when JAX traces: what a callback does with arrays that come later."""

    loss: Loss
    #: Of inputs that are lists, how many arrays these have.
    counts: tuple[int | None, ...]
    #: Parameters that are arrays; they come after the inputs.
    names: tuple[str, ...]
    fixed: tuple[tuple[str, Any], ...]
    kinds: tuple[tuple[tuple[int, ...], np.dtype[Any]], ...]

    def owner(self) -> list[str]:
        """The name of the input or parameter that each array belongs to."""
        inputs = [
            name for name, count in zip(self.loss.inputs, self.counts) for _ in range(1 if count is None else count)
        ]
        return inputs + list(self.names)

    def arguments(self, arrays: Sequence[Any]) -> tuple[list[Any], dict[str, Any]]:
        """As the loss takes them."""
        rest = iter(arrays)
        inputs = [next(rest) if count is None else [next(rest) for _ in range(count)] for count in self.counts]
        return inputs, {**dict(self.fixed), **dict(zip(self.names, rest, strict=True))}

    @functools.cached_property
    def result(self) -> jax.ShapeDtypeStruct:
        """Shape and type of the value, from trials on made-up numbers, which tell mistakes too.

        A mistake in shapes or parameters is the same whatever the numbers are. Where they alone are what a loss finds fault
        with, the real ones are left to be seen.
        """
        faults = []
        for fill in (_zeros, _ones, _ramp):
            inputs, given = self.arguments([fill(shape, dtype) for shape, dtype in self.kinds])
            try:
                with np.errstate(all="ignore"):
                    value = np.asarray(self.loss(*inputs, **given))
            except (TypeError, ValueError) as fault:
                faults.append(fault)
            else:
                return jax.ShapeDtypeStruct(value.shape, value.dtype)
        if len({str(fault) for fault in faults}) == 1 or dict(self.fixed).get("reduction") == "none":
            raise faults[0]
        return jax.ShapeDtypeStruct((), self.kinds[0][1])

    def value(self, *arrays: Any) -> Any:
        """Of arrays that may have axes of ``vmap`` before their own."""
        return self._over_mapped_axes(lambda each: self._value_and_gradients((), each)[:1], arrays)[0]

    def value_and_gradients(self, wanted: tuple[str, ...], *arrays: Any) -> tuple[Any, ...]:
        """The value, then the gradients by each array of the inputs of these names."""
        return self._over_mapped_axes(lambda each: self._value_and_gradients(wanted, each), arrays)

    def gradients(self, wanted: tuple[str, ...], upstream: Any, *arrays: Any) -> tuple[Any, ...]:
        """The gradients, given that by the value."""
        shapes = [self.result.shape, *(shape for shape, _ in self.kinds)]
        return _over_mapped_axes(
            lambda each: self._value_and_gradients(wanted, each[1:], np.asarray(each[0]))[1:],
            [upstream, *arrays],
            shapes,
        )

    def _over_mapped_axes(
        self, function: Callable[[list[Any]], Sequence[Any]], arrays: Sequence[Any]
    ) -> tuple[Any, ...]:
        return _over_mapped_axes(function, arrays, [shape for shape, _ in self.kinds])

    def _value_and_gradients(self, wanted: tuple[str, ...], arrays: Sequence[Any], upstream: Any = None) -> list[Any]:
        inputs, given = self.arguments(arrays)
        if upstream is not None:
            given["grad_output"] = upstream
        value, gradients = value_and_gradients(self.loss, wanted, inputs, given)
        flat = [part for gradient in gradients for part in (gradient if isinstance(gradient, list) else [gradient])]
        return [value, *flat]


def _zeros(shape: tuple[int, ...], dtype: Any) -> Any:
    return np.ones(shape, dtype) if dtype == np.bool_ else np.zeros(shape, dtype)


def _ones(shape: tuple[int, ...], dtype: Any) -> Any:
    return np.ones(shape, dtype)


def _ramp(shape: tuple[int, ...], dtype: Any) -> Any:
    """Distinct numbers, corners of boxes in their order, and few labels."""
    count = int(np.prod(shape))
    numbers = np.arange(count) % 2 if np.dtype(dtype).kind in "iub" else np.linspace(0.1, 0.9, count)
    return numbers.reshape(shape).astype(dtype)


def _over_mapped_axes(
    function: Callable[[list[Any]], Sequence[Any]], arrays: Sequence[Any], shapes: Sequence[tuple[int, ...]]
) -> tuple[Any, ...]:
    given = [np.asarray(array) for array in arrays]
    extra = given[0].ndim - len(shapes[0])
    if not extra:
        return tuple(np.asarray(part) for part in function(given))
    mapped = given[0].shape[:extra]
    every = [function([array[at] for array in given]) for at in np.ndindex(*mapped)]
    return tuple(np.stack(parts).reshape(*mapped, *np.shape(parts[0])) for parts in zip(*every))


@functools.lru_cache(maxsize=4096)
def _function(call: _Call) -> Callable[..., jax.Array]:
    """The loss over flat arrays, with its gradient."""
    result = call.result
    owners = call.owner()
    terms = dict(call.fixed).get("reduction") == "none"

    def ask(function: Callable[..., Any], answer: Any, *arrays: Any) -> Any:
        @jax.custom_jvp
        def callback(*arrays: Any) -> Any:
            return jax.pure_callback(function, answer, *arrays, vmap_method="broadcast_all")

        @callback.defjvp
        def refuse(*_: Any) -> Any:
            raise NotImplementedError(f"{call.loss.__name__}: second derivatives are not defined under JAX")

        return callback(*arrays)

    @jax.custom_vjp
    def run(*arrays: Any) -> Any:
        return ask(call.value, result, *arrays)

    def forward(*primals: Any) -> Any:
        for name, primal in zip(owners, primals):
            if primal.perturbed and name not in call.loss.differentiable:
                raise ValueError(
                    f"{name}: {call.loss.__name__} has no gradient by it; pass jax.lax.stop_gradient({name})"
                )
        arrays = [primal.value for primal in primals]
        perturbed = {name for name, primal in zip(owners, primals) if primal.perturbed}
        wanted = tuple(name for name in call.loss.differentiable if name in perturbed)
        kinds = [kind for name in wanted for owner, kind in zip(owners, call.kinds) if owner == name]
        shapes = [jax.ShapeDtypeStruct(shape, dtype) for shape, dtype in kinds]
        if terms:  # the gradient of the terms has to be known first
            saved = functools.partial(ask, functools.partial(call.gradients, wanted), tuple(shapes))
            return run(*arrays), _Saved(tuple(arrays), wanted, saved)
        value, *gradients = ask(functools.partial(call.value_and_gradients, wanted), (result, *shapes), *arrays)
        return value, _Saved(tuple(gradients), wanted, None)

    def backward(saved: _Saved, upstream: Any) -> tuple[Any, ...]:
        if isinstance(upstream, SymbolicZero):
            return (None,) * len(owners)
        found = iter(
            [upstream * gradient for gradient in saved.arrays]
            if saved.ask is None
            else saved.ask(upstream, *saved.arrays)
        )
        by_name = {name: [next(found) for owner in owners if owner == name] for name in saved.wanted}
        return tuple(by_name[name].pop(0) if by_name.get(name) else None for name in owners)

    run.defvjp(forward, backward, symbolic_zeros=True)
    return run


@jax.tree_util.register_pytree_node_class
@dataclass(frozen=True)
class _Saved:
    """What backward needs: gradients, or all arrays and whom to ask for them."""

    arrays: tuple[Any, ...]
    wanted: tuple[str, ...]
    ask: Callable[..., Any] | None

    def tree_flatten(self) -> Any:
        """Arrays, and what is fixed."""
        return self.arrays, (self.wanted, self.ask)

    @classmethod
    def tree_unflatten(cls, fixed: Any, arrays: Any) -> _Saved:
        """From both."""
        return cls(tuple(arrays), *fixed)


def _is_array(value: Any) -> bool:
    return isinstance(value, (jax.Array, np.ndarray, list))


def _array(values: Any) -> Any:
    array = jnp.asarray(values)
    return array.astype(jnp.float32) if array.dtype in _HALF else array


if TYPE_CHECKING:

    def __getattr__(name: str) -> Callable[..., jax.Array]: ...


_ADAPTED = {name: adapt(getattr(losses, name)) for name in losses.__all__ if isinstance(getattr(losses, name), Loss)}
globals().update(_ADAPTED)
__all__ = ["adapt", *_ADAPTED]
