// Structural similarity of images (Z. Wang et al., 2004), and its gradient.
//
// Windows are separable and symmetric, and lie wholly within the image ("valid"). With u = x + y and v = x - y four
// filters do instead of five: with means m and variances s of u and v in a window,
//     l  = ((m_u^2 - m_v^2) / 2 + c1) / ((m_u^2 + m_v^2) / 2 + c1)    luminance
//     cs = ((s_u - s_v) / 2 + c2) / ((s_u + s_v) / 2 + c2)            contrast and structure
//     ssim = l cs, from -1 to 1, and exactly 1 for equal images.
//
// A variance is the mean of squares less the square of the mean, which cancels where an image is bright and even. So
// each tile is centred on its own mean first, which changes no variance. uint8 and float32 then are worked on in
// floats, float64 and all gradients in doubles.
//
// Images are rows of interleaved channels: taps of a row lie `channels` apart. Tiles are worked on row by row, in rings
// of filtered rows that stay in the first cache; nothing of the image's size is made but what is asked for.
// A row of a volume is the weighted sum of the rows of the slices that its windows reach over; the rest is the same.
#pragma once

#include <cstdint>

#include "support/view.hpp"

namespace metrix::image_quality {

template <class In>
struct Work {
    using Type = float;
};
template <>
struct Work<double> {
    using Type = double;
};

// (count, depth, height, width, channels); channels of at most 4. At least as large as the window.
template <class In>
struct Images {
    const In* x = nullptr;
    const In* y = nullptr;
    Index count = 0;
    Index depth = 1;
    Index height = 0;
    Index width = 0;
    Index channels = 1;
};

struct Similarity {
    View1<const double> window;  // of one axis, from its middle outwards: radius + 1 weights
    double c1 = 0;
    double c2 = 0;
    double covariance_factor = 1;  // N / (N - 1) for the sample's covariance
    bool over_depth = false;       // windows reach over slices: volumes; else each slice is an image, of depth 1
};

// Means over all windows of ssim, or of cs alone: (count, channels). Maps, where they are wanted, of the shape of the
// valid part.
template <class In>
void structural_similarity(const Images<In>& images, const Similarity& similarity, bool of_structure,
                           View1<double> means, typename Work<In>::Type* map, int num_threads);

// Of all windows of images (not volumes): mean of x, mean of y, sum of both variances, covariance. A map of doubles for
// each, of the shape of the valid part.
template <class In>
void local_moments(const Images<In>& images, View1<const double> window, double* const (&maps)[4], int num_threads);

// The gradient of sum(ssim_factor * ssim + cs_factor * cs) over all images and channels, by x, and by y where it is
// wanted.
template <class In>
void structural_similarity_gradient(const Images<In>& images, const Similarity& similarity,
                                    View1<const double> ssim_factor, View1<const double> cs_factor,
                                    typename Work<In>::Type* by_x, typename Work<In>::Type* by_y, int num_threads);

// Means of 2 x 2 pixels; an odd last row or column is left out.
template <class In>
void halve(const In* images, Index count, Index height, Index width, Index channels, typename Work<In>::Type* result,
           int num_threads);

// Sums of squared differences of so many pairs of arrays of one size.
template <class In>
void squared_error(const In* x, const In* y, Index size, View1<double> sums, int num_threads);

}  // namespace metrix::image_quality
