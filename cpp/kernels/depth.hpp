// Errors of predicted depths: sums over valid pixels of each image, from which every metric of the family is worked
// out, and the scale and shift that bring a prediction closest to the truth.
//
// Valid are pixels of the window and the mask whose true depth y lies between the limits, both excluded; NaN never
// does. A prediction p becomes x = scale p + shift, is inverted if it tells inverse depths, and cut to the limits if
// asked for.
//
// Valid pixels are gathered into blocks of doubles, as in lidar maps one of twenty is valid, and formulas run over
// blocks in the first cache. Sums are joined without rounding (support/exact_sum.hpp): the same bits for any number of
// threads.
#pragma once

#include <cstdint>

#include "support/view.hpp"

namespace metrix::depth {

// r = x - y, e = log x - log y; of each sum its two parts follow each other in a row of sums (Exact).
#define METRIX_DEPTH_SUMS(X)                             \
    X(pixels)                                            \
    X(error)               /* r */                       \
    X(absolute_error)      /* |r| */                     \
    X(squared_error)       /* r^2 */                     \
    X(relative)            /* |r| / y */                 \
    X(squared_over_target) /* r^2 / y */                 \
    X(squared_relative)    /* (r / y)^2 */               \
    X(inverse)             /* |1 / x - 1 / y| */         \
    X(squared_inverse)     /* its square */              \
    X(logarithm)           /* e */                       \
    X(absolute_logarithm)  /* |e| */                     \
    X(squared_logarithm)   /* e^2 */                     \
    X(within_first)        /* max(x / y, y / x) < t_1 */ \
    X(within_second)                                     \
    X(within_third)

enum class SumOf {
#define METRIX_NAME(name) name,
    METRIX_DEPTH_SUMS(METRIX_NAME)
#undef METRIX_NAME
        count
};

inline constexpr Index sum_count = static_cast<Index>(SumOf::count);
inline constexpr int threshold_count = 3;

// What is summed up, as bits: pixels and error to squared_relative always.
enum Group : unsigned { with_inverses = 1, with_logarithms = 2, with_thresholds = 4 };

struct Window {
    Index top, bottom, left, right;
};

// N images of height x width, one after the other.
template <class T>
struct Images {
    const T* target;
    const T* prediction;
    const std::uint8_t* mask;  // or null
    Index count, height, width;
    Window window;
};

struct Range {
    double least, largest;  // of valid depths
    bool cuts;              // predictions, to these
    bool is_inverse;        // what is predicted
};

// One (scale, shift) for each image, of what makes predictions fit best: depths, or inverse depths if they tell those.
enum class Fit { median, scale, scale_and_shift };
template <class T>
void depth_alignment(const Images<T>& images, const Range& range, Fit fit, int num_threads, View2<double> result);

// A row of sums for each image.
template <class T>
void depth_errors(const Images<T>& images, const Range& range, View2<const double> alignment,
                  const double (&within)[threshold_count], unsigned groups, int num_threads, View2<double> sums);

// mean of e^2 - share (mean of e)^2 of each row, never below 0.
void log_variance(View2<const double> sums, double share, View1<double> result);

}  // namespace metrix::depth
