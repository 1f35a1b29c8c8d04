"""The results side: boxes and masks as results files spell them, and as columns."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from columns import DetectionColumns
from synthesis.json_text import write_records
from synthesis.masks import move_points, result_segmentation
from synthesis.outlines import Outlines
from synthesis.proposals import Proposals
from synthesis.scenes import Scenes

_BOX_RECORD = '{"image_id": %d, "category_id": %d, "bbox": [%r, %r, %r, %r], "score": %r}'
_MASK_RECORD = '{"image_id": %d, "category_id": %d, "segmentation": {"size": [%d, %d], "counts": "%s"}, "score": %r}'


def box_columns(proposals: Proposals, scenes: Scenes, category_ids: NDArray[np.int64]) -> DetectionColumns:
    """Detections with boxes; float32 values widened to the doubles that their spelling in the file means."""
    return DetectionColumns(
        image_id=scenes.image_ids[proposals.image],
        category_id=category_ids[proposals.category],
        score=proposals.scores.astype(np.float64),
        bbox=proposals.boxes.astype(np.float64),
    )


def write_boxes(path: Path, columns: DetectionColumns) -> None:
    """Write a results file of boxes."""
    assert columns.bbox is not None
    rows = zip(
        columns.image_id.tolist(),
        columns.category_id.tolist(),
        *columns.bbox.T.tolist(),
        columns.score.tolist(),
        strict=True,
    )
    write_records(path, _BOX_RECORD, rows)


def write_masks(
    path: Path,
    proposals: Proposals,
    scenes: Scenes,
    outlines: Outlines,
    category_ids: NDArray[np.int64],
    rng: np.random.Generator,
) -> DetectionColumns:
    """Write a results file of masks (no ``bbox`` key): the outline of an object, moved into the detection's box and
    shaken vertex by vertex. Returns the columns, without geometry."""
    columns = DetectionColumns(
        image_id=scenes.image_ids[proposals.image],
        category_id=category_ids[proposals.category],
        score=proposals.scores.astype(np.float64),
    )

    def rows() -> Iterator[tuple[int | float | str, ...]]:
        for index in range(len(proposals.image)):
            image, source = int(proposals.image[index]), int(proposals.shape_of[index])
            height, width = int(scenes.heights[image]), int(scenes.widths[image])
            parts = slice(int(outlines.part_offsets[source]), int(outlines.part_offsets[source + 1]) + 1)
            ends = outlines.vertex_offsets[parts]
            points = outlines.points[ends[0] : ends[-1]]
            noise = 0.03 * rng.standard_normal(points.shape)
            moved = move_points(points, scenes.boxes[source], proposals.boxes[index].astype(np.float64), noise)
            polygons = [part.ravel().tolist() for part in np.split(moved, ends[1:-1] - ends[0])]
            segmentation = result_segmentation(polygons, height, width)
            # The run-length alphabet holds a backslash, which JSON escapes.
            counts = segmentation["counts"].replace("\\", "\\\\")
            yield (
                int(columns.image_id[index]),
                int(columns.category_id[index]),
                height,
                width,
                counts,
                float(columns.score[index]),
            )

    write_records(path, _MASK_RECORD, rows())
    return columns
