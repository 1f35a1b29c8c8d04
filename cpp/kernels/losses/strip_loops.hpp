// Loops over the steps of a strip that formulas of rows share. Long sums are taken in parts, and the parts as doubles,
// so that a row of a hundred thousand classes keeps its digits.
#pragma once

#include <limits>

#include "kernels/losses/strips.hpp"
#include "kernels/losses/terms.hpp"

namespace metrix::losses {

METRIX_INLINE Index end_of_part(Index step, Index count) {
    constexpr Index size = 64;
    return count - step < size ? count : step + size;
}

template <class V>
METRIX_INLINE V* at(const Steps<V>& steps, Index step, Index count) {
    return step + 1 < count ? steps.first + step * steps.stride : steps.last;
}

template <class T>
METRIX_INLINE void store(const Steps<T>& steps, Index step, Index count, const T (&values)[lanes]) {
    T* const to = at(steps, step, count);
    for (int lane = 0; lane < lanes; ++lane) to[lane] = values[lane];
}

// Lanes of one row: all become their sum.
METRIX_INLINE void join_sum(double (&values)[lanes]) {
    for (int width = lanes / 2; width > 0; width /= 2) {
        for (int lane = 0; lane < width; ++lane) values[lane] += values[lane + width];
    }
    for (int lane = 1; lane < lanes; ++lane) values[lane] = values[0];
}

template <class T>
METRIX_INLINE void join_greatest(T (&values)[lanes]) {
    for (int width = lanes / 2; width > 0; width /= 2) {
        for (int lane = 0; lane < width; ++lane) values[lane] = greater(values[lane], values[lane + width]);
    }
    for (int lane = 1; lane < lanes; ++lane) values[lane] = values[0];
}

// What sixteen lanes add up to.
struct LaneSum {
    double total[lanes] = {};

    template <class T>
    METRIX_INLINE void add(const T (&part)[lanes]) {
        for (int lane = 0; lane < lanes; ++lane) total[lane] += static_cast<double>(part[lane]);
    }
    METRIX_INLINE void close(bool is_row) {
        if (is_row) join_sum(total);
    }
};

// Rows that add up terms of an elementwise formula, each with the weight of its class. A label, if there is one, adds
// the term of a target of 1 there.
template <class F, bool takes_labels = false>
struct sum_of {
    template <class T, bool wants_gradient, bool wants_curvature>
    static METRIX_INLINE void work(Strip<T>& strip) {
        const T own[3] = {strip.parameters[0], strip.parameters[1], strip.parameters[2]};
        const T share = strip.share;
        T scale[lanes];
        for (int lane = 0; lane < lanes; ++lane) scale[lane] = strip.factor[lane] * share;
        LaneSum sum;
        for (Index step = 0; step < strip.count;) {
            T part[lanes] = {};
            for (const Index end = end_of_part(step, strip.count); step < end; ++step) {
                const T* const x = at(strip.x, step, strip.count);
                const T* const y = at(strip.y, step, strip.count);
                const T* const weight = at(strip.class_weight, step, strip.count);
                // Into arrays of its own first, which alias nothing.
                T gradient[lanes], curvature[lanes];
                for (int lane = 0; lane < lanes; ++lane) {
                    const Terms<T> of = F::at(x[lane], y[lane], own);
                    if constexpr (!wants_curvature) part[lane] += weight[lane] * of.value;
                    if constexpr (wants_gradient) gradient[lane] = of.gradient * (weight[lane] * scale[lane]);
                    if constexpr (wants_curvature) curvature[lane] = of.curvature * (weight[lane] * share);
                }
                if constexpr (wants_gradient) store(strip.gradient, step, strip.count, gradient);
                if constexpr (wants_curvature) store(strip.curvature, step, strip.count, curvature);
            }
            sum.add(part);
        }
        sum.close(strip.is_row);
        for (int lane = 0; lane < lanes; ++lane) strip.value[lane] = static_cast<T>(sum.total[lane]) * share;
        if constexpr (takes_labels) add_label(strip, own);
    }

  private:
    template <class T>
    static METRIX_INLINE void add_label(Strip<T>& strip, const T (&own)[3]) {
        if (!strip.has_labels) return;
        const T alone[3] = {own[0], own[1], T(0)};
        for (int lane = 0; lane < lanes; ++lane) {
            const T of_label = strip.label_weight[lane] * strip.share;
            strip.value[lane] += of_label * F::at(strip.at_label[lane], T(1), alone).value;
            const Terms<T> of = F::at(strip.at_label[lane], T(1), own);
            strip.gradient_at_label[lane] = of_label * strip.factor[lane] * of.gradient;
            strip.curvature_at_label[lane] = of_label * of.curvature;
        }
    }
};

}  // namespace metrix::losses
