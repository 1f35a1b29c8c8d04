"""Errors of predicted depth, all from one pass over the pixels however many are asked for.

=================  ========================================================================================
name               of true depths y, predictions x, and n valid pixels
=================  ========================================================================================
``abs_rel``        ``mean(|x - y| / y)``
``sq_rel``         ``mean((x - y)^2 / y)``, Eigen's, as everybody reports it
``sq_rel_kitti``   ``mean(((x - y) / y)^2)``, that of KITTI's depth benchmark, which prints it times 100
``mae``, ``bias``  ``mean(|x - y|)``, ``mean(x - y)``
``rmse``           ``sqrt(mean((x - y)^2))``
``imae``           ``mean(|1 / x - 1 / y|)``; KITTI prints it in 1/km
``irmse``          ``sqrt(mean((1 / x - 1 / y)^2))``
``rmse_log``       ``sqrt(mean(e^2))``, e = log x - log y, natural
``log10``          ``mean(|log10 x - log10 y|)``
``silog``          ``sqrt(mean(e^2) - variance_share mean(e)^2)``; KITTI and BTS print it times 100
``delta1``         share of pixels with ``max(x / y, y / x) < threshold``, 1.25
``delta2, 3``      the same for ``threshold^2`` and ``threshold^3``
=================  ========================================================================================

Valid are pixels with ``min_depth < y < max_depth``, in the mask and in the crop; NaN and 0 are holes. What is usual
differs from data set to data set, and numbers with it:

================  =====================================================================================
KITTI (Eigen)     ``max_depth=80`` (the default), ``crop="garg"``, or ``"eigen"`` in early papers
monocular video   the same and ``align="median"``, as such models know no scale
NYU Depth v2      ``max_depth=10, crop="nyu"``; some BTS-like scripts report the pooled ``average="pixel"``
relative models   ``predicts="inverse_depth", align="scale_and_shift"`` (MiDaS)
================  =====================================================================================

Arithmetic is in float64, sums are as exact as rounded once, with the same bits for any number of threads. Scripts in
float32 lose the last digits and compare ``delta`` after rounding ratios to float32.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Literal

import numpy as np

from metrix._depth import (
    Alignment,
    Average,
    Crop,
    FloatArray,
    Options,
    Predicts,
    alignment_of,
    images_of,
    names_of,
    sums_of,
    values_of,
)
from metrix._exact_sums import joined, over_rows, pairs, values

__all__ = ["DepthMetrics", "depth_alignment", "depth_errors"]

_DEFAULT = ("abs_rel", "sq_rel", "rmse", "rmse_log", "log10", "silog", "delta1", "delta2", "delta3")


class DepthMetrics:
    """Errors of depth of images that come in batches, or one by one, of any sizes.

    ``update`` adds images, ``merge`` another one's, ``compute`` gives a dict. However they were split, results are those
    of one call to the last place. It can be pickled; its size does not grow with the data.

    Args:
        metrics: names of the table of :mod:`metrix.depth`.
        min_depth, max_depth, crop, align, predicts, clip, average, empty, threshold, variance_share: as in
            :func:`depth_errors`; ``average`` is "image" or "pixel".

    Example:
        >>> from metrix.depth import DepthMetrics
        >>> metrics = DepthMetrics(["abs_rel", "delta1"])
        >>> metrics.update([[2.0, 4.0], [8.0, 0.0]], [[2.0, 5.0], [8.0, 9.0]])
        >>> metrics.update([[10.0]], [[11.0]])
        >>> metrics.compute()
        {'abs_rel': 0.09166666666666667, 'delta1': 0.8333333333333333}
    """

    def __init__(
        self,
        metrics: Iterable[str] = _DEFAULT,
        *,
        min_depth: float = 1e-3,
        max_depth: float = 80.0,
        crop: Crop = None,
        align: Alignment | None = None,
        predicts: Predicts = "depth",
        clip: bool = True,
        average: Literal["image", "pixel"] = "image",
        empty: Literal["skip", "nan"] = "skip",
        threshold: float = 1.25,
        variance_share: float = 1.0,
    ) -> None:
        """Of no images yet."""
        self.metrics = names_of(metrics)
        self._options = Options(
            min_depth, max_depth, crop, align, predicts, clip, average, empty, threshold, variance_share
        )
        if average not in ("image", "pixel"):
            raise ValueError(f"average: expected 'image' or 'pixel', got {average!r}")
        self.reset()

    def update(self, y_true: Any, y_pred: Any, *, mask: Any = None, num_threads: int | None = None) -> None:
        """Add an image (H, W), images (N, H, W), or the valid pixels (P,) of one image."""
        images = images_of(y_true, y_pred, mask, self._options.crop)
        self._add(_state(sums_of(images, self.metrics, self._options, num_threads), self.metrics, self._options))

    def merge(self, other: DepthMetrics) -> None:
        """Add all that another one has seen, which asks for the same."""
        if (self.metrics, self._options) != (other.metrics, other._options):
            raise ValueError("other: expected the same metrics and options")
        if other._state is not None:
            self._add(other._state)

    def compute(self) -> dict[str, float]:
        """Values by name; NaN of no images."""
        if self._state is None:
            return dict.fromkeys(self.metrics, float("nan"))
        return _results(self._state, self.metrics, self._options)

    def reset(self) -> None:
        """Forget all images."""
        self._state: FloatArray | None = None

    def _add(self, state: FloatArray) -> None:
        self._state = state if self._state is None else joined(self._state, state)


def depth_errors(
    y_true: Any,
    y_pred: Any,
    *,
    metrics: Iterable[str] = _DEFAULT,
    mask: Any = None,
    min_depth: float = 1e-3,
    max_depth: float = 80.0,
    crop: Crop = None,
    align: Alignment | None = None,
    predicts: Predicts = "depth",
    clip: bool = True,
    average: Average = "image",
    empty: Literal["skip", "nan"] = "skip",
    threshold: float = 1.25,
    variance_share: float = 1.0,
    num_threads: int | None = None,
) -> dict[str, Any]:
    """Errors of predicted depths by name (see the table of the module).

    Args:
        y_true: depths (N, H, W) or (N, 1, H, W) of images, (H, W) of one, or (P,) pixels of one.
        y_pred: the same of the prediction.
        metrics: which ones. One pass serves all.
        mask: bool array of the same shape; pixels where it is False take no part.
        min_depth, max_depth: limits of valid true depths, both excluded, in the unit of the depths. ``max_depth`` is 80 by
            default, KITTI's in metres; ``float("inf")`` for none.
        crop: part of the image that counts: "garg" or "eigen" (of KITTI, relative to the image's size), "nyu" (of 480 x
            640), or (top, bottom, left, right) in pixels, the second and the last excluded.
        align: what is done with the scale of each prediction first: "median" multiplies by the ratio of the medians of
            valid pixels, "scale" by the least-squares scale, "scale_and_shift" takes the least-squares scale and shift.
        predicts: "inverse_depth" (disparity) is aligned as such to ``1 / y_true`` and inverted then; not above 0 means
            infinitely far.
        clip: cut predictions to the limits, after they are aligned, as evaluations of KITTI do. Without it, predictions of
            0 or below give infinite or NaN logarithms, and count as not within any threshold.
        average: "image" is the mean over images of their errors, as KITTI's scripts have it, "pixel" takes all pixels
            together, "none" gives arrays (N,).
        empty: images without a valid pixel are left out ("skip") or NaN ("nan"), as NumPy's mean has it.
        threshold: of ``delta1``, squared and cubed for the others.
        variance_share: of ``silog``; 1 makes it invariant to scale, Eigen trained with 0.5.
        num_threads: default ``OMP_NUM_THREADS`` or the usable CPUs.

    Returns:
        Floats, or arrays (N,) with ``average="none"``. A prediction of NaN in a valid pixel makes its image's numbers NaN.
        Without any valid pixel: NaN.

    Raises:
        ValueError: for shapes that differ and options that there are not.
        TypeError: for what is no real number.

    Example:
        >>> y_true = np.array([[2.0, 4.0], [8.0, 0.0]])  # 0: not measured
        >>> y_pred = np.array([[1.0, 2.0], [4.0, 7.0]])
        >>> depth_errors(y_true, y_pred, metrics=["abs_rel", "silog", "delta1"])
        {'abs_rel': 0.5, 'silog': 0.0, 'delta1': 0.0}
        >>> depth_errors(y_true, y_pred, metrics=["abs_rel", "delta1"], align="median")
        {'abs_rel': 0.0, 'delta1': 1.0}

    Source:
        D. Eigen et al., Depth map prediction from a single image, 2014; crops, median and clipping as in the scripts of
        C. Godard et al. (2017, 2019) and J. H. Lee et al. (BTS, 2019); J. Uhrig et al., KITTI depth benchmark, 2017;
        R. Ranftl et al. (MiDaS), 2020.
    """
    options = Options(min_depth, max_depth, crop, align, predicts, clip, average, empty, threshold, variance_share)
    names = names_of(metrics)
    rows = sums_of(images_of(y_true, y_pred, mask, crop), names, options, num_threads)
    if average == "none":
        return dict(zip(names, values_of(rows, names, options).T.copy()))
    return _results(_state(rows, names, options), names, options)


def depth_alignment(
    y_true: Any,
    y_pred: Any,
    *,
    method: Alignment = "median",
    mask: Any = None,
    min_depth: float = 1e-3,
    max_depth: float = 80.0,
    crop: Crop = None,
    predicts: Predicts = "depth",
    num_threads: int | None = None,
) -> FloatArray:
    """Scale and shift that bring predicted depths, or inverse depths, closest to the truth.

    Args:
        y_true, y_pred, mask, min_depth, max_depth, crop, predicts, num_threads: as in :func:`depth_errors`.
        method: what ``align`` is there.

    Returns:
        (2,) scale and shift of one image, (N, 2) of several. Constant predictions have scale 0 and the mean as shift;
        without a valid pixel both are NaN, but for the shift of the other methods, 0.

    Example:
        >>> depth_alignment([2.0, 3.0, 4.0], [1.0, 2.0, 3.0], method="scale_and_shift").tolist()
        [1.0, 1.0]
        >>> depth_alignment([2.0, 3.0, 4.0], [1.0, 2.0, 3.0]).tolist()
        [1.5, 0.0]

    Source:
        R. Ranftl et al., Towards robust monocular depth estimation, 2020; T. Zhou et al., SfMLearner, 2017, for medians.
    """
    options = Options(min_depth, max_depth, crop, method, predicts)
    if method is None:
        raise ValueError("method: expected 'median', 'scale' or 'scale_and_shift', got None")
    images = images_of(y_true, y_pred, mask, crop)
    with np.errstate(all="ignore"):
        result = alignment_of(images, options, num_threads)
    return result if images.are_many else result[0]


def _state(rows: FloatArray, names: tuple[str, ...], options: Options) -> FloatArray:
    """What is added up: sums over pixels, or values of images and their number."""
    if options.average == "pixel":
        return over_rows(rows)
    of_images = values_of(rows, names, options)
    if options.empty == "skip":
        of_images = of_images[rows[:, 0] > 0]
    return over_rows(pairs(np.column_stack([np.ones(len(of_images)), of_images])))


def _results(state: FloatArray, names: tuple[str, ...], options: Options) -> dict[str, float]:
    if options.average == "pixel":
        found = values_of(state[None], names, options)[0]
    else:
        totals = values(state)
        with np.errstate(invalid="ignore"):
            found = totals[1:] / totals[0]
    return dict(zip(names, found.tolist()))
