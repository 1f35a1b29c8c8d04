"""Perceptual distances as defined, in extended precision."""

from __future__ import annotations

from typing import Any

import numpy as np


def unit(features: Any, eps: float) -> Any:
    wide = features.astype(np.longdouble)
    return wide / (np.sqrt((wide**2).sum(axis=1, keepdims=True)) + np.longdouble(eps))


def lpips(first: list[Any], second: list[Any], weights: Any, eps: float = 1e-10) -> Any:
    """(N, L)"""
    columns = []
    for layer, (a, b) in enumerate(zip(first, second)):
        difference = (unit(a, eps) - unit(b, eps)) ** 2
        if weights is not None:
            difference = difference * np.asarray(weights[layer]).reshape(1, -1, 1, 1)
        columns.append(difference.sum(axis=1).mean(axis=(1, 2)))
    return np.stack(columns, axis=1).astype(np.float64)


def dists(first: list[Any], second: list[Any], alpha: Any, beta: Any, eps: float = 1e-6) -> Any:
    """(N,)"""
    total = sum(np.sum(of, dtype=np.longdouble) for of in (*alpha, *beta))
    score = np.ones(len(first[0]), dtype=np.longdouble)
    for a, b, of_mean, of_structure in zip(first, second, alpha, beta):
        a, b = a.astype(np.longdouble), b.astype(np.longdouble)
        mean_a, mean_b = a.mean(axis=(2, 3)), b.mean(axis=(2, 3))
        var_a, var_b = a.var(axis=(2, 3)), b.var(axis=(2, 3))
        both = ((a - mean_a[..., None, None]) * (b - mean_b[..., None, None])).mean(axis=(2, 3))
        means = (2 * mean_a * mean_b + eps) / (mean_a**2 + mean_b**2 + eps)
        structures = (2 * both + eps) / (var_a + var_b + eps)
        score -= (means * np.ravel(of_mean) + structures * np.ravel(of_structure)).sum(axis=1) / total
    return score.astype(np.float64)


def rejected(ratings: Any) -> list[int]:
    """BT.500's screening, observer by observer."""
    observers, stimuli = ratings.shape
    out = []
    for i in range(observers):
        above = below = given = 0
        for k in range(stimuli):
            column = ratings[:, k][~np.isnan(ratings[:, k])]
            if np.isnan(ratings[i, k]):
                continue
            given += 1
            deviation = column - column.mean()
            if np.all(deviation == 0):
                continue
            kurtosis = np.mean(deviation**4) / np.mean(deviation**2) ** 2
            limit = (2 if 2 <= kurtosis <= 4 else np.sqrt(20)) * column.std(ddof=1)
            above += ratings[i, k] >= column.mean() + limit
            below += ratings[i, k] <= column.mean() - limit
        if given and above + below and (above + below) / given > 0.05 and abs(above - below) / (above + below) < 0.3:
            out.append(i)
    return out
