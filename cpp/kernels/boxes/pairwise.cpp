// Every overlap in its N x M form and in its row-by-row form: two drivers, and a measure that says what is done with
// two boxes. A measure is called as measure(a, i, b, j) for box i of the first set and box j of the second.
#include <algorithm>
#include <cmath>

#include "kernels/boxes.hpp"
#include "kernels/boxes/columns.hpp"
#include "kernels/boxes/overlap.hpp"
#include "support/parallel.hpp"

namespace metrix::boxes {
namespace {

// A tile of columns (5 x 4 KiB in double) and the piece of a row being written stay in a first cache of 32 KiB.
constexpr Index tile_columns = 512;
constexpr Index block_rows = 16;
// Fewer pairs than this are done before another thread has woken up.
constexpr Index pairs_per_thread = 1 << 16;

template <class T, class Measure>
void for_tile(const Box<T>& a, Index i, typename Columns<T>::Pointers b, Index first, Index count,
              const Measure& measure, T* __restrict row) {
    for (Index j = 0; j < count; ++j) row[j] = measure(a, i, b[j], first + j);
}

template <class T, class Measure>
void for_all_pairs(View2<const T> rows1, View2<const T> rows2, Format format, int num_threads, View2<T> result,
                   const Measure& measure) {
    const Columns<T> boxes1(rows1, format);
    const Columns<T> boxes2(rows2, format);
    const Index useful = std::min<Index>(num_threads, result.size() / pairs_per_thread + 1);
    const Index blocks = (boxes1.size() + block_rows - 1) / block_rows;
    parallel_for(blocks, static_cast<int>(useful), [&](Index block, int) {
        const Index end_row = std::min(boxes1.size(), (block + 1) * block_rows);
        for (Index first = 0; first < boxes2.size(); first += tile_columns) {
            const Index count = std::min(tile_columns, boxes2.size() - first);
            for (Index i = block * block_rows; i < end_row; ++i) {
                for_tile(boxes1[i], i, boxes2.from(first), first, count, measure, result.row(i) + first);
            }
        }
    });
}

template <class T, class Measure>
void for_all_rows(View2<const T> boxes1, View2<const T> boxes2, Format format, View1<T> result,
                  const Measure& measure) {
    for (Index i = 0; i < boxes1.rows; ++i) {
        result[i] = measure(from_row(boxes1.row(i), format), i, from_row(boxes2.row(i), format), i);
    }
}

template <class T>
bool may_have_nan_corners(View2<const T> boxes) {
    // The far corner is a sum, which is NaN for opposite infinities too.
    return std::any_of(boxes.data, boxes.data + boxes.size(), [](T value) { return !std::isfinite(value); });
}

// Calls run(measure) with the measure of box_iou for this format, with or without crowd flags.
template <class T, class Run>
void with_iou(View2<const T> boxes2, Format format, View1<const std::uint8_t> crowd, const Run& run) {
    // As wide as a coordinate, so that a flag is compared without unpacking.
    const std::vector<T> flags(crowd.begin(), crowd.end());
    const T* flag = flags.data();
    if (format != Format::xywh) {
        if (crowd.empty()) {
            run([](const Box<T>& a, Index, const Box<T>& b, Index) { return iou(a, b); });
        } else {
            run([flag](const Box<T>& a, Index, const Box<T>& b, Index j) { return crowd_iou(a, b, flag[j] != 0); });
        }
    } else if (!crowd.empty()) {
        run([flag](const Box<T>& a, Index, const Box<T>& b, Index j) { return coco_iou(a, b, flag[j] != 0); });
    } else if (may_have_nan_corners(boxes2)) {
        run([](const Box<T>& a, Index, const Box<T>& b, Index) { return coco_iou(a, b, false); });
    } else {
        run([](const Box<T>& a, Index, const Box<T>& b, Index) { return coco_iou<false>(a, b, false); });
    }
}

template <class T>
T generalized_measure(const Box<T>& a, Index, const Box<T>& b, Index) {
    return generalized_iou(a, b);
}

template <class T>
auto distance_measure(T eps) {
    return [eps](const Box<T>& a, Index, const Box<T>& b, Index) { return distance_iou(a, b, eps); };
}

template <class T>
std::vector<T> aspect_angles(View2<const T> boxes) {
    std::vector<T> angles(static_cast<std::size_t>(boxes.rows));
    for (Index i = 0; i < boxes.rows; ++i) angles[i] = aspect_angle(from_row(boxes.row(i), Format::xyxy));
    return angles;
}

template <class T>
auto complete_measure(const std::vector<T>& angles1, const std::vector<T>& angles2, T eps) {
    return [angle1 = angles1.data(), angle2 = angles2.data(), eps](const Box<T>& a, Index i, const Box<T>& b, Index j) {
        return complete_iou(a, b, angle1[i], angle2[j], eps);
    };
}

}  // namespace

template <class T>
void box_iou(View2<const T> boxes1, View2<const T> boxes2, Format format, View1<const std::uint8_t> crowd,
             int num_threads, View2<T> result) {
    with_iou<T>(boxes2, format, crowd,
                [&](const auto& measure) { for_all_pairs(boxes1, boxes2, format, num_threads, result, measure); });
}

template <class T>
void generalized_box_iou(View2<const T> boxes1, View2<const T> boxes2, int num_threads, View2<T> result) {
    for_all_pairs(boxes1, boxes2, Format::xyxy, num_threads, result,
                  [](const auto&... pair) { return generalized_measure<T>(pair...); });
}

template <class T>
void distance_box_iou(View2<const T> boxes1, View2<const T> boxes2, T eps, int num_threads, View2<T> result) {
    for_all_pairs(boxes1, boxes2, Format::xyxy, num_threads, result, distance_measure(eps));
}

template <class T>
void complete_box_iou(View2<const T> boxes1, View2<const T> boxes2, T eps, int num_threads, View2<T> result) {
    const auto angles1 = aspect_angles(boxes1);
    const auto angles2 = aspect_angles(boxes2);
    for_all_pairs(boxes1, boxes2, Format::xyxy, num_threads, result, complete_measure(angles1, angles2, eps));
}

template <class T>
void paired_box_iou(View2<const T> boxes1, View2<const T> boxes2, Format format, View1<const std::uint8_t> crowd,
                    View1<T> result) {
    with_iou<T>(boxes2, format, crowd,
                [&](const auto& measure) { for_all_rows(boxes1, boxes2, format, result, measure); });
}

template <class T>
void paired_generalized_box_iou(View2<const T> boxes1, View2<const T> boxes2, View1<T> result) {
    for_all_rows(boxes1, boxes2, Format::xyxy, result,
                 [](const auto&... pair) { return generalized_measure<T>(pair...); });
}

template <class T>
void paired_distance_box_iou(View2<const T> boxes1, View2<const T> boxes2, T eps, View1<T> result) {
    for_all_rows(boxes1, boxes2, Format::xyxy, result, distance_measure(eps));
}

template <class T>
void paired_complete_box_iou(View2<const T> boxes1, View2<const T> boxes2, T eps, View1<T> result) {
    const auto angles1 = aspect_angles(boxes1);
    const auto angles2 = aspect_angles(boxes2);
    for_all_rows(boxes1, boxes2, Format::xyxy, result, complete_measure(angles1, angles2, eps));
}

// One instantiation of all of them per precision.
#define METRIX_INSTANTIATE(T)                                                                                  \
    template void box_iou(View2<const T>, View2<const T>, Format, View1<const std::uint8_t>, int, View2<T>);   \
    template void generalized_box_iou(View2<const T>, View2<const T>, int, View2<T>);                          \
    template void distance_box_iou(View2<const T>, View2<const T>, T, int, View2<T>);                          \
    template void complete_box_iou(View2<const T>, View2<const T>, T, int, View2<T>);                          \
    template void paired_box_iou(View2<const T>, View2<const T>, Format, View1<const std::uint8_t>, View1<T>); \
    template void paired_generalized_box_iou(View2<const T>, View2<const T>, View1<T>);                        \
    template void paired_distance_box_iou(View2<const T>, View2<const T>, T, View1<T>);                        \
    template void paired_complete_box_iou(View2<const T>, View2<const T>, T, View1<T>);
METRIX_INSTANTIATE(float)
METRIX_INSTANTIATE(double)
#undef METRIX_INSTANTIATE

}  // namespace metrix::boxes
