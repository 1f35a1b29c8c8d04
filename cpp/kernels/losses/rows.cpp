#include "kernels/losses/rows.hpp"

#include <algorithm>
#include <cstring>
#include <limits>
#include <vector>

#include "support/instruction_set.hpp"
#include "support/parallel.hpp"

namespace metrix::losses {

METRIX_DECLARE_FOR_EACH_LEVEL(Strips<float>, strips_of_floats);
METRIX_DECLARE_FOR_EACH_LEVEL(Strips<double>, strips_of_doubles);

template <>
const Strips<float>& strips<float>() {
    return METRIX_OF_THIS_MACHINE(strips_of_floats);
}
template <>
const Strips<double>& strips<double>() {
    return METRIX_OF_THIS_MACHINE(strips_of_doubles);
}

namespace {

// Rows of so many classes are worked on one by one, if they lie in memory as they are.
constexpr Index long_row = 64;
constexpr Index elements_of_chunk = Index{1} << 16;
constexpr Index bytes_of_tile = Index{1} << 15;
constexpr Index most_strips = 16;
constexpr Index rows_of_block = Index{1} << 10;

constexpr Index round_up(Index value, Index step) {
    return (value + step - 1) / step * step;
}

// Formulas of logits, whose padding is a class that cannot be.
constexpr bool pads_with_infinity(RowFormula formula) {
    switch (formula) {
        case RowFormula::cross_entropy:
        case RowFormula::softmax_focal_loss:
        case RowFormula::multi_margin_loss:
        case RowFormula::multi_margin_loss_of_square:
        case RowFormula::categorical_hinge_loss:
        case RowFormula::kl_div_of_logits:
        case RowFormula::entropy_of_logits:
            return true;
        default:
            return false;
    }
}

template <class T>
class RowEvaluation {
  public:
    RowEvaluation(const RowProblem<T>& problem, int num_threads)
        : problem_(problem),
          strips_(strips<T>()),
          blocks_(blocks<T>()),
          row_count_(problem.outer * problem.inner),
          num_threads_(num_threads),
          looks_at_all_(!is_of_label_alone(problem.formula)),
          is_plain_nll_(problem.formula == RowFormula::nll_loss && problem.class_weight.empty()),
          one_by_one_(looks_at_all_ && problem.inner == 1 && problem.classes >= long_row),
          steps_(one_by_one_ ? round_up(problem.classes, lanes) / lanes : problem.classes) {
        const Index of_strip = steps_ * lanes * static_cast<Index>(sizeof(T));
        const Index most = std::clamp<Index>(round_up(row_count_, lanes) / lanes, 1, most_strips);
        strips_of_tile_ = looks_at_all_ ? std::clamp<Index>(bytes_of_tile / of_strip, 1, most) : most;
        std::fill_n(ones_, lanes, T(1));
        prepare_class_weights();
    }

    double run() {
        const auto& formula = strips_.formulas[static_cast<int>(problem_.formula)];
        wants_curvature_ = !problem_.curvature.empty();
        wants_gradient_ = !problem_.gradient.empty();
        work_ = wants_curvature_ ? formula.gradient_and_curvature
                                 : (wants_gradient_ ? formula.value_and_gradient : formula.value);
        const double counted = count_of_mean();
        const bool is_mean = problem_.reduction == Reduction::mean && !wants_curvature_;
        const double denominator = is_mean ? counted : 1;
        scale_ = static_cast<T>(problem_.upstream_of_result / denominator);
        sums_ = problem_.reduction != Reduction::none && !wants_curvature_;

        const Index tile = lanes * strips_of_tile_;
        const Index chunk = round_up(elements_of_chunk / (looks_at_all_ ? problem_.classes : 1) + 1, tile);
        const Total total = for_each_part(chunk, [&](Index first, Index count, Sum& sum) {
            Tile scratch;
            if (!one_by_one_ && looks_at_all_) scratch.reserve(*this);
            if (one_by_one_) scratch.reserve_tails();
            for (Index row = first; row < first + count; row += tile) {
                work_on_tile(row, std::min(tile, first + count - row), scratch, sum);
            }
        });
        return sums_ ? total.value() / denominator : 0;
    }

  private:
    static constexpr Index most_rows = lanes * most_strips;

    // What is known of the rows of a tile, and room for its elements, or for the last steps of long rows.
    struct Tile {
        Index label[most_rows];
        bool keeps_all = true;
        Index element[most_rows];  // where the prediction of the label stands, if nothing else is looked at
        std::uint8_t kept[most_rows];
        std::uint8_t room_of_kept[most_rows];
        T weight[most_rows];
        T value[most_rows];
        std::vector<T> x, y, gradient, curvature;
        Strip<T> strip;

        void reserve(const RowEvaluation& of) {
            const auto size = static_cast<std::size_t>(of.steps_ * lanes * of.strips_of_tile_);
            x.resize(size);
            if (!of.problem_.target.empty()) y.resize(size);
            if (of.wants_gradient_) gradient.resize(size);
            if (of.wants_curvature_) curvature.resize(size);
        }
        void reserve_tails() {
            for (auto* const some : {&x, &y, &gradient, &curvature}) some->resize(lanes);
        }
    };

    // Calls work(first, count, sum) for parts of the rows; the sum of all.
    template <class Work>
    Total for_each_part(Index size, Work&& work) {
        const Index part_count = (row_count_ + size - 1) / size;
        std::vector<Total> totals(static_cast<std::size_t>(part_count));
        parallel_for(part_count, num_threads_, [&](Index part, int) {
            Sum sum;
            work(part * size, std::min(size, row_count_ - part * size), sum);
            totals[static_cast<std::size_t>(part)].add(sum);
        });
        Total total;
        for (const Total& of_part : totals) total.add(of_part);
        return total;
    }

    [[nodiscard]] bool takes_part(Index row, const std::uint8_t* kept, Index i) const {
        if (kept != nullptr && kept[i] == 0) return false;
        return problem_.labels.empty() || problem_.labels[static_cast<std::size_t>(row)] != problem_.ignored_label;
    }

    // Whether the labels of some rows are in range or ignored; and how many are the former. Loops without branches.
    [[nodiscard]] bool all_are_classes(Index first, Index count) const {
        const std::int64_t* const labels = problem_.labels.data() + first;
        const auto classes = static_cast<std::uint64_t>(problem_.classes);
        std::uint64_t wrong = 0;
        for (Index i = 0; i < count; ++i) {
            wrong += (static_cast<std::uint64_t>(labels[i]) >= classes) & (labels[i] != problem_.ignored_label);
        }
        return wrong == 0;
    }
    [[nodiscard]] Index count_labels(Index first, Index count) const {
        const std::int64_t* const labels = problem_.labels.data() + first;
        Index found = 0;
        for (Index i = 0; i < count; ++i) found += labels[i] != problem_.ignored_label;
        return found;
    }

    // What a mean divides by; looks at all labels.
    double count_of_mean() {
        const bool weighs = problem_.divide_by_weights && !problem_.weight.values.empty();
        const bool masks = !problem_.mask.values.empty();
        if (problem_.labels.empty() && !weighs && !masks) return static_cast<double>(row_count_);
        const bool weighs_classes = problem_.divide_by_weights && problem_.counts_classes && !problem_.labels.empty() &&
                                    !problem_.class_weight.empty();
        const bool counts = !weighs && !masks && !weighs_classes;
        const Total total = for_each_part(64 * rows_of_block, [&](Index begin, Index size, Sum& sum) {
            if (counts && all_are_classes(begin, size)) {
                sum.sum[0] = static_cast<double>(count_labels(begin, size));
                return;
            }
            T values[rows_of_block], weights[rows_of_block];
            std::uint8_t room[rows_of_block];
            for (Index first = begin; first < begin + size; first += rows_of_block) {
                const Index count = std::min(rows_of_block, begin + size - first);
                const T* const weight = weighs ? spread(problem_.weight, first, count, weights) : nullptr;
                const std::uint8_t* const kept = masks ? spread(problem_.mask, first, count, room) : nullptr;
                for (Index i = 0; i < count; ++i) {
                    values[i] = 0;
                    if (!takes_part(first + i, kept, i)) continue;
                    values[i] = weighs ? weight[i] : T(1);
                    if (problem_.labels.empty()) continue;
                    const std::int64_t label = problem_.labels[static_cast<std::size_t>(first + i)];
                    if (label < 0 || label >= problem_.classes) throw BadLabel{first + i, label};
                    if (weighs_classes) values[i] *= problem_.class_weight[static_cast<std::size_t>(label)];
                }
                blocks_.add(sum, values, count);
            }
        });
        return total.value();
    }

    // One step for sixteen classes of a row, padded with 0; or one for each class, sixteen times its weight.
    void prepare_class_weights() {
        const bool is_padded = one_by_one_ && problem_.classes % lanes != 0;
        if (!looks_at_all_ || (problem_.class_weight.empty() && !is_padded)) return;
        const auto weight = [&](Index c) {
            return problem_.class_weight.empty() ? T(1) : problem_.class_weight[static_cast<std::size_t>(c)];
        };
        class_weights_.assign(static_cast<std::size_t>(steps_ * lanes), T(0));
        for (Index c = 0; c < problem_.classes; ++c) {
            T* const to = class_weights_.data() + (one_by_one_ ? c : c * lanes);
            std::fill_n(to, one_by_one_ ? 1 : lanes, weight(c));
        }
    }

    Steps<const T> same_for_all(const T* values) const { return {values, values, 0}; }
    template <class V>
    Steps<V> contiguous(V* values) const {
        return {values, values + (steps_ - 1) * lanes};
    }

    void work_on_tile(Index first, Index count, Tile& tile, Sum& sum) const {
        describe_rows(first, count, tile);
        if (one_by_one_) {
            for (Index i = 0; i < count; ++i) work_on_row(first, i, tile);
        } else if (is_plain_nll_) {
            take_labels(first, count, tile);
        } else {
            work_on_strips(first, count, tile);
        }
        if (!problem_.weight.values.empty() && !wants_curvature_) {
            T room[most_rows];
            blocks_.multiply(tile.value, spread(problem_.weight, first, count, room), count);
        }
        blocks_.clear(tile.value, tile.kept, count);
        if (sums_) blocks_.add(sum, tile.value, count);
        if (!problem_.values.empty()) std::copy_n(tile.value, count, problem_.values.data() + first);
    }

    // Labels, who takes part, and what gradients are multiplied by.
    void describe_rows(Index first, Index count, Tile& tile) const {
        if (problem_.mask.values.empty()) {
            std::fill_n(tile.kept, count, std::uint8_t{1});
        } else {
            std::copy_n(spread(problem_.mask, first, count, tile.room_of_kept), count, tile.kept);
        }
        if (problem_.weight.values.empty()) {
            std::fill_n(tile.weight, count, T(1));
        } else {
            T room[most_rows];
            std::copy_n(spread(problem_.weight, first, count, room), count, tile.weight);
            for (Index i = 0; i < count; ++i) tile.kept[i] &= static_cast<std::uint8_t>(tile.weight[i] != T(0));
        }
        if (problem_.labels.empty()) {
            std::fill_n(tile.label, count, Index{0});
            tile.keeps_all = problem_.mask.values.empty();
        } else {
            const std::int64_t* const labels = problem_.labels.data() + first;
            const std::int64_t ignored = problem_.ignored_label;
            std::int64_t kept[most_rows];
            std::int64_t dropped = 0;
            for (Index i = 0; i < count; ++i) kept[i] = (labels[i] != ignored) & (tile.kept[i] != 0);
            for (Index i = 0; i < count; ++i) tile.label[i] = kept[i] != 0 ? labels[i] : 0;
            for (Index i = 0; i < count; ++i) tile.kept[i] = static_cast<std::uint8_t>(kept[i]);
            for (Index i = 0; i < count; ++i) dropped += 1 - kept[i];
            tile.keeps_all = dropped == 0;
        }
        // A row that nothing depends on has to be cleared as well.
        tile.keeps_all = tile.keeps_all && problem_.weight.values.empty() && problem_.upstream.empty();
        if (!looks_at_all_ && !is_plain_nll_) find_labels(first, count, tile);
        if (wants_curvature_) return;
        blocks_.scale(tile.weight, scale_, count);
        if (!problem_.upstream.empty()) blocks_.multiply(tile.weight, problem_.upstream.data() + first, count);
    }

    void find_labels(Index first, Index count, Tile& tile) const {
        const Index inner = problem_.inner;
        if (inner == 1) {
            const Index classes = problem_.classes;
            for (Index i = 0; i < count; ++i) tile.element[i] = (first + i) * classes + tile.label[i];
            return;
        }
        for (Index done = 0; done < count;) {
            const Index row = first + done, run = std::min(count - done, inner - row % inner);
            const Index of_first = place(row, 0);
            for (Index i = 0; i < run; ++i) tile.element[done + i] = of_first + tile.label[done + i] * inner + i;
            done += run;
        }
    }

    // Where the prediction of a class of a row stands.
    [[nodiscard]] Index place(Index row, Index label) const {
        return ((row / problem_.inner) * problem_.classes + label) * problem_.inner + row % problem_.inner;
    }

    void set_common(Strip<T>& strip) const {
        strip.count = steps_;
        strip.has_labels = !problem_.labels.empty();
        strip.has_target = !problem_.target.empty();
        strip.y = same_for_all(zeros_);
        strip.class_weight = class_weights_.empty() ? same_for_all(ones_) : contiguous(class_weights_.data());
        strip.parameters = problem_.parameters;
        strip.share = problem_.share;
    }

    // Labels and factors of rows begin .. begin + width - 1 of a tile, one for each lane; element(i): where the
    // prediction of the label of row i stands.
    template <class Element>
    void set_lanes(Strip<T>& strip, const Tile& tile, Index begin, int width, Element&& element) const {
        copy(tile.weight + begin, strip.factor, width);
        if (!strip.has_labels) return;
        for (int lane = 0; lane < width; ++lane) {
            strip.label[lane] = static_cast<std::uint32_t>(tile.label[begin + lane]);
            strip.at_label[lane] = *element(begin + lane);
        }
        if (problem_.class_weight.empty()) {
            std::fill_n(strip.label_weight, lanes, T(1));
            return;
        }
        for (int lane = 0; lane < width; ++lane) {
            strip.label_weight[lane] = problem_.class_weight[static_cast<std::size_t>(tile.label[begin + lane])];
        }
    }

    // Long rows where they are, but for their last step if it is short.
    void work_on_row(Index first, Index i, Tile& tile) const {
        const Index classes = problem_.classes;
        const Index begin = (first + i) * classes;
        const auto place_of = [&](const View1<T>& view) { return view.empty() ? nullptr : view.data() + begin; };
        T* const gradient = place_of(problem_.gradient);
        T* const curvature = place_of(problem_.curvature);
        if (tile.kept[i] == 0) {
            for (T* const some : {gradient, curvature}) {
                if (some != nullptr) std::fill_n(some, classes, T(0));
            }
            return;
        }
        Strip<T>& strip = tile.strip;
        set_common(strip);
        strip.is_row = true;
        set_lanes(strip, tile, i, 1, [&](Index) { return problem_.prediction.data() + begin + tile.label[i]; });
        std::fill_n(strip.factor, lanes, strip.factor[0]);
        std::fill_n(strip.label, lanes, strip.label[0]);
        std::fill_n(strip.at_label, lanes, strip.at_label[0]);
        std::fill_n(strip.label_weight, lanes, strip.label_weight[0]);
        const Index full = classes / lanes * lanes;
        const Index rest = classes - full;
        const auto of = [&]<class V>(V* values, std::vector<T>& tail) -> Steps<V> {
            if (values == nullptr || rest == 0) return contiguous(values);
            return {values, tail.data()};
        };
        const auto padded = [&](const T* values, std::vector<T>& tail, T padding) {
            if (rest > 0) {
                std::copy_n(values + full, rest, tail.data());
                std::fill(tail.begin() + rest, tail.end(), padding);
            }
            return of(values, tail);
        };
        const T padding = pads_with_infinity(problem_.formula) ? -std::numeric_limits<T>::infinity() : T(1);
        strip.x = padded(problem_.prediction.data() + begin, tile.x, padding);
        if (strip.has_target) strip.y = padded(problem_.target.data() + begin, tile.y, T(1));
        strip.gradient = of(gradient, tile.gradient);
        strip.curvature = of(curvature, tile.curvature);
        work_(strip);
        tile.value[i] = strip.value[0];
        if (gradient != nullptr) {
            std::copy_n(tile.gradient.data(), rest, gradient + full);
            if (strip.has_labels) gradient[tile.label[i]] = strip.gradient_at_label[0];
            if (!counts(tile, i)) std::fill_n(gradient, classes, T(0));
        }
        if (curvature != nullptr) {
            std::copy_n(tile.curvature.data(), rest, curvature + full);
            if (strip.has_labels) curvature[tile.label[i]] = strip.curvature_at_label[0];
            apply_policy(curvature, classes);
            if (!problem_.weight.values.empty()) blocks_.scale(curvature, tile.weight[i], classes);
        }
    }

    // Sixteen rows at a time, copied so that they stand side by side.
    void work_on_strips(Index first, Index count, Tile& tile) const {
        Strip<T>& strip = tile.strip;
        set_common(strip);
        strip.is_row = false;
        const Index size = steps_ * lanes;
        if (looks_at_all_) {
            copy_in(problem_.prediction.data(), first, count, tile.x.data());
            if (strip.has_target) copy_in(problem_.target.data(), first, count, tile.y.data());
        }
        for (Index begin = 0, offset = 0; begin < count; begin += lanes, offset += size) {
            const int width = static_cast<int>(std::min<Index>(lanes, count - begin));
            if (looks_at_all_) {
                const T* const x = tile.x.data() + offset;
                set_lanes(strip, tile, begin, width, [&](Index i) { return x + tile.label[i] * lanes + (i - begin); });
            } else {
                const T* const x = problem_.prediction.data();
                set_lanes(strip, tile, begin, width, [&](Index i) { return x + tile.element[i]; });
            }
            T* const gradient = tile.gradient.empty() ? nullptr : tile.gradient.data() + offset;
            T* const curvature = tile.curvature.empty() ? nullptr : tile.curvature.data() + offset;
            if (looks_at_all_) {
                strip.x = contiguous<const T>(tile.x.data() + offset);
                if (strip.has_target) strip.y = contiguous<const T>(tile.y.data() + offset);
                strip.gradient = contiguous(gradient);
                strip.curvature = contiguous(curvature);
            }
            work_(strip);
            copy(strip.value, tile.value + begin, width);
            if (!looks_at_all_) {
                put_labels(strip, width, begin, tile);
                continue;
            }
            const auto put_label = [&](T* steps, const T* of_label) {
                for (int lane = 0; lane < width; ++lane) {
                    if (strip.has_labels) steps[tile.label[begin + lane] * lanes + lane] = of_label[lane];
                }
            };
            if (gradient != nullptr) {
                put_label(gradient, strip.gradient_at_label);
                clear_masked(gradient, begin, width, tile);
            }
            if (curvature != nullptr) {
                put_label(curvature, strip.curvature_at_label);
                apply_policy(curvature, size);
                if (!problem_.weight.values.empty()) strips_.multiply_lanes(curvature, strip.factor, steps_);
                clear_masked(curvature, begin, width, tile);
            }
        }
        if (!tile.gradient.empty()) copy_out(tile.gradient.data(), first, count, problem_.gradient.data());
        if (!tile.curvature.empty()) copy_out(tile.curvature.data(), first, count, problem_.curvature.data());
    }

    // Whether a row has a gradient: not if it is left out or if what comes after does not depend on it, whatever it
    // holds.
    [[nodiscard]] static bool counts(const Tile& tile, Index i) { return tile.kept[i] != 0 && tile.weight[i] != T(0); }

    // The negative log-likelihood is no work, so what is left must be little too.
    void take_labels(Index first, Index count, Tile& tile) const {
        const Index inner = problem_.inner;
        for (Index done = 0; done < count;) {
            const Index row = first + done, run = std::min(count - done, inner - row % inner);
            const Index* const label = tile.label + done;
            const T* const x = problem_.prediction.data() + place(row, 0);
            const Index stride = inner == 1 ? problem_.classes : 1;
            const Index steps = inner == 1 ? count : run;  // rows that follow each other, or pixels
            for (Index i = 0; i < steps; ++i) tile.value[done + i] = -x[label[i] * inner + i * stride];
            if (wants_gradient_) {
                T* const gradient = problem_.gradient.data() + place(row, 0);
                for (Index i = 0; i < steps; ++i) {
                    if (tile.keeps_all || tile.kept[done + i] != 0) {
                        gradient[label[i] * inner + i * stride] = -tile.weight[done + i];
                    }
                }
            }
            done += steps;
        }
    }

    void clear_masked(T* steps, Index begin, int width, const Tile& tile) const {
        if (tile.keeps_all) return;
        for (int lane = 0; lane < width; ++lane) {
            if (counts(tile, begin + lane)) continue;
            for (Index step = 0; step < steps_; ++step) steps[step * lanes + lane] = 0;
        }
    }

    void put_labels(const Strip<T>& strip, int width, Index begin, const Tile& tile) const {
        for (int lane = 0; lane < width; ++lane) {
            if (!counts(tile, begin + lane)) continue;
            const auto at = static_cast<std::size_t>(tile.element[begin + lane]);
            if (wants_gradient_) problem_.gradient[at] = strip.gradient_at_label[lane];
        }
    }

    // Calls visit(place of element, place in the buffer, how many side by side) for all of some rows.
    template <class Visit>
    void for_each_run(Index first, Index count, Visit&& visit) const {
        const Index classes = problem_.classes, inner = problem_.inner;
        if (inner == 1) {
            for (Index i = 0; i < count; ++i) {
                const Index from = (first + i) * classes, to = i / lanes * lanes * classes + i % lanes;
                for (Index c = 0; c < classes; ++c) visit(from + c, to + c * lanes, Index{1});
            }
            return;
        }
        for (Index done = 0; done < count;) {
            const Index row = first + done;
            const Index run = std::min(count - done, inner - row % inner);
            const Index of_first = place(row, 0);
            for (Index c = 0; c < classes; ++c) {
                const Index from = of_first + c * inner;
                for (Index i = 0; i < run;) {
                    const Index lane = (done + i) % lanes;
                    const Index width = std::min(run - i, lanes - lane);
                    visit(from + i, ((done + i) / lanes * classes + c) * lanes + lane, width);
                    i += width;
                }
            }
            done += run;
        }
    }

    static void copy(const T* from, T* to, Index count) {
        if (count == lanes) {
            std::memcpy(to, from, sizeof(T) * lanes);  // two moves, where a general copy is a call
        } else {
            for (Index i = 0; i < count; ++i) to[i] = from[i];
        }
    }

    void copy_in(const T* elements, Index first, Index count, T* buffer) const {
        for_each_run(first, count,
                     [&](Index place, Index lane, Index width) { copy(elements + place, buffer + lane, width); });
    }

    void copy_out(const T* buffer, Index first, Index count, T* elements) const {
        for_each_run(first, count,
                     [&](Index place, Index lane, Index width) { copy(buffer + lane, elements + place, width); });
    }

    void apply_policy(T* curvature, Index count) const {
        switch (problem_.curvature_policy) {
            case Curvature::clip:
                return blocks_.raise(curvature, static_cast<T>(1e-16), count);
            case Curvature::absolute:
                return blocks_.rectify(curvature, count);
            case Curvature::ones:
                std::fill_n(curvature, count, T(1));
                return;
            case Curvature::exact:
                return;
        }
    }

    const RowProblem<T>& problem_;
    const Strips<T>& strips_;
    const Blocks<T>& blocks_;
    Index row_count_;
    int num_threads_;
    bool looks_at_all_;
    bool is_plain_nll_;
    bool one_by_one_;
    Index steps_;
    Index strips_of_tile_ = 1;
    bool wants_gradient_ = false;
    bool wants_curvature_ = false;
    bool sums_ = false;
    typename Strips<T>::Work work_ = nullptr;
    T scale_ = T(1);
    T zeros_[lanes] = {};
    T ones_[lanes];
    std::vector<T> class_weights_;
};

}  // namespace

template <class T>
double rows(const RowProblem<T>& problem, int num_threads) {
    return RowEvaluation<T>(problem, num_threads).run();
}

template double rows(const RowProblem<float>&, int);
template double rows(const RowProblem<double>&, int);

}  // namespace metrix::losses
