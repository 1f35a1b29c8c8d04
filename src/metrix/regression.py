"""Errors of regression, all from one pass over the data however many are asked for.

Every function takes targets and predictions of shape (N,), or (N, K) for K outputs, and

- ``sample_weight``: (N,) weights; the mean is ``sum(w e) / sum(w)``.
- ``multioutput``: ``"uniform_average"`` over outputs, ``"raw_values"`` for an array (K,), or (K,) weights; scores also
  take ``"variance_weighted"``.
- ``num_threads``: default ``OMP_NUM_THREADS`` or the usable CPUs. The result has the same bits for any number.

:class:`RegressionMetrics` gives any of them batch by batch, but for those that need all data at once and say so, and for
deviances, which have :class:`DevianceMetrics`.

float32 stays float32 in memory, all arithmetic is in float64, and sums are as exact as rounded once. scikit-learn works out
errors of float32 in float32: compare with its result on float64. Empty: NaN. NaN or infinite input: NaN or infinite results,
where scikit-learn raises. Errors: ``ValueError`` for shapes that differ (nothing is broadcast), ``TypeError`` for what is no
number.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import numpy as np

from metrix import _core
from metrix._arrays import as_float64
from metrix._deviances import DevianceMetrics as DevianceMetrics
from metrix._deviances import d2_tweedie_score as d2_tweedie_score
from metrix._deviances import mean_gamma_deviance as mean_gamma_deviance
from metrix._deviances import mean_poisson_deviance as mean_poisson_deviance
from metrix._deviances import mean_tweedie_deviance as mean_tweedie_deviance
from metrix._quantiles import weighted_quantiles
from metrix._regression import METRICS, FloatArray, Normalizer, Options, Zero, state_of, value_of

_DEFAULTS = Options()


class RegressionMetrics:
    """Metrics of regression of data that comes in batches: one pass for all that are asked for.

    ``update`` adds a batch, ``merge`` another one's data, ``compute`` gives a dict. However the data was split, results
    are those of one pass to the last place. It can be pickled; its size does not grow with the data.

    Args:
        metrics: names of functions of this module.
        multioutput: what becomes of several outputs, as in the functions.
        zero, eps, normalizer, alpha, num_features, force_finite: options of the functions of these arguments.

    Example:
        >>> from metrix.regression import RegressionMetrics
        >>> metrics = RegressionMetrics(["mean_absolute_error", "r2_score"])
        >>> metrics.update([1.0, 2.0], [1.0, 3.0])
        >>> metrics.update([3.0], [2.0])
        >>> metrics.compute()
        {'mean_absolute_error': 0.6666666666666666, 'r2_score': 0.0}
    """

    def __init__(
        self,
        metrics: Iterable[str] = (
            "mean_squared_error",
            "root_mean_squared_error",
            "mean_absolute_error",
            "max_error",
            "r2_score",
            "explained_variance_score",
        ),
        *,
        multioutput: Any = "uniform_average",
        zero: Zero = _DEFAULTS.zero,
        eps: float = _DEFAULTS.eps,
        normalizer: Normalizer = _DEFAULTS.normalizer,
        alpha: float = _DEFAULTS.alpha,
        num_features: int | None = None,
        force_finite: bool = True,
    ) -> None:
        """Of no data yet."""
        self.metrics = tuple(metrics)
        for name in self.metrics:
            if name not in METRICS:
                raise ValueError(f"metrics: expected names among {sorted(METRICS)}, got {name!r}")
        if "adjusted_r2_score" in self.metrics and num_features is None:
            raise TypeError("num_features: adjusted_r2_score needs the number of features")
        self.multioutput = multioutput
        self._options = Options(zero, eps, normalizer, alpha, num_features, force_finite)
        self._groups = 0
        for name in self.metrics:
            self._groups |= METRICS[name].groups
        self._state: FloatArray | None = None

    def update(self, y_true: Any, y_pred: Any, *, sample_weight: Any = None, num_threads: int | None = None) -> None:
        """Add a batch."""
        self._add(state_of(y_true, y_pred, sample_weight, self._groups, self._options.eps, num_threads))

    def merge(self, other: RegressionMetrics) -> None:
        """Add all that another one has seen, which asks for the same."""
        if (self.metrics, self._options) != (other.metrics, other._options):
            raise ValueError("other: expected the same metrics and options")
        if other._state is not None:
            self._add(other._state)

    def compute(self) -> dict[str, Any]:
        """Values by name."""
        state = _core.regression.cleared(1) if self._state is None else self._state
        return {name: value_of(name, state, self._options, self.multioutput) for name in self.metrics}

    def reset(self) -> None:
        """Forget all data."""
        self._state = None

    def _add(self, state: FloatArray) -> None:
        if self._state is not None and len(self._state) != len(state):
            raise ValueError(f"y_true: expected {len(self._state)} outputs as before, got {len(state)}")
        self._state = state if self._state is None else _core.regression.merged(self._state, state)


def _value(
    name: str, y_true: Any, y_pred: Any, sample_weight: Any, multioutput: Any, num_threads: int | None, **options: Any
) -> Any:
    chosen = replace(_DEFAULTS, **options)
    state = state_of(y_true, y_pred, sample_weight, METRICS[name].groups, chosen.eps, num_threads)
    return value_of(name, state, chosen, multioutput)


def mean_squared_error(
    y_true: Any,
    y_pred: Any,
    *,
    sample_weight: Any = None,
    multioutput: Any = "uniform_average",
    num_threads: int | None = None,
) -> Any:
    """Mean of ``(y_pred - y_true)^2``.

    Composed from the sums of the one pass (see the module).

    Example:
        >>> mean_squared_error([1.0, 2.0], [2.0, 4.0])
        2.5

    Source:
        scikit-learn 1.9, ``mean_squared_error``.
    """
    return _value("mean_squared_error", y_true, y_pred, sample_weight, multioutput, num_threads)


def root_mean_squared_error(
    y_true: Any,
    y_pred: Any,
    *,
    sample_weight: Any = None,
    multioutput: Any = "uniform_average",
    num_threads: int | None = None,
) -> Any:
    """Square root of the mean squared error of each output.

    With several outputs this is the mean of their roots, as in scikit-learn; torchmetrics takes the root over all
    elements: flatten both arrays for that.

    Composed from the sums of the one pass (see the module).

    Example:
        >>> root_mean_squared_error([0.0, 0.0], [3.0, 3.0])
        3.0

    Source:
        scikit-learn 1.9, ``root_mean_squared_error``.
    """
    return _value("root_mean_squared_error", y_true, y_pred, sample_weight, multioutput, num_threads)


def mean_absolute_error(
    y_true: Any,
    y_pred: Any,
    *,
    sample_weight: Any = None,
    multioutput: Any = "uniform_average",
    num_threads: int | None = None,
) -> Any:
    """Mean of ``|y_pred - y_true|``.

    Composed from the sums of the one pass (see the module).

    Example:
        >>> mean_absolute_error([1.0, 2.0], [2.0, 4.0])
        1.5

    Source:
        scikit-learn 1.9, ``mean_absolute_error``.
    """
    return _value("mean_absolute_error", y_true, y_pred, sample_weight, multioutput, num_threads)


def mean_error(
    y_true: Any,
    y_pred: Any,
    *,
    sample_weight: Any = None,
    multioutput: Any = "uniform_average",
    num_threads: int | None = None,
) -> Any:
    """Mean of ``y_pred - y_true``: the bias, above 0 where predictions are too high.

    Composed from the sums of the one pass (see the module).

    Example:
        >>> mean_error([1.0, 2.0], [2.0, 0.0])
        -0.5

    Source:
        The mean signed deviation.
    """
    return _value("mean_error", y_true, y_pred, sample_weight, multioutput, num_threads)


def max_error(
    y_true: Any,
    y_pred: Any,
    *,
    sample_weight: Any = None,
    multioutput: Any = "uniform_average",
    num_threads: int | None = None,
) -> Any:
    """Largest ``|y_pred - y_true|``, whatever the weights.

    Composed from the sums of the one pass (see the module).

    Example:
        >>> max_error([1.0, 2.0], [2.0, 4.0])
        2.0

    Source:
        scikit-learn 1.9, ``max_error``, which takes one output alone.
    """
    return _value("max_error", y_true, y_pred, sample_weight, multioutput, num_threads)


def mean_pinball_loss(
    y_true: Any,
    y_pred: Any,
    *,
    sample_weight: Any = None,
    multioutput: Any = "uniform_average",
    alpha: float = 0.5,
    num_threads: int | None = None,
) -> Any:
    """Mean of ``alpha max(y - x, 0) + (1 - alpha) max(x - y, 0)`` for a predicted quantile x.

    Composed from the sums of the one pass (see the module).

    Args:
        y_true, y_pred: (N,) or (N, K).
        alpha: the quantile that is predicted, from 0 to 1.
        sample_weight, multioutput, num_threads: see the module.

    Example:
        >>> mean_pinball_loss([1.0, 2.0], [0.0, 2.0], alpha=0.75)
        0.375

    Source:
        scikit-learn 1.9, ``mean_pinball_loss``.
    """
    return _value("mean_pinball_loss", y_true, y_pred, sample_weight, multioutput, num_threads, alpha=alpha)


def mean_absolute_percentage_error(
    y_true: Any,
    y_pred: Any,
    *,
    sample_weight: Any = None,
    multioutput: Any = "uniform_average",
    zero: Zero = "eps",
    eps: float = _DEFAULTS.eps,
    num_threads: int | None = None,
) -> Any:
    """Mean of ``|y_pred - y_true| / max(|y_true|, eps)``: a fraction, not a percentage.

    A single target of 0 makes it some 1e15 by default, as in scikit-learn; torchmetrics has an eps of 1.17e-6,
    Keras one of 1e-7 and a result times 100.

    Composed from the sums of the one pass (see the module).

    Args:
        y_true, y_pred: (N,) or (N, K).
        zero: targets of 0 divide by ``eps`` ("eps"), are left out ("skip"), make the result NaN ("nan") or are an
            error ("raise").
        eps: the least denominator.
        sample_weight, multioutput, num_threads: see the module.

    Example:
        >>> mean_absolute_percentage_error([2.0, 4.0], [1.0, 6.0])
        0.5
        >>> mean_absolute_percentage_error([2.0, 0.0], [1.0, 6.0], zero="skip")
        0.5

    Source:
        scikit-learn 1.9, ``mean_absolute_percentage_error``.
    """
    return _value(
        "mean_absolute_percentage_error", y_true, y_pred, sample_weight, multioutput, num_threads, zero=zero, eps=eps
    )


def mean_squared_percentage_error(
    y_true: Any,
    y_pred: Any,
    *,
    sample_weight: Any = None,
    multioutput: Any = "uniform_average",
    zero: Zero = "eps",
    eps: float = _DEFAULTS.eps,
    num_threads: int | None = None,
) -> Any:
    """Mean of ``((y_pred - y_true) / max(|y_true|, eps))^2``: a fraction, not a percentage.

    Composed from the sums of the one pass (see the module).

    Args:
        y_true, y_pred: (N,) or (N, K).
        zero: targets of 0 divide by ``eps`` ("eps"), are left out ("skip"), make the result NaN ("nan") or are an
            error ("raise").
        eps: the least denominator.
        sample_weight, multioutput, num_threads: see the module.

    Example:
        >>> mean_squared_percentage_error([2.0, 4.0], [1.0, 6.0])
        0.25

    Source:
        J. Terven et al., Loss functions and metrics in deep learning, 2023.
    """
    return _value(
        "mean_squared_percentage_error", y_true, y_pred, sample_weight, multioutput, num_threads, zero=zero, eps=eps
    )


def symmetric_mean_absolute_percentage_error(
    y_true: Any,
    y_pred: Any,
    *,
    sample_weight: Any = None,
    multioutput: Any = "uniform_average",
    num_threads: int | None = None,
) -> Any:
    """Mean of ``2 |y_pred - y_true| / (|y_pred| + |y_true|)``, from 0 to 2; 0 where both are 0.

    Despite its name it is no symmetric function of errors above and below. Some define it without the 2.

    Composed from the sums of the one pass (see the module).

    Example:
        >>> symmetric_mean_absolute_percentage_error([3.0, 0.0], [1.0, 0.0])
        0.5

    Source:
        S. Makridakis, Accuracy measures, 1993.
    """
    return _value("symmetric_mean_absolute_percentage_error", y_true, y_pred, sample_weight, multioutput, num_threads)


def weighted_mean_absolute_percentage_error(
    y_true: Any,
    y_pred: Any,
    *,
    sample_weight: Any = None,
    multioutput: Any = "uniform_average",
    num_threads: int | None = None,
) -> Any:
    """Sum of ``|y_pred - y_true|`` over sum of ``|y_true|``; NaN or infinite where all targets are 0.

    Composed from the sums of the one pass (see the module).

    Example:
        >>> weighted_mean_absolute_percentage_error([1.0, 3.0], [2.0, 4.0])
        0.5

    Source:
        torchmetrics 1.9, ``WeightedMeanAbsolutePercentageError``, without its clamp of the denominator.
    """
    return _value("weighted_mean_absolute_percentage_error", y_true, y_pred, sample_weight, multioutput, num_threads)


def normalized_mean_absolute_error(
    y_true: Any,
    y_pred: Any,
    *,
    sample_weight: Any = None,
    multioutput: Any = "uniform_average",
    normalizer: Normalizer = "range",
    num_threads: int | None = None,
) -> Any:
    """Mean absolute error relative to the spread or size of the targets.

    There is no usual normalizer: name it with the number. Constant targets have no range: infinite, or NaN if perfect.

    Composed from the sums of the one pass (see the module).

    Args:
        y_true, y_pred: (N,) or (N, K).
        normalizer: what it is relative to: the "range" of targets, their "mean" (its magnitude) or "std" (with N, not N - 1).
        sample_weight, multioutput, num_threads: see the module.

    Example:
        >>> normalized_mean_absolute_error([0.0, 4.0], [1.0, 5.0])
        0.25

    Source:
        torchmetrics 1.9, ``NormalizedRootMeanSquaredError``, for its normalizers.
    """
    return _value(
        "normalized_mean_absolute_error", y_true, y_pred, sample_weight, multioutput, num_threads, normalizer=normalizer
    )


def normalized_root_mean_squared_error(
    y_true: Any,
    y_pred: Any,
    *,
    sample_weight: Any = None,
    multioutput: Any = "uniform_average",
    normalizer: Normalizer = "range",
    num_threads: int | None = None,
) -> Any:
    """Root mean squared error relative to the spread or size of the targets.

    Composed from the sums of the one pass (see the module).

    Args:
        y_true, y_pred: (N,) or (N, K).
        normalizer: what it is relative to: the "range" of targets, their "mean" (its magnitude) or "std" (with N, not N - 1).
        sample_weight, multioutput, num_threads: see the module.

    Example:
        >>> normalized_root_mean_squared_error([0.0, 4.0], [1.0, 5.0], normalizer="mean")
        0.5

    Source:
        torchmetrics 1.9, ``NormalizedRootMeanSquaredError``, whose default is the mean.
    """
    return _value(
        "normalized_root_mean_squared_error",
        y_true,
        y_pred,
        sample_weight,
        multioutput,
        num_threads,
        normalizer=normalizer,
    )


def mean_squared_log_error(
    y_true: Any,
    y_pred: Any,
    *,
    sample_weight: Any = None,
    multioutput: Any = "uniform_average",
    num_threads: int | None = None,
) -> Any:
    """Mean of ``(log(1 + y_pred) - log(1 + y_true))^2``; ``ValueError`` unless all numbers are above -1.

    Composed from the sums of the one pass (see the module).

    Example:
        >>> round(mean_squared_log_error([1.0], [0.0]), 6)
        0.480453

    Source:
        scikit-learn 1.9, ``mean_squared_log_error``.
    """
    return _value("mean_squared_log_error", y_true, y_pred, sample_weight, multioutput, num_threads)


def root_mean_squared_log_error(
    y_true: Any,
    y_pred: Any,
    *,
    sample_weight: Any = None,
    multioutput: Any = "uniform_average",
    num_threads: int | None = None,
) -> Any:
    """Square root of the mean squared logarithmic error of each output.

    Composed from the sums of the one pass (see the module).

    Example:
        >>> round(root_mean_squared_log_error([1.0], [0.0]), 6)
        0.693147

    Source:
        scikit-learn 1.9, ``root_mean_squared_log_error``.
    """
    return _value("root_mean_squared_log_error", y_true, y_pred, sample_weight, multioutput, num_threads)


def r2_score(
    y_true: Any,
    y_pred: Any,
    *,
    sample_weight: Any = None,
    multioutput: Any = "uniform_average",
    force_finite: bool = True,
    num_threads: int | None = None,
) -> Any:
    """Coefficient of determination: 1 less the squared error relative to that of the mean target.

    From -infinity to 1; 0 is what the mean target would have. Fewer than two rows: NaN.

    Composed from the sums of the one pass (see the module).

    Args:
        y_true, y_pred: (N,) or (N, K).
        force_finite: where targets are constant, 1 for perfect predictions and 0 for others; False: NaN and -inf.
        sample_weight, multioutput, num_threads: see the module.

    Example:
        >>> r2_score([1.0, 2.0, 3.0], [1.0, 2.0, 4.0])
        0.5

    Source:
        scikit-learn 1.9, ``r2_score``.
    """
    return _value("r2_score", y_true, y_pred, sample_weight, multioutput, num_threads, force_finite=force_finite)


def adjusted_r2_score(
    y_true: Any,
    y_pred: Any,
    *,
    sample_weight: Any = None,
    multioutput: Any = "uniform_average",
    num_features: int,
    force_finite: bool = True,
    num_threads: int | None = None,
) -> Any:
    """R2 that counts the features of the model: ``1 - (1 - R2) (n - 1) / (n - num_features - 1)``.

    NaN where rows do not outnumber features by two, where torchmetrics falls back to plain R2.

    Composed from the sums of the one pass (see the module).

    Args:
        y_true, y_pred: (N,) or (N, K).
        num_features: of the model, without the intercept.
        force_finite: where targets are constant, 1 for perfect predictions and 0 for others; False: NaN and -inf.
        sample_weight, multioutput, num_threads: see the module.

    Example:
        >>> round(adjusted_r2_score([1.0, 2.0, 3.0, 4.0], [1.0, 2.0, 3.0, 5.0], num_features=1), 6)
        0.7

    Source:
        H. Theil, Economic forecasts and policy, 1961.
    """
    return _value(
        "adjusted_r2_score",
        y_true,
        y_pred,
        sample_weight,
        multioutput,
        num_threads,
        num_features=num_features,
        force_finite=force_finite,
    )


def explained_variance_score(
    y_true: Any,
    y_pred: Any,
    *,
    sample_weight: Any = None,
    multioutput: Any = "uniform_average",
    force_finite: bool = True,
    num_threads: int | None = None,
) -> Any:
    """As R2, with the variance of the errors: a constant bias costs nothing.

    Composed from the sums of the one pass (see the module).

    Args:
        y_true, y_pred: (N,) or (N, K).
        force_finite: where targets are constant, 1 for perfect predictions and 0 for others; False: NaN and -inf.
        sample_weight, multioutput, num_threads: see the module.

    Example:
        >>> explained_variance_score([1.0, 2.0, 3.0], [2.0, 3.0, 4.0])
        1.0

    Source:
        scikit-learn 1.9, ``explained_variance_score``.
    """
    return _value(
        "explained_variance_score", y_true, y_pred, sample_weight, multioutput, num_threads, force_finite=force_finite
    )


def median_absolute_error(
    y_true: Any, y_pred: Any, *, sample_weight: Any = None, multioutput: Any = "uniform_average"
) -> Any:
    """Median of ``|y_pred - y_true|``, the mean of the middle two where half of the weight is below.

    Composed from NumPy: it needs all errors at once, so that there is no accumulator.

    Args:
        y_true, y_pred: (N,) or (N, K).
        sample_weight, multioutput: see the module.

    Example:
        >>> median_absolute_error([1.0, 2.0, 3.0], [1.0, 3.0, 9.0])
        1.0

    Source:
        scikit-learn 1.9, ``median_absolute_error``, which leaves NaN out where there are weights.
    """
    target, prediction = _pair(y_true, y_pred)
    return _averaged(weighted_quantiles(np.abs(prediction - target), 0.5, sample_weight), multioutput)


def d2_pinball_score(
    y_true: Any,
    y_pred: Any,
    *,
    sample_weight: Any = None,
    multioutput: Any = "uniform_average",
    alpha: float = 0.5,
) -> Any:
    """Share of the pinball loss of the constant quantile that predictions take away. Fewer than two rows: NaN.

    Composed from :func:`mean_pinball_loss`, twice: it needs the quantile of all targets, so that there is no accumulator.
    Constant targets: 1 for perfect predictions and 0 for others.

    Args:
        y_true, y_pred: (N,) or (N, K).
        alpha: the quantile that is predicted, from 0 to 1; the constant one is the middle of those that the targets have.
        sample_weight, multioutput: see the module.

    Example:
        >>> d2_pinball_score([1.0, 2.0, 3.0], [1.0, 3.0, 3.0])
        0.5

    Source:
        R. Koenker and J. A. F. Machado, Goodness of fit for quantile regression, 1999; scikit-learn 1.9,
        ``d2_pinball_score``.
    """
    target, prediction = _pair(y_true, y_pred)
    if len(target) < 2:
        return _averaged(np.full(target.shape[1], np.nan), multioutput)
    constant = np.broadcast_to(weighted_quantiles(target, alpha, sample_weight), target.shape)
    options: dict[str, Any] = {"sample_weight": sample_weight, "multioutput": "raw_values", "alpha": alpha}
    found, least = (np.asarray(mean_pinball_loss(target, side, **options)) for side in (prediction, constant))
    with np.errstate(all="ignore"):
        scores = np.where(least == 0, np.where(np.isnan(found), np.nan, found == 0), 1 - found / least)
    return _averaged(scores, multioutput)


def d2_absolute_error_score(
    y_true: Any, y_pred: Any, *, sample_weight: Any = None, multioutput: Any = "uniform_average"
) -> Any:
    """Share of the absolute error of the median target that predictions take away.

    Composed from :func:`d2_pinball_score` with an ``alpha`` of 0.5.

    Example:
        >>> d2_absolute_error_score([1.0, 2.0, 3.0], [1.0, 3.0, 3.0])
        0.5

    Source:
        scikit-learn 1.9, ``d2_absolute_error_score``.
    """
    return d2_pinball_score(y_true, y_pred, sample_weight=sample_weight, multioutput=multioutput)


def mean_absolute_scaled_error(y_true: Any, y_pred: Any, *, y_train: Any, seasonality: int = 1) -> float:
    """Mean absolute error relative to that of the naive forecast of the training series.

    The naive forecast repeats the value of ``seasonality`` steps before. Composed from NumPy and
    :func:`mean_absolute_error`.

    Args:
        y_true, y_pred: (N,).
        y_train: (T,) the series before, T > seasonality.
        seasonality: steps of a period.

    Example:
        >>> mean_absolute_scaled_error([5.0], [4.0], y_train=[1.0, 3.0, 5.0])
        0.5

    Source:
        R. J. Hyndman and A. B. Koehler, Another look at measures of forecast accuracy, 2006.
    """
    steps = _naive_errors(y_train, seasonality)
    with np.errstate(all="ignore"):
        return float(np.float64(mean_absolute_error(y_true, y_pred)) / np.mean(np.abs(steps)))


def root_mean_squared_scaled_error(y_true: Any, y_pred: Any, *, y_train: Any, seasonality: int = 1) -> float:
    """Root mean squared error relative to that of the naive forecast of the training series.

    As :func:`mean_absolute_scaled_error`. Composed from NumPy and :func:`mean_squared_error`.

    Args:
        y_true, y_pred: (N,).
        y_train: (T,) the series before, T > seasonality.
        seasonality: steps of a period.

    Example:
        >>> root_mean_squared_scaled_error([5.0], [4.0], y_train=[1.0, 3.0, 5.0])
        0.5

    Source:
        S. Makridakis et al., The M5 accuracy competition, 2022.
    """
    steps = _naive_errors(y_train, seasonality)
    with np.errstate(all="ignore"):
        return float(np.sqrt(np.float64(mean_squared_error(y_true, y_pred)) / np.mean(np.square(steps))))


def _averaged(values: FloatArray, multioutput: Any) -> Any:
    if not isinstance(multioutput, str):
        return float(np.average(values, weights=multioutput))
    if multioutput not in ("uniform_average", "raw_values"):
        raise ValueError(f"multioutput: expected 'uniform_average', 'raw_values' or weights, got {multioutput!r}")
    return values if multioutput == "raw_values" else float(np.mean(values))


def _naive_errors(y_train: Any, seasonality: int) -> FloatArray:
    series = as_float64(y_train, "y_train", (None,))
    if seasonality < 1:
        raise ValueError(f"seasonality: expected an int >= 1, got {seasonality!r}")
    if len(series) <= seasonality:
        raise ValueError(f"y_train: expected more than {seasonality} values, got {len(series)}")
    return np.asarray(series[seasonality:] - series[:-seasonality])


def _pair(y_true: Any, y_pred: Any) -> tuple[FloatArray, FloatArray]:
    target, prediction = np.asarray(y_true, dtype=np.float64), np.asarray(y_pred, dtype=np.float64)
    if target.ndim not in (1, 2):
        raise ValueError(f"y_true: expected shape (N,) or (N, K) for K outputs, got {target.shape}")
    if prediction.shape != target.shape:
        raise ValueError(f"y_pred: expected the shape of y_true, {target.shape}, got {prediction.shape}")
    shape = (len(target), 1 if target.ndim == 1 else target.shape[1])
    return target.reshape(shape), prediction.reshape(shape)
