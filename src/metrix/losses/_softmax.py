"""Cross-entropy over rows of logits, for losses that end in one."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from metrix.losses._arguments import Array


def entropy_of_rows(logits: Array, labels: npt.NDArray[np.int64]) -> tuple[Array, Callable[[Array], Array]]:
    """``logsumexp - logits[label]`` of each row; and the gradient by the logits, given that by these."""
    rows = np.arange(len(logits))
    shifted = logits - logits.max(axis=1, keepdims=True, initial=-np.inf)
    right = shifted[rows, labels]
    powers = np.exp(shifted, out=shifted)
    sums = powers.sum(axis=1, keepdims=True, dtype=np.float64)
    values = (np.log(sums[:, 0]) - right).astype(logits.dtype)

    def backward(upstream: Array) -> Array:
        gradient: Array = powers * (upstream[:, None] / sums).astype(logits.dtype)
        gradient[rows, labels] -= upstream
        return gradient

    return values, backward
