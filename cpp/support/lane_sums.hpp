// Sixteen sums side by side, as loops over lanes leave them, and what rounding took from each: joined without rounding.
#pragma once

#include <algorithm>

#include "support/exact_sum.hpp"

namespace metrix {

struct LaneSums {
    static constexpr int lanes = 16;
    double sum[lanes];
    double lost[lanes];
};

inline Exact total(const LaneSums& of) {
    double sums[LaneSums::lanes];
    std::copy_n(of.sum, LaneSums::lanes, sums);
    double lost = 0;
    for (int width = LaneSums::lanes / 2; width > 0; width /= 2) {
        for (int lane = 0; lane < width; ++lane) {
            const Exact sum = exact_sum(sums[lane], sums[lane + width]);
            sums[lane] = sum.high;
            lost += sum.low;
        }
    }
    for (const double value : of.lost) lost += value;
    return sums[0] - sums[0] == 0 ? exact_sum(sums[0], lost) : Exact{sums[0], 0};
}

}  // namespace metrix
