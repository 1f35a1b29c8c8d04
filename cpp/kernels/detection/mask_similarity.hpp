// Mask IoU of cells, with the crowd rule: pycocotools' numbers (kernels/masks.hpp: overlap). Masks stay packed until
// their cell is compared.
#pragma once

#include <vector>

#include "kernels/detection.hpp"
#include "kernels/masks.hpp"

namespace metrix::detection {

class MaskSimilarity : public Similarity {
  public:
    // The views must outlive this.
    MaskSimilarity(const masks::MaskColumn& detections, const masks::MaskColumn& ground_truths,
                   View1<const std::uint8_t> crowd)
        : detections_(detections), ground_truths_(ground_truths), crowd_(crowd) {}

    void prepare(int num_threads, double floor) override;
    void fill(View1<const std::int32_t> detections, View1<const std::int32_t> ground_truths, View2<double> block,
              int thread) const override;
    [[nodiscard]] std::int64_t mismatches(int thread) const override;

  protected:
    // What a thread works in: the masks of the cell that it compared last.
    struct ReadyCell {
        masks::Scratch masks;
        std::vector<masks::ReadyMask> detections;
        std::vector<masks::ReadyMask> ground_truths;
        std::vector<std::uint8_t> crowd;
        std::int64_t mismatches = 0;
    };

    [[nodiscard]] ReadyCell& cell_of(int thread) const { return cells_[static_cast<std::size_t>(thread)]; }
    [[nodiscard]] double floor() const { return floor_; }

  private:
    masks::MaskColumn detections_;
    masks::MaskColumn ground_truths_;
    View1<const std::uint8_t> crowd_;
    double floor_ = 0;
    mutable std::vector<ReadyCell> cells_;  // one for each thread
};

}  // namespace metrix::detection
