#include "kernels/detection/boundary_similarity.hpp"

#include <algorithm>

namespace metrix::detection {

void BoundarySimilarity::prepare(int num_threads, double floor) {
    MaskSimilarity::prepare(num_threads, floor);
    boundaries_.clear();
    boundaries_.resize(static_cast<std::size_t>(std::max(1, num_threads)));
}

void BoundarySimilarity::fill(View1<const std::int32_t> detections, View1<const std::int32_t> ground_truths,
                              View2<double> block, int thread) const {
    MaskSimilarity::fill(detections, ground_truths, block, thread);
    ReadyCell& cell = cell_of(thread);
    Boundaries& boundaries = boundaries_[static_cast<std::size_t>(thread)];
    boundaries.detections.assign(detections.size(), {});
    boundaries.ground_truths.assign(ground_truths.size(), {});
    for (std::size_t d = 0; d < detections.size(); ++d) {
        for (std::size_t g = 0; g < ground_truths.size(); ++g) {
            double& iou = block.row(static_cast<Index>(d))[g];
            if (cell.crowd[g] != 0 || !(iou > 0) || iou < floor()) continue;
            const masks::ReadyMask& detection = cell.detections[d];
            const masks::ReadyMask& ground_truth = cell.ground_truths[g];
            const std::uint32_t distance = distance_for(detection);
            const auto ready = [&](Boundary& boundary, const masks::ReadyMask& mask, const char* name) -> const auto& {
                if (!boundary.is_ready) boundary = {masks::make_boundary(mask, distance, cell.masks, name), true};
                return boundary.ready;
            };
            const auto& of_detection = ready(boundaries.detections[d], detection, "detections");
            const auto& of_ground_truth = ready(boundaries.ground_truths[g], ground_truth, "annotations");
            if (of_detection.is_whole_mask() && of_ground_truth.is_whole_mask()) continue;
            iou = std::min(
                iou, masks::boundary_iou(detection, of_detection, ground_truth, of_ground_truth, distance, cell.masks));
        }
    }
}

}  // namespace metrix::detection
