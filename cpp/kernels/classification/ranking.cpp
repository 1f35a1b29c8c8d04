#include "kernels/classification/ranking.hpp"

#include <algorithm>
#include <bit>
#include <limits>
#include <string>

#include "support/buffer.hpp"
#include "support/error.hpp"
#include "support/exact_sum.hpp"
#include "support/ordering.hpp"
#include "support/radix_sort.hpp"

namespace metrix::classification {
namespace {

// Ascending keys are descending scores; -0.0 and 0.0 are equal.
std::uint32_t key_of(float score) {
    constexpr std::uint32_t sign = std::uint32_t{1} << 31;
    const auto bits = std::bit_cast<std::uint32_t>(score + 0.0F);
    return (bits & sign) != 0 ? bits : ~(bits | sign);
}

std::uint64_t key_of(double score) {
    return descending_key(score);
}

double score_of(std::uint32_t key) {
    constexpr std::uint32_t sign = std::uint32_t{1} << 31;
    return static_cast<double>(std::bit_cast<float>((key & sign) != 0 ? key : ~(key | sign)));
}

double score_of(std::uint64_t key) {
    return score_of_key(key);
}

template <class T>
void refuse_nan(View1<const T> scores) {
    bool has_nan = false;
    for (const T score : scores) has_nan |= score != score;
    if (!has_nan) return;
    const auto place = std::find_if(scores.begin(), scores.end(), [](T score) { return score != score; });
    throw_value_error("y_score: expected numbers, got NaN at index " + std::to_string(place - scores.begin()));
}

template <class Key>
struct Sides {
    Buffer<Key> positive;
    Buffer<Key> negative;
};

template <class T, class Key = decltype(key_of(T()))>
Sides<Key> sorted_sides(const Ranked<T>& ranked, int num_threads) {
    refuse_nan(ranked.scores);
    const std::size_t count = ranked.scores.size();
    const auto positives = static_cast<std::size_t>(
        std::count_if(ranked.positive.begin(), ranked.positive.end(), [](std::uint8_t flag) { return flag != 0; }));
    // One more each: a key is written to both sides, and only one of them moves on.
    Sides<Key> sides{Buffer<Key>(positives + 1), Buffer<Key>(count - positives + 1)};
    Key* positive = sides.positive.data();
    Key* negative = sides.negative.data();
    for (std::size_t i = 0; i < count; ++i) {
        const Key key = key_of(ranked.scores[i]);
        const bool is_positive = ranked.positive[i] != 0;
        *positive = key;
        *negative = key;
        positive += is_positive ? 1 : 0;
        negative += is_positive ? 0 : 1;
    }
    sides.positive.pop_back();
    sides.negative.pop_back();
    Buffer<Key> scratch(std::max(sides.positive.size(), sides.negative.size()));
    for (Buffer<Key>* side : {&sides.positive, &sides.negative}) {
        radix_sort(View1<Key>(*side), View1<Key>(scratch).first(side->size()), num_threads);
    }
    return sides;
}

template <class Key>
std::size_t end_of_run(const Buffer<Key>& keys, std::size_t first, Key key) {
    while (first < keys.size() && keys[first] == key) ++first;
    return first;
}

template <class T>
Curve weighted_curve(const Ranked<T>& ranked) {
    refuse_nan(ranked.scores);
    if (ranked.scores.size() >= std::size_t{1} << 31) throw_value_error("sample_weight: expected fewer than 2^31 rows");
    std::vector<KeyedRow> rows(ranked.scores.size());
    for (std::size_t i = 0; i < rows.size(); ++i) {
        rows[i] = {descending_key(static_cast<double>(ranked.scores[i])), static_cast<std::int32_t>(i)};
    }
    std::vector<KeyedRow> scratch(rows.size());
    stable_sort_by_key(rows, scratch);
    Curve curve;
    Exact sums[2];
    for (std::size_t i = 0; i < rows.size(); ++i) {
        const auto row = static_cast<std::size_t>(rows[i].row);
        Exact& sum = sums[ranked.positive[row] != 0 ? 1 : 0];
        sum = sum + Exact{ranked.weight[row], 0};
        if (i + 1 < rows.size() && rows[i + 1].key == rows[i].key) continue;
        curve.threshold.push_back(score_of_key(rows[i].key));
        curve.true_positives.push_back(sums[1].value());
        curve.false_positives.push_back(sums[0].value());
    }
    return curve;
}

// Calls add(row, column, element) for each score of a histogram.
template <class T, class Add>
void for_each_column(const Ranked<T>& ranked, int bits, Add&& add) {
    refuse_nan(ranked.scores);
    const int shift = 32 - bits;
    for (std::size_t i = 0; i < ranked.scores.size(); ++i) {
        const std::uint32_t key = key_of(static_cast<float>(ranked.scores[i]));
        add(ranked.positive[i] != 0 ? 1 : 0, static_cast<Index>(key >> shift), i);
    }
}

}  // namespace

template <class T>
Curve binary_curve(const Ranked<T>& ranked, int num_threads) {
    if (!ranked.weight.empty()) return weighted_curve(ranked);
    const auto sides = sorted_sides(ranked, num_threads);
    Curve curve;
    std::size_t tp = 0;
    std::size_t fp = 0;
    while (tp < sides.positive.size() || fp < sides.negative.size()) {
        const bool no_positive = tp == sides.positive.size();
        const bool no_negative = fp == sides.negative.size();
        const auto key = no_negative || (!no_positive && sides.positive[tp] < sides.negative[fp]) ? sides.positive[tp]
                                                                                                  : sides.negative[fp];
        tp = end_of_run(sides.positive, tp, key);
        fp = end_of_run(sides.negative, fp, key);
        curve.threshold.push_back(score_of(key));
        curve.true_positives.push_back(static_cast<double>(tp));
        curve.false_positives.push_back(static_cast<double>(fp));
    }
    return curve;
}

template <class T>
Areas binary_areas(const Ranked<T>& ranked, int num_threads) {
    const auto sides = sorted_sides(ranked, num_threads);
    const std::size_t positives = sides.positive.size();
    const std::size_t negatives = sides.negative.size();
    // Twice the number of pairs in the right order, ties counted half: below 2^64 for four billion scores.
    std::uint64_t pairs = 0;
    Exact precision;
    std::size_t higher = 0;  // negatives of higher scores
    for (std::size_t tp = 0; tp < positives;) {
        const auto key = sides.positive[tp];
        const std::size_t end = end_of_run(sides.positive, tp, key);
        while (higher < negatives && sides.negative[higher] < key) ++higher;
        const std::size_t fp = end_of_run(sides.negative, higher, key);
        pairs += (end - tp) * (2 * (negatives - fp) + (fp - higher));
        precision =
            precision +
            Exact{static_cast<double>(end - tp) * (static_cast<double>(end) / static_cast<double>(end + fp)), 0};
        higher = fp;
        tp = end;
    }
    Areas areas;
    areas.roc_auc =
        positives == 0 || negatives == 0
            ? std::numeric_limits<double>::quiet_NaN()
            : static_cast<double>(pairs) / (2 * static_cast<double>(positives) * static_cast<double>(negatives));
    areas.average_precision = positives == 0 ? 0 : precision.value() / static_cast<double>(positives);
    return areas;
}

template <class T>
void binary_histogram(const Ranked<T>& ranked, int bits, View2<std::int64_t> counts) {
    for_each_column(ranked, bits, [&](Index row, Index column, std::size_t) { ++counts(row, column); });
}

template <class T>
void binary_histogram(const Ranked<T>& ranked, int bits, View2<double> sums) {
    for_each_column(ranked, bits,
                    [&](Index row, Index column, std::size_t i) { sums(row, column) += ranked.weight[i]; });
}

void histogram_thresholds(int bits, View1<float> thresholds) {
    const int shift = 32 - bits;
    const std::uint32_t highest = key_of(std::numeric_limits<float>::infinity());
    const std::uint32_t lowest = key_of(-std::numeric_limits<float>::infinity());
    for (std::size_t column = 0; column < thresholds.size(); ++column) {
        const auto last = (static_cast<std::uint32_t>(column) << shift) | ((std::uint32_t{1} << shift) - 1);
        thresholds[column] = static_cast<float>(score_of(std::clamp(last, highest, lowest)));  // no NaN
    }
}

#define METRIX_RANKING(T)                                                       \
    template Curve binary_curve(const Ranked<T>&, int);                         \
    template Areas binary_areas(const Ranked<T>&, int);                         \
    template void binary_histogram(const Ranked<T>&, int, View2<std::int64_t>); \
    template void binary_histogram(const Ranked<T>&, int, View2<double>);
METRIX_RANKING(float)
METRIX_RANKING(double)
#undef METRIX_RANKING

}  // namespace metrix::classification
