// Losses of N pairs of boxes (detection.hpp has the formulas): values and gradients in one pass, with weights, masks
// and reductions. As in elementwise.hpp, the bits do not depend on the number of threads.
#pragma once

#include <cstdint>

#include "kernels/losses/box_blocks.hpp"
#include "kernels/losses/reduction.hpp"
#include "support/view.hpp"

namespace metrix::losses {

template <class T>
struct BoxProblem {
    BoxFormula formula{};
    T parameters[3] = {};
    boxes::Format format{};
    View2<const T> prediction;       // N x 4
    View2<const T> target;           // N x 4
    View1<const T> weight;           // N, or empty
    View1<const std::uint8_t> mask;  // N, or empty; not 0: takes part
    Reduction reduction = Reduction::mean;
    bool divide_by_weights = true;
    View1<const T> upstream;  // gradient of what comes after by each value; or empty, and the one of the result
    double upstream_of_result = 1;
    bool by_target = false;  // the gradient is the one by the target: all these losses are symmetric

    // Where results go, if wanted.
    View1<T> values;
    View2<T> gradient;
};

// The reduced value (0 without reduction). Throws for a box that takes part and has x1 > x2 or y1 > y2.
template <class T>
double box_loss(const BoxProblem<T>& problem, int num_threads);

}  // namespace metrix::losses
