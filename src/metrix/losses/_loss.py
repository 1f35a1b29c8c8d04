"""How every loss is called, whatever works it out."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any, Literal

import numpy.typing as npt

from metrix.losses._arguments import Array, MeanDenominator, Reduction
from metrix.losses._facts import Facts

Hess = Literal["exact", "clip", "abs", "ones"]


class Loss:
    """A documented object with the name, the parameters and the documentation of the function that defines it.

    Call it for the value; ``value_and_grad`` gives the gradient as well, ``grad_hess`` two derivatives where the loss has
    them for each element.
    """

    __name__: str
    __qualname__: str
    #: Tasks, range and properties, for the registry.
    facts: Facts
    #: Names of the inputs, and of those for which there is a gradient.
    inputs: tuple[str, ...]
    differentiable: tuple[str, ...]

    def __init__(
        self,
        define: Callable[..., Any],
        facts: Facts,
        *,
        inputs: tuple[str, ...],
        differentiable: tuple[str, ...],
        signature: inspect.Signature,
        common: str,
    ) -> None:
        """Take over what the defining function says; ``common`` documents the arguments it shares with others."""
        self.__name__ = define.__name__
        self.__qualname__ = define.__qualname__
        self.__module__ = define.__module__
        self.__doc__ = inspect.cleandoc(define.__doc__ or "") + "\n" + common
        self.__signature__ = signature
        self.facts = facts
        self.inputs = inputs
        self.differentiable = differentiable
        self._define = define

    def __repr__(self) -> str:
        """Its name and parameters."""
        return f"<loss {self.__name__}{self.__signature__}>"

    def __reduce__(self) -> str:
        """Pickled by name, as functions are."""
        return self.__qualname__

    def __call__(self, *inputs: Any, **arguments: Any) -> Any:
        """The value."""
        raise NotImplementedError

    def value_and_grad(self, *inputs: Any, grad_output: Any = None, **arguments: Any) -> tuple[Any, Any]:
        """The value and its gradient."""
        raise NotImplementedError

    def grad_hess(self, *inputs: Any, hess: Hess | None = None, **arguments: Any) -> tuple[Array, Array]:
        """First and second derivative of each element, of losses that have one term for each element or row."""
        raise TypeError(f"{self.__name__}.grad_hess: this loss has no second derivative of each element")


def signature_of(define: Callable[..., Any], common: Callable[..., Any]) -> inspect.Signature:
    """Inputs and own parameters of a loss, then the common ones that it has not named itself."""
    parameters = inspect.signature(define).parameters
    own = [parameter for name, parameter in parameters.items() if name != "needs_gradient"]
    shared = [parameter for name, parameter in inspect.signature(common).parameters.items() if name not in parameters]
    inputs = [parameter for parameter in [*own, *shared] if parameter.kind is parameter.POSITIONAL_ONLY]
    named = [parameter for parameter in [*own, *shared] if parameter.kind is not parameter.POSITIONAL_ONLY]
    return inspect.Signature([*inputs, *named])


def reducing(
    *,
    weight: npt.ArrayLike | None = None,
    mask: npt.ArrayLike | None = None,
    reduction: Reduction = "mean",
    mean_denominator: MeanDenominator = "weights",
) -> None:
    """The arguments of losses that reduce terms."""
