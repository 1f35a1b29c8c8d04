"""Blocks of matched images put together as one evaluation, whatever their order, and with each image once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from metrix import _core
from metrix._blocks import COLUMNS, Block, Settings, WholeTruth, name_by_place, prepare
from metrix._detection_input import Selection
from metrix._evaluation import match, outcomes_and_quirks
from metrix._outcomes import Outcomes
from metrix.records import Detections, GroundTruth

Int32Array = npt.NDArray[np.int32]

#: Columns that only diagnostics fill.
_DTYPES = {"ground_truth": np.int32, "best_overlap": np.float32, "best_other_overlap": np.float32}


@dataclass(frozen=True)
class Combined:
    """All blocks as one evaluation."""

    outcomes: Outcomes
    image_ids: npt.NDArray[Any]
    category_ids: npt.NDArray[Any]
    quirks: dict[str, int]


def match_at_once(
    found: Detections,
    truth: GroundTruth,
    selection: Selection,
    settings: Settings,
    *,
    places: tuple[Int32Array, Int32Array],
    whole: bool,
    num_threads: int,
) -> Combined:
    """What ``combine`` gives of one block with all images, without the order of images between.

    ``places`` and ``whole`` are as of :func:`metrix._blocks.match_block`.
    """
    prepared = prepare(truth, found, selection, settings, num_threads, whole=whole)
    result = match(
        prepared,
        selection,
        settings.protocol,
        corrected=settings.corrected,
        diagnostics=settings.diagnostics,
        num_threads=num_threads,
    )
    name_by_place(result, places)
    outcomes, met = outcomes_and_quirks(result, settings.protocol)
    return Combined(outcomes, selection.image_ids, selection.category_ids, prepared.quirks.totals | met)


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
    for name in COLUMNS:
        column = block.columns.get(name)
        if column is None:
            column = np.zeros(0, dtype=_DTYPES[name])
        yield column.reshape(len(column), int(np.prod(column.shape[1:]))) if name == "bits" else column


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
