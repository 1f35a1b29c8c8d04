#include "kernels/distances/surface.hpp"

#include <algorithm>
#include <cstring>
#include <limits>
#include <utility>

#include "support/parallel.hpp"

namespace metrix::distances {
namespace {

constexpr Index rows_per_item = 64;

// One row of a mask and those beside it, null outside of the array.
class Rows {
  public:
    Rows(const Mask& mask, int axes) : mask_(mask), axes_(axes), nothing_(static_cast<std::size_t>(mask.shape[2])) {}

    [[nodiscard]] const std::uint8_t* operator()(Index z, Index y) const {
        const bool is_inside = z >= 0 && z < mask_.shape[0] && y >= 0 && y < mask_.shape[1];
        return is_inside ? mask_.data + (z * mask_.shape[1] + y) * mask_.shape[2] : nothing_.data();
    }

    [[nodiscard]] Index width() const { return mask_.shape[2]; }

    // Elements with a neighbour outside of the mask.
    bool inner(Index z, Index y, std::uint8_t* marks) const {
        const std::uint8_t* const row = (*this)(z, y);
        const Index count = width();
        if (!any(row, count)) return false;
        const std::uint8_t* const up = (*this)(z, y - 1);
        const std::uint8_t* const down = (*this)(z, y + 1);
        const std::uint8_t* const front = axes_ == 3 ? (*this)(z - 1, y) : row;
        const std::uint8_t* const behind = axes_ == 3 ? (*this)(z + 1, y) : row;
        const auto is_mark = [&](Index x, std::uint8_t left, std::uint8_t right) {
            const bool is_covered =
                (left != 0) & (right != 0) & (up[x] != 0) & (down[x] != 0) & (front[x] != 0) & (behind[x] != 0);
            return static_cast<std::uint8_t>((row[x] != 0) & !is_covered);
        };
        for (Index x = 1; x + 1 < count; ++x) marks[x] = is_mark(x, row[x - 1], row[x + 1]);
        marks[0] = is_mark(0, 0, count > 1 ? row[1] : 0);
        if (count > 1) marks[count - 1] = is_mark(count - 1, row[count - 2], 0);
        return true;
    }

    // Elements unlike the next ones along a row, along a column or across.
    bool davis(Index z, Index y, std::uint8_t* marks) const {
        const Index last = width() - 1;
        const bool is_last = y + 1 == mask_.shape[1];
        const std::uint8_t* const row = (*this)(z, y);
        const std::uint8_t* const below = is_last ? row : (*this)(z, y + 1);
        for (Index x = 0; x < last; ++x) {
            const bool own = row[x] != 0;
            marks[x] = static_cast<std::uint8_t>((own != (row[x + 1] != 0)) | (own != (below[x] != 0)) |
                                                 (own != (below[x + 1] != 0)));
        }
        marks[last] = static_cast<std::uint8_t>((row[last] != 0) != (below[last] != 0));
        return true;
    }

    // Codes of corners: a bit for each of the elements around, the first one the highest; all and none become 0.
    bool surfels(Index z, Index y, std::uint8_t* marks) const {
        const std::uint8_t* around[4] = {nothing_.data(), nothing_.data(), (*this)(z, y - 1), (*this)(z, y)};
        if (axes_ == 3) {
            around[0] = (*this)(z - 1, y - 1);
            around[1] = (*this)(z - 1, y);
        }
        if (std::none_of(around, around + 4, [&](const auto* row) { return any(row, width()); })) return false;
        const std::uint8_t* const rows[4] = {around[0], around[1], around[2], around[3]};
        const Index count = width();
        const unsigned all = axes_ == 3 ? 255 : 15;
        // Left is before the first element at x = 0, and right beyond the last one at x = count.
        const auto code = [rows, all](Index left, Index right, unsigned has_left, unsigned has_right) {
            unsigned value = 0;
            for (const std::uint8_t* row : rows) {
                value =
                    value << 2 | (has_left & unsigned{row[left] != 0}) << 1 | (has_right & unsigned{row[right] != 0});
            }
            return static_cast<std::uint8_t>(value == all ? 0 : value);
        };
        marks[0] = code(0, 0, 0, 1);
        for (Index x = 1; x < count; ++x) marks[x] = code(x - 1, x, 1, 1);
        marks[count] = code(count - 1, count - 1, 1, 0);
        return true;
    }

  private:
    static bool any(const std::uint8_t* row, Index count) {
        constexpr Index step = 64;
        Index x = 0;
        for (; x + step <= count; x += step) {
            std::uint8_t seen = 0;
            for (Index k = 0; k < step; ++k) seen |= row[x + k];
            if (seen != 0) return true;
        }
        return std::any_of(row + x, row + count, [](std::uint8_t value) { return value != 0; });
    }

    const Mask& mask_;
    int axes_;
    std::vector<std::uint8_t> nothing_;
};

// Appends the places of what is marked.
void collect(const std::uint8_t* marks, Index count, Index z, Index y, bool with_codes, Points& points) {
    for (Index first = 0; first < count; first += 8) {
        const Index length = std::min<Index>(8, count - first);
        std::uint64_t word = 0;
        std::memcpy(&word, marks + first, static_cast<std::size_t>(length));
        if (word == 0) continue;
        for (Index x = first; x < first + length; ++x) {
            if (marks[x] == 0) continue;
            points.places.push_back(
                {static_cast<std::int32_t>(z), static_cast<std::int32_t>(y), static_cast<std::int32_t>(x)});
            if (with_codes) points.codes.push_back(marks[x]);
        }
    }
}

}  // namespace

Points surface_points(const Mask& mask, int axes, Surface surface, int num_threads) {
    if (mask.shape[0] * mask.shape[1] * mask.shape[2] == 0) return {};
    const Rows rows(mask, axes);
    const bool is_surfels = surface == Surface::surfels;
    const Index extra = is_surfels ? 1 : 0;
    const Index depth = mask.shape[0] + (axes == 3 ? extra : 0), height = mask.shape[1] + extra;
    const Index items = (depth * height + rows_per_item - 1) / rows_per_item;
    std::vector<Points> of_item(static_cast<std::size_t>(items));
    parallel_for(items, num_threads, [&](Index item, int) {
        std::vector<std::uint8_t> marks(static_cast<std::size_t>(mask.shape[2] + extra));
        const Index end = std::min(depth * height, (item + 1) * rows_per_item);
        for (Index row = item * rows_per_item; row < end; ++row) {
            const Index z = row / height, y = row % height;
            const bool is_marked = is_surfels                  ? rows.surfels(z, y, marks.data())
                                   : surface == Surface::davis ? rows.davis(z, y, marks.data())
                                                               : rows.inner(z, y, marks.data());
            if (is_marked) {
                collect(marks.data(), mask.shape[2] + extra, z, y, is_surfels, of_item[static_cast<std::size_t>(item)]);
            }
        }
    });
    Points points;
    for (const Points& part : of_item) {
        points.places.insert(points.places.end(), part.places.begin(), part.places.end());
        points.codes.insert(points.codes.end(), part.codes.begin(), part.codes.end());
    }
    return points;
}

SurfaceDistances surface_distances(const Mask& y_true, const Mask& y_pred, int axes, Surface surface, int num_threads) {
    SurfaceDistances result;
    // Several loops of a millisecond: too short to wait for threads that come late.
    with_team(num_threads, [&] {
        Points points[2] = {surface_points(y_true, axes, surface, num_threads),
                            surface_points(y_pred, axes, surface, num_threads)};
        for (int side = 0; side < 2; ++side) {
            const Points& other = points[1 - side];
            if (other.places.empty()) {
                result.distances[side].assign(points[side].places.size(), std::numeric_limits<double>::infinity());
            } else {
                result.distances[side] = nearest_distances(points[side], other, y_true.spacing, num_threads);
            }
        }
        for (int side = 0; side < 2; ++side) result.codes[side] = std::move(points[side].codes);
    });
    return result;
}

}  // namespace metrix::distances
