// The inner loops of elementwise losses, over blocks that stay in the first cache. They exist once for each instruction
// set (blocks.cpp is compiled for each); all give the same bits.
#pragma once

#include <cstdint>

#include "kernels/losses/formulas.hpp"
#include "support/view.hpp"

namespace metrix::losses {

enum class Formula {
#define METRIX_NAME(name) name,
    METRIX_ELEMENTWISE_LOSSES(METRIX_NAME)
#undef METRIX_NAME
        count
};

// Eight sums side by side, and what rounding took from them: their total is as exact as if it were rounded once.
struct Sum {
    static constexpr int lanes = 8;
    double sum[lanes] = {};
    double lost[lanes] = {};
};

template <class T>
struct Blocks {
    // x: predictions, y: targets, each: the first parameter of each element, or null: the same for all, of formulas
    // that say `varies`. What is not asked for is null.
    using Terms = void (*)(const T* x, const T* y, const T* each, Index count, const T* parameters, T* value,
                           T* gradient, T* curvature);
    struct OfFormula {
        Terms value;
        Terms value_and_gradient;
        Terms gradient_and_curvature;
    };
    OfFormula formulas[static_cast<int>(Formula::count)];

    // Elementary functions alone, for whoever wants to look at their errors.
    using Function = void (*)(const T* x, T* result, Index count);
    Function exp;
    Function expm1;
    Function log;
    Function log1p;
    Function atan;

    void (*multiply)(T* values, const T* factors, Index count);  // 0 where the factor is, whatever it was
    void (*scale)(T* values, T factor, Index count);
    void (*clear)(T* values, const std::uint8_t* kept, Index count);  // 0 where not kept, whatever it was
    void (*raise)(T* values, T least, Index count);                   // to the least one; NaN stays
    void (*rectify)(T* values, Index count);                          // to their magnitude
    void (*add)(Sum& sum, const T* values, Index count);
};

// Those of this machine.
template <class T>
const Blocks<T>& blocks();

}  // namespace metrix::losses
