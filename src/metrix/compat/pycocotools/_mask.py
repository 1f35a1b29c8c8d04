"""What ``pycocotools._mask`` offers, over :mod:`metrix.masks`: the checks and exceptions of the reference, our kernels.

No kernel: composed from ``metrix.masks`` and ``metrix.boxes``.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from metrix import boxes, masks

Rle = dict[str, Any]


def encode(mask: Any) -> list[Rle]:
    """Run lengths of binary images: uint8 or bool, shape (H, W, N), in Fortran order."""
    if not isinstance(mask, np.ndarray):
        raise TypeError(f"Argument 'mask' has incorrect type (expected numpy.ndarray, got {type(mask).__name__})")
    if mask.dtype == np.bool_:
        mask = mask.view(np.uint8)
    _require_buffer(mask, np.dtype(np.uint8), 3)
    if not mask.flags.f_contiguous:
        raise ValueError("ndarray is not Fortran contiguous")
    encoded: list[Rle] = masks.encode(mask)
    return encoded


def decode(rleObjs: Any) -> npt.NDArray[np.uint8]:
    """Pixels of masks of one size: uint8, shape (H, W, N), in Fortran order."""
    return masks.decode(_compressed(rleObjs))


def merge(rleObjs: Any, intersect: Any = 0) -> Rle:
    """Union or intersection of masks of one size."""
    return dict(masks.merge(_compressed(rleObjs), intersect=bool(_integer(intersect))))


def area(rleObjs: Any) -> npt.NDArray[np.uint32]:
    """Number of foreground pixels of each mask: uint32, shape (N,)."""
    areas: npt.NDArray[np.uint32] = masks.area(_compressed(rleObjs))
    return areas


def toBbox(rleObjs: Any) -> npt.NDArray[np.float64]:
    """The box x, y, width, height around each mask: float64, shape (N, 4)."""
    return masks.to_boxes(_compressed(rleObjs))


def iou(dt: Any, gt: Any, pyiscrowd: Any) -> Any:
    """Overlap of each detection with each ground truth: float64, shape (D, G), in Fortran order; ``[]`` if a side is empty.

    Both sides are boxes, as an (N, 4) array or a list of four numbers each, or both are lists of run lengths.
    """
    crowd = np.array(pyiscrowd, dtype=np.uint8)
    _require_buffer(crowd, crowd.dtype, 1)
    dt, gt = _comparable(dt), _comparable(gt)
    assert len(pyiscrowd) == len(gt), "iou(iscrowd=) must have the same length as gt"
    if len(dt) == 0 or len(gt) == 0:
        return []
    if type(dt) is not type(gt):
        raise Exception("The dt and gt should have the same data type, either RLEs, list or np.ndarray")
    if isinstance(dt, np.ndarray):
        return np.asfortranarray(boxes.box_iou(dt, gt, fmt="xywh", crowd=crowd))
    return np.asfortranarray(masks.iou(dt, gt, crowd=crowd))


def _comparable(objs: Any) -> Any:
    """One side of :func:`iou` as a float64 array of boxes or a list of run lengths; an empty one as it came."""
    if len(objs) == 0:
        return objs
    if type(objs) is np.ndarray:
        if objs.ndim == 1:
            objs = objs.reshape((objs[0], 1))  # as in the reference, where a flat array of four numbers is no box
        if objs.ndim != 2 or objs.shape[1] != 4:
            raise Exception("numpy ndarray input is only for *bounding boxes* and should have Nx4 dimension")
        return objs.astype(np.float64)
    if type(objs) is not list:
        raise Exception(
            "unrecognized type.  The following type: RLEs (rle), np.ndarray (box), and list (box) are supported."
        )
    if all(len(obj) == 4 and type(obj) in (list, np.ndarray) for obj in objs):
        return np.array(objs, dtype=np.float64)
    if all(type(obj) is dict for obj in objs):
        return _compressed(objs)
    raise Exception("list input can be bounding box (Nx4) or RLEs ([RLE])")


def frBbox(bb: Any, h: Any, w: Any) -> list[Rle]:
    """The mask inside each box of a float64 array of shape (N, 4)."""
    if not isinstance(bb, np.ndarray):
        raise TypeError(f"Argument 'bb' has incorrect type (expected numpy.ndarray, got {type(bb).__name__})")
    _require_buffer(bb, np.dtype(np.float64), 2)
    return [dict(mask) for mask in masks.from_boxes(bb, _side(h), _side(w))]


def frPoly(poly: Any, h: Any, w: Any) -> list[Rle]:
    """The mask inside each polygon, a flat list of x, y, x, y, ..."""
    corners = [np.array(points, dtype=np.float64) for points in poly]
    for points in corners:
        _require_buffer(points, points.dtype, 1)
    return [dict(mask) for mask in masks.from_polygons(corners, _side(h), _side(w))]


def frUncompressedRLE(ucRles: Any, h: Any, w: Any) -> list[Rle]:
    """Masks whose run lengths are lists of numbers, in the compressed form; of their own size, not of h and w."""
    _side(h), _side(w)
    compressed = []
    for rle in ucRles:
        counts = np.array(rle["counts"], dtype=np.uint32)
        _require_buffer(counts, counts.dtype, 1)
        size = [_side(rle["size"][0]), _side(rle["size"][1])]
        compressed.append({"size": size, "counts": masks.to_string(counts)})
    return compressed


def frPyObjects(pyobj: Any, h: Any, w: Any) -> Any:
    """Run lengths of an (N, 4) array of boxes, a list of polygons, or one or more uncompressed masks.

    Raises:
        TypeError: for a list of boxes, and for a single box or polygon, as the reference does.
        Exception: for anything else.
    """
    if type(pyobj) is np.ndarray:
        return frBbox(pyobj, h, w)
    if type(pyobj) is list:
        first = pyobj[0]
        if len(first) == 4:
            return frBbox(pyobj, h, w)
        if len(first) > 4:
            return frPoly(pyobj, h, w)
        if _is_uncompressed(first):
            return frUncompressedRLE(pyobj, h, w)
        if len(pyobj) == 4:
            return frBbox([pyobj], h, w)[0]
        if len(pyobj) > 4:
            return frPoly([pyobj], h, w)[0]
    elif _is_uncompressed(pyobj):
        return frUncompressedRLE([pyobj], h, w)[0]
    raise Exception("input type is not supported.")


def _is_uncompressed(value: Any) -> bool:
    return type(value) is dict and "counts" in value and "size" in value


def _compressed(rleObjs: Any) -> list[Rle]:
    """Masks whose ``counts`` are text or bytes; the reference takes nothing else where it computes with masks."""
    found = []
    for rle in rleObjs:
        counts = rle["counts"]
        if type(counts) is str:
            counts = counts.encode()
        if not isinstance(counts, bytes):
            raise TypeError(f"expected bytes, {type(counts).__name__} found")
        found.append({"size": [_side(rle["size"][0]), _side(rle["size"][1])], "counts": counts})
    return found


def _integer(value: Any) -> int:
    if isinstance(value, (str, bytes)):
        raise TypeError(f"an integer is required, got {type(value).__name__}")
    return int(value)  # floats are cut, as the reference cuts them


def _side(value: Any) -> int:
    side = _integer(value)
    if side < 0:
        raise OverflowError("can't convert negative value to a size of masks")
    return side


def _require_buffer(array: npt.NDArray[Any], dtype: np.dtype[Any], ndim: int) -> None:
    if array.ndim != ndim:
        raise ValueError(f"Buffer has wrong number of dimensions (expected {ndim}, got {array.ndim})")
    if array.dtype != dtype:
        raise ValueError(f"Buffer dtype mismatch, expected '{dtype}' but got '{array.dtype}'")
