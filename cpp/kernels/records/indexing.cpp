#include <algorithm>
#include <functional>
#include <vector>

#include "kernels/records.hpp"

namespace metrix::records {
namespace {

constexpr std::int32_t unknown = -1;

// Scatters ids over 2^bits slots, whatever pattern they were given out by.
std::size_t slot_of_id(std::int64_t id, int bits) {
    return static_cast<std::size_t>(static_cast<std::uint64_t>(id) * 0x9E3779B97F4A7C15U >> (64 - bits));
}

// A table over the whole range: for ids that lie close together, such as those of categories.
class RangeTable {
  public:
    static bool suits(View1<const std::int64_t> known) {
        return static_cast<std::uint64_t>(known.back()) - static_cast<std::uint64_t>(known.front()) <=
               4 * known.size() + 1000;
    }

    explicit RangeTable(View1<const std::int64_t> known)
        : first_(static_cast<std::uint64_t>(known.front())),
          places_(static_cast<std::uint64_t>(known.back()) - first_ + 1, unknown) {
        for (std::size_t i = 0; i < known.size(); ++i) {
            places_[static_cast<std::uint64_t>(known[i]) - first_] = static_cast<std::int32_t>(i);
        }
    }

    [[nodiscard]] std::int32_t operator()(std::int64_t id) const {
        const std::uint64_t place = static_cast<std::uint64_t>(id) - first_;
        return place < places_.size() ? places_[place] : unknown;
    }

  private:
    std::uint64_t first_;
    std::vector<std::int32_t> places_;
};

// Open addressing: for ids far apart, such as those of images, a table that the first caches hold.
class HashTable {
  public:
    explicit HashTable(View1<const std::int64_t> known) : known_(known) {
        while (std::size_t{1} << bits_ < 2 * known.size()) ++bits_;
        places_.assign(std::size_t{1} << bits_, unknown);
        for (std::size_t i = 0; i < known.size(); ++i) places_[slot(known[i])] = static_cast<std::int32_t>(i);
    }

    [[nodiscard]] std::int32_t operator()(std::int64_t id) const { return places_[slot(id)]; }

  private:
    [[nodiscard]] std::size_t slot(std::int64_t id) const {
        std::size_t slot = slot_of_id(id, bits_);
        while (places_[slot] != unknown && known_[static_cast<std::size_t>(places_[slot])] != id) {
            slot = (slot + 1) & (places_.size() - 1);
        }
        return slot;
    }

    View1<const std::int64_t> known_;
    int bits_ = 4;
    std::vector<std::int32_t> places_;
};

}  // namespace

void index_of(View1<const std::int64_t> ids, View1<const std::int64_t> known, View1<std::int32_t> position) {
    if (known.empty()) {
        std::fill(position.begin(), position.end(), unknown);
    } else if (RangeTable::suits(known)) {
        std::transform(ids.begin(), ids.end(), position.begin(), RangeTable(known));
    } else {
        index_of_any_order(ids, known, position);
    }
}

void index_of_any_order(View1<const std::int64_t> ids, View1<const std::int64_t> known, View1<std::int32_t> position) {
    const HashTable table(known);
    for (std::size_t i = 0; i < ids.size(); ++i) {
        // Most files list the detections of an image one after the other.
        position[i] = i > 0 && ids[i] == ids[i - 1] ? position[i - 1] : table(ids[i]);
    }
}

bool last_row_of_id(View1<const std::int64_t> ids, View1<std::int64_t> row) {
    for (std::size_t i = 0; i < ids.size(); ++i) row[i] = static_cast<std::int64_t>(i);
    // Most files number their annotations upwards.
    if (std::adjacent_find(ids.begin(), ids.end(), std::greater_equal<>()) == ids.end()) return false;

    // Open addressing over the ids; a slot holds the last row that came by with its id.
    int bits = 4;
    while (std::size_t{1} << bits < 2 * ids.size()) ++bits;
    std::vector<std::int32_t> table(std::size_t{1} << bits, unknown);
    const auto slot_of = [&](std::int64_t id) {
        std::size_t slot = slot_of_id(id, bits);
        while (table[slot] >= 0 && ids[static_cast<std::size_t>(table[slot])] != id) {
            slot = (slot + 1) & (table.size() - 1);
        }
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
