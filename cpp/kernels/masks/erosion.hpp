// Erosion by a square: the pixels whose whole neighbourhood of (2 distance + 1)^2 pixels is foreground. What lies
// outside of the canvas is background.
//
// The square is separable. Down a column, a span of rows loses `distance` at both ends, and short ones vanish. Across
// columns, a window of 2 distance + 1 of them keeps what all of them have. Most columns are left with one span at most:
// of windows of these it is the greatest start and the least end, for eight columns at a time. The others, about a
// quarter in the masks of COCO, go by bits.
#pragma once

#include "kernels/masks.hpp"
#include "kernels/masks/column_spans.hpp"

namespace metrix::masks {

struct Eroded {
    const ColumnSpans* spans = nullptr;  // in scratch.results; nullptr if it takes too much memory or too many layers
    std::uint32_t area = 0;
};

// True if the square fits nowhere into the box, so that nothing is left.
inline bool erodes_to_nothing(const Box& box, std::uint32_t distance) {
    const std::uint64_t side = 2 * std::uint64_t{distance} + 1;
    return box[2] < side || box[3] < side;
}

// Of a mask whose box the square fits into.
Eroded erode(const ColumnSpans& mask, const Box& box, std::uint32_t distance, Scratch& scratch);

}  // namespace metrix::masks
