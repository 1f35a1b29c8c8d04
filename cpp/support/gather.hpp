// Where not all elements count: those that do, one after another.
#pragma once

#include <cstdint>
#include <cstring>

#include "support/vector_math.hpp"
#include "support/view.hpp"

namespace metrix {

// take(i, to) for what is kept of count elements, `to` counting on from what is given; returns where it ends. kept
// holds 0 and 1 and then 7 zeros more: flags of eight are looked at together, as most of them are none where the truth
// is sparse, as in a lidar map. Among eight what is not kept is taken as well and overwritten by what comes next, which
// needs no branch.
template <class Take>
METRIX_INLINE Index gather_kept(const std::uint8_t* kept, Index count, Index to, Take take) {
    for (Index i = 0; i < count; i += 8) {
        std::uint64_t eight;
        std::memcpy(&eight, kept + i, sizeof eight);
        if (eight == 0) continue;
        const Index last = count - i < 8 ? count : i + 8;
        for (Index j = i; j < last; ++j) {
            take(j, to);
            to += kept[j];
        }
    }
    return to;
}

}  // namespace metrix
