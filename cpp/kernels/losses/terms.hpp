// What one element contributes to an elementwise loss, and the pieces that formulas share.
//
// A formula is a struct of one function `at`, without branches, so that a loop over it is vectorised: a choice is a
// conditional expression of values that are all worked out. What nobody asks for (the curvature, say) the compiler
// leaves away. Formulas are compiled once for each instruction set, so all they call is METRIX_INLINE.
#pragma once

#include <cmath>

#include "support/vector_math.hpp"

namespace metrix::losses {

using namespace vector_math;  // NOLINT: formulas read as formulas

template <class T>
struct Terms {
    T value;
    T gradient;   // by the prediction
    T curvature;  // the same, twice
};

template <class T>
METRIX_INLINE T magnitude(T x) {
    return x < T(0) ? -x : x;
}

template <class T>
METRIX_INLINE T lesser(T a, T b) {
    return b < a ? b : a;  // NaN in a stays
}

template <class T>
METRIX_INLINE T greater(T a, T b) {
    return b > a ? b : a;
}

// -1, 0 or 1; NaN stays.
template <class T>
METRIX_INLINE T sign(T x) {
    return x > T(0) ? T(1) : (x < T(0) ? T(-1) : x);
}

template <class T>
METRIX_INLINE T square_root(T x) {
#if defined(__GNUC__)
    if constexpr (sizeof(T) == sizeof(float)) return __builtin_sqrtf(x);
    return __builtin_sqrt(x);
#else
    return std::sqrt(x);
#endif
}

// Of one logit: everything that sigmoid and softplus need takes one exponential and one logarithm.
template <class T>
struct Logistic {
    T probability;  // sigmoid(z)
    T complement;   // sigmoid(-z), to all its digits
    T softplus;     // log(1 + e^z)
    T softminus;    // log(1 + e^-z)
};

template <class T>
METRIX_INLINE Logistic<T> logistic(T z) {
    const T e = exp(-magnitude(z));
    const T sum = T(1) + e;
    const T likely = T(1) / sum;
    const T unlikely = e * likely;
    const T log_sum = log_of_unit(sum) + (e - (sum - T(1))) * likely;  // what rounding took from the sum comes back
    const bool is_positive = z >= T(0);
    return {is_positive ? likely : unlikely, is_positive ? unlikely : likely, greater(z, T(0)) + log_sum,
            greater(-z, T(0)) + log_sum};
}

}  // namespace metrix::losses
