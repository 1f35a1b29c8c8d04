#include "kernels/masks/erosion.hpp"

#include <algorithm>

#include "kernels/masks/column_words.hpp"
#include "kernels/masks/sliding.hpp"

namespace metrix::masks {
namespace {

// Bits of one mask take no more than this, twice.
constexpr std::size_t most_words = std::size_t{1} << 20;

Eroded finish(SpanBuilder& builder) {
    Eroded eroded;
    Box box;
    eroded.spans = builder.finish(eroded.area, box);
    return eroded;
}

// A mask with at most one span in each column.
Eroded erode_layer(const SpanLayer& mask, std::uint32_t distance, Scratch& scratch) {
    const std::uint32_t columns = mask.end_column - mask.first_column;
    const std::uint32_t window = 2 * distance + 1;
    const auto rows = scratch.work.take<std::int16_t>(4 * std::size_t{columns});
    std::int16_t* const start = rows.data();
    std::int16_t* const end = start + columns;
    std::int16_t* const scratch_start = end + columns;
    std::int16_t* const scratch_end = scratch_start + columns;
    const auto least = static_cast<std::int16_t>(window);
    const auto step = static_cast<std::int16_t>(distance);
    for (std::uint32_t i = 0; i < columns; ++i) {
        const bool stays = mask.end[i] - mask.start[i] >= least;
        start[i] = static_cast<std::int16_t>(stays ? mask.start[i] + step : tallest_for_spans);
        end[i] = static_cast<std::int16_t>(stays ? mask.end[i] - step : 0);
    }
    const std::int16_t* const greatest_start =
        slide(start, scratch_start, columns, 1, window, [](std::int16_t a, std::int16_t b) { return std::max(a, b); });
    const std::int16_t* const least_end =
        slide(end, scratch_end, columns, 1, window, [](std::int16_t a, std::int16_t b) { return std::min(a, b); });

    SpanBuilder builder(mask.first_column + distance, mask.end_column - distance, span_room(columns), scratch.results);
    std::int16_t* eroded_start = nullptr;
    std::int16_t* eroded_end = nullptr;
    if (!builder.open(eroded_start, eroded_end)) return {};
    for (std::uint32_t i = 0; i < columns - 2 * distance; ++i) {
        const bool stays = greatest_start[i] < least_end[i];
        eroded_start[i] = stays ? greatest_start[i] : std::int16_t{0};
        eroded_end[i] = stays ? least_end[i] : std::int16_t{0};
    }
    return finish(builder);
}

// Calls visit(start, end) for the spans of a column from top to bottom; those that touch are one.
template <class Visit>
void for_each_span(const ColumnSpans& mask, std::uint32_t column, Visit visit) {
    std::int16_t start = 0;
    std::int16_t end = 0;
    for (const SpanLayer& layer : mask.layers) {
        if (column < layer.first_column || column >= layer.end_column) continue;
        const std::uint32_t at = column - layer.first_column;
        if (layer.start[at] == layer.end[at]) continue;
        if (layer.start[at] != end) {
            if (start < end) visit(static_cast<std::uint32_t>(start), static_cast<std::uint32_t>(end));
            start = layer.start[at];
        }
        end = layer.end[at];
    }
    if (start < end) visit(static_cast<std::uint32_t>(start), static_cast<std::uint32_t>(end));
}

// Any mask, as bits of the rows and columns that can be left.
Eroded erode_bits(const ColumnSpans& mask, const Box& box, std::uint32_t distance, Scratch& scratch) {
    const std::uint32_t window = 2 * distance + 1;
    const std::uint32_t top = box[1] + distance;
    const std::size_t stride = words_for(box[3] - 2 * distance);
    const std::size_t count = stride * box[2];
    if (count > most_words) return {};
    const auto words = scratch.work.take<std::uint64_t>(2 * count);
    std::fill_n(words.begin(), count, 0);
    for (std::uint32_t i = 0; i < box[2]; ++i) {
        std::uint64_t* const column = words.data() + i * stride;
        for_each_span(mask, box[0] + i, [&](std::uint32_t start, std::uint32_t end) {
            if (end - start < window) return;
            for_each_word(start + distance - top, end - distance - top,
                          [&](std::size_t word, std::uint64_t bits) { column[word] |= bits; });
        });
    }
    const std::uint64_t* shared = slide(words.data(), words.data() + count, count, stride, window,
                                        [](std::uint64_t a, std::uint64_t b) { return a & b; });

    const std::uint32_t columns = box[2] - 2 * distance;
    SpanBuilder builder(box[0] + distance, box[0] + distance + columns, span_room(box[2]), scratch.results);
    for (std::uint32_t i = 0; i < columns; ++i, shared += stride) {
        std::size_t layer = 0;
        const bool fits = for_each_stretch(shared, stride, [&](std::uint32_t start, std::uint32_t end) {
            return builder.add(i, layer++, top + start, top + end);
        });
        if (!fits) return {};
    }
    return finish(builder);
}

}  // namespace

Eroded erode(const ColumnSpans& mask, const Box& box, std::uint32_t distance, Scratch& scratch) {
    const Arena::Frame frame(scratch.work);
    return mask.layers.size() == 1 ? erode_layer(mask.layers[0], distance, scratch)
                                   : erode_bits(mask, box, distance, scratch);
}

}  // namespace metrix::masks
