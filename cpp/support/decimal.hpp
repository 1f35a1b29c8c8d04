// Decimal text -> the nearest double, exactly as Python's float() and json do.
//
// parse_double reads the usual number (at most 7 digits, a point, at most 16 digits) without a loop over its digits:
// eight or sixteen characters together, whose number of digits comes from a bit count, so that little is left to guess
// for the branch predictor. Rounding is D. Lemire, "Number parsing at a gigabyte per second", 2021: a 128-bit product
// that tells when it cannot decide; then, and for unusual numbers, parse_number takes over, and std::from_chars behind
// it.
#pragma once

#include <array>
#include <bit>
#include <cstdint>
#include <cstring>

#include "support/view.hpp"

#ifdef __SSE4_1__
#include <smmintrin.h>
#endif

namespace metrix {

struct Number {
    double value = 0;
    std::int64_t integer = 0;  // meaningful if is_integer
    bool is_integer = false;   // written without point and exponent, and within int64
    bool overflow = false;     // an integer literal beyond the largest double (Python refuses to convert it)
};

// Texts must be followed by this many readable bytes that are no digits.
constexpr Index number_padding = 24;

// Reads the JSON number that starts at text ('-' or a digit). Returns its end, or nullptr if it is no JSON number
// (leading zero, missing digit).
const char* parse_number(const char* text, Number& number);

namespace decimal {

#ifdef _MSC_VER
#error "the 128-bit product needs _umul128 on this compiler: add it to multiply()"
#endif
static_assert(std::endian::native == std::endian::little, "eight characters at a time: the first is the lowest byte");

__extension__ using Wide = unsigned __int128;

struct Product {
    std::uint64_t high;
    std::uint64_t low;
};

inline Product multiply(std::uint64_t a, std::uint64_t b) {
    const Wide product = static_cast<Wide>(a) * b;
    return {static_cast<std::uint64_t>(product >> 64), static_cast<std::uint64_t>(product)};
}

// leading_bits[largest_power + q]: the leading 128 bits of 5^q. Other exponents are rare enough for std::from_chars.
constexpr int largest_power = 48;
extern const std::array<Product, 2 * largest_power + 1> leading_bits_of_powers_of_five;

constexpr auto powers_of_ten = [] {
    std::array<std::uint64_t, 20> powers{1};
    for (std::size_t i = 1; i < powers.size(); ++i) powers[i] = powers[i - 1] * 10;
    return powers;
}();

// mantissa * 10^exponent correctly rounded, or false when 128 bits do not decide (or the result is not normal).
inline bool nearest_double(std::uint64_t mantissa, int exponent, double& value) {
    if (mantissa == 0) {
        value = 0;
        return true;
    }
    if (exponent < -largest_power || exponent > largest_power) return false;
    const int leading_zeros = std::countl_zero(mantissa);
    mantissa <<= leading_zeros;
    const Product power = leading_bits_of_powers_of_five[static_cast<std::size_t>(largest_power + exponent)];
    Product product = multiply(mantissa, power.high);
    if ((product.high & 0x1FF) == 0x1FF) {  // the bits below the rounding position are all ones: look further down
        const Product lower = multiply(mantissa, power.low);
        product.low += lower.high;
        if (product.low < lower.high) ++product.high;
    }
    if (product.low == ~std::uint64_t{0} && (exponent < -27 || exponent > 55)) return false;

    const int top_bit = static_cast<int>(product.high >> 63);
    const int shift = top_bit + 64 - 52 - 3;
    std::uint64_t bits = product.high >> shift;
    // floor(log2(10^exponent)) by a multiplication that is exact in this range.
    int power_of_two = ((217706 * exponent) >> 16) + 63 + top_bit - leading_zeros + 1023;
    if (power_of_two <= 0 || power_of_two >= 0x7FE) return false;  // subnormal or near infinity
    // Exactly halfway: round to even rather than up.
    if (product.low <= 1 && exponent >= -4 && exponent <= 23 && (bits & 3) == 1 && (bits << shift) == product.high) {
        bits &= ~std::uint64_t{1};
    }
    bits += bits & 1;
    bits >>= 1;
    if (bits >= (std::uint64_t{2} << 52)) {
        bits = std::uint64_t{1} << 52;
        ++power_of_two;
    }
    bits &= ~(std::uint64_t{1} << 52);
    value = std::bit_cast<double>(bits | (static_cast<std::uint64_t>(power_of_two) << 52));
    return true;
}

// Eight characters, with each digit turned into its value.
inline std::uint64_t load8(const char* text) {
    std::uint64_t bytes;
    std::memcpy(&bytes, text, sizeof bytes);
    return bytes ^ 0x3030303030303030;
}

// How many of them, from the first, are digits. (A carry out of a byte that is none only spoils bytes behind it.)
inline int leading_digits(std::uint64_t bytes) {
    const std::uint64_t others = ((bytes + 0x7676767676767676) | bytes) & 0x8080808080808080;
    return std::countr_zero(others) >> 3;
}

// The number that eight digits write.
inline std::uint64_t eight_digits(std::uint64_t bytes) {
    bytes = bytes * 10 + (bytes >> 8);  // pairs
    return (((bytes & 0x000000FF000000FF) * 0x000F424000000064) +
            (((bytes >> 16) & 0x000000FF000000FF) * 0x0000271000000001)) >>
           32;
}

// The number that the first `count` characters write; 1 <= count <= 8. Shifting brings zeros in front.
inline std::uint64_t few_digits(std::uint64_t bytes, int count) {
    return eight_digits(bytes << (64 - 8 * count));
}

// The digits at the start of sixteen characters.
struct Digits {
    int count;            // 0 .. 16
    std::uint64_t value;  // of the number they write; 0 if there are none
};

inline Digits leading_digits_of_sixteen(const char* text) {
#ifdef __SSE4_1__
    // Row 16 - count of this table moves `count` bytes to the end and brings zeros in front.
    alignas(32) static constexpr std::array<std::uint8_t, 32> shifts = {
        0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80,
        0,    1,    2,    3,    4,    5,    6,    7,    8,    9,    10,   11,   12,   13,   14,   15};
    const __m128i values = _mm_sub_epi8(_mm_loadu_si128(reinterpret_cast<const __m128i*>(text)), _mm_set1_epi8('0'));
    const __m128i nine = _mm_set1_epi8(9);
    const __m128i is_digit = _mm_cmpeq_epi8(_mm_max_epu8(values, nine), nine);
    const int count = std::countr_one(static_cast<unsigned>(_mm_movemask_epi8(is_digit)));
    const __m128i shift = _mm_loadu_si128(reinterpret_cast<const __m128i*>(shifts.data() + count));
    const __m128i digits = _mm_shuffle_epi8(values, shift);
    const __m128i pairs = _mm_maddubs_epi16(digits, _mm_set1_epi16(0x010A));  // 10 a + b
    const __m128i fours = _mm_madd_epi16(pairs, _mm_set1_epi32(0x00010064));  // 100 a + b
    const __m128i packed = _mm_packus_epi32(fours, fours);
    const __m128i eights = _mm_madd_epi16(packed, _mm_set1_epi32(0x00012710));  // 10000 a + b
    const auto both = static_cast<std::uint64_t>(_mm_cvtsi128_si64(eights));
    return {count, (both & 0xFFFFFFFF) * powers_of_ten[8] + (both >> 32)};
#else
    const std::uint64_t first = load8(text);
    const int first_count = leading_digits(first);
    if (first_count == 0) return {0, 0};
    if (first_count < 8) return {first_count, few_digits(first, first_count)};
    const std::uint64_t second = load8(text + 8);
    const int second_count = leading_digits(second);
    const std::uint64_t value = eight_digits(first);
    if (second_count == 0) return {8, value};
    return {8 + second_count,
            value * powers_of_ten[static_cast<std::size_t>(second_count)] + few_digits(second, second_count)};
#endif
}

}  // namespace decimal

// A number without sign, point or exponent of at most seven digits; else, nullptr, and the caller asks parse_number.
inline const char* parse_short_integer(const char* text, std::int64_t& value) {
    const std::uint64_t bytes = decimal::load8(text);
    const int count = decimal::leading_digits(bytes);
    const char after = text[count];
    if (count == 0 || count == 8 || after == '.' || (after | 0x20) == 'e' || (*text == '0' && count > 1))
        return nullptr;
    value = static_cast<std::int64_t>(decimal::few_digits(bytes, count));
    return text + count;
}

// Like parse_number for its value alone; nullptr also for an integer literal that no double holds.
inline const char* parse_double(const char* text, double& value) {
    using namespace decimal;
    const char* const begin = text;
    const bool negative = *text == '-';
    text += negative;
    const char* const begin_of_digits = text;
    const std::uint64_t whole = load8(text);
    const int whole_count = leading_digits(whole);
    bool is_usual = whole_count > 0 && whole_count < 8 && !(*text == '0' && whole_count > 1);
    if (is_usual) {
        std::uint64_t mantissa = few_digits(whole, whole_count);
        text += whole_count;
        int fraction_count = 0;
        if (*text == '.') {
            ++text;
            const Digits fraction = leading_digits_of_sixteen(text);
            mantissa = mantissa * powers_of_ten[static_cast<std::size_t>(fraction.count)] + fraction.value;
            fraction_count = fraction.count;
            if (fraction_count == 16) {  // small numbers have leading zeros, and more digits behind them
                for (; static_cast<unsigned char>(text[fraction_count] - '0') < 10; ++fraction_count) {
                    if (fraction_count < 19) {
                        mantissa = mantissa * 10 + static_cast<std::uint64_t>(text[fraction_count] - '0');
                    }
                }
            }
            text += fraction_count;
            is_usual = fraction_count > 0 && fraction_count + (*begin_of_digits == '0' ? 0 : whole_count) <= 19;
        }
        if (is_usual && (*text | 0x20) != 'e') {
            if (fraction_count == 0) {
                value = static_cast<double>(mantissa);
                // Python's int 0 has no sign: -0 is 0.0 where -0.0 is -0.0.
                if (negative && mantissa != 0) value = -value;
                return text;
            }
            if (nearest_double(mantissa, -fraction_count, value)) {
                if (negative) value = -value;
                return text;
            }
        }
    }
    Number number;
    text = parse_number(begin, number);
    value = number.value;
    return number.overflow ? nullptr : text;
}

}  // namespace metrix
