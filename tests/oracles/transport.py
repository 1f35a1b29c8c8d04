"""Distances by optimal transport as they are defined, in extended precision."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.longdouble]


def shares(weights: Any, count: int) -> Array:
    given = np.ones(count, dtype=np.longdouble) if weights is None else np.asarray(weights, dtype=np.longdouble)
    return given / given.sum()


def wasserstein_distance(u: Array, v: Array, u_weights: Any = None, v_weights: Any = None) -> Array:
    a, b = shares(u_weights, len(u)), shares(v_weights, len(v))
    places = np.sort(np.concatenate([u, v]))
    area = np.longdouble(0)
    for left, right in pairwise(places):
        area += (right - left) * abs(a[u <= left].sum() - b[v <= left].sum())
    return np.asarray(area)


def transport(x: Array, y: Array, a: Array, b: Array, epsilon: float, power: int) -> Any:
    """By the plan itself, after more iterations than are ever needed here."""
    distance = np.sqrt(((x[:, None] - y) ** 2).sum(axis=2))
    cost = distance**power / np.longdouble(epsilon)
    f = np.zeros(len(x), dtype=np.longdouble)
    for _ in range(20000):
        g = -np.log((a[:, None] * np.exp(f[:, None] - cost)).sum(axis=0))
        before, f = f, -np.log((b * np.exp(g - cost)).sum(axis=1))
        if np.abs(f - before).max() < 1e-17:
            break
    else:
        raise AssertionError("the oracle did not converge: choose clouds that are closer for this epsilon")
    ratio = np.exp(f[:, None] + g - cost)
    plan = a[:, None] * b * ratio
    divergence = (plan * np.where(plan > 0, np.log(ratio), 0) - plan + a[:, None] * b).sum()
    return epsilon * ((plan * cost).sum() + divergence)


def sinkhorn_divergence(
    x: Array, y: Array, epsilon: float = 0.1, power: int = 2, x_weights: Any = None, y_weights: Any = None
) -> Array:
    a, b = shares(x_weights, len(x)), shares(y_weights, len(y))
    return np.asarray(
        transport(x, y, a, b, epsilon, power)
        - transport(x, x, a, a, epsilon, power) / 2
        - transport(y, y, b, b, epsilon, power) / 2
    )
