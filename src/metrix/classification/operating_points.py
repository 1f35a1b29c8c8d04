"""Single points of ROC and precision-recall curves: one rate where another one is as good as asked for.

No kernel: picked from the points of the curves, exact with ties and weights. Everywhere ``y_true`` are (N,) labels, of which
``pos_label`` (default 1) is the positive one, ``y_score`` (N,) scores, higher for positives, and ``sample_weight`` (N,)
weights. Scores at least as high as the ``threshold`` of the result count as positive; it is a score that occurs, or infinite
where nothing may be accepted, where torchmetrics gives 1e6 in some functions. Nothing is interpolated between points
(:func:`metrix.verification.tar_at_far` can). Of equally good points the one of the best other rate is taken, and of those the
highest threshold. With data in batches: ``RankingMetrics.evaluate(recall_at_precision, precision=0.9)``.

The equal error rate is :func:`metrix.verification.equal_error_rate`.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from metrix.classification.ranking import FloatArray, precision_recall_curve, roc_curve


class OperatingPoint(NamedTuple):
    """A rate, and the threshold that gives it."""

    value: float
    threshold: float


def recall_at_precision(
    y_true: Any,
    y_score: Any,
    *,
    precision: float,
    pos_label: Any = 1,
    sample_weight: Any = None,
    num_threads: int | None = None,
) -> OperatingPoint:
    """Highest recall of the thresholds whose precision is at least as given; 0 if there is none. NaN without positives.

    Example:
        >>> recall_at_precision([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8], precision=0.6)
        OperatingPoint(value=1.0, threshold=0.35)

    Source:
        torchmetrics 1.9, ``BinaryRecallAtFixedPrecision``.
    """
    _require_rate(precision, "precision")
    curve = precision_recall_curve(
        y_true, y_score, pos_label=pos_label, sample_weight=sample_weight, num_threads=num_threads
    )
    recall = _known(curve.recall, y_true, pos_label)
    return _best(recall, curve.precision, np.r_[curve.thresholds, np.inf], curve.precision >= precision)


def precision_at_recall(
    y_true: Any,
    y_score: Any,
    *,
    recall: float,
    pos_label: Any = 1,
    sample_weight: Any = None,
    num_threads: int | None = None,
) -> OperatingPoint:
    """Highest precision of the thresholds whose recall is at least as given. NaN without positives.

    A recall of 0 is had by accepting nothing, with a precision of 1.

    Example:
        >>> precision_at_recall([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8], recall=0.5)
        OperatingPoint(value=1.0, threshold=0.8)

    Source:
        torchmetrics 1.9, ``BinaryPrecisionAtFixedRecall``.
    """
    _require_rate(recall, "recall")
    curve = precision_recall_curve(
        y_true, y_score, pos_label=pos_label, sample_weight=sample_weight, num_threads=num_threads
    )
    found = _known(curve.recall, y_true, pos_label)
    values = np.where(np.isnan(found), np.nan, curve.precision)
    return _best(values, found, np.r_[curve.thresholds, np.inf], curve.recall >= recall)


def tpr_at_fpr(
    y_true: Any,
    y_score: Any,
    *,
    fpr: float,
    pos_label: Any = 1,
    sample_weight: Any = None,
    num_threads: int | None = None,
) -> OperatingPoint:
    """Highest true positive rate of the thresholds whose false positive rate is at most as given. NaN of one class.

    Example:
        >>> tpr_at_fpr([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8], fpr=0.1)
        OperatingPoint(value=0.5, threshold=0.8)

    Source:
        T. Fawcett, An introduction to ROC analysis, 2006.
    """
    _require_rate(fpr, "fpr")
    false, true, thresholds = _roc(y_true, y_score, pos_label, sample_weight, num_threads)
    return _best(true, -false, thresholds, false <= fpr)


def fpr_at_tpr(
    y_true: Any,
    y_score: Any,
    *,
    tpr: float,
    pos_label: Any = 1,
    sample_weight: Any = None,
    num_threads: int | None = None,
) -> OperatingPoint:
    """Lowest false positive rate of the thresholds whose true positive rate is at least as given: FPR95. NaN of one class.

    Example:
        >>> fpr_at_tpr([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8], tpr=0.9)
        OperatingPoint(value=0.5, threshold=0.35)

    Source:
        D. Hendrycks and K. Gimpel, A baseline for detecting misclassified and out-of-distribution examples, 2017.
    """
    _require_rate(tpr, "tpr")
    false, true, thresholds = _roc(y_true, y_score, pos_label, sample_weight, num_threads)
    point = _best(-false, true, thresholds, true >= tpr)
    return OperatingPoint(-point.value + 0.0, point.threshold)


def sensitivity_at_specificity(
    y_true: Any,
    y_score: Any,
    *,
    specificity: float,
    pos_label: Any = 1,
    sample_weight: Any = None,
    num_threads: int | None = None,
) -> OperatingPoint:
    """Highest sensitivity (recall) of the thresholds whose specificity is at least as given. NaN of one class.

    Example:
        >>> sensitivity_at_specificity([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8], specificity=0.5)
        OperatingPoint(value=1.0, threshold=0.35)

    Source:
        torchmetrics 1.9, ``BinarySensitivityAtSpecificity``.
    """
    _require_rate(specificity, "specificity")
    false, true, thresholds = _roc(y_true, y_score, pos_label, sample_weight, num_threads)
    return _best(true, -false, thresholds, 1 - false >= specificity)


def specificity_at_sensitivity(
    y_true: Any,
    y_score: Any,
    *,
    sensitivity: float,
    pos_label: Any = 1,
    sample_weight: Any = None,
    num_threads: int | None = None,
) -> OperatingPoint:
    """Highest specificity of the thresholds whose sensitivity (recall) is at least as given. NaN of one class.

    Example:
        >>> specificity_at_sensitivity([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8], sensitivity=0.9)
        OperatingPoint(value=0.5, threshold=0.35)

    Source:
        torchmetrics 1.9, ``BinarySpecificityAtSensitivity``.
    """
    _require_rate(sensitivity, "sensitivity")
    false, true, thresholds = _roc(y_true, y_score, pos_label, sample_weight, num_threads)
    return _best(1 - false, true, thresholds, true >= sensitivity)


def _require_rate(rate: float, name: str) -> None:
    if not 0 <= rate <= 1:
        raise ValueError(f"{name}: expected a number from 0 to 1, got {rate!r}")


def _roc(y_true: Any, y_score: Any, pos_label: Any, weight: Any, threads: Any) -> tuple[FloatArray, ...]:
    """Rates by descending threshold; all NaN of one class."""
    curve = roc_curve(
        y_true, y_score, pos_label=pos_label, sample_weight=weight, drop_intermediate=False, num_threads=threads
    )
    unknown = np.isnan(curve.fpr) | np.isnan(curve.tpr)
    return np.where(unknown, np.nan, curve.fpr), np.where(unknown, np.nan, curve.tpr), curve.thresholds


def _known(recall: FloatArray, y_true: Any, pos_label: Any) -> FloatArray:
    """NaN without positives, of which a curve has all."""
    return recall if (np.asarray(y_true) == pos_label).any() else np.full_like(recall, np.nan)


def _best(values: FloatArray, others: FloatArray, thresholds: FloatArray, allowed: Any) -> OperatingPoint:
    """The highest allowed value; then by the other rate, then by the threshold."""
    if np.isnan(values[-1]):
        return OperatingPoint(float("nan"), float("nan"))
    places = np.flatnonzero(allowed)
    for order in (values, others, thresholds):
        places = places[order[places] == order[places].max()]
    return OperatingPoint(float(values[places[0]]), float(thresholds[places[0]]))
