// The inner loop of kernels/perceptual.cpp, once for each instruction set (blocks.cpp is compiled for each); all give
// the same bits.
#pragma once

#include "kernels/perceptual.hpp"

namespace metrix::perceptual {

inline constexpr Index strip_size = 64;

template <class T>
struct Strip {
    const T* first;
    const T* second;
    Index channels;
    Index stride;  // from channel to channel
    Index count;   // of pixels, at most strip_size
};

// distances: one for each pixel. weights: or null.
template <class T>
using DistancesOfStrip = void (*)(const Strip<T>&, const double* weights, double eps, double* distances);

}  // namespace metrix::perceptual
