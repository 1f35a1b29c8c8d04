#include "kernels/masks/string_form.hpp"

#include <bit>
#include <cstring>

#ifdef __SSE2__
#include <emmintrin.h>
#endif

namespace metrix::masks {
namespace {

constexpr std::size_t block_size = 64;
constexpr std::size_t longest_number = 7;  // 35 bits: any difference of two run lengths
constexpr const char* cut_off = "the counts string ends within a number";
constexpr const char* too_long = "the counts string has a number of more than 7 characters";

// Bit i is set if character i of the 64 is the last one of its number.
inline std::uint64_t last_characters(const unsigned char* text) {
#ifdef __SSE2__
    std::uint64_t more = 0;
    for (int part = 0; part < 4; ++part) {
        const __m128i characters = _mm_loadu_si128(reinterpret_cast<const __m128i*>(text + 16 * part));
        const __m128i bits = _mm_sub_epi8(characters, _mm_set1_epi8(48));
        const auto sixth_bits = static_cast<std::uint32_t>(_mm_movemask_epi8(_mm_slli_epi16(bits, 2)));
        more |= static_cast<std::uint64_t>(sixth_bits) << (16 * part);
    }
    return ~more;
#else
    std::uint64_t last = 0;
    for (std::size_t i = 0; i < block_size; ++i) {
        last |= static_cast<std::uint64_t>(((text[i] - 48U) & 32U) == 0) << i;
    }
    return last;
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

// The same for one or two characters, without a branch; reads two characters in any case.
inline std::uint32_t short_number(const unsigned char* text, std::size_t length) {
    const std::uint32_t second = 0U - static_cast<std::uint32_t>(length - 1);  // all bits, if there are two
    const std::uint32_t low = (text[0] - 48U) & 31U;
    const std::uint32_t high = ((text[1] - 48U) & 31U) << 5 & second;
    const std::uint32_t sign = 16U + (496U & second);
    return ((low | high) ^ sign) - sign;
}

// Reads numbers one after the other into counts.
class Reader {
  public:
    explicit Reader(std::uint32_t* counts) : counts_(counts) {}

    // Reads the numbers that end within `length` <= 64 characters; two more may be looked at. Returns how many
    // characters they take: 0 if no number ends there.
    std::size_t read_block(const unsigned char* text, std::size_t length) {
        std::uint64_t last = last_characters(text);
        if (length < block_size) last &= (std::uint64_t{1} << length) - 1;
        std::size_t start = 0;
        for (; last != 0 && count_ < 3; last &= last - 1) {
            start = read_number(text, start, static_cast<std::size_t>(std::countr_zero(last)), 0);
        }
        for (; last != 0; last &= last - 1) {
            start = read_number(text, start, static_cast<std::size_t>(std::countr_zero(last)), counts_[count_ - 2]);
        }
        return start;
    }

    [[nodiscard]] std::size_t count() const { return count_; }
    [[nodiscard]] bool failed() const { return longest_ > longest_number; }

  private:
    std::size_t read_number(const unsigned char* text, std::size_t start, std::size_t end, std::uint32_t before) {
        const std::size_t length = end - start + 1;
        std::uint32_t number;
        if (length <= 2) [[likely]] {
            number = short_number(text + start, length);
        } else {
            longest_ = length > longest_ ? length : longest_;
            number = length <= longest_number ? any_number(text + start, length) : 0;
        }
        counts_[count_++] = number + before;
        return end + 1;
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
