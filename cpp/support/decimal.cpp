#include "support/decimal.hpp"

#include <array>
#include <bit>
#include <charconv>
#include <cstring>
#include <limits>

namespace metrix {
namespace {

using decimal::largest_power;
using decimal::Product;
using decimal::Wide;

// The leading 128 bits of 5^q for |q| <= largest_power, truncated for q >= 0 and rounded up for q < 0, as the proof of
// the method asks.
struct PowersOfFive {
    std::array<Product, 2 * largest_power + 1> leading_bits{};

    constexpr PowersOfFive() {
        for (int q = 0; q <= largest_power; ++q) leading_bits[largest_power + q] = positive(q);
        for (int q = 1; q <= largest_power; ++q) leading_bits[largest_power - q] = negative(q);
    }

    static constexpr Wide power_of_five(int q) {  // exact: 5^48 has 112 bits
        Wide power = 1;
        for (int i = 0; i < q; ++i) power *= 5;
        return power;
    }

    static constexpr Product split(Wide value) {
        return {static_cast<std::uint64_t>(value >> 64), static_cast<std::uint64_t>(value)};
    }

    static constexpr Product positive(int q) {
        Wide power = power_of_five(q);
        while ((power >> 127) == 0) power <<= 1;
        return split(power);
    }

    // floor(2^b / 5^q) + 1 with b such that the quotient has 128 bits, by schoolbook division bit by bit.
    static constexpr Product negative(int q) {
        const Wide divisor = power_of_five(q);
        Wide remainder = 1;
        Wide quotient = 0;
        while ((quotient >> 127) == 0) {
            remainder <<= 1;  // divisor < 2^112, so this does not overflow
            quotient <<= 1;
            if (remainder >= divisor) {
                remainder -= divisor;
                quotient |= 1;
            }
        }
        return split(quotient + 1);
    }
};

inline bool is_digit(char c) {
    return static_cast<unsigned char>(c - '0') < 10;
}

// Whether a number that no double holds is too large (rather than too small): the power of ten of its first digit.
bool is_huge(const char* text, const char* end) {
    std::int64_t power = 0;
    bool seen_point = false;
    bool seen_digit = false;  // a significant one
    for (; text < end && (*text | 0x20) != 'e'; ++text) {
        if (*text == '.') {
            seen_point = true;
        } else if (is_digit(*text)) {
            if (seen_digit && !seen_point) ++power;
            if (!seen_digit && seen_point) --power;
            seen_digit = seen_digit || *text != '0';
        }
    }
    std::int64_t written = 0;
    if (text < end) {
        const bool negative = *++text == '-';
        for (; text < end; ++text) {
            if (is_digit(*text) && written < (std::int64_t{1} << 50)) written = written * 10 + (*text - '0');
        }
        if (negative) written = -written;
    }
    return power + written > 0;
}

void parse_slowly(const char* begin, const char* end, bool integer_literal, Number& number) {
    const auto result = std::from_chars(begin, end, number.value);
    if (result.ec == std::errc::result_out_of_range) {  // from_chars leaves the value alone
        number.value = is_huge(begin, end) ? std::numeric_limits<double>::infinity() : 0.0;
        if (*begin == '-') number.value = -number.value;
        number.overflow = integer_literal;
    }
}

// Digits from the first that is not zero on, of "123.45" or "0.00123".
std::ptrdiff_t significant_digits(const char* digits, std::ptrdiff_t digit_count) {
    for (; *digits == '0' || *digits == '.'; ++digits) digit_count -= *digits == '0';
    return digit_count;
}

}  // namespace

constexpr std::array<Product, 2 * largest_power + 1> decimal::leading_bits_of_powers_of_five =
    PowersOfFive().leading_bits;

const char* parse_number(const char* text, Number& number) {
    const char* const begin = text;
    const bool negative = *text == '-';
    text += negative;
    const char* const digits = text;
    std::uint64_t mantissa = 0;
    for (; is_digit(*text); ++text) mantissa = mantissa * 10 + static_cast<std::uint64_t>(*text - '0');
    std::ptrdiff_t digit_count = text - digits;
    if (digit_count == 0 || (*digits == '0' && digit_count > 1)) return nullptr;

    int exponent = 0;
    bool integer_literal = true;
    if (*text == '.') {
        integer_literal = false;
        const char* const fraction = ++text;
        for (; is_digit(*text); ++text) mantissa = mantissa * 10 + static_cast<std::uint64_t>(*text - '0');
        if (text == fraction) return nullptr;
        digit_count += text - fraction;
        exponent = fraction - text < -100000 ? -100000 : static_cast<int>(fraction - text);
    }
    if ((*text | 0x20) == 'e') {
        integer_literal = false;
        ++text;
        const bool negative_exponent = *text == '-';
        if (*text == '-' || *text == '+') ++text;
        if (!is_digit(*text)) return nullptr;
        int written = 0;
        for (; is_digit(*text); ++text) {
            if (written < 100000) written = written * 10 + (*text - '0');
        }
        exponent += negative_exponent ? -written : written;
    }

    number.overflow = false;
    number.is_integer = false;
    if (digit_count <= 19 || significant_digits(digits, digit_count) <= 19) {  // the mantissa did not wrap
        if (integer_literal) {
            const std::uint64_t limit = std::uint64_t{1} << 63;
            if (mantissa < limit || (negative && mantissa == limit)) {
                number.is_integer = true;
                number.integer = static_cast<std::int64_t>(negative ? std::uint64_t{0} - mantissa : mantissa);
            }
            // Python's int 0 has no sign: -0 is 0.0 where -0.0 is -0.0.
            number.value = static_cast<double>(mantissa);
            if (negative && mantissa != 0) number.value = -number.value;
            return text;
        }
        if (decimal::nearest_double(mantissa, exponent, number.value)) {
            if (negative) number.value = -number.value;
            return text;
        }
    }
    parse_slowly(begin, text, integer_literal, number);
    return text;
}

}  // namespace metrix
