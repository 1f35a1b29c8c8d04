"""The trace of the root of a product of covariance matrices, over Cholesky factors: no root of a matrix is made.

``S1 = L L'`` turns ``tr (S1 S2)^1/2`` into the sum of the roots of the eigenvalues of ``L' S2 L``, a symmetric matrix of
the rank of ``S1``, whose eigenvalues alone are found at a fifth of the cost of those of the general matrix ``S1 S2``.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

Matrix = npt.NDArray[np.float64]

#: Columns that BLAS is given at a time.
_PANEL = 256


class Factor(NamedTuple):
    """``matrix[order][:, order] = lower @ lower.T``, with ``lower`` of shape (D, rank) and zero above its diagonal."""

    lower: Matrix
    order: Any


def trace_of_root(first: Matrix, second: Matrix) -> float:
    """``tr (first second)^1/2`` of two symmetric positive semidefinite (D, D) matrices of any rank."""
    scales = [float(np.max(np.diagonal(matrix), initial=0.0)) for matrix in (first, second)]
    if min(scales) <= 0:
        return 0.0
    one, other = first / scales[0], second / scales[1]
    factor = factor_of(one)
    values = np.linalg.eigvalsh(_product(factor, other))  # reads what lies on and below the diagonal
    if values[0] > len(one) * np.finfo(np.float64).eps * max(1.0, values[-1]):
        trace = np.sum(np.sqrt(values))
    else:
        # Eigenvalues of this size are rounding, and their roots are not small. Singular values need no roots.
        cofactor = factor_of(other)
        rows = np.empty_like(factor.lower)
        rows[factor.order] = factor.lower
        corows = np.empty_like(cofactor.lower)
        corows[cofactor.order] = cofactor.lower
        trace = np.sum(np.linalg.svd(rows.T @ corows, compute_uv=False))
    return float(trace) * float(np.sqrt(scales[0])) * float(np.sqrt(scales[1]))


def factor_of(matrix: Matrix) -> Factor:
    """Without pivoting where the matrix is well conditioned, else with it, which also tells the rank."""
    try:
        lower: Any = np.linalg.cholesky(matrix)
        pivots = np.diagonal(lower)
        if pivots.min() > 1e-4 * pivots.max():
            return Factor(lower, slice(None))
    except np.linalg.LinAlgError:
        pass
    return pivoted_cholesky(matrix)


def pivoted_cholesky(matrix: Matrix) -> Factor:
    """The factor of a singular matrix: the largest of what remains of the diagonal comes next, until rounding remains.

    Rows of a panel are made one by one from the panel alone; what remains is brought up to date after each panel.
    """
    size = len(matrix)
    remaining = np.array(matrix)
    left = np.arange(size)  # columns of the matrix that are not factored yet
    floor = size * np.finfo(np.float64).eps * float(np.max(np.diagonal(matrix)))
    rows = np.zeros((size, size))  # of the transposed factor, in the order of the matrix
    pivots: list[int] = []
    more = True
    while more and len(left):
        panel = np.zeros((min(_PANEL, len(left)), len(left)))
        diagonal = np.diagonal(remaining).copy()
        chosen: list[int] = []
        for k in range(len(panel)):
            best = int(np.argmax(diagonal))
            # A pivot no larger than what is negative is as much rounding as that is.
            more = bool(diagonal[best] > max(floor, -float(diagonal.min())))
            if not more:
                break
            row = remaining[best] - panel[:k, best] @ panel[:k]
            row /= np.sqrt(diagonal[best])
            row[chosen] = 0
            panel[k] = row
            diagonal -= row * row
            diagonal[best] = 0
            chosen.append(best)
            diagonal[chosen] = 0
        panel = panel[: len(chosen)]
        rows[len(pivots) : len(pivots) + len(chosen), left] = panel
        pivots.extend(int(left[best]) for best in chosen)
        kept = np.ones(len(left), dtype=bool)
        kept[chosen] = False
        left = left[kept]
        if more:
            part = panel[:, kept]
            remaining = remaining[np.ix_(kept, kept)] - part.T @ part
    order = np.concatenate([np.array(pivots, dtype=np.intp), left])
    return Factor(np.ascontiguousarray(rows[: len(pivots), order].T), order)


def _product(factor: Factor, matrix: Matrix) -> Matrix:
    """``lower.T @ matrix @ lower`` on and below the diagonal, without the products that are known to be zero."""
    lower, order = factor
    size, rank = lower.shape
    if not isinstance(order, slice):
        matrix = matrix[np.ix_(order, order)]
    half = np.empty((size, rank))
    for start in range(0, rank, _PANEL):
        columns = slice(start, start + _PANEL)
        half[:, columns] = matrix[:, start:] @ lower[start:, columns]
    result = np.zeros((rank, rank))
    for start in range(0, rank, _PANEL):
        stop = min(start + _PANEL, rank)
        result[start:stop, :stop] = lower[start:, start:stop].T @ half[start:, :stop]
    return result
