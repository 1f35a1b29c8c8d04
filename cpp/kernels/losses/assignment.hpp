// Which ground truth each prediction of a detector is trained towards: what losses of detectors decide before they add
// up.
//
// All are of one image. Boxes are xyxy, in double whatever the precision of the predictions, as overlaps meet
// thresholds. An overlap 0 / 0 counts as 0. Results are indices of ground truths, or one of the negative numbers below.
#pragma once

#include <cstdint>

#include "support/view.hpp"

namespace metrix::losses {

enum Unassigned : std::int64_t { background = -1, ignored = -2 };

// Of each box the greatest IoU with any ground truth and that one's index, the lowest of equal ones; 0 and background
// where there is no overlap.
void best_overlaps(View2<const double> boxes, View2<const double> truths, int num_threads, View1<double> overlap,
                   View1<std::int64_t> index);

// Anchors as in Faster R-CNN: the truth of the greatest IoU if that is >= high, background if it is < low, else
// ignored. With `keeps_best`, an anchor that no other exceeds in its IoU with some truth is given to its own best truth
// anyway; a truth that overlaps no anchor has no best one.
void match_anchors(View2<const double> anchors, View2<const double> truths, double high, double low, bool keeps_best,
                   int num_threads, View1<std::int64_t> index);

// Points as in FCOS: of the truths that have the point strictly inside, and within radius * stride of their centre on
// both axes if radius > 0, and whose farthest side from it is within the point's range (both ends included), the
// smallest one, the first of equal ones. Else background. points: N x 2, strides: N or empty, ranges: N x 2.
void assign_points(View2<const double> points, View1<const double> strides, View2<const double> ranges,
                   View2<const double> truths, double radius, View1<std::int64_t> index);

// Masks seen through boxes, as targets of Mask R-CNN: target[r] is size x size bilinear averages of the mask of
// index[r] inside boxes[r], as RoIAlign takes them: a box is at least 1 x 1, each cell is the mean of ceil(side / size)
// samples a side, and a sample more than one pixel outside is 0. masks: M x (height * width).
void project_masks(View2<const std::uint8_t> masks, Index height, Index width, View2<const double> boxes,
                   View1<const std::int64_t> index, Index size, int num_threads, View2<double> targets);

}  // namespace metrix::losses
