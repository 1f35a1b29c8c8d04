"""Generative losses as they are defined, in extended precision."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from oracles.losses import binary_cross_entropy, binary_cross_entropy_with_logits, huber_loss

Array = npt.NDArray[np.longdouble]


def sigmoid(x: Array) -> Array:
    return 1 / (1 + np.exp(-x))


def per_sample(x: Array) -> Array:
    return np.array([row.sum() for row in x], dtype=np.longdouble)


def reconstruction_loss(x: Array, y: Array, kind: str = "mse", from_logits: bool = True) -> Array:
    if kind == "mse":
        return (x - y) ** 2
    return binary_cross_entropy_with_logits(x, y) if from_logits else binary_cross_entropy(x, y)


def gaussian_kl_loss(mean: Array, v: Array, prior_mean: Any = 0.0, prior_log_variance: Any = 0.0) -> Array:
    ratio = np.exp(v) / np.exp(prior_log_variance)
    return (ratio + (mean - prior_mean) ** 2 / np.exp(np.longdouble(prior_log_variance)) - 1 - np.log(ratio)) / 2


def elbo_loss(
    x: Array, y: Array, mean: Array, v: Array, beta: float = 1.0, kind: str = "mse", from_logits: bool = True
) -> Array:
    return per_sample(reconstruction_loss(x, y, kind, from_logits)) + beta * per_sample(gaussian_kl_loss(mean, v))


def flow_nll_loss(z: Array, log_det: Array, bits_per_dim: bool = False) -> Array:
    terms = []
    for row, own in zip(z, log_det):
        density = np.prod(np.exp(-(row**2) / 2) / np.sqrt(2 * np.longdouble(np.pi)))
        nll = -(np.log(density) + own)
        terms.append(nll / (row.size * np.log(np.longdouble(2))) if bits_per_dim else nll)
    return np.array(terms)


def diffusion_loss(
    x: Array,
    y: Array,
    kind: str = "l2",
    delta: float = 1.0,
    snr: Any = None,
    snr_limit: float = 5.0,
    predicts: str = "noise",
) -> Array:
    elements = {"l2": (x - y) ** 2, "l1": np.abs(x - y), "huber": huber_loss(x, y, delta)}[kind]
    means = np.array([row.mean() for row in elements])
    if snr is None:
        return means
    snr = np.asarray(snr, dtype=np.longdouble)
    return means * np.minimum(snr, snr_limit) / {"noise": snr, "sample": 1, "velocity": snr + 1}[predicts]


def cycle_consistency_loss(a: Array, real_a: Array, b: Array, real_b: Array, penalty: float = 10.0) -> Array:
    return np.asarray(penalty * (np.abs(a - real_a).mean() + np.abs(b - real_b).mean()))


def identity_loss(mapped: Array, real: Array, penalty: float = 5.0) -> Array:
    return penalty * np.abs(mapped - real)


def l2_penalty(theta: Array) -> Array:
    return np.asarray((theta**2).sum() / 2)


def gan_discriminator_loss(r: Array, f: Array, mode: str = "nonsaturating") -> Array:
    match mode:
        case "lsgan":
            return ((r - 1) ** 2 + f**2) / 2
        case "hinge":
            return np.maximum(1 - r, 0) + np.maximum(1 + f, 0)
        case "wasserstein":
            return f - r
        case _:
            return -np.log(sigmoid(r)) - np.log(1 - sigmoid(f))


def gan_generator_loss(f: Array, mode: str = "nonsaturating") -> Array:
    match mode:
        case "lsgan":
            return (f - 1) ** 2 / 2
        case "minimax":
            return np.log(1 - sigmoid(f))
        case "nonsaturating":
            return -np.log(sigmoid(f))
        case _:
            return -f


def wasserstein_critic_loss(r: Array, f: Array) -> Array:
    return f - r


def wasserstein_generator_loss(f: Array) -> Array:
    return -f


def gradient_penalty(g: Array, penalty: float = 10.0, center: float = 1.0) -> Array:
    return np.array([penalty * (np.sqrt((row**2).sum()) - center) ** 2 for row in g])


def contrastive_divergence_loss(e: Array, m: Array, alpha: float = 0.0) -> Array:
    return e - m + alpha * (e**2 + m**2)


def nce_loss(d: Array, n: Array) -> Array:
    return -np.log(sigmoid(d)) - per_sample(np.log(sigmoid(-n)))
