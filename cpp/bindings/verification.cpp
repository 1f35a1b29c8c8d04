#include "kernels/verification.hpp"

#include <pybind11/stl.h>

#include <optional>
#include <string>

#include "bindings/convert.hpp"

namespace metrix::bindings {
namespace {

verification::Metric metric_of(const std::string& name) {
    if (name == "cosine") return verification::Metric::cosine;
    if (name == "dot") return verification::Metric::dot;
    if (name == "euclidean") return verification::Metric::euclidean;
    throw_value_error("metric: expected 'cosine', 'dot' or 'euclidean', got '" + name + "'");
}

// (P,) scores, of pairs or of rows.
template <class T>
Array<double> pair_scores(const Array<T>& first, const Array<T>& second,
                          const std::optional<Array<std::int64_t>>& pairs, const std::string& metric, int num_threads) {
    const auto one = view2(first, "first");
    const auto two = view2(second, "second", one.columns);
    View2<const std::int64_t> indices;
    Index count = one.rows;
    if (pairs) {
        indices = view2(*pairs, "pairs", 2);
        count = indices.rows;
        for (Index i = 0; i < count; ++i) {
            if (indices(i, 0) < 0 || indices(i, 0) >= one.rows || indices(i, 1) < 0 || indices(i, 1) >= two.rows) {
                throw_value_error("pairs: expected indices below " + std::to_string(one.rows) + " and " +
                                  std::to_string(two.rows) + ", got [" + std::to_string(indices(i, 0)) + ", " +
                                  std::to_string(indices(i, 1)) + "] at index " + std::to_string(i));
            }
        }
    } else if (two.rows != one.rows) {
        throw_value_error("second: expected " + std::to_string(one.rows) + " rows as in first (or pairs), got " +
                          std::to_string(two.rows));
    }
    const auto kind = metric_of(metric);
    Array<double> scores(count);
    const auto output = mutable_view1(scores);
    const py::gil_scoped_release release;
    verification::pair_scores(one, two, indices, kind, num_threads, output);
    return scores;
}

template <class T>
void bind_for(py::module_& module) {
    module.def("pair_scores", &pair_scores<T>, py::arg("first").noconvert(), py::arg("second").noconvert(),
               py::arg("pairs").noconvert(), py::arg("metric"), py::arg("num_threads"));
}

}  // namespace

void bind_verification(py::module_ module) {
    bind_for<float>(module);
    bind_for<double>(module);
}

}  // namespace metrix::bindings
