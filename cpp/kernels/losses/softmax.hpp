// The softmax of a strip, and what losses of it share.
//
// The greatest logit stays out of the sum of exponentials, which so keeps the digits of what is far below it: a
// prediction that is nearly certain has a loss of log1p(sum), and not of 0.
#pragma once

#include <limits>

#include "kernels/losses/strip_loops.hpp"

namespace metrix::losses {

// parameters[0]: how much of its target a label is (less with label smoothing); parameters[1]: how much every class is.
template <class T>
struct SoftLabel {
    T hard;
    T spread;
};

template <class T>
struct Exponentials {
    T greatest[lanes];
    T rest[lanes];  // sum of e^(x - greatest) over all but the greatest
    T hits[lanes];  // how many are the greatest
};

// Leaves e^(x - greatest) where the gradient goes, if there is one.
template <class T, bool keeps>
METRIX_INLINE Exponentials<T> exponentials(const Strip<T>& strip) {
    Exponentials<T> result;
    T greatest[lanes];
    for (int lane = 0; lane < lanes; ++lane) greatest[lane] = -std::numeric_limits<T>::infinity();
    for (Index step = 0; step < strip.count; ++step) {
        const T* const x = at(strip.x, step, strip.count);
        for (int lane = 0; lane < lanes; ++lane) greatest[lane] = greater(greatest[lane], x[lane]);
    }
    if (strip.is_row) join_greatest(greatest);
    LaneSum rest, hits;
    for (Index step = 0; step < strip.count;) {
        T rest_of_part[lanes] = {}, hits_of_part[lanes] = {};
        for (const Index end = end_of_part(step, strip.count); step < end; ++step) {
            const T* const x = at(strip.x, step, strip.count);
            // Hits in one loop with the exponentials, which is vectorised; in one of their own they become branches.
            T e[lanes], hit[lanes];
            for (int lane = 0; lane < lanes; ++lane) {
                e[lane] = exp(x[lane] - greatest[lane]);
                hit[lane] = x[lane] == greatest[lane] ? T(1) : T(0);
            }
            for (int lane = 0; lane < lanes; ++lane) rest_of_part[lane] += e[lane] - hit[lane];  // e^0 is exactly 1
            for (int lane = 0; lane < lanes; ++lane) hits_of_part[lane] += hit[lane];
            if constexpr (keeps) store(strip.gradient, step, strip.count, e);
        }
        rest.add(rest_of_part);
        hits.add(hits_of_part);
    }
    rest.close(strip.is_row);
    hits.close(strip.is_row);
    for (int lane = 0; lane < lanes; ++lane) {
        result.greatest[lane] = greatest[lane];
        result.rest[lane] = static_cast<T>(rest.total[lane]);
        result.hits[lane] = static_cast<T>(hits.total[lane]);
    }
    return result;
}

// The share of one class in the target.
template <class T>
METRIX_INLINE T share_of_class(T y, T weight, const SoftLabel<T>& label) {
    return (label.hard * y + label.spread) * weight;
}

// What a formula F makes of the logarithm of the probability of the label, u: F::at gives -f(u) = value, -f'(u) = slope
// and f''(u) = bend. By the logits z, u has the gradient [j is the label] - p_j.
template <class T>
struct OfLabel {
    T value;
    T slope;
    T bend;
};

// A loss -f(u) of the label and a cross-entropy of dense targets, either of which may be missing.
template <class F, bool adds_entropy = false>
struct softmax_loss {
    template <class T, bool wants_gradient, bool wants_curvature>
    static METRIX_INLINE void work(Strip<T>& strip) {
        const T own[3] = {strip.parameters[0], strip.parameters[1], strip.parameters[2]};
        const SoftLabel<T> soft{own[0], own[1]};
        const Exponentials<T> e = exponentials<T, wants_gradient>(strip);
        const bool is_dense = strip.has_target || soft.spread != T(0);
        LaneSum share, distance;
        if (is_dense) add_target(strip, soft, e.greatest, share, distance);

        // p = e^(x - greatest) times inverse
        T log_sum[lanes], inverse[lanes], slope[lanes], bend[lanes];
        for (int lane = 0; lane < lanes; ++lane) {
            slope[lane] = static_cast<T>(share.total[lane]);
            bend[lane] = T(0);
            const T sum = e.hits[lane] + e.rest[lane];
            inverse[lane] = T(1) / sum;
            // What the sum lost by rounding: all of the rest, where a prediction is nearly certain.
            const T part = sum - e.hits[lane];
            const T lost = (e.hits[lane] - (sum - part)) + (e.rest[lane] - part);
            log_sum[lane] = log(sum) + lost * inverse[lane];
        }
        for (int lane = 0; lane < lanes; ++lane) {
            strip.value[lane] = is_dense ? static_cast<T>(distance.total[lane]) + slope[lane] * log_sum[lane] : T(0);
        }
        if (strip.has_labels) add_label(strip, soft, own, e, log_sum, inverse, slope, bend);
        if constexpr (wants_curvature) store_curvature(strip, inverse, slope, bend);
        if constexpr (wants_gradient) finish_gradient(strip, soft, is_dense, inverse, slope);
    }

  private:
    // Adds up the target, and the distances from the greatest logit that it sees.
    template <class T>
    static METRIX_INLINE void add_target(const Strip<T>& strip, const SoftLabel<T>& soft, const T (&greatest)[lanes],
                                         LaneSum& share, LaneSum& distance) {
        for (Index step = 0; step < strip.count;) {
            T share_of_part[lanes] = {}, distance_of_part[lanes] = {};
            for (const Index end = end_of_part(step, strip.count); step < end; ++step) {
                const T* const x = at(strip.x, step, strip.count);
                const T* const y = at(strip.y, step, strip.count);
                const T* const weight = at(strip.class_weight, step, strip.count);
                T v[lanes], seen[lanes];
                for (int lane = 0; lane < lanes; ++lane) {
                    v[lane] = share_of_class(y[lane], weight[lane], soft);
                    T far = greatest[lane] - x[lane];
                    if constexpr (adds_entropy) far = far + log(v[lane]);
                    seen[lane] = v[lane] * far;
                }
                for (int lane = 0; lane < lanes; ++lane) {
                    share_of_part[lane] += v[lane];
                    distance_of_part[lane] += v[lane] == T(0) ? T(0) : seen[lane];
                }
            }
            share.add(share_of_part);
            distance.add(distance_of_part);
        }
        share.close(strip.is_row);
        distance.close(strip.is_row);
    }

    template <class T>
    static METRIX_INLINE void add_label(Strip<T>& strip, const SoftLabel<T>& soft, const T (&own)[3],
                                        const Exponentials<T>& e, const T (&log_sum)[lanes], const T (&inverse)[lanes],
                                        T (&slope)[lanes], T (&bend)[lanes]) {
        // Loops of few steps each, over arrays of their own: in a long one, compilers fall back on branches.
        T far[lanes], own_e[lanes], hit[lanes], p[lanes], q[lanes], weight[lanes], own_value[lanes], own_slope[lanes];
        for (int lane = 0; lane < lanes; ++lane) {
            far[lane] = e.greatest[lane] - strip.at_label[lane];
            own_e[lane] = exp(-far[lane]);
            hit[lane] = far[lane] == T(0) ? T(1) : T(0);
        }
        for (int lane = 0; lane < lanes; ++lane) {
            const T others = greater(e.rest[lane] - (own_e[lane] - hit[lane]), T(0)) + (e.hits[lane] - hit[lane]);
            p[lane] = own_e[lane] * inverse[lane];
            q[lane] = others * inverse[lane];
            weight[lane] = strip.label_weight[lane];
        }
        for (int lane = 0; lane < lanes; ++lane) {
            const OfLabel<T> of = F::at(far[lane] + log_sum[lane], p[lane], q[lane], own);
            own_value[lane] = weight[lane] * of.value;
            own_slope[lane] = weight[lane] * of.slope;
            bend[lane] = weight[lane] * of.bend;
        }
        T by_label[lanes], curved[lanes];
        for (int lane = 0; lane < lanes; ++lane) {
            const T all = slope[lane];
            slope[lane] = all + own_slope[lane];
            by_label[lane] = (all * p[lane] - soft.spread * weight[lane]) - own_slope[lane] * q[lane];
            curved[lane] = bend[lane] * q[lane] * q[lane] + slope[lane] * p[lane] * q[lane];
        }
        for (int lane = 0; lane < lanes; ++lane) {
            strip.value[lane] += own_value[lane];
            strip.gradient_at_label[lane] = strip.factor[lane] * by_label[lane];
            strip.curvature_at_label[lane] = curved[lane];
        }
    }

    template <class T>
    static METRIX_INLINE void finish_gradient(Strip<T>& strip, const SoftLabel<T>& soft, bool is_dense,
                                              const T (&inverse)[lanes], const T (&slope)[lanes]) {
        T scale[lanes], factor[lanes];
        for (int lane = 0; lane < lanes; ++lane) {
            factor[lane] = strip.factor[lane];
            scale[lane] = factor[lane] * slope[lane] * inverse[lane];
        }
        for (Index step = 0; step < strip.count; ++step) {
            T* const gradient = at(strip.gradient, step, strip.count);
            if (!is_dense) {
                for (int lane = 0; lane < lanes; ++lane) gradient[lane] *= scale[lane];
                continue;
            }
            const T* const y = at(strip.y, step, strip.count);
            const T* const weight = at(strip.class_weight, step, strip.count);
            T result[lanes];
            for (int lane = 0; lane < lanes; ++lane) {
                result[lane] =
                    gradient[lane] * scale[lane] - factor[lane] * share_of_class(y[lane], weight[lane], soft);
            }
            for (int lane = 0; lane < lanes; ++lane) gradient[lane] = result[lane];
        }
    }

    template <class T>
    static METRIX_INLINE void store_curvature(Strip<T>& strip, const T (&inverse)[lanes], const T (&slope)[lanes],
                                              const T (&bend)[lanes]) {
        for (Index step = 0; step < strip.count; ++step) {
            const T* const e = at(strip.gradient, step, strip.count);
            T result[lanes];
            for (int lane = 0; lane < lanes; ++lane) {
                const T p = e[lane] * inverse[lane];
                result[lane] = bend[lane] * p * p + slope[lane] * p * (T(1) - p);
            }
            store(strip.curvature, step, strip.count, result);
        }
    }
};

}  // namespace metrix::losses
