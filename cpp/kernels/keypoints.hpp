// Object keypoint similarity (OKS), as pycocotools 2.0.11 computes it in COCOeval.computeOks.
//
//   OKS(d, g) = mean over the keypoints of exp(-(dx^2 + dy^2) / v_k / (area_g + eps) / 2),   v_k = (2 sigma_k)^2
//
//   The mean is over the keypoints that are visible in g (visibility > 0), and dx, dy are differences of coordinates.
//   If none is visible, it is over all keypoints, and dx, dy are the distances to the box [x - w, x + 2 w] x [y - h, y
//   + 2 h], 0 inside it. eps is the distance from 1 to the next double.
//
// Contract: bit-identical with the reference under NumPy, NaN and infinity included, given NumPy's exponential. The
//   divisions are done one after the other, the exponentials added in NumPy's pairwise order, the sum divided by the
//   count. No keypoints at all: 0 / 0 = NaN. No detections or no ground truths: nothing is written.
//
// Form: the exponential is handed in, as NumPy's depends on its version and the machine. A call of it costs some tens
// of
//   nanoseconds, so exponents of many pairs are gathered first. Per ground truth, coordinates and variances of its
//   visible keypoints are packed once. Most pairs of a cell are far apart: a bound in three multiplications a keypoint
//   shows that they stay below `floor`, and no exponential is taken.
#pragma once

#include <cstdint>
#include <vector>

#include "support/parallel.hpp"
#include "support/view.hpp"

namespace metrix::keypoints {

// Replaces values by their exponentials.
using Exponential = FunctionRef<void(double* values, Index count)>;

// Detection d has keypoint k at points[d][k * stride] and points[d][k * stride + 1]; what lies between is not read.
struct Detections {
    const double* const* points;
    Index count;
    Index stride;  // 2 for (x, y), 3 for (x, y, visibility)
};

struct GroundTruths {
    const double* const* points;  // K rows of (x, y, visibility) each
    const double* areas;
    const double* boxes;  // (x, y, w, h) each; read only where no keypoint is visible, and may be null if there is none
    Index count;
};

// Memory that one thread uses again for cell after cell.
class Scratch {
  public:
    struct Pending {
        double* similarity;
        Index first, count;
    };
    std::vector<std::int64_t> offsets;  // of the visible keypoints of one ground truth, in a detection
    std::vector<double> coordinates;    // (x, y) of each of those
    std::vector<double> variances;
    std::vector<double> rates;    // 1 / (2 v (area + eps)), for the bound
    std::vector<double> squares;  // dx^2 + dy^2, of one pair
    std::vector<double> bounds;
    std::vector<double> exponents;  // of many pairs
    std::vector<Pending> pending;   // whose they are
};

// One cell: similarity[d * ground_truths.count + g]. variances has one (2 sigma)^2 for each keypoint.
//   A pair whose OKS is >= floor gets its exact value. One that stays below for certain may get any value below floor
//   (it gets 0). With floor <= 0 or a NaN that reaches the result: always the exact value.
void object_keypoint_similarity_block(const Detections& detections, const GroundTruths& ground_truths,
                                      View1<const double> variances, double floor, Exponential exponential,
                                      Scratch& scratch, double* similarity);

// The same for one large block, in rows on several threads.
void object_keypoint_similarity(const Detections& detections, const GroundTruths& ground_truths,
                                View1<const double> variances, double floor, Exponential exponential, int num_threads,
                                View2<double> similarity);

// Of each detection with the ground truth of the same index.
void paired_object_keypoint_similarity(const Detections& detections, const GroundTruths& ground_truths,
                                       View1<const double> variances, Exponential exponential, int num_threads,
                                       View1<double> similarity);

}  // namespace metrix::keypoints
