"""Losses as functions of PyTorch with autograd, for tensors on the CPU.

No kernel: wraps ``metrix.losses``. Every loss there is a function here, of the same name and arguments.

Example:
    >>> import torch
    >>> from metrix.adapters.torch import huber_loss
    >>> pred = torch.tensor([0.5, 4.0], requires_grad=True)
    >>> value = huber_loss(pred, torch.tensor([0.0, 1.0]), delta=1.0)
    >>> value.backward()
    >>> pred.grad
    tensor([0.2500, 0.5000])

Each is a custom operator (``torch.ops.metrix.huber_loss``) with its shapes and its autograd, so that ``torch.compile`` and
``torch.export`` take it without a break. Exceptions, which run but break the graph: losses of several terms with
``reduction="none"``, inputs that are lists of tensors, and arguments that no operator can hold.

Conventions:
    float16 and bfloat16 are worked on as float32; the value is float32, gradients have the dtype of their input.
    Elementwise losses can be differentiated twice; the others raise at a second backward, none gives 0 instead.
    ``torch.func``: ``grad``, ``jacrev`` and ``vmap`` (one call for each entry) in any order; forward mode raises (``jvp``,
    ``jacfwd``, and ``hessian``, which takes it): ``jacrev(jacrev(...))`` is a Hessian.
    An input without a gradient (such as targets) that requires one raises; so do tensors on other devices than the CPU.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import torch
from torch.utils._python_dispatch import is_in_torch_dispatch_mode

from metrix import losses
from metrix.adapters._gradients import value_and_gradients
from metrix.adapters._torch_operators import (
    Direct,
    Operator,
    Plain,
    array,
    check_gradient,
    fits,
    mapped,
    raise_at_second_backward,
    schema_types,
)
from metrix.losses._loss import Loss


def adapt(loss: Loss) -> Callable[..., torch.Tensor]:
    """A function over tensors of a loss that stands not in ``metrix.losses``, such as one composed by its user.

    Args:
        loss: any loss; its name becomes that of the operator and must not be taken.
    """
    types = schema_types(loss)
    operator = None if types is None else Operator(loss, types)
    inputs = loss.inputs
    is_elementwise = operator is not None and operator.is_elementwise

    def call(*tensors: Any, **parameters: Any) -> torch.Tensor:
        if len(tensors) != len(inputs):
            raise TypeError(f"{loss.__name__}: expected {len(inputs)} tensors {inputs}, got {len(tensors)}")
        if types is not None and parameters:  # where an array is taken, so is a number
            parameters = {
                name: torch.tensor(value, dtype=torch.float64)
                if types.get(name) == "Tensor?" and isinstance(value, (int, float))
                else value
                for name, value in parameters.items()
            }
        # What is mapped by torch.func does not say whether it has a gradient.
        transforms = _is_transforming()
        wanted = [transforms and name in loss.differentiable for name in inputs]
        records = torch.is_grad_enabled()
        for name, given in [*zip(inputs, tensors), *parameters.items()]:
            for tensor in given if isinstance(given, (list, tuple)) else (given,):
                if isinstance(tensor, torch.Tensor):
                    wants = records and tensor.requires_grad
                    _check(loss, name, tensor, wants)
                    if wants:
                        wanted[inputs.index(name)] = True
                elif name in inputs:
                    raise TypeError(f"{name}: expected a tensor, got {type(tensor).__name__}")
        if (
            operator is not None
            and types is not None
            and (is_elementwise or parameters.get("reduction") != "none")
            and all(name in types and fits(value, types[name]) for name, value in parameters.items())
        ):
            asked = [wanted[at] for at in operator.positions]
            if not _is_plain(tensors):
                return operator.call(*tensors, **parameters, wanted=asked)[0]  # type: ignore[no-any-return]
            arrays = [parameters.pop(name, None) for name in operator.names[len(inputs) :]]
            parameters["wanted"] = asked
            if transforms:
                return Direct.apply(operator, parameters, *tensors, *arrays)[0]  # type: ignore[no-any-return]
            if not any(asked) and getattr(torch.autograd.forward_ad, "_current_level", 0) < 0:
                return operator.value(*tensors, *arrays, **parameters)[0]
            return Plain.apply(operator, parameters, *tensors, *arrays)  # type: ignore[no-any-return]
        run = torch.compiler.disable(_run) if torch.compiler.is_compiling() else _run
        return run(loss, tensors, parameters)

    call.__name__ = call.__qualname__ = loss.__name__
    call.__module__ = __name__
    call.__doc__ = (
        f"As ``{loss.__module__}.{loss.__name__}``, whose arguments these are, over tensors and with autograd."
    )
    call.__signature__ = inspect.signature(loss)  # type: ignore[attr-defined]
    return call


class LossModule(torch.nn.Module):
    """A loss with its parameters as a module.

    Example:
        >>> criterion = LossModule(huber_loss, delta=2.0)
        >>> criterion(torch.tensor([3.0]), torch.tensor([0.0]))
        tensor(4.)
    """

    def __init__(self, loss: Callable[..., torch.Tensor], **parameters: Any) -> None:
        """Of a function of this module and parameters for each call."""
        super().__init__()
        self.loss = loss
        self.parameters_of_loss = parameters

    def forward(self, *inputs: torch.Tensor, **parameters: Any) -> torch.Tensor:
        """The value; parameters given here come before those given at first."""
        return self.loss(*inputs, **{**self.parameters_of_loss, **parameters})

    def extra_repr(self) -> str:
        """The loss and its parameters."""
        named = [f"{name}={value!r}" for name, value in self.parameters_of_loss.items()]
        return ", ".join([str(getattr(self.loss, "__name__", self.loss)), *named])


def _is_plain(tensors: tuple[Any, ...]) -> bool:
    """Whether nothing watches that has to see an operator: no compiler, no mode, no tensors of another kind."""
    return (
        not torch.compiler.is_compiling()
        and not is_in_torch_dispatch_mode()
        and all(
            type(tensor) in (torch.Tensor, torch.nn.Parameter) and tensor.device.type == "cpu" for tensor in tensors
        )
    )


#: Whether something of ``torch.func`` is at work.
_is_transforming: Callable[[], bool] = getattr(torch._C, "_are_functorch_transforms_active", lambda: True)


def _check(loss: Loss, name: str, tensor: torch.Tensor, wants_grad: bool) -> None:
    if tensor.device.type not in ("cpu", "meta"):
        raise ValueError(
            f"{name}: expected a tensor on the CPU, got one on {tensor.device}; pass {name}.cpu(), through which autograd "
            "carries the gradient back"
        )
    check_gradient(loss, name, wants_grad)


class _Eager(torch.autograd.Function):
    """A loss that no operator holds: its gradient is worked out at backward, once."""

    @staticmethod
    def forward(loss: Loss, nested: dict[str, int | None], parameters: dict[str, Any], *flat: torch.Tensor) -> Any:
        """The value."""
        inputs, named = _arguments(loss, nested, flat)
        return torch.as_tensor(loss(*inputs, **parameters, **named))

    @staticmethod
    def setup_context(ctx: Any, inputs: Any, output: Any) -> None:
        """What backward needs."""
        ctx.loss, ctx.nested, ctx.given = inputs[:3]
        ctx.save_for_backward(*inputs[3:])

    @staticmethod
    def backward(ctx: Any, upstream: torch.Tensor) -> Any:
        """Gradients by the inputs that have one."""
        wanted = tuple(ctx.needs_input_grad[3:])
        owners = [name for name, count in ctx.nested.items() for _ in range(1 if count is None else count)]
        for name, wants in zip(owners, wanted, strict=True):
            check_gradient(ctx.loss, name, wants)
        found = _Gradients.apply(ctx.loss, ctx.nested, ctx.given, wanted, upstream, *ctx.saved_tensors)
        return (None, None, None, *(grad if wants else None for grad, wants in zip(found, wanted)))

    @staticmethod
    def vmap(info: Any, in_dims: Any, *arguments: Any) -> Any:
        """One call for each entry of the mapped axis."""
        return mapped(_Eager, info, in_dims, arguments)


class _Gradients(torch.autograd.Function):
    """The gradients of that, one for each tensor and empty where nobody wants it; a second backward raises."""

    @staticmethod
    def forward(
        loss: Loss,
        nested: dict[str, int | None],
        parameters: dict[str, Any],
        wanted: tuple[bool, ...],
        upstream: torch.Tensor,
        *flat: torch.Tensor,
    ) -> Any:
        """As the loss gives them."""
        inputs, named = _arguments(loss, nested, flat)
        each, names = iter(wanted), []
        for name, count in nested.items():
            if sum(next(each) for _ in range(1 if count is None else count)):
                names.append(name)
        given = {**parameters, **named, "grad_output": array(upstream) if upstream.ndim else float(upstream)}
        by_name = dict(zip(names, value_and_gradients(loss, names, inputs, given)[1], strict=True))
        answer: list[Any] = []
        for name, count in nested.items():
            own = by_name.get(name)
            answer += [own] if count is None else [None] * count if own is None else list(own)
        return tuple(
            torch.empty(0) if grad is None else torch.as_tensor(grad).to(tensor.dtype)
            for grad, tensor in zip(answer, flat, strict=True)
        )

    @staticmethod
    def setup_context(ctx: Any, inputs: Any, output: Any) -> None:
        """The name alone."""
        ctx.name = inputs[0].__name__

    @staticmethod
    def backward(ctx: Any, *_: Any) -> Any:
        """An error."""
        raise_at_second_backward(ctx.name)

    @staticmethod
    def vmap(info: Any, in_dims: Any, *arguments: Any) -> Any:
        """One call for each entry of the mapped axis."""
        return mapped(_Gradients, info, in_dims, arguments)


def _arguments(
    loss: Loss, nested: dict[str, int | None], flat: tuple[torch.Tensor, ...]
) -> tuple[list[Any], dict[str, Any]]:
    """Inputs and named arrays, each an array or a list of so many."""
    arrays = iter([array(tensor) for tensor in flat])
    every = {
        name: next(arrays) if count is None else [next(arrays) for _ in range(count)] for name, count in nested.items()
    }
    return [every.pop(name) for name in loss.inputs], every


def _run(loss: Loss, inputs: tuple[Any, ...], parameters: dict[str, Any]) -> torch.Tensor:
    given = {**dict(zip(loss.inputs, inputs)), **parameters}
    arrays = {name: one for name, one in given.items() if name in loss.inputs or isinstance(one, torch.Tensor)}
    nested = {name: len(one) if isinstance(one, (list, tuple)) else None for name, one in arrays.items()}
    flat = [tensor for name, one in arrays.items() for tensor in ((one,) if nested[name] is None else one)]
    fixed = {name: one for name, one in parameters.items() if name not in arrays}
    return _Eager.apply(loss, nested, fixed, *flat)  # type: ignore[no-any-return]


if TYPE_CHECKING:

    def __getattr__(name: str) -> Callable[..., torch.Tensor]: ...


_ADAPTED = {name: adapt(getattr(losses, name)) for name in losses.__all__ if isinstance(getattr(losses, name), Loss)}
globals().update(_ADAPTED)
__all__ = ["LossModule", "adapt", *_ADAPTED]
