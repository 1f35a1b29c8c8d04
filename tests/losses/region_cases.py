"""What losses of regions are tried with, and how one of them is worked out by its definition."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from metrix import losses
from metrix.losses._regions import RegionLoss
from oracles import regions as oracle

Array = npt.NDArray[Any]


@dataclass(frozen=True)
class Case:
    name: str
    parameters: dict[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        return "-".join([self.name, *(f"{name}={value}" for name, value in self.parameters.items())])

    @property
    def loss(self) -> RegionLoss:
        return getattr(losses, self.name)  # type: ignore[no-any-return]


CASES = [
    Case("dice_loss"),
    Case("dice_loss", {"smooth": 1.0, "squared": True}),
    Case("dice_loss", {"smooth": 0.0, "log": True}),
    Case("dice_loss", {"generalized": True}),
    Case("dice_loss", {"generalized": True, "squared": True, "log": True, "smooth": 0.5}),
    Case("log_cosh_dice_loss"),
    Case("jaccard_loss", {"eps": 30.0, "smooth": 0.5}),
    Case("jaccard_loss"),
    Case("jaccard_loss", {"log": True, "smooth": 1.0}),
    Case("tversky_loss"),
    Case("tversky_loss", {"alpha": 0.8, "beta": 0.6, "log": True}),
    Case("focal_tversky_loss"),
    Case("focal_tversky_loss", {"gamma": 0.75, "alpha": 0.0}),
    Case("sensitivity_specificity_loss"),
    Case("sensitivity_specificity_loss", {"sensitivity": 0.7}),
]


@dataclass
class Problem:
    """Predictions (N, C, S), targets, and arguments common to all losses of regions."""

    pred: Array
    target: Array
    common: dict[str, Any]

    @property
    def activation(self) -> str | None:
        if not self.common.get("from_logits", True):
            return None
        has_labels = self.target.ndim == 2
        return self.common.get("activation") or ("softmax" if has_labels else "sigmoid")

    def expected_terms(self, case: Case, pred: Array | None = None) -> npt.NDArray[np.longdouble]:
        pred = self.pred if pred is None else pred
        wide = pred.astype(np.longdouble)
        classes = pred.shape[1]
        kept = self.common.get("mask", np.ones((len(pred), pred.shape[2]), dtype=np.bool_))
        target = self.target
        if target.ndim == 2:
            kept = kept & (target != self.common.get("ignore_index", -100))
            target = oracle.one_hot(target, classes)
        return oracle.terms(
            case.name,
            oracle.probabilities(wide, self.activation),
            target.astype(np.longdouble),
            kept,
            self.common.get("region", "sample"),
            list(self.common.get("classes", range(classes))),
            **case.parameters,
        )


def draw(rng: np.random.Generator) -> Problem:
    """Any mixture of shapes, targets and arguments."""
    samples, classes, pixels = int(rng.integers(1, 4)), int(rng.integers(1, 5)), int(rng.integers(1, 40))
    common: dict[str, Any] = {"region": rng.choice(["sample", "batch"])}
    pred = rng.normal(scale=2, size=(samples, classes, pixels))
    kind = rng.choice(["labels", "hard", "soft"])
    if kind == "labels":
        target = rng.integers(0, classes, size=(samples, pixels))
        target[rng.random(target.shape) < 0.2] = -100
    elif kind == "hard":
        target = (rng.random(pred.shape) < 0.4).astype(rng.choice(["float64", "uint8", "bool"]))
    else:
        target = rng.random(pred.shape)
    how = rng.choice(["default", "probabilities", "softmax", "sigmoid"])
    if how == "probabilities":
        pred, common["from_logits"] = rng.random(pred.shape), False
    elif how != "default":
        common["activation"] = how
    if rng.random() < 0.4:
        common["mask"] = rng.random((samples, pixels)) < 0.7
    if rng.random() < 0.3:
        common["classes"] = rng.permutation(classes)[: rng.integers(1, classes + 1)].tolist()
    return Problem(pred, target, common)
