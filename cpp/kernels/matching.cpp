#include "kernels/matching.hpp"

#include <cmath>

namespace metrix::matching {
namespace {

// Descending similarity, the later one first among equals. Nearly always few enough for insertion.
void sort_by_preference(View1<Candidates::Candidate> candidates) {
    const auto comes_first = [](const Candidates::Candidate& a, const Candidates::Candidate& b) {
        return a.similarity > b.similarity || (a.similarity == b.similarity && a.ground_truth > b.ground_truth);
    };
    if (candidates.size() > 32) {
        std::sort(candidates.begin(), candidates.end(), comes_first);
        return;
    }
    for (std::size_t i = 1; i < candidates.size(); ++i) {
        const Candidates::Candidate candidate = candidates[i];
        std::size_t place = i;
        for (; place > 0 && comes_first(candidate, candidates[place - 1]); --place) {
            candidates[place] = candidates[place - 1];
        }
        candidates[place] = candidate;
    }
}

}  // namespace

void Candidates::collect(View2<const double> similarity, View1<const double> thresholds, bool nan_matches) {
    detections_.clear();
    candidates_.clear();
    nan_count_ = 0;
    double floor = std::numeric_limits<double>::infinity();
    for (const double threshold : thresholds) floor = std::min(floor, threshold);

    for (Index d = 0; d < similarity.rows; ++d) {
        const double* const row = similarity.row(d);
        const auto begin = static_cast<std::int32_t>(candidates_.size());
        for (Index g = 0; g < similarity.columns; ++g) {
            if (row[g] < floor) continue;
            if (std::isnan(row[g])) {
                ++nan_count_;
                if (!nan_matches) continue;
            }
            Bits passed = 0;
            for (std::size_t t = 0; t < thresholds.size(); ++t) {
                passed = static_cast<Bits>(passed | static_cast<unsigned>(!(row[g] < thresholds[t])) << t);
            }
            candidates_.push_back({row[g], static_cast<std::int32_t>(g), passed});
        }
        const auto end = static_cast<std::int32_t>(candidates_.size());
        if (end == begin) continue;
        detections_.push_back({static_cast<std::int32_t>(d), begin, end});
        // Cells with NaN go another way, which looks at no order.
        if (nan_count_ == 0 || !nan_matches)
            sort_by_preference(View1<Candidate>(candidates_).subspan(static_cast<std::size_t>(begin)));
    }
}

void greedy_match(View2<const double> similarity, View1<const double> thresholds, View1<const std::uint8_t> crowd,
                  View1<const std::uint8_t> ignored, View2<std::int32_t> detection_match,
                  View2<std::int32_t> ground_truth_match) {
    std::fill_n(detection_match.data, detection_match.size(), -1);
    std::fill_n(ground_truth_match.data, ground_truth_match.size(), -1);
    Candidates candidates;
    std::vector<Bits> taken(static_cast<std::size_t>(similarity.columns));
    const Index count = ssize(thresholds);
    for (Index word = 0; word < word_count(count); ++word) {
        const Index first = word * thresholds_per_word;
        const auto some = thresholds.subspan(static_cast<std::size_t>(first),
                                             static_cast<std::size_t>(std::min(thresholds_per_word, count - first)));
        const auto on_match = [&](std::int32_t d, std::int32_t g, Bits bits) {
            for (Index t = 0; t < ssize(some); ++t) {
                if ((bits >> t & 1) == 0) continue;
                detection_match(first + t, d) = g;
                ground_truth_match(first + t, g) = d;
            }
        };
        candidates.collect(similarity, some, true);
        if (candidates.has_nan()) {
            match_literally(similarity, some, ignored, crowd, taken, on_match);
        } else {
            match_candidates(candidates, ignored, crowd, bits_of_word(count, word), taken, on_match);
        }
    }
}

}  // namespace metrix::matching
