"""Losses of autoencoders, flows, diffusion and translation between images.

No kernel: composed of elementwise losses and NumPy. :mod:`metrix.losses.adversarial` has those with a discriminator or an
energy, :mod:`metrix.losses.transport` distances of distributions.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from metrix.losses._arguments import Array, not_negative, one_of, positive, predictions, same_shape
from metrix.losses._composed import Terms, composed, terms_of
from metrix.losses._facts import facts
from metrix.losses._left_out import Rows
from metrix.losses.classification import binary_cross_entropy, binary_cross_entropy_with_logits
from metrix.losses.regression import huber_loss, l1_loss, mse_loss


@composed(
    facts("image generation", "convex, differentiable", needs="pred, target: one shape, such as (N, C, H, W)"),
    rows=Rows(("pred", "target"), axes=None),
)
def reconstruction_loss(pred: Any, target: Any, /, *, kind: str = "mse", from_logits: bool = True) -> Terms:
    """How well an input is given back: squared error or binary cross-entropy, one term for each element.

    The mean is over all elements; ``reduction="batchmean"`` sums over an image and takes the mean over images, which is
    larger by the number of elements in one.

    Inputs:
        pred: logits or probabilities for "bce".
        target: of its shape; from 0 to 1 for "bce".

    Args:
        kind: "mse" or "bce".
        from_logits: of "bce": whether predictions are logits, or probabilities.

    Example:
        >>> float(reconstruction_loss(np.zeros((2, 3)), np.ones((2, 3)), reduction="batchmean"))
        3.0

    Source:
        G. E. Hinton and R. R. Salakhutdinov, Reducing the dimensionality of data with neural networks, 2006.
    """
    one_of(kind, "kind", ["bce", "mse"])
    x = predictions(pred)
    loss = mse_loss if kind == "mse" else binary_cross_entropy_with_logits if from_logits else binary_cross_entropy
    return terms_of(loss, x, same_shape(target, x, "target"))


@composed(
    facts(
        "image generation, distribution matching",
        "convex, differentiable",
        needs="mean, log_variance: one shape, such as (N, D)",
    ),
    differentiable=("mean", "log_variance"),
    rows=Rows(("mean", "log_variance", "prior_mean", "prior_log_variance"), axes=None),
)
def gaussian_kl_loss(
    mean: Any, log_variance: Any, /, *, prior_mean: Any = None, prior_log_variance: Any = None
) -> Terms:
    """Divergence of normal distributions with diagonal covariance from a prior, one term for each dimension.

    From the standard normal it is ``(mean^2 + e^v - 1 - v) / 2`` with ``v = log_variance``. The loss of a variational
    autoencoder sums over dimensions and takes the mean over samples: ``reduction="batchmean"``, or :data:`elbo_loss`.

    Inputs:
        mean, log_variance: of one shape.

    Args:
        prior_mean, prior_log_variance: of that shape too, without a gradient; None: 0.

    Example:
        >>> float(gaussian_kl_loss(np.ones((4, 3)), np.zeros((4, 3)), reduction="batchmean"))
        1.5

    Source:
        D. P. Kingma and M. Welling, Auto-encoding variational Bayes, 2014.
    """
    m = predictions(mean, "mean")
    v = same_shape(log_variance, m, "log_variance", "mean")
    apart = m if prior_mean is None else m - same_shape(prior_mean, m, "prior_mean", "mean")
    precision = m.dtype.type(1)
    if prior_log_variance is not None:
        prior = same_shape(prior_log_variance, m, "prior_log_variance", "mean")
        v, precision = v - prior, np.exp(-prior)

    def backward(upstream: Array) -> tuple[Array, ...]:
        return upstream * apart * precision, upstream * (0.5 * np.expm1(v))

    return Terms(0.5 * (np.square(apart) * precision + _exp_without_line(v)), backward)


@composed(
    facts("image generation", "differentiable", needs="pred, target: (N, ...), mean, log_variance: (N, D)"),
    differentiable=("pred", "mean", "log_variance"),
    rows=Rows(("pred", "target", "mean", "log_variance")),
)
def elbo_loss(
    pred: Any,
    target: Any,
    mean: Any,
    log_variance: Any,
    /,
    *,
    beta: float = 1.0,
    kind: str = "mse",
    from_logits: bool = True,
) -> Terms:
    """The loss of a variational autoencoder: :data:`reconstruction_loss` plus ``beta`` times :data:`gaussian_kl_loss`.

    One term for each sample, which sums over all its elements and dimensions. With "mse" the squared error stands as it
    is: a decoder of unit variance would have half of it, which is ``beta=2`` and half the loss.

    Inputs:
        pred, target: (N, ...).
        mean, log_variance: (N, D), of the encoder.

    Args:
        beta: what the divergence counts, at least 0.
        kind, from_logits: as of :data:`reconstruction_loss`.

    Example:
        >>> float(elbo_loss(np.zeros((2, 5)), np.ones((2, 5)), np.ones((2, 3)), np.zeros((2, 3))))
        6.5

    Source:
        D. P. Kingma and M. Welling, 2014; I. Higgins et al., beta-VAE, 2017.
    """
    share = not_negative(beta, "beta")
    given = reconstruction_loss.terms(pred, target, kind=kind, from_logits=from_logits)
    latent = gaussian_kl_loss.terms(mean, log_variance)
    x, z = given.values, latent.values
    for name, values in (("pred", x), ("mean", z)):
        if values.ndim == 0 or len(values) != len(x):
            raise ValueError(f"{name}: expected one row for each sample, got shape {values.shape} beside {x.shape}")

    def backward(upstream: Array) -> tuple[Array, ...]:
        return *given.backward(_spread(upstream, x)), *latent.backward(share * _spread(upstream, z).astype(z.dtype))

    return Terms((_sum(x) + share * _sum(z)).astype(x.dtype), backward)


@composed(
    facts(
        "image generation, distribution matching",
        "convex, differentiable",
        needs="latent: (N, ...), log_det_dz_dx: (N,)",
        range=(-math.inf, math.inf),
    ),
    differentiable=("latent", "log_det_dz_dx"),
    rows=Rows(("latent", "log_det_dz_dx")),
)
def flow_nll_loss(latent: Any, log_det_dz_dx: Any, /, *, bits_per_dim: bool = False) -> Terms:
    """Negative log-likelihood under a normalizing flow with a standard normal: ``(D log 2 pi + |z|^2) / 2 - log_det``.

    The determinant is that of the way from data to latents, dz/dx, and its logarithm is subtracted here; that of the
    inverse, dx/dz, has the opposite sign.

    Inputs:
        latent: (N, ...), the z of D dimensions.
        log_det_dz_dx: (N,), log |det dz/dx|.

    Args:
        bits_per_dim: over ``D log 2``. Pixels scaled from 0..255 to 0..1 have 8 more.

    Example:
        >>> round(float(flow_nll_loss(np.zeros((1, 2)), np.zeros(1))), 6)
        1.837877

    Source:
        L. Dinh et al., Density estimation using real NVP, 2017.
    """
    z = predictions(latent, "latent")
    if z.ndim < 2:
        raise ValueError(f"latent: expected shape (N, ...), got {z.shape}")
    flat = z.reshape(len(z), math.prod(z.shape[1:]))
    dimensions = flat.shape[1]
    log_det = same_shape(log_det_dz_dx, np.empty(len(z), z.dtype), "log_det_dz_dx", "the samples")
    unit = 1 / (dimensions * math.log(2)) if bits_per_dim else 1.0
    values = 0.5 * (dimensions * math.log(2 * math.pi) + np.square(flat, dtype=np.float64).sum(axis=1)) - log_det

    def backward(upstream: Array) -> tuple[Array, ...]:
        by = unit * upstream
        return _spread(by, z) * z, -by

    return Terms((unit * values).astype(z.dtype), backward)


@composed(
    facts("image generation", "convex", needs="pred, target: (N, ...), noise or what else is predicted"),
    rows=Rows(("pred", "target", "snr")),
)
def diffusion_loss(
    pred: Any,
    target: Any,
    /,
    *,
    kind: str = "l2",
    delta: float = 1.0,
    snr: Any = None,
    snr_limit: float = 5.0,
    predicts: str = "noise",
) -> Terms:
    """The simple loss of diffusion models: squared error of the predicted noise, one term for each sample, its mean.

    Inputs:
        pred, target: (N, ...).

    Args:
        kind: "l2", "l1" or "huber".
        delta: of "huber", where the square becomes a line.
        snr: (N,), above 0: the signal-to-noise ratio at the timestep of each sample, for min-SNR weights. Any other weights
            of timesteps are a ``weight`` with ``mean_denominator="count"``.
        snr_limit: the most that a ratio counts, above 0.
        predicts: what ``pred`` is, as the weights depend on it: "noise", ``min(snr, limit) / snr``; "sample",
            ``min(snr, limit)``; "velocity", ``min(snr, limit) / (snr + 1)``.

    Example:
        >>> pred, target = np.zeros((2, 4)), np.ones((2, 4))
        >>> diffusion_loss(pred, target, snr=[1.0, 10.0], reduction="none")
        array([1. , 0.5])

    Source:
        J. Ho et al., Denoising diffusion probabilistic models, 2020; T. Hang et al., Min-SNR weighting, 2023.
    """
    one_of(kind, "kind", ["huber", "l1", "l2"])
    one_of(predicts, "predicts", ["noise", "sample", "velocity"])
    limit, bend = positive(snr_limit, "snr_limit"), positive(delta, "delta")
    x = predictions(pred)
    if x.ndim == 0:
        raise ValueError("pred: expected shape (N, ...), got a single number")
    y = same_shape(target, x, "target")
    terms = (
        terms_of(huber_loss, x, y, delta=bend)
        if kind == "huber"
        else terms_of(mse_loss if kind == "l2" else l1_loss, x, y)
    )
    count = math.prod(x.shape[1:])
    share = np.full(len(x), 1 / count if count else math.nan)
    if snr is not None:
        ratio = same_shape(snr, share, "snr", "the samples")
        wrong = np.flatnonzero(~(ratio > 0))
        if len(wrong):
            raise ValueError(f"snr[{wrong[0]}]: expected a number > 0, got {ratio[wrong[0]]}")
        share *= np.minimum(ratio, limit)
        share /= {"noise": ratio, "sample": 1, "velocity": ratio + 1}[predicts]
    return Terms(
        (share * _sum(terms.values)).astype(x.dtype), lambda upstream: terms.backward(_spread(share * upstream, x))
    )


@composed(
    facts(
        "image generation", "convex, robust", needs="cycled_a and real_a of one shape, cycled_b and real_b of another"
    ),
    differentiable=("cycled_a", "cycled_b"),
)
def cycle_consistency_loss(
    cycled_a: Any, real_a: Any, cycled_b: Any, real_b: Any, /, *, penalty: float = 10.0
) -> Terms:
    """There and back again: ``penalty (mean |F(G(a)) - a| + mean |G(F(b)) - b|)``, one term for the batch.

    Inputs:
        cycled_a, real_a: of one shape: F(G(a)) and a.
        cycled_b, real_b: of one shape: G(F(b)) and b.

    Args:
        penalty: what it counts beside the adversarial losses, at least 0.

    Example:
        >>> x = np.zeros((2, 3))
        >>> float(cycle_consistency_loss(x + 0.5, x, x, x))
        5.0

    Source:
        J.-Y. Zhu et al., Unpaired image-to-image translation using cycle-consistent adversarial networks, 2017.
    """
    size = not_negative(penalty, "penalty")
    a, b = predictions(cycled_a, "cycled_a"), predictions(cycled_b, "cycled_b")
    sides = (
        (a, same_shape(real_a, a, "real_a", "cycled_a")),
        (b, same_shape(real_b, b, "real_b", "cycled_b")),
    )

    def backward(upstream: Array) -> tuple[Array, ...]:
        scale = size * float(upstream)
        return tuple(l1_loss.value_and_grad(cycled, real, grad_output=scale)[1] for cycled, real in sides)

    return Terms(np.asarray(size * sum(l1_loss(*side) for side in sides), dtype=a.dtype), backward)


@composed(
    facts("image generation", "convex, robust", needs="mapped, real: one shape"),
    rows=Rows(("mapped", "real"), axes=None),
)
def identity_loss(mapped: Any, real: Any, /, *, penalty: float = 5.0) -> Terms:
    """What is of the goal's kind already should stay as it is: ``penalty |G(b) - b|``, one term for each element.

    Inputs:
        mapped, real: of one shape: G(b) and b.

    Args:
        penalty: at least 0; half of that of :data:`cycle_consistency_loss` in the authors' code.

    Example:
        >>> float(identity_loss(np.array([0.5, 0.0]), np.array([0.0, 0.0])))
        1.25

    Source:
        J.-Y. Zhu et al., 2017.
    """
    size = not_negative(penalty, "penalty")
    x = predictions(mapped, "mapped")
    terms = terms_of(l1_loss, x, same_shape(real, x, "real", "mapped"))
    return Terms(x.dtype.type(size) * terms.values, lambda upstream: terms.backward(size * upstream))


@composed(facts("regression", "convex, differentiable, smooth", needs="theta: parameters of any shape"))
def l2_penalty(theta: Any, /) -> Terms:
    """Half the sum of squares of parameters, ``|theta|^2 / 2``: one term, and its gradient is ``theta``.

    Inputs:
        theta: of any shape.

    Example:
        >>> float(l2_penalty(np.array([3.0, 4.0])))
        12.5

    Source:
        A. E. Hoerl and R. W. Kennard, Ridge regression, 1970.
    """
    x = predictions(theta, "theta")
    value = 0.5 * mse_loss(x, np.zeros_like(x), reduction="sum")
    return Terms(np.asarray(value, dtype=x.dtype), lambda upstream: (upstream * x,))


def _exp_without_line(x: Array) -> Array:
    """``e^x - 1 - x``, to its digits near 0 as well."""
    series = 0.5 * x * x * (1 + x / 3 * (1 + x / 4 * (1 + x / 5 * (1 + x / 6))))
    result: Array = np.where(np.abs(x) < 0.01, series, np.expm1(x) - x)
    return result


def _sum(values: Array) -> Array:
    """Over all axes but the first."""
    sums: Array = values.reshape(len(values), -1 if values.size else 0).sum(axis=1, dtype=np.float64)
    return sums


def _spread(per_sample: Array, over: Array) -> Array:
    """One number of each sample, for all of its elements."""
    shaped = per_sample.reshape(len(over), *[1] * (over.ndim - 1))
    return np.broadcast_to(shaped, over.shape).astype(over.dtype)
