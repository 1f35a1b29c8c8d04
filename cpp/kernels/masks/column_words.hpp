// Rows of one column as bits of words: row y is bit y % 64 of word y / 64.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>

namespace metrix::masks {

constexpr std::size_t word_bits = 64;

inline std::size_t words_for(std::size_t rows) {
    return (rows + word_bits - 1) / word_bits;
}

inline std::uint64_t low_bits(std::uint32_t count) {
    return count == 0 ? 0 : ~std::uint64_t{0} >> (word_bits - count);
}

// Calls part(word, mask) for the words of rows start .. end - 1 of a column, mask having the bits of those rows.
template <class Part>
void for_each_word(std::uint32_t start, std::uint32_t end, Part part) {
    std::size_t word = start / word_bits;
    const std::size_t last = end / word_bits;
    std::uint64_t mask = ~low_bits(start % word_bits);
    for (; word < last; ++word) {
        part(word, mask);
        mask = ~std::uint64_t{0};
    }
    mask &= low_bits(end % word_bits);
    if (mask != 0) part(word, mask);
}

// Calls visit(start, end) for each stretch of bits that are set, in ascending order, until it returns false.
template <class Visit>
bool for_each_stretch(const std::uint64_t* words, std::size_t count, Visit visit) {
    std::uint64_t before = 0;  // the highest bit of the word before
    std::uint32_t start = 0;
    for (std::size_t word = 0; word < count; ++word) {
        std::uint64_t borders = words[word] ^ (words[word] << 1 | before);
        for (; borders != 0; borders &= borders - 1) {
            const auto at = static_cast<std::uint32_t>(std::countr_zero(borders));
            const auto row = static_cast<std::uint32_t>(word * word_bits) + at;
            if ((words[word] >> at & 1) != 0) {
                start = row;
            } else if (!visit(start, row)) {
                return false;
            }
        }
        before = words[word] >> (word_bits - 1);
    }
    return before == 0 || visit(start, static_cast<std::uint32_t>(count * word_bits));
}

}  // namespace metrix::masks
