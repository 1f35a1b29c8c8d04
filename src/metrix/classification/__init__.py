"""Metrics of classification: counts of labels, and the scores that are worked out from them.

No kernel: gathers the families.
"""

from __future__ import annotations

from metrix.classification.calibration import (
    CalibrationError,
    classwise_calibration_error,
    expected_calibration_error,
    maximum_calibration_error,
    reliability_curve,
)
from metrix.classification.confusion import ConfusionMatrix, confusion_matrix, multilabel_confusion_matrix
from metrix.classification.multilabel import MultilabelScores
from metrix.classification.operating_points import (
    OperatingPoint,
    fpr_at_tpr,
    precision_at_recall,
    recall_at_precision,
    sensitivity_at_specificity,
    specificity_at_sensitivity,
    tpr_at_fpr,
)
from metrix.classification.probabilities import brier_score_loss, log_loss, top_k_accuracy_score
from metrix.classification.ranking import (
    RankingHistogram,
    RankingMetrics,
    average_precision_score,
    det_curve,
    precision_recall_curve,
    roc_auc_score,
    roc_curve,
)
from metrix.classification.scores import (
    Scores,
    accuracy_score,
    balanced_accuracy_score,
    cohen_kappa_score,
    f1_score,
    false_discovery_rate,
    false_negative_rate,
    false_omission_rate,
    false_positive_rate,
    fbeta_score,
    hamming_loss,
    jaccard_score,
    matthews_corrcoef,
    negative_predictive_value,
    precision_score,
    recall_score,
    specificity_score,
)

__all__ = [
    "CalibrationError",
    "ConfusionMatrix",
    "MultilabelScores",
    "OperatingPoint",
    "RankingHistogram",
    "RankingMetrics",
    "Scores",
    "accuracy_score",
    "average_precision_score",
    "balanced_accuracy_score",
    "brier_score_loss",
    "classwise_calibration_error",
    "cohen_kappa_score",
    "confusion_matrix",
    "det_curve",
    "expected_calibration_error",
    "f1_score",
    "false_discovery_rate",
    "false_negative_rate",
    "false_omission_rate",
    "false_positive_rate",
    "fbeta_score",
    "fpr_at_tpr",
    "hamming_loss",
    "jaccard_score",
    "log_loss",
    "matthews_corrcoef",
    "maximum_calibration_error",
    "multilabel_confusion_matrix",
    "negative_predictive_value",
    "precision_at_recall",
    "precision_recall_curve",
    "precision_score",
    "recall_at_precision",
    "recall_score",
    "reliability_curve",
    "roc_auc_score",
    "roc_curve",
    "sensitivity_at_specificity",
    "specificity_at_sensitivity",
    "specificity_score",
    "top_k_accuracy_score",
    "tpr_at_fpr",
]
