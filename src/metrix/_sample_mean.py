"""Means of one term per sample: the same sums for a function and for batches."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from metrix._arrays import as_ndarray
from metrix._regression import Sums, groups_of, state_of

FloatArray = npt.NDArray[np.float64]
Function = TypeVar("Function", bound=Callable[..., Any])

_TERMS: dict[Any, Callable[..., FloatArray]] = {}


class Skipping:
    """Terms of which NaN is left out of the mean, as of samples that have no value."""

    def __init__(self, terms: FloatArray) -> None:
        self.terms = terms


def is_mean_of(terms: Callable[..., Any]) -> Callable[[Function], Function]:
    """Tell that a function is the weighted mean of these terms of its arguments but ``sample_weight``."""

    def register(function: Function) -> Function:
        _TERMS[function] = terms
        return function

    return register


def gives_samples(function: Function) -> Function:
    """Tell that a function gives a number for each sample, of which people report the mean."""
    _TERMS[function] = function
    return function


def terms_of(function: Callable[..., Any]) -> Callable[..., Any]:
    """What :func:`is_mean_of` or :func:`gives_samples` was told."""
    if function not in _TERMS:
        name = getattr(function, "__name__", type(function).__name__)
        raise TypeError(f"metric: expected a function that is a mean over samples or gives their numbers, got {name}")
    return _TERMS[function]


def state_of_terms(terms: FloatArray | Skipping, sample_weight: Any) -> FloatArray:
    """Exact sums of (N,) terms and of their weights."""
    values = terms.terms if isinstance(terms, Skipping) else terms
    weight = None if sample_weight is None else as_ndarray(sample_weight, "sample_weight")
    if weight is not None and weight.shape != values.shape:
        raise ValueError(f"sample_weight: expected shape {values.shape}, got {weight.shape}")
    if isinstance(terms, Skipping):
        kept = ~np.isnan(values)
        if not kept.all():
            values, weight = values[kept], None if weight is None else weight[kept]
    return state_of(np.zeros(len(values)), values, weight, groups_of("errors"), 1.0, 1)


def mean_of(state: FloatArray) -> float:
    """The mean; NaN of no terms."""
    with np.errstate(all="ignore"):
        return float(Sums(state).mean("error")[0])


def sample_mean(terms: FloatArray | Skipping, sample_weight: Any = None) -> float:
    """Weighted mean of (N,) terms, from sums as exact as rounded once; NaN of none."""
    return mean_of(state_of_terms(terms, sample_weight))
