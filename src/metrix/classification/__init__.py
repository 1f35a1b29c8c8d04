"""Metrics of classification: counts of labels, and the scores that are worked out from them.

No kernel: gathers the families.
"""

from __future__ import annotations

from metrix.classification.confusion import ConfusionMatrix, confusion_matrix, multilabel_confusion_matrix
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
    "ConfusionMatrix",
    "Scores",
    "accuracy_score",
    "balanced_accuracy_score",
    "cohen_kappa_score",
    "confusion_matrix",
    "f1_score",
    "false_discovery_rate",
    "false_negative_rate",
    "false_omission_rate",
    "false_positive_rate",
    "fbeta_score",
    "hamming_loss",
    "jaccard_score",
    "matthews_corrcoef",
    "multilabel_confusion_matrix",
    "negative_predictive_value",
    "precision_score",
    "recall_score",
    "specificity_score",
]
