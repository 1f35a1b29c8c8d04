"""Gradients of losses against central differences."""

from __future__ import annotations

from typing import Any

import numpy as np

from metrix.losses._composed import ComposedLoss


def check_gradients(
    loss: ComposedLoss, inputs: list[Any], rng: np.random.Generator, *, places: int = 40, **arguments: Any
) -> None:
    """By every input that has one, at random places; inputs are float64, of one array each."""
    gradients = loss.value_and_grad(*inputs, grad_output=-1.5, **arguments)[1]
    if len(loss.differentiable) == 1:
        gradients = (gradients,)
    step = 1e-6
    for name, gradient in zip(loss.differentiable, gradients, strict=True):
        position = loss.inputs.index(name)
        values = inputs[position]
        assert gradient.shape == values.shape
        size = max(1e-12, np.abs(gradient).max())
        for _ in range(places):
            place = tuple(int(rng.integers(length)) for length in values.shape)
            ends = []
            for sign in (1, -1):
                moved = values.copy()
                moved[place] += sign * step
                ends.append(loss(*inputs[:position], moved, *inputs[position + 1 :], **arguments))
            assert abs(gradient[place] + 1.5 * (ends[0] - ends[1]) / (2 * step)) < 1e-6 * size + 2e-9
