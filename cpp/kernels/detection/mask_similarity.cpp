#include "kernels/detection/mask_similarity.hpp"

#include <algorithm>

namespace metrix::detection {

void MaskSimilarity::prepare(int num_threads, double floor) {
    scratch_.clear();
    scratch_.resize(static_cast<std::size_t>(std::max(1, num_threads)));
    floor_ = floor;
}

void MaskSimilarity::fill(View1<const std::int32_t> detections, View1<const std::int32_t> ground_truths,
                          View2<double> block, int thread) const {
    Scratch& scratch = scratch_[static_cast<std::size_t>(thread)];
    scratch.masks.clear();
    scratch.detections.clear();
    scratch.ground_truths.clear();
    scratch.crowd.clear();
    for (const std::int32_t row : ground_truths) {
        scratch.ground_truths.push_back(masks::make_ready(ground_truths_, row, scratch.masks, "annotations"));
        scratch.crowd.push_back(crowd_[static_cast<std::size_t>(row)]);
    }
    for (const std::int32_t row : detections) {
        scratch.detections.push_back(masks::make_ready(detections_, row, scratch.masks, "detections"));
    }
    masks::overlap(scratch.detections, scratch.ground_truths, scratch.crowd, floor_, block, scratch.masks);
    // Masks of different size have IoU -1 where their boxes meet: no match, but nothing to pass over in silence.
    for (const double value : block.flat()) scratch.mismatches += value == -1;
}

std::int64_t MaskSimilarity::mismatches(int thread) const {
    return scratch_[static_cast<std::size_t>(thread)].mismatches;
}

}  // namespace metrix::detection
