// Elementwise losses of binary and multilabel classification; z: a logit, p: a probability, y: the target.
//
// Sources: see the functions of metrix.losses.classification.
#pragma once

#include "kernels/losses/terms.hpp"

namespace metrix::losses {

// eps: probabilities are kept so far from 0 and 1. Logarithms are at least -100, and the gradient divides by 1e-12 at
// least, as in PyTorch.
struct binary_cross_entropy {
    template <class T>
    static METRIX_INLINE Terms<T> at(T x, T y, const T* parameters) {
        const T eps = parameters[0];
        const T p = lesser(greater(x, eps), T(1) - eps);
        const T complement = T(1) - p;
        constexpr T least_log = T(-100);
        constexpr T least = T(1e-12);
        const T from_zero = greater(p, least);
        const T from_one = greater(complement, least);
        return {-(y * greater(log(p), least_log) + (T(1) - y) * greater(log1p(-p), least_log)),
                (p - y) / greater(p * complement, least),
                y / (from_zero * from_zero) + (T(1) - y) / (from_one * from_one)};
    }
};

// pos_weight
struct binary_cross_entropy_with_logits {
    static constexpr bool varies = true;
    template <class T>
    static METRIX_INLINE Terms<T> at(T z, T y, const T* parameters) {
        const Logistic<T> of = logistic(z);
        const T positive = parameters[0] * y;
        const T negative = T(1) - y;
        return {negative * of.softplus + positive * of.softminus, negative * of.probability - positive * of.complement,
                (negative + positive) * of.probability * of.complement};
    }
};

// The weight of positives; that of negatives is what is left to 1.
struct balanced_bce_loss {
    static constexpr bool varies = true;
    template <class T>
    static METRIX_INLINE Terms<T> at(T z, T y, const T* parameters) {
        const Logistic<T> of = logistic(z);
        const T positive = parameters[0] * y;
        const T negative = (T(1) - parameters[0]) * (T(1) - y);
        return {negative * of.softplus + positive * of.softminus, negative * of.probability - positive * of.complement,
                (negative + positive) * of.probability * of.complement};
    }
};

// With the least logarithm and denominator of binary_cross_entropy.
struct balanced_bce_loss_of_probabilities {
    static constexpr bool varies = true;
    template <class T>
    static METRIX_INLINE Terms<T> at(T p, T y, const T* parameters) {
        constexpr T least_log = T(-100), least = T(1e-12);
        const T positive = parameters[0] * y;
        const T negative = (T(1) - parameters[0]) * (T(1) - y);
        const T from_zero = greater(p, least), from_one = greater(T(1) - p, least);
        return {-(positive * greater(log(p), least_log) + negative * greater(log1p(-p), least_log)),
                negative / from_one - positive / from_zero,
                positive / (from_zero * from_zero) + negative / (from_one * from_one)};
    }
};

enum class Power { zero, two, any };

// gamma, weight of positives, weight of negatives
template <Power power>
struct sigmoid_focal {
    template <class T>
    static METRIX_INLINE Terms<T> at(T z, T y, const T* parameters) {
        const T gamma = parameters[0];
        const Logistic<T> of = logistic(z);
        const T negative = T(1) - y;
        const T weight = y * parameters[1] + negative * parameters[2];
        const T nll = y * of.softminus + negative * of.softplus;
        // How wrong the probability is, and how that changes, relative to itself.
        const T wrong = y * of.complement + negative * of.probability;
        const T variance = of.probability * of.complement;
        const T change = (negative - y) * variance;
        const T inverse = T(1) / (wrong > T(0) ? wrong : T(1));
        const T first = change * inverse;
        const T second = change * (of.complement - of.probability) * inverse;
        T factor = T(1);
        if constexpr (power == Power::two) factor = wrong * wrong;
        if constexpr (power == Power::any) factor = exp(gamma * log(wrong));
        const T scale = weight * factor;
        const T slope = of.probability - y;
        return {scale * nll, scale * (gamma * first * nll + slope),
                scale * (gamma * ((gamma - T(1)) * first * first + second) * nll + T(2) * gamma * first * slope +
                         variance)};
    }
};

using sigmoid_focal_loss = sigmoid_focal<Power::any>;
using sigmoid_focal_loss_of_square = sigmoid_focal<Power::two>;
using sigmoid_focal_loss_of_nothing = sigmoid_focal<Power::zero>;

// A target above 0 is the positive class, any other the negative one.
struct hinge_loss {
    template <class T>
    static METRIX_INLINE Terms<T> at(T x, T y, const T*) {
        const T side = y > T(0) ? T(1) : T(-1);
        const T margin = T(1) - side * x;
        return {greater(margin, T(0)), margin > T(0) ? -side : (margin <= T(0) ? T(0) : margin), T(0)};
    }
};

struct squared_hinge_loss {
    template <class T>
    static METRIX_INLINE Terms<T> at(T x, T y, const T*) {
        const T side = y > T(0) ? T(1) : T(-1);
        const T margin = greater(T(1) - side * x, T(0));
        return {margin * margin, T(-2) * side * margin, margin > T(0) ? T(2) : T(0)};
    }
};

struct soft_margin_loss {
    template <class T>
    static METRIX_INLINE Terms<T> at(T x, T y, const T*) {
        const Logistic<T> of = logistic(y * x);
        return {of.softminus, -y * of.complement, y * y * (of.probability * of.complement)};
    }
};

// A power of something from 0 to 1; with the exponent 0 it is 1.
template <class T>
METRIX_INLINE T power_of(T base, T exponent) {
    return exponent == T(0) ? T(1) : exp(exponent * log(base));
}

// exponent of positives, of negatives, and what is taken from the probability of negatives
struct asymmetric_loss {
    template <class T>
    static METRIX_INLINE Terms<T> at(T z, T y, const T* parameters) {
        const T plus = parameters[0], minus = parameters[1], shift = parameters[2];
        const Logistic<T> of = logistic(z);
        const T variance = of.probability * of.complement;
        const T turn = variance * (of.complement - of.probability);

        const T hard = y * power_of(of.complement, plus);
        const T slope = plus * of.probability * of.softminus + of.complement;
        const T bend = plus * of.probability * slope - variance * (plus * (of.softminus - T(1)) - T(1));

        const T rest = of.probability - shift;
        const bool counts = rest > T(0);
        const T left = counts ? rest : T(0);
        const T inverse = T(1) / (counts ? rest : T(1));
        const T nll = shift > T(0) ? -log1p(-left) : of.softplus;
        const T away = variance / (of.complement + shift);
        const T first = variance * inverse, second = turn * inverse;
        const T easy = counts ? (T(1) - y) * power_of(left, minus) : T(0);
        return {hard * of.softminus + easy * nll, easy * (minus * first * nll + away) - hard * slope,
                hard * bend + easy * (minus * ((minus - T(1)) * first * first + second) * nll +
                                      T(2) * minus * first * away + turn / (of.complement + shift) + away * away)};
    }
};

// exponent
struct quality_focal_loss {
    template <class T>
    static METRIX_INLINE Terms<T> at(T z, T y, const T* parameters) {
        const T beta = parameters[0];
        const Logistic<T> of = logistic(z);
        const T variance = of.probability * of.complement;
        const T negative = T(1) - y;
        const T nll = y * of.softminus + negative * of.softplus;
        // Of hard labels to all digits: a target of 1 is missed by the complement.
        const T off = negative * of.probability - y * of.complement;
        const T wrong = magnitude(off);
        const T inverse = sign(off) / (wrong > T(0) ? wrong : T(1));
        const T first = variance * inverse;
        const T second = variance * (of.complement - of.probability) * inverse;
        const T scale = power_of(wrong, beta);
        return {scale * nll, scale * (beta * first * nll + off),
                scale * (beta * ((beta - T(1)) * first * first + second) * nll + T(2) * beta * first * off + variance)};
    }
};

// weight and exponent of negatives
struct varifocal_loss {
    template <class T>
    static METRIX_INLINE Terms<T> at(T z, T y, const T* parameters) {
        const T gamma = parameters[1];
        const Logistic<T> of = logistic(z);
        const T variance = of.probability * of.complement;
        const T off = (T(1) - y) * of.probability - y * of.complement;
        const T nll = y * of.softminus + (T(1) - y) * of.softplus;
        const T scale = parameters[0] * exp(-gamma * of.softminus);
        const T easy = gamma * of.complement;
        const bool is_positive = y > T(0);
        return {is_positive ? y * nll : scale * of.softplus,
                is_positive ? y * off : scale * (easy * of.softplus + of.probability),
                is_positive
                    ? y * variance
                    : scale * (easy * ((gamma - T(1)) * of.complement + of.complement - of.probability) * of.softplus +
                               T(2) * easy * of.probability + variance)};
    }
};

}  // namespace metrix::losses
