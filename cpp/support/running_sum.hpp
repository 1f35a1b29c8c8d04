// Sums of lanes that keep what rounding takes from them: for files that are compiled once for each instruction set.
#pragma once

#include "support/lane_sums.hpp"
#include "support/lanes.hpp"

namespace metrix {
inline namespace METRIX_LEVEL {

class RunningSum {
  public:
    METRIX_INLINE RunningSum() : sum_(each_lane(0)), lost_(each_lane(0)) {}

    METRIX_INLINE void add(const Lanes& value) {
        const Lanes total = sum_ + value;
        const Lanes part = total - sum_;
        lost_ = lost_ + ((sum_ - (total - part)) + (value - part));
        sum_ = total;
    }

    // a b, with what rounding takes from the product (Dekker): for factors up to 1e300.
    METRIX_INLINE void add_product(const Lanes& a, const Lanes& b) {
        const Lanes product = a * b;
        const Lanes a_high = high_half(a), b_high = high_half(b);
        const Lanes a_low = a - a_high, b_low = b - b_high;
        add(product);
        lost_ = lost_ + (a_low * b_low - (((product - a_high * b_high) - a_low * b_high) - a_high * b_low));
    }

    METRIX_INLINE void to(LaneSums& result) const {
        store(sum_, result.sum);
        store(lost_, result.lost);
    }

  private:
    static METRIX_INLINE Lanes high_half(const Lanes& x) {
        const Lanes shifted = x * each_lane(134217729.0);  // 2^27 + 1
        return shifted - (shifted - x);
    }

    Lanes sum_;
    Lanes lost_;
};

}  // namespace METRIX_LEVEL
}  // namespace metrix
