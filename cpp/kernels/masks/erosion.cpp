#include "kernels/masks/erosion.hpp"

#include <algorithm>

#include "kernels/masks/column_words.hpp"
#include "kernels/masks/sliding.hpp"

namespace metrix::masks {
namespace {

constexpr auto nowhere = static_cast<std::int16_t>(tallest_for_spans);

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

// One mask; columns are counted from the left of its box.
class Erosion {
  public:
    Erosion(const ColumnSpans& mask, const Box& box, std::uint32_t distance, Scratch& scratch)
        : mask_(mask),
          box_(box),
          distance_(distance),
          window_(2 * distance + 1),
          results_(box[2] - 2 * distance),
          scratch_(scratch),
          builder_(box[0] + distance, box[0] + distance + results_, span_room(box[2]), scratch.results) {}

    Eroded run() {
        const Arena::Frame frame(scratch_.work);
        shorten();
        if (!write_windows() || !write_ragged_windows()) return {};
        Eroded eroded;
        Box box;
        eroded.spans = builder_.finish(eroded.area, box);
        return eroded;
    }

  private:
    // The span that is left of each column, (nowhere, 0) if none is; ragged where more than one is, or two touch.
    void shorten() {
        const std::size_t columns = box_[2];
        const auto rows = scratch_.work.take<std::int16_t>(6 * columns);
        start_ = rows.data();
        end_ = start_ + columns;
        ragged_ = end_ + columns;
        spare_ = ragged_ + columns;  // of 2 * columns
        std::int16_t* const bottom = spare_ + 2 * columns;
        std::fill_n(start_, columns, nowhere);
        std::fill_n(end_, columns, std::int16_t{0});
        std::fill_n(ragged_, columns, std::int16_t{0});
        std::fill_n(bottom, columns, std::int16_t{-1});
        for (const SpanLayer& layer : mask_.layers) {
            const std::uint32_t first = std::max(layer.first_column, box_[0]);
            const std::uint32_t stop = std::min(layer.end_column, box_[0] + box_[2]);
            if (first >= stop) continue;
            shorten_layer(layer.start + (first - layer.first_column), layer.end + (first - layer.first_column),
                          start_ + (first - box_[0]), end_ + (first - box_[0]), ragged_ + (first - box_[0]),
                          bottom + (first - box_[0]), stop - first);
        }
    }

    void shorten_layer(const std::int16_t* from, const std::int16_t* to, std::int16_t* __restrict start,
                       std::int16_t* __restrict end, std::int16_t* __restrict ragged, std::int16_t* __restrict bottom,
                       std::uint32_t count) const {
        const auto least = static_cast<std::int16_t>(window_);
        const auto step = static_cast<std::int16_t>(distance_);
        const auto all_if = [](bool condition) { return static_cast<std::int16_t>(condition ? -1 : 0); };
        const auto choose = [](std::int16_t which, int a, std::int16_t b) {
            return static_cast<std::int16_t>((which & a) | (~which & b));
        };
        for (std::uint32_t i = 0; i < count; ++i) {
            const auto length = static_cast<std::int16_t>(to[i] - from[i]);
            const std::int16_t is_there = all_if(length > 0);
            const std::int16_t stays = all_if(length >= least);
            const auto touches = static_cast<std::int16_t>(is_there & all_if(from[i] == bottom[i]));
            const auto is_second = static_cast<std::int16_t>(stays & all_if(end[i] != 0));
            ragged[i] = static_cast<std::int16_t>(ragged[i] | touches | is_second);
            start[i] = choose(stays, from[i] + step, start[i]);
            end[i] = choose(stays, to[i] - step, end[i]);
            bottom[i] = choose(is_there, to[i], bottom[i]);
        }
    }

    // What is left of each window, as if no column of it were ragged.
    bool write_windows() {
        std::int16_t* start = nullptr;
        std::int16_t* end = nullptr;
        if (!builder_.open(start, end)) return false;
        const std::size_t columns = box_[2];
        const std::int16_t* const greatest_start =
            slide(start_, spare_, columns, 1, window_, [](std::int16_t a, std::int16_t b) { return a > b ? a : b; });
        const std::int16_t* const least_end = slide(end_, spare_ + columns, columns, 1, window_,
                                                    [](std::int16_t a, std::int16_t b) { return a < b ? a : b; });
        for (std::uint32_t i = 0; i < results_; ++i) {
            const bool stays = greatest_start[i] < least_end[i];
            start[i] = stays ? greatest_start[i] : std::int16_t{0};
            end[i] = stays ? least_end[i] : std::int16_t{0};
        }
        return true;
    }

    // Windows with a ragged column, in stretches that share columns.
    bool write_ragged_windows() {
        for (std::uint32_t column = 0;;) {
            while (column < box_[2] && ragged_[column] == 0) ++column;
            if (column == box_[2]) return true;
            const std::uint32_t first = column - std::min(column, window_ - 1);
            std::uint32_t last = column;
            for (; column < box_[2] && column - last < window_; ++column) {
                if (ragged_[column] != 0) last = column;
            }
            if (!write_bits(first, std::min(last + 1, results_))) return false;
        }
    }

    // Windows that begin with the columns first .. stop - 1.
    bool write_bits(std::uint32_t first, std::uint32_t stop) {
        if (first >= stop) return true;
        const Arena::Frame frame(scratch_.work);
        const std::uint32_t top = box_[1] + distance_;
        const std::uint32_t columns = stop - first + window_ - 1;
        const std::size_t stride = words_for(box_[3] - 2 * distance_);
        const std::size_t count = stride * columns;
        if (count > most_words) return false;
        const auto words = scratch_.work.take<std::uint64_t>(2 * count);
        std::fill_n(words.begin(), count, 0);
        for (std::uint32_t i = 0; i < columns; ++i) {
            std::uint64_t* const column = words.data() + i * stride;
            for_each_span(mask_, box_[0] + first + i, [&](std::uint32_t start, std::uint32_t end) {
                if (end - start < window_) return;
                for_each_word(start + distance_ - top, end - distance_ - top,
                              [&](std::size_t word, std::uint64_t bits) { column[word] |= bits; });
            });
        }
        const std::uint64_t* shared = slide(words.data(), words.data() + count, count, stride, window_,
                                            [](std::uint64_t a, std::uint64_t b) { return a & b; });
        // Where nothing is left the first layer is empty already: it has what is left of one span of each column.
        for (std::uint32_t at = first; at < stop; ++at, shared += stride) {
            std::size_t layer = 0;
            const bool fits = for_each_stretch(shared, stride, [&](std::uint32_t start, std::uint32_t end) {
                return builder_.add(at, layer++, top + start, top + end);
            });
            if (!fits) return false;
        }
        return true;
    }

    // The bits of one mask take no more than this, twice.
    static constexpr std::size_t most_words = std::size_t{1} << 20;

    const ColumnSpans& mask_;
    const Box& box_;
    std::uint32_t distance_;
    std::uint32_t window_;   // columns
    std::uint32_t results_;  // windows
    Scratch& scratch_;
    SpanBuilder builder_;
    std::int16_t* start_ = nullptr;
    std::int16_t* end_ = nullptr;
    std::int16_t* ragged_ = nullptr;
    std::int16_t* spare_ = nullptr;
};

}  // namespace

Eroded erode(const ColumnSpans& mask, const Box& box, std::uint32_t distance, Scratch& scratch) {
    return Erosion(mask, box, distance, scratch).run();
}

}  // namespace metrix::masks
