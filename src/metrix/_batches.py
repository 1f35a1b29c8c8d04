"""What a training loop holds of a batch, as rows of columns: dicts of each image, in the shapes of torchvision.

Arrays are anything that NumPy or DLPack reads. The way without mistakes is taken first, in as few calls of NumPy as there
are columns; where it fails, each value is looked at by itself, and the first that does not fit is named.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, cast

import numpy as np
import numpy.typing as npt

from metrix import _core
from metrix._arrays import as_float64, as_ndarray, require_shape
from metrix.protocols import IouType
from metrix.records import (
    PRESENCE,
    Detections,
    GroundTruth,
    IdColumn,
    MaskColumn,
    _flags,
    _keypoint_array,
    _masks_from_list,
)

BoxFormat = Literal["xyxy", "xywh", "cxcywh"]
ImageDict = Mapping[str, Any]
Id = int | str

#: The key of a dict that holds what is compared.
SHAPE_KEYS: Mapping[str, str] = {
    "bbox": "boxes",
    "segm": "masks",
    "boundary": "masks",
    "keypoints": "keypoints",
}


@dataclass
class Rows:
    """Objects of one side of a batch. A column is an array, a list of arrays one after the other, or one value for all."""

    count: int
    #: Of each row: its image, counted in the batch; empty where ``plain`` tells.
    image: npt.NDArray[Any]
    columns: dict[str, Any]
    labels: list[Any]
    masks: list[MaskColumn] = field(default_factory=list)
    #: The format of the column ``bbox``.
    box_format: BoxFormat = "xywh"
    #: What fills the columns of these keys, and of the labels and images, without a detour.
    plain: Any = None
    plain_keys: tuple[str, ...] = ()


class Batch:
    """Both sides of some images."""

    def __init__(self, image_ids: list[Id]) -> None:
        """Images that nothing is known of yet."""
        self.image_ids = image_ids
        self.found = Rows(0, _NONE, {}, [])
        self.truth: Rows | None = None
        self.image_sizes: npt.NDArray[np.int64] | None = None
        #: Categories that the ground truth lists beyond those that it has.
        self.listed: list[Id] = []

    def places_of(self, ids: IdColumn, name: str) -> npt.NDArray[Any]:
        """Of each row its image, counted in the batch."""
        if ids.texts is None and self.image_ids and isinstance(self.image_ids[0], int):
            found: tuple[npt.NDArray[np.int32], int]
            found = _core.records.index_of_any_order(ids.values, cast("list[int]", self.image_ids))
            if found[1] >= 0:
                raise _not_of_the_batch(ids, found[1], name)
            return found[0]
        known = np.array(self.image_ids) if self.image_ids else np.zeros(0, dtype=np.int64)
        order = np.argsort(known, kind="stable").astype(np.int32)
        places = ids.positions_in(known[order])
        if places.min(initial=0) < 0:
            raise _not_of_the_batch(ids, int(np.argmin(places)), name)
        return order[places]

    def add_ground_truth(self, truth: GroundTruth) -> None:
        """The other side as columns."""
        listed = truth.category_id.positions_in(truth.category_ids)
        if len(listed) and listed.min() < 0:
            row = int(np.argmin(listed))
            raise ValueError(
                f"targets.annotations[{row}].category_id: {truth.category_id[row]!r} is not a category that targets list"
            )
        self.truth = rows_of_ground_truth(truth, self.places_of(truth.image_id, "targets.annotations"))
        self.listed = truth.category_ids.tolist()
        places = IdColumn.from_values(np.array(self.image_ids), "image_ids").positions_in(truth.image_ids)
        self.image_sizes = np.full((len(places), 2), -1, dtype=np.int64)
        self.image_sizes[places >= 0] = truth.image_sizes[places[places >= 0]]


def _not_of_the_batch(ids: IdColumn, row: int, name: str) -> ValueError:
    return ValueError(f"{name}[{row}].image_id: {ids[row]!r} is not among the image_ids of the batch")


def is_list_of_images(predictions: Any) -> bool:
    """Whether these are dicts of images, and not of detections; an empty list is no detections."""
    return (
        isinstance(predictions, (list, tuple))
        and len(predictions) > 0
        and not (isinstance(predictions[0], Mapping) and "category_id" in predictions[0])
    )


def predictions_of(images: Sequence[ImageDict], iou_type: IouType, box_format: BoxFormat) -> Rows:
    """Rows of ``[{"boxes", "scores", "labels"}, ...]``, with masks or keypoints in place of boxes."""
    if iou_type == "bbox" and (plain := _plain(images, _PREDICTION_KEYS)) is not None:
        return Rows(plain.rows, _NONE, {}, [], box_format=box_format, plain=plain, plain_keys=_PREDICTION_KEYS)
    key = SHAPE_KEYS[iou_type]
    scores = _values(images, "scores", "predictions")
    labels = _values(images, "labels", "predictions")
    shapes = _values(images, key, "predictions")
    lengths = _lengths(scores, "scores", "predictions")
    _require_lengths(lengths, labels, "labels", "predictions")
    _require_lengths(lengths, shapes, key, "predictions")
    rows = _rows(lengths, {"score": scores}, labels)
    _add_shapes(rows, shapes, iou_type, box_format, points=2)
    return rows


def targets_of(images: Sequence[ImageDict], iou_type: IouType, box_format: BoxFormat) -> Rows:
    """Rows of ``[{"boxes", "labels", "area", "iscrowd"}, ...]``, with masks or keypoints beside boxes."""
    if iou_type == "bbox" and images and isinstance(images[0], dict):
        given = [name for name in _ABSENT if name in images[0]]
        columns = {name: value for name, value in _ABSENT.items() if name not in given}
        keys = ("labels", "boxes", *given)
        if (plain := _plain(images, keys, absent=list(columns))) is not None:
            columns["presence"] = PRESENCE["id"] | PRESENCE["bbox"] | sum(PRESENCE.get(name, 0) for name in given)
            return Rows(plain.rows, _NONE, columns, [], box_format=box_format, plain=plain, plain_keys=keys)
    key = SHAPE_KEYS[iou_type]
    labels = _values(images, "labels", "targets")
    shapes = _values(images, key, "targets")
    lengths = _lengths(labels, "labels", "targets")
    _require_lengths(lengths, shapes, key, "targets")
    rows = _rows(lengths, {}, labels)
    present = PRESENCE["id"]
    _add_shapes(rows, shapes, iou_type, box_format, points=3)
    present |= PRESENCE[{"boxes": "bbox", "masks": "segmentation"}.get(key, key)]
    optional = ("area", "iscrowd", "ignore") + (("boxes",) if iou_type == "keypoints" else ())
    for name in optional:
        if not images or name not in images[0]:
            if any(name in image for image in images):
                raise ValueError(f"targets[0]: expected the key {name!r}, which other images of the batch have")
            if name != "boxes":
                rows.columns[name] = _ABSENT[name]
            continue
        values = _values(images, name, "targets")
        _require_lengths(lengths, values, name, "targets")
        if name == "boxes":
            rows.columns["bbox"], rows.box_format = values, box_format
            present |= PRESENCE["bbox"]
        else:
            rows.columns[name] = values
            present |= PRESENCE.get(name, 0)
    rows.columns["presence"] = present
    return rows


#: Of each key the second dimension of its arrays (0: there is none), and whether they hold integers.
_PLAIN = {
    "labels": (0, True),
    "scores": (0, False),
    "boxes": (4, False),
    "area": (0, False),
    "iscrowd": (0, True),
    "ignore": (0, True),
}


_NONE = np.zeros(0, dtype=np.int32)
_PREDICTION_KEYS = ("labels", "scores", "boxes")
#: What stands for a key of targets that none has.
_ABSENT = {"area": np.nan, "iscrowd": 0, "ignore": 0}
#: The columns that hold what other words mean in a loop.
COLUMNS = {"labels": "category", "scores": "score", "boxes": "bbox"}


def _plain(images: Sequence[ImageDict], keys: Sequence[str], absent: Sequence[str] = ()) -> Any:
    """What fills columns with these keys; None where they are not plain arrays of equal length, or others are there."""
    if not images:
        return None
    described = [(key, *_PLAIN[key]) for key in keys]
    return _core.batches.read_plain(images if isinstance(images, list) else list(images), described, list(absent))


def _rows(lengths: list[int], columns: dict[str, Any], labels: list[Any], box_format: BoxFormat = "xywh") -> Rows:
    image = np.repeat(np.arange(len(lengths), dtype=np.int32), lengths)
    return Rows(len(image), image, columns, labels, box_format=box_format)


def _values(images: Sequence[ImageDict], key: str, name: str) -> list[Any]:
    try:
        return [image[key] for image in images]
    except (KeyError, TypeError, IndexError):
        for i, image in enumerate(images):
            if not isinstance(image, Mapping):
                raise TypeError(f"{name}[{i}]: expected a dict, got {type(image).__name__}") from None
            if key not in image:
                raise ValueError(f"{name}[{i}]: expected the key {key!r}, got {sorted(map(str, image))}") from None
        raise


def _lengths(values: list[Any], key: str, name: str) -> list[int]:
    try:
        return [len(value) for value in values]
    except TypeError:
        raise ValueError(f"{name}: expected {key!r} of shape (N,) of each image") from None


def _require_lengths(lengths: list[int], values: list[Any], key: str, name: str) -> None:
    given = _lengths(values, key, name)
    if given != lengths:
        i = next(i for i, (have, want) in enumerate(zip(given, lengths)) if have != want)
        raise ValueError(f"{name}[{i}][{key!r}]: expected {lengths[i]} rows like the other keys, got {given[i]}")


def _add_shapes(rows: Rows, shapes: list[Any], iou_type: IouType, box_format: BoxFormat, points: int) -> None:
    if iou_type == "bbox":
        rows.columns["bbox"], rows.box_format = shapes, box_format
    elif SHAPE_KEYS[iou_type] == "masks":
        rows.masks = [pack_masks(masks, f"masks of image {i}") for i, masks in enumerate(shapes) if len(masks)]
    else:
        name = "keypoints"
        arrays = [_keypoint_array(as_ndarray(value, name), (2, 3) if points == 2 else (3,)) for value in shapes]
        rows.columns["keypoints"] = [array[:, :, :points] for array in arrays if len(array)]
        if points == 3:
            rows.columns["num_keypoints"] = 0  # counted, as no record says it


def require_keypoints(rows: Rows, sigma_count: int, name: str) -> None:
    """Refuse poses of another number of points than there are sigmas; a single sigma is for any."""
    part = rows.columns.get("keypoints")
    for poses in part if isinstance(part, list) else [] if part is None else [part]:
        if len(poses) and sigma_count not in (1, poses.shape[1]):
            raise ValueError(
                f"{name}.keypoints: has {poses.shape[1]} keypoints, but there are {sigma_count} sigmas; pass sigmas=, one "
                "for each keypoint"
            )


def pack_masks(masks: Any, name: str) -> MaskColumn:
    """(N, H, W) or (N, 1, H, W) pixels, or N segmentations as COCO writes them."""
    if isinstance(masks, Sequence) and not hasattr(masks[0], "__array__") and not hasattr(masks[0], "__dlpack__"):
        return _masks_from_list(masks, len(masks))
    array = (
        np.stack([as_ndarray(mask, name) for mask in masks]) if isinstance(masks, Sequence) else as_ndarray(masks, name)
    )
    if array.ndim == 4 and array.shape[1] == 1:
        array = array[:, 0]
    if array.dtype != np.bool_ and array.dtype != np.uint8:
        raise TypeError(f"{name}: expected dtype bool or uint8, got {array.dtype}")
    require_shape(array, name, (None, None, None))
    # Any other value than 0 is foreground; to the encoder 1 and 2 would be two runs.
    pixels = np.ascontiguousarray(array if array.dtype == np.bool_ else array != 0).view(np.uint8)
    return MaskColumn(*_core.masks.encode_column(np.moveaxis(pixels, 0, 2), 1))


# ---- columns ----------------------------------------------------------------------------------------------------------


def rows_of_detections(found: Detections, image: npt.NDArray[Any]) -> Rows:
    """The columns of a :class:`Detections` that its rows have: all of them, as the first one decides for all."""
    rows = Rows(len(found), image, {"score": found.score}, [found.category_id])
    have_all = int(np.bitwise_and.reduce(found.presence)) if len(found) else 0
    if len(found) and have_all != np.bitwise_or.reduce(found.presence):
        row = int(np.argmax(found.presence != found.presence[0]))
        raise ValueError(
            f"predictions[{row}]: expected the same of bbox, segmentation and keypoints as predictions[0] has"
        )
    for name in ("bbox", "keypoints"):
        if have_all & PRESENCE[name]:
            rows.columns[name] = getattr(found, name)
    if found.masks is not None and have_all & PRESENCE["segmentation"]:
        rows.masks = [found.masks]
    return rows


def rows_of_ground_truth(truth: GroundTruth, image: npt.NDArray[Any]) -> Rows:
    """All columns of a :class:`GroundTruth`."""
    columns: dict[str, Any] = {
        name: getattr(truth, name) for name in ("id", "area", "iscrowd", "ignore", "presence", "bbox", "keypoints")
    }
    columns["num_keypoints"] = truth.num_keypoints
    columns = {name: column for name, column in columns.items() if column is not None}
    return Rows(len(truth), image, columns, [truth.category_id], [] if truth.masks is None else [truth.masks])


# ---- where the quick way fails ----------------------------------------------------------------------------------------

_READ_ONE: Mapping[str, Callable[[Any, str], npt.NDArray[Any]]] = {
    "score": lambda value, name: as_float64(value, name, (None,)),
    "area": lambda value, name: as_float64(value, name, (None,)),
    "bbox": lambda value, name: as_float64(value, name, (None, 4)),
    "keypoints": lambda value, name: as_float64(value, name, (None, None, None)),
    "iscrowd": lambda value, name: _flags(value if len(value) else None, len(value), name),
    "ignore": lambda value, name: _flags(value if len(value) else None, len(value), name),
}
_KEYS = {"score": "scores", "bbox": "boxes"}


def read_one_by_one(columns: Mapping[str, Any], name: str) -> dict[str, Any]:
    """The same columns with every array made to fit, or the error that names the first that does not."""
    return {
        column: [
            _READ_ONE[column](value, f"{name}[{i}][{_KEYS.get(column, column)!r}]") for i, value in enumerate(part)
        ]
        if isinstance(part, list) and column in _READ_ONE
        else part
        for column, part in columns.items()
    }


def to_xywh(boxes: npt.NDArray[np.float64], box_format: BoxFormat) -> None:
    """In place, in double precision."""
    with np.errstate(over="ignore", invalid="ignore"):
        if box_format == "xyxy":
            boxes[:, 2:] -= boxes[:, :2]
        elif box_format == "cxcywh":
            boxes[:, :2] -= boxes[:, 2:] / 2


def ids_of(values: Any, name: str) -> list[Id]:
    """Integers or text, from a sequence, an array, or a sequence of arrays of one id each."""
    if isinstance(values, (list, tuple)):
        if all(type(value) is int for value in values) or all(type(value) is str for value in values):
            return list(values)
        values = [
            value if isinstance(value, (str, int)) else _only_one(value, f"{name}[{i}]")
            for i, value in enumerate(values)
        ]
        if len({isinstance(value, str) for value in values}) > 1:
            raise TypeError(f"{name}: expected ids of one kind, got integers and text")
    column = IdColumn.from_values(values, name)
    return column.values.tolist() if column.texts is None else [column.texts[value] for value in column.values.tolist()]


def _only_one(value: Any, name: str) -> Any:
    array = as_ndarray(value, name).reshape(-1)
    if array.size != 1:
        raise ValueError(f"{name}: expected one id, got {array.size}")
    return array[0].item()
