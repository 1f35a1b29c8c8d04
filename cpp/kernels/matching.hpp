// Greedy matching of detections to ground truths in one cell (one image and category), as COCO does it.
//
// For each threshold by itself: detections in their order (descending score); each takes the free ground truth of
// highest similarity >= threshold. Ground truths that are not ignored come first; an ignored one is taken only if none
// of the others will do. On equal similarity the later ground truth wins. A crowd is never used up.
//
//   similarity   D x G, row-major, D and G >= 0
//   thresholds   any number, any order; a threshold <= 0 matches whatever is free
//   NaN          a NaN similarity passes every threshold and is then displaced by any later ground truth, because the
//                reference asks "similarity < best"; so cells that hold one take the slow way, literally as written
//                there
//
// All thresholds go through together: one bit each in words of sixteen. A detection has few ground truths above the
// lowest threshold, so it visits these in descending order of similarity and takes at each the bits that are still
// free.
#pragma once

#include <algorithm>
#include <cstdint>
#include <limits>
#include <vector>

#include "support/view.hpp"

namespace metrix::matching {

using Bits = std::uint16_t;
constexpr Index thresholds_per_word = 16;

[[nodiscard]] constexpr Index word_count(Index threshold_count) {
    return (threshold_count + thresholds_per_word - 1) / thresholds_per_word;
}

// The bits of the thresholds in a word: all ones up to the last threshold.
[[nodiscard]] constexpr Bits bits_of_word(Index threshold_count, Index word) {
    const Index rest = threshold_count - word * thresholds_per_word;
    return static_cast<Bits>(rest >= thresholds_per_word ? 0xFFFF : (1U << rest) - 1);
}

// What may match in one cell at one word of thresholds. Kept over cells for its memory.
class Candidates {
  public:
    struct Candidate {
        double similarity;
        std::int32_t ground_truth;
        Bits passed;  // thresholds that the similarity reaches
    };
    struct Detection {
        std::int32_t index;
        std::int32_t begin;  // of its candidates
        std::int32_t end;
    };

    // At most sixteen thresholds. `nan_matches` says whether NaN passes (the reference) or never does.
    void collect(View2<const double> similarity, View1<const double> thresholds, bool nan_matches);

    [[nodiscard]] bool empty() const { return detections_.empty(); }
    [[nodiscard]] bool has_nan() const { return nan_count_ > 0; }
    [[nodiscard]] Index nan_count() const { return nan_count_; }
    [[nodiscard]] View1<const Detection> detections() const { return detections_; }
    [[nodiscard]] View1<const Candidate> of(const Detection& detection) const {
        return View1<const Candidate>(candidates_)
            .subspan(static_cast<std::size_t>(detection.begin),
                     static_cast<std::size_t>(detection.end - detection.begin));
    }

  private:
    std::vector<Detection> detections_;
    std::vector<Candidate> candidates_;  // of each detection in descending order of preference
    Index nan_count_ = 0;
};

// Calls on_match(detection, ground_truth, bits) for every detection and ground truth that match at the thresholds
// `bits`. `taken` is scratch of one word for each ground truth.
template <class OnMatch>
void match_candidates(const Candidates& candidates, View1<const std::uint8_t> ignored, View1<const std::uint8_t> crowd,
                      Bits all, View1<Bits> taken, OnMatch&& on_match) {
    std::fill(taken.begin(), taken.end(), Bits{0});
    for (const Candidates::Detection& detection : candidates.detections()) {
        Bits open = all;
        for (const bool turn : {false, true}) {
            for (const Candidates::Candidate& candidate : candidates.of(detection)) {
                const auto g = static_cast<std::size_t>(candidate.ground_truth);
                if ((ignored[g] != 0) != turn) continue;
                const Bits free = crowd[g] != 0 ? all : static_cast<Bits>(~taken[g]);
                const Bits match = open & candidate.passed & free;
                if (match == 0) continue;
                taken[g] |= match;
                open = static_cast<Bits>(open & ~match);
                on_match(detection.index, candidate.ground_truth, match);
            }
            if (open == 0) break;
        }
    }
}

// The same by the letter of the reference, for cells with NaN.
template <class OnMatch>
void match_literally(View2<const double> similarity, View1<const double> thresholds, View1<const std::uint8_t> ignored,
                     View1<const std::uint8_t> crowd, View1<Bits> taken, OnMatch&& on_match) {
    std::fill(taken.begin(), taken.end(), Bits{0});
    for (std::size_t t = 0; t < thresholds.size(); ++t) {
        const auto bit = static_cast<Bits>(1U << t);
        for (Index d = 0; d < similarity.rows; ++d) {
            double best = thresholds[t];
            Index match = -1;
            for (const bool turn : {false, true}) {
                for (Index g = 0; g < similarity.columns; ++g) {
                    const auto place = static_cast<std::size_t>(g);
                    if ((ignored[place] != 0) != turn) continue;
                    if ((taken[place] & bit) != 0 && crowd[place] == 0) continue;
                    if (similarity(d, g) < best) continue;
                    best = similarity(d, g);
                    match = g;
                }
                if (match >= 0) break;
            }
            if (match < 0) continue;
            taken[static_cast<std::size_t>(match)] |= bit;
            on_match(static_cast<std::int32_t>(d), static_cast<std::int32_t>(match), bit);
        }
    }
}

// detection_match (T, D) and ground_truth_match (T, G): index of the other side, or -1. A crowd names its last match.
void greedy_match(View2<const double> similarity, View1<const double> thresholds, View1<const std::uint8_t> crowd,
                  View1<const std::uint8_t> ignored, View2<std::int32_t> detection_match,
                  View2<std::int32_t> ground_truth_match);

}  // namespace metrix::matching
