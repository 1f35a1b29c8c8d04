// Compiled once for each instruction set, with METRIX_LEVEL its name. Nothing here may have external linkage but the
// table (see blocks.cpp).
#include "kernels/losses/pairwise_blocks.hpp"

#include "kernels/losses/terms.hpp"
#include "support/lanes.hpp"

namespace metrix::losses {
namespace {

constexpr Index lanes = 8;

void squared_distances(const double* point, const double* panels, Index dimensions, Index count, double* result) {
    for (Index first = 0; first < count; first += panel_width) {
        double sums[panel_width] = {};  // in registers
        for (Index k = 0; k < dimensions; ++k) {
            const double own = point[k];
            for (Index j = 0; j < panel_width; ++j) {
                const double difference = own - panels[j];
                sums[j] += difference * difference;
            }
            panels += panel_width;
        }
        const Index width = lesser(panel_width, count - first);
        for (Index j = 0; j < width; ++j) result[first + j] = sums[j];
    }
}

// In lanes, whose number no instruction set changes.
double sum_of(const double* values, Index count) {
    double sums[lanes] = {};
    const Index whole = count - count % lanes;
    for (Index i = 0; i < whole; i += lanes) {
        for (Index lane = 0; lane < lanes; ++lane) sums[lane] += values[i + lane];
    }
    for (Index i = whole; i < count; ++i) sums[i - whole] += values[i];
    return ((sums[0] + sums[1]) + (sums[2] + sums[3])) + ((sums[4] + sums[5]) + (sums[6] + sums[7]));
}

Hinges hinges(double reach, const double* distances, Index count, double* slopes) {
    constexpr Index block = 256;
    double terms[block];
    double flags[block];
    Hinges total;
    for (Index first = 0; first < count; first += block) {
        const Index width = lesser(block, count - first);
        const double* const own = distances + first;
        for (Index i = 0; i < width; ++i) {
            terms[i] = greater(reach - own[i], 0.0);
            flags[i] = reach - own[i] > 0 ? 1.0 : 0.0;
        }
        total.sum += sum_of(terms, width);
        total.active += sum_of(flags, width);
        if (slopes == nullptr) continue;
        for (Index i = 0; i < width; ++i) slopes[first + i] -= flags[i];
    }
    return total;
}

void root(double* values, Index count) {
    for (Index i = 0; i < count; ++i) values[i] = square_root(values[i]);
}

void scale(double* values, double factor, Index count) {
    for (Index i = 0; i < count; ++i) values[i] *= factor;
}

void add_differences(const double* factors, const Index* others, Index count, const double* point, const double* points,
                     Index dimensions, double* sums) {
    Index first = 0;
    for (; first + 2 * lane_count <= dimensions; first += 2 * lane_count) {
        const Lanes own = load(point + first), own_next = load(point + first + lane_count);
        Lanes part = load(sums + first), part_next = load(sums + first + lane_count);
        for (Index i = 0; i < count; ++i) {
            const double* const other = points + others[i] * dimensions + first;
            const Lanes factor = each_lane(factors[i]);
            part = part + factor * (own - load(other));
            part_next = part_next + factor * (own_next - load(other + lane_count));
        }
        store(part, sums + first);
        store(part_next, sums + first + lane_count);
    }
    for (Index i = 0; i < count; ++i) {
        const double* const other = points + others[i] * dimensions;
        for (Index k = first; k < dimensions; ++k) sums[k] += factors[i] * (point[k] - other[k]);
    }
}

}  // namespace

namespace METRIX_LEVEL {
extern const PairwiseBlocks pairwise_blocks;
constinit const PairwiseBlocks pairwise_blocks = {squared_distances, root, scale, hinges, add_differences};
}  // namespace METRIX_LEVEL

}  // namespace metrix::losses
