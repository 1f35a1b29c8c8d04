"""A batch of samples for every loss that has samples, made of the call in its example: for what must hold for all."""

from __future__ import annotations

import inspect
from typing import Any

import numpy as np
import numpy.typing as npt

from losses.example_calls import EVERY, Call, example_call
from metrix import losses
from metrix.losses._boxes import BoxLoss
from metrix.losses._elementwise import ElementwiseLoss
from metrix.losses._row import RowLoss

#: Of losses composed in Python: the arguments that have one row for each sample, and along which axis.
ROWS: dict[str, dict[str, int]] = {
    "arcface_loss": {"embeddings": 0, "labels": 0},
    "center_loss": {"embeddings": 0, "labels": 0},
    "content_loss": {"pred": 0, "target": 0},
    "contrastive_divergence_loss": {"data_energy": 0, "model_energy": 0},
    "contrastive_loss": {"first": 0, "second": 0, "similar": 0},
    "cosface_loss": {"embeddings": 0, "labels": 0},
    "cost_volume_loss": {"pred": 0, "target": 0},
    "ctc_loss": {"pred": 1, "target": 0},
    "diffusion_loss": {"pred": 0, "target": 0, "snr": 0},
    "distribution_focal_loss": {"pred": 0, "target": 0},
    "disparity_gradient_loss": {"pred": 0, "target": 0},
    "disparity_sequence_loss": {"pred": 1, "target": 0},
    "elbo_loss": {"pred": 0, "target": 0, "mean": 0, "log_variance": 0},
    "flow_nll_loss": {"latent": 0, "log_det_dz_dx": 0},
    "fusion_gradient_loss": {"pred": 0, "first": 0, "second": 0},
    "fusion_intensity_loss": {"pred": 0, "first": 0, "second": 0},
    "gan_discriminator_loss": {"real": 0, "fake": 0},
    "gan_generator_loss": {"fake": 0},
    "gaussian_kl_loss": {"mean": 0, "log_variance": 0},
    "gaussian_nll_loss": {"pred": 0, "target": 0, "variance": 0},
    "generalized_cross_entropy_loss": {"pred": 0, "target": 0},
    "gradient_penalty": {"gradients": 0},
    "identity_loss": {"mapped": 0, "real": 0},
    "ldam_loss": {"pred": 0, "target": 0},
    "ms_ssim_loss": {"pred": 0, "target": 0},
    "nce_loss": {"data": 0, "noise": 0},
    "negative_cosine_loss": {"pred": 0, "target": 0},
    "poly_loss": {"pred": 0, "target": 0},
    "reconstruction_loss": {"pred": 0, "target": 0},
    "softmax_loss": {"embeddings": 0, "labels": 0},
    "sphereface_loss": {"embeddings": 0, "labels": 0},
    "ssim_loss": {"pred": 0, "target": 0},
    "style_loss": {"pred": 0, "target": 0},
    "triplet_margin_loss": {"anchor": 0, "positive": 0, "negative": 0},
    "wasserstein_critic_loss": {"real": 0, "fake": 0},
    "wasserstein_generator_loss": {"fake": 0},
}
#: The same of losses in which samples meet: to mask one is as if it were not there, but a weight of 0 leaves it to others.
COUPLED: dict[str, dict[str, int]] = {
    "barlow_twins_loss": {"first": 0, "second": 0},
    "batch_triplet_loss": {"embeddings": 0, "labels": 0},
    "circle_loss": {"embeddings": 0, "labels": 0},
    "info_nce_loss": {"query": 0, "key": 0},
    "multi_similarity_loss": {"embeddings": 0, "labels": 0},
    "nt_xent_loss": {"first": 0, "second": 0},
    "proxy_anchor_loss": {"embeddings": 0, "labels": 0},
    "supervised_contrastive_loss": {"embeddings": 0, "labels": 0},
    "vicreg_loss": {"first": 0, "second": 0},
}
#: Whose masks are of pixels: weights are of samples, both arguments along axis 0.
OF_PIXELS = [
    "bce_dice_loss",
    "ce_dice_loss",
    "dice_loss",
    "focal_tversky_loss",
    "jaccard_loss",
    "log_cosh_dice_loss",
    "lovasz_hinge_loss",
    "lovasz_softmax_loss",
    "sensitivity_specificity_loss",
    "tversky_loss",
]
#: Of samples and classes, and images with objects; what is left out comes with rows of other arrays.
OF_IMAGES = ["boundary_loss", "hausdorff_dt_loss"]
#: One term for the whole batch.
WHOLE = [
    "condinst_mask_loss",
    "cycle_consistency_loss",
    "fast_rcnn_loss",
    "fcos_loss",
    "l2_penalty",
    "mask_rcnn_mask_loss",
    "pixel_perceptual_loss",
    "rpn_loss",
    "sinkhorn_divergence",
    "wasserstein_distance",
]
#: Images whose objects are listed with their numbers.
DETECTORS = ["yolo_v1_loss", "yolo_v3_loss"]

#: Inputs of losses whose example stands on an edge, where there is no gradient to speak of.
INSIDE: dict[str, tuple[Any, ...]] = {
    "binary_cross_entropy": (np.array([0.3, 0.8]), np.array([1.0, 0.2])),
    "entropy": (np.array([[0.5, 0.3, 0.2]]),),
    "fusion_gradient_loss": tuple(np.random.default_rng(3).random((3, 2, 4, 5))),
    "js_div": (np.array([[0.5, 0.5], [0.3, 0.7]]), np.array([[0.9, 0.1], [0.2, 0.8]])),
    "skew_js_div": (np.array([[0.5, 0.5], [0.3, 0.7]]), np.array([[0.9, 0.1], [0.2, 0.8]])),
    "sphereface_loss": (np.array([[1.0, 0.3], [0.2, 1.0]]), np.array([0, 1]), np.array([[1.0, 1.1], [-1.2, 1.0]])),
}

Rows = dict[str, int]


def rows_of(name: str) -> Rows:
    """Arguments that have a row for each sample, and along which axis."""
    loss = getattr(losses, name)
    if isinstance(loss, (ElementwiseLoss, BoxLoss, RowLoss)) or name in OF_PIXELS or name in OF_IMAGES:
        return dict.fromkeys(loss.inputs, 0)
    return ROWS.get(name) or COUPLED.get(name) or {}


#: Losses whose term of a sample depends on this sample alone, and all that have samples at all.
SEPARATE = [name for name in EVERY if rows_of(name) and name not in COUPLED]
SAMPLED = [name for name in EVERY if rows_of(name)]
MASKED = [name for name in SAMPLED if name not in OF_PIXELS]


def batch(name: str, rng: np.random.Generator, count: int) -> Call:
    """A call with so many samples: those of the example over and over, what has a gradient a little changed."""
    loss, call, rows = getattr(losses, name), example_call(name), rows_of(name)
    call = Call(INSIDE.get(name, call.inputs), call.arguments)

    def widened(argument: str, given: Any) -> Any:
        if argument not in rows:
            return given
        if isinstance(given, list) and isinstance(given[0], np.ndarray):
            return [widened(argument, part) for part in given]
        array = np.asarray(given)
        array = np.take(array, np.arange(count) % array.shape[rows[argument]], axis=rows[argument])
        return array * np.exp(0.05 * rng.normal(size=array.shape)) if argument in loss.differentiable else array

    inputs = tuple(widened(argument, given) for argument, given in zip(loss.inputs, call.inputs))
    return Call(inputs, {argument: widened(argument, given) for argument, given in call.arguments.items()})


def changed(name: str, call: Call, change: Any) -> Call:
    """A call, each array of whose samples ``change(array, axis)`` made another."""
    rows = rows_of(name)

    def of(argument: str, given: Any) -> Any:
        if argument not in rows:
            return given
        if isinstance(given, list) and isinstance(given[0], np.ndarray):
            return [change(part, rows[argument]) for part in given]
        return change(np.asarray(given), rows[argument])

    inputs = tuple(of(*pair) for pair in zip(getattr(losses, name).inputs, call.inputs))
    return Call(inputs, {argument: of(argument, given) for argument, given in call.arguments.items()})


def chosen(name: str, call: Call, index: npt.NDArray[Any]) -> Call:
    """Some of the samples, by number or by bools."""
    places = np.flatnonzero(index) if index.dtype == np.bool_ else index
    return changed(name, call, lambda array, axis: np.take(array, places, axis=axis))


def poisoned(name: str, call: Call, where: npt.NDArray[np.bool_], poison: float, *, labels: bool = True) -> Call:
    """The same with something in some samples that is no number to work with, and labels that there are not."""
    labels = labels and name != "ctc_loss" and name not in OF_IMAGES

    def spoilt(array: Any, axis: int) -> Any:
        array = np.moveaxis(array.copy(), axis, 0)
        if array.dtype.kind == "f":
            array[where] = poison
        elif labels and array.dtype.itemsize > 1:
            array[where] = np.iinfo(array.dtype).max
        return np.moveaxis(array, 0, axis)

    return changed(name, call, spoilt)


def has(name: str, parameter: str) -> bool:
    """Whether a loss takes an argument."""
    return parameter in inspect.signature(getattr(losses, name)).parameters


def ask(name: str, call: Call, **more: Any) -> tuple[Any, list[tuple[str, Any]]]:
    """The value, and the gradients with their names; lists of gradients one by one."""
    loss = getattr(losses, name)
    wrt = {} if loss.differentiable == ("pred",) or not isinstance(loss, BoxLoss) else {"wrt": None}
    value, gradients = loss.value_and_grad(*call.inputs, **{**call.arguments, **more}, **wrt)
    if len(loss.differentiable) == 1:
        gradients = (gradients,)
    each = []
    for argument, gradient in zip(loss.differentiable, gradients, strict=True):
        each += [(argument, part) for part in (gradient if isinstance(gradient, list) else [gradient])]
    return value, each
