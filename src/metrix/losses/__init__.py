"""Losses with their gradients, and with their second derivatives where these are defined.

No kernel: gathers the families. Each loss is called for its value; ``loss.value_and_grad(...)`` gives the gradient by the
prediction as well, ``loss.grad_hess(...)`` the first and second derivative of each element, as boosting asks for them.

Example:
    >>> import numpy as np
    >>> from metrix.losses import huber_loss
    >>> pred, target = np.array([0.5, 4.0]), np.array([0.0, 1.0])
    >>> float(huber_loss(pred, target, delta=1.0))
    1.3125
    >>> value, grad = huber_loss.value_and_grad(pred, target, delta=1.0)
    >>> grad
    array([0.25, 0.5 ])
"""

from __future__ import annotations

from metrix.losses._facts import PROPERTIES, TASKS
from metrix.losses.adversarial import (
    contrastive_divergence_loss,
    gan_discriminator_loss,
    gan_generator_loss,
    gradient_penalty,
    nce_loss,
    wasserstein_critic_loss,
    wasserstein_generator_loss,
)
from metrix.losses.boundaries import boundary_loss, hausdorff_dt_loss
from metrix.losses.classification import (
    asymmetric_loss,
    balanced_bce_loss,
    binary_cross_entropy,
    binary_cross_entropy_with_logits,
    hinge_loss,
    quality_focal_loss,
    sigmoid_focal_loss,
    soft_margin_loss,
    squared_hinge_loss,
    varifocal_loss,
)
from metrix.losses.compound import WeightedSum, bce_dice_loss, ce_dice_loss
from metrix.losses.contrast import (
    barlow_twins_loss,
    info_nce_loss,
    nt_xent_loss,
    supervised_contrastive_loss,
)
from metrix.losses.detection import ciou_loss, diou_loss, eiou_loss, focal_eiou_loss, giou_loss, iou_loss
from metrix.losses.divergence import (
    cross_entropy_dist,
    entropy,
    jeffreys_div,
    js_div,
    kl_div,
    skew_js_div,
    skew_kl_div,
)
from metrix.losses.embedding import (
    center_loss,
    circle_loss,
    contrastive_loss,
    negative_cosine_loss,
    triplet_margin_loss,
)
from metrix.losses.fcos import condinst_mask_loss, fcos_loss
from metrix.losses.fusion import fusion_gradient_loss, fusion_intensity_loss
from metrix.losses.generative import (
    cycle_consistency_loss,
    diffusion_loss,
    elbo_loss,
    flow_nll_loss,
    gaussian_kl_loss,
    identity_loss,
    l2_penalty,
    reconstruction_loss,
)
from metrix.losses.lovasz import lovasz_hinge_loss, lovasz_softmax_loss
from metrix.losses.margins import arcface_loss, cosface_loss, softmax_loss, sphereface_loss
from metrix.losses.multiclass import (
    categorical_hinge_loss,
    cross_entropy,
    multi_margin_loss,
    multilabel_soft_margin_loss,
    nll_loss,
    softmax_focal_loss,
)
from metrix.losses.pairs import multi_similarity_loss, proxy_anchor_loss, vicreg_loss
from metrix.losses.perceptual import (
    content_loss,
    gram_matrix,
    ms_ssim_loss,
    pixel_perceptual_loss,
    ssim_loss,
    style_loss,
)
from metrix.losses.rcnn import fast_rcnn_loss, mask_rcnn_mask_loss, rpn_loss
from metrix.losses.registry import find
from metrix.losses.regression import (
    gamma_nll_loss,
    gaussian_nll_loss,
    huber_loss,
    l1_loss,
    log_cosh_loss,
    mape_loss,
    mse_loss,
    msle_loss,
    poisson_nll_loss,
    pseudo_huber_loss,
    quantile_loss,
    smape_loss,
    smooth_l1_loss,
    tweedie_nll_loss,
)
from metrix.losses.reshaped import (
    distribution_focal_loss,
    generalized_cross_entropy_loss,
    ldam_loss,
    poly_loss,
)
from metrix.losses.robust import (
    cauchy_loss,
    charbonnier_loss,
    geman_mcclure_loss,
    general_robust_loss,
    welsch_loss,
)
from metrix.losses.segmentation import (
    dice_loss,
    focal_tversky_loss,
    jaccard_loss,
    log_cosh_dice_loss,
    sensitivity_specificity_loss,
    tversky_loss,
)
from metrix.losses.sequence import ctc_loss
from metrix.losses.stereo import cost_volume_loss, disparity_gradient_loss, disparity_sequence_loss
from metrix.losses.suggestion import suggest
from metrix.losses.transport import sinkhorn_divergence, wasserstein_distance
from metrix.losses.triplets import batch_triplet_loss
from metrix.losses.yolo import yolo_v1_loss, yolo_v3_loss

__all__ = [
    "PROPERTIES",
    "TASKS",
    "WeightedSum",
    "arcface_loss",
    "asymmetric_loss",
    "balanced_bce_loss",
    "barlow_twins_loss",
    "batch_triplet_loss",
    "bce_dice_loss",
    "binary_cross_entropy",
    "binary_cross_entropy_with_logits",
    "boundary_loss",
    "categorical_hinge_loss",
    "cauchy_loss",
    "ce_dice_loss",
    "center_loss",
    "charbonnier_loss",
    "ciou_loss",
    "circle_loss",
    "condinst_mask_loss",
    "content_loss",
    "contrastive_divergence_loss",
    "contrastive_loss",
    "cosface_loss",
    "cost_volume_loss",
    "cross_entropy",
    "cross_entropy_dist",
    "ctc_loss",
    "cycle_consistency_loss",
    "dice_loss",
    "diffusion_loss",
    "diou_loss",
    "disparity_gradient_loss",
    "disparity_sequence_loss",
    "distribution_focal_loss",
    "eiou_loss",
    "elbo_loss",
    "entropy",
    "fast_rcnn_loss",
    "fcos_loss",
    "find",
    "flow_nll_loss",
    "focal_eiou_loss",
    "focal_tversky_loss",
    "fusion_gradient_loss",
    "fusion_intensity_loss",
    "gamma_nll_loss",
    "gan_discriminator_loss",
    "gan_generator_loss",
    "gaussian_kl_loss",
    "gaussian_nll_loss",
    "geman_mcclure_loss",
    "general_robust_loss",
    "generalized_cross_entropy_loss",
    "giou_loss",
    "gradient_penalty",
    "gram_matrix",
    "hausdorff_dt_loss",
    "hinge_loss",
    "huber_loss",
    "identity_loss",
    "info_nce_loss",
    "iou_loss",
    "jaccard_loss",
    "jeffreys_div",
    "js_div",
    "kl_div",
    "l1_loss",
    "l2_penalty",
    "ldam_loss",
    "log_cosh_dice_loss",
    "log_cosh_loss",
    "lovasz_hinge_loss",
    "lovasz_softmax_loss",
    "mape_loss",
    "mask_rcnn_mask_loss",
    "ms_ssim_loss",
    "mse_loss",
    "msle_loss",
    "multi_margin_loss",
    "multi_similarity_loss",
    "multilabel_soft_margin_loss",
    "nce_loss",
    "negative_cosine_loss",
    "nll_loss",
    "nt_xent_loss",
    "pixel_perceptual_loss",
    "poisson_nll_loss",
    "poly_loss",
    "proxy_anchor_loss",
    "pseudo_huber_loss",
    "quality_focal_loss",
    "quantile_loss",
    "reconstruction_loss",
    "rpn_loss",
    "sensitivity_specificity_loss",
    "sigmoid_focal_loss",
    "sinkhorn_divergence",
    "skew_js_div",
    "skew_kl_div",
    "smape_loss",
    "smooth_l1_loss",
    "soft_margin_loss",
    "softmax_focal_loss",
    "softmax_loss",
    "sphereface_loss",
    "squared_hinge_loss",
    "ssim_loss",
    "style_loss",
    "suggest",
    "supervised_contrastive_loss",
    "triplet_margin_loss",
    "tversky_loss",
    "tweedie_nll_loss",
    "varifocal_loss",
    "vicreg_loss",
    "wasserstein_critic_loss",
    "wasserstein_distance",
    "wasserstein_generator_loss",
    "welsch_loss",
    "yolo_v1_loss",
    "yolo_v3_loss",
]
