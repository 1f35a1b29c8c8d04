// Compiled once for each instruction set, with METRIX_LEVEL its name. Nothing here may have external linkage but the
// tables: the linker keeps one copy of an inline function, and it might be one that this machine cannot run.
#include "kernels/flow/blocks.hpp"

#include <cmath>
#include <cstdint>

#include "support/gather.hpp"
#include "support/running_sum.hpp"
#include "support/vector_math.hpp"

namespace metrix::flow {
namespace {

METRIX_INLINE Lanes root(const Lanes& x) {
    double values[lane_count];
    store(x, values);
    for (double& value : values) value = std::sqrt(value);
    return load(values);
}

METRIX_INLINE double length(double u, double v) {
    return std::sqrt(u * u + v * v);
}

template <class T>
void gather(const Vectors<T>& vectors, Index image, Index first, Index count, const Limits& limits, Block& block) {
    const Index step = vectors.pixel_stride;
    const Index from = image * vectors.components * vectors.pixels + first * step;
    const bool has_second = vectors.components == 2;
    const T* const target[] = {vectors.target + from,
                               vectors.target + from + (has_second ? vectors.component_stride : 0)};
    const T* const prediction[] = {vectors.prediction + from,
                                   vectors.prediction + from + (has_second ? vectors.component_stride : 0)};
    std::uint8_t is_valid[gathered_at_once + 8] = {};
    for (Index i = 0; i < count; ++i) {
        const auto u = static_cast<double>(target[0][i * step]);
        const double v = has_second ? static_cast<double>(target[1][i * step]) : 0;
        // A disparity below 0 is none.
        const double size = has_second ? length(u, v) : u;
        is_valid[i] =
            static_cast<std::uint8_t>(static_cast<int>(size > limits.least) & static_cast<int>(size < limits.largest));
    }
    if (vectors.mask != nullptr) {
        const std::uint8_t* const mask = vectors.mask + image * vectors.pixels + first;
        for (Index i = 0; i < count; ++i) is_valid[i] = mask[i] != 0 ? is_valid[i] : std::uint8_t{0};
    }
    block.count = gather_kept(is_valid, count, block.count, [&](Index i, Index to) {
        block.target[0][to] = static_cast<double>(target[0][i * step]);
        block.prediction[0][to] = static_cast<double>(prediction[0][i * step]);
        block.target[1][to] = has_second ? static_cast<double>(target[1][i * step]) : 0;
        block.prediction[1][to] = has_second ? static_cast<double>(prediction[1][i * step]) : 0;
    });
}

void angles(const Block& block, Index filled, double* result) {
    for (Index i = 0; i < filled; ++i) {
        const double u = block.target[0][i], v = block.target[1][i];
        const double x = block.prediction[0][i], y = block.prediction[1][i];
        const double across = u * y - v * x;
        const double cross = std::sqrt((u - x) * (u - x) + (v - y) * (v - y) + across * across);
        const double inner = 1 + (u * x + v * y);
        const double angle = vector_math::atan_of_ratio(cross, inner < 0 ? -inner : inner);
        result[i] = inner < 0 ? 2 * (vector_math::Format<double>::quarter_pi * 2) - angle : angle;
    }
}

void sum_up(const Block& block, Index filled, const Limits& limits, BlockSums& sums) {
    RunningSum error, squared, angle;
    Lanes outliers = each_lane(0);
    Lanes bad[threshold_count];
    for (Lanes& count : bad) count = each_lane(0);
    const Lanes one = each_lane(1), zero = each_lane(0);
    for (Index i = 0; i < filled; i += lane_count) {
        const Lanes u = load(block.target[0] + i), v = load(block.target[1] + i);
        const Lanes du = load(block.prediction[0] + i) - u, dv = load(block.prediction[1] + i) - v;
        const Lanes square = du * du + dv * dv;
        const Lanes e = root(square);
        error.add(e);
        squared.add(square);
        const Lanes size = root(u * u + v * v);
        const Lanes far = where(e > each_lane(limits.outlier_pixels), one, zero);
        outliers = outliers + where(e / size > each_lane(limits.outlier_share), far, zero);
        for (int k = 0; k < threshold_count; ++k) {
            bad[k] = bad[k] + where(e > each_lane(limits.thresholds[k]), one, zero);
        }
    }
    error.to(sums[SumOf::error]);
    squared.to(sums[SumOf::squared_error]);
    if (limits.with_angles) {
        double values[Block::room];
        angles(block, filled, values);
        for (Index i = 0; i < filled; i += lane_count) angle.add(load(values + i));
    }
    angle.to(sums[SumOf::angle]);
    const auto set = [&](SumOf which, const Lanes& count) {
        store(count, sums[which].sum);
        store(zero, sums[which].lost);
    };
    set(SumOf::outliers, outliers);
    set(SumOf::bad_first, bad[0]);
    set(SumOf::bad_second, bad[1]);
    set(SumOf::bad_third, bad[2]);
    set(SumOf::bad_fourth, bad[3]);
}

}  // namespace

namespace METRIX_LEVEL {
extern const SumUp sum_up_block;
extern const Gather<float> gather_floats;
extern const Gather<double> gather_doubles;
constinit const SumUp sum_up_block = sum_up;
constinit const Gather<float> gather_floats = gather<float>;
constinit const Gather<double> gather_doubles = gather<double>;
}  // namespace METRIX_LEVEL

}  // namespace metrix::flow
