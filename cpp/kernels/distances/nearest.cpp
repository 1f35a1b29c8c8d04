// Distances from one set of points to another. Surfaces fill a small part of a volume, so no distance of other places
// is worked out: points lie in cells of a grid, and of each cell on one side all that can hold a nearest point are
// found at once by the boxes of their points. Of these a point looks at the nearest first, and at none that lies
// further away than the best so far.
#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <type_traits>

#include "kernels/distances/passes.hpp"
#include "kernels/distances/surface.hpp"
#include "support/parallel.hpp"

namespace metrix::distances {
namespace {

std::size_t at(Index index) {
    return static_cast<std::size_t>(index);
}

using Place = std::array<std::int32_t, 3>;

struct Cell {
    Index begin = 0, end = 0;  // of its points
    Index padded = 0;          // where their coordinates begin
    Place low{}, high{};       // their box
    Place grid{};              // where it stands in the grid
};

// Points by the cells of a grid.
template <class Square>
class Grid {
  public:
    Grid(const Points& points, Index size) : size_(size) {
        for (const Place& place : points.places) {
            for (std::size_t axis = 0; axis < 3; ++axis) {
                shape_[axis] = std::max(shape_[axis], place[axis] / size + 1);
            }
        }
        std::vector<Index> start(at(shape_[0] * shape_[1] * shape_[2] + 1));
        for (const Place& place : points.places) ++start[at(index_of(place)) + 1];
        std::partial_sum(start.begin(), start.end(), start.begin());
        cell_at_.assign(start.size() - 1, -1);
        order_.resize(points.places.size());
        std::vector<Index> next = start;
        for (std::size_t i = 0; i < order_.size(); ++i) {
            order_[at(next[at(index_of(points.places[i]))]++)] = static_cast<Index>(i);
        }
        for (std::size_t index = 0; index + 1 < start.size(); ++index) {
            if (start[index] == start[index + 1]) continue;
            cell_at_[index] = static_cast<Index>(cells_.size());
            add_cell(points, start[index], start[index + 1]);
        }
    }

    [[nodiscard]] const std::vector<Cell>& cells() const { return cells_; }
    [[nodiscard]] Index point(Index place) const { return order_[at(place)]; }
    [[nodiscard]] Index size() const { return size_; }
    [[nodiscard]] const Square* coordinates(int axis) const { return coordinates_[axis].data(); }

    // Calls use with each cell at most `reach` from a place of the grid.
    template <class Use>
    void for_each_around(const Place& middle, Index reach, Use&& use) const {
        Index low[3], high[3];
        for (std::size_t axis = 0; axis < 3; ++axis) {
            low[axis] = std::max<Index>(0, middle[axis] - reach);
            high[axis] = std::min<Index>(shape_[axis] - 1, middle[axis] + reach);
        }
        for (Index z = low[0]; z <= high[0]; ++z) {
            for (Index y = low[1]; y <= high[1]; ++y) {
                for (Index x = low[2]; x <= high[2]; ++x) {
                    const Index cell = cell_at_[at((z * shape_[1] + y) * shape_[2] + x)];
                    if (cell >= 0) use(cell);
                }
            }
        }
    }

  private:
    [[nodiscard]] Index index_of(const Place& place) const {
        return (place[0] / size_ * shape_[1] + place[1] / size_) * shape_[2] + place[2] / size_;
    }

    void add_cell(const Points& points, Index begin, Index end) {
        Cell cell{begin, end, static_cast<Index>(coordinates_[0].size()), {}, {}, {}};
        cell.low = cell.high = points.places[at(order_[at(begin)])];
        for (Index i = begin; i < begin + (end - begin + lanes - 1) / lanes * lanes; ++i) {
            // A cell is filled up with its last point.
            const Place& place = points.places[at(order_[at(std::min(i, end - 1))])];
            for (std::size_t axis = 0; axis < 3; ++axis) {
                coordinates_[axis].push_back(static_cast<Square>(place[axis]));
                cell.low[axis] = std::min(cell.low[axis], place[axis]);
                cell.high[axis] = std::max(cell.high[axis], place[axis]);
            }
        }
        for (std::size_t axis = 0; axis < 3; ++axis) {
            cell.grid[axis] = static_cast<std::int32_t>(cell.low[axis] / size_);
        }
        cells_.push_back(cell);
    }

    Index size_;
    std::array<Index, 3> shape_{1, 1, 1};
    std::vector<Index> cell_at_, order_;
    std::vector<Cell> cells_;
    std::vector<Square> coordinates_[3];
};

template <class Square>
class Search {
  public:
    Search(const Grid<Square>& from, const Grid<Square>& to, const std::array<double, 3>& spacing)
        : from_(from), to_(to), spacing_(spacing), passes_(passes<Square>()) {}

    void run(const Points& points, int num_threads, std::vector<double>& distances) const {
        constexpr Index cells_per_item = 16;
        const Index count = ssize(from_.cells());
        parallel_for((count + cells_per_item - 1) / cells_per_item, num_threads, [&](Index item, int) {
            std::vector<Candidate> candidates;
            const Index end = std::min(count, (item + 1) * cells_per_item);
            for (Index i = item * cells_per_item; i < end; ++i) {
                const Cell& cell = from_.cells()[at(i)];
                find_candidates(cell, candidates);
                for (Index k = cell.begin; k < cell.end; ++k) {
                    const Index point = from_.point(k);
                    distances[at(point)] =
                        std::sqrt(static_cast<double>(nearest(points.places[at(point)], candidates)));
                }
            }
        });
    }

  private:
    struct Candidate {
        Square least;  // square of the distance between the boxes
        const Cell* cell;
    };

    [[nodiscard]] Square square(std::int32_t steps, std::size_t axis) const {
        if constexpr (std::is_same_v<Square, double>) {
            const double length = steps * spacing_[axis];
            return length * length;
        }
        return static_cast<Square>(steps * steps);
    }

    [[nodiscard]] Square least(const Place& low, const Place& high, const Cell& other) const {
        Square sum = 0;
        for (std::size_t axis = 0; axis < 3; ++axis) {
            sum += square(std::max({0, other.low[axis] - high[axis], low[axis] - other.high[axis]}), axis);
        }
        return sum;
    }

    [[nodiscard]] Square most(const Cell& cell, const Cell& other) const {
        Square sum = 0;
        for (std::size_t axis = 0; axis < 3; ++axis) {
            sum += square(std::max(other.high[axis] - cell.low[axis], cell.high[axis] - other.low[axis]), axis);
        }
        return sum;
    }

    // All cells that can hold what is nearest to a point of this one, the nearest cells first.
    void find_candidates(const Cell& cell, std::vector<Candidate>& candidates) const {
        constexpr Index reaches[] = {2, 4};
        const double step = static_cast<double>(to_.size()) * *std::min_element(spacing_.begin(), spacing_.end());
        Square bound{};
        const auto add = [&](Index index) {
            const Cell& other = to_.cells()[at(index)];
            bound = std::min(bound, most(cell, other));
            candidates.push_back({least(cell.low, cell.high, other), &other});
        };
        bool is_complete = false;
        for (const Index reach : reaches) {
            candidates.clear();
            bound = std::numeric_limits<Square>::max();
            to_.for_each_around(cell.grid, reach, add);
            const double covered = static_cast<double>(reach) * step;
            is_complete = static_cast<double>(bound) < covered * covered;
            if (is_complete) break;
        }
        if (!is_complete) {
            candidates.clear();
            for (Index index = 0; index < ssize(to_.cells()); ++index) add(index);
        }
        std::erase_if(candidates, [&](const Candidate& candidate) { return candidate.least > bound; });
        std::sort(candidates.begin(), candidates.end(),
                  [](const Candidate& a, const Candidate& b) { return a.least < b.least; });
    }

    [[nodiscard]] Square nearest(const Place& place, const std::vector<Candidate>& candidates) const {
        const Square point[3] = {static_cast<Square>(place[0]), static_cast<Square>(place[1]),
                                 static_cast<Square>(place[2])};
        Square best = std::numeric_limits<Square>::max();
        for (const Candidate& candidate : candidates) {
            if (candidate.least >= best) break;
            const Cell& cell = *candidate.cell;
            if (least(place, place, cell) >= best) continue;
            const Index count = (cell.end - cell.begin + lanes - 1) / lanes * lanes;
            best = std::min(best, passes_.nearest(to_.coordinates(0) + cell.padded, to_.coordinates(1) + cell.padded,
                                                  to_.coordinates(2) + cell.padded, count, point, spacing_.data()));
        }
        return best;
    }

    const Grid<Square>& from_;
    const Grid<Square>& to_;
    const std::array<double, 3>& spacing_;
    const Passes<Square>& passes_;
};

template <class Square>
std::vector<double> search(const Points& from, const Points& to, const std::array<double, 3>& spacing, Index size,
                           int num_threads) {
    std::vector<double> distances(from.places.size());
    const Grid<Square> grid(from, size), other(to, size);
    Search<Square>(grid, other, spacing).run(from, num_threads, distances);
    return distances;
}

}  // namespace

std::vector<double> nearest_distances(const Points& from, const Points& to, const std::array<double, 3>& spacing,
                                      int num_threads) {
    Place high{};
    for (const Points* points : {&from, &to}) {
        for (const Place& place : points->places) {
            for (std::size_t axis = 0; axis < 3; ++axis) high[axis] = std::max(high[axis], place[axis]);
        }
    }
    const Index size = high[0] > 0 ? 8 : 16;
    const bool is_unit = spacing == std::array<double, 3>{1, 1, 1};
    const bool fits = std::hypot(high[0] + 1, high[1] + 1, high[2] + 1) < 46000;  // its square is a 32-bit number
    return is_unit && fits ? search<std::int32_t>(from, to, spacing, size, num_threads)
                           : search<double>(from, to, spacing, size, num_threads);
}

}  // namespace metrix::distances
