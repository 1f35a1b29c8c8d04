"""What adapters ask of any loss.

No kernel: wraps ``metrix.losses``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from metrix.losses._loss import Loss


def value_and_gradients(
    loss: Loss, names: Sequence[str], inputs: Sequence[Any], given: Mapping[str, Any]
) -> tuple[Any, tuple[Any, ...]]:
    """The value, and the gradients by the inputs of these names alone."""
    if not names:
        return loss(*inputs, **given), ()
    if len(loss.differentiable) == 1:
        value, gradient = loss.value_and_grad(*inputs, **given)
        return value, (gradient,)
    return loss.value_and_grad(*inputs, wrt=tuple(names), **given)
