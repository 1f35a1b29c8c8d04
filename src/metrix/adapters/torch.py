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
    An input without a gradient (such as targets) that requires one raises; so do tensors on other devices than the CPU.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import torch

from metrix import losses
from metrix.adapters._gradients import value_and_gradients
from metrix.adapters._torch_operators import Once, Operator, array, fits, schema_types
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
        wanted = [False] * len(inputs)
        if types is not None:  # where an array is taken, so is a number
            parameters = {
                name: torch.tensor(value, dtype=torch.float64)
                if types.get(name) == "Tensor?" and isinstance(value, (int, float))
                else value
                for name, value in parameters.items()
            }
        for name, given in [*zip(inputs, tensors), *parameters.items()]:
            for tensor in given if isinstance(given, (list, tuple)) else (given,):
                if isinstance(tensor, torch.Tensor):
                    wants = tensor.requires_grad and torch.is_grad_enabled()
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
            return operator.call(*tensors, **parameters, wanted=asked)[0]  # type: ignore[no-any-return]
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


def _check(loss: Loss, name: str, tensor: torch.Tensor, wants_grad: bool) -> None:
    if tensor.device.type not in ("cpu", "meta"):
        raise ValueError(
            f"{name}: expected a tensor on the CPU, got one on {tensor.device}; pass {name}.cpu(), through which autograd "
            "carries the gradient back"
        )
    if wants_grad and name not in loss.differentiable:
        raise ValueError(f"{name}: {loss.__name__} has no gradient by it; pass {name}.detach()")


class _Eager(torch.autograd.Function):
    """A loss that no operator holds: its gradient is worked out at backward, once."""

    @staticmethod
    def forward(ctx: Any, loss: Loss, nested: list[Any], parameters: dict[str, Any], *flat: torch.Tensor) -> Any:
        """The value."""
        ctx.save_for_backward(*flat)
        ctx.loss, ctx.nested, ctx.given = loss, nested, parameters
        arrays = iter([array(tensor) for tensor in flat])
        value = loss(*[_filled(shape, arrays) for shape in nested], **parameters)
        return torch.as_tensor(value)

    @staticmethod
    def backward(ctx: Any, upstream: torch.Tensor) -> Any:
        """Gradients by the inputs that have one."""
        arrays = iter([array(tensor) for tensor in ctx.saved_tensors])
        inputs = [_filled(shape, arrays) for shape in ctx.nested]
        scale: Any = array(upstream) if upstream.ndim else float(upstream)
        flat, wanted = iter(ctx.needs_input_grad[3:]), []
        for name, count in zip(ctx.loss.inputs, ctx.nested, strict=True):
            if sum(next(flat) for _ in range(1 if count is None else count)):
                wanted.append(name)
        given = {**ctx.given, "grad_output": scale}
        by_name = dict(zip(wanted, value_and_gradients(ctx.loss, wanted, inputs, given)[1], strict=True))
        answer: list[Any] = []
        for name, count in zip(ctx.loss.inputs, ctx.nested, strict=True):
            own = by_name.get(name)
            answer += [own] if count is None else [None] * count if own is None else list(own)
        dtypes = [tensor.dtype for tensor in ctx.saved_tensors]
        tensors = [None if grad is None else torch.as_tensor(grad).to(dtype) for grad, dtype in zip(answer, dtypes)]
        if torch.is_grad_enabled():
            name, saved = ctx.loss.__name__, ctx.saved_tensors
            tensors = [None if grad is None else Once.apply(name, grad, upstream, *saved) for grad in tensors]
        return (None, None, None, *tensors)


def _filled(count: int | None, arrays: Any) -> Any:
    """An array, or a list of so many."""
    return next(arrays) if count is None else [next(arrays) for _ in range(count)]


def _run(loss: Loss, inputs: tuple[Any, ...], parameters: dict[str, Any]) -> torch.Tensor:
    nested = [len(given) if isinstance(given, (list, tuple)) else None for given in inputs]
    flat = [
        tensor for given, count in zip(inputs, nested, strict=True) for tensor in ((given,) if count is None else given)
    ]
    given = {name: array(value) if isinstance(value, torch.Tensor) else value for name, value in parameters.items()}
    return _Eager.apply(loss, nested, given, *flat)  # type: ignore[no-any-return]


if TYPE_CHECKING:

    def __getattr__(name: str) -> Callable[..., torch.Tensor]: ...


_ADAPTED = {name: adapt(getattr(losses, name)) for name in losses.__all__ if isinstance(getattr(losses, name), Loss)}
globals().update(_ADAPTED)
__all__ = ["LossModule", "adapt", *_ADAPTED]
