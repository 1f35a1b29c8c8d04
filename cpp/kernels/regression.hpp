// Sums over errors of regression, from which every metric of the family is worked out: one pass over the data, however
// many metrics are asked for.
//
// Of each output (column): r = prediction - target, w = weight. Blocks of rows are worked on while they are in the
// first cache; sums of a block are joined with those of others without rounding (support/exact_sum.hpp). So the result
// has the same bits for any number of threads, and the same to the last place however the data is split.
//
// For variances, squares are taken of differences from a value of the block, and then moved exactly to an origin, which
// is the first value of all: targets of 1e9 that differ by 1e-6 have a variance to all its digits.
#pragma once

#include <cstdint>

#include "support/view.hpp"

namespace metrix::regression {

// Of each sum its two parts follow each other in the state (Exact).
#define METRIX_REGRESSION_SUMS(X)                                       \
    X(weight)                                                           \
    X(error)            /* w r */                                       \
    X(absolute_error)   /* w |r| */                                     \
    X(squared_error)    /* w r^2 */                                     \
    X(centred_error)    /* w (r - error_origin) */                      \
    X(centred_squares)  /* its square */                                \
    X(target)           /* w (y - target_origin) */                     \
    X(squared_target)   /* its square */                                \
    X(absolute_target)  /* w |y| */                                     \
    X(relative)         /* w |r| / max(|y|, eps), y != 0 */             \
    X(relative_squares) /* w (r / max(|y|, eps))^2, y != 0 */           \
    X(symmetric)        /* w 2 |r| / (|x| + |y|), 0 where both are 0 */ \
    X(zero_weight)      /* w, y == 0 */                                 \
    X(zero_absolute)    /* w |r|, y == 0 */                             \
    X(zero_squared)     /* w r^2, y == 0 */                             \
    X(logarithmic)      /* w (log(1 + x) - log(1 + y))^2 */

enum class SumOf {
#define METRIX_NAME(name) name,
    METRIX_REGRESSION_SUMS(METRIX_NAME)
#undef METRIX_NAME
        count
};

// Behind the sums: numbers that are compared instead of added.
#define METRIX_REGRESSION_EXTREMES(X)                      \
    X(rows, 0.0)                                           \
    X(largest_error, 0.0) /* |r| */                        \
    X(least_target, infinity)                              \
    X(largest_target, -infinity)                           \
    X(least, infinity)    /* of targets and predictions */ \
    X(target_origin, 0.0) /* the first target */           \
    X(error_origin, 0.0)  /* the first r */

enum class ExtremeOf {
#define METRIX_NAME(name, start) name,
    METRIX_REGRESSION_EXTREMES(METRIX_NAME)
#undef METRIX_NAME
        count
};

inline constexpr Index sum_count = static_cast<Index>(SumOf::count);
inline constexpr Index state_size = 2 * sum_count + static_cast<Index>(ExtremeOf::count);

// What is summed up, as bits.
enum Group : unsigned {
    errors = 1,       // error, absolute_error, squared_error, largest_error
    centred = 2,      // centred_error, centred_squares
    targets = 4,      // target, squared_target, absolute_target, least_target, largest_target
    relatives = 8,    // relative ... zero_squared
    logarithms = 16,  // logarithmic, least
    // Parts of these, for those who need no more: half the work.
    squares = 32,  // squared_error
    fit = 64,      // squared_error, target, squared_target
};

template <class T>
struct Data {
    View2<const T> target;
    View2<const T> prediction;
    View1<const double> weight;  // one for each row, or none
};

// state: a row of state_size numbers for each output. eps: the least denominator of relative errors.
template <class T>
void moments(const Data<T>& data, unsigned groups, double eps, int num_threads, View2<double> state);

// State of no data.
void clear(View2<double> state);
// State of both data sets.
void merge(View2<double> state, View2<const double> other);
// Sums by their value, then the extremes; NaN instead of extremes of data that has NaN.
void summary(View2<const double> state, View2<double> result);
// sum w (v - mean of v)^2, never below 0; `sum` and `squares` name sums of v and of v^2.
void spread(View2<const double> state, SumOf sum, SumOf squares, View1<double> result);

}  // namespace metrix::regression
