// Precision and recall over the scores of one category at a time, from the outcome of each detection.
//
// Detections of a category stand in descending order of score. At a threshold a detection is a true positive (matched),
// a false positive (not matched), or ignored, which makes it neither although it keeps its place. With `positives`
// ground truths to be found,
//
//   recall = TP / positives        precision = TP / (FP + TP + epsilon)
//
// and the precision at a recall threshold is the highest one at that recall or beyond. A recall threshold that is not
// reached gets precision and score 0, and so do all thresholds behind it; without positives all values are -1.
//
// Precision can be highest, and a recall first reached, only where a true positive stands. So the kernel keeps the true
// positives alone (their rank and the number of detections counted so far) and passes over all others with one counter.
//
// The reference is pycocotools' COCOeval.accumulate with epsilon = 2^-52; operations and their order are the same, so
// every value has the same bits.
#pragma once

#include <cstdint>
#include <vector>

#include "kernels/matching.hpp"
#include "support/view.hpp"

namespace metrix::curves {

using matching::Bits;

// Outcomes of N detections at T thresholds and A breakdowns (area ranges), in words of sixteen thresholds.
struct Outcomes {
    View1<const std::int64_t> category_offset;  // K + 1 places: detections of a category, by descending score
    View1<const double> score;                  // N
    View1<const std::int32_t> rank;             // N: place by score within image and category, from 0
    View1<const Bits> bits;                     // [N][A][words][matched, ignored]
    View2<const std::int64_t> positives;        // K x A: ground truths that are not ignored
    Index threshold_count = 0;

    [[nodiscard]] Index category_count() const { return ssize(category_offset) - 1; }
    [[nodiscard]] Index begin(Index category) const { return category_offset[static_cast<std::size_t>(category)]; }
    [[nodiscard]] Index end(Index category) const { return category_offset[static_cast<std::size_t>(category) + 1]; }

    [[nodiscard]] Index breakdown_count() const { return positives.columns; }

    // The outcomes of one detection at one word of thresholds.
    class Word {
      public:
        Word(const Bits* first, Index stride) : first_(first), stride_(stride) {}
        [[nodiscard]] Bits matched(Index breakdown) const { return first_[breakdown * stride_]; }
        [[nodiscard]] Bits ignored(Index breakdown) const { return first_[breakdown * stride_ + 1]; }

      private:
        const Bits* first_;
        Index stride_;  // from one breakdown to the next
    };
    [[nodiscard]] Word at(Index place, Index word) const {
        const Index stride = 2 * matching::word_count(threshold_count);
        return {bits.data() + place * breakdown_count() * stride + 2 * word, stride};
    }
};

// precision and score_at (T, R, K, A, M): for each of the M `max_detections`, with so many detections of each image and
// category. score_at may be empty: then scores are not worked out.
void precision_at_recalls(const Outcomes& outcomes, View1<const std::int64_t> max_detections,
                          View1<const double> recall_thresholds, double epsilon, int num_threads,
                          View1<double> precision, View1<double> score_at);

// recall (T, K, A, M): the last recall of each curve, for each of the ascending `max_detections`.
void final_recall(const Outcomes& outcomes, View1<const std::int64_t> max_detections, int num_threads,
                  View1<double> recall);

// The whole curve of one category, threshold and breakdown at each detection that is not ignored: true positives and
// counted detections so far, and the score.
struct Curve {
    std::vector<std::int64_t> true_positives;
    std::vector<std::int64_t> counted;
    std::vector<double> score;
};
Curve precision_recall_curve(const Outcomes& outcomes, Index category, Index threshold, Index breakdown,
                             std::int64_t max_detections);

}  // namespace metrix::curves
