"""The images and categories of an evaluation by kernels, one by one, for who wants to look at each."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from metrix import _core
from metrix._detection_input import EvaluationInput
from metrix._threads import resolve_num_threads

FloatArray = npt.NDArray[np.float64]
Rows = npt.NDArray[np.int32]


@dataclass(frozen=True)
class Cell:
    """One image and category: rows of both sides as the reference lists them, and how alike they are."""

    image: int
    category: int
    detections: Rows
    ground_truths: Rows
    #: (D, G)
    similarity: FloatArray


def cells(
    prepared: EvaluationInput, image_count: int, max_detections: int | None = None, *, is_fortran: bool = True
) -> Iterator[Cell]:
    """All images and categories that have a ground truth or a detection, with the best ``max_detections`` of these."""
    g_rows, g_keys = _listed(
        prepared.ground_truth_order, prepared.ground_truth_image, prepared.ground_truth_category, image_count
    )
    by_cell = np.argsort(g_keys, kind="stable")
    g_rows, g_keys = g_rows[by_cell], g_keys[by_cell]
    d_rows, d_keys = _listed(
        prepared.detection_order, prepared.detection_image, prepared.detection_category, image_count
    )
    by_score = np.lexsort((-prepared.detection_score[d_rows], d_keys))
    d_rows, d_keys = d_rows[by_score], d_keys[by_score]
    if max_detections is not None:
        rank = np.arange(len(d_keys)) - np.searchsorted(d_keys, d_keys)
        kept = rank < max_detections
        d_rows, d_keys = d_rows[kept], d_keys[kept]

    keys = np.union1d(g_keys, d_keys)
    g_offset, d_offset = (np.append(np.searchsorted(side, keys), len(side)) for side in (g_keys, d_keys))
    blocks = _core.detection.similarity_blocks(
        prepared.similarity,
        detections=d_rows,
        detection_offset=d_offset,
        ground_truths=g_rows,
        ground_truth_offset=g_offset,
        num_threads=resolve_num_threads(None),
    )
    begin = 0
    for place, key in enumerate(keys.tolist()):
        d = d_rows[d_offset[place] : d_offset[place + 1]]
        g = g_rows[g_offset[place] : g_offset[place + 1]]
        block = blocks[begin : begin + len(d) * len(g)].reshape(len(d), len(g))
        begin += block.size
        if is_fortran:
            block = np.asfortranarray(block)
        yield Cell(key % image_count, key // image_count, d, g, block)


def _listed(order: Rows, image: Rows, category: Rows, image_count: int) -> tuple[Rows, npt.NDArray[np.int64]]:
    """Rows that take part, in the order in which a cell lists them, and the cell of each."""
    rows = order if len(order) else np.arange(len(image), dtype=np.int32)
    rows = rows[(image[rows] >= 0) & (category[rows] >= 0)]
    return rows, category[rows].astype(np.int64) * image_count + image[rows]
