// Errors of optical flow and of disparity: sums over valid pixels of each image, from which every metric of the family
// is worked out.
//
// A vector of 2 (flow) or 1 (disparity) components is true, y, or predicted, x. e = |x - y|. Valid are pixels of the
// mask with least < |y| < largest; NaN never is. An outlier has e > pixels and e / |y| > share. The angle is that
// between (x, 1) and (y, 1), from their cross and inner product: the arc cosine of others has no digits left near 0.
//
// Valid pixels are gathered into blocks of doubles, and formulas run over blocks in the first cache. Sums are joined
// without rounding (support/exact_sum.hpp): the same bits for any number of threads.
#pragma once

#include <cstdint>

#include "support/view.hpp"

namespace metrix::flow {

// Of each sum its two parts follow each other in a row of sums (Exact).
#define METRIX_FLOW_SUMS(X)                \
    X(pixels)                              \
    X(error)         /* e */               \
    X(squared_error) /* e^2 */             \
    X(angle)         /* in radians */      \
    X(outliers)                            \
    X(bad_first) /* e > first threshold */ \
    X(bad_second)                          \
    X(bad_third)                           \
    X(bad_fourth)

enum class SumOf {
#define METRIX_NAME(name) name,
    METRIX_FLOW_SUMS(METRIX_NAME)
#undef METRIX_NAME
        count
};

inline constexpr Index sum_count = static_cast<Index>(SumOf::count);
inline constexpr int threshold_count = 4;

// Component c of pixel p of image n stands at n components pixels + c component_stride + p pixel_stride.
template <class T>
struct Vectors {
    const T* target;
    const T* prediction;
    const std::uint8_t* mask;  // (images, pixels), or null
    Index images, components, pixels;
    Index component_stride, pixel_stride;
};

struct Limits {
    double least, largest;  // of valid |y|, both excluded; least < 0 for none
    double outlier_pixels, outlier_share;
    double thresholds[threshold_count];
    bool with_angles;
};

// A row of sums for each image.
template <class T>
void flow_errors(const Vectors<T>& vectors, const Limits& limits, int num_threads, View2<double> sums);

}  // namespace metrix::flow
