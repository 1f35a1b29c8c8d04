"""What each loss of rows is tried with: parameters, predictions and targets of its domain; and what holds for all."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from metrix import losses
from metrix.losses._row import RowLoss
from oracles import row_losses as oracles

Array = npt.NDArray[Any]

#: Of classes: lanes, both ways of laying rows into them, padding.
CLASS_COUNTS = (1, 2, 5, 16, 17, 63, 64, 70, 97)


@dataclass(frozen=True)
class Case:
    name: str
    parameters: dict[str, Any] = field(default_factory=dict)
    predictions: str = "logits"
    targets: str = "labels"
    #: Whether there are weights of classes, and under which name.
    weight_name: str = ""
    has_kinks: bool = False

    def __str__(self) -> str:
        weighted = [self.weight_name] if self.weight_name else []
        return "-".join([self.name, *(f"{name}={value}" for name, value in self.parameters.items()), *weighted])

    @property
    def loss(self) -> RowLoss:
        return getattr(losses, self.name)  # type: ignore[no-any-return]

    def oracle(self, pred: Array, target: Any, **parameters: Any) -> Array:
        inputs = (pred,) if self.targets == "none" else (pred, target)
        return getattr(oracles, self.name)(*inputs, **self.parameters, **parameters)  # type: ignore[no-any-return]

    def draw(self, rng: np.random.Generator, rows: int, classes: int) -> tuple[Array, Any, dict[str, Any]]:
        """Predictions, targets, weights of classes."""
        weight = {self.weight_name: rng.uniform(0.2, 2, size=classes)} if self.weight_name else {}
        target = (
            rng.integers(0, classes, size=rows) if self.targets == "labels" else drawn(self.targets, rng, rows, classes)
        )
        return drawn(self.predictions, rng, rows, classes), target, weight

    def inputs(self, pred: Array, target: Any) -> tuple[Any, ...]:
        return (pred,) if self.targets == "none" else (pred, target)


def drawn(kind: str, rng: np.random.Generator, rows: int, classes: int) -> Array:
    match kind:
        case "logits":
            return rng.normal(scale=2, size=(rows, classes))
        case "probabilities":
            # They need not add up to 1, and differences are taken of them.
            return rng.uniform(0.2, 1, size=(rows, classes))
        case "with zeros":
            values = rng.uniform(size=(rows, classes)) * (rng.random((rows, classes)) < 0.7)
            return values / np.maximum(values.sum(axis=1, keepdims=True), 0.01)
        case "log probabilities":
            return np.log(drawn("probabilities", rng, rows, classes))
        case "yes or no":
            return rng.integers(0, 2, size=(rows, classes)).astype(np.float64)
        case "none":
            return np.zeros(0)
        case _:
            raise AssertionError(kind)


MULTICLASS = [
    Case("cross_entropy"),
    Case("cross_entropy", weight_name="class_weight"),
    Case("cross_entropy", {"label_smoothing": 0.1}, weight_name="class_weight"),
    Case("cross_entropy", {"label_smoothing": 1.0}),
    Case("cross_entropy", targets="with zeros", weight_name="class_weight"),
    Case("cross_entropy", {"label_smoothing": 0.2}, targets="with zeros"),
    Case("cross_entropy", {"from_logits": False}, predictions="probabilities", weight_name="class_weight"),
    Case("cross_entropy", {"from_logits": False, "label_smoothing": 0.3}, predictions="probabilities"),
    Case("cross_entropy", {"from_logits": False}, predictions="probabilities", targets="with zeros"),
    Case("nll_loss", predictions="log probabilities"),
    Case("nll_loss", predictions="log probabilities", weight_name="class_weight"),
    Case("softmax_focal_loss"),
    Case("softmax_focal_loss", {"gamma": 0.5}, weight_name="alpha"),
    Case("softmax_focal_loss", {"gamma": 3.3, "alpha": 0.25}),
    Case("softmax_focal_loss", {"gamma": 0}),
    Case("multi_margin_loss", has_kinks=True),
    Case("multi_margin_loss", {"p": 2, "margin": 0.5}, weight_name="class_weight", has_kinks=True),
    Case("categorical_hinge_loss", has_kinks=True),
    Case("categorical_hinge_loss", {"margin": 2.0}, weight_name="class_weight", has_kinks=True),
    Case("multilabel_soft_margin_loss", targets="yes or no", weight_name="class_weight"),
]

DIVERGENCE = [
    Case("kl_div", predictions="log probabilities", targets="with zeros"),
    Case("kl_div", {"form": "probabilities"}, predictions="probabilities", targets="with zeros"),
    Case("kl_div", {"form": "logits"}, targets="with zeros"),
    Case("js_div", predictions="probabilities", targets="with zeros"),
    Case("jeffreys_div", predictions="probabilities", targets="probabilities"),
    Case("skew_kl_div", {"alpha": 0.3}, predictions="probabilities", targets="with zeros"),
    Case("skew_js_div", {"alpha": 0.7}, predictions="probabilities", targets="with zeros"),
    Case("cross_entropy_dist", predictions="probabilities", targets="with zeros"),
    Case("entropy", predictions="probabilities", targets="none"),
    Case("entropy", {"form": "logits"}, targets="none"),
]


def check_values_and_derivatives(case: Case, rng: np.random.Generator, rows: int) -> None:
    for classes in CLASS_COUNTS:
        pred, target, weight = case.draw(rng, rows, classes)
        inputs = case.inputs(pred, target)
        wide = pred.astype(np.longdouble)
        expected = case.oracle(wide, target, **weight)
        values, grad = case.loss.value_and_grad(*inputs, reduction="none", **case.parameters, **weight)
        np.testing.assert_allclose(values, expected.astype(np.float64), rtol=1e-12, atol=1e-14)

        def oracle(x: Array, target: Any = target, weight: dict[str, Any] = weight) -> Array:
            return case.oracle(x, target, **weight)

        first, second = oracles.derivatives(oracle, wide)
        smooth = np.ones(pred.shape, dtype=np.bool_)
        if case.has_kinks:
            # A difference across a kink tells nothing: it depends on the step.
            smooth = np.abs(second - oracles.derivatives(oracle, wide, -14)[1]) < 1e-6
        assert smooth.mean() > 0.9
        np.testing.assert_allclose(grad[smooth], first[smooth].astype(np.float64), rtol=1e-8, atol=1e-9)
        if case.name == "nll_loss":
            continue
        same_grad, hess = case.loss.grad_hess(*inputs, hess="exact", **case.parameters, **weight)
        np.testing.assert_allclose(same_grad, grad, rtol=1e-14, atol=1e-16)
        np.testing.assert_allclose(hess[smooth], second[smooth].astype(np.float64), rtol=1e-5, atol=1e-6)


def check_single_precision(case: Case, rng: np.random.Generator, rows: int) -> None:
    for classes in CLASS_COUNTS:
        pred, target, weight = case.draw(rng, rows, classes)
        pred = pred.astype(np.float32)
        target = target if case.targets == "labels" else target.astype(np.float32)
        inputs, wide = case.inputs(pred, target), case.inputs(pred.astype(np.float64), target)
        values, grad = case.loss.value_and_grad(*inputs, reduction="none", **case.parameters, **weight)
        assert values.dtype == grad.dtype == np.float32
        exact, exact_grad = case.loss.value_and_grad(*wide, reduction="none", **case.parameters, **weight)
        np.testing.assert_allclose(values, exact, rtol=1e-5, atol=1e-6)
        if not case.has_kinks:
            np.testing.assert_allclose(grad, exact_grad, rtol=1e-5, atol=1e-6)
