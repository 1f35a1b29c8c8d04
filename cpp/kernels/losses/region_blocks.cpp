// Compiled once for each instruction set, with METRIX_LEVEL its name. Nothing here may have external linkage but the
// two tables: the linker keeps one copy of an inline function, and it might be one that this machine cannot run.
#include "kernels/losses/region_blocks.hpp"

#include "kernels/losses/terms.hpp"

namespace metrix::losses {
namespace {

template <class T>
void softmax(const T* const* z, T* p, Index classes, Index stride, Index count, T* most, T* inverse) {
    for (Index i = 0; i < count; ++i) most[i] = z[0][i];
    for (Index c = 1; c < classes; ++c) {
        const T* const row = z[c];
        for (Index i = 0; i < count; ++i) most[i] = row[i] > most[i] ? row[i] : most[i];
    }
    for (Index i = 0; i < count; ++i) inverse[i] = T(0);
    for (Index c = 0; c < classes; ++c) {
        const T* const row = z[c];
        T* const to = p + c * stride;
        for (Index i = 0; i < count; ++i) to[i] = vector_math::exp(row[i] - most[i]);
        for (Index i = 0; i < count; ++i) inverse[i] += to[i];
    }
    for (Index i = 0; i < count; ++i) inverse[i] = T(1) / inverse[i];
    for (Index c = 0; c < classes; ++c) {
        T* const row = p + c * stride;
        for (Index i = 0; i < count; ++i) row[i] *= inverse[i];
    }
}

template <class T>
void softmax_row(const T* z, const T* most, const T* inverse, T* p, Index count) {
    for (Index i = 0; i < count; ++i) p[i] = vector_math::exp(z[i] - most[i]) * inverse[i];
}

template <class T>
void sigmoid(const T* z, T* p, T* slope, Index count) {
    for (Index i = 0; i < count; ++i) {
        const T e = vector_math::exp(-magnitude(z[i]));
        const T likely = T(1) / (T(1) + e);
        const T unlikely = e * likely;
        p[i] = z[i] >= T(0) ? likely : unlikely;
        slope[i] = likely * unlikely;
    }
}

template <class T>
void one_hot(const std::int32_t* labels, std::int32_t label, T* t, Index count) {
    for (Index i = 0; i < count; ++i) t[i] = labels[i] == label ? T(1) : T(0);
}

// The sum, and exactly what rounding took from it.
METRIX_INLINE void add_exactly(double& sum, double& lost, double value) {
    const double total = sum + value;
    const double part = total - sum;
    lost += (sum - (total - part)) + (value - part);
    sum = total;
}

// What pixels add to one of the sums, as doubles: products of floats are exact.
template <Sums sums, int k>
METRIX_INLINE double contribution(double p, double t) {
    if constexpr (k == 2) return sums == Sums::squares ? t * t : t;
    if constexpr (sums == Sums::overlap) return k == 0 ? p * t : p;
    if constexpr (sums == Sums::squares) return k == 0 ? p * t : p * p;
    return (p - t) * (p - t) * (k == 0 ? t : 1 - t);
}

// One of the sums: a loop of its own for each, as compilers vectorise that best. Doubles hold sums of floats far below
// a float's rounding; sums of doubles keep what rounding takes.
template <class T, Sums sums, int k>
METRIX_INLINE void add_one(const T* p, const T* t, Index count, Sum& to) {
    constexpr Index chunk = 128;
    double values[chunk];  // side by side, so that lanes are loaded as one
    Sum own = to;
    const auto add_pixel = [&](double value, int lane) {
        if constexpr (sizeof(T) == sizeof(double)) {
            add_exactly(own.sum[lane], own.lost[lane], value);
        } else {
            own.sum[lane] += value;
        }
    };
    for (Index first = 0; first < count; first += chunk) {
        const Index width = lesser(chunk, count - first);
        for (Index i = 0; i < width; ++i) {
            values[i] = contribution<sums, k>(static_cast<double>(p[first + i]), static_cast<double>(t[first + i]));
        }
        Index i = 0;
        for (; i + Sum::lanes <= width; i += Sum::lanes) {
            for (int lane = 0; lane < Sum::lanes; ++lane) add_pixel(values[i + lane], lane);
        }
        for (int lane = 0; i < width; ++i, ++lane) add_pixel(values[i], lane);
    }
    to = own;
}

template <class T, Sums sums>
void add(const T* p, const T* t, Index count, Sum* to) {
    add_one<T, sums, 0>(p, t, count, to[0]);
    add_one<T, sums, 1>(p, t, count, to[1]);
    add_one<T, sums, 2>(p, t, count, to[2]);
}

template <class T, Sums sums>
void derive(const T* p, const T* t, T first, T second, T* gradient, Index count) {
    for (Index i = 0; i < count; ++i) {
        if constexpr (sums == Sums::overlap) gradient[i] = first * t[i] + second;
        if constexpr (sums == Sums::squares) gradient[i] = first * t[i] + T(2) * second * p[i];
        if constexpr (sums == Sums::errors) {
            gradient[i] = T(2) * (p[i] - t[i]) * (first * t[i] + second * (T(1) - t[i]));
        }
    }
}

template <class T>
void through_softmax(T* gradient, const T* p, Index classes, Index stride, Index count, T* room) {
    for (Index i = 0; i < count; ++i) room[i] = T(0);
    for (Index c = 0; c < classes; ++c) {
        for (Index i = 0; i < count; ++i) room[i] += gradient[c * stride + i] * p[c * stride + i];
    }
    for (Index c = 0; c < classes; ++c) {
        T* const row = gradient + c * stride;
        const T* const probability = p + c * stride;
        for (Index i = 0; i < count; ++i) row[i] = probability[i] * (row[i] - room[i]);
    }
}

template <class T>
void multiply(T* values, const T* factors, Index count) {
    for (Index i = 0; i < count; ++i) values[i] *= factors[i];
}

template <class T>
void clear(T* values, const std::uint8_t* kept, Index count) {
    for (Index i = 0; i < count; ++i) values[i] = kept[i] != 0 ? values[i] : T(0);
}

template <class T>
constexpr RegionBlocks<T> table() {
    return {softmax<T>,
            softmax_row<T>,
            sigmoid<T>,
            one_hot<T>,
            {add<T, Sums::overlap>, add<T, Sums::squares>, add<T, Sums::errors>},
            {derive<T, Sums::overlap>, derive<T, Sums::squares>, derive<T, Sums::errors>},
            through_softmax<T>,
            multiply<T>,
            clear<T>};
}

}  // namespace

namespace METRIX_LEVEL {
extern const RegionBlocks<float> region_blocks_of_floats;
extern const RegionBlocks<double> region_blocks_of_doubles;
constinit const RegionBlocks<float> region_blocks_of_floats = table<float>();
constinit const RegionBlocks<double> region_blocks_of_doubles = table<double>();
}  // namespace METRIX_LEVEL

}  // namespace metrix::losses
