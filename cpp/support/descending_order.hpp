// The one order of scores: decreasing, stable.
//
// Contract: descending_order(keys)[r] is the index of the key of rank r. Equal keys (0 and -0 are equal) keep their
// order; NaN comes last. The same order as numpy.argsort(-keys, kind="stable").
// Form: a radix sort of the bits, byte by byte from the last, which is linear and stable by itself. Bytes that all keys
// share, as the exponent's of scores in [0, 1] nearly do, cost a glance at a histogram.
#pragma once

#include <array>
#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <type_traits>
#include <vector>

#include "support/view.hpp"

namespace metrix {

// Unsigned bits that rise as the key falls; every NaN becomes the largest.
template <class T>
auto descending_bits(T key) {
    using Bits = std::conditional_t<sizeof(T) == 4, std::uint32_t, std::uint64_t>;
    constexpr Bits sign = Bits(1) << (8 * sizeof(T) - 1);
    if (std::isnan(key)) return std::numeric_limits<Bits>::max();
    const Bits bits = std::bit_cast<Bits>(key == 0 ? T(0) : key);
    return (bits & sign) != 0 ? bits : static_cast<Bits>(~(bits | sign));
}

template <class T>
std::vector<Index> descending_order(View1<const T> keys) {
    using Bits = decltype(descending_bits(T()));
    struct Entry {
        Bits bits;
        Index index;
    };
    constexpr std::size_t bytes = sizeof(Bits);
    std::vector<Entry> entries(keys.size());
    std::vector<Entry> sorted(keys.size());
    std::array<std::array<Index, 256>, bytes> histograms{};
    for (Index i = 0; i < ssize(keys); ++i) {
        const Bits bits = descending_bits(keys[i]);
        entries[i] = {bits, i};
        for (std::size_t byte = 0; byte < bytes; ++byte) ++histograms[byte][(bits >> (8 * byte)) & 255];
    }
    for (std::size_t byte = 0; byte < bytes; ++byte) {
        auto& slots = histograms[byte];
        if (!entries.empty() && slots[(entries[0].bits >> (8 * byte)) & 255] == ssize(entries)) continue;
        Index next = 0;
        for (Index& slot : slots) {
            const Index count = slot;
            slot = next;
            next += count;
        }
        for (const Entry& entry : entries) sorted[slots[(entry.bits >> (8 * byte)) & 255]++] = entry;
        entries.swap(sorted);
    }
    std::vector<Index> order(keys.size());
    for (Index rank = 0; rank < ssize(order); ++rank) order[rank] = entries[rank].index;
    return order;
}

}  // namespace metrix
