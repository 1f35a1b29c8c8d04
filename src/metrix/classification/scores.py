"""Scores of classes from counts of true and false positives and negatives.

No kernel: worked out from confusion matrices (:mod:`metrix.classification.confusion`). All scores of rates take

- ``y_true``, ``y_pred``: (N,) labels, or (N, L) flags of multilabel data;
- ``labels``: classes to look at, default those that occur;
- ``average``: "binary" looks at ``pos_label`` alone; "micro" adds up the counts of all classes; "macro" is the mean over
  classes, "weighted" weighs them by how often they are true, "samples" is the mean over samples of multilabel data; None
  gives an array;
- ``sample_weight``: (N,) weights;
- ``zero_division``: the value of 0 / 0. Default 0, scikit-learn's, which warns as well; NaN is left out of means.

Equal to scikit-learn 1.9 to the last bit where it has them. torchmetrics counts absent classes as 0 in "macro" where
``labels`` names them; so does this.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from metrix._arrays import as_ndarray
from metrix.classification._agreement import accuracy_of, balanced_accuracy_of, correlation_of, kappa_of
from metrix.classification._counting import Array, counted, weights
from metrix.classification.confusion import multilabel_confusion_matrix

Average = Literal["binary", "micro", "macro", "weighted", "samples"]


@dataclass(frozen=True)
class Counts:
    """Of each class: numbers of true and false positives and negatives."""

    tp: Array
    fp: Array
    fn: Array
    tn: Array

    @classmethod
    def of_matrix(cls, matrix: Any) -> Counts:
        """Each class against all others; row i of the matrix: class i is true."""
        cells = np.asarray(matrix)
        tp = np.diag(cells)
        fp, fn = cells.sum(axis=0) - tp, cells.sum(axis=1) - tp
        return cls(tp, fp, fn, cells.sum() - tp - fp - fn)

    def summed(self) -> Counts:
        """Those of all classes together."""
        return Counts(*(np.asarray([side.sum()]) for side in (self.tp, self.fp, self.fn, self.tn)))


Rate = Callable[[Counts], tuple[Array, Array]]

RATES: dict[str, Rate] = {
    "precision": lambda c: (c.tp, c.tp + c.fp),
    "recall": lambda c: (c.tp, c.tp + c.fn),
    "specificity": lambda c: (c.tn, c.tn + c.fp),
    "negative_predictive_value": lambda c: (c.tn, c.tn + c.fn),
    "false_positive_rate": lambda c: (c.fp, c.fp + c.tn),
    "false_negative_rate": lambda c: (c.fn, c.fn + c.tp),
    "false_discovery_rate": lambda c: (c.fp, c.fp + c.tp),
    "false_omission_rate": lambda c: (c.fn, c.fn + c.tn),
    "jaccard": lambda c: (c.tp, c.tp + c.fp + c.fn),
}


def rate_of_f(beta: float) -> Rate:
    """F-beta from counts; precision and recall are never formed."""
    if not beta >= 0:
        raise ValueError(f"beta: expected a number >= 0, got {beta!r}")
    square = beta**2
    if np.isinf(beta):
        return RATES["recall"]
    return lambda c: ((1 + square) * c.tp, square * (c.tp + c.fn) + (c.tp + c.fp))


def rate_named(name: str) -> Rate:
    """One of :data:`RATES`, or "f1"."""
    if name != "f1" and name not in RATES:
        raise ValueError(f"name: expected 'f1' or one of {sorted(RATES)}, got {name!r}")
    return rate_of_f(1.0) if name == "f1" else RATES[name]


def averaged(rate: Rate, counts: Counts, average: str | None, zero_division: float) -> Any:
    """One value, or one for each class."""
    if average == "micro":
        counts = counts.summed()
    over, under = rate(counts)
    with np.errstate(all="ignore"):
        values = np.where(under == 0, np.float64(zero_division), over / np.where(under == 0, 1, under))
    if average is None:
        return values
    if average == "weighted":
        return _mean(values, counts.tp + counts.fn)
    return _mean(values, None)


def _mean(values: Array, weight: Array | None) -> float:
    """NaN is left out."""
    known = ~np.isnan(values)
    if not known.any():
        return float("nan")
    values = values[known]
    weight = None if weight is None else weight[known]
    if weight is None or weight.sum() == 0:
        return float(np.average(values))
    return float(np.average(values, weights=weight))


def counts_of(y_true: Any, y_pred: Any, labels: Any, pos_label: Any, average: Any, weight: Any, threads: Any) -> Counts:
    """Counts as an average needs them."""
    if average not in (None, "binary", "micro", "macro", "weighted", "samples"):
        raise ValueError(
            f"average: expected 'binary', 'micro', 'macro', 'weighted', 'samples' or None, got {average!r}"
        )
    truth = as_ndarray(y_true, "y_true")
    if truth.ndim == 2:
        if average == "binary":
            raise ValueError("average: expected 'micro', 'macro', 'weighted', 'samples' or None of multilabel data")
        by_sample = average == "samples"
        cells = multilabel_confusion_matrix(
            truth, y_pred, sample_weight=None if by_sample else weight, samplewise=by_sample
        )
        if labels is not None and not by_sample:
            cells = cells[np.asarray(labels)]
        return Counts(cells[:, 1, 1], cells[:, 0, 1], cells[:, 1, 0], cells[:, 0, 0])
    if average == "samples":
        raise ValueError("average: expected (N, L) flags for 'samples', got labels")
    matrix, names = counted(y_true, y_pred, None, None, None, weight, threads)
    counts = Counts.of_matrix(matrix)
    if average == "binary":
        if len(names) > 2:
            raise ValueError(f"average: 'binary' is of two classes, got {len(names)}; choose another")
        labels = [pos_label]
        if len(names) == 2 and pos_label not in names:
            raise ValueError(f"pos_label: expected one of {names.tolist()}, got {pos_label!r}")
    if labels is None:
        return counts
    place = {name: i for i, name in enumerate(names.tolist())}
    total = matrix.sum()

    def pick(values: Array, absent: Any) -> Array:
        return np.array([values[place[name]] if name in place else absent for name in np.asarray(labels).tolist()])

    return Counts(pick(counts.tp, 0), pick(counts.fp, 0), pick(counts.fn, 0), pick(counts.tn, total))


def precision_score(
    y_true: Any,
    y_pred: Any,
    *,
    labels: Any = None,
    pos_label: Any = 1,
    average: Average | None = "binary",
    sample_weight: Any = None,
    zero_division: float = 0.0,
    num_threads: int | None = None,
) -> Any:
    """TP / (TP + FP): of what was predicted, what is true. Also positive predictive value.

    Composed from the counts of classes; arguments and conventions: see the module.

    Example:
        >>> precision_score([1, 0, 1], [1, 1, 0])
        0.5

    Source:
        scikit-learn 1.9, ``precision_score``.
    """
    counts = counts_of(y_true, y_pred, labels, pos_label, average, sample_weight, num_threads)
    return _score(RATES["precision"], counts, average, zero_division, sample_weight)


def recall_score(
    y_true: Any,
    y_pred: Any,
    *,
    labels: Any = None,
    pos_label: Any = 1,
    average: Average | None = "binary",
    sample_weight: Any = None,
    zero_division: float = 0.0,
    num_threads: int | None = None,
) -> Any:
    """TP / (TP + FN): of what is true, what was found. Also sensitivity, true positive rate, hit rate.

    Composed from the counts of classes; arguments and conventions: see the module.

    Example:
        >>> recall_score([1, 0, 1, 1], [1, 1, 0, 1])
        0.6666666666666666

    Source:
        scikit-learn 1.9, ``recall_score``.
    """
    counts = counts_of(y_true, y_pred, labels, pos_label, average, sample_weight, num_threads)
    return _score(RATES["recall"], counts, average, zero_division, sample_weight)


def f1_score(
    y_true: Any,
    y_pred: Any,
    *,
    labels: Any = None,
    pos_label: Any = 1,
    average: Average | None = "binary",
    sample_weight: Any = None,
    zero_division: float = 0.0,
    num_threads: int | None = None,
) -> Any:
    """2 TP / (2 TP + FN + FP): the harmonic mean of precision and recall; also the Dice score.

    Composed from the counts of classes; arguments and conventions: see the module.

    Example:
        >>> f1_score([1, 0, 1], [1, 1, 0])
        0.5

    Source:
        scikit-learn 1.9, ``f1_score``.
    """
    counts = counts_of(y_true, y_pred, labels, pos_label, average, sample_weight, num_threads)
    return _score(rate_of_f(1.0), counts, average, zero_division, sample_weight)


def fbeta_score(
    y_true: Any,
    y_pred: Any,
    *,
    beta: float,
    labels: Any = None,
    pos_label: Any = 1,
    average: Average | None = "binary",
    sample_weight: Any = None,
    zero_division: float = 0.0,
    num_threads: int | None = None,
) -> Any:
    """(1 + beta^2) TP / ((1 + beta^2) TP + beta^2 FN + FP): beta > 1 values recall higher.

    Composed from the counts of classes; arguments and conventions: see the module.

    Example:
        >>> fbeta_score([1, 0, 0], [1, 1, 0], beta=2)
        0.8333333333333334

    Source:
        scikit-learn 1.9, ``fbeta_score``.
    """
    counts = counts_of(y_true, y_pred, labels, pos_label, average, sample_weight, num_threads)
    return _score(rate_of_f(beta), counts, average, zero_division, sample_weight)


def jaccard_score(
    y_true: Any,
    y_pred: Any,
    *,
    labels: Any = None,
    pos_label: Any = 1,
    average: Average | None = "binary",
    sample_weight: Any = None,
    zero_division: float = 0.0,
    num_threads: int | None = None,
) -> Any:
    """TP / (TP + FP + FN): intersection over union of classes.

    Composed from the counts of classes; arguments and conventions: see the module.

    Example:
        >>> jaccard_score([1, 0, 1], [1, 1, 0])
        0.3333333333333333

    Source:
        scikit-learn 1.9, ``jaccard_score``.
    """
    counts = counts_of(y_true, y_pred, labels, pos_label, average, sample_weight, num_threads)
    return _score(RATES["jaccard"], counts, average, zero_division, sample_weight)


def specificity_score(
    y_true: Any,
    y_pred: Any,
    *,
    labels: Any = None,
    pos_label: Any = 1,
    average: Average | None = "binary",
    sample_weight: Any = None,
    zero_division: float = 0.0,
    num_threads: int | None = None,
) -> Any:
    """TN / (TN + FP): of what is false, what was taken for false. Also selectivity, true negative rate.

    Composed from the counts of classes; arguments and conventions: see the module.

    Example:
        >>> specificity_score([1, 0, 0], [1, 1, 0])
        0.5

    Source:
        J. Terven et al., Loss functions and metrics in deep learning, 2023, table 4.
    """
    counts = counts_of(y_true, y_pred, labels, pos_label, average, sample_weight, num_threads)
    return _score(RATES["specificity"], counts, average, zero_division, sample_weight)


def negative_predictive_value(
    y_true: Any,
    y_pred: Any,
    *,
    labels: Any = None,
    pos_label: Any = 1,
    average: Average | None = "binary",
    sample_weight: Any = None,
    zero_division: float = 0.0,
    num_threads: int | None = None,
) -> Any:
    """TN / (TN + FN): of what was taken for false, what is.

    Composed from the counts of classes; arguments and conventions: see the module.

    Example:
        >>> negative_predictive_value([1, 0, 1], [0, 0, 1])
        0.5

    Source:
        J. Terven et al., Loss functions and metrics in deep learning, 2023, table 4, where it is
        said to be 1 - FPR, which is the specificity.
    """
    counts = counts_of(y_true, y_pred, labels, pos_label, average, sample_weight, num_threads)
    return _score(RATES["negative_predictive_value"], counts, average, zero_division, sample_weight)


def false_positive_rate(
    y_true: Any,
    y_pred: Any,
    *,
    labels: Any = None,
    pos_label: Any = 1,
    average: Average | None = "binary",
    sample_weight: Any = None,
    zero_division: float = 0.0,
    num_threads: int | None = None,
) -> Any:
    """FP / (FP + TN): fall-out, 1 - specificity.

    Composed from the counts of classes; arguments and conventions: see the module.

    Example:
        >>> false_positive_rate([1, 0, 0], [1, 1, 0])
        0.5

    Source:
        J. Terven et al., Loss functions and metrics in deep learning, 2023, table 4, whose denominator is FP + FN by mistake.
    """
    counts = counts_of(y_true, y_pred, labels, pos_label, average, sample_weight, num_threads)
    return _score(RATES["false_positive_rate"], counts, average, zero_division, sample_weight)


def false_negative_rate(
    y_true: Any,
    y_pred: Any,
    *,
    labels: Any = None,
    pos_label: Any = 1,
    average: Average | None = "binary",
    sample_weight: Any = None,
    zero_division: float = 0.0,
    num_threads: int | None = None,
) -> Any:
    """FN / (FN + TP): miss rate, 1 - recall.

    Composed from the counts of classes; arguments and conventions: see the module.

    Example:
        >>> false_negative_rate([1, 1, 0], [1, 0, 0])
        0.5

    Source:
        J. Terven et al., Loss functions and metrics in deep learning, 2023, table 4.
    """
    counts = counts_of(y_true, y_pred, labels, pos_label, average, sample_weight, num_threads)
    return _score(RATES["false_negative_rate"], counts, average, zero_division, sample_weight)


def false_discovery_rate(
    y_true: Any,
    y_pred: Any,
    *,
    labels: Any = None,
    pos_label: Any = 1,
    average: Average | None = "binary",
    sample_weight: Any = None,
    zero_division: float = 0.0,
    num_threads: int | None = None,
) -> Any:
    """FP / (FP + TP): 1 - precision.

    Composed from the counts of classes; arguments and conventions: see the module.

    Example:
        >>> false_discovery_rate([1, 0, 0], [1, 1, 0])
        0.5

    Source:
        J. Terven et al., Loss functions and metrics in deep learning, 2023, table 4.
    """
    counts = counts_of(y_true, y_pred, labels, pos_label, average, sample_weight, num_threads)
    return _score(RATES["false_discovery_rate"], counts, average, zero_division, sample_weight)


def false_omission_rate(
    y_true: Any,
    y_pred: Any,
    *,
    labels: Any = None,
    pos_label: Any = 1,
    average: Average | None = "binary",
    sample_weight: Any = None,
    zero_division: float = 0.0,
    num_threads: int | None = None,
) -> Any:
    """FN / (FN + TN): 1 - negative predictive value.

    Composed from the counts of classes; arguments and conventions: see the module.

    Example:
        >>> false_omission_rate([1, 0, 1], [0, 0, 1])
        0.5

    Source:
        J. Terven et al., Loss functions and metrics in deep learning, 2023, table 4, which calls
        it true discovery rate; that is the precision.
    """
    counts = counts_of(y_true, y_pred, labels, pos_label, average, sample_weight, num_threads)
    return _score(RATES["false_omission_rate"], counts, average, zero_division, sample_weight)


def _score(rate: Rate, counts: Counts, average: str | None, zero_division: float, sample_weight: Any) -> Any:
    if average == "samples" and sample_weight is not None:
        values = averaged(rate, counts, None, zero_division)
        return _mean(values, weights(sample_weight, values.shape))
    return averaged(rate, counts, average, zero_division)


def accuracy_score(y_true: Any, y_pred: Any, *, sample_weight: Any = None) -> float:
    """Share of labels that are right; of multilabel data, of samples of which all labels are. Empty: NaN.

    Composed from NumPy, for any number of classes.

    Example:
        >>> accuracy_score([0, 1, 2, 3], [0, 2, 2, 3])
        0.75

    Source:
        scikit-learn 1.9, ``accuracy_score``.
    """
    truth = as_ndarray(y_true, "y_true")
    if truth.ndim == 2:
        cells = multilabel_confusion_matrix(truth, y_pred, samplewise=True)
        right = cells[:, 0, 1] + cells[:, 1, 0] == 0
        if len(right) == 0:
            return float("nan")
        return float(np.average(right, weights=sample_weight))
    predicted = as_ndarray(y_pred, "y_pred")
    if predicted.shape != truth.shape:
        raise ValueError(f"y_pred: expected the shape of y_true, {truth.shape}, got {predicted.shape}")
    right = truth == predicted
    if right.size == 0:
        return float("nan")
    if sample_weight is None:
        return float(np.count_nonzero(right) / right.size)
    return float(np.average(right, weights=weights(sample_weight, right.shape)))


def balanced_accuracy_score(
    y_true: Any, y_pred: Any, *, sample_weight: Any = None, adjusted: bool = False, num_threads: int | None = None
) -> float:
    """Mean recall of the classes that are true somewhere; adjusted: 0 for guessing, 1 at best.

    Composed from the confusion matrix.

    Example:
        >>> balanced_accuracy_score([0, 0, 0, 1], [0, 0, 0, 0])
        0.5

    Source:
        scikit-learn 1.9, ``balanced_accuracy_score``.
    """
    matrix, _ = counted(y_true, y_pred, None, None, None, sample_weight, num_threads)
    return balanced_accuracy_of(matrix, adjusted)


def matthews_corrcoef(y_true: Any, y_pred: Any, *, sample_weight: Any = None, num_threads: int | None = None) -> float:
    """Correlation of true and predicted labels of any number of classes, from -1 to 1; 0 where one side is constant.

    Composed from the confusion matrix.

    Example:
        >>> matthews_corrcoef([1, 1, 1, 0], [1, 0, 1, 1])
        -0.3333333333333333

    Source:
        scikit-learn 1.9, ``matthews_corrcoef``; J. Gorodkin, 2004.
    """
    matrix, _ = counted(y_true, y_pred, None, None, None, sample_weight, num_threads)
    return correlation_of(matrix)


def cohen_kappa_score(
    y1: Any,
    y2: Any,
    *,
    labels: Any = None,
    weights: Literal["linear", "quadratic"] | None = None,
    sample_weight: Any = None,
    num_threads: int | None = None,
) -> float:
    """Agreement of two annotators beyond chance, from -1 to 1; NaN where chance leaves nothing to agree on.

    With ``weights``, classes in their order disagree the more the farther they are apart. Composed from the confusion
    matrix.

    Example:
        >>> cohen_kappa_score([0, 1, 2, 2], [0, 2, 2, 2])
        0.5555555555555556

    Source:
        scikit-learn 1.9, ``cohen_kappa_score``; J. Cohen, 1960 and 1968.
    """
    if weights not in (None, "linear", "quadratic"):
        raise ValueError(f"weights: expected 'linear', 'quadratic' or None, got {weights!r}")
    matrix, _ = counted(y1, y2, labels, None, None, sample_weight, num_threads)
    return kappa_of(matrix, weights)


def hamming_loss(y_true: Any, y_pred: Any, *, sample_weight: Any = None) -> float:
    """Share of labels that are wrong; of multilabel data, of all flags. Empty: NaN.

    Composed from the confusion matrix.

    Example:
        >>> hamming_loss([[1, 0], [0, 1]], [[1, 1], [0, 1]])
        0.25

    Source:
        scikit-learn 1.9, ``hamming_loss``.
    """
    truth = as_ndarray(y_true, "y_true")
    if truth.ndim == 1:
        return 1 - accuracy_score(truth, y_pred, sample_weight=sample_weight)
    cells = multilabel_confusion_matrix(truth, y_pred, sample_weight=sample_weight)
    with np.errstate(all="ignore"):
        return float(np.float64(cells[:, 0, 1].sum() + cells[:, 1, 0].sum()) / cells.sum())


class Scores:
    """Scores of a confusion matrix that is already there, as of :class:`~metrix.classification.ConfusionMatrix`.

    They are those of the functions of the same names, of data that nobody has to keep.

    Example:
        >>> from metrix.classification import ConfusionMatrix, Scores
        >>> matrix = ConfusionMatrix(num_classes=2)
        >>> matrix.update([0, 1], [0, 0])
        >>> matrix.update([1, 1], [1, 1])
        >>> scores = Scores(matrix.compute())
        >>> scores.accuracy(), scores.score("precision", average="binary")
        (0.75, 1.0)
    """

    def __init__(self, matrix: Any) -> None:
        """Of a (C, C) matrix."""
        self._matrix = as_ndarray(matrix, "matrix")
        if self._matrix.ndim != 2 or self._matrix.shape[0] != self._matrix.shape[1]:
            raise ValueError(f"matrix: expected shape (C, C), got {self._matrix.shape}")
        self._counts = Counts.of_matrix(self._matrix)

    def score(self, name: str, *, average: Average | None = "macro", zero_division: float = 0.0) -> Any:
        """The rate of this name, one of :data:`RATES` or "f1"; "binary" is of class 1 of two.

        Example:
            >>> Scores([[3, 1], [2, 4]]).score("precision", average=None).tolist()
            [0.6, 0.8]
        """
        return self._average(rate_named(name), average, zero_division)

    def fbeta(self, beta: float, *, average: Average | None = "macro", zero_division: float = 0.0) -> Any:
        """As :func:`fbeta_score`."""
        return self._average(rate_of_f(beta), average, zero_division)

    def accuracy(self) -> float:
        """As :func:`accuracy_score`."""
        return accuracy_of(self._matrix)

    def balanced_accuracy(self, *, adjusted: bool = False) -> float:
        """As :func:`balanced_accuracy_score`."""
        return balanced_accuracy_of(self._matrix, adjusted)

    def matthews_corrcoef(self) -> float:
        """As :func:`matthews_corrcoef`."""
        return correlation_of(self._matrix)

    def cohen_kappa(self, *, weights: Literal["linear", "quadratic"] | None = None) -> float:
        """As :func:`cohen_kappa_score`."""
        return kappa_of(self._matrix, weights)

    def _average(self, rate: Rate, average: str | None, zero_division: float) -> Any:
        if average == "binary":
            if len(self._counts.tp) != 2:
                raise ValueError(f"average: 'binary' is of two classes, got {len(self._counts.tp)}")
            return float(averaged(rate, self._counts, None, zero_division)[1])
        return averaged(rate, self._counts, average, zero_division)
