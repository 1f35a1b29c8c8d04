// A regular mask as one bit per pixel, for masks that are too ragged for spans: noise, textures, crowds of small
// things.
//
// Each column starts at a word of its own, so that two masks of one height share pixels where words of the same column
// do. A mask has as few as two runs on a canvas of any size; bits are made only where they take no more memory than a
// small multiple of the run lengths.
#pragma once

#include <cstdint>

#include "kernels/masks.hpp"
#include "kernels/masks/column_spans.hpp"

namespace metrix::masks {

struct ColumnBits {
    std::uint32_t first_column = 0;
    std::uint32_t end_column = 0;
    std::size_t words_per_column = 0;
    const std::uint64_t* words = nullptr;  // row y of a column is bit y % 64 of its word y / 64
};

// nullptr if the bits would take too much memory. `box` is the mask's own, which is not empty.
const ColumnBits* make_bits(const RunLengths& mask, const Box& box, Arena& arena);

// Pixels that both have, of masks of the same height.
std::uint32_t intersection(const ColumnBits& a, const ColumnBits& b);
std::uint32_t intersection(const ColumnSpans& a, const ColumnBits& b);

}  // namespace metrix::masks
