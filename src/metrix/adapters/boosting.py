"""Losses as objectives of XGBoost, LightGBM and CatBoost.

No kernel: wraps ``metrix.losses``. None of the three needs to be there for the import.

Example:
    >>> import numpy as np
    >>> from metrix.adapters.boosting import Objective
    >>> from metrix.losses import binary_cross_entropy_with_logits
    >>> objective = Objective(binary_cross_entropy_with_logits)
    >>> gradient, hessian = objective.sklearn(np.array([1.0, 0.0]), np.zeros(2))
    >>> gradient, hessian
    (array([-0.5,  0.5]), array([0.25, 0.25]))
    >>> round(objective.initial_score([0, 0, 0, 1]), 4), objective.inverse_link(np.array([0.0]))
    (-1.0986, array([0.5]))

Where each goes::

    xgboost.train({"base_score": start, ...}, data, obj=objective.xgboost, custom_metric=objective.xgboost_metric)
    XGBRegressor(objective=objective.sklearn, base_score=start, eval_metric=objective.mean_loss)
    lightgbm.train({"objective": objective.lightgbm, ...}, data, feval=objective.lightgbm_metric)
    LGBMRegressor(objective=objective.sklearn)
    CatBoostRegressor(loss_function=objective.catboost(), eval_metric=objective.catboost_metric())

with ``start = objective.initial_score(targets)``, which LightGBM takes as ``init_score`` and CatBoost as ``baseline`` of each
row, leave out of their predictions, and which is to be added there. All three predict raw scores with an objective of one's
own: ``objective.inverse_link`` turns them into what the loss is about.
"""

from __future__ import annotations

import math
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from metrix.losses._loss import Hess, Loss

Array = npt.NDArray[Any]

#: Losses of a residual whose second derivative is 0, or next to it, in whole regions where their gradient is not.
_STRAIGHT = {
    "huber_loss",
    "l1_loss",
    "log_cosh_loss",
    "mape_loss",
    "pseudo_huber_loss",
    "quantile_loss",
    "smooth_l1_loss",
}

#: Residuals below this part of their mean size count as of that size where a loss has a kink, so that none weighs alone.
_LEAST_RESIDUAL = 0.1

#: How raw scores become what a loss is about; all others take them as they are.
_LINKS = {
    "binary_cross_entropy_with_logits": "sigmoid",
    "sigmoid_focal_loss": "sigmoid",
    "balanced_bce_loss": "sigmoid",
    "soft_margin_loss": "sigmoid",
    "multilabel_soft_margin_loss": "sigmoid",
    "cross_entropy": "softmax",
    "softmax_focal_loss": "softmax",
    "poisson_nll_loss": "exp",
}

#: Losses of probabilities, which scores are not.
_ASK_FOR_LOGITS = {"binary_cross_entropy": "binary_cross_entropy_with_logits", "nll_loss": "cross_entropy"}


class Objective:
    """A loss as gradient boosting asks for it.

    Args:
        loss: one that has a second derivative of each element or row, such as ``metrix.losses.huber_loss``.
        hess: the second derivative to divide by: "exact", "clip" (at least 1e-16), "abs", "ones", "secant", or a number, a
            constant curvature. None is "secant" for losses of a residual that are straight far from the target, such as
            ``l1_loss``, ``quantile_loss`` and ``huber_loss``, and for all others the policy of the loss: exact where it is
            convex, "clip" where it may be negative, "ones" for ``hinge_loss``.
        factor: multiplies the loss. Regularisation such as ``lambda`` weighs against it: 0.5 makes ``mse_loss`` that of the
            frameworks.
        parameters: of the loss.

    "secant" is the slope of the gradient between the score and its mirror image beyond the target: the curvature of the
    parabola that touches the loss at both and lies nowhere below it. A step that divides by it never overshoots and needs no
    guess of the targets' size, whereas an exact 0 would keep outliers from ever forming a leaf. (Frameworks set leaves to
    medians, but for their own objectives alone.)

    Weights of the data multiply gradients and second derivatives.

    Raises:
        ValueError: for losses of probabilities, and at a score where the gradient is not finite.
    """

    def __init__(
        self,
        loss: Loss,
        *,
        hess: Hess | Literal["secant"] | float | None = None,
        factor: float = 1.0,
        **parameters: Any,
    ) -> None:
        """Of a loss and its parameters."""
        if loss.__name__ in _ASK_FOR_LOGITS and not parameters.get("from_logits"):
            raise ValueError(
                f"loss: {loss.__name__} takes probabilities, and boosting has scores of any size; "
                f"pass {_ASK_FOR_LOGITS[loss.__name__]}"
            )
        if not 0 < factor < math.inf:
            raise ValueError(f"factor: expected a finite number > 0, got {factor!r}")
        policies = ("exact", "clip", "abs", "ones", "secant", None)
        if hess not in policies and (isinstance(hess, str) or not 0 < hess < math.inf):
            raise ValueError(f"hess: expected one of {list(policies)} or a finite number > 0, got {hess!r}")
        self.loss = loss
        self.hess = hess
        self.factor = factor
        self.parameters = parameters
        link = _LINKS.get(loss.__name__, "identity")
        self.link = "identity" if parameters.get("log_input") is False else link

    def __repr__(self) -> str:
        """The loss and its parameters."""
        return f"Objective({self.loss.__name__}, hess={self.hess!r}, factor={self.factor}, {self.parameters})"

    def derivatives(self, scores: Any, targets: Any, weight: Any = None) -> tuple[Array, Array]:
        """Gradient and second derivative of each score, float64, with weights.

        Args:
            scores: (N,) raw scores, or (N, C) of classes.
            targets: (N,) numbers, or classes from 0 where scores have an axis for them.
            weight: (N,), or None for 1.
        """
        scores, targets, weight = self._given(scores, targets, weight)
        policy = self.hess
        if policy is None and self.loss.__name__ in _STRAIGHT:
            policy = "secant"
        asked: Any = policy if policy in ("clip", "abs", "ones", None) else "exact"
        gradient, hessian = self.loss.grad_hess(scores, targets, weight=weight, hess=asked, **self.parameters)
        if isinstance(policy, (int, float)):
            hessian = np.full(scores.shape, float(policy))
            if weight is not None:
                hessian *= weight.reshape(weight.shape + (1,) * (scores.ndim - 1))
        elif policy == "secant":
            hessian = self._secant(scores, targets, weight, hessian)
        if not np.isfinite(gradient).all():
            row = int(np.argwhere(~np.isfinite(gradient))[0, 0])
            raise ValueError(
                f"{self.loss.__name__}: expected finite gradients, got {gradient[row]} for row {row} with score "
                f"{scores[row]} and target {targets[row]}"
            )
        return self.factor * gradient, self.factor * hessian

    def mean_loss(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> float:
        """The loss of raw scores, averaged by weight; ``eval_metric`` of XGBoost's estimators."""
        scores, targets, weight = self._given(y_pred, y_true, sample_weight)
        return self.factor * float(self.loss(scores, targets, weight=weight, **self.parameters))

    def initial_score(self, targets: Any, weight: Any = None) -> float:
        """The constant raw score of the least loss, to begin from.

        Where all targets ask for an infinite one, such as a single class, a finite one at which hardly any gradient is left.
        """
        if self.link == "softmax":
            raise ValueError(f"{self.loss.__name__}: has a score for each class; begin from 0")
        targets = np.asarray(targets, dtype=np.float64)
        if not targets.size:
            raise ValueError("targets: expected at least one")

        def slope(score: float) -> float:
            gradient = self.derivatives(np.full(len(targets), score), targets, weight)[0]
            return float(gradient.sum() / np.abs(targets).clip(min=1).sum())

        start = slope(0.0)
        if start == 0:
            return 0.0
        direction = -1.0 if start > 0 else 1.0
        near, far = 0.0, direction
        while slope(far) * direction < -1e-9 and abs(far) < 1e300:
            near, far = far, 2 * far
        for _ in range(200):
            middle = near + (far - near) / 2
            if middle in (near, far):
                break
            near, far = (middle, far) if slope(middle) * direction < 0 else (near, middle)
        return far

    def inverse_link(self, scores: Any) -> Array:
        """Raw scores as what the loss is about: probabilities of logits, rates of their logarithms, else as they are."""
        scores = np.asarray(scores, dtype=np.float64)
        if self.link == "exp":
            return np.exp(scores)  # type: ignore[no-any-return]
        if self.link == "sigmoid":
            small = np.exp(-np.abs(scores))
            return np.where(scores >= 0, 1, small) / (1 + small)
        if self.link == "softmax":
            shifted = np.exp(scores - scores.max(axis=1, keepdims=True))
            return shifted / shifted.sum(axis=1, keepdims=True)  # type: ignore[no-any-return]
        return scores

    def sklearn(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> tuple[Array, Array]:
        """``objective`` of the estimators of XGBoost and LightGBM."""
        return self.derivatives(y_pred, y_true, sample_weight)

    def xgboost(self, scores: Any, data: Any) -> tuple[Array, Array]:
        """``obj`` of ``xgboost.train``."""
        return self.derivatives(scores, data.get_label(), data.get_weight())

    def xgboost_metric(self, scores: Any, data: Any) -> tuple[str, float]:
        """``custom_metric`` of ``xgboost.train``."""
        return self.loss.__name__, self.mean_loss(data.get_label(), scores, data.get_weight())

    def lightgbm(self, scores: Any, data: Any) -> tuple[Array, Array]:
        """``params["objective"]`` of ``lightgbm.train``."""
        return self.derivatives(scores, data.get_label(), data.get_weight())

    def lightgbm_metric(self, scores: Any, data: Any) -> tuple[str, float, bool]:
        """``feval`` of ``lightgbm.train``."""
        return self.loss.__name__, self.mean_loss(data.get_label(), scores, data.get_weight()), False

    def lightgbm_sklearn_metric(self, y_true: Any, y_pred: Any, weight: Any = None) -> tuple[str, float, bool]:
        """``eval_metric`` of ``fit`` of LightGBM's estimators."""
        return self.loss.__name__, self.mean_loss(y_true, y_pred, weight), False

    def catboost(self) -> CatBoostObjective:
        """``loss_function`` of CatBoost's estimators."""
        return CatBoostObjective(self)

    def catboost_metric(self) -> CatBoostMetric:
        """``eval_metric`` of CatBoost's estimators."""
        return CatBoostMetric(self)

    def _secant(self, scores: Array, targets: Array, weight: Any, exact: Array) -> Array:
        """The slope of the gradient between both sides of the target, or at it."""
        distance = np.abs(scores - targets)
        if "differentiable" not in self.loss.facts.properties:
            mean = float(np.average(distance, weights=weight))
            distance = np.maximum(distance, _LEAST_RESIDUAL * mean if mean else 1.0)
        above, below = (
            self.loss.grad_hess(side, targets, weight=weight, **self.parameters)[0]
            for side in (targets + distance, targets - distance)
        )
        return np.where(distance == 0, exact, (above - below) / np.where(distance == 0, 1, 2 * distance))

    def _given(self, scores: Any, targets: Any, weight: Any) -> tuple[Array, Array, Array | None]:
        scores = np.asarray(scores, dtype=np.float64)
        targets = np.asarray(targets)
        if scores.ndim == 2 and targets.ndim == 1:
            targets = _classes(targets)
        if weight is None or not len(weight):
            return scores, targets, None
        return scores, targets, np.asarray(weight, dtype=np.float64)


class CatBoostObjective:
    """As CatBoost asks for it: derivatives of what is to be made large, so with the sign turned."""

    def __init__(self, objective: Objective) -> None:
        """Of an objective."""
        self.objective = objective

    def calc_ders_range(self, approxes: Any, targets: Any, weights: Any) -> list[tuple[float, float]]:
        """For each row the first and second derivative."""
        gradient, hessian = self.objective.derivatives(_array(approxes), _array(targets), _array(weights))
        return list(zip((-gradient).tolist(), (-hessian).tolist()))

    def calc_ders_multi(self, approx: Any, target: Any, weight: float) -> tuple[list[float], list[list[float]]]:
        """For one row of many classes the gradient and the diagonal of the second derivatives."""
        gradient, hessian = self.objective.derivatives(_array(approx)[None], np.array([target]), np.array([weight]))
        return (-gradient[0]).tolist(), np.diag(-hessian[0]).tolist()


class CatBoostMetric:
    """The mean loss as CatBoost asks for it."""

    def __init__(self, objective: Objective) -> None:
        """Of an objective."""
        self.objective = objective

    def is_max_optimal(self) -> bool:
        """Less is better."""
        return False

    def evaluate(self, approxes: Any, target: Any, weight: Any) -> tuple[float, float]:
        """The weighted sum and the weights' sum."""
        scores = np.stack([_array(column) for column in approxes], axis=-1)
        targets = _array(target)
        total = float(len(targets)) if weight is None else float(_array(weight).sum())
        scores = scores[:, 0] if scores.shape[1] == 1 else scores
        return self.objective.mean_loss(targets, scores, None if weight is None else _array(weight)) * total, total

    def get_final_error(self, error: float, weight: float) -> float:
        """The mean."""
        return error / weight if weight else math.nan


def _array(values: Any) -> Any:
    """CatBoost hands over containers of its own, of which NumPy sees but length and items."""
    return None if values is None else np.fromiter((values[at] for at in range(len(values))), np.float64, len(values))


def _classes(targets: Array) -> Array:
    whole = targets.astype(np.int64)
    if (whole != targets).any():
        row = int(np.flatnonzero(whole != targets)[0])
        raise ValueError(f"targets: expected whole numbers, the classes, got {targets[row]} for row {row}")
    return whole
