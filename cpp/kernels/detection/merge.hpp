// Outcomes of blocks of images that were matched at different times or in different processes, as if at once.
//
// No image is kept of two blocks, so a cell comes from one block whole, and the order of the blocks decides nothing:
// all that is left is the order of the outcomes, by category and descending score, equal scores by image and then by
// rank.
#pragma once

#include "kernels/detection.hpp"

namespace metrix::detection {

// What `evaluate` gave with by_score = false: within a category by image, within an image by rank.
struct Block {
    View1<const std::int64_t> category_offset;  // K + 1
    View1<const std::int32_t> category;         // K: the place in the whole, or -1 to leave it out
    View1<const std::int32_t> image_place;      // I: the place in the whole, or -1 to leave it out
    View1<const double> score;                  // N
    View1<const std::int32_t> image;            // N: of the block
    View1<const std::int32_t> row;              // N
    View2<const Bits> bits;                     // N x any

    // With diagnostics, or empty.
    View1<const std::int32_t> ground_truth;
    View1<const float> best_overlap;
    View1<const float> best_other_overlap;
};

// All columns of N of Outcomes; the rest stays empty, as it counts ground truths. `width` is the columns of `bits`.
Outcomes merge(View1<const Block> blocks, Index category_count, Index width, int num_threads);

}  // namespace metrix::detection
