"""One loss of rows against NumPy as one would write it, and against PyTorch where it is installed."""

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


@dataclass(frozen=True)
class Subject:
    """A loss, what a careful NumPy user would write for value and gradient, and what PyTorch's users write."""

    name: str
    #: (prediction, target) -> the mean and its gradient; the class axis is the second.
    numpy: Callable[[Any, Any], Any]
    #: The same in PyTorch, without the gradient.
    torch: Callable[[Any, Any], Any] | None
    predictions: str = "logits"
    targets: str = "labels"


def compare(title: str, subjects: list[Subject], description: str) -> None:
    """All subjects in all shapes: rows of classes, and images."""
    quick = quick_from_arguments(description)
    print_heading(title, ["torch"], "" if torch is not None else "torch is not installed")
    shapes: list[tuple[int, ...]] = [(100, 10), (100_000, 10), (2_000, 1000), (2, 19, 256, 256)]
    if not quick:
        shapes += [(100_000, 1000), (8, 19, 512, 512)]
    for shape in shapes:
        for dtype in (np.float32, np.float64):
            for subject in subjects:
                for threads in (1, 2) if np.prod(shape) > 1e5 else (1,):  # so little is not worth a second one
                    one_contest(subject, shape, dtype, threads, rounds=3 if np.prod(shape) > 1e7 else 7)


def one_contest(subject: Subject, shape: tuple[int, ...], dtype: type, threads: int, rounds: int) -> None:
    """The value alone, then the value with its gradient."""
    rng = np.random.default_rng(1)
    pred, target = drawn(rng, subject.predictions, shape, dtype), drawn(rng, subject.targets, shape, dtype)
    loss = getattr(losses, subject.name)
    label = f"{subject.name}, {' x '.join(map(str, shape))} {np.dtype(dtype).name}, {threads} threads"
    values: dict[str, Callable[[], Any]] = {"metrix": lambda: loss(pred, target, num_threads=threads)}
    gradients: dict[str, Callable[[], Any]] = {"metrix": lambda: loss.value_and_grad(pred, target, num_threads=threads)}
    if pred.size < 3e7:
        gradients["NumPy"] = lambda: subject.numpy(pred, target)
    if torch is not None and subject.torch is not None:
        values["torch"] = torch_call(subject.torch, pred, target, threads, with_gradient=False)
        gradients["torch"] = torch_call(subject.torch, pred, target, threads, with_gradient=True)
    for what, calls in (("value", values), ("value and gradient", gradients)):
        contest(f"{label}: {what}", calls, inexact=["NumPy", "torch"], rounds=rounds)


def drawn(rng: np.random.Generator, kind: str, shape: tuple[int, ...], dtype: type) -> Any:
    """Labels, or numbers for each class."""
    if kind == "labels":
        return rng.integers(0, shape[1], size=(shape[0], *shape[2:]))
    if kind == "logits":
        return rng.standard_normal(size=shape, dtype=np.float32).astype(dtype)
    values = rng.random(size=shape, dtype=np.float32).astype(dtype) + dtype(0.01)
    values /= values.sum(axis=1, keepdims=True)
    return np.log(values) if kind == "log probabilities" else values


def torch_call(
    function: Callable[[Any, Any], Any], pred: Any, target: Any, threads: int, *, with_gradient: bool
) -> Callable[[], Any]:
    """Forward, or forward and backward."""
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
