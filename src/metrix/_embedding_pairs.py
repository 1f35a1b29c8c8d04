"""Scores of embeddings: of pairs, and of probes with a gallery."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from metrix import _core
from metrix._arrays import as_ndarray
from metrix._threads import resolve_num_threads

Metric = Literal["cosine", "dot", "euclidean"]
FloatArray = npt.NDArray[np.float64]

#: Scores of probes and gallery that are made at a time.
_SCORES = 1 << 21


def scores_of_pairs(first: Any, second: Any, pairs: Any, metric: Metric, num_threads: int | None) -> FloatArray:
    """See :func:`metrix.verification.pair_scores`."""
    one: Any = embeddings(first, "first")
    two: Any = embeddings(second, "second")
    if one.shape[1] != two.shape[1]:
        raise ValueError(f"second: expected {one.shape[1]} dimensions as in first, got {two.shape[1]}")
    require_metric(metric)
    narrow = all(array.dtype in (np.float16, np.float32) for array in (one, two))
    dtype = np.float32 if narrow else np.float64
    one, two = np.ascontiguousarray(one, dtype=dtype), np.ascontiguousarray(two, dtype=dtype)
    indices = None if pairs is None else _indices(pairs)
    scores = _core.verification.pair_scores(one, two, indices, metric, resolve_num_threads(num_threads))
    if not np.isfinite(scores).all():
        at = int(np.argmin(np.isfinite(scores)))
        raise ValueError(f"first, second: expected finite embeddings, got a score of {scores[at]} for pair {at}")
    return scores


def identification_ranks(y_true: Any, probes: Any, gallery: Any, labels: Any, metric: Metric) -> npt.NDArray[np.int64]:
    """One more than the number of others in the gallery that score at least as high as a probe's own person."""
    known, sought = embeddings(gallery, "gallery", finite=True), embeddings(probes, "probes", finite=True)
    require_metric(metric)
    if known.shape[1] != sought.shape[1]:
        raise ValueError(f"probes: expected {known.shape[1]} dimensions as in gallery, got {sought.shape[1]}")
    for array, name, size in ((labels, "gallery_labels", len(known)), (y_true, "y_true", len(sought))):
        if array.shape != (size,):
            raise ValueError(f"{name}: expected a label for each of {size} embeddings, got shape {array.shape}")
    names, codes = np.unique(labels, return_inverse=True)
    places = np.searchsorted(names, y_true) if len(names) else np.zeros(len(y_true), dtype=np.intp)
    missing = np.ones(len(y_true), bool) if not len(names) else names[np.minimum(places, len(names) - 1)] != y_true
    if missing.any():
        at = int(np.argmax(missing))
        raise ValueError(f"y_true: expected labels of the gallery, got {y_true[at]!s} at index {at}")
    table = _prepared(known, metric)
    ranks = np.empty(len(sought), dtype=np.int64)
    step = max(1, _SCORES // max(1, len(known)))
    for start in range(0, len(sought), step):
        rows = slice(start, start + step)
        block = _prepared(sought[rows], metric)
        scores = block @ table.T
        if metric == "euclidean":
            # |a - b|^2 without |a|^2, which is the same for a whole row.
            scores -= np.einsum("ij,ij->i", table, table) / 2
        own = codes == places[rows, None]
        best = np.max(scores, axis=1, where=own, initial=-np.inf)
        ranks[rows] = 1 + np.count_nonzero((scores >= best[:, None]) & ~own, axis=1)
    return ranks


def embeddings(values: Any, name: str, finite: bool = False) -> npt.NDArray[Any]:
    """(N, D) real numbers."""
    array = as_ndarray(values, name)
    if array.dtype.kind not in "fiub":
        raise TypeError(f"{name}: expected real numbers, got dtype {array.dtype}")
    if array.ndim != 2:
        raise ValueError(f"{name}: expected embeddings of shape (N, D), got {array.shape}")
    if finite and not np.isfinite(array).all():
        row = int(np.argmin(np.isfinite(array).all(axis=1)))
        raise ValueError(f"{name}: expected finite numbers, got another in row {row}")
    return array


def require_metric(metric: str) -> None:
    """One of the three."""
    if metric not in ("cosine", "dot", "euclidean"):
        raise ValueError(f"metric: expected 'cosine', 'dot' or 'euclidean', got {metric!r}")


def _indices(pairs: Any) -> npt.NDArray[np.int64]:
    array = as_ndarray(pairs, "pairs")
    if array.size == 0:
        array = np.zeros((0, 2), dtype=np.int64)
    if array.ndim != 2 or array.shape[1] != 2 or array.dtype.kind not in "iu":
        raise ValueError(f"pairs: expected integers of shape (P, 2), got {array.dtype} of shape {array.shape}")
    return np.ascontiguousarray(array, dtype=np.int64)


def _prepared(rows: npt.NDArray[Any], metric: Metric) -> FloatArray:
    """As float64; of length 1 for cosines."""
    wide = rows.astype(np.float64)
    if metric == "cosine":
        lengths = np.sqrt(np.einsum("ij,ij->i", wide, wide))
        wide /= np.where(lengths == 0, 1.0, lengths)[:, None]
    return wide
