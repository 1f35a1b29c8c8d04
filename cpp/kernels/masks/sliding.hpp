// Least, greatest or common bits of all windows of one length, by doubling: log2(window) passes over flat arrays, each
// of which the processor does many values at a time.
#pragma once

#include <cstddef>
#include <utility>

namespace metrix::masks {

// The i-th result combines values[i], values[i + stride], ... values[i + (window - 1) * stride]; there are
// count - (window - 1) * stride results. They stand in `values` or in `other`, which holds as many; both are written
// to.
template <class T, class Combine>
T* slide(T* values, T* other, std::size_t count, std::size_t stride, std::size_t window, Combine combine) {
    const auto pass = [&](std::size_t covered, std::size_t shift) {
        const std::size_t results = count - (covered + shift - 1) * stride;
        const T* const near = values;
        const T* const far = values + shift * stride;
        T* __restrict const out = other;
        for (std::size_t i = 0; i < results; ++i) out[i] = combine(near[i], far[i]);
        std::swap(values, other);
    };
    std::size_t covered = 1;
    for (; 2 * covered <= window; covered *= 2) pass(covered, covered);
    if (covered < window) pass(covered, window - covered);
    return values;
}

}  // namespace metrix::masks
