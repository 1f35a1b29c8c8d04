// Compiled once for each instruction set, with METRIX_LEVEL its name. Nothing here may have external linkage but the
// tables: the linker keeps one copy of an inline function, and it might be one that this machine cannot run.
#include "kernels/perceptual/blocks.hpp"

#include <cmath>

namespace metrix::perceptual {
namespace {

// count is a constant for whole strips: loops of known length are vectors without a rest.
template <class T>
inline void distances_of(const Strip<T>& strip, Index count, const double* weights, double eps, double* distances) {
    double first[strip_size] = {};
    double second[strip_size] = {};
    for (Index c = 0; c < strip.channels; ++c) {
        const T* const a = strip.first + c * strip.stride;
        const T* const b = strip.second + c * strip.stride;
        for (Index j = 0; j < count; ++j) {
            const auto x = static_cast<double>(a[j]), y = static_cast<double>(b[j]);
            first[j] += x * x;
            second[j] += y * y;
        }
    }
    for (Index j = 0; j < count; ++j) {
        first[j] = 1 / (std::sqrt(first[j]) + eps);
        second[j] = 1 / (std::sqrt(second[j]) + eps);
        distances[j] = 0;
    }
    for (Index c = 0; c < strip.channels; ++c) {
        const T* const a = strip.first + c * strip.stride;
        const T* const b = strip.second + c * strip.stride;
        const double weight = weights == nullptr ? 1 : weights[c];
        for (Index j = 0; j < count; ++j) {
            const double d = static_cast<double>(a[j]) * first[j] - static_cast<double>(b[j]) * second[j];
            distances[j] += weight * (d * d);
        }
    }
}

template <class T>
void distances_of_strip(const Strip<T>& strip, const double* weights, double eps, double* distances) {
    if (strip.count == strip_size) {
        distances_of(strip, strip_size, weights, eps, distances);
    } else {
        distances_of(strip, strip.count, weights, eps, distances);
    }
}

}  // namespace

namespace METRIX_LEVEL {
extern const DistancesOfStrip<float> distances_of_floats;
extern const DistancesOfStrip<double> distances_of_doubles;
constinit const DistancesOfStrip<float> distances_of_floats = distances_of_strip<float>;
constinit const DistancesOfStrip<double> distances_of_doubles = distances_of_strip<double>;
}  // namespace METRIX_LEVEL

}  // namespace metrix::perceptual
