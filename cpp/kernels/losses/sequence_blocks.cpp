// Compiled once for each instruction set, with METRIX_LEVEL its name; see blocks.cpp for what that asks.
#include "kernels/losses/sequence_blocks.hpp"

#include "kernels/losses/terms.hpp"

namespace metrix::losses {
namespace {

using F = Format<double>;

// Exponents further below the greatest add nothing to a sum; so far apart they are still powers of two that exist.
constexpr double far = 500;
constexpr int lanes = 8;

// 2^n for a whole n of at most `far`; less is taken as -far.
METRIX_INLINE double weight(double n) {
    return power_of_two(greater(n, -far));
}

template <class T>
Greatest exponentials(const T* row, Index count, T* result) {
    T tops[lanes];
    for (T& top : tops) top = -std::numeric_limits<T>::infinity();
    Index i = 0;
    for (; i + lanes <= count; i += lanes) {
        for (int lane = 0; lane < lanes; ++lane) tops[lane] = greater(tops[lane], row[i + lane]);
    }
    for (; i < count; ++i) tops[0] = greater(tops[0], row[i]);
    T top = tops[0];
    for (const T other : tops) top = greater(top, other);

    double sums[lanes] = {};
    constexpr Index block_size = 256;
    T own[block_size];
    for (Index first = 0; first < count; first += block_size) {
        const Index size = count - first < block_size ? count - first : block_size;
        T* const block = result == nullptr ? own : result + first;
        for (Index k = 0; k < size; ++k) block[k] = exp(row[first + k] - top);
        Index k = 0;
        for (; k + lanes <= size; k += lanes) {
            for (int lane = 0; lane < lanes; ++lane) sums[lane] += static_cast<double>(block[k + lane]);
        }
        for (int lane = 0; k < size; ++k, ++lane) sums[lane] += static_cast<double>(block[k]);
    }
    const double sum = ((sums[0] + sums[1]) + (sums[2] + sums[3])) + ((sums[4] + sums[5]) + (sums[6] + sums[7]));
    return {static_cast<double>(top), sum};
}

template <class T>
void scale(T* values, double factor, Index count) {
    for (Index i = 0; i < count; ++i) values[i] = static_cast<T>(static_cast<double>(values[i]) * factor);
}

double log_of(double x) {
    return log(x);
}

void emit(const double* log_probabilities, Index count, Scaled result) {
    constexpr double exact = 0x1p51;    // below it the rounder rounds; above nearly all numbers are whole
    constexpr double least = 1e290;     // far above the exponent of zero
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

void advance(Index labels, const States& before, const Scaled& emission, double blank_mantissa, double blank_exponent,
             const double* __restrict skips, const double* __restrict barriers, const States& after) {
    const double* const __restrict blank_m = before.blanks.mantissa;
    const double* const __restrict blank_e = before.blanks.exponent;
    const double* const __restrict label_m = before.labels.mantissa;
    const double* const __restrict label_e = before.labels.exponent;
    double* const __restrict new_blank_m = after.blanks.mantissa;
    double* const __restrict new_blank_e = after.blanks.exponent;
    for (Index k = 0; k <= labels; ++k) {
        const double top = greater(blank_e[k], label_e[k]);
        const double sum = blank_m[k] * weight(blank_e[k] - top) + label_m[k] * weight(label_e[k] - top);
        new_blank_m[k] = sum * blank_mantissa;
        new_blank_e[k] = top + blank_exponent;
    }
    const double* const __restrict emission_m = emission.mantissa;
    const double* const __restrict emission_e = emission.exponent;
    double* const __restrict new_label_m = after.labels.mantissa + 1;
    double* const __restrict new_label_e = after.labels.exponent + 1;
    for (Index k = 0; k < labels; ++k) {
        const double skipping = label_e[k] + barriers[k];
        const double top = greater(greater(label_e[k + 1], blank_e[k]), skipping);
        const double sum = label_m[k + 1] * weight(label_e[k + 1] - top) + blank_m[k] * weight(blank_e[k] - top) +
                           label_m[k] * skips[k] * weight(skipping - top);
        new_label_m[k] = sum * emission_m[k];
        new_label_e[k] = top + emission_e[k];
    }
}

double retreat(Index labels, const States& after, const Scaled& emission, double blank_mantissa, double blank_exponent,
               const double* __restrict skips, const double* __restrict barriers, const States& before,
               const States& alpha, double inverse, double exponent, double* __restrict label_occupancy,
               double* __restrict blank_occupancy) {
    const double* const __restrict blank_m = after.blanks.mantissa;
    const double* const __restrict blank_e = after.blanks.exponent;
    const double* const __restrict label_m = after.labels.mantissa;
    const double* const __restrict label_e = after.labels.exponent;
    const double* const __restrict alpha_blank_m = alpha.blanks.mantissa;
    const double* const __restrict alpha_blank_e = alpha.blanks.exponent;
    double* const __restrict new_blank_m = before.blanks.mantissa;
    double* const __restrict new_blank_e = before.blanks.exponent;
    for (Index k = 0; k <= labels; ++k) {
        const double top = greater(blank_e[k], label_e[k]);
        const double sum = blank_m[k] * weight(blank_e[k] - top) + label_m[k] * weight(label_e[k] - top);
        const double n = lesser((alpha_blank_e[k] + top) - exponent, far);
        blank_occupancy[k] = lesser(alpha_blank_m[k] * sum * inverse * weight(n), 1.0);
        new_blank_m[k] = sum * blank_mantissa;
        new_blank_e[k] = top + blank_exponent;
    }
    const double* const __restrict emission_m = emission.mantissa;
    const double* const __restrict emission_e = emission.exponent;
    const double* const __restrict alpha_label_m = alpha.labels.mantissa + 1;
    const double* const __restrict alpha_label_e = alpha.labels.exponent + 1;
    double* const __restrict new_label_m = before.labels.mantissa;
    double* const __restrict new_label_e = before.labels.exponent;
    for (Index k = 0; k < labels; ++k) {
        const double skipping = label_e[k + 1] + barriers[k + 1];
        const double top = greater(greater(label_e[k], blank_e[k + 1]), skipping);
        const double sum = label_m[k] * weight(label_e[k] - top) + blank_m[k + 1] * weight(blank_e[k + 1] - top) +
                           label_m[k + 1] * skips[k + 1] * weight(skipping - top);
        const double n = lesser((alpha_label_e[k] + top) - exponent, far);
        label_occupancy[k] = lesser(alpha_label_m[k] * sum * inverse * weight(n), 1.0);
        new_label_m[k] = sum * emission_m[k];
        new_label_e[k] = top + emission_e[k];
    }

    double sums[lanes] = {};
    Index k = 0;
    for (; k + lanes <= labels + 1; k += lanes) {
        for (int lane = 0; lane < lanes; ++lane) sums[lane] += blank_occupancy[k + lane];
    }
    for (int lane = 0; k <= labels; ++k, ++lane) sums[lane] += blank_occupancy[k];
    return ((sums[0] + sums[1]) + (sums[2] + sums[3])) + ((sums[4] + sums[5]) + (sums[6] + sums[7]));
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
                                                  normalise};
}  // namespace METRIX_LEVEL

}  // namespace metrix::losses
