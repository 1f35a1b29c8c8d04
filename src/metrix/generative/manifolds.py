"""How much of real images a generator makes, and how much of what it makes is real: precision, recall, density, coverage.

No kernel: NumPy's BLAS multiplies blocks of rows, and the distances of ``verification.pair_scores`` decide close cases.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from metrix._gathered_features import GatheredFeatures, two_sides
from metrix._neighbour_balls import balls_around, clouds_of, radii_of
from metrix._threads import resolve_num_threads

__all__ = ["PRDC", "ManifoldScores", "prdc"]


class ManifoldScores(NamedTuple):
    """What :func:`prdc` tells."""

    precision: float
    """Part of the generated rows that lie in the ball of a real one."""
    recall: float
    """Part of the real rows that lie in the ball of a generated one."""
    density: float
    """Mean number of balls of real rows in which a generated one lies, over ``k``; it may exceed 1."""
    coverage: float
    """Part of the real rows in whose ball a generated one lies."""


def prdc(
    real: Any, generated: Any, *, k: int = 5, closed: bool = False, num_threads: int | None = None
) -> ManifoldScores:
    """Precision, recall, density and coverage of generated features, by balls that reach to the ``k``-th nearest neighbour.

    Around each row there is a ball whose radius is the Euclidean distance to the ``k``-th nearest other row of its own side.

    Args:
        real: (N, D) features with N > k.
        generated: (M, D) features with M > k.
        k: neighbours; prdc and most papers take 5, improved precision and recall 3.
        closed: whether a row at exactly the radius lies in a ball. It does in improved precision and recall
            (Kynkäänniemi et al., torch-fidelity), it does not in the package prdc.
        num_threads: for the distances of close cases; the products have the threads of BLAS. The numbers do not depend on it.

    Returns:
        A :class:`ManifoldScores`.

    Conventions:
        Distances are those of float64 sums of squared differences, for every pair that a product of matrices cannot decide
        beyond its rounding; prdc and torch-fidelity take what a product leaves, by which ties fall as they may.
        Duplicates are neighbours of one another at distance 0: with more than ``k`` copies of a row its ball is a point,
        which holds nothing, or with ``closed`` its copies.

    Raises:
        ValueError: for ``k`` rows or fewer, and for features that are not finite.

    Example:
        >>> real, generated = [[0.0], [1.0], [2.0], [4.0]], [[0.5], [1.5], [9.0]]
        >>> prdc(real, generated, k=1)
        ManifoldScores(precision=0.6666666666666666, recall=1.0, density=1.3333333333333333, coverage=0.75)

    Source:
        M. F. Naeem et al., Reliable fidelity and diversity metrics for generative models, 2020, and prdc 0.2; T. Kynkäänniemi
        et al., Improved precision and recall metric for assessing generative models, 2019.
    """
    _require_neighbours(k)
    threads = resolve_num_threads(num_threads)
    one, two = clouds_of(*two_sides(real, generated, int(k) + 1))
    radii, other_radii = (radii_of(cloud, int(k), threads) for cloud in (one, two))
    counts, covered, met = balls_around(one, radii, two, other_radii, closed=bool(closed), num_threads=threads)
    return ManifoldScores(
        precision=float(np.mean(counts > 0)),
        recall=float(np.mean(met)),
        density=int(counts.sum()) / (int(k) * len(counts)),
        coverage=float(np.mean(covered)),
    )


class PRDC(GatheredFeatures):
    """:func:`prdc` of features that come in batches: ``update``, ``merge``, ``compute``; it can be pickled.

    All features are kept, as any two may be neighbours.

    Args:
        k, closed: as there.

    Example:
        >>> scores = PRDC(k=1)
        >>> scores.update([[0.0], [1.0]], [[0.5], [1.5]])
        >>> scores.update([[2.0], [4.0]], [[9.0]])
        >>> scores.compute().coverage
        0.75

    Source:
        That of :func:`prdc`.
    """

    def __init__(self, *, k: int = 5, closed: bool = False) -> None:
        """Of no features yet."""
        super().__init__()
        _require_neighbours(k)
        self._balls: dict[str, Any] = {"k": k, "closed": bool(closed)}

    def compute(self, *, num_threads: int | None = None) -> ManifoldScores:
        """Of all rows so far."""
        real, generated = self._gathered()
        return prdc(real, generated, **self._balls, num_threads=num_threads)

    def _options(self) -> tuple[Any, ...]:
        return tuple(self._balls.values())


def _require_neighbours(k: int) -> None:
    if isinstance(k, bool) or int(k) != k or k < 1:
        raise ValueError(f"k: expected an int >= 1, got {k!r}")
