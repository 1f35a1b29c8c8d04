"""Gradients by central differences, for losses of whole arrays."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np


def check_gradient(
    value: Callable[[Any], Any], at: Any, gradient: Any, rng: np.random.Generator, count: int = 30, step: float = 1e-6
) -> None:
    """At ``count`` random places of an array, and all together along a random direction."""
    assert gradient.shape == at.shape
    for place in rng.choice(at.size, min(count, at.size), replace=False):
        move = np.zeros(at.size)
        move[place] = step
        move = move.reshape(at.shape)
        slope = (value(at + move) - value(at - move)) / (2 * step)
        np.testing.assert_allclose(gradient.ravel()[place], slope, rtol=2e-6, atol=2e-7)
    direction = rng.normal(size=at.shape)
    slope = (value(at + step * direction) - value(at - step * direction)) / (2 * step)
    np.testing.assert_allclose((gradient * direction).sum(), slope, rtol=1e-5, atol=1e-6)
