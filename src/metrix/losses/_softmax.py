"""Cross-entropy over rows of logits, for losses that end in one."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from metrix.losses._arguments import Array
from metrix.losses._composed import terms_of
from metrix.losses.multiclass import cross_entropy


def entropy_of_rows(logits: Array, labels: npt.NDArray[np.int64]) -> tuple[Array, Callable[[Array], Array]]:
    """``logsumexp - logits[label]`` of each row; and the gradient by the logits, given that by these."""
    if logits.size == 0:
        return np.zeros(len(logits), dtype=logits.dtype), lambda upstream: np.zeros_like(logits)
    terms = terms_of(cross_entropy, logits, labels, ignore_index=-1)
    return terms.values, lambda upstream: terms.backward(upstream)[0]
