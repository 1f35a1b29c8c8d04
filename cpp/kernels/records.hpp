// Readers of COCO's JSON files: a single pass over the bytes, straight into columns.
//
//   detections     [{"image_id", "category_id", "score", "bbox" | "segmentation" | "keypoints"}, ...]
//   ground truth   {"images": [{"id", "height", "width", "neg_category_ids", "not_exhaustive_category_ids"}],
//                  "annotations": [{"id", "image_id", "category_id", "bbox", "area", "iscrowd", "ignore",
//                  "segmentation", "keypoints", "num_keypoints"}], "categories": [{"id", "name", "frequency"}]}
//
// Keys may come in any order and others are skipped. Numbers become the very doubles of Python's json (integers beyond
// the largest double are refused, as Python refuses to convert them). Memory is the columns and a window of a few
// blocks. Bad text is a ValueError that names the record, the field and the byte. The result does not depend on
// num_threads.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "kernels/records/columns.hpp"
#include "kernels/records/id_lists.hpp"
#include "kernels/records/input.hpp"

namespace metrix::records {

struct ReadOptions {
    bool bbox = true;
    bool segmentation = true;
    bool keypoints = true;
    bool federated = true;  // which categories an image was searched for, and how frequent categories are (LVIS)
    int num_threads = 1;
    std::uint64_t size_hint = 0;  // bytes of text if known; only memory is reserved by it
};

struct DetectionColumns {
    IdColumn image_id;
    IdColumn category_id;
    std::vector<double> score;
    std::vector<double> bbox;  // x, y, width, height
    MaskBuilder masks;
    std::vector<double> keypoints;  // x, y of each; the third number is not kept, as no protocol reads it
    Index keypoint_count = -1;      // of each record; -1: no record had any
    std::vector<std::uint16_t> presence;
};

struct GroundTruthColumns {
    IdColumn image_ids;
    std::vector<std::int64_t> image_heights;  // -1 where the image has none
    std::vector<std::int64_t> image_widths;
    IdColumn category_ids;
    std::vector<std::string> category_names;
    IdLists negative_categories;
    IdLists not_exhaustive_categories;
    std::vector<std::string> category_frequencies;  // empty where a category has none

    std::vector<std::int64_t> id;
    IdColumn image_id;
    IdColumn category_id;
    std::vector<double> bbox;
    std::vector<double> area;
    std::vector<std::uint8_t> iscrowd;
    std::vector<std::uint8_t> ignore;
    MaskBuilder masks;
    std::vector<double> keypoints;  // x, y, visibility of each
    Index keypoint_count = -1;
    std::vector<std::int64_t> num_keypoints;
    std::vector<std::uint16_t> presence;
};

DetectionColumns read_detections(ReadFunction read, const ReadOptions& options);

GroundTruthColumns read_ground_truth(ReadFunction read, const ReadOptions& options);

// position[i] = place of ids[i] in the ascending list of distinct ids `known`, or -1.
void index_of(View1<const std::int64_t> ids, View1<const std::int64_t> known, View1<std::int32_t> position);

// The same for a list in any order, which is short: the images of a batch.
void index_of_any_order(View1<const std::int64_t> ids, View1<const std::int64_t> known, View1<std::int32_t> position);

// row[i] = last row whose id equals id i. Returns whether any differs from i, which is when ids repeat.
bool last_row_of_id(View1<const std::int64_t> ids, View1<std::int64_t> row);

}  // namespace metrix::records
