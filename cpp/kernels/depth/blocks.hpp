// The inner loops of kernels/depth.cpp, over blocks that stay in the first cache. They exist once for each instruction
// set (blocks.cpp is compiled for each); all give the same bits.
#pragma once

#include "kernels/depth.hpp"
#include "support/lane_sums.hpp"

namespace metrix::depth {

inline constexpr Index gathered_at_once = 512;

// Valid pixels; behind the last one there is room for sixteen more.
struct Block {
    double target[2 * gathered_at_once + LaneSums::lanes];
    double prediction[2 * gathered_at_once + LaneSums::lanes];
    Index count = 0;
};

struct BlockSums {
    LaneSums of[sum_count];

    LaneSums& operator[](SumOf sum) { return of[static_cast<int>(sum)]; }
};

struct Formulas {
    // Predictions as they are compared: (p scale + shift), inverted, cut.
    void (*prepare)(Block&, double scale, double shift, const Range&);
    // Of a block that is filled up with equal pairs to a multiple of sixteen.
    void (*errors)(const Block&, Index filled, BlockSums&);
    void (*inverses)(const Block&, Index filled, BlockSums&);
    void (*logarithms)(const Block&, Index filled, BlockSums&);
    void (*thresholds)(const Block&, Index filled, const double* within, BlockSums&);
};

const Formulas& formulas();

// Appends valid pixels of a piece of a row.
template <class T>
using Gather = void (*)(const T* target, const T* prediction, const std::uint8_t* mask, Index count, const Range&,
                        Block&);

template <class T>
Gather<T> gather();

}  // namespace metrix::depth
