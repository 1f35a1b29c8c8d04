#include "kernels/losses/rows.hpp"

#include <pybind11/stl.h>

#include <optional>
#include <string>
#include <vector>

#include "bindings/convert.hpp"

namespace metrix::bindings {
namespace {

enum class Wanted { value, value_and_gradient, gradient_and_curvature };

template <class V>
losses::PerSample<V> per_row(const std::optional<Array<V>>& values, Index count, const char* name) {
    if (!values || count == 0) return {};
    const Index size = values->size();
    if (size == 0 || count % size != 0) {
        throw_value_error(std::string(name) + ": expected one value for each sample, got " + shape_text(*values));
    }
    return {{values->data(), static_cast<std::size_t>(size)}, count / size};
}

template <class V>
View1<const V> exactly(const std::optional<Array<V>>& values, Index size, const char* name) {
    if (!values) return {};
    if (values->size() != size) {
        throw_value_error(std::string(name) + ": expected " + std::to_string(size) + " elements, got " +
                          shape_text(*values));
    }
    return {values->data(), static_cast<std::size_t>(size)};
}

// Zeros that the system makes when they are first touched.
template <class T>
Array<T> zeros(const std::vector<py::ssize_t>& shape) {
    return py::module_::import("numpy").attr("zeros")(shape, py::dtype::of<T>());
}

[[noreturn]] void throw_bad_label(const losses::BadLabel& bad, const Array<std::int64_t>& labels, Index classes,
                                  std::int64_t ignored) {
    std::string place;
    Index rest = bad.row;
    for (py::ssize_t axis = labels.ndim() - 1; axis >= 0; --axis) {
        place = std::to_string(rest % labels.shape(axis)) + (place.empty() ? "" : ", ") + place;
        rest /= labels.shape(axis);
    }
    throw_value_error("target[" + place + "]: expected a label from 0 to " + std::to_string(classes - 1) +
                      ", or ignore_index " + std::to_string(ignored) + ", got " + std::to_string(bad.label));
}

// What is wanted, in a tuple: the value is a double, or an array without reduction.
template <class T>
py::tuple rows(int formula, const Array<T>& prediction, int axis, const std::optional<Array<T>>& target,
               const std::optional<Array<std::int64_t>>& labels, std::int64_t ignored_label,
               const std::optional<Array<T>>& class_weight, bool counts_classes, const py::tuple& parameters,
               double share, int wanted_number, int reduction, const std::optional<Array<T>>& weight,
               const std::optional<Array<std::uint8_t>>& mask, bool divide_by_weights,
               const std::optional<Array<T>>& upstream, double upstream_of_result, int curvature_policy,
               int num_threads) {
    if (formula < 0 || formula >= static_cast<int>(losses::RowFormula::count)) throw_value_error("formula: unknown");
    if (axis < 0 || axis >= prediction.ndim() || prediction.shape(axis) == 0) throw_value_error("axis: no class axis");
    losses::RowProblem<T> problem;
    problem.formula = static_cast<losses::RowFormula>(formula);
    if (parameters.size() > std::size(problem.parameters)) throw_value_error("parameters: too many");
    for (std::size_t i = 0; i < parameters.size(); ++i) {
        problem.parameters[i] = static_cast<T>(parameters[i].template cast<double>());
    }
    const std::vector<py::ssize_t> shape(prediction.shape(), prediction.shape() + prediction.ndim());
    std::vector<py::ssize_t> shape_of_rows = shape;
    shape_of_rows.erase(shape_of_rows.begin() + axis);
    problem.outer = problem.inner = 1;
    for (int i = 0; i < static_cast<int>(shape.size()); ++i) {
        if (i < axis) problem.outer *= shape[static_cast<std::size_t>(i)];
        if (i > axis) problem.inner *= shape[static_cast<std::size_t>(i)];
    }
    problem.classes = prediction.shape(axis);
    const Index size = prediction.size(), row_count = problem.outer * problem.inner;
    problem.prediction = {prediction.data(), static_cast<std::size_t>(size)};
    problem.target = exactly(target, size, "target");
    problem.labels = exactly(labels, row_count, "target");
    problem.ignored_label = ignored_label;
    problem.class_weight = exactly(class_weight, problem.classes, "class_weight");
    problem.counts_classes = counts_classes;
    problem.share = static_cast<T>(share);
    problem.weight = per_row(weight, row_count, "weight");
    problem.mask = per_row(mask, row_count, "mask");
    problem.reduction = static_cast<losses::Reduction>(reduction);
    problem.divide_by_weights = divide_by_weights;
    problem.upstream = exactly(upstream, row_count, "grad_output");
    problem.upstream_of_result = upstream_of_result;
    problem.curvature_policy = static_cast<losses::Curvature>(curvature_policy);

    const auto wanted = static_cast<Wanted>(wanted_number);
    const bool is_sparse = losses::is_of_label_alone(problem.formula);
    if (is_sparse && (!labels || wanted == Wanted::gradient_and_curvature))
        throw_value_error("formula: of labels alone");
    std::optional<Array<T>> values, gradient, curvature;
    const auto room = [](std::optional<Array<T>>& array, Array<T>&& made) -> View1<T> {
        array.emplace(std::move(made));
        return {array->mutable_data(), static_cast<std::size_t>(array->size())};
    };
    const auto as_prediction = [&] { return is_sparse ? zeros<T>(shape) : Array<T>(shape); };
    const bool is_reduced = problem.reduction != losses::Reduction::none;
    if (wanted != Wanted::gradient_and_curvature && !is_reduced) problem.values = room(values, Array<T>(shape_of_rows));
    if (wanted != Wanted::value) problem.gradient = room(gradient, as_prediction());
    if (wanted == Wanted::gradient_and_curvature) problem.curvature = room(curvature, as_prediction());
    double reduced = 0;
    std::optional<losses::BadLabel> bad;
    {
        const py::gil_scoped_release release;
        try {
            reduced = losses::rows(problem, num_threads);
        } catch (const losses::BadLabel& error) {
            bad = error;
        }
    }
    if (bad) throw_bad_label(*bad, *labels, problem.classes, ignored_label);
    if (wanted == Wanted::gradient_and_curvature) return py::make_tuple(*gradient, *curvature);
    const py::object value = values ? py::object(*values) : py::object(py::float_(reduced));
    if (wanted == Wanted::value) return py::make_tuple(value);
    return py::make_tuple(value, *gradient);
}

template <class T>
void bind_for(py::module_& module) {
    module.def("rows", &rows<T>, py::arg("formula"), py::arg("prediction").noconvert(), py::arg("axis"),
               py::arg("target").noconvert(), py::arg("labels").noconvert(), py::arg("ignored_label"),
               py::arg("class_weight").noconvert(), py::arg("counts_classes"), py::arg("parameters"), py::arg("share"),
               py::arg("wanted"), py::arg("reduction"), py::arg("weight").noconvert(), py::arg("mask").noconvert(),
               py::arg("divide_by_weights"), py::arg("upstream").noconvert(), py::arg("upstream_of_result"),
               py::arg("curvature_policy"), py::arg("num_threads"));
}

}  // namespace

void bind_losses_rows(py::module_ module) {
    bind_for<float>(module);
    bind_for<double>(module);
    py::dict formulas;
#define METRIX_NAME(name) formulas[#name] = static_cast<int>(losses::RowFormula::name);
    METRIX_ROW_LOSSES(METRIX_NAME)
#undef METRIX_NAME
    module.attr("row_formulas") = formulas;
}

}  // namespace metrix::bindings
