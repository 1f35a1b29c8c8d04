// Compiled once for each instruction set, with METRIX_LEVEL its name. Nothing here may have external linkage but the
// tables: the linker keeps one copy of an inline function, and it might be one that this machine cannot run.
#include "kernels/depth/blocks.hpp"

#include <cstdint>
#include <limits>

#include "support/gather.hpp"
#include "support/running_sum.hpp"
#include "support/vector_math.hpp"

namespace metrix::depth {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

template <class T>
void gather_from(const T* target, const T* prediction, const std::uint8_t* mask, Index count, const Range& range,
                 Block& block) {
    std::uint8_t is_valid[gathered_at_once + 8] = {};
    for (Index i = 0; i < count; ++i) {
        const auto y = static_cast<double>(target[i]);
        is_valid[i] =
            static_cast<std::uint8_t>(static_cast<int>(y > range.least) & static_cast<int>(y < range.largest));
    }
    if (mask != nullptr) {
        for (Index i = 0; i < count; ++i) is_valid[i] = mask[i] != 0 ? is_valid[i] : std::uint8_t{0};
    }
    block.count = gather_kept(is_valid, count, block.count, [&](Index i, Index to) {
        block.target[to] = static_cast<double>(target[i]);
        block.prediction[to] = static_cast<double>(prediction[i]);
    });
}

void prepare(Block& block, double scale, double shift, const Range& range) {
    const double least = range.cuts ? range.least : -infinity;
    const double largest = range.cuts ? range.largest : infinity;
    double* const values = block.prediction;
    if (scale != 1 || shift != 0) {
        for (Index i = 0; i < block.count; ++i) values[i] = values[i] * scale + shift;
    }
    if (range.is_inverse) {  // nothing is farther than an inverse depth of 0, or below
        for (Index i = 0; i < block.count; ++i) values[i] = values[i] <= 0 ? infinity : 1 / values[i];
    }
    for (Index i = 0; i < block.count; ++i) {
        const double x = values[i] < least ? least : values[i];  // NaN passes
        values[i] = x > largest ? largest : x;
    }
}

void moments(const Block& block, Index filled, const Origin& origin, bool is_inverse, LaneSums* sums) {
    RunningSum predicted, wanted, squared, common;
    const Lanes target_origin = each_lane(is_inverse ? 1 / origin.depth : origin.depth);
    for (Index i = 0; i < filled; i += lane_count) {
        const Lanes y = load(block.target + i);
        const Lanes d = load(block.prediction + i) - each_lane(origin.prediction);
        const Lanes g = (is_inverse ? each_lane(1) / y : y) - target_origin;
        predicted.add(d);
        wanted.add(g);
        squared.add_product(d, d);
        common.add_product(d, g);
    }
    predicted.to(sums[0]);
    wanted.to(sums[1]);
    squared.to(sums[2]);
    common.to(sums[3]);
}

void errors(const Block& block, Index filled, BlockSums& sums) {
    RunningSum error, absolute, squared, relative, over_target, squared_relative;
    for (Index i = 0; i < filled; i += lane_count) {
        const Lanes y = load(block.target + i);
        const Lanes r = load(block.prediction + i) - y;
        const Lanes size = magnitude(r);
        const Lanes share = size / y;
        error.add(r);
        absolute.add(size);
        squared.add(r * r);
        relative.add(share);
        over_target.add(share * size);
        squared_relative.add(share * share);
    }
    error.to(sums[SumOf::error]);
    absolute.to(sums[SumOf::absolute_error]);
    squared.to(sums[SumOf::squared_error]);
    relative.to(sums[SumOf::relative]);
    over_target.to(sums[SumOf::squared_over_target]);
    squared_relative.to(sums[SumOf::squared_relative]);
}

// 1 / x - 1 / y = (y - x) / (x y), without a difference of two that are almost equal.
void inverses(const Block& block, Index filled, BlockSums& sums) {
    RunningSum absolute, squared;
    for (Index i = 0; i < filled; i += lane_count) {
        const Lanes y = load(block.target + i);
        const Lanes x = load(block.prediction + i);
        const Lanes inverse = where(x == each_lane(infinity), each_lane(1) / y, magnitude((x - y) / y / x));
        absolute.add(inverse);
        squared.add(inverse * inverse);
    }
    absolute.to(sums[SumOf::inverse]);
    squared.to(sums[SumOf::squared_inverse]);
}

// |log x - log y| is log(1 + |x - y| / min(x, y)): one logarithm, and no difference of two that are almost equal.
void logarithms(const Block& block, Index filled, BlockSums& sums) {
    double sizes[2 * gathered_at_once + lane_count];
    for (Index i = 0; i < filled; ++i) {
        const double y = block.target[i], x = block.prediction[i];
        const double lower = x < y ? x : y;
        sizes[i] = (x < y ? y - x : x - y) / lower;
    }
    for (Index i = 0; i < filled; ++i) {
        // Of a prediction below 0 there is no logarithm.
        const double none = block.prediction[i] < 0 ? std::numeric_limits<double>::quiet_NaN() : sizes[i];
        sizes[i] = vector_math::log1p(none);
    }
    RunningSum sum, absolute, squared;
    for (Index i = 0; i < filled; i += lane_count) {
        const Lanes size = load(sizes + i);
        const LaneMask is_below = load(block.prediction + i) < load(block.target + i);
        sum.add(where(is_below, each_lane(0) - size, size));
        absolute.add(size);
        squared.add_product(size, size);  // of equal errors the variance is 0
    }
    sum.to(sums[SumOf::logarithm]);
    absolute.to(sums[SumOf::absolute_logarithm]);
    squared.to(sums[SumOf::squared_logarithm]);
}

void thresholds(const Block& block, Index filled, const double* within, BlockSums& sums) {
    Lanes counts[threshold_count];
    for (Lanes& count : counts) count = each_lane(0);
    for (Index i = 0; i < filled; i += lane_count) {
        const Lanes y = load(block.target + i);
        const Lanes x = load(block.prediction + i);
        const Lanes lower = lesser(x, y);
        const Lanes ratio = where(lower > each_lane(0), greater(x, y) / lower, each_lane(infinity));
        for (int k = 0; k < threshold_count; ++k) {
            counts[k] = counts[k] + where(ratio < each_lane(within[k]), each_lane(1), each_lane(0));
        }
    }
    constexpr SumOf to[] = {SumOf::within_first, SumOf::within_second, SumOf::within_third};
    for (int k = 0; k < threshold_count; ++k) {
        store(counts[k], sums[to[k]].sum);
        store(each_lane(0), sums[to[k]].lost);
    }
}

}  // namespace

namespace METRIX_LEVEL {
extern const Formulas formulas_of_level;
extern const Gather<float> gather_floats;
extern const Gather<double> gather_doubles;
constinit const Formulas formulas_of_level = {moments, prepare, errors, inverses, logarithms, thresholds};
constinit const Gather<float> gather_floats = gather_from<float>;
constinit const Gather<double> gather_doubles = gather_from<double>;
}  // namespace METRIX_LEVEL

}  // namespace metrix::depth
