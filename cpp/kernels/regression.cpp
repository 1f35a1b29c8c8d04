#include "kernels/regression.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "kernels/regression/blocks.hpp"
#include "support/exact_sum.hpp"
#include "support/instruction_set.hpp"
#include "support/parallel.hpp"

namespace metrix::regression {

METRIX_DECLARE_FOR_EACH_LEVEL(Work<float>, work_on_floats);
METRIX_DECLARE_FOR_EACH_LEVEL(Work<double>, work_on_doubles);

template <>
const Work<float>& work<float>() {
    return METRIX_OF_THIS_MACHINE(work_on_floats);
}

template <>
const Work<double>& work<double>() {
    return METRIX_OF_THIS_MACHINE(work_on_doubles);
}

namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr Index block_size = largest_block;
constexpr Index chunk_size = 8 * block_size;

// Sums and extremes of one output.
class State {
  public:
    explicit State(double* numbers) : numbers_(numbers) {}

    void clear() {
        std::fill_n(numbers_, 2 * sum_count, 0.0);
#define METRIX_START(name, start) extreme(ExtremeOf::name) = start;
        METRIX_REGRESSION_EXTREMES(METRIX_START)
#undef METRIX_START
    }
    [[nodiscard]] Exact sum(Index which) const { return {numbers_[2 * which], numbers_[2 * which + 1]}; }
    [[nodiscard]] Exact sum(SumOf which) const { return sum(static_cast<Index>(which)); }
    void add(Index which, Exact value) {
        const Exact total = sum(which) + value;
        numbers_[2 * which] = total.high;
        numbers_[2 * which + 1] = total.low;
    }
    void add(SumOf which, Exact value) { add(static_cast<Index>(which), value); }
    double& extreme(ExtremeOf which) { return numbers_[2 * sum_count + static_cast<Index>(which)]; }
    [[nodiscard]] double extreme(ExtremeOf which) const { return numbers_[2 * sum_count + static_cast<Index>(which)]; }
    void lower(ExtremeOf which, double value) { extreme(which) = std::min(extreme(which), value); }
    void raise(ExtremeOf which, double value) { extreme(which) = std::max(extreme(which), value); }

    // Adds sums of w (v - centre) and of its squares, where `weight` is the sum of w.
    void add_around(Exact centre, Exact weight, Exact differences, Exact squares, SumOf first, SumOf second) {
        add(first, differences + centre * weight);
        add(second, squares + (centre * (differences + differences) + centre * (centre * weight)));
    }

    void merge(const State& other) {
        if (other.extreme(ExtremeOf::rows) == 0) return;
        if (extreme(ExtremeOf::rows) == 0) {
            std::copy_n(other.numbers_, state_size, numbers_);
            return;
        }
        for (Index which = 0; which < sum_count; ++which) {
            if (!has_origin(static_cast<SumOf>(which))) add(which, other.sum(which));
        }
        const auto move = [&](ExtremeOf origin, SumOf first, SumOf second) {
            add_around(exact_sum(other.extreme(origin), -extreme(origin)), other.sum(SumOf::weight), other.sum(first),
                       other.sum(second), first, second);
        };
        move(ExtremeOf::target_origin, SumOf::target, SumOf::squared_target);
        move(ExtremeOf::error_origin, SumOf::centred_error, SumOf::centred_squares);
        extreme(ExtremeOf::rows) += other.extreme(ExtremeOf::rows);
        raise(ExtremeOf::largest_error, other.extreme(ExtremeOf::largest_error));
        raise(ExtremeOf::largest_target, other.extreme(ExtremeOf::largest_target));
        lower(ExtremeOf::least_target, other.extreme(ExtremeOf::least_target));
        lower(ExtremeOf::least, other.extreme(ExtremeOf::least));
    }

  private:
    static bool has_origin(SumOf which) {
        return which == SumOf::target || which == SumOf::squared_target || which == SumOf::centred_error ||
               which == SumOf::centred_squares;
    }

    double* numbers_;
};

State row_of(View2<double> state, Index output) {
    return State(state.row(output));
}

template <int size>
double least(const double (&values)[size]) {
    return *std::min_element(values, values + size);
}

template <int size>
double largest(const double (&values)[size]) {
    return *std::max_element(values, values + size);
}

// No sum twice: a part is left out where the whole is there.
unsigned without_parts(unsigned groups) {
    if ((groups & fit) != 0 && (groups & (errors | targets)) != 0) groups = (groups & ~fit) | errors | targets;
    if ((groups & squares) != 0 && (groups & (errors | fit)) != 0) groups &= ~squares;
    return groups;
}

template <class T>
class Pass {
  public:
    Pass(unsigned groups, bool weighs) : work_(work<T>()), groups_(without_parts(groups)), weighs_(weighs ? 1 : 0) {}

    void add(const Block<T>& block, State state) const {
        BlockSums sums;
        Exact weight{static_cast<double>(block.count), 0};
        if (weighs_ != 0) {
            work_.weights(block, 0, sums);
            weight = total(sums[SumOf::weight]);
        }
        state.add(SumOf::weight, weight);
        state.extreme(ExtremeOf::rows) += static_cast<double>(block.count);
        const auto centre = static_cast<double>(block.target[0]);
        constexpr unsigned both = errors | targets;
        if ((groups_ & both) == both) {
            work_.errors_and_targets[weighs_](block, centre, sums);
        } else if ((groups_ & errors) != 0) {
            work_.errors[weighs_](block, 0, sums);
        } else if ((groups_ & targets) != 0) {
            work_.targets[weighs_](block, centre, sums);
        }
        if ((groups_ & errors) != 0) {
            for (const SumOf which : {SumOf::error, SumOf::absolute_error, SumOf::squared_error}) {
                state.add(which, total(sums[which]));
            }
            state.raise(ExtremeOf::largest_error, largest(sums[ExtremeOf::largest_error]));
        }
        if ((groups_ & targets) != 0) {
            add_targets(sums, centre, weight, state);
            state.add(SumOf::absolute_target, total(sums[SumOf::absolute_target]));
            state.lower(ExtremeOf::least_target, least(sums[ExtremeOf::least_target]));
            state.raise(ExtremeOf::largest_target, largest(sums[ExtremeOf::largest_target]));
        }
        if ((groups_ & centred) != 0) {
            const double first = static_cast<double>(block.prediction[0]) - centre;
            work_.centred[weighs_](block, first, sums);
            state.add_around(exact_sum(first, -state.extreme(ExtremeOf::error_origin)), weight,
                             total(sums[SumOf::centred_error]), total(sums[SumOf::centred_squares]),
                             SumOf::centred_error, SumOf::centred_squares);
        }
        if ((groups_ & squares) != 0) {
            work_.squares[weighs_](block, 0, sums);
            state.add(SumOf::squared_error, total(sums[SumOf::squared_error]));
        }
        if ((groups_ & fit) != 0) {
            work_.fit[weighs_](block, centre, sums);
            state.add(SumOf::squared_error, total(sums[SumOf::squared_error]));
            add_targets(sums, centre, weight, state);
        }
        if ((groups_ & relatives) != 0) {
            work_.relatives[weighs_](block, 0, sums);
            for (const SumOf which : {SumOf::relative, SumOf::relative_squares, SumOf::symmetric, SumOf::zero_weight,
                                      SumOf::zero_absolute, SumOf::zero_squared}) {
                state.add(which, total(sums[which]));
            }
        }
        if ((groups_ & logarithms) != 0) {
            for (Index first = 0; first < block.count; first += logarithm_block) {
                work_.logarithms[weighs_](part(block, first, std::min(logarithm_block, block.count - first)), 0, sums);
                state.add(SumOf::logarithmic, total(sums[SumOf::logarithmic]));
                state.lower(ExtremeOf::least, least(sums[ExtremeOf::least]));
            }
        }
    }

  private:
    static Block<T> part(const Block<T>& block, Index first, Index count) {
        const double* const weight = block.weight == nullptr ? nullptr : block.weight + first;
        return {block.target + first, block.prediction + first, weight, count, block.eps};
    }

    static void add_targets(const BlockSums& sums, double centre, Exact weight, State& state) {
        state.add_around(exact_sum(centre, -state.extreme(ExtremeOf::target_origin)), weight,
                         total(sums[SumOf::target]), total(sums[SumOf::squared_target]), SumOf::target,
                         SumOf::squared_target);
    }

    const Work<T>& work_;
    unsigned groups_;
    int weighs_;
};

// Columns of a block of rows, one after the other.
template <class T>
void transpose(View2<const T> from, Index first, Index count, std::vector<T>& to) {
    for (Index row = 0; row < count; ++row) {
        const T* const values = from.row(first + row);
        for (Index column = 0; column < from.columns; ++column) {
            to[static_cast<std::size_t>(column * count + row)] = values[column];
        }
    }
}

template <class T>
void add_rows(const Data<T>& data, Index first, Index last, const Pass<T>& pass, double eps, View2<double> state) {
    const Index outputs = data.target.columns;
    const Index step = outputs == 1 ? block_size : std::clamp<Index>(2 * block_size / outputs, 32, block_size / 4);
    std::vector<T> target;
    std::vector<T> prediction;
    if (outputs > 1) {
        target.resize(static_cast<std::size_t>(step * outputs));
        prediction.resize(target.size());
    }
    for (Index begin = first; begin < last; begin += step) {
        const Index count = std::min(step, last - begin);
        const double* const weight = data.weight.empty() ? nullptr : data.weight.data() + begin;
        if (outputs == 1) {
            pass.add({data.target.row(begin), data.prediction.row(begin), weight, count, eps}, row_of(state, 0));
            continue;
        }
        transpose(data.target, begin, count, target);
        transpose(data.prediction, begin, count, prediction);
        for (Index output = 0; output < outputs; ++output) {
            pass.add({target.data() + output * count, prediction.data() + output * count, weight, count, eps},
                     row_of(state, output));
        }
    }
}

}  // namespace

template <class T>
void moments(const Data<T>& data, unsigned groups, double eps, int num_threads, View2<double> state) {
    clear(state);
    const Index rows = data.target.rows;
    const Index outputs = data.target.columns;
    if (rows == 0 || outputs == 0) return;
    const Index chunk_rows = std::max<Index>(2 * block_size, chunk_size / outputs);
    const Index chunk_count = (rows + chunk_rows - 1) / chunk_rows;
    const Pass<T> pass(groups, !data.weight.empty());
    std::vector<double> room(static_cast<std::size_t>(chunk_count * outputs * state_size));
    const auto of_chunk = [&](Index chunk) {
        return View2<double>{room.data() + chunk * outputs * state_size, outputs, state_size};
    };
    parallel_for(chunk_count, num_threads, [&](Index chunk, int) {
        clear(of_chunk(chunk));
        for (Index output = 0; output < outputs; ++output) {
            State of_output = row_of(of_chunk(chunk), output);
            const auto target = static_cast<double>(data.target(0, output));
            of_output.extreme(ExtremeOf::target_origin) = target;
            of_output.extreme(ExtremeOf::error_origin) = static_cast<double>(data.prediction(0, output)) - target;
        }
        add_rows(data, chunk * chunk_rows, std::min(rows, (chunk + 1) * chunk_rows), pass, eps, of_chunk(chunk));
    });
    for (Index chunk = 0; chunk < chunk_count; ++chunk) merge(state, of_chunk(chunk));
}

template void moments(const Data<float>&, unsigned, double, int, View2<double>);
template void moments(const Data<double>&, unsigned, double, int, View2<double>);

void clear(View2<double> state) {
    for (Index output = 0; output < state.rows; ++output) row_of(state, output).clear();
}

void merge(View2<double> state, View2<const double> other) {
    for (Index output = 0; output < state.rows; ++output) {
        row_of(state, output).merge(State(const_cast<double*>(other.row(output))));
    }
}

void summary(View2<const double> state, View2<double> result) {
    for (Index output = 0; output < state.rows; ++output) {
        const State of(const_cast<double*>(state.row(output)));
        double* const numbers = result.row(output);
        for (Index which = 0; which < sum_count; ++which) numbers[which] = of.sum(which).value();
        std::copy_n(state.row(output) + 2 * sum_count, static_cast<Index>(ExtremeOf::count), numbers + sum_count);
        // Comparisons do not see NaN; sums do.
        const double nan = std::numeric_limits<double>::quiet_NaN();
        const auto extreme = [&](ExtremeOf which) -> double& { return numbers[sum_count + static_cast<Index>(which)]; };
        if (std::isnan(of.sum(SumOf::absolute_error).high)) extreme(ExtremeOf::largest_error) = nan;
        if (std::isnan(of.sum(SumOf::absolute_target).high)) {
            extreme(ExtremeOf::least_target) = extreme(ExtremeOf::largest_target) = nan;
        }
    }
}

void spread(View2<const double> state, SumOf sum, SumOf squares, View1<double> result) {
    for (Index output = 0; output < state.rows; ++output) {
        const State of(const_cast<double*>(state.row(output)));
        const Exact mean_part = of.sum(sum) * of.sum(sum) / of.sum(SumOf::weight);
        const double value = (of.sum(squares) + -mean_part).value();
        result[static_cast<std::size_t>(output)] = value < 0 ? 0 : value;
    }
}

}  // namespace metrix::regression
