// LPIPS of given features: of one layer, the sum over pixels of
//
//   sum_c w_c (a_c / (|a| + eps) - b_c / (|b| + eps))^2,   |a| the Euclidean norm over the channels of a pixel
//
// in doubles. Pixels are taken in strips, all channels of which fit into the second cache: features are read from
// memory once, though norms must be known before differences are taken, and nothing of their size is allocated. Joined
// without rounding (support/exact_sum.hpp): the same bits for any number of threads.
#pragma once

#include "support/view.hpp"

namespace metrix::perceptual {

// (images, channels, pixels), one after the other.
template <class T>
struct Features {
    const T* first;
    const T* second;
    Index images, channels, pixels;
};

// sums: for each image (high, low). weights: one for each channel, or none for 1.
template <class T>
void lpips(const Features<T>& features, View1<const double> weights, double eps, int num_threads, View2<double> sums);

}  // namespace metrix::perceptual
