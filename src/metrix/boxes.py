"""Boxes: areas, conversions, overlaps and suppression, with torchvision's names and meanings.

Formats: ``"xyxy"`` is two opposite corners (x1, y1, x2, y2), ``"xywh"`` a corner and the sides (COCO's form), and
``"cxcywh"`` the centre and the sides. Any unit will do; there is no ``+ 1`` for pixels.

Precision: float32 in is float32 throughout and float32 out, if all arrays of the call are float32; all else is float64.
For xyxy and cxcywh the order of operations is torchvision's. ``box_iou(..., fmt="xywh")`` is pycocotools' arithmetic
instead: it equals ``pycocotools.mask.iou`` to the last bit.

Corner cases, unless a function says otherwise: no boxes give a result without rows or columns; two boxes without area
have the IoU 0 / 0 = NaN, as in torchvision; NaN in a box gives NaN; infinity goes the way of IEEE arithmetic.
"""

from __future__ import annotations

import numbers
from typing import Any, Literal, NamedTuple

import numpy as np
import numpy.typing as npt

from metrix import _core
from metrix._arrays import Array, as_float, as_ndarray
from metrix._threads import resolve_num_threads

Format = Literal["xyxy", "xywh", "cxcywh"]
FloatArray = npt.NDArray[np.floating[Any]]


class SoftNms(NamedTuple):
    """What :func:`soft_nms` returns: the selected boxes, best first, and their decayed scores."""

    indices: npt.NDArray[np.int64]
    scores: FloatArray


def box_area(boxes: Any, *, fmt: Format = "xyxy") -> FloatArray:
    """Area of each box: (x2 - x1) * (y2 - y1), or w * h.

    Args:
        boxes: (N, 4) boxes.
        fmt: their format: "xyxy", "xywh" or "cxcywh".

    Returns:
        (N,) areas; negative where exactly one side is negative.

    Raises:
        TypeError: ``boxes`` is no array of real numbers.
        ValueError: ``boxes`` is not (N, 4), or ``fmt`` is unknown.

    Example:
        >>> from metrix.boxes import box_area
        >>> box_area([[0, 0, 2, 3], [1, 1, 4, 2]]).tolist()
        [6.0, 3.0]

    Source: torchvision.ops.box_area.
    """
    return _core.boxes.box_area(as_float(boxes, "boxes", (None, 4)), _format(fmt, "fmt"))


def box_convert(boxes: Any, *, in_fmt: Format, out_fmt: Format) -> FloatArray:
    """Boxes in another format.

    Args:
        boxes: (N, 4) boxes.
        in_fmt: their format: "xyxy", "xywh" or "cxcywh".
        out_fmt: the format to convert to.

    Returns:
        (N, 4) boxes, always a new array. Between "xywh" and "cxcywh" the way leads over the corners, as in torchvision,
        which rounds the sides anew.

    Raises:
        TypeError: ``boxes`` is no array of real numbers.
        ValueError: ``boxes`` is not (N, 4), or a format is unknown.

    Example:
        >>> from metrix.boxes import box_convert
        >>> box_convert([[10, 15, 30, 35]], in_fmt="xyxy", out_fmt="cxcywh").tolist()
        [[20.0, 25.0, 20.0, 20.0]]

    Source: torchvision.ops.box_convert.
    """
    in_format, out_format = _format(in_fmt, "in_fmt"), _format(out_fmt, "out_fmt")
    return _core.boxes.box_convert(as_float(boxes, "boxes", (None, 4)), in_format, out_format)


def box_iou(
    boxes1: Any,
    boxes2: Any,
    *,
    fmt: Format = "xyxy",
    crowd: Any = None,
    out: FloatArray | None = None,
    num_threads: int | None = None,
) -> FloatArray:
    """Intersection over union of every box of one set with every box of another.

    With ``fmt="xywh"`` the result equals ``pycocotools.mask.iou(boxes1, boxes2, crowd)`` to the last bit, for NaN,
    infinite and negative sizes too: a side of the intersection that is <= 0 gives exactly 0, even between boxes without
    area.

    Args:
        boxes1: (N, 4) boxes; detections, if there are crowd flags.
        boxes2: (M, 4) boxes; ground truths, if there are crowd flags.
        fmt: the format of both: "xyxy", "xywh" or "cxcywh".
        crowd: (M,) integers or booleans. A box2 whose flag is not 0 is a crowd region, and the union is replaced by the
            area of the box1: intersection / area(box1).
        out: (N, M) C-contiguous array of the result's dtype to write to.
        num_threads: threads to use; None for the default of the package. The bits do not depend on it.

    Returns:
        (N, M) overlaps; ``out`` itself if it was given.

    Raises:
        TypeError: an argument is no array of real numbers (``crowd``: of integers), or ``out`` has another dtype.
        ValueError: an argument has the wrong shape, ``out`` cannot be written to, or ``fmt`` is unknown.

    Example:
        >>> from metrix.boxes import box_iou
        >>> box_iou([[0, 0, 100, 100], [0, 0, 50, 50]], [[0, 0, 50, 50], [200, 200, 300, 300]]).tolist()
        [[0.25, 0.0], [1.0, 0.0]]
        >>> box_iou([[0, 0, 50, 50]], [[0, 0, 100, 100]], fmt="xywh", crowd=[1]).tolist()
        [[1.0]]

    Source: torchvision.ops.box_iou; bbIou of pycocotools 2.0.11 for "xywh".
    """
    first, second = _two(boxes1, boxes2)
    flags = None if crowd is None else _flags(crowd, "crowd")
    return _core.boxes.box_iou(first, second, _format(fmt, "fmt"), flags, resolve_num_threads(num_threads), out)


def generalized_box_iou(
    boxes1: Any, boxes2: Any, *, out: FloatArray | None = None, num_threads: int | None = None
) -> FloatArray:
    """Generalized IoU of every box of one set with every box of another.

    IoU - (C - U) / C, where U is the area of the union and C that of the smallest box around both. In (-1, 1].

    Args:
        boxes1: (N, 4) boxes, xyxy.
        boxes2: (M, 4) boxes, xyxy.
        out: (N, M) C-contiguous array of the result's dtype to write to.
        num_threads: threads to use; None for the default of the package. The bits do not depend on it.

    Returns:
        (N, M) values; ``out`` itself if it was given. NaN where C or U is 0.

    Raises:
        TypeError: an argument is no array of real numbers, or ``out`` has another dtype.
        ValueError: an argument has the wrong shape, or ``out`` cannot be written to.

    Example:
        >>> from metrix.boxes import generalized_box_iou
        >>> generalized_box_iou([[0, 0, 1, 1]], [[0, 1, 1, 2], [1, 1, 2, 2]]).tolist()
        [[0.0, -0.5]]

    Source: Rezatofighi et al. 2019; torchvision.ops.generalized_box_iou.
    """
    return _core.boxes.generalized_box_iou(*_two(boxes1, boxes2), resolve_num_threads(num_threads), out)


def distance_box_iou(
    boxes1: Any, boxes2: Any, *, eps: float = 1e-7, out: FloatArray | None = None, num_threads: int | None = None
) -> FloatArray:
    """Distance IoU of every box of one set with every box of another.

    IoU - d^2 / (c^2 + eps), where d is the distance of the centres and c the diagonal of the smallest box around both.

    Args:
        boxes1: (N, 4) boxes, xyxy.
        boxes2: (M, 4) boxes, xyxy.
        eps: a small number against division by 0, in squared units of the boxes.
        out: (N, M) C-contiguous array of the result's dtype to write to.
        num_threads: threads to use; None for the default of the package. The bits do not depend on it.

    Returns:
        (N, M) values; ``out`` itself if it was given.

    Raises:
        TypeError: an argument is no array of real numbers, ``eps`` is no number, or ``out`` has another dtype.
        ValueError: an argument has the wrong shape, ``eps`` is negative, or ``out`` cannot be written to.

    Example:
        >>> from metrix.boxes import distance_box_iou
        >>> distance_box_iou([[0, 0, 100, 100]], [[0, 0, 50, 50]]).round(4).tolist()
        [[0.1875]]

    Source: Zheng et al. 2020; torchvision.ops.distance_box_iou.
    """
    eps = _at_least_zero(eps, "eps")
    return _core.boxes.distance_box_iou(*_two(boxes1, boxes2), eps, resolve_num_threads(num_threads), out)


def complete_box_iou(
    boxes1: Any, boxes2: Any, *, eps: float = 1e-7, out: FloatArray | None = None, num_threads: int | None = None
) -> FloatArray:
    """Complete IoU of every box of one set with every box of another.

    DIoU - v^2 / (1 - IoU + v + eps), where v = (4 / pi^2) (atan(w1 / h1) - atan(w2 / h2))^2 compares the shapes.

    Args:
        boxes1: (N, 4) boxes, xyxy.
        boxes2: (M, 4) boxes, xyxy.
        eps: a small number against division by 0.
        out: (N, M) C-contiguous array of the result's dtype to write to.
        num_threads: threads to use; None for the default of the package. The bits do not depend on it.

    Returns:
        (N, M) values; ``out`` itself if it was given. They agree with torchvision's to rounding, not to the last bit:
        the arc tangent comes from another library.

    Raises:
        TypeError: an argument is no array of real numbers, ``eps`` is no number, or ``out`` has another dtype.
        ValueError: an argument has the wrong shape, ``eps`` is negative, or ``out`` cannot be written to.

    Example:
        >>> from metrix.boxes import complete_box_iou
        >>> complete_box_iou([[0, 0, 100, 100]], [[0, 0, 50, 50], [0, 0, 100, 50]]).round(4).tolist()
        [[0.1875, 0.4655]]

    Source: Zheng et al. 2020; torchvision.ops.complete_box_iou.
    """
    eps = _at_least_zero(eps, "eps")
    return _core.boxes.complete_box_iou(*_two(boxes1, boxes2), eps, resolve_num_threads(num_threads), out)


def minimum_point_distance_box_iou(
    boxes1: Any, boxes2: Any, *, image_size: tuple[float, float], num_threads: int | None = None
) -> FloatArray:
    """IoU of every box of one set with every box of another, less the distances of their corners (MPDIoU).

    IoU - (d_1^2 + d_2^2) / (H^2 + W^2), where d_1 and d_2 are the distances of the top left and of the bottom right corners.

    Composed from :func:`box_iou` and NumPy.

    Args:
        boxes1: (N, 4) boxes, xyxy.
        boxes2: (M, 4) boxes, xyxy.
        image_size: height and width of the image.
        num_threads: threads to use; None for the default of the package.

    Returns:
        (N, M) values, in [-2, 1] for boxes in the image; float32 of float32.

    Raises:
        ValueError: an argument has the wrong shape, or a size is not above 0.

    Example:
        >>> from metrix.boxes import minimum_point_distance_box_iou
        >>> minimum_point_distance_box_iou([[0, 0, 30, 40]], [[0, 0, 30, 40], [0, 0, 15, 20]], image_size=(40, 30)).tolist()
        [[1.0, 0.0]]

    Source: S. Ma and Y. Xu, MPDIoU: a loss for efficient and accurate bounding box regression, 2023.
    """
    height, width = (float(side) for side in image_size)
    if not (height > 0 and width > 0):
        raise ValueError(f"image_size: expected height and width > 0, got {image_size}")
    first, second = _two(boxes1, boxes2)
    result = box_iou(first, second, num_threads=num_threads)
    result -= _squared_distances(first, second) / (height**2 + width**2)
    return result


def normalized_wasserstein_distance(boxes1: Any, boxes2: Any, *, scale: float) -> FloatArray:
    """Similarity of every box of one set with every box of another as normal distributions (NWD), for tiny objects.

    exp(-W / scale), where W is the Wasserstein distance of normal distributions around the centres with half the sides as
    standard deviations: unlike IoU it tells apart boxes that do not overlap.

    Composed from NumPy.

    Args:
        boxes1: (N, 4) boxes, xyxy.
        boxes2: (M, 4) boxes, xyxy.
        scale: a length, that of usual objects of the data set; 12.8 pixels for AI-TOD.

    Returns:
        (N, M) similarities from 0 to 1; float32 of float32.

    Raises:
        ValueError: an argument has the wrong shape, or the scale is not above 0.

    Example:
        >>> from metrix.boxes import normalized_wasserstein_distance
        >>> boxes = [[0, 0, 4, 4], [8, 0, 12, 4]]
        >>> normalized_wasserstein_distance(boxes[:1], boxes, scale=8.0).round(4).tolist()
        [[1.0, 0.3679]]

    Source: J. Wang et al., A normalized Gaussian Wasserstein distance for tiny object detection, 2021.
    """
    if not 0 < scale < np.inf:
        raise ValueError(f"scale: expected a finite number > 0, got {scale!r}")
    # Centres and halves of sides.
    gaussians = [
        np.concatenate([(of[:, :2] + of[:, 2:]) / 2, (of[:, 2:] - of[:, :2]) / 2], axis=1)
        for of in _two(boxes1, boxes2)
    ]
    distances: FloatArray = np.sqrt(_squared_distances(*gaussians))
    return np.exp(np.divide(distances, -scale, out=distances), out=distances)


def _squared_distances(first: Array, second: Array) -> FloatArray:
    """(N, M) of rows, column by column: two arrays of the result's size, and no differences of squares."""
    result = np.zeros((len(first), len(second)), dtype=first.dtype)
    for column in range(first.shape[1]):
        difference = np.subtract.outer(first[:, column], second[:, column])
        result += np.multiply(difference, difference, out=difference)
    return result


def paired_box_iou(boxes1: Any, boxes2: Any, *, fmt: Format = "xyxy", crowd: Any = None) -> FloatArray:
    """Intersection over union of box i of one set with box i of another: the diagonal of :func:`box_iou`, bit for bit.

    Args:
        boxes1: (N, 4) boxes; detections, if there are crowd flags.
        boxes2: (N, 4) boxes; ground truths, if there are crowd flags.
        fmt: the format of both: "xyxy", "xywh" or "cxcywh".
        crowd: (N,) integers or booleans, as for :func:`box_iou`.

    Returns:
        (N,) overlaps.

    Raises:
        TypeError: an argument is no array of real numbers (``crowd``: of integers).
        ValueError: an argument has the wrong shape, or ``fmt`` is unknown.

    Example:
        >>> from metrix.boxes import paired_box_iou
        >>> paired_box_iou([[0, 0, 100, 100], [0, 0, 50, 50]], [[0, 0, 50, 50], [0, 0, 50, 50]]).tolist()
        [0.25, 1.0]

    Source: as for :func:`box_iou`.
    """
    first, second = _two(boxes1, boxes2)
    flags = None if crowd is None else _flags(crowd, "crowd")
    return _core.boxes.paired_box_iou(first, second, _format(fmt, "fmt"), flags)


def paired_generalized_box_iou(boxes1: Any, boxes2: Any) -> FloatArray:
    """Generalized IoU of box i of one set with box i of another.

    Args:
        boxes1: (N, 4) boxes, xyxy.
        boxes2: (N, 4) boxes, xyxy.

    Returns:
        (N,) values: the diagonal of :func:`generalized_box_iou`, bit for bit.

    Raises:
        TypeError: an argument is no array of real numbers.
        ValueError: an argument has the wrong shape.

    Example:
        >>> from metrix.boxes import paired_generalized_box_iou
        >>> paired_generalized_box_iou([[0, 0, 1, 1], [0, 0, 1, 1]], [[0, 1, 1, 2], [1, 1, 2, 2]]).tolist()
        [0.0, -0.5]

    Source: as for :func:`generalized_box_iou`.
    """
    return _core.boxes.paired_generalized_box_iou(*_two(boxes1, boxes2))


def paired_distance_box_iou(boxes1: Any, boxes2: Any, *, eps: float = 1e-7) -> FloatArray:
    """Distance IoU of box i of one set with box i of another.

    Args:
        boxes1: (N, 4) boxes, xyxy.
        boxes2: (N, 4) boxes, xyxy.
        eps: a small number against division by 0, in squared units of the boxes.

    Returns:
        (N,) values: the diagonal of :func:`distance_box_iou`, bit for bit.

    Raises:
        TypeError: an argument is no array of real numbers, or ``eps`` is no number.
        ValueError: an argument has the wrong shape, or ``eps`` is negative.

    Example:
        >>> from metrix.boxes import paired_distance_box_iou
        >>> paired_distance_box_iou([[0, 0, 100, 100]], [[0, 0, 50, 50]]).round(4).tolist()
        [0.1875]

    Source: as for :func:`distance_box_iou`.
    """
    return _core.boxes.paired_distance_box_iou(*_two(boxes1, boxes2), _at_least_zero(eps, "eps"))


def paired_complete_box_iou(boxes1: Any, boxes2: Any, *, eps: float = 1e-7) -> FloatArray:
    """Complete IoU of box i of one set with box i of another.

    Args:
        boxes1: (N, 4) boxes, xyxy.
        boxes2: (N, 4) boxes, xyxy.
        eps: a small number against division by 0.

    Returns:
        (N,) values: the diagonal of :func:`complete_box_iou`, bit for bit.

    Raises:
        TypeError: an argument is no array of real numbers, or ``eps`` is no number.
        ValueError: an argument has the wrong shape, or ``eps`` is negative.

    Example:
        >>> from metrix.boxes import paired_complete_box_iou
        >>> paired_complete_box_iou([[0, 0, 100, 100]], [[0, 0, 100, 50]]).round(4).tolist()
        [0.4655]

    Source: as for :func:`complete_box_iou`.
    """
    return _core.boxes.paired_complete_box_iou(*_two(boxes1, boxes2), _at_least_zero(eps, "eps"))


def nms(boxes: Any, scores: Any, *, iou_threshold: float) -> npt.NDArray[np.int64]:
    """Greedy non-maximum suppression: a box goes if a better one overlaps it by more than a threshold.

    In order of decreasing score, a box is kept unless its IoU with a kept box is > ``iou_threshold``.

    Args:
        boxes: (N, 4) boxes, xyxy.
        scores: (N,) scores; the dtype does not change their order.
        iou_threshold: the largest IoU that is let pass, >= 0.

    Returns:
        Indices of the kept boxes in order of decreasing score; of equal scores the lower index comes first, and
        suppresses. A box whose IoUs are NaN (no area, NaN or infinite coordinates) is kept and suppresses nothing.

    Raises:
        TypeError: an argument is no array of real numbers, or ``iou_threshold`` is no number.
        ValueError: an argument has the wrong shape, a score is NaN, or ``iou_threshold`` is negative or NaN.

    Example:
        >>> from metrix.boxes import nms
        >>> nms([[0, 0, 10, 10], [1, 0, 11, 10], [50, 50, 60, 60]], [0.8, 0.9, 0.3], iou_threshold=0.5).tolist()
        [1, 2]

    Source: torchvision.ops.nms on the CPU, whose results these are (it lets NaN scores go first).
    """
    these, by = _boxes_and_scores(boxes, scores)
    return _core.boxes.nms(these, by, _at_least_zero(iou_threshold, "iou_threshold"))


def batched_nms(
    boxes: Any, scores: Any, idxs: Any, *, iou_threshold: float, num_threads: int | None = None
) -> npt.NDArray[np.int64]:
    """Non-maximum suppression within each category.

    Args:
        boxes: (N, 4) boxes, xyxy.
        scores: (N,) scores.
        idxs: (N,) integers: the category (or image, or both) of each box. Boxes of different categories do not meet.
        iou_threshold: the largest IoU that is let pass, >= 0.
        num_threads: threads to use; None for the default of the package. The result does not depend on it.

    Returns:
        Indices of the kept boxes of all categories in order of decreasing score; of equal scores the lower index first.

    Raises:
        TypeError: an argument is no array of real numbers (``idxs``: of integers), or ``iou_threshold`` is no number.
        ValueError: an argument has the wrong shape, a score is NaN, or ``iou_threshold`` is negative or NaN.

    Example:
        >>> from metrix.boxes import batched_nms
        >>> batched_nms([[0, 0, 10, 10], [1, 0, 11, 10]], [0.8, 0.9], [0, 1], iou_threshold=0.5).tolist()
        [1, 0]

    Source: torchvision.ops.batched_nms as it is for many boxes. For few it adds an offset per category to the
    coordinates, which rounds them; this function never does.
    """
    these, by = _boxes_and_scores(boxes, scores)
    threshold = _at_least_zero(iou_threshold, "iou_threshold")
    return _core.boxes.batched_nms(these, by, _integers(idxs, "idxs"), threshold, resolve_num_threads(num_threads))


def soft_nms(
    boxes: Any,
    scores: Any,
    *,
    method: Literal["linear", "gaussian"] = "linear",
    iou_threshold: float = 0.3,
    sigma: float = 0.5,
    score_threshold: float = 0.001,
) -> SoftNms:
    """Soft non-maximum suppression: overlapped boxes lose score instead of being removed.

    Again and again the box of the highest score is selected, and the scores of the others are multiplied by 1 - IoU
    where IoU > ``iou_threshold`` (linear), or by exp(-IoU^2 / ``sigma``) (gaussian). A box whose score is below
    ``score_threshold`` is dropped, at the beginning as well.

    Args:
        boxes: (N, 4) boxes, xyxy.
        scores: (N,) finite scores.
        method: "linear" or "gaussian".
        iou_threshold: for "linear": overlaps up to it cost nothing, >= 0.
        sigma: for "gaussian": > 0; a larger one decays less.
        score_threshold: >= 0.

    Returns:
        ``SoftNms(indices, scores)``: the selected boxes in order of their selection, and their scores at that moment,
        which decrease. Of equal scores the lower index comes first. A pair whose IoU is NaN leaves the scores alone.

    Raises:
        TypeError: an argument is no array of real numbers, or a threshold is no number.
        ValueError: an argument has the wrong shape, a score is not finite, or an option is outside its range.

    Example:
        >>> from metrix.boxes import soft_nms
        >>> kept = soft_nms([[0, 0, 10, 10], [0, 0, 10, 5], [50, 50, 60, 60]], [0.9, 0.8, 0.3])
        >>> kept.indices.tolist(), kept.scores.round(3).tolist()
        ([0, 1, 2], [0.9, 0.4, 0.3])

    Source: Bodla et al. 2017, without the ``+ 1`` that their code adds to the sides of a box.
    """
    these, by = _boxes_and_scores(boxes, scores)
    if method not in _core.boxes.Decay.__members__:
        raise ValueError(f"method: expected 'linear' or 'gaussian', got {method!r}")
    if not _at_least_zero(sigma, "sigma") > 0:
        raise ValueError(f"sigma: expected a number > 0, got {sigma!r}")
    return SoftNms(
        *_core.boxes.soft_nms(
            these,
            by,
            _core.boxes.Decay.__members__[method],
            _at_least_zero(iou_threshold, "iou_threshold"),
            float(sigma),
            _at_least_zero(score_threshold, "score_threshold"),
        )
    )


def _format(fmt: str, name: str) -> _core.boxes.Format:
    try:
        return _core.boxes.Format.__members__[fmt]
    except (KeyError, TypeError):
        raise ValueError(f"{name}: expected one of 'xyxy', 'xywh', 'cxcywh', got {fmt!r}") from None


def _one_dtype(first: Array, second: Array) -> tuple[Array, Array]:
    if first.dtype == second.dtype:
        return first, second
    return first.astype(np.float64, copy=False), second.astype(np.float64, copy=False)


def _two(boxes1: Any, boxes2: Any) -> tuple[Array, Array]:
    return _one_dtype(as_float(boxes1, "boxes1", (None, 4)), as_float(boxes2, "boxes2", (None, 4)))


def _boxes_and_scores(boxes: Any, scores: Any) -> tuple[Array, Array]:
    return _one_dtype(as_float(boxes, "boxes", (None, 4)), as_float(scores, "scores", (None,)))


def _at_least_zero(value: Any, name: str) -> float:
    if isinstance(value, bool) or not isinstance(value, numbers.Real):
        raise TypeError(f"{name}: expected a number >= 0, got {value!r}")
    number = float(value)
    if not number >= 0:
        raise ValueError(f"{name}: expected a number >= 0, got {value!r}")
    return number


def _integers(values: Any, name: str) -> npt.NDArray[np.int64]:
    array = as_ndarray(values, name)
    if array.dtype.kind not in "iub" and array.size > 0:
        raise TypeError(f"{name}: expected integers, got dtype {array.dtype}")
    return np.ascontiguousarray(array, dtype=np.int64)


def _flags(values: Any, name: str) -> npt.NDArray[np.uint8]:
    return np.ascontiguousarray(_integers(values, name) != 0, dtype=np.uint8)
