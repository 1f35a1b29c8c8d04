"""Distances in pictures and volumes: to the nearest background, and between the surfaces of masks."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from metrix import _core
from metrix._arrays import as_ndarray
from metrix._surface_metrics import SurfaceMetrics
from metrix._surfaces import (
    Direction,
    Empty,
    Spacing,
    Surface,
    SurfaceDistances,
    axis_sizes,
    boundary_f1,
    measured,
)
from metrix._threads import resolve_num_threads

__all__ = [
    "SurfaceDistances",
    "SurfaceMetrics",
    "average_surface_distance",
    "boundary_f1_score",
    "distance_transform_edt",
    "hausdorff_distance",
    "surface_dice",
    "surface_distances",
]


def distance_transform_edt(
    mask: Any, *, spacing: Spacing = None, num_threads: int | None = None
) -> npt.NDArray[np.float64]:
    """The Euclidean distance of each element to the nearest one that is 0, exactly.

    Args:
        mask: (H, W) or (D, H, W) of any dtype; also one axis, (W,). What is not 0 is foreground; what is 0 has distance 0.
        spacing: size of a pixel along each axis, above 0; one number for all axes. None: 1, and squares of distances are
            whole numbers, without any rounding.
        num_threads: None for ``OMP_NUM_THREADS`` or all usable CPUs.

    Returns:
        float64 distances of the shape of ``mask``, in the units of ``spacing``.

    Conventions:
        Empty: an empty mask has an empty result. Without any background all distances are infinite, where SciPy returns
        distances to a place outside the array. The edge of the array is no background: pad with 0 where it should be.
        NaN is not 0, so it is foreground. The same bits for any number of threads and any instruction set.

    Raises:
        ValueError: for more than three axes or none, and a spacing that is not above 0 or not one for each axis.

    Example:
        >>> import numpy as np
        >>> from metrix.distances import distance_transform_edt
        >>> distance_transform_edt([[0, 1, 1], [0, 1, 1], [1, 1, 1]])
        array([[0.        , 1.        , 2.        ],
               [0.        , 1.        , 2.        ],
               [1.        , 1.41421356, 2.23606798]])

    Source:
        The definition, and scipy.ndimage.distance_transform_edt (its ``sampling`` is this ``spacing``); the way it is
        worked out: P. Felzenszwalb and D. Huttenlocher, Distance transforms of sampled functions, 2012.
    """
    array = as_ndarray(mask, "mask")
    if not 1 <= array.ndim <= 3:
        raise ValueError(f"mask: expected one to three axes, got shape {array.shape}")
    if array.dtype != np.bool_ and array.dtype != np.uint8:
        array = array != 0
    sizes = axis_sizes(spacing, array.ndim)
    padding = 3 - array.ndim
    volume = np.ascontiguousarray(array).view(np.uint8).reshape((1,) * padding + array.shape)
    threads = resolve_num_threads(num_threads) if array.size > 1 << 14 else 1
    answer = _core.distances.distance_transform_edt(volume, [*(1.0,) * padding, *sizes], threads)
    return answer.reshape(array.shape)


def surface_distances(
    y_true: Any,
    y_pred: Any,
    *,
    spacing: Spacing = None,
    surface: Surface = "inner",
    num_threads: int | None = None,
) -> SurfaceDistances:
    """Distances between the surfaces of two masks, worked out once for all that is made of them.

    Args:
        y_true, y_pred: (H, W) or (D, H, W) masks of any dtype; what is not 0 is inside.
        spacing: size of an element along each axis, above 0; one number for all axes. None: 1.
        surface: "inner": elements of the mask with a neighbour along an axis that is outside of it, or of the array (SciPy's
            erosion, MONAI, medpy). "surfels": pieces of surface between elements, at corners, with their lengths or areas
            (deepmind's surface-distance), which do not depend on how finely the mask is sampled.
        num_threads: None for ``OMP_NUM_THREADS`` or all usable CPUs.

    Returns:
        An object with the distances ``true_to_pred`` and ``pred_to_true``, sizes of elements, and methods named as the
        functions of this module: ``hausdorff_distance``, ``average_surface_distance``, ``surface_dice``.

    Conventions:
        Where the other surface is empty, distances are infinite. NaN is inside. The same bits for any number of threads.

    Raises:
        ValueError: for shapes that differ or have not two or three axes, and a spacing that is not above 0.

    Example:
        >>> from metrix.distances import surface_distances
        >>> found = surface_distances([[0, 0, 0], [1, 1, 0]], [[0, 0, 0], [1, 1, 1]])
        >>> found.pred_to_true
        array([0., 0., 1.])
        >>> found.hausdorff_distance(), found.surface_dice(tolerance=0)
        (1.0, 0.8)

    Source:
        S. Nikolov et al., Deep learning to achieve clinically applicable segmentation, 2018 (surfels); T. Heimann et al.,
        Comparison and evaluation of methods for liver segmentation, 2009.
    """
    return measured(y_true, y_pred, spacing, surface, num_threads)


def hausdorff_distance(
    y_true: Any,
    y_pred: Any,
    *,
    percentile: float = 100,
    direction: Direction = "both",
    pooled: bool = False,
    spacing: Spacing = None,
    surface: Surface = "inner",
    empty: Empty = "inf",
    num_threads: int | None = None,
) -> float:
    """How far the surfaces of two masks are apart at most; with ``percentile=95`` HD95.

    The larger of both directions' percentiles of distances from one surface to the other. Packages differ in HD95: that of
    MONAI is this with ``surface="inner"``, linear between distances; that of deepmind with ``"surfels"``, by areas and in
    steps; that of medpy takes the percentile of both directions together, ``pooled=True``, and is less.

    Composed from :func:`surface_distances`, which also gives several metrics at once.

    Args:
        y_true, y_pred, spacing, surface, num_threads: as in :func:`surface_distances`.
        percentile: from 0 to 100; 100 is the maximum.
        direction: "both", "true_to_pred" or "pred_to_true".
        pooled: take distances of both directions together.
        empty: what comes of one empty mask: "inf", "nan", "diagonal" (of the array) or a number.

    Conventions:
        Both masks empty: NaN. One empty: infinite by default for any percentile. Where it is NaN and NaN is left out of
        averages, as in MONAI, HD95 gets better the more a model misses.

    Example:
        >>> from metrix.distances import hausdorff_distance
        >>> hausdorff_distance([[1, 1, 0, 0]], [[1, 1, 1, 1]])
        2.0
        >>> hausdorff_distance([[1, 1, 0, 0]], [[0, 0, 0, 0]])
        inf

    Source:
        D. Huttenlocher et al., Comparing images using the Hausdorff distance, 1993; MONAI 1.6 for HD95.
    """
    found = surface_distances(y_true, y_pred, spacing=spacing, surface=surface, num_threads=num_threads)
    return found.hausdorff_distance(percentile=percentile, direction=direction, pooled=pooled, empty=empty)


def average_surface_distance(
    y_true: Any,
    y_pred: Any,
    *,
    direction: Direction = "both",
    pooled: bool = True,
    spacing: Spacing = None,
    surface: Surface = "inner",
    empty: Empty = "inf",
    num_threads: int | None = None,
) -> float:
    """Mean distance between the surfaces of two masks (ASSD); of one direction: ASD.

    Composed from :func:`surface_distances`, which also gives several metrics at once.

    Args:
        y_true, y_pred, spacing, surface, num_threads: as in :func:`surface_distances`.
        direction: "both", "true_to_pred" or "pred_to_true" (MONAI's when it is not symmetric).
        pooled: the mean of all distances of both directions (Heimann, MONAI); False: the mean of both means. By areas if
            ``surface="surfels"``.
        empty: what comes of one empty mask: "inf", "nan", "diagonal" (of the array) or a number.

    Conventions:
        Both masks empty: NaN.

    Example:
        >>> from metrix.distances import average_surface_distance
        >>> average_surface_distance([[1, 1, 0, 0]], [[1, 1, 1, 1]])
        0.5
        >>> average_surface_distance([[1, 1, 0, 0]], [[1, 1, 1, 1]], pooled=False)
        0.375

    Source:
        T. Heimann et al., Comparison and evaluation of methods for liver segmentation, 2009.
    """
    found = surface_distances(y_true, y_pred, spacing=spacing, surface=surface, num_threads=num_threads)
    return found.average_surface_distance(direction=direction, pooled=pooled, empty=empty)


def surface_dice(
    y_true: Any,
    y_pred: Any,
    *,
    tolerance: float,
    spacing: Spacing = None,
    surface: Surface = "surfels",
    num_threads: int | None = None,
) -> float:
    """Part of both surfaces that lies within a tolerance of the other (NSD), from 0 to 1.

    Composed from :func:`surface_distances`, which also gives several metrics at once.

    Args:
        y_true, y_pred, spacing, surface, num_threads: as in :func:`surface_distances`. "surfels" weighs by area (deepmind,
            MONAI's ``use_subvoxels=True``), "inner" counts elements (MONAI by default).
        tolerance: the largest distance that is no error, >= 0, in units of ``spacing``.

    Conventions:
        One mask empty: 0. Both empty: NaN.

    Example:
        >>> from metrix.distances import surface_dice
        >>> surface_dice([[1, 1, 0, 0]], [[1, 1, 1, 1]], tolerance=1, surface="inner")
        0.8333333333333334

    Source:
        S. Nikolov et al., Deep learning to achieve clinically applicable segmentation, 2018.
    """
    found = surface_distances(y_true, y_pred, spacing=spacing, surface=surface, num_threads=num_threads)
    return found.surface_dice(tolerance=tolerance)


def boundary_f1_score(
    y_true: Any,
    y_pred: Any,
    *,
    definition: Literal["bfscore", "davis"] = "bfscore",
    tolerance: float | None = None,
    num_classes: int | None = None,
    num_threads: int | None = None,
) -> Any:
    """F1 of boundaries that match within a tolerance, from 0 to 1.

    ``2 P R / (P + R)``, with P the part of predicted boundary pixels at most ``tolerance`` away from a true one, and R the
    part of true ones at most that far from a predicted one.

    Composed from the kernel of :func:`surface_distances`.

    Args:
        y_true, y_pred: (H, W) masks of any dtype; or label maps, with ``num_classes``.
        definition: "bfscore" (Csurka; MATLAB): pixels of the mask with a neighbour along an axis that is outside of it or of
            the picture, within 0.75 % of the diagonal. "davis": pixels unlike the next one to the right, below or across,
            within 0.8 % of the diagonal rounded up to whole pixels.
        tolerance: in pixels, instead.
        num_classes: classes 0 .. num_classes - 1 of label maps, each scored by itself.
        num_threads: None for ``OMP_NUM_THREADS`` or all usable CPUs.

    Returns:
        A number, or with ``num_classes`` an array (C,); ``numpy.nanmean`` of it is the mean over classes that occur.

    Conventions:
        One boundary empty: 0. Both empty: NaN for "bfscore", 1 for "davis". A distance equal to the tolerance matches; some
        packages ask for less.

    Raises:
        ValueError: for shapes that differ or are not (H, W), and a tolerance below 0.

    Example:
        >>> from metrix.distances import boundary_f1_score
        >>> boundary_f1_score([[1, 1, 0, 0]], [[1, 1, 1, 1]], tolerance=1)
        0.8571428571428571

    Source:
        G. Csurka et al., What is a good evaluation measure for semantic segmentation?, 2013; F. Perazzi et al., A benchmark
        dataset and evaluation methodology for video object segmentation, 2016, and its code.
    """
    if definition not in ("bfscore", "davis"):
        raise ValueError(f"definition: expected 'bfscore' or 'davis', got {definition!r}")
    if num_classes is not None:
        sides = as_ndarray(y_true, "y_true"), as_ndarray(y_pred, "y_pred")
        options: dict[str, Any] = {"definition": definition, "tolerance": tolerance, "num_threads": num_threads}
        return np.array(
            [boundary_f1_score(*(side == label for side in sides), **options) for label in range(num_classes)]
        )
    return boundary_f1(y_true, y_pred, definition, tolerance, num_threads)
