// How terms become one number: weights and masks of samples, and sums that are rounded once (totals.hpp).
#pragma once

#include <algorithm>

#include "kernels/losses/totals.hpp"
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

}  // namespace metrix::losses
