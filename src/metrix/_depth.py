"""From sums over pixels to errors of depth: what :mod:`metrix.depth` looks up by name, and its options."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from metrix import _core
from metrix._arrays import as_ndarray
from metrix._exact_sums import values
from metrix._threads import resolve_num_threads

FloatArray = npt.NDArray[np.float64]
Alignment = Literal["median", "scale", "scale_and_shift"]
Predicts = Literal["depth", "inverse_depth"]
Average = Literal["image", "pixel", "none"]
Crop = Literal["garg", "eigen", "nyu"] | tuple[int, int, int, int] | None

_GROUPS = _core.depth.groups
_SUMS = _core.depth.sums

#: Shares of height (top, bottom) and width (left, right), whose products are cut down to whole pixels.
_CROPS = {
    "garg": (0.40810811, 0.99189189, 0.03594771, 0.96405229),
    "eigen": (0.3324324, 0.91351351, 0.0359477, 0.96405229),
}
#: Of images of 480 x 640.
_NYU = (45, 471, 41, 601)


@dataclass(frozen=True)
class Options:
    """What evaluations of depth leave open."""

    min_depth: float = 1e-3
    max_depth: float = 80.0
    crop: Crop = None
    align: Alignment | None = None
    predicts: Predicts = "depth"
    clip: bool = True
    average: Average = "image"
    empty: Literal["skip", "nan"] = "skip"
    threshold: float = 1.25
    variance_share: float = 1.0

    def __post_init__(self) -> None:
        """Complain about what there is not."""
        for name, choices in (
            ("align", (None, "median", "scale", "scale_and_shift")),
            ("predicts", ("depth", "inverse_depth")),
            ("average", ("image", "pixel", "none")),
            ("empty", ("skip", "nan")),
        ):
            if getattr(self, name) not in choices:
                raise ValueError(f"{name}: expected one of {choices}, got {getattr(self, name)!r}")
        if not 0 <= self.min_depth < self.max_depth:
            raise ValueError(
                f"min_depth: expected 0 <= min_depth < max_depth, got {self.min_depth!r} and {self.max_depth!r}"
            )
        if not 1 < self.threshold < math.inf:
            raise ValueError(f"threshold: expected a finite number > 1, got {self.threshold!r}")
        if not 0 <= self.variance_share <= 1:
            raise ValueError(f"variance_share: expected a number from 0 to 1, got {self.variance_share!r}")


class Sums:
    """The sums of rows by their names, (N,) each."""

    def __init__(self, rows: FloatArray) -> None:
        self.rows = rows
        self._values = values(rows)

    def __getattr__(self, name: str) -> FloatArray:
        """A sum."""
        return np.asarray(self._values[:, _SUMS[name]])

    def mean(self, name: str) -> FloatArray:
        """Over pixels."""
        return np.asarray(getattr(self, name) / self.pixels)

    def share_within(self, name: str) -> FloatArray:
        """A comparison with NaN is false, but no answer."""
        return np.where(np.isnan(self.absolute_error), np.nan, self.mean(name))


@dataclass(frozen=True)
class Metric:
    """One value for each row of sums."""

    groups: int
    values: Callable[[Sums, Options], FloatArray]


def _log10(sums: Sums, _: Options) -> FloatArray:
    return np.asarray(sums.mean("absolute_logarithm") / math.log(10))


def _silog(sums: Sums, options: Options) -> FloatArray:
    return np.sqrt(_core.depth.log_variance(sums.rows, options.variance_share))


_INVERSES, _LOGARITHMS, _THRESHOLDS = _GROUPS["inverses"], _GROUPS["logarithms"], _GROUPS["thresholds"]

METRICS: dict[str, Metric] = {
    "abs_rel": Metric(0, lambda sums, _: sums.mean("relative")),
    "sq_rel": Metric(0, lambda sums, _: sums.mean("squared_over_target")),
    "sq_rel_kitti": Metric(0, lambda sums, _: sums.mean("squared_relative")),
    "bias": Metric(0, lambda sums, _: sums.mean("error")),
    "mae": Metric(0, lambda sums, _: sums.mean("absolute_error")),
    "rmse": Metric(0, lambda sums, _: np.sqrt(sums.mean("squared_error"))),
    "imae": Metric(_INVERSES, lambda sums, _: sums.mean("inverse")),
    "irmse": Metric(_INVERSES, lambda sums, _: np.sqrt(sums.mean("squared_inverse"))),
    "rmse_log": Metric(_LOGARITHMS, lambda sums, _: np.sqrt(sums.mean("squared_logarithm"))),
    "log10": Metric(_LOGARITHMS, _log10),
    "silog": Metric(_LOGARITHMS, _silog),
    "delta1": Metric(_THRESHOLDS, lambda sums, _: sums.share_within("within_first")),
    "delta2": Metric(_THRESHOLDS, lambda sums, _: sums.share_within("within_second")),
    "delta3": Metric(_THRESHOLDS, lambda sums, _: sums.share_within("within_third")),
}


def names_of(metrics: Any) -> tuple[str, ...]:
    """The names, all of which there are."""
    names = (metrics,) if isinstance(metrics, str) else tuple(metrics)
    for name in names:
        if name not in METRICS:
            raise ValueError(f"metrics: expected names among {sorted(METRICS)}, got {name!r}")
    return names


@dataclass(frozen=True)
class Images:
    """Checked arrays (N, H, W), and where in each image to look."""

    target: npt.NDArray[Any]
    prediction: npt.NDArray[Any]
    mask: npt.NDArray[np.uint8] | None
    window: tuple[int, int, int, int]
    are_many: bool


def images_of(y_true: Any, y_pred: Any, mask: Any, crop: Crop) -> Images:
    """Of (P,) pixels, an image (H, W), or images (N, H, W) or (N, 1, H, W)."""
    target, prediction = as_ndarray(y_true, "y_true"), as_ndarray(y_pred, "y_pred")
    for array, name in ((target, "y_true"), (prediction, "y_pred")):
        if array.dtype.kind not in "fiub":
            raise TypeError(f"{name}: expected real numbers, got dtype {array.dtype}")
    if target.ndim not in (1, 2, 3, 4) or (target.ndim == 4 and target.shape[1] != 1):
        raise ValueError(f"y_true: expected shape (P,), (H, W), (N, H, W) or (N, 1, H, W), got {target.shape}")
    if prediction.shape != target.shape:
        raise ValueError(f"y_pred: expected the shape of y_true, {target.shape}, got {prediction.shape}")
    flags = None
    if mask is not None:
        flags = as_ndarray(mask, "mask")
        if flags.dtype not in (np.bool_, np.uint8):
            raise TypeError(f"mask: expected bool, got dtype {flags.dtype}")
        if flags.shape != target.shape:
            raise ValueError(f"mask: expected the shape of y_true, {target.shape}, got {flags.shape}")
    height, width = (1, len(target)) if target.ndim == 1 else target.shape[-2:]
    shape = (len(target) if target.ndim > 2 else 1, height, width)
    narrow = all(array.dtype in (np.float32, np.float16) for array in (target, prediction))
    dtype = np.float32 if narrow else np.float64
    return Images(
        np.ascontiguousarray(target, dtype=dtype).reshape(shape),
        np.ascontiguousarray(prediction, dtype=dtype).reshape(shape),
        None if flags is None else np.ascontiguousarray(flags).view(np.uint8).reshape(shape),
        _window(crop, target.shape),
        target.ndim > 2,
    )


def _window(crop: Crop, shape: tuple[int, ...]) -> tuple[int, int, int, int]:
    height, width = (1, shape[0]) if len(shape) == 1 else shape[-2:]
    if crop is None:
        return 0, height, 0, width
    if len(shape) == 1:
        raise ValueError(f"crop: expected None for pixels of shape (P,), got {crop!r}")
    if isinstance(crop, str):
        if crop == "nyu":
            if (height, width) != (480, 640):
                raise ValueError(f"crop: expected images of 480 x 640 for 'nyu', got {height} x {width}")
            return _NYU
        if crop not in _CROPS:
            raise ValueError(f"crop: expected 'garg', 'eigen', 'nyu', (top, bottom, left, right) or None, got {crop!r}")
        top, bottom, left, right = _CROPS[crop]
        return int(top * height), int(bottom * height), int(left * width), int(right * width)
    window = tuple(int(edge) for edge in crop)
    if len(window) != 4 or not (0 <= window[0] <= window[1] <= height and 0 <= window[2] <= window[3] <= width):
        raise ValueError(f"crop: expected (top, bottom, left, right) in an image of {height} x {width}, got {crop!r}")
    return window


def alignment_of(images: Images, options: Options, num_threads: int | None) -> FloatArray:
    """(N, 2) scales and shifts."""
    if options.align is None:
        return np.tile([1.0, 0.0], (len(images.target), 1))
    return _core.depth.depth_alignment(
        images.target,
        images.prediction,
        images.mask,
        images.window,
        (options.min_depth, options.max_depth),
        options.predicts == "inverse_depth",
        getattr(_core.depth.Fit, options.align),
        resolve_num_threads(num_threads),
    )


def sums_of(images: Images, names: tuple[str, ...], options: Options, num_threads: int | None) -> FloatArray:
    """A row of sums for each image."""
    groups = 0
    for name in names:
        groups |= METRICS[name].groups
    return _core.depth.depth_errors(
        images.target,
        images.prediction,
        images.mask,
        images.window,
        (options.min_depth, options.max_depth),
        options.clip,
        options.predicts == "inverse_depth",
        alignment_of(images, options, num_threads),
        (options.threshold, options.threshold**2, options.threshold**3),
        groups,
        resolve_num_threads(num_threads),
    )


def values_of(rows: FloatArray, names: tuple[str, ...], options: Options) -> FloatArray:
    """(N, M): a row of metrics for each row of sums."""
    sums = Sums(rows)
    with np.errstate(all="ignore"):
        return np.stack([METRICS[name].values(sums, options) for name in names], axis=1).reshape(len(rows), len(names))
