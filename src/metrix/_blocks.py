"""Blocks of matched images: the state of an evaluation that comes in pieces.

A block speaks of images and categories by their ids, so that blocks of different processes can be put together in any order.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from metrix import _core
from metrix._detection_input import EvaluationInput, Selection, prepare_input
from metrix._evaluation import QUIRKS_OF_MATCHING, match
from metrix._quirks import ByImage, counts_by_place
from metrix.protocols import DetectionProtocol, IouType
from metrix.records import Detections, GroundTruth, IdColumn

Int32Array = npt.NDArray[np.int32]

#: Columns of one value for each detection, in the order in which the merging kernel takes them.
COLUMNS = ("score", "image", "row", "bits", "ground_truth", "best_overlap", "best_other_overlap")


@dataclass(frozen=True)
class Settings:
    """What must be the same wherever parts of one evaluation are done."""

    protocol: DetectionProtocol
    iou_type: IouType
    corrected: bool
    diagnostics: bool

    def differences(self, other: Settings) -> list[str]:
        """Names of what differs."""
        pairs = [
            *((name, getattr(self, name), getattr(other, name)) for name in ("iou_type", "corrected", "diagnostics")),
            *((name, value, other.protocol.__dict__.get(name)) for name, value in self.protocol.__dict__.items()),
        ]
        return [name for name, a, b in pairs if not (np.array_equal(a, b) if isinstance(a, np.ndarray) else a == b)]


@dataclass(frozen=True)
class Truths:
    """Ground truths that came with their images: what of them is counted."""

    image: Int32Array  # (G,) in the block
    category: Int32Array  # (G,) in the block
    counts: npt.NDArray[np.bool_]  # (G, A) not ignored
    listed: npt.NDArray[np.bool_]  # (K,) which categories the ground truths have or list


@dataclass(frozen=True)
class Block:
    """Images that were matched together, by category, image and rank."""

    image_ids: npt.NDArray[Any]  # (I,) ascending
    category_ids: npt.NDArray[Any]  # (K,)
    category_offset: npt.NDArray[np.int64]  # (K + 1,)
    columns: dict[str, npt.NDArray[Any]]  # of N detections; see COLUMNS
    #: Detections of each image, those beyond the caps and of other categories too.
    detections: Int32Array  # (I,)
    quirks: dict[str, ByImage]
    #: Cells with more detections than the cap: image, category, how many more, and how many of these have a NaN score.
    cut: npt.NDArray[np.int64]  # (C, 4)
    truths: Truths | None

    @property
    def nbytes(self) -> int:
        """Bytes of all arrays but the ids of categories, which blocks share."""
        arrays = [self.image_ids, self.category_offset, *self.columns.values(), self.detections, self.cut]
        arrays += [array for pair in self.quirks.values() for array in pair]
        arrays += [] if self.truths is None else list(self.truths.__dict__.values())
        return sum(array.nbytes for array in arrays)


@dataclass(frozen=True)
class WholeTruth:
    """Ground truth that stands beforehand, and what of it is told when all is put together."""

    image_ids: npt.NDArray[Any]  # evaluated ones
    category_ids: npt.NDArray[Any]
    category_names: tuple[str, ...]
    category_frequencies: tuple[str, ...]
    positives: npt.NDArray[np.int64]
    image_positives: npt.NDArray[np.int32]
    quirks: dict[str, int]

    @classmethod
    def of(cls, truth: GroundTruth, selection: Selection, settings: Settings, num_threads: int) -> WholeTruth:
        """Evaluate no detections."""
        prepared = prepare(truth, no_detections(settings.iou_type, truth), selection, settings, num_threads, whole=True)
        result = match(prepared, selection, settings.protocol, corrected=settings.corrected, num_threads=num_threads)
        return cls(
            image_ids=selection.image_ids,
            category_ids=selection.category_ids,
            category_names=selection.category_names,
            category_frequencies=selection.frequencies(use_categories=settings.protocol.use_categories),
            positives=result["positives"],
            image_positives=result["image_positives"],
            quirks=prepared.quirks.totals,
        )

    def equals(self, other: WholeTruth) -> bool:
        """Whether both are of the same ground truth, as far as can be told without it."""
        return self.quirks == other.quirks and all(
            np.array_equal(getattr(self, name), getattr(other, name))
            for name in ("image_ids", "category_ids", "positives", "image_positives")
        )


def rows_to_match(truth: GroundTruth) -> Int32Array | None:
    """The image of each annotation, if those of some images can stand for all while these are matched.

    They cannot where an id is repeated, as the last annotation of it stands in for it wherever it is.
    """
    if _core.records.last_row_of_id(truth.id) is not None:
        return None
    return truth.image_id.positions_in(truth.image_ids)


def select_seen(selection: Selection, truth: GroundTruth, seen: Int32Array) -> tuple[Selection, Int32Array]:
    """The evaluated ones of these images alone; and the images in their order, those that are not evaluated last."""
    is_evaluated = selection.image_place[seen] >= 0
    evaluated = seen[is_evaluated]
    place = np.full(len(truth.image_ids), -1, dtype=np.int32)
    place[evaluated] = np.arange(len(evaluated), dtype=np.int32)
    chosen = replace(selection, image_ids=truth.image_ids[evaluated], image_place=place)
    return chosen, np.concatenate([evaluated, seen[~is_evaluated]])


def take_rows(truth: GroundTruth, rows: npt.NDArray[Any]) -> GroundTruth:
    """Some annotations of a ground truth without masks; it lists the same images and categories."""
    names = ("id", "bbox", "area", "iscrowd", "ignore", "keypoints", "num_keypoints", "presence")
    columns = {name: getattr(truth, name) for name in names}
    columns = {name: None if column is None else column[rows] for name, column in columns.items()}
    for name in ("image_id", "category_id"):
        ids = getattr(truth, name)
        columns[name] = IdColumn(ids.values[rows], ids.texts)
    return replace(truth, **columns)


def no_detections(iou_type: IouType, truth: GroundTruth) -> Detections:
    """An empty list, as the reader of lists gives it."""
    points = 0 if truth.keypoints is None else truth.keypoints.shape[1]
    return Detections.from_arrays(
        image_id=np.zeros(0, dtype=np.int64),
        category_id=np.zeros(0, dtype=np.int64),
        score=[],
        bbox=np.zeros((0, 4)),
        segmentation=[] if iou_type in ("segm", "boundary") else None,
        keypoints=np.zeros((0, points, 2)) if iou_type == "keypoints" else None,
    )


def prepare(
    truth: GroundTruth, found: Detections, selection: Selection, settings: Settings, num_threads: int, *, whole: bool
) -> EvaluationInput:
    if not len(found):
        found = no_detections(settings.iou_type, truth)
    return prepare_input(
        truth,
        found,
        selection,
        settings.iou_type,
        settings.protocol,
        corrected=settings.corrected,
        num_threads=num_threads,
        quirks_by_image=True,
        ids_within_images=not whole,
    )


def match_block(
    found: Detections,
    truth: GroundTruth,
    selection: Selection,
    settings: Settings,
    *,
    seen: Int32Array,
    detections: Int32Array,
    places: tuple[Int32Array, Int32Array],
    listed: npt.NDArray[Any] | None,
    whole: bool,
    num_threads: int,
) -> Block:
    """Match images.

    Args:
        found: their detections.
        truth: their ground truth, or the whole one.
        selection: of the ground truth.
        settings: of the evaluation.
        seen: places of these images among those that the ground truth lists.
        detections: how many each of them has.
        places: what a row of either side is called from now on: its place in its image, or in the whole ground truth.
        listed: categories that the ground truths have or list, where the list grows with the images.
        whole: whether ``truth`` is the whole ground truth.
        num_threads: at most so many.
    """
    prepared = prepare(truth, found, selection, settings, num_threads, whole=whole)
    result = match(
        prepared,
        selection,
        settings.protocol,
        corrected=settings.corrected,
        diagnostics=settings.diagnostics,
        by_score=False,
        num_threads=num_threads,
    )
    # From places among the evaluated images to places among those seen, and from there on nothing else.
    number = np.full(len(selection.image_place), -1, dtype=np.int32)
    number[seen] = np.arange(len(seen), dtype=np.int32)
    evaluated = np.flatnonzero(selection.image_place >= 0)
    image_of = np.empty(len(evaluated), dtype=np.int32)
    image_of[selection.image_place[evaluated]] = number[evaluated]

    quirks = dict(prepared.quirks.detections_by_image)
    if not whole:
        quirks |= prepared.quirks.annotations_by_image
    quirks = {name: (number[at].astype(np.int64), counts) for name, (at, counts) in quirks.items()}
    for name, counted in QUIRKS_OF_MATCHING.items():
        at, counts = counts_by_place(result[counted])
        if len(at) and not (name == "nan_score" and listed is not None):
            order = np.argsort(image_of[at])
            quirks[name] = (image_of[at][order].astype(np.int64), counts[order])

    columns = {name: result[name] for name in COLUMNS if name in result}
    if not np.array_equal(image_of, np.arange(len(image_of))):
        columns["image"] = image_of[columns["image"]]
    name_by_place(columns, places)
    return Block(
        image_ids=truth.image_ids[seen],
        category_ids=selection.category_ids if settings.protocol.use_categories else np.zeros(1, dtype=np.int64),
        category_offset=result["category_offset"],
        columns=columns,
        detections=detections,
        quirks=quirks,
        cut=_cut_cells(prepared, result["row"]) if listed is not None else np.zeros((0, 4), dtype=np.int64),
        truths=None if whole else _truths(prepared, selection, settings, listed),
    )


def name_by_place(columns: dict[str, npt.NDArray[Any]], places: tuple[Int32Array, Int32Array]) -> None:
    """Call rows of either side what they are called from now on; none of the other side's if ``places`` has none."""
    columns["row"] = places[0][columns["row"]]
    if "ground_truth" in columns and len(places[1]):
        matched = columns["ground_truth"]
        columns["ground_truth"] = np.where(matched < 0, np.int32(-1), places[1][matched])


def _cut_cells(prepared: EvaluationInput, kept: Int32Array) -> npt.NDArray[np.int64]:
    is_cut = (prepared.detection_image >= 0) & (prepared.detection_category >= 0)
    is_cut[kept] = False
    rows = np.flatnonzero(is_cut)
    if not len(rows):
        return np.zeros((0, 4), dtype=np.int64)
    cells = np.stack([prepared.detection_image[rows], prepared.detection_category[rows]], axis=1)
    cells, cell = np.unique(cells, axis=0, return_inverse=True)
    has_nan = np.isnan(prepared.detection_score[rows])
    counts = [np.bincount(cell.reshape(-1)[chosen], minlength=len(cells)) for chosen in (slice(None), has_nan)]
    return np.column_stack([cells, *counts]).astype(np.int64).reshape(-1, 4)


def _truths(
    prepared: EvaluationInput, selection: Selection, settings: Settings, listed: npt.NDArray[Any] | None
) -> Truths:
    order = prepared.ground_truth_order
    rows = order if len(order) else np.arange(len(prepared.ground_truth_image))
    rows = rows[(prepared.ground_truth_image[rows] >= 0) & (prepared.ground_truth_category[rows] >= 0)]
    ignored = prepared.ground_truth_ignored[rows] != 0
    area = prepared.ground_truth_area[rows]
    counts = [~(ignored | (area < low) | (area > high)) for low, high in settings.protocol.area_ranges.values()]
    known = selection.category_ids
    return Truths(
        image=prepared.ground_truth_image[rows],
        category=prepared.ground_truth_category[rows],
        counts=np.stack(counts, axis=1),
        listed=np.ones(len(known), dtype=np.bool_) if listed is None else np.isin(known, listed),
    )
