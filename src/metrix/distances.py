"""Distances in pictures and volumes: of each element to the nearest background."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from metrix import _core
from metrix._arrays import as_ndarray
from metrix._threads import resolve_num_threads


def distance_transform_edt(
    mask: Any, *, spacing: float | Sequence[float] | None = None, num_threads: int | None = None
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
    sizes = _spacing(spacing, array.ndim)
    padding = 3 - array.ndim
    volume = np.ascontiguousarray(array).view(np.uint8).reshape((1,) * padding + array.shape)
    threads = resolve_num_threads(num_threads) if array.size > 1 << 14 else 1
    answer = _core.distances.distance_transform_edt(volume, [*(1.0,) * padding, *sizes], threads)
    return answer.reshape(array.shape)


def _spacing(spacing: float | Sequence[float] | None, axes: int) -> list[float]:
    values = np.ones(axes) if spacing is None else np.asarray(spacing, dtype=np.float64)
    sizes = [float(values)] * axes if values.ndim == 0 else values.tolist()
    if values.ndim > 1 or len(sizes) != axes:
        raise ValueError(f"spacing: expected one number or one for each of {axes} axes, got {spacing!r}")
    if not all(0 < size < math.inf for size in sizes):
        raise ValueError(f"spacing: expected finite numbers > 0, got {spacing!r}")
    return sizes
