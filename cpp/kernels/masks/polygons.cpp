#include "kernels/masks/polygons.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

#include "kernels/masks/column_spans.hpp"
#include "kernels/masks/edges.hpp"
#include "kernels/masks/run_lengths.hpp"

#ifdef __SSE4_1__
#include <smmintrin.h>
#endif

namespace metrix::masks {
namespace {

constexpr double largest_coordinate = 2e8;  // in pixels: 1e9 fifths, so that differences fit an int
constexpr std::uint64_t most_borders = std::uint64_t{1} << 26;
constexpr std::uint32_t most_bucket_columns = 65535;
constexpr std::uint32_t bucket_size = 16;

constexpr const char* bad_coordinate = "has a coordinate that is not finite, or beyond 2e8 pixels";
constexpr const char* too_many_borders = "has an outline with more than 2^26 borders";
constexpr const char* too_large = "has a canvas of 2^32 pixels or more";
constexpr const char* too_far = "has an outline with a border at or beyond pixel 2^31";

// A closed outline on the grid of fifths: point `count` is point 0 again.
struct GridOutline {
    const int* x = nullptr;
    const int* y = nullptr;
    std::size_t count = 0;
    int least_x = 0;
    int largest_x = -1;
    bool exact = true;  // no edge steps over two grid columns at once
};

inline int to_grid(double coordinate) {
    return static_cast<int>(5.0 * coordinate + 0.5);
}

Problem to_grid(const Outline& outline, Arena& arena, GridOutline& grid) {
    double corners[8];
    const std::byte* coordinates = outline.coordinates;
    std::size_t count = outline.count / 2;
    if (outline.is_box) {
        double box[4];
        std::memcpy(box, coordinates, sizeof box);
        const double x_end = box[0] + box[2];
        const double y_end = box[1] + box[3];
        const double around[8] = {box[0], box[1], box[0], y_end, x_end, y_end, x_end, box[1]};
        std::memcpy(corners, around, sizeof corners);
        coordinates = reinterpret_cast<const std::byte*>(corners);
        count = 4;
    }
    const auto x = arena.take<int>(count + 1);
    const auto y = arena.take<int>(count + 1);
    if (count == 0) return nullptr;
    bool good = true;
    for (std::size_t i = 0; i < count; ++i) {
        double point[2];
        std::memcpy(point, coordinates + i * sizeof point, sizeof point);
        const bool near = std::abs(point[0]) <= largest_coordinate && std::abs(point[1]) <= largest_coordinate;
        good &= near;
        x[i] = near ? to_grid(point[0]) : 0;
        y[i] = near ? to_grid(point[1]) : 0;
    }
    if (!good) return bad_coordinate;
    x[count] = x[0];
    y[count] = y[0];
    const auto [least_x, largest_x] = std::minmax_element(x.begin(), x.end());
    const auto [least_y, largest_y] = std::minmax_element(y.begin(), y.end());
    const bool exact = is_exact(*least_x, *least_y, *largest_x, *largest_y);
    grid = {x.data(), y.data(), count, *least_x, *largest_x, exact};
    return nullptr;
}

// Grid rows of the borders of an outline, by column: borders k of all columns stand together.
struct Buckets {
    ColumnRange columns;
    std::uint8_t* counts = nullptr;  // of borders in each column
    int* rows = nullptr;
    std::size_t stride = 0;
    bool full = false;  // some border found no room, or the borders of some column are odd in number

    [[nodiscard]] int* layer(std::size_t k) const { return rows + k * stride; }
};

constexpr std::uint64_t one_in_each_byte = 0x0101010101010101;

inline std::uint64_t load_bytes(const std::uint8_t* bytes) {
    std::uint64_t word;
    std::memcpy(&word, bytes, sizeof word);
    return word;
}

// True if `count` bytes all equal the first one; reads up to 7 more.
inline bool all_equal(const std::uint8_t* bytes, std::uint32_t count) {
    const std::uint64_t pattern = one_in_each_byte * bytes[0];
    for (; count >= 8; count -= 8, bytes += 8) {
        if (load_bytes(bytes) != pattern) return false;
    }
    return count == 0 || (load_bytes(bytes) ^ pattern) << (64 - 8 * count) == 0;
}

// Adds the borders of an edge: at once where all its columns have the same number of borders so far, as they mostly
// have.
template <class Edge>
void add_edge(Buckets& buckets, ColumnRange columns, int* room, Edge edge_rows) {
    const std::uint32_t from = columns.first - buckets.columns.first;
    const std::uint32_t count = columns.size();
    std::uint8_t* counts = buckets.counts + from;
    if (counts[0] < bucket_size && all_equal(counts, count)) {
        edge_rows(buckets.layer(counts[0]) + from);
        for (std::uint32_t i = 0; i < count; ++i) ++counts[i];
        return;
    }
    edge_rows(room);
    for (std::uint32_t i = 0; i < count; ++i) {
        if (counts[i] == bucket_size) {
            buckets.full = true;
            return;
        }
        buckets.layer(counts[i]++)[from + i] = room[i];
    }
}

Buckets fill_buckets(const GridOutline& outline, ColumnRange columns, Arena& arena) {
    Buckets buckets;
    buckets.columns = columns;
    const std::size_t width = columns.size();
    buckets.stride = width + 8;
    const auto counts = arena.take<std::uint8_t>(width + 8);
    std::memset(counts.data(), 0, counts.size());
    buckets.counts = counts.data();
    buckets.rows = arena.take<int>(bucket_size * buckets.stride).data();
    int* room = arena.take<int>(width).data();
    for (std::size_t i = 0; i < outline.count && !buckets.full; ++i) {
        const int ax = outline.x[i], ay = outline.y[i], bx = outline.x[i + 1], by = outline.y[i + 1];
        const ColumnRange crossed = columns_between(std::min(ax, bx), std::max(ax, bx), columns);
        if (crossed.first >= crossed.end) continue;
        if (is_flat(ax, ay, bx, by)) {
            const FlatEdge edge(ax, ay, bx, by, crossed.first);
            add_edge(buckets, crossed, room, [&](int* rows) { edge.rows(crossed.size(), rows); });
        } else {
            const SteepEdge edge(ax, ay, bx, by);
            add_edge(buckets, crossed, room, [&](int* rows) { edge.rows(crossed.first, crossed.size(), rows); });
        }
    }
    std::uint8_t any_bits = 0;
    for (std::size_t i = 0; i < width; ++i) any_bits |= buckets.counts[i];
    buckets.full |= any_bits % 2 == 1;
    return buckets;
}

// The pixel rows of one column's borders, ascending. Returns how many.
inline std::uint32_t sorted_rows(const Buckets& buckets, std::uint32_t at, std::uint32_t height, std::uint16_t* rows) {
    const std::uint32_t count = buckets.counts[at];
    for (std::uint32_t i = 0; i < count; ++i) {
        const auto row = static_cast<std::uint16_t>(border_row(buckets.layer(i)[at], height));
        std::uint32_t place = i;
        for (; place > 0 && rows[place - 1] > row; --place) rows[place] = rows[place - 1];
        rows[place] = row;
    }
    return count;
}

// Ascending borders to run lengths, in place. Equal borders cancel in pairs, and the last ends the mask.
class RunWriter {
  public:
    explicit RunWriter(std::uint32_t* counts) : borders_(counts) {}

    void add(std::uint32_t border) {
        if (count_ > 0 && borders_[count_ - 1] == border) {
            --count_;
        } else {
            borders_[count_++] = border;
        }
    }

    std::size_t finish(std::uint32_t total) {
        if (count_ == 0 || borders_[count_ - 1] != total) borders_[count_++] = total;
        std::uint32_t before = 0;
        for (std::size_t i = 0; i < count_; ++i) {
            const std::uint32_t border = borders_[i];
            borders_[i] = border - before;
            before = border;
        }
        return count_;
    }

  private:
    std::uint32_t* borders_;
    std::size_t count_ = 0;
};

bool fits_buckets(const GridOutline& outline, ColumnRange columns, std::uint32_t height, std::uint32_t width) {
    return outline.exact && height <= std::numeric_limits<std::uint16_t>::max() &&
           columns.size() <= most_bucket_columns && pixel_count(height, width) < std::uint64_t{1} << 31;
}

// All borders sorted together: for outlines that the buckets cannot hold, and canvases of other sizes.
Problem sort_borders(const GridOutline& outline, ColumnRange columns, std::uint32_t height, std::uint32_t width,
                     Scratch& scratch, RunLengths& mask) {
    std::uint64_t count = 0;
    for (std::size_t i = 0; i < outline.count; ++i) {
        const auto [least, largest] = std::minmax(outline.x[i], outline.x[i + 1]);
        const ColumnRange crossed = columns_between(least, largest, columns);
        if (crossed.first < crossed.end) count += crossed.end - crossed.first;
    }
    if (count > most_borders) return too_many_borders;
    const auto room = scratch.results.take<std::uint32_t>(count + 1);
    std::size_t at = 0;
    bool far = false;
    for (std::size_t i = 0; i < outline.count; ++i) {
        const int ax = outline.x[i], ay = outline.y[i], bx = outline.x[i + 1], by = outline.y[i + 1];
        const ColumnRange crossed = columns_between(std::min(ax, bx), std::max(ax, bx), columns);
        const bool flat = is_flat(ax, ay, bx, by);
        const bool exact = is_exact(ax, ay, bx, by);
        for (std::uint32_t column = crossed.first; column < crossed.end; ++column) {
            int v = 0;
            if (flat) {
                FlatEdge(ax, ay, bx, by, column).rows(1, &v);
            } else {
                const SteepEdge edge(ax, ay, bx, by);
                const int middle = static_cast<int>(5 * column) + 3;
                const int step = edge.first_over(middle);
                if (!exact && !edge.counts(step, middle)) continue;
                v = edge.ay + step - 1;
            }
            const std::uint64_t border = std::uint64_t{column} * height + border_row(v, height);
            far |= border >= std::uint64_t{1} << 31;
            room[at++] = static_cast<std::uint32_t>(border);
        }
    }
    if (far) return too_far;
    auto total = static_cast<std::uint32_t>(pixel_count(height, width));
    std::sort(room.data(), room.data() + at);
    if (width == 0 && at > 0 && room[at - 1] > 0) {
        // The reference sorts the size in with the borders; with no columns it is the first of them, not the last.
        std::copy_backward(room.data(), room.data() + at, room.data() + at + 1);
        room[0] = 0;
        total = room[at++];
    }
    RunWriter writer(room.data());
    for (std::size_t i = 0; i < at; ++i) writer.add(room[i]);
    mask = {height, width, scratch.results.keep(room, writer.finish(total))};
    return nullptr;
}

// The spans of several outlines, by column, in any order.
struct SpanBuckets {
    ColumnRange columns;
    std::uint16_t* rows = nullptr;  // bucket_size per column: start, end, start, end, ...
    std::uint8_t* counts = nullptr;
};

// False if some column has no room for the spans of one more outline.
bool add_outline(const Buckets& outline, std::uint32_t height, SpanBuckets& spans) {
    for (std::uint32_t i = 0; i < outline.columns.size(); ++i) {
        const std::uint32_t at = i + outline.columns.first - spans.columns.first;
        std::uint8_t& count = spans.counts[at];
        if (count + outline.counts[i] > static_cast<int>(bucket_size)) return false;
        std::uint16_t* rows = spans.rows + std::size_t{bucket_size} * at + count;
        count = static_cast<std::uint8_t>(count + sorted_rows(outline, i, height, rows));
    }
    return true;
}

// Spans of one column to their union: ascending, none empty, none touching another. Returns how many rows are left.
std::uint32_t unite_spans(std::uint16_t* rows, std::uint32_t count) {
    for (std::uint32_t i = 2; i < count; i += 2) {
        const std::uint16_t start = rows[i];
        const std::uint16_t end = rows[i + 1];
        std::uint32_t at = i;
        for (; at > 0 && rows[at - 2] > start; at -= 2) {
            rows[at] = rows[at - 2];
            rows[at + 1] = rows[at - 1];
        }
        rows[at] = start;
        rows[at + 1] = end;
    }
    std::uint32_t kept = 0;
    for (std::uint32_t i = 0; i < count; i += 2) {
        if (rows[i] == rows[i + 1]) continue;
        if (kept > 0 && rows[i] <= rows[kept - 1]) {
            rows[kept - 1] = std::max(rows[kept - 1], rows[i + 1]);
        } else {
            rows[kept] = rows[i];
            rows[kept + 1] = rows[i + 1];
            kept += 2;
        }
    }
    return kept;
}

bool add_spans(const std::uint16_t* rows, std::uint32_t count, std::uint32_t at, SpanBuilder& builder) {
    std::size_t layer = 0;
    for (std::uint32_t k = 0; k < count; k += 2) {
        if (rows[k] < rows[k + 1] && !builder.add(at, layer++, rows[k], rows[k + 1])) return false;
    }
    return true;
}

// Columns at .. at + 7 of an outline, if each has two borders: as most columns do.
inline bool add_simple_columns(const Buckets& buckets, std::uint32_t at, std::uint32_t height, std::int16_t* start,
                               std::int16_t* end) {
    if (load_bytes(buckets.counts + at) != 2 * one_in_each_byte) return false;
    const int* a = buckets.layer(0) + at;
    const int* b = buckets.layer(1) + at;
    // border_row() as a product: rows are below 2^15, so that single precision cannot miss the integer part.
    const int last = std::max(2, static_cast<int>(5 * height));  // 2 is row 0, the only one where there are none
#ifdef __SSE4_1__
    const auto four = [&](const int* rows) {
        const __m128i v = _mm_loadu_si128(reinterpret_cast<const __m128i*>(rows));
        const __m128i within = _mm_min_epi32(_mm_max_epi32(v, _mm_set1_epi32(2)), _mm_set1_epi32(last));
        const __m128 fifths = _mm_add_ps(_mm_cvtepi32_ps(within), _mm_set1_ps(2.5F));
        return _mm_cvttps_epi32(_mm_mul_ps(fifths, _mm_set1_ps(0.2F)));
    };
    const __m128i of_a = _mm_packs_epi32(four(a), four(a + 4));
    const __m128i of_b = _mm_packs_epi32(four(b), four(b + 4));
    _mm_storeu_si128(reinterpret_cast<__m128i*>(start + at), _mm_min_epi16(of_a, of_b));
    _mm_storeu_si128(reinterpret_cast<__m128i*>(end + at), _mm_max_epi16(of_a, of_b));
#else
    const auto row = [&](int v) {
        return static_cast<std::int16_t>((static_cast<float>(std::clamp(v, 2, last)) + 2.5F) * 0.2F);
    };
    for (int i = 0; i < 8; ++i) {
        start[at + i] = row(std::min(a[i], b[i]));
        end[at + i] = row(std::max(a[i], b[i]));
    }
#endif
    return true;
}

// The spans of one outline. False if it needs too many layers.
bool add_outline(const Buckets& buckets, std::uint32_t height, SpanBuilder& builder) {
    std::int16_t* start = nullptr;
    std::int16_t* end = nullptr;
    if (!builder.open(start, end)) return false;
    const std::uint32_t width = buckets.columns.size();
    for (std::uint32_t at = 0; at < width;) {
        if (at + 8 <= width && add_simple_columns(buckets, at, height, start, end)) {
            at += 8;
            continue;
        }
        for (const std::uint32_t stop = std::min(at + 8, width); at < stop; ++at) {
            std::uint16_t rows[bucket_size];
            const std::uint32_t count = sorted_rows(buckets, at, height, rows);
            if (!add_spans(rows, count, at, builder)) return false;
        }
    }
    return true;
}

}  // namespace

Problem rasterise(const Outline& outline, std::uint32_t height, std::uint32_t width, Scratch& scratch,
                  RunLengths& mask) {
    const Arena::Frame frame(scratch.work);
    if (pixel_count(height, width) > std::numeric_limits<std::uint32_t>::max()) return too_large;
    GridOutline grid;
    if (const Problem problem = to_grid(outline, scratch.work, grid)) return problem;
    // The reference compares with w - 1 in unsigned numbers: a canvas without columns has them all.
    const std::uint32_t columns_end = width > 0 ? width : std::numeric_limits<std::uint32_t>::max();
    ColumnRange columns = columns_between(grid.least_x, grid.largest_x, {0, columns_end});
    if (columns.first >= columns.end || height == 0) columns = {};
    if (width == 0 || !fits_buckets(grid, columns, height, width)) {
        return sort_borders(grid, columns, height, width, scratch, mask);
    }
    const Buckets buckets = fill_buckets(grid, columns, scratch.work);
    if (buckets.full) return sort_borders(grid, columns, height, width, scratch, mask);
    std::size_t count = 0;
    for (std::uint32_t i = 0; i < columns.size(); ++i) count += buckets.counts[i];
    const auto room = scratch.results.take<std::uint32_t>(count + 1);
    RunWriter writer(room.data());
    for (std::uint32_t i = 0; i < columns.size(); ++i) {
        std::uint16_t rows[bucket_size];
        const std::uint32_t borders = sorted_rows(buckets, i, height, rows);
        for (std::uint32_t k = 0; k < borders; ++k) writer.add((columns.first + i) * height + rows[k]);
    }
    const std::size_t runs = writer.finish(static_cast<std::uint32_t>(pixel_count(height, width)));
    mask = {height, width, scratch.results.keep(room, runs)};
    return nullptr;
}

Problem rasterise_spans(View1<const Outline> outlines, std::uint32_t height, std::uint32_t width, Scratch& scratch,
                        const ColumnSpans*& spans, std::uint32_t& area, Box& box) {
    spans = nullptr;
    if (width == 0 || height > tallest_for_spans || pixel_count(height, width) >= std::uint64_t{1} << 31)
        return nullptr;
    const Arena::Frame frame(scratch.work);
    const auto grids = scratch.work.take<GridOutline>(outlines.size());
    const auto ranges = scratch.work.take<ColumnRange>(outlines.size());
    ColumnRange all{width, 0};
    for (std::size_t i = 0; i < outlines.size(); ++i) {
        grids[i] = {};
        if (const Problem problem = to_grid(outlines[i], scratch.work, grids[i])) return problem;
        ranges[i] = columns_between(grids[i].least_x, grids[i].largest_x, {0, width});
        if (ranges[i].first >= ranges[i].end) ranges[i] = {};
        if (!fits_buckets(grids[i], ranges[i], height, width)) return nullptr;
        if (ranges[i].size() > 0) all = {std::min(all.first, ranges[i].first), std::max(all.end, ranges[i].end)};
    }
    if (all.first >= all.end) all = {};
    SpanBuilder builder(all.first, all.end, span_room(0), scratch.results);
    if (outlines.size() == 1) {
        const Buckets buckets = fill_buckets(grids[0], all, scratch.work);
        if (buckets.full || !add_outline(buckets, height, builder)) return nullptr;
        spans = builder.finish(area, box);
        return nullptr;
    }

    const auto counts = scratch.work.take<std::uint8_t>(all.size());
    std::fill(counts.begin(), counts.end(), std::uint8_t{0});
    const auto rows = scratch.work.take<std::uint16_t>(std::size_t{bucket_size} * all.size());
    SpanBuckets united{all, rows.data(), counts.data()};
    for (std::size_t i = 0; i < outlines.size(); ++i) {
        const Arena::Frame of_this_outline(scratch.work);
        const Buckets buckets = fill_buckets(grids[i], ranges[i], scratch.work);
        if (buckets.full || !add_outline(buckets, height, united)) return nullptr;
    }
    for (std::uint32_t at = 0; at < all.size(); ++at) {
        std::uint16_t* of_column = united.rows + std::size_t{bucket_size} * at;
        const std::uint32_t count = unite_spans(of_column, united.counts[at]);
        if (!add_spans(of_column, count, at, builder)) return nullptr;
    }
    spans = builder.finish(area, box);
    return nullptr;
}

Problem from_polygon(View1<const double> coordinates, std::uint32_t height, std::uint32_t width, Scratch& scratch,
                     RunLengths& mask) {
    return rasterise({reinterpret_cast<const std::byte*>(coordinates.data()), coordinates.size(), false}, height, width,
                     scratch, mask);
}

Problem from_box(View1<const double> box, std::uint32_t height, std::uint32_t width, Scratch& scratch,
                 RunLengths& mask) {
    return rasterise({reinterpret_cast<const std::byte*>(box.data()), 4, true}, height, width, scratch, mask);
}

}  // namespace metrix::masks
