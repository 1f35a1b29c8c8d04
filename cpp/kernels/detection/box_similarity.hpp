// Box IoU of cells: pycocotools' arithmetic with the crowd rule (kernels/boxes.hpp: box_iou_block), or that of the VOC
// devkit, whose boxes hold the pixels of their corners and which has no crowds (pixel_iou_block).
#pragma once

#include <vector>

#include "kernels/detection.hpp"

namespace metrix::detection {

class BoxSimilarity : public Similarity {
  public:
    // Boxes are x, y, width, height; the views must outlive this.
    BoxSimilarity(View2<const double> detections, View2<const double> ground_truths, View1<const std::uint8_t> crowd,
                  bool holds_corner_pixels = false)
        : detections_(detections),
          ground_truths_(ground_truths),
          crowd_(crowd),
          holds_corner_pixels_(holds_corner_pixels) {}

    void prepare(int num_threads, double floor) override;
    void expect(View1<const std::int32_t> detections, View1<const std::int32_t> ground_truths) const override;
    void fill(View1<const std::int32_t> detections, View1<const std::int32_t> ground_truths, View2<double> block,
              int thread) const override;

  private:
    struct Scratch {
        std::vector<double> detections;
        std::vector<double> ground_truths;
        std::vector<std::uint8_t> crowd;
    };

    View2<const double> detections_;
    View2<const double> ground_truths_;
    View1<const std::uint8_t> crowd_;
    bool holds_corner_pixels_;
    mutable std::vector<Scratch> scratch_;  // one for each thread
};

}  // namespace metrix::detection
