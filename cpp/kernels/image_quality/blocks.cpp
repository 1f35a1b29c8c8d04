// Compiled once for each instruction set, with METRIX_LEVEL its name. Nothing here may have external linkage but the
// table: the linker keeps one copy of an inline function, and it might be one that this machine cannot run.
#include "kernels/image_quality/blocks.hpp"

#include "support/vector_math.hpp"

namespace metrix::image_quality {
namespace {

template <class T>
METRIX_INLINE T not_negative(T x) {
    return T(0) > x ? T(0) : x;  // NaN stays
}

template <class In, class T>
void spread(const In* __restrict x, const In* __restrict y, const T* __restrict centre_x, const T* __restrict centre_y,
            Index count, const Four<T>& result) {
    T* const __restrict u = result.u;
    T* const __restrict v = result.v;
    T* const __restrict uu = result.uu;
    T* const __restrict vv = result.vv;
    for (Index i = 0; i < count; ++i) {
        const T from_x = static_cast<T>(x[i]) - centre_x[i];
        const T from_y = static_cast<T>(y[i]) - centre_y[i];
        const T sum = from_x + from_y;
        const T difference = from_x - from_y;
        u[i] = sum;
        v[i] = difference;
        uu[i] = sum * sum;
        vv[i] = difference * difference;
    }
}

template <class In>
void add(const In* __restrict values, Index count, double* __restrict sums) {
    Index i = 0;
    for (; i + lanes <= count; i += lanes) {
        for (Index lane = 0; lane < lanes; ++lane) sums[lane] += static_cast<double>(values[i + lane]);
    }
    for (Index lane = 0; i < count; ++i, ++lane) sums[lane] += static_cast<double>(values[i]);
}

// Pairs at the same distance have the same weight. The radius is known for the usual windows, as loops over taps then
// are no loops.
template <class T, int known_radius>
METRIX_INLINE void vertical_of(const T* __restrict ring, const Index* offsets, const T* window, int any_radius,
                               Index count, T* __restrict first, T* __restrict second) {
    constexpr int most = known_radius > 0 ? known_radius : 64;
    const int radius = known_radius > 0 ? known_radius : any_radius;
    T weights[most + 1];
    Index rows[2 * most + 2];
    for (int i = 0; i <= radius; ++i) weights[i] = window[i];
    for (int i = 0; i < 2 * radius + 2; ++i) rows[i] = offsets[i];
    if constexpr (known_radius > 0) {
        for (Index k = 0; k < count; ++k) {
            T one = T(0);
            T two = T(0);
#pragma GCC unroll 16
            for (int i = known_radius; i > 0; --i) {
                one += weights[i] * (ring[rows[known_radius - i] + k] + ring[rows[known_radius + i] + k]);
                two += weights[i] * (ring[rows[known_radius + 1 - i] + k] + ring[rows[known_radius + 1 + i] + k]);
            }
            first[k] = one + weights[0] * ring[rows[known_radius] + k];
            second[k] = two + weights[0] * ring[rows[known_radius + 1] + k];
        }
    } else {
        for (int half = 0; half < 2; ++half) {
            T* const __restrict result = half == 0 ? first : second;
            for (Index k = 0; k < count; ++k) result[k] = T(0);
            for (int i = radius; i > 0; --i) {
                const T* const __restrict above = ring + rows[radius + half - i];
                const T* const __restrict below = ring + rows[radius + half + i];
                for (Index k = 0; k < count; ++k) result[k] += weights[i] * (above[k] + below[k]);
            }
            const T* const __restrict middle = ring + rows[radius + half];
            for (Index k = 0; k < count; ++k) result[k] += weights[0] * middle[k];
        }
    }
}

template <class T>
void vertical(const T* ring, const Index* offsets, const T* window, int radius, Index count, T* first, T* second) {
    if (radius == 5) return vertical_of<T, 5>(ring, offsets, window, radius, count, first, second);
    if (radius == 3) return vertical_of<T, 3>(ring, offsets, window, radius, count, first, second);
    vertical_of<T, 0>(ring, offsets, window, radius, count, first, second);
}

template <class T, int radius>
METRIX_INLINE void horizontal_of(const T* __restrict row, Index step, const T* window, Index count,
                                 T* __restrict result) {
    T weights[radius + 1];
    for (int i = 0; i <= radius; ++i) weights[i] = window[i];
    const T* const __restrict middle = row + radius * step;
    for (Index k = 0; k < count; ++k) {
        T sum = T(0);
#pragma GCC unroll 16
        for (int i = radius; i > 0; --i) sum += weights[i] * (middle[k - i * step] + middle[k + i * step]);
        result[k] = sum + weights[0] * middle[k];
    }
}

template <class T>
void horizontal(const T* __restrict row, Index step, const T* window, int radius, Index count, T* __restrict result) {
    if (radius == 5) return horizontal_of<T, 5>(row, step, window, count, result);
    if (radius == 3) return horizontal_of<T, 3>(row, step, window, count, result);
    const T* const __restrict middle = row + radius * step;
    for (Index k = 0; k < count; ++k) result[k] = T(0);
    for (int i = radius; i > 0; --i) {
        const T weight = window[i];
        for (Index k = 0; k < count; ++k) result[k] += weight * (middle[k - i * step] + middle[k + i * step]);
    }
    for (Index k = 0; k < count; ++k) result[k] += window[0] * middle[k];
}

// The two parts of both fractions.
template <class T>
struct Parts {
    T luminance_above;
    T luminance_below;
    T structure_above;
    T structure_below;
};

template <class T>
METRIX_INLINE Parts<T> parts(T u, T v, T uu, T vv, T centre_u, T centre_v, const Constants<T>& constants) {
    const T half = T(0.5);
    const T variance_u = not_negative(uu - u * u) * constants.covariance_factor;
    const T variance_v = not_negative(vv - v * v) * constants.covariance_factor;
    const T mean_u = u + centre_u;
    const T mean_v = v + centre_v;
    const T square_u = mean_u * mean_u;
    const T square_v = mean_v * mean_v;
    return {half * (square_u - square_v) + constants.c1, half * (square_u + square_v) + constants.c1,
            half * (variance_u - variance_v) + constants.c2, half * (variance_u + variance_v) + constants.c2};
}

template <class T>
void similarity(const Four<T>& means, const T* __restrict centre_u, const T* __restrict centre_v,
                const Constants<T>& of, Index count, T* __restrict ssim, T* __restrict cs) {
    const T* const __restrict u = means.u;
    const T* const __restrict v = means.v;
    const T* const __restrict uu = means.uu;
    const T* const __restrict vv = means.vv;
    const Constants<T> constants = of;
    if (cs == nullptr) {
        for (Index k = 0; k < count; ++k) {
            const Parts<T> p = parts(u[k], v[k], uu[k], vv[k], centre_u[k], centre_v[k], constants);
            ssim[k] = (p.luminance_above * p.structure_above) / (p.luminance_below * p.structure_below);
        }
        return;
    }
    for (Index k = 0; k < count; ++k) {
        const Parts<T> p = parts(u[k], v[k], uu[k], vv[k], centre_u[k], centre_v[k], constants);
        cs[k] = p.structure_above / p.structure_below;
        ssim[k] = (p.luminance_above * p.structure_above) / (p.luminance_below * p.structure_below);
    }
}

template <class T>
void partials(const Four<T>& means, const T* __restrict centre_u, const T* __restrict centre_v, const Constants<T>& of,
              const T* __restrict ssim_factor, const T* __restrict cs_factor, Index count) {
    T* const __restrict u = means.u;
    T* const __restrict v = means.v;
    T* const __restrict uu = means.uu;
    T* const __restrict vv = means.vv;
    const Constants<T> constants = of;
    for (Index k = 0; k < count; ++k) {
        const Parts<T> p = parts(u[k], v[k], uu[k], vv[k], centre_u[k], centre_v[k], constants);
        const T luminance = p.luminance_above / p.luminance_below;
        const T structure = p.structure_above / p.structure_below;
        const T by_luminance = ssim_factor[k] * structure / p.luminance_below;
        const T by_structure =
            (ssim_factor[k] * luminance + cs_factor[k]) / p.structure_below * (T(0.5) * constants.covariance_factor);
        const T by_variance_u = by_structure * (T(1) - structure);
        const T by_variance_v = -by_structure * (T(1) + structure);
        const T by_mean_u = by_luminance * (T(1) - luminance) * (u[k] + centre_u[k]);
        const T by_mean_v = -by_luminance * (T(1) + luminance) * (v[k] + centre_v[k]);
        u[k] = by_mean_u - T(2) * u[k] * by_variance_u;
        v[k] = by_mean_v - T(2) * v[k] * by_variance_v;
        uu[k] = by_variance_u;
        vv[k] = by_variance_v;
    }
}

template <class T>
void gather(const Four<T>& filtered, const Four<T>& own, Index count, T* __restrict by_x, T* __restrict by_y) {
    const T* const __restrict u = own.u;
    const T* const __restrict v = own.v;
    const T* const __restrict filtered_u = filtered.u;
    const T* const __restrict filtered_v = filtered.v;
    const T* const __restrict filtered_uu = filtered.uu;
    const T* const __restrict filtered_vv = filtered.vv;
    for (Index k = 0; k < count; ++k) {
        const T by_u = filtered_u[k] + T(2) * u[k] * filtered_uu[k];
        const T by_v = filtered_v[k] + T(2) * v[k] * filtered_vv[k];
        by_x[k] = by_u + by_v;
        by_y[k] = by_u - by_v;
    }
}

template <class In, class T>
void halve(const In* __restrict upper, const In* __restrict lower, Index count, T* __restrict result) {
    for (Index k = 0; k < count; ++k) {
        const T above = static_cast<T>(upper[2 * k]) + static_cast<T>(upper[2 * k + 1]);
        const T below = static_cast<T>(lower[2 * k]) + static_cast<T>(lower[2 * k + 1]);
        result[k] = T(0.25) * (above + below);
    }
}

// Exact.
double squared_error_of_bytes(const std::uint8_t* x, const std::uint8_t* y, Index count) {
    constexpr Index block_size = Index{1} << 14;  // whose squares an int holds
    std::int64_t total = 0;
    for (Index first = 0; first < count; first += block_size) {
        const Index last = count - first < block_size ? count : first + block_size;
        std::int32_t sum = 0;
        for (Index i = first; i < last; ++i) {
            const auto difference = static_cast<std::int32_t>(x[i]) - static_cast<std::int32_t>(y[i]);
            sum += difference * difference;
        }
        total += sum;
    }
    return static_cast<double>(total);
}

template <class In>
double squared_error(const In* x, const In* y, Index count) {
    double sums[lanes] = {};
    const auto square = [&](Index i) {
        const double difference = static_cast<double>(x[i]) - static_cast<double>(y[i]);
        return difference * difference;
    };
    Index i = 0;
    for (; i + lanes <= count; i += lanes) {
        for (Index lane = 0; lane < lanes; ++lane) sums[lane] += square(i + lane);
    }
    for (Index lane = 0; i < count; ++i, ++lane) sums[lane] += square(i);
    double total = 0;
    for (const double sum : sums) total += sum;
    return total;
}

template <class T>
constexpr FilterBlocks<T> filter_blocks() {
    return {vertical<T>, horizontal<T>, similarity<T>, partials<T>, gather<T>, add<T>};
}

template <class In, class T>
constexpr SpreadBlocks<In, T> spread_blocks() {
    return {spread<In, T>, add<In>};
}

}  // namespace

namespace METRIX_LEVEL {
extern const Blocks image_blocks;
constinit const Blocks image_blocks = {filter_blocks<float>(),
                                       filter_blocks<double>(),
                                       spread_blocks<std::uint8_t, float>(),
                                       spread_blocks<float, float>(),
                                       spread_blocks<std::uint8_t, double>(),
                                       spread_blocks<float, double>(),
                                       spread_blocks<double, double>(),
                                       squared_error_of_bytes,
                                       squared_error<float>,
                                       squared_error<double>,
                                       halve<std::uint8_t, float>,
                                       halve<float, float>,
                                       halve<double, double>};
}  // namespace METRIX_LEVEL

}  // namespace metrix::image_quality
