"""Panoptic segmentation: panoptic, segmentation and recognition quality, as panopticapi has them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from metrix import _core
from metrix._arrays import Array, as_ndarray
from metrix._panoptic import Categories, PanopticReport, PathLike, pairs_of_files, read_ahead, segment_rows
from metrix._threads import resolve_num_threads

__all__ = ["PanopticQuality", "PanopticReport", "panoptic_quality", "panoptic_quality_of_files"]

#: So few pixels are not worth a second thread.
_SERIAL_SIZE = 1 << 20


def panoptic_quality(
    y_true: Any,
    y_pred: Any,
    *,
    true_segments: Sequence[Any],
    pred_segments: Sequence[Any],
    categories: Any,
    num_threads: int | None = None,
) -> PanopticReport:
    """Panoptic quality (PQ) of predicted segments, of each category and on average.

    ``PQ = sum of IoU of matches / (TP + FP / 2 + FN / 2) = SQ RQ``: segments match that have one category and an IoU above
    1/2. Pixels that are void in the truth do not count in the union. Predictions are left out, as no false positives, if
    more than half of their pixels are void or lie in a crowd of their category. Crowds never match and are never missed.

    Args:
        y_true, y_pred: (H, W) ids of segments, integers of any type, 0: void; or (H, W, 3) uint8 as COCO stores them,
            id = R + 256 G + 65536 B. Several images: lists of such arrays.
        true_segments, pred_segments: dicts as in COCO's ``segments_info``, with "id", "category_id", and of true ones
            "iscrowd" (default 0) and "area" (default: the number of pixels; what is stated counts, as in the reference).
            Of several images: lists of such lists.
        categories: dicts as in COCO, with "id", "isthing" and maybe "name"; or a mapping from ids to whether they are things.
        num_threads: None for ``OMP_NUM_THREADS`` or all usable CPUs; the result has the same bits for any number.

    Returns:
        A report: ``pq``, ``sq``, ``rq``; ``all``, ``things``, ``stuff`` with the number of categories ``n``; and the table
        ``per_category``.

    Conventions:
        A category without any segment is left out of means; NaN where none is left (the reference divides by zero). SQ is
        0 where nothing matches. Sums of IoU are rounded once, so the order of images is of no account; the reference adds
        as many rounded numbers as the machine has CPUs. As there, of several crowds of a category in an image the last
        one counts. True pixels with an id of no segment are neither void nor a segment. torchmetrics knows no crowd and
        leaves out what is void in predictions, too.

    Raises:
        ValueError: for shapes that differ, an unknown category, ids of ``y_pred`` that are no segment, predicted segments
            without a pixel, and an area that a match contradicts.

    Example:
        >>> import numpy as np
        >>> from metrix.panoptic import panoptic_quality
        >>> truth = np.array([[1, 1, 1, 2], [1, 1, 1, 2]])
        >>> predicted = np.array([[7, 7, 8, 8], [7, 7, 8, 8]])
        >>> report = panoptic_quality(
        ...     truth,
        ...     predicted,
        ...     true_segments=[{"id": 1, "category_id": 5}, {"id": 2, "category_id": 6}],
        ...     pred_segments=[{"id": 7, "category_id": 5}, {"id": 8, "category_id": 6}],
        ...     categories={5: True, 6: False},
        ... )
        >>> report.things
        {'pq': 0.6666666666666666, 'sq': 0.6666666666666666, 'rq': 1.0, 'n': 1}
        >>> report.pq
        0.3333333333333333

    Source:
        A. Kirillov et al., Panoptic segmentation, 2019; panopticapi, commit 7bb4655, ``evaluation.py``.
    """
    if not isinstance(y_true, (list, tuple)):
        y_true, y_pred, true_segments, pred_segments = [y_true], [y_pred], [true_segments], [pred_segments]
    sides = {"y_pred": y_pred, "true_segments": true_segments, "pred_segments": pred_segments}
    for name, side in sides.items():
        if not isinstance(side, (list, tuple)) or len(side) != len(y_true):
            raise ValueError(f"{name}: expected a list of {len(y_true)}, one for each image")
    quality = PanopticQuality(categories)
    for truth, predicted, true, found in zip(y_true, y_pred, true_segments, pred_segments):
        quality.update(truth, predicted, true_segments=true, pred_segments=found, num_threads=num_threads)
    return quality.compute()


class PanopticQuality:
    """Panoptic quality of images that come one by one: ``update``, ``merge``, ``compute``; it can be pickled.

    However images are split, results have the same bits. It holds five whole numbers for each category.

    Args:
        categories: as in :func:`panoptic_quality`.

    Example:
        >>> import numpy as np
        >>> from metrix.panoptic import PanopticQuality
        >>> quality = PanopticQuality({5: True})
        >>> ids = np.array([[0, 1], [1, 1]])
        >>> segments = [{"id": 1, "category_id": 5}]
        >>> quality.update(ids, ids, true_segments=segments, pred_segments=segments)
        >>> quality.compute().pq
        1.0
    """

    def __init__(self, categories: Any) -> None:
        """Of no image yet."""
        self._categories = Categories.of(categories)
        self.reset()

    def update(
        self,
        y_true: Any,
        y_pred: Any,
        *,
        true_segments: Sequence[Mapping[str, Any]],
        pred_segments: Sequence[Mapping[str, Any]],
        num_threads: int | None = None,
    ) -> None:
        """Add an image, as in :func:`panoptic_quality`; on an error nothing changes."""
        truth, predicted = _ids(y_true, "y_true"), _ids(y_pred, "y_pred")
        self._state += _core.panoptic.panoptic_quality(
            truth,
            predicted,
            segment_rows(true_segments, self._categories, "true_segments"),
            segment_rows(pred_segments, self._categories, "pred_segments"),
            len(self._categories.ids),
            resolve_num_threads(num_threads) if truth.size > _SERIAL_SIZE else 1,
        )

    def merge(self, other: PanopticQuality) -> None:
        """Add all images that another one of the same categories has seen."""
        if self._categories != other._categories:
            raise ValueError("other: expected the same categories")
        self._state += other._state

    def compute(self) -> PanopticReport:
        """The report of all images so far."""
        return PanopticReport(self._categories, self._state)

    def reset(self) -> None:
        """Forget all images."""
        self._state: Array = np.zeros((len(self._categories.ids), _core.panoptic.state_size), dtype=np.int64)


def panoptic_quality_of_files(
    ground_truth: PathLike,
    predictions: PathLike,
    *,
    ground_truth_folder: PathLike | None = None,
    predictions_folder: PathLike | None = None,
    num_threads: int | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> PanopticReport:
    """Panoptic quality of COCO's files: JSON, and PNG in a folder beside it.

    Composed from :class:`PanopticQuality` and a reader of PNG: Pillow or OpenCV (``pip install 'metrix[images]'``), which
    works on some images ahead.

    Args:
        ground_truth, predictions: paths of JSON, plain or gzip. Categories are those of the ground truth; every image of it
            needs a prediction, and others are left out.
        ground_truth_folder, predictions_folder: of the PNG files. None: the path of the JSON without its ending.
        num_threads: None for ``OMP_NUM_THREADS`` or all usable CPUs.
        progress: called with the number of images done, and of all.

    Raises:
        ValueError: for files that are not what is expected, and as :func:`panoptic_quality`, with the image.
        OSError: for files and folders that are not there.

    Example:
        >>> panoptic_quality_of_files("panoptic_val2017.json", "predictions.json").pq  # doctest: +SKIP
        0.42

    Source:
        panopticapi, commit 7bb4655, ``pq_compute``.
    """
    categories, pairs = pairs_of_files(ground_truth, predictions, (ground_truth_folder, predictions_folder))
    quality = PanopticQuality(categories)
    for done, (pair, (truth, predicted)) in enumerate(read_ahead(pairs, resolve_num_threads(num_threads))):
        try:
            # Reading keeps the other threads busy.
            quality.update(
                truth, predicted, true_segments=pair.segments[0], pred_segments=pair.segments[1], num_threads=1
            )
        except ValueError as error:
            raise ValueError(f"image {pair.image_id}: {error}") from error
        if progress is not None:
            progress(done + 1, len(pairs))
    return quality.compute()


def _ids(values: Any, name: str) -> Array:
    array = as_ndarray(values, name)
    if array.dtype.kind not in "iub" or array.ndim not in (2, 3):
        raise ValueError(
            f"{name}: expected ids of shape (H, W), or (H, W, 3) uint8, got shape {array.shape} of {array.dtype}"
        )
    if array.dtype.kind == "b":
        array = array.view(np.uint8)
    return np.ascontiguousarray(array, dtype=array.dtype.newbyteorder("="))
