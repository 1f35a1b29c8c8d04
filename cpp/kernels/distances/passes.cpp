// Compiled once for each instruction set, with METRIX_LEVEL its name. Nothing here may have external linkage but the
// two tables: the linker keeps one copy of an inline function, and it might be one that this machine cannot run.
#include "kernels/distances/passes.hpp"

#include <cmath>
#include <cstring>
#include <utility>

namespace metrix::distances {
namespace {

#if defined(__GNUC__)
#define METRIX_ROOT(x) __builtin_sqrt(x)
#else
#define METRIX_ROOT(x) std::sqrt(x)
#endif

// As many numbers as a register holds, or one where the compiler has no vectors: left to itself it takes the loops
// below apart. `parts` of them are the places that are worked on side by side.
template <class Square>
struct Vectors {
#if defined(__AVX512F__)
    static constexpr Index width = 64 / sizeof(Square);
#elif defined(__AVX2__)
    static constexpr Index width = 32 / sizeof(Square);
#elif defined(__GNUC__)
    static constexpr Index width = 16 / sizeof(Square);
#else
    static constexpr Index width = 1;
#endif
#if defined(__GNUC__)
    typedef Square Vector __attribute__((vector_size(width * sizeof(Square))));
#else
    using Vector = Square;
#endif
    static constexpr Index parts = lanes / width;

    Vector part[parts];

    static Vector all(Square value) { return Vector{} + value; }
    static Vectors load(const Square* from) {
        Vectors result;
        std::memcpy(&result, from, sizeof result);
        return result;
    }
    void store(Square* to) const { std::memcpy(to, this, sizeof *this); }

    static Vector lesser(Vector a, Vector b) { return b < a ? b : a; }

    // The least of all lanes, in each lane.
    [[nodiscard]] Vector least() const {
        Vector result = part[0];
        for (Index k = 1; k < parts; ++k) result = lesser(result, part[k]);
        constexpr auto places = std::make_index_sequence<width>{};
        if constexpr (width > 8) result = lesser(result, turned<8>(result, places));
        if constexpr (width > 4) result = lesser(result, turned<4>(result, places));
        if constexpr (width > 2) result = lesser(result, turned<2>(result, places));
        if constexpr (width > 1) result = lesser(result, turned<1>(result, places));
        return result;
    }

  private:
    template <std::size_t by, std::size_t... place>
    static Vector turned(Vector vector, std::index_sequence<place...> /*places*/) {
#if defined(__GNUC__)
        return __builtin_shufflevector(vector, vector, ((place + by) % width)...);
#else
        return vector;
#endif
    }
};

void down(const std::uint8_t* mask, std::int32_t* steps, std::int32_t* above, std::int32_t most, Index count) {
    for (Index i = 0; i < count; ++i) {
        const std::int32_t next = steps[i] + 1 < most ? steps[i] + 1 : most;
        steps[i] = mask[i] != 0 ? next : 0;
        above[i] = steps[i];
    }
}

template <class Square>
void up(const std::int32_t* above, std::int32_t* steps, std::int32_t most, double spacing, Square* squares,
        Index count) {
    for (Index i = 0; i < count; ++i) {
        std::int32_t next = steps[i] + 1 < most ? steps[i] + 1 : most;
        next = above[i] != 0 ? next : 0;
        steps[i] = next;
        const std::int32_t least = next < above[i] ? next : above[i];
        if constexpr (sizeof(Square) == sizeof(std::int32_t)) {
            squares[i] = least * least;
        } else {
            const double length = static_cast<double>(least) * spacing;
            squares[i] = least < most ? length * length : HUGE_VAL;
        }
    }
}

// The first q from `low` on, and from `high` at the latest, whose parabola is lowest at a place: `table` stands at it.
template <class Square>
std::int32_t search(const Square* squares, const Square* table, std::int32_t low, std::int32_t high) {
    using V = Vectors<Square>;
    constexpr auto step = static_cast<std::int32_t>(lanes);
    constexpr Square order[lanes] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
    V best = V::load(squares + low);
    const V distance = V::load(table + low);
    V found = V::load(order);  // where the best of each lane stands
    for (Index k = 0; k < V::parts; ++k) {
        best.part[k] += distance.part[k];
        found.part[k] += V::all(static_cast<Square>(low));
    }
    V here = found;
    for (std::int32_t first = low + step; first <= high; first += step) {
        const V next = V::load(squares + first);
        const V away = V::load(table + first);
        for (Index k = 0; k < V::parts; ++k) {
            const auto value = next.part[k] + away.part[k];
            here.part[k] += V::all(static_cast<Square>(step));
            found.part[k] = value < best.part[k] ? here.part[k] : found.part[k];
            best.part[k] = V::lesser(best.part[k], value);
        }
    }
    const auto least = best.least();
    const auto none = V::all(static_cast<Square>(high));
    for (Index k = 0; k < V::parts; ++k) found.part[k] = best.part[k] == least ? found.part[k] : none;
    const auto place = found.least();
    if constexpr (V::width > 1) {
        return static_cast<std::int32_t>(place[0]);
    } else {
        return static_cast<std::int32_t>(place);
    }
}

// The lowest parabola of those from `low` to `high`, at `lanes` places, at the first of which `table` stands.
template <class Square>
void lowest(const Square* squares, const Square* table, std::int32_t low, std::int32_t high, Square* result) {
    using V = Vectors<Square>;
    V best = V::load(table - low);
    for (Index k = 0; k < V::parts; ++k) best.part[k] += squares[low];
    for (std::int32_t q = low + 1; q <= high; ++q) {
        const V distance = V::load(table - q);
        for (Index k = 0; k < V::parts; ++k) {
            best.part[k] = V::lesser(best.part[k], distance.part[k] + squares[q]);
        }
    }
    best.store(result);
}

template <class Square>
bool all_zero(const Square* squares) {
    bool is_zero = true;
    for (Index lane = 0; lane < lanes; ++lane) is_zero &= squares[lane] == Square{0};
    return is_zero;
}

template <class Square>
void envelope(const Square* squares, const Square* table, Index count, double inverse_spacing, std::int32_t* nearest,
              Square* result) {
    constexpr auto size = static_cast<std::int32_t>(lanes);
    const auto last = static_cast<std::int32_t>(count - 1);
    const std::int32_t block_count = last / size + 1;
    const auto find = [&](std::int32_t block, std::int32_t low, std::int32_t high) {
        const std::int32_t place = block * size < last ? block * size : last;
        const Square own = squares[place];
        if (own == Square{0}) {
            nearest[block] = place;
            return;
        }
        // What lies further away than the background along the axes before cannot be nearer.
        const double reach = METRIX_ROOT(static_cast<double>(own)) * inverse_spacing;
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
        const std::int32_t start = block * size;
        if (all_zero(squares + start)) {
            for (Index lane = 0; lane < lanes; ++lane) result[start + lane] = Square{0};
        } else {
            lowest(squares, table + start, nearest[block], nearest[block + 1], result + start);
        }
    }
}

template <class Square>
Square squared(Square steps, double spacing) {
    if constexpr (sizeof(Square) == sizeof(double)) {
        const double length = steps * spacing;
        return length * length;
    } else {
        return steps * steps;
    }
}

template <class Square>
Square nearest(const Square* z, const Square* y, const Square* x, Index count, const Square* point,
               const double* spacing) {
    Square best[lanes];
    for (Index first = 0; first < count; first += lanes) {
        for (Index lane = 0; lane < lanes; ++lane) {
            const Index i = first + lane;
            const Square value = squared(z[i] - point[0], spacing[0]) + squared(y[i] - point[1], spacing[1]) +
                                 squared(x[i] - point[2], spacing[2]);
            best[lane] = first == 0 || value < best[lane] ? value : best[lane];
        }
    }
    Square least = best[0];
    for (Index lane = 1; lane < lanes; ++lane) least = best[lane] < least ? best[lane] : least;
    return least;
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
    return {down, up<Square>, envelope<Square>, nearest<Square>, roots<Square>};
}

}  // namespace

namespace METRIX_LEVEL {
extern const Passes<std::int32_t> passes_of_integers;
extern const Passes<double> passes_of_doubles;
constinit const Passes<std::int32_t> passes_of_integers = table<std::int32_t>();
constinit const Passes<double> passes_of_doubles = table<double>();
}  // namespace METRIX_LEVEL

}  // namespace metrix::distances
