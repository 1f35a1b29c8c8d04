#include <algorithm>
#include <functional>
#include <vector>

#include "kernels/records.hpp"

namespace metrix::records {
namespace {

// A table over the whole range of ids serves nearly every data set; this bounds what it may take.
bool range_is_small(std::uint64_t range, std::size_t count) {
    return range <= 16 * count + (1 << 20);
}

}  // namespace

void index_of(View1<const std::int64_t> ids, View1<const std::int64_t> known, View1<std::int32_t> position) {
    if (known.empty()) {
        std::fill(position.begin(), position.end(), -1);
        return;
    }
    const std::int64_t first = known.front();
    const std::uint64_t range = static_cast<std::uint64_t>(known.back()) - static_cast<std::uint64_t>(first);
    if (range_is_small(range, known.size() + ids.size())) {
        std::vector<std::int32_t> table(range + 1, -1);
        for (std::size_t i = 0; i < known.size(); ++i) {
            table[static_cast<std::uint64_t>(known[i]) - static_cast<std::uint64_t>(first)] =
                static_cast<std::int32_t>(i);
        }
        for (std::size_t i = 0; i < ids.size(); ++i) {
            const std::uint64_t place = static_cast<std::uint64_t>(ids[i]) - static_cast<std::uint64_t>(first);
            position[i] = place <= range ? table[place] : -1;
        }
        return;
    }
    for (std::size_t i = 0; i < ids.size(); ++i) {
        const auto found = std::lower_bound(known.begin(), known.end(), ids[i]);
        position[i] = found != known.end() && *found == ids[i] ? static_cast<std::int32_t>(found - known.begin()) : -1;
    }
}

bool last_row_of_id(View1<const std::int64_t> ids, View1<std::int64_t> row) {
    for (std::size_t i = 0; i < ids.size(); ++i) row[i] = static_cast<std::int64_t>(i);
    // Most files number their annotations upwards.
    if (std::adjacent_find(ids.begin(), ids.end(), std::greater_equal<>()) == ids.end()) return false;

    // Open addressing over the ids; a slot holds the last row that came by with its id.
    std::size_t slots = 16;
    while (slots < 2 * ids.size()) slots *= 2;
    std::vector<std::int32_t> table(slots, -1);
    const auto slot_of = [&](std::int64_t id) {
        std::size_t slot = (static_cast<std::uint64_t>(id) * 0x9E3779B97F4A7C15U) >> 20 & (slots - 1);
        while (table[slot] >= 0 && ids[static_cast<std::size_t>(table[slot])] != id) slot = (slot + 1) & (slots - 1);
        return slot;
    };
    bool repeats = false;
    for (std::size_t i = 0; i < ids.size(); ++i) {
        std::int32_t& last = table[slot_of(ids[i])];
        repeats = repeats || last >= 0;
        last = static_cast<std::int32_t>(i);
    }
    if (repeats) {
        for (std::size_t i = 0; i < ids.size(); ++i) row[i] = table[slot_of(ids[i])];
    }
    return repeats;
}

}  // namespace metrix::records
