"""Evaluation of detections: from ground truth and detections to the published numbers."""

from __future__ import annotations

import dataclasses
import math
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from metrix import _core
from metrix._arrays import as_float64, as_ndarray
from metrix._detection_input import EvaluationInput, Selection, fields_to_read, prepare_input
from metrix._outcomes import Outcomes
from metrix._threads import resolve_num_threads
from metrix.protocols import PROTOCOLS, DetectionProtocol, IouType
from metrix.records import Detections, GroundTruth, RecordSource, read_detections, read_ground_truth
from metrix.report import DetectionReport

Semantics = Literal["pycocotools", "corrected"]

#: Called with the name of the part of the work that begins: "ground truth", "detections", "match", "accumulate".
Progress = Callable[[str], None]


def evaluate_detections(
    ground_truth: GroundTruth | RecordSource,
    detections: Detections | RecordSource,
    *,
    iou_type: IouType = "bbox",
    protocol: str | DetectionProtocol = "coco",
    semantics: Semantics = "pycocotools",
    iou_thresholds: Sequence[float] | npt.NDArray[Any] | None = None,
    recall_thresholds: Sequence[float] | npt.NDArray[Any] | None = None,
    area_ranges: Mapping[str, tuple[float, float]] | None = None,
    max_detections: Sequence[int] | None = None,
    categories: Sequence[int] | Sequence[str] | npt.NDArray[Any] | None = None,
    images: Sequence[int] | Sequence[str] | npt.NDArray[Any] | None = None,
    use_categories: bool | None = None,
    sigmas: Sequence[float] | npt.NDArray[Any] | None = None,
    diagnostics: bool = False,
    num_threads: int | None = None,
    progress: Progress | None = None,
) -> DetectionReport:
    """Average precision and recall of detections, as the COCO evaluation computes them.

    Composed from the kernels of records, boxes, masks, keypoints, matching and curves. With the default semantics every
    value of ``precision``, ``recall``, ``scores`` and ``stats`` has the same bits as pycocotools 2.0.11 gives, whatever
    ``num_threads`` is.

    Args:
        ground_truth: a path, bytes or dict as :func:`metrix.records.read_ground_truth` takes, or a :class:`GroundTruth`.
        detections: a path, bytes, list of dicts or (N, 7) array as :func:`metrix.records.read_detections` takes, or
            :class:`Detections`.
        iou_type: what is compared: ``"bbox"``, ``"segm"`` (masks) or ``"keypoints"`` (object keypoint similarity).
        protocol: ``"coco"``, or a :class:`metrix.protocols.DetectionProtocol`; the arguments below change parts of it.
        semantics: ``"pycocotools"`` does all that the reference does; ``"corrected"`` repairs the quirks that
            ``report.quirks`` marks so.
        iou_thresholds: similarities at which a detection may match; any order. A NaN is refused.
        recall_thresholds: recalls at which precision is read.
        area_ranges: ranges of object area in square pixels by label, both ends inside.
        max_detections: caps on the detections per image and category; sorted, each once.
        categories: ids to evaluate; None for all that the ground truth lists.
        images: ids to evaluate; None for all that the ground truth lists.
        use_categories: False makes one category of all.
        sigmas: one for each keypoint, in the units of COCO's.
        diagnostics: keep for each detection what it lies on as well, for ``report.per_detection()``: 12 bytes more, and a
            quarter to a half more time, or twice the time for masks.
        num_threads: None for ``OMP_NUM_THREADS`` or all usable CPUs.
        progress: called with the name of each part of the work as it begins.

    Returns:
        A :class:`metrix.report.DetectionReport`.

    Conventions:
        Empty: without detections, precision and recall are 0 where there is ground truth and -1 where there is none.
        Ties: equal scores keep the order of the input within an image; over images, the order of ascending image id.
        NaN: a NaN score sorts behind all others; a NaN similarity matches, as in the reference ("corrected": never).
        Crowds, ids of 0, repeated ids, absent fields: see the table of corner cases in ``tests/parity/QUIRKS.md``.

    Raises:
        ValueError: for malformed input; the message names the record and the field, or the argument.
        OSError: if a file cannot be read.

    Example:
        >>> ground_truth = {"images": [{"id": 1}], "categories": [{"id": 1, "name": "cat"}],
        ...     "annotations": [{"id": 1, "image_id": 1, "category_id": 1, "bbox": [0, 0, 10, 10], "area": 100,
        ...                      "iscrowd": 0}]}
        >>> detections = [{"image_id": 1, "category_id": 1, "bbox": [0, 0, 10, 8], "score": 0.9}]
        >>> report = evaluate_detections(ground_truth, detections)
        >>> round(report.stats["AP"], 3)
        0.7

    Source:
        T.-Y. Lin et al., Microsoft COCO, 2014; https://cocodataset.org/#detection-eval; pycocotools 2.0.11.
    """
    chosen = _chosen_protocol(
        protocol, iou_type, iou_thresholds, recall_thresholds, area_ranges, max_detections, use_categories, sigmas
    )
    if semantics not in ("pycocotools", "corrected"):
        raise ValueError(f"semantics: expected 'pycocotools' or 'corrected', got {semantics!r}")
    threads = resolve_num_threads(num_threads)
    tell = progress or (lambda part: None)
    seconds: dict[str, float] = {}

    start = time.perf_counter()
    tell("ground truth")
    truth = _read_ground_truth(ground_truth, iou_type, threads)
    tell("detections")
    found = _read_detections(detections, iou_type, threads)
    seconds["load"] = time.perf_counter() - start

    start = time.perf_counter()
    tell("match")
    selection = Selection.of(truth, categories, images, use_categories=chosen.use_categories)
    prepared = prepare_input(
        truth, found, selection, iou_type, chosen, corrected=semantics == "corrected", num_threads=threads
    )
    del truth, found  # columns that matching does not need, such as the ids, are given back before it takes its memory
    result = _match(
        prepared, selection, chosen, corrected=semantics == "corrected", diagnostics=diagnostics, num_threads=threads
    )
    met = {quirk: int(result.pop(name).sum()) for quirk, name in QUIRKS_OF_MATCHING.items()}
    outcomes = Outcomes(threshold_count=len(chosen.iou_thresholds), **result)
    seconds["match"] = time.perf_counter() - start

    tell("accumulate")
    return _make_report(
        outcomes,
        protocol=chosen,
        iou_type=iou_type,
        semantics=semantics,
        category_ids=selection.category_ids,
        category_names=selection.category_names,
        image_ids=selection.image_ids,
        quirk_counts=prepared.quirks.totals | met,
        seconds=seconds,
        num_threads=threads,
    )


def _chosen_protocol(
    protocol: str | DetectionProtocol,
    iou_type: IouType,
    iou_thresholds: Any,
    recall_thresholds: Any,
    area_ranges: Mapping[str, tuple[float, float]] | None,
    max_detections: Sequence[int] | None,
    use_categories: bool | None,
    sigmas: Any,
) -> DetectionProtocol:
    """The protocol with what the caller changes of it."""
    if iou_type not in ("bbox", "segm", "keypoints"):
        raise ValueError(f"iou_type: expected 'bbox', 'segm' or 'keypoints', got {iou_type!r}")
    if isinstance(protocol, str):
        if protocol not in PROTOCOLS:
            raise ValueError(f"protocol: expected one of {sorted(PROTOCOLS)} or a DetectionProtocol, got {protocol!r}")
        protocol = PROTOCOLS[protocol][iou_type]
    changes: dict[str, Any] = {}
    if iou_thresholds is not None:
        changes["iou_thresholds"] = _thresholds(iou_thresholds, "iou_thresholds")
    if recall_thresholds is not None:
        changes["recall_thresholds"] = _thresholds(recall_thresholds, "recall_thresholds")
    if area_ranges is not None:
        changes["area_ranges"] = {label: _area_range(label, limits) for label, limits in area_ranges.items()}
        if not area_ranges:
            raise ValueError("area_ranges: expected at least one range")
    if max_detections is not None:
        changes["max_detections"] = _caps(max_detections)
    if use_categories is not None:
        changes["use_categories"] = bool(use_categories)
    if sigmas is not None:
        changes["sigmas"] = as_float64(sigmas, "sigmas", (None,))
    return dataclasses.replace(protocol, **changes)


def _thresholds(values: Any, name: str) -> npt.NDArray[np.float64]:
    array = as_float64(values, name, (None,))
    if not len(array):
        raise ValueError(f"{name}: expected at least one threshold")
    if np.isnan(array).any():
        raise ValueError(f"{name}[{int(np.flatnonzero(np.isnan(array))[0])}]: expected a number, got NaN")
    return array


def _area_range(label: str, limits: Any) -> tuple[float, float]:
    try:
        low, high = (float(limit) for limit in limits)
    except (TypeError, ValueError):
        raise ValueError(f"area_ranges[{label!r}]: expected (low, high), got {limits!r}") from None
    if math.isnan(low) or math.isnan(high):
        raise ValueError(f"area_ranges[{label!r}]: expected numbers, got NaN")
    return low, high


def _caps(values: Any) -> tuple[int, ...]:
    array = as_ndarray(values, "max_detections")
    if array.ndim != 1 or array.dtype.kind not in "iu" or not len(array):
        raise ValueError(f"max_detections: expected integers >= 1, got {values!r}")
    caps = tuple(sorted(array.tolist()))
    if caps[0] < 1:
        raise ValueError(f"max_detections: expected integers >= 1, got {caps[0]}")
    if len(set(caps)) < len(caps):
        raise ValueError(f"max_detections: expected each cap once, got {values!r}")
    return caps


def _read_ground_truth(source: Any, iou_type: IouType, num_threads: int) -> GroundTruth:
    if isinstance(source, GroundTruth):
        return source
    return read_ground_truth(source, fields=fields_to_read(iou_type), num_threads=num_threads)


def _read_detections(source: Any, iou_type: IouType, num_threads: int) -> Detections:
    if isinstance(source, Detections):
        return source
    found = read_detections(source, fields=fields_to_read(iou_type), num_threads=num_threads)
    # The first record decides where boxes and areas come from, as in the reference. Files that are evaluated as what they
    # do not hold are rare: then everything is read.
    if len(found) and not found.has("bbox")[0] and not isinstance(source, np.ndarray):
        missing = "segmentation" if found.has("segmentation")[0] else "keypoints"
        if missing not in fields_to_read(iou_type):
            return read_detections(source, num_threads=num_threads)
    return found


#: Quirks that matching meets, and what the kernel calls their counts by image.
QUIRKS_OF_MATCHING = {"nan_similarity": "nan_pairs", "nan_score": "nan_scores", "mask_size_mismatch": "mismatches"}


def _match(
    prepared: EvaluationInput,
    selection: Selection,
    protocol: DetectionProtocol,
    *,
    corrected: bool,
    diagnostics: bool = False,
    by_score: bool = True,
    num_threads: int,
) -> dict[str, Any]:
    """The fields of :class:`Outcomes`, and the counts of ``QUIRKS_OF_MATCHING``."""
    result: dict[str, Any] = _core.detection.evaluate(
        prepared.similarity,
        image_count=len(selection.image_ids),
        category_count=len(selection.category_ids) if protocol.use_categories else 1,
        ground_truth_image=prepared.ground_truth_image,
        ground_truth_category=prepared.ground_truth_category,
        ground_truth_area=prepared.ground_truth_area,
        ground_truth_crowd=prepared.ground_truth_crowd,
        ground_truth_ignored=prepared.ground_truth_ignored,
        ground_truth_without_match=prepared.ground_truth_without_match,
        ground_truth_order=prepared.ground_truth_order,
        detection_image=prepared.detection_image,
        detection_category=prepared.detection_category,
        detection_score=prepared.detection_score,
        detection_area=prepared.detection_area,
        detection_order=prepared.detection_order,
        # The reference lowers each threshold by itself, before anything is compared with it.
        thresholds=np.minimum(protocol.iou_thresholds, protocol.highest_threshold),
        area_ranges=np.array(list(protocol.area_ranges.values()), dtype=np.float64),
        max_detections=protocol.max_detections[-1],
        nan_matches=not corrected,
        by_score=by_score,
        diagnostics=diagnostics,
        num_threads=num_threads,
    )
    return result


def _make_report(
    outcomes: Outcomes,
    *,
    protocol: DetectionProtocol,
    iou_type: IouType,
    semantics: Semantics,
    category_ids: npt.NDArray[Any],
    category_names: tuple[str, ...],
    image_ids: npt.NDArray[Any],
    quirk_counts: dict[str, int],
    seconds: dict[str, float],
    num_threads: int,
) -> DetectionReport:
    """The report, with its published numbers worked out and ``seconds["accumulate"]`` added."""
    start = time.perf_counter()
    unseen = outcomes.positives[:, 0] == 0
    report = DetectionReport(
        protocol=protocol,
        iou_type=iou_type,
        semantics=semantics,
        category_ids=category_ids if protocol.use_categories else np.array([-1]),
        category_names=category_names if protocol.use_categories else ("all",),
        image_ids=image_ids,
        outcomes=outcomes,
        quirk_counts=quirk_counts | {"unseen_category": int(np.diff(outcomes.category_offset)[unseen].sum())},
        seconds=seconds,
        num_threads=num_threads,
    )
    report.stats  # noqa: B018  (worked out here, so that its time is told)
    seconds["accumulate"] = time.perf_counter() - start
    return report
