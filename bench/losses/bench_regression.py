#!/usr/bin/env python3
"""Elementwise losses of regression against NumPy and PyTorch.

python bench/losses/bench_regression.py [--quick]
"""

from __future__ import annotations

from typing import Any

import numpy as np
from elementwise import Subject, compare, contest, of, torch

from metrix import losses


def poisson(x: Any, y: Any) -> Any:
    """With a log rate."""
    rate = np.exp(x)
    return (rate - y * x).mean(), (rate - y) / x.dtype.type(x.size)


SUBJECTS = [
    Subject("mse_loss", of(np.square, lambda r: 2 * r), "mse_loss"),
    Subject("l1_loss", of(np.abs, np.sign), "l1_loss"),
    Subject(
        "huber_loss",
        of(lambda r: np.where(np.abs(r) < 1, 0.5 * r * r, np.abs(r) - 0.5), lambda r: np.clip(r, -1, 1)),
        "huber_loss",
    ),
    Subject("log_cosh_loss", of(lambda r: np.logaddexp(r, -r) - np.log(2).astype(r.dtype), np.tanh)),
    Subject("poisson_nll_loss", (lambda x, y: (np.exp(x) - y * x).mean(), poisson), "poisson_nll_loss"),
]


def compare_gaussian(sizes: tuple[int, ...]) -> None:
    """The likelihood of normal distributions, whose three inputs have two gradients."""
    for size in sizes:
        for dtype in (np.float32, np.float64):
            rng = np.random.default_rng(2)
            x, y = rng.normal(size=(2, size)).astype(dtype)
            variance = rng.uniform(0.1, 2, size).astype(dtype)

            def in_numpy(x: Any = x, y: Any = y, v: Any = variance) -> Any:
                r, inverse = x - y, 1 / v
                scaled = r * inverse
                share = x.dtype.type(1 / x.size)
                value = (0.5 * (np.log(v) + r * scaled)).mean()
                return value, scaled * share, 0.5 * (inverse - scaled * scaled) * share

            def ours(x: Any = x, y: Any = y, v: Any = variance) -> Any:
                value, (by_mean, by_variance) = losses.gaussian_nll_loss.value_and_grad(x, y, v)
                return value, by_mean, by_variance

            calls = {"metrix": ours, "NumPy": in_numpy}
            if torch is not None:
                calls["torch"] = gaussian_in_torch(x, y, variance)
            label = f"gaussian_nll_loss, {size} x {np.dtype(dtype).name}: value and gradients"
            contest(label, calls, inexact=["NumPy", "torch"], rounds=7)


def gaussian_in_torch(x: Any, y: Any, variance: Any) -> Any:
    """Forward and backward."""
    mean, spread = torch.from_numpy(x).requires_grad_(), torch.from_numpy(variance).requires_grad_()

    def call() -> Any:
        mean.grad = spread.grad = None
        value = torch.nn.functional.gaussian_nll_loss(mean, torch.from_numpy(y), spread)
        value.backward()
        return value.detach().numpy(), mean.grad.numpy(), spread.grad.numpy()

    return call


if __name__ == "__main__":
    compare("Losses of regression", SUBJECTS, __doc__ or "")
    compare_gaussian((1000, 1_000_000))
