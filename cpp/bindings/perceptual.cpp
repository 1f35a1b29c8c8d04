#include "kernels/perceptual.hpp"

#include <pybind11/stl.h>

#include <optional>

#include "bindings/convert.hpp"

namespace metrix::bindings {
namespace {

// (N, 2): the sum over pixels of each image, from (N, C, P) features of one layer.
template <class T>
Array<double> lpips(const Array<T>& first, const Array<T>& second, const std::optional<Array<double>>& weights,
                    double eps, int num_threads) {
    if (first.ndim() != 3 || shape_text(first) != shape_text(second)) {
        throw_value_error("features: expected two arrays (N, C, P), got " + shape_text(first) + " and " +
                          shape_text(second));
    }
    const perceptual::Features<T> features{first.data(), second.data(), first.shape(0), first.shape(1), first.shape(2)};
    View1<const double> by_channel;
    if (weights) by_channel = view1(*weights, "weights", features.channels);
    Array<double> sums({features.images, Index{2}});
    const auto output = mutable_view2(sums);
    const py::gil_scoped_release release;
    perceptual::lpips(features, by_channel, eps, num_threads, output);
    return sums;
}

template <class T>
void bind_for(py::module_& module) {
    module.def("lpips", &lpips<T>, py::arg("first").noconvert(), py::arg("second").noconvert(),
               py::arg("weights").noconvert(), py::arg("eps"), py::arg("num_threads"));
}

}  // namespace

void bind_perceptual(py::module_ module) {
    bind_for<float>(module);
    bind_for<double>(module);
}

}  // namespace metrix::bindings
