// The losses that there are: of elements, each a formula of this name in classification.hpp, regression.hpp or
// robust.hpp, of boxes, in detection.hpp, and of rows, in multiclass.hpp or divergence.hpp.
#pragma once

#define METRIX_ELEMENTWISE_LOSSES(X)      \
    X(mse_loss)                           \
    X(l1_loss)                            \
    X(huber_loss)                         \
    X(smooth_l1_loss)                     \
    X(pseudo_huber_loss)                  \
    X(log_cosh_loss)                      \
    X(quantile_loss)                      \
    X(poisson_nll_loss)                   \
    X(poisson_nll_loss_full)              \
    X(poisson_nll_loss_of_rate)           \
    X(poisson_nll_loss_of_rate_full)      \
    X(msle_loss)                          \
    X(mape_loss)                          \
    X(smape_loss)                         \
    X(gaussian_nll_loss)                  \
    X(gaussian_nll_loss_by_variance)      \
    X(binary_cross_entropy)               \
    X(binary_cross_entropy_with_logits)   \
    X(balanced_bce_loss)                  \
    X(balanced_bce_loss_of_probabilities) \
    X(sigmoid_focal_loss)                 \
    X(sigmoid_focal_loss_of_square)       \
    X(sigmoid_focal_loss_of_nothing)      \
    X(hinge_loss)                         \
    X(squared_hinge_loss)                 \
    X(soft_margin_loss)                   \
    X(asymmetric_loss)                    \
    X(quality_focal_loss)                 \
    X(varifocal_loss)                     \
    X(gamma_nll_loss)                     \
    X(gamma_nll_loss_of_mean)             \
    X(tweedie_nll_loss)                   \
    X(charbonnier_loss)                   \
    X(cauchy_loss)                        \
    X(geman_mcclure_loss)                 \
    X(welsch_loss)                        \
    X(general_robust_loss)                \
    X(general_robust_loss_of_two)

#define METRIX_BOX_LOSSES(X) \
    X(iou_loss)              \
    X(iou_loss_of_log)       \
    X(giou_loss)             \
    X(diou_loss)             \
    X(ciou_loss)             \
    X(eiou_loss)             \
    X(focal_eiou_loss)

#define METRIX_ROW_LOSSES(X)          \
    X(cross_entropy)                  \
    X(cross_entropy_of_probabilities) \
    X(nll_loss)                       \
    X(nll_loss_of_probabilities)      \
    X(softmax_focal_loss)             \
    X(multi_margin_loss)              \
    X(multi_margin_loss_of_square)    \
    X(categorical_hinge_loss)         \
    X(multilabel_soft_margin_loss)    \
    X(kl_div)                         \
    X(kl_div_of_probabilities)        \
    X(kl_div_of_logits)               \
    X(js_div)                         \
    X(jeffreys_div)                   \
    X(skew_kl_div)                    \
    X(skew_js_div)                    \
    X(cross_entropy_dist)             \
    X(entropy)                        \
    X(entropy_of_logits)
