#include "kernels/losses/box_losses.hpp"

#include <algorithm>
#include <limits>
#include <string>
#include <vector>

#include "support/error.hpp"
#include "support/instruction_set.hpp"
#include "support/parallel.hpp"

namespace metrix::losses {

METRIX_DECLARE_FOR_EACH_LEVEL(BoxBlocks<float>, box_blocks_of_floats);
METRIX_DECLARE_FOR_EACH_LEVEL(BoxBlocks<double>, box_blocks_of_doubles);

template <>
const BoxBlocks<float>& box_blocks<float>() {
    return METRIX_OF_THIS_MACHINE(box_blocks_of_floats);
}

template <>
const BoxBlocks<double>& box_blocks<double>() {
    return METRIX_OF_THIS_MACHINE(box_blocks_of_doubles);
}

namespace {

constexpr Index block_size = 512;
constexpr Index chunk_size = 32 * block_size;

template <class T>
bool is_inverted(const T* row, boxes::Format format) {
    if (format == boxes::Format::xyxy) return row[2] < row[0] || row[3] < row[1];
    return row[2] < T(0) || row[3] < T(0);
}

template <class T>
void refuse_if_inverted(const T* row, Index index, boxes::Format format, const char* name) {
    if (!is_inverted(row, format)) return;
    const bool has_corners = format == boxes::Format::xyxy;
    std::string message = std::string(name) + ": expected " + (has_corners ? "x1 <= x2 and y1 <= y2" : "sides >= 0") +
                          ", got box " + std::to_string(index) + " with (";
    for (int i = 0; i < 4; ++i) message += (i > 0 ? ", " : "") + std::to_string(static_cast<double>(row[i]));
    throw_value_error(message + ")");
}

template <class T>
class BoxEvaluation {
  public:
    BoxEvaluation(const BoxProblem<T>& problem, int num_threads)
        : problem_(problem),
          blocks_(blocks<T>()),
          count_(problem.prediction.rows),
          num_threads_(num_threads),
          wants_gradient_(problem.gradient.rows > 0) {}

    double run() {
        const auto& formula = box_blocks<T>().formulas[static_cast<int>(problem_.formula)];
        terms_ = wants_gradient_ ? formula.value_and_gradient : formula.value;
        const double denominator = problem_.reduction == Reduction::mean ? count_of_mean() : 1;
        scale_ = static_cast<T>(problem_.upstream_of_result / denominator);
        const Total total =
            for_each_chunk([&](Index first, Index count, T* scratch, Sum& sum) { work(first, count, scratch, sum); });
        return problem_.reduction == Reduction::none ? 0 : total.value() / denominator;
    }

  private:
    // Calls work(first, count, scratch, sum) for all blocks; the sum of all.
    template <class Work>
    Total for_each_chunk(Work&& work) {
        const Index chunk_count = (count_ + chunk_size - 1) / chunk_size;
        std::vector<Total> totals(static_cast<std::size_t>(chunk_count));
        parallel_for(chunk_count, num_threads_, [&](Index chunk, int) {
            T scratch[block_size];
            Sum sum;
            const Index end = std::min(count_, (chunk + 1) * chunk_size);
            for (Index first = chunk * chunk_size; first < end; first += block_size) {
                work(first, std::min(block_size, end - first), scratch, sum);
            }
            totals[static_cast<std::size_t>(chunk)].add(sum);
        });
        Total total;
        for (const Total& of_chunk : totals) total.add(of_chunk);
        return total;
    }

    // What a mean divides by.
    double count_of_mean() {
        const bool weighs = !problem_.weight.empty() && problem_.divide_by_weights;
        if (!weighs && problem_.mask.empty()) return static_cast<double>(count_);
        return for_each_chunk([&](Index first, Index count, T* scratch, Sum& sum) {
                   std::fill_n(scratch, count, T(1));
                   if (weighs) std::copy_n(problem_.weight.data() + first, count, scratch);
                   if (!problem_.mask.empty()) blocks_.clear(scratch, problem_.mask.data() + first, count);
                   blocks_.add(sum, scratch, count);
               })
            .value();
    }

    void work(Index first, Index count, T* scratch, Sum& sum) const {
        T* const values = problem_.values.empty() ? scratch : problem_.values.data() + first;
        T* const gradient = wants_gradient_ ? problem_.gradient.row(first) : nullptr;
        const T* const prediction = problem_.prediction.row(first);
        const T* const target = problem_.target.row(first);
        const bool found_inverted =
            terms_(problem_.by_target ? target : prediction, problem_.by_target ? prediction : target, count,
                   problem_.format, problem_.parameters, values, gradient);
        if (found_inverted) refuse_inverted(first, count);

        if (!problem_.weight.empty()) blocks_.multiply(values, problem_.weight.data() + first, count);
        if (gradient != nullptr) scale_rows(first, count, gradient);
        if (!problem_.mask.empty()) {
            blocks_.clear(values, problem_.mask.data() + first, count);
            for (Index i = 0; gradient != nullptr && i < count; ++i) {
                if (!takes_part(first + i)) std::fill_n(gradient + 4 * i, 4, T(0));
            }
        }
        if (problem_.reduction != Reduction::none) blocks_.add(sum, values, count);
    }

    void scale_rows(Index first, Index count, T* gradient) const {
        if (problem_.weight.empty() && problem_.upstream.empty()) {
            if (scale_ != T(1)) blocks_.scale(gradient, scale_, 4 * count);
            return;
        }
        for (Index i = 0; i < count; ++i) {
            T factor = 1;
            if (!problem_.weight.empty()) factor *= problem_.weight[static_cast<std::size_t>(first + i)];
            if (!problem_.upstream.empty()) factor *= problem_.upstream[static_cast<std::size_t>(first + i)];
            const T scaled = factor * scale_;
            for (Index side = 0; side < 4; ++side) {
                T& own = gradient[4 * i + side];
                own = factor == T(0) ? T(0) : own * scaled;
            }
        }
    }

    [[nodiscard]] bool takes_part(Index i) const {
        const auto at = static_cast<std::size_t>(i);
        return (problem_.mask.empty() || problem_.mask[at] != 0) &&
               (problem_.weight.empty() || problem_.weight[at] != T(0));
    }

    void refuse_inverted(Index first, Index count) const {
        for (Index i = first; i < first + count; ++i) {
            if (!takes_part(i)) continue;
            refuse_if_inverted(problem_.prediction.row(i), i, problem_.format, "pred");
            refuse_if_inverted(problem_.target.row(i), i, problem_.format, "target");
        }
    }

    const BoxProblem<T>& problem_;
    const Blocks<T>& blocks_;
    Index count_;
    int num_threads_;
    bool wants_gradient_;
    typename BoxBlocks<T>::Terms terms_ = nullptr;
    T scale_ = T(1);
};

}  // namespace

template <class T>
double box_loss(const BoxProblem<T>& problem, int num_threads) {
    if (problem.prediction.rows == 0) {
        return problem.reduction == Reduction::mean ? std::numeric_limits<double>::quiet_NaN() : 0;
    }
    return BoxEvaluation<T>(problem, num_threads).run();
}

template double box_loss(const BoxProblem<float>&, int);
template double box_loss(const BoxProblem<double>&, int);

}  // namespace metrix::losses
