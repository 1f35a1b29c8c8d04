#include "support/ordering.hpp"

namespace metrix {
namespace {

// Below this, comparing is faster than counting 2048 digits.
constexpr std::size_t few_rows = 192;

constexpr int digit_bits = 11;
constexpr std::size_t digit_values = std::size_t{1} << digit_bits;

template <class Row>
void insertion_sort(View1<Row> rows) {
    for (std::size_t i = 1; i < rows.size(); ++i) {
        const Row row = rows[i];
        std::size_t place = i;
        for (; place > 0 && rows[place - 1].key > row.key; --place) rows[place] = rows[place - 1];
        rows[place] = row;
    }
}

// Least significant digit first. A digit that all keys share is skipped: scores that were float32 have 29 zero bits.
template <class Row>
void radix_sort(View1<Row> rows, View1<Row> scratch) {
    constexpr int digit_count = (8 * sizeof(Row::key) + digit_bits - 1) / digit_bits;
    std::vector<std::array<std::uint32_t, digit_values>> counts(digit_count);
    for (const Row& row : rows) {
        for (int digit = 0; digit < digit_count; ++digit) {
            ++counts[static_cast<std::size_t>(digit)][row.key >> (digit * digit_bits) & (digit_values - 1)];
        }
    }
    View1<Row> from = rows;
    View1<Row> to = scratch;
    for (int digit = 0; digit < digit_count; ++digit) {
        auto& count = counts[static_cast<std::size_t>(digit)];
        const int shift = digit * digit_bits;
        if (count[from[0].key >> shift & (digit_values - 1)] == from.size()) continue;
        std::uint32_t place = 0;
        for (std::uint32_t& value : count) place += std::exchange(value, place);
        for (const Row& row : from) to[count[row.key >> shift & (digit_values - 1)]++] = row;
        std::swap(from, to);
    }
    if (from.data() != rows.data()) std::copy(from.begin(), from.end(), rows.begin());
}

template <class Row>
void stable_sort(View1<Row> rows, View1<Row> scratch) {
    const auto by_key = [](const Row& a, const Row& b) { return a.key < b.key; };
    if (std::is_sorted(rows.begin(), rows.end(), by_key)) return;
    if (rows.size() <= 24) {
        insertion_sort(rows);
    } else if (rows.size() <= few_rows) {
        std::stable_sort(rows.begin(), rows.end(), by_key);
    } else {
        radix_sort(rows, scratch.first(rows.size()));
    }
}

}  // namespace

void stable_sort_by_key(View1<KeyedRow> rows, View1<KeyedRow> scratch) {
    stable_sort(rows, scratch);
}

void stable_sort_by_key(View1<KeyedPlace> rows, View1<KeyedPlace> scratch) {
    stable_sort(rows, scratch);
}

namespace {

template <class T>
std::vector<Index> rows_by_rank(View1<const T> scores) {
    std::vector<KeyedRow> rows(scores.size());
    for (std::size_t i = 0; i < rows.size(); ++i) rows[i] = {descending_key(scores[i]), static_cast<std::int32_t>(i)};
    std::vector<KeyedRow> scratch(rows.size());
    stable_sort_by_key(rows, scratch);
    std::vector<Index> order(rows.size());
    for (std::size_t rank = 0; rank < order.size(); ++rank) order[rank] = rows[rank].row;
    return order;
}

}  // namespace

std::vector<Index> descending_order(View1<const float> scores) {
    return rows_by_rank(scores);
}

std::vector<Index> descending_order(View1<const double> scores) {
    return rows_by_rank(scores);
}

namespace {

template <class RowAt>
Grouping group(Index row_count, RowAt row_at, View1<const std::int32_t> group_of, Index group_count) {
    Grouping result;
    result.offset.assign(static_cast<std::size_t>(group_count) + 1, 0);
    for (Index i = 0; i < row_count; ++i) {
        const std::int32_t group = group_of[static_cast<std::size_t>(row_at(i))];
        if (group >= 0) ++result.offset[static_cast<std::size_t>(group) + 1];
    }
    for (std::size_t g = 1; g < result.offset.size(); ++g) result.offset[g] += result.offset[g - 1];
    result.rows.resize(static_cast<std::size_t>(result.offset.back()));
    std::vector<std::int64_t> next(result.offset.begin(), result.offset.end() - 1);
    for (Index i = 0; i < row_count; ++i) {
        const std::int32_t row = row_at(i);
        const std::int32_t group = group_of[static_cast<std::size_t>(row)];
        if (group >= 0) result.rows[static_cast<std::size_t>(next[static_cast<std::size_t>(group)]++)] = row;
    }
    return result;
}

}  // namespace

Grouping group_rows(View1<const std::int32_t> group_of, Index group_count) {
    return group(ssize(group_of), [](Index i) { return static_cast<std::int32_t>(i); }, group_of, group_count);
}

Grouping regroup_rows(View1<const std::int32_t> rows, View1<const std::int32_t> group_of, Index group_count) {
    return group(ssize(rows), [&](Index i) { return rows[static_cast<std::size_t>(i)]; }, group_of, group_count);
}

}  // namespace metrix
