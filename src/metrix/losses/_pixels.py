"""Predictions and targets of images as the kernels of segmentation take them: classes, pixels, labels, masks."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from metrix._arrays import as_ndarray
from metrix._threads import resolve_num_threads
from metrix.losses._arguments import Array, as_like, predictions
from metrix.losses._elementwise import SERIAL_SIZE

Activation = Literal["sigmoid", "softmax"]

_ACTIVATIONS = {None: 0, "sigmoid": 1, "softmax": 2}

INPUTS = """
Common arguments:
    pred: logits, float32 or float64 (float16 is worked on as float32): (N, C, ...) for N samples of C classes.
    target: whole numbers from 0 to C - 1, of the shape of ``pred`` without its class axis; or numbers from 0 to 1 of the
        shape of ``pred``, which may be soft.
    axis: of the classes; None: there is none, ``pred`` is (N, ...) of one class. 1 and -1 are not copied.
    from_logits: False: ``pred`` holds probabilities.
    activation: how logits become probabilities; None: "softmax" for labels, "sigmoid" for targets of the shape of ``pred``.
    ignore_index: pixels of this label take no part and have gradient 0.
    mask: bools of the shape of labels; pixels that are False take no part, whatever they hold, and have gradient 0.
    num_threads: None for ``OMP_NUM_THREADS`` or all usable CPUs; small arrays take one.
"""


@dataclass(frozen=True)
class Pixels:
    """What the kernels are given, and the shape in which the caller wants his gradient."""

    #: The first arguments of every kernel of pixels.
    arguments: tuple[Any, ...]
    samples: int
    classes: int
    dtype: np.dtype[Any]
    num_threads: int
    shape: tuple[int, ...]
    #: Where the classes stand in that shape, if the kernels have them elsewhere.
    moved_axis: int | None

    def restore(self, gradient: Array) -> Array:
        """The gradient as the caller's predictions lie."""
        if self.moved_axis is not None:
            gradient = np.ascontiguousarray(np.moveaxis(gradient, 1, self.moved_axis))
        return gradient.reshape(self.shape)


def pixels_of(
    pred: Any,
    target: Any,
    *,
    axis: int | None = 1,
    from_logits: bool = True,
    activation: Activation | None = None,
    ignore_index: int = -100,
    mask: Any = None,
    num_threads: int | None = None,
) -> Pixels:
    """Check what a loss of segmentation is given; see :data:`INPUTS`."""
    pred = predictions(pred)
    shape = pred.shape
    class_axis = _class_axis(axis, shape)
    label_shape = shape if axis is None else shape[:class_axis] + shape[class_axis + 1 :]
    is_last = 1 < class_axis == pred.ndim - 1
    moved = class_axis if class_axis != 1 and not is_last else None

    def arranged(array: Array) -> Array:
        """As the kernels want it: classes on axis 1, or on the last one."""
        if axis is None:
            return array.reshape(shape[:1] + (1,) + shape[1:])
        return array if moved is None else np.ascontiguousarray(np.moveaxis(array, moved, 1))

    target = as_ndarray(target, "target")
    has_labels = axis is not None and target.shape == label_shape
    if has_labels and target.dtype.kind not in "iub":
        raise TypeError(f"target: expected whole numbers as labels, got dtype {target.dtype}")
    if not has_labels and target.shape != shape:
        or_labels = "" if axis is None else f" or of labels, {label_shape}"
        raise ValueError(f"target: expected the shape of pred, {shape}{or_labels}, got {target.shape}")
    if activation not in _ACTIVATIONS:
        raise ValueError(f"activation: expected 'sigmoid', 'softmax' or None, got {activation!r}")
    if activation is not None and not from_logits:
        raise ValueError(f"activation: expected None with from_logits=False, got {activation!r}")
    if activation is None and from_logits:
        activation = "softmax" if has_labels else "sigmoid"

    pred = arranged(pred)
    labels, same = None, None
    if has_labels:
        is_known = target.dtype in (np.uint8, np.int32, np.int64)
        labels = np.ascontiguousarray(target, dtype=None if is_known else np.int64)
    else:
        same = as_like(arranged(target), pred, "target")
    kept = None
    if mask is not None:
        kept = as_ndarray(mask, "mask")
        if kept.dtype != np.bool_:
            raise TypeError(f"mask: expected bools, got dtype {kept.dtype}")
        if kept.shape != label_shape:
            raise ValueError(f"mask: expected the shape of labels, {label_shape}, got {kept.shape}")
        kept = np.ascontiguousarray(kept).view(np.uint8)
    classes = pred.shape[-1 if is_last else 1]
    if classes == 0:
        raise ValueError(f"pred: expected at least one class, got shape {shape}")
    size = (pred.shape[0], classes, math.prod(label_shape[1:]))
    threads = 1 if pred.size < SERIAL_SIZE and num_threads is None else resolve_num_threads(num_threads)
    arguments = (pred, size, is_last, _ACTIVATIONS[activation], same, labels, int(ignore_index), kept)
    return Pixels(arguments, size[0], classes, pred.dtype, threads, shape, moved)


def _class_axis(axis: int | None, shape: tuple[int, ...]) -> int:
    if axis is None:
        if not shape:
            raise ValueError("pred: expected shape (N, ...), got ()")
        return 1
    if len(shape) < 2 or not -len(shape) <= axis < len(shape) or axis % len(shape) == 0:
        raise ValueError(f"pred: expected samples on axis 0 and classes on axis {axis}, got shape {shape}")
    return axis % len(shape)


def class_places(classes: Sequence[int] | None, count: int) -> Array:
    """Which classes count, checked."""
    if classes is None:
        return np.arange(count)
    places = np.asarray(classes)
    if places.ndim != 1 or places.dtype.kind not in "iu" or places.size == 0:
        raise ValueError(f"classes: expected a sequence of classes, got {classes!r}")
    if places.min() < 0 or places.max() >= count or len(np.unique(places)) != len(places):
        raise ValueError(f"classes: expected distinct classes from 0 to {count - 1}, got {classes!r}")
    return places
