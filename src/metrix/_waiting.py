"""Images that wait to be matched: their detections, and their ground truths where these come with them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from metrix._batches import COLUMNS, Batch, Id, Rows, read_one_by_one, to_xywh
from metrix._growing import GrowingTable
from metrix.records import PRESENCE, Detections, GroundTruth, IdColumn, MaskColumn

_DETECTION_COLUMNS: dict[str, tuple[Any, tuple[int, ...] | None]] = {
    "image": (np.int32, ()),
    "category": (np.int64, ()),
    "score": (np.float64, ()),
    "bbox": (np.float64, (4,)),
    "keypoints": (np.float64, None),
}
_TRUTH_COLUMNS: dict[str, tuple[Any, tuple[int, ...] | None]] = {
    **{name: _DETECTION_COLUMNS[name] for name in ("image", "category", "bbox", "keypoints")},
    "id": (np.int64, ()),
    "area": (np.float64, ()),
    "iscrowd": (np.uint8, ()),
    "ignore": (np.uint8, ()),
    "num_keypoints": (np.int64, ()),
    "presence": (np.uint16, ()),
}


#: What waits is matched once it takes so many bytes. Most evaluations take less, and go as the one call does in the end.
MOST_WAITING_BYTES = 64 << 20


class Labels:
    """Ids of categories as integers; text is numbered in the order in which it comes."""

    def __init__(self) -> None:
        """No id is known yet, not even whether ids are text."""
        self.numbers: dict[str, int] | None = None
        self._are_integers = False

    def codes(self, values: list[Any], name: str) -> npt.NDArray[np.int64]:
        """One integer for each label of some arrays, lists, or :class:`IdColumn`."""
        if len(values) == 1 and isinstance(values[0], IdColumn):
            column = values[0]
        else:
            try:
                joined = np.concatenate(values)
                if joined.dtype.kind == "i" and joined.ndim == 1 and self.numbers is None:
                    self._are_integers = True
                    return joined
            except (TypeError, ValueError, RuntimeError):
                pass
            columns = [
                IdColumn.from_values(value, f"{name}[{i}]['labels']") for i, value in enumerate(values) if len(value)
            ]
            ids = [column[row] for column in columns for row in range(len(column))]
            if len({type(value) for value in ids}) > 1:
                raise TypeError(f"{name}: expected labels of one kind, got integers and text")
            column = IdColumn.from_values(ids, name)
        if not len(column):
            return np.zeros(0, dtype=np.int64)
        if (column.texts is None) != (self.numbers is None) and (self.numbers is not None or self._are_integers):
            raise TypeError(f"{name}: expected labels of one kind, got integers and text")
        if column.texts is None:
            self._are_integers = True
            return column.values
        if self.numbers is None:
            self.numbers = {}
        code_of = np.array([self.numbers.setdefault(text, len(self.numbers)) for text in column.texts], dtype=np.int64)
        return code_of[column.values]

    def require_integers(self, name: str) -> None:
        """From now on all labels are integers."""
        if self.numbers is not None:
            raise TypeError(f"{name}: expected labels of one kind, got integers and text")
        self._are_integers = True

    def column(self, codes: npt.NDArray[np.int64]) -> IdColumn:
        """The ids of codes."""
        return IdColumn(codes.copy(), None if self.numbers is None else tuple(self.numbers))


class Side:
    """The objects of one side."""

    def __init__(self, kinds: dict[str, tuple[Any, tuple[int, ...] | None]], name: str) -> None:
        """``name`` is what errors call this side."""
        self._table = GrowingTable(kinds, MOST_WAITING_BYTES)
        self._name = name
        self._masks: list[MaskColumn] = []
        self._fields: frozenset[str] | None = None
        self.mask_bytes = 0

    def __len__(self) -> int:
        return self._table.length

    @property
    def nbytes(self) -> int:
        return self._table.nbytes + self.mask_bytes

    def append(self, rows: Rows, first_image: int, labels: Labels) -> None:
        """Add the rows of a batch whose first image gets the number ``first_image``."""
        if rows.count == 0:
            return
        columns = dict(rows.columns)
        if rows.plain is None:
            columns["category"] = labels.codes(rows.labels, self._name)
            columns["image"] = rows.image + np.int32(first_image)
            if len(columns["category"]) != rows.count:
                raise ValueError(f"{self._name}: expected as many labels as objects")
        else:
            labels.require_integers(self._name)
            columns["image"] = None
            columns.update((COLUMNS.get(key, key), None) for key in rows.plain_keys)
        fields = frozenset(columns) | ({"masks"} if rows.masks else frozenset())
        if self._fields is not None and fields != self._fields:
            raise ValueError(
                f"{self._name}: expected the same fields in every batch, {_listed(self._fields)}, got {_listed(fields)}"
            )
        try:
            self._table.append(rows.count, columns)
        except (TypeError, ValueError, RuntimeError):
            self._table.append(rows.count, read_one_by_one(columns, self._name))
        self._fields = fields
        self._masks += rows.masks
        self.mask_bytes += sum(masks.payload.nbytes + 17 * len(masks) for masks in rows.masks)
        if rows.plain is not None:
            added = {key: self._table.last(COLUMNS.get(key, key), rows.count) for key in rows.plain_keys}
            rows.plain.fill(added, self._table.last("image", rows.count), first_image, rows.box_format)
        elif rows.box_format != "xywh":
            to_xywh(self._table.last("bbox", rows.count), rows.box_format)

    def column(self, name: str) -> Any:
        """The rows of a column, or None."""
        return self._table.column(name) if len(self) else None

    def masks(self) -> MaskColumn | None:
        """The masks of all rows."""
        return join_masks(self._masks) if self._masks else None

    def mark(self) -> tuple[int, int, int]:
        """Where the rows end, for ``cut_back``."""
        return len(self), len(self._masks), self.mask_bytes

    def cut_back(self, mark: tuple[int, int, int]) -> None:
        """Forget what was added since."""
        self._table.length, masks, self.mask_bytes = mark
        del self._masks[masks:]

    def clear(self) -> None:
        """Forget the rows."""
        self._table.clear()
        self._masks = []
        self.mask_bytes = 0


def _listed(fields: frozenset[str]) -> list[str]:
    return sorted(fields & {"bbox", "masks", "keypoints"})


def join_masks(columns: Sequence[MaskColumn]) -> MaskColumn:
    """Columns one after the other."""
    if len(columns) == 1:
        return columns[0]
    starts = np.cumsum([0] + [len(column.payload) for column in columns], dtype=np.uint64)
    offsets = [column.offset[:-1] + start for column, start in zip(columns, starts)]
    return MaskColumn(
        kind=np.concatenate([column.kind for column in columns]),
        offset=np.concatenate([*offsets, starts[-1:]]),
        payload=np.concatenate([column.payload for column in columns]),
        height=np.concatenate([column.height for column in columns]),
        width=np.concatenate([column.width for column in columns]),
    )


class IdsOfImages(IdColumn):
    """Ids of many rows of few images, which are looked up once for each image."""

    def __init__(self, image: npt.NDArray[np.int32], image_ids: list[Id]) -> None:
        """The image of each row, and the id of each image."""
        ids = IdColumn.from_values(np.array(image_ids), "image_ids")
        object.__setattr__(self, "_image", image)
        object.__setattr__(self, "_ids", ids)
        super().__init__(ids.values[:0], ids.texts)

    def __getattribute__(self, name: str) -> Any:
        """The values of all rows are made when somebody asks for them."""
        if name == "values":
            return self._ids.values[self._image]
        return super().__getattribute__(name)

    def __len__(self) -> int:
        """Rows."""
        return len(self._image)

    def positions_in(self, known: npt.NDArray[Any]) -> npt.NDArray[np.int32]:
        """Place of each row's id in the ascending ids ``known``, or -1."""
        places: npt.NDArray[np.int32] = self._ids.positions_in(known)[self._image]
        return places


class Waiting:
    """Both sides of the images that wait."""

    def __init__(self) -> None:
        """Nothing waits."""
        self.image_ids: list[Id] = []
        self._known: set[Id] = set()
        self._sizes: list[tuple[int, int]] = []
        self._labels = Labels()
        self._found = Side(_DETECTION_COLUMNS, "predictions")
        self._truth = Side(_TRUTH_COLUMNS, "targets")
        self._listed: set[Id] = set()

    @property
    def nbytes(self) -> int:
        """Bytes of what waits."""
        return self._found.nbytes + self._truth.nbytes

    def knows_any(self, image_ids: list[Id]) -> bool:
        """Whether one of these images waits already."""
        return not self._known.isdisjoint(image_ids)

    def append(self, batch: Batch) -> None:
        """Add a batch of images that do not wait yet."""
        first, before = len(self.image_ids), self._truth.mark()
        if batch.truth is not None:
            # Annotations without ids are numbered, so that none is 0 and none is there twice.
            batch.truth.columns.setdefault("id", 1 + len(self._truth) + np.arange(batch.truth.count))
            self._truth.append(batch.truth, first, self._labels)
        try:
            self._found.append(batch.found, first, self._labels)
        except BaseException:
            self._truth.cut_back(before)
            raise
        self.image_ids += batch.image_ids
        self._known.update(batch.image_ids)
        unknown = [(-1, -1)] * len(batch.image_ids)
        self._sizes += unknown if batch.image_sizes is None else batch.image_sizes.tolist()
        self._listed.update(batch.listed)

    def clear(self) -> None:
        """Forget all that waits, and keep the memory."""
        self.image_ids, self._sizes = [], []
        self._known, self._listed = set(), set()
        self._found.clear()
        self._truth.clear()

    # ---- what matching takes ------------------------------------------------------------------------------------------

    def detections(self) -> Detections:
        """All rows; ``image_id`` is that of their image."""
        bbox, keypoints, masks = self._found.column("bbox"), self._found.column("keypoints"), self._found.masks()
        present = {"bbox": bbox, "keypoints": keypoints, "segmentation": masks}
        bits = sum(PRESENCE[name] for name, column in present.items() if column is not None)
        return Detections(
            image_id=self._ids_of_images(self._found),
            category_id=self._ids_of_categories(self._found),
            score=_or_empty(self._found.column("score")),
            bbox=bbox,
            masks=masks,
            keypoints=keypoints,
            presence=np.full(len(self._found), bits, dtype=np.uint16),
        )

    def ground_truth(self, category_ids: npt.NDArray[Any]) -> GroundTruth:
        """All rows; ``category_ids`` are those that it lists, ascending."""
        side = self._truth
        image_ids = np.array(self.image_ids)
        order = np.argsort(image_ids)
        count = len(side)
        presence = _or_empty(side.column("presence"), np.uint16)
        return GroundTruth(
            image_ids=image_ids[order],
            image_sizes=np.array(self._sizes, dtype=np.int64).reshape(-1, 2)[order],
            category_ids=category_ids,
            category_names=("",) * len(category_ids),
            id=_or_empty(side.column("id"), np.int64),
            image_id=self._ids_of_images(side),
            category_id=self._ids_of_categories(side),
            bbox=side.column("bbox"),
            area=_or_empty(side.column("area")),
            iscrowd=_or_empty(side.column("iscrowd"), np.uint8),
            ignore=_or_empty(side.column("ignore"), np.uint8),
            masks=side.masks(),
            keypoints=side.column("keypoints"),
            num_keypoints=side.column("num_keypoints"),
            presence=presence if count else np.zeros(0, dtype=np.uint16),
        )

    def listed_categories(self) -> npt.NDArray[Any]:
        """Ids of all categories that ground truths have or list, ascending."""
        return _ascending([*self._listed, *self._categories_of(self._truth)])

    def all_categories(self, listed: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """Those, and the ones of detections, ascending."""
        return _ascending([*listed.tolist(), *self._categories_of(self._found)])

    def places_among(self, image_ids: npt.NDArray[Any]) -> npt.NDArray[np.int32]:
        """Of each image its place among these, which are ascending."""
        return IdColumn.from_values(np.array(self.image_ids), "image_ids").positions_in(image_ids)

    def counts(self) -> npt.NDArray[np.int64]:
        """Of each image how many detections it has."""
        return np.bincount(_or_empty(self._found.column("image"), np.int32), minlength=len(self.image_ids))

    def places_in_images(self) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.int32]]:
        """Of each row of either side, its place among those of its image."""
        return tuple(
            _places_in_groups(side.column("image"), len(self.image_ids)) for side in (self._found, self._truth)
        )

    def _ids_of_images(self, side: Side) -> IdColumn:
        return IdsOfImages(_or_empty(side.column("image"), np.int32), self.image_ids)

    def _categories_of(self, side: Side) -> list[Id]:
        ids = self._labels.column(_distinct(_or_empty(side.column("category"), np.int64)))
        return [ids[row] for row in range(len(ids))]

    def _ids_of_categories(self, side: Side) -> IdColumn:
        return self._labels.column(_or_empty(side.column("category"), np.int64))


def _or_empty(column: Any, dtype: Any = np.float64) -> Any:
    return np.zeros(0, dtype=dtype) if column is None else column


def _ascending(ids: list[Id]) -> npt.NDArray[Any]:
    return np.unique(np.array(ids)) if ids else np.zeros(0, dtype=np.int64)


def _distinct(codes: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Each once, ascending: by counting, as the ids of categories are small as a rule."""
    low = int(codes.min(initial=0))
    if int(codes.max(initial=0)) - low > 1 << 16:
        return np.unique(codes)
    return np.flatnonzero(np.bincount(codes - low)) + low


def _places_in_groups(group: Any, count: int) -> Any:
    if group is None:
        return np.zeros(0, dtype=np.int32)
    sizes = np.bincount(group, minlength=count)
    starts = np.cumsum(sizes) - sizes
    rows = np.arange(len(group), dtype=np.int32)
    if bool(np.all(group[1:] >= group[:-1])):  # as dicts of images come
        return rows - np.repeat(starts.astype(np.int32), sizes)
    order = np.argsort(group, kind="stable")
    places = np.empty(len(group), dtype=np.int32)
    places[order] = rows - starts[group[order]]
    return places
