"""ROC and precision-recall curves of scores, and the areas under them, exact with ties and weights.

Everywhere ``y_true`` are (N,) labels of two classes, of which ``pos_label`` (default 1, or True) is the positive one, and
``y_score`` (N,) scores, higher for positives: any finite or infinite numbers, no probabilities needed. NaN raises
``ValueError`` with its index, where torchmetrics returns a number. Equal scores are one threshold.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, Literal, NamedTuple

import numpy as np
import numpy.typing as npt

from metrix import _core
from metrix._arrays import as_ndarray
from metrix._threads import resolve_num_threads
from metrix.classification._counting import Array, flags, weights

FloatArray = npt.NDArray[np.float64]
Average = Literal["macro", "micro", "weighted", "samples"]


class RocCurve(NamedTuple):
    """What :func:`roc_curve` returns."""

    fpr: FloatArray
    tpr: FloatArray
    thresholds: FloatArray


class PrecisionRecallCurve(NamedTuple):
    """What :func:`precision_recall_curve` returns."""

    precision: FloatArray
    recall: FloatArray
    thresholds: FloatArray


class DetCurve(NamedTuple):
    """What :func:`det_curve` returns."""

    fpr: FloatArray
    fnr: FloatArray
    thresholds: FloatArray


class Area(NamedTuple):
    """A value, and how far from it the exact one may be."""

    value: float
    error: float


def roc_curve(
    y_true: Any,
    y_score: Any,
    *,
    pos_label: Any = 1,
    sample_weight: Any = None,
    drop_intermediate: bool = True,
    num_threads: int | None = None,
) -> RocCurve:
    """False and true positive rate at each threshold, from above all scores down.

    Composed from the sums of the binary curve and NumPy.

    Args:
        y_true, y_score, pos_label: see the module.
        sample_weight: (N,) weights.
        drop_intermediate: leave out points on a straight line between others.
        num_threads: default ``OMP_NUM_THREADS`` or the usable CPUs.

    Returns:
        ``fpr``, ``tpr`` and ``thresholds``, the first of which is infinite. Without negatives ``fpr`` is NaN, without
        positives ``tpr``.

    Example:
        >>> roc_curve([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8]).tpr.tolist()
        [0.0, 0.5, 0.5, 1.0, 1.0]

    Source:
        scikit-learn 1.9, ``roc_curve``; T. Fawcett, An introduction to ROC analysis, 2006.
    """
    thresholds, tp, fp = _sums(y_true, y_score, pos_label, sample_weight, num_threads)
    if drop_intermediate and len(fp) > 2:
        bends = np.r_[True, np.logical_or(np.diff(fp, 2), np.diff(tp, 2)), True]
        thresholds, tp, fp = thresholds[bends], tp[bends], fp[bends]
    tp, fp = np.r_[0.0, tp], np.r_[0.0, fp]
    with np.errstate(all="ignore"):
        return RocCurve(_share(fp), _share(tp), np.r_[np.inf, thresholds])


def precision_recall_curve(
    y_true: Any,
    y_score: Any,
    *,
    pos_label: Any = 1,
    sample_weight: Any = None,
    drop_intermediate: bool = False,
    num_threads: int | None = None,
) -> PrecisionRecallCurve:
    """Precision and recall at each threshold, by ascending threshold, and a last point of precision 1 and recall 0.

    Composed from the sums of the binary curve and NumPy.

    Args:
        y_true, y_score, pos_label: see the module.
        sample_weight: (N,) weights.
        drop_intermediate: leave out points between others of the same recall.
        num_threads: default ``OMP_NUM_THREADS`` or the usable CPUs.

    Returns:
        ``precision`` and ``recall``, one longer than ``thresholds``. Without positives recall is 1.

    Example:
        >>> precision_recall_curve([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8]).recall.tolist()
        [1.0, 1.0, 0.5, 0.5, 0.0]

    Source:
        scikit-learn 1.9, ``precision_recall_curve``.
    """
    thresholds, tp, fp = _sums(y_true, y_score, pos_label, sample_weight, num_threads)
    if drop_intermediate and len(fp) > 2:
        kept = np.r_[True, np.logical_or(np.diff(tp[:-1]), np.diff(tp[1:])), True]
        thresholds, tp, fp = thresholds[kept], tp[kept], fp[kept]
    with np.errstate(all="ignore"):
        total = tp + fp
        precision = np.where(total != 0, tp / total, 0.0)
        recall = tp / tp[-1] if len(tp) and tp[-1] != 0 else np.ones_like(tp)
    return PrecisionRecallCurve(np.r_[precision[::-1], 1.0], np.r_[recall[::-1], 0.0], thresholds[::-1])


def det_curve(
    y_true: Any, y_score: Any, *, pos_label: Any = 1, sample_weight: Any = None, num_threads: int | None = None
) -> DetCurve:
    """False positive and false negative rate at each threshold, by ascending threshold.

    Composed from the sums of the binary curve and NumPy.

    Args:
        y_true, y_score, pos_label: see the module.
        sample_weight: (N,) weights.
        num_threads: default ``OMP_NUM_THREADS`` or the usable CPUs.

    Returns:
        ``fpr``, ``fnr`` and ``thresholds``: every distinct score, and an infinite one where nothing is positive.

    Example:
        >>> det_curve([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8]).fnr.tolist()
        [0.0, 0.0, 0.5, 0.5, 1.0]

    Source:
        A. Martin et al., The DET curve in assessment of detection task performance, 1997; scikit-learn's ``det_curve``
        cuts what lies before the first and after the last error.
    """
    thresholds, tp, fp = _sums(y_true, y_score, pos_label, sample_weight, num_threads)
    tp, fp = np.r_[0.0, tp], np.r_[0.0, fp]
    with np.errstate(all="ignore"):
        return DetCurve(_share(fp)[::-1], ((tp[-1] - tp) / tp[-1])[::-1], np.r_[np.inf, thresholds][::-1])


def roc_auc_score(
    y_true: Any,
    y_score: Any,
    *,
    pos_label: Any = 1,
    average: Average | None = "macro",
    sample_weight: Any = None,
    max_fpr: float | None = None,
    multi_class: Literal["raise", "ovr", "ovo"] = "raise",
    labels: Any = None,
    num_threads: int | None = None,
) -> Any:
    """Area under the ROC curve: how often a positive scores higher than a negative, ties counted half.

    Without weights it is a quotient of two integers, rounded once. Composed from the areas of each class.

    Args:
        y_true: (N,) labels, or (N, L) flags of multilabel data.
        y_score: (N,) scores, (N, L) of multilabel data, or (N, C) of more than two classes.
        pos_label: see the module.
        average: of labels or classes: "macro", "weighted" by their frequency, "micro" (all flags as one problem), "samples"
            (over samples of multilabel data), None for an array.
        sample_weight: (N,) weights.
        max_fpr: the area up to this false positive rate, scaled to 0.5 for chance and 1 at best (McClish).
        multi_class: "ovr", each class against the others, or "ovo", each pair of classes (Hand and Till).
        labels: (C,) the classes of the columns of ``y_score``, ascending; default those that occur.
        num_threads: default ``OMP_NUM_THREADS`` or the usable CPUs.

    Conventions:
        One class only: NaN, as scikit-learn has it with a warning; torchmetrics gives 0.

    Example:
        >>> roc_auc_score([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8])
        0.75

    Source:
        scikit-learn 1.9, ``roc_auc_score``.
    """

    def area(truth: Any, scores: Any, weight: Any, positive: Any = 1) -> float:
        return _roc_area(truth, scores, positive, weight, max_fpr, num_threads)

    scores = as_ndarray(y_score, "y_score")
    truth = as_ndarray(y_true, "y_true")
    if truth.ndim == 2:
        return _of_labels(area, truth, scores, average, sample_weight)
    if scores.ndim == 1:
        return area(truth, scores, sample_weight, pos_label)
    classes = np.unique(truth) if labels is None else as_ndarray(labels, "labels")
    if scores.shape != (len(truth), len(classes)):
        raise ValueError(f"y_score: expected shape {(len(truth), len(classes))}, got {scores.shape}")
    if multi_class == "ovr":
        return _of_labels(area, truth[:, None] == classes, scores, average, sample_weight)
    if multi_class != "ovo":
        raise ValueError(f"multi_class: expected 'ovr' or 'ovo' for scores of shape (N, C), got {multi_class!r}")
    if sample_weight is not None or average not in ("macro", "weighted"):
        raise ValueError("multi_class: 'ovo' takes no sample_weight, and the averages 'macro' and 'weighted'")
    values, shares = [], []
    for a in range(len(classes)):
        for b in range(a + 1, len(classes)):
            both = (truth == classes[a]) | (truth == classes[b])
            pair = [area(truth[both] == classes[c], scores[both, c], None) for c in (a, b)]
            values.append(np.mean(pair))
            shares.append(both.mean())
    return float(np.average(values, weights=shares if average == "weighted" else None))


def average_precision_score(
    y_true: Any,
    y_score: Any,
    *,
    pos_label: Any = 1,
    average: Average | None = "macro",
    sample_weight: Any = None,
    num_threads: int | None = None,
) -> Any:
    """Sum of precisions, each times the recall that its threshold adds: ``sum (R_n - R_(n-1)) P_n``.

    No interpolation: neither the area by trapezoids of the curve, which is higher, nor the 11 or 101 points of detection
    (:func:`metrix.curves.average_precision`). Guessing gives the share of positives. Composed from the areas of each
    class.

    Args:
        y_true: (N,) labels, or (N, L) flags of multilabel data; (N,) classes 0 .. C - 1 with scores (N, C).
        y_score: (N,), (N, L) or (N, C) scores.
        pos_label: see the module.
        average: as in :func:`roc_auc_score`.
        sample_weight: (N,) weights.
        num_threads: default ``OMP_NUM_THREADS`` or the usable CPUs.

    Conventions:
        Without positives: 0.

    Example:
        >>> round(average_precision_score([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8]), 6)
        0.833333

    Source:
        scikit-learn 1.9, ``average_precision_score``.
    """

    def area(truth: Any, scores: Any, weight: Any, positive: Any = 1) -> float:
        if weight is None:
            values, flags_of = _binary(truth, scores, positive)
            return float(_core.classification.binary_areas(values, flags_of, resolve_num_threads(num_threads))[1])
        _, tp, fp = _sums(truth, scores, positive, weight, num_threads)
        if len(tp) == 0 or tp[-1] == 0:
            return 0.0
        gains = np.diff(tp, prepend=0.0)
        return float(np.sum(gains / tp[-1] * (tp / np.where(tp + fp == 0, 1, tp + fp))))

    scores = as_ndarray(y_score, "y_score")
    truth = as_ndarray(y_true, "y_true")
    if scores.ndim == 1:
        return area(truth, scores, sample_weight, pos_label)
    if truth.ndim == 1:
        truth = truth[:, None] == np.arange(scores.shape[1])
    return _of_labels(area, truth, scores, average, sample_weight)


class RankingMetrics:
    """Exact areas of scores that come in batches: ``update``, ``merge``, ``compute``; it can be pickled.

    It keeps every score, 5 bytes each in float32 and 9 in float64, 8 more with weights, and sorts once for both areas;
    :class:`RankingHistogram` takes bounded memory.

    Example:
        >>> from metrix.classification import RankingMetrics
        >>> ranking = RankingMetrics()
        >>> ranking.update([0, 0, 1], [0.1, 0.4, 0.35])
        >>> ranking.update([1], [0.8])
        >>> ranking.compute()["roc_auc"]
        0.75
        >>> ranking.evaluate(roc_auc_score, max_fpr=0.5)
        0.6666666666666666

    Source:
        Those of :func:`roc_auc_score` and :func:`average_precision_score`.
    """

    def __init__(self) -> None:
        """Of no data yet."""
        self._batches: list[tuple[Array, npt.NDArray[np.uint8], FloatArray | None]] = []

    def update(self, y_true: Any, y_score: Any, *, sample_weight: Any = None, pos_label: Any = 1) -> None:
        """Add a copy of a batch; batches without weights weigh 1."""
        values, positive = _binary(y_true, y_score, pos_label)
        weight = None if sample_weight is None else weights(sample_weight, values.shape).astype(np.float64)
        self._batches.append((values.copy(), positive.copy(), weight))

    def merge(self, other: RankingMetrics) -> None:
        """Add all that another one has seen."""
        self._batches.extend(other._batches)

    def compute(self, *, num_threads: int | None = None) -> dict[str, float]:
        """Both areas."""
        values, positive, weight = self._data()
        if weight is not None:
            options: dict[str, Any] = {"sample_weight": weight, "num_threads": num_threads}
            return {
                "roc_auc": roc_auc_score(positive, values, **options),
                "average_precision": average_precision_score(positive, values, **options),
            }
        areas = _core.classification.binary_areas(values, positive, resolve_num_threads(num_threads))
        return {"roc_auc": float(areas[0]), "average_precision": float(areas[1])}

    def evaluate(self, function: Callable[..., Any], **options: Any) -> Any:
        """Any function of ``(y_true, y_score, sample_weight=...)`` of all data: a curve, or a point of one."""
        values, positive, weight = self._data()
        return function(positive, values, sample_weight=weight, **options)

    def reset(self) -> None:
        """Forget all data."""
        self._batches = []

    def _data(self) -> tuple[Array, npt.NDArray[np.uint8], FloatArray | None]:
        if not self._batches:
            return np.zeros(0, dtype=np.float32), np.zeros(0, dtype=np.uint8), None
        values, positive = (np.concatenate([batch[side] for batch in self._batches]) for side in (0, 1))
        if all(weight is None for _, _, weight in self._batches):
            return values, positive, None
        ones = [np.ones(len(batch[0])) if batch[2] is None else batch[2] for batch in self._batches]
        return values, positive, np.concatenate(ones)


class RankingHistogram:
    """Areas of any number of scores in bounded memory, with a bound of their error.

    Scores are counted in ranges, those of the leading ``bits`` of a float's place among all floats: 16 bytes for each, 4 MiB
    by default, in which neighbouring scores of one range differ by less than a 500th of themselves. Order inside a
    range is lost; the error bound takes it at its worst, and is reported. Counts of merged histograms are those of one
    pass; sums of weights that are no integers are rounded as they come, which the bound leaves out.

    Args:
        bits: from 10 to 24; more are more exact.

    Example:
        >>> from metrix.classification import RankingHistogram
        >>> histogram = RankingHistogram()
        >>> histogram.update([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8])
        >>> histogram.roc_auc()
        Area(value=0.75, error=0.0)

    Source:
        Own.
    """

    def __init__(self, *, bits: int = 18) -> None:
        """Of no data yet."""
        if not 10 <= bits <= 24:
            raise ValueError(f"bits: expected 10 to 24, got {bits!r}")
        self._bits = bits
        self._counts: Array = np.zeros((2, 1 << bits), dtype=np.int64)

    def update(self, y_true: Any, y_score: Any, *, sample_weight: Any = None, pos_label: Any = 1) -> None:
        """Add a batch; batches without weights weigh 1."""
        values, positive = _binary(y_true, y_score, pos_label)
        if sample_weight is not None and self._counts.dtype == np.int64:
            self._counts = self._counts.astype(np.float64)
        weight = None
        if self._counts.dtype == np.float64:
            given = np.ones(len(values)) if sample_weight is None else weights(sample_weight, values.shape)
            weight = given.astype(np.float64)
            if (weight < 0).any():
                place = int(np.flatnonzero(weight < 0)[0])
                raise ValueError(f"sample_weight: expected numbers >= 0, got {weight[place]} at index {place}")
        _core.classification.binary_histogram(values, positive, weight, self._bits, self._counts)

    def merge(self, other: RankingHistogram) -> None:
        """Add all that another one has seen."""
        if self._bits != other._bits:
            raise ValueError(f"other: expected {self._bits} bits, got {other._bits}")
        self._counts = self._counts + other._counts

    def compute(self) -> dict[str, Area]:
        """Both areas."""
        return {"roc_auc": self.roc_auc(), "average_precision": self.average_precision()}

    def roc_auc(self) -> Area:
        """As :func:`roc_auc_score`, with scores of one range as ties."""
        negative, positive = self._counts
        pairs = negative.sum().item() * positive.sum().item()
        if pairs == 0:
            return Area(float("nan"), float("nan"))
        higher = np.cumsum(negative) - negative
        lower = negative.sum() - higher - negative
        used = np.flatnonzero(positive)
        total: Any = sum if negative.dtype == np.int64 else math.fsum  # of Python's integers
        right = total((positive[used] * lower[used]).tolist())
        ties = total((positive[used] * negative[used]).tolist())
        return Area((2 * right + ties) / (2 * pairs), ties / (2 * pairs))

    def average_precision(self) -> Area:
        """As :func:`average_precision_score`: the middle of what the order inside of ranges leaves possible."""
        negative, positive = self._counts
        used = np.flatnonzero(positive)
        if used.size == 0:
            return Area(0.0, 0.0)
        p, n = (side[used].astype(np.float64) for side in (positive, negative))
        tp, fp = (np.cumsum(side)[used] - side[used] for side in (positive, negative))
        with np.errstate(all="ignore"):
            # At best positives of a range are ties above its negatives; at worst they come below them, one by one: a sum
            # over i = 1 .. p of (tp + i) / (tp + i + last), which grows with i and so exceeds its integral.
            best = p * (tp + p) / (tp + p + fp)
            last = fp + n
            worst = np.where(last == 0, p, p - last * np.log((tp + p + last) / (tp + last)))
        if positive.dtype == np.int64:
            worst = np.maximum(worst, p * (tp + 1) / (tp + 1 + last))
        high, low = float(np.sum(best) / p.sum()), float(np.sum(worst) / p.sum())
        return Area((high + low) / 2, (high - low) / 2)

    def roc_curve(self) -> RocCurve:
        """Points of the exact curve, one below each range that has scores."""
        negative, positive = self._counts
        used = np.flatnonzero(negative + positive)
        tp, fp = (np.r_[0, np.cumsum(side)[used]].astype(np.float64) for side in (positive, negative))
        thresholds = _core.classification.histogram_thresholds(self._bits)[used].astype(np.float64)
        with np.errstate(all="ignore"):
            return RocCurve(_share(fp), _share(tp), np.r_[np.inf, thresholds])

    def reset(self) -> None:
        """Forget all data."""
        self._counts = np.zeros(self._counts.shape, dtype=np.int64)


def _binary(y_true: Any, y_score: Any, pos_label: Any) -> tuple[Array, npt.NDArray[np.uint8]]:
    """Scores as floats, and flags of positives."""
    truth, scores = as_ndarray(y_true, "y_true"), as_ndarray(y_score, "y_score")
    if scores.dtype.kind not in "fiub":
        raise TypeError(f"y_score: expected real numbers, got dtype {scores.dtype}")
    if truth.ndim != 1:
        raise ValueError(f"y_true: expected shape (N,), got {truth.shape}")
    if scores.shape != truth.shape:
        raise ValueError(f"y_score: expected the shape of y_true, {truth.shape}, got {scores.shape}")
    narrow = scores.dtype in (np.float16, np.float32)
    values = np.ascontiguousarray(scores, dtype=np.float32 if narrow else np.float64)
    positive = truth if truth.dtype == np.bool_ and pos_label in (1, True) else truth == pos_label
    others = truth[~positive]
    if others.size and not (others == others[0]).all():
        wrong = np.flatnonzero(~positive & (truth != others[0]))[0]
        raise ValueError(f"y_true: expected two classes, got {truth[wrong]!s} at index {wrong} beside {others[0]!s}")
    return values, np.ascontiguousarray(positive).view(np.uint8)


def _sums(
    y_true: Any, y_score: Any, pos_label: Any, sample_weight: Any, num_threads: int | None
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Thresholds, true and false positives, by descending score."""
    values, positive = _binary(y_true, y_score, pos_label)
    weight = None
    if sample_weight is not None:
        weight = weights(sample_weight, values.shape).astype(np.float64)
        kept = weight != 0
        if not kept.all():
            values, positive, weight = values[kept], positive[kept], weight[kept]
    return _core.classification.binary_curve(values, positive, weight, resolve_num_threads(num_threads))


def _share(sums: FloatArray) -> FloatArray:
    return np.asarray(sums / sums[-1]) if sums[-1] != 0 else np.full_like(sums, np.nan)


def _roc_area(
    truth: Any, scores: Any, pos_label: Any, weight: Any, max_fpr: float | None, num_threads: int | None
) -> float:
    if weight is None and max_fpr in (None, 1):
        values, positive = _binary(truth, scores, pos_label)
        return float(_core.classification.binary_areas(values, positive, resolve_num_threads(num_threads))[0])
    curve = roc_curve(
        truth, scores, pos_label=pos_label, sample_weight=weight, drop_intermediate=False, num_threads=num_threads
    )
    fpr, tpr = curve.fpr, curve.tpr
    if np.isnan(fpr[-1]) or np.isnan(tpr[-1]):
        return float("nan")
    if max_fpr is None or max_fpr == 1:
        return _trapezoids(fpr, tpr)
    if not 0 < max_fpr < 1:
        raise ValueError(f"max_fpr: expected a number above 0, up to 1, got {max_fpr!r}")
    stop = int(np.searchsorted(fpr, max_fpr, side="right"))
    end = np.interp(max_fpr, fpr[stop - 1 : stop + 1], tpr[stop - 1 : stop + 1])
    part = _trapezoids(np.r_[fpr[:stop], max_fpr], np.r_[tpr[:stop], end])
    least = 0.5 * max_fpr**2
    return float(0.5 * (1 + (part - least) / (max_fpr - least)))


def _trapezoids(x: FloatArray, y: FloatArray) -> float:
    return float(np.sum(np.diff(x) * (y[1:] + y[:-1])) / 2)


def _of_labels(area: Any, truth: Array, scores: Array, average: str | None, weight: Any) -> Any:
    """An average over columns."""
    if average not in (None, "macro", "micro", "weighted", "samples"):
        raise ValueError(f"average: expected 'macro', 'micro', 'weighted', 'samples' or None, got {average!r}")
    positive = flags(truth, "y_true")
    if scores.shape != positive.shape:
        raise ValueError(f"y_score: expected the shape of y_true, {positive.shape}, got {scores.shape}")
    if average == "micro":
        return area(positive.ravel(), scores.ravel(), None if weight is None else np.repeat(weight, positive.shape[1]))
    if average == "samples":
        values = np.array([area(row, of_row, None) for row, of_row in zip(positive, scores)])
        return float(np.average(values, weights=weight))
    values = np.array([area(positive[:, k], scores[:, k], weight) for k in range(positive.shape[1])])
    if average is None:
        return values
    if average == "macro":
        return float(np.mean(values))
    support = positive.sum(axis=0) if weight is None else np.asarray(weight) @ positive
    return float(np.average(values, weights=support)) if support.any() else 0.0
