"""metrix.losses.generative and adversarial: against the definitions and PyTorch."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from effort import cases
from losses.composed_checks import check_against_definition
from metrix import losses
from oracles import generative as oracles

MODES = ["nonsaturating", "minimax", "lsgan", "hinge", "wasserstein"]


def check(name: str, inputs: tuple[Any, ...], rng: np.random.Generator, **parameters: Any) -> None:
    check_against_definition(getattr(losses, name), getattr(oracles, name), inputs, rng, **parameters)


@pytest.mark.parametrize("parameters", [{}, {"kind": "bce"}, {"kind": "bce", "from_logits": False}], ids=str)
def test_reconstruction_loss(parameters: dict[str, Any], rng: np.random.Generator) -> None:
    pred = rng.uniform(0.1, 0.9, size=(3, 4)) if "from_logits" in parameters else rng.normal(scale=3, size=(3, 4))
    check("reconstruction_loss", (pred, rng.random((3, 4))), rng, **parameters)


def test_gaussian_kl_loss(rng: np.random.Generator) -> None:
    mean, v, prior_mean, prior_v = rng.normal(size=(4, 3, 5))
    check("gaussian_kl_loss", (mean, v), rng)
    check("gaussian_kl_loss", (mean, v), rng, prior_mean=prior_mean, prior_log_variance=prior_v)
    check("gaussian_kl_loss", (mean, v), rng, prior_mean=prior_mean)


@pytest.mark.parametrize("v", [1e-12, -1e-7, 1e-3, 0.00999, 0.01001, -0.5])
def test_gaussian_kl_loss_keeps_its_digits(v: float) -> None:
    exact = np.longdouble(v) ** 2 * sum(
        np.longdouble(v) ** k / np.prod(np.arange(1, k + 3, dtype=np.longdouble)) for k in range(30)
    )
    assert losses.gaussian_kl_loss(np.zeros(1), np.array([v])) == pytest.approx(float(exact / 2), rel=1e-12, abs=0)


@pytest.mark.parametrize("parameters", [{}, {"beta": 4.0}, {"kind": "bce", "beta": 0.5}], ids=str)
def test_elbo_loss(parameters: dict[str, Any], rng: np.random.Generator) -> None:
    inputs = rng.normal(size=(3, 2, 4)), rng.random((3, 2, 4)), rng.normal(size=(3, 2)), rng.normal(size=(3, 2))
    check("elbo_loss", inputs, rng, **parameters)


def test_elbo_loss_is_the_sum_of_its_parts(rng: np.random.Generator) -> None:
    x, y, mean, v = rng.normal(size=(4, 6, 3))
    given = losses.reconstruction_loss(x, y, reduction="batchmean")
    latent = losses.gaussian_kl_loss(mean, v, reduction="batchmean")
    assert losses.elbo_loss(x, y, mean, v, beta=2.5) == pytest.approx(given + 2.5 * latent, rel=1e-14)


def test_flow_nll_loss(rng: np.random.Generator) -> None:
    for parameters in ({}, {"bits_per_dim": True}):
        check("flow_nll_loss", (rng.normal(size=(3, 2, 2)), rng.normal(size=3)), rng, **parameters)


@pytest.mark.parametrize("kind", ["l1", "l2", "huber"])
@pytest.mark.parametrize("predicts", ["noise", "sample", "velocity"])
def test_diffusion_loss(kind: str, predicts: str, rng: np.random.Generator) -> None:
    inputs = tuple(rng.normal(size=(2, 4, 2, 3)))
    check("diffusion_loss", inputs, rng, kind=kind, delta=0.7)
    check("diffusion_loss", inputs, rng, kind=kind, snr=rng.lognormal(sigma=2, size=4), snr_limit=3, predicts=predicts)


def test_cycles(rng: np.random.Generator) -> None:
    a, b = rng.normal(size=(2, 3, 4)), rng.normal(size=(2, 3, 2))
    check("cycle_consistency_loss", (*a, *b), rng)
    check("cycle_consistency_loss", (*a, *b), rng, penalty=0.3)
    check("identity_loss", tuple(a), rng)
    check("identity_loss", tuple(a), rng, penalty=2.0)


def test_l2_penalty(rng: np.random.Generator) -> None:
    check("l2_penalty", (rng.normal(size=(2, 3, 2)),), rng)


@pytest.mark.parametrize("mode", MODES)
def test_adversaries(mode: str, rng: np.random.Generator) -> None:
    for _ in range(cases(20)):
        real, fake = rng.normal(scale=3, size=(2, 3, 4))
        check("gan_discriminator_loss", (real, fake), rng, mode=mode)
        check("gan_generator_loss", (fake,), rng, mode=mode)


def test_critics(rng: np.random.Generator) -> None:
    real, fake = rng.normal(size=(2, 3, 4))
    check("wasserstein_critic_loss", (real, fake), rng)
    check("wasserstein_generator_loss", (fake,), rng)
    for parameters in ({}, {"penalty": 0.5, "center": 0.0}):
        check("gradient_penalty", (rng.normal(size=(4, 3, 2)),), rng, **parameters)


def test_gradient_penalty_of_nothing_has_gradient_zero() -> None:
    value, grad = losses.gradient_penalty.value_and_grad(np.zeros((2, 3)))
    assert value == 10
    assert not grad.any()


@pytest.mark.parametrize("alpha", [0.0, 0.3])
def test_contrastive_divergence_loss(alpha: float, rng: np.random.Generator) -> None:
    check("contrastive_divergence_loss", tuple(rng.normal(size=(2, 5))), rng, alpha=alpha)


def test_contrastive_divergence_loss_descends_on_data_and_climbs_on_samples() -> None:
    _, (data, model) = losses.contrastive_divergence_loss.value_and_grad(np.zeros(4), np.ones(4))
    assert data.tolist() == [0.25] * 4
    assert model.tolist() == [-0.25] * 4


def test_nce_loss(rng: np.random.Generator) -> None:
    check("nce_loss", (rng.normal(size=4), rng.normal(size=(4, 3))), rng)
    check("nce_loss", (rng.normal(size=4), np.zeros((4, 0))), rng)


def test_huge_logits_stay_finite() -> None:
    huge = np.array([1e300, -1e300])
    for mode in ("nonsaturating", "minimax"):
        value, grads = losses.gan_discriminator_loss.value_and_grad(huge, huge, mode=mode, reduction="none")
        assert value.tolist() == [1e300, 1e300]
        assert np.isfinite(grads).all()
        assert np.isfinite(losses.gan_generator_loss(huge, mode=mode))
    assert np.isfinite(losses.nce_loss(huge, huge[:, None]))


def test_no_samples() -> None:
    none, nothing = np.zeros((0, 3), np.float32), np.zeros(0, np.float32)
    for name in ("reconstruction_loss", "gaussian_kl_loss", "diffusion_loss", "gan_discriminator_loss"):
        value, _ = getattr(losses, name).value_and_grad(none, none)
        assert np.isnan(value)
        assert getattr(losses, name)(none, none, reduction="sum") == 0
    assert np.isnan(losses.elbo_loss.value_and_grad(none, none, none, none)[0])
    assert np.isnan(losses.flow_nll_loss.value_and_grad(none, nothing)[0])
    assert np.isnan(losses.nce_loss.value_and_grad(nothing, none)[0])
    assert np.isnan(losses.gradient_penalty.value_and_grad(none)[0])
    assert losses.l2_penalty(none) == 0
    assert np.isnan(losses.cycle_consistency_loss(none, none, none, none))


def test_what_is_masked_takes_no_part(rng: np.random.Generator) -> None:
    x, y = rng.normal(size=(2, 5, 3))
    mask = np.array([True, False, True, True, False])
    value, grad = losses.diffusion_loss.value_and_grad(x, y, mask=mask)
    alone, alone_grad = losses.diffusion_loss.value_and_grad(x[mask], y[mask])
    assert value == pytest.approx(alone, rel=1e-14)
    np.testing.assert_allclose(grad[mask], alone_grad, rtol=1e-14)
    assert not grad[~mask].any()


def test_diffusion_loss_with_weights_of_timesteps_is_min_snr(rng: np.random.Generator) -> None:
    x, y = rng.normal(size=(2, 5, 3))
    snr = rng.lognormal(size=5)
    weight = np.minimum(snr, 5) / snr
    expected = losses.diffusion_loss(x, y, snr=snr)
    assert losses.diffusion_loss(x, y, weight=weight, mean_denominator="count") == pytest.approx(expected, rel=1e-14)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_values_and_gradients_are_those_of_torch(dtype: type, rng: np.random.Generator) -> None:
    torch = pytest.importorskip("torch")
    functional, kl = torch.nn.functional, torch.distributions
    rtol = 1e-9 if dtype == np.float64 else 2e-5

    def compare(name: str, formula: Any, *arrays: Any, **parameters: Any) -> None:
        own = [np.asarray(array, dtype) for array in arrays]
        loss = getattr(losses, name)
        value, grads = loss.value_and_grad(*own, **parameters)
        theirs = {key: torch.tensor(one, requires_grad=True) for key, one in zip(loss.inputs, own)}
        expected = formula(*theirs.values())
        expected.backward()
        np.testing.assert_allclose(value, expected.item(), rtol=rtol, atol=rtol / 10)
        for key, grad in zip(loss.differentiable, grads if len(loss.differentiable) > 1 else [grads]):
            np.testing.assert_allclose(grad, theirs[key].grad.numpy(), rtol=rtol, atol=rtol / 10)

    def divergence(mean: Any, v: Any) -> Any:
        prior = kl.Normal(torch.zeros_like(mean), torch.ones_like(v))
        return kl.kl_divergence(kl.Normal(mean, (v / 2).exp()), prior).sum() / len(mean)

    x, y = rng.normal(size=(2, 6, 4))
    compare("gaussian_kl_loss", divergence, x, y, reduction="batchmean")
    standard = kl.Normal(torch.tensor(0.0, dtype=torch.float64), torch.tensor(1.0, dtype=torch.float64))
    compare("flow_nll_loss", lambda z, log_det: -(standard.log_prob(z).sum(1) + log_det).mean(), x, y[:, 0])
    compare("gan_discriminator_loss", lambda r, f: (functional.softplus(-r) + functional.softplus(f)).mean(), x, y)
    compare("gan_discriminator_loss", lambda r, f: ((1 - r).relu() + (1 + f).relu()).mean(), x, y, mode="hinge")
    compare("gan_generator_loss", lambda f: (1 - f.sigmoid()).log().mean(), x, mode="minimax")
    compare("gradient_penalty", lambda g: 10 * (g.norm(dim=1) - 1).square().mean(), x)
    compare("diffusion_loss", lambda a, b: functional.smooth_l1_loss(a, b), x, y, kind="huber")
    compare("nce_loss", lambda d, n: (functional.softplus(-d) + functional.softplus(n).sum(1)).mean(), x[:, 0], y)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda x: losses.reconstruction_loss(x, x, kind="l1"), ValueError, r"kind: expected one of \['bce', 'mse'\]"),
        (
            lambda x: losses.gaussian_kl_loss(x, x[:1]),
            ValueError,
            r"log_variance: expected the shape of mean, \(2, 3\)",
        ),
        (lambda x: losses.elbo_loss(x, x, x[:1], x[:1]), ValueError, r"mean: expected one row for each sample"),
        (lambda x: losses.elbo_loss(x, x, x, x, beta=-1), ValueError, r"beta: expected a finite number >= 0"),
        (lambda x: losses.flow_nll_loss(x, x), ValueError, r"log_det_dz_dx: expected the shape of the samples, \(2,\)"),
        (lambda x: losses.flow_nll_loss(x[0], x[0]), ValueError, r"latent: expected shape \(N, ...\), got \(3,\)"),
        (
            lambda x: losses.diffusion_loss(x, x, snr=[1.0, 0.0]),
            ValueError,
            r"snr\[1\]: expected a number > 0, got 0.0",
        ),
        (lambda x: losses.diffusion_loss(x, x, predicts="x"), ValueError, r"predicts: expected one of"),
        (lambda x: losses.gan_generator_loss(x, mode="ls"), ValueError, r"mode: expected one of .*, got 'ls'"),
        (lambda x: losses.gan_discriminator_loss(x, x[0]), ValueError, r"fake: expected the shape of real, \(2, 3\)"),
        (lambda x: losses.gradient_penalty(x[0]), ValueError, r"gradients: expected shape \(N, ...\), got \(3,\)"),
        (lambda x: losses.nce_loss(x, x), ValueError, r"noise: expected shape \(N, K\) beside data of shape \(N,\)"),
        (lambda x: losses.cycle_consistency_loss(x, x, x, x[0]), ValueError, r"real_b: expected the shape of cycled_b"),
        (lambda x: losses.l2_penalty([1, 2]), TypeError, r"theta: expected floating-point numbers, got dtype int64"),
    ],
)
def test_errors_name_the_argument(call: Any, error: type[Exception], message: str, rng: np.random.Generator) -> None:
    with pytest.raises(error, match=message):
        call(rng.normal(size=(2, 3)))
