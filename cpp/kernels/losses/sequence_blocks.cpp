// Compiled once for each instruction set, with METRIX_LEVEL its name; see blocks.cpp for what that asks.
#include "kernels/losses/sequence_blocks.hpp"

#include "kernels/losses/terms.hpp"

namespace metrix::losses {
namespace {

using F = Format<double>;

// Exponents further below the greatest add nothing to a sum; so far apart they are still powers of two that exist.
constexpr double far = 500;
constexpr int lanes = 32;

// 2^n for a whole n of at most `far`; less is taken as -far.
METRIX_INLINE double weight(double n) {
    return power_of_two(greater(n, -far));
}

// All lanes joined, the second half with the first, and so on.
template <int width, class T, class Join>
METRIX_INLINE T fold(T* values, Join join) {
    T half[width];
    for (int lane = 0; lane < width; ++lane) half[lane] = join(values[lane], values[lane + width]);
    if constexpr (width == 1) {
        return half[0];
    } else {
        return fold<width / 2>(half, join);
    }
}

// So many lanes that the compiler keeps their loop, and makes vectors of it.
template <class T>
double sum(const T* values, Index count) {
    double sums[lanes] = {};
    Index i = 0;
    for (; i + lanes <= count; i += lanes) {
        for (int lane = 0; lane < lanes; ++lane) sums[lane] += static_cast<double>(values[i + lane]);
    }
    const int rest = static_cast<int>(count - i);
    for (int lane = 0; lane < rest; ++lane) sums[lane] += static_cast<double>(values[i + lane]);
    return fold<lanes / 2>(sums, [](double a, double b) { return a + b; });
}

// At least one number, made longer by what is less than anything: a loop over vectors leaves nothing for single
// numbers.
template <class T>
Index fill_up(const T* values, Index count, T* room) {
    const Index whole = (count + lanes - 1) / lanes * lanes;
    for (Index i = whole - lanes; i < whole; ++i) room[i] = -std::numeric_limits<T>::infinity();
    for (Index i = 0; i < count; ++i) room[i] = values[i];
    return whole;
}

template <class T>
T greatest(const T* values, Index count) {
    T tops[lanes];
    for (T& top : tops) top = -std::numeric_limits<T>::infinity();
    Index i = 0;
    for (; i + lanes <= count; i += lanes) {
        for (int lane = 0; lane < lanes; ++lane) tops[lane] = greater(tops[lane], values[i + lane]);
    }
    for (int lane = 0; i < count; ++i, ++lane) tops[lane] = greater(tops[lane], values[i]);
    return fold<lanes / 2>(tops, [](T a, T b) { return greater(a, b); });
}

template <class T>
Greatest exponentials(const T* row, Index count, T* result) {
    constexpr Index block_size = 256;
    T block[block_size];
    const T top = greatest(row, count);
    double total = 0;
    for (Index first = 0; first < count; first += block_size) {
        const Index size = count - first < block_size ? count - first : block_size;
        const Index whole = fill_up(row + first, size, block);
        for (Index k = 0; k < whole; ++k) block[k] = exp(block[k] - top);
        total += sum(block, whole);
        if (result == nullptr) continue;
        for (Index k = 0; k < size; ++k) result[first + k] = block[k];
    }
    return {static_cast<double>(top), total};
}

template <class T>
void scale(T* values, double factor, Index count) {
    for (Index i = 0; i < count; ++i) values[i] = static_cast<T>(static_cast<double>(values[i]) * factor);
}

double log_of(double x) {
    return log(x);
}

void emit(const double* log_probabilities, Index count, Scaled result) {
    constexpr double exact = 0x1p51;  // below it the rounder rounds; above nearly all numbers are whole
    constexpr double least = 1e290;   // far above the exponent of zero
    constexpr double infinity = std::numeric_limits<double>::infinity();
    for (Index i = 0; i < count; ++i) {
        const double x = log_probabilities[i];
        const double product = x * F::log2_e;
        const double rounded = (product + F::rounder) - F::rounder;
        double n = magnitude(product) < exact ? rounded : product;
        n = lesser(greater(n, -least), least);
        double r = (x - n * F::ln2_high) - n * F::ln2_low;
        r = lesser(greater(r, -0.35), 0.35);
        const bool is_zero = x == -infinity;
        result.mantissa[i] = is_zero ? 0.0 : 1.0 + (r + r * r * polynomial(F::exp_terms, r));
        result.exponent[i] = is_zero ? exponent_of_zero : (x == x ? n : 0.0);
    }
}

// Short loops that the compiler makes vectors of: the greatest exponent goes through memory, as it would choose between
// branches otherwise.
//
// Of a blank: to stay, or to come from the label beside it. `sum` holds sums over 2^`top`.
METRIX_INLINE void join_two(const Scaled& one, const Scaled& other, Index count, double* __restrict sum,
                            double* __restrict top) {
    const double* const __restrict m = one.mantissa;
    const double* const __restrict e = one.exponent;
    const double* const __restrict other_m = other.mantissa;
    const double* const __restrict other_e = other.exponent;
    for (Index k = 0; k < count; ++k) top[k] = greater(e[k], other_e[k]);
    for (Index k = 0; k < count; ++k) sum[k] = m[k] * weight(e[k] - top[k]) + other_m[k] * weight(other_e[k] - top[k]);
}

// Of a label: to stay, to come from the blank beside it, or from the label beyond where it may be skipped.
METRIX_INLINE void join_three(const Scaled& one, const Scaled& other, const Scaled& beyond,
                              const double* __restrict skips, const double* __restrict barriers, Index count,
                              double* __restrict sum, double* __restrict top) {
    const double* const __restrict m = beyond.mantissa;
    const double* const __restrict e = beyond.exponent;
    const double* const __restrict one_e = one.exponent;
    const double* const __restrict other_e = other.exponent;
    const double* const __restrict one_m = one.mantissa;
    const double* const __restrict other_m = other.mantissa;
    for (Index k = 0; k < count; ++k) top[k] = greater(one_e[k], other_e[k]);
    for (Index k = 0; k < count; ++k) top[k] = greater(top[k], e[k] + barriers[k]);
    for (Index k = 0; k < count; ++k) {
        sum[k] = one_m[k] * weight(one_e[k] - top[k]) + other_m[k] * weight(other_e[k] - top[k]) +
                 m[k] * skips[k] * weight((e[k] + barriers[k]) - top[k]);
    }
}

METRIX_INLINE Scaled from(const Scaled& values, Index first) {
    return {values.mantissa + first, values.exponent + first};
}

METRIX_INLINE void multiply(const Scaled& values, const Scaled& factors, Index count) {
    double* const __restrict m = values.mantissa;
    double* const __restrict e = values.exponent;
    const double* const __restrict factor_m = factors.mantissa;
    const double* const __restrict factor_e = factors.exponent;
    for (Index k = 0; k < count; ++k) m[k] *= factor_m[k];
    for (Index k = 0; k < count; ++k) e[k] += factor_e[k];
}

METRIX_INLINE void multiply(const Scaled& values, double mantissa, double exponent, Index count) {
    double* const __restrict m = values.mantissa;
    double* const __restrict e = values.exponent;
    for (Index k = 0; k < count; ++k) m[k] *= mantissa;
    for (Index k = 0; k < count; ++k) e[k] += exponent;
}

METRIX_INLINE void add_exponents(const Scaled& alpha, const Scaled& beta, Index count, double* __restrict result) {
    const double* const __restrict e = alpha.exponent;
    const double* const __restrict beta_e = beta.exponent;
    for (Index k = 0; k < count; ++k) result[k] = e[k] + beta_e[k];
}

// alpha beta / 2^top, given their exponents.
METRIX_INLINE void occupy(const Scaled& alpha, const Scaled& beta, double top, Index count,
                          double* __restrict occupancy) {
    const double* const __restrict m = alpha.mantissa;
    const double* const __restrict beta_m = beta.mantissa;
    for (Index k = 0; k < count; ++k) occupancy[k] = m[k] * beta_m[k] * weight(occupancy[k] - top);
}

void advance(Index places, const States& before, const Scaled& emission, const double* skips, const double* barriers,
             const States& after) {
    const Scaled own = from(after.labels, 1);
    join_two(before.blanks, before.labels, places, after.blanks.mantissa, after.blanks.exponent);
    multiply(after.blanks, emission.mantissa[places], emission.exponent[places], places);
    join_three(from(before.labels, 1), before.blanks, before.labels, skips, barriers, places, own.mantissa,
               own.exponent);
    multiply(own, emission, places);
}

Occupancy retreat(Index places, const States& after, const Scaled& emission, const double* skips,
                  const double* barriers, const States& before, const States& alpha, double* of_labels,
                  double* of_blanks) {
    join_two(after.blanks, after.labels, places, before.blanks.mantissa, before.blanks.exponent);
    join_three(after.labels, from(after.blanks, 1), from(after.labels, 1), skips + 1, barriers + 1, places,
               before.labels.mantissa, before.labels.exponent);

    const Scaled alpha_labels = from(alpha.labels, 1);
    add_exponents(alpha.blanks, before.blanks, places, of_blanks);
    add_exponents(alpha_labels, before.labels, places, of_labels);
    const double top = greater(greatest(of_blanks, places), greatest(of_labels, places));
    occupy(alpha.blanks, before.blanks, top, places, of_blanks);
    occupy(alpha_labels, before.labels, top, places, of_labels);

    multiply(before.blanks, emission.mantissa[places], emission.exponent[places], places);
    multiply(before.labels, emission, places);
    const double blanks = sum(of_blanks, places);
    return {blanks, blanks + sum(of_labels, places)};
}

void plain(Scaled values, Index count, double* __restrict result) {
    constexpr double least = -1500;  // nothing is left of it
    const double* const __restrict m = values.mantissa;
    const double* const __restrict e = values.exponent;
    for (Index i = 0; i < count; ++i) {
        const double n = greater(e[i], least);
        const double half = (n * 0.5 + F::rounder) - F::rounder;
        result[i] = m[i] * power_of_two(half) * power_of_two(n - half);
    }
}

void normalise(Scaled values, Index count) {
    constexpr F::Bits fraction = (F::Bits{1} << F::mantissa_bits) - 1;
    constexpr double whole = 0x1p52;
    double* const __restrict mantissa = values.mantissa;
    double* const __restrict exponent = values.exponent;
    for (Index i = 0; i < count; ++i) {
        const auto bits = std::bit_cast<F::Bits>(mantissa[i]);
        const double shift = std::bit_cast<double>((bits >> F::mantissa_bits) | std::bit_cast<F::Bits>(whole)) -
                             (whole + static_cast<double>(F::bias));
        const bool is_normal = mantissa[i] > 0;
        mantissa[i] = is_normal ? std::bit_cast<double>((bits & fraction) | F::bias << F::mantissa_bits) : mantissa[i];
        exponent[i] = is_normal ? exponent[i] + shift : exponent[i];
    }
}

}  // namespace

namespace METRIX_LEVEL {
extern const SequenceBlocks sequence_blocks;
constinit const SequenceBlocks sequence_blocks = {{exponentials<float>, scale<float>},
                                                  {exponentials<double>, scale<double>},
                                                  log_of,
                                                  emit,
                                                  advance,
                                                  retreat,
                                                  plain,
                                                  normalise};
}  // namespace METRIX_LEVEL

}  // namespace metrix::losses
