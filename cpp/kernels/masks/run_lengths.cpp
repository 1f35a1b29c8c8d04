#include "kernels/masks/run_lengths.hpp"

#include <algorithm>
#include <utility>

namespace metrix::masks {
namespace {

constexpr const char* no_rows = "has foreground pixels, but its size has no rows";

// Where runs start, without the 0 of the first: positions strictly ascend in a regular mask. Ends with the total.
View1<std::uint32_t> borders(View1<const std::uint32_t> counts, Arena& arena) {
    const auto ends = arena.take<std::uint32_t>(counts.size());
    std::uint32_t position = 0;
    for (std::size_t i = 0; i < counts.size(); ++i) {
        position += counts[i];
        ends[i] = position;
    }
    return ends;
}

// Borders of the union or intersection of two regular masks of one total, which stands at the end of both. Which mask
// has the next border is as good as random, so nothing branches on it.
template <bool intersect>
std::size_t merge_borders(const std::uint32_t* a, const std::uint32_t* b, std::uint32_t total, std::uint32_t* merged) {
    std::size_t i = 0;
    std::size_t j = 0;
    std::size_t count = 0;
    std::size_t pixel = 0;
    for (;;) {
        const std::uint32_t at_a = a[i];
        const std::uint32_t at_b = b[j];
        const std::uint32_t at = at_a < at_b ? at_a : at_b;
        if (at == total) break;
        i += static_cast<std::size_t>(at_a == at);
        j += static_cast<std::size_t>(at_b == at);
        const std::size_t now = (intersect ? i & j : i | j) & 1;
        merged[count] = at;
        count += static_cast<std::size_t>(now != pixel);
        pixel = now;
    }
    merged[count++] = total;
    return count;
}

// Regular masks of one size, two by two in rounds, as united masks grow: n masks of m runs take n m log n steps.
RunLengths merge_regular(View1<const RunLengths> masks, bool intersect, Scratch& scratch) {
    const Arena::Frame frame(scratch.work);
    const auto layers = scratch.work.take<View1<const std::uint32_t>>(masks.size());
    for (std::size_t i = 0; i < masks.size(); ++i) layers[i] = borders(masks[i].counts, scratch.work);
    const std::uint32_t total = layers[0].back();
    std::size_t count = layers.size();
    while (count > 1) {
        for (std::size_t i = 0; i + 1 < count; i += 2) {
            const auto a = layers[i];
            const auto b = layers[i + 1];
            const auto room = scratch.work.take<std::uint32_t>(a.size() + b.size());
            const std::size_t borders = intersect ? merge_borders<true>(a.data(), b.data(), total, room.data())
                                                  : merge_borders<false>(a.data(), b.data(), total, room.data());
            layers[i / 2] = scratch.work.keep(room, borders);
        }
        if (count % 2 == 1) layers[count / 2] = layers[count - 1];
        count = (count + 1) / 2;
    }
    const auto counts = scratch.results.take<std::uint32_t>(layers[0].size());
    std::uint32_t before = 0;
    for (std::size_t i = 0; i < counts.size(); ++i) {
        counts[i] = layers[0][i] - before;
        before = layers[0][i];
    }
    return {masks[0].height, masks[0].width, counts};
}

// Any run lengths, one after the other, as the reference.
Problem merge_walking(View1<const RunLengths> masks, bool intersect, Scratch& scratch, RunLengths& merged,
                      Index& at_fault) {
    constexpr const char* too_many = "has, alone or merged, more runs than its canvas has pixels";
    constexpr const char* no_runs = "has no runs";
    at_fault = 0;
    const Arena::Frame frame(scratch.work);
    const std::uint64_t most = pixel_count(masks[0].height, masks[0].width) + 1;
    View1<const std::uint32_t> current = masks[0].counts;
    if (current.size() > most) return too_many;
    for (std::size_t i = 1; i < masks.size(); ++i) {
        if (masks[i].height != masks[0].height || masks[i].width != masks[0].width) break;
        if (current.empty()) return no_runs;
        at_fault = static_cast<Index>(i);
        if (masks[i].counts.empty()) return no_runs;
        const auto room = scratch.work.take<std::uint32_t>(current.size() + masks[i].counts.size());
        std::size_t count = 0;
        std::uint32_t length = 0;
        bool pixel = false;
        const Problem problem =
            walk(current, masks[i].counts, [&](std::uint32_t step, bool, bool, bool now_a, bool now_b, bool last) {
                length += step;
                const bool now = intersect ? now_a && now_b : now_a || now_b;
                if (now != pixel || last) {
                    room[count++] = length;
                    length = 0;
                }
                pixel = now;
            });
        if (problem != nullptr) return problem;
        if (count > most) return too_many;
        current = room.first(count);
    }
    const auto counts = scratch.results.take<std::uint32_t>(current.size());
    std::copy(current.begin(), current.end(), counts.begin());
    merged = {masks[0].height, masks[0].width, counts};
    return nullptr;
}

// The reference's box, to the bit, of runs that need not fit the canvas.
Problem any_box(const RunLengths& mask, Box& box) {
    const std::uint32_t height = mask.height;
    const std::size_t pairs = mask.counts.size() / 2 * 2;
    box = {};
    if (pairs == 0) return nullptr;
    std::uint32_t first_x = mask.width;
    std::uint32_t first_y = height;
    std::uint32_t last_x = 0;
    std::uint32_t last_y = 0;
    std::uint32_t end = 0;
    for (std::size_t i = 1; i < pairs; i += 2) {
        const std::uint32_t start = end + mask.counts[i - 1];
        end = start + mask.counts[i];
        if (mask.counts[i] == 0) continue;
        if (height == 0) return no_rows;
        const std::uint32_t x = start / height;
        const std::uint32_t end_x = (end - 1) / height;
        first_x = std::min(first_x, x);
        last_x = std::max(last_x, end_x);
        if (x < end_x) {
            first_y = 0;
            last_y = height - 1;
        } else {
            first_y = std::min(first_y, start % height);
            last_y = std::max(last_y, (end - 1) % height);
        }
    }
    box = {first_x, first_y, last_x - first_x + 1, last_y - first_y + 1};
    return nullptr;
}

// The same of a regular mask: rows are followed from run to run, and only a jump over whole columns is divided.
Box regular_box(const RunLengths& mask) {
    const std::uint32_t height = mask.height;
    const std::size_t pairs = mask.counts.size() / 2 * 2;
    if (pairs == 0) return {};
    std::uint32_t first_y = height;
    std::uint32_t end_y = 0;
    std::uint32_t row = 0;  // where the last run ended, in its column; `height` at the foot of it
    std::uint32_t end = 0;
    for (std::size_t i = 1; i < pairs; i += 2) {
        row += mask.counts[i - 1];
        end += mask.counts[i - 1] + mask.counts[i];
        if (row >= height) {
            row -= height;
            if (row >= height) row %= height;
        }
        first_y = std::min(first_y, row);
        row += mask.counts[i];
        if (row > height) {  // on to the next column
            first_y = 0;
            end_y = height;
            row %= height;
        }
        end_y = std::max(end_y, row);
    }
    const std::uint32_t first_x = mask.counts[0] / height;
    return {first_x, first_y, (end - 1) / height - first_x + 1, end_y - first_y};
}

}  // namespace

bool is_regular(const RunLengths& mask) {
    std::uint64_t total = 0;
    std::uint32_t zeros = 0;  // as wide as a run length, so that the loop is vectorised
    for (const std::uint32_t count : mask.counts) total += count;
    for (std::size_t i = 1; i < mask.counts.size(); ++i) zeros |= mask.counts[i] == 0 ? 1U : 0U;
    return !mask.counts.empty() && zeros == 0 && total == pixel_count(mask.height, mask.width) && total < 1ULL << 31;
}

std::uint32_t area(View1<const std::uint32_t> counts) {
    std::uint32_t sum = 0;
    for (std::size_t i = 1; i < counts.size(); i += 2) sum += counts[i];
    return sum;
}

Problem to_box(const RunLengths& mask, Box& box) {
    if (!is_regular(mask)) return any_box(mask, box);
    box = regular_box(mask);
    return nullptr;
}

Problem merge(View1<const RunLengths> masks, bool intersect, Scratch& scratch, RunLengths& merged, Index& at_fault) {
    merged = {};
    at_fault = 0;
    if (masks.empty()) return nullptr;
    if (masks.size() == 1) {
        merged = masks[0];
        return nullptr;
    }
    bool regular = true;
    for (const RunLengths& mask : masks) {
        regular &= mask.height == masks[0].height && mask.width == masks[0].width && is_regular(mask);
    }
    if (regular) {
        merged = merge_regular(masks, intersect, scratch);
        return nullptr;
    }
    const bool one_size = std::all_of(masks.begin(), masks.end(), [&](const RunLengths& mask) {
        return mask.height == masks[0].height && mask.width == masks[0].width;
    });
    if (const Problem problem = merge_walking(masks, intersect, scratch, merged, at_fault)) return problem;
    if (!one_size) merged = {};
    return nullptr;
}

Problem decode(const RunLengths& mask, View1<std::uint8_t> pixels) {
    std::uint64_t total = 0;
    for (const std::uint32_t count : mask.counts) total += count;
    if (total != pixels.size()) return "its runs do not sum to height * width";
    std::uint8_t* out = pixels.data();
    std::uint8_t pixel = 0;
    for (const std::uint32_t count : mask.counts) {
        out = std::fill_n(out, count, pixel);
        pixel ^= 1;
    }
    return nullptr;
}

}  // namespace metrix::masks
