// Elementary functions that the compiler vectorises: no branch, no table, no call, no fused multiply-add. So a loop
// over them gives the same bits at any vector width, on any instruction set, and wherever in an array an element
// stands.
//
// Errors of exp, expm1, log, log1p and atan stay below 2 units in the last place over all arguments, results below the
// least normal number included. Infinities, zeros and NaN follow C's functions.
//
// Polynomials are minimax fits of the relative error of each function on its reduced interval, made by Remez exchange.
#pragma once

#include <bit>
#include <cstdint>
#include <limits>

#if defined(__GNUC__)
#define METRIX_INLINE inline __attribute__((always_inline))
#else
#define METRIX_INLINE inline
#endif

namespace metrix::vector_math {

template <class T>
struct Format;

template <>
struct Format<double> {
    using Bits = std::uint64_t;
    static constexpr int mantissa_bits = 52;
    static constexpr Bits bias = 1023;
    // Adding it rounds to an integer, which then stands in the low bits.
    static constexpr double rounder = 0x1.8p52;
    // The exponent of a number up to this power of two below the least normal one is in reach after scaling by it.
    static constexpr double subnormal_scale = 0x1p54;
    static constexpr double subnormal_shift = 54;
    // Beyond it exp is infinite or zero.
    static constexpr double exp_limit = 800;
    static constexpr double log2_e = 0x1.71547652b82fep+0;
    static constexpr double ln2_high = 0x1.62e42fefa0000p-1;  // 41 bits: times an exponent it is exact
    static constexpr double ln2_low = 0x1.cf79abc9e3b39p-40;
    static constexpr double exp_terms[] = {0x1.0000000000000p-1,  0x1.555555555555bp-3,  0x1.5555555555503p-5,
                                           0x1.111111110ec5dp-7,  0x1.6c16c16c3048ep-10, 0x1.a01a01b37e34fp-13,
                                           0x1.a01a01368ece6p-16, 0x1.71ddf020d45a0p-19, 0x1.27e5b447b7c52p-22,
                                           0x1.af6be7db3dc11p-26, 0x1.1e3d2ae1b9f58p-29};
    static constexpr double log_terms[] = {0x1.5555555555592p-1, 0x1.999999997fd36p-2, 0x1.24924941f8d94p-2,
                                           0x1.c71c5202ae746p-3, 0x1.7466405c87fe7p-3, 0x1.39a1932ac8ae0p-3,
                                           0x1.2f0705db71b09p-3};
    static constexpr double quarter_pi = 0x1.921fb54442d18p-1;
    static constexpr double quarter_pi_low = 0x1.1a62633145c07p-55;
    static constexpr double atan_terms[] = {-0x1.5555555555552p-2, 0x1.9999999999060p-3,  -0x1.24924924517fap-3,
                                            0x1.c71c71aa6c0d9p-4,  -0x1.745d138489761p-4, 0x1.3b13601eeb56fp-4,
                                            -0x1.110c6bff1c145p-4, 0x1.e18298c636847p-5,  -0x1.ac71afe0c9e31p-5,
                                            0x1.77f98319be1abp-5,  -0x1.301910b0328b2p-5, 0x1.83a288955aa0ep-6,
                                            -0x1.123a8fcb173b9p-7};
};

template <>
struct Format<float> {
    using Bits = std::uint32_t;
    static constexpr int mantissa_bits = 23;
    static constexpr Bits bias = 127;
    static constexpr float rounder = 0x1.8p23F;
    static constexpr float subnormal_scale = 0x1p25F;
    static constexpr float subnormal_shift = 25;
    static constexpr float exp_limit = 120;
    static constexpr float log2_e = 0x1.715476p+0F;
    static constexpr float ln2_high = 0x1.62e4p-1F;  // 15 bits
    static constexpr float ln2_low = 0x1.7f7d1cp-20F;
    static constexpr float exp_terms[] = {0x1.000000p-1F, 0x1.555554p-3F,  0x1.55548ep-5F,
                                          0x1.111270p-7F, 0x1.6d8d06p-10F, 0x1.9f0896p-13F};
    static constexpr float log_terms[] = {0x1.555554p-1F, 0x1.999a7ap-2F, 0x1.2438cep-2F, 0x1.e2f7e0p-3F};
    static constexpr float quarter_pi = 0x1.921fb6p-1F;
    static constexpr float quarter_pi_low = -0x1.777a5cp-26F;
    static constexpr float atan_terms[] = {-0x1.555552p-2F, 0x1.9996fap-3F,  -0x1.244bb4p-3F,
                                           0x1.c03316p-4F,  -0x1.473c20p-4F, 0x1.3dc8d4p-5F};
};

// terms[0] + terms[1] x + terms[2] x^2 ...: in pairs, so that the chain of dependent operations is half as long.
template <class T, int count>
METRIX_INLINE T polynomial(const T (&terms)[count], T x) {
    const T square = x * x;
    constexpr int last = count - 1;
    T sum = count % 2 == 1 ? terms[last] : terms[last - 1] + x * terms[last];
    for (int i = count - 3 - (count + 1) % 2; i >= 0; i -= 2) sum = (terms[i] + x * terms[i + 1]) + square * sum;
    return sum;
}

// 2^n for a whole n of at most half the range of exponents.
template <class T>
METRIX_INLINE T power_of_two(T n) {
    using F = Format<T>;
    const auto bits = std::bit_cast<typename F::Bits>(n + (F::rounder + static_cast<T>(F::bias)));
    return std::bit_cast<T>(bits << F::mantissa_bits);
}

// x = n ln 2 + r with a whole n; power_high * power_low = 2^n; tail = e^r - 1.
template <class T>
struct Reduced {
    T tail;
    T power_high;
    T power_low;
};

template <class T>
METRIX_INLINE Reduced<T> reduce_exp(T x) {
    using F = Format<T>;
    x = x > F::exp_limit ? F::exp_limit : x;  // NaN passes
    x = x < -F::exp_limit ? -F::exp_limit : x;
    const T n = (x * F::log2_e + F::rounder) - F::rounder;
    const T r = (x - n * F::ln2_high) - n * F::ln2_low;
    const T half = (n * T(0.5) + F::rounder) - F::rounder;
    return {r + r * r * polynomial(F::exp_terms, r), power_of_two(half), power_of_two(n - half)};
}

template <class T>
METRIX_INLINE T exp(T x) {
    const Reduced<T> e = reduce_exp(x);
    return (T(1) + e.tail) * e.power_high * e.power_low;
}

template <class T>
METRIX_INLINE T expm1(T x) {
    const Reduced<T> e = reduce_exp(x);
    const T power = e.power_high * e.power_low;
    const T result = e.tail * power + (power - T(1));
    // Where 2^n alone is infinite, e^x need not be.
    const T large = (T(1) + e.tail) * e.power_high * e.power_low;
    return power > T(1) / std::numeric_limits<T>::epsilon() ? large : result;
}

// log(m 2^e) for m from sqrt(1/2) to sqrt(2).
template <class T>
METRIX_INLINE T log_of_parts(T m, T e) {
    using F = Format<T>;
    const T f = m - T(1);
    const T s = f / (T(2) + f);
    const T z = s * s;
    const T rest = z * polynomial(F::log_terms, z);
    const T half_square = T(0.5) * f * f;
    return e * F::ln2_high - ((half_square - (s * (half_square + rest) + e * F::ln2_low)) - f);
}

// log(x) for x from 1 to 2.
template <class T>
METRIX_INLINE T log_of_unit(T x) {
    const bool is_high = x > T(1.4142135623730951);
    return log_of_parts(is_high ? x * T(0.5) : x, is_high ? T(1) : T(0));
}

template <class T>
METRIX_INLINE T log(T x) {
    using F = Format<T>;
    using Bits = typename F::Bits;
    constexpr Bits mantissa = (Bits{1} << F::mantissa_bits) - 1;
    constexpr T whole = std::bit_cast<T>((F::bias + F::mantissa_bits) << F::mantissa_bits);  // 2^mantissa_bits
    const bool is_subnormal = x < std::numeric_limits<T>::min();
    const Bits bits = std::bit_cast<Bits>(is_subnormal ? x * F::subnormal_scale : x);
    // x = m 2^e with m from sqrt(1/2) to sqrt(2).
    T m = std::bit_cast<T>((bits & mantissa) | F::bias << F::mantissa_bits);
    T e = std::bit_cast<T>((bits >> F::mantissa_bits) | std::bit_cast<Bits>(whole)) - (whole + static_cast<T>(F::bias));
    e = is_subnormal ? e - F::subnormal_shift : e;
    const bool is_high = m > T(1.4142135623730951);
    m = is_high ? m * T(0.5) : m;
    e = is_high ? e + T(1) : e;

    T result = log_of_parts(m, e);

    constexpr T infinity = std::numeric_limits<T>::infinity();
    result = x == infinity ? x : result;
    result = x == T(0) ? -infinity : result;
    return x >= T(0) ? result : std::numeric_limits<T>::quiet_NaN();
}

template <class T>
METRIX_INLINE T log1p(T x) {
    const T sum = T(1) + x;
    // What the sum lost by rounding.
    const T part = sum - T(1);
    const T lost = (T(1) - (sum - part)) + (x - part);
    const T result = log(sum) + lost / sum;
    return sum > T(0) && sum < std::numeric_limits<T>::infinity() ? result : log(sum);
}

// atan(y / x) for x >= 0, with one division; 0 for y = x = 0.
template <class T>
METRIX_INLINE T atan_of_ratio(T y, T x) {
    using F = Format<T>;
    const T height = y < T(0) ? -y : y;
    const bool is_steep = height > x;
    const T less = is_steep ? x : height;
    const T more = is_steep ? height : x;
    // The angle is counted from 0, or from pi / 4; less - more is exact then.
    const bool is_near_one = less > T(0.5) * more;
    const T above = is_near_one ? less - more : less;
    const T below = is_near_one ? less + more : more;
    const T ratio = above / (below > T(0) ? below : T(1));
    const T square = ratio * ratio;
    const T small = ratio + ratio * (square * polynomial(F::atan_terms, square));
    // From 0, pi / 4 or pi / 2.
    const T quarters = is_near_one ? T(1) : (is_steep ? T(2) : T(0));
    const T angle = quarters * F::quarter_pi + ((is_steep ? -small : small) + quarters * F::quarter_pi_low);
    const T magnitude = y == y ? angle : y;
    return y < T(0) ? -magnitude : magnitude;
}

template <class T>
METRIX_INLINE T atan(T x) {
    return atan_of_ratio(x, T(1));
}

}  // namespace metrix::vector_math
