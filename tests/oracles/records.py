"""The readers by definition: json.loads, then plain Python, one value after the other.

What a reader must refuse raises :class:`Refused`.
"""

from __future__ import annotations

import dataclasses
import json
import math
import struct
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from metrix.records import PRESENCE, CategoryLists, Detections, GroundTruth, IdColumn, MaskColumn

Record = dict[str, Any]

#: Bits of ``presence`` that have no public name: image_id, category_id and, of detections, score.
HAS_IDS = 256 + 512
HAS_SCORE = 128


class Refused(ValueError):
    """The data breaks the contract of the readers."""


def loads(text: bytes) -> Any:
    """Python's json, with control characters allowed inside strings."""
    return json.loads(text, strict=False)


def number(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise Refused(f"{value!r} is no number")
    try:
        return float(value)
    except OverflowError as error:
        raise Refused("too large") from error


def whole(value: Any, low: int = -(2**63), high: int = 2**63 - 1) -> int:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise Refused(f"{value!r} is no integer")
    if isinstance(value, float) and not value.is_integer():
        raise Refused(f"{value!r} is no integer")
    if not low <= int(value) <= high:
        raise Refused(f"{value!r} is out of range")
    return int(value)


def flag(value: Any) -> bool:
    return value if isinstance(value, bool) else whole(value) != 0


def numbers(values: Any) -> list[float]:
    if not isinstance(values, list):
        raise Refused("no list")
    return [number(value) for value in values]


def dicts(values: Any) -> list[Record]:
    if not isinstance(values, list) or not all(isinstance(value, dict) for value in values):
        raise Refused("no list of objects")
    return values


def required(record: Record, field: str) -> Any:
    if field not in record:
        raise Refused(f"no {field}")
    return record[field]


def ids(values: Sequence[Any]) -> IdColumn:
    texts = [value for value in values if isinstance(value, str)]
    if not texts:
        return IdColumn(np.array([whole(value) for value in values], dtype=np.int64))
    if len(texts) != len(values):
        raise Refused("text and integers")
    distinct = list(dict.fromkeys(texts))
    return IdColumn(np.array([distinct.index(text) for text in texts], dtype=np.int64), tuple(distinct))


def annotation_ids(records: list[Record]) -> list[int]:
    """Integers as they are; others get a code for each distinct value from the negative end, a missing one its own."""
    codes: list[Any] = []
    found = []
    for record in records:
        value = record.get("id", codes)  # `codes` itself is equal to no value of a record
        if isinstance(value, (int, float)) and math.isfinite(value) and value == int(value) and abs(value) < 2**63:
            found.append(int(value))
            continue
        if value is codes or value not in codes:
            codes.append(object() if value is codes else value)
            found.append(-(2**63) + len(codes) - 1)
        else:
            found.append(-(2**63) + codes.index(value))
    return found


def mask(value: Any) -> tuple[int, int, int, bytes]:
    """Kind, height, width and packed bytes of a segmentation."""
    if isinstance(value, list):
        polygons = [numbers(polygon) for polygon in value]
        packed = b"".join(struct.pack(f"<Q{len(polygon)}d", len(polygon), *polygon) for polygon in polygons)
        return 3, 0, 0, packed
    if not isinstance(value, dict):
        raise Refused("no segmentation")
    size, counts = required(value, "size"), required(value, "counts")
    if not isinstance(size, list) or len(size) != 2:
        raise Refused("no size")
    height, width = (whole(side, 0, 2**32 - 1) for side in size)
    if isinstance(counts, str):
        return 1, height, width, counts.encode("utf-8", "surrogatepass")
    if not isinstance(counts, list):
        raise Refused("no counts")
    runs = [whole(run, 0, 2**32 - 1) for run in counts]
    return 2, height, width, struct.pack(f"<{len(runs)}I", *runs)


def masks(records: list[Record]) -> MaskColumn:
    rows = [mask(record["segmentation"]) if "segmentation" in record else (0, 0, 0, b"") for record in records]
    return MaskColumn(
        kind=np.array([row[0] for row in rows], dtype=np.uint8),
        offset=np.cumsum([0, *(len(row[3]) for row in rows)]).astype(np.uint64),
        payload=np.frombuffer(b"".join(row[3] for row in rows), dtype=np.uint8),
        height=np.array([row[1] for row in rows], dtype=np.uint32),
        width=np.array([row[2] for row in rows], dtype=np.uint32),
    )


def boxes(records: list[Record]) -> np.ndarray[Any, Any]:
    rows = []
    for record in records:
        box = numbers(record.get("bbox", []))
        if len(box) not in (0, 4):
            raise Refused("no box")
        rows.append(box or [math.nan] * 4)
    return np.array(rows, dtype=np.float64).reshape(-1, 4)


def keypoints(records: list[Record], kept: int) -> np.ndarray[Any, Any] | None:
    poses = [numbers(record["keypoints"]) for record in records if "keypoints" in record]
    if not poses:
        return None
    if len({len(pose) for pose in poses}) > 1 or len(poses[0]) % 3:
        raise Refused("points differ in number, or are no triples")
    points = len(poses[0]) // 3
    rows = np.zeros((len(records), points, kept))
    for row, record in zip(rows, records):
        if "keypoints" in record:
            row[:] = np.array(numbers(record["keypoints"])).reshape(points, 3)[:, :kept]
    return rows


def presence(records: list[Record], fields: Sequence[str], always: int) -> np.ndarray[Any, Any]:
    bits = []
    for record in records:
        present = [field for field in fields if field in record and not (field == "bbox" and record[field] == [])]
        bits.append(always + sum(PRESENCE[field] for field in present))
    return np.array(bits, dtype=np.uint16)


def read_detections(text: bytes, fields: Sequence[str]) -> Detections:
    records = dicts(loads(text))
    return Detections(
        image_id=ids([required(record, "image_id") for record in records]),
        category_id=ids([required(record, "category_id") for record in records]),
        score=np.array([number(required(record, "score")) for record in records], dtype=np.float64),
        bbox=boxes(records) if "bbox" in fields else None,
        masks=masks(records) if "segmentation" in fields else None,
        keypoints=keypoints(records, 2) if "keypoints" in fields else None,
        presence=presence(records, ["bbox", "segmentation", "keypoints"], HAS_IDS + HAS_SCORE),
    )


def read_ground_truth(text: bytes, fields: Sequence[str]) -> GroundTruth:
    document = loads(text)
    if not isinstance(document, dict):
        raise Refused("no object")
    images, categories = dicts(required(document, "images")), dicts(required(document, "categories"))
    records = dicts(document.get("annotations", []))
    image_row = last_rows(ids([required(image, "id") for image in images]))
    category_row = last_rows(ids([required(category, "id") for category in categories]))
    sizes = [[side(image, "height"), side(image, "width")] for image in images]
    names = [category["name"] if isinstance(category.get("name"), str) else "" for category in categories]
    points = keypoints(records, 3) if "keypoints" in fields else None
    read = [field for field in ("bbox", "segmentation", "keypoints") if field in fields]
    if "keypoints" in fields:
        read.append("num_keypoints")
    return GroundTruth(
        image_ids=known(image_row),
        image_sizes=np.array([sizes[row] for row in image_row.values()], dtype=np.int64).reshape(-1, 2),
        category_ids=known(category_row),
        category_names=tuple(names[row] for row in category_row.values()),
        id=np.array(annotation_ids(records), dtype=np.int64),
        image_id=ids([required(record, "image_id") for record in records]),
        category_id=ids([required(record, "category_id") for record in records]),
        bbox=boxes(records) if "bbox" in fields else None,
        area=column(records, "area", number, math.nan, np.float64),
        iscrowd=column(records, "iscrowd", flag, 0, np.uint8),
        ignore=column(records, "ignore", flag, 0, np.uint8),
        masks=masks(records) if "segmentation" in fields else None,
        keypoints=points,
        num_keypoints=column(records, "num_keypoints", whole, 0, np.int64) if "keypoints" in fields else None,
        presence=presence(records, [*read, "area", "iscrowd", "id"], HAS_IDS),
        **(federated(images, categories, image_row, category_row) if "federated" in fields else {}),
    )


def federated(
    images: list[Record], categories: list[Record], image_row: dict[Any, int], category_row: dict[Any, int]
) -> dict[str, Any]:
    frequencies = [some["frequency"] if isinstance(some.get("frequency"), str) else "" for some in categories]
    return {
        "neg_category_ids": category_lists(images, "neg_category_ids", list(image_row.values())),
        "not_exhaustive_category_ids": category_lists(images, "not_exhaustive_category_ids", list(image_row.values())),
        "category_frequencies": tuple(frequencies[row] for row in category_row.values()),
    }


def category_lists(images: list[Record], field: str, rows: list[int]) -> CategoryLists:
    lists = [image.get(field, []) for image in images]
    if not all(isinstance(some, list) for some in lists):
        raise Refused("no list")
    everything = ids([id for some in lists for id in some])
    place = np.split(np.arange(len(everything)), np.cumsum([len(some) for some in lists]))
    chosen = [int(i) for row in rows for i in place[row]]
    return CategoryLists(
        offset=np.array(np.cumsum([0, *(len(lists[row]) for row in rows)]), dtype=np.int64),
        ids=IdColumn(everything.values[np.array(chosen, dtype=np.intp)], everything.texts),
        listed=np.array([field in images[row] for row in rows], dtype=np.bool_),
    )


def column(records: list[Record], field: str, convert: Callable[[Any], Any], absent: Any, dtype: Any) -> Any:
    return np.array([convert(record[field]) if field in record else absent for record in records], dtype=dtype)


def side(image: Record, field: str) -> int:
    return -1 if image.get(field) is None else whole(image[field], 0)


def last_rows(column: IdColumn) -> dict[Any, int]:
    """The last row of each id, by ascending id."""
    return dict(sorted({column[row]: row for row in range(len(column))}.items()))


def known(rows: dict[Any, int]) -> np.ndarray[Any, Any]:
    values = list(rows)
    return np.array(values, dtype=np.str_ if values and isinstance(values[0], str) else np.int64)


def bits(columns: Any) -> Any:
    """What two readers must have in common, for ``==``: types, shapes and the bits of every array."""
    if isinstance(columns, np.ndarray):
        content = columns.tolist() if columns.dtype.kind == "U" else columns.tobytes()
        return columns.dtype.kind, columns.shape, content
    if dataclasses.is_dataclass(columns):
        return {field.name: bits(getattr(columns, field.name)) for field in dataclasses.fields(columns)}
    return columns
