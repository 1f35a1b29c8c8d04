"""Columns of Arrow tables and Parquet files as NumPy arrays, by pyarrow.

What NumPy can look at in place is not copied: numbers of the dtype that is wanted, in one chunk, without nulls. Boxes are
such where they are ``fixed_size_list<double>[4]``.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from metrix.records import IdColumn, MaskColumn

if TYPE_CHECKING:
    import pyarrow as pa
else:
    try:
        import pyarrow as pa
    except ImportError:
        raise ImportError("Arrow tables and Parquet files need pyarrow: pip install 'metrix[arrow]'") from None

#: Kinds of masks, as ``cpp/kernels/masks.hpp`` numbers them.
NO_MASK, STRING, COUNTS, POLYGONS = range(4)

BOX_FIELDS = (("x", "y", "w", "h"), ("x", "y", "width", "height"))


class Columns:
    """The columns of one table by name; ``table`` is what a message calls it."""

    def __init__(self, source: Any, table: str, wanted: Iterable[str]) -> None:
        """From a path, a table, or anything that exports Arrow data."""
        if isinstance(source, (str, os.PathLike)):
            self._table = _read_file(Path(source), set(wanted))
        else:
            self._table = source if isinstance(source, pa.Table) else pa.table(source)
        self._name = table
        self.rows: int = self._table.num_rows

    def find(self, name: str) -> pa.Array | None:
        """The column as one array; None if there is none, or it holds nulls alone."""
        if name not in self._table.column_names:
            return None
        column = self._table.column(name)
        array = column.chunk(0) if column.num_chunks == 1 else column.combine_chunks()
        if isinstance(array.type, pa.BaseExtensionType):
            array = array.storage
        return None if pa.types.is_null(array.type) else array

    def get(self, name: str) -> pa.Array:
        """The column, which must be there."""
        array = self.find(name)
        if array is None:
            raise ValueError(f"{self._name}: expected a column {name!r}, got {self._table.column_names}")
        return array

    def __contains__(self, name: str) -> bool:
        """Whether there is such a column with anything in it."""
        return self.find(name) is not None


def _read_file(path: Path, wanted: set[str]) -> Any:
    if path.suffix == ".parquet":
        import pyarrow.parquet

        with pyarrow.parquet.ParquetFile(path) as file:
            return file.read([name for name in file.schema_arrow.names if name in wanted])
    with pa.memory_map(str(path)) as file:
        try:
            return pa.ipc.open_file(file).read_all()
        except pa.ArrowInvalid:
            file.seek(0)
            return pa.ipc.open_stream(file).read_all()


def ids(array: pa.Array, name: str) -> IdColumn:
    """Integers, whole floats or text, plain or as a dictionary."""
    _refuse_nulls(array, name)
    if _is_text(array.type):
        array = array.dictionary_encode()
    if not pa.types.is_dictionary(array.type):
        return IdColumn.from_values(numbers(array, name), name)
    if not _is_text(array.dictionary.type):
        return ids(array.dictionary_decode(), name)
    _refuse_nulls(array.dictionary, f"{name}.dictionary")
    texts = array.dictionary.to_pylist()
    if any(text.endswith("\0") for text in texts):
        raise ValueError(f"{name}: text that ends in a NUL character is not supported (NumPy would drop it)")
    return IdColumn(array.indices.to_numpy(zero_copy_only=False).astype(np.int64), tuple(texts))


def _is_text(type: pa.DataType) -> bool:
    return bool(pa.types.is_string(type) or pa.types.is_large_string(type) or pa.types.is_string_view(type))


def numbers(array: pa.Array, name: str, null: float | None = None) -> npt.NDArray[Any]:
    """Numbers or booleans; ``null`` stands for nulls, which are refused where it is None."""
    of_type = pa.types
    if of_type.is_dictionary(array.type):
        array = array.dictionary_decode()
    if of_type.is_decimal(array.type):
        array = array.cast(pa.float64())
    if not (of_type.is_integer(array.type) or of_type.is_floating(array.type) or of_type.is_boolean(array.type)):
        raise TypeError(f"{name}: expected numbers, got the Arrow type {array.type}")
    if array.null_count:
        if null is None:
            _refuse_nulls(array, name)
        if null is not None and np.isnan(null):
            array = array.cast(pa.float64(), safe=False)
        array = array.fill_null(null)
    values: npt.NDArray[Any] = array.to_numpy(zero_copy_only=False)
    return values


def there(array: pa.Array) -> npt.NDArray[np.bool_]:
    """Which rows are no nulls."""
    if not array.null_count:
        return np.ones(len(array), dtype=np.bool_)
    return np.asarray(array.is_valid().to_numpy(zero_copy_only=False), dtype=np.bool_)


def _refuse_nulls(array: pa.Array, name: str) -> None:
    if array.null_count:
        raise ValueError(f"{name}[{int(np.argmin(there(array)))}]: expected a value, got null")


def matrix(array: pa.Array, name: str, width: int | None, null: float = np.nan) -> npt.NDArray[Any]:
    """Lists of one length, or structs of a box, as (N, width) numbers; a row that is null as ``null`` throughout."""
    of_type = pa.types
    valid = there(array)
    if of_type.is_struct(array.type):
        return _box_matrix(array, name, valid)
    if of_type.is_fixed_size_list(array.type):
        size = array.type.list_size
        values = array.values.slice(array.offset * size, len(array) * size)
        if width is not None and size != width:
            raise ValueError(f"{name}[0]: expected {width} numbers, got {size}")
    elif _is_list(array.type):
        lengths = np.diff(array.offsets.to_numpy(zero_copy_only=False))[valid]
        size = width if width is not None else int(lengths[0]) if len(lengths) else 0
        if (lengths != size).any():
            row = int(np.flatnonzero(valid)[np.argmax(lengths != size)])
            raise ValueError(f"{name}[{row}]: expected {size} numbers, got {int(lengths[lengths != size][0])}")
        values = array.flatten()  # without what stands behind nulls
    else:
        raise TypeError(f"{name}: expected lists of numbers, got the Arrow type {array.type}")
    packed = of_type.is_fixed_size_list(array.type) or bool(valid.all())
    _refuse_nulls_within(values, name, size, np.arange(len(array)) if packed else np.flatnonzero(valid), valid)
    rows = numbers(values, name, np.nan).reshape(-1, size)
    if valid.all():
        return rows
    result = np.full((len(array), size), null)
    result[valid] = rows[valid] if packed else rows
    return result


def _refuse_nulls_within(
    values: pa.Array, name: str, size: int, rows: npt.NDArray[np.intp], valid: npt.NDArray[np.bool_]
) -> None:
    if not values.null_count or size == 0:
        return
    at = rows[np.flatnonzero(~there(values)) // size]
    at = at[valid[at]]
    if len(at):
        raise ValueError(f"{name}[{int(at[0])}]: expected {size} numbers, got null")


def _box_matrix(array: pa.Array, name: str, valid: npt.NDArray[np.bool_]) -> npt.NDArray[Any]:
    fields = {array.type.field(i).name for i in range(array.type.num_fields)}
    for names in BOX_FIELDS:
        if fields >= set(names):
            boxes = np.stack([numbers(part, name, np.nan) for part in _parts(array, names)], axis=1).astype(np.float64)
            for part in _parts(array, names):
                bad = ~there(part) & valid
                if bad.any():
                    raise ValueError(f"{name}[{int(np.argmax(bad))}]: expected 4 numbers, got null")
            return boxes
    raise TypeError(f"{name}: expected structs of x, y, w, h, got the Arrow type {array.type}")


def _parts(array: pa.Array, names: Iterable[str]) -> list[pa.Array]:
    # Unlike field(), flatten() minds the offset of a slice and the nulls of the structs.
    parts = {array.type.field(i).name: part for i, part in enumerate(array.flatten())}
    return [parts[name] for name in names]


def _is_list(type: pa.DataType) -> bool:
    return bool(pa.types.is_list(type) or pa.types.is_large_list(type))


def keypoints(array: pa.Array) -> npt.NDArray[np.float64]:
    """(N, K, 3) points: lists of x, y and a third number, flat as in COCO's files or one list each."""
    name = "keypoints"
    if not pa.types.is_struct(array.type) and hasattr(array.type, "value_type"):
        inner = array.type.value_type
        if pa.types.is_fixed_size_list(inner) or _is_list(inner):
            valid = there(array)
            count = np.diff(_offsets(array))[valid]
            points = matrix(array.values, name, 3)
            if len(count) and (count != count[0]).any():
                row = int(np.flatnonzero(valid)[np.argmax(count != count[0])])
                raise ValueError(
                    f"{name}[{row}]: expected {int(count[0])} keypoints, got {int(count[count != count[0]][0])}"
                )
            result = np.zeros((len(array), int(count[0]) if len(count) else 0, 3))
            starts = _offsets(array)[:-1][valid]
            if len(count):
                result[valid] = points[starts[:, None] + np.arange(count[0])]
            return result
    flat = matrix(array, name, None, 0.0).astype(np.float64, copy=False)
    if flat.shape[1] % 3:
        raise ValueError(f"{name}[0]: expected x, y and a third number of each keypoint, got {flat.shape[1]} numbers")
    return flat.reshape(len(flat), -1, 3)


def _offsets(array: pa.Array) -> npt.NDArray[np.int64]:
    """Where each row begins in ``array.values``, and the end."""
    if pa.types.is_fixed_size_list(array.type):
        return np.arange(array.offset, array.offset + len(array) + 1, dtype=np.int64) * int(array.type.list_size)
    return np.asarray(array.offsets.to_numpy(zero_copy_only=False), dtype=np.int64)


def masks(columns: Columns) -> MaskColumn:
    """Run lengths, compressed or not, or polygons."""
    name = "segmentation"
    array = columns.get(name)
    sizes = np.zeros((len(array), 2), dtype=np.int64)
    valid = there(array)
    if pa.types.is_struct(array.type):
        fields = {array.type.field(i).name for i in range(array.type.num_fields)}
        if not fields >= {"size", "counts"}:
            raise TypeError(f"{name}: expected structs of size and counts, got the Arrow type {array.type}")
        size, counts = _parts(array, ("size", "counts"))
        bad = valid & ~(there(size) & there(counts))
        if bad.any():
            raise ValueError(f"{name}[{int(np.argmax(bad))}]: expected size and counts, got null")
        sizes = matrix(size, f"{name}.size", 2, 0)
        return _run_lengths(counts, _canvases(sizes, valid), valid)
    if _is_text(array.type) or pa.types.is_binary(array.type) or pa.types.is_large_binary(array.type):
        sides = [numbers(columns.get(side), side, -1) for side in ("height", "width")]
        return _run_lengths(array, _canvases(np.stack(sides, axis=1), valid), valid)
    if _is_list(array.type) and _is_list(array.type.value_type):
        return _polygons(array, valid)
    raise TypeError(
        f"{name}: expected structs of size and counts, strings, binary or lists of polygons, got the Arrow type "
        f"{array.type}"
    )


def _canvases(sizes: npt.NDArray[Any], valid: npt.NDArray[np.bool_]) -> npt.NDArray[np.uint32]:
    bad = valid & ((sizes < 0) | (sizes >= 2**32) | (sizes != np.floor(sizes))).any(axis=1)
    if bad.any():
        row = int(np.argmax(bad))
        raise ValueError(f"segmentation[{row}].size: expected two whole numbers, got {sizes[row].tolist()}")
    return np.where(valid[:, None], sizes, 0).astype(np.uint32)


def _run_lengths(counts: pa.Array, sizes: npt.NDArray[np.uint32], valid: npt.NDArray[np.bool_]) -> MaskColumn:
    kind = STRING
    if _is_list(counts.type):
        kind = COUNTS
        offset = _offsets(counts)
        runs = numbers(counts.values, "segmentation.counts")
        bad = (runs < 0) | (runs >= 2**32)
        if bad[offset[0] : offset[-1]].any():
            raise ValueError("segmentation.counts: expected run lengths from 0 to 4294967295")
        payload = runs.astype("<u4").view(np.uint8)
        offset = offset * 4
    elif _is_text(counts.type) or pa.types.is_binary(counts.type) or pa.types.is_large_binary(counts.type):
        counts = counts.cast(pa.large_binary())
        _, offsets, data = counts.buffers()
        offset = np.frombuffer(offsets, dtype=np.int64, count=len(counts) + 1, offset=8 * counts.offset)
        payload = np.frombuffer(data, dtype=np.uint8) if data is not None else np.zeros(0, dtype=np.uint8)
    else:
        raise TypeError(f"segmentation.counts: expected strings, binary or lists, got the Arrow type {counts.type}")
    return _packed(np.where(valid, kind, NO_MASK), offset, payload, sizes)


def _polygons(array: pa.Array, valid: npt.NDArray[np.bool_]) -> MaskColumn:
    """The number of coordinates before each polygon, in words of eight bytes like the coordinates."""
    outlines = array.values
    of_row, of_outline = _offsets(array), _offsets(outlines)
    _refuse_nulls(outlines, "segmentation: polygons")
    coordinates = numbers(outlines.values, "segmentation").astype("<f8", copy=False)
    lengths = np.diff(of_outline)
    heads = of_outline[:-1] - of_outline[0] + np.arange(len(lengths))
    words = np.zeros(int(lengths.sum()) + len(lengths), dtype="<u8")
    is_head = np.zeros(len(words), dtype=np.bool_)
    is_head[heads] = True
    words[is_head] = lengths
    words[~is_head] = coordinates[of_outline[0] : of_outline[-1]].view("<u8")
    begins = np.append(heads, len(words))
    sizes = np.zeros((len(array), 2), dtype=np.uint32)
    return _packed(np.where(valid, POLYGONS, NO_MASK), 8 * begins[of_row], words.view(np.uint8), sizes)


def _packed(
    kind: npt.NDArray[Any], offset: npt.NDArray[np.int64], payload: npt.NDArray[np.uint8], size: npt.NDArray[np.uint32]
) -> MaskColumn:
    first, last = int(offset[0]), int(offset[-1])
    return MaskColumn(
        kind=kind.astype(np.uint8),
        offset=(offset - first).astype(np.uint64),
        payload=np.ascontiguousarray(payload[first:last]),
        height=np.ascontiguousarray(size[:, 0]),
        width=np.ascontiguousarray(size[:, 1]),
    )


def present(columns: Columns, bits: Mapping[str, int]) -> npt.NDArray[np.uint16]:
    """What each row has of the fields that are named."""
    presence = np.zeros(columns.rows, dtype=np.uint16)
    for name, bit in bits.items():
        array = columns.find(name)
        if array is not None:
            presence |= np.where(there(array), bit, 0).astype(np.uint16)
    return presence
