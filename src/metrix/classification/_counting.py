"""Pairs of labels counted, whatever kind of labels they are."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from metrix import _core
from metrix._arrays import as_ndarray
from metrix._threads import resolve_num_threads

Array = npt.NDArray[Any]

#: Tables of all labels between the least and the largest one are made up to this many.
_WIDEST = 2048


def flags(values: Any, name: str) -> npt.NDArray[np.bool_]:
    """(N, L) booleans from 0 and 1."""
    array = as_ndarray(values, name)
    if array.ndim != 2:
        raise ValueError(f"{name}: expected flags of shape (N, L), got shape {array.shape}")
    if array.dtype != np.bool_ and not np.isin(array, (0, 1)).all():
        raise ValueError(f"{name}: expected flags 0 and 1, got {array[~np.isin(array, (0, 1))][0]}")
    return array.astype(np.bool_)


def weights(values: Any, shape: tuple[int, ...]) -> Array:
    """Weights of samples: integers stay integers."""
    array = as_ndarray(values, "sample_weight")
    if array.dtype.kind not in "fiub":
        raise TypeError(f"sample_weight: expected real numbers, got dtype {array.dtype}")
    if array.shape != shape:
        raise ValueError(f"sample_weight: expected shape {shape}, got {array.shape}")
    return array.astype(np.int64 if array.dtype.kind in "iub" else np.float64)


def counted(
    y_true: Any,
    y_pred: Any,
    labels: Any,
    num_classes: int | None,
    ignore_index: int | None,
    sample_weight: Any,
    num_threads: int | None,
) -> tuple[Array, Array]:
    """The matrix, and the label of each row."""
    truth, predicted = as_ndarray(y_true, "y_true"), as_ndarray(y_pred, "y_pred")
    if truth.shape != predicted.shape:
        raise ValueError(f"y_pred: expected the shape of y_true, {truth.shape}, got {predicted.shape}")
    if labels is not None and num_classes is not None:
        raise ValueError("num_classes: expected it or labels, got both")
    weight = None if sample_weight is None else weights(sample_weight, truth.shape).ravel()
    truth, predicted = truth.ravel(), predicted.ravel()
    classes = None if labels is None else as_ndarray(labels, "labels")
    if num_classes is not None:
        if isinstance(num_classes, bool) or num_classes != int(num_classes) or num_classes < 1:
            raise ValueError(f"num_classes: expected an int >= 1, got {num_classes!r}")
        classes = np.arange(num_classes)
    if classes is not None and (classes.ndim != 1 or len(np.unique(classes)) != len(classes)):
        raise ValueError("labels: expected shape (C,) and no label twice")
    names: Array | None = None
    if truth.dtype.kind not in "iub" or predicted.dtype.kind not in "iub":
        truth, predicted, names = _numbered(truth, predicted)
        if classes is not None:
            place = {name: i for i, name in enumerate(names.tolist())}
            classes = np.array([place.get(name, len(names) + i) for i, name in enumerate(classes.tolist())])
    truth, predicted = (_plain(array) for array in (truth, predicted))
    low, span = _range_of(truth, predicted, classes, ignore_index if num_classes is None else None)
    if span > _WIDEST:
        return _by_occurring(truth, predicted, classes, ignore_index, weight, num_threads, num_classes is not None)
    threads = resolve_num_threads(num_threads)
    counts: Any = None
    if weight is None or classes is None:
        counts = _core.classification.confusion_matrix(truth, predicted, None, low, span, ignore_index, threads)
    table: Any = counts
    if weight is not None:
        values = weight.astype(np.float64)
        table = _core.classification.confusion_matrix(truth, predicted, values, low, span, ignore_index, threads)
    if weight is not None and weight.dtype == np.int64:
        table = table.astype(np.int64)
    if num_classes is not None:
        _refuse_others(truth, predicted, table, span, ignore_index)
    inner = table[:span, :span]
    if classes is None:
        seen = counts[:span, :span]  # whatever the weights
        found = np.flatnonzero(seen.any(axis=0) | seen.any(axis=1))
        kept = found + low
        return inner[np.ix_(found, found)], kept if names is None else names[kept]
    places = classes.astype(np.int64) - low
    given = places if labels is None else as_ndarray(labels, "labels")
    return inner[np.ix_(places, places)], given


def _plain(labels: Array) -> Array:
    """Integers one after the other, in the byte order of the machine."""
    if labels.dtype == np.bool_:
        labels = labels.view(np.uint8)
    return np.ascontiguousarray(labels, dtype=labels.dtype.newbyteorder("="))


def _numbered(truth: Array, predicted: Array) -> tuple[Array, Array, Array]:
    """Places of labels among those that occur."""
    for array, name in ((truth, "y_true"), (predicted, "y_pred")):
        if array.dtype.kind not in "iubUSO" and array.size:
            raise TypeError(f"{name}: expected integers, booleans or strings, got dtype {array.dtype}")
    names, places = np.unique(np.concatenate([truth, predicted]), return_inverse=True)
    return places[: truth.size], places[truth.size :], names


def _range_of(truth: Array, predicted: Array, classes: Array | None, ignored: int | None) -> tuple[int, int]:
    """The least label, and how many up to the largest one."""
    if classes is not None:
        if len(classes) == 0:
            return 0, 0
        if classes.dtype.kind not in "iub":
            raise TypeError(f"labels: expected labels like those of y_true, got dtype {classes.dtype}")
        return int(classes.min()), int(classes.max()) - int(classes.min()) + 1
    if truth.size == 0:
        return 0, 0
    if truth.dtype.itemsize == predicted.dtype.itemsize == 1 and truth.dtype == predicted.dtype:
        return (0, 256) if truth.dtype == np.uint8 else (-128, 256)
    sides = [array for array in (truth if ignored is None else truth[truth != ignored], predicted) if array.size]
    low, high = min(int(side.min()) for side in sides), max(int(side.max()) for side in sides)
    return low, high - low + 1


def _by_occurring(
    truth: Array, predicted: Array, classes: Array | None, ignored: int | None, weight: Any, threads: Any, strict: bool
) -> tuple[Array, Array]:
    """Labels that are far apart: by their places among those that occur."""
    if ignored is not None:
        kept = truth != ignored
        truth, predicted, weight = truth[kept], predicted[kept], None if weight is None else weight[kept]
    names = np.unique(np.concatenate([truth, predicted])) if classes is None else np.sort(classes)
    sides: list[Array] = []
    for side, name in ((truth, "y_true"), (predicted, "y_pred")):
        places = np.searchsorted(names, side).astype(np.int64)
        known = names[np.minimum(places, len(names) - 1)] == side
        if strict and not known.all():
            first = int(np.flatnonzero(~known)[0])
            raise ValueError(f"{name}: expected labels 0 to {len(names) - 1}, got {side[first]} at index {first}")
        places[~known] = len(names)
        sides.append(places)
    table = _core.classification.confusion_matrix(
        sides[0],
        sides[1],
        None if weight is None else weight.astype(np.float64),
        0,
        len(names),
        None,
        resolve_num_threads(threads),
    )[: len(names), : len(names)]
    if weight is not None and weight.dtype == np.int64:
        table = table.astype(np.int64)
    if classes is None:
        return table, names
    order = np.searchsorted(names, classes)
    return table[np.ix_(order, order)], classes


def _refuse_others(truth: Array, predicted: Array, table: Array, span: int, ignored: int | None) -> None:
    """Complain about the first label that is no class."""
    counted_rows = table[: span + 1]
    if not counted_rows[span].any() and not counted_rows[:, span].any():
        return
    kept = np.ones(truth.size, dtype=np.bool_) if ignored is None else truth != ignored
    for side, name in ((truth, "y_true"), (predicted, "y_pred")):
        wrong = np.flatnonzero(kept & ((side < 0) | (side >= span)))
        if len(wrong):
            raise ValueError(f"{name}: expected labels 0 to {span - 1}, got {side[wrong[0]]} at index {wrong[0]}")
