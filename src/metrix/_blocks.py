"""Blocks of matched images: the state of an evaluation that comes in pieces.

A block speaks of images and categories by their ids, so that blocks of different processes can be put together in any order.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from metrix import _core
from metrix._detection_input import EvaluationInput, Selection, prepare_input
from metrix._outcomes import Outcomes
from metrix._quirks import ByImage, counts_by_place
from metrix.detection import QUIRKS_OF_MATCHING, _match
from metrix.protocols import DetectionProtocol, IouType
from metrix.records import Detections, GroundTruth, IdColumn

Int32Array = npt.NDArray[np.int32]

#: Columns of one value for each detection, in the order in which the merging kernel takes them.
_COLUMNS = ("score", "image", "row", "bits", "ground_truth", "best_overlap", "best_other_overlap")
_DTYPES = {"ground_truth": np.int32, "best_overlap": np.float32, "best_other_overlap": np.float32}


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
    columns: dict[str, npt.NDArray[Any]]  # of N detections; see _COLUMNS
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


class Contents:
    """All that is known of each image of a block, as bytes that do not depend on the block."""

    def __init__(self, block: Block) -> None:
        """Group what the block has by image."""
        self._block = block
        category = np.repeat(np.arange(len(block.category_ids)), np.diff(block.category_offset))
        own = [column for name, column in block.columns.items() if name != "image"]
        self._tables: list[tuple[tuple[Any, Any], Any, list[Any]]] = [
            (_grouped(block.columns["image"], len(block.image_ids)), category, own)
        ]
        self._tables.append((_grouped(block.cut[:, 0], len(block.image_ids)), block.cut[:, 1], [block.cut[:, 2:]]))
        if block.truths is not None:
            truths = block.truths
            self._tables.append((_grouped(truths.image, len(block.image_ids)), truths.category, [truths.counts]))

    def of(self, image: int) -> bytes:
        """The image at this place."""
        parts = [str(int(self._block.detections[image])).encode()]
        for (order, starts), category, columns in self._tables:
            rows = order[starts[image] : starts[image + 1]]
            parts += [repr(self._block.category_ids[category[rows]].tolist()).encode()]
            parts += [column[rows].tobytes() for column in columns]
        parts += [
            f"{name} {counts[places == image].tolist()}".encode()
            for name, (places, counts) in sorted(self._block.quirks.items())
            if (places == image).any()
        ]
        return b"\0".join(parts)


def _grouped(group: npt.NDArray[Any], count: int) -> tuple[npt.NDArray[Any], npt.NDArray[Any]]:
    order = np.argsort(group, kind="stable")
    return order, np.searchsorted(group[order], np.arange(count + 1))


# ---- matching ---------------------------------------------------------------------------------------------------------


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
        prepared = _prepare(
            truth, no_detections(settings.iou_type, truth), selection, settings, num_threads, whole=True
        )
        result = _match(prepared, selection, settings.protocol, corrected=settings.corrected, num_threads=num_threads)
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


def _prepare(
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
    prepared = _prepare(truth, found, selection, settings, num_threads, whole=whole)
    result = _match(
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

    columns = {name: result[name] for name in _COLUMNS if name in result}
    if not np.array_equal(image_of, np.arange(len(image_of))):
        columns["image"] = image_of[columns["image"]]
    columns["row"] = places[0][columns["row"]]
    if "ground_truth" in columns:
        matched = columns["ground_truth"]
        columns["ground_truth"] = np.where(matched < 0, np.int32(-1), places[1][matched]) if len(places[1]) else matched
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


# ---- putting together -------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Combined:
    """All blocks as one evaluation."""

    outcomes: Outcomes
    image_ids: npt.NDArray[Any]
    category_ids: npt.NDArray[Any]
    quirks: dict[str, int]


def combine(
    blocks: Sequence[Block],
    settings: Settings,
    whole: WholeTruth | None,
    known_categories: npt.NDArray[Any] | None,
    num_threads: int,
) -> Combined:
    """Put blocks together; the result does not depend on their order, nor on how images were spread over them."""
    kept, quirks = _without_repeated(blocks)
    image_ids = whole.image_ids if whole is not None else _union([block.image_ids for block in blocks])
    category_ids = whole.category_ids if whole is not None else known_categories
    if category_ids is None:
        category_ids = _union([block.category_ids[block.truths.listed] for block in blocks if block.truths is not None])
    single = not settings.protocol.use_categories

    image_places, category_places = [], []
    for block, keep in zip(blocks, kept, strict=True):
        places = _positions(block.image_ids, image_ids)
        image_places.append(np.where(keep, places, np.int32(-1)))
        category_places.append(np.zeros(1, dtype=np.int32) if single else _positions(block.category_ids, category_ids))
    area_count, thresholds = len(settings.protocol.area_ranges), len(settings.protocol.iou_thresholds)
    words = -(-thresholds // 16)
    merged = _core.detection.merge(
        [
            (block.category_offset, of_category, of_image, *_kernel_columns(block))
            for block, of_image, of_category in zip(blocks, image_places, category_places, strict=True)
        ],
        category_count=1 if single else len(category_ids),
        image_count=len(image_ids),
        width=area_count * words * 2,
        num_threads=num_threads,
    )
    merged["bits"] = merged["bits"].reshape(-1, area_count, words, 2)
    if not settings.diagnostics:
        for name in _DTYPES:
            del merged[name]
    if whole is not None:
        positives, image_positives = whole.positives, whole.image_positives
        quirks = _sum_of(quirks, whole.quirks)
    else:
        positives, image_positives = _count_truths(
            blocks, image_places, category_places, (len(image_ids), 1 if single else len(category_ids), area_count)
        )
    for block, keep, of_category in zip(blocks, kept, category_places, strict=True):
        quirks = _sum_of(quirks, _quirks_of(block, keep))
        if known_categories is None and whole is None:
            quirks = _sum_of(quirks, _quirks_of_categories(block, keep, of_category))
    quirks["no_detections"] = int(not any(block.detections[keep].any() for block, keep in zip(blocks, kept)))
    outcomes = Outcomes(threshold_count=thresholds, positives=positives, image_positives=image_positives, **merged)
    return Combined(outcomes, image_ids, category_ids, quirks)


def _kernel_columns(block: Block) -> Iterator[npt.NDArray[Any]]:
    for name in _COLUMNS:
        column = block.columns.get(name)
        if column is None:
            column = np.zeros(0, dtype=_DTYPES[name])
        yield column.reshape(len(column), int(np.prod(column.shape[1:]))) if name == "bits" else column


def _without_repeated(blocks: Sequence[Block]) -> tuple[list[npt.NDArray[np.bool_]], dict[str, int]]:
    """Which images of each block count, and quirks of images that came more than once.

    Of copies with the same contents any will do. Of others the one is kept whose bytes come first, wherever it came from.
    """
    kept = [np.ones(len(block.image_ids), dtype=np.bool_) for block in blocks]
    if len(blocks) < 2:
        return kept, {}
    ids = np.concatenate([block.image_ids for block in blocks])
    distinct, number, counts = np.unique(ids, return_inverse=True, return_counts=True)
    if len(distinct) == len(ids):
        return kept, {}
    starts = np.cumsum([0] + [len(block.image_ids) for block in blocks])
    contents: dict[int, Contents] = {}
    copies: dict[int, list[tuple[bytes, int, int]]] = {}
    for place in np.flatnonzero(counts[number.reshape(-1)] > 1):
        b = int(np.searchsorted(starts, place, side="right")) - 1
        if b not in contents:
            contents[b] = Contents(blocks[b])
        image = int(place - starts[b])
        copies.setdefault(int(number.reshape(-1)[place]), []).append((contents[b].of(image), b, image))
    differing = 0
    for some in copies.values():
        others = sorted(some)[1:]
        differing += len({content for content, _, _ in some}) > 1
        for _, b, image in others:
            kept[b][image] = False
    return kept, {"repeated_image": len(copies), "repeated_image_differs": differing}


def _union(ids: list[npt.NDArray[Any]]) -> npt.NDArray[Any]:
    some = [part for part in ids if len(part)]
    return np.unique(np.concatenate(some)) if some else np.zeros(0, dtype=np.int64)


def _positions(ids: npt.NDArray[Any], known: npt.NDArray[Any]) -> Int32Array:
    if not len(known):
        return np.full(len(ids), -1, dtype=np.int32)
    place = np.minimum(np.searchsorted(known, ids), len(known) - 1)
    return np.where(known[place] == ids, place, -1).astype(np.int32)


def _count_truths(
    blocks: Sequence[Block],
    image_places: list[Int32Array],
    category_places: list[Int32Array],
    sizes: tuple[int, int, int],
) -> tuple[npt.NDArray[np.int64], Int32Array]:
    image_count, category_count, area_count = sizes
    positives = np.zeros((category_count, area_count), dtype=np.int64)
    image_positives = np.zeros((image_count, area_count), dtype=np.int32)
    for block, of_image, of_category in zip(blocks, image_places, category_places, strict=True):
        truths = block.truths
        assert truths is not None
        image = of_image[truths.image]
        category = of_category[truths.category]
        for a in range(area_count):
            counts = truths.counts[:, a] & (image >= 0)
            positives[:, a] += np.bincount(category[counts], minlength=category_count)
            image_positives[:, a] += np.bincount(image[counts], minlength=image_count).astype(np.int32)
    return positives, image_positives


def _quirks_of(block: Block, keep: npt.NDArray[np.bool_]) -> dict[str, int]:
    return {name: int(counts[keep[places]].sum()) for name, (places, counts) in block.quirks.items()}


def _quirks_of_categories(block: Block, keep: npt.NDArray[np.bool_], of_category: Int32Array) -> dict[str, int]:
    """What can be said only once all categories are known."""
    category = np.repeat(np.arange(len(block.category_ids)), np.diff(block.category_offset))
    counts = keep[block.columns["image"]]
    is_listed = of_category[category] >= 0
    cut = block.cut[keep[block.cut[:, 0]]]
    cut_is_listed = of_category[cut[:, 1]] >= 0
    return {
        "unlisted_category": int(np.count_nonzero(counts & ~is_listed)) + int(cut[~cut_is_listed, 2].sum()),
        "nan_score": int(np.count_nonzero(counts & is_listed & np.isnan(block.columns["score"])))
        + int(cut[cut_is_listed, 3].sum()),
    }


def _sum_of(a: dict[str, int], b: dict[str, int]) -> dict[str, int]:
    return {name: a.get(name, 0) + b.get(name, 0) for name in {**a, **b}}
