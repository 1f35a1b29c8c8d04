"""``pycocotools.mask``: run-length masks, with the reference's input, output and exceptions.

No kernel: composed from ``metrix.masks`` and ``metrix.boxes``, whose own functions take more kinds of input.

A mask is ``{"size": [height, width], "counts": text or bytes}``. Functions of masks take a list and return a list or an
array, or take a single mask and return a single result.

Where the reference reads or writes out of bounds, leaves pixels uninitialised or never returns (text that ends within a
number, run lengths that do not fill the image, ``decode([])``, coordinates that are not finite), these functions raise
ValueError, or return an empty array. Arrays of boxes are taken by rows and columns, whatever the memory order;
the reference reads them as if in C order.

Example:
    >>> import numpy as np
    >>> from metrix.compat.pycocotools import mask as maskUtils
    >>> rle = maskUtils.encode(np.asfortranarray([[0, 1, 1], [0, 1, 0]], dtype=np.uint8))
    >>> rle
    {'size': [2, 3], 'counts': b'231'}
    >>> int(maskUtils.area(rle)), maskUtils.toBbox(rle).tolist()
    (3, [1.0, 0.0, 2.0, 2.0])

Source: pycocotools 2.0.11, ``mask.py`` and ``_mask.pyx``.
"""

from __future__ import annotations

from typing import Any

from metrix.compat.pycocotools import _mask

__author__ = "tsungyi"

iou = _mask.iou
merge = _mask.merge
frPyObjects = _mask.frPyObjects


def encode(bimask: Any) -> Any:
    """Run lengths of a uint8 or bool image of shape (H, W), or of images of shape (H, W, N) in Fortran order; else None."""
    if len(bimask.shape) == 3:
        return _mask.encode(bimask)
    if len(bimask.shape) == 2:
        return _mask.encode(bimask.reshape((*bimask.shape, 1), order="F"))[0]
    return None


def decode(rleObjs: Any) -> Any:
    """Pixels, uint8 in Fortran order: shape (H, W, N) of a list of masks of one size, (H, W) of a single one."""
    return _mask.decode(rleObjs) if type(rleObjs) is list else _mask.decode([rleObjs])[:, :, 0]


def area(rleObjs: Any) -> Any:
    """Number of foreground pixels: uint32 of shape (N,) of a list, a scalar of a single mask."""
    return _mask.area(rleObjs) if type(rleObjs) is list else _mask.area([rleObjs])[0]


def toBbox(rleObjs: Any) -> Any:
    """Box x, y, width, height: float64 of shape (N, 4) of a list, (4,) of a single mask."""
    return _mask.toBbox(rleObjs) if type(rleObjs) is list else _mask.toBbox([rleObjs])[0]
