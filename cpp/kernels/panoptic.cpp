#include "kernels/panoptic.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "support/error.hpp"
#include "support/parallel.hpp"

namespace metrix::panoptic {
namespace {

constexpr Index block_size = 2048;
constexpr Index chunk_size = Index{1} << 18;

// Counts of pairs of ids: open addressing, at most half full.
class PairCounts {
  public:
    struct Entry {
        std::uint32_t first = 0;
        std::uint32_t second = 0;
        Index count = 0;  // 0: no pair stands here
    };

    void add(std::uint32_t first, std::uint32_t second, Index count) {
        Entry* const place = find(first, second);
        if (place->count == 0) {
            *place = {first, second, count};
            if (2 * ++used_ > ssize(entries_)) grow();
        } else {
            place->count += count;
        }
    }

    template <class Use>
    void for_each(Use&& use) const {
        for (const Entry& entry : entries_) {
            if (entry.count > 0) use(entry);
        }
    }

  private:
    Entry* find(std::uint32_t first, std::uint32_t second) {
        const std::uint64_t key = std::uint64_t{first} << 32 | second;
        const std::size_t mask = entries_.size() - 1;
        std::size_t place = (key * 0x9e3779b97f4a7c15U) >> 32 & mask;
        while (entries_[place].count != 0 && (entries_[place].first != first || entries_[place].second != second)) {
            place = (place + 1) & mask;
        }
        return &entries_[place];
    }

    void grow() {
        const std::vector<Entry> before = std::exchange(entries_, std::vector<Entry>(2 * entries_.size()));
        for (const Entry& entry : before) {
            if (entry.count > 0) *find(entry.first, entry.second) = entry;
        }
    }

    std::vector<Entry> entries_{2048};
    Index used_ = 0;
};

[[noreturn]] void throw_no_id(const char* name, Index place) {
    throw_value_error(std::string(name) + ": expected ids from 0 to 2^32 - 1, got another one at pixel " +
                      std::to_string(place));
}

template <class Id>
void convert(const void* data, Index first, Index count, std::uint32_t* ids, const char* name) {
    const Id* const from = static_cast<const Id*>(data) + first;
    std::uint64_t seen = 0;
    for (Index i = 0; i < count; ++i) {
        const auto wide = static_cast<std::uint64_t>(from[i]);
        seen |= wide;
        ids[i] = static_cast<std::uint32_t>(wide);
    }
    if (seen > std::numeric_limits<std::uint32_t>::max()) {
        Index place = 0;
        while (static_cast<std::uint64_t>(from[place]) <= std::numeric_limits<std::uint32_t>::max()) ++place;
        throw_no_id(name, first + place);
    }
}

void convert_colours(const void* data, Index first, Index count, std::uint32_t* ids) {
    const std::uint8_t* const from = static_cast<const std::uint8_t*>(data) + 3 * first;
    for (Index i = 0; i < count; ++i) {
        ids[i] = from[3 * i] | std::uint32_t{from[3 * i + 1]} << 8 | std::uint32_t{from[3 * i + 2]} << 16;
    }
}

// Ids of a block: where they are, or in the room given.
const std::uint32_t* ids_of(const Pixels& pixels, Index first, Index count, std::uint32_t* room, const char* name) {
    switch (pixels.type) {
        case PixelType::uint32:
            return static_cast<const std::uint32_t*>(pixels.data) + first;
        case PixelType::rgb:
            convert_colours(pixels.data, first, count, room);
            break;
        case PixelType::uint8:
            convert<std::uint8_t>(pixels.data, first, count, room, name);
            break;
        case PixelType::int8:
            convert<std::int8_t>(pixels.data, first, count, room, name);
            break;
        case PixelType::uint16:
            convert<std::uint16_t>(pixels.data, first, count, room, name);
            break;
        case PixelType::int16:
            convert<std::int16_t>(pixels.data, first, count, room, name);
            break;
        case PixelType::int32:
            convert<std::int32_t>(pixels.data, first, count, room, name);
            break;
        case PixelType::uint64:
            convert<std::uint64_t>(pixels.data, first, count, room, name);
            break;
        case PixelType::int64:
            convert<std::int64_t>(pixels.data, first, count, room, name);
            break;
    }
    return room;
}

// How many elements from the first on are equal to it, on both sides.
Index run_length(const std::uint32_t* first, const std::uint32_t* second, Index count) {
    constexpr Index step = 16;
    const std::uint32_t a = first[0], b = second[0];
    Index i = 1;
    while (i < count && i < 4 && first[i] == a && second[i] == b) ++i;
    if (i < 4) return i;
    for (; i + step <= count; i += step) {
        std::uint32_t difference = 0;
        for (Index k = 0; k < step; ++k) difference |= (first[i + k] ^ a) | (second[i + k] ^ b);
        if (difference != 0) break;
    }
    while (i < count && first[i] == a && second[i] == b) ++i;
    return i;
}

PairCounts count_pairs(const Pixels& y_true, const Pixels& y_pred, int num_threads) {
    const Index chunks = (y_true.count + chunk_size - 1) / chunk_size;
    std::vector<PairCounts> of_thread(static_cast<std::size_t>(std::clamp<Index>(chunks, 1, num_threads)));
    parallel_for(chunks, static_cast<int>(of_thread.size()), [&](Index chunk, int thread) {
        PairCounts& counts = of_thread[static_cast<std::size_t>(thread)];
        std::uint32_t room[2][block_size];
        const Index end = std::min(y_true.count, (chunk + 1) * chunk_size);
        for (Index start = chunk * chunk_size; start < end; start += block_size) {
            const Index count = std::min<Index>(block_size, end - start);
            const std::uint32_t* const first = ids_of(y_true, start, count, room[0], "y_true");
            const std::uint32_t* const second = ids_of(y_pred, start, count, room[1], "y_pred");
            for (Index i = 0; i < count;) {
                const Index length = run_length(first + i, second + i, count - i);
                counts.add(first[i], second[i], length);
                i += length;
            }
        }
    });
    for (std::size_t thread = 1; thread < of_thread.size(); ++thread) {
        of_thread[thread].for_each(
            [&](const auto& entry) { of_thread[0].add(entry.first, entry.second, entry.count); });
    }
    return std::move(of_thread[0]);
}

// Which segment an id is.
class Places {
  public:
    explicit Places(View1<const std::uint32_t> ids) {
        for (std::size_t i = 0; i < ids.size(); ++i) places_.emplace_back(ids[i], static_cast<Index>(i));
        std::sort(places_.begin(), places_.end());
    }

    // Below 0: none.
    [[nodiscard]] Index operator()(std::uint32_t id) const {
        const auto place = std::lower_bound(places_.begin(), places_.end(), std::pair{id, Index{0}});
        return place != places_.end() && place->first == id ? place->second : -1;
    }

  private:
    std::vector<std::pair<std::uint32_t, Index>> places_;
};

std::size_t at(Index index) {
    return static_cast<std::size_t>(index);
}

struct Pair {
    Index truth, predicted, count;
};

struct Overlaps {
    std::vector<Pair> pairs;             // of two segments
    std::vector<Index> area, predicted;  // pixels of true and of predicted segments
    std::vector<Index> void_pixels;      // of predicted segments
};

Overlaps overlaps_of(const PairCounts& counts, const Segments& truth, const Segments& predicted) {
    const Places truth_place(truth.id), predicted_place(predicted.id);
    Overlaps result{{},
                    std::vector<Index>(truth.id.size()),
                    std::vector<Index>(predicted.id.size()),
                    std::vector<Index>(predicted.id.size())};
    std::uint64_t unknown = std::numeric_limits<std::uint64_t>::max();
    counts.for_each([&](const auto& entry) {
        const Index t = truth_place(entry.first), p = predicted_place(entry.second);
        if (t >= 0) result.area[at(t)] += entry.count;
        if (p >= 0) {
            result.predicted[at(p)] += entry.count;
            if (entry.first == void_id) result.void_pixels[at(p)] += entry.count;
            if (t >= 0) result.pairs.push_back({t, p, entry.count});
        } else if (entry.second != void_id) {
            unknown = std::min<std::uint64_t>(unknown, entry.second);
        }
    });
    if (unknown <= std::numeric_limits<std::uint32_t>::max()) {
        throw_value_error("pred_segments: expected all ids of y_pred but 0, lacks " + std::to_string(unknown));
    }
    const auto absent = std::find(result.predicted.begin(), result.predicted.end(), 0);
    if (absent != result.predicted.end()) {
        const auto place = absent - result.predicted.begin();
        throw_value_error("pred_segments[" + std::to_string(place) + "]: expected an id of y_pred, got " +
                          std::to_string(predicted.id[at(place)]) + ", which has no pixel");
    }
    for (std::size_t i = 0; i < truth.area.size(); ++i) {
        if (truth.area[i] >= 0) result.area[i] = truth.area[i];
    }
    return result;
}

}  // namespace

void panoptic_quality(const Pixels& y_true, const Pixels& y_pred, const Segments& truth, const Segments& predicted,
                      int num_threads, View2<std::int64_t> state) {
    PairCounts counts;
    // An image is a matter of a millisecond: too short to wait for threads that come late.
    with_team(num_threads, [&] { counts = count_pairs(y_true, y_pred, num_threads); });
    const Overlaps overlaps = overlaps_of(counts, truth, predicted);
    std::vector<std::uint8_t> is_found(truth.id.size()), is_matched(predicted.id.size());
    std::vector<double> ious(truth.id.size());
    for (const Pair& pair : overlaps.pairs) {
        const std::size_t t = at(pair.truth), p = at(pair.predicted);
        if (truth.is_crowd[t] != 0 || truth.category[t] != predicted.category[p]) continue;
        const Index together = overlaps.predicted[p] + overlaps.area[t] - pair.count - overlaps.void_pixels[p];
        if (together < pair.count) {
            throw_value_error("true_segments[" + std::to_string(t) + "]: expected the area of its pixels, got " +
                              std::to_string(truth.area[t]));
        }
        if (2 * pair.count <= together) continue;
        is_found[t] = is_matched[p] = 1;
        ious[t] = static_cast<double>(pair.count) / static_cast<double>(together);
    }
    std::vector<Index> crowd(at(state.rows), -1);
    for (std::size_t t = 0; t < is_found.size(); ++t) {
        const Index category = truth.category[t];
        if (is_found[t] != 0) {
            const auto parts = static_cast<std::int64_t>(std::ldexp(ious[t], 53));
            ++state(category, true_positives);
            state(category, iou_high) += parts >> 32;
            state(category, iou_low) += parts & 0xffffffff;
        } else if (truth.is_crowd[t] != 0) {
            crowd[at(category)] = static_cast<Index>(t);
        } else {
            ++state(category, false_negatives);
        }
    }
    std::vector<Index> left_out = overlaps.void_pixels;
    for (const Pair& pair : overlaps.pairs) {
        if (crowd[at(predicted.category[at(pair.predicted)])] == pair.truth) left_out[at(pair.predicted)] += pair.count;
    }
    for (std::size_t p = 0; p < is_matched.size(); ++p) {
        if (is_matched[p] == 0 && 2 * left_out[p] <= overlaps.predicted[p]) {
            ++state(predicted.category[p], false_positives);
        }
    }
}

}  // namespace metrix::panoptic
