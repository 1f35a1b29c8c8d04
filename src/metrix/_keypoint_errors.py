"""Distances of keypoints, the lengths they are relative to, and what is counted of them."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from metrix._arrays import as_float64, as_ndarray
from metrix._exact_sums import FloatArray, joined, over_rows, pairs, values

Flags = npt.NDArray[np.bool_]

#: Points of the eyes in the 68 of iBUG (300-W).
_EYES_68 = (slice(36, 42), slice(42, 48))
_CORNERS_68 = (36, 45)


def poses_of(y_true: Any, y_pred: Any, visible: Any) -> tuple[FloatArray, FloatArray, Flags]:
    """(N, K, D) truth, of finite numbers where it is visible, (N, K, D) predictions and (N, K) flags."""
    truth = as_float64(y_true, "y_true", (None, None, None))
    predicted = as_float64(y_pred, "y_pred", (None, None, None))
    if predicted.shape != truth.shape:
        raise ValueError(f"y_pred: expected the shape of y_true, {truth.shape}, got {predicted.shape}")
    finite: Flags = np.asarray(np.isfinite(truth).all(axis=2))
    if visible is None:
        flags: Flags = np.ones(truth.shape[:2], dtype=np.bool_)
    else:
        given = as_ndarray(visible, "visible")
        if given.dtype.kind not in "buif":
            raise TypeError(f"visible: expected flags or visibilities, got dtype {given.dtype}")
        if given.shape != truth.shape[:2]:
            raise ValueError(f"visible: expected shape {truth.shape[:2]}, got {given.shape}")
        flags = np.asarray(given > 0)
    if not finite[flags].all():
        pose, joint = (int(index) for index in np.argwhere(flags & ~finite)[0])
        raise ValueError(f"y_true: expected finite coordinates where visible, got others at index {pose}, {joint}")
    return truth, predicted, flags


def distances(truth: FloatArray, predicted: FloatArray) -> FloatArray:
    """(N, K) Euclidean distances; NaN of what is not a number."""
    with np.errstate(invalid="ignore", over="ignore"):
        difference = predicted - truth
        return np.asarray(np.sqrt(np.einsum("nkd,nkd->nk", difference, difference)))


def lengths_of(lengths: Any, count: int, name: str = "lengths") -> FloatArray:
    """(N,) finite lengths above 0."""
    result = as_float64(lengths, name, (count,))
    good = (result > 0) & np.isfinite(result)
    if not good.all():
        index = int(np.argmin(good))
        raise ValueError(f"{name}: expected finite lengths > 0, got {result[index]} at index {index}")
    return result


def face_lengths(truth: FloatArray, normalizer: Any) -> FloatArray:
    """(N,) of "inter_ocular", "inter_pupil", "box", two indices of points, or given."""
    if not isinstance(normalizer, str):
        given = np.asarray(normalizer)
        if given.dtype.kind in "iu" and given.shape == (2,) and isinstance(normalizer, tuple):
            if not ((given >= 0) & (given < truth.shape[1])).all():
                raise ValueError(f"normalizer: expected two of {truth.shape[1]} points, got {normalizer}")
            return lengths_of(_norm(truth[:, given[0]] - truth[:, given[1]]), len(truth), "normalizer")
        return lengths_of(normalizer, len(truth), "normalizer")
    if normalizer == "box":
        sides = truth.max(axis=1, initial=-np.inf) - truth.min(axis=1, initial=np.inf)
        return lengths_of(np.sqrt(np.prod(sides, axis=1)), len(truth), "normalizer")
    if normalizer not in ("inter_ocular", "inter_pupil"):
        raise ValueError(
            f"normalizer: expected 'inter_ocular', 'inter_pupil', 'box', two indices or lengths, got {normalizer!r}"
        )
    if truth.shape[1] != 68:
        raise ValueError(f"normalizer: expected 68 points for {normalizer!r}, got {truth.shape[1]}: name two indices")
    if normalizer == "inter_pupil":
        left, right = (truth[:, eye].mean(axis=1) for eye in _EYES_68)
    else:
        left, right = (truth[:, corner] for corner in _CORNERS_68)
    return lengths_of(_norm(left - right), len(truth), "normalizer")


def _norm(vectors: FloatArray) -> FloatArray:
    return np.asarray(np.sqrt(np.einsum("nd,nd->n", vectors, vectors)))


class JointCounts:
    """Of each joint how many were visible, how many were near enough, and sums of their distances."""

    def __init__(self, thresholds: FloatArray, strict: bool) -> None:
        self.thresholds = thresholds
        self.strict = strict
        self.count: npt.NDArray[np.int64] | None = None
        self.near: npt.NDArray[np.int64] | None = None
        self._sums: FloatArray | None = None

    def add(self, relative: FloatArray, flags: Flags) -> None:
        """Of (N, K) relative distances."""
        shown = np.where(flags, relative, np.inf)
        near = [((shown < t) if self.strict else (shown <= t)) & flags for t in self.thresholds]
        terms = np.where(flags, relative, 0.0)
        self._take(
            flags.sum(axis=0),
            np.array([of.sum(axis=0) for of in near], dtype=np.int64).reshape(len(near), relative.shape[1]),
            over_rows(pairs(terms)),
        )

    def merge(self, other: JointCounts) -> None:
        """Add what another one has seen."""
        if other.count is not None and other.near is not None and other._sums is not None:
            self._take(other.count, other.near, other._sums)

    def _take(self, count: Any, near: Any, sums: FloatArray) -> None:
        if self.count is None or self.near is None or self._sums is None:
            self.count, self.near, self._sums = count.copy(), near.copy(), sums.copy()
            return
        if len(count) != len(self.count):
            raise ValueError(f"y_true: expected {len(self.count)} keypoints as before, got {len(count)}")
        self.count += count
        self.near += near
        self._sums = joined(self._sums, sums)

    @property
    def joints(self) -> int:
        """How many there are."""
        return 0 if self.count is None else len(self.count)

    def distance_sums(self) -> FloatArray:
        """(2 K,) pairs."""
        return np.zeros(0) if self._sums is None else self._sums

    def shares(self) -> tuple[FloatArray, FloatArray, FloatArray]:
        """(T,) of all keypoints, (T,) mean of joints, (T, K)."""
        if self.count is None or self.near is None:
            nothing = np.full(len(self.thresholds), np.nan)
            return nothing, nothing.copy(), np.zeros((len(self.thresholds), 0))
        with np.errstate(invalid="ignore", divide="ignore"):
            overall = self.near.sum(axis=1) / self.count.sum()
            each = self.near / self.count
        seen = self.count > 0
        mean = each[:, seen].mean(axis=1) if seen.any() else np.full(len(each), np.nan)
        return overall, mean, each

    def mean_errors(self) -> tuple[float, FloatArray]:
        """Mean distance of all keypoints, and (K,) of each joint."""
        if self.count is None or self._sums is None:
            return float("nan"), np.zeros(0)
        with np.errstate(invalid="ignore", divide="ignore"):
            each = values(self._sums) / self.count
            rows = self._sums.reshape(-1, 2)
            return float(values(over_rows(rows))[0] / self.count.sum()), each


def aligned(truth: FloatArray, predicted: FloatArray, flags: Flags, align: str | None, root: int) -> FloatArray:
    """Predictions after what ``align`` says, pose by pose, by visible keypoints."""
    if align is None:
        return predicted
    if align == "root":
        if not 0 <= root < truth.shape[1]:
            raise ValueError(f"root: expected a joint of {truth.shape[1]}, got {root}")
        return np.asarray(predicted - predicted[:, root : root + 1] + truth[:, root : root + 1])
    if align not in ("scale", "procrustes"):
        raise ValueError(f"align: expected None, 'root', 'scale' or 'procrustes', got {align!r}")
    shown = flags[..., None]
    b, a = np.where(shown, truth, 0.0), np.where(shown, predicted, 0.0)
    with np.errstate(invalid="ignore", divide="ignore"):
        if align == "scale":
            return np.asarray(_product(a, b) / _product(a, a) * predicted)
        count = flags.sum(axis=1)[:, None, None]
        center, goal = (points.sum(axis=1, keepdims=True) / count for points in (a, b))
        a, b = np.where(shown, a - center, 0.0), np.where(shown, b - goal, 0.0)
        covariance = np.einsum("nki,nkj->nij", a, b)
        u, s, vt = np.linalg.svd(np.where(np.isfinite(covariance), covariance, 0.0))
        # No mirror images: the direction of the least spread is turned where it would be one.
        sign = np.sign(np.linalg.det(u) * np.linalg.det(vt))
        s[:, -1] *= sign
        u[:, :, -1] *= sign[:, None]
        scale = s.sum(axis=1)[:, None, None] / _product(a, a)
        return np.asarray(scale * np.einsum("nki,nij,njl->nkl", predicted - center, u, vt) + goal)


def _product(a: FloatArray, b: FloatArray) -> FloatArray:
    return np.asarray(np.einsum("nkd,nkd->n", a, b)[:, None, None])
