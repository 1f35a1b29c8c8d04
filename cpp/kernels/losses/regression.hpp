// Elementwise losses of regression; r = prediction - target. Kinks have the gradient 0, and no curvature.
//
// Sources: see the functions of metrix.losses.regression.
#pragma once

#include "kernels/losses/terms.hpp"

namespace metrix::losses {

struct mse_loss {
    template <class T>
    static METRIX_INLINE Terms<T> at(T x, T y, const T*) {
        const T r = x - y;
        return {r * r, T(2) * r, T(2)};
    }
};

struct l1_loss {
    template <class T>
    static METRIX_INLINE Terms<T> at(T x, T y, const T*) {
        const T r = x - y;
        return {magnitude(r), sign(r), T(0)};
    }
};

// delta
struct huber_loss {
    template <class T>
    static METRIX_INLINE Terms<T> at(T x, T y, const T* parameters) {
        const T delta = parameters[0];
        const T r = x - y;
        const T size = magnitude(r);
        const T near = lesser(size, delta);
        return {T(0.5) * near * near + delta * (size - near), lesser(greater(r, -delta), delta),
                size < delta ? T(1) : T(0)};
    }
};

// beta > 0
struct smooth_l1_loss {
    template <class T>
    static METRIX_INLINE Terms<T> at(T x, T y, const T* parameters) {
        const T beta = parameters[0];
        const T r = x - y;
        const T size = magnitude(r);
        const bool is_near = size < beta;
        return {is_near ? T(0.5) * r * r / beta : size - T(0.5) * beta, is_near ? r / beta : sign(r),
                is_near ? T(1) / beta : T(0)};
    }
};

// delta
struct pseudo_huber_loss {
    template <class T>
    static METRIX_INLINE Terms<T> at(T x, T y, const T* parameters) {
        const T delta = parameters[0];
        const T r = x - y;
        const T slope = r / delta;
        const T root = square_root(T(1) + slope * slope);
        // Without the cancellation of delta^2 (root - 1).
        return {r * (r / (T(1) + root)), r / root, T(1) / (root * root * root)};
    }
};

struct log_cosh_loss {
    template <class T>
    static METRIX_INLINE Terms<T> at(T x, T y, const T*) {
        const T r = x - y;
        const T size = magnitude(r);
        // Near zero log(1 + 2 sinh(r / 2)^2), elsewhere |r| + log(1 + e^(-2 |r|)) - log 2: one logarithm for both.
        const bool is_near = size < T(1);
        const T grown = expm1(T(0.5) * lesser(size, T(1)));
        const T sinh = T(0.5) * (grown + grown / (T(1) + grown));
        const T fallen = exp(T(-2) * size);
        const T logarithm = log1p(is_near ? T(2) * sinh * sinh : fallen);
        const T shrunk = expm1(T(-2) * size);
        const T tanh = -shrunk / (T(2) + shrunk);
        const T sum = T(1) + fallen;
        return {is_near ? logarithm : size + (logarithm - T(0.69314718055994531)), r < T(0) ? -tanh : tanh,
                T(4) * fallen / (sum * sum)};
    }
};

// quantile
struct quantile_loss {
    static constexpr bool varies = true;
    template <class T>
    static METRIX_INLINE Terms<T> at(T x, T y, const T* parameters) {
        const T quantile = parameters[0];
        const T below = y - x;
        const T gradient = below > T(0) ? -quantile : (below < T(0) ? T(1) - quantile : below);
        return {greater(quantile * below, (quantile - T(1)) * below), gradient, T(0)};
    }
};

// eps; log_input: the prediction is the logarithm of the rate; full: with Stirling's approximation of log y!
template <bool log_input, bool full>
struct poisson_nll {
    template <class T>
    static METRIX_INLINE Terms<T> at(T x, T y, const T* parameters) {
        Terms<T> terms;
        if constexpr (log_input) {
            const T rate = exp(x);
            terms = {rate - y * x, rate - y, rate};
        } else {
            const T rate = x + parameters[0];
            const T ratio = y / rate;
            terms = {x - y * log(rate), T(1) - ratio, ratio / rate};
        }
        if constexpr (full) {
            const T logarithm = log(y);
            const T stirling = y * logarithm - y + T(0.5) * (T(1.8378770664093455) + logarithm);
            terms.value = terms.value + (y > T(1) ? stirling : T(0));
        }
        return terms;
    }
};

using poisson_nll_loss = poisson_nll<true, false>;
using poisson_nll_loss_full = poisson_nll<true, true>;
using poisson_nll_loss_of_rate = poisson_nll<false, false>;
using poisson_nll_loss_of_rate_full = poisson_nll<false, true>;

// Of a normal distribution, by its mean: variance, eps (the least variance), a constant to add.
struct gaussian_nll_loss {
    static constexpr bool varies = true;
    template <class T>
    static METRIX_INLINE Terms<T> at(T x, T y, const T* parameters) {
        const T variance = greater(parameters[0], parameters[1]);
        const T r = x - y;
        const T slope = r / variance;
        return {T(0.5) * (log(variance) + r * slope) + parameters[2], slope, T(1) / variance};
    }
};

// The same by its variance: the mean, and so on.
struct gaussian_nll_loss_by_variance {
    static constexpr bool varies = true;
    template <class T>
    static METRIX_INLINE Terms<T> at(T x, T y, const T* parameters) {
        const T variance = greater(x, parameters[1]);
        const T r = parameters[0] - y;
        const T share = r * r / variance;
        return {T(0.5) * (log(variance) + share) + parameters[2], T(0.5) * (T(1) - share) / variance,
                (share - T(0.5)) / (variance * variance)};
    }
};

struct msle_loss {
    template <class T>
    static METRIX_INLINE Terms<T> at(T x, T y, const T*) {
        const T d = log1p(x) - log1p(y);
        const T slope = T(1) / (T(1) + x);
        return {d * d, T(2) * d * slope, T(2) * (T(1) - d) * (slope * slope)};
    }
};

// eps
struct mape_loss {
    template <class T>
    static METRIX_INLINE Terms<T> at(T x, T y, const T* parameters) {
        const T r = x - y;
        const T scale = greater(magnitude(y), parameters[0]);
        return {magnitude(r) / scale, sign(r) / scale, T(0)};
    }
};

struct smape_loss {
    template <class T>
    static METRIX_INLINE Terms<T> at(T x, T y, const T*) {
        const T r = x - y;
        const T size = magnitude(r);
        const T sum = magnitude(x) + magnitude(y);
        const bool is_empty = sum == T(0);
        const T inverse = T(1) / (is_empty ? T(1) : sum);
        const T value = T(2) * size * inverse;
        const T first = sign(r);
        const T second = sign(x);
        const T bend = second * inverse;
        return {value, T(2) * first * inverse - value * bend,
                T(2) * (value * bend * bend - T(2) * first * inverse * bend)};
    }
};

// Predictions are logarithms of means.
struct gamma_nll_loss {
    template <class T>
    static METRIX_INLINE Terms<T> at(T x, T y, const T*) {
        const T ratio = y * exp(-x);
        return {ratio + x, T(1) - ratio, ratio};
    }
};

struct gamma_nll_loss_of_mean {
    template <class T>
    static METRIX_INLINE Terms<T> at(T x, T y, const T*) {
        const T inverse = T(1) / x;
        const T ratio = y * inverse;
        return {ratio + log(x), inverse * (T(1) - ratio), inverse * inverse * (T(2) * ratio - T(1))};
    }
};

// Predictions are logarithms of means. power, between 1 and 2
struct tweedie_nll_loss {
    template <class T>
    static METRIX_INLINE Terms<T> at(T x, T y, const T* parameters) {
        const T one = parameters[0] - T(1), two = T(2) - parameters[0];
        const T of_target = y * exp(-one * x), of_mean = exp(two * x);
        return {of_target / one + of_mean / two, of_mean - of_target, one * of_target + two * of_mean};
    }
};

}  // namespace metrix::losses
