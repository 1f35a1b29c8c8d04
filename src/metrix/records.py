"""Ground truth and detections as columns, from files, bytes, Python lists, or arrays.

:class:`GroundTruth` and :class:`Detections` hold one row per object in NumPy arrays. They are what
:func:`metrix.evaluate_detections` works on; build them once to evaluate many times.

COCO's JSON is read by a parser of its own in one pass, in bounded memory, on several threads, to the very doubles that
Python's ``json`` gives. Both accept the same text, with these differences:

- A field that nobody asked for is skipped with a look at its strings and brackets alone, and nests as deep as it likes.
- Inside strings, control characters pass. Text that is used must be UTF-8, where ``json`` detects UTF-16 and UTF-32 too;
  text ids must not end in a NUL character.
- An integer beyond the largest double is refused where a number is wanted, as ``float`` refuses it, and so are booleans.
- Of two equal keys the last one wins, but what the first one holds must be right as well.
- One value, or one record, takes at most 1 GiB. Compressed data may unfold to any size, as a window of it is held alone.

Lists and dicts must not be changed by another thread while they are read.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
import numpy.typing as npt

from metrix import _arrow, _core, _records
from metrix._arrays import as_float64, as_ndarray, require_shape
from metrix._sources import ByteSource, is_byte_source, open_source
from metrix._threads import resolve_num_threads

Int64Array = npt.NDArray[np.int64]
FloatArray = npt.NDArray[np.float64]

#: Which optional columns are read: what is not needed is skipped, which is most of a ground truth's bytes. ``"federated"``
#: are the categories that an image was searched for and the frequency of categories, as LVIS has them.
FIELDS = ("bbox", "segmentation", "keypoints", "federated")

#: Bits of the ``presence`` column: what a record had.
PRESENCE: Mapping[str, int] = _core.records.presence

#: What :func:`read_ground_truth` and :func:`read_detections` take.
RecordSource = ByteSource | Sequence[Mapping[str, Any]] | Mapping[str, Any] | npt.NDArray[Any]


@dataclass(frozen=True)
class IdColumn:
    """Ids of one row each: integers, or text (then ``values`` are places in ``texts``)."""

    values: Int64Array
    texts: tuple[str, ...] | None = None

    def __len__(self) -> int:
        """Rows."""
        return len(self.values)

    def __getitem__(self, row: int) -> int | str:
        """The id of a row as the input wrote it."""
        value = int(self.values[row])
        return value if self.texts is None else self.texts[value]

    def distinct(self) -> npt.NDArray[Any]:
        """All ids once, ascending: int64 or text."""
        return np.unique(self.values) if self.texts is None else np.unique(np.array(self.texts, dtype=np.str_))

    def positions_in(self, known: npt.NDArray[Any]) -> npt.NDArray[np.int32]:
        """Place of each row's id in the ascending ids ``known``, or -1."""
        if self.texts is None:
            if known.dtype.kind == "U":
                return np.full(len(self.values), -1, dtype=np.int32)
            return _core.records.index_of(self.values, known)
        texts = np.array(self.texts, dtype=np.str_)
        if known.dtype.kind != "U" or len(known) == 0:
            return np.full(len(self.values), -1, dtype=np.int32)
        place = np.minimum(np.searchsorted(known, texts), len(known) - 1)
        place = np.where(known[place] == texts, place, -1).astype(np.int32)
        return place[self.values]

    @classmethod
    def from_values(cls, values: Any, name: str) -> IdColumn:
        """From integers, whole floats or text."""
        if isinstance(values, cls):
            return values
        array = as_ndarray(values, name)
        require_shape(array, name, (None,))
        if array.dtype == np.int64 and array.flags.c_contiguous:
            return cls(array)
        if array.dtype.kind == "U" or (array.dtype.kind == "O" and all(isinstance(value, str) for value in array)):
            texts, codes = np.unique(np.asarray(array, dtype=np.str_), return_inverse=True)
            return cls(np.ascontiguousarray(codes, dtype=np.int64), tuple(texts.tolist()))
        return cls(_whole_numbers(array, name))


def _whole_numbers(array: npt.NDArray[Any], name: str) -> Int64Array:
    if array.size == 0:
        return np.zeros(array.shape, dtype=np.int64)
    if array.dtype.kind == "f":
        array = array.astype(np.float64)  # float16 cannot be compared with the limits
        # 2**63 itself is a double, so the test against the limits comes before the conversion.
        bad = ~((array >= -(2.0**63)) & (array < 2.0**63)) | (array != np.floor(array))
        _refuse(bad, array, name, "a whole number of at most 64 bits")
    elif array.dtype.kind == "u":
        _refuse(array > np.iinfo(np.int64).max, array, name, "a whole number of at most 64 bits")
    elif array.dtype.kind != "i":
        raise TypeError(f"{name}: expected integers or text, got dtype {array.dtype}")
    return np.ascontiguousarray(array, dtype=np.int64)


def _refuse(bad: npt.NDArray[np.bool_], values: npt.NDArray[Any], name: str, expected: str) -> None:
    if np.any(bad):
        row = int(np.flatnonzero(bad)[0])
        raise ValueError(f"{name}[{row}]: expected {expected}, got {values[row]!r}")


@dataclass(frozen=True)
class MaskColumn:
    """Segmentations of one row each, packed (the layout is that of ``cpp/kernels/masks.hpp``)."""

    kind: npt.NDArray[np.uint8]
    offset: npt.NDArray[np.uint64]
    payload: npt.NDArray[np.uint8]
    height: npt.NDArray[np.uint32]
    width: npt.NDArray[np.uint32]

    def __len__(self) -> int:
        """Rows."""
        return len(self.kind)

    def arrays(self) -> tuple[npt.NDArray[Any], ...]:
        """What the kernels take."""
        return self.kind, self.offset, self.payload, self.height, self.width


@dataclass(frozen=True)
class CategoryLists:
    """A list of categories for each image: those of image i are ``ids`` from ``offset[i]`` to ``offset[i + 1]``."""

    offset: Int64Array
    ids: IdColumn
    #: (I,) which images had a list; the others have an empty one.
    listed: npt.NDArray[np.bool_]

    def __len__(self) -> int:
        """Images."""
        return len(self.listed)

    def take(self, rows: Int64Array) -> CategoryLists:
        """The lists of some images, in their order."""
        if len(rows) == len(self) and bool(np.all(rows[1:] > rows[:-1])):
            return self
        counts = np.diff(self.offset)[rows]
        offset = np.concatenate([np.zeros(1, dtype=np.int64), np.cumsum(counts)])
        place = np.repeat(self.offset[:-1][rows] - offset[:-1], counts) + np.arange(offset[-1])
        return CategoryLists(offset, IdColumn(self.ids.values[place], self.ids.texts), self.listed[rows])

    @classmethod
    def from_lists(cls, lists: Sequence[Any], count: int, name: str) -> CategoryLists:
        """From one sequence of ids for each of ``count`` images."""
        _require_rows(len(lists), count, name)
        offset = np.zeros(count + 1, dtype=np.int64)
        offset[1:] = np.cumsum([len(some) for some in lists])
        return cls(
            offset, IdColumn.from_values([id for some in lists for id in some], name), np.ones(count, dtype=bool)
        )


@dataclass(frozen=True)
class Detections:
    """Detections in columns of one row each, in the order of the input (which decides between equal scores)."""

    image_id: IdColumn
    category_id: IdColumn
    score: FloatArray
    #: (N, 4): x, y, width, height in pixels; NaN where a record had none; None if no box was read.
    bbox: FloatArray | None
    masks: MaskColumn | None
    #: (N, K, 2): x, y in pixels.
    keypoints: FloatArray | None
    #: What each record had: bits of :data:`PRESENCE`.
    presence: npt.NDArray[np.uint16]

    def __len__(self) -> int:
        """Number of detections."""
        return len(self.score)

    def __repr__(self) -> str:
        """Short: rows and columns."""
        columns = [name for name in ("bbox", "masks", "keypoints") if getattr(self, name) is not None]
        return f"Detections({len(self)} rows: {', '.join(columns) or 'no boxes, masks or keypoints'})"

    def has(self, field: str) -> npt.NDArray[np.bool_]:
        """Which rows had this field."""
        return np.asarray((self.presence & PRESENCE[field]) != 0)

    @classmethod
    def from_arrays(
        cls,
        *,
        image_id: Any,
        category_id: Any,
        score: Any,
        bbox: Any = None,
        segmentation: Any = None,
        keypoints: Any = None,
    ) -> Detections:
        """Detections from columns: NumPy arrays, anything with DLPack or ``__array__``, or lists.

        Args:
            image_id: (N,) integers or text.
            category_id: (N,) integers or text.
            score: (N,) numbers; NaN sorts behind all others.
            bbox: (N, 4) numbers, x, y, width, height in pixels.
            segmentation: N masks as COCO writes them (run lengths or polygons).
            keypoints: (N, K, 2) or (N, K, 3) numbers, x, y in pixels; a third number is not looked at.

        Raises:
            ValueError: if lengths or shapes do not fit; the message names the argument.
            TypeError: for what is no number.

        Example:
            >>> Detections.from_arrays(image_id=[7], category_id=[1], score=[0.9], bbox=[[10, 20, 30, 40]])
            Detections(1 rows: bbox)
        """
        scores = as_float64(score, "score", (None,))
        count = len(scores)
        present = 0
        boxes = masks = points = None
        if bbox is not None:
            boxes = as_float64(bbox, "bbox", (None, 4))
            _require_rows(len(boxes), count, "bbox")
            present |= PRESENCE["bbox"]
        if segmentation is not None:
            masks = _masks_from_list(segmentation, count)
            present |= PRESENCE["segmentation"]
        if keypoints is not None:
            points = _keypoint_array(keypoints, (2, 3))
            points = np.ascontiguousarray(points[:, :, :2])
            _require_rows(len(points), count, "keypoints")
            present |= PRESENCE["keypoints"]
        return cls(
            image_id=_id_column(image_id, count, "image_id"),
            category_id=_id_column(category_id, count, "category_id"),
            score=scores,
            bbox=boxes,
            masks=masks,
            keypoints=points,
            presence=np.full(count, present, dtype=np.uint16),
        )

    @classmethod
    def from_arrow(cls, detections: Any, *, fields: Iterable[str] = FIELDS) -> Detections:
        """Detections from an Arrow table or a Parquet file; needs pyarrow (``metrix[arrow]``).

        Args:
            detections: a pyarrow Table or RecordBatch, anything that exports Arrow data (``__arrow_c_stream__``,
                ``__arrow_c_array__``), or the path of a Parquet, Arrow or Feather file. Columns, others are not looked at:

                - ``image_id``, ``category_id``: integers or text, also as dictionaries.
                - ``score``: numbers.
                - ``bbox``: lists of x, y, width, height in pixels, of a fixed size or not, or structs of x, y, w, h. As
                  ``fixed_size_list<double>[4]`` in one chunk without nulls they are not copied, and nor are scores and
                  ids of 64 bits.
                - ``segmentation``: structs of size (height, width) and counts (run lengths, or their compressed text);
                  or that text alone, beside columns ``height`` and ``width``; or lists of polygons.
                - ``keypoints``: x, y and a third number of each point, in one list or one list for each point.
            fields: which of ``"bbox"``, ``"segmentation"``, ``"keypoints"`` to read.

        Raises:
            ValueError: for a column that is missing, a null in ids or scores, a list of the wrong length; the message
                names the column and the row. A null box, mask or pose is none.
            TypeError: for a column of another type.
            ImportError: without pyarrow.

        Source: https://arrow.apache.org/docs/format/CDataInterface/PyCapsuleInterface.html
        """
        return _arrow.detections_from(detections, fields)


@dataclass(frozen=True)
class GroundTruth:
    """Ground truth: images, categories, and annotations in columns of one row each, in the order of the input."""

    #: (I,) distinct, ascending; int64 or text.
    image_ids: npt.NDArray[Any]
    #: (I, 2) height, width; -1 where unknown. Of an id that comes twice the last one counts.
    image_sizes: Int64Array
    #: (K,) distinct, ascending; int64 or text.
    category_ids: npt.NDArray[Any]
    #: K names, "" where unknown.
    category_names: tuple[str, ...]

    id: Int64Array
    image_id: IdColumn
    category_id: IdColumn
    #: (N, 4): x, y, width, height in pixels; NaN where a record had none; None if no box was read.
    bbox: FloatArray | None
    #: (N,) square pixels; NaN where a record had none.
    area: FloatArray
    iscrowd: npt.NDArray[np.uint8]
    #: The field ``ignore`` of the records, which COCO's own code overwrites.
    ignore: npt.NDArray[np.uint8]
    masks: MaskColumn | None
    #: (N, K, 3): x, y, visibility.
    keypoints: FloatArray | None
    num_keypoints: Int64Array | None
    #: What each record had: bits of :data:`PRESENCE`.
    presence: npt.NDArray[np.uint16]
    #: Categories that an image is known not to show, and those of which it may show more than is annotated; None if they
    #: were not read.
    neg_category_ids: CategoryLists | None = None
    not_exhaustive_category_ids: CategoryLists | None = None
    #: K texts, ``"r"``, ``"c"`` or ``"f"`` in LVIS, "" where unknown; None if they were not read.
    category_frequencies: tuple[str, ...] | None = None

    def __len__(self) -> int:
        """Number of annotations."""
        return len(self.area)

    def __repr__(self) -> str:
        """Short: sizes and columns."""
        columns = [name for name in ("bbox", "masks", "keypoints") if getattr(self, name) is not None]
        return (
            f"GroundTruth({len(self)} annotations of {len(self.category_ids)} categories on {len(self.image_ids)} "
            f"images: {', '.join(columns) or 'no boxes, masks or keypoints'})"
        )

    def has(self, field: str) -> npt.NDArray[np.bool_]:
        """Which rows had this field."""
        return np.asarray((self.presence & PRESENCE[field]) != 0)

    @classmethod
    def from_arrays(
        cls,
        *,
        image_id: Any,
        category_id: Any,
        bbox: Any = None,
        segmentation: Any = None,
        keypoints: Any = None,
        area: Any = None,
        iscrowd: Any = None,
        ignore: Any = None,
        num_keypoints: Any = None,
        id: Any = None,
        image_ids: Any = None,
        image_sizes: Any = None,
        category_ids: Any = None,
        category_names: Sequence[str] | None = None,
        category_frequencies: Sequence[str] | None = None,
        neg_category_ids: Sequence[Any] | None = None,
        not_exhaustive_category_ids: Sequence[Any] | None = None,
    ) -> GroundTruth:
        """Ground truth from columns: NumPy arrays, anything with DLPack or ``__array__``, or lists.

        Args:
            image_id: (N,) integers or text: the image of each annotation.
            category_id: (N,) integers or text.
            bbox: (N, 4) numbers, x, y, width, height in pixels.
            segmentation: N masks as COCO writes them (run lengths or polygons).
            keypoints: (N, K, 3) numbers: x, y, visibility (0: not labelled).
            area: (N,) square pixels. Without it, the area of the box, or of the mask where masks are evaluated.
            iscrowd: (N,) 0 or 1. Without it, 0.
            ignore: (N,) 0 or 1. COCO's own semantics do not look at it.
            num_keypoints: (N,) integers. Without it, the points of visibility > 0.
            id: (N,) integers. Without it, 1 to N.
            image_ids: (I,) all images, those without annotations too. Without it, the ones in ``image_id``.
            image_sizes: (I, 2) height, width of ``image_ids``; only polygons need it.
            category_ids: (K,) all categories. Without it, the ones in ``category_id``.
            category_names: K names of ``category_ids``.
            category_frequencies: K texts of ``category_ids``: ``"r"``, ``"c"`` or ``"f"`` (LVIS).
            neg_category_ids: for each of ``image_ids`` the categories that it is known not to show (LVIS).
            not_exhaustive_category_ids: for each of ``image_ids`` the categories of which it may show more than is
                annotated (LVIS).

        Raises:
            ValueError: if lengths or shapes do not fit; the message names the argument.
            TypeError: for what is no number.

        Example:
            >>> GroundTruth.from_arrays(image_id=[7, 7], category_id=[1, 3], bbox=[[10, 20, 30, 40], [0, 0, 5, 5]])
            GroundTruth(2 annotations of 2 categories on 1 images: bbox)
        """
        image_column = IdColumn.from_values(image_id, "image_id")
        count = len(image_column)
        present = PRESENCE["id"]
        boxes = masks = points = areas = None
        if bbox is not None:
            boxes = as_float64(bbox, "bbox", (None, 4))
            _require_rows(len(boxes), count, "bbox")
            present |= PRESENCE["bbox"]
        if segmentation is not None:
            masks = _masks_from_list(segmentation, count)
            present |= PRESENCE["segmentation"]
        if keypoints is not None:
            points = np.ascontiguousarray(_keypoint_array(keypoints, (3,)))
            _require_rows(len(points), count, "keypoints")
            present |= PRESENCE["keypoints"]
        if area is not None:
            areas = as_float64(area, "area", (None,))
            _require_rows(len(areas), count, "area")
            present |= PRESENCE["area"]
        if iscrowd is not None:
            present |= PRESENCE["iscrowd"]
        visible = None
        if num_keypoints is not None:
            visible = _whole_numbers(as_ndarray(num_keypoints, "num_keypoints"), "num_keypoints")
            _require_rows(len(visible), count, "num_keypoints")
            present |= PRESENCE["num_keypoints"]
        elif keypoints is not None:
            visible = np.zeros(count, dtype=np.int64)
        ids = np.arange(1, count + 1, dtype=np.int64)
        if id is not None:
            ids = _whole_numbers(as_ndarray(id, "id"), "id")
            _require_rows(len(ids), count, "id")
        category_column = _id_column(category_id, count, "category_id")

        images = image_column if image_ids is None else IdColumn.from_values(image_ids, "image_ids")
        sizes = np.full((len(images), 2), -1, dtype=np.int64)
        if image_sizes is not None:
            if image_ids is None:
                raise ValueError("image_sizes: expected image_ids with it, which say whose sizes these are")
            given = as_ndarray(image_sizes, "image_sizes")
            require_shape(given, "image_sizes", (len(images), 2))
            sizes = _whole_numbers(given, "image_sizes")
        categories = category_column if category_ids is None else IdColumn.from_values(category_ids, "category_ids")
        names = [""] * len(categories)
        if category_names is not None:
            if category_ids is None:
                raise ValueError("category_names: expected category_ids with it, which say whose names these are")
            _require_rows(len(category_names), len(categories), "category_names")
            names = [str(name) for name in category_names]
        if category_frequencies is not None:
            if category_ids is None:
                raise ValueError("category_frequencies: expected category_ids with it, which say whose they are")
            _require_rows(len(category_frequencies), len(categories), "category_frequencies")
        lists: dict[str, CategoryLists | None] = {}
        for name, given_lists in (
            ("neg_category_ids", neg_category_ids),
            ("not_exhaustive_category_ids", not_exhaustive_category_ids),
        ):
            if given_lists is not None and image_ids is None:
                raise ValueError(f"{name}: expected image_ids with it, which say whose categories these are")
            lists[name] = None if given_lists is None else CategoryLists.from_lists(given_lists, len(images), name)
        known_images, last_image = _distinct_last(images)
        known_categories, last_category = _distinct_last(categories)
        return cls(
            image_ids=known_images,
            image_sizes=sizes[last_image],
            category_ids=known_categories,
            category_names=tuple(names[row] for row in last_category),
            id=ids,
            image_id=image_column,
            category_id=category_column,
            bbox=boxes,
            area=np.full(count, np.nan) if areas is None else areas,
            iscrowd=_flags(iscrowd, count, "iscrowd"),
            ignore=_flags(ignore, count, "ignore"),
            masks=masks,
            keypoints=points,
            num_keypoints=visible,
            presence=np.full(count, present, dtype=np.uint16),
            category_frequencies=None
            if category_frequencies is None
            else tuple(str(category_frequencies[row]) for row in last_category),
            **{name: None if some is None else some.take(last_image) for name, some in lists.items()},
        )

    @classmethod
    def from_arrow(
        cls, annotations: Any, *, images: Any = None, categories: Any = None, fields: Iterable[str] = FIELDS
    ) -> GroundTruth:
        """Ground truth from Arrow tables or Parquet files; needs pyarrow (``metrix[arrow]``).

        Args:
            annotations: a table as :meth:`Detections.from_arrow` takes, with ``image_id``, ``category_id``, and any of
                ``bbox``, ``segmentation``, ``keypoints``, ``area``, ``iscrowd``, ``ignore``, ``num_keypoints`` (where null
                means absent) and ``id``.
            images: a table of all images, those without annotations too: ``id``, and for polygons ``height`` and
                ``width``. Without it, the images of the annotations.
            categories: a table of all categories: ``id``, and ``name`` if there is one.
            fields: which of ``"bbox"``, ``"segmentation"``, ``"keypoints"`` to read.

        Raises:
            ValueError, TypeError, ImportError: as :meth:`Detections.from_arrow`.

        Source: https://arrow.apache.org/docs/format/CDataInterface/PyCapsuleInterface.html
        """
        return _arrow.ground_truth_from(annotations, images, categories, fields)


def read_ground_truth(
    source: RecordSource, *, fields: Iterable[str] = FIELDS, num_threads: int | None = None
) -> GroundTruth:
    """COCO ground truth from a file, bytes, or what ``json.load`` gives of one.

    Args:
        source: a path (plain, gzip or zstd, told by its first bytes), the bytes of such a file, a binary file, or a dict
            with ``images``, ``annotations`` and ``categories``. Nothing of a dict is changed. Also what
            :meth:`GroundTruth.from_arrow` takes, a path being told by its ``.parquet``, ``.arrow`` or ``.feather``, or a
            dict of such tables.
        fields: which of ``"bbox"``, ``"segmentation"``, ``"keypoints"``, ``"federated"`` to read; the others are skipped,
            which saves most of the time.
        num_threads: None for all usable CPUs; the result does not depend on it.

    Returns:
        The columns. Annotations without ``iscrowd`` count as no crowd. ``area`` is NaN where it is absent.

    Raises:
        ValueError: for text that is no such JSON; it names the record, the field and the byte.
        OSError: if the file cannot be read.

    Example:
        >>> read_ground_truth({"images": [{"id": 7}], "categories": [{"id": 1, "name": "cat"}],
        ...                    "annotations": [{"id": 1, "image_id": 7, "category_id": 1, "bbox": [1, 2, 3, 4]}]})
        GroundTruth(1 annotations of 1 categories on 1 images: bbox, masks)
    """
    wanted = _wanted(fields)
    threads = resolve_num_threads(num_threads)
    if _arrow.is_table(source):
        return GroundTruth.from_arrow(source, fields=fields)
    if _arrow.is_document_of_tables(source):
        document = cast("Mapping[str, Any]", source)
        sides = {name: document.get(name) for name in ("annotations", "images", "categories")}
        return GroundTruth.from_arrow(**sides, fields=fields)
    if isinstance(source, Mapping):
        columns = _records.ground_truth_from_dict(dict(source), **wanted)
    elif is_byte_source(source):
        with open_source(source, "ground_truth") as opened:
            columns = _core.records.read_ground_truth(
                opened.stream.readinto, **wanted, num_threads=threads, size_hint=opened.size_hint
            )
    else:
        raise TypeError(
            "ground_truth: expected a path, bytes, a dict with images, annotations and categories, or a GroundTruth, "
            f"got {type(source).__name__}"
        )
    images = _read_ids(columns["image_ids"])
    categories = _read_ids(columns["category_ids"])
    known_images, last_image = _distinct_last(images)
    known_categories, last_category = _distinct_last(categories)
    sizes = np.stack([columns["image_heights"], columns["image_widths"]], axis=1)
    names = columns["category_names"]
    return GroundTruth(
        image_ids=known_images,
        image_sizes=sizes[last_image],
        category_ids=known_categories,
        category_names=tuple(names[row] for row in last_category),
        id=columns["id"],
        image_id=_read_ids(columns["image_id"]),
        category_id=_read_ids(columns["category_id"]),
        bbox=columns["bbox"],
        area=columns["area"],
        iscrowd=columns["iscrowd"],
        ignore=columns["ignore"],
        masks=_read_masks(columns["masks"]),
        keypoints=columns["keypoints"],
        num_keypoints=columns["num_keypoints"] if wanted["keypoints"] else None,
        presence=columns["presence"],
        neg_category_ids=_read_lists(columns["neg_category_ids"], last_image) if wanted["federated"] else None,
        not_exhaustive_category_ids=_read_lists(columns["not_exhaustive_category_ids"], last_image)
        if wanted["federated"]
        else None,
        category_frequencies=tuple(columns["category_frequencies"][row] for row in last_category)
        if wanted["federated"]
        else None,
    )


def _read_lists(columns: tuple[Int64Array, Any, npt.NDArray[Any]], last_image: Int64Array) -> CategoryLists:
    offset, ids, listed = columns
    return CategoryLists(offset, _read_ids(ids), listed.astype(np.bool_)).take(last_image)


def read_detections(
    source: RecordSource, *, fields: Iterable[str] = FIELDS, num_threads: int | None = None
) -> Detections:
    """COCO detections from a file, bytes, what ``json.load`` gives of one, or an (N, 7) array.

    Args:
        source: a path (plain, gzip or zstd, told by its first bytes), the bytes of such a file, a binary file, a list of
            dicts (nothing of it is changed), or an (N, 7) array of image id, x, y, width, height, score, category id.
            Also what :meth:`Detections.from_arrow` takes, a path being told by its ``.parquet``, ``.arrow`` or
            ``.feather``.
        fields: which of ``"bbox"``, ``"segmentation"``, ``"keypoints"`` to read; the others are skipped.
        num_threads: None for all usable CPUs; the result does not depend on it.

    Returns:
        The columns, in the order of the input.

    Raises:
        ValueError: for text that is no such JSON; it names the record, the field and the byte.
        OSError: if the file cannot be read.

    Example:
        >>> read_detections([{"image_id": 7, "category_id": 1, "bbox": [1, 2, 3, 4], "score": 0.5}], fields=["bbox"])
        Detections(1 rows: bbox)
    """
    wanted = _wanted(fields)
    del wanted["federated"]  # of ground truth alone
    threads = resolve_num_threads(num_threads)
    if _arrow.is_table(source):
        return Detections.from_arrow(source, fields=fields)
    if is_byte_source(source):
        with open_source(source, "detections") as opened:
            columns = _core.records.read_detections(
                opened.stream.readinto, **wanted, num_threads=threads, size_hint=opened.size_hint
            )
    elif hasattr(source, "__array__") or hasattr(source, "__dlpack__"):
        return _detections_from_table(source)
    elif isinstance(source, Sequence):
        columns = _records.detections_from_list(source if isinstance(source, list) else list(source), **wanted)
    else:
        raise TypeError(
            "detections: expected a path, bytes, a list of dicts, an (N, 7) array or Detections, "
            f"got {type(source).__name__}"
        )
    return Detections(
        image_id=_read_ids(columns["image_id"]),
        category_id=_read_ids(columns["category_id"]),
        score=columns["score"],
        bbox=columns["bbox"],
        masks=_read_masks(columns["masks"]),
        keypoints=columns["keypoints"],
        presence=columns["presence"],
    )


def _detections_from_table(source: Any) -> Detections:
    """An (N, 7) array: image id, x, y, width, height, score, category id; ids are cut to whole numbers as COCO does."""
    table = as_float64(source, "detections", (None, 7))
    ids = table[:, [0, 6]]
    _refuse(~np.all(np.abs(ids) < 2.0**63, axis=1), table, "detections", "finite ids of at most 64 bits")
    ids = np.trunc(ids).astype(np.int64)
    return Detections.from_arrays(image_id=ids[:, 0], category_id=ids[:, 1], score=table[:, 5], bbox=table[:, 1:5])


def _wanted(fields: Iterable[str]) -> dict[str, bool]:
    chosen = set(fields)
    unknown = chosen - set(FIELDS)
    if unknown:
        raise ValueError(f"fields: expected some of {list(FIELDS)}, got {sorted(unknown)[0]!r}")
    return {field: field in chosen for field in FIELDS}


def _read_ids(column: tuple[Int64Array, list[str] | None]) -> IdColumn:
    values, texts = column
    if texts is not None and any(text.endswith("\0") for text in texts):
        raise ValueError("ids: text that ends in a NUL character is not supported (NumPy would drop it)")
    return IdColumn(values, None if texts is None else tuple(texts))


def _read_masks(columns: dict[str, npt.NDArray[Any]] | None) -> MaskColumn | None:
    return None if columns is None else MaskColumn(**cast("dict[str, Any]", columns))


def _distinct_last(ids: IdColumn) -> tuple[npt.NDArray[Any], Int64Array]:
    """The distinct ids, ascending, and the last row of each."""
    values: npt.NDArray[Any] = ids.values if ids.texts is None else np.array(ids.texts, dtype=np.str_)[ids.values]
    if ids.texts is None and bool(np.all(ids.values[1:] > ids.values[:-1])):
        return values, np.arange(len(values))
    distinct, first_from_behind = np.unique(values[::-1], return_index=True)
    return distinct, len(values) - 1 - first_from_behind


def _id_column(values: Any, count: int, name: str) -> IdColumn:
    column = IdColumn.from_values(values, name)
    _require_rows(len(column), count, name)
    return column


def _require_rows(rows: int, count: int, name: str) -> None:
    if rows != count:
        raise ValueError(f"{name}: expected {count} rows like the other columns, got {rows}")


def _flags(values: Any, count: int, name: str) -> npt.NDArray[np.uint8]:
    if values is None:
        return np.zeros(count, dtype=np.uint8)
    array = as_ndarray(values, name)
    require_shape(array, name, (count,))
    if array.dtype.kind not in "biu":
        raise TypeError(f"{name}: expected booleans or integers, got dtype {array.dtype}")
    return np.ascontiguousarray(array != 0, dtype=np.uint8)


def _keypoint_array(values: Any, widths: tuple[int, ...]) -> FloatArray:
    array = as_float64(values, "keypoints", (None, None, None))
    if array.size and array.shape[2] not in widths:
        raise ValueError(f"keypoints: expected shape (N, K, {' or '.join(map(str, widths))}), got {array.shape}")
    return array


def _masks_from_list(segmentation: Any, count: int) -> MaskColumn:
    """Packs COCO segmentations by the reader of lists, which needs a record around each."""
    if isinstance(segmentation, MaskColumn):
        _require_rows(len(segmentation), count, "segmentation")
        return segmentation
    records = [{"image_id": 0, "category_id": 0, "score": 0.0, "segmentation": mask} for mask in segmentation]
    _require_rows(len(records), count, "segmentation")
    columns = _records.detections_from_list(records, bbox=False, segmentation=True, keypoints=False)
    masks = _read_masks(columns["masks"])
    assert masks is not None
    return masks
