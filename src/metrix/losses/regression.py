"""Losses of regression, one term for each element; ``r = pred - target``."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from metrix import _core
from metrix._threads import resolve_num_threads
from metrix.losses._arguments import Array, each, fraction, not_negative, number, positive, predictions, same_shape
from metrix.losses._composed import FusedTerms, composed
from metrix.losses._elementwise import SERIAL_SIZE, Formula, along_axis, elementwise, formula
from metrix.losses._facts import facts
from metrix.losses._left_out import Rows


@elementwise(facts("regression, image restoration", "convex, differentiable, smooth, symmetric"))
def mse_loss() -> Formula:
    """Squared error, ``r^2``.

    Half of it, as boosting and some texts have it, is ``0.5 * mse_loss``; the second derivative here is 2.

    Example:
        >>> float(mse_loss([1.0, 3.0], [0.0, 1.0]))
        2.5

    Source:
        C. F. Gauss, 1809; PyTorch's mse_loss.
    """
    return formula("mse_loss")


@elementwise(facts("regression, image restoration", "convex, robust, symmetric"), hess="ones")
def l1_loss() -> Formula:
    """Absolute error, ``|r|``; its gradient at 0 is 0.

    Example:
        >>> float(l1_loss([1.0, 3.0], [0.0, 1.0]))
        1.5

    Source:
        P.-S. Laplace, 1774; PyTorch's l1_loss.
    """
    return formula("l1_loss")


@elementwise(facts("regression", "convex, differentiable, smooth, robust, symmetric"))
def huber_loss(*, delta: float = 1.0) -> Formula:
    """Huber's loss: ``r^2 / 2`` up to ``delta``, ``delta (|r| - delta / 2)`` beyond.

    Args:
        delta: where the square becomes a line, above 0.

    Example:
        >>> float(huber_loss([1.0, 3.0], [0.0, 0.0]))
        1.5

    Source:
        P. J. Huber, Robust estimation of a location parameter, 1964; PyTorch's huber_loss.
    """
    return formula("huber_loss", positive(delta, "delta"))


@elementwise(facts("regression, object detection", "convex, differentiable, smooth, robust, symmetric"))
def smooth_l1_loss(*, beta: float = 1.0) -> Formula:
    """Huber's loss over its threshold: ``r^2 / (2 beta)`` below ``beta``, ``|r| - beta / 2`` beyond.

    Args:
        beta: where the square becomes a line; 0 is the absolute error. Region proposals use 1/9.

    Example:
        >>> float(smooth_l1_loss([0.5, 3.0], [0.0, 0.0], beta=1.0))
        1.3125

    Source:
        R. Girshick, Fast R-CNN, 2015; PyTorch's smooth_l1_loss.
    """
    beta = not_negative(beta, "beta")
    return formula("smooth_l1_loss", beta) if beta > 0 else formula("l1_loss")


@elementwise(facts("regression", "convex, differentiable, smooth, robust, symmetric"), hess="clip")
def pseudo_huber_loss(*, delta: float = 1.0) -> Formula:
    """A smooth relative of Huber's loss: ``delta^2 (sqrt(1 + (r / delta)^2) - 1)``.

    Args:
        delta: about where the square becomes a line, above 0.

    Example:
        >>> float(pseudo_huber_loss([3.0], [0.0], delta=4.0))
        4.0

    Source:
        P. Charbonnier et al., 1997; XGBoost's reg:pseudohubererror.
    """
    return formula("pseudo_huber_loss", positive(delta, "delta"))


@elementwise(facts("regression", "convex, differentiable, smooth, robust, symmetric"), hess="clip")
def log_cosh_loss() -> Formula:
    """Logarithm of the hyperbolic cosine of ``r``, to all its digits near 0 and without overflow far from it.

    Example:
        >>> bool(log_cosh_loss([1000.0], [0.0]) == 1000 - np.log(2))
        True

    Source:
        R. A. Saleh and A. K. Md. E. Saleh, Statistical properties of the log-cosh loss function, 2022.
    """
    return formula("log_cosh_loss")


@elementwise(facts("quantile regression, regression", "convex, robust"), hess="ones")
def quantile_loss(*, quantile: float | npt.ArrayLike = 0.5) -> Formula:
    """Pinball loss: ``quantile * u`` for ``u = target - pred`` above 0, ``(quantile - 1) * u`` below.

    The gradient is 0 where ``u`` is. With 0.5 it is half the absolute error.

    Args:
        quantile: which one the best constant prediction is, between 0 and 1; or several, one for each place along the last
            axis of ``pred``, so that one call fits them all. Their targets are then repeated along it.

    Example:
        >>> float(quantile_loss([0.0, 0.0], [1.0, -1.0], quantile=0.9))
        0.5
        >>> quantile_loss([[0.0, 4.0]], [[2.0, 2.0]], quantile=[0.25, 0.75], reduction="none").tolist()
        [[0.5, 0.5]]

    Source:
        R. Koenker and G. Bassett, Regression quantiles, 1978.
    """
    if np.ndim(quantile) == 0:
        return formula("quantile_loss", fraction(quantile, "quantile"))  # type: ignore[arg-type]
    levels = each(quantile, "quantile", "a number between 0 and 1", lambda given: (given > 0) & (given < 1))
    return formula("quantile_loss", 0.5, varying=along_axis(levels, -1, "quantile"))


@elementwise(
    facts(
        "count regression",
        "convex, differentiable",
        needs="pred: logarithms of rates (or rates), target: counts, of one shape",
        range=(-math.inf, math.inf),
    )
)
def poisson_nll_loss(*, log_input: bool = True, full: bool = False, eps: float = 1e-8) -> Formula:
    """Negative log-likelihood of counts: ``exp(pred) - target * pred``.

    Args:
        log_input: predictions are logarithms of rates; False: rates, ``pred - target * log(pred + eps)``.
        full: with Stirling's approximation of ``log(target!)`` where the target is above 1.
        eps: keeps the logarithm of a rate of 0 finite, above 0.

    Example:
        >>> float(poisson_nll_loss([0.0], [2.0]))
        1.0

    Source:
        A. C. Cameron and P. K. Trivedi, Regression analysis of count data, 1998; PyTorch's poisson_nll_loss.
    """
    name = "poisson_nll_loss" + ("" if log_input else "_of_rate") + ("_full" if full else "")
    return formula(name, positive(eps, "eps"))


@elementwise(
    facts(
        "regression, count regression",
        "convex, differentiable",
        needs="pred: logarithms of means (or means), target: at least 0, of one shape",
        range=(-math.inf, math.inf),
    ),
    hess="clip",
)
def gamma_nll_loss(*, log_input: bool = True) -> Formula:
    """Negative log-likelihood of gamma distributions but for what no mean changes: ``target e^-pred + pred``.

    For amounts whose deviation grows with their mean, such as costs of claims. Half the gamma deviance is this less
    ``1 + log(target)``.

    Args:
        log_input: predictions are logarithms of means; False: means, ``target / pred + log(pred)``.

    Example:
        >>> float(gamma_nll_loss([0.0], [2.0]))
        2.0

    Source:
        P. McCullagh and J. A. Nelder, Generalized linear models, 1989; XGBoost's reg:gamma.
    """
    return formula("gamma_nll_loss" if log_input else "gamma_nll_loss_of_mean")


@elementwise(
    facts(
        "regression, count regression",
        "convex, differentiable",
        needs="pred: logarithms of means, target: at least 0, of one shape",
        range=(0.0, math.inf),
    )
)
def tweedie_nll_loss(*, power: float = 1.5) -> Formula:
    """Of Tweedie's distributions, zeros and amounts in one: ``m^(2 - p) / (2 - p) - target m^(1 - p) / (1 - p)``, m = e^pred.

    Half the Tweedie deviance but for what no prediction changes. Towards the power 1 it nears :data:`poisson_nll_loss`,
    towards 2 :data:`gamma_nll_loss`.

    Args:
        power: of the mean that the variance is proportional to, between 1 and 2.

    Example:
        >>> float(tweedie_nll_loss([0.0], [3.0]))
        8.0

    Source:
        B. Jorgensen, Exponential dispersion models, 1987; XGBoost's reg:tweedie.
    """
    return formula("tweedie_nll_loss", number(power, "power", "a number between 1 and 2", lambda given: 1 < given < 2))


@elementwise(
    facts("regression", "differentiable, monotonic, symmetric", needs="pred and target of one shape, above -1"),
    hess="clip",
)
def msle_loss() -> Formula:
    """Squared error of ``log(1 + x)``; predictions and targets above -1.

    Its second derivative is negative where predictions are far too high, so ``grad_hess`` clips it.

    Example:
        >>> round(float(msle_loss([0.0], [1.0])), 6)
        0.480453

    Source:
        Keras' mean_squared_logarithmic_error, without its clipping of negative numbers.
    """
    return formula("msle_loss")


@elementwise(
    facts("regression", "convex, robust, scale invariant", needs="pred and target of one shape, targets away from 0"),
    hess="ones",
)
def mape_loss(*, eps: float = 2.220446049250313e-16) -> Formula:
    """Absolute error relative to the target, ``|r| / max(|target|, eps)``: a fraction, not a percentage.

    Args:
        eps: the least denominator, above 0.

    Example:
        >>> float(mape_loss([1.0, 6.0], [2.0, 4.0]))
        0.5

    Source:
        scikit-learn's mean_absolute_percentage_error.
    """
    return formula("mape_loss", positive(eps, "eps"))


@elementwise(facts("regression", "monotonic, robust, scale invariant, symmetric", range=(0.0, 2.0)), hess="clip")
def smape_loss() -> Formula:
    """Absolute error relative to both sides, ``2 |r| / (|pred| + |target|)``, from 0 to 2; 0 where both are 0.

    Example:
        >>> float(smape_loss([1.0, 0.0], [3.0, 0.0]))
        0.5

    Source:
        S. Makridakis, Accuracy measures, 1993.
    """
    return formula("smape_loss")


@composed(
    facts(
        "regression",
        "differentiable",
        needs="pred: means, target: real numbers, variance: at least 0, all of one shape",
        range=(-math.inf, math.inf),
    ),
    differentiable=("pred", "variance"),
    rows=Rows(("pred", "target", "variance"), axes=None),
)
def gaussian_nll_loss(
    pred: npt.ArrayLike,
    target: npt.ArrayLike,
    variance: npt.ArrayLike,
    /,
    *,
    full: bool = False,
    eps: float = 1e-6,
) -> FusedTerms:
    """Negative log-likelihood of normal distributions, ``(log v + r^2 / v) / 2`` with ``v = max(variance, eps)``.

    It has gradients by the mean and by the variance; below ``eps`` the latter is that at ``eps``, as PyTorch's is, so that
    a variance can grow again. ``grad_hess`` refuses, as second derivatives by two inputs are a matrix.

    Args:
        full: with the constant ``log(2 pi) / 2``.
        eps: the least variance, above 0.

    Example:
        >>> value, (by_mean, by_variance) = gaussian_nll_loss.value_and_grad([1.0], [3.0], [4.0])
        >>> round(float(value), 6), by_mean.tolist(), by_variance.tolist()
        (1.193147, [-0.5], [0.0])

    Source:
        D. A. Nix and A. S. Weigend, Estimating the mean and variance of the target probability distribution, 1994;
        PyTorch's gaussian_nll_loss.
    """
    mean = predictions(pred)
    spread = same_shape(predictions(variance, "variance"), mean, "variance")
    wanted = same_shape(target, mean, "target")
    if (spread < 0).any():
        place = tuple(int(i) for i in np.argwhere(spread < 0)[0])
        raise ValueError(f"variance{list(place)}: expected a number >= 0, got {spread[place]}")
    parameters = (1.0, positive(eps, "eps"), 0.5 * math.log(2 * math.pi) if full else 0.0)
    threads = 1 if mean.size < SERIAL_SIZE else resolve_num_threads(None)

    def ask(name: str, x: Array, first_parameter: Array, upstream: Array | None) -> tuple[Array, ...]:
        what = 0 if upstream is None else 1
        return _core.losses.elementwise(
            *(_core.losses.formulas[name], x, wanted, parameters, first_parameter, 1, what, 0),
            *(None, None, False, upstream, 1.0, 0, threads),
        )

    def evaluate(upstream: Array | None) -> tuple[Array, tuple[Array, ...]]:
        values, *by_mean = ask("gaussian_nll_loss", mean, spread, upstream)
        if upstream is None:
            return values, ()
        return values, (by_mean[0], ask("gaussian_nll_loss_by_variance", spread, mean, upstream)[1])

    return FusedTerms(evaluate, like=mean)
