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

from metrix.losses.boundaries import boundary_loss, hausdorff_dt_loss
from metrix.losses.classification import (
    binary_cross_entropy,
    binary_cross_entropy_with_logits,
    hinge_loss,
    sigmoid_focal_loss,
    soft_margin_loss,
    squared_hinge_loss,
)
from metrix.losses.compound import WeightedSum, bce_dice_loss
from metrix.losses.lovasz import lovasz_hinge_loss, lovasz_softmax_loss
from metrix.losses.regression import (
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
)
from metrix.losses.segmentation import (
    dice_loss,
    focal_tversky_loss,
    jaccard_loss,
    log_cosh_dice_loss,
    sensitivity_specificity_loss,
    tversky_loss,
)

__all__ = [
    "WeightedSum",
    "bce_dice_loss",
    "binary_cross_entropy",
    "binary_cross_entropy_with_logits",
    "boundary_loss",
    "dice_loss",
    "focal_tversky_loss",
    "hausdorff_dt_loss",
    "hinge_loss",
    "huber_loss",
    "jaccard_loss",
    "l1_loss",
    "log_cosh_dice_loss",
    "log_cosh_loss",
    "lovasz_hinge_loss",
    "lovasz_softmax_loss",
    "mape_loss",
    "mse_loss",
    "msle_loss",
    "poisson_nll_loss",
    "pseudo_huber_loss",
    "quantile_loss",
    "sensitivity_specificity_loss",
    "sigmoid_focal_loss",
    "smape_loss",
    "smooth_l1_loss",
    "soft_margin_loss",
    "squared_hinge_loss",
    "tversky_loss",
]
