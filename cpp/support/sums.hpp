// Sums of a fixed order: the same bits on every machine and for any number of threads.
#pragma once

#include "support/view.hpp"

namespace metrix {

// NumPy's pairwise order over contiguous values: fewer than 8 from left to right; up to 128 in eight partial sums that
// are joined as a tree; more in two halves, cut at a multiple of 8.
template <class T>
T pairwise_sum(const T* values, Index count) {
    constexpr Index lanes = 8, block = 128;
    if (count < lanes) {
        T sum = 0;
        for (Index i = 0; i < count; ++i) sum += values[i];
        return sum;
    }
    if (count <= block) {
        T partial[lanes];
        for (Index lane = 0; lane < lanes; ++lane) partial[lane] = values[lane];
        Index i = lanes;
        for (; i < count - count % lanes; i += lanes) {
            for (Index lane = 0; lane < lanes; ++lane) partial[lane] += values[i + lane];
        }
        T sum = ((partial[0] + partial[1]) + (partial[2] + partial[3])) +
                ((partial[4] + partial[5]) + (partial[6] + partial[7]));
        for (; i < count; ++i) sum += values[i];
        return sum;
    }
    const Index half = count / 2 - (count / 2) % lanes;
    return pairwise_sum(values, half) + pairwise_sum(values + half, count - half);
}

// numpy.sum of a contiguous one-dimensional array, bit for bit: the pairwise sum is added to +0, so no sum is -0.
// NumPy before 2.3 sums pieces of 8192 and adds those from left to right: for longer arrays this is the order of 2.3.
template <class T>
T numpy_sum(const T* values, Index count) {
    return T(0) + pairwise_sum(values, count);
}

}  // namespace metrix
