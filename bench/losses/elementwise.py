"""One elementwise loss against NumPy as one would write it, and against PyTorch where it is installed."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).parent.parent))
from harness.rounds import contest, optional, print_heading, quick_from_arguments
from metrix import losses

torch = optional("torch")

#: (prediction, target) -> value of the mean, and the same with its gradient.
NumpyPair = tuple[Callable[[Any, Any], Any], Callable[[Any, Any], Any]]


def of(value: Any, gradient: Any) -> NumpyPair:
    """A mean and its gradient from formulas of the difference."""
    return (
        lambda x, y: value(x - y).mean(),
        lambda x, y: (value(r := x - y).mean(), gradient(r) / r.dtype.type(r.size)),
    )


@dataclass(frozen=True)
class Subject:
    """A loss, what a careful NumPy user would write, and its name in torch.nn.functional."""

    name: str
    numpy: NumpyPair
    torch: str | None = None
    targets: str = "real"


def compare(title: str, subjects: list[Subject], description: str) -> None:
    """All subjects at all sizes."""
    quick = quick_from_arguments(description)
    print_heading(title, ["torch"], "" if torch is not None else "torch is not installed")
    for size in (1000, 1_000_000) if quick else (1000, 1_000_000, 30_000_000):
        for dtype in (np.float32, np.float64):
            for subject in subjects:
                for threads in (1, 2):
                    one_contest(subject, size, dtype, threads, rounds=3 if size > 1e7 else 7)


def one_contest(subject: Subject, size: int, dtype: type, threads: int, rounds: int) -> None:
    """The value alone, then the value with its gradient."""
    rng = np.random.default_rng(1)
    pred = rng.uniform(0.01, 0.99, size).astype(dtype)
    target = (rng.integers(0, 2, size) if subject.targets == "label" else rng.uniform(0.01, 0.99, size)).astype(dtype)
    loss = getattr(losses, subject.name)
    value, value_and_grad = subject.numpy
    label = f"{subject.name}, {size} x {np.dtype(dtype).name}, {threads} threads"
    for what, ours, numpys in (
        ("value", lambda: loss(pred, target, num_threads=threads), lambda: value(pred, target)),
        (
            "value and gradient",
            lambda: loss.value_and_grad(pred, target, num_threads=threads),
            lambda: value_and_grad(pred, target),
        ),
    ):
        calls = {"metrix": ours, "NumPy": numpys}
        if torch is not None and subject.torch is not None:
            calls["torch"] = torch_call(subject.torch, pred, target, threads, with_gradient=what != "value")
        if what == "value" or subject.torch is None or torch is None:
            calls["read once"] = lambda: (pred.max(), target.max())
        contest(f"{label}: {what}", calls, inexact=["NumPy", "torch"], uncompared=["read once"], rounds=rounds)


def torch_call(name: str, pred: Any, target: Any, threads: int, *, with_gradient: bool) -> Callable[[], Any]:
    """Forward, or forward and backward."""
    function = getattr(torch.nn.functional, name)
    x, y = torch.from_numpy(pred).requires_grad_(with_gradient), torch.from_numpy(target)

    def call() -> Any:
        torch.set_num_threads(threads)
        x.grad = None
        result = function(x, y)
        if not with_gradient:
            return result.numpy()
        result.backward()
        return result.detach().numpy(), x.grad.numpy()

    return call
