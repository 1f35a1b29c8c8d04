// The inner loops of losses of rows, such as the softmax family, over strips of sixteen lanes. They exist once for each
// instruction set (strips.cpp is compiled for each); all give the same bits.
//
// A strip is either sixteen rows, each lane one of them and each step a class, or one long row, each step sixteen of
// its classes. What a formula does is the same in both but for one thing: the sums of one row's lanes are joined.
#pragma once

#include <cstdint>

#include "kernels/losses/formulas.hpp"
#include "support/view.hpp"

namespace metrix::losses {

enum class RowFormula {
#define METRIX_NAME(name) name,
    METRIX_ROW_LOSSES(METRIX_NAME)
#undef METRIX_NAME
        count
};

constexpr int lanes = 16;

// Sixteen numbers for each step. The last step may lie elsewhere, where a row is padded to its length.
template <class V>
struct Steps {
    V* first = nullptr;
    V* last = nullptr;
    Index stride = lanes;  // 0: the same numbers for all steps
};

// Padding changes no result: predictions of -infinity or 1 (see pads_with_infinity), targets of 1, class weights of 0.
template <class T>
struct Strip {
    Index count = 0;  // of steps
    bool is_row = false;
    bool has_labels = false;
    bool has_target = false;
    Steps<const T> x;
    Steps<const T> y;             // zeros without dense targets
    Steps<const T> class_weight;  // ones without any
    Steps<T> gradient;
    Steps<T> curvature;  // without weights
    const T* parameters = nullptr;
    T share = 1;  // multiplies the row's value: one over the number of classes, or 1

    // Of lanes; of one row sixteen times the same.
    std::uint32_t label[lanes] = {};
    T at_label[lanes] = {};      // the prediction there
    T label_weight[lanes] = {};  // the weight of that class
    T factor[lanes] = {};        // multiplies gradients
    T value[lanes] = {};         // from here on: results
    T gradient_at_label[lanes] = {};
    T curvature_at_label[lanes] = {};
};

template <class T>
struct Strips {
    using Work = void (*)(Strip<T>& strip);
    struct OfFormula {
        Work value;
        Work value_and_gradient;
        Work gradient_and_curvature;
    };
    OfFormula formulas[static_cast<int>(RowFormula::count)];

    // Steps that follow each other: each lane times its factor.
    void (*multiply_lanes)(T* steps, const T* factors, Index count);
};

// Those of this machine.
template <class T>
const Strips<T>& strips();

}  // namespace metrix::losses
