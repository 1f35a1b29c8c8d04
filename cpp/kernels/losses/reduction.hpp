// How terms become one number: weights and masks of samples, and sums that are rounded once.
#pragma once

#include <algorithm>

#include "kernels/losses/blocks.hpp"
#include "support/view.hpp"

namespace metrix::losses {

enum class Reduction { none, sum, mean };

// Of second derivatives that an optimiser divides by: as they are, at least 1e-16, their magnitude, or 1.
enum class Curvature { exact, clip, absolute, ones };

// One number for each `repeat` elements that follow each other; none if empty.
template <class V>
struct PerSample {
    View1<const V> values;
    Index repeat = 1;
};

// Numbers of the samples of elements first .. first + count - 1, one for each element; `room` holds as many.
template <class V>
const V* spread(const PerSample<V>& of, Index first, Index count, V* room) {
    if (of.repeat == 1) return of.values.data() + first;
    for (Index done = 0; done < count;) {
        const Index sample = (first + done) / of.repeat;
        const Index end = std::min(count, (sample + 1) * of.repeat - first);
        std::fill(room + done, room + end, of.values[static_cast<std::size_t>(sample)]);
        done = end;
    }
    return room;
}

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
