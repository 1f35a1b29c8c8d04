// Object keypoint similarity of cells: pycocotools' numbers (kernels/keypoints.hpp).
#pragma once

#include <vector>

#include "kernels/detection.hpp"
#include "kernels/keypoints.hpp"

namespace metrix::detection {

class KeypointSimilarity : public Similarity {
  public:
    // detections: N x (K * 2), x and y of each point; ground_truths: N x (K * 3) with visibility; boxes: N x 4. The
    // views and what the exponential refers to must outlive this.
    KeypointSimilarity(View2<const double> detections, View2<const double> ground_truths, View1<const double> areas,
                       View2<const double> boxes, View1<const double> variances, keypoints::Exponential exponential)
        : detections_(detections),
          ground_truths_(ground_truths),
          areas_(areas),
          boxes_(boxes),
          variances_(variances),
          exponential_(exponential) {}

    void prepare(int num_threads, double floor) override;
    void fill(View1<const std::int32_t> detections, View1<const std::int32_t> ground_truths, View2<double> block,
              int thread) const override;

  private:
    struct Scratch {
        std::vector<const double*> detections;
        std::vector<const double*> ground_truths;
        std::vector<double> areas;
        std::vector<double> boxes;
        keypoints::Scratch keypoints;
    };

    View2<const double> detections_;
    View2<const double> ground_truths_;
    View1<const double> areas_;
    View2<const double> boxes_;
    View1<const double> variances_;
    keypoints::Exponential exponential_;
    double floor_ = 0;
    mutable std::vector<Scratch> scratch_;  // one for each thread
};

// extents (N x 4): the least x, least y, greatest x and greatest y of the points of each pose, the ones at (0, 0)
// included; NaN where one of them is NaN. poses: N x (K * 2), K >= 1.
void pose_extents(View2<const double> poses, int num_threads, View2<double> extents);

// Similarity 0 of everything: what the reference finds for keypoints when categories are not used.
class NoSimilarity : public Similarity {
  public:
    void prepare(int, double) override {}
    void fill(View1<const std::int32_t>, View1<const std::int32_t>, View2<double> block, int) const override;
};

}  // namespace metrix::detection
