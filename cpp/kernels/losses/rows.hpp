// Losses of rows of scores over whole arrays: values, gradients and curvatures in one pass, with weights, masks, labels
// that are ignored, and reductions.
//
// Predictions have the shape (outer, classes, inner), so the class axis may be any. Rows are worked on in strips of
// sixteen lanes (strips.hpp): long rows that lie in memory as they are, all others sixteen at a time, which are copied
// into a buffer that stays in the cache. A chunk's sum does not depend on who works it out, and the sums of chunks are
// added in their order. So the result has the same bits for any number of threads.
#pragma once

#include <cstdint>

#include "kernels/losses/reduction.hpp"
#include "kernels/losses/strips.hpp"
#include "support/view.hpp"

namespace metrix::losses {

// A label that is no class: of which row, and what it is.
struct BadLabel {
    Index row;
    std::int64_t label;
};

template <class T>
struct RowProblem {
    RowFormula formula{};
    T parameters[3] = {};
    View1<const T> prediction;
    Index outer = 0;
    Index classes = 0;  // at least 1
    Index inner = 1;
    View1<const T> target;             // as the predictions; or empty
    View1<const std::int64_t> labels;  // one for each row; or empty
    std::int64_t ignored_label = -100;
    View1<const T> class_weight;   // or empty
    bool counts_classes = false;   // a mean divides by the weights of the classes of labels as well
    PerSample<T> weight;           // of rows
    PerSample<std::uint8_t> mask;  // of rows; not 0: takes part
    T share = 1;
    Reduction reduction = Reduction::mean;
    bool divide_by_weights = true;
    View1<const T> upstream;  // gradient of what comes after: of each row; or empty, and the one of the result
    double upstream_of_result = 1;
    Curvature curvature_policy = Curvature::exact;

    // Where results go, each of which may be empty: values of rows, and the others as the predictions. A curvature
    // comes with a gradient and without values, and then neither is reduced.
    View1<T> values;
    View1<T> gradient;   // zeros before, where is_of_label_alone
    View1<T> curvature;  // of no formula that is_of_label_alone
};

// Whether a formula looks at the prediction of the label alone, so that its gradient is 0 elsewhere.
constexpr bool is_of_label_alone(RowFormula formula) {
    return formula == RowFormula::nll_loss || formula == RowFormula::nll_loss_of_probabilities;
}

// The reduced value (0 without reduction, or where a curvature is asked for). Throws BadLabel for the first row of a
// label out of range.
template <class T>
double rows(const RowProblem<T>& problem, int num_threads);

}  // namespace metrix::losses
