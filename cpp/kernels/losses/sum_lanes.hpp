// The eight lanes of a sum in registers: compilers take loops over eight lanes apart, and add one double at a time.
//
// For files that are compiled once for each instruction set, as support/lanes.hpp.
#pragma once

#include <cstring>

#include "kernels/losses/blocks.hpp"
#include "support/lanes.hpp"

namespace metrix::losses {
inline namespace METRIX_LEVEL {

class SumLanes {
  public:
    explicit METRIX_INLINE SumLanes(const Sum& from) {
        std::memcpy(sum_, from.sum, sizeof sum_);
        std::memcpy(lost_, from.lost, sizeof lost_);
    }
    METRIX_INLINE void store(Sum& to) const {
        std::memcpy(to.sum, sum_, sizeof sum_);
        std::memcpy(to.lost, lost_, sizeof lost_);
    }

    // Eight values, one for each lane; what rounding takes from sums is kept.
    METRIX_INLINE void add_exactly(const double* values) {
        for (int i = 0; i < count; ++i) {
            Register value;
            std::memcpy(&value, values + i * register_lanes, sizeof value);
            const Register total = sum_[i] + value;
            const Register part = total - sum_[i];
            lost_[i] = lost_[i] + ((sum_[i] - (total - part)) + (value - part));
            sum_[i] = total;
        }
    }
    METRIX_INLINE void add(const double* values) {
        for (int i = 0; i < count; ++i) {
            Register value;
            std::memcpy(&value, values + i * register_lanes, sizeof value);
            sum_[i] = sum_[i] + value;
        }
    }

  private:
    static constexpr int count = Sum::lanes / register_lanes;
    Register sum_[count];
    Register lost_[count];
};

}  // namespace METRIX_LEVEL
}  // namespace metrix::losses
