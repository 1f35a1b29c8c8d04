#include "kernels/masks/column_spans.hpp"

#include <algorithm>

#if defined(__SSE4_1__)
#include <smmintrin.h>
#elif defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace metrix::masks {
namespace {

// Sum over `columns` columns of the rows that two spans share. Reads up to SpanBuilder::padding - 1 columns more, where
// at least one of the two is empty.
std::uint32_t shared_rows(const std::int16_t* start_a, const std::int16_t* end_a, const std::int16_t* start_b,
                          const std::int16_t* end_b, std::uint32_t columns) {
#ifdef __SSE2__
    const auto load = [](const std::int16_t* rows) { return _mm_loadu_si128(reinterpret_cast<const __m128i*>(rows)); };
    __m128i sums = _mm_setzero_si128();
    for (std::uint32_t i = 0; i < columns; i += 8) {
        const __m128i start = _mm_max_epi16(load(start_a + i), load(start_b + i));
        const __m128i end = _mm_min_epi16(load(end_a + i), load(end_b + i));
        const __m128i rows = _mm_subs_epu16(end, start);  // 0 where end < start
        sums = _mm_add_epi32(sums, _mm_madd_epi16(rows, _mm_set1_epi16(1)));
    }
    sums = _mm_add_epi32(sums, _mm_shuffle_epi32(sums, _MM_SHUFFLE(1, 0, 3, 2)));
    sums = _mm_add_epi32(sums, _mm_shuffle_epi32(sums, _MM_SHUFFLE(2, 3, 0, 1)));
    return static_cast<std::uint32_t>(_mm_cvtsi128_si32(sums));
#else
    std::uint32_t sum = 0;
    for (std::uint32_t i = 0; i < columns; ++i) {
        const int rows = std::min(end_a[i], end_b[i]) - std::max(start_a[i], start_b[i]);
        sum += static_cast<std::uint32_t>(std::max(rows, 0));
    }
    return sum;
#endif
}

struct Extent {
    std::uint32_t area = 0;
    std::int16_t first_row = tallest_for_spans;
    std::int16_t end_row = 0;
};

// Area and rows of one layer. Reads up to SpanBuilder::padding - 1 columns more, which are empty.
Extent extent(const std::int16_t* start, const std::int16_t* end, std::uint32_t columns) {
    Extent result;
#ifdef __SSE4_1__
    const __m128i nowhere = _mm_set1_epi16(tallest_for_spans);
    __m128i first_rows = nowhere;
    __m128i end_rows = _mm_setzero_si128();
    __m128i areas = _mm_setzero_si128();
    for (std::uint32_t i = 0; i < columns; i += 8) {
        const __m128i starts = _mm_loadu_si128(reinterpret_cast<const __m128i*>(start + i));
        const __m128i ends = _mm_loadu_si128(reinterpret_cast<const __m128i*>(end + i));
        const __m128i some = _mm_cmpgt_epi16(ends, starts);
        first_rows = _mm_min_epi16(first_rows, _mm_blendv_epi8(nowhere, starts, some));
        end_rows = _mm_max_epi16(end_rows, _mm_and_si128(ends, some));
        areas = _mm_add_epi32(areas, _mm_madd_epi16(_mm_sub_epi16(ends, starts), _mm_set1_epi16(1)));
    }
    // minpos looks at unsigned numbers, as which rows stay in order.
    result.first_row = static_cast<std::int16_t>(_mm_cvtsi128_si32(_mm_minpos_epu16(first_rows)));
    const __m128i upside_down = _mm_minpos_epu16(_mm_sub_epi16(nowhere, end_rows));
    result.end_row =
        static_cast<std::int16_t>(static_cast<int>(tallest_for_spans) - (_mm_cvtsi128_si32(upside_down) & 0xFFFF));
    areas = _mm_add_epi32(areas, _mm_shuffle_epi32(areas, _MM_SHUFFLE(1, 0, 3, 2)));
    areas = _mm_add_epi32(areas, _mm_shuffle_epi32(areas, _MM_SHUFFLE(2, 3, 0, 1)));
    result.area = static_cast<std::uint32_t>(_mm_cvtsi128_si32(areas));
#else
    for (std::uint32_t i = 0; i < columns; ++i) {
        if (end[i] <= start[i]) continue;
        result.first_row = std::min(result.first_row, start[i]);
        result.end_row = std::max(result.end_row, end[i]);
        result.area += static_cast<std::uint32_t>(end[i] - start[i]);
    }
#endif
    return result;
}

}  // namespace

const ColumnSpans* SpanBuilder::finish(std::uint32_t& area, Box& box) {
    area = 0;
    box = {};
    std::int16_t first_row = tallest_for_spans;
    std::int16_t end_row = 0;
    const auto layers = arena_.take<SpanLayer>(count_);
    for (std::size_t k = 0; k < count_; ++k) {
        const Layer& layer = layers_[k];
        layers[k] = {first_column_ + layer.first, first_column_ + layer.stop, layer.start + layer.first,
                     layer.end + layer.first};
        const Extent covered = extent(layers[k].start, layers[k].end, layer.stop - layer.first);
        area += covered.area;
        first_row = std::min(first_row, covered.first_row);
        end_row = std::max(end_row, covered.end_row);
    }
    if (area > 0) {
        // A column with any span has one in layer 0.
        const auto is_empty = [&](std::uint32_t at) { return layers[0].start[at] == layers[0].end[at]; };
        std::uint32_t first = 0;
        std::uint32_t last = layers[0].end_column - layers[0].first_column - 1;
        while (is_empty(first)) ++first;
        while (is_empty(last)) --last;
        box = {layers[0].first_column + first, static_cast<std::uint32_t>(first_row), last - first + 1,
               static_cast<std::uint32_t>(end_row - first_row)};
    }
    const auto spans = arena_.take<ColumnSpans>(1);
    spans[0] = {layers};
    return spans.data();
}

const ColumnSpans* make_spans(const RunLengths& mask, Arena& arena, std::uint32_t& area, Box& box) {
    const View1<const std::uint32_t> counts = mask.counts;
    const std::uint32_t height = mask.height;
    const std::size_t pairs = counts.size() / 2 * 2;
    if (height > tallest_for_spans) return nullptr;
    if (pairs == 0) return SpanBuilder(0, 0, 0, arena).finish(area, box);
    const std::uint32_t trailing = counts.size() % 2 == 1 ? counts.back() : 0;
    const std::uint32_t first_column = counts[0] / height;
    const std::uint32_t end_column = (height * mask.width - trailing - 1) / height + 1;
    SpanBuilder builder(first_column, end_column, span_room(counts.size()), arena);
    std::uint32_t at = 0U - first_column;  // the column, counted from first_column
    std::uint32_t row = 0;                 // `height` at the foot of a column
    std::size_t layer = 0;
    for (std::size_t i = 1; i < pairs; i += 2) {
        // Nearly always the next run starts in this column or in the next.
        row += counts[i - 1];
        if (row >= height) {
            row -= height;
            ++at;
            layer = 0;
            if (row >= height) [[unlikely]] {
                at += row / height;
                row %= height;
            }
        }
        std::uint32_t end = row + counts[i];
        while (end > height) [[unlikely]] {
            if (!builder.add(at++, layer, row, height)) return nullptr;
            layer = 0;
            row = 0;
            end -= height;
        }
        if (!builder.add(at, layer++, row, end)) return nullptr;
        row = end;
    }
    return builder.finish(area, box);
}

std::uint32_t intersection(const ColumnSpans& a, const ColumnSpans& b) {
    std::uint32_t sum = 0;
    for (const SpanLayer& p : a.layers) {
        for (const SpanLayer& q : b.layers) {
            const std::uint32_t first = std::max(p.first_column, q.first_column);
            const std::uint32_t end = std::min(p.end_column, q.end_column);
            if (first >= end) continue;
            const std::uint32_t in_p = first - p.first_column;
            const std::uint32_t in_q = first - q.first_column;
            sum += shared_rows(p.start + in_p, p.end + in_p, q.start + in_q, q.end + in_q, end - first);
        }
    }
    return sum;
}

}  // namespace metrix::masks
