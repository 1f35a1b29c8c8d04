// Elementwise losses of regression on which outliers pull less and less; u = (prediction - target) / scale.
//
// Sources: see the functions of metrix.losses.robust.
#pragma once

#include "kernels/losses/terms.hpp"

namespace metrix::losses {

// eps
struct charbonnier_loss {
    template <class T>
    static METRIX_INLINE Terms<T> at(T x, T y, const T* parameters) {
        const T r = x - y;
        const T root = square_root(r * r + parameters[0] * parameters[0]);
        const T inverse = T(1) / root;
        const T share = parameters[0] * inverse;
        return {root, r * inverse, share * share * inverse};
    }
};

// 1 / scale
struct cauchy_loss {
    template <class T>
    static METRIX_INLINE Terms<T> at(T x, T y, const T* parameters) {
        const T k = parameters[0];
        const T u = (x - y) * k;
        const T half = T(0.5) * u * u;
        const T inverse = T(1) / (T(1) + half);
        return {log1p(half), k * u * inverse, k * k * (T(1) - half) * inverse * inverse};
    }
};

// 1 / scale
struct geman_mcclure_loss {
    template <class T>
    static METRIX_INLINE Terms<T> at(T x, T y, const T* parameters) {
        const T k = parameters[0];
        const T u = (x - y) * k;
        const T square = u * u;
        const T inverse = T(1) / (square + T(4));
        return {T(2) * square * inverse, T(16) * k * u * inverse * inverse,
                T(16) * k * k * (T(4) - T(3) * square) * inverse * inverse * inverse};
    }
};

// 1 / scale
struct welsch_loss {
    template <class T>
    static METRIX_INLINE Terms<T> at(T x, T y, const T* parameters) {
        const T k = parameters[0];
        const T u = (x - y) * k;
        const T square = u * u;
        const T less = expm1(T(-0.5) * square);
        const T e = T(1) + less;
        return {-less, k * u * e, k * k * (T(1) - square) * e};
    }
};

// 1 / scale, alpha other than 0 and 2
struct general_robust_loss {
    template <class T>
    static METRIX_INLINE Terms<T> at(T x, T y, const T* parameters) {
        const T k = parameters[0], alpha = parameters[1];
        const T b = magnitude(alpha - T(2));
        const T u = (x - y) * k;
        const T square = u * u / b;
        const T power = log1p(square);
        const T slope = exp((T(0.5) * alpha - T(1)) * power);
        return {b / alpha * expm1(T(0.5) * alpha * power), k * u * slope,
                k * k * slope * (T(1) + (alpha - T(2)) * square / (T(1) + square))};
    }
};

// 1 / scale; alpha is 2
struct general_robust_loss_of_two {
    template <class T>
    static METRIX_INLINE Terms<T> at(T x, T y, const T* parameters) {
        const T k = parameters[0];
        const T u = (x - y) * k;
        return {T(0.5) * u * u, k * u, k * k};
    }
};

}  // namespace metrix::losses
