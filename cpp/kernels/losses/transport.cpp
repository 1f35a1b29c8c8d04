#include "kernels/losses/transport.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <vector>

#include "kernels/losses/pairwise.hpp"
#include "kernels/losses/transport_blocks.hpp"
#include "support/buffer.hpp"
#include "support/instruction_set.hpp"
#include "support/ordering.hpp"
#include "support/parallel.hpp"

namespace metrix::losses {

METRIX_DECLARE_FOR_EACH_LEVEL(TransportBlocks, transport_blocks);

const TransportBlocks& transport_blocks() {
    return METRIX_OF_THIS_MACHINE(transport_blocks);
}

namespace {

std::size_t at(Index i) {
    return static_cast<std::size_t>(i);
}

// Points from the greatest to the least, with their masses. Keys hold the values, so that nothing is fetched from afar.
template <class T>
class Descent {
  public:
    Descent(const LinePoints<T>& points, double mass_of_each)
        : points_(points), mass_of_each_(mass_of_each), rows_(points.values.size()) {}

    void sort() {
        for (std::size_t i = 0; i < rows_.size(); ++i) {
            rows_[i] = {descending_key(static_cast<double>(points_.values[i])), static_cast<std::int32_t>(i)};
        }
        Buffer<KeyedRow> scratch(rows_.size());
        stable_sort_by_key(rows_, scratch);
    }

    [[nodiscard]] bool has_nan() const { return std::isnan(score_of_key(rows_.back().key)); }
    [[nodiscard]] bool is_done() const { return first_ == ssize(rows_); }
    [[nodiscard]] double place() const {
        return is_done() ? -std::numeric_limits<double>::infinity() : score_of_key(rows_[at(first_)].key);
    }
    // Takes all points at this place; their mass.
    double take(double place) {
        last_ = first_;
        double mass = 0;
        for (; !is_done() && this->place() == place; ++first_) mass += mass_of(rows_[at(first_)].row);
        return mass;
    }
    // The gradients of the points that were taken last: their masses times this.
    void assign(View1<T> result, double per_mass) const {
        if (result.empty()) return;
        for (Index rank = last_; rank < first_; ++rank) {
            const Index point = rows_[at(rank)].row;
            const double mass = mass_of(point);
            result[at(point)] = mass > 0 ? static_cast<T>(mass * per_mass) : T(0);
        }
    }

  private:
    [[nodiscard]] double mass_of(Index point) const {
        return points_.weights.empty() ? mass_of_each_ : points_.weights[at(point)] * mass_of_each_;
    }

    const LinePoints<T>& points_;
    double mass_of_each_;
    Buffer<KeyedRow> rows_;
    Index first_ = 0;
    Index last_ = 0;
};

template <class T>
double inverse_of_sum(const LinePoints<T>& points) {
    if (points.weights.empty()) return 1.0 / static_cast<double>(points.values.size());
    return 1.0 / std::accumulate(points.weights.begin(), points.weights.end(), 0.0);
}

}  // namespace

template <class T>
double wasserstein_distance(const LinePoints<T>& u, const LinePoints<T>& v, View1<T> by_u, View1<T> by_v,
                            int num_threads) {
    // Equal masses are whole numbers of a common unit, which add without rounding: then 0 is 0.
    double unit = 1;
    double mass_of_u = inverse_of_sum(u);
    double mass_of_v = inverse_of_sum(v);
    if (u.weights.empty() && v.weights.empty()) {
        const Index divisor = std::gcd(ssize(u.values), ssize(v.values));
        mass_of_u = static_cast<double>(ssize(v.values) / divisor);
        mass_of_v = static_cast<double>(ssize(u.values) / divisor);
        unit = 1 / (mass_of_u * static_cast<double>(ssize(u.values)));
    }
    Descent<T> of_u(u, mass_of_u);
    Descent<T> of_v(v, mass_of_v);
    parallel_for(2, num_threads, [&](Index side, int) { side == 0 ? of_u.sort() : of_v.sort(); });
    if (of_u.has_nan() || of_v.has_nan()) {
        constexpr T nan = std::numeric_limits<T>::quiet_NaN();
        std::fill(by_u.begin(), by_u.end(), nan);
        std::fill(by_v.begin(), by_v.end(), nan);
        return std::numeric_limits<double>::quiet_NaN();
    }

    double area = 0;
    double lost = 0;     // by rounding
    double surplus = 0;  // of the mass of u over that of v, above the place
    double above = std::max(of_u.place(), of_v.place());
    while (!of_u.is_done() || !of_v.is_done()) {
        const double place = std::max(of_u.place(), of_v.place());
        if (surplus != 0) {
            const double piece = std::abs(surplus) * (above - place);
            const double sum = area + piece;
            lost += area >= piece ? (area - sum) + piece : (piece - sum) + area;
            area = sum;
        }
        const double before = surplus;
        const double taken_u = of_u.take(place);
        const double taken_v = of_v.take(place);
        surplus = (before + taken_u) - taken_v;
        const double after = surplus;
        const double first_u = std::abs(before + taken_u);
        const double first_v = std::abs(before - taken_v);
        of_u.assign(by_u, unit * 0.5 * ((first_u - std::abs(before)) + (std::abs(after) - first_v)) / taken_u);
        of_v.assign(by_v, unit * 0.5 * ((first_v - std::abs(before)) + (std::abs(after) - first_u)) / taken_v);
        above = place;
    }
    return unit * (area - area == 0 ? area + lost : area);
}

template double wasserstein_distance(const LinePoints<float>&, const LinePoints<float>&, View1<float>, View1<float>,
                                     int);
template double wasserstein_distance(const LinePoints<double>&, const LinePoints<double>&, View1<double>, View1<double>,
                                     int);

namespace {

using Matrix = Buffer<double>;

constexpr Index rows_at_once = 16;

// One side of a problem: its points, the costs of moves from them over epsilon, and its potential over epsilon.
struct Side {
    const Cloud& cloud;
    Matrix costs;  // a row for each point
    std::vector<double> log_weights;
    std::vector<double> potential;
    std::vector<double> reach;  // potential and logarithm of the weight: what the other side sees
};

class Sinkhorn {
  public:
    Sinkhorn(const EntropicProblem& problem, int num_threads)
        : problem_(problem),
          blocks_(transport_blocks()),
          pairwise_(pairwise_blocks()),
          num_threads_(num_threads),
          x_(side_of(problem.x, problem.y)),
          y_(problem.is_same ? Side{problem.y, {}, {}, {}, {}} : side_of(problem.y, problem.x)) {}

    EntropicTransport run(View1<double> potential, View2<double> by_x, View2<double> by_y) {
        if (!problem_.start.empty()) assign(x_, {problem_.start.begin(), problem_.start.end()});
        EntropicTransport result;
        with_team(num_threads_, [&] { iterate(result); });
        const double other = problem_.is_same ? value_of(x_, other_) : value_of(y_, y_.potential);
        result.cost = problem_.epsilon * (value_of(x_, x_.potential) + other);
        std::copy(x_.potential.begin(), x_.potential.end(), potential.begin());
        if (by_x.data != nullptr) differentiate(x_, problem_.is_same ? other_ : y_.potential, problem_.y, by_x);
        if (by_y.data != nullptr && !problem_.is_same) differentiate(y_, x_.potential, problem_.x, by_y);
        return result;
    }

  private:
    Side side_of(const Cloud& from, const Cloud& to) {
        const Index count = from.points.rows;
        const Index others = to.points.rows;
        Side side{from, Matrix(at(count * others)), {}, {}, {}};
        const View2<double> costs{side.costs.data(), count, others};
        pairwise_distances(from.points, to.points, problem_.power == 2, num_threads_, costs);
        pairwise_.scale(costs.data, 1 / problem_.epsilon, costs.size());
        for (const double weight : from.weights) side.log_weights.push_back(std::log(weight));
        side.potential.assign(at(count), 0.0);
        side.reach = side.log_weights;
        return side;
    }

    // work(i, room for as many numbers as either side has points)
    template <class Work>
    void for_rows(Index count, Work&& work) {
        const Index room = std::max(problem_.x.points.rows, problem_.y.points.rows);
        rooms_.resize(at(room * num_threads_));
        parallel_for((count + rows_at_once - 1) / rows_at_once, num_threads_, [&](Index part, int thread) {
            const Index end = std::min(count, (part + 1) * rows_at_once);
            for (Index i = part * rows_at_once; i < end; ++i) work(i, rooms_.data() + thread * room);
        });
    }

    // The potential of a side that is best for the reach of the other.
    void improve(const Side& side, const std::vector<double>& reach, std::vector<double>& potential) {
        const Index others = ssize(reach);
        for_rows(ssize(side.potential), [&](Index i, double* room) {
            potential[at(i)] = -blocks_.log_sum(reach.data(), side.costs.data() + i * others, others, room);
        });
    }

    static void assign(Side& side, const std::vector<double>& potential) {
        side.potential = potential;
        for (std::size_t i = 0; i < potential.size(); ++i) side.reach[i] = potential[i] + side.log_weights[i];
    }

    // How far the rows of the plan of the potential before are off their weights.
    static double error_of(const Side& side, const std::vector<double>& better) {
        double error = 0;
        for (std::size_t i = 0; i < better.size(); ++i) {
            error += side.cloud.weights[i] * std::abs(std::expm1(side.potential[i] - better[i]));
        }
        return error;
    }

    void iterate(EntropicTransport& result) {
        const double greatest = *std::max_element(x_.costs.begin(), x_.costs.end());
        result.tolerance = std::max(problem_.tolerance, 8 * std::numeric_limits<double>::epsilon() * greatest);
        std::vector<double> better(x_.potential.size());
        std::vector<double> of_y(y_.potential.size());
        do {
            ++result.iterations;
            if (!problem_.is_same) {
                improve(y_, x_.reach, of_y);
                assign(y_, of_y);
            }
            improve(x_, problem_.is_same ? x_.reach : y_.reach, better);
            result.error = error_of(x_, better);
            if (problem_.is_same) {
                other_ = x_.potential;  // with `better` it is a pair whose rows are exact
                // Between the last two lies the potential that is best for itself.
                if (!is_done(result)) {
                    for (std::size_t i = 0; i < better.size(); ++i) better[i] = 0.5 * (better[i] + other_[i]);
                }
            }
            assign(x_, better);
        } while (!is_done(result));
    }

    [[nodiscard]] bool is_done(const EntropicTransport& result) const {
        return !(result.error > result.tolerance) || result.iterations >= problem_.most_iterations;
    }

    static double value_of(const Side& side, const std::vector<double>& potential) {
        double sum = 0;
        for (std::size_t i = 0; i < potential.size(); ++i) {
            if (side.cloud.weights[i] > 0) sum += side.cloud.weights[i] * potential[i];
        }
        return sum;
    }

    // Each point is drawn away from where its mass goes.
    void differentiate(const Side& side, const std::vector<double>& potential_of_others, const Cloud& others,
                       View2<double> result) {
        const Index count = others.points.rows;
        const Index dimensions = others.points.columns;
        std::vector<double> reach(at(count));
        for (Index j = 0; j < count; ++j) reach[at(j)] = potential_of_others[at(j)] + std::log(others.weights[at(j)]);
        for_rows(side.cloud.points.rows, [&](Index i, double* shares) {
            const double* const costs = side.costs.data() + i * count;
            blocks_.shares(reach.data(), costs, side.potential[at(i)], count, shares);
            double* const gradient = result.row(i);
            std::fill_n(gradient, dimensions, 0.0);
            std::vector<Index> reached;
            reached.reserve(at(count));
            for (Index j = 0; j < count; ++j) {
                double share = shares[j];
                if (problem_.power == 1) share = costs[j] > 0 ? share / (costs[j] * problem_.epsilon) : 0;
                if (share == 0) continue;
                shares[reached.size()] = share;
                reached.push_back(j);
            }
            pairwise_.add_differences(shares, reached.data(), ssize(reached), side.cloud.points.row(i),
                                      others.points.data, dimensions, gradient);
            const double factor = problem_.power * side.cloud.weights[at(i)];
            pairwise_.scale(gradient, factor, dimensions);
        });
    }

    const EntropicProblem& problem_;
    const TransportBlocks& blocks_;
    const PairwiseBlocks& pairwise_;
    int num_threads_;
    Matrix rooms_;
    Side x_;
    Side y_;
    std::vector<double> other_;  // of a cloud and itself: the second potential
};

}  // namespace

EntropicTransport entropic_transport(const EntropicProblem& problem, int num_threads, View1<double> potential,
                                     View2<double> by_x, View2<double> by_y) {
    return Sinkhorn(problem, num_threads).run(potential, by_x, by_y);
}

}  // namespace metrix::losses
