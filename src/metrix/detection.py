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
from metrix._boundary_width import boundary_width
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
    dilation_ratio: float | None = None,
    dilation_pixels: int | None = None,
    diagnostics: bool = False,
    num_threads: int | None = None,
    progress: Progress | None = None,
) -> DetectionReport:
    """Average precision and recall of detections, as the evaluations of COCO, LVIS and Pascal VOC compute them.

    Composed from the kernels of records, boxes, masks, keypoints, matching and curves. With the default semantics every
    value of ``precision``, ``recall``, ``scores`` and ``stats`` has the same bits as pycocotools 2.0.11 (``"lvis"``: lvis
    0.5.3) gives, whatever ``num_threads`` is.

    Args:
        ground_truth: a path, bytes or dict as :func:`metrix.records.read_ground_truth` takes, or a :class:`GroundTruth`.
        detections: a path, bytes, list of dicts or (N, 7) array as :func:`metrix.records.read_detections` takes, or
            :class:`Detections`.
        iou_type: what is compared: ``"bbox"``, ``"segm"`` (masks), ``"boundary"`` (the lesser of the IoU of masks and that of
            their boundaries; of crowds the former), or ``"keypoints"`` (object keypoint similarity).
        protocol: a benchmark, or a :class:`metrix.protocols.DetectionProtocol`; the arguments below change parts of it.

            - ``"coco"``: twelve numbers for boxes and masks, ten for keypoints.
            - ``"crowdpose"``: six numbers for poses of fourteen keypoints.
            - ``"lvis"``: thirteen numbers for boxes and masks. A detection is judged in the categories that its image
              shows or lists in ``neg_category_ids``, and excused in those of ``not_exhaustive_category_ids``; an image
              has 300 detections; APr, APc and APf are those of rare, common and frequent categories.
            - ``"lvis_fixed"``: the same with 10000 detections for each category and no limit of an image (Fixed AP).
            - ``"voc2012"``: the mean AP of Pascal VOC from 2010 on, the area under the envelope of precision, and
              ``"voc2007"``, its mean at eleven recalls. A detection looks at its most similar ground truth alone, the
              first of equal ones: a second one there is wrong. It matches above an IoU of 0.5, with boxes that hold
              the pixels of their corners. Ground truths with ``ignore`` are the difficult ones.
        semantics: ``"pycocotools"`` does all that the reference does; ``"corrected"`` repairs the quirks that
            ``report.quirks`` marks so.
        iou_thresholds: similarities at which a detection may match; any order. A NaN is refused.
        recall_thresholds: recalls at which precision is read.
        area_ranges: ranges of object area in square pixels by label, both ends inside.
        max_detections: caps on the detections per image and category; sorted, each once. One cap where the protocol
            limits an image (``"lvis"``) or a category (``"lvis_fixed"``).
        categories: ids to evaluate; None for all that the ground truth lists.
        images: ids to evaluate; None for all that the ground truth lists.
        use_categories: False makes one category of all.
        sigmas: one for each keypoint, in the units of COCO's.
        dilation_ratio: width of boundaries as a part of the image's diagonal, rounded to pixels, at least 1 (default: 0.02).
        dilation_pixels: width of boundaries in pixels, instead.
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
        B. Cheng et al., Boundary IoU, 2021; boundary-iou-api 37d2558.
        M. Everingham et al., The PASCAL Visual Object Classes Challenge, 2010; py-faster-rcnn, ``voc_eval``.
        A. Gupta et al., LVIS, 2019; lvis 0.5.3. A. Dave et al., Evaluating Large-Vocabulary Object Detectors, 2021.
    """
    chosen = _chosen_protocol(
        protocol,
        iou_type,
        iou_thresholds,
        recall_thresholds,
        area_ranges,
        max_detections,
        use_categories,
        sigmas,
        dilation_ratio,
        dilation_pixels,
    )
    if semantics not in ("pycocotools", "corrected"):
        raise ValueError(f"semantics: expected 'pycocotools' or 'corrected', got {semantics!r}")
    threads = resolve_num_threads(num_threads)
    tell = progress or (lambda part: None)
    seconds: dict[str, float] = {}

    start = time.perf_counter()
    tell("ground truth")
    truth = _read_ground_truth(ground_truth, iou_type, chosen, threads)
    tell("detections")
    found = _read_detections(detections, iou_type, chosen, threads)
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
    outcomes, met = _outcomes_and_quirks(result, chosen)
    seconds["match"] = time.perf_counter() - start

    tell("accumulate")
    return _make_report(
        outcomes,
        protocol=chosen,
        iou_type=iou_type,
        semantics=semantics,
        category_ids=selection.category_ids,
        category_names=selection.category_names,
        category_frequencies=selection.frequencies(use_categories=chosen.use_categories),
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
    dilation_ratio: float | None,
    dilation_pixels: int | None,
) -> DetectionProtocol:
    """The protocol with what the caller changes of it."""
    if iou_type not in ("bbox", "segm", "boundary", "keypoints"):
        raise ValueError(f"iou_type: expected 'bbox', 'segm', 'boundary' or 'keypoints', got {iou_type!r}")
    if isinstance(protocol, str):
        if protocol not in PROTOCOLS:
            raise ValueError(f"protocol: expected one of {sorted(PROTOCOLS)} or a DetectionProtocol, got {protocol!r}")
        if iou_type not in PROTOCOLS[protocol]:
            kinds = ", ".join(map(repr, PROTOCOLS[protocol]))
            raise ValueError(f"iou_type: expected one of {kinds} for protocol {protocol!r}, got {iou_type!r}")
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
        if protocol.cap_scope is None:
            raise ValueError(f"max_detections: protocol {protocol.name!r} has no cap, got {max_detections!r}")
        if protocol.cap_scope != "cell" and len(changes["max_detections"]) > 1:
            raise ValueError(f"max_detections: expected one cap for each {protocol.cap_scope}, got {max_detections!r}")
    if use_categories is not None:
        changes["use_categories"] = bool(use_categories)
    if sigmas is not None:
        changes["sigmas"] = as_float64(sigmas, "sigmas", (None,))
    return _with_boundary_width(dataclasses.replace(protocol, **changes), dilation_ratio, dilation_pixels)


def _with_boundary_width(
    protocol: DetectionProtocol, dilation_ratio: float | None, dilation_pixels: int | None
) -> DetectionProtocol:
    """The protocol with the caller's width of boundaries: a ratio alone comes before the protocol's pixels."""
    if dilation_pixels is None and dilation_ratio is None:
        dilation_pixels = protocol.dilation_pixels
    if dilation_ratio is None:
        dilation_ratio = protocol.dilation_ratio
    ratio, pixels = boundary_width(dilation_ratio, dilation_pixels)
    return dataclasses.replace(protocol, dilation_ratio=ratio, dilation_pixels=pixels or None)


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


def _read_ground_truth(source: Any, iou_type: IouType, protocol: DetectionProtocol, num_threads: int) -> GroundTruth:
    if isinstance(source, GroundTruth):
        return source
    return read_ground_truth(source, fields=fields_to_read(iou_type, protocol), num_threads=num_threads)


def _read_detections(source: Any, iou_type: IouType, protocol: DetectionProtocol, num_threads: int) -> Detections:
    if isinstance(source, Detections):
        return source
    found = read_detections(source, fields=fields_to_read(iou_type), num_threads=num_threads)
    # The first record decides where boxes and areas come from, as in the reference; where a limit on each image may drop
    # it, any may be the first. Files that are evaluated as what they do not hold are rare: then everything is read.
    has_box = found.has("bbox")[: 1 if protocol.cap_scope == "cell" else None]
    if not has_box.all() and not isinstance(source, np.ndarray):
        missing = "segmentation" if found.has("segmentation")[np.argmin(has_box)] else "keypoints"
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
        detection_excused=prepared.detection_excused,
        thresholds=protocol.matching_thresholds,
        area_ranges=np.array(list(protocol.area_ranges.values()), dtype=np.float64),
        max_detections=protocol.cell_caps[-1],
        nan_matches=not corrected and protocol.matching == "greedy",
        only_highest=protocol.matching == "highest",
        by_score=by_score,
        diagnostics=diagnostics,
        num_threads=num_threads,
    )
    if protocol.matching != "greedy":  # then NaN matches nothing, as one expects
        result["nan_pairs"] = np.zeros_like(result["nan_pairs"])
    return result


def _outcomes_and_quirks(result: dict[str, Any], protocol: DetectionProtocol) -> tuple[Outcomes, dict[str, int]]:
    """What ``_match`` gives, with the counts of its quirks over all images."""
    met = {quirk: int(result.pop(name).sum()) for quirk, name in QUIRKS_OF_MATCHING.items()}
    return Outcomes(threshold_count=len(protocol.iou_thresholds), **result), met


def _make_report(
    outcomes: Outcomes,
    *,
    protocol: DetectionProtocol,
    iou_type: IouType,
    semantics: Semantics,
    category_ids: npt.NDArray[Any],
    category_names: tuple[str, ...],
    category_frequencies: tuple[str, ...],
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
        category_frequencies=category_frequencies,
        image_ids=image_ids,
        outcomes=outcomes,
        quirk_counts=quirk_counts | {"unseen_category": int(np.diff(outcomes.category_offset)[unseen].sum())},
        seconds=seconds,
        num_threads=num_threads,
    )
    report.stats  # noqa: B018  (worked out here, so that its time is told)
    seconds["accumulate"] = time.perf_counter() - start
    return report
