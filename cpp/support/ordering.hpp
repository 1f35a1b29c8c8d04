// Stable orders: by descending score as NumPy's argsort(-scores, kind="mergesort"), and by small integer groups.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <utility>
#include <vector>

#include "support/view.hpp"

namespace metrix {

// Ascending keys are descending scores; NaN comes last, -0.0 and 0.0 are equal.
inline std::uint64_t descending_key(double score) {
    if (score != score) return ~std::uint64_t{0};
    const auto bits = std::bit_cast<std::uint64_t>(score + 0.0);  // turns -0.0 into 0.0
    const std::uint64_t sign = std::uint64_t{1} << 63;
    return (bits & sign) != 0 ? bits : ~(bits | sign);
}

// The score of a key, but for what keys do not tell apart: the sign of a zero, and one NaN from another.
inline double score_of_key(std::uint64_t key) {
    const std::uint64_t sign = std::uint64_t{1} << 63;
    return std::bit_cast<double>((key & sign) != 0 ? key : ~(key | sign));
}

struct KeyedRow {
    std::uint64_t key;
    std::int32_t row;
};

// Half as large, for keys that fit.
struct KeyedPlace {
    std::uint32_t key;
    std::uint32_t place;
};

// Sorts by key; equal keys keep their order. `scratch` holds as many rows as are sorted.
void stable_sort_by_key(View1<KeyedRow> rows, View1<KeyedRow> scratch);
void stable_sort_by_key(View1<KeyedPlace> rows, View1<KeyedPlace> scratch);

// The row of each rank: float scores rank as the doubles that they are. Fewer than 2^31 scores.
std::vector<Index> descending_order(View1<const float> scores);
std::vector<Index> descending_order(View1<const double> scores);

// Rows in ascending order of their group, equal groups in the order they came; rows of negative group are left out.
// offset[g] .. offset[g + 1] are the places of group g.
struct Grouping {
    std::vector<std::int32_t> rows;
    std::vector<std::int64_t> offset;
};

Grouping group_rows(View1<const std::int32_t> group_of, Index group_count);
// The same for rows that another grouping has brought into order.
Grouping regroup_rows(View1<const std::int32_t> rows, View1<const std::int32_t> group_of, Index group_count);

}  // namespace metrix
