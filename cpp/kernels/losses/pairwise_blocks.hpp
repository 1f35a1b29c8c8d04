// The inner loops over pairs of points; like blocks.hpp, they exist once for each instruction set and give the same
// bits.
#pragma once

#include "support/view.hpp"

namespace metrix::losses {

struct PairwiseBlocks {
    // Squared distances of a point to `count` others, which are the columns of a matrix with a row for each dimension.
    void (*squared_distances)(const double* point, const double* others, Index dimensions, Index count, double* result);
    void (*square_root)(double* values, Index count);
    void (*scale)(double* values, double factor, Index count);
    // sums += factor (point - other)
    void (*add_difference)(double factor, const double* point, const double* other, Index dimensions, double* sums);
};

// Those of this machine.
const PairwiseBlocks& pairwise_blocks();

}  // namespace metrix::losses
