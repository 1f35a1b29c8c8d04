#include "kernels/losses/assignment.hpp"

#include <algorithm>
#include <cmath>
#include <vector>

#include "kernels/boxes/overlap.hpp"
#include "support/parallel.hpp"

namespace metrix::losses {
namespace {

using Box = boxes::Box<double>;

std::vector<Box> boxes_of(View2<const double> rows) {
    std::vector<Box> result(static_cast<std::size_t>(rows.rows));
    for (Index i = 0; i < rows.rows; ++i) {
        result[static_cast<std::size_t>(i)] = boxes::from_row(rows.row(i), boxes::Format::xyxy);
    }
    return result;
}

}  // namespace

void best_overlaps(View2<const double> rows, View2<const double> truths, int num_threads, View1<double> overlap,
                   View1<std::int64_t> index) {
    const std::vector<Box> others = boxes_of(truths);
    constexpr Index chunk = Index{1} << 10;
    parallel_for((rows.rows + chunk - 1) / chunk, num_threads, [&](Index item, int) {
        const Index end = std::min(rows.rows, (item + 1) * chunk);
        for (Index i = item * chunk; i < end; ++i) {
            const Box box = boxes::from_row(rows.row(i), boxes::Format::xyxy);
            double greatest = 0;
            std::int64_t best = background;
            for (std::size_t j = 0; j < others.size(); ++j) {
                const double iou = boxes::iou(box, others[j]);
                if (iou > greatest) {  // NaN is not
                    greatest = iou;
                    best = static_cast<std::int64_t>(j);
                }
            }
            overlap[static_cast<std::size_t>(i)] = greatest;
            index[static_cast<std::size_t>(i)] = best;
        }
    });
}

void match_anchors(View2<const double> anchors, View2<const double> truths, double high, double low, bool keeps_best,
                   int num_threads, View1<std::int64_t> index) {
    std::vector<double> overlap(index.size());
    best_overlaps(anchors, truths, num_threads, overlap, index);
    const std::vector<Box> candidates = keeps_best ? boxes_of(anchors) : std::vector<Box>();
    std::vector<std::uint8_t> is_best(index.size(), 0);
    for (Index j = 0; keeps_best && j < truths.rows; ++j) {
        const Box truth = boxes::from_row(truths.row(j), boxes::Format::xyxy);
        double greatest = 0;
        for (const Box& anchor : candidates) greatest = std::max(greatest, boxes::iou(anchor, truth));
        for (std::size_t i = 0; greatest > 0 && i < candidates.size(); ++i) {
            if (boxes::iou(candidates[i], truth) == greatest) is_best[i] = 1;
        }
    }
    for (std::size_t i = 0; i < index.size(); ++i) {
        if (is_best[i] == 0 && overlap[i] < high) index[i] = overlap[i] < low ? background : ignored;
    }
}

void assign_points(View2<const double> points, View1<const double> strides, View2<const double> ranges,
                   View2<const double> truths, double radius, View1<std::int64_t> index) {
    const std::vector<Box> candidates = boxes_of(truths);
    for (Index i = 0; i < points.rows; ++i) {
        const double x = points(i, 0), y = points(i, 1);
        double smallest = std::numeric_limits<double>::infinity();
        std::int64_t best = background;
        for (std::size_t j = 0; j < candidates.size(); ++j) {
            const Box& box = candidates[j];
            const double left = x - box.x1, top = y - box.y1, right = box.x2 - x, bottom = box.y2 - y;
            if (!(std::min({left, top, right, bottom}) > 0)) continue;
            const double farthest = std::max({left, top, right, bottom});
            if (farthest < ranges(i, 0) || farthest > ranges(i, 1)) continue;
            if (radius > 0) {
                const double reach = radius * strides[static_cast<std::size_t>(i)];
                const double off_x = std::abs(x - (box.x1 + box.x2) / 2), off_y = std::abs(y - (box.y1 + box.y2) / 2);
                if (!(off_x < reach && off_y < reach)) continue;
            }
            if (box.area < smallest) {
                smallest = box.area;
                best = static_cast<std::int64_t>(j);
            }
        }
        index[static_cast<std::size_t>(i)] = best;
    }
}

namespace {

// Where a sample falls between two pixels of an axis: weights of both.
struct Between {
    Index low, high;
    double weight_low, weight_high;
};

// A pixel's value stands at its index, and the outermost ones reach half a step beyond; farther out is nothing.
Between between(double at, Index length) {
    if (!(at >= -1 && at <= static_cast<double>(length))) return {0, 0, 0, 0};
    at = std::max(at, 0.0);
    const Index low = std::min(static_cast<Index>(at), length - 1);
    const Index high = std::min(low + 1, length - 1);
    const double part = low == length - 1 ? 0 : at - static_cast<double>(low);
    return {low, high, 1 - part, part};
}

// Samples of all cells along one axis, `count` for each.
std::vector<Between> samples_of(double start, double extent, Index cells, Index count, Index length) {
    std::vector<Between> samples;
    samples.reserve(static_cast<std::size_t>(cells * count));
    const double cell = extent / static_cast<double>(cells);
    for (Index i = 0; i < cells; ++i) {
        for (Index j = 0; j < count; ++j) {
            const double inside = (static_cast<double>(j) + 0.5) * cell / static_cast<double>(count);
            samples.push_back(between(start + static_cast<double>(i) * cell + inside, length));
        }
    }
    return samples;
}

void project_mask(const std::uint8_t* mask, Index height, Index width, const double* box, Index size, double* target) {
    const double box_w = std::max(box[2] - box[0], 1.0), box_h = std::max(box[3] - box[1], 1.0);
    const auto per_side = [&](double side) { return static_cast<Index>(std::ceil(side / static_cast<double>(size))); };
    const Index count_x = per_side(box_w), count_y = per_side(box_h);
    const auto columns = samples_of(box[0], box_w, size, count_x, width);
    const auto rows = samples_of(box[1], box_h, size, count_y, height);
    const double samples = static_cast<double>(count_x * count_y);
    for (Index cell_y = 0; cell_y < size; ++cell_y) {
        for (Index cell_x = 0; cell_x < size; ++cell_x) {
            double sum = 0;
            for (Index y = cell_y * count_y; y < (cell_y + 1) * count_y; ++y) {
                const Between& row = rows[static_cast<std::size_t>(y)];
                const std::uint8_t* const low = mask + row.low * width;
                const std::uint8_t* const high = mask + row.high * width;
                for (Index x = cell_x * count_x; x < (cell_x + 1) * count_x; ++x) {
                    const Between& column = columns[static_cast<std::size_t>(x)];
                    sum +=
                        row.weight_low * (column.weight_low * low[column.low] + column.weight_high * low[column.high]) +
                        row.weight_high *
                            (column.weight_low * high[column.low] + column.weight_high * high[column.high]);
                }
            }
            target[cell_y * size + cell_x] = sum / samples;
        }
    }
}

}  // namespace

void project_masks(View2<const std::uint8_t> masks, Index height, Index width, View2<const double> boxes,
                   View1<const std::int64_t> index, Index size, int num_threads, View2<double> targets) {
    parallel_for(boxes.rows, num_threads, [&](Index i, int) {
        project_mask(masks.row(static_cast<Index>(index[static_cast<std::size_t>(i)])), height, width, boxes.row(i),
                     size, targets.row(i));
    });
}

}  // namespace metrix::losses
