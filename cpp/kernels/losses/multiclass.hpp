// Losses of multiclass classification, one for each row of scores.
//
// Sources: see the functions of metrix.losses.multiclass and metrix.losses.divergence.
#pragma once

#include "kernels/losses/classification.hpp"
#include "kernels/losses/softmax.hpp"

namespace metrix::losses {

struct cross_entropy_of_label {
    template <class T>
    static METRIX_INLINE OfLabel<T> at(T nll, T, T, const T* parameters) {
        const T hard = parameters[0];
        return {hard * nll, hard, T(0)};
    }
};

// parameters[2]: gamma; q = 1 - p. The ratio of -log p to q tends to 1 where p does.
struct focal_of_label {
    template <class T>
    static METRIX_INLINE OfLabel<T> at(T nll, T p, T q, const T* parameters) {
        const T gamma = parameters[2];
        const bool is_certain = q == T(0);
        const T raised = exp(gamma * log(q));
        const T power = is_certain ? (gamma == T(0) ? T(1) : T(0)) : raised;
        const T ratio = is_certain ? T(1) : nll / q;
        const T pull = p == T(0) ? T(0) : p * ratio;
        const T inner = p == T(0) ? T(0) : p * (gamma - T(1)) * pull + p * (T(2) - nll);
        return {power * nll, power * (T(1) + gamma * pull), is_certain ? T(0) : gamma * (power / q) * inner};
    }
};

using cross_entropy = softmax_loss<cross_entropy_of_label>;
using softmax_focal_loss = softmax_loss<focal_of_label>;
using kl_div_of_logits = softmax_loss<cross_entropy_of_label, true>;

// parameters: how much of its target a label is, eps, how much every class is
struct cross_entropy_of_probability {
    template <class T>
    static METRIX_INLINE Terms<T> at(T p, T y, const T* parameters) {
        const T eps = parameters[1];
        const T share = parameters[0] * y + parameters[2];
        const bool is_nothing = share == T(0);
        const T slope = is_nothing || p < eps ? T(0) : share / p;
        return {is_nothing ? T(0) : -(share * log(greater(p, eps))), -slope, slope == T(0) ? T(0) : slope / p};
    }
};

using cross_entropy_of_probabilities = sum_of<cross_entropy_of_probability, true>;
using multilabel_soft_margin_loss = sum_of<binary_cross_entropy_with_logits>;

// Of a label alone: what it gives of the prediction there. Nothing else of the row is looked at.
template <class F>
struct label_alone {
    template <class T, bool, bool>
    static METRIX_INLINE void work(Strip<T>& strip) {
        const T own[3] = {strip.parameters[0], strip.parameters[1], strip.parameters[2]};
        for (int lane = 0; lane < lanes; ++lane) {
            const Terms<T> of = F::at(strip.at_label[lane], T(1), own);
            const T weight = strip.label_weight[lane];
            strip.value[lane] = weight * of.value;
            strip.gradient_at_label[lane] = weight * strip.factor[lane] * of.gradient;
            strip.curvature_at_label[lane] = weight * of.curvature;
        }
    }
};

struct negative {
    template <class T>
    static METRIX_INLINE Terms<T> at(T x, T, const T*) {
        return {-x, T(-1), T(0)};
    }
};

using nll_loss = label_alone<negative>;
using nll_loss_of_probabilities = label_alone<cross_entropy_of_probability>;

// Classes of the lanes of a step.
template <class T>
struct Classes {
    using Number = typename Format<T>::Bits;  // as wide as T, so that comparisons mix
    Number of[lanes];
    Number increment;

    explicit METRIX_INLINE Classes(bool is_row) : increment(is_row ? Number{lanes} : Number{1}) {
        for (int lane = 0; lane < lanes; ++lane) of[lane] = is_row ? static_cast<Number>(lane) : Number{0};
    }
    METRIX_INLINE void advance() {
        for (int lane = 0; lane < lanes; ++lane) of[lane] += increment;
    }
};

// parameters[0]: margin. The sum over all other classes of max(0, margin - x_label + x), or of its square.
template <bool is_squared>
struct margins {
    template <class T, bool wants_gradient, bool wants_curvature>
    static METRIX_INLINE void work(Strip<T>& strip) {
        using Number = typename Classes<T>::Number;
        const T margin = strip.parameters[0], share = strip.share;
        T limit[lanes], scale[lanes], bend[lanes];
        Number label[lanes];
        for (int lane = 0; lane < lanes; ++lane) {
            limit[lane] = margin - strip.at_label[lane];
            bend[lane] = strip.label_weight[lane] * share;
            scale[lane] = strip.factor[lane] * bend[lane];
            label[lane] = strip.label[lane];
        }
        Classes<T> classes(strip.is_row);
        LaneSum sum, slopes, hits;
        for (Index step = 0; step < strip.count;) {
            T part[lanes] = {}, slopes_of_part[lanes] = {}, hits_of_part[lanes] = {};
            for (const Index end = end_of_part(step, strip.count); step < end; ++step) {
                const T* const x = at(strip.x, step, strip.count);
                T gradient[lanes], curvature[lanes];
                for (int lane = 0; lane < lanes; ++lane) {
                    const T over = limit[lane] + x[lane];
                    const bool is_other = classes.of[lane] != label[lane];
                    const T v = is_other ? (over <= T(0) ? T(0) : over) : T(0);  // NaN stays
                    const T is_active = v > T(0) ? T(1) : v;
                    const T slope = is_squared ? T(2) * v : is_active;
                    part[lane] += is_squared ? v * v : v;
                    slopes_of_part[lane] += slope;
                    hits_of_part[lane] += is_active;
                    gradient[lane] = slope * scale[lane];
                    curvature[lane] = is_squared ? T(2) * is_active * bend[lane] : T(0);
                }
                if constexpr (wants_gradient) store(strip.gradient, step, strip.count, gradient);
                if constexpr (wants_curvature) store(strip.curvature, step, strip.count, curvature);
                classes.advance();
            }
            sum.add(part);
            slopes.add(slopes_of_part);
            hits.add(hits_of_part);
        }
        for (LaneSum* const some : {&sum, &slopes, &hits}) some->close(strip.is_row);
        for (int lane = 0; lane < lanes; ++lane) {
            strip.value[lane] = bend[lane] * static_cast<T>(sum.total[lane]);
            strip.gradient_at_label[lane] = -(scale[lane] * static_cast<T>(slopes.total[lane]));
            strip.curvature_at_label[lane] = is_squared ? T(2) * bend[lane] * static_cast<T>(hits.total[lane]) : T(0);
        }
    }
};

using multi_margin_loss = margins<false>;
using multi_margin_loss_of_square = margins<true>;

// parameters[0]: margin. max(0, margin - x_label + the greatest other x); of several greatest the first has the
// gradient.
struct categorical_hinge_loss {
    template <class T, bool wants_gradient, bool wants_curvature>
    static METRIX_INLINE void work(Strip<T>& strip) {
        using Number = typename Classes<T>::Number;
        constexpr T infinity = std::numeric_limits<T>::infinity();
        T best[lanes];
        Number place[lanes], label[lanes];
        for (int lane = 0; lane < lanes; ++lane) {
            best[lane] = -infinity;
            place[lane] = ~Number{0};
            label[lane] = strip.label[lane];
        }
        Classes<T> classes(strip.is_row);
        for (Index step = 0; step < strip.count; ++step) {
            const T* const x = at(strip.x, step, strip.count);
            for (int lane = 0; lane < lanes; ++lane) {
                const bool is_worse = x[lane] <= best[lane] || best[lane] != best[lane];  // NaN stays
                const bool is_kept = is_worse || classes.of[lane] == label[lane];
                place[lane] = is_kept ? place[lane] : classes.of[lane];
                best[lane] = is_kept ? best[lane] : x[lane];
            }
            classes.advance();
        }
        if (strip.is_row) join_best(best, place);
        T scale[lanes];
        for (int lane = 0; lane < lanes; ++lane) {
            const T over = strip.parameters[0] + (best[lane] - strip.at_label[lane]);
            const T v = over <= T(0) ? T(0) : over;
            strip.value[lane] = strip.label_weight[lane] * v;
            scale[lane] = strip.factor[lane] * strip.label_weight[lane] * (v > T(0) ? T(1) : v);
            strip.gradient_at_label[lane] = -scale[lane];
            strip.curvature_at_label[lane] = T(0);
        }
        if constexpr (!wants_gradient) return;
        classes = Classes<T>(strip.is_row);
        for (Index step = 0; step < strip.count; ++step) {
            T gradient[lanes], curvature[lanes] = {};
            for (int lane = 0; lane < lanes; ++lane) {
                gradient[lane] = classes.of[lane] == place[lane] ? scale[lane] : T(0);
            }
            store(strip.gradient, step, strip.count, gradient);
            if constexpr (wants_curvature) store(strip.curvature, step, strip.count, curvature);
            classes.advance();
        }
    }

  private:
    template <class T, class Number>
    static METRIX_INLINE void join_best(T (&best)[lanes], Number (&place)[lanes]) {
        for (int lane = 1; lane < lanes; ++lane) {
            const bool is_better = best[lane] > best[0] || (best[lane] == best[0] && place[lane] < place[0]) ||
                                   (best[lane] != best[lane] && best[0] == best[0]);
            if (!is_better) continue;
            best[0] = best[lane];
            place[0] = place[lane];
        }
        for (int lane = 1; lane < lanes; ++lane) {
            best[lane] = best[0];
            place[lane] = place[0];
        }
    }
};

// sum of -p log p: log_sum + the sum of p (greatest - x)
struct entropy_of_logits {
    template <class T, bool wants_gradient, bool wants_curvature>
    static METRIX_INLINE void work(Strip<T>& strip) {
        constexpr T most = std::numeric_limits<T>::max();  // so that 0 log 0 is 0
        const Exponentials<T> e = exponentials<T, wants_gradient>(strip);
        LaneSum distance;
        for (Index step = 0; step < strip.count;) {
            T part[lanes] = {};
            for (const Index end = end_of_part(step, strip.count); step < end; ++step) {
                const T* const x = at(strip.x, step, strip.count);
                T far[lanes], share[lanes];
                for (int lane = 0; lane < lanes; ++lane) far[lane] = e.greatest[lane] - x[lane];
                for (int lane = 0; lane < lanes; ++lane) share[lane] = exp(-far[lane]);
                for (int lane = 0; lane < lanes; ++lane) part[lane] += share[lane] * lesser(far[lane], most);
            }
            distance.add(part);
        }
        distance.close(strip.is_row);
        T inverse[lanes], mean[lanes];
        for (int lane = 0; lane < lanes; ++lane) {
            const T log_sum = log(e.hits[lane]) + log1p(e.rest[lane] / e.hits[lane]);
            inverse[lane] = T(1) / (e.rest[lane] + e.hits[lane]);
            mean[lane] = static_cast<T>(distance.total[lane]) * inverse[lane];
            strip.value[lane] = log_sum + mean[lane];
        }
        if constexpr (!wants_gradient) return;
        for (Index step = 0; step < strip.count; ++step) {
            const T* const x = at(strip.x, step, strip.count);
            const T* const share = at(strip.gradient, step, strip.count);
            T gradient[lanes], curvature[lanes];
            for (int lane = 0; lane < lanes; ++lane) {
                const T p = share[lane] * inverse[lane];
                // log p and the entropy cancel but for this.
                const T above = mean[lane] - lesser(e.greatest[lane] - x[lane], most);
                gradient[lane] = -(p * above) * strip.factor[lane];
                curvature[lane] = -(p * ((T(1) - T(2) * p) * above + (T(1) - p)));
            }
            store(strip.gradient, step, strip.count, gradient);
            if constexpr (wants_curvature) store(strip.curvature, step, strip.count, curvature);
        }
    }
};

}  // namespace metrix::losses
