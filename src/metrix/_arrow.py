"""Ground truth and detections from Arrow tables and Parquet files; pyarrow is imported when one comes."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from metrix._arrow_columns import Columns
    from metrix.records import Detections, GroundTruth

SUFFIXES = (".parquet", ".arrow", ".feather")

SHAPES = {"bbox": ("bbox",), "segmentation": ("segmentation", "height", "width"), "keypoints": ("keypoints",)}
IDS = ("image_id", "category_id")
#: Numbers of a ground truth that need not be there, and what stands for them.
OPTIONAL = {"area": np.nan, "iscrowd": 0, "ignore": 0, "num_keypoints": 0}


def is_table(source: Any) -> bool:
    """Whether it is the path of such a file, or a table that exports Arrow data."""
    if isinstance(source, (str, os.PathLike)):
        return os.fspath(source).endswith(SUFFIXES)
    if not (hasattr(source, "__arrow_c_stream__") or hasattr(source, "__arrow_c_array__")):
        return False
    # Data frames are arrays as well: one without these names may be the (N, 7) array of a results file.
    is_frame = hasattr(source, "__array__") and not hasattr(source, "column_names")
    return not is_frame or "image_id" in getattr(source, "columns", ())


def is_document_of_tables(source: Any) -> bool:
    """Whether it is a dict whose annotations are a table."""
    return isinstance(source, Mapping) and is_table(source.get("annotations"))


def detections_from(table: Any, fields: Iterable[str]) -> Detections:
    """See :meth:`metrix.records.Detections.from_arrow`."""
    from metrix._arrow_columns import Columns, numbers
    from metrix.records import PRESENCE, Detections

    shapes = _named(fields)
    columns = Columns(table, "detections", (*IDS, "score", *_names(shapes)))
    found = Detections.from_arrays(
        **_ids(columns), score=numbers(columns.get("score"), "score"), **_shapes(columns, shapes)
    )
    return replace(found, presence=_presence(columns, {name: PRESENCE[name] for name in shapes}))


def ground_truth_from(annotations: Any, images: Any, categories: Any, fields: Iterable[str]) -> GroundTruth:
    """See :meth:`metrix.records.GroundTruth.from_arrow`."""
    from metrix._arrow_columns import Columns, ids, numbers
    from metrix.records import PRESENCE, GroundTruth

    shapes = _named(fields)
    columns = Columns(annotations, "annotations", (*IDS, "id", *OPTIONAL, *_names(shapes)))
    listed: dict[str, Any] = {}
    if images is not None:
        table = Columns(images, "images", ("id", "height", "width"))
        listed["image_ids"] = ids(table.get("id"), "images.id")
        sides = [
            numbers(table.get(side), f"images.{side}", -1) if side in table else np.full(table.rows, -1)
            for side in ("height", "width")
        ]
        listed["image_sizes"] = np.stack(sides, axis=1)
    if categories is not None:
        table = Columns(categories, "categories", ("id", "name"))
        listed["category_ids"] = ids(table.get("id"), "categories.id")
        if "name" in table:
            listed["category_names"] = [name or "" for name in table.get("name").to_pylist()]
    optional: dict[str, Any] = {
        name: numbers(columns.get(name), name, null) for name, null in OPTIONAL.items() if name in columns
    }
    if "id" in columns:
        optional["id"] = numbers(columns.get("id"), "id")
    truth = GroundTruth.from_arrays(**_ids(columns), **optional, **_shapes(columns, shapes), **listed)
    bits = {name: PRESENCE[name] for name in (*shapes, *OPTIONAL) if name in PRESENCE}
    presence = _presence(columns, bits) | np.uint16(PRESENCE["id"])
    return replace(truth, presence=presence)


def _named(fields: Iterable[str]) -> list[str]:
    chosen = set(fields)
    return [name for name in SHAPES if name in chosen]


def _names(shapes: Iterable[str]) -> list[str]:
    return [column for shape in shapes for column in SHAPES[shape]]


def _ids(columns: Columns) -> dict[str, Any]:
    from metrix._arrow_columns import ids

    return {name: ids(columns.get(name), name) for name in IDS}


def _shapes(columns: Columns, shapes: Iterable[str]) -> dict[str, Any]:
    from metrix._arrow_columns import keypoints, masks, matrix

    made: dict[str, Any] = {}
    for name in shapes:
        if name not in columns:
            continue
        if name == "bbox":
            made[name] = matrix(columns.get(name), name, 4)
        else:
            made[name] = masks(columns) if name == "segmentation" else keypoints(columns.get(name))
    return made


def _presence(columns: Columns, bits: Mapping[str, int]) -> Any:
    from metrix._arrow_columns import present

    return present(columns, bits)
