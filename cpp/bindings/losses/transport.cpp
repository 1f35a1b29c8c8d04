#include "kernels/losses/transport.hpp"

#include <pybind11/stl.h>

#include <optional>

#include "bindings/convert.hpp"

namespace metrix::bindings {
namespace {

template <class T>
losses::LinePoints<T> line_points(const Array<T>& values, const std::optional<Array<double>>& weights,
                                  const char* name) {
    losses::LinePoints<T> points{view1(values, name), {}};
    if (points.values.empty()) throw_value_error(std::string(name) + ": expected at least one value");
    if (ssize(points.values) >= Index{1} << 31)
        throw_value_error(std::string(name) + ": expected fewer than 2^31 values");
    if (weights) points.weights = view1(*weights, name, ssize(points.values));
    return points;
}

// The distance and its gradients.
template <class T>
py::tuple wasserstein_distance(const Array<T>& u, const Array<T>& v, const std::optional<Array<double>>& u_weights,
                               const std::optional<Array<double>>& v_weights, int num_threads) {
    const auto of_u = line_points(u, u_weights, "u_values");
    const auto of_v = line_points(v, v_weights, "v_values");
    Array<T> by_u(u.size());
    Array<T> by_v(v.size());
    const auto room_u = mutable_view1(by_u);
    const auto room_v = mutable_view1(by_v);
    double distance = 0;
    {
        const py::gil_scoped_release release;
        distance = losses::wasserstein_distance(of_u, of_v, room_u, room_v, num_threads);
    }
    return py::make_tuple(distance, by_u, by_v);
}

// (cost, error, tolerance, potential of x, gradient by x, gradient by y); y is None for a cloud and itself.
py::tuple entropic_transport(const Array<double>& x, const Array<double>& x_weights,
                             const std::optional<Array<double>>& y, const std::optional<Array<double>>& y_weights,
                             int power, double epsilon, Index most_iterations, double tolerance,
                             const std::optional<Array<double>>& start, bool wants_gradients, int num_threads) {
    losses::EntropicProblem problem;
    problem.x.points = view2(x, "x");
    problem.x.weights = view1(x_weights, "x_weights", problem.x.points.rows);
    problem.y = problem.x;
    problem.is_same = !y;
    if (y) {
        problem.y.points = view2(*y, "y", problem.x.points.columns);
        problem.y.weights = view1(y_weights.value(), "y_weights", problem.y.points.rows);
    }
    if (problem.x.points.rows == 0 || problem.y.points.rows == 0)
        throw_value_error("x, y: expected at least one point");
    problem.power = power;
    problem.epsilon = epsilon;
    problem.most_iterations = most_iterations;
    problem.tolerance = tolerance;
    if (start) problem.start = view1(*start, "start", problem.x.points.rows);
    Array<double> potential(problem.x.points.rows);
    const auto room = mutable_view1(potential);
    Array<double> by_x({wants_gradients ? problem.x.points.rows : 0, problem.x.points.columns});
    Array<double> by_y({wants_gradients && y ? problem.y.points.rows : 0, problem.x.points.columns});
    const View2<double> room_x = wants_gradients ? mutable_view2(by_x) : View2<double>{};
    const View2<double> room_y = wants_gradients ? mutable_view2(by_y) : View2<double>{};
    losses::EntropicTransport result;
    {
        const py::gil_scoped_release release;
        result = losses::entropic_transport(problem, num_threads, room, room_x, room_y);
    }
    return py::make_tuple(result.cost, result.error, result.tolerance, potential, by_x, by_y);
}

template <class T>
void bind_for(py::module_& module) {
    module.def("wasserstein_distance", &wasserstein_distance<T>, py::arg("u_values").noconvert(),
               py::arg("v_values").noconvert(), py::arg("u_weights").noconvert(), py::arg("v_weights").noconvert(),
               py::arg("num_threads"));
}

}  // namespace

void bind_losses_transport(py::module_ module) {
    bind_for<float>(module);
    bind_for<double>(module);
    module.def("entropic_transport", &entropic_transport, py::arg("x").noconvert(), py::arg("x_weights").noconvert(),
               py::arg("y").noconvert(), py::arg("y_weights").noconvert(), py::arg("power"), py::arg("epsilon"),
               py::arg("most_iterations"), py::arg("tolerance"), py::arg("start").noconvert(),
               py::arg("wants_gradients"), py::arg("num_threads"));
}

}  // namespace metrix::bindings
