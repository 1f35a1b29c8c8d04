// Losses over rows of similarities, which a matrix product has made: all of these work in place, so that the matrix
// goes through memory no more often than it must. A similarity becomes the gradient by it.
#pragma once

#include <cstdint>

#include "kernels/losses/similarity_blocks.hpp"
#include "support/view.hpp"

namespace metrix::losses {

// What belongs to a row: the column of its label, or all columns of that label but its own.
struct Positives {
    View1<const std::int64_t> labels;  // of rows; each within what follows
    // Columns of label g: members[starts[g]] ... members[starts[g + 1] - 1]. Empty: the column of the number g itself.
    View1<const std::int64_t> starts;
    View1<const std::int64_t> members;
    // The column of the first row's own self, which takes no part; that of the next row is the next. -1: there is none.
    Index self_of_first = -1;
};

// values[i] = logsumexp(row) - mean(positives), 0 where there are none. With upstream, the gradient by the values, rows
// become gradients; without, they are left in any state.
template <class T>
void softmax_of_similarities(View2<T> rows, const Positives& positives, View1<const double> upstream, int num_threads,
                             View1<double> values);

// Cosines of all pairs of a batch; labels as numbers of type T. Of each row the columns behind the diagonal, and those
// before it too unless is_triangle.
template <class T>
struct Circle {
    View2<T> cosines;
    View1<const T> labels;
    CircleForm<T> form;
    bool is_triangle = false;
};

template <class T>
void circle_sums(const Circle<T>& circle, int num_threads, View1<CircleSums> sums);

// Cosines become gradients, which are 0 where a pair takes no part.
template <class T>
void circle_slopes(const Circle<T>& circle, View1<const CircleSlopes<T>> slopes, int num_threads);

// matrix += the transpose of another square one, or of itself
template <class T>
void add_transpose(View2<T> matrix, View2<const T> other, int num_threads);

// Rows as unit vectors and their lengths; a row of zeros stays one. No square overflows or vanishes.
template <class T>
void unit_vectors(View2<const T> rows, int num_threads, View2<T> units, View1<T> lengths);

// The gradient by unit vectors becomes that by the rows; 0 where a row is.
template <class T>
void through_unit_vectors(View2<const T> units, View1<const T> lengths, int num_threads, View2<T> gradient);

// sums(g) += all rows with the label g, one after another
template <class T>
void add_by_label(View2<const T> rows, View1<const std::int64_t> labels, View2<double> sums);

}  // namespace metrix::losses
