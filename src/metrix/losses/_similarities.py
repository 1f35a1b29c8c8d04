"""Matrix products of embeddings, and the losses over rows of them: the products are NumPy's, the rest works in place.

Logits are made, used and left as gradients a block of rows at a time, in memory that is used again.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from metrix import _core
from metrix._threads import resolve_num_threads
from metrix.losses._arguments import Array
from metrix.losses._elementwise import SERIAL_SIZE

Labels = npt.NDArray[np.int64]
#: Logits of a block: what stays in the larger caches.
_BLOCK_BYTES = 1 << 24


def threads_for(size: int) -> int:
    """Few numbers are not worth a second thread."""
    return 1 if size < SERIAL_SIZE else resolve_num_threads(None)


class ProductGradients:
    """Of a loss over rows of ``rows @ columns.T``: the gradients by rows, columns, and the logits of the labels."""

    def __init__(self, rows: Array, columns: Array) -> None:
        """All of them 0."""
        self.by_rows: Array = np.empty_like(rows)
        self.by_columns: Array = np.zeros_like(columns)
        self.by_own: Array = np.empty(len(rows), rows.dtype)


def softmax_of_products(
    rows: Array,
    columns: Array,
    labels: Labels,
    upstream: Array | None,
    own: Array | None = None,
    slope: Array | None = None,
) -> tuple[Array, ProductGradients | None]:
    """``logsumexp - logits[label]`` of each row of the logits ``rows @ columns.T``.

    Args:
        rows, columns: (N, D), (C, D).
        labels: (N,) from 0 to C - 1.
        upstream: (N,), the gradient by the values; None if no gradient is wanted.
        own: (N,), what takes the place of the logits of the labels.
        slope: (N,), what multiplies the gradient by these before it goes on to the columns, but not to the rows.
    """
    values = np.empty(len(rows))
    gradients = None if upstream is None else ProductGradients(rows, columns)
    step = max(1, _BLOCK_BYTES // max(1, len(columns) * rows.itemsize))
    room = np.empty((min(step, len(rows)), len(columns)), rows.dtype)
    for first in range(0, len(rows), step):
        part = slice(first, first + step)
        logits = np.matmul(rows[part], columns.T, out=room[: len(rows) - first])
        right = np.arange(len(logits)), labels[part]
        if own is not None:
            logits[right] = own[part]
        factors = None if upstream is None else upstream[part].astype(np.float64)
        threads = threads_for(logits.size)
        values[part] = _core.losses.softmax_of_similarities(logits, labels[part], None, None, -1, factors, threads)
        if gradients is not None:
            np.matmul(logits, columns, out=gradients.by_rows[part])
            gradients.by_own[part] = logits[right]
            if slope is not None:
                logits[right] *= slope[part]
            if step < len(rows):
                gradients.by_columns += logits.T @ rows[part]
            else:
                np.matmul(logits.T, rows, out=gradients.by_columns)
    return values, gradients


def products_of_all(rows: Array, others: Array) -> Array:
    """``rows @ others.T``; of the same rows too it is a plain product, which is faster than a symmetric one of NumPy."""
    return rows @ (others.copy() if others is rows else others).T
