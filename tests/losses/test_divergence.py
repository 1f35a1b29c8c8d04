"""metrix.losses.divergence: against the definitions, and where floating point is hard."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from effort import cases
from losses.row_cases import DIVERGENCE, Case, check_single_precision, check_values_and_derivatives
from metrix.losses import (
    cross_entropy,
    cross_entropy_dist,
    entropy,
    jeffreys_div,
    js_div,
    kl_div,
    skew_js_div,
    skew_kl_div,
)
from oracles import row_losses as oracles


@pytest.mark.parametrize("case", DIVERGENCE, ids=str)
def test_values_and_derivatives(case: Case, rng: np.random.Generator) -> None:
    check_values_and_derivatives(case, rng, cases(80))


@pytest.mark.parametrize("case", DIVERGENCE, ids=str)
def test_single_precision(case: Case, rng: np.random.Generator) -> None:
    check_single_precision(case, rng, cases(1000))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_js_div_of_what_is_close_keeps_its_digits(dtype: type) -> None:
    q = dtype([[0.25, 0.75]])
    p = q + dtype([[1e-4, -1e-4]])
    expected = oracles.js_div(q.astype(np.longdouble), p.astype(np.longdouble))[0]
    assert js_div(q, p) == pytest.approx(float(expected), rel=20 * float(np.finfo(dtype).eps))
    assert js_div(q, q) == 0


def test_zeros() -> None:
    """What has no probability adds nothing; what is impossible and happens is infinite, but not in a mixture."""
    one, other = np.array([[1.0, 0.0, 0.0]]), np.array([[0.0, 1.0, 0.0]])
    assert kl_div(one, one, form="probabilities") == 0
    assert kl_div(one, other, form="probabilities") == np.inf
    assert kl_div(np.array([[0.0, -np.inf, -np.inf]]), one) == 0
    assert jeffreys_div(one, one) == 0
    assert jeffreys_div(one, other) == np.inf
    assert js_div(one, other) == pytest.approx(np.log(2), rel=1e-15)
    assert skew_js_div(one, other) == pytest.approx(np.log(2), rel=1e-15)
    assert skew_kl_div(one, other, alpha=0.25) == pytest.approx(-np.log(0.75), rel=1e-15)
    assert cross_entropy_dist(one, one) == 0
    assert cross_entropy_dist(one, other) == np.inf
    assert entropy(one) == 0
    assert entropy(np.array([[0.0, -np.inf, 0.0]]), form="logits") == pytest.approx(np.log(2))
    for loss in (js_div, skew_js_div, skew_kl_div, jeffreys_div):
        assert loss.value_and_grad(one, one)[1][0, 2] == 0


def test_far_apart_probabilities_do_not_overflow() -> None:
    q, p = np.array([[1e-320, 1.0]]), np.array([[0.5, 0.5]])
    expected = oracles.kl_div(q.astype(np.longdouble), p.astype(np.longdouble), "probabilities")[0]
    assert kl_div(q, p, form="probabilities") == pytest.approx(float(expected), rel=1e-14)


def test_how_they_hang_together(rng: np.random.Generator) -> None:
    q, p = rng.dirichlet(np.ones(6), size=(2, 20))
    assert skew_js_div(q, p) == pytest.approx(js_div(q, p), rel=1e-13)
    assert js_div(q, p) == pytest.approx(js_div(p, q), rel=1e-13)
    both = kl_div(q, p, form="probabilities") + kl_div(p, q, form="probabilities")
    assert jeffreys_div(q, p) == pytest.approx(both, rel=1e-13)
    assert cross_entropy_dist(q, p) == pytest.approx(entropy(p) + kl_div(q, p, form="probabilities"), rel=1e-13)
    assert kl_div(np.log(q), p, form="logits") == pytest.approx(kl_div(np.log(q), p), rel=1e-12)
    assert cross_entropy(np.log(q), p) == pytest.approx(cross_entropy_dist(q, p), rel=1e-13)
    assert entropy(np.log(q), form="logits") == pytest.approx(entropy(q), rel=1e-13)


@pytest.mark.parametrize("loss", [kl_div, js_div, jeffreys_div, skew_kl_div, skew_js_div, cross_entropy_dist])
def test_nan_stays(loss: Any) -> None:
    value = loss([[np.nan, 0.5], [0.5, 0.5]], [[0.5, 0.5], [0.5, 0.5]], reduction="none")
    assert np.isnan(value[0])
    assert np.isfinite(value[1])


@pytest.mark.parametrize(
    ("loss", "parameters", "message"),
    [
        (kl_div, {"form": "log"}, r"form: expected one of \[.*\], got 'log'"),
        (skew_kl_div, {"alpha": 1}, r"alpha: expected a number between 0 and 1, got 1"),
        (skew_js_div, {"alpha": 0}, r"alpha: expected a number between 0 and 1, got 0"),
    ],
)
def test_parameters_out_of_range_are_refused(loss: Any, parameters: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        loss(np.ones((1, 2)), np.ones((1, 2)), **parameters)


def test_entropy_takes_one_input() -> None:
    with pytest.raises(ValueError, match=r"form: expected one of .*, got 'log_probabilities'"):
        entropy(np.ones((1, 2)), form="log_probabilities")
    with pytest.raises(TypeError, match=r"entropy: expected pred, got 2 inputs"):
        entropy(np.ones((1, 2)), np.ones((1, 2)))


def test_against_pytorch(rng: np.random.Generator) -> None:
    torch = pytest.importorskip("torch")
    q, p = rng.dirichlet(np.ones(9), size=(2, 20))
    x = torch.from_numpy(np.log(q)).requires_grad_()
    expected = torch.nn.functional.kl_div(x, torch.from_numpy(p), reduction="batchmean")
    expected.backward()
    value, grad = kl_div.value_and_grad(np.log(q), p)
    assert value == pytest.approx(expected.item(), rel=1e-12)
    np.testing.assert_allclose(grad, x.grad.numpy(), rtol=1e-12)
