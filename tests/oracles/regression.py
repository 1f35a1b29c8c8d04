"""Metrics of regression as their definitions say, in extended precision, one output at a time."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np


def wide(values: Any) -> Any:
    return np.asarray(values).astype(np.longdouble)


def mean(values: Any, w: Any) -> Any:
    return np.sum(values * w) / np.sum(w)


def variation(values: Any, w: Any) -> Any:
    return np.sum(w * (values - mean(values, w)) ** 2)


def score(errors: Any, y: Any, w: Any) -> Any:
    if np.ptp(y) == 0:
        return 1.0 if errors == 0 else 0.0
    return 1 - errors / variation(y, w)


def r2(y: Any, x: Any, w: Any) -> Any:
    return score(np.sum(w * (x - y) ** 2), y, w)


EPS = np.finfo(np.float64).eps

METRICS: dict[str, Callable[[Any, Any, Any], Any]] = {
    "mean_error": lambda y, x, w: mean(x - y, w),
    "mean_absolute_error": lambda y, x, w: mean(np.abs(x - y), w),
    "mean_squared_error": lambda y, x, w: mean((x - y) ** 2, w),
    "root_mean_squared_error": lambda y, x, w: np.sqrt(mean((x - y) ** 2, w)),
    "max_error": lambda y, x, w: np.max(np.abs(x - y)),
    "mean_pinball_loss": lambda y, x, w: mean(0.3 * np.maximum(y - x, 0) + 0.7 * np.maximum(x - y, 0), w),
    "mean_absolute_percentage_error": lambda y, x, w: mean(np.abs(x - y) / np.maximum(np.abs(y), EPS), w),
    "mean_squared_percentage_error": lambda y, x, w: mean(((x - y) / np.maximum(np.abs(y), EPS)) ** 2, w),
    "symmetric_mean_absolute_percentage_error": lambda y, x, w: mean(
        2 * np.abs(x - y) / np.where((x == 0) & (y == 0), 1, np.abs(x) + np.abs(y)), w
    ),
    "weighted_mean_absolute_percentage_error": lambda y, x, w: mean(np.abs(x - y), w) / mean(np.abs(y), w),
    "normalized_mean_absolute_error": lambda y, x, w: mean(np.abs(x - y), w) / np.ptp(y),
    "normalized_root_mean_squared_error": lambda y, x, w: np.sqrt(mean((x - y) ** 2, w)) / np.ptp(y),
    "mean_squared_log_error": lambda y, x, w: mean(np.log1p((x - y) / (1 + y)) ** 2, w),
    "root_mean_squared_log_error": lambda y, x, w: np.sqrt(mean(np.log1p((x - y) / (1 + y)) ** 2, w)),
    "r2_score": r2,
    "adjusted_r2_score": lambda y, x, w: 1 - (1 - r2(y, x, w)) * (len(y) - 1) / (len(y) - 3),
    "explained_variance_score": lambda y, x, w: score(variation(x - y, w), y, w),
}
OPTIONS: dict[str, dict[str, Any]] = {"mean_pinball_loss": {"alpha": 0.3}, "adjusted_r2_score": {"num_features": 2}}


def values(name: str, y: Any, x: Any, w: Any = None) -> Any:
    """(K,) of (N, K)."""
    weight = wide(np.ones(len(y)) if w is None else w)
    return np.array([METRICS[name](wide(y[:, k]), wide(x[:, k]), weight) for k in range(y.shape[1])], dtype=np.float64)
