// Which boxes can overlap a given one by more than a given IoU: a small superset, found without looking at all of them.
//
// Why it is exact. Let iou(a, b) > t, in computed numbers. Then for the true widths and their common part c:
//     c > t' wa  and  c > t' wb,   hence   t' wa < wb < wa / t',   and the same for heights,
// where t' is t less a margin for the roundings of iou. As c <= x2a - x1b and c <= x2b - x1a:
//     x1a - (1 - t') wb  <  x1b  <  x2a - t' wa.
// So boxes are grouped by the powers of two of their width and height, and each group has a grid over (x1, y1). A query
// visits the groups of like size and, in each, the cells of a small rectangle. The cell of a coordinate is monotone in
// it, so no box inside the interval can lie outside the visited cells, whatever the rounding or the clamping at the
// rim. Boxes in a row of cells follow each other in memory: a query gives a few contiguous ranges, which a loop runs
// through.
//
// Boxes without a positive finite area overlap nothing (their IoU is 0 or NaN) and are left out. If an area is so small
// that its rounding is no longer relative, all boxes share one cell.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

#include "kernels/boxes/overlap.hpp"
#include "support/view.hpp"

namespace metrix::boxes {

template <class T>
struct BoxBlock {
    static constexpr Index lanes = 32 / sizeof(T);
    T x1[lanes], y1[lanes], x2[lanes], y2[lanes], area[lanes];

    [[nodiscard]] Box<T> operator[](Index lane) const { return {x1[lane], y1[lane], x2[lane], y2[lane], area[lane]}; }
    void set(Index lane, const Box<T>& box) {
        x1[lane] = box.x1, y1[lane] = box.y1, x2[lane] = box.x2, y2[lane] = box.y2, area[lane] = box.area;
    }
};

template <class T>
class NeighbourGrid {
  public:
    static constexpr Index nowhere = -1;
    static constexpr Index lanes = BoxBlock<T>::lanes;

    // Box number r is boxes.row(order[r]).
    NeighbourGrid(View2<const T> boxes, View1<const Index> order, T iou_threshold)
        : overlap_(iou_threshold < std::numeric_limits<T>::epsilon()
                       ? 0.0
                       : std::min(1.0, static_cast<double>(iou_threshold)) * (1 - margin)),
          position_(order.size(), nowhere) {
        std::vector<Member> members = members_of(boxes, order);
        if (areas_are_relative_) {
            sort_by_group(members);
        } else {
            overlap_ = 0;
            groups_.push_back(Group::of_all(ssize(members)));
        }
        std::vector<Index> cells(members.size());
        Index cell_count = 0;
        for (Group& group : groups_) {
            shape(group, members);
            group.first_cell = cell_count;
            cell_count += group.x.count * group.y.count;
            for (Index m = group.first; m < group.last; ++m) {
                cells[m] = group.first_cell + group.y.cell(members[m].box.y1) * group.x.count +
                           group.x.cell(members[m].box.x1);
            }
        }
        place(members, cells, cell_count);
    }

    // The boxes in grid order, where those that are near each other lie close. Lanes behind the last box hold zeros.
    [[nodiscard]] const std::vector<BoxBlock<T>>& blocks() const { return blocks_; }
    [[nodiscard]] Box<T> box(Index position) const { return blocks_[position / lanes][position % lanes]; }
    [[nodiscard]] Index size() const { return ssize(item_); }
    // Box number -> place in grid order, or nowhere for a box that overlaps nothing; and back.
    [[nodiscard]] Index position(Index item) const { return position_[item]; }
    [[nodiscard]] Index item(Index position) const { return item_[position]; }

    // Calls visit(begin, end) with ranges of positions that together hold all boxes whose IoU with `box` is above the
    // threshold (and others, and the box itself).
    template <class Visit>
    void visit_neighbours(const Box<T>& box, const Visit& visit) const {
        const double x1 = box.x1, y1 = box.y1, x2 = box.x2, y2 = box.y2;
        const double width = x2 - x1, height = y2 - y1;
        // Ranges are gathered before any is visited: then their loads from the table, which miss the cache, overlap.
        constexpr Index most_pending = 32;
        struct Range {
            Index begin, end;
        };
        Range ranges[most_pending];
        Index pending = 0;
        const auto flush = [&] {
            for (Index r = 0; r < pending; ++r) visit(ranges[r].begin, ranges[r].end);
            pending = 0;
        };
        for (const Group& group : groups_) {
            if (!group.x.may_match(width, overlap_) || !group.y.may_match(height, overlap_)) continue;
            const Index first_column = group.x.cell(x1 - (1 - overlap_) * group.x.most);
            const Index last_column = group.x.cell(x2 - overlap_ * width);
            const Index first_row = group.y.cell(y1 - (1 - overlap_) * group.y.most);
            const Index last_row = group.y.cell(y2 - overlap_ * height);
            const Index* starts = starts_.data() + group.first_cell + first_row * group.x.count;
            for (Index row = first_row; row <= last_row; ++row, starts += group.x.count) {
                const Range range{starts[first_column], starts[last_column + 1]};
                ranges[pending] = range;
                pending += range.begin < range.end ? 1 : 0;
                if (pending == most_pending) flush();
            }
        }
        flush();
    }

  private:
    // Far above the roundings of iou (8 epsilon) and of the bounds above, far below what would cost a visit.
    static constexpr double margin = 64.0 * static_cast<double>(std::numeric_limits<T>::epsilon());

    struct Member {
        Box<T> box;
        Index item;
        Index group;
    };

    // One direction of a group's grid.
    struct Axis {
        double least = std::numeric_limits<double>::infinity();  // sides of the members, rounded outwards
        double most = 0;
        double origin = 0;
        double cells_per_unit = 0;
        Index count = 1;

        void include(double side) {
            least = std::min(least, side * (1 - margin));
            most = std::max(most, side * (1 + margin));
        }
        [[nodiscard]] bool may_match(double side, double overlap) const {
            return most > overlap * side && overlap * least < side;
        }
        [[nodiscard]] Index cell(double coordinate) const {
            if (count == 1) return 0;
            const double at = (coordinate - origin) * cells_per_unit;
            const double last = static_cast<double>(count - 1);
            return at > 0 ? static_cast<Index>(at < last ? at : last) : 0;
        }
    };

    struct Group {
        Axis x, y;
        Index first = 0, last = 0;  // members
        Index first_cell = 0;

        static Group of_all(Index count) {
            Group group;
            group.last = count;
            group.x.least = group.y.least = 0;
            group.x.most = group.y.most = std::numeric_limits<double>::infinity();
            return group;
        }
    };

    std::vector<Member> members_of(View2<const T> boxes, View1<const Index> order) {
        const T least_area = std::sqrt(std::numeric_limits<T>::min());
        std::vector<Member> members;
        members.reserve(order.size());
        for (Index item = 0; item < ssize(order); ++item) {
            const auto box = from_row(boxes.row(order[item]), Format::xyxy);
            // A negative product of two negative sides has a positive area but still overlaps nothing.
            const bool overlaps = box.x2 > box.x1 && box.y2 > box.y1 && std::isfinite(box.area);
            if (!overlaps) continue;
            if (box.area < least_area) areas_are_relative_ = false;
            members.push_back({box, item, 0});
        }
        return members;
    }

    static int exponent(double side) { return static_cast<int>(std::bit_cast<std::uint64_t>(side) >> 52); }

    void sort_by_group(std::vector<Member>& members) {
        // Sides below the largest's power of two by this many powers share a group, so that groups stay few.
        constexpr int levels = 32;
        int widest = 0, highest = 0;
        for (const Member& member : members) {
            widest = std::max(widest, exponent(static_cast<double>(member.box.x2 - member.box.x1)));
            highest = std::max(highest, exponent(static_cast<double>(member.box.y2 - member.box.y1)));
        }
        std::array<Index, levels * levels> group_of{};  // 0: none yet
        std::vector<Index> counts;
        for (Member& member : members) {
            const auto width = static_cast<double>(member.box.x2 - member.box.x1);
            const auto height = static_cast<double>(member.box.y2 - member.box.y1);
            const int across = std::min(widest - exponent(width), levels - 1);
            const int down = std::min(highest - exponent(height), levels - 1);
            Index& slot = group_of[down * levels + across];
            if (slot == 0) {
                groups_.emplace_back();
                counts.push_back(0);
                slot = ssize(groups_);
            }
            member.group = slot - 1;
            ++counts[member.group];
            groups_[member.group].x.include(width);
            groups_[member.group].y.include(height);
        }
        Index next = 0;
        for (Index g = 0; g < ssize(groups_); ++g) {
            groups_[g].first = groups_[g].last = next;
            next += counts[g];
        }
        std::vector<Member> sorted(members.size());
        for (const Member& member : members) sorted[groups_[member.group].last++] = member;
        members.swap(sorted);
    }

    // Cells of about half a box, but no more of them than boxes; spanned over the middle nine tenths of the coordinates
    // of a sample, so that a few boxes far away do not make all cells coarse.
    void shape(Group& group, const std::vector<Member>& members) {
        constexpr Index most_samples = 200;
        const Index count = group.last - group.first;
        const Index stride = count / most_samples + 1;
        std::vector<double> xs, ys;
        for (Index m = group.first; m < group.last; m += stride) {
            xs.push_back(members[m].box.x1);
            ys.push_back(members[m].box.y1);
        }
        std::sort(xs.begin(), xs.end());
        std::sort(ys.begin(), ys.end());
        const std::size_t low = xs.size() / 20, high = xs.size() - 1 - low;
        const double wide = (xs[high] - xs[low]) / (group.x.most / 2);
        const double tall = (ys[high] - ys[low]) / (group.y.most / 2);
        const auto most_cells = static_cast<double>(count) + 1;
        const double excess = (wide + 1) * (tall + 1) / most_cells;
        const double coarser = std::sqrt(std::max(1.0, excess));
        set_axis(group.x, xs[low], xs[high], wide / coarser, most_cells);
        set_axis(group.y, ys[low], ys[high], tall / coarser, most_cells / static_cast<double>(group.x.count));
    }

    static void set_axis(Axis& axis, double low, double high, double cells, double most_cells) {
        if (!std::isfinite(high - low) || !std::isfinite(cells) || !(high > low) || !(cells >= 1)) return;
        const double count = std::max(1.0, std::min(std::floor(cells) + 1, std::floor(most_cells)));
        const double cells_per_unit = count / (high - low);
        if (!std::isfinite(cells_per_unit)) return;
        axis.count = static_cast<Index>(count);
        axis.origin = low;
        axis.cells_per_unit = cells_per_unit;
    }

    void place(const std::vector<Member>& members, const std::vector<Index>& cells, Index cell_count) {
        starts_.assign(static_cast<std::size_t>(cell_count + 1), 0);
        for (const Index cell : cells) ++starts_[cell + 1];
        for (Index cell = 0; cell < cell_count; ++cell) starts_[cell + 1] += starts_[cell];
        std::vector<Index> next(starts_.begin(), starts_.end() - 1);
        blocks_.assign((members.size() + lanes - 1) / lanes, BoxBlock<T>{});
        item_.resize(members.size());
        for (Index m = 0; m < ssize(members); ++m) {
            const Index at = next[cells[m]]++;
            blocks_[at / lanes].set(at % lanes, members[m].box);
            item_[at] = members[m].item;
            position_[members[m].item] = at;
        }
    }

    double overlap_;  // t'
    bool areas_are_relative_ = true;
    std::vector<Group> groups_;
    std::vector<Index> starts_;
    std::vector<BoxBlock<T>> blocks_;
    std::vector<Index> item_;
    std::vector<Index> position_;
};

}  // namespace metrix::boxes
