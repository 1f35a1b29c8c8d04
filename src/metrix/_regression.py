"""From sums over errors to metrics of regression: what :mod:`metrix.regression` looks up by name."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from metrix import _core
from metrix._arrays import as_ndarray
from metrix._threads import resolve_num_threads

Array = npt.NDArray[Any]
FloatArray = npt.NDArray[np.float64]
Zero = Literal["eps", "skip", "nan", "raise"]
Normalizer = Literal["range", "mean", "std"]

_GROUPS = _core.regression.groups
_COLUMNS = _core.regression.columns


@dataclass(frozen=True)
class Options:
    """What single metrics leave open."""

    zero: Zero = "eps"
    eps: float = 2.220446049250313e-16
    normalizer: Normalizer = "range"
    alpha: float = 0.5
    num_features: int | None = None
    force_finite: bool = True

    def __post_init__(self) -> None:
        """Complain about what there is not."""
        if self.zero not in ("eps", "skip", "nan", "raise"):
            raise ValueError(f"zero: expected 'eps', 'skip', 'nan' or 'raise', got {self.zero!r}")
        if self.normalizer not in ("range", "mean", "std"):
            raise ValueError(f"normalizer: expected 'range', 'mean' or 'std', got {self.normalizer!r}")
        if not 0 < self.eps < math.inf:
            raise ValueError(f"eps: expected a finite number > 0, got {self.eps!r}")
        if not 0 <= self.alpha <= 1:
            raise ValueError(f"alpha: expected a number from 0 to 1, got {self.alpha!r}")
        if self.num_features is not None and self.num_features < 0:
            raise ValueError(f"num_features: expected an int >= 0, got {self.num_features!r}")


class Sums:
    """The sums of a state by their names, (K,) each for K outputs."""

    def __init__(self, state: FloatArray) -> None:
        self._state = state
        self._values = _core.regression.summary(state)

    def __getattr__(self, name: str) -> FloatArray:
        """A sum or an extreme."""
        return np.asarray(self._values[:, _COLUMNS[name]])

    def mean(self, name: str) -> FloatArray:
        """Over the weights."""
        return np.asarray(getattr(self, name) / self.weight)

    def variation(self, first: str, squares: str) -> FloatArray:
        """Sum of squared distances from the mean."""
        return _core.regression.spread(self._state, _COLUMNS[first], _COLUMNS[squares])

    def target_variation(self) -> FloatArray:
        """The same of targets; exactly 0 where they are all equal, as distances are from the first one."""
        return self.variation("target", "squared_target")


@dataclass(frozen=True)
class Metric:
    """One value for each output, and how outputs are weighed if by their variances."""

    groups: int
    values: Callable[[Sums, Options], FloatArray]
    denominator: Callable[[Sums], FloatArray] | None = None


def groups_of(*names: str) -> int:
    """Bits of groups of sums."""
    return sum(_GROUPS[name] for name in names)


def _with_zeros(sums: Sums, options: Options, kept: str, of_zeros: str, power: int) -> FloatArray:
    """Relative errors, and what becomes of targets that are zero."""
    total, zeros = getattr(sums, kept), sums.zero_weight
    if options.zero == "skip":
        return np.asarray(total / (sums.weight - zeros))
    if options.zero == "raise" and (zeros != 0).any():
        raise ValueError(f"y_true: expected no zeros, got some in output {int(np.flatnonzero(zeros)[0])}")
    if options.zero == "nan":
        return np.where(zeros == 0, total / sums.weight, np.nan)
    return np.asarray((total + getattr(sums, of_zeros) / options.eps**power) / sums.weight)


def _scale(sums: Sums, options: Options) -> FloatArray:
    if options.normalizer == "mean":
        return np.abs(sums.target_origin + sums.mean("target"))
    if options.normalizer == "std":
        return np.sqrt(sums.target_variation() / sums.weight)
    return np.asarray(sums.largest_target - sums.least_target)


def _of_variation(errors: FloatArray, variation: FloatArray, rows: FloatArray, finite: bool) -> FloatArray:
    """1 - errors / variation as scikit-learn has it: constant targets give 1 or 0; fewer than two give NaN."""
    score = 1 - errors / variation
    if finite:
        score = np.where(variation == 0, np.where(errors == 0, 1.0, np.where(np.isnan(errors), np.nan, 0.0)), score)
    return np.where(rows < 2, np.nan, score)


def _r2(sums: Sums, options: Options) -> FloatArray:
    return _of_variation(sums.squared_error, sums.target_variation(), sums.rows, options.force_finite)


def _adjusted_r2(sums: Sums, options: Options) -> FloatArray:
    if options.num_features is None:
        raise TypeError("num_features: adjusted_r2_score needs the number of features")
    free = sums.rows - options.num_features - 1
    adjusted = 1 - (1 - _r2(sums, options)) * (sums.rows - 1) / np.where(free > 0, free, np.nan)
    return np.asarray(adjusted)


def _explained_variance(sums: Sums, options: Options) -> FloatArray:
    errors = sums.variation("centred_error", "centred_squares")
    return _of_variation(
        errors, sums.target_variation(), np.maximum(sums.rows, 2 * (sums.rows > 0)), options.force_finite
    )


def _pinball(sums: Sums, options: Options) -> FloatArray:
    below, above = (sums.absolute_error - sums.error) / 2, (sums.absolute_error + sums.error) / 2
    return np.asarray((options.alpha * below + (1 - options.alpha) * above) / sums.weight)


_ERRORS = groups_of("errors")
_SPREAD = groups_of("errors", "targets")
_SQUARES = groups_of("squares")
_FIT = groups_of("fit")
_RELATIVES = groups_of("relatives")
_LOGARITHMS = groups_of("logarithms")

METRICS: dict[str, Metric] = {
    "mean_error": Metric(_ERRORS, lambda sums, _: sums.mean("error")),
    "mean_absolute_error": Metric(_ERRORS, lambda sums, _: sums.mean("absolute_error")),
    "mean_squared_error": Metric(_SQUARES, lambda sums, _: sums.mean("squared_error")),
    "root_mean_squared_error": Metric(_SQUARES, lambda sums, _: np.sqrt(sums.mean("squared_error"))),
    "max_error": Metric(_ERRORS, lambda sums, _: np.where(sums.rows > 0, sums.largest_error, np.nan)),
    "mean_pinball_loss": Metric(_ERRORS, _pinball),
    "mean_absolute_percentage_error": Metric(
        _RELATIVES, lambda sums, options: _with_zeros(sums, options, "relative", "zero_absolute", 1)
    ),
    "mean_squared_percentage_error": Metric(
        _RELATIVES, lambda sums, options: _with_zeros(sums, options, "relative_squares", "zero_squared", 2)
    ),
    "symmetric_mean_absolute_percentage_error": Metric(_RELATIVES, lambda sums, _: sums.mean("symmetric")),
    "weighted_mean_absolute_percentage_error": Metric(
        _SPREAD, lambda sums, _: np.asarray(sums.absolute_error / sums.absolute_target)
    ),
    "normalized_mean_absolute_error": Metric(
        _SPREAD, lambda sums, options: np.asarray(sums.mean("absolute_error") / _scale(sums, options))
    ),
    "normalized_root_mean_squared_error": Metric(
        _SPREAD, lambda sums, options: np.asarray(np.sqrt(sums.mean("squared_error")) / _scale(sums, options))
    ),
    "mean_squared_log_error": Metric(_LOGARITHMS, lambda sums, _: sums.mean("logarithmic")),
    "root_mean_squared_log_error": Metric(_LOGARITHMS, lambda sums, _: np.sqrt(sums.mean("logarithmic"))),
    "r2_score": Metric(_FIT, _r2, Sums.target_variation),
    "adjusted_r2_score": Metric(_FIT, _adjusted_r2, Sums.target_variation),
    "explained_variance_score": Metric(groups_of("centred", "targets"), _explained_variance, Sums.target_variation),
}


def value_of(name: str, state: FloatArray, options: Options, multioutput: Any) -> Any:
    """The metric of this name: a float, or an array of one value for each output."""
    sums, metric = Sums(state), METRICS[name]
    with np.errstate(all="ignore"):
        values = metric.values(sums, options)
        if isinstance(multioutput, str):
            if multioutput == "raw_values":
                return values
            if multioutput == "uniform_average":
                return float(np.mean(values))
            if multioutput != "variance_weighted":
                raise ValueError(
                    "multioutput: expected 'uniform_average', 'raw_values', 'variance_weighted' or weights, "
                    f"got {multioutput!r}"
                )
            if metric.denominator is None:
                raise ValueError(f"multioutput: {name} has no variances to weigh by, got 'variance_weighted'")
            weights = metric.denominator(sums)
            return float(np.average(values, weights=weights) if weights.any() else np.mean(values))
        weights = np.asarray(multioutput, dtype=np.float64)
        if weights.shape != values.shape:
            raise ValueError(f"multioutput: expected {len(values)} weights of outputs, got shape {weights.shape}")
        return float(np.sum(values * weights) / np.sum(weights))


def state_of(
    y_true: Any, y_pred: Any, sample_weight: Any, groups: int, eps: float, num_threads: int | None
) -> FloatArray:
    """The sums of one batch: a row for each output."""
    target: Any = as_ndarray(y_true, "y_true")
    prediction: Any = as_ndarray(y_pred, "y_pred")
    for array, name in ((target, "y_true"), (prediction, "y_pred")):
        if array.dtype.kind not in "fiub":
            raise TypeError(f"{name}: expected real numbers, got dtype {array.dtype}")
    if target.ndim not in (1, 2):
        raise ValueError(f"y_true: expected shape (N,) or (N, K) for K outputs, got {target.shape}")
    if prediction.shape != target.shape:
        raise ValueError(f"y_pred: expected the shape of y_true, {target.shape}, got {prediction.shape}")
    narrow = all(array.dtype in (np.float32, np.float16) for array in (target, prediction))
    dtype = np.float32 if narrow else np.float64
    shape = (len(target), 1 if target.ndim == 1 else target.shape[1])
    target = np.ascontiguousarray(target, dtype=dtype).reshape(shape)
    prediction = np.ascontiguousarray(prediction, dtype=dtype).reshape(shape)
    weight = None
    if sample_weight is not None:
        weight = np.ascontiguousarray(as_ndarray(sample_weight, "sample_weight"), dtype=np.float64)
        if weight.shape != (len(target),):
            raise ValueError(f"sample_weight: expected shape ({len(target)},), got {weight.shape}")
    state = _core.regression.moments(target, prediction, weight, groups, eps, resolve_num_threads(num_threads))
    if groups & _LOGARITHMS and (Sums(state).least <= -1).any():
        for array, name in ((target, "y_true"), (prediction, "y_pred")):
            wrong = np.argwhere(array <= -1)
            if len(wrong):
                row, column = (int(index) for index in wrong[0])
                raise ValueError(
                    f"{name}: expected numbers above -1, got {array[row, column]} at index {row}, {column}"
                )
    return state
