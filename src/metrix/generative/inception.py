"""Inception Score of class probabilities.

No kernel: sums of rows, which NumPy makes block by block.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from metrix._arrays import as_ndarray
from metrix._splits import Splits

__all__ = ["InceptionScore", "MeanAndStd", "inception_score"]


class MeanAndStd(NamedTuple):
    """A score over splits of the data."""

    mean: float
    std: float


def inception_score(
    y_pred: Any, *, splits: int = 10, from_logits: bool = False, interleaved: bool = False, ddof: int = 0
) -> MeanAndStd:
    """Inception Score: ``exp`` of the mean divergence of each image's class probabilities from their mean, over splits.

    Args:
        y_pred: (N, C) probabilities or, with ``from_logits``, logits, from which everything is worked out in logarithms: no
            probability underflows.
        splits: how many parts of the data have a score each.
        from_logits: whether ``y_pred`` are logits, which may be ``-inf``.
        interleaved: row ``i`` is in split ``i % splits``, as in :class:`InceptionScore`, instead of in slices
            ``i N // splits`` of the order given, where images sorted by class score too low.
        ddof: of the standard deviation: 0 as in the original, 1 as in torchmetrics.

    Returns:
        Mean and standard deviation of the scores of the splits, each from 1 to C. torchmetrics and torch-fidelity
        shuffle first, and so give other numbers.

    Raises:
        ValueError: for fewer rows than splits, for probabilities that are negative or do not add up to 1 within 1e-3, and for
            rows that are not finite.

    Example:
        >>> inception_score([[1.0, 0.0], [0.0, 1.0], [0.5, 0.5], [0.5, 0.5]], splits=2)
        MeanAndStd(mean=1.5, std=0.5)

    Source:
        T. Salimans et al., Improved techniques for training GANs, 2016.
    """
    values = _predictions(y_pred)
    _require_splits(splits, ddof)
    if len(values) < splits:
        raise ValueError(f"y_pred: expected a row for each of {splits} splits, got {len(values)} rows")
    sums = Splits(splits, values.shape[1])
    if interleaved:
        sums.deal(values, 0, from_logits)
    else:
        for k in range(splits):
            sums.add(k, values, range(k * len(values) // splits, (k + 1) * len(values) // splits), from_logits)
    return _over(sums, ddof)


class InceptionScore:
    """Interleaved :func:`inception_score` batch by batch: ``update``, ``merge``, ``compute``; it can be pickled.

    Memory is ``splits`` rows. Merging adds each split to the other's of the same number.

    Args:
        splits, from_logits, ddof: as there.

    Example:
        >>> from metrix.generative import InceptionScore
        >>> score = InceptionScore(splits=2)
        >>> score.update([[1.0, 0.0], [0.5, 0.5]])
        >>> score.update([[0.0, 1.0], [0.5, 0.5]])
        >>> score.compute()
        MeanAndStd(mean=1.5, std=0.5)

    Source:
        That of :func:`inception_score`.
    """

    def __init__(self, *, splits: int = 10, from_logits: bool = False, ddof: int = 0) -> None:
        """Of no data yet."""
        _require_splits(splits, ddof)
        self._options = (splits, from_logits, ddof)
        self._sums: Splits | None = None
        self._rows = 0

    def update(self, y_pred: Any) -> None:
        """Add a batch of (N, C) rows; the first one decides C."""
        values = _predictions(y_pred)
        splits, from_logits, _ = self._options
        if self._sums is not None and values.shape[1] != self._sums.classes:
            raise ValueError(f"y_pred: expected {self._sums.classes} classes, got {values.shape[1]}")
        sums = Splits(splits, values.shape[1]) if self._sums is None else self._sums
        sums.deal(values, self._rows, from_logits)
        self._sums = sums
        self._rows += len(values)

    def merge(self, other: InceptionScore) -> None:
        """Add all that another one with the same options has seen."""
        if self._options != other._options:
            raise ValueError(f"other: expected splits, from_logits and ddof {self._options}, got {other._options}")
        if other._sums is None:
            return
        if self._sums is None:
            self._sums = Splits(self._options[0], other._sums.classes)
        if self._sums.classes != other._sums.classes:
            raise ValueError(f"other: expected {self._sums.classes} classes, got {other._sums.classes}")
        self._sums.merge(other._sums)
        self._rows += other._rows

    def compute(self) -> MeanAndStd:
        """Of all rows so far; ``ValueError`` where a split has none."""
        if self._sums is None or not self._sums.counts.all():
            raise ValueError(f"y_pred: expected a row for each of {self._options[0]} splits, got {self._rows} rows")
        return _over(self._sums, self._options[2])

    def reset(self) -> None:
        """Forget all data."""
        self._sums = None
        self._rows = 0


def _predictions(y_pred: Any) -> Any:
    values = as_ndarray(y_pred, "y_pred")
    if values.dtype.kind not in "fiub":
        raise TypeError(f"y_pred: expected real numbers, got dtype {values.dtype}")
    if values.ndim != 2 or values.shape[1] == 0:
        raise ValueError(f"y_pred: expected shape (N, C), got {values.shape}")
    return values


def _require_splits(splits: int, ddof: int) -> None:
    if isinstance(splits, bool) or int(splits) != splits or splits < 1:
        raise ValueError(f"splits: expected an int >= 1, got {splits!r}")
    if ddof not in (0, 1):
        raise ValueError(f"ddof: expected 0 or 1, got {ddof!r}")


def _over(sums: Splits, ddof: int) -> MeanAndStd:
    scores = sums.scores()
    # One split has no deviation, where NumPy would warn.
    std = float(np.std(scores, ddof=ddof)) if len(scores) > ddof else float("nan")
    return MeanAndStd(float(np.mean(scores)), std)
