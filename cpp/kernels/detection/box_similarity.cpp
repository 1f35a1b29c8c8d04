#include "kernels/detection/box_similarity.hpp"

#include <algorithm>

#include "kernels/boxes.hpp"
#include "support/prefetch.hpp"

namespace metrix::detection {
namespace {

// Boxes of a cell stand wherever the input has them; side by side they are read once and compared many times.
void gather(View2<const double> boxes, View1<const std::int32_t> rows, std::vector<double>& packed) {
    packed.resize(std::max(packed.size(), 4 * rows.size()));
    double* to = packed.data();
    for (const std::int32_t row : rows) {
        const double* const box = boxes.row(row);
        for (int side = 0; side < 4; ++side) *to++ = box[side];
    }
}

}  // namespace

void BoxSimilarity::prepare(int num_threads, double) {
    scratch_.resize(static_cast<std::size_t>(std::max(1, num_threads)));
}

void BoxSimilarity::expect(View1<const std::int32_t> detections, View1<const std::int32_t> ground_truths) const {
    for (const std::int32_t row : detections) prefetch(detections_.row(row));
    for (const std::int32_t row : ground_truths) prefetch(ground_truths_.row(row));
}

void BoxSimilarity::fill(View1<const std::int32_t> detections, View1<const std::int32_t> ground_truths,
                         View2<double> block, int thread) const {
    Scratch& scratch = scratch_[static_cast<std::size_t>(thread)];
    gather(detections_, detections, scratch.detections);
    gather(ground_truths_, ground_truths, scratch.ground_truths);
    if (holds_corner_pixels_) {
        boxes::pixel_iou_block(scratch.detections.data(), ssize(detections), scratch.ground_truths.data(),
                               ssize(ground_truths), block.data);
        return;
    }
    scratch.crowd.resize(std::max(scratch.crowd.size(), ground_truths.size()));
    for (std::size_t g = 0; g < ground_truths.size(); ++g) {
        scratch.crowd[g] = crowd_[static_cast<std::size_t>(ground_truths[g])];
    }
    boxes::box_iou_block(scratch.detections.data(), ssize(detections), scratch.ground_truths.data(),
                         ssize(ground_truths), scratch.crowd.data(), block.data);
}

}  // namespace metrix::detection
