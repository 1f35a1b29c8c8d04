// Elementwise losses over whole arrays: values, gradients and curvatures in one pass, with weights, masks and
// reductions.
//
// Blocks of a chunk are worked on one after the other; a chunk's sum does not depend on who works it out, and the sums
// of chunks are added in their order. So the result has the same bits for any number of threads.
#pragma once

#include <cstdint>

#include "kernels/losses/blocks.hpp"
#include "kernels/losses/reduction.hpp"
#include "support/view.hpp"

namespace metrix::losses {

template <class T>
struct Problem {
    Formula formula{};
    T parameters[3] = {};
    View1<const T> prediction;
    View1<const T> target;
    View1<const T> varying;    // the first parameter, of formulas that say `varies`: one for each `varying_repeat`
    Index varying_repeat = 1;  // elements that follow each other, from the first again after the last; or empty
    PerSample<T> weight;
    PerSample<std::uint8_t> mask;  // not 0: takes part
    Reduction reduction = Reduction::mean;
    bool divide_by_weights = true;  // the mean: by the sum of weights, or by the number of elements that take part
    View1<const T> upstream;  // gradient of what comes after: of each element; or empty, and the one of the result
    double upstream_of_result = 1;
    Curvature curvature_policy = Curvature::exact;

    // Where results go; each empty, or as long as the predictions. A curvature comes with a gradient and without
    // values, and then neither is reduced.
    View1<T> values;
    View1<T> gradient;
    View1<T> curvature;
};

// The reduced value (0 without reduction, or where a curvature is asked for).
template <class T>
double elementwise(const Problem<T>& problem, int num_threads);

}  // namespace metrix::losses
