// The inner loops of entropic transport; like blocks.hpp, they exist once for each instruction set and give the same
// bits.
#pragma once

#include "support/view.hpp"

namespace metrix::losses {

struct TransportBlocks {
    // The logarithm of the sum of exp(reach[j] - cost[j]); `room` holds as many numbers.
    double (*log_sum)(const double* reach, const double* cost, Index count, double* room);
    // exp(reach[j] - cost[j] + shift).
    void (*shares)(const double* reach, const double* cost, double shift, Index count, double* result);
};

// Those of this machine.
const TransportBlocks& transport_blocks();

}  // namespace metrix::losses
