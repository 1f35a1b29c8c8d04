// The matching rule of the VOC devkit: a detection looks at its most similar ground truth alone, free or not.
//
// For each threshold by itself: detections in their order (descending score); each looks at the ground truth of highest
// similarity, the first of equal ones. Below the threshold, or where an earlier detection has it, it matches nothing.
// Ignored ground truths are never used up.
//
//   similarity   D x G, row-major, D >= 0 and G >= 1
//   NaN          the highest, as NumPy's argmax finds it, and above no threshold: the detection matches nothing
#pragma once

#include <algorithm>
#include <cmath>

#include "kernels/matching.hpp"

namespace metrix::matching {

// Calls on_match(detection, ground_truth, bits) as match_candidates does. At most sixteen thresholds.
template <class OnMatch>
void match_highest(View2<const double> similarity, View1<const double> thresholds, View1<const std::uint8_t> ignored,
                   View1<Bits> taken, OnMatch&& on_match) {
    std::fill(taken.begin(), taken.end(), Bits{0});
    for (Index d = 0; d < similarity.rows; ++d) {
        const double* const row = similarity.row(d);
        const double* const end = row + similarity.columns;
        const double* const highest = std::max_element(row, end);
        const auto g = static_cast<std::size_t>(highest - row);
        Bits match = 0;
        for (std::size_t t = 0; t < thresholds.size(); ++t) {
            match = static_cast<Bits>(match | static_cast<unsigned>(*highest >= thresholds[t]) << t);
        }
        if (match == 0 || std::any_of(row, end, [](double value) { return std::isnan(value); })) continue;
        if (ignored[g] == 0) {
            match = static_cast<Bits>(match & ~taken[g]);
            taken[g] = static_cast<Bits>(taken[g] | match);
        }
        if (match != 0) on_match(static_cast<std::int32_t>(d), static_cast<std::int32_t>(g), match);
    }
}

}  // namespace metrix::matching
