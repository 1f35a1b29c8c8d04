// The inner loops over pairs of points; like blocks.hpp, they exist once for each instruction set and give the same
// bits.
#pragma once

#include "support/view.hpp"

namespace metrix::losses {

// Points side by side, dimension after dimension; then the next ones, the last filled up with anything. So they are
// read in the order of memory.
constexpr Index panel_width = 32;

struct Hinges {
    double sum = 0;
    double active = 0;  // how many are above 0
};

struct PairwiseBlocks {
    // Squared distances of a point to `count` others, which stand in panels.
    void (*squared_distances)(const double* point, const double* panels, Index dimensions, Index count, double* result);
    void (*square_root)(double* values, Index count);
    void (*scale)(double* values, double factor, Index count);
    // Of max(0, reach - distance); where one is above 0, 1 is taken from its slope, if there are any.
    Hinges (*hinges)(double reach, const double* distances, Index count, double* slopes);
    // sums += factors[i] (point - points[others[i]]) for one i after another
    void (*add_differences)(const double* factors, const Index* others, Index count, const double* point,
                            const double* points, Index dimensions, double* sums);
};

// Those of this machine.
const PairwiseBlocks& pairwise_blocks();

}  // namespace metrix::losses
