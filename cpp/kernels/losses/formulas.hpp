// The losses of elements and of boxes that there are, each a formula of this name in classification.hpp, regression.hpp
// or detection.hpp.
#pragma once

#define METRIX_ELEMENTWISE_LOSSES(X)    \
    X(mse_loss)                         \
    X(l1_loss)                          \
    X(huber_loss)                       \
    X(smooth_l1_loss)                   \
    X(pseudo_huber_loss)                \
    X(log_cosh_loss)                    \
    X(quantile_loss)                    \
    X(poisson_nll_loss)                 \
    X(poisson_nll_loss_full)            \
    X(poisson_nll_loss_of_rate)         \
    X(poisson_nll_loss_of_rate_full)    \
    X(msle_loss)                        \
    X(mape_loss)                        \
    X(smape_loss)                       \
    X(binary_cross_entropy)             \
    X(binary_cross_entropy_with_logits) \
    X(sigmoid_focal_loss)               \
    X(sigmoid_focal_loss_of_square)     \
    X(sigmoid_focal_loss_of_nothing)    \
    X(hinge_loss)                       \
    X(squared_hinge_loss)               \
    X(soft_margin_loss)

#define METRIX_BOX_LOSSES(X) \
    X(iou_loss)              \
    X(iou_loss_of_log)       \
    X(giou_loss)             \
    X(diou_loss)             \
    X(ciou_loss)             \
    X(eiou_loss)             \
    X(focal_eiou_loss)
