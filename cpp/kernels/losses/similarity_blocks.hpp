// The inner loops over rows of similarities and over vectors; like blocks.hpp, they exist once for each instruction set
// and give the same bits.
#pragma once

#include <limits>

#include "support/view.hpp"

namespace metrix::losses {

// exp(shift) times a sum is the sum of exponentials.
struct PowerSum {
    double shift = -std::numeric_limits<double>::infinity();
    double sum = 0;
};

// Of the pairs of one label and of the others.
struct CircleSums {
    PowerSum same;
    PowerSum other;
};

// The logit of a cosine c is scale a (c - goal), where a = -max(0, 1 + m - c) and goal = 1 - m for pairs of one label,
// a = max(0, c + m) and goal = m for others.
template <class T>
struct CircleForm {
    T margin;
    T scale;
};

// What exponentials are multiplied by after a shift.
template <class T>
struct CircleSlopes {
    T shift_of_same;
    T shift_of_other;
    T factor_of_same;
    T factor_of_other;
};

template <class T>
struct SimilarityBlocks {
    // -infinity of none; NaN is passed over.
    T (*greatest)(const T* values, Index count);
    // The sum of exp(x - shift); these take the place of the values if `result` is where they are.
    double (*powers)(const T* values, T shift, Index count, T* result);
    void (*scale)(T* values, T factor, Index count);

    CircleSums (*circle_sums)(const T* cosines, const T* labels, T own_label, CircleForm<T> form, Index count);
    // Cosines become their gradients.
    void (*circle_slopes)(T* cosines, const T* labels, T own_label, CircleForm<T> form, CircleSlopes<T> slopes,
                          Index count);

    double (*sum_of_squares)(const T* values, Index count);
    double (*dot)(const T* values, const T* others, Index count);
    void (*divide)(const T* values, double divisor, Index count, T* result);
    // values = (values - along direction) / length
    void (*take_across)(T* values, const T* direction, double along, double length, Index count);
    void (*add)(const T* values, Index count, double* sums);
};

// Those of this machine.
template <class T>
const SimilarityBlocks<T>& similarity_blocks();

}  // namespace metrix::losses
