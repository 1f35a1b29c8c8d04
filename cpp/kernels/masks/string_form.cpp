#include "kernels/masks/string_form.hpp"

#include <bit>
#include <cstring>

#ifdef __SSSE3__
#include <tmmintrin.h>
#endif

namespace metrix::masks {
namespace {

constexpr std::size_t block_size = 64;
constexpr std::size_t longest_number = 7;  // 35 bits: any difference of two run lengths
constexpr const char* cut_off = "the counts string ends within a number";
constexpr const char* too_long = "the counts string has a number of more than 7 characters";

// What 64 characters say, wherever the numbers begin.
struct Block {
    std::uint64_t last;               // bit i: character i is the last one of its number
    std::int16_t number[block_size];  // that begins at character i, if it has one or two
};

// A number is worked out at every character, two and more in one step, as that takes less than finding out first where
// numbers begin. Looks at one character more than a block has.
inline void read_characters(const unsigned char* text, Block& block) {
#ifdef __SSSE3__
    const auto load = [](const unsigned char* at) {
        const __m128i characters = _mm_loadu_si128(reinterpret_cast<const __m128i*>(at));
        return _mm_sub_epi8(characters, _mm_set1_epi8(48));
    };
    const __m128i low_bits = _mm_set1_epi8(31);
    const __m128i weights = _mm_set1_epi16(1 | 32 << 8);
    std::uint64_t more = 0;
    for (int part = 0; part < 4; ++part) {
        const __m128i first = load(text + 16 * part);
        const __m128i goes_on = _mm_cmpeq_epi8(_mm_and_si128(first, _mm_set1_epi8(32)), _mm_set1_epi8(32));
        const __m128i low = _mm_and_si128(first, low_bits);
        const __m128i high = _mm_and_si128(_mm_and_si128(load(text + 16 * part + 1), low_bits), goes_on);
        const auto numbers = [&](__m128i both, __m128i two) {
            const __m128i sign = _mm_add_epi16(_mm_and_si128(two, _mm_set1_epi16(496)), _mm_set1_epi16(16));
            return _mm_sub_epi16(_mm_xor_si128(_mm_maddubs_epi16(both, weights), sign), sign);
        };
        const __m128i left = numbers(_mm_unpacklo_epi8(low, high), _mm_unpacklo_epi8(goes_on, goes_on));
        const __m128i right = numbers(_mm_unpackhi_epi8(low, high), _mm_unpackhi_epi8(goes_on, goes_on));
        _mm_storeu_si128(reinterpret_cast<__m128i*>(block.number + 16 * part), left);
        _mm_storeu_si128(reinterpret_cast<__m128i*>(block.number + 16 * part + 8), right);
        more |= static_cast<std::uint64_t>(static_cast<std::uint32_t>(_mm_movemask_epi8(goes_on))) << (16 * part);
    }
    block.last = ~more;
#else
    block.last = 0;
    for (std::size_t i = 0; i < block_size; ++i) {
        const bool two = ((text[i] - 48U) & 32U) != 0;
        const int low = static_cast<int>((text[i] - 48U) & 31U);
        const int high = two ? static_cast<int>((text[i + 1] - 48U) & 31U) : 0;
        const int sign = two ? 512 : 16;
        block.number[i] = static_cast<std::int16_t>(((low | high << 5) ^ sign) - sign);
        block.last |= static_cast<std::uint64_t>(!two) << i;
    }
#endif
}

// The number in the first `length` characters, modulo 2^32.
inline std::uint32_t any_number(const unsigned char* text, std::size_t length) {
    std::uint64_t bits = 0;
    for (std::size_t i = 0; i < length; ++i) {
        bits |= static_cast<std::uint64_t>((text[i] - 48U) & 31U) << (5 * i);
    }
    const std::uint64_t sign = std::uint64_t{1} << (5 * length - 1);
    return static_cast<std::uint32_t>((bits ^ sign) - sign);
}

// Reads numbers one after the other into counts.
class Reader {
  public:
    explicit Reader(std::uint32_t* counts) : counts_(counts) {}

    // Reads the numbers that end within `length` <= 64 characters; up to 65 may be looked at. Returns how many
    // characters they take: 0 if no number ends there.
    std::size_t read_block(const unsigned char* text, std::size_t length) {
        Block block;
        read_characters(text, block);
        if (length < block_size) block.last &= (std::uint64_t{1} << length) - 1;
        if (block.last == 0) return 0;
        const auto end = static_cast<std::size_t>(std::bit_width(block.last));
        std::uint64_t starts = (block.last << 1 | 1) & ~std::uint64_t{0} >> (block_size - end);
        const std::uint64_t longer = ~(block.last | block.last >> 1);  // than two characters, if one starts there
        for (; starts != 0 && count_ < 3; starts &= starts - 1)
            counts_[count_++] = read_number(text, block, starts, longer);
        std::uint32_t* next = counts_ + count_;
        count_ += static_cast<std::size_t>(std::popcount(starts));
        for (; starts != 0; starts &= starts - 1, ++next) *next = read_number(text, block, starts, longer) + next[-2];
        return end;
    }

    [[nodiscard]] std::size_t count() const { return count_; }
    [[nodiscard]] bool failed() const { return longest_ > longest_number; }

  private:
    // The number at the first of the starts.
    std::uint32_t read_number(const unsigned char* text, const Block& block, std::uint64_t starts,
                              std::uint64_t longer) {
        const auto start = static_cast<std::size_t>(std::countr_zero(starts));
        if ((longer >> start & 1) == 0) [[likely]]
            return static_cast<std::uint32_t>(block.number[start]);
        const auto length = static_cast<std::size_t>(std::countr_zero(block.last >> start)) + 1;
        longest_ = length > longest_ ? length : longest_;
        return length <= longest_number ? any_number(text + start, length) : 0;
    }

    std::uint32_t* counts_;
    std::size_t count_ = 0;
    std::size_t longest_ = 0;
};

}  // namespace

StringRead read_string(View1<const char> text, std::uint32_t* counts) {
    const auto* characters = reinterpret_cast<const unsigned char*>(text.data());
    std::size_t left = text.size();
    if (const void* end = left == 0 ? nullptr : std::memchr(characters, 0, left)) {
        left = static_cast<std::size_t>(static_cast<const unsigned char*>(end) - characters);
    }
    Reader reader(counts);
    while (left >= block_size + 2) {
        const std::size_t taken = reader.read_block(characters, block_size);
        if (taken == 0) return {too_long, 0};
        characters += taken;
        left -= taken;
    }
    unsigned char tail[2 * block_size + 2] = {};
    if (left > 0) std::memcpy(tail, characters, left);
    const unsigned char* rest = tail;
    while (left > 0) {
        const std::size_t length = left < block_size ? left : block_size;
        const std::size_t taken = reader.read_block(rest, length);
        if (taken == 0) return {left > longest_number ? too_long : cut_off, 0};
        rest += taken;
        left -= taken;
    }
    if (reader.failed()) return {too_long, 0};
    return {nullptr, reader.count()};
}

Problem from_string(View1<const char> text, Scratch& scratch, View1<const std::uint32_t>& counts) {
    const auto room = scratch.results.take<std::uint32_t>(text.size());
    const StringRead read = read_string(text, room.data());
    counts = scratch.results.keep(room, read.count);
    return read.problem;
}

void to_string(View1<const std::uint32_t> counts, std::string& text) {
    std::size_t length = text.size();
    text.resize(length + longest_number * counts.size());
    for (std::size_t i = 0; i < counts.size(); ++i) {
        std::int64_t left = counts[i];
        if (i > 2) left -= counts[i - 2];
        bool more = true;
        while (more) {
            const auto bits = static_cast<unsigned>(left & 31);
            left >>= 5;
            more = (bits & 16U) != 0 ? left != -1 : left != 0;
            text[length++] = static_cast<char>(48U + bits + (more ? 32U : 0U));
        }
    }
    text.resize(length);
}

}  // namespace metrix::masks
