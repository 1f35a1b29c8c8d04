// The inner loops over rows of a tile. They exist once for each instruction set (blocks.cpp is compiled for each); all
// give the same bits.
#pragma once

#include <cstdint>

#include "support/view.hpp"

namespace metrix::image_quality {

// Sums of a row go to lanes by place, so many that any number of channels up to 4 divides them.
constexpr Index lanes = 48;

// Rows of windows that are filtered downwards together: each row of the ring is then read for several.
constexpr int rows_at_once = 4;

// Four maps of a row: u, v, and their squares; once filtered, their means.
template <class T>
struct Four {
    T* u = nullptr;
    T* v = nullptr;
    T* uu = nullptr;
    T* vv = nullptr;
};

template <class T>
struct Constants {
    T c1;
    T c2;
    T covariance_factor;
};

template <class In, class T>
struct SpreadBlocks {
    // u, v and their squares of a row, each pixel less its centre.
    void (*spread)(const In* x, const In* y, const T* centre_x, const T* centre_y, Index count, const Four<T>& result);
    // The same of volumes: weighted sums over 2 radius + 1 slices, which lie so far apart.
    void (*stack)(const In* x, const In* y, Index slice_size, const T* window, int radius, const T* centre_x,
                  const T* centre_y, Index count, const Four<T>& result);
    // Adds a row to sums by lane.
    void (*add)(const In* values, Index count, double* sums);
};

template <class T>
struct FilterBlocks {
    // As many rows at once from 2 radius more, which begin at ring + offsets[i], into results + places[i].
    void (*vertical)(const T* ring, const Index* offsets, const T* window, int radius, Index count, const Index* places,
                     T* results);
    // Taps lie `step` apart; `row` has 2 radius step numbers more than the result.
    void (*horizontal)(const T* row, Index step, const T* window, int radius, Index count, T* result);
    // ssim, or cs alone, from the means of four maps and what the tile was centred on.
    void (*similarity)(const Four<T>& means, const T* centre_u, const T* centre_v, const Constants<T>& constants,
                       Index count, T* ssim);
    void (*structure)(const Four<T>& means, const T* centre_u, const T* centre_v, const Constants<T>& constants,
                      Index count, T* cs);
    // In place: mean of x, mean of y, sum of their variances, covariance.
    void (*moments)(const Four<T>& means, const T* centre_u, const T* centre_v, Index count);
    // Partial derivatives of ssim_factor ssim + cs_factor cs by the four means, in place.
    void (*partials)(const Four<T>& means, const T* centre_u, const T* centre_v, const Constants<T>& constants,
                     const T* ssim_factor, const T* cs_factor, Index count);
    // The gradient of x from filtered partial derivatives and the four maps themselves, and of y where it is wanted.
    void (*gather)(const Four<T>& filtered, const Four<T>& own, Index count, T* by_x, T* by_y);
    void (*add)(const T* values, Index count, double* sums);
};

struct Blocks {
    FilterBlocks<float> of_floats;
    FilterBlocks<double> of_doubles;
    SpreadBlocks<std::uint8_t, float> bytes_to_floats;
    SpreadBlocks<float, float> floats_to_floats;
    SpreadBlocks<std::uint8_t, double> bytes_to_doubles;
    SpreadBlocks<float, double> floats_to_doubles;
    SpreadBlocks<double, double> doubles_to_doubles;
    // Sums of squared differences.
    double (*squared_error_of_bytes)(const std::uint8_t* x, const std::uint8_t* y, Index count);
    double (*squared_error_of_floats)(const float* x, const float* y, Index count);
    double (*squared_error_of_doubles)(const double* x, const double* y, Index count);
    // Means of 2 x 2 pixels of two rows, of up to 4 channels.
    void (*halve_bytes)(const std::uint8_t* upper, const std::uint8_t* lower, Index count, Index channels,
                        float* result);
    void (*halve_floats)(const float* upper, const float* lower, Index count, Index channels, float* result);
    void (*halve_doubles)(const double* upper, const double* lower, Index count, Index channels, double* result);
};

// Those of this machine.
const Blocks& blocks();

}  // namespace metrix::image_quality
