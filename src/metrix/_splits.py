"""Sums of class probabilities, from which the divergence of each row from the mean of its split follows."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]

#: Numbers that are worked on at a time.
_BLOCK = 1 << 18
#: What the sum of a row of probabilities may be off: half precision rounds each of a thousand classes.
_SLACK = 1e-3
#: Stands for zero in a logarithm, which is then multiplied by zero.
_TINY = np.finfo(np.float64).tiny


class Splits:
    """For each split the number of rows, the sum of their probabilities, and the sum of all ``p log p``.

    The mean divergence is the mean of ``p log p`` less that of the mean: two sums, of which one pass is enough.
    """

    def __init__(self, splits: int, classes: int) -> None:
        """Of no rows yet."""
        self.classes = classes
        self.counts = np.zeros(splits, dtype=np.int64)
        self.sums = np.zeros((splits, classes))
        self.negentropies = np.zeros(splits)

    def add(self, split: int, values: Array, rows: range, from_logits: bool) -> None:
        """Add some rows of probabilities or logits to a split."""
        step = max(1, _BLOCK // self.classes)
        for start in range(0, len(rows), step):
            part = rows[start : start + step]
            block = values[part.start : part.stop : part.step].astype(np.float64)
            p, logarithms = (_from_logits if from_logits else _from_probabilities)(block, part)
            self.counts[split] += len(part)
            self.sums[split] += p.sum(axis=0)
            self.negentropies[split] += np.sum(np.multiply(p, logarithms, out=logarithms))

    def deal(self, values: Array, first: int, from_logits: bool) -> None:
        """Add row ``i`` to the split of number ``(first + i) % splits``."""
        splits = len(self.counts)
        fresh = Splits(splits, self.classes)  # a bad row leaves what there was
        for k in range(splits):
            fresh.add(k, values, range((k - first) % splits, len(values), splits), from_logits)
        self.merge(fresh)

    def merge(self, other: Splits) -> None:
        """Add another's splits to those of the same number."""
        self.counts = self.counts + other.counts
        self.sums = self.sums + other.sums
        self.negentropies = self.negentropies + other.negentropies

    def scores(self) -> npt.NDArray[np.float64]:
        """``exp`` of the mean divergence of each split, which is not below 0."""
        marginal = self.sums / self.counts[:, None]
        logarithms = np.log(np.maximum(marginal, _TINY))
        divergence = self.negentropies / self.counts - (marginal * logarithms).sum(axis=1)
        scores: npt.NDArray[np.float64] = np.exp(np.maximum(divergence, 0.0))
        return scores


def _from_probabilities(p: Array, rows: range) -> tuple[Array, Array]:
    with np.errstate(invalid="ignore"):
        sums = p.sum(axis=1)
        wrong = ~((p.min(axis=1) >= 0) & (np.abs(sums - 1) <= _SLACK))
    if wrong.any():
        at = int(np.argmax(wrong))
        raise ValueError(
            f"y_pred: expected probabilities of sum 1 (or from_logits=True), got least {p[at].min()} and sum {sums[at]} at "
            f"index {rows[at]}"
        )
    return p, np.log(np.maximum(p, _TINY))


def _from_logits(logits: Array, rows: range) -> tuple[Array, Array]:
    largest = logits.max(axis=1, keepdims=True)
    wrong = ~np.isfinite(largest[:, 0])  # NaN passes through the maximum
    if wrong.any():
        at = int(np.argmax(wrong))
        raise ValueError(
            f"y_pred: expected finite logits or -inf, got a row of maximum {largest[at, 0]} at index {rows[at]}"
        )
    shifted = logits - largest
    p = np.exp(shifted)
    total = p.sum(axis=1, keepdims=True)
    p /= total
    return p, np.where(p > 0, shifted - np.log(total), 0.0)
