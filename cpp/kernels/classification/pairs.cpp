// Compiled once for each instruction set, with METRIX_LEVEL its name. Nothing here may have external linkage but the
// table: the linker keeps one copy of an inline function, and it might be one that this machine cannot run.
#include "kernels/classification/pairs.hpp"

#include <cstring>

#if defined(__AVX512BW__) || defined(__AVX2__)
#include <immintrin.h>
#elif defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace metrix::classification {
namespace {

constexpr Index word = 64;  // pairs that are compared together
constexpr Index block = Index{1} << 10;
// Runs among 64 pairs up to which following them is faster than counting every pair.
constexpr int most_runs = 14;

// Bit i: whether pair i differs from the one before.
std::uint64_t changes(const std::uint8_t* a, const std::uint8_t* b) {
    std::uint64_t bits = 0;
#if defined(__AVX512BW__)
    const auto differ = [](const std::uint8_t* from) {
        return static_cast<std::uint64_t>(
            _mm512_cmpneq_epi8_mask(_mm512_loadu_si512(from), _mm512_loadu_si512(from - 1)));
    };
    bits = differ(a) | differ(b);
#elif defined(__AVX2__)
    const auto same = [](const std::uint8_t* from) {
        return _mm256_cmpeq_epi8(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(from)),
                                 _mm256_loadu_si256(reinterpret_cast<const __m256i*>(from - 1)));
    };
    for (int part = 0; part < 2; ++part) {
        const auto equal = static_cast<std::uint32_t>(
            _mm256_movemask_epi8(_mm256_and_si256(same(a + 32 * part), same(b + 32 * part))));
        bits |= static_cast<std::uint64_t>(~equal) << (32 * part);
    }
#elif defined(__SSE2__)
    const auto same = [](const std::uint8_t* from) {
        return _mm_cmpeq_epi8(_mm_loadu_si128(reinterpret_cast<const __m128i*>(from)),
                              _mm_loadu_si128(reinterpret_cast<const __m128i*>(from - 1)));
    };
    for (int part = 0; part < 4; ++part) {
        const auto equal =
            static_cast<std::uint32_t>(_mm_movemask_epi8(_mm_and_si128(same(a + 16 * part), same(b + 16 * part))));
        bits |= static_cast<std::uint64_t>(~equal & 0xffffU) << (16 * part);
    }
#else
    for (int i = 0; i < word; ++i) bits |= static_cast<std::uint64_t>(a[i] != a[i - 1] || b[i] != b[i - 1]) << i;
#endif
    return bits;
}

int count_bits(std::uint64_t bits) {
#if defined(__GNUC__)
    return __builtin_popcountll(bits);
#else
    int count = 0;
    for (; bits != 0; bits &= bits - 1) ++count;
    return count;
#endif
}

int lowest_bit(std::uint64_t bits) {
#if defined(__GNUC__)
    return __builtin_ctzll(bits);
#else
    int place = 0;
    for (; (bits & 1) == 0; bits >>= 1) ++place;
    return place;
#endif
}

const std::uint8_t* encode(const std::uint8_t* from, Index count, const ByteCoding& coding, std::uint8_t* room) {
    if (!coding.clamps) return from;
    for (Index i = 0; i < count; ++i) {
        const auto distance = static_cast<std::uint8_t>(from[i] - coding.low);
        room[i] = distance < coding.span ? distance : coding.span;
    }
    if (coding.ignores) {
        const auto code = static_cast<std::uint8_t>(coding.span + 1);
        for (Index i = 0; i < count; ++i) room[i] = from[i] == coding.ignored ? code : room[i];
    }
    return room;
}

// Cells of at most `block` pairs.
template <class Cell>
void find_cells(const std::uint8_t* truth, const std::uint8_t* prediction, Index count, const PairCoding& coding,
                Cell* cells) {
    std::uint8_t room[2][block];
    const std::uint8_t* const t = encode(truth, count, coding.truth, room[0]);
    const std::uint8_t* const p = encode(prediction, count, coding.prediction, room[1]);
    const auto stride = static_cast<Cell>(coding.stride);
    for (Index i = 0; i < count; ++i) cells[i] = static_cast<Cell>(t[i] * stride + p[i]);
}

// Each of at most `block` pairs by itself.
template <int tables>
struct EachPair {
    static void add(const std::uint8_t* truth, const std::uint8_t* prediction, Index count, const PairCoding& coding,
                    std::uint32_t* table) {
        std::uint16_t cell[block];
        find_cells(truth, prediction, count, coding, cell);
        std::uint32_t* of[tables];
        for (int k = 0; k < tables; ++k) of[k] = table + k * coding.cells;
        Index i = 0;
        for (; i + 8 <= count; i += 8) {
            for (int k = 0; k < 8; ++k) ++of[k % tables][cell[i + k]];
        }
        for (; i < count; ++i) ++of[0][cell[i]];
    }
};

// Four at a time: cells are half bytes, in whatever order they come to lie in 16 bits.
struct EachQuad {
    static void add(const std::uint8_t* truth, const std::uint8_t* prediction, Index count, const PairCoding& coding,
                    std::uint32_t* table) {
        std::uint8_t cell[block];
        find_cells(truth, prediction, count, coding, cell);
        std::uint16_t quad[block / 4];
        const Index full = count / 4;
        for (Index i = 0; i < full; ++i) {
            std::uint32_t four;
            std::memcpy(&four, cell + 4 * i, sizeof four);
            four = (four | four >> 4) & 0x00ff00ffU;
            quad[i] = static_cast<std::uint16_t>(four | four >> 8);
        }
        std::uint32_t* const of_quads = table + quad_cells;
        for (Index i = 0; i < full; ++i) ++of_quads[quad[i]];
        for (Index i = 4 * full; i < count; ++i) ++table[cell[i]];
    }
};

template <class Each>
void count_pairs(const std::uint8_t* truth, const std::uint8_t* prediction, Index count, const PairCoding& coding,
                 std::uint32_t* table) {
    if (count == 0) return;
    const auto cell_of = [&](Index i) { return coding.of_true[truth[i]] + coding.predicted[prediction[i]]; };
    Index start = 0;  // of the run
    std::uint32_t cell = cell_of(0);
    const auto end_run = [&](Index end) {
        table[cell] += static_cast<std::uint32_t>(end - start);
        start = end;
    };
    Index i = 1;
    while (i + word <= count) {
        std::uint64_t starts = changes(truth + i, prediction + i);
        if (count_bits(starts) > most_runs) {
            const Index length = count - i < block ? count - i : block;
            end_run(i);
            Each::add(truth + i, prediction + i, length, coding, table);
            i += length;
            start = i;
            cell = cell_of(i - 1);
            continue;
        }
        for (; starts != 0; starts &= starts - 1) {
            end_run(i + lowest_bit(starts));
            cell = cell_of(start);
        }
        i += word;
    }
    for (; i < count; ++i) {
        if (truth[i] == truth[i - 1] && prediction[i] == prediction[i - 1]) continue;
        end_run(i);
        cell = cell_of(i);
    }
    end_run(count);
}

}  // namespace

namespace METRIX_LEVEL {
extern const PairLoops pair_loops_of_level;
constinit const PairLoops pair_loops_of_level = {
    {count_pairs<EachPair<8>>, count_pairs<EachPair<4>>, count_pairs<EachPair<2>>, count_pairs<EachQuad>}};
}  // namespace METRIX_LEVEL

}  // namespace metrix::classification
