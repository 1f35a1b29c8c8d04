#include <pybind11/stl.h>

#include <optional>

#include "bindings/convert.hpp"
#include "kernels/losses/box_losses.hpp"

namespace metrix::bindings {
namespace {

template <class T>
View1<const T> optional_view(const std::optional<Array<T>>& values, const char* name, Index count) {
    if (!values) return {};
    return view1(*values, name, count);
}

// The value, a double or an array without reduction, and the gradient or None.
template <class T>
py::tuple box_loss(int formula, const Array<T>& prediction, const Array<T>& target, boxes::Format format,
                   const py::tuple& parameters, bool wants_gradient, int reduction,
                   const std::optional<Array<T>>& weight, const std::optional<Array<std::uint8_t>>& mask,
                   bool divide_by_weights, const std::optional<Array<T>>& upstream, double upstream_of_result,
                   bool by_target, int num_threads) {
    if (formula < 0 || formula >= static_cast<int>(losses::BoxFormula::count)) throw_value_error("formula: unknown");
    losses::BoxProblem<T> problem;
    problem.formula = static_cast<losses::BoxFormula>(formula);
    if (parameters.size() > std::size(problem.parameters)) throw_value_error("parameters: too many");
    for (std::size_t i = 0; i < parameters.size(); ++i) {
        problem.parameters[i] = static_cast<T>(parameters[i].template cast<double>());
    }
    problem.format = format;
    problem.prediction = view2(prediction, "pred", 4);
    problem.target = view2(target, "target", 4);
    const Index count = problem.prediction.rows;
    if (problem.target.rows != count) {
        throw_value_error("target: expected shape " + shape_text(prediction) + ", got " + shape_text(target));
    }
    problem.weight = optional_view(weight, "weight", count);
    problem.mask = optional_view(mask, "mask", count);
    problem.reduction = static_cast<losses::Reduction>(reduction);
    problem.divide_by_weights = divide_by_weights;
    problem.upstream = optional_view(upstream, "grad_output", count);
    problem.upstream_of_result = upstream_of_result;
    problem.by_target = by_target;

    std::optional<Array<T>> values;
    std::optional<Array<T>> gradient;
    if (problem.reduction == losses::Reduction::none) {
        values.emplace(count);
        problem.values = mutable_view1(*values);
    }
    if (wants_gradient) {
        gradient.emplace(std::vector<py::ssize_t>{count, 4});
        problem.gradient = mutable_view2(*gradient);
    }
    double reduced = 0;
    {
        const py::gil_scoped_release release;
        reduced = losses::box_loss(problem, num_threads);
    }
    return py::make_tuple(values ? py::object(*values) : py::object(py::float_(reduced)), gradient);
}

template <class T>
void bind_for(py::module_& module) {
    module.def("box_loss", &box_loss<T>, py::arg("formula"), py::arg("prediction").noconvert(),
               py::arg("target").noconvert(), py::arg("format"), py::arg("parameters"), py::arg("wants_gradient"),
               py::arg("reduction"), py::arg("weight").noconvert(), py::arg("mask").noconvert(),
               py::arg("divide_by_weights"), py::arg("upstream").noconvert(), py::arg("upstream_of_result"),
               py::arg("by_target"), py::arg("num_threads"));
}

}  // namespace

void bind_losses_detection(py::module_ module) {
    bind_for<float>(module);
    bind_for<double>(module);
    py::dict formulas;
#define METRIX_NAME(name) formulas[#name] = static_cast<int>(losses::BoxFormula::name);
    METRIX_BOX_LOSSES(METRIX_NAME)
#undef METRIX_NAME
    module.attr("box_formulas") = formulas;
}

}  // namespace metrix::bindings
