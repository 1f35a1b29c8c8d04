// A regular mask as the spans of foreground rows in each column: the form in which overlaps cost next to nothing.
//
// Layer k holds the k-th span of each column, as two arrays over columns: the row where it starts and the row after its
// end. A column with fewer spans has the empty span (0, 0) there. Spans of one column do not overlap, so
//
//   |A n B| = sum over layers p of A and q of B, over columns: max(0, min(end_p, end_q) - max(start_p, start_q))
//
// which the processor does for eight columns at a time, without a branch. Most masks have one to three layers, and
// layers after the first cover few columns. Walking the runs side by side takes one badly predicted branch per run
// instead.
#pragma once

#include <algorithm>
#include <cstdint>

#include "kernels/masks.hpp"

namespace metrix::masks {

struct SpanLayer {
    std::uint32_t first_column = 0;
    std::uint32_t end_column = 0;
    // Of columns first_column .. end_column - 1, followed by `padding` empty spans.
    const std::int16_t* start = nullptr;
    const std::int16_t* end = nullptr;
};

struct ColumnSpans {
    View1<const SpanLayer> layers;
};

// Rows must fit 16 bits with a sign, and each further layer of a ragged mask is less worth its price.
constexpr std::uint32_t tallest_for_spans = 32767;
constexpr std::size_t most_span_layers = 32;

// Layers are as wide as their mask: a few runs on a huge canvas must not take memory beyond all proportion.
inline std::size_t span_room(std::size_t run_count) {
    return 32768 + 16 * run_count;
}

// Writes the spans of a mask: those of a column from top to bottom, into layer 0, 1, ...
class SpanBuilder {
  public:
    static constexpr std::uint32_t padding = 8;

    // All spans will lie in columns first_column .. end_column - 1; `room` bounds the columns of all layers together.
    SpanBuilder(std::uint32_t first_column, std::uint32_t end_column, std::size_t room, Arena& arena)
        : arena_(arena), room_(room), first_column_(first_column), width_(end_column - first_column) {}

    // False if the mask needs too many layers. `at` counts from first_column; layers start with their least column.
    bool add(std::uint32_t at, std::size_t layer, std::uint32_t start, std::uint32_t end) {
        if (layer == count_ && !add_layer(at)) [[unlikely]]
            return false;
        Layer& spans = layers_[layer];
        spans.start[at] = static_cast<std::int16_t>(start);
        spans.end[at] = static_cast<std::int16_t>(end);
        spans.stop = std::max(spans.stop, at + 1);
        return true;
    }

    // Layer 0, to write any columns to; all its spans are empty before that. False if there is no room for it.
    bool open(std::int16_t*& start, std::int16_t*& end) {
        if (!add_layer(0)) return false;
        layers_[0].stop = width_;
        start = layers_[0].start;
        end = layers_[0].end;
        return true;
    }

    // The finished mask, in the arena, its area and its box.
    const ColumnSpans* finish(std::uint32_t& area, Box& box);

  private:
    struct Layer {
        std::int16_t* start;
        std::int16_t* end;
        std::uint32_t first, stop;  // counted from first_column
    };

    bool add_layer(std::uint32_t at) {
        const std::size_t stride = width_ + padding;
        if (count_ == most_span_layers || (count_ + 1) * stride > room_) return false;
        const auto rows = arena_.take<std::int16_t>(2 * stride);
        std::fill(rows.begin(), rows.end(), std::int16_t{0});
        layers_[count_++] = {rows.data(), rows.data() + stride, at, at};
        return true;
    }

    Arena& arena_;
    std::size_t room_;
    std::uint32_t first_column_;
    std::uint32_t width_;
    std::size_t count_ = 0;
    Layer layers_[most_span_layers];
};

// The spans, area and box of a regular mask; nullptr, and neither, if it is too tall or too ragged for spans.
const ColumnSpans* make_spans(const RunLengths& mask, Arena& arena, std::uint32_t& area, Box& box);

// True if columns have so many spans on average that comparing bits is cheaper: every span of one mask meets every span
// of the other that stands in the same column.
inline bool is_dense(const ColumnSpans& spans) {
    std::size_t columns = 0;
    for (const SpanLayer& layer : spans.layers) columns += layer.end_column - layer.first_column;
    return spans.layers.size() > 4 && columns > 4 * (spans.layers[0].end_column - spans.layers[0].first_column);
}

// Pixels that both have.
std::uint32_t intersection(const ColumnSpans& a, const ColumnSpans& b);

}  // namespace metrix::masks
