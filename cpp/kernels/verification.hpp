// Scores of pairs of embeddings, read in place: for a million pairs of 512 floats, copies that are normalised first
// cost several times what the products do.
#pragma once

#include <cstdint>

#include "support/view.hpp"

namespace metrix::verification {

enum class Metric {
    cosine,     // a.b / (|a| |b|), 0 where that is 0 / 0 as one of them is zero
    dot,        // a.b
    euclidean,  // -|a - b|
};

// scores[i] of rows pairs(i, 0) of first and pairs(i, 1) of second, which must exist; without pairs (data null) of rows
// i of both. Sums are doubles in sixteen lanes of fixed order: the same bits for any number of threads and any
// instruction set. What is not finite gives a score that is not.
template <class T>
void pair_scores(View2<const T> first, View2<const T> second, View2<const std::int64_t> pairs, Metric metric,
                 int num_threads, View1<double> scores);

}  // namespace metrix::verification
