#include "kernels/detection/keypoint_similarity.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "support/parallel.hpp"

namespace metrix::detection {

void KeypointSimilarity::prepare(int num_threads, double floor) {
    scratch_.resize(static_cast<std::size_t>(std::max(1, num_threads)));
    floor_ = floor;
}

void KeypointSimilarity::fill(View1<const std::int32_t> detections, View1<const std::int32_t> ground_truths,
                              View2<double> block, int thread) const {
    Scratch& scratch = scratch_[static_cast<std::size_t>(thread)];
    scratch.detections.clear();
    scratch.ground_truths.clear();
    scratch.areas.clear();
    scratch.boxes.clear();
    for (const std::int32_t row : detections) scratch.detections.push_back(detections_.row(row));
    for (const std::int32_t row : ground_truths) {
        scratch.ground_truths.push_back(ground_truths_.row(row));
        scratch.areas.push_back(areas_[static_cast<std::size_t>(row)]);
        scratch.boxes.insert(scratch.boxes.end(), boxes_.row(row), boxes_.row(row) + 4);
    }
    const keypoints::Detections found{scratch.detections.data(), ssize(detections), 2};
    const keypoints::GroundTruths truth{scratch.ground_truths.data(), scratch.areas.data(), scratch.boxes.data(),
                                        ssize(ground_truths)};
    const auto fill_above = [&](double floor) {
        keypoints::object_keypoint_similarity_block(found, truth, variances_, floor, exponential_, scratch.keypoints,
                                                    block.data);
    };
    fill_above(floor_);
    // Behind a NaN the matching compares similarities below every threshold with each other: they must be exact too.
    const auto values = block.flat();
    if (std::any_of(values.begin(), values.end(), [](double value) { return std::isnan(value); })) fill_above(0);
}

void pose_extents(View2<const double> poses, int num_threads, View2<double> extents) {
    constexpr Index poses_at_once = 256;
    parallel_for((poses.rows + poses_at_once - 1) / poses_at_once, num_threads, [&](Index item, int) {
        const Index end = std::min(poses.rows, (item + 1) * poses_at_once);
        for (Index i = item * poses_at_once; i < end; ++i) {
            const double* const point = poses.row(i);
            double low[2] = {point[0], point[1]};
            double high[2] = {point[0], point[1]};
            for (Index k = 2; k < poses.columns; k += 2) {
                for (int axis = 0; axis < 2; ++axis) {
                    const double value = point[k + axis];
                    // A NaN replaces what is there, and nothing replaces a NaN.
                    low[axis] = value >= low[axis] ? low[axis] : (low[axis] != low[axis] ? low[axis] : value);
                    high[axis] = value <= high[axis] ? high[axis] : (high[axis] != high[axis] ? high[axis] : value);
                }
            }
            double* const extent = extents.row(i);
            extent[0] = low[0];
            extent[1] = low[1];
            extent[2] = high[0];
            extent[3] = high[1];
        }
    });
}

void NoSimilarity::fill(View1<const std::int32_t>, View1<const std::int32_t>, View2<double> block, int) const {
    // Below every threshold: the reference has no similarity to compare at all.
    std::fill_n(block.data, block.size(), -std::numeric_limits<double>::infinity());
}

}  // namespace metrix::detection
