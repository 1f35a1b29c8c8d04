#include "kernels/losses/elementwise.hpp"

#include <algorithm>
#include <limits>
#include <vector>

#include "support/instruction_set.hpp"
#include "support/parallel.hpp"

namespace metrix::losses {

METRIX_DECLARE_FOR_EACH_LEVEL(Blocks<float>, blocks_of_floats);
METRIX_DECLARE_FOR_EACH_LEVEL(Blocks<double>, blocks_of_doubles);

template <>
const Blocks<float>& blocks<float>() {
    return METRIX_OF_THIS_MACHINE(blocks_of_floats);
}

template <>
const Blocks<double>& blocks<double>() {
    return METRIX_OF_THIS_MACHINE(blocks_of_doubles);
}

namespace {

constexpr Index block_size = Index{1} << 10;
constexpr Index chunk_size = 64 * block_size;

template <class T>
class Evaluation {
  public:
    Evaluation(const Problem<T>& problem, int num_threads)
        : problem_(problem), blocks_(blocks<T>()), count_(ssize(problem.prediction)), num_threads_(num_threads) {}

    double run() {
        const auto& formula = blocks_.formulas[static_cast<int>(problem_.formula)];
        const bool wants_curvature = !problem_.curvature.empty();
        const bool wants_gradient = !problem_.gradient.empty();
        terms_ = wants_curvature ? formula.gradient_and_curvature
                                 : (wants_gradient ? formula.value_and_gradient : formula.value);
        sums_ = problem_.reduction != Reduction::none && !wants_curvature;
        const double denominator = problem_.reduction == Reduction::mean && !wants_curvature ? count_of_mean() : 1;
        scale_ = static_cast<T>(problem_.upstream_of_result / denominator);
        const Total total = for_each_chunk(
            [&](Index first, Index count, Scratch& scratch, Sum& sum) { work_on_block(first, count, scratch, sum); });
        return sums_ ? total.value() / denominator : 0;
    }

  private:
    struct Scratch {
        T values[block_size];
        T weights[block_size];
        T each[block_size];
        std::uint8_t kept[block_size];
    };

    // Calls work(first, count, scratch, sum) for all blocks; the sum of all.
    template <class Work>
    Total for_each_chunk(Work&& work) {
        const Index chunk_count = (count_ + chunk_size - 1) / chunk_size;
        std::vector<Total> totals(static_cast<std::size_t>(chunk_count));
        parallel_for(chunk_count, num_threads_, [&](Index chunk, int) {
            Scratch scratch;
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
        const bool weighs = !problem_.weight.values.empty() && problem_.divide_by_weights;
        if (!weighs && problem_.mask.values.empty()) return static_cast<double>(count_);
        const Total total = for_each_chunk([&](Index first, Index count, Scratch& scratch, Sum& sum) {
            if (weighs) {
                std::copy_n(spread(problem_.weight, first, count, scratch.weights), count, scratch.values);
            } else {
                std::fill_n(scratch.values, count, T(1));
            }
            if (!problem_.mask.values.empty()) {
                blocks_.clear(scratch.values, spread(problem_.mask, first, count, scratch.kept), count);
            }
            blocks_.add(sum, scratch.values, count);
        });
        return total.value();
    }

    void work_on_block(Index first, Index count, Scratch& scratch, Sum& sum) const {
        const auto place = [&](const View1<T>& view) { return view.empty() ? nullptr : view.data() + first; };
        T* const values = problem_.values.empty() ? scratch.values : place(problem_.values);
        T* const gradient = place(problem_.gradient);
        T* const curvature = place(problem_.curvature);
        const T* const each = problem_.varying.empty() ? nullptr : parameters_of(first, count, scratch.each);
        terms_(problem_.prediction.data() + first, problem_.target.data() + first, each, count, problem_.parameters,
               values, gradient, curvature);

        if (curvature != nullptr) apply_policy(curvature, count);
        // Before the weights: the mean of nothing scales by an infinity, and what counts nothing is 0 all the same.
        if (gradient != nullptr && curvature == nullptr && scale_ != T(1)) blocks_.scale(gradient, scale_, count);
        if (!problem_.weight.values.empty()) {
            const T* const weights = spread(problem_.weight, first, count, scratch.weights);
            for (T* const some : {curvature == nullptr ? values : nullptr, gradient, curvature}) {
                if (some != nullptr) blocks_.multiply(some, weights, count);
            }
        }
        if (gradient != nullptr && curvature == nullptr && !problem_.upstream.empty()) {
            blocks_.multiply(gradient, problem_.upstream.data() + first, count);
        }
        if (!problem_.mask.values.empty()) {
            const std::uint8_t* const kept = spread(problem_.mask, first, count, scratch.kept);
            for (T* const some : {curvature == nullptr ? values : nullptr, gradient, curvature}) {
                if (some != nullptr) blocks_.clear(some, kept, count);
            }
        }
        if (sums_) blocks_.add(sum, values, count);
    }

    const T* parameters_of(Index first, Index count, T* room) const {
        const Index size = ssize(problem_.varying), repeat = problem_.varying_repeat;
        if (repeat == 1 && size == count_) return problem_.varying.data() + first;
        Index number = first / repeat % size;
        for (Index done = 0, end = repeat - first % repeat; done < count; end += repeat) {
            const T value = problem_.varying[static_cast<std::size_t>(number)];
            for (; done < std::min(end, count); ++done) room[done] = value;
            number = number + 1 < size ? number + 1 : 0;
        }
        return room;
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

    const Problem<T>& problem_;
    const Blocks<T>& blocks_;
    Index count_;
    int num_threads_;
    typename Blocks<T>::Terms terms_ = nullptr;
    bool sums_ = false;
    T scale_ = T(1);
};

}  // namespace

template <class T>
double elementwise(const Problem<T>& problem, int num_threads) {
    if (problem.prediction.empty()) {
        return problem.reduction == Reduction::mean ? std::numeric_limits<double>::quiet_NaN() : 0;
    }
    return Evaluation<T>(problem, num_threads).run();
}

template double elementwise(const Problem<float>&, int);
template double elementwise(const Problem<double>&, int);

}  // namespace metrix::losses
