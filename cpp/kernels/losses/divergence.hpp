// Divergences of distributions and entropies, summed over the classes of a row; q: the prediction, p: the target. What
// has no probability adds nothing, as 0 log 0 is 0.
//
// Sources: see the functions of metrix.losses.divergence.
#pragma once

#include <limits>

#include "kernels/losses/strip_loops.hpp"

namespace metrix::losses {

// log(a / b) to all its digits where a and b are close, and without overflow where they are far apart.
template <class T>
METRIX_INLINE T log_ratio(T a, T b) {
    const T ratio = a / b;
    const bool is_normal = ratio >= std::numeric_limits<T>::min() && ratio <= std::numeric_limits<T>::max();
    const T far = log(a) - log(b);
    return is_normal ? log(ratio) : far;
}

// The prediction is log q.
struct kl_divergence {
    template <class T>
    static METRIX_INLINE Terms<T> at(T x, T p, const T*) {
        const T value = p * (log(p) - x);
        return {p == T(0) ? T(0) : value, -p, T(0)};
    }
};

struct kl_divergence_of_probabilities {
    template <class T>
    static METRIX_INLINE Terms<T> at(T q, T p, const T*) {
        const bool is_nothing = p == T(0);
        const T value = p * log_ratio(p, q);
        const T slope = is_nothing ? T(0) : p / q;
        return {is_nothing ? T(0) : value, -slope, is_nothing ? T(0) : slope / q};
    }
};

// With r = (p - q) / (p + q): m = (p + q) / 2, p = m (1 + r) and q = m (1 - r). So no digits cancel where p and q are
// close.
struct js_divergence {
    template <class T>
    static METRIX_INLINE Terms<T> at(T q, T p, const T*) {
        const T sum = p + q;
        const bool is_nothing = sum == T(0);
        const T inverse = T(1) / sum;
        const T r = (p - q) * inverse;
        // log(1 - r), which 2 q / (p + q) tells better where r is large.
        const bool is_large = r > T(0.5);
        const T below = log(is_large ? T(2) * q * inverse : T(1)) + log1p(is_large ? T(0) : -r);
        const T value = T(0.25) * sum * (r * (log1p(r) - below) + log1p(-(r * r)));
        constexpr T log_2 = T(0.69314718055994531);
        const bool is_apart = p == T(0) || q == T(0) || r * r == T(1);
        const T slope = T(0.5) * below;
        return {is_nothing ? T(0) : (is_apart ? T(0.5) * log_2 * sum : value), is_nothing ? T(0) : slope,
                p == T(0) ? T(0) : T(0.5) * (p / q) * inverse};
    }
};

// KL(p || q) + KL(q || p)
struct jeffreys_divergence {
    template <class T>
    static METRIX_INLINE Terms<T> at(T q, T p, const T*) {
        const bool is_nothing = p == T(0) && q == T(0);
        const T ratio = p / q;
        const T logarithm = log_ratio(p, q);
        return {is_nothing || p == q ? T(0) : (p - q) * logarithm, is_nothing ? T(0) : (T(1) - ratio) - logarithm,
                is_nothing ? T(0) : (ratio + T(1)) / q};
    }
};

// alpha: KL(p || alpha q + (1 - alpha) p)
struct skew_kl_divergence {
    template <class T>
    static METRIX_INLINE Terms<T> at(T q, T p, const T* parameters) {
        const T alpha = parameters[0];
        const T mixture = alpha * q + (T(1) - alpha) * p;
        const bool is_nothing = p == T(0);
        const T slope = is_nothing ? T(0) : alpha * (p / mixture);
        const T value = p * log(p / mixture);
        return {is_nothing ? T(0) : value, -slope, is_nothing ? T(0) : alpha * slope / mixture};
    }
};

// alpha: half of KL(p || alpha q + (1 - alpha) p) + KL(q || alpha p + (1 - alpha) q)
struct skew_js_divergence {
    template <class T>
    static METRIX_INLINE Terms<T> at(T q, T p, const T* parameters) {
        const T alpha = parameters[0];
        const T beta = T(1) - alpha;
        const T first = alpha * q + beta * p;
        const T second = alpha * p + beta * q;
        const bool lacks_p = p == T(0), lacks_q = q == T(0);
        const T of_p = p * log(p / first);
        const T logarithm = log(q / second);
        const T ratio = lacks_p ? T(0) : p / first;
        const T slope = logarithm + T(1) - alpha * ratio - beta * (q / second);
        const T bend = ratio / first + p * p / (q * second * second);
        return {T(0.5) * ((lacks_p ? T(0) : of_p) + (lacks_q ? T(0) : q * logarithm)),
                lacks_p && lacks_q ? T(0) : T(0.5) * slope, lacks_p ? T(0) : T(0.5) * alpha * alpha * bend};
    }
};

// Of distributions: -p log q.
struct cross_entropy_of_distributions {
    template <class T>
    static METRIX_INLINE Terms<T> at(T q, T p, const T*) {
        const bool is_nothing = p == T(0);
        const T slope = is_nothing ? T(0) : p / q;
        return {is_nothing ? T(0) : -(p * log(q)), -slope, is_nothing ? T(0) : slope / q};
    }
};

struct entropy_of_distribution {
    template <class T>
    static METRIX_INLINE Terms<T> at(T q, T, const T*) {
        const T logarithm = log(q);
        return {q == T(0) ? T(0) : -(q * logarithm), -logarithm - T(1), T(-1) / q};
    }
};

using kl_div = sum_of<kl_divergence>;
using kl_div_of_probabilities = sum_of<kl_divergence_of_probabilities>;
using js_div = sum_of<js_divergence>;
using jeffreys_div = sum_of<jeffreys_divergence>;
using skew_kl_div = sum_of<skew_kl_divergence>;
using skew_js_div = sum_of<skew_js_divergence>;
using cross_entropy_dist = sum_of<cross_entropy_of_distributions>;
using entropy = sum_of<entropy_of_distribution>;

}  // namespace metrix::losses
