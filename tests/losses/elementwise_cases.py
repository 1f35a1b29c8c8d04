"""What each elementwise loss is tried with: parameters, and predictions and targets of its domain."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from metrix import losses
from metrix.losses._elementwise import ElementwiseLoss
from oracles import losses as oracles

Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Case:
    name: str
    parameters: dict[str, Any] = field(default_factory=dict)
    predictions: str = "real"
    targets: str = "real"
    #: Where derivatives jump, as distances from which is kept: of pred - target, of pred, of target * pred.
    kinks: tuple[float, ...] = ()
    #: How large the terms are that may cancel: their rounding stays in a small difference.
    cancelling: float = 1.0

    def __str__(self) -> str:
        return "-".join([self.name, *(f"{name}={value}" for name, value in self.parameters.items())])

    @property
    def loss(self) -> ElementwiseLoss:
        return getattr(losses, self.name)  # type: ignore[no-any-return]

    @property
    def oracle(self) -> oracles.LossFunction:
        return getattr(oracles, self.name)  # type: ignore[no-any-return]

    def draw(self, rng: np.random.Generator, count: int) -> tuple[Array, Array]:
        return values(self.predictions, rng, count), values(self.targets, rng, count)

    def is_smooth(self, pred: Array, target: Array) -> npt.NDArray[np.bool_]:
        """Where central differences see no kink."""
        far = np.ones(len(pred), dtype=np.bool_)
        side = np.where(target > 0, 1, -1)
        for kink in self.kinks:
            quantity = side * pred if "hinge" in self.name else np.abs(pred - target)
            far &= np.abs(quantity - kink) > 0.01
        if self.name == "smape_loss":
            far &= np.abs(pred) > 0.05
        return far


def values(kind: str, rng: np.random.Generator, count: int) -> Array:
    match kind:
        case "real":
            return rng.normal(scale=3, size=count)
        case "logit":
            return rng.normal(scale=4, size=count)
        case "small":
            return rng.uniform(-3, 3, size=count)
        case "positive":
            return rng.uniform(0.2, 8, size=count)
        case "count":
            return rng.poisson(3, size=count).astype(np.float64)
        case "probability":
            return rng.uniform(0.02, 0.98, size=count)
        case "label":
            return rng.integers(0, 2, size=count).astype(np.float64)
        case "side":
            return rng.integers(0, 2, size=count) * 2.0 - 1
        case _:
            raise AssertionError(kind)


REGRESSION = [
    Case("mse_loss"),
    Case("l1_loss", kinks=(0,)),
    Case("huber_loss", kinks=(1,)),
    Case("huber_loss", {"delta": 0.3}, kinks=(0.3,)),
    Case("smooth_l1_loss", kinks=(1,)),
    Case("smooth_l1_loss", {"beta": 1 / 9}, kinks=(1 / 9,)),
    Case("smooth_l1_loss", {"beta": 0}, kinks=(0,)),
    Case("pseudo_huber_loss"),
    Case("pseudo_huber_loss", {"delta": 2.5}),
    Case("log_cosh_loss", kinks=(1,)),
    Case("quantile_loss", kinks=(0,)),
    Case("quantile_loss", {"quantile": 0.9}, kinks=(0,)),
    Case("poisson_nll_loss", predictions="small", targets="count", cancelling=20),
    Case("poisson_nll_loss", {"full": True}, predictions="small", targets="count", cancelling=20),
    Case("poisson_nll_loss", {"log_input": False}, predictions="positive", targets="count"),
    Case("poisson_nll_loss", {"log_input": False, "full": True, "eps": 0.01}, predictions="positive", targets="count"),
    Case("msle_loss", predictions="positive", targets="positive"),
    Case("mape_loss", targets="positive", kinks=(0,)),
    Case("mape_loss", {"eps": 2.0}, kinks=(0,)),
    Case("smape_loss", kinks=(0,)),
    Case("gamma_nll_loss", predictions="small", targets="positive", cancelling=100),
    Case("gamma_nll_loss", {"log_input": False}, predictions="positive", targets="positive", cancelling=20),
    Case("tweedie_nll_loss", predictions="small", targets="count", cancelling=20),
    Case("tweedie_nll_loss", {"power": 1.2}, predictions="small", targets="count", cancelling=20),
    Case("charbonnier_loss", kinks=(0,)),
    Case("charbonnier_loss", {"eps": 0.5}),
    Case("cauchy_loss"),
    Case("cauchy_loss", {"scale": 2.5}),
    Case("geman_mcclure_loss"),
    Case("geman_mcclure_loss", {"scale": 2.5}),
    Case("welsch_loss"),
    Case("welsch_loss", {"scale": 2.5}),
    Case("general_robust_loss", cancelling=5),
    Case("general_robust_loss", {"alpha": -0.5, "scale": 2.0}, cancelling=5),
    Case("general_robust_loss", {"alpha": 2.0}),
    Case("general_robust_loss", {"alpha": 0.0}),
]

CLASSIFICATION = [
    Case("binary_cross_entropy", predictions="probability", targets="probability"),
    Case("binary_cross_entropy", {"eps": 1e-7}, predictions="probability", targets="label"),
    Case("binary_cross_entropy_with_logits", predictions="logit", targets="probability"),
    Case("binary_cross_entropy_with_logits", {"pos_weight": 3.0}, predictions="logit", targets="label"),
    Case("sigmoid_focal_loss", predictions="logit", targets="label"),
    Case("sigmoid_focal_loss", predictions="logit", targets="probability"),
    Case("sigmoid_focal_loss", {"gamma": 1.5}, predictions="logit", targets="probability"),
    Case("sigmoid_focal_loss", {"gamma": 0, "alpha": None}, predictions="logit", targets="label"),
    Case("asymmetric_loss", predictions="logit", targets="probability"),
    Case("asymmetric_loss", predictions="logit", targets="label"),
    Case("asymmetric_loss", {"gamma_neg": 2, "gamma_pos": 0, "clip": 0}, predictions="logit", targets="label"),
    Case("quality_focal_loss", predictions="logit", targets="label"),
    Case("quality_focal_loss", {"beta": 1.5}, predictions="logit", targets="label"),
    Case("quality_focal_loss", predictions="logit", targets="probability"),
    Case("varifocal_loss", predictions="logit", targets="label"),
    Case("varifocal_loss", {"alpha": 0.5, "gamma": 1.5}, predictions="logit", targets="probability"),
    Case("hinge_loss", targets="side", kinks=(1,)),
    Case("squared_hinge_loss", targets="label", kinks=(1,)),
    Case("soft_margin_loss", predictions="logit", targets="side"),
]
