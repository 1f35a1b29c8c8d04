"""Distances of distributions by optimal transport, with gradients by their points.

On a line it is exact; in space an entropic term makes it fast and smooth. Critics that estimate a distance are in
:mod:`metrix.losses.adversarial`.
"""

from __future__ import annotations

import math
import warnings
from typing import Any

import numpy as np

from metrix import _core
from metrix._threads import resolve_num_threads
from metrix.losses._arguments import Array, number, positive, predictions, same_shape
from metrix.losses._composed import Terms, composed
from metrix.losses._elementwise import SERIAL_SIZE
from metrix.losses._embeddings import embeddings_of, rows_like
from metrix.losses._facts import facts


@composed(
    facts("distribution matching", "robust, symmetric", needs="u_values: (N,), v_values: (M,)"),
    differentiable=("u_values", "v_values"),
)
def wasserstein_distance(
    u_values: Any,
    v_values: Any,
    /,
    *,
    u_weights: Any = None,
    v_weights: Any = None,
    num_threads: int | None = None,
) -> Terms:
    """How far mass has to go from one set of numbers to the other: the area between their distribution functions.

    The earth mover's distance on a line, exact. Where numbers meet, the gradient is the mean of those with the numbers of
    ``u`` moved a little up and a little down, and each gets its share by weight: 0 where equal weights of both sets meet.

    Inputs:
        u_values: (N,), N >= 1.
        v_values: (M,), M >= 1.

    Args:
        u_weights, v_weights: (N,) and (M,), at least 0, scaled to the sum 1; None: all the same.
        num_threads: None: as many as there are; two can be of use.

    Example:
        >>> value, (by_u, by_v) = wasserstein_distance.value_and_grad(np.array([0.0, 1.0, 3.0]), np.array([5.0, 6.0, 8.0]))
        >>> float(value)
        5.0
        >>> by_v.round(6)
        array([0.333333, 0.333333, 0.333333])

    Source:
        S. S. Vallender, 1974; SciPy's wasserstein_distance.
    """
    u = _line(u_values, "u_values")
    v = _line(v_values, "v_values").astype(u.dtype, copy=False)
    given = u, v, _weights(u_weights, len(u), "u_weights"), _weights(v_weights, len(v), "v_weights")
    is_small = num_threads is None and len(u) + len(v) < SERIAL_SIZE
    threads = 1 if is_small else resolve_num_threads(num_threads)
    # Sorting is nearly all of the work, so that gradients come for nothing.
    value, *gradients = _core.losses.wasserstein_distance(*given, threads)
    return Terms(
        np.asarray(value, dtype=u.dtype), lambda upstream: tuple(upstream * gradient for gradient in gradients)
    )


@composed(
    facts("distribution matching", "differentiable, symmetric", needs="x: (N, D), y: (M, D)"),
    differentiable=("x", "y"),
)
def sinkhorn_divergence(
    x: Any,
    y: Any,
    /,
    *,
    epsilon: float = 0.1,
    power: int = 2,
    x_weights: Any = None,
    y_weights: Any = None,
    max_iterations: int = 1000,
    tolerance: float = 1e-9,
    num_threads: int | None = None,
) -> Terms:
    """Composed from three entropic transports: ``T(x, y) - T(x, x) / 2 - T(y, y) / 2``, 0 only where clouds are the same.

    ``T`` is the least of ``sum P C + epsilon KL(P | a b)`` over plans ``P`` with the weights ``a`` and ``b`` as margins, by
    Sinkhorn's iteration on logarithms. The gradient holds the optimal plans fixed, by the envelope theorem. POT's
    empirical_sinkhorn_divergence leaves the second term out of ``T``, and then it need not be least for equal clouds.

    Inputs:
        x: (N, D), N >= 1.
        y: (M, D), M >= 1.

    Args:
        epsilon: of the entropic term, in units of the cost, above 0: small is exact and slow.
        power: the cost of a move is its Euclidean distance (1) or the square of that (2).
        x_weights, y_weights: (N,) and (M,), at least 0, scaled to the sum 1; None: all the same.
        max_iterations: when to give up, with a RuntimeWarning.
        tolerance: stops when the rows of the plan are off their weights by no more, in sum; or by no more than rounding
            makes inevitable, where costs are many times ``epsilon``.
        num_threads: None: as many as there are.

    Example:
        >>> x = np.array([[0.0, 0.0], [1.0, 0.0]])
        >>> value, (by_x, by_y) = sinkhorn_divergence.value_and_grad(x, x + [3.0, 4.0], epsilon=0.5)
        >>> round(float(value), 6)
        25.0
        >>> by_y.round(6)
        array([[3., 4.],
               [3., 4.]])

    Source:
        M. Cuturi, Sinkhorn distances, 2013; J. Feydy et al., Interpolating between optimal transport and MMD using Sinkhorn
        divergences, 2019.
    """
    one = embeddings_of(x, "x")
    other = rows_like(y, one, "y")
    if power not in (1, 2):
        raise ValueError(f"power: expected 1 or 2, got {power!r}")
    clouds = [
        (points.astype(np.float64), _shares(weights, len(points), name))
        for points, weights, name in ((one, x_weights, "x_weights"), (other, y_weights, "y_weights"))
    ]
    # The squared distance of the means is a part of its own; without it the iteration converges sooner and rounds less.
    means = [(shares[:, None] * points).sum(axis=0) * (power == 2) for points, shares in clouds]
    for (points, _), mean in zip(clouds, means):
        points -= mean
    apart = means[0] - means[1]
    limit = int(number(max_iterations, "max_iterations", "a number >= 1", lambda given: 1 <= given < math.inf))
    parameters = int(power), positive(epsilon, "epsilon"), limit, positive(tolerance, "tolerance")
    is_small = num_threads is None and len(one) * len(other) < SERIAL_SIZE
    threads = 1 if is_small else resolve_num_threads(num_threads)
    pairs = [(*clouds[0], *clouds[1]), (*clouds[0], None, None), (*clouds[1], None, None)]
    solved = [_core.losses.entropic_transport(*pair, *parameters, None, False, threads) for pair in pairs]
    error = max(error for _, error, *_ in solved)
    if any(error > reachable for _, error, reachable, *_ in solved):
        warnings.warn(
            f"sinkhorn_divergence: margins are off by {error:.1e} after {limit} iterations; take a larger epsilon or "
            "max_iterations",
            RuntimeWarning,
            stacklevel=4,
        )
    costs = [cost for cost, *_ in solved]

    def backward(upstream: Array) -> tuple[Array, ...]:
        between, within_x, within_y = (
            _core.losses.entropic_transport(*pair, *parameters, potential, True, threads)[4:]
            for pair, (*_, potential, _, _) in zip(pairs, solved)
        )
        by_x = between[0] - within_x[0] + 2 * clouds[0][1][:, None] * apart
        by_y = between[1] - within_y[0] - 2 * clouds[1][1][:, None] * apart
        return (upstream * by_x).astype(one.dtype), (upstream * by_y).astype(one.dtype)

    return Terms(np.asarray(np.square(apart).sum() + costs[0] - (costs[1] + costs[2]) / 2, dtype=one.dtype), backward)


def _line(values: Any, name: str) -> Array:
    array = predictions(values, name)
    if array.ndim != 1 or len(array) == 0:
        raise ValueError(f"{name}: expected shape (N,) with N >= 1, got {array.shape}")
    return array


def _weights(values: Any, count: int, name: str) -> Array | None:
    """At least 0, with a sum above 0."""
    if values is None:
        return None
    weights = same_shape(values, np.empty(count), name, "the points")
    wrong = np.flatnonzero(~((weights >= 0) & np.isfinite(weights)))
    if len(wrong):
        raise ValueError(f"{name}[{wrong[0]}]: expected a finite number >= 0, got {weights[wrong[0]]}")
    if not 0 < weights.sum() < math.inf:
        raise ValueError(f"{name}: expected a finite sum > 0, got {weights.sum()}")
    return weights


def _shares(values: Any, count: int, name: str) -> Array:
    if count == 0:
        raise ValueError(f"{name[0]}: expected shape (N, D) with N >= 1")
    weights = _weights(values, count, name)
    shares: Array = np.full(count, 1 / count) if weights is None else weights / weights.sum()
    return shares
