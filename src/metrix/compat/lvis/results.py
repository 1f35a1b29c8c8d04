"""``lvis.results``: detections on the images of LVIS.

No kernel: files are read by ``metrix.records``.

A results file is read into columns; its dicts are made when somebody looks at them, in the order that the limit on each image
leaves them in. Dicts of the caller get the fields of the reference at once.

What differs from the reference on purpose: detections of a file whose areas, ids and boxes nobody looks at are not completed
one by one.

Source: lvis 0.5.3, ``results.py``.
"""

from __future__ import annotations

import copy
import logging
from collections import defaultdict
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from metrix.compat._pending import PendingGroundTruth, PendingResults, Record, ResultsInList, are_known
from metrix.compat.lvis._pending import ResultsInFile, completed
from metrix.compat.lvis.lvis import LVIS, is_plain, pending_of
from metrix.compat.pycocotools import mask as mask_utils

__all__ = ["LVIS", "LVISResults", "mask_utils"]


class LVISResults(LVIS):
    """Results of a detector.

    Args:
        lvis_gt: an LVIS, or the path of an annotation file.
        results: path of a JSON file, or the list in such a file. Dicts of a list get ids, areas and whatever they lack of
            bbox and segmentation.
        max_dets: how many detections of an image are kept, the best ones; of a negative number, all.

    Raises:
        TypeError: if ``lvis_gt`` is something else.
        AssertionError: if the results are no list, or an image is not of this ground truth.
        IndexError: if there are no results.
        KeyError: if a result lacks a field that the first one has.
    """

    def __init__(self, lvis_gt: Any, results: Any, max_dets: Any = 300) -> None:
        """Load the results."""
        head, image_ids = self._head_of(lvis_gt)
        self.logger = logging.getLogger("lvis.results")
        self.logger.info("Loading and preparing results.")
        pending: PendingResults | None = None
        if isinstance(results, str):
            pending = self._pending_file(head, image_ids, results, max_dets)
            result_anns = self._load_json(results) if pending is None else []
        else:
            self.logger.warning("Assuming user provided the results in correct format.")
            result_anns = results
        if pending is None:
            assert isinstance(result_anns, list), "results is not a list."
            if max_dets >= 0:
                result_anns = self.limit_dets_per_image(result_anns, max_dets)
            pending = self._pending_list(head, image_ids, completed(result_anns))
        if pending is not None:
            self._wait_for(pending)
            self._log_index()
            return
        self.dataset = {**head(), "annotations": result_anns}
        self._create_index()
        known = self.get_img_ids()
        assert {ann["image_id"] for ann in result_anns} <= set(known), "Results do not correspond to current LVIS set."

    def _head_of(self, lvis_gt: Any) -> tuple[Callable[[], Record], Callable[[], npt.NDArray[Any]]]:
        """All but annotations as they are now, and the ascending ids of images; each is made when it is called for."""
        if isinstance(lvis_gt, LVIS):
            pending = lvis_gt._pending
            if isinstance(pending, PendingGroundTruth):
                known = pending.truth.image_ids
                return lambda: _without_annotations(
                    lvis_gt._peek()["dataset"] if lvis_gt._pending is pending else pending.dataset()
                ), lambda: known
            head = _without_annotations(lvis_gt.dataset)
        elif isinstance(lvis_gt, str):
            head = _without_annotations(self._load_json(lvis_gt))
        else:
            raise TypeError(f"Unsupported type {lvis_gt} of lvis_gt.")
        return lambda: head, lambda: np.unique(np.array([image["id"] for image in head["images"]]))

    def _pending_file(
        self, head: Any, image_ids: Callable[[], npt.NDArray[Any]], path: str, max_dets: Any
    ) -> PendingResults | None:
        """The results as columns, if the reference would take them without an exception."""
        if not is_plain(self) or not _limits_as_here(self) or type(max_dets) is not int or max_dets == 0:
            return None
        try:
            pending = ResultsInFile(head, path, max_dets)
            is_usual = pending.follows_the_usual_form() and are_known(pending.found.image_id, image_ids())
        except (ValueError, TypeError, KeyError):
            return None
        return pending if is_usual else None

    def _pending_list(
        self, head: Any, image_ids: Callable[[], npt.NDArray[Any]], records: list[Record]
    ) -> PendingResults | None:
        needed = {"id", "image_id", "category_id"}
        if not is_plain(self) or not all(needed <= record.keys() for record in records):
            return None
        try:
            is_known = {record["image_id"] for record in records} <= set(image_ids().tolist())
        except (TypeError, KeyError):
            return None
        return ResultsInList(head, records) if is_known else None

    def limit_dets_per_image(self, anns: Any, max_dets: Any) -> list[Record]:
        """The best detections of each image, by images in the order in which they first come."""
        by_image = defaultdict(list)
        for ann in anns:
            by_image[ann["image_id"]].append(ann)
        for img_id, found in by_image.items():
            if len(found) > max_dets:
                by_image[img_id] = sorted(found, key=lambda ann: ann["score"], reverse=True)[:max_dets]
        return [ann for found in by_image.values() for ann in found]

    def get_top_results(self, img_id: Any, score_thrs: Any) -> list[Record]:
        """The detections of an image above a score."""
        anns = self.load_anns(self.get_ann_ids(img_ids=[img_id]))
        return [ann for ann in anns if ann["score"] > score_thrs]


_limit_dets_per_image = LVISResults.limit_dets_per_image


def _limits_as_here(results: LVISResults) -> bool:
    return type(results).limit_dets_per_image is _limit_dets_per_image


def pending_results_of(results: LVISResults) -> PendingResults | None:
    """Columns that say what the dicts would, or None where the dicts count."""
    pending = pending_of(results)
    return pending if isinstance(pending, PendingResults) else None


def _without_annotations(dataset: Any) -> Record:
    """A copy with no annotations in their place."""
    return {key: None if key == "annotations" else copy.deepcopy(value) for key, value in dataset.items()}
