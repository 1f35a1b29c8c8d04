"""Deviances of Tweedie distributions, and scores relative to a constant prediction: what :mod:`metrix.regression` offers.

They take what its other functions take; a deviance is of one output. None is of the sums of the one pass there, for which
:class:`~metrix.accumulators.SampleMean` and :class:`DevianceMetrics` stand in.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from metrix import _core
from metrix._arrays import as_float64
from metrix._regression import Sums, groups_of, state_of
from metrix._sample_mean import is_mean_of, sample_mean

FloatArray = npt.NDArray[np.float64]


def _deviance_terms(y_true: Any, y_pred: Any, *, power: float = 0.0) -> FloatArray:
    target, prediction = as_float64(y_true, "y_true", (None,)), as_float64(y_pred, "y_pred", (None,))
    if target.shape != prediction.shape:
        raise ValueError(f"y_pred: expected the shape of y_true, {target.shape}, got {prediction.shape}")
    if 0 < power < 1:
        raise ValueError(f"power: expected a number <= 0 or >= 1, got {power!r}")
    _require(target, "y_true", None if power < 1 else "numbers >= 0" if power < 2 else "numbers > 0")
    _require(prediction, "y_pred", None if power == 0 else "numbers > 0")
    return deviance(target, prediction, power)


def _require(values: FloatArray, name: str, what: str | None) -> None:
    if what is None:
        return
    wrong = np.flatnonzero(values < 0 if what == "numbers >= 0" else values <= 0)
    if len(wrong):
        raise ValueError(f"{name}: expected {what}, got {values[wrong[0]]} at index {wrong[0]}")


def deviance(y: Any, m: Any, power: float) -> FloatArray:
    """Twice the loss of likelihood of a mean m where y came, of each element."""
    if power == 0:
        return np.asarray((y - m) ** 2)
    if power == 1:
        return np.asarray(2 * _excess(y, m))
    if power == 2:
        return np.asarray(2 * _excess(m, y) / m)
    with np.errstate(all="ignore"):
        own = np.maximum(y, 0.0) ** (2 - power) / ((1 - power) * (2 - power))
        return np.asarray(2 * (own - y * m ** (1 - power) / (1 - power) + m ** (2 - power) / (2 - power)))


def _excess(y: Any, m: Any) -> FloatArray:
    """``y log(y / m) - y + m``, to all its digits where both are close (a series of C. Loader, 2000)."""
    with np.errstate(all="ignore"):
        plain = np.where(y == 0, m, y * np.log(np.where(y == 0, 1.0, y / m)) - y + m)
        v = (y - m) / (y + m)
        series = np.zeros_like(v)
        for j in range(8, 0, -1):  # (v^2)^9 / 19 is below the last digit
            series = v * v * (series + 1 / (2 * j + 1))
        close = (y - m) * v + 2 * y * v * series
    return np.asarray(np.where(np.abs(v) < 0.1, close, plain))


@is_mean_of(_deviance_terms)
def mean_tweedie_deviance(y_true: Any, y_pred: Any, *, power: float = 0.0, sample_weight: Any = None) -> float:
    """Mean deviance of a Tweedie distribution: how much less likely targets are than if predictions were perfect.

    Args:
        y_true, y_pred: (N,).
        power: of the mean to which the variance is proportional. 0: normal, the mean squared error; 1: Poisson, targets >= 0;
            between 1 and 2: compound Poisson, targets >= 0; from 2 (gamma) on, such as 3 (inverse Gaussian): targets > 0;
            below 0: extreme stable, any targets. Predictions are > 0, of power 0 any numbers.
        sample_weight: (N,) weights.

    Returns:
        At least 0; NaN of no samples. Batch by batch: :class:`~metrix.accumulators.SampleMean`.

    Raises:
        ValueError: for a power between 0 and 1, of which there is no distribution, and numbers out of range, with the index.

    Example:
        >>> from metrix.regression import mean_tweedie_deviance
        >>> round(mean_tweedie_deviance([2, 0, 1, 4], [0.5, 0.5, 2.0, 2.0], power=1), 6)
        1.426015

    Source:
        B. Jørgensen, Exponential dispersion models, 1987; scikit-learn 1.9, ``mean_tweedie_deviance``, which loses digits
        where predictions are close to targets.
    """
    return sample_mean(_deviance_terms(y_true, y_pred, power=power), sample_weight)


def _poisson_terms(y_true: Any, y_pred: Any) -> FloatArray:
    return _deviance_terms(y_true, y_pred, power=1)


def _gamma_terms(y_true: Any, y_pred: Any) -> FloatArray:
    return _deviance_terms(y_true, y_pred, power=2)


@is_mean_of(_poisson_terms)
def mean_poisson_deviance(y_true: Any, y_pred: Any, *, sample_weight: Any = None) -> float:
    """Mean of ``2 (y log(y / x) - y + x)``: :func:`mean_tweedie_deviance` of power 1.

    Example:
        >>> from metrix.regression import mean_poisson_deviance
        >>> mean_poisson_deviance([0, 0], [1.0, 0.5])
        1.5

    Source:
        scikit-learn 1.9, ``mean_poisson_deviance``.
    """
    return sample_mean(_poisson_terms(y_true, y_pred), sample_weight)


@is_mean_of(_gamma_terms)
def mean_gamma_deviance(y_true: Any, y_pred: Any, *, sample_weight: Any = None) -> float:
    """Mean of ``2 (log(x / y) + y / x - 1)``: :func:`mean_tweedie_deviance` of power 2.

    Example:
        >>> from metrix.regression import mean_gamma_deviance
        >>> round(mean_gamma_deviance([2.0, 0.5], [0.5, 2.0]), 6)
        2.25

    Source:
        scikit-learn 1.9, ``mean_gamma_deviance``.
    """
    return sample_mean(_gamma_terms(y_true, y_pred), sample_weight)


def d2_tweedie_score(
    y_true: Any, y_pred: Any, *, power: float = 0.0, sample_weight: Any = None, force_finite: bool = False
) -> float:
    """Share of the deviance of the mean target that predictions take away; R2 of power 0. NaN of fewer than two samples.

    Args:
        y_true, y_pred, power, sample_weight: as in :func:`mean_tweedie_deviance`.
        force_finite: where targets are constant, 1 for perfect predictions and 0 for others; False: NaN and -inf.

    Example:
        >>> from metrix.regression import d2_tweedie_score
        >>> round(d2_tweedie_score([0.5, 1, 2.5, 7], [1, 1, 5, 3.5], power=1), 6)
        0.487915

    Source:
        T. Hastie et al., Statistical learning with sparsity, 2015; scikit-learn 1.9, ``d2_tweedie_score``.
    """
    found = mean_tweedie_deviance(y_true, y_pred, power=power, sample_weight=sample_weight)
    target = as_float64(y_true, "y_true", (None,))
    if len(target) < 2:
        return float("nan")
    mean = sample_mean(target, sample_weight)
    least = sample_mean(deviance(target, mean, power), sample_weight)
    used = target if sample_weight is None else target[np.asarray(sample_weight) != 0]
    return _share(found, 0.0 if (used == used[:1]).all() else least, force_finite)


def _share(found: float, least: float, force_finite: bool) -> float:
    """1 - found / least."""
    if least == 0 and force_finite:
        return float("nan") if np.isnan(found) else float(found == 0)
    with np.errstate(all="ignore"):
        return float(1 - np.float64(found) / np.float64(least))


class DevianceMetrics:
    """:func:`mean_tweedie_deviance` and :func:`d2_tweedie_score` batch by batch: ``update``, ``merge``, ``compute``.

    The deviance of the mean target, which nobody knows before the end, is that of any origin less that of the mean from
    this origin. It can be pickled.

    Args:
        power, force_finite: as in :func:`d2_tweedie_score`.
        origin: some number of the size of the targets, > 0: the closer to their mean, the fewer digits are lost.

    Example:
        >>> from metrix.regression import DevianceMetrics
        >>> metrics = DevianceMetrics(power=1)
        >>> metrics.update([0.5, 1], [1, 1])
        >>> metrics.update([2.5, 7], [5, 3.5])
        >>> round(metrics.compute()["d2_tweedie_score"], 6)
        0.487915
    """

    def __init__(self, *, power: float = 0.0, origin: float = 1.0, force_finite: bool = False) -> None:
        """Of no data yet."""
        if not 0 < origin < np.inf:
            raise ValueError(f"origin: expected a finite number > 0, got {origin!r}")
        self._power, self._origin, self._force_finite = power, origin, force_finite
        self._state = _core.regression.cleared(3)

    def update(self, y_true: Any, y_pred: Any, *, sample_weight: Any = None) -> None:
        """Add a batch."""
        terms = _deviance_terms(y_true, y_pred, power=self._power)
        target = as_float64(y_true, "y_true", (None,))
        values = np.stack([terms, target - self._origin, deviance(target, self._origin, self._power)], axis=1)
        added = state_of(np.zeros_like(values), values, sample_weight, groups_of("errors", "centred"), 1.0, 1)
        self._state = _core.regression.merged(self._state, added)

    def merge(self, other: DevianceMetrics) -> None:
        """Add all that another one of the same power and origin has seen."""
        if (self._power, self._origin) != (other._power, other._origin):
            raise ValueError(
                f"other: expected power {self._power} and origin {self._origin}, got {other._power} and {other._origin}"
            )
        self._state = _core.regression.merged(self._state, other._state)

    def compute(self) -> dict[str, float]:
        """Both."""
        sums = Sums(self._state)
        with np.errstate(all="ignore"):
            found, shift, around = sums.mean("error").tolist()
            least = around - float(deviance(self._origin + shift, self._origin, self._power))
        if sums.variation("centred_error", "centred_squares")[1] == 0:
            least = 0.0  # all targets are equal
        score = _share(found, max(least, 0.0), self._force_finite) if sums.rows[0] >= 2 else float("nan")
        return {"mean_tweedie_deviance": found, "d2_tweedie_score": score}

    def reset(self) -> None:
        """Forget all data, but not the origin."""
        self._state = _core.regression.cleared(3)
