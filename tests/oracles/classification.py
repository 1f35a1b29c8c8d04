"""Confusion matrices and scores as their definitions say, one element at a time."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np


def confusion_matrix(truth: Any, predicted: Any, labels: Any, ignored: Any = None, weight: Any = None) -> Any:
    place = {label: i for i, label in enumerate(labels)}
    matrix = [[Fraction(0)] * len(labels) for _ in labels]
    weights = [1] * len(truth) if weight is None else weight.tolist()
    for t, p, w in zip(truth.tolist(), predicted.tolist(), weights):
        if t != ignored and t in place and p in place:
            matrix[place[t]][place[p]] += Fraction(w)
    return np.array([[float(cell) for cell in row] for row in matrix]).reshape(len(labels), len(labels))


def rate(name: str, matrix: Any, label: int) -> float:
    """Of one class of an integer matrix; 0 / 0 is NaN."""
    tp = int(matrix[label, label])
    fp = int(matrix[:, label].sum()) - tp
    fn = int(matrix[label].sum()) - tp
    tn = int(matrix.sum()) - tp - fp - fn
    over, under = {
        "precision_score": (tp, tp + fp),
        "recall_score": (tp, tp + fn),
        "f1_score": (2 * tp, 2 * tp + fn + fp),
        "fbeta_score": (5 * tp, 5 * tp + 4 * fn + fp),
        "jaccard_score": (tp, tp + fp + fn),
        "specificity_score": (tn, tn + fp),
        "negative_predictive_value": (tn, tn + fn),
        "false_positive_rate": (fp, fp + tn),
        "false_negative_rate": (fn, fn + tp),
        "false_discovery_rate": (fp, fp + tp),
        "false_omission_rate": (fn, fn + tn),
    }[name]
    return float(Fraction(over, under)) if under else float("nan")
