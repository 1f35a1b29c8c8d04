"""What holds for every loss that there is, whatever works it out."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

from effort import THOROUGH
from losses.batches import SAMPLED, ask, batch, chosen, has
from losses.example_calls import EVERY, Call, example_call
from metrix import _core, losses

NOBODY = np.zeros(0, dtype=np.intp)
#: What losses of the whole batch, whose term does not depend on a reduction, are without samples.
OF_NOBODY = {
    "barlow_twins_loss": np.nan,
    "batch_triplet_loss": 0.0,
    "bce_dice_loss": np.nan,
    "ce_dice_loss": np.nan,
    "lovasz_softmax_loss": 0.0,
    "proxy_anchor_loss": 0.0,
    "vicreg_loss": np.nan,
}
THREADS = (1, 2, 7) if THOROUGH else (1, 3)
#: Inputs that are sets of any size.
SETS = {"anchors", "boxes", "centers", "labels", "masks", "points", "proposals", "v_values", "weights", "y"}


def call_of(name: str, rng: np.random.Generator, count: int = 5) -> Call:
    return batch(name, rng, count) if name in SAMPLED else example_call(name)


def each(call: Call, change: Callable[[Any], Any]) -> Call:
    """The call with another form of each array."""

    def of(given: Any) -> Any:
        if isinstance(given, list) and given and isinstance(given[0], np.ndarray):
            return [of(part) for part in given]
        return change(given) if isinstance(given, np.ndarray) else given

    return Call(tuple(of(given) for given in call.inputs), {key: of(given) for key, given in call.arguments.items()})


def bits(name: str, call: Call, **more: Any) -> tuple[bytes, ...]:
    value, gradients = ask(name, call, **more)
    return np.asarray(value).tobytes(), *(gradient.tobytes() for _, gradient in gradients)


@pytest.mark.parametrize("name", EVERY)
def test_the_value_is_that_beside_the_gradient(name: str, rng: np.random.Generator) -> None:
    call = call_of(name, rng)
    for reduction in ("mean", "sum", "none"):
        alone = getattr(losses, name)(*call.inputs, **call.arguments, reduction=reduction)
        assert np.asarray(alone).tobytes() == bits(name, call, reduction=reduction)[0]


@pytest.mark.parametrize("name", EVERY)
def test_results_have_the_dtype_of_the_prediction(name: str, rng: np.random.Generator) -> None:
    call = call_of(name, rng)
    loss = getattr(losses, name)
    for given, expected in ((np.float16, np.float32), (np.float32, np.float32), (np.float64, np.float64)):
        inputs = tuple(
            each(Call((one,), {}), lambda array, to=given: array.astype(to)).inputs[0]
            if key in loss.differentiable
            else one
            for key, one in zip(loss.inputs, call.inputs)
        )
        value, gradients = ask(name, Call(inputs, call.arguments))
        assert value.dtype == expected
        for key, gradient in gradients:
            assert gradient.dtype == expected, key


@pytest.mark.parametrize("name", EVERY)
def test_layouts_and_byte_orders_do_not_matter(name: str, rng: np.random.Generator) -> None:
    call = call_of(name, rng)
    expected = bits(name, call)
    for form in (
        np.asfortranarray,
        lambda array: np.repeat(array, 2, axis=0)[::2] if array.ndim else array,
        lambda array: np.ascontiguousarray(array[::-1])[::-1] if array.ndim else array,
        lambda array: array.astype(array.dtype.newbyteorder()),
    ):
        assert bits(name, each(call, form)) == expected


@pytest.mark.parametrize("name", EVERY)
def test_inputs_stay_as_they_are(name: str, rng: np.random.Generator) -> None:
    def locked(array: Any) -> Any:
        array = array.copy()
        array.flags.writeable = False
        return array

    call = each(call_of(name, rng), locked)
    before = copy.deepcopy((call.inputs, call.arguments))
    ask(name, call)
    np.testing.assert_equal((call.inputs, call.arguments), before)


@pytest.mark.parametrize("name", EVERY)
def test_arguments_that_there_are_not_raise(name: str) -> None:
    call = example_call(name)
    loss = getattr(losses, name)
    with pytest.raises(TypeError, match="flavour"):
        loss(*call.inputs, **call.arguments, flavour=1)
    with pytest.raises(TypeError):
        loss(*call.inputs[:-1], **call.arguments)
    with pytest.raises(ValueError, match="reduction: expected one of"):
        loss(*call.inputs, **call.arguments, reduction="most")
    with pytest.raises(ValueError, match="mean_denominator: expected 'weights' or 'count'"):
        loss(*call.inputs, **call.arguments, mean_denominator="most")


@pytest.mark.parametrize("name", [name for name in EVERY if len(getattr(losses, name).inputs) > 1])
def test_nothing_is_broadcast(name: str, rng: np.random.Generator) -> None:
    """One row, or one number, does not stand for all."""
    call = call_of(name, rng)
    loss = getattr(losses, name)
    for place, (key, given) in enumerate(zip(loss.inputs, call.inputs)):
        if place == 0 or not isinstance(given, np.ndarray) or (key in SETS and name not in SAMPLED):
            continue
        if key in ("centers", "proxies", "weights") or name in ("sinkhorn_divergence", "wasserstein_distance"):
            continue
        for wrong in (np.concatenate([given, given]) if len(given) == 1 else given[:1], given.ravel()[0]):
            inputs = [*call.inputs[:place], wrong, *call.inputs[place + 1 :]]
            with pytest.raises((ValueError, TypeError), match="expected"):
                loss(*inputs, **call.arguments)


@pytest.mark.parametrize("name", SAMPLED)
def test_of_nobody_the_mean_is_nan_and_the_sum_0(name: str, rng: np.random.Generator) -> None:
    call = chosen(name, batch(name, rng, 2), NOBODY)
    value, gradients = ask(name, call)
    np.testing.assert_equal(float(value), OF_NOBODY.get(name, np.nan))
    np.testing.assert_equal(float(ask(name, call, reduction="sum")[0]), OF_NOBODY.get(name, 0.0))
    for key, gradient in gradients:
        assert not gradient.any(), key
    for (_, gradient), (_, of_two) in zip(gradients, ask(name, batch(name, rng, 2))[1], strict=True):
        assert gradient.ndim == of_two.ndim


@pytest.mark.parametrize("name", [name for name in SAMPLED if name != "vicreg_loss"])  # which needs two
def test_one_sample(name: str, rng: np.random.Generator) -> None:
    value, gradients = ask(name, batch(name, rng, 1))
    assert np.isfinite(value)
    for key, gradient in gradients:
        assert np.isfinite(gradient).all(), key


@pytest.fixture
def instruction_sets() -> Iterator[list[str]]:
    before = _core.losses.instruction_set()
    yield [name for name in ("baseline", "v3", "v4") if _core.losses.use_instruction_set(name)]
    _core.losses.use_instruction_set(before)


@pytest.mark.parametrize("name", EVERY)
def test_bits_depend_on_no_instruction_set_or_thread_count(
    name: str, instruction_sets: list[str], rng: np.random.Generator
) -> None:
    call = call_of(name, rng, 37)
    seen = set()
    for level in instruction_sets:
        _core.losses.use_instruction_set(level)
        for threads in THREADS if has(name, "num_threads") else (None,):
            seen.add(bits(name, call, **({} if threads is None else {"num_threads": threads})))
    assert len(seen) == 1


#: Whose gradient takes something as a constant, by their documentation.
NOT_THE_SLOPE = ["ciou_loss", "circle_loss", "focal_eiou_loss"]


@pytest.mark.parametrize("name", [name for name in EVERY if name not in NOT_THE_SLOPE])
def test_gradients_are_central_differences(name: str, rng: np.random.Generator) -> None:
    call = call_of(name, rng, 3)
    loss = getattr(losses, name)
    _, gradients = ask(name, call)
    parts = [
        (place, layer)
        for place, key in enumerate(loss.inputs)
        if key in loss.differentiable
        for layer in (range(len(call.inputs[place])) if isinstance(call.inputs[place], list) else [None])
    ]
    step = 1e-6
    for (place, layer), (key, gradient) in zip(parts, gradients, strict=True):
        given = call.inputs[place] if layer is None else call.inputs[place][layer]
        for at in rng.choice(given.size, min(given.size, 4), replace=False):
            ends = []
            for side in (step, -step):
                inputs = copy.deepcopy(call.inputs)
                (inputs[place] if layer is None else inputs[place][layer]).reshape(-1)[at] += side
                ends.append(float(loss(*inputs, **call.arguments)))
            slope = (ends[0] - ends[1]) / (2 * step)
            assert gradient.reshape(-1)[at] == pytest.approx(slope, rel=1e-5, abs=1e-7), (key, at)


#: Probabilities, boxes, variances and distances cannot be so large, and exponentials overflow.
OVERFLOWS = [
    *("cross_entropy_dist", "entropy", "js_div", "skew_js_div", "skew_kl_div", "jeffreys_div", "log_cosh_dice_loss"),
    *("elbo_loss", "gamma_nll_loss", "gaussian_kl_loss", "msle_loss", "poisson_nll_loss", "tweedie_nll_loss"),
]
REFUSES = [
    *("iou_loss", "giou_loss", "diou_loss", "ciou_loss", "eiou_loss", "focal_eiou_loss"),
    *("fcos_loss", "gaussian_nll_loss"),
]


def extreme(name: str, call: Call, size: float, dtype: type, rng: np.random.Generator) -> Call:
    """With predictions of one size and random signs."""

    def of(key: str, given: Any) -> Any:
        if isinstance(given, list):
            return [of(key, part) for part in given]
        return (size * rng.choice([-1, 1], size=given.shape)).astype(dtype) if key in own else given

    own = getattr(losses, name).differentiable
    return Call(tuple(map(of, getattr(losses, name).inputs, call.inputs)), call.arguments)


@pytest.mark.parametrize("name", [name for name in EVERY if name not in REFUSES])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_extreme_predictions(name: str, dtype: type, rng: np.random.Generator) -> None:
    """Logits of 10000 lose nothing, and no larger number, infinity or NaN turns into a crash or a warning."""
    value, gradients = ask(name, extreme(name, call_of(name, rng), 1e4, dtype, rng))
    if name not in OVERFLOWS:
        assert np.isfinite(value)
        assert all(np.isfinite(gradient).all() for _, gradient in gradients)
    for size in (1e30, np.inf):
        ask(name, extreme(name, call_of(name, rng), size, dtype, rng))
    call = extreme(name, call_of(name, rng), np.nan, dtype, rng)
    assert np.isnan(ask(name, call)[0])
    assert np.isnan(getattr(losses, name)(*call.inputs, **call.arguments))


@pytest.mark.parametrize("name", REFUSES)
def test_what_cannot_be_is_refused(name: str, rng: np.random.Generator) -> None:
    with pytest.raises(ValueError, match=r"(pred|target|distances|variance).*expected"):
        ask(name, extreme(name, call_of(name, rng), 1e4, np.float64, np.random.default_rng(1)))


def labels_of(name: str, call: Call) -> int | None:
    """Which input holds classes, if one does."""
    for place, key in enumerate(getattr(losses, name).inputs):
        given = call.inputs[place]
        if key in ("labels", "target") and isinstance(given, np.ndarray) and given.dtype.kind in "iu":
            return place
    return None


#: Whose labels only have to differ, or whose targets are numbers although the example has whole ones.
NO_CLASSES = [
    *("batch_triplet_loss", "circle_loss", "multi_similarity_loss", "supervised_contrastive_loss"),
    *("balanced_bce_loss", "bce_dice_loss", "boundary_loss", "focal_tversky_loss", "hausdorff_dt_loss", "hinge_loss"),
    *("jaccard_loss", "log_cosh_dice_loss", "lovasz_hinge_loss", "multilabel_soft_margin_loss"),
    *("sensitivity_specificity_loss", "soft_margin_loss", "squared_hinge_loss", "tversky_loss"),
]


@pytest.mark.parametrize(
    "name", [name for name in EVERY if name not in NO_CLASSES and labels_of(name, example_call(name)) is not None]
)
@pytest.mark.parametrize("wrong", [-1, 1000])
def test_labels_that_there_are_not_are_named_with_their_place(name: str, wrong: int, rng: np.random.Generator) -> None:
    call = call_of(name, rng)
    place = labels_of(name, call)
    assert place is not None
    labels = call.inputs[place].copy()
    labels[-1] = wrong
    at = len(labels) - 1
    with pytest.raises(ValueError, match=rf"(\[{at}\]: expected|got {wrong} at {at}|(item|sample) {at}$).*") as caught:
        getattr(losses, name)(*call.inputs[:place], labels, *call.inputs[place + 1 :], **call.arguments)
    assert str(wrong) in str(caught.value)


@pytest.mark.parametrize("name", ["boundary_loss", "hausdorff_dt_loss", "jaccard_loss", "tversky_loss"])
def test_labels_of_pixels_are_named_with_their_place(name: str) -> None:
    with pytest.raises(
        ValueError, match=r"(target\[1, 0, 2\]:|target:) expected labels from 0 to 1.*got 5($| for pixel 2 of sample 1)"
    ):
        getattr(losses, name)(np.zeros((2, 2, 1, 3)), [[[0, 1, 1]], [[0, 0, 5]]])


@pytest.mark.parametrize(
    "name", ["cross_entropy", "nll_loss", "softmax_focal_loss", "multi_margin_loss", "softmax_loss"]
)
def test_of_one_class_there_is_nothing_to_learn(name: str) -> None:
    pred = np.array([[3.0], [-2.0]]) if name != "nll_loss" else np.zeros((2, 1))
    inputs = (pred, [0, 0], [[1.0]]) if name == "softmax_loss" else (pred, [0, 0])
    value, gradient = getattr(losses, name).value_and_grad(*inputs)
    assert value == 0
    assert name == "nll_loss" or not np.any(gradient[0] if name == "softmax_loss" else gradient)
