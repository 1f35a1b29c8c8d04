#include "kernels/detection/mask_similarity.hpp"

#include <algorithm>

namespace metrix::detection {

void MaskSimilarity::prepare(int num_threads, double floor) {
    cells_.clear();
    cells_.resize(static_cast<std::size_t>(std::max(1, num_threads)));
    floor_ = floor;
}

void MaskSimilarity::fill(View1<const std::int32_t> detections, View1<const std::int32_t> ground_truths,
                          View2<double> block, int thread) const {
    ReadyCell& cell = cell_of(thread);
    cell.masks.clear();
    cell.detections.clear();
    cell.ground_truths.clear();
    cell.crowd.clear();
    for (const std::int32_t row : ground_truths) {
        cell.ground_truths.push_back(masks::make_ready(ground_truths_, row, cell.masks, "annotations"));
        cell.crowd.push_back(crowd_[static_cast<std::size_t>(row)]);
    }
    for (const std::int32_t row : detections) {
        cell.detections.push_back(masks::make_ready(detections_, row, cell.masks, "detections"));
    }
    masks::overlap(cell.detections, cell.ground_truths, cell.crowd, floor_, block, cell.masks);
    // Masks of different size have IoU -1 where their boxes meet: no match, but nothing to pass over in silence.
    for (const double value : block.flat()) cell.mismatches += value == -1;
}

std::int64_t MaskSimilarity::mismatches(int thread) const {
    return cells_[static_cast<std::size_t>(thread)].mismatches;
}

}  // namespace metrix::detection
