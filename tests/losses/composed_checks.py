"""What holds for every loss that is composed in Python: its terms, and its gradients by each input, with any upstream."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from metrix.losses._composed import ComposedLoss

Oracle = Callable[..., npt.NDArray[np.longdouble]]


def check_against_definition(
    loss: ComposedLoss,
    oracle: Oracle,
    inputs: tuple[Any, ...],
    rng: np.random.Generator,
    *,
    frozen: str | None = None,
    single: float = 2e-5,
    **parameters: Any,
) -> None:
    """Terms and gradients are those of the oracle in extended precision and its central differences.

    ``frozen`` names a parameter of the oracle for what the gradient takes as constant: the first input as it is. ``single``
    is the tolerance of single precision.
    """
    by_name = dict(zip(loss.inputs, inputs))
    wide = {
        name: np.asarray(value, dtype=np.longdouble) if name in loss.differentiable else value
        for name, value in by_name.items()
    }
    constant = {} if frozen is None else {frozen: next(iter(wide.values()))}
    expected = oracle(*wide.values(), **constant, **parameters)
    upstream = rng.normal(size=np.shape(expected))
    values, gradients = loss.value_and_grad(*inputs, reduction="none", grad_output=upstream, **parameters)
    np.testing.assert_allclose(values, expected.astype(np.float64), rtol=1e-10, atol=1e-12)
    if len(loss.differentiable) == 1:
        gradients = (gradients,)
    for name, gradient in zip(loss.differentiable, gradients, strict=True):
        assert gradient.shape == np.shape(by_name[name])
        assert gradient.dtype == np.float64
        differences = central_differences(
            lambda moved, name=name: (
                upstream * oracle(*(wide | {name: moved}).values(), **constant, **parameters)
            ).sum(),
            wide[name],
        )
        np.testing.assert_allclose(gradient, differences.astype(np.float64), rtol=1e-7, atol=1e-8)

    floats = [np.asarray(one, np.float32) if name in loss.differentiable else one for name, one in by_name.items()]
    doubles = [
        np.asarray(one, np.float64) if name in loss.differentiable else one for name, one in zip(by_name, floats)
    ]
    value, gradients = loss.value_and_grad(*floats, **parameters)
    wide_value, wide_gradients = loss.value_and_grad(*doubles, **parameters)
    assert value.dtype == np.float32
    np.testing.assert_allclose(value, wide_value, rtol=single, atol=single)
    if len(loss.differentiable) == 1:
        gradients, wide_gradients = (gradients,), (wide_gradients,)
    for gradient, wide_gradient in zip(gradients, wide_gradients):
        assert gradient.dtype == np.float32
        np.testing.assert_allclose(
            gradient, wide_gradient, rtol=single, atol=single * max(1, np.abs(wide_gradient).max(initial=0))
        )


def central_differences(
    function: Callable[[npt.NDArray[np.longdouble]], Any], at: npt.NDArray[np.longdouble]
) -> npt.NDArray[np.longdouble]:
    """Of fourth order."""
    h = np.longdouble(2.0) ** -20  # so near that a kink hardly ever lies between
    result = np.zeros_like(at)
    for index in np.ndindex(*at.shape):
        values = []
        for step in (-2, -1, 1, 2):
            moved = at.copy()
            moved[index] += step * h
            values.append(function(moved))
        result[index] = (8 * (values[2] - values[1]) - (values[3] - values[0])) / (12 * h)
    return result
