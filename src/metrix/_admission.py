"""Which detections take part at all: the limits of an image or a category, and the categories of a federated image.

What lvis 0.5.3 decides while it loads and prepares (``LVISResults.limit_dets_per_image``, ``LVIS.get_ann_ids``,
``LVISEval._prepare``) is decided here, on whole columns.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from metrix import _core
from metrix.protocols import DetectionProtocol
from metrix.records import CategoryLists, Detections, GroundTruth

if TYPE_CHECKING:
    from metrix._detection_input import Selection

Int32Array = npt.NDArray[np.int32]
FlagArray = npt.NDArray[np.uint8]


def within_caps(
    found: Detections, image: Int32Array, truth: GroundTruth, protocol: DetectionProtocol, num_threads: int
) -> FlagArray | None:
    """Which detections are among the best of their image or category; None where all are."""
    if protocol.cap_scope not in ("image", "category"):
        return None
    group, count = image, len(truth.image_ids)
    if protocol.cap_scope == "category":
        group, count = found.category_id.positions_in(truth.category_ids), len(truth.category_ids)
    kept: FlagArray = _core.detection.keep_best(
        group, count, found.score, protocol.max_detections[-1], num_threads=num_threads
    )
    return kept


def deciding_row(found: Detections, image: Int32Array, protocol: DetectionProtocol) -> int:
    """The detection that says where boxes and areas come from: the first one, once the limits have had their effect."""
    if protocol.cap_scope not in ("image", "category") or not len(found):
        return 0
    group = image if protocol.cap_scope == "image" else found.category_id.values
    rows = np.flatnonzero(group == group[0])
    if protocol.cap_scope == "image" and len(rows) <= protocol.max_detections[-1]:
        return 0
    return int(rows[np.argsort(-found.score[rows], kind="stable")[0]])


def judged_and_excused(
    truth: GroundTruth,
    selection: Selection,
    truth_rows: tuple[Int32Array, Int32Array],
    found_rows: tuple[Int32Array, Int32Array],
    num_threads: int,
) -> tuple[FlagArray, FlagArray]:
    """Which detections are judged in a federated data set, and which of them cannot be wrong.

    ``truth_rows`` and ``found_rows`` are the places of images and categories among the evaluated ones.
    """
    absent_offset, absent = _places(truth.neg_category_ids, truth, selection)
    not_exhaustive_offset, not_exhaustive = _places(truth.not_exhaustive_category_ids, truth, selection)
    return _core.detection.judge_federated(
        image_count=len(selection.image_ids),
        category_count=len(selection.category_ids),
        ground_truth_image=truth_rows[0],
        ground_truth_category=truth_rows[1],
        absent_offset=absent_offset,
        absent=absent,
        not_exhaustive_offset=not_exhaustive_offset,
        not_exhaustive=not_exhaustive,
        image=found_rows[0],
        category=found_rows[1],
        num_threads=num_threads,
    )


def _places(lists: CategoryLists | None, truth: GroundTruth, selection: Selection) -> tuple[Any, Int32Array]:
    """Lists of the evaluated images, as places among the evaluated categories."""
    if lists is None:
        return np.zeros(len(selection.image_ids) + 1, dtype=np.int64), np.zeros(0, dtype=np.int32)
    lists = lists.take(np.flatnonzero(selection.image_place >= 0))
    place = lists.ids.positions_in(truth.category_ids)
    table = selection.category_place
    return lists.offset, np.where(place < 0, np.int32(-1), table[place] if len(table) else place).astype(np.int32)


def missing_lists(lists: CategoryLists | None, selection: Selection) -> int:
    """How many of the evaluated images have no list."""
    if lists is None:
        return len(selection.image_ids)
    return int(np.count_nonzero(~lists.listed[selection.image_place >= 0]))
