// Non-maximum suppression, hard and soft.
//
// Form: one stable order of the scores; then each kept box looks only at those that it can overlap far enough (see
// neighbours.hpp), in ranges of contiguous columns, with a loop without branches that the compiler vectorises. Marking
// a box of higher rank by the way does no harm, as its turn is over.
#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <queue>
#include <type_traits>

#include "kernels/boxes.hpp"
#include "kernels/boxes/columns.hpp"
#include "kernels/boxes/neighbours.hpp"
#include "kernels/boxes/overlap.hpp"
#include "support/ordering.hpp"
#include "support/parallel.hpp"

namespace metrix::boxes {
namespace {

// Below this many boxes looking at all later ones is faster than building a grid.
constexpr Index few_boxes = 256;
constexpr Index boxes_between_polls = 256;

// A flag is as wide as a coordinate, so that the loop that sets it needs no packing.
template <class T>
using Flag = std::conditional_t<sizeof(T) == 4, std::int32_t, std::int64_t>;

// The largest T that is not above the threshold: for any T value, value > threshold and value > result are the same.
template <class T>
T round_down(double threshold) {
    const T rounded = static_cast<T>(threshold);
    return static_cast<double>(rounded) > threshold ? std::nextafter(rounded, -std::numeric_limits<T>::infinity())
                                                    : rounded;
}

template <class T>
void mark(const Box<T>& box, typename Columns<T>::Pointers others, Index count, T threshold,
          Flag<T>* __restrict suppressed) {
    for (Index j = 0; j < count; ++j) suppressed[j] |= iou(box, others[j]) > threshold ? Flag<T>(1) : Flag<T>(0);
}

// Whole blocks, with lanes outside the range asked for: no comparison is wrong, and none is repeated to an effect.
template <class T>
void mark(const Box<T>& box, const BoxBlock<T>& others, T threshold, Flag<T>* __restrict suppressed) {
    for (Index lane = 0; lane < others.lanes; ++lane) {
        suppressed[lane] |= iou(box, others[lane]) > threshold ? Flag<T>(1) : Flag<T>(0);
    }
}

template <class T, class Keep>
void suppress_few(View2<const T> boxes, View1<const Index> order, T threshold, const Keep& keep) {
    const Index count = ssize(order);
    Columns<T> columns(count);
    for (Index rank = 0; rank < count; ++rank) columns.set(rank, from_row(boxes.row(order[rank]), Format::xyxy));
    std::vector<Flag<T>> suppressed(static_cast<std::size_t>(count));
    for (Index rank = 0; rank < count; ++rank) {
        if (suppressed[rank] != 0) continue;
        keep(rank);
        const Index next = rank + 1;
        mark<T>(columns[rank], columns.from(next), count - next, threshold, suppressed.data() + next);
    }
}

// Calls keep(rank) for each rank that survives; the box of a rank is boxes.row(order[rank]).
template <class T, class Keep>
void suppress(View2<const T> boxes, View1<const Index> order, T threshold, const Keep& keep) {
    if (ssize(order) <= few_boxes) return suppress_few(boxes, order, threshold, keep);
    const NeighbourGrid<T> grid(boxes, order, threshold);
    constexpr Index lanes = grid.lanes;
    std::vector<Flag<T>> suppressed(grid.blocks().size() * lanes);
    for (Index rank = 0; rank < ssize(order); ++rank) {
        if (rank % boxes_between_polls == 0) poll_interrupt();
        const Index position = grid.position(rank);
        if (position == grid.nowhere) {
            keep(rank);
        } else if (suppressed[position] == 0) {
            keep(rank);
            const auto box = grid.box(position);
            grid.visit_neighbours(box, [&](Index begin, Index end) {
                for (Index block = begin / lanes; block * lanes < end; ++block) {
                    mark(box, grid.blocks()[block], threshold, suppressed.data() + block * lanes);
                }
            });
        }
    }
}

// Ranks sorted by group, each group in order of rank: group k holds ranks[starts[k]] .. ranks[starts[k + 1] - 1].
struct Groups {
    std::vector<Index> ranks;
    std::vector<Index> starts;
};

Groups group_ranks(View1<const Index> order, View1<const std::int64_t> idxs) {
    std::vector<std::int64_t> values(idxs.begin(), idxs.end());
    std::sort(values.begin(), values.end());
    values.erase(std::unique(values.begin(), values.end()), values.end());
    Groups groups;
    std::vector<Index> group(order.size());
    groups.starts.assign(values.size() + 1, 0);
    for (Index rank = 0; rank < ssize(order); ++rank) {
        group[rank] = std::lower_bound(values.begin(), values.end(), idxs[order[rank]]) - values.begin();
        ++groups.starts[group[rank] + 1];
    }
    for (Index k = 0; k < ssize(values); ++k) groups.starts[k + 1] += groups.starts[k];
    std::vector<Index> next(groups.starts.begin(), groups.starts.end() - 1);
    groups.ranks.resize(order.size());
    for (Index rank = 0; rank < ssize(order); ++rank) groups.ranks[next[group[rank]]++] = rank;
    return groups;
}

}  // namespace

template <class T>
std::vector<std::int64_t> nms(View2<const T> boxes, View1<const T> scores, double iou_threshold) {
    const auto order = descending_order(scores);
    std::vector<std::int64_t> kept;
    suppress<T>(boxes, order, round_down<T>(iou_threshold), [&](Index rank) { kept.push_back(order[rank]); });
    return kept;
}

template <class T>
std::vector<std::int64_t> batched_nms(View2<const T> boxes, View1<const T> scores, View1<const std::int64_t> idxs,
                                      double iou_threshold, int num_threads) {
    const auto order = descending_order(scores);
    const auto groups = group_ranks(order, idxs);
    const T threshold = round_down<T>(iou_threshold);
    std::vector<std::uint8_t> is_kept(order.size());
    const Index group_count = ssize(groups.starts) - 1;
    parallel_for(group_count, num_threads, [&](Index group, int) {
        const Index first = groups.starts[group], count = groups.starts[group + 1] - first;
        std::vector<Index> members(static_cast<std::size_t>(count));
        for (Index m = 0; m < count; ++m) members[m] = order[groups.ranks[first + m]];
        suppress<T>(boxes, members, threshold, [&](Index m) { is_kept[groups.ranks[first + m]] = 1; });
    });
    std::vector<std::int64_t> kept;
    for (Index rank = 0; rank < ssize(order); ++rank) {
        if (is_kept[rank] != 0) kept.push_back(order[rank]);
    }
    return kept;
}

// Scores only fall, so a heap with stale entries will do: an entry whose score has changed goes back with the new one.
template <class T>
SoftNms<T> soft_nms(View2<const T> boxes, View1<const T> scores, Decay decay, double iou_threshold, double sigma,
                    double score_threshold) {
    struct Entry {
        T score;
        Index item;
        bool operator<(const Entry& other) const {
            return score < other.score || (score == other.score && item > other.item);
        }
    };
    // Without overlap the Gaussian weight is exactly 1: nothing is lost by visiting overlapping boxes only.
    const T threshold = decay == Decay::linear ? round_down<T>(iou_threshold) : T(0);
    std::vector<Index> items(scores.size());
    std::iota(items.begin(), items.end(), Index(0));
    const NeighbourGrid<T> grid(boxes, items, threshold);

    std::vector<T> current(scores.begin(), scores.end());
    std::vector<std::uint8_t> is_selected(scores.size());
    std::vector<Entry> entries;
    for (const Index item : items) entries.push_back({scores[item], item});
    std::priority_queue<Entry> queue({}, std::move(entries));
    SoftNms<T> result;
    while (!queue.empty()) {
        const Entry top = queue.top();
        queue.pop();
        if (static_cast<double>(current[top.item]) < score_threshold) continue;
        if (current[top.item] != top.score) {
            queue.push({current[top.item], top.item});
            continue;
        }
        if (ssize(result.indices) % boxes_between_polls == 0) poll_interrupt();
        is_selected[top.item] = 1;
        result.indices.push_back(top.item);
        result.scores.push_back(top.score);
        const Index position = grid.position(top.item);
        if (position == grid.nowhere) continue;
        const auto box = grid.box(position);
        grid.visit_neighbours(box, [&](Index begin, Index end) {
            for (Index j = begin; j < end; ++j) {
                const Index other = grid.item(j);
                const T overlap = iou(box, grid.box(j));
                if (!(overlap > threshold) || is_selected[other] != 0) continue;
                if (decay == Decay::linear) {
                    current[other] *= 1 - overlap;
                } else {
                    const auto exact = static_cast<double>(overlap);
                    current[other] *= static_cast<T>(std::exp(-(exact * exact) / sigma));
                }
            }
        });
    }
    return result;
}

#define METRIX_INSTANTIATE(T)                                                                                         \
    template std::vector<std::int64_t> nms(View2<const T>, View1<const T>, double);                                   \
    template std::vector<std::int64_t> batched_nms(View2<const T>, View1<const T>, View1<const std::int64_t>, double, \
                                                   int);                                                              \
    template SoftNms<T> soft_nms(View2<const T>, View1<const T>, Decay, double, double, double);
METRIX_INSTANTIATE(float)
METRIX_INSTANTIATE(double)
#undef METRIX_INSTANTIATE

}  // namespace metrix::boxes
