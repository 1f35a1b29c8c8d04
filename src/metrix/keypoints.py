"""Keypoints: object keypoint similarity (OKS), and errors of poses, faces and skeletons: PCK, PCKh, NME, MPJPE.

OKS is bit-identical with pycocotools 2.0.11 under the same NumPy. The errors take ``y_true`` and ``y_pred``, (N, K, D)
coordinates of K keypoints of N poses in D dimensions, and ``visible``, (N, K) flags, or visibilities with 0 for what is not
labelled, of what takes part; without it all do. True coordinates must be finite where visible. A predicted coordinate of
NaN is never correct, and makes mean errors NaN.
"""

from __future__ import annotations

from typing import Any, Literal, NamedTuple

import numpy as np
import numpy.typing as npt

from metrix import _core
from metrix._arrays import as_float64
from metrix._keypoint_errors import JointCounts, aligned, distances, face_lengths, lengths_of, poses_of
from metrix._sample_mean import Skipping, is_mean_of
from metrix._threads import resolve_num_threads
from metrix.protocols import COCO_KEYPOINT_SIGMAS

FloatArray = npt.NDArray[np.float64]


class KeypointAccuracy(NamedTuple):
    """What :func:`pck` returns: shares of visible keypoints that are near enough."""

    overall: float
    """Of all keypoints together, in which frequent joints weigh more: MPII's mean."""
    mean: float
    """Mean over joints that were visible at all: mmpose's."""
    per_joint: FloatArray
    """(K,); NaN for a joint that never was visible."""
    num_visible: npt.NDArray[np.int64]
    """(K,) visible keypoints of each joint."""


class KeypointReport(NamedTuple):
    """What :meth:`KeypointMetrics.compute` returns; of T thresholds and K joints."""

    thresholds: FloatArray
    overall: FloatArray
    """(T,) PCK of all keypoints together."""
    mean: FloatArray
    """(T,) mean over joints."""
    per_joint: FloatArray
    """(T, K)"""
    num_visible: npt.NDArray[np.int64]
    """(K,)"""
    mean_error: float
    """Mean distance, relative to the lengths if those were given."""
    per_joint_error: FloatArray
    """(K,)"""


class FaceErrors(NamedTuple):
    """What :func:`normalized_mean_error` returns."""

    mean: float
    """Over faces."""
    failure_rate: float
    """Share of faces whose error is above the threshold."""
    auc: float
    """Area under the cumulative distribution of errors up to the threshold, as a share; exact."""
    per_face: FloatArray
    """(N,)"""


class KeypointMetrics:
    """PCK at several thresholds and mean errors, of all keypoints and joint by joint, of poses that come in batches.

    ``update`` adds poses, ``merge`` another one's, ``compute`` tells. However poses were split, results are those of one
    call to the last place. It can be pickled; its size does not grow with the data.

    Args:
        thresholds: of PCK.
        strict: near enough is below the threshold, instead of at most.

    Example:
        >>> from metrix.keypoints import KeypointMetrics
        >>> metrics = KeypointMetrics(thresholds=[0.1, 0.2])
        >>> metrics.update([[[0.0, 0.0], [10.0, 0.0]]], [[[0.0, 1.0], [10.0, 3.0]]], lengths=[10.0])
        >>> report = metrics.compute()
        >>> report.overall.tolist(), report.mean_error
        ([0.5, 0.5], 0.2)
    """

    def __init__(self, *, thresholds: Any = (0.05, 0.1, 0.2, 0.5), strict: bool = False) -> None:
        """Of no poses yet."""
        self._counts = JointCounts(as_float64(thresholds, "thresholds", (None,)), strict)

    def update(self, y_true: Any, y_pred: Any, *, lengths: Any = None, visible: Any = None) -> None:
        """Add poses; ``lengths`` as in :func:`pck`, or None for plain distances."""
        truth, predicted, flags = poses_of(y_true, y_pred, visible)
        relative = distances(truth, predicted)
        if lengths is not None:
            relative = relative / _lengths(lengths, truth)[:, None]
        self._counts.add(relative, flags)

    def merge(self, other: KeypointMetrics) -> None:
        """Add all that another one has seen, which has the same thresholds."""
        mine, its = self._counts, other._counts
        if mine.strict != its.strict or not np.array_equal(mine.thresholds, its.thresholds):
            raise ValueError("other: expected the same thresholds")
        mine.merge(its)

    def compute(self) -> KeypointReport:
        """Shares and errors; NaN of no keypoints."""
        counts = self._counts
        seen = np.zeros(0, dtype=np.int64) if counts.count is None else counts.count.copy()
        return KeypointReport(counts.thresholds.copy(), *counts.shares(), seen, *counts.mean_errors())

    def reset(self) -> None:
        """Forget all poses."""
        self._counts = JointCounts(self._counts.thresholds, self._counts.strict)


def object_keypoint_similarity(
    detections: Any,
    ground_truth: Any,
    area: Any,
    boxes: Any = None,
    *,
    sigmas: Any = None,
    num_threads: int | None = None,
) -> npt.NDArray[np.float64]:
    """Object keypoint similarity of every detected pose with every true one.

    OKS = mean over the visible keypoints k of exp(-d_k^2 / (2 sigma_k)^2 / (area + eps) / 2), where d_k is the distance
    of the detected keypoint from the true one and eps is the distance from 1 to the next double. Visible are the
    keypoints of the ground truth whose visibility is > 0. If it has none, the mean is over all keypoints, and d_k is
    the distance of the detected one from the ground truth's box enlarged by its own size on each side: 0 inside it.

    Args:
        detections: (D, K, 2) or (D, K, 3) points x, y in pixels; a third column is not read.
        ground_truth: (G, K, 3) points x, y and visibility.
        area: (G,) areas of the true objects in square pixels.
        boxes: (G, 4) boxes of the true objects as x, y, w, h; may be None if each has a visible keypoint.
        sigmas: (K,) standard deviations, > 0. None: the 17 of COCO.
        num_threads: threads to use; None for the default of the package. The bits do not depend on it.

    Returns:
        (D, G) float64 similarities, in [0, 1] for areas >= 0. No poses on a side give no rows or columns; no keypoints
        (K = 0) give NaN. NaN and infinity go the way they go in NumPy; of what is not visible they are not read.

    Raises:
        TypeError: an argument is no array of real numbers.
        ValueError: an argument has the wrong shape, a sigma is not > 0, or ``boxes`` is None and a ground truth has no
            visible keypoint.

    Example:
        >>> from metrix.keypoints import object_keypoint_similarity
        >>> truth = [[[10, 10, 2], [30, 10, 2], [20, 40, 0]]]
        >>> found = [[[10, 10], [30, 10], [99, 99]], [[11, 10], [30, 12], [20, 40]]]
        >>> object_keypoint_similarity(found, truth, [400], sigmas=[0.05, 0.05, 0.1]).round(3).tolist()
        [[1.0], [0.745]]

    Note:
        The exponential is NumPy's own, whose last bit depends on NumPy's version and on the machine. Results are the
        same bits as pycocotools gives with the NumPy that is installed.

    Source: COCOeval.computeOks of pycocotools 2.0.11; https://cocodataset.org/#keypoints-eval.
    """
    return _similarity(
        _core.keypoints.object_keypoint_similarity, detections, ground_truth, area, boxes, sigmas, num_threads
    )


def paired_object_keypoint_similarity(
    detections: Any,
    ground_truth: Any,
    area: Any,
    boxes: Any = None,
    *,
    sigmas: Any = None,
    num_threads: int | None = None,
) -> FloatArray:
    """Object keypoint similarity of each detected pose with the true one of the same index.

    The diagonal of :func:`object_keypoint_similarity`, with the same bits, in time and memory of N.

    Args:
        detections: (N, K, 2) or (N, K, 3).
        ground_truth: (N, K, 3) points x, y and visibility.
        area, boxes, sigmas, num_threads: as there.

    Returns:
        (N,) float64.

    Example:
        >>> from metrix.keypoints import paired_object_keypoint_similarity
        >>> truth = [[[10, 10, 2], [30, 10, 2]], [[0, 0, 2], [5, 5, 0]]]
        >>> found = [[[11, 10], [30, 12]], [[0, 0], [9, 9]]]
        >>> paired_object_keypoint_similarity(found, truth, [400, 100], sigmas=[0.05, 0.05]).round(3).tolist()
        [0.745, 1.0]

    Source: COCOeval.computeOks of pycocotools 2.0.11.
    """
    return _similarity(
        _core.keypoints.paired_object_keypoint_similarity, detections, ground_truth, area, boxes, sigmas, num_threads
    )


def pck(
    y_true: Any, y_pred: Any, *, lengths: Any, threshold: float = 0.2, visible: Any = None, strict: bool = False
) -> KeypointAccuracy:
    """Percentage of correct keypoints: the share of those within ``threshold`` times a length of the pose.

    Composed from NumPy: poses are few compared with pixels.

    Args:
        y_true, y_pred, visible: see the module.
        lengths: (N,) lengths of the poses; or two joints (i, j), as a tuple, for their true distance: the torso of FLIC and
            LSP is from the left shoulder to the right hip. Of boxes xyxy, the larger side is usual:
            ``(boxes[:, 2:] - boxes[:, :2]).max(axis=1)``.
        threshold: usually 0.2 of a torso or 0.05 to 0.2 of a box.
        strict: near enough is below the threshold, as in mmpose, instead of at most, as in MPII's script.

    Returns:
        Shares from 0 to 1; NaN where nothing was visible.

    Raises:
        ValueError: a length is not above 0 (mmpose leaves such poses out), or a visible true coordinate is not finite.

    Example:
        >>> truth = [[[0.0, 0.0], [10.0, 0.0], [10.0, 10.0]]]
        >>> found = [[[0.0, 2.0], [10.0, 3.0], [0.0, 0.0]]]
        >>> result = pck(truth, found, lengths=[10.0], visible=[[1, 1, 0]])
        >>> result.overall, result.per_joint.tolist()
        (0.5, [1.0, 0.0, nan])

    Source:
        Y. Yang and D. Ramanan, Articulated human detection with flexible mixtures of parts, 2013; B. Sapp and B. Taskar,
        MODEC, 2013, for the torso.
    """
    truth, predicted, flags = poses_of(y_true, y_pred, visible)
    counts = JointCounts(as_float64([threshold], "threshold", (None,)), strict)
    counts.add(distances(truth, predicted) / _lengths(lengths, truth)[:, None], flags)
    (overall,), (mean,), (each,) = counts.shares()
    return KeypointAccuracy(float(overall), float(mean), each, flags.sum(axis=0))


def pckh(y_true: Any, y_pred: Any, *, head_boxes: Any, threshold: float = 0.5, visible: Any = None) -> KeypointAccuracy:
    """PCK relative to the head as MPII's script has it: at most ``threshold`` times 0.6 of the diagonal of the head's box.

    Composed from :func:`pck`.

    Args:
        y_true, y_pred, visible: see the module. MPII's mean (``overall``) leaves out the pelvis and the thorax: set
            ``visible[:, 6:8] = 0`` for its sixteen joints.
        head_boxes: (N, 4) boxes xyxy.
        threshold: 0.5, or 0.1.

    Returns:
        Shares from 0 to 1; the script prints them times 100.

    Example:
        >>> truth, found = [[[5.0, 5.0], [5.0, 9.0]]], [[[5.0, 8.0], [5.0, 5.9]]]
        >>> pckh(truth, found, head_boxes=[[0.0, 0.0, 6.0, 8.0]]).per_joint.tolist()
        [1.0, 0.0]

    Source:
        M. Andriluka et al., 2D human pose estimation (MPII), 2014, and its evaluation script.
    """
    boxes = as_float64(head_boxes, "head_boxes", (None, 4))
    diagonals = np.sqrt((boxes[:, 2] - boxes[:, 0]) ** 2 + (boxes[:, 3] - boxes[:, 1]) ** 2)
    return pck(y_true, y_pred, lengths=diagonals * 0.6, threshold=threshold, visible=visible)


def pck_auc(
    y_true: Any,
    y_pred: Any,
    *,
    lengths: Any,
    max_threshold: float = 0.5,
    thresholds: Any = None,
    visible: Any = None,
    strict: bool = False,
) -> float:
    """Area under the curve of PCK over thresholds from 0 to ``max_threshold``, as a share of the whole.

    Composed from NumPy.

    Args:
        y_true, y_pred, lengths, visible, strict: as in :func:`pck`, whose ``overall`` makes the curve.
        max_threshold: where the curve ends.
        thresholds: (T,) at which PCK is averaged instead of the exact area: mmpose's are ``np.arange(20) / 20``, those of
            MPI-INF-3DHP ``np.linspace(0, 150, 31)`` mm, with lengths of 1.

    Returns:
        From 0 to 1; NaN where nothing was visible.

    Example:
        >>> pck_auc([[[0.0, 0.0]]], [[[0.0, 2.0]]], lengths=[10.0], max_threshold=0.5)
        0.6

    Source:
        D. Mehta et al., Monocular 3D human pose estimation in the wild, 2017, for the curve of thresholds.
    """
    truth, predicted, flags = poses_of(y_true, y_pred, visible)
    relative = (distances(truth, predicted) / _lengths(lengths, truth)[:, None])[flags]
    if relative.size == 0:
        return float("nan")
    if thresholds is None:
        if not 0 < max_threshold < np.inf:
            raise ValueError(f"max_threshold: expected a finite number > 0, got {max_threshold}")
        below = np.clip(1 - relative / max_threshold, 0, None)
        return float(np.mean(np.where(np.isnan(relative), 0.0, below)))
    at = as_float64(thresholds, "thresholds", (None,))
    places = np.searchsorted(np.sort(relative), at, side="left" if strict else "right")
    return float(np.mean(places / relative.size))


def mean_per_joint_position_error(
    y_true: Any,
    y_pred: Any,
    *,
    visible: Any = None,
    align: Literal["root", "scale", "procrustes"] | None = None,
    root: int = 0,
) -> float:
    """Mean distance of predicted from true keypoints (MPJPE), in the unit of the coordinates.

    Composed from NumPy. Any number of dimensions; in two it is the mean per-joint error, or end-point error, in pixels.

    Args:
        y_true, y_pred, visible: see the module.
        align: what is done with each predicted pose first. "root" moves its joint ``root`` to the true one (Human3.6M's
            protocol 1), "scale" multiplies it by the best scale (N-MPJPE; move roots to zero yourself), "procrustes" takes
            the best rotation, translation and scale (PA-MPJPE, protocol 2), no mirror image. Invisible keypoints take no
            part in fits; in mmpose's they do.
        root: a joint, for "root".

    Returns:
        The mean over all visible keypoints, as mmpose has it; NaN of none.

    Example:
        >>> truth = np.array([[[0.0, 0.0, 0.0], [1.0, 0.0, 0.0], [0.0, 2.0, 0.0], [0.0, 0.0, 3.0]]])
        >>> mean_per_joint_position_error(truth, truth + [0.0, 3.0, 4.0])
        5.0
        >>> mean_per_joint_position_error(truth, 2 * truth + 1, align="procrustes") < 1e-12
        True

    Source:
        C. Ionescu et al., Human3.6M, 2014; J. C. Gower, Generalized Procrustes analysis, 1975.
    """
    truth, predicted, flags = poses_of(y_true, y_pred, visible)
    counts = JointCounts(np.zeros(0), False)
    counts.add(distances(truth, aligned(truth, predicted, flags, align, root)), flags)
    return counts.mean_errors()[0]


def _face_terms(y_true: Any, y_pred: Any, **options: Any) -> Skipping:
    return Skipping(normalized_mean_error(y_true, y_pred, **options).per_face)


@is_mean_of(_face_terms)
def normalized_mean_error(
    y_true: Any, y_pred: Any, *, normalizer: Any = "inter_ocular", threshold: float = 0.1, visible: Any = None
) -> FaceErrors:
    """Mean error of landmarks of faces relative to their size (NME), with failure rate and area under the curve.

    Composed from NumPy.

    Args:
        y_true, y_pred, visible: see the module.
        normalizer: what errors of a face are divided by, of the true landmarks. "inter_ocular": distance of the outer
            corners of the eyes, "inter_pupil": of the means of the eyes, both of the 68 points of 300-W; two points (i, j)
            as a tuple, such as (60, 72) of WFLW; "box": root of the area of the landmarks' box; or (N,) lengths.
        threshold: above it a face has failed; 0.08 or 0.1.

    Returns:
        ``mean`` (batch by batch: :class:`metrix.accumulators.SampleMean`), ``failure_rate``, ``auc`` and ``per_face``.
        Scripts integrate the curve in steps (of 1e-4, by Simpson's rule), this is exact. NaN of no faces; a face without
        visible landmarks is NaN and takes no part.

    Example:
        >>> truth = [[[0.0, 0.0], [10.0, 0.0], [5.0, 5.0]]]
        >>> found = [[[0.0, 0.6], [10.0, 0.0], [5.0, 5.3]]]
        >>> errors = normalized_mean_error(truth, found, normalizer=(0, 1))
        >>> round(errors.mean, 12), errors.failure_rate, round(errors.auc, 12)
        (0.03, 0.0, 0.7)

    Source:
        C. Sagonas et al., 300 faces in-the-wild challenge, 2013; W. Wu et al., Look at boundary (WFLW), 2018.
    """
    if not 0 < threshold < np.inf:
        raise ValueError(f"threshold: expected a finite number > 0, got {threshold}")
    truth, predicted, flags = poses_of(y_true, y_pred, visible)
    found = np.where(flags, distances(truth, predicted), 0.0)
    with np.errstate(invalid="ignore", divide="ignore"):
        per_face = found.sum(axis=1) / flags.sum(axis=1) / face_lengths(truth, normalizer)
    rated = per_face[flags.any(axis=1)]
    if rated.size == 0:
        return FaceErrors(float("nan"), float("nan"), float("nan"), per_face)
    failed = ~(rated <= threshold)
    below = np.where(failed, 0.0, 1 - rated / threshold)
    return FaceErrors(float(rated.mean()), float(failed.mean()), float(below.mean()), per_face)


def _lengths(lengths: Any, truth: FloatArray) -> FloatArray:
    return face_lengths(truth, lengths) if isinstance(lengths, tuple) else lengths_of(lengths, len(truth))


def _similarity(
    kernel: Any, detections: Any, ground_truth: Any, area: Any, boxes: Any, sigmas: Any, num_threads: int | None
) -> FloatArray:
    spread = np.asarray(COCO_KEYPOINT_SIGMAS) if sigmas is None else as_float64(sigmas, "sigmas", (None,))
    if not (spread > 0).all():
        first = int(np.argmin(spread > 0))
        raise ValueError(f"sigmas: expected numbers > 0, got {spread[first]} at index {first}")
    result: FloatArray = kernel(
        as_float64(detections, "detections", (None, None, None)),
        as_float64(ground_truth, "ground_truth", (None, None, 3)),
        as_float64(area, "area", (None,)),
        None if boxes is None else as_float64(boxes, "boxes", (None, 4)),
        (spread * 2) ** 2,
        floor=0.0,
        num_threads=resolve_num_threads(num_threads),
    )
    return result
