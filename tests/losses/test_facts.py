"""What the registry says of each loss holds of its numbers; of elementwise losses, what it leaves out does not hold."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from losses.elementwise_cases import CLASSIFICATION, REGRESSION, Case, values
from losses.example_calls import EVERY, example_call
from metrix import losses
from metrix.losses._elementwise import ElementwiseLoss
from metrix.losses._facts import PROPERTIES

Array = npt.NDArray[np.float64]

#: With default parameters, of which the facts speak; but of quantiles the median alone is symmetric.
ELEMENTWISE = {case.name: case for case in [*REGRESSION, *CLASSIFICATION] if not case.parameters}
ELEMENTWISE["quantile_loss"] = Case("quantile_loss", {"quantile": 0.9}, kinks=(0,))
#: With limits that are far beyond what is tried here.
ELEMENTWISE["cauchy_loss"] = Case("cauchy_loss", {"scale": 0.2})
ELEMENTWISE["charbonnier_loss"] = Case("charbonnier_loss", {"eps": 0.03})
#: Where gradients may jump or bend: distances from the target, or predictions of classifiers.
KINKS = np.array([0.0, 1.0])
COUNT = 4000


def domain(case: Case) -> tuple[float, float]:
    """Where predictions may lie, the ends excluded."""
    if case.name == "msle_loss":
        return -1.0, np.inf
    return {"probability": (0.0, 1.0), "positive": (0.0, np.inf)}.get(case.predictions, (-np.inf, np.inf))


def wide(case: Case, rng: np.random.Generator, count: int) -> tuple[Array, Array]:
    """Predictions from all over the domain, small and large, next to its ends too, and targets."""
    low, high = domain(case)
    sizes = 10 ** rng.uniform(-9 if np.isfinite(low) else -3, -0.4 if np.isfinite(high) else 2, count)
    from_above = rng.random(count) < 0.5
    if np.isfinite(high):
        predictions = np.where(from_above, high - sizes, low + sizes)
    else:
        predictions = low + sizes if np.isfinite(low) else np.where(from_above, -sizes, sizes)
    return predictions, values(case.targets, rng, count)


def terms(case: Case, pred: Array, target: Array) -> Array:
    return case.loss(pred, target, reduction="none", **case.parameters)  # type: ignore[no-any-return]


def slopes(case: Case, pred: Array, target: Array) -> Array:
    return case.loss.value_and_grad(pred, target, reduction="none", **case.parameters)[1]


def is_convex(case: Case, rng: np.random.Generator) -> bool:
    """Middles of chords lie nowhere below the curve."""
    (left, targets), (right, _) = wide(case, rng, COUNT), wide(case, rng, COUNT)
    ends = terms(case, left, targets) + terms(case, right, targets)
    middle = terms(case, (left + right) / 2, targets)
    return bool((middle <= ends / 2 + 1e-9 * (np.abs(ends) + np.abs(middle) + 1)).all())


def is_monotonic(case: Case, rng: np.random.Generator) -> bool:
    """Along a line the gradient never turns from up to down."""
    predictions, targets = wide(case, rng, COUNT)
    line = np.sort(predictions)
    for target in targets[:50]:
        signs = np.sign(slopes(case, line, np.full(COUNT, target)))
        if (np.diff(signs[signs != 0]) < 0).any():
            return False
    return True


def jumps(case: Case, distance: float, from_ends: float = 0.0) -> Array:
    """How much the gradient changes over small steps, those over kinks among them."""
    predictions, targets = wide(case, np.random.default_rng(1), COUNT)
    kinks = [targets + shift for shift in (-1.0, 0.0, 1.0)] + [np.where(targets > 0, 1.0, -1.0), np.zeros(COUNT)]
    points = np.concatenate([predictions, *kinks])
    sides = np.resize(targets, len(points))
    low, high = points - distance / 2, points + distance / 2
    inside = (low > domain(case)[0] + from_ends) & (high < domain(case)[1] - from_ends)
    return np.abs(slopes(case, high[inside], sides[inside]) - slopes(case, low[inside], sides[inside]))


def is_differentiable(case: Case, rng: np.random.Generator) -> bool:
    """Steps a thousand times smaller change the gradient less, wherever they are taken but next to poles."""
    large, small = (jumps(case, distance, from_ends=0.01).max() for distance in (1e-4, 1e-7))
    return bool(small < large / 100)


def is_smooth(case: Case, rng: np.random.Generator) -> bool:
    """No small step changes the gradient by more than some multiple of it."""
    return bool((jumps(case, 1e-6) / 1e-6).max() < 100)


def is_robust(case: Case, rng: np.random.Generator) -> bool:
    """Nowhere in the domain is the gradient large, for targets of ordinary size."""
    predictions, targets = wide(case, rng, COUNT)
    ordinary = np.abs(targets) > 0.2 if case.targets == "real" else np.full(COUNT, True)
    return bool(np.abs(slopes(case, predictions, targets)[ordinary]).max() < 20)


def is_symmetric(case: Case, rng: np.random.Generator) -> bool:
    predictions, targets = wide(case, rng, COUNT)
    if case.predictions != case.targets:
        return False
    return bool(np.allclose(terms(case, predictions, targets), terms(case, targets, predictions), rtol=1e-9))


def is_sparse(case: Case, rng: np.random.Generator) -> bool:
    """More than single points are right enough: the loss is least there, and the gradient 0."""
    predictions, targets = case.draw(rng, COUNT)
    is_least = terms(case, predictions, targets) == case.loss.facts.range[0]
    return bool((is_least & (slopes(case, predictions, targets) == 0)).mean() > 0.01)


def is_bounded(case: Case, rng: np.random.Generator) -> bool:
    predictions, targets = wide(case, rng, COUNT)
    return bool(terms(case, predictions, targets).max() < 10)


def is_scale_invariant(case: Case, rng: np.random.Generator) -> bool:
    predictions, targets = wide(case, rng, COUNT)
    return bool(np.allclose(terms(case, predictions, targets), terms(case, predictions / 2, targets / 2), rtol=1e-9))


def is_proper(case: Case, rng: np.random.Generator) -> bool:
    """The expected gradient is 0 at the true probability."""
    chance = rng.uniform(0.05, 0.95, 100)
    pred = chance if case.predictions == "probability" else np.log(chance / (1 - chance))
    if case.targets not in ("probability", "label"):
        return False
    expected = chance * slopes(case, pred, np.ones(100)) + (1 - chance) * slopes(case, pred, np.zeros(100))
    return bool(np.abs(expected).max() < 1e-9)


CHECKS: dict[str, Callable[[Case, np.random.Generator], bool]] = {
    "convex": is_convex,
    "differentiable": is_differentiable,
    "smooth": is_smooth,
    "robust": is_robust,
    "bounded": is_bounded,
    "sparse": is_sparse,
    "monotonic": is_monotonic,
    "symmetric": is_symmetric,
    "scale invariant": is_scale_invariant,
    "proper": is_proper,
    "multimodal": lambda case, rng: not is_monotonic(case, rng),
}


def test_every_property_is_checked() -> None:
    assert CHECKS.keys() == PROPERTIES.keys()
    assert ELEMENTWISE.keys() <= {name for name in EVERY if isinstance(getattr(losses, name), ElementwiseLoss)}


@pytest.mark.parametrize("name", sorted(ELEMENTWISE))
@pytest.mark.parametrize("word", CHECKS)
def test_a_property_is_named_where_it_holds_and_nowhere_else(name: str, word: str, rng: np.random.Generator) -> None:
    case = ELEMENTWISE[name]
    assert (word in case.loss.facts.properties) == CHECKS[word](case, rng)


@pytest.mark.parametrize("name", sorted(ELEMENTWISE))
def test_values_lie_in_the_range_and_come_near_its_ends(name: str, rng: np.random.Generator) -> None:
    case = ELEMENTWISE[name]
    least, greatest = case.loss.facts.range
    predictions, targets = wide(case, rng, COUNT)
    hard = np.where(targets > 0.5, 1.0, 0.0) if case.targets == "probability" else targets
    found = np.concatenate([terms(case, predictions, side) for side in (targets, hard)])
    assert least <= found.min() + 1e-12
    assert found.max() <= greatest + 1e-12
    if np.isfinite(least):
        assert found.min() < least + 0.05


OTHERS = [name for name in EVERY if name not in ELEMENTWISE]


def near_the_example(name: str, rng: np.random.Generator, size: float) -> tuple[Any, ...]:
    """The inputs of an example, those that have a gradient a little changed: zeros and signs stay."""
    loss, call = getattr(losses, name), example_call(name)

    def changed(given: Any) -> Any:
        if isinstance(given, list):
            return [changed(part) for part in given]
        return given * np.exp(size * rng.normal(size=given.shape))

    return tuple(
        changed(given) if key in loss.differentiable else given for key, given in zip(loss.inputs, call.inputs)
    )


@pytest.mark.parametrize("name", OTHERS)
def test_the_example_is_in_the_range(name: str, rng: np.random.Generator) -> None:
    loss, call = getattr(losses, name), example_call(name)
    least, greatest = loss.facts.range
    for size in (0.0,) if "distribution" in loss.facts.needs or "boxes" in loss.facts.needs else (0.0, 0.01, 0.1):
        value = loss(*near_the_example(name, rng, size), reduction="none", **call.arguments)
        assert least - 1e-9 <= np.min(value)
        assert np.max(value) <= greatest + 1e-9


@pytest.mark.parametrize("name", OTHERS)
def test_bounded_is_to_have_an_end(name: str) -> None:
    facts = getattr(losses, name).facts
    assert ("bounded" in facts.properties) == np.isfinite(facts.range[1])


def halfway(one: Any, other: Any) -> Any:
    """The middle of two arrays, or of lists of arrays one by one."""
    return [halfway(*pair) for pair in zip(one, other)] if isinstance(one, list) else (one + other) / 2


@pytest.mark.parametrize("name", [name for name in OTHERS if "convex" in getattr(losses, name).facts.properties])
def test_chords_lie_nowhere_below(name: str, rng: np.random.Generator) -> None:
    """By the first input, the others being fixed."""
    loss, call = getattr(losses, name), example_call(name)
    for _ in range(20):
        first = near_the_example(name, rng, 0.5)
        second = (near_the_example(name, rng, 0.5)[0], *first[1:])
        middle = (halfway(first[0], second[0]), *first[1:])
        ends = [float(loss(*given, reduction="sum", **call.arguments)) for given in (first, second)]
        between = float(loss(*middle, reduction="sum", **call.arguments))
        assert between <= sum(ends) / 2 + 1e-9 * (abs(between) + 1)


@pytest.mark.parametrize(
    "name", [name for name in OTHERS if "scale invariant" in getattr(losses, name).facts.properties]
)
def test_what_has_no_unit_keeps_its_value(name: str) -> None:
    loss, call = getattr(losses, name), example_call(name)
    doubled = [2 * given if given.dtype.kind == "f" else given for given in call.inputs]
    assert loss(*doubled, **call.arguments) == pytest.approx(loss(*call.inputs, **call.arguments), rel=1e-6, abs=1e-9)


@pytest.mark.parametrize("name", [name for name in OTHERS if "symmetric" in getattr(losses, name).facts.properties])
def test_sides_change_places(name: str, rng: np.random.Generator) -> None:
    loss, call = getattr(losses, name), example_call(name)
    pred, target, *rest = call.inputs
    if not isinstance(pred, list):
        if np.shape(pred) != np.shape(target):
            pytest.skip("the example has labels")
        target = np.asarray(target, dtype=np.float64)
    turned = loss(target, pred, *rest, **call.arguments)
    assert turned == pytest.approx(loss(pred, target, *rest, **call.arguments), rel=1e-9, abs=1e-12)
