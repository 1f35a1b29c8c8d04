"""The steps of an evaluation, whichever way its input comes: read, match, report."""

from __future__ import annotations

import time
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from metrix import _core
from metrix._detection_input import EvaluationInput, Selection, fields_to_read
from metrix._outcomes import Outcomes
from metrix.protocols import DetectionProtocol, IouType
from metrix.records import Detections, GroundTruth, read_detections, read_ground_truth
from metrix.report import DetectionReport

Semantics = Literal["pycocotools", "corrected"]


def ground_truth_of(source: Any, iou_type: IouType, protocol: DetectionProtocol, num_threads: int) -> GroundTruth:
    """Ground truth as it is given, or read with the columns that are compared."""
    if isinstance(source, GroundTruth):
        return source
    return read_ground_truth(source, fields=fields_to_read(iou_type, protocol), num_threads=num_threads)


def detections_of(source: Any, iou_type: IouType, protocol: DetectionProtocol, num_threads: int) -> Detections:
    """The same of detections."""
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


def match(
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


def outcomes_and_quirks(result: dict[str, Any], protocol: DetectionProtocol) -> tuple[Outcomes, dict[str, int]]:
    """What ``match`` gives, with the counts of its quirks over all images."""
    met = {quirk: int(result.pop(name).sum()) for quirk, name in QUIRKS_OF_MATCHING.items()}
    return Outcomes(threshold_count=len(protocol.iou_thresholds), **result), met


def make_report(
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
