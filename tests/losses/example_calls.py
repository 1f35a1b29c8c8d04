"""Real calls of every loss, taken from the examples of their docstrings: for what must hold for all of them."""

from __future__ import annotations

import doctest
from dataclasses import dataclass
from typing import Any

import numpy as np

from metrix import losses
from metrix.losses._loss import Loss

EVERY = [name for name in losses.__all__ if isinstance(getattr(losses, name), Loss)]


@dataclass(frozen=True)
class Call:
    inputs: tuple[Any, ...]
    arguments: dict[str, Any]


class _Recorder:
    """Stands for a loss in its example and remembers how it is called."""

    def __init__(self, loss: Loss) -> None:
        self.loss = loss
        self.calls: list[Call] = []

    def __getattr__(self, name: str) -> Any:
        asked = getattr(self.loss, name)
        if name not in ("value_and_grad", "grad_hess"):
            return asked

        def remember(*inputs: Any, **arguments: Any) -> Any:
            own = {key: value for key, value in arguments.items() if key not in ("grad_output", "wrt", "hess")}
            self.calls.append(Call(inputs, own))
            return asked(*inputs, **arguments)

        return remember

    def __call__(self, *inputs: Any, **arguments: Any) -> Any:
        self.calls.append(Call(inputs, dict(arguments)))
        return self.loss(*inputs, **arguments)


def example_call(name: str) -> Call:
    """The first call in the example of a loss, its numbers as arrays: float64 where they are no integers."""
    recorder = _Recorder(getattr(losses, name))
    names = vars(losses) | {"np": np, name: recorder}
    test = doctest.DocTestParser().get_doctest(recorder.loss.__doc__ or "", names, name, None, None)
    with np.errstate(all="ignore"):
        doctest.DocTestRunner(verbose=False).run(test, out=lambda _: None)
    assert recorder.calls, f"the example of {name} does not call it"
    call = recorder.calls[0]
    loss = recorder.loss
    inputs = tuple(
        _as_arrays(given, number=name in loss.differentiable)
        for name, given in zip(loss.inputs, call.inputs, strict=False)
    )
    return Call(inputs, {key: value for key, value in call.arguments.items() if key != "reduction"})


def _as_arrays(given: Any, number: bool) -> Any:
    if isinstance(given, (list, tuple)) and given and isinstance(given[0], np.ndarray):
        return [_as_arrays(part, number) for part in given]
    array = np.array(given)
    return array.astype(np.float64) if number or array.dtype.kind == "f" else array
