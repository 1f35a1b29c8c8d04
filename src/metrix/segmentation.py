"""Semantic segmentation: how well label maps agree, from one confusion matrix of pixels.

No kernel: everything is composed from :func:`metrix.classification.confusion_matrix` (rows: truth), with ``tp`` its
diagonal, ``t`` the pixels of a class in the truth and ``p`` those in the prediction. All functions take label maps of one
shape, integers of any type, and

- ``num_classes``: classes are 0 .. num_classes - 1; any other label that is not ignored is an error.
- ``ignore_index``: one label or several; pixels where the truth has them are left out. Such labels may also be classes,
  which are then left out of means. A *prediction* of an ignored label that is no class is an error.
- ``absent``: what a class counts that has no pixel to be scored by: "skip" leaves it out of means (mmsegmentation,
  torchmetrics' MeanIoU); 0 and 1 are in use as well (torchmetrics' JaccardIndex and scikit-learn with given labels; PyTorch
  Geometric), and give other numbers.
- ``per_image``: the first axis counts images, and the result is the mean of their scores; images without any score are
  left out. False: all pixels together, which gives another number.
- ``num_threads``: None for ``OMP_NUM_THREADS`` or all usable CPUs.

Results are the same bits for any number of threads and any order of pixels. NaN where there is nothing to score. Errors:
``ValueError`` for shapes that differ, and for labels that are no class, with the index of the first one.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from metrix._arrays import Array, as_ndarray
from metrix.classification import confusion_matrix

Absent = Literal["skip"] | float
Average = Literal["macro", "micro"] | None
Ignored = int | Sequence[int] | None


def pixel_accuracy(
    y_true: Any,
    y_pred: Any,
    *,
    num_classes: int,
    ignore_index: Ignored = None,
    per_image: bool = False,
    num_threads: int | None = None,
) -> float:
    """Part of the pixels whose label is right: ``sum tp / sum t``.

    Composed from the confusion matrix (see the module, also for the arguments).

    Example:
        >>> from metrix.segmentation import pixel_accuracy
        >>> pixel_accuracy([[0, 1], [1, 255]], [[0, 1], [0, 0]], num_classes=2, ignore_index=255)
        0.6666666666666666

    Source:
        J. Long et al., Fully convolutional networks, 2015.
    """
    return _score("pixel_accuracy", y_true, y_pred, num_classes, ignore_index, "skip", per_image, num_threads)


def mean_class_accuracy(
    y_true: Any,
    y_pred: Any,
    *,
    num_classes: int,
    ignore_index: Ignored = None,
    absent: Absent = "skip",
    per_image: bool = False,
    num_threads: int | None = None,
) -> float:
    """Mean over classes of ``tp / t``; a class is absent if the truth has none of it.

    Composed from the confusion matrix (see the module, also for the arguments).

    Example:
        >>> from metrix.segmentation import mean_class_accuracy
        >>> mean_class_accuracy([[0, 1], [1, 1]], [[0, 1], [0, 0]], num_classes=3)
        0.6666666666666666

    Source:
        J. Long et al., Fully convolutional networks, 2015 (mean accuracy).
    """
    return _score("mean_class_accuracy", y_true, y_pred, num_classes, ignore_index, absent, per_image, num_threads)


def mean_iou(
    y_true: Any,
    y_pred: Any,
    *,
    num_classes: int,
    ignore_index: Ignored = None,
    absent: Absent = "skip",
    per_image: bool = False,
    num_threads: int | None = None,
) -> float:
    """Mean over classes of the intersection over union, ``tp / (t + p - tp)``.

    A class is absent if neither side has it; one that is only predicted scores 0. Composed from the confusion matrix (see
    the module, also for the arguments). Of each class: :func:`iou_per_class`.

    Example:
        >>> from metrix.segmentation import mean_iou
        >>> mean_iou([[0, 1], [1, 1]], [[0, 1], [1, 0]], num_classes=3)
        0.5833333333333333
        >>> round(mean_iou([[0, 1], [1, 1]], [[0, 1], [1, 0]], num_classes=3, absent=0), 4)
        0.3889

    Source:
        M. Everingham et al., The Pascal visual object classes challenge, 2015.
    """
    return _score("mean_iou", y_true, y_pred, num_classes, ignore_index, absent, per_image, num_threads)


def iou_per_class(
    y_true: Any, y_pred: Any, *, num_classes: int, ignore_index: Ignored = None, num_threads: int | None = None
) -> npt.NDArray[np.float64]:
    """(C,) intersection over union of each class; NaN where it is absent or ignored.

    Composed from the confusion matrix (see the module, also for the arguments).

    Example:
        >>> from metrix.segmentation import iou_per_class
        >>> iou_per_class([[0, 1], [1, 1]], [[0, 1], [1, 0]], num_classes=3)
        array([0.5       , 0.66666667,        nan])

    Source:
        As :func:`mean_iou`.
    """
    counts = _Counts.of(y_true, y_pred, num_classes, ignore_index, num_threads)
    return counts.ratio(counts.tp, counts.t + counts.p - counts.tp)


def dice_score(
    y_true: Any,
    y_pred: Any,
    *,
    num_classes: int,
    ignore_index: Ignored = None,
    absent: Absent = "skip",
    per_image: bool = False,
    num_threads: int | None = None,
) -> float:
    """Mean over classes of ``2 tp / (t + p)``, the F1 score of pixels.

    The background is a class as any other: ``ignore_index=0`` leaves its pixels out, and so also what is predicted there.
    Composed from the confusion matrix (see the module, also for the arguments).

    Example:
        >>> from metrix.segmentation import dice_score
        >>> dice_score([[0, 1], [1, 1]], [[0, 1], [1, 0]], num_classes=2)
        0.7333333333333334

    Source:
        L. R. Dice, Measures of the amount of ecologic association between species, 1945.
    """
    return _score("dice_score", y_true, y_pred, num_classes, ignore_index, absent, per_image, num_threads)


def frequency_weighted_iou(
    y_true: Any,
    y_pred: Any,
    *,
    num_classes: int,
    ignore_index: Ignored = None,
    per_image: bool = False,
    num_threads: int | None = None,
) -> float:
    """Mean of the intersection over union weighted by the pixels of each class in the truth.

    Composed from the confusion matrix (see the module, also for the arguments).

    Example:
        >>> from metrix.segmentation import frequency_weighted_iou
        >>> frequency_weighted_iou([[0, 1], [1, 1]], [[0, 1], [1, 0]], num_classes=3)
        0.625

    Source:
        J. Long et al., Fully convolutional networks, 2015.
    """
    return _score("frequency_weighted_iou", y_true, y_pred, num_classes, ignore_index, "skip", per_image, num_threads)


class SegmentationMetrics:
    """Metrics of label maps that come in batches: ``update``, ``merge``, ``compute``; it can be pickled.

    However the data is split, results have the bits of one pass. It holds one confusion matrix, and with ``per_image`` a
    number for each image and metric.

    Args:
        num_classes, ignore_index, absent, per_image: see the module.
        metrics: names of functions of this module.

    Example:
        >>> from metrix.segmentation import SegmentationMetrics
        >>> metrics = SegmentationMetrics(2, metrics=["pixel_accuracy", "mean_iou"], ignore_index=255)
        >>> metrics.update([[0, 1], [1, 255]], [[0, 1], [0, 0]])
        >>> metrics.update([[1, 1]], [[1, 1]])
        >>> metrics.compute()
        {'pixel_accuracy': 0.8, 'mean_iou': 0.625}
    """

    def __init__(
        self,
        num_classes: int,
        *,
        metrics: Iterable[str] = (
            "pixel_accuracy",
            "mean_class_accuracy",
            "mean_iou",
            "dice_score",
            "frequency_weighted_iou",
        ),
        ignore_index: Ignored = None,
        absent: Absent = "skip",
        per_image: bool = False,
    ) -> None:
        """Of no image yet."""
        self.metrics = tuple(metrics)
        for name in self.metrics:
            if name not in _METRICS:
                raise ValueError(f"metrics: expected names among {sorted(_METRICS)}, got {name!r}")
        _check_absent(absent)
        self.num_classes = num_classes
        self._options = (num_classes, _ignored(ignore_index), absent, bool(per_image))
        self.reset()

    @property
    def confusion_matrix(self) -> Array:
        """(C, C) counts of pixels so far, a row for each class of the truth."""
        return self._matrix.copy()

    def update(self, y_true: Any, y_pred: Any, *, num_threads: int | None = None) -> None:
        """Add label maps: of any shape, or with ``per_image`` one image (H, W) or several (N, H, W)."""
        classes, ignored, absent, per_image = self._options
        truth, predicted = as_ndarray(y_true, "y_true"), as_ndarray(y_pred, "y_pred")
        if per_image and truth.ndim == 2 and predicted.ndim == 2:
            truth, predicted = truth[None], predicted[None]
        parts = [
            _Counts.of(true, found, classes, ignored, num_threads)
            for true, found in _parts(truth, predicted, per_image)
        ]
        for counts in parts:
            self._matrix += counts.matrix
            if per_image:
                for name, scores in self._scores.items():
                    scores.append(_METRICS[name](counts, absent))

    def merge(self, other: SegmentationMetrics) -> None:
        """Add all that another one with the same options has seen."""
        if (self.metrics, self._options) != (other.metrics, other._options):
            raise ValueError("other: expected the same metrics and options")
        self._matrix += other._matrix
        for name, scores in self._scores.items():
            scores.extend(other._scores[name])

    def compute(self) -> dict[str, float]:
        """Values by name."""
        _, ignored, absent, per_image = self._options
        if per_image:
            return {name: _mean(scores) for name, scores in self._scores.items()}
        counts = _Counts(self._matrix, ignored)
        return {name: _METRICS[name](counts, absent) for name in self.metrics}

    def reset(self) -> None:
        """Forget all images."""
        self._matrix: Array = np.zeros((self.num_classes, self.num_classes), dtype=np.int64)
        self._scores: dict[str, list[float]] = {name: [] for name in self.metrics}


class _Counts:
    """Pixels by class: right ones, in the truth, in the prediction."""

    def __init__(self, matrix: Array, ignored: tuple[int, ...]) -> None:
        self.matrix = matrix
        self.tp, self.t, self.p = np.diagonal(matrix), matrix.sum(axis=1), matrix.sum(axis=0)
        self.is_class = ~np.isin(np.arange(len(matrix)), ignored)

    @classmethod
    def of(cls, y_true: Any, y_pred: Any, num_classes: int, ignored: Ignored, num_threads: int | None) -> _Counts:
        labels = _ignored(ignored)
        truth = as_ndarray(y_true, "y_true")
        values = [label for label in labels if truth.dtype.kind not in "iu" or _fits(label, truth.dtype)]
        for label in values[1:]:
            truth = np.where(truth == label, truth.dtype.type(values[0]), truth)
        matrix = confusion_matrix(
            truth,
            y_pred,
            num_classes=num_classes,
            ignore_index=values[0] if values else None,
            num_threads=num_threads,
        )
        return cls(matrix, labels)

    def ratio(self, part: Array, whole: Array) -> npt.NDArray[np.float64]:
        """NaN where the class is absent or ignored."""
        with np.errstate(all="ignore"):
            return np.where(self.is_class & (whole > 0), part / whole, np.nan)

    def mean(self, part: Array, whole: Array, absent: Absent) -> float:
        """Over classes."""
        scores = self.ratio(part, whole)[self.is_class]
        return _mean((scores if absent == "skip" else np.where(np.isnan(scores), absent, scores)).tolist())


def _frequency_weighted_iou(counts: _Counts, absent: Absent) -> float:
    union = counts.t + counts.p - counts.tp
    parts = [int(t) * int(tp) / int(u) for t, tp, u in zip(counts.t, counts.tp, union) if t]
    return math.fsum(parts) / int(counts.t.sum()) if parts else math.nan


def _pixel_accuracy(counts: _Counts, absent: Absent) -> float:
    pixels = int(counts.t.sum())
    return int(counts.tp.sum()) / pixels if pixels else math.nan


_METRICS: dict[str, Callable[[_Counts, Absent], float]] = {
    "pixel_accuracy": _pixel_accuracy,
    "mean_class_accuracy": lambda c, absent: c.mean(c.tp, c.t, absent),
    "mean_iou": lambda c, absent: c.mean(c.tp, c.t + c.p - c.tp, absent),
    "dice_score": lambda c, absent: c.mean(2 * c.tp, c.t + c.p, absent),
    "frequency_weighted_iou": _frequency_weighted_iou,
}


def _score(
    name: str,
    y_true: Any,
    y_pred: Any,
    num_classes: int,
    ignored: Ignored,
    absent: Absent,
    per_image: bool,
    num_threads: int | None,
) -> float:
    _check_absent(absent)
    truth, predicted = as_ndarray(y_true, "y_true"), as_ndarray(y_pred, "y_pred")
    parts = _parts(truth, predicted, per_image)
    scores = [_METRICS[name](_Counts.of(*part, num_classes, ignored, num_threads), absent) for part in parts]
    return _mean(scores) if per_image else scores[0]


def _parts(truth: Array, predicted: Array, per_image: bool) -> Iterable[tuple[Array, Array]]:
    if not per_image:
        return [(truth, predicted)]
    if truth.shape != predicted.shape:
        raise ValueError(f"y_pred: expected the shape of y_true, {truth.shape}, got {predicted.shape}")
    if truth.ndim < 2:
        raise ValueError(f"y_true: expected several images, (N, H, W), got shape {truth.shape}")
    return zip(truth, predicted)


def _mean(scores: Iterable[float]) -> float:
    """Of those that are no NaN, rounded once."""
    kept = [score for score in scores if not math.isnan(score)]
    return math.fsum(kept) / len(kept) if kept else math.nan


def _ignored(labels: Ignored) -> tuple[int, ...]:
    return (
        () if labels is None else (int(labels),) if isinstance(labels, (int, np.integer)) else tuple(map(int, labels))
    )


def _fits(label: int, dtype: np.dtype[Any]) -> bool:
    return bool(np.iinfo(dtype).min <= label <= np.iinfo(dtype).max)


def _check_absent(absent: Absent) -> None:
    if absent != "skip" and not (isinstance(absent, (int, float)) and 0 <= absent <= 1):  # type: ignore[redundant-expr]
        raise ValueError(f"absent: expected 'skip' or a number from 0 to 1, got {absent!r}")
