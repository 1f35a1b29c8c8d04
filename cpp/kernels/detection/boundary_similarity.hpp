// Boundary IoU of cells: the lesser of the IoU of the masks and that of their boundaries, but for crowds, of which it
// is the former. So nobody asks for the boundary of a mask that meets no other at the lowest threshold; a boundary is
// worked out once, while its cell is compared.
#pragma once

#include "kernels/detection/mask_similarity.hpp"
#include "kernels/masks/boundary.hpp"

namespace metrix::detection {

class BoundarySimilarity : public MaskSimilarity {
  public:
    // A boundary is `distance` pixels wide, or (distance 0) the ratio times the diagonal of the canvas.
    BoundarySimilarity(const masks::MaskColumn& detections, const masks::MaskColumn& ground_truths,
                       View1<const std::uint8_t> crowd, double dilation_ratio, std::uint32_t distance)
        : MaskSimilarity(detections, ground_truths, crowd), dilation_ratio_(dilation_ratio), distance_(distance) {}

    void prepare(int num_threads, double floor) override;
    void fill(View1<const std::int32_t> detections, View1<const std::int32_t> ground_truths, View2<double> block,
              int thread) const override;

  private:
    struct Boundary {
        masks::ReadyBoundary ready;
        bool is_ready = false;
    };
    struct Boundaries {
        std::vector<Boundary> detections;
        std::vector<Boundary> ground_truths;
    };

    [[nodiscard]] std::uint32_t distance_for(const masks::ReadyMask& mask) const {
        return distance_ > 0 ? distance_ : masks::boundary_distance(mask.height, mask.width, dilation_ratio_);
    }

    double dilation_ratio_;
    std::uint32_t distance_;
    mutable std::vector<Boundaries> boundaries_;  // one for each thread
};

}  // namespace metrix::detection
