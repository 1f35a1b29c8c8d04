#include "kernels/verification.hpp"

#include <algorithm>
#include <cmath>

#include "kernels/verification/blocks.hpp"
#include "support/instruction_set.hpp"
#include "support/parallel.hpp"

namespace metrix::verification {

METRIX_DECLARE_FOR_EACH_LEVEL(Work<float>, work_on_floats);
METRIX_DECLARE_FOR_EACH_LEVEL(Work<double>, work_on_doubles);

template <>
const Work<float>& work<float>() {
    return METRIX_OF_THIS_MACHINE(work_on_floats);
}

template <>
const Work<double>& work<double>() {
    return METRIX_OF_THIS_MACHINE(work_on_doubles);
}

namespace {

constexpr Index chunk_size = 256;

template <class T>
double score(const Work<T>& table, const T* a, const T* b, Index count, Metric metric) {
    if (metric == Metric::dot) return table.dot(a, b, count);
    if (metric == Metric::euclidean) return -std::sqrt(table.squared_distance(a, b, count));
    const Products products = table.products(a, b, count);
    // One root, so that a row and itself give 1; two where the product of squares leaves the range of normal numbers.
    const double squares = products.first * products.second;
    const double lengths =
        std::isnormal(squares) ? std::sqrt(squares) : std::sqrt(products.first) * std::sqrt(products.second);
    return lengths == 0 ? 0.0 : products.both / lengths;
}

}  // namespace

template <class T>
void pair_scores(View2<const T> first, View2<const T> second, View2<const std::int64_t> pairs, Metric metric,
                 int num_threads, View1<double> scores) {
    const Work<T>& table = work<T>();
    const Index count = ssize(scores);
    parallel_for((count + chunk_size - 1) / chunk_size, num_threads, [&](Index chunk, int) {
        const Index stop = std::min(count, (chunk + 1) * chunk_size);
        for (Index i = chunk * chunk_size; i < stop; ++i) {
            const Index one = pairs.data == nullptr ? i : pairs(i, 0);
            const Index two = pairs.data == nullptr ? i : pairs(i, 1);
            scores[static_cast<std::size_t>(i)] = score(table, first.row(one), second.row(two), first.columns, metric);
        }
    });
}

template void pair_scores(View2<const float>, View2<const float>, View2<const std::int64_t>, Metric, int,
                          View1<double>);
template void pair_scores(View2<const double>, View2<const double>, View2<const std::int64_t>, Metric, int,
                          View1<double>);

}  // namespace metrix::verification
