"""ctc_loss at the usual sizes of speech and of text in images, beside PyTorch's, forward and with its gradient."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).parent.parent))
from harness.rounds import contest, optional, print_heading, quick_from_arguments
from metrix.losses import ctc_loss

torch = optional("torch")

#: Frames, batch, classes, labels.
SPEECH = [(500, 16, 32, 100), (1500, 32, 32, 250), (500, 16, 1000, 60), (500, 16, 5000, 60)]
TEXT = [(32, 256, 37, 8), (64, 128, 100, 16), (128, 64, 100, 30)]


def bench_ctc_loss(size: tuple[int, int, int, int], dtype: type, threads: int, rounds: int) -> None:
    frames, batch, classes, labels = size
    rng = np.random.default_rng(1)
    logits = rng.normal(size=(frames, batch, classes)).astype(dtype)
    target = rng.integers(1, classes, size=(batch, labels))
    for with_gradient in (False, True):
        call = ctc_loss.value_and_grad if with_gradient else ctc_loss
        calls: dict[str, Callable[[], Any]] = {"metrix": lambda call=call: call(logits, target, num_threads=threads)}
        if torch is not None:
            calls["torch"] = torch_call(logits, target, threads, with_gradient=with_gradient)
        what = "value and gradient" if with_gradient else "value"
        title = f"ctc_loss, T B C S {size} {np.dtype(dtype).name}, {threads} threads: {what}"
        contest(title, calls, inexact=["torch"], rounds=rounds)


def torch_call(logits: Any, target: Any, threads: int, *, with_gradient: bool) -> Callable[[], Any]:
    """With log_softmax, as it is trained."""
    frames, batch, _ = logits.shape
    x, y = torch.from_numpy(logits).requires_grad_(with_gradient), torch.from_numpy(target)
    inputs, labels = torch.full((batch,), frames), torch.full((batch,), target.shape[1])

    def call() -> Any:
        torch.set_num_threads(threads)
        x.grad = None
        value = torch.nn.functional.ctc_loss(x.log_softmax(-1), y, inputs, labels)
        if not with_gradient:
            return value.numpy()
        value.backward()
        return value.detach().numpy(), x.grad.numpy()

    return call


if __name__ == "__main__":
    quick = quick_from_arguments(__doc__ or "")
    print_heading("Losses of sequences", ["torch"], "" if torch is not None else "torch is not installed")
    for size in [SPEECH[0], TEXT[0]] if quick else [*SPEECH, *TEXT]:
        for dtype in (np.float32, np.float64):
            for threads in (1, 2):
                bench_ctc_loss(size, dtype, threads, rounds=3)
