// Compiled once for each instruction set, with METRIX_LEVEL its name. Nothing here may have external linkage but the
// table (see blocks.cpp).
#include "kernels/losses/transport_blocks.hpp"

#include <limits>

#include "kernels/losses/terms.hpp"

namespace metrix::losses {
namespace {

constexpr Index lanes = 8;

double log_sum(const double* reach, const double* cost, Index count, double* room) {
    double most[lanes];
    for (double& of_lane : most) of_lane = -std::numeric_limits<double>::infinity();
    const Index whole = count - count % lanes;
    for (Index i = 0; i < whole; i += lanes) {
        for (Index lane = 0; lane < lanes; ++lane) {
            const double value = reach[i + lane] - cost[i + lane];
            room[i + lane] = value;
            most[lane] = greater(most[lane], value);
        }
    }
    for (Index i = whole; i < count; ++i) {
        room[i] = reach[i] - cost[i];
        most[0] = greater(most[0], room[i]);
    }
    double greatest = most[0];
    for (const double of_lane : most) greatest = greater(greatest, of_lane);
    if (greatest - greatest != 0) {  // nothing is reached, or what is no number
        double sum = greatest;
        for (Index i = 0; i < count; ++i) sum += room[i];
        return sum;
    }

    for (Index i = 0; i < count; ++i) room[i] = exp(room[i] - greatest);
    double sums[lanes] = {};
    for (Index i = 0; i < whole; i += lanes) {
        for (Index lane = 0; lane < lanes; ++lane) sums[lane] += room[i + lane];
    }
    for (Index i = whole; i < count; ++i) sums[i - whole] += room[i];
    return greatest + log(((sums[0] + sums[1]) + (sums[2] + sums[3])) + ((sums[4] + sums[5]) + (sums[6] + sums[7])));
}

void shares(const double* reach, const double* cost, double shift, Index count, double* result) {
    for (Index i = 0; i < count; ++i) result[i] = exp((reach[i] - cost[i]) + shift);
}

}  // namespace

namespace METRIX_LEVEL {
extern const TransportBlocks transport_blocks;
constinit const TransportBlocks transport_blocks = {log_sum, shares};
}  // namespace METRIX_LEVEL

}  // namespace metrix::losses
