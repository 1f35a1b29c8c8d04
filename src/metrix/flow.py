"""Errors of optical flow and of stereo disparity, all from one pass over the pixels.

=================  ========================================================================================
name               of e, the length of the difference from the true vector (or disparity) y
=================  ========================================================================================
``epe``            end-point error, ``mean(e)``
``rmse``           ``sqrt(mean(e^2))``
``fl_all``         share of outliers, ``e > 3 and e / |y| > 0.05``; of disparities its name is ``d1_all``
``bad_1`` ...      share of pixels with ``e > 1``, and so on for all thresholds
``angular_error``  mean angle in degrees between (x, 1) and (y, 1), of flow alone
=================  ========================================================================================

Shares are from 0 to 1, where KITTI and Middlebury print percentages. Valid are pixels in the mask whose truth is finite and
of a length below ``max_flow``; disparities also must be above 0. Arithmetic is in float64, sums are as exact as rounded
once, with the same bits for any number of threads.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from metrix import _core
from metrix._arrays import as_ndarray
from metrix._exact_sums import joined, over_rows, pairs, values
from metrix._threads import resolve_num_threads

__all__ = ["DisparityMetrics", "FlowMetrics", "disparity_errors", "flow_errors"]

FloatArray = npt.NDArray[np.float64]
Average = Literal["pixel", "image", "none"]

_SUMS = _core.flow.sums
_MOST_THRESHOLDS = 4


@dataclass(frozen=True)
class _Options:
    components: int
    largest: float
    outlier: tuple[float, float]
    thresholds: tuple[float, ...]
    average: Average
    axis: int = -3

    def __post_init__(self) -> None:
        """Complain about what there is not."""
        if not self.largest > 0:
            name = "max_flow" if self.components == 2 else "max_disparity"
            raise ValueError(f"{name}: expected a number > 0, got {self.largest!r}")
        if not all(0 <= limit < math.inf for limit in self.outlier):
            raise ValueError(f"outlier: expected two finite numbers >= 0, pixels and a share, got {self.outlier!r}")
        if len(self.thresholds) > _MOST_THRESHOLDS or not all(0 <= limit < math.inf for limit in self.thresholds):
            raise ValueError(f"thresholds: expected at most four finite numbers >= 0, got {self.thresholds!r}")
        if self.average not in ("pixel", "image", "none"):
            raise ValueError(f"average: expected 'pixel', 'image' or 'none', got {self.average!r}")
        if self.axis not in (-3, -1):
            raise ValueError(f"axis: expected -3 or -1, that of the two components, got {self.axis!r}")

    @property
    def names(self) -> tuple[str, ...]:
        outliers, angle = ("fl_all", ("angular_error",)) if self.components == 2 else ("d1_all", ())
        return ("epe", "rmse", outliers, *(f"bad_{limit:g}" for limit in self.thresholds), *angle)


class _Metrics:
    """What accumulators of both share."""

    def __init__(self, options: _Options) -> None:
        if options.average == "none":
            raise ValueError("average: expected 'pixel' or 'image', got 'none'")
        self._options = options
        self.reset()

    def update(self, y_true: Any, y_pred: Any, *, mask: Any = None, num_threads: int | None = None) -> None:
        """Add an image or several."""
        self._add(_state(_sums_of(y_true, y_pred, mask, self._options, num_threads), self._options))

    def merge(self, other: _Metrics) -> None:
        """Add all that another one has seen, which has the same options."""
        if self._options != other._options:
            raise ValueError("other: expected the same options")
        if other._state is not None:
            self._add(other._state)

    def compute(self) -> dict[str, float]:
        """Values by name; NaN of no pixels."""
        if self._state is None:
            return dict.fromkeys(self._options.names, float("nan"))
        return _results(self._state, self._options)

    def reset(self) -> None:
        """Forget all images."""
        self._state: FloatArray | None = None

    def _add(self, state: FloatArray) -> None:
        self._state = state if self._state is None else joined(self._state, state)


class FlowMetrics(_Metrics):
    """Errors of optical flow of images that come in batches, of any sizes: ``update``, ``merge``, ``compute``.

    However images were split, results are those of one call to the last place. It can be pickled; its size does not grow
    with the data.

    Args:
        max_flow, outlier, thresholds, average, axis: as in :func:`flow_errors`; ``average`` is "pixel" or "image".

    Example:
        >>> import numpy as np
        >>> from metrix.flow import FlowMetrics
        >>> metrics = FlowMetrics(thresholds=[1.0])
        >>> metrics.update(np.zeros((2, 4, 4)), np.full((2, 4, 4), [[[3.0]], [[4.0]]]))
        >>> metrics.compute()["epe"]
        5.0
    """

    def __init__(
        self,
        *,
        max_flow: float = math.inf,
        outlier: tuple[float, float] = (3.0, 0.05),
        thresholds: Sequence[float] = (1.0, 3.0, 5.0),
        average: Literal["pixel", "image"] = "pixel",
        axis: Literal[-3, -1] = -3,
    ) -> None:
        """Of no images yet."""
        super().__init__(_Options(2, max_flow, outlier, tuple(thresholds), average, axis))


class DisparityMetrics(_Metrics):
    """Errors of disparity of images that come in batches, of any sizes: ``update``, ``merge``, ``compute``.

    Args:
        max_disparity, outlier, thresholds, average: as in :func:`disparity_errors`; ``average`` is "pixel" or "image".

    Example:
        >>> from metrix.flow import DisparityMetrics
        >>> metrics = DisparityMetrics(thresholds=[2.0])
        >>> metrics.update([[10.0, 0.0]], [[14.0, 3.0]])
        >>> metrics.compute()
        {'epe': 4.0, 'rmse': 4.0, 'd1_all': 1.0, 'bad_2': 1.0}
    """

    def __init__(
        self,
        *,
        max_disparity: float = math.inf,
        outlier: tuple[float, float] = (3.0, 0.05),
        thresholds: Sequence[float] = (1.0, 2.0, 3.0),
        average: Literal["pixel", "image"] = "pixel",
    ) -> None:
        """Of no images yet."""
        super().__init__(_Options(1, max_disparity, outlier, tuple(thresholds), average))


def flow_errors(
    y_true: Any,
    y_pred: Any,
    *,
    mask: Any = None,
    max_flow: float = math.inf,
    outlier: tuple[float, float] = (3.0, 0.05),
    thresholds: Sequence[float] = (1.0, 3.0, 5.0),
    average: Average = "pixel",
    axis: Literal[-3, -1] = -3,
    num_threads: int | None = None,
) -> dict[str, Any]:
    """Errors of optical flow by name (see the table of the module).

    Args:
        y_true: (N, 2, H, W) or (2, H, W) true flow in pixels; with ``axis=-1`` (N, H, W, 2) or (H, W, 2).
        y_pred: the same, predicted.
        mask: (N, H, W) or (H, W) bool; pixels where it is False take no part (KITTI's ``valid``, or not occluded).
        max_flow: true vectors of this length or more take no part: 1e9 for the unknown of Middlebury's files.
        outlier: pixels and share of the true length that an outlier exceeds both of.
        thresholds: up to four, of ``bad_...``.
        average: "pixel" takes all pixels together, as KITTI's and Sintel's tables do; "image" is the mean over images
            with a valid pixel, as RAFT's end-point error on KITTI is; "none" gives arrays (N,).
        axis: where the two components are.
        num_threads: default ``OMP_NUM_THREADS`` or the usable CPUs.

    Returns:
        Floats, or arrays (N,). A prediction of NaN in a valid pixel makes the numbers NaN. No valid pixel: NaN.

    Raises:
        ValueError: for shapes that differ and options that there are not.
        TypeError: for what is no real number.

    Example:
        >>> import numpy as np
        >>> from metrix.flow import flow_errors
        >>> true = np.zeros((2, 1, 2))
        >>> errors = flow_errors(true, true + [[[3.0, 0.0]], [[4.0, 0.0]]])
        >>> errors["epe"], errors["fl_all"], errors["bad_3"]
        (2.5, 0.5, 0.5)

    Source:
        S. Baker et al., A database and evaluation methodology for optical flow, 2011; M. Menze and A. Geiger, KITTI 2015;
        J. Barron et al., Performance of optical flow techniques, 1994, for the angle.
    """
    options = _Options(2, max_flow, outlier, tuple(thresholds), average, axis)
    return _errors(y_true, y_pred, mask, options, num_threads)


def disparity_errors(
    y_true: Any,
    y_pred: Any,
    *,
    mask: Any = None,
    max_disparity: float = math.inf,
    outlier: tuple[float, float] = (3.0, 0.05),
    thresholds: Sequence[float] = (1.0, 2.0, 3.0),
    average: Average = "pixel",
    num_threads: int | None = None,
) -> dict[str, Any]:
    """Errors of stereo disparity by name (see the table of the module).

    Composed from the kernel of flow, with one component.

    Args:
        y_true: (N, H, W) or (H, W) true disparities in pixels; valid ones are above 0 and finite (KITTI has 0 and
            Middlebury infinity for what is not known).
        y_pred: the same, predicted.
        mask: bool array of the same shape.
        max_disparity: this and more take no part; 192 in many papers.
        outlier: pixels and share of the true disparity that an outlier exceeds both of. Some scripts take "at least".
        thresholds: up to four, of ``bad_...``, such as Middlebury's bad 2.0.
        average, num_threads: as in :func:`flow_errors`.

    Returns:
        Floats, or arrays (N,) with ``average="none"``.

    Example:
        >>> from metrix.flow import disparity_errors
        >>> disparity_errors([[10.0, 100.0, 0.0]], [[14.0, 104.0, 5.0]], thresholds=[4.0])
        {'epe': 4.0, 'rmse': 4.0, 'd1_all': 0.5, 'bad_4': 0.0}

    Source:
        M. Menze and A. Geiger, Object scene flow (KITTI 2015); D. Scharstein and R. Szeliski, 2002 (Middlebury).
    """
    options = _Options(1, max_disparity, outlier, tuple(thresholds), average)
    return _errors(y_true, y_pred, mask, options, num_threads)


def _errors(y_true: Any, y_pred: Any, mask: Any, options: _Options, num_threads: int | None) -> dict[str, Any]:
    rows = _sums_of(y_true, y_pred, mask, options, num_threads)
    if options.average == "none":
        return dict(zip(options.names, _values(rows, options).T.copy()))
    return _results(_state(rows, options), options)


def _sums_of(y_true: Any, y_pred: Any, mask: Any, options: _Options, num_threads: int | None) -> FloatArray:
    """A row of sums for each image."""
    target, prediction = as_ndarray(y_true, "y_true"), as_ndarray(y_pred, "y_pred")
    for array, name in ((target, "y_true"), (prediction, "y_pred")):
        if array.dtype.kind not in "fiub":
            raise TypeError(f"{name}: expected real numbers, got dtype {array.dtype}")
    last = options.axis == -1
    inner = 3 if options.components == 2 else 2
    if target.ndim not in (inner, inner + 1) or (inner == 3 and target.shape[options.axis] != 2):
        wanted = (
            "(H, W) or (N, H, W)"
            if inner == 2
            else "(H, W, 2) or (N, H, W, 2)"
            if last
            else "(2, H, W) or (N, 2, H, W)"
        )
        raise ValueError(f"y_true: expected shape {wanted}, got {target.shape}")
    if prediction.shape != target.shape:
        raise ValueError(f"y_pred: expected the shape of y_true, {target.shape}, got {prediction.shape}")
    images = len(target) if target.ndim == inner + 1 else 1
    place = target.shape[-inner:]
    place = place if inner == 2 else place[:2] if last else place[1:]
    pixels = place[0] * place[1]
    shape = (images, pixels, 2) if last else (images, options.components, pixels)
    flags = None
    if mask is not None:
        flags = as_ndarray(mask, "mask")
        if flags.dtype not in (np.bool_, np.uint8):
            raise TypeError(f"mask: expected bool, got dtype {flags.dtype}")
        wanted_shape = (images, *place) if target.ndim == inner + 1 else place
        if flags.shape != wanted_shape:
            raise ValueError(f"mask: expected shape {wanted_shape}, got {flags.shape}")
        flags = np.ascontiguousarray(flags).view(np.uint8).reshape(images, pixels)
    narrow = all(array.dtype in (np.float32, np.float16) for array in (target, prediction))
    dtype = np.float32 if narrow else np.float64
    return _core.flow.flow_errors(
        np.ascontiguousarray(target, dtype=dtype).reshape(shape),
        np.ascontiguousarray(prediction, dtype=dtype).reshape(shape),
        flags,
        last,
        (0.0 if options.components == 1 else -1.0, options.largest),
        options.outlier,
        (*options.thresholds, *[math.inf] * (_MOST_THRESHOLDS - len(options.thresholds))),
        options.components == 2,
        resolve_num_threads(num_threads),
    )


def _values(rows: FloatArray, options: _Options) -> FloatArray:
    """(N, M): a row of metrics for each row of sums."""
    sums = values(rows)
    with np.errstate(invalid="ignore", divide="ignore"):
        means = sums / sums[:, :1]
    # A comparison with NaN is false, but no answer.
    means[np.isnan(means[:, _SUMS["error"]])] = np.nan
    bad = _SUMS["bad_first"]
    columns = [means[:, _SUMS["error"]], np.sqrt(means[:, _SUMS["squared_error"]]), means[:, _SUMS["outliers"]]]
    columns += [means[:, bad + k] for k in range(len(options.thresholds))]
    if options.components == 2:
        columns.append(np.degrees(means[:, _SUMS["angle"]]))
    return np.stack(columns, axis=1)


def _state(rows: FloatArray, options: _Options) -> FloatArray:
    """What is added up: sums over pixels, or values of images with a valid pixel and their number."""
    if options.average == "pixel":
        return over_rows(rows)
    of_images = _values(rows, options)[rows[:, 0] > 0]
    return over_rows(pairs(np.column_stack([np.ones(len(of_images)), of_images])))


def _results(state: FloatArray, options: _Options) -> dict[str, float]:
    if options.average == "pixel":
        found = _values(state[None], options)[0]
    else:
        totals = values(state)
        with np.errstate(invalid="ignore"):
            found = totals[1:] / totals[0]
    return dict(zip(options.names, found.tolist()))
