"""Confusion matrices of any labels: in one pass over the data, and batch by batch."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np

from metrix.classification._counting import Array, counted, flags, weights

Normalize = Literal["true", "pred", "all"]


def confusion_matrix(
    y_true: Any,
    y_pred: Any,
    *,
    labels: Any = None,
    num_classes: int | None = None,
    ignore_index: int | None = None,
    sample_weight: Any = None,
    normalize: Normalize | None = None,
    num_threads: int | None = None,
) -> Array:
    """How often class i was predicted as class j: row i, column j.

    Args:
        y_true, y_pred: labels of one shape, such as (N,) or images (N, H, W): integers of any type, booleans, or strings.
        labels: (C,) the classes, in the order of the rows. Pairs with another label are left out, as in scikit-learn.
        num_classes: classes are 0 .. num_classes - 1, and any other label is an error. With neither, the classes are the
            labels that occur, in ascending order.
        ignore_index: true labels of this value are left out, whatever was predicted there.
        sample_weight: weights of the shape of ``y_true``: sums of weights instead of counts.
        normalize: rows ("true"), columns ("pred") or everything ("all") sum to 1; 0 where there is nothing.
        num_threads: default ``OMP_NUM_THREADS`` or the usable CPUs. The result has the same bits for any number.

    Returns:
        (C, C) int64 counts; float64 with weights that are no integers, or normalized.

    Conventions:
        Empty: zeros, of shape (0, 0) without ``labels`` and ``num_classes``. torchmetrics' ``ignore_index`` is the same.

    Raises:
        TypeError: for labels that are floating-point numbers.
        ValueError: for shapes that differ; labels outside of ``num_classes``, with the index of the first one.

    Example:
        >>> from metrix.classification import confusion_matrix
        >>> confusion_matrix([0, 0, 1, 255], [0, 1, 1, 0], num_classes=2, ignore_index=255)
        array([[1, 1],
               [0, 1]])

    Source:
        scikit-learn 1.9, ``confusion_matrix``.
    """
    if normalize not in (None, "true", "pred", "all"):
        raise ValueError(f"normalize: expected 'true', 'pred', 'all' or None, got {normalize!r}")
    matrix, _ = counted(y_true, y_pred, labels, num_classes, ignore_index, sample_weight, num_threads)
    if normalize is None:
        return matrix
    axis = {"true": 1, "pred": 0, "all": None}[normalize]
    with np.errstate(all="ignore"):
        return np.asarray(np.nan_to_num(matrix / matrix.sum(axis=axis, keepdims=axis is not None)))


class ConfusionMatrix:
    """A confusion matrix of data that comes in batches: ``update``, ``merge``, ``compute``; it can be pickled.

    Counts are those of one pass however the data was split. Scores come from the matrix:
    ``Scores(matrix.compute()).score("f1", average="macro")``.

    Args:
        num_classes, labels, ignore_index: as in :func:`confusion_matrix`, one of the first two is needed.

    Example:
        >>> from metrix.classification import ConfusionMatrix
        >>> matrix = ConfusionMatrix(num_classes=2)
        >>> matrix.update([0, 1], [0, 0])
        >>> matrix.update([1], [1])
        >>> matrix.compute()
        array([[1, 0],
               [1, 1]])
    """

    def __init__(self, *, num_classes: int | None = None, labels: Any = None, ignore_index: int | None = None) -> None:
        """Of no data yet."""
        if (num_classes is None) == (labels is None):
            raise ValueError("num_classes: expected it or labels, to know the classes of all batches")
        self._classes: dict[str, Any] = {"num_classes": num_classes, "labels": labels, "ignore_index": ignore_index}
        size = num_classes if num_classes is not None else len(labels)
        self._sums: Array = np.zeros((size, size), dtype=np.int64)

    def update(self, y_true: Any, y_pred: Any, *, sample_weight: Any = None, num_threads: int | None = None) -> None:
        """Add a batch."""
        self._sums = self._sums + confusion_matrix(
            y_true, y_pred, sample_weight=sample_weight, num_threads=num_threads, **self._classes
        )

    def merge(self, other: ConfusionMatrix) -> None:
        """Add all that another one of the same classes has seen."""
        if self._sums.shape != other._sums.shape or not all(
            np.array_equal(self._classes[name], other._classes[name]) for name in self._classes
        ):
            raise ValueError("other: expected the same classes")
        self._sums = self._sums + other._sums

    def compute(self) -> Array:
        """The matrix."""
        return self._sums.copy()

    def reset(self) -> None:
        """Forget all data."""
        self._sums = np.zeros(self._sums.shape, dtype=np.int64)


def multilabel_confusion_matrix(
    y_true: Any, y_pred: Any, *, sample_weight: Any = None, samplewise: bool = False
) -> Array:
    """A matrix [[TN, FP], [FN, TP]] for each label, or for each sample.

    Composed from NumPy.

    Args:
        y_true, y_pred: (N, L) flags: sample i has label j.
        sample_weight: (N,) weights of samples.
        samplewise: a matrix for each sample instead of each label.

    Returns:
        (L, 2, 2), or (N, 2, 2); int64, or float64 with weights that are no integers.

    Example:
        >>> multilabel_confusion_matrix([[1, 0], [1, 1]], [[1, 1], [0, 1]]).tolist()
        [[[0, 0], [1, 1]], [[0, 1], [0, 1]]]

    Source:
        scikit-learn 1.9, ``multilabel_confusion_matrix``, of which this is the part for indicators.
    """
    truth, predicted = (flags(values, name) for values, name in ((y_true, "y_true"), (y_pred, "y_pred")))
    if truth.shape != predicted.shape:
        raise ValueError(f"y_pred: expected the shape of y_true, {truth.shape}, got {predicted.shape}")
    weight = None if sample_weight is None else weights(sample_weight, (len(truth),))

    def total(values: Array) -> Array:
        if samplewise:
            return np.asarray(values.sum(axis=1) * (1 if weight is None else weight))
        return values.sum(axis=0) if weight is None else np.asarray(weight @ values)

    cells = [~truth & ~predicted, ~truth & predicted, truth & ~predicted, truth & predicted]
    return np.stack([total(cell) for cell in cells], axis=-1).reshape(-1, 2, 2)
