"""Fréchet distance of features (FID), and the statistics that it takes.

No kernel: NumPy's BLAS and LAPACK do the work.
"""

from __future__ import annotations

import os
from typing import Any

import numpy as np

from metrix._roots import trace_of_root
from metrix._statistics import FrechetStatistics, Moments, checked, features_of

__all__ = [
    "FeatureStatistics",
    "FrechetDistance",
    "FrechetStatistics",
    "frechet_distance",
    "read_statistics",
    "write_statistics",
]


def frechet_distance(real: Any, generated: Any) -> float:
    """Squared Fréchet distance of two Gaussians fitted to features: FID, where the features are Inception's.

    ``|mu1 - mu2|^2 + tr S1 + tr S2 - 2 tr (S1 S2)^1/2``, the latter over Cholesky factors and singular or eigenvalues, never
    over a general root: fewer images than dimensions and identical sets are as exact as any other data, nothing
    is complex, and no constant is added to the diagonals.

    Args:
        real: (N, D) features with N >= 2, or their :class:`FrechetStatistics` (any pair of ``mu`` (D,) and ``sigma`` (D, D)).
        generated: the same of the other images, with the same D. Both sides may be swapped.

    Returns:
        A float of at least 0: what rounding leaves below is cut.

    Conventions:
        Covariances have the divisor N - 1. Everything is float64, whatever the features are. The value is biased: it falls
        with the number of images, so compare only equal numbers. Others take the product of both covariances and
        SciPy's root of it (pytorch-fid, clean-fid) or the roots of its eigenvalues (torchmetrics, torch-fidelity). With
        fewer images than dimensions that keeps five to seven digits and gives -1e-5 or less for identical sets;
        pytorch-fid also adds 1e-6 to both diagonals where SciPy's root fails.

    Raises:
        ValueError: for features or statistics that are not finite, fewer than two rows, a ``sigma`` that is not symmetric
            or has negative variances.

    Example:
        >>> import numpy as np
        >>> real, generated = np.array([[0.0, 0], [2, 2], [4, 1]]), np.array([[1.0, 0], [3, 2], [5, 1]])
        >>> round(frechet_distance(real, generated), 12)
        1.0

    Source:
        M. Heusel et al., GANs trained by a two time-scale update rule converge to a local Nash equilibrium, 2017;
        pytorch-fid 0.3.0.
    """
    first, second = _statistics(real, "real"), _statistics(generated, "generated")
    if first.mu.shape != second.mu.shape:
        raise ValueError(f"generated: expected {len(first.mu)} dimensions as in real, got {len(second.mu)}")
    difference = first.mu - second.mu
    traces = float(np.trace(first.sigma)) + float(np.trace(second.sigma))
    spread = traces - 2 * trace_of_root(first.sigma, second.sigma)
    return float(difference @ difference) + max(spread, 0.0)


class FeatureStatistics:
    """Mean and covariance of features that come in batches: ``update``, ``merge``, ``compute``; it can be pickled.

    Memory is a (D, D) matrix and at most 64 MiB of rows, whatever their number. Sums are float64, also of float32
    features. The bits do not depend on how rows are split into batches; statistics that were merged, or computed in between,
    differ from one pass by rounding, and those of another number of BLAS threads may.

    Example:
        >>> from metrix.generative import FeatureStatistics
        >>> statistics = FeatureStatistics()
        >>> statistics.update([[0.0, 0.0], [2.0, 2.0]])
        >>> statistics.update([[4.0, 1.0]])
        >>> statistics.compute().mu.tolist()
        [2.0, 1.0]

    Source:
        T. F. Chan, G. H. Golub, R. J. LeVeque, Updating formulae for computing sample variances, 1979.
    """

    def __init__(self) -> None:
        """Of no features yet."""
        self._moments: Moments | None = None

    def update(self, features: Any) -> None:
        """Add (N, D) features; the first batch decides D."""
        rows = features_of(features, "features", None if self._moments is None else self._moments.dimension)
        if self._moments is None:
            self._moments = Moments(rows.shape[1])
        self._moments.add(rows)

    def merge(self, other: FeatureStatistics) -> None:
        """Add all that another one has seen."""
        if other._moments is None:
            return
        if self._moments is None:
            self._moments = Moments(other._moments.dimension)
        if self._moments.dimension != other._moments.dimension:
            raise ValueError(f"other: expected {self._moments.dimension} dimensions, got {other._moments.dimension}")
        self._moments.merge(other._moments)

    def compute(self) -> FrechetStatistics:
        """Of all rows so far; ``ValueError`` for fewer than two."""
        if self._moments is not None:
            self._moments.settle()
        if self._moments is None or self._moments.count < 2:
            count = 0 if self._moments is None else self._moments.count
            raise ValueError(f"features: expected at least 2 rows, got {count}")
        return self._moments.statistics()

    def reset(self) -> None:
        """Forget all data."""
        self._moments = None


class FrechetDistance:
    """:func:`frechet_distance` of features that come in batches: ``update``, ``merge``, ``compute``; it can be pickled.

    ``real`` and ``generated`` are its two :class:`FeatureStatistics`.

    Example:
        >>> from metrix.generative import FrechetDistance
        >>> distance = FrechetDistance()
        >>> distance.update([[0.0, 0.0], [2.0, 2.0], [4.0, 1.0]], None)
        >>> distance.update(None, [[1.0, 0.0], [3.0, 2.0], [5.0, 1.0]])
        >>> round(distance.compute(), 12)
        1.0

    Source:
        That of :func:`frechet_distance`.
    """

    def __init__(self) -> None:
        """Of no features yet."""
        self.real = FeatureStatistics()
        self.generated = FeatureStatistics()

    def update(self, real: Any, generated: Any) -> None:
        """Add (N, D) features of either side, or of both, which need not be equally many; None for none."""
        if real is not None:
            self.real.update(real)
        if generated is not None:
            self.generated.update(generated)

    def merge(self, other: FrechetDistance) -> None:
        """Add all that another one has seen."""
        self.real.merge(other.real)
        self.generated.merge(other.generated)

    def compute(self) -> float:
        """The distance of all rows so far."""
        return frechet_distance(self.real.compute(), self.generated.compute())

    def reset(self) -> None:
        """Forget all data."""
        self.real.reset()
        self.generated.reset()


def read_statistics(path: str | os.PathLike[str]) -> FrechetStatistics:
    """Statistics of a file ``.npz`` with ``mu`` and ``sigma``, as pytorch-fid and most papers' code write them.

    Args:
        path: of the file.

    Raises:
        ValueError: for a file without the two arrays, or with such as are no statistics.

    Example:
        >>> import os, tempfile
        >>> path = os.path.join(tempfile.mkdtemp(), "real.npz")
        >>> write_statistics(path, FrechetStatistics([0.0, 1.0], [[1.0, 0.0], [0.0, 4.0]]))
        >>> read_statistics(path).mu.tolist()
        [0.0, 1.0]

    Source:
        pytorch-fid 0.3.0.
    """
    opened = np.load(path, allow_pickle=False)
    if not isinstance(opened, np.lib.npyio.NpzFile):
        raise ValueError(f"path: expected an .npz file with mu and sigma, got one array in {os.fspath(path)}")
    with opened as file:
        missing = {"mu", "sigma"}.difference(file.files)
        if missing:
            raise ValueError(f"path: expected mu and sigma, got {file.files} in {os.fspath(path)}")
        return checked((file["mu"], file["sigma"]), "path")


def write_statistics(path: str | os.PathLike[str], statistics: Any) -> None:
    """Write statistics as pytorch-fid reads them: a compressed ``.npz`` of ``mu`` and ``sigma`` in float64.

    Args:
        path: of the file, which is replaced; it is taken as it stands, without a suffix added.
        statistics: a :class:`FrechetStatistics`, or (N, D) features.

    Example:
        See :func:`read_statistics`.

    Source:
        pytorch-fid 0.3.0.
    """
    found = _statistics(statistics, "statistics")
    with open(path, "wb") as file:
        np.savez_compressed(file, mu=found.mu, sigma=found.sigma)


def _statistics(values: Any, name: str) -> FrechetStatistics:
    if isinstance(values, tuple) and len(values) == 2 and np.ndim(values[0]) == 1 and np.ndim(values[1]) == 2:
        return checked(values, name)
    rows = features_of(values, name)
    if len(rows) < 2:
        raise ValueError(f"{name}: expected at least 2 rows, got {len(rows)}")
    statistics = FeatureStatistics()
    statistics.update(rows)
    return statistics.compute()
