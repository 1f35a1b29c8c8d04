// From columns of detections and ground truths to the outcome of each detection.
//
//   1. partition  both sides by category and image, by counting; only cells that exist are ever stored
//   2. rank       detections of a cell by descending score (equal ones in the order they came), cut at max_detections
//   3. order      detections of a category by descending score; equal ones by image, then by rank. This is the order of
//                 the outcomes, in which every curve is one pass
//   4. match      the cells that hold both sides, at every breakdown (area range); a similarity fills their small
//                 D x G blocks
//
// The outcome of a detection, one bit for each threshold: matched (to a ground truth whose match counts), and ignored
// (matched to an ignored ground truth, or matched to none and itself outside of the breakdown or excused).
//
// Semantics are those of pycocotools' COCOeval.evaluateImg; what the reference does with ground truth ids of 0 and with
// NaN is asked for by the fields of Problem.
#pragma once

#include <cstdint>
#include <vector>

#include "kernels/matching.hpp"
#include "support/buffer.hpp"
#include "support/view.hpp"

namespace metrix::detection {

using matching::Bits;

// How alike the detections and ground truths of one cell are. Rows are rows of the columns of either side.
class Similarity {
  public:
    Similarity() = default;
    Similarity(const Similarity&) = delete;
    Similarity& operator=(const Similarity&) = delete;
    virtual ~Similarity() = default;

    // block is D x G. Values below every threshold need not be exact; `thread` says whose scratch to use.
    virtual void fill(View1<const std::int32_t> detections, View1<const std::int32_t> ground_truths,
                      View2<double> block, int thread) const = 0;
    // Called once before fill: scratch for so many threads, and the lowest threshold.
    virtual void prepare(int num_threads, double floor) = 0;

    // Says that these rows will be asked for soon.
    virtual void expect(View1<const std::int32_t> /*detections*/, View1<const std::int32_t> /*ground_truths*/) const {}

    // Pairs that this thread met and that cannot be compared (masks of different size), since `prepare`.
    [[nodiscard]] virtual std::int64_t mismatches(int /*thread*/) const { return 0; }
};

struct Problem {
    Index image_count = 0;
    Index category_count = 0;

    // Rows with a negative image or category take no part.
    View1<const std::int32_t> ground_truth_image;
    View1<const std::int32_t> ground_truth_category;
    View1<const double> ground_truth_area;
    View1<const std::uint8_t> ground_truth_crowd;
    View1<const std::uint8_t> ground_truth_ignored;        // at every breakdown, whatever the area
    View1<const std::uint8_t> ground_truth_without_match;  // takes a detection that then counts as unmatched (id 0)

    View1<const std::int32_t> detection_image;
    View1<const std::int32_t> detection_category;
    View1<const double> detection_score;
    View1<const double> detection_area;
    View1<const std::uint8_t> detection_excused;  // ignored where it matches nothing; empty: none is

    // The order in which a cell lists its rows, where it is not that of the columns; empty otherwise. A row may come
    // twice, or not at all.
    View1<const std::int32_t> ground_truth_order;
    View1<const std::int32_t> detection_order;

    View1<const double> thresholds;
    View2<const double> area_ranges;  // A x 2, both ends inside
    std::int64_t max_detections = 0;  // of an image and category
    bool nan_matches = true;
    bool only_highest = false;  // the matching rule of kernels/matching/highest.hpp

    // False leaves the detections of a category by image and rank: all that merging needs (detection/merge.hpp).
    bool by_score = true;
    // Whether to look at each detection beside the thresholds as well; costs about as much again as the matching.
    bool diagnostics = false;
};

struct Outcomes {
    std::vector<std::int64_t> category_offset;  // K + 1
    Buffer<double> score;                       // N, by category and descending score
    Buffer<std::int32_t> image;                 // N
    Buffer<std::int32_t> rank;                  // N: in its cell
    Buffer<std::int32_t> row;                   // N: of the detection columns
    Buffer<Bits> bits;                          // [N][A][words][matched, ignored]
    std::vector<std::int64_t> positives;        // [K][A]: ground truths that are not ignored
    std::vector<std::int32_t> image_positives;  // [I][A]: the same by image

    // With diagnostics only; see detection/diagnostics.hpp for the overlaps.
    Buffer<std::int32_t> ground_truth;  // N: the row matched at the lowest threshold and first breakdown, or -1
    Buffer<float> best_overlap;         // N
    Buffer<float> best_other_overlap;   // N

    std::vector<std::int64_t> nan_pairs;   // [I]: NaN similarities met
    std::vector<std::int64_t> mismatches;  // [I]: see Similarity
    std::vector<std::int64_t> nan_scores;  // [I]
};

Outcomes evaluate(const Problem& problem, Similarity& similarity, int num_threads);

}  // namespace metrix::detection
