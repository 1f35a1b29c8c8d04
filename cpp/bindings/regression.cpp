#include "kernels/regression.hpp"

#include <pybind11/stl.h>

#include <optional>
#include <string>

#include "bindings/convert.hpp"

namespace metrix::bindings {
namespace {

View2<const double> state_view(const Array<double>& state) {
    return view2(state, "state", regression::state_size);
}

// (K, state_size): the state of K outputs, from (N, K) targets and predictions.
template <class T>
Array<double> moments(const Array<T>& target, const Array<T>& prediction, const std::optional<Array<double>>& weight,
                      unsigned groups, double eps, int num_threads) {
    regression::Data<T> data{view2(target, "y_true"), {}, {}};
    data.prediction = view2(prediction, "y_pred", data.target.columns);
    if (data.prediction.rows != data.target.rows) {
        throw_value_error("y_pred: expected shape " + shape_text(target) + ", got " + shape_text(prediction));
    }
    if (weight) data.weight = view1(*weight, "sample_weight", data.target.rows);
    Array<double> state({data.target.columns, regression::state_size});
    const auto output = mutable_view2(state);
    const py::gil_scoped_release release;
    regression::moments(data, groups, eps, num_threads, output);
    return state;
}

Array<double> cleared(Index outputs) {
    Array<double> state({outputs, regression::state_size});
    regression::clear(mutable_view2(state));
    return state;
}

// The state of both data sets.
Array<double> merged(const Array<double>& state, const Array<double>& other) {
    const auto first = state_view(state);
    const auto second = state_view(other);
    if (first.rows != second.rows) {
        throw_value_error("other: expected " + std::to_string(first.rows) + " outputs, got " +
                          std::to_string(second.rows));
    }
    Array<double> result({first.rows, first.columns});
    const auto output = mutable_view2(result);
    std::copy_n(first.data, first.size(), output.data);
    regression::merge(output, second);
    return result;
}

Array<double> summary(const Array<double>& state) {
    const auto input = state_view(state);
    Array<double> result({input.rows, regression::state_size - regression::sum_count});
    regression::summary(input, mutable_view2(result));
    return result;
}

Array<double> spread(const Array<double>& state, int sum, int squares) {
    const auto input = state_view(state);
    Array<double> result(input.rows);
    const auto in_range = [](int which) { return which >= 0 && which < regression::sum_count; };
    if (!in_range(sum) || !in_range(squares)) throw_value_error("sum: unknown");
    regression::spread(input, static_cast<regression::SumOf>(sum), static_cast<regression::SumOf>(squares),
                       mutable_view1(result));
    return result;
}

template <class T>
void bind_for(py::module_& module) {
    module.def("moments", &moments<T>, py::arg("y_true").noconvert(), py::arg("y_pred").noconvert(),
               py::arg("sample_weight").noconvert(), py::arg("groups"), py::arg("eps"), py::arg("num_threads"));
}

}  // namespace

void bind_regression(py::module_ module) {
    bind_for<float>(module);
    bind_for<double>(module);
    module.def("cleared", &cleared, py::arg("outputs"));
    module.def("merged", &merged, py::arg("state").noconvert(), py::arg("other").noconvert());
    module.def("summary", &summary, py::arg("state").noconvert());
    module.def("spread", &spread, py::arg("state").noconvert(), py::arg("sum"), py::arg("squares"));
    py::dict groups;
    groups["errors"] = static_cast<unsigned>(regression::errors);
    groups["centred"] = static_cast<unsigned>(regression::centred);
    groups["targets"] = static_cast<unsigned>(regression::targets);
    groups["relatives"] = static_cast<unsigned>(regression::relatives);
    groups["logarithms"] = static_cast<unsigned>(regression::logarithms);
    groups["squares"] = static_cast<unsigned>(regression::squares);
    groups["fit"] = static_cast<unsigned>(regression::fit);
    module.attr("groups") = groups;
    // Columns of a summary.
    py::dict columns;
#define METRIX_SUM(name) columns[#name] = static_cast<int>(regression::SumOf::name);
    METRIX_REGRESSION_SUMS(METRIX_SUM)
#undef METRIX_SUM
#define METRIX_EXTREME(name, start) \
    columns[#name] = static_cast<int>(regression::sum_count) + static_cast<int>(regression::ExtremeOf::name);
    METRIX_REGRESSION_EXTREMES(METRIX_EXTREME)
#undef METRIX_EXTREME
    module.attr("columns") = columns;
}

}  // namespace metrix::bindings
