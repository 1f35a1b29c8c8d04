#include "kernels/boxes.hpp"

#include <algorithm>

#include "kernels/boxes/overlap.hpp"

namespace metrix::boxes {
namespace {

template <class T>
struct Row {
    T a, b, c, d;
};

template <class T>
Row<T> to_xyxy(const T* row, Format format) {
    const T a = row[0], b = row[1], c = row[2], d = row[3];
    switch (format) {
        case Format::xywh:
            return {a, b, a + c, b + d};
        case Format::cxcywh:
            return {a - c / 2, b - d / 2, a + c / 2, b + d / 2};
        case Format::xyxy:
            break;
    }
    return {a, b, c, d};
}

template <class T>
Row<T> from_xyxy(const Row<T>& box, Format format) {
    const auto [a, b, c, d] = box;
    switch (format) {
        case Format::xywh:
            return {a, b, c - a, d - b};
        case Format::cxcywh:
            return {(a + c) / 2, (b + d) / 2, c - a, d - b};
        case Format::xyxy:
            break;
    }
    return box;
}

}  // namespace

template <class T>
void box_area(View2<const T> boxes, Format format, View1<T> area) {
    for (Index i = 0; i < boxes.rows; ++i) area[i] = area_of(boxes.row(i), format);
}

template <class T>
void box_convert(View2<const T> boxes, Format in_format, Format out_format, View2<T> converted) {
    if (in_format == out_format) {
        std::copy_n(boxes.data, boxes.size(), converted.data);
        return;
    }
    for (Index i = 0; i < boxes.rows; ++i) {
        const auto [a, b, c, d] = from_xyxy(to_xyxy(boxes.row(i), in_format), out_format);
        T* row = converted.row(i);
        row[0] = a, row[1] = b, row[2] = c, row[3] = d;
    }
}

template void box_area(View2<const float>, Format, View1<float>);
template void box_area(View2<const double>, Format, View1<double>);
template void box_convert(View2<const float>, Format, Format, View2<float>);
template void box_convert(View2<const double>, Format, Format, View2<double>);

namespace {

constexpr Index chunk = 64;

// Columns of a chunk of ground truths, on the stack.
struct Chunk {
    Index count;
    bool has_nan, has_crowd;
    double x1[chunk], y1[chunk], x2[chunk], y2[chunk], area[chunk];
    double is_crowd[chunk];  // as wide as the rest, so that it is compared without unpacking

    Chunk(const double* ground_truths, const std::uint8_t* crowd, Index size)
        : count(size), has_nan(false), has_crowd(false) {
        for (Index g = 0; g < count; ++g) {
            const auto box = from_row(ground_truths + 4 * g, Format::xywh);
            x1[g] = box.x1, y1[g] = box.y1, x2[g] = box.x2, y2[g] = box.y2, area[g] = box.area;
            is_crowd[g] = crowd[g];
            has_nan |= has_nan_corner(box);
            has_crowd |= crowd[g] != 0;
        }
    }

    template <bool may_be_nan, bool may_be_crowd>
    void fill(const double* detections, Index detection_count, double* similarity, Index stride) const {
        for (Index d = 0; d < detection_count; ++d) {
            const auto detection = from_row(detections + 4 * d, Format::xywh);
            double* __restrict row = similarity + d * stride;
            for (Index g = 0; g < count; ++g) {
                row[g] = coco_iou<may_be_nan>(detection, {x1[g], y1[g], x2[g], y2[g], area[g]},
                                              may_be_crowd && is_crowd[g] != 0);
            }
        }
    }
};

}  // namespace

// Few ground truths: column by column, straight from the rows, which starts at once. More of them: columns of a chunk,
// so that the loop runs along a row of the result. Both loops are vectorised.
void box_iou_block(const double* detections, Index detection_count, const double* ground_truths,
                   Index ground_truth_count, const std::uint8_t* crowd, double* similarity) {
    constexpr Index few = 4;
    if (ground_truth_count < few) {
        for (Index g = 0; g < ground_truth_count; ++g) {
            const auto ground_truth = from_row(ground_truths + 4 * g, Format::xywh);
            const bool is_crowd = crowd[g] != 0;
            double* column = similarity + g;
            for (Index d = 0; d < detection_count; ++d) {
                const auto detection = from_row(detections + 4 * d, Format::xywh);
                column[d * ground_truth_count] = coco_iou(detection, ground_truth, is_crowd);
            }
        }
        return;
    }
    for (Index first = 0; first < ground_truth_count; first += chunk) {
        const Chunk columns(ground_truths + 4 * first, crowd + first, std::min(chunk, ground_truth_count - first));
        const auto fill = columns.has_nan     ? &Chunk::fill<true, true>
                          : columns.has_crowd ? &Chunk::fill<false, true>
                                              : &Chunk::fill<false, false>;
        (columns.*fill)(detections, detection_count, similarity + first, ground_truth_count);
    }
}

void pixel_iou_block(const double* detections, Index detection_count, const double* ground_truths,
                     Index ground_truth_count, double* similarity) {
    for (Index g = 0; g < ground_truth_count; ++g) {
        const auto ground_truth = from_pixels(ground_truths + 4 * g);
        for (Index d = 0; d < detection_count; ++d) {
            similarity[d * ground_truth_count + g] = pixel_iou(from_pixels(detections + 4 * d), ground_truth);
        }
    }
}

}  // namespace metrix::boxes
