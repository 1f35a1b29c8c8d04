"""Losses with an opponent: discriminators, critics, energies and noise.

No kernel: composed of elementwise losses. What a discriminator says comes as logits, of any shape: (N,) or patches.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from metrix.losses._arguments import Array, not_negative, one_of, predictions, same_shape
from metrix.losses._composed import FusedTerms, Terms, composed, terms_of
from metrix.losses._embeddings import Unit
from metrix.losses._facts import facts
from metrix.losses._left_out import Rows
from metrix.losses.classification import binary_cross_entropy_with_logits, hinge_loss
from metrix.losses.regression import mse_loss

MODES = ("hinge", "lsgan", "minimax", "nonsaturating", "wasserstein")
NEEDS = "real, fake: logits of a discriminator, of one shape"
ANY = (-math.inf, math.inf)


@composed(
    facts("image generation", "convex", needs=NEEDS, range=ANY),
    differentiable=("real", "fake"),
    rows=Rows(("real", "fake"), axes=None),
)
def gan_discriminator_loss(real: Any, fake: Any, /, *, mode: str = "nonsaturating") -> Terms:
    """What the discriminator of a generative adversarial network minimizes; one term for each pair of a real and a fake.

    ============================  =============================================
    mode                          loss of logits ``r`` and ``f``
    ============================  =============================================
    "nonsaturating", "minimax"    ``log(1 + e^-r) + log(1 + e^f)``
    "lsgan"                       ``((r - 1)^2 + f^2) / 2``
    "hinge"                       ``max(0, 1 - r) + max(0, 1 + f)``
    "wasserstein"                 ``f - r``
    ============================  =============================================

    Logits come as they are: MONAI's PatchAdversarialLoss puts an activation of its own before some of these.

    Inputs:
        real, fake: of one shape, from batches of one size.

    Args:
        mode: as above.

    Example:
        >>> float(gan_discriminator_loss(np.array([2.0]), np.array([-0.5]), mode="hinge"))
        0.5

    Source:
        I. Goodfellow et al., 2014; X. Mao et al., LSGAN, 2017; J. H. Lim and J. C. Ye, Geometric GAN, 2017.
    """
    one_of(mode, "mode", MODES)
    r = predictions(real, "real")
    f = same_shape(fake, r, "fake", "real")
    if mode == "wasserstein":
        return Terms(f - r, lambda upstream: (-upstream, upstream.copy()))
    loss, target = {"hinge": (hinge_loss, -1), "lsgan": (mse_loss, 0)}.get(mode, (binary_cross_entropy_with_logits, 0))
    of_real, of_fake = terms_of(loss, r, np.ones_like(r)), terms_of(loss, f, np.full_like(f, target))
    scale = r.dtype.type(0.5 if mode == "lsgan" else 1)
    return Terms(
        scale * (of_real.values + of_fake.values),
        lambda upstream: (*of_real.backward(scale * upstream), *of_fake.backward(scale * upstream)),
    )


@composed(
    facts("image generation", "", needs="fake: logits of a discriminator", range=ANY), rows=Rows(("fake",), axes=None)
)
def gan_generator_loss(fake: Any, /, *, mode: str = "nonsaturating") -> Terms:
    """What the generator minimizes, given what the discriminator says of its images; one term for each logit ``f``.

    ===================  =======================================================
    mode                 loss
    ===================  =======================================================
    "nonsaturating"      ``log(1 + e^-f)``, that is ``-log D``
    "minimax"            ``-log(1 + e^f)``, that is ``log(1 - D)``: its gradient vanishes when the discriminator is sure
    "lsgan"              ``(f - 1)^2 / 2``
    "hinge"              ``-f``
    "wasserstein"        ``-f``
    ===================  =======================================================

    It is not the loss of the discriminator, as some texts have it.

    Inputs:
        fake: logits of any shape.

    Args:
        mode: as above.

    Example:
        >>> round(float(gan_generator_loss(np.array([0.0]))), 6)
        0.693147

    Source:
        As of :data:`gan_discriminator_loss`.
    """
    one_of(mode, "mode", MODES)
    f = predictions(fake, "fake")
    if mode in ("hinge", "wasserstein"):
        return Terms(-f, lambda upstream: (-upstream,))
    if mode == "minimax":
        terms = terms_of(binary_cross_entropy_with_logits, f, np.zeros_like(f))
        return Terms(-terms.values, lambda upstream: terms.backward(-upstream))
    if mode == "lsgan":
        terms = terms_of(mse_loss, f, np.ones_like(f))
        return Terms(f.dtype.type(0.5) * terms.values, lambda upstream: terms.backward(f.dtype.type(0.5) * upstream))
    return terms_of(binary_cross_entropy_with_logits, f, np.ones_like(f))


@composed(
    facts("image generation, distribution matching", "convex, differentiable, robust", needs=NEEDS, range=ANY),
    differentiable=("real", "fake"),
    rows=Rows(("real", "fake"), axes=None),
)
def wasserstein_critic_loss(real: Any, fake: Any, /) -> Terms | FusedTerms:
    """``critic(fake) - critic(real)``: minimized, it tells the two apart; for a critic that is Lipschitz.

    Its negative estimates the distance of the distributions, up to the critic's constant. Plain WGAN clips weights to
    -0.01..0.01; :data:`gradient_penalty` is better. For distances of samples see :mod:`metrix.losses.transport`.

    Inputs:
        real, fake: of one shape, from batches of one size.

    Example:
        >>> float(wasserstein_critic_loss(np.array([2.0]), np.array([0.5])))
        -1.5

    Source:
        M. Arjovsky et al., Wasserstein GAN, 2017.
    """
    return gan_discriminator_loss.terms(real, fake, mode="wasserstein")


@composed(
    facts(
        "image generation, distribution matching",
        "convex, differentiable, robust",
        needs="fake: what a critic says",
        range=ANY,
    ),
    rows=Rows(("fake",), axes=None),
)
def wasserstein_generator_loss(fake: Any, /) -> Terms | FusedTerms:
    """``-critic(fake)``.

    Inputs:
        fake: of any shape.

    Example:
        >>> float(wasserstein_generator_loss(np.array([0.5])))
        -0.5

    Source:
        M. Arjovsky et al., 2017.
    """
    return gan_generator_loss.terms(fake, mode="wasserstein")


@composed(
    facts("image generation", "", needs="gradients: (N, ...), of a critic by its inputs"), rows=Rows(("gradients",))
)
def gradient_penalty(gradients: Any, /, *, penalty: float = 10.0, center: float = 1.0) -> Terms:
    """``penalty (|g| - center)^2`` of the gradient of a critic by each input, one term for each sample.

    NumPy does not differentiate a critic: give its gradients at points on lines between real and fake samples. The gradient
    of this loss is by those; where ``g`` is 0 it is 0.

    Inputs:
        gradients: (N, ...); the norm of a sample is over all its elements.

    Args:
        penalty: at least 0.
        center: the norm that is aimed at, at least 0; 0 with half the penalty is R1.

    Example:
        >>> float(gradient_penalty(np.array([[3.0, 4.0], [0.6, 0.8]])))
        80.0

    Source:
        I. Gulrajani et al., Improved training of Wasserstein GANs, 2017.
    """
    size, aim = not_negative(penalty, "penalty"), not_negative(center, "center")
    g = predictions(gradients, "gradients")
    if g.ndim < 2:
        raise ValueError(f"gradients: expected shape (N, ...), got {g.shape}")
    unit = Unit(g.reshape(len(g), math.prod(g.shape[1:])))
    excess = unit.lengths - g.dtype.type(aim)

    def backward(upstream: Array) -> tuple[Array, ...]:
        return ((2 * size * upstream[:, None] * excess * unit.rows).reshape(g.shape),)

    return Terms(size * np.square(excess[:, 0]), backward)


@composed(
    facts("image generation, distribution matching", "", needs="data_energy, model_energy: one shape", range=ANY),
    differentiable=("data_energy", "model_energy"),
    rows=Rows(("data_energy", "model_energy"), axes=None),
)
def contrastive_divergence_loss(data_energy: Any, model_energy: Any, /, *, alpha: float = 0.0) -> Terms:
    """``E(data) - E(model)``: its gradient by the parameters is that of contrastive divergence, CD-k or persistent.

    Samples of the model come from a few steps of a chain and count as constants. The gradient descends the energy of data
    and climbs that of samples.

    Inputs:
        data_energy, model_energy: of one shape, energies of data and of samples.

    Args:
        alpha: keeps energies small with ``alpha (E(data)^2 + E(model)^2)``, at least 0.

    Example:
        >>> float(contrastive_divergence_loss(np.array([1.0, 2.0]), np.array([0.0, 0.5])))
        1.25

    Source:
        G. E. Hinton, Training products of experts by minimizing contrastive divergence, 2002; Y. Du and I. Mordatch, 2019.
    """
    small = not_negative(alpha, "alpha")
    e = predictions(data_energy, "data_energy")
    m = same_shape(model_energy, e, "model_energy", "data_energy")
    return Terms(
        e - m + small * (e * e + m * m),
        lambda upstream: (upstream * (1 + 2 * small * e), upstream * (2 * small * m - 1)),
    )


@composed(
    facts("distribution matching", "convex, differentiable, smooth", needs="data: (N,), noise: (N, K), log-ratios"),
    differentiable=("data", "noise"),
    rows=Rows(("data", "noise")),
)
def nce_loss(data: Any, noise: Any, /) -> Terms:
    """Data told from K samples of noise each: ``log(1 + e^-d) + sum_k log(1 + e^n_k)``, one term for each sample.

    Inputs:
        data: (N,), ``log p_model(x) - log(K p_noise(x))`` of data.
        noise: (N, K), the same of samples of noise.

    Example:
        >>> round(float(nce_loss(np.zeros(3), np.zeros((3, 2)))), 6)
        2.079442

    Source:
        M. Gutmann and A. Hyvarinen, Noise-contrastive estimation, 2010.
    """
    d = predictions(data, "data")
    n = predictions(noise, "noise").astype(d.dtype, copy=False)
    if n.ndim != 2 or d.shape != n.shape[:1]:
        raise ValueError(f"noise: expected shape (N, K) beside data of shape (N,), got {n.shape} beside {d.shape}")
    of_data = terms_of(binary_cross_entropy_with_logits, d, np.ones_like(d))
    of_noise = terms_of(binary_cross_entropy_with_logits, n, np.zeros_like(n))

    def backward(upstream: Array) -> tuple[Array, ...]:
        return *of_data.backward(upstream), *of_noise.backward(np.repeat(upstream, n.shape[1]).reshape(n.shape))

    return Terms((of_data.values + of_noise.values.sum(axis=1, dtype=np.float64)).astype(d.dtype), backward)
