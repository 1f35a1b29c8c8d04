// Which detections take part at all, before any is compared: benchmarks that limit the detections of an image or a
// category, and federated ones, whose images are annotated for some categories only.
#pragma once

#include <cstdint>

#include "support/view.hpp"

namespace metrix::detection {

// kept[i]: detection i is among the `limit` best-scored ones of its group (an image or a category); equal scores keep
// their order, NaN comes last. Detections of negative group are not kept.
void keep_best(View1<const std::int32_t> group, Index group_count, View1<const double> score, std::int64_t limit,
               int num_threads, View1<std::uint8_t> kept);

// Categories of each image: those of image i from offset[i] to offset[i + 1]. Negative ones name nothing.
struct CategoryLists {
    View1<const std::int64_t> offset;
    View1<const std::int32_t> category;
};

// What a federated data set says of each image. Rows with a negative image or category say nothing.
struct Federation {
    Index image_count = 0;
    Index category_count = 0;
    View1<const std::int32_t> ground_truth_image;
    View1<const std::int32_t> ground_truth_category;
    CategoryLists absent;          // categories that an image is known not to show
    CategoryLists not_exhaustive;  // categories of which it may show more than is annotated
};

// A detection is judged where its image shows its category or is known not to: judged[i]. Where its category is not
// exhaustively annotated it is excused from being wrong: excused[i].
//
// Time and memory are those of the rows and, for each thread, of the categories: no table of images by categories.
void judge_federated(const Federation& federation, View1<const std::int32_t> image, View1<const std::int32_t> category,
                     int num_threads, View1<std::uint8_t> judged, View1<std::uint8_t> excused);

}  // namespace metrix::detection
