"""Kernel distances of two sets of features: maximum mean discrepancies, of which KID and CMMD are two.

No kernel: NumPy's BLAS multiplies blocks of rows.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from metrix._gathered_features import GatheredFeatures, two_sides
from metrix._kernel_sums import Array, Gaussian, Matrix, Polynomial, sums_of_pairs
from metrix.generative.inception import MeanAndStd

__all__ = ["KernelInceptionDistance", "cmmd", "kernel_inception_distance", "polynomial_mmd"]


def kernel_inception_distance(
    real: Any,
    generated: Any,
    *,
    subsets: int = 100,
    subset_size: int = 1000,
    seed: int = 2020,
    degree: int = 3,
    gamma: float | None = None,
    coef: float = 1.0,
) -> MeanAndStd:
    """KID: mean and deviation of :func:`polynomial_mmd` over random subsets of both sides.

    Args:
        real: (N, D) features.
        generated: (M, D) features.
        subsets: how many pairs of subsets are drawn, each anew from all rows.
        subset_size: rows of a subset, none of them twice.
        seed: of the draws, ``numpy.random.RandomState(seed).choice``, first from ``real``: those of torch-fidelity, where
            ``real`` is its input 1.
        degree, gamma, coef: of the kernel.

    Returns:
        Mean and standard deviation (with divisor ``subsets``) over the subsets. The mean may be negative: the estimate is
        unbiased. Papers often print it times 1000.

    Conventions:
        Products are float64, where torch-fidelity and torchmetrics keep float32 and lose about 1e-6. torchmetrics draws
        with PyTorch's global generator and so differs from call to call. clean-fid gives the mean alone, and takes smaller
        subsets where a side has fewer rows than ``subset_size``, for which the others and this function raise.

    Raises:
        ValueError: for fewer rows than ``subset_size``, and for features that are not finite.

    Example:
        >>> import numpy as np
        >>> rng = np.random.default_rng(0)
        >>> real, generated = rng.normal(size=(60, 8)), rng.normal(size=(50, 8)) + 1
        >>> kid = kernel_inception_distance(real, generated, subsets=10, subset_size=20)
        >>> round(kid.mean, 3), round(kid.std, 3)
        (7.024, 1.537)

    Source:
        M. Bińkowski et al., Demystifying MMD GANs, 2018; torch-fidelity 0.4.0.
    """
    _require_subsets(subsets, subset_size)
    first, second = two_sides(real, generated, subset_size)
    kernel = _polynomial(first, degree, gamma, coef)
    draw = np.random.RandomState(seed)  # the generator whose draws others print
    drawn = [
        [draw.choice(len(rows), subset_size, replace=False) for rows in (first, second)] for _ in range(int(subsets))
    ]
    work_of_all = (len(first) + len(second)) ** 2 * (first.shape[1] + 2 * subsets)
    if work_of_all < subsets * (2 * subset_size) ** 2 * (first.shape[1] + 2):
        # All pairs of rows once, each of which many subsets share.
        sides = []
        for side, rows in enumerate((first, second)):
            chosen = np.zeros((len(rows), int(subsets)))
            for s, pair in enumerate(drawn):
                chosen[pair[side], s] = 1
            sides.append(chosen)
        values = _unbiased(first, second, kernel, (sides[0], sides[1]))
    else:
        ones = np.ones((subset_size, 1))
        wide = ((first[i].astype(np.float64), second[j].astype(np.float64)) for i, j in drawn)
        values = np.concatenate([_unbiased(x, y, kernel, (ones, ones)) for x, y in wide])
    return MeanAndStd(float(np.mean(values)), float(np.std(values)))


def polynomial_mmd(
    real: Any, generated: Any, *, degree: int = 3, gamma: float | None = None, coef: float = 1.0
) -> float:
    """Squared maximum mean discrepancy of all rows with the kernel ``(gamma x.y + coef) ** degree``, unbiased.

    This is what the mean of KID estimates from subsets, without their noise, and of all rows.

    Args:
        real: (N, D) features with N >= 2.
        generated: (M, D) features with M >= 2, which need not be as many.
        degree: of the kernel, at least 1.
        gamma: 1 / D where it is None.
        coef: constant of the kernel.

    Returns:
        ``sum_ij k(x_i, x_j) / N (N - 1) + sum_ij k(y_i, y_j) / M (M - 1) - 2 mean_ij k(x_i, y_j)``, the first two over
        i != j. It may be negative.

    Raises:
        ValueError: for fewer than two rows, and for features that are not finite.

    Example:
        >>> polynomial_mmd([[0.0, 1.0], [1.0, 1.0]], [[0.0, 0.0], [0.0, 2.0]])
        -4.625

    Source:
        A. Gretton et al., A kernel two-sample test, 2012, equation 3.
    """
    first, second = two_sides(real, generated, 2)
    kernel = _polynomial(first, degree, gamma, coef)
    return float(_unbiased(first, second, kernel, _everything(first, second))[0])


def cmmd(real: Any, generated: Any, *, sigma: float = 10.0, scale: float = 1000.0) -> float:
    """CMMD: squared maximum mean discrepancy with the kernel ``exp(-|x - y|^2 / 2 sigma^2)``, times ``scale``.

    Args:
        real: (N, D) features; as published, embeddings of images by CLIP. They are taken as they are, not normalized.
        generated: (M, D) features.
        sigma: width of the kernel.
        scale: makes the number readable.

    Returns:
        A float of at least 0: this estimate is the biased one, a row being paired with itself as well, as published. What
        rounding leaves below 0 is cut.

    Raises:
        ValueError: for no rows, and for features that are not finite.

    Example:
        >>> round(cmmd([[0.0, 0.0], [3.0, 4.0]], [[6.0, 8.0], [3.0, 4.0]]), 6)
        196.73467

    Source:
        S. Jayasumana et al., Rethinking FID: towards a better evaluation metric for image generation, 2024.
    """
    first, second = two_sides(real, generated, 1)
    if not sigma > 0:
        raise ValueError(f"sigma: expected a number > 0, got {sigma!r}")
    kernel = Gaussian(1 / (2 * float(sigma) ** 2))
    # Distances do not change, and of rows that lie far from zero more digits are left.
    origin = np.mean(first, axis=0, dtype=np.float64)
    first, second = first - origin, second - origin
    chosen = _everything(first, second)
    n, m = len(first), len(second)
    own = [
        float(sums_of_pairs(rows, None, kernel, (ones, ones))[0]) + len(rows)
        for rows, ones in zip((first, second), chosen)
    ]
    both = float(sums_of_pairs(first, second, kernel, chosen)[0])
    return float(scale) * max(math.fsum([own[0] / n**2, own[1] / m**2, -2 * both / (n * m)]), 0.0)


class KernelInceptionDistance(GatheredFeatures):
    """:func:`kernel_inception_distance` of features that come in batches: ``update``, ``merge``, ``compute``.

    All features are kept, as any two may be compared. Merging puts the other's behind, so subsets are those of one pass over
    the data in this order. It can be pickled.

    Args:
        subsets, subset_size, seed, degree, gamma, coef: as there.

    Example:
        >>> distance = KernelInceptionDistance(subsets=1, subset_size=2)
        >>> distance.update([[0.0, 1.0]], [[0.0, 0.0]])
        >>> distance.update([[1.0, 1.0]], [[0.0, 2.0]])
        >>> distance.compute()
        MeanAndStd(mean=-4.625, std=0.0)
        >>> distance.compute_unbiased()
        -4.625

    Source:
        That of :func:`kernel_inception_distance`.
    """

    def __init__(
        self,
        *,
        subsets: int = 100,
        subset_size: int = 1000,
        seed: int = 2020,
        degree: int = 3,
        gamma: float | None = None,
        coef: float = 1.0,
    ) -> None:
        """Of no features yet."""
        super().__init__()
        _require_subsets(subsets, subset_size)
        self._kernel: dict[str, Any] = {"degree": degree, "gamma": gamma, "coef": coef}
        self._draws: dict[str, Any] = {"subsets": subsets, "subset_size": subset_size, "seed": seed}

    def compute(self) -> MeanAndStd:
        """Over subsets of all rows so far."""
        real, generated = self._gathered()
        return kernel_inception_distance(real, generated, **self._draws, **self._kernel)

    def compute_unbiased(self) -> float:
        """:func:`polynomial_mmd` of all rows so far."""
        return polynomial_mmd(*self._gathered(), **self._kernel)

    def _options(self) -> tuple[Any, ...]:
        return (*self._draws.values(), *self._kernel.values())


def _unbiased(first: Array, second: Array, kernel: Polynomial, chosen: tuple[Matrix, Matrix]) -> Matrix:
    """One estimate for each column of ``chosen``."""
    n, m = (ones.sum(axis=0) for ones in chosen)
    own = [sums_of_pairs(rows, None, kernel, (ones, ones)) for rows, ones in zip((first, second), chosen)]
    both = sums_of_pairs(first, second, kernel, chosen)
    values: Matrix = own[0] / (n * (n - 1)) + own[1] / (m * (m - 1)) - 2 * both / (n * m)
    return values


def _everything(first: Array, second: Array) -> tuple[Matrix, Matrix]:
    return np.ones((len(first), 1)), np.ones((len(second), 1))


def _polynomial(rows: Array, degree: int, gamma: float | None, coef: float) -> Polynomial:
    if isinstance(degree, bool) or int(degree) != degree or degree < 1:
        raise ValueError(f"degree: expected an int >= 1, got {degree!r}")
    return Polynomial(int(degree), 1 / max(rows.shape[1], 1) if gamma is None else float(gamma), float(coef))


def _require_subsets(subsets: int, subset_size: int) -> None:
    for value, name, least in ((subsets, "subsets", 1), (subset_size, "subset_size", 2)):
        if isinstance(value, bool) or int(value) != value or value < least:
            raise ValueError(f"{name}: expected an int >= {least}, got {value!r}")
