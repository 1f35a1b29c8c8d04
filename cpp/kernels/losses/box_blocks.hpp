// The inner loops of the losses of boxes, once for each instruction set (box_blocks.cpp is compiled for each); all give
// the same bits.
#pragma once

#include "kernels/boxes.hpp"
#include "kernels/losses/formulas.hpp"
#include "support/view.hpp"

namespace metrix::losses {

enum class BoxFormula {
#define METRIX_NAME(name) name,
    METRIX_BOX_LOSSES(METRIX_NAME)
#undef METRIX_NAME
        count
};

template <class T>
struct BoxBlocks {
    // Of rows of four numbers: values, and derivatives by the first of each pair unless `gradient` is null. True if a
    // box has x1 > x2 or y1 > y2.
    using Terms = bool (*)(const T* boxes, const T* targets, Index count, boxes::Format format, const T* parameters,
                           T* value, T* gradient);
    struct OfFormula {
        Terms value;
        Terms value_and_gradient;
    };
    OfFormula formulas[static_cast<int>(BoxFormula::count)];
};

// Those of this machine.
template <class T>
const BoxBlocks<T>& box_blocks();

}  // namespace metrix::losses
