"""Losses as operators of PyTorch, which its compiler and its autograd know.

No kernel: wraps ``metrix.losses``. An operator answers with the value and the gradients of it in one pass, so that
backward multiplies alone. Backward through the gradients is the second derivative of elementwise losses; that of others
raises. Were it passed over, a double backward would be 0 without a word.
"""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from typing import Any, NoReturn

import numpy as np
import numpy.typing as npt
import torch

from metrix.adapters._gradients import value_and_gradients
from metrix.losses._elementwise import ElementwiseLoss
from metrix.losses._loss import Loss

_HALF = (torch.float16, torch.bfloat16)
#: Types of parameters that a schema can hold, by their annotation; arrays are tensors.
_TYPES = {
    "npt.ArrayLike": "Tensor?",
    "float | npt.ArrayLike": "Tensor?",
    "bool": "bool",
    "float": "float",
    "int": "int",
    "str": "str",
}
_MAY_BE = {"Tensor?": torch.Tensor, "bool": bool, "float": (int, float), "int": int, "str": str}


def array(tensor: torch.Tensor) -> npt.NDArray[Any]:
    """As NumPy has it; without a copy but of bfloat16, which NumPy lacks."""
    return np.asarray((tensor.float() if tensor.dtype == torch.bfloat16 else tensor).numpy(force=True))


def schema_types(loss: Loss) -> dict[str, str] | None:
    """Types of the parameters that fit into a schema; None where an input is no single tensor."""
    types = {}
    for name, parameter in inspect.signature(loss).parameters.items():
        annotation = str(parameter.annotation)
        if name in loss.inputs:
            if "Sequence" in annotation or "list" in annotation or parameter.default is not parameter.empty:
                return None
            continue
        if isinstance(parameter.default, str):
            types[name] = "str"
            continue
        kind = _TYPES.get(annotation.removesuffix(" | None"))
        if kind is not None:
            types[name] = kind + ("?" if "None" in annotation and kind != "Tensor?" else "")
    return types


def fits(value: Any, kind: str) -> bool:
    """Whether an argument of this type can be passed through the schema."""
    if value is None:
        return kind.endswith("?")
    kind = kind if kind == "Tensor?" else kind.rstrip("?")
    return isinstance(value, _MAY_BE[kind]) and (kind == "bool" or not isinstance(value, bool))  # type: ignore[arg-type]


def check_gradient(loss: Loss, name: str, is_wanted: bool) -> None:
    """Of what a loss has no gradient by, nobody may want one."""
    if is_wanted and name not in loss.differentiable:
        raise ValueError(f"{name}: {loss.__name__} has no gradient by it; pass {name}.detach()")


def raise_at_second_backward(name: str) -> NoReturn:
    """What must not be 0 without a word."""
    raise NotImplementedError(
        f"{name}: a second backward (create_graph=True) is not defined; only elementwise losses have a second derivative "
        "here"
    )


class Once(torch.autograd.Function):
    """The identity of a gradient, which raises where somebody differentiates it by what the loss was given."""

    generate_vmap_rule = True

    @staticmethod
    def forward(name: str, grad: torch.Tensor, *inputs: torch.Tensor) -> torch.Tensor:
        """The gradient."""
        return grad.view_as(grad)

    @staticmethod
    def setup_context(ctx: Any, inputs: Any, output: Any) -> None:
        """The name alone."""
        ctx.name = inputs[0]

    @staticmethod
    def backward(ctx: Any, *_: Any) -> Any:
        """An error."""
        raise_at_second_backward(ctx.name)


class Plain(torch.autograd.Function):
    """What an operator does, without its dispatcher, which costs many times a small loss.

    Inputs are those of the operator, but for what is named, which comes in a dict; the output is the value alone.
    """

    @staticmethod
    def forward(ctx: Any, operator: Operator, named: dict[str, Any], *tensors: torch.Tensor | None) -> torch.Tensor:
        """The value; the gradients are kept."""
        value, *gradients = operator.value(*tensors, **named)
        ctx.operator, ctx.named = operator, named
        ctx.save_for_backward(*tensors, *gradients)
        return value

    @staticmethod
    def backward(ctx: Any, upstream: Any) -> Any:
        """The gradients times that by the value; if these are differentiated again, they are asked for again."""
        operator, saved = ctx.operator, ctx.saved_tensors
        inputs, gradients = saved[: len(operator.names)], saved[len(operator.names) :]
        if operator.is_elementwise and torch.is_grad_enabled():
            gradients = Direct.apply(operator, ctx.named, *inputs)[1:]
        needed = ctx.needs_input_grad[2:]
        return None, None, *operator.gradients(inputs, gradients, ctx.named["wanted"], needed, upstream)


class Direct(torch.autograd.Function):
    """The same for ``torch.func``, with the gradients among the outputs as the operator has them."""

    @staticmethod
    def forward(operator: Operator, named: dict[str, Any], *tensors: torch.Tensor | None) -> Any:
        """The value and the gradients."""
        return operator.value(*tensors, **named)

    @staticmethod
    def setup_context(ctx: Any, inputs: Any, output: Any) -> None:
        """As of the operator."""
        ctx.operator, named, *tensors = inputs
        ctx.operator.remember(ctx, tensors, named, output)

    @staticmethod
    def backward(ctx: Any, *upstreams: Any) -> Any:
        """As of the operator."""
        return None, None, *ctx.operator.backward(ctx, ctx.needs_input_grad[2:], *upstreams)

    @staticmethod
    def vmap(info: Any, in_dims: Any, *arguments: Any) -> Any:
        """One call for each entry of the mapped axis."""
        return mapped(Direct, info, in_dims, arguments)

    @staticmethod
    def jvp(ctx: Any, *_: Any) -> Any:
        """An error."""
        raise NotImplementedError(
            f"{ctx.operator.loss.__name__}: forward mode (jvp, jacfwd) is not defined; take jacrev"
        )


class Second(torch.autograd.Function):
    """The second derivative of each element, which has no derivative itself."""

    @staticmethod
    def forward(operator: Operator, named: dict[str, Any], *tensors: torch.Tensor | None) -> Any:
        """The second derivatives."""
        return operator.second_derivative(*tensors, **named)

    @staticmethod
    def setup_context(ctx: Any, inputs: Any, output: Any) -> None:
        """The name alone."""
        ctx.name = inputs[0].loss.__name__

    @staticmethod
    def backward(ctx: Any, *_: Any) -> Any:
        """An error."""
        raise NotImplementedError(f"{ctx.name}: a third derivative is not defined")

    @staticmethod
    def vmap(info: Any, in_dims: Any, *arguments: Any) -> Any:
        """One call for each entry of the mapped axis."""
        return mapped(Second, info, in_dims, arguments)


def mapped(function: Any, info: Any, in_dims: Any, arguments: Any) -> Any:
    """A function of each entry of the axes that ``vmap`` maps, stacked along a first one."""
    every = [
        function.apply(
            *(one.select(axis, at) if isinstance(axis, int) else one for one, axis in zip(arguments, in_dims))
        )
        for at in range(info.batch_size)
    ]
    if isinstance(every[0], torch.Tensor):
        return torch.stack(every), 0
    return tuple(torch.stack(parts) for parts in zip(*every)), (0,) * len(every[0])


class Operator:
    """A loss registered as ``torch.ops.metrix.<name>``, from inputs and parameters to the value and its gradients."""

    def __init__(self, loss: Loss, types: Mapping[str, str]) -> None:
        """Register; the schema holds inputs, parameters, and whether gradients are wanted."""
        self.loss = loss
        self.positions = [loss.inputs.index(name) for name in loss.differentiable]
        self.is_elementwise = isinstance(loss, ElementwiseLoss)
        # PyTorch wants tensors first: inputs, then arrays such as weights, then what is named.
        self.names = [*loss.inputs, *(name for name, kind in types.items() if kind == "Tensor?")]
        defaults = inspect.signature(loss).parameters
        #: Arrays that are not None where nobody gives them.
        self.numbers = {name for name in self.names if defaults[name].default not in (None, inspect.Parameter.empty)}
        others = [
            f"{kind} {name}{_default(defaults[name].default)}" for name, kind in types.items() if kind != "Tensor?"
        ]
        arguments = ", ".join(
            [f"Tensor {name}" if name in loss.inputs else f"Tensor? {name}=None" for name in self.names]
            + ["*", *others]
        )
        outputs = ", ".join(["Tensor"] * (1 + len(self.positions)))
        self.call = _register(loss.__name__, f"({arguments}, bool[] wanted) -> ({outputs})", self.value)
        self.call.register_fake(self._fake)
        self.call.register_autograd(self._backward, setup_context=self._remember)
        self.second: Any = None
        if self.is_elementwise:
            self.second = _register(loss.__name__ + "_second", f"({arguments}) -> Tensor", self.second_derivative)
            self.second.register_fake(lambda pred, *_, **__: torch.empty(pred.shape, dtype=_computed(pred.dtype)))

    def _split(self, tensors: Any, parameters: Mapping[str, Any]) -> tuple[list[Any], dict[str, Any]]:
        """Inputs and named parameters, as NumPy has them."""
        count = len(self.loss.inputs)
        arrays = [None if tensor is None else array(tensor) for tensor in tensors]
        named = {
            name: given if given is None or given.ndim else given.item()
            for name, given in zip(self.names[count:], arrays[count:])
            if given is not None or name not in self.numbers
        }
        return arrays[:count], {**named, **parameters}

    def value(self, *tensors: Any, wanted: Sequence[bool], **parameters: Any) -> tuple[torch.Tensor, ...]:
        inputs, given = self._split(tensors, parameters)
        names = [name for name, wants in zip(self.loss.differentiable, wanted, strict=True) if wants]
        value, found = value_and_gradients(self.loss, names, inputs, given)
        gradients = iter(found)
        return (
            _tensor(value, _computed(tensors[0].dtype)),
            *(
                _tensor(next(gradients), _computed(tensors[at].dtype)) if wants else torch.empty(0)
                for at, wants in zip(self.positions, wanted, strict=True)
            ),
        )

    def _fake(
        self, *tensors: Any, wanted: Sequence[bool], reduction: str = "mean", **_: Any
    ) -> tuple[torch.Tensor, ...]:
        shape = tensors[0].shape if reduction == "none" else ()
        gradients = (
            torch.empty(tensors[at].shape, dtype=_computed(tensors[at].dtype)) if wants else torch.empty(0)
            for at, wants in zip(self.positions, wanted, strict=True)
        )
        return torch.empty(shape, dtype=_computed(tensors[0].dtype)), *gradients

    def _remember(self, ctx: Any, inputs: Any, keyword_only_inputs: dict[str, Any], output: Any) -> None:
        self.remember(ctx, inputs, keyword_only_inputs, output)
        ctx.second = self.second

    def remember(self, ctx: Any, inputs: Any, keyword_only_inputs: dict[str, Any], output: Any) -> None:
        """What backward needs."""
        ctx.second = None
        ctx.set_materialize_grads(False)  # None tells a first backward from a second one
        ctx.parameters = {name: value for name, value in keyword_only_inputs.items() if name != "wanted"}
        ctx.wanted = keyword_only_inputs["wanted"]
        ctx.save_for_backward(*inputs, *output[1:])
        if not self.is_elementwise:
            ctx.mark_non_differentiable(*output[1:])

    def _backward(self, ctx: Any, *upstreams: Any) -> tuple[Any, ...]:
        return self.backward(ctx, ctx.needs_input_grad, *upstreams)

    def backward(self, ctx: Any, needed: Sequence[bool], upstream: Any, *upstreams: Any) -> tuple[Any, ...]:
        """Gradients by the inputs, given those by the value and by its gradients."""
        inputs, gradients = ctx.saved_tensors[: len(self.names)], ctx.saved_tensors[len(self.names) :]
        answer = self.gradients(inputs, gradients, ctx.wanted, needed, upstream)
        if not self.is_elementwise or upstreams[0] is None:
            return answer
        second = (
            Second.apply(self, ctx.parameters, *inputs) if ctx.second is None else ctx.second(*inputs, **ctx.parameters)
        )
        bent = upstreams[0] * second
        return (bent.to(inputs[0].dtype) if answer[0] is None else answer[0] + bent), *answer[1:]

    def gradients(
        self,
        inputs: Sequence[Any],
        gradients: Sequence[Any],
        wanted: Sequence[bool],
        needed: Sequence[bool],
        upstream: Any,
    ) -> tuple[Any, ...]:
        """Gradients by the inputs, given that by the value."""
        for name, is_needed in zip(self.names, needed):
            check_gradient(self.loss, name, is_needed)
        answer: list[Any] = [None] * len(inputs)
        for at, gradient, wants in zip(self.positions, gradients, wanted, strict=True):
            if not needed[at]:
                continue
            if not wants:
                raise RuntimeError(
                    f"{self.loss.__name__}: a gradient by {self.names[at]} that the call did not ask for"
                )
            if upstream is not None:
                answer[at] = (upstream * gradient).to(inputs[at].dtype)
        if self.is_elementwise or not torch.is_grad_enabled():
            return tuple(answer)
        given = [tensor for tensor in inputs if tensor is not None]
        return tuple(None if grad is None else Once.apply(self.loss.__name__, grad, *given) for grad in answer)

    def second_derivative(
        self,
        *tensors: Any,
        reduction: str = "mean",
        mean_denominator: str = "weights",
        **parameters: Any,
    ) -> torch.Tensor:
        (pred, target), given = self._split(tensors, parameters)
        hess = self.loss.grad_hess(pred, target, hess="exact", **given)[1]
        if reduction == "mean":
            hess = hess / _divisor(pred.shape, given.get("weight"), given.get("mask"), mean_denominator)
        elif reduction == "batchmean":
            hess = hess / len(pred)
        return _tensor(hess, _computed(tensors[0].dtype))


def _register(name: str, schema: str, body: Any) -> Any:
    return torch.library.custom_op(f"metrix::{name}", body, mutates_args=(), device_types="cpu", schema=schema)


def _default(value: Any) -> str:
    if value is inspect.Parameter.empty:
        return ""
    return f'="{value}"' if isinstance(value, str) else f"={value}"


def _computed(dtype: torch.dtype) -> torch.dtype:
    return torch.float32 if dtype in _HALF else dtype


def _tensor(values: Any, dtype: torch.dtype) -> torch.Tensor:
    if values.ndim == 0:
        return torch.tensor(values.item(), dtype=dtype)
    return torch.from_numpy(np.ascontiguousarray(values)).to(dtype)


def _divisor(shape: tuple[int, ...], weight: Any, mask: Any, mean_denominator: str) -> float:
    """What the mean divides by."""

    def spread(leading: Any) -> Any:
        return np.broadcast_to(leading.reshape(leading.shape + (1,) * (len(shape) - leading.ndim)), shape)

    counted = np.ones(shape) if mask is None else spread(mask)
    if weight is not None and mean_denominator == "weights":
        counted = counted * spread(weight).astype(np.float64)
    return float(counted.sum())
