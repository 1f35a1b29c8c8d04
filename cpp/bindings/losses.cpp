#include <pybind11/stl.h>

#include <optional>
#include <string>
#include <vector>

#include "bindings/convert.hpp"
#include "kernels/losses/elementwise.hpp"
#include "support/instruction_set.hpp"

namespace metrix::bindings {
namespace {

using losses::Problem;

enum class Wanted { value, value_and_gradient, gradient_and_curvature };

// One number for each sample, spread over the elements behind it.
template <class V>
losses::PerSample<V> per_sample(const std::optional<Array<V>>& values, Index count, const char* name) {
    if (!values || count == 0) return {};
    const Index size = values->size();
    if (size == 0 || count % size != 0) {
        throw_value_error(std::string(name) + ": expected one value for each sample, got " + shape_text(*values));
    }
    return {{values->data(), static_cast<std::size_t>(size)}, count / size};
}

template <class T>
void set_parameters(Problem<T>& problem, const py::tuple& parameters) {
    if (parameters.size() > std::size(problem.parameters)) throw_value_error("parameters: too many");
    for (std::size_t i = 0; i < parameters.size(); ++i) {
        problem.parameters[i] = static_cast<T>(parameters[i].template cast<double>());
    }
}

// What is wanted, in a tuple: the value is a double, or an array without reduction.
template <class T>
py::tuple elementwise(int formula, const Array<T>& prediction, const Array<T>& target, const py::tuple& parameters,
                      const std::optional<Array<T>>& varying, Index varying_repeat, int wanted_number, int reduction,
                      const std::optional<Array<T>>& weight, const std::optional<Array<std::uint8_t>>& mask,
                      bool divide_by_weights, const std::optional<Array<T>>& upstream, double upstream_of_result,
                      int curvature_policy, int num_threads) {
    if (formula < 0 || formula >= static_cast<int>(losses::Formula::count)) throw_value_error("formula: unknown");
    const auto count = static_cast<std::size_t>(prediction.size());
    if (target.size() != prediction.size()) {
        throw_value_error("target: expected shape " + shape_text(prediction) + ", got " + shape_text(target));
    }
    const auto wanted = static_cast<Wanted>(wanted_number);
    Problem<T> problem;
    problem.formula = static_cast<losses::Formula>(formula);
    set_parameters(problem, parameters);
    problem.prediction = {prediction.data(), count};
    problem.target = {target.data(), count};
    if (varying && !problem.prediction.empty()) {
        if (varying_repeat < 1 || varying->size() < 1 || prediction.size() % (varying->size() * varying_repeat) != 0) {
            throw_value_error("varying: expected parameters that fill the predictions, got " + shape_text(*varying));
        }
        problem.varying = {varying->data(), static_cast<std::size_t>(varying->size())};
        problem.varying_repeat = varying_repeat;
    }
    problem.weight = per_sample(weight, ssize(problem.prediction), "weight");
    problem.mask = per_sample(mask, ssize(problem.prediction), "mask");
    problem.reduction = static_cast<losses::Reduction>(reduction);
    problem.divide_by_weights = divide_by_weights;
    if (upstream && upstream->size() != prediction.size()) {
        throw_value_error("grad_output: expected shape " + shape_text(prediction) + ", got " + shape_text(*upstream));
    }
    if (upstream) problem.upstream = {upstream->data(), count};
    problem.upstream_of_result = upstream_of_result;
    problem.curvature_policy = static_cast<losses::Curvature>(curvature_policy);

    const std::vector<py::ssize_t> shape(prediction.shape(), prediction.shape() + prediction.ndim());
    std::optional<Array<T>> values;
    std::optional<Array<T>> gradient;
    std::optional<Array<T>> curvature;
    const auto room = [&](std::optional<Array<T>>& array) -> View1<T> {
        array.emplace(shape);
        return {array->mutable_data(), count};
    };
    const bool is_reduced = problem.reduction != losses::Reduction::none;
    if (wanted != Wanted::gradient_and_curvature && !is_reduced) problem.values = room(values);
    if (wanted != Wanted::value) problem.gradient = room(gradient);
    if (wanted == Wanted::gradient_and_curvature) problem.curvature = room(curvature);
    double reduced = 0;
    {
        const py::gil_scoped_release release;
        reduced = losses::elementwise(problem, num_threads);
    }
    if (wanted == Wanted::gradient_and_curvature) return py::make_tuple(*gradient, *curvature);
    const py::object value = values ? py::object(*values) : py::object(py::float_(reduced));
    if (wanted == Wanted::value) return py::make_tuple(value);
    return py::make_tuple(value, *gradient);
}

// exp, expm1, log, log1p or atan of each element, as the losses take them.
template <class T>
Array<T> elementary(const std::string& name, const Array<T>& x) {
    const auto values = view1(x, "x");
    Array<T> result(x.size());
    const losses::Blocks<T>& blocks = losses::blocks<T>();
    const auto function = name == "exp"     ? blocks.exp
                          : name == "expm1" ? blocks.expm1
                          : name == "log"   ? blocks.log
                          : name == "log1p" ? blocks.log1p
                          : name == "atan"  ? blocks.atan
                                            : nullptr;
    if (function == nullptr) throw_value_error("name: expected 'exp', 'expm1', 'log', 'log1p' or 'atan'");
    function(values.data(), result.mutable_data(), ssize(values));
    return result;
}

// Rounded once, however many there are.
double sum(const Array<double>& values) {
    const View1<const double> view{values.data(), static_cast<std::size_t>(values.size())};
    const py::gil_scoped_release release;
    losses::Sum sum;
    losses::blocks<double>().add(sum, view.data(), ssize(view));
    losses::Total total;
    total.add(sum);
    return total.value();
}

template <class T>
void bind_for(py::module_& module) {
    module.def("elementwise", &elementwise<T>, py::arg("formula"), py::arg("prediction").noconvert(),
               py::arg("target").noconvert(), py::arg("parameters"), py::arg("varying").noconvert(),
               py::arg("varying_repeat"), py::arg("wanted"), py::arg("reduction"), py::arg("weight").noconvert(),
               py::arg("mask").noconvert(), py::arg("divide_by_weights"), py::arg("upstream").noconvert(),
               py::arg("upstream_of_result"), py::arg("curvature_policy"), py::arg("num_threads"));
    module.def("elementary", &elementary<T>, py::arg("name"), py::arg("x").noconvert());
}

}  // namespace

void bind_losses(py::module_ module) {
    bind_for<float>(module);
    bind_for<double>(module);
    py::dict formulas;
#define METRIX_NAME(name) formulas[#name] = static_cast<int>(losses::Formula::name);
    METRIX_ELEMENTWISE_LOSSES(METRIX_NAME)
#undef METRIX_NAME
    module.attr("formulas") = formulas;
    module.def("sum", &sum, py::arg("values").noconvert());
    module.def("instruction_set", [] { return std::string(name_of(instruction_set())); });
    module.def(
        "use_instruction_set", [](const std::string& name) { return use_instruction_set(name); }, py::arg("name"));
}

}  // namespace metrix::bindings
