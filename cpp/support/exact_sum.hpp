// Sums that keep what rounding takes from them: as exact as if they were rounded once, whatever the order and however
// the numbers were split over threads, batches or processes.
#pragma once

namespace metrix {

// A number as two doubles, the second at most half a unit in the last place of the first; some 31 digits.
struct Exact {
    double high = 0;
    double low = 0;

    // Of infinite or absent numbers nothing was lost.
    [[nodiscard]] double value() const { return high - high == 0 ? high + low : high; }
};

// a + b, and what rounding took from it.
inline Exact exact_sum(double a, double b) {
    const double sum = a + b;
    const double part = sum - a;
    return {sum, (a - (sum - part)) + (b - part)};
}

// a b, and what rounding took from it (Dekker); for factors up to 1e300.
inline Exact exact_product(double a, double b) {
    constexpr double splitter = 134217729.0;  // 2^27 + 1
    const double product = a * b;
    const double a_shifted = a * splitter;
    const double b_shifted = b * splitter;
    const double a_high = a_shifted - (a_shifted - a);
    const double b_high = b_shifted - (b_shifted - b);
    const double a_low = a - a_high;
    const double b_low = b - b_high;
    const double lost = a_low * b_low - (((product - a_high * b_high) - a_low * b_high) - a_high * b_low);
    return {product, lost - lost == 0 ? lost : 0};
}

inline Exact operator+(Exact a, Exact b) {
    const Exact sum = exact_sum(a.high, b.high);
    if (sum.high - sum.high != 0) return {sum.high, 0};
    return exact_sum(sum.high, sum.low + (a.low + b.low));
}

inline Exact operator-(Exact a) {
    return {-a.high, -a.low};
}

inline Exact operator*(Exact a, Exact b) {
    const Exact product = exact_product(a.high, b.high);
    if (product.high - product.high != 0) return {product.high, 0};
    return exact_sum(product.high, product.low + (a.high * b.low + a.low * b.high));
}

inline Exact operator/(Exact a, Exact b) {
    const double first = a.high / b.high;
    if (first - first != 0) return {first, 0};
    const Exact rest = a + -(Exact{first, 0} * b);
    return exact_sum(first, rest.high / b.high);
}

}  // namespace metrix
