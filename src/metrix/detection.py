"""Evaluation of detections: from ground truth and detections to the published numbers."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy.typing as npt

from metrix._chosen_protocol import chosen_protocol
from metrix._detection_input import Selection, prepare_input
from metrix._evaluation import Semantics, detections_of, ground_truth_of, make_report, match, outcomes_and_quirks
from metrix._threads import resolve_num_threads
from metrix.protocols import DetectionProtocol, IouType
from metrix.records import Detections, GroundTruth, RecordSource
from metrix.report import DetectionReport

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
    chosen = chosen_protocol(
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
    truth = ground_truth_of(ground_truth, iou_type, chosen, threads)
    tell("detections")
    found = detections_of(detections, iou_type, chosen, threads)
    seconds["load"] = time.perf_counter() - start

    start = time.perf_counter()
    tell("match")
    selection = Selection.of(truth, categories, images, use_categories=chosen.use_categories)
    prepared = prepare_input(
        truth, found, selection, iou_type, chosen, corrected=semantics == "corrected", num_threads=threads
    )
    del truth, found  # columns that matching does not need, such as the ids, are given back before it takes its memory
    result = match(
        prepared, selection, chosen, corrected=semantics == "corrected", diagnostics=diagnostics, num_threads=threads
    )
    outcomes, met = outcomes_and_quirks(result, chosen)
    seconds["match"] = time.perf_counter() - start

    tell("accumulate")
    return make_report(
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
