#include "kernels/masks/column_bits.hpp"

#include <algorithm>
#include <bit>

#include "kernels/masks/column_words.hpp"

namespace metrix::masks {
namespace {

// So few words are made without asking whether there are fewer runs.
constexpr std::size_t always_worthwhile_words = std::size_t{1} << 10;

}  // namespace

const ColumnBits* make_bits(const RunLengths& mask, const Box& box, Arena& arena) {
    const std::size_t words_per_column = words_for(mask.height);
    const std::size_t count = words_per_column * box[2];
    if (count > always_worthwhile_words + 2 * mask.counts.size()) return nullptr;
    const auto words = arena.take<std::uint64_t>(count);
    std::fill(words.begin(), words.end(), 0);
    std::uint64_t* column = words.data();
    std::uint32_t row = mask.counts[0] % mask.height;
    for (std::size_t i = 1; i < mask.counts.size(); i += 2) {
        std::uint32_t end = row + mask.counts[i];
        for (; end > mask.height; end -= mask.height, row = 0, column += words_per_column) {
            for_each_word(row, mask.height, [&](std::size_t word, std::uint64_t bits) { column[word] |= bits; });
        }
        for_each_word(row, end, [&](std::size_t word, std::uint64_t bits) { column[word] |= bits; });
        if (i + 1 == mask.counts.size()) break;
        row = end + mask.counts[i + 1];
        column += row / mask.height * words_per_column;
        row %= mask.height;
    }
    const auto bits = arena.take<ColumnBits>(1);
    bits[0] = {box[0], box[0] + box[2], words_per_column, words.data()};
    return bits.data();
}

std::uint32_t intersection(const ColumnBits& a, const ColumnBits& b) {
    const std::uint32_t first = std::max(a.first_column, b.first_column);
    const std::uint32_t end = std::min(a.end_column, b.end_column);
    if (first >= end) return 0;
    const std::uint64_t* in_a = a.words + (first - a.first_column) * a.words_per_column;
    const std::uint64_t* in_b = b.words + (first - b.first_column) * b.words_per_column;
    const std::size_t count = (end - first) * a.words_per_column;
    std::uint32_t shared = 0;
    for (std::size_t i = 0; i < count; ++i) shared += static_cast<std::uint32_t>(std::popcount(in_a[i] & in_b[i]));
    return shared;
}

std::uint32_t intersection(const ColumnSpans& a, const ColumnBits& b) {
    std::uint32_t shared = 0;
    for (const SpanLayer& layer : a.layers) {
        const std::uint32_t first = std::max(layer.first_column, b.first_column);
        const std::uint32_t end = std::min(layer.end_column, b.end_column);
        for (std::uint32_t column = first; column < end; ++column) {
            const std::uint64_t* words = b.words + (column - b.first_column) * b.words_per_column;
            const std::uint32_t at = column - layer.first_column;
            for_each_word(static_cast<std::uint32_t>(layer.start[at]), static_cast<std::uint32_t>(layer.end[at]),
                          [&](std::size_t word, std::uint64_t bits) {
                              shared += static_cast<std::uint32_t>(std::popcount(words[word] & bits));
                          });
        }
    }
    return shared;
}

}  // namespace metrix::masks
