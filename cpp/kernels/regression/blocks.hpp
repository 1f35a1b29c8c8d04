// The inner loops of kernels/regression.cpp, over blocks that stay in the first cache. They exist once for each
// instruction set (blocks.cpp is compiled for each); all give the same bits.
#pragma once

#include "kernels/regression.hpp"
#include "support/lane_sums.hpp"

namespace metrix::regression {

template <class T>
struct Block {
    const T* target;
    const T* prediction;
    const double* weight;  // or null
    Index count;
    double eps;
};

inline constexpr int lanes = LaneSums::lanes;
// Rows that are worked on at a time: few enough for the second cache, many enough that what is done once for each block
// takes no time. Logarithms, which need room, take a quarter.
inline constexpr Index largest_block = 8192;
inline constexpr Index logarithm_block = largest_block / 4;

// Of one block: what a group does not write stays as it was. Of floats nothing is kept of what rounding takes: sums of
// a block lose less than any result shows.
struct BlockSums {
    LaneSums of[sum_count];
    double extreme[static_cast<int>(ExtremeOf::count)][lanes];

    LaneSums& operator[](SumOf sum) { return of[static_cast<int>(sum)]; }
    const LaneSums& operator[](SumOf sum) const { return of[static_cast<int>(sum)]; }
    double (&operator[](ExtremeOf which)) [lanes] { return extreme[static_cast<int>(which)]; } const
        double (&operator[](ExtremeOf which) const)[lanes] {
        return extreme[static_cast<int>(which)];
    }
};

template <class T>
struct Work {
    // centre: what is subtracted before targets, or errors, are squared.
    using Function = void (*)(const Block<T>&, double centre, BlockSums&);
    Function weights;
    // Without weights, with weights.
    Function errors[2];
    Function centred[2];
    Function targets[2];
    Function errors_and_targets[2];
    Function relatives[2];
    Function logarithms[2];
    Function squares[2];
    Function fit[2];
};

// That of this machine.
template <class T>
const Work<T>& work();

}  // namespace metrix::regression
