// Pixels to run lengths, in whatever order the pixels lie in memory.
//
// A run starts where a byte differs from the one before it in column order. With columns contiguous, that is the
// neighbour in memory. With rows contiguous (C order), it is the byte above: two whole rows are compared at once, and
// the few places that differ are then sorted into columns by counting. Either way the cost is one comparison of 64
// bytes at a time plus a little per border; the pixels are never transposed or copied.
#include <algorithm>
#include <bit>
#include <utility>

#include "kernels/masks.hpp"
#include "kernels/masks/run_lengths.hpp"

#ifdef __SSE2__
#include <emmintrin.h>
#endif

namespace metrix::masks {
namespace {

// Bit i is set if byte i of the 64 differs.
inline std::uint64_t differing_bytes(const std::uint8_t* a, const std::uint8_t* b) {
#ifdef __SSE2__
    std::uint64_t equal = 0;
    for (int part = 0; part < 4; ++part) {
        const __m128i in_a = _mm_loadu_si128(reinterpret_cast<const __m128i*>(a + 16 * part));
        const __m128i in_b = _mm_loadu_si128(reinterpret_cast<const __m128i*>(b + 16 * part));
        const auto bits = static_cast<std::uint32_t>(_mm_movemask_epi8(_mm_cmpeq_epi8(in_a, in_b)));
        equal |= static_cast<std::uint64_t>(bits) << (16 * part);
    }
    return ~equal;
#else
    std::uint64_t differ = 0;
    for (int i = 0; i < 64; ++i) differ |= static_cast<std::uint64_t>(a[i] != b[i]) << i;
    return differ;
#endif
}

// Calls found(i) for each i < count with a[i] != b[i], ascending, until it returns false.
template <class Found>
inline bool for_each_difference(const std::uint8_t* a, const std::uint8_t* b, std::size_t count, Found found) {
    std::size_t i = 0;
    for (; i + 64 <= count; i += 64) {
        for (std::uint64_t bits = differing_bytes(a + i, b + i); bits != 0; bits &= bits - 1) {
            if (!found(i + static_cast<std::size_t>(std::countr_zero(bits)))) return false;
        }
    }
    for (; i < count; ++i) {
        if (a[i] != b[i] && !found(i)) return false;
    }
    return true;
}

// Positions of borders, growing; finished into run lengths.
class Borders {
  public:
    explicit Borders(Arena& arena) : arena_(arena), room_(arena.take<std::uint32_t>(256)) {}

    void add(std::uint32_t position) {
        if (count_ == room_.size()) {
            const auto larger = arena_.take<std::uint32_t>(2 * count_);
            std::copy_n(room_.begin(), count_, larger.begin());
            room_ = larger;
        }
        room_[count_++] = position;
    }

    View1<const std::uint32_t> finish(std::uint32_t total) {
        add(total);
        std::uint32_t before = 0;
        for (std::uint32_t& count : room_.first(count_)) before = std::exchange(count, count - before);
        return room_.first(count_);
    }

  private:
    Arena& arena_;
    View1<std::uint32_t> room_;
    std::size_t count_ = 0;
};

// One mask, pixel (y, x) at first[y * row_stride + x * column_stride].
struct Image {
    const std::uint8_t* first;
    Index height, width, row_stride, column_stride;

    [[nodiscard]] const std::uint8_t* at(Index y, Index x) const { return first + y * row_stride + x * column_stride; }
    // The pixel before the first one of a column.
    [[nodiscard]] std::uint8_t before(Index x) const { return x > 0 ? *at(height - 1, x - 1) : std::uint8_t{0}; }
};

void add_column(const Image& image, Index x, Borders& borders) {
    const auto start = static_cast<std::uint32_t>(x * image.height);
    if (*image.at(0, x) != image.before(x)) borders.add(start);
    if (image.row_stride == 1) {
        const std::uint8_t* column = image.at(0, x);
        for_each_difference(column + 1, column, static_cast<std::size_t>(image.height - 1), [&](std::size_t i) {
            borders.add(start + static_cast<std::uint32_t>(i) + 1);
            return true;
        });
        return;
    }
    for (Index y = 1; y < image.height; ++y) {
        if (*image.at(y, x) != *image.at(y - 1, x)) borders.add(start + static_cast<std::uint32_t>(y));
    }
}

struct Place {
    std::uint32_t x, y;
};

constexpr std::size_t most_places = std::size_t{1} << 20;

// Borders of columns first .. end - 1 of an image with contiguous rows. Too many of them for the room that is sorted at
// once are done in halves, as noise on a large image must not take many times its memory.
void add_rows(const Image& image, Index first, Index end, Borders& borders, Arena& arena) {
    if (end - first == 1) return add_column(image, first, borders);
    {
        const Arena::Frame frame(arena);
        const auto columns = static_cast<std::size_t>(end - first);
        const std::size_t most = std::min(most_places, columns * static_cast<std::size_t>(image.height));
        const auto places = arena.take<Place>(most);
        const auto offsets = arena.take<std::uint32_t>(columns + 1);
        std::fill(offsets.begin(), offsets.end(), 0);
        std::size_t count = 0;
        const auto add = [&](std::size_t x, Index y) {
            if (count == most) return false;
            places[count++] = {static_cast<std::uint32_t>(x), static_cast<std::uint32_t>(y)};
            ++offsets[x + 1];
            return true;
        };
        const std::uint8_t* top = image.at(0, first);
        const std::uint8_t* bottom = image.at(image.height - 1, first);
        bool fits = *top == image.before(first) || add(0, 0);
        fits = fits && for_each_difference(top + 1, bottom, columns - 1, [&](std::size_t i) { return add(i + 1, 0); });
        for (Index y = 1; y < image.height && fits; ++y) {
            fits = for_each_difference(image.at(y, first), image.at(y - 1, first), columns,
                                       [&](std::size_t x) { return add(x, y); });
        }
        if (fits) {
            for (std::size_t x = 0; x < columns; ++x) offsets[x + 1] += offsets[x];
            const auto sorted = arena.take<std::uint32_t>(count);
            for (std::size_t i = 0; i < count; ++i) {
                const auto [x, y] = places[i];
                sorted[offsets[x]++] = static_cast<std::uint32_t>((first + x) * image.height) + y;
            }
            for (const std::uint32_t position : sorted) borders.add(position);
            return;
        }
    }
    const Index middle = first + (end - first) / 2;
    add_rows(image, first, middle, borders, arena);
    add_rows(image, middle, end, borders, arena);
}

}  // namespace

RunLengths encode(const Pixels& pixels, Index mask, Scratch& scratch) {
    const Image image{pixels.data + mask * pixels.mask_stride, pixels.height, pixels.width, pixels.row_stride,
                      pixels.column_stride};
    Borders borders(scratch.results);
    if (image.height > 0 && image.width > 0) {
        if (image.column_stride == 1 && image.row_stride != 1) {
            add_rows(image, 0, image.width, borders, scratch.work);
        } else {
            for (Index x = 0; x < image.width; ++x) add_column(image, x, borders);
        }
    }
    const auto total = static_cast<std::uint32_t>(image.height * image.width);
    return {static_cast<std::uint32_t>(image.height), static_cast<std::uint32_t>(image.width), borders.finish(total)};
}

}  // namespace metrix::masks
