// The inner loops of kernels/flow.cpp, over blocks that stay in the first cache. They exist once for each instruction
// set (blocks.cpp is compiled for each); all give the same bits.
#pragma once

#include "kernels/flow.hpp"
#include "support/lane_sums.hpp"

namespace metrix::flow {

inline constexpr Index gathered_at_once = 512;

// Components of valid pixels; of disparities the second ones are 0. Behind the last pixel there is room for sixteen
// more.
struct Block {
    static constexpr Index room = 2 * gathered_at_once + LaneSums::lanes;
    double target[2][room];
    double prediction[2][room];
    Index count = 0;
};

struct BlockSums {
    LaneSums of[sum_count];

    LaneSums& operator[](SumOf sum) { return of[static_cast<int>(sum)]; }
};

// Of a block that is filled up with zeros to a multiple of sixteen: all sums but that of pixels.
using SumUp = void (*)(const Block&, Index filled, const Limits&, BlockSums&);

// Appends valid ones of count pixels.
template <class T>
using Gather = void (*)(const Vectors<T>&, Index image, Index first, Index count, const Limits&, Block&);

}  // namespace metrix::flow
