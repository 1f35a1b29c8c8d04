// Curves and areas of binary scores: ROC, precision-recall.
//
// Positive and negative scores are sorted apart, as keys alone: nothing is carried along, and equal scores are found
// when both orders are walked together. Counts are exact, and so is the area under the ROC curve until its one
// division. Weighted scores are sorted with their rows.
#pragma once

#include <cstdint>
#include <vector>

#include "support/view.hpp"

namespace metrix::classification {

template <class T>
struct Ranked {
    View1<const T> scores;
    View1<const std::uint8_t> positive;  // not 0: of the positive class
    View1<const double> weight;          // or none
};

// One point for each distinct score, in descending order: sums of weights down to it.
struct Curve {
    std::vector<double> threshold;
    std::vector<double> true_positives;
    std::vector<double> false_positives;
};

struct Areas {
    double roc_auc = 0;            // NaN without positives or without negatives
    double average_precision = 0;  // 0 without positives
};

// Throws for NaN, with its index.
template <class T>
Curve binary_curve(const Ranked<T>& ranked, int num_threads);

// Without weights.
template <class T>
Areas binary_areas(const Ranked<T>& ranked, int num_threads);

// Adds one, or its weight, to the column of each score, in row 0 if it is negative or 1 if positive: columns are ranges
// of scores in descending order, those of the leading bits of a float's place among all floats.
template <class T>
void binary_histogram(const Ranked<T>& ranked, int bits, View2<std::int64_t> counts);
template <class T>
void binary_histogram(const Ranked<T>& ranked, int bits, View2<double> sums);

// The least float of each column, for its threshold.
void histogram_thresholds(int bits, View1<float> thresholds);

}  // namespace metrix::classification
