// What each detection lies on, whatever the thresholds: for confusion matrices and kinds of errors, once the boxes are
// gone.
//
//   best_overlap         highest similarity to a ground truth of its own category, in its image
//   best_other_overlap   highest similarity to one of any other category
//
// Ground truths that are ignored at every breakdown (crowds, poses without a visible point) are left out, as are NaN. 0
// where nothing is left, and where every similarity is negative (masks of different size). Each image is one block of
// all its detections and ground truths.
#pragma once

#include "kernels/detection.hpp"

namespace metrix::detection {

// Adds both columns to `outcomes`, which `problem` and `similarity` gave.
void find_best_overlaps(const Problem& problem, Similarity& similarity, int num_threads, Outcomes& outcomes);

}  // namespace metrix::detection
