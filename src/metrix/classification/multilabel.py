"""Scores of multilabel data that comes in batches.

No kernel: composed from the counts of :func:`metrix.classification.multilabel_confusion_matrix`.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from metrix import _core
from metrix._arrays import as_ndarray
from metrix._sample_mean import FloatArray, Skipping, mean_of, state_of_terms
from metrix.classification._counting import Array
from metrix.classification.confusion import multilabel_confusion_matrix
from metrix.classification.scores import Counts, averaged, rate_named

#: Means over samples beside those of the rates.
_SAMPLEWISE = ("subset_accuracy", "hamming_loss")


class MultilabelScores:
    """Scores of (N, L) flags, batch by batch, with every average: ``update``, ``merge``, ``compute``; it can be pickled.

    It keeps four counts of each label, and a sum of each rate over samples, however much data comes.

    Args:
        num_labels: L.
        rates: names as in :data:`metrix.classification.scores.RATES`, or "f1".
        zero_division: the value of 0 / 0, also that of a sample; NaN is left out of means.

    Example:
        >>> from metrix.classification import MultilabelScores
        >>> scores = MultilabelScores(2, rates=("f1",))
        >>> scores.update([[1, 0], [1, 1]], [[1, 1], [0, 1]])
        >>> scores.update([[1, 0]], [[1, 0]])
        >>> round(scores.compute("samples")["f1"], 6), round(scores.compute("macro")["f1"], 6)
        (0.777778, 0.733333)
        >>> round(scores.subset_accuracy(), 6)
        0.333333

    Source:
        Those of the functions, as scikit-learn 1.9 defines them.
    """

    def __init__(
        self,
        num_labels: int,
        *,
        rates: Iterable[str] = ("precision", "recall", "f1", "jaccard"),
        zero_division: float = 0.0,
    ) -> None:
        """Of no data yet."""
        self.rates, self.zero_division = tuple(rates), zero_division
        for name in self.rates:
            rate_named(name)  # complains
        self._labels = num_labels
        self._cells: Array = np.zeros((num_labels, 2, 2), dtype=np.int64)
        self._states: list[FloatArray] = self._cleared()

    def update(self, y_true: Any, y_pred: Any, *, sample_weight: Any = None) -> None:
        """Add a batch of (N, L) flags, and (N,) weights."""
        truth = as_ndarray(y_true, "y_true")
        if truth.ndim != 2 or truth.shape[1] != self._labels:
            raise ValueError(f"y_true: expected shape (N, {self._labels}), got {truth.shape}")
        by_sample = _counts(multilabel_confusion_matrix(truth, y_pred, samplewise=True))
        by_label = multilabel_confusion_matrix(truth, y_pred, sample_weight=sample_weight)
        wrong = by_sample.fp + by_sample.fn
        terms: list[FloatArray] = [(wrong == 0).astype(np.float64), wrong / max(1, self._labels)]
        terms += [averaged(rate_named(name), by_sample, None, self.zero_division) for name in self.rates]
        self._cells = self._cells + by_label
        states = [state_of_terms(Skipping(values), sample_weight) for values in terms]
        self._states = [_core.regression.merged(own, new) for own, new in zip(self._states, states)]

    def merge(self, other: MultilabelScores) -> None:
        """Add all that another one of the same rates has seen."""
        if (self.rates, self._labels) != (other.rates, other._labels) or not np.array_equal(
            self.zero_division, other.zero_division, equal_nan=True
        ):
            raise ValueError("other: expected the same labels, rates and zero_division")
        self._cells = self._cells + other._cells
        self._states = [_core.regression.merged(own, its) for own, its in zip(self._states, other._states)]

    def compute(self, average: str | None = "macro") -> dict[str, Any]:
        """Rates by name: "micro", "macro", "weighted", "samples", or None for one of each label."""
        if average not in (None, "micro", "macro", "weighted", "samples"):
            raise ValueError(f"average: expected 'micro', 'macro', 'weighted', 'samples' or None, got {average!r}")
        if average == "samples":
            return dict(zip(self.rates, map(mean_of, self._states[len(_SAMPLEWISE) :])))
        counts = _counts(self._cells)
        return {name: averaged(rate_named(name), counts, average, self.zero_division) for name in self.rates}

    def subset_accuracy(self) -> float:
        """Share of samples of which all flags are right."""
        return mean_of(self._states[0])

    def hamming_loss(self) -> float:
        """Share of flags that are wrong."""
        return mean_of(self._states[1])

    def confusion(self) -> Array:
        """(L, 2, 2) counts, as :func:`multilabel_confusion_matrix`."""
        return self._cells.copy()

    def reset(self) -> None:
        """Forget all data."""
        self._cells, self._states = np.zeros((self._labels, 2, 2), dtype=np.int64), self._cleared()

    def _cleared(self) -> list[FloatArray]:
        return [_core.regression.cleared(1) for _ in (*_SAMPLEWISE, *self.rates)]


def _counts(cells: Array) -> Counts:
    return Counts(cells[:, 1, 1], cells[:, 0, 1], cells[:, 1, 0], cells[:, 0, 0])
