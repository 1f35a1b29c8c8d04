// Compiled once for each instruction set, with METRIX_LEVEL its name. Nothing here may have external linkage but the
// tables (see blocks.cpp).
#include "kernels/losses/similarity_blocks.hpp"

#include "kernels/losses/terms.hpp"
#include "support/lanes.hpp"

namespace metrix::losses {
namespace {

constexpr Index chunk = 256;

// In lanes, whose number no instruction set changes.
struct LaneSums {
    Lanes lanes = each_lane(0);

    template <class T>
    METRIX_INLINE void add(const T* values, Index count) {
        Index i = 0;
        for (; i + lane_count <= count; i += lane_count) lanes = lanes + load(values + i);
        if (i == count) return;
        T last[lane_count] = {};
        for (Index lane = 0; i + lane < count; ++lane) last[lane] = values[i + lane];
        lanes = lanes + load(last);
    }
    template <class T>
    METRIX_INLINE void add_products(const T* values, const T* others, Index count) {
        Index i = 0;
        for (; i + lane_count <= count; i += lane_count) lanes = lanes + load(values + i) * load(others + i);
        if (i == count) return;
        T last[lane_count] = {};
        T of_others[lane_count] = {};
        for (Index lane = 0; i + lane < count; ++lane) {
            last[lane] = values[i + lane];
            of_others[lane] = others[i + lane];
        }
        lanes = lanes + load(last) * load(of_others);
    }
    [[nodiscard]] METRIX_INLINE double total() const {
        double sums[lane_count];
        store(lanes, sums);
        for (int width = lane_count / 2; width > 0; width /= 2) {
            for (int lane = 0; lane < width; ++lane) sums[lane] += sums[lane + width];
        }
        return sums[0];
    }
};

template <class T>
T greatest(const T* values, Index count) {
    T most[chunk];
    for (T& of_lane : most) of_lane = -std::numeric_limits<T>::infinity();
    for (Index first = 0; first < count; first += chunk) {
        const Index width = lesser(chunk, count - first);
        for (Index i = 0; i < width; ++i) most[i] = greater(most[i], values[first + i]);
    }
    for (Index width = chunk / 2; width > 0; width /= 2) {
        for (Index i = 0; i < width; ++i) most[i] = greater(most[i], most[i + width]);
    }
    return most[0];
}

template <class T>
double powers(const T* values, T shift, Index count, T* result) {
    T room[chunk];
    LaneSums sums;
    for (Index first = 0; first < count; first += chunk) {
        const Index width = lesser(chunk, count - first);
        for (Index i = 0; i < width; ++i) room[i] = exp(values[first + i] - shift);
        sums.add(room, width);
        if (result == nullptr) continue;
        for (Index i = 0; i < width; ++i) result[first + i] = room[i];
    }
    return sums.total();
}

template <class T>
void scale(T* values, T factor, Index count) {
    for (Index i = 0; i < count; ++i) values[i] *= factor;
}

template <class T>
struct CircleTerm {
    T factor;
    T logit;
};

template <class T>
METRIX_INLINE CircleTerm<T> circle_term(T cosine, bool is_same, CircleForm<T> form) {
    const T of_same = -greater(T(1) + form.margin - cosine, T(0));
    const T of_other = greater(cosine + form.margin, T(0));
    const T factor = form.scale * (is_same ? of_same : of_other);
    return {factor, factor * (cosine - (is_same ? T(1) - form.margin : form.margin))};
}

template <class T>
CircleSums circle_sums(const T* cosines, const T* labels, T own_label, CircleForm<T> form, Index count) {
    constexpr T infinity = std::numeric_limits<T>::infinity();
    T same[chunk], other[chunk];
    T most_same = -infinity, most_other = -infinity;
    for (Index first = 0; first < count; first += chunk) {
        const Index width = lesser(chunk, count - first);
        for (Index i = 0; i < width; ++i) {
            const bool is_same = labels[first + i] == own_label;
            const T logit = circle_term(cosines[first + i], is_same, form).logit;
            same[i] = is_same ? logit : -infinity;
            other[i] = is_same ? -infinity : logit;
        }
        most_same = greater(most_same, greatest(same, width));
        most_other = greater(most_other, greatest(other, width));
    }
    const T shift_same = most_same == -infinity ? T(0) : most_same;
    const T shift_other = most_other == -infinity ? T(0) : most_other;
    LaneSums of_same, of_other;
    for (Index first = 0; first < count; first += chunk) {
        const Index width = lesser(chunk, count - first);
        for (Index i = 0; i < width; ++i) {
            const bool is_same = labels[first + i] == own_label;
            const T power =
                exp(circle_term(cosines[first + i], is_same, form).logit - (is_same ? shift_same : shift_other));
            same[i] = is_same ? power : T(0);
            other[i] = is_same ? T(0) : power;
        }
        of_same.add(same, width);
        of_other.add(other, width);
    }
    return {{static_cast<double>(most_same), of_same.total()}, {static_cast<double>(most_other), of_other.total()}};
}

template <class T>
void circle_slopes(T* cosines, const T* labels, T own_label, CircleForm<T> form, CircleSlopes<T> slopes, Index count) {
    for (Index i = 0; i < count; ++i) {
        const bool is_same = labels[i] == own_label;
        const CircleTerm<T> term = circle_term(cosines[i], is_same, form);
        const T power = exp(term.logit - (is_same ? slopes.shift_of_same : slopes.shift_of_other));
        cosines[i] = (is_same ? slopes.factor_of_same : slopes.factor_of_other) * power * term.factor;
    }
}

template <class T>
double dot(const T* values, const T* others, Index count) {
    LaneSums sums;
    sums.add_products(values, others, count);
    return sums.total();
}

template <class T>
double sum_of_squares(const T* values, Index count) {
    return dot(values, values, count);
}

// Floats have digits to spare in doubles, and need no division of each.
template <class T>
void divide(const T* values, double divisor, Index count, T* result) {
    if constexpr (sizeof(T) == sizeof(float)) {
        const double inverse = 1 / divisor;
        for (Index i = 0; i < count; ++i) result[i] = static_cast<T>(static_cast<double>(values[i]) * inverse);
    } else {
        for (Index i = 0; i < count; ++i) result[i] = values[i] / divisor;
    }
}

template <class T>
void take_across(T* values, const T* direction, double along, double length, Index count) {
    if constexpr (sizeof(T) == sizeof(float)) {
        const double inverse = 1 / length;
        for (Index i = 0; i < count; ++i) {
            const double across = static_cast<double>(values[i]) - along * static_cast<double>(direction[i]);
            values[i] = static_cast<T>(across * inverse);
        }
    } else {
        for (Index i = 0; i < count; ++i) values[i] = (values[i] - along * direction[i]) / length;
    }
}

template <class T>
void add(const T* values, Index count, double* sums) {
    for (Index i = 0; i < count; ++i) sums[i] += static_cast<double>(values[i]);
}

template <class T>
constexpr SimilarityBlocks<T> table() {
    return {greatest<T>,       powers<T>, scale<T>,  circle_sums<T>, circle_slopes<T>,
            sum_of_squares<T>, dot<T>,    divide<T>, take_across<T>, add<T>};
}

}  // namespace

namespace METRIX_LEVEL {
extern const SimilarityBlocks<float> similarities_of_floats;
extern const SimilarityBlocks<double> similarities_of_doubles;
constinit const SimilarityBlocks<float> similarities_of_floats = table<float>();
constinit const SimilarityBlocks<double> similarities_of_doubles = table<double>();
}  // namespace METRIX_LEVEL

}  // namespace metrix::losses
