"""Losses of regression on which outliers pull less and less, one term for each element; ``u = (pred - target) / scale``."""

from __future__ import annotations

import math

from metrix.losses._arguments import number, positive
from metrix.losses._elementwise import Formula, elementwise, formula
from metrix.losses._facts import facts


@elementwise(facts("image restoration, regression", "convex, differentiable, smooth, robust, symmetric"))
def charbonnier_loss(*, eps: float = 1e-3) -> Formula:
    """``sqrt(r^2 + eps^2)`` with ``r = pred - target``: the absolute error without its kink, at least ``eps``.

    :data:`pseudo_huber_loss` is this less ``eps``, times ``eps``. Restoration code also adds 1e-6 under the root, which is
    ``eps=1e-3``, or 1e-12.

    Args:
        eps: about where the line becomes a parabola, above 0.

    Example:
        >>> float(charbonnier_loss([3.0], [0.0], eps=4.0))
        5.0

    Source:
        P. Charbonnier et al., Two deterministic half-quadratic regularization algorithms, 1994; W.-S. Lai et al., LapSRN,
        2017.
    """
    return formula("charbonnier_loss", positive(eps, "eps"))


@elementwise(facts("regression", "differentiable, smooth, robust, symmetric, monotonic"), hess="clip")
def cauchy_loss(*, scale: float = 1.0) -> Formula:
    """``log(1 + u^2 / 2)``, the negative log-likelihood of Cauchy's distribution but for constants; also called Lorentzian.

    Ceres has ``log(1 + u^2)``: its scale is ``sqrt(2)`` times this one.

    Args:
        scale: about where outliers begin, above 0.

    Example:
        >>> round(float(cauchy_loss([2.0], [0.0])), 6)
        1.098612

    Source:
        M. J. Black and P. Anandan, 1996; J. T. Barron, A general and adaptive robust loss function, 2019.
    """
    return formula("cauchy_loss", 1 / positive(scale, "scale"))


@elementwise(facts("regression", "differentiable, smooth, robust, symmetric, monotonic", range=(0.0, 2.0)), hess="clip")
def geman_mcclure_loss(*, scale: float = 1.0) -> Formula:
    """``2 u^2 / (u^2 + 4)``, which no outlier raises above 2.

    Args:
        scale: about where outliers begin, above 0.

    Example:
        >>> float(geman_mcclure_loss([2.0], [0.0]))
        1.0

    Source:
        S. Geman and D. McClure, 1985; J. T. Barron, A general and adaptive robust loss function, 2019, with its constants.
    """
    return formula("geman_mcclure_loss", 1 / positive(scale, "scale"))


@elementwise(facts("regression", "differentiable, smooth, robust, symmetric, monotonic", range=(0.0, 1.0)), hess="clip")
def welsch_loss(*, scale: float = 1.0) -> Formula:
    """``1 - exp(-u^2 / 2)``, which no outlier raises above 1; also called Leclerc's, and correntropy its complement.

    Args:
        scale: about where outliers begin, above 0.

    Example:
        >>> round(float(welsch_loss([1.0], [0.0])), 6)
        0.393469

    Source:
        J. E. Dennis and R. E. Welsch, 1978; J. T. Barron, A general and adaptive robust loss function, 2019.
    """
    return formula("welsch_loss", 1 / positive(scale, "scale"))


@elementwise(facts("regression", "convex, differentiable, smooth, robust, symmetric"), hess="clip")
def general_robust_loss(*, alpha: float = 1.0, scale: float = 1.0) -> Formula:
    """Barron's family: ``|alpha - 2| / alpha ((u^2 / |alpha - 2| + 1)^(alpha / 2) - 1)``, and its limits.

    ``alpha`` 2 is half the squared error, 1 the :data:`pseudo_huber_loss` of ``u``, 0 :data:`cauchy_loss`, -2
    :data:`geman_mcclure_loss` and ``-inf`` :data:`welsch_loss`: the less, the less outliers count.

    Args:
        alpha: at most 2.
        scale: about where outliers begin, above 0.

    Example:
        >>> round(float(general_robust_loss([4.0], [0.0], alpha=1.0, scale=0.5)), 6)
        7.062258

    Source:
        J. T. Barron, A general and adaptive robust loss function, 2019.
    """
    inverse = 1 / positive(scale, "scale")
    shape = number(alpha, "alpha", "a number of at most 2", lambda given: given <= 2)
    special = {2.0: "general_robust_loss_of_two", 0.0: "cauchy_loss", -math.inf: "welsch_loss"}
    return formula(special[shape], inverse) if shape in special else formula("general_robust_loss", inverse, shape)
