"""Masks as run lengths, with the names and the numbers of pycocotools.mask.

A mask is the dict of COCO files, ``{"size": [height, width], "counts": ...}``. Its runs of equal pixels are read column by
column and begin with background; ``counts`` are the run lengths as a list or an array of integers, or the compressed
string that pycocotools writes, as ``bytes`` or ``str``. What this module returns is compressed, as ``bytes``.

Functions of several masks take a sequence of such dicts and return a list or an array; most take a single dict as well and
then return a single result. All results are those of pycocotools 2.0.11 to the bit; where that library reads or writes out
of bounds, divides by zero or never returns, these functions raise ``ValueError``.
"""

from __future__ import annotations

import operator
from collections.abc import Mapping, Sequence
from typing import Any, TypedDict, cast

import numpy as np
import numpy.typing as npt

from metrix import _core
from metrix._arrays import as_float64, as_ndarray, require_shape
from metrix._boundary_width import boundary_width
from metrix._threads import resolve_num_threads

__all__ = [
    "area",
    "boundary",
    "boundary_iou",
    "decode",
    "encode",
    "from_boxes",
    "from_objects",
    "from_polygons",
    "from_string",
    "iou",
    "merge",
    "to_boxes",
    "to_string",
]


class Mask(TypedDict):
    """A mask as COCO files have it."""

    size: Sequence[int]
    counts: bytes | str | Sequence[int]


class CompressedMask(TypedDict):
    """A mask as this module returns it."""

    size: list[int]
    counts: bytes


def encode(masks: Any, *, num_threads: int | None = None) -> Any:
    """Run lengths of binary images.

    Args:
        masks: bool or uint8, shape (H, W) or (H, W, N), in any memory order: C order costs no more than Fortran order.
            A run starts wherever the byte differs from the one before it, so that a step from 1 to 2 is a border as well;
            for the foreground of an image with other values pass ``image != 0``.
        num_threads: threads over the N images; None for all usable CPUs.

    Returns:
        A dict for shape (H, W), a list of N dicts for shape (H, W, N). An image without pixels has one run, of length 0.

    Raises:
        TypeError: another dtype.
        ValueError: another shape, or an image of 2**32 pixels or more.

    Example:
        >>> encode(np.array([[0, 1, 1], [0, 1, 0]], dtype=np.uint8))
        {'size': [2, 3], 'counts': b'231'}

    Source: ``rleEncode`` of pycocotools 2.0.11 (common/maskApi.c).
    """
    array = as_ndarray(masks, "masks")
    if array.dtype == np.bool_:
        array = array.view(np.uint8)
    if array.dtype != np.uint8:
        raise TypeError(f"masks: expected dtype bool or uint8, got {array.dtype}")
    if array.ndim not in (2, 3):
        raise ValueError(f"masks: expected shape (H, W) or (H, W, N), got {array.shape}")
    if array.shape[0] * array.shape[1] >= 2**32:
        raise ValueError(f"masks: expected fewer than 2**32 pixels per image, got shape {array.shape}")
    images = array[:, :, np.newaxis] if array.ndim == 2 else array
    if images.strides[0] != 1 and images.strides[1] != 1:
        images = np.moveaxis(np.ascontiguousarray(np.moveaxis(images, 2, 0)), 0, 2)
    encoded = _core.masks.encode(images, resolve_num_threads(num_threads))
    return encoded[0] if array.ndim == 2 else encoded


def decode(masks: Any, *, num_threads: int | None = None) -> npt.NDArray[np.uint8]:
    """Pixels of masks, 0 and 1.

    Args:
        masks: a mask dict, or a sequence of N dicts of one size.
        num_threads: threads over the masks; None for all usable CPUs.

    Returns:
        uint8 in Fortran order, shape (H, W) for one dict and (H, W, N) for a sequence; (0, 0, 0) if that is empty.

    Raises:
        ValueError: run lengths that do not sum to H * W, masks of different sizes, 2**32 pixels or more, a malformed mask.
        TypeError: something that is no mask.

    Example:
        >>> decode({"size": [2, 3], "counts": [2, 3, 1]})
        array([[0, 1, 1],
               [0, 1, 0]], dtype=uint8)

    Source: ``rleDecode`` of pycocotools 2.0.11, which leaves pixels uninitialised where run lengths sum to less.
    """
    pixels: npt.NDArray[np.uint8] = _core.masks.decode(_several(masks), resolve_num_threads(num_threads))
    return pixels[:, :, 0] if _is_single(masks) else pixels


def area(masks: Any, *, num_threads: int | None = None) -> Any:
    """Number of foreground pixels of each mask.

    Args:
        masks: a mask dict, or a sequence of N dicts of any sizes.
        num_threads: threads over the masks; None for all usable CPUs.

    Returns:
        uint32, shape (N,); a scalar for one dict. It is the sum of the foreground runs, modulo 2**32, whether or not they
        fit the size.

    Raises:
        ValueError: a malformed mask.
        TypeError: something that is no mask.

    Example:
        >>> area([{"size": [2, 3], "counts": [2, 3, 1]}, {"size": [2, 3], "counts": b"6"}])
        array([3, 0], dtype=uint32)

    Source: ``rleArea`` of pycocotools 2.0.11.
    """
    areas = _core.masks.area(_several(masks), resolve_num_threads(num_threads))
    return areas[0] if _is_single(masks) else areas


def to_boxes(masks: Any, *, num_threads: int | None = None) -> npt.NDArray[np.float64]:
    """The box around the foreground of each mask: x, y, width, height in pixels.

    Args:
        masks: a mask dict, or a sequence of N dicts of any sizes.
        num_threads: threads over the masks; None for all usable CPUs.

    Returns:
        float64, shape (N, 4); (4,) for one dict. A mask without foreground gives zeros. The arithmetic is the reference's
        in 32 bits: if there are foreground runs, but all of length 0, the box is x = W, y = H, 1 - W, 1 - H modulo 2**32.

    Raises:
        ValueError: a foreground pixel in a mask of height 0, or a malformed mask.
        TypeError: something that is no mask.

    Example:
        >>> to_boxes({"size": [2, 3], "counts": [2, 3, 1]})
        array([1., 0., 2., 2.])

    Source: ``rleToBbox`` of pycocotools 2.0.11.
    """
    boxes: npt.NDArray[np.float64] = _core.masks.to_boxes(_several(masks), resolve_num_threads(num_threads))
    return boxes[0] if _is_single(masks) else boxes


def iou(
    detections: Any, ground_truth: Any, *, crowd: Any = None, num_threads: int | None = None
) -> npt.NDArray[np.float64]:
    """Intersection over union of each detection with each ground truth.

    With a crowd, which stands for any part of itself, the intersection is divided by the area of the detection instead.

    Args:
        detections: a sequence of D mask dicts.
        ground_truth: a sequence of G mask dicts.
        crowd: bool or integers, shape (G,): which ground truths are crowds. None: none of them.
        num_threads: threads over the detections; None for all usable CPUs.

    Returns:
        float64, shape (D, G). 0 where the boxes of two masks do not overlap, or nothing is shared; else -1 where their
        sizes differ.

    Raises:
        ValueError: run lengths of two masks of one size, with overlapping boxes, that do not sum to the same total;
            ``crowd`` of another length; a malformed mask.
        TypeError: something that is no mask.

    Example:
        >>> one, other = {"size": [2, 3], "counts": [2, 3, 1]}, {"size": [2, 3], "counts": [0, 4, 2]}
        >>> iou([one], [other, other], crowd=[False, True])
        array([[0.4       , 0.66666667]])

    Source: ``rleIou`` of pycocotools 2.0.11.
    """
    detections, ground_truth = _sequence(detections, "detections"), _sequence(ground_truth, "ground_truth")
    flags = as_ndarray(np.zeros(len(ground_truth), dtype=bool) if crowd is None else crowd, "crowd")
    if flags.size > 0 and flags.dtype.kind not in "biu":
        raise TypeError(f"crowd: expected bool or integers, got dtype {flags.dtype}")
    require_shape(flags, "crowd", (len(ground_truth),))
    overlaps: npt.NDArray[np.float64] = _core.masks.iou(
        detections, ground_truth, (flags != 0).astype(np.uint8), resolve_num_threads(num_threads)
    )
    return overlaps


def boundary(
    masks: Any, dilation_ratio: float = 0.02, *, dilation_pixels: int | None = None, num_threads: int | None = None
) -> Any:
    """The boundary of each mask: its foreground near the background, or near the edge of the canvas.

    Args:
        masks: a mask dict, a sequence of N dicts of any sizes, or pixels of shape (H, W) or (H, W, N), of which all but 0
            are foreground.
        dilation_ratio: how far a boundary reaches inwards, as a part of the canvas's diagonal. The product is rounded to
            pixels, halves to even, and is at least 1.
        dilation_pixels: how far it reaches in pixels, instead; at least 1.
        num_threads: threads over the masks; None for all usable CPUs.

    Returns:
        A dict for one mask, else a list of N dicts: the pixels from which the background, or the outside of the canvas,
        is reached in at most that many steps to one of the eight neighbours. Of a mask without foreground, or without
        pixels, this is the mask.

    Raises:
        ValueError: run lengths that do not sum to H * W, 2**32 pixels or more, a malformed mask, a negative ratio or one
            that is not finite.
        TypeError: something that is no mask, pixels that are not numbers.

    Example:
        >>> square = np.ones((5, 5), dtype=bool)
        >>> decode(boundary(square))
        array([[1, 1, 1, 1, 1],
               [1, 0, 0, 0, 1],
               [1, 0, 0, 0, 1],
               [1, 0, 0, 0, 1],
               [1, 1, 1, 1, 1]], dtype=uint8)

    Source: B. Cheng et al., Boundary IoU, 2021; ``mask_to_boundary`` of boundary-iou-api 37d2558.
    """
    if not _is_single(masks) and (hasattr(masks, "__array__") or hasattr(masks, "__dlpack__")):
        masks = encode(_foreground(masks), num_threads=num_threads)
    ratio, pixels = boundary_width(dilation_ratio, dilation_pixels)
    boundaries = _core.masks.boundary(_several(masks), ratio, pixels, resolve_num_threads(num_threads))
    return boundaries[0] if _is_single(masks) else boundaries


def boundary_iou(
    detections: Any,
    ground_truth: Any,
    dilation_ratio: float = 0.02,
    *,
    dilation_pixels: int | None = None,
    crowd: Any = None,
    num_threads: int | None = None,
) -> npt.NDArray[np.float64]:
    """Intersection over union of the boundaries of each detection and each ground truth.

    Composed from ``boundary`` and ``iou``. An evaluation takes the lesser of this and of the IoU of the masks.

    Args:
        detections: a sequence of D mask dicts, or pixels of shape (H, W, D).
        ground_truth: a sequence of G mask dicts, or pixels of shape (H, W, G).
        dilation_ratio, dilation_pixels: as ``boundary``.
        crowd: as ``iou``.
        num_threads: threads over the masks; None for all usable CPUs.

    Returns:
        float64, shape (D, G), with the conventions of ``iou``.

    Raises:
        ValueError: as ``boundary`` and ``iou``.
        TypeError: as ``boundary`` and ``iou``.

    Example:
        >>> squares = np.zeros((9, 9, 2), dtype=bool)
        >>> squares[:8, :8, 0] = squares[1:, 1:, 1] = True
        >>> boundary_iou(squares[:, :, :1], squares).round(3)
        array([[1.   , 0.037]])

    Source: B. Cheng et al., Boundary IoU, 2021; boundary-iou-api 37d2558.
    """
    sides = [
        boundary(
            as_ndarray(masks, name) if hasattr(masks, "__dlpack__") else _sequence(masks, name),
            dilation_ratio,
            dilation_pixels=dilation_pixels,
            num_threads=num_threads,
        )
        for masks, name in ((detections, "detections"), (ground_truth, "ground_truth"))
    ]
    return iou(*sides, crowd=crowd, num_threads=num_threads)


def merge(masks: Any, *, intersect: bool = False) -> CompressedMask:
    """Union, or intersection, of masks of one size.

    Args:
        masks: a sequence of mask dicts.
        intersect: keep what all masks have instead of what any has.

    Returns:
        The mask as a dict. Of no masks, or of masks of different sizes, ``{"size": [0, 0], "counts": b""}``.

    Raises:
        ValueError: run lengths that do not sum to the same total, or of more runs than pixels; a mask without any runs; a
            malformed mask.
        TypeError: something that is no mask.

    Example:
        >>> merge([{"size": [2, 3], "counts": [2, 3, 1]}, {"size": [2, 3], "counts": [0, 1, 5]}])
        {'size': [2, 3], 'counts': b'01120'}

    Source: ``rleMerge`` of pycocotools 2.0.11.
    """
    merged = _core.masks.merge(_sequence(masks, "masks"), bool(intersect))
    return cast(CompressedMask, merged)


def from_polygons(polygons: Any, height: int, width: int, *, num_threads: int | None = None) -> list[CompressedMask]:
    """The mask inside each polygon.

    Args:
        polygons: a sequence of N polygons, each x0, y0, x1, y1, ... in pixels as numbers or as an array of shape (K,) or
            (K, 2). The pixel in the first column and row covers 0 to 1. A polygon is closed by itself; the even-odd rule
            decides what is inside; fewer than 3 points and a last lone coordinate are allowed.
        height, width: size of the masks.
        num_threads: threads over the polygons; None for all usable CPUs.

    Returns:
        A list of N dicts; ``merge`` unites the parts of one object. What lies outside of the image is cut off.

    Raises:
        ValueError: a coordinate that is not finite or beyond 2e8 pixels, 2**32 pixels or more, a border at or beyond pixel
            2**31, more than 2**26 borders.
        TypeError: sizes that are not integers.

    Example:
        >>> from_polygons([[1, 0, 3, 0, 3, 2, 1, 2]], 2, 4)
        [{'size': [2, 4], 'counts': b'242'}]

    Source: ``rleFrPoly`` of pycocotools 2.0.11, which rounds to fifths of a pixel.
    """
    h, w = _side(height, "height"), _side(width, "width")
    masks: list[CompressedMask] = _core.masks.from_polygons(
        list(_sequence(polygons, "polygons")), h, w, resolve_num_threads(num_threads)
    )
    return masks


def from_boxes(boxes: Any, height: int, width: int, *, num_threads: int | None = None) -> list[CompressedMask]:
    """The mask inside each box, as the polygon of its corners.

    Composed from the kernel of ``from_polygons``.

    Args:
        boxes: shape (N, 4): x, y, width, height in pixels.
        height, width: size of the masks.
        num_threads: threads over the boxes; None for all usable CPUs.

    Returns:
        A list of N dicts.

    Raises:
        ValueError: as ``from_polygons``.
        TypeError: boxes that are not real numbers, sizes that are not integers.

    Example:
        >>> from_boxes([[1, 0, 2, 2]], 2, 4)
        [{'size': [2, 4], 'counts': b'242'}]

    Source: ``rleFrBbox`` of pycocotools 2.0.11.
    """
    h, w = _side(height, "height"), _side(width, "width")
    rows = as_float64(boxes, "boxes", (None, 4))
    masks: list[CompressedMask] = _core.masks.from_boxes(rows, h, w, resolve_num_threads(num_threads))
    return masks


def from_objects(objects: Any, height: int, width: int, *, num_threads: int | None = None) -> Any:
    """Masks of whatever stands in the ``segmentation`` of a COCO file.

    Composed from ``from_polygons``, ``from_boxes`` and ``to_string``.

    Args:
        objects: decided by its first element, as the reference does:
            an array of shape (N, 4), or a list of lists of 4 numbers: boxes;
            a list of lists of more numbers: polygons (what follows the first may have any length);
            a list of dicts: masks, compressed or not, whose own size counts.
            Also a single box, polygon or dict.
        height, width: size of the masks, but for dicts.
        num_threads: threads over the objects; None for all usable CPUs.

    Returns:
        A list of dicts; a dict for a single object. ``merge`` unites the parts of one object.

    Raises:
        ValueError: a first list of fewer than 4 numbers; boxes and polygons mixed after a box; as the other functions.
        TypeError: something else.

    Example:
        >>> from_objects({"size": [2, 4], "counts": [2, 4, 2]}, 2, 4)
        {'size': [2, 4], 'counts': b'242'}
        >>> from_objects([[1, 0, 2, 2]], 2, 4)
        [{'size': [2, 4], 'counts': b'242'}]

    Source: ``frPyObjects`` of pycocotools 2.0.11. Lists of boxes and single boxes and polygons are described there, but
    fail.
    """
    if isinstance(objects, Mapping):
        return from_objects([objects], height, width, num_threads=num_threads)[0]
    if isinstance(objects, np.ndarray) and objects.ndim == 2:
        return from_boxes(objects, height, width, num_threads=num_threads)
    items = list(_sequence(objects, "objects"))
    if not items:
        return []
    first = items[0]
    if isinstance(first, Mapping):
        return _core.masks.compress(items, resolve_num_threads(num_threads))
    if isinstance(first, (int, float, np.number)):
        return from_objects([items], height, width, num_threads=num_threads)[0]
    if not isinstance(first, (Sequence, np.ndarray)) or isinstance(first, (str, bytes)):
        raise TypeError(
            f"objects[0]: expected a mask dict, a sequence of numbers or a number, got {type(first).__name__}"
        )
    if len(first) < 4:
        raise ValueError(f"objects[0]: expected 4 numbers (a box) or more (a polygon), got {len(first)}")
    if len(first) > 4:
        return from_polygons(items, height, width, num_threads=num_threads)
    for i, box in enumerate(items):
        if np.shape(box) != (4,):
            raise ValueError(f"objects[{i}]: expected a box of 4 numbers as objects[0], got shape {np.shape(box)}")
    return from_boxes(items, height, width, num_threads=num_threads)


def to_string(counts: Any) -> bytes:
    """Run lengths to the compressed string of COCO files.

    Args:
        counts: integers from 0 to 2**32 - 1, shape (N,).

    Returns:
        The string: 5 bits per character, from the fourth run on as the difference to the run two before.

    Raises:
        ValueError: a number that is negative or too large.
        TypeError: something else than integers.

    Example:
        >>> to_string([2, 3, 1])
        b'231'

    Source: ``rleToString`` of pycocotools 2.0.11.
    """
    runs = as_ndarray(counts, "counts")
    if runs.size == 0:
        runs = np.zeros(0, dtype=np.uint32)
    if runs.dtype.kind not in "biu":
        raise TypeError(f"counts: expected integers, got dtype {runs.dtype}")
    require_shape(runs, "counts", (None,))
    bad = np.flatnonzero((runs < 0) | (runs > np.iinfo(np.uint32).max))
    if bad.size > 0:
        raise ValueError(f"counts[{bad[0]}]: expected a number from 0 to 4294967295, got {runs[bad[0]]}")
    text: bytes = _core.masks.to_string(np.ascontiguousarray(runs, dtype=np.uint32))
    return text


def from_string(text: bytes | str) -> npt.NDArray[np.uint32]:
    """Run lengths in a compressed string of COCO files.

    Args:
        text: the string. Of a character outside of those that ``to_string`` writes, the six low bits of its code less 48
            count, and a character 0 ends the string, as in the reference.

    Returns:
        uint32, shape (N,); numbers modulo 2**32.

    Raises:
        ValueError: a string that ends within a number, or a number of more than 7 characters.
        TypeError: neither bytes nor str.

    Example:
        >>> from_string("231")
        array([2, 3, 1], dtype=uint32)

    Source: ``rleFrString`` of pycocotools 2.0.11.
    """
    if not isinstance(text, (bytes, str)):
        raise TypeError(f"text: expected bytes or str, got {type(text).__name__}")
    # The generated stub knows str alone; the binding takes bytes as well.
    runs: npt.NDArray[np.uint32] = _core.masks.from_string(cast(str, text))
    return runs


def _foreground(pixels: Any) -> npt.NDArray[np.bool_]:
    array = as_ndarray(pixels, "masks")
    if array.dtype.kind not in "biuf":
        raise TypeError(f"masks: expected mask dicts or numbers, got dtype {array.dtype}")
    return array if array.dtype == np.bool_ else array != 0


def _is_single(masks: Any) -> bool:
    return isinstance(masks, Mapping)


def _several(masks: Any) -> Any:
    return [masks] if _is_single(masks) else masks


def _sequence(values: Any, name: str) -> Any:
    if isinstance(values, (Mapping, str, bytes)) or not hasattr(values, "__len__"):
        raise TypeError(f"{name}: expected a sequence, got {type(values).__name__}")
    return values


def _side(value: Any, name: str) -> int:
    try:
        side = operator.index(value)
    except TypeError:
        raise TypeError(f"{name}: expected an int, got {type(value).__name__}") from None
    if not 0 <= side < 2**32:
        raise ValueError(f"{name}: expected an int from 0 to 4294967295, got {side}")
    return side
