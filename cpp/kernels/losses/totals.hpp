// Sums that keep what rounding takes, of blocks and of chunks.
#pragma once

#include "kernels/losses/blocks.hpp"

namespace metrix::losses {

// A sum and what rounding took from it.
struct Total {
    double sum = 0;
    double lost = 0;

    void add(double value) {
        const double total = sum + value;
        const double part = total - sum;
        lost += (sum - (total - part)) + (value - part);
        sum = total;
    }
    void add(const Sum& other) {
        for (const double value : other.sum) add(value);
        for (const double value : other.lost) lost += value;
    }
    void add(const Total& other) {
        add(other.sum);
        lost += other.lost;
    }
    // Of infinite or absent numbers nothing was lost.
    [[nodiscard]] double value() const { return sum - sum == 0 ? sum + lost : sum; }
};

}  // namespace metrix::losses
