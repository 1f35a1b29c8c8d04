// Compiled once for each instruction set, with METRIX_LEVEL its name. Nothing here may have external linkage but the
// two tables: the linker keeps one copy of an inline function, and it might be one that this machine cannot run.
#include "kernels/distances/passes.hpp"

#include <cmath>

namespace metrix::distances {
namespace {

#if defined(__GNUC__)
#define METRIX_ROOT(x) __builtin_sqrt(x)
#else
#define METRIX_ROOT(x) std::sqrt(x)
#endif

void down(const std::uint8_t* mask, std::int32_t* steps, std::int32_t most, Index count) {
    for (Index i = 0; i < count; ++i) {
        const std::int32_t next = steps[i] + 1 < most ? steps[i] + 1 : most;
        steps[i] = mask[i] != 0 ? next : 0;
    }
}

void up(std::int32_t* above, std::int32_t* steps, std::int32_t most, Index count) {
    for (Index i = 0; i < count; ++i) {
        std::int32_t next = steps[i] + 1 < most ? steps[i] + 1 : most;
        next = above[i] != 0 ? next : 0;
        steps[i] = next;
        above[i] = next < above[i] ? next : above[i];
    }
}

// The first q from `low` on, and from `high` at the latest, whose parabola is lowest at a place: `table` stands at it.
template <class Square>
std::int32_t search(const Square* squares, const Square* table, std::int32_t low, std::int32_t high) {
    Square best[lanes];
    std::int32_t chunk[lanes];
    for (Index lane = 0; lane < lanes; ++lane) best[lane] = squares[low + lane] + table[low + lane];
    for (Index lane = 0; lane < lanes; ++lane) chunk[lane] = low;
    for (std::int32_t first = low + static_cast<std::int32_t>(lanes); first <= high;
         first += static_cast<std::int32_t>(lanes)) {
        for (Index lane = 0; lane < lanes; ++lane) {
            const Square value = squares[first + lane] + table[first + lane];
            const bool is_lower = value < best[lane];
            best[lane] = is_lower ? value : best[lane];
            chunk[lane] = is_lower ? first : chunk[lane];
        }
    }
    Square least = best[0];
    for (Index lane = 1; lane < lanes; ++lane) least = best[lane] < least ? best[lane] : least;
    std::int32_t place = high;
    for (Index lane = 0; lane < lanes; ++lane) {
        const std::int32_t own = chunk[lane] + static_cast<std::int32_t>(lane);
        place = best[lane] == least && own < place ? own : place;
    }
    return place;
}

template <class Square>
void envelope(const Square* squares, const Square* table, Index count, double inverse_spacing, std::int32_t* nearest,
              Square* result) {
    const auto last = static_cast<std::int32_t>(count - 1);
    const auto block_count = static_cast<std::int32_t>((count + lanes - 1) / lanes);
    const auto find = [&](std::int32_t block, std::int32_t low, std::int32_t high) {
        const std::int32_t start = block * static_cast<std::int32_t>(lanes);
        const std::int32_t place = start < last ? start : last;
        // What lies further away than the own background cannot be nearer.
        const double reach = METRIX_ROOT(static_cast<double>(squares[place])) * inverse_spacing;
        if (reach < static_cast<double>(last)) {
            const auto radius = static_cast<std::int32_t>(reach) + 1;
            low = place - radius > low ? place - radius : low;
            high = place + radius < high ? place + radius : high;
        }
        nearest[block] = low >= high ? low : search(squares, table - place, low, high);
    };
    find(0, 0, last);
    find(block_count, nearest[0], last);
    std::int32_t step = 1;
    while (step < block_count) step *= 2;
    for (; step > 1; step /= 2) {
        for (std::int32_t block = step / 2; block < block_count; block += step) {
            const std::int32_t right = block + step / 2 < block_count ? block + step / 2 : block_count;
            find(block, nearest[block - step / 2], nearest[right]);
        }
    }
    for (std::int32_t block = 0; block < block_count; ++block) {
        const Index start = block * lanes;
        Square best[lanes];
        for (Index lane = 0; lane < lanes; ++lane) best[lane] = squares[start + lane];
        for (std::int32_t q = nearest[block]; q <= nearest[block + 1]; ++q) {
            const Square* const of = table + (start - q);
            const Square height = squares[q];
            for (Index lane = 0; lane < lanes; ++lane) {
                const Square value = height + of[lane];
                best[lane] = value < best[lane] ? value : best[lane];
            }
        }
        for (Index lane = 0; lane < lanes; ++lane) result[start + lane] = best[lane];
    }
}

template <class Square>
void roots(const Square* squares, Square infinite, double* result, Index count) {
    for (Index i = 0; i < count; ++i) {
        const double root = METRIX_ROOT(static_cast<double>(squares[i]));
        result[i] = squares[i] >= infinite ? HUGE_VAL : root;
    }
}

template <class Square>
constexpr Passes<Square> table() {
    return {down, up, envelope<Square>, roots<Square>};
}

}  // namespace

namespace METRIX_LEVEL {
extern const Passes<std::int32_t> passes_of_integers;
extern const Passes<double> passes_of_doubles;
constinit const Passes<std::int32_t> passes_of_integers = table<std::int32_t>();
constinit const Passes<double> passes_of_doubles = table<double>();
}  // namespace METRIX_LEVEL

}  // namespace metrix::distances
