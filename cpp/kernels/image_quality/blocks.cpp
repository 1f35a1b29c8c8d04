// Compiled once for each instruction set, with METRIX_LEVEL its name. Nothing here may have external linkage but the
// table: the linker keeps one copy of an inline function, and it might be one that this machine cannot run.
#include "kernels/image_quality/blocks.hpp"

#include <cstring>
#include <utility>
#if defined(__AVX512F__)
#include <immintrin.h>
#endif

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

template <class In, class T>
void stack(const In* x, const In* y, Index slice_size, const T* window, int radius, const T* __restrict centre_x,
           const T* __restrict centre_y, Index count, const Four<T>& result) {
    T* const __restrict u = result.u;
    T* const __restrict v = result.v;
    T* const __restrict uu = result.uu;
    T* const __restrict vv = result.vv;
    for (T* const map : {u, v, uu, vv}) {
        for (Index i = 0; i < count; ++i) map[i] = T(0);
    }
    for (int slice = 0; slice <= 2 * radius; ++slice) {
        const T weight = window[slice < radius ? radius - slice : slice - radius];
        const In* const __restrict from_x = x + slice * slice_size;
        const In* const __restrict from_y = y + slice * slice_size;
        for (Index i = 0; i < count; ++i) {
            const T own_x = static_cast<T>(from_x[i]) - centre_x[i];
            const T own_y = static_cast<T>(from_y[i]) - centre_y[i];
            const T sum = own_x + own_y;
            const T difference = own_x - own_y;
            u[i] += weight * sum;
            v[i] += weight * difference;
            uu[i] += weight * (sum * sum);
            vv[i] += weight * (difference * difference);
        }
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
template <class T, int radius>
METRIX_INLINE void vertical_of(const T* __restrict ring, const Index* offsets, const T* window, Index count,
                               const Index* places, T* __restrict results) {
    T weights[radius + 1];
    Index rows[2 * radius + rows_at_once];
    Index into[rows_at_once];
    for (int i = 0; i <= radius; ++i) weights[i] = window[i];
    for (int i = 0; i < 2 * radius + rows_at_once; ++i) rows[i] = offsets[i];
    for (int row = 0; row < rows_at_once; ++row) into[row] = places[row];
    for (Index k = 0; k < count; ++k) {
#pragma GCC unroll 4
        for (int row = 0; row < rows_at_once; ++row) {
            T sum = weights[radius] * (ring[rows[row] + k] + ring[rows[row + 2 * radius] + k]);
#pragma GCC unroll 16
            for (int i = radius - 1; i > 0; --i) {
                sum += weights[i] * (ring[rows[row + radius - i] + k] + ring[rows[row + radius + i] + k]);
            }
            results[into[row] + k] = sum + weights[0] * ring[rows[row + radius] + k];
        }
    }
}

template <class T>
void vertical(const T* ring, const Index* offsets, const T* window, int radius, Index count, const Index* places,
              T* results) {
    if (radius == 5) return vertical_of<T, 5>(ring, offsets, window, count, places, results);
    if (radius == 3) return vertical_of<T, 3>(ring, offsets, window, count, places, results);
    for (int row = 0; row < rows_at_once; ++row) {
        T* const __restrict result = results + places[row];
        for (Index k = 0; k < count; ++k) result[k] = T(0);
        for (int i = radius; i > 0; --i) {
            const T* const __restrict above = ring + offsets[row + radius - i];
            const T* const __restrict below = ring + offsets[row + radius + i];
            for (Index k = 0; k < count; ++k) result[k] += window[i] * (above[k] + below[k]);
        }
        const T* const __restrict middle = ring + offsets[row + radius];
        for (Index k = 0; k < count; ++k) result[k] += window[0] * middle[k];
    }
}

#if defined(__AVX512F__) && defined(__GNUC__)

template <class T>
struct RegisterOf;
template <>
struct RegisterOf<float> {
    using Type = float __attribute__((vector_size(64)));
};
template <>
struct RegisterOf<double> {
    using Type = double __attribute__((vector_size(64)));
};
template <class T>
using Register = typename RegisterOf<T>::Type;

template <class T>
constexpr int register_size = 64 / static_cast<int>(sizeof(T));

// Of two registers side by side, those elements that begin at `shift`.
template <int shift>
METRIX_INLINE Register<float> shifted(Register<float> left, Register<float> right) {
    return (Register<float>)_mm512_alignr_epi32((__m512i)right, (__m512i)left, shift);
}
template <int shift>
METRIX_INLINE Register<double> shifted(Register<double> left, Register<double> right) {
    return (Register<double>)_mm512_alignr_epi64((__m512i)right, (__m512i)left, shift);
}

// Loads of single taps touch two lines of the cache. So registers are loaded once, and most taps shifted out of them:
// as many as keep the units that shift and those that load equally busy.
template <class T, int radius, int step>
struct Taps {
    static constexpr int size = register_size<T>;
    const T* row;
    static constexpr int count = (2 * radius * step + size - 1) / size + 1;
    Register<T> parts[count];

    METRIX_INLINE explicit Taps(const T* first) : row(first) {
#pragma GCC unroll 16
        for (int i = 0; i < count; ++i) parts[i] = loaded(i * size);
    }
    [[nodiscard]] METRIX_INLINE Register<T> loaded(Index place) const {
        Register<T> values;
        std::memcpy(&values, row + place, sizeof values);
        return values;
    }
    template <int tap>
    [[nodiscard]] METRIX_INLINE Register<T> at() const {
        constexpr int first = tap * step / size;
        constexpr int shift = tap * step % size;
        if constexpr (shift == 0) {
            return parts[first];
        } else if constexpr (tap % 2 == 1) {
            return loaded(tap * step);
        } else {
            return shifted<shift>(parts[first], parts[first + 1]);
        }
    }
    template <int... i>
    [[nodiscard]] METRIX_INLINE Register<T> filtered(const T* weights, std::integer_sequence<int, i...> /*all*/) const {
        Register<T> sum = weights[radius] * (at<0>() + at<2 * radius>());
        ((sum += weights[radius - 1 - i] * (at<1 + i>() + at<2 * radius - 1 - i>())), ...);
        return sum + weights[0] * at<radius>();
    }
};

template <class T, int radius, int step>
METRIX_INLINE void horizontal_of(const T* __restrict row, const T* window, Index count, T* __restrict result) {
    T weights[radius + 1];
    for (int i = 0; i <= radius; ++i) weights[i] = window[i];
    for (Index k = 0; k < count; k += register_size<T>) {
        const Register<T> sum =
            Taps<T, radius, step>(row + k).filtered(weights, std::make_integer_sequence<int, radius - 1>());
        std::memcpy(result + k, &sum, sizeof sum);
    }
}

template <class T, int radius>
METRIX_INLINE void horizontal_of(const T* row, Index step, const T* window, Index count, T* result) {
    if (step == 1) return horizontal_of<T, radius, 1>(row, window, count, result);
    if (step == 2) return horizontal_of<T, radius, 2>(row, window, count, result);
    if (step == 3) return horizontal_of<T, radius, 3>(row, window, count, result);
    horizontal_of<T, radius, 4>(row, window, count, result);
}

#else

template <class T, int radius>
METRIX_INLINE void horizontal_of(const T* __restrict row, Index step, const T* window, Index count,
                                 T* __restrict result) {
    T weights[radius + 1];
    for (int i = 0; i <= radius; ++i) weights[i] = window[i];
    const T* const __restrict middle = row + radius * step;
    for (Index k = 0; k < count; ++k) {
        T sum = weights[radius] * (middle[k - radius * step] + middle[k + radius * step]);
#pragma GCC unroll 16
        for (int i = radius - 1; i > 0; --i) sum += weights[i] * (middle[k - i * step] + middle[k + i * step]);
        result[k] = sum + weights[0] * middle[k];
    }
}

#endif

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

template <class T, class Of>
METRIX_INLINE void each_window(const Four<T>& means, const T* __restrict centre_u, const T* __restrict centre_v,
                               const Constants<T>& of, Index count, T* __restrict result, Of&& value) {
    const T* const __restrict u = means.u;
    const T* const __restrict v = means.v;
    const T* const __restrict uu = means.uu;
    const T* const __restrict vv = means.vv;
    const Constants<T> constants = of;
    for (Index k = 0; k < count; ++k) {
        result[k] = value(parts(u[k], v[k], uu[k], vv[k], centre_u[k], centre_v[k], constants));
    }
}

template <class T>
void similarity(const Four<T>& means, const T* centre_u, const T* centre_v, const Constants<T>& constants, Index count,
                T* ssim) {
    each_window(means, centre_u, centre_v, constants, count, ssim, [](const Parts<T>& p) {
        return (p.luminance_above * p.structure_above) / (p.luminance_below * p.structure_below);
    });
}

template <class T>
void structure(const Four<T>& means, const T* centre_u, const T* centre_v, const Constants<T>& constants, Index count,
               T* cs) {
    each_window(means, centre_u, centre_v, constants, count, cs,
                [](const Parts<T>& p) { return p.structure_above / p.structure_below; });
}

template <class T>
void moments(const Four<T>& means, const T* __restrict centre_u, const T* __restrict centre_v, Index count) {
    T* const __restrict u = means.u;
    T* const __restrict v = means.v;
    T* const __restrict uu = means.uu;
    T* const __restrict vv = means.vv;
    for (Index k = 0; k < count; ++k) {
        const T variance_u = not_negative(uu[k] - u[k] * u[k]);
        const T variance_v = not_negative(vv[k] - v[k] * v[k]);
        const T mean_u = u[k] + centre_u[k];
        const T mean_v = v[k] + centre_v[k];
        u[k] = T(0.5) * (mean_u + mean_v);
        v[k] = T(0.5) * (mean_u - mean_v);
        uu[k] = T(0.5) * (variance_u + variance_v);
        vv[k] = T(0.25) * (variance_u - variance_v);
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

template <int channels, class In, class T>
METRIX_INLINE void halve_of(const In* __restrict upper, const In* __restrict lower, Index count, T* __restrict result) {
    for (Index k = 0; k < count; ++k) {
        const Index place = 2 * channels * k;
        for (int channel = 0; channel < channels; ++channel) {
            const Index left = place + channel;
            const T above = static_cast<T>(upper[left]) + static_cast<T>(upper[left + channels]);
            const T below = static_cast<T>(lower[left]) + static_cast<T>(lower[left + channels]);
            result[channels * k + channel] = T(0.25) * (above + below);
        }
    }
}

template <class In, class T>
void halve(const In* upper, const In* lower, Index count, Index channels, T* result) {
    if (channels == 1) return halve_of<1>(upper, lower, count, result);
    if (channels == 2) return halve_of<2>(upper, lower, count, result);
    if (channels == 3) return halve_of<3>(upper, lower, count, result);
    halve_of<4>(upper, lower, count, result);
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
    return {vertical<T>, horizontal<T>, similarity<T>, structure<T>, moments<T>, partials<T>, gather<T>, add<T>};
}

template <class In, class T>
constexpr SpreadBlocks<In, T> spread_blocks() {
    return {spread<In, T>, stack<In, T>, add<In>};
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
