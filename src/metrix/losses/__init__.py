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

from metrix.losses.classification import (
    balanced_bce_loss,
    binary_cross_entropy,
    binary_cross_entropy_with_logits,
    hinge_loss,
    sigmoid_focal_loss,
    soft_margin_loss,
    squared_hinge_loss,
)
from metrix.losses.divergence import (
    cross_entropy_dist,
    entropy,
    jeffreys_div,
    js_div,
    kl_div,
    skew_js_div,
    skew_kl_div,
)
from metrix.losses.multiclass import (
    categorical_hinge_loss,
    cross_entropy,
    multi_margin_loss,
    multilabel_soft_margin_loss,
    nll_loss,
    softmax_focal_loss,
)
from metrix.losses.regression import (
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
)

__all__ = [
    "balanced_bce_loss",
    "binary_cross_entropy",
    "binary_cross_entropy_with_logits",
    "categorical_hinge_loss",
    "cross_entropy",
    "cross_entropy_dist",
    "entropy",
    "gaussian_nll_loss",
    "hinge_loss",
    "huber_loss",
    "jeffreys_div",
    "js_div",
    "kl_div",
    "l1_loss",
    "log_cosh_loss",
    "mape_loss",
    "mse_loss",
    "msle_loss",
    "multi_margin_loss",
    "multilabel_soft_margin_loss",
    "nll_loss",
    "poisson_nll_loss",
    "pseudo_huber_loss",
    "quantile_loss",
    "sigmoid_focal_loss",
    "skew_js_div",
    "skew_kl_div",
    "smape_loss",
    "smooth_l1_loss",
    "soft_margin_loss",
    "softmax_focal_loss",
    "squared_hinge_loss",
]
