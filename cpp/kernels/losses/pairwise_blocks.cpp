// Compiled once for each instruction set, with METRIX_LEVEL its name. Nothing here may have external linkage but the
// table (see blocks.cpp).
#include "kernels/losses/pairwise_blocks.hpp"

#include "kernels/losses/terms.hpp"

namespace metrix::losses {
namespace {

constexpr Index tile = 32;  // sums that stay in registers

void squared_distances(const double* point, const double* others, Index dimensions, Index count, double* result) {
    Index first = 0;
    for (; first + tile <= count; first += tile) {
        double sums[tile] = {};
        for (Index k = 0; k < dimensions; ++k) {
            const double own = point[k];
            const double* const row = others + k * count + first;
            for (Index j = 0; j < tile; ++j) {
                const double difference = own - row[j];
                sums[j] += difference * difference;
            }
        }
        for (Index j = 0; j < tile; ++j) result[first + j] = sums[j];
    }
    for (; first < count; ++first) {
        double sum = 0;
        for (Index k = 0; k < dimensions; ++k) {
            const double difference = point[k] - others[k * count + first];
            sum += difference * difference;
        }
        result[first] = sum;
    }
}

void root(double* values, Index count) {
    for (Index i = 0; i < count; ++i) values[i] = square_root(values[i]);
}

void scale(double* values, double factor, Index count) {
    for (Index i = 0; i < count; ++i) values[i] *= factor;
}

void add_difference(double factor, const double* point, const double* other, Index dimensions, double* sums) {
    for (Index k = 0; k < dimensions; ++k) sums[k] += factor * (point[k] - other[k]);
}

}  // namespace

namespace METRIX_LEVEL {
extern const PairwiseBlocks pairwise_blocks;
constinit const PairwiseBlocks pairwise_blocks = {squared_distances, root, scale, add_difference};
}  // namespace METRIX_LEVEL

}  // namespace metrix::losses
