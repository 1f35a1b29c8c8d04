"""Sums of a kernel over pairs of rows, block by block: the matrix of all pairs is never there."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]
Matrix = npt.NDArray[np.float64]

#: Rows of a block.
_BLOCK = 1 << 10
#: Rows of products that stay in the cache.
_CACHED = 1 << 5


class Polynomial(NamedTuple):
    """``(gamma x.y + coef) ** degree``."""

    degree: int
    gamma: float
    coef: float

    def __call__(self, products: Matrix, rows: Matrix, columns: Matrix) -> None:
        """Turn the products of two blocks of rows into its values, in place, with powers by multiplication."""
        for start in range(0, len(products), _CACHED):
            part = products[start : start + _CACHED]
            part *= self.gamma
            part += self.coef
            base = part.copy() if self.degree > 1 else part
            for _ in range(self.degree - 1):
                part *= base


class Gaussian(NamedTuple):
    """``exp(-gamma |x - y|^2)``."""

    gamma: float

    def __call__(self, products: Matrix, rows: Matrix, columns: Matrix) -> None:
        """As that of a polynomial."""
        products *= 2
        products -= np.einsum("ij,ij->i", rows, rows)[:, None]
        products -= np.einsum("ij,ij->i", columns, columns)
        np.minimum(products, 0, out=products)  # what rounding leaves above
        products *= self.gamma
        np.exp(products, out=products)


def sums_of_pairs(
    first: Array, second: Array | None, kernel: Polynomial | Gaussian, chosen: tuple[Matrix, Matrix]
) -> Matrix:
    """Sums of the kernel over pairs of chosen rows.

    Args:
        first: (N, D) rows.
        second: (M, D) others; None for ``first`` itself, where no row is paired with itself.
        kernel: of two rows.
        chosen: (N, S) and (M, S), 1 where a row is in a sum, else 0.

    Returns:
        (S,) sums.
    """
    sums = np.zeros(chosen[0].shape[1])
    for i, rows in _blocks(first):
        for j, columns in _blocks(first if second is None else second):
            if second is None and j.start < i.start:
                continue
            is_diagonal = second is None and i == j
            values = rows @ (rows if is_diagonal else columns).T
            kernel(values, rows, columns)
            if is_diagonal:
                np.fill_diagonal(values, 0)
            both = 2 if second is None and not is_diagonal else 1  # this block and its mirror image
            sums += both * np.einsum("is,is->s", chosen[0][i], values @ chosen[1][j])
    return sums


def _blocks(rows: Array) -> Iterator[tuple[slice, Matrix]]:
    for start in range(0, len(rows), _BLOCK):
        block = slice(start, min(start + _BLOCK, len(rows)))
        yield block, np.asarray(rows[block], dtype=np.float64)
