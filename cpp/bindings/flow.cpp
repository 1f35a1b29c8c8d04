#include "kernels/flow.hpp"

#include <pybind11/stl.h>

#include <algorithm>
#include <array>
#include <optional>

#include "bindings/convert.hpp"

namespace metrix::bindings {
namespace {

using Mask = std::optional<Array<std::uint8_t>>;
using Pair = std::array<double, 2>;

// (N, 2 sums), from (N, C, P) vectors, or (N, P, C) if the components come last; a mask is (N, P).
template <class T>
Array<double> errors_of(const Array<T>& target, const Array<T>& prediction, const Mask& mask, bool components_last,
                        const Pair& range, const Pair& outlier,
                        const std::array<double, flow::threshold_count>& thresholds, bool with_angles,
                        int num_threads) {
    if (target.ndim() != 3 || shape_text(target) != shape_text(prediction)) {
        throw_value_error("y_pred: expected two arrays (N, C, P), got " + shape_text(target) + " and " +
                          shape_text(prediction));
    }
    const Index components = target.shape(components_last ? 2 : 1), pixels = target.shape(components_last ? 1 : 2);
    if (components != 1 && components != 2) throw_value_error("y_true: expected 1 or 2 components");
    flow::Vectors<T> vectors{target.data(),
                             prediction.data(),
                             nullptr,
                             target.shape(0),
                             components,
                             pixels,
                             components_last ? 1 : pixels,
                             components_last ? components : 1};
    if (mask) {
        if (view2(*mask, "mask", pixels).rows != vectors.images) throw_value_error("mask: expected a row an image");
        vectors.mask = mask->data();
    }
    flow::Limits limits{range[0], range[1], outlier[0], outlier[1], {}, with_angles};
    std::copy_n(thresholds.begin(), flow::threshold_count, limits.thresholds);
    Array<double> sums({vectors.images, 2 * flow::sum_count});
    const auto output = mutable_view2(sums);
    const py::gil_scoped_release release;
    flow::flow_errors(vectors, limits, num_threads, output);
    return sums;
}

template <class T>
void bind_for(py::module_& module) {
    module.def("flow_errors", &errors_of<T>, py::arg("y_true").noconvert(), py::arg("y_pred").noconvert(),
               py::arg("mask").noconvert(), py::arg("components_last"), py::arg("range"), py::arg("outlier"),
               py::arg("thresholds"), py::arg("with_angles"), py::arg("num_threads"));
}

}  // namespace

void bind_flow(py::module_ module) {
    bind_for<float>(module);
    bind_for<double>(module);
    py::dict sums;
#define METRIX_SUM(name) sums[#name] = static_cast<int>(flow::SumOf::name);
    METRIX_FLOW_SUMS(METRIX_SUM)
#undef METRIX_SUM
    module.attr("sums") = sums;
}

}  // namespace metrix::bindings
