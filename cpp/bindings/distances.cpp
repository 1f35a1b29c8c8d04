#include "kernels/distances.hpp"

#include <pybind11/stl.h>

#include "bindings/convert.hpp"

namespace metrix::bindings {
namespace {

Array<double> distance_transform_edt(const Array<std::uint8_t>& mask, std::array<double, 3> spacing, int num_threads) {
    if (mask.ndim() != 3) throw_value_error("mask: expected shape (D, H, W), got " + shape_text(mask));
    Array<double> distance({mask.shape(0), mask.shape(1), mask.shape(2)});
    const distances::Mask of{mask.data(), {mask.shape(0), mask.shape(1), mask.shape(2)}, spacing};
    double* const into = distance.mutable_data();
    {
        const py::gil_scoped_release release;
        distances::distance_transform_edt(of, into, num_threads);
    }
    return distance;
}

distances::Mask mask_of(const Array<std::uint8_t>& mask, const char* name, std::array<double, 3> spacing) {
    if (mask.ndim() != 3) throw_value_error(std::string(name) + ": expected shape (D, H, W), got " + shape_text(mask));
    return {mask.data(), {mask.shape(0), mask.shape(1), mask.shape(2)}, spacing};
}

// (distances of the truth, of the prediction, codes of the truth, of the prediction)
py::tuple surface_distances(const Array<std::uint8_t>& y_true, const Array<std::uint8_t>& y_pred,
                            std::array<double, 3> spacing, int axes, const std::string& surface, int num_threads) {
    const distances::Mask truth = mask_of(y_true, "y_true", spacing), predicted = mask_of(y_pred, "y_pred", spacing);
    if (truth.shape != predicted.shape) {
        throw_value_error("y_pred: expected shape " + shape_text(y_true) + ", got " + shape_text(y_pred));
    }
    const auto kind = surface == "surfels" ? distances::Surface::surfels
                      : surface == "davis" ? distances::Surface::davis
                                           : distances::Surface::inner;
    distances::SurfaceDistances result;
    {
        const py::gil_scoped_release release;
        result = distances::surface_distances(truth, predicted, axes, kind, num_threads);
    }
    return py::make_tuple(to_numpy(std::move(result.distances[0])), to_numpy(std::move(result.distances[1])),
                          to_numpy(std::move(result.codes[0])), to_numpy(std::move(result.codes[1])));
}

}  // namespace

void bind_distances(py::module_ module) {
    module.def("surface_distances", &surface_distances, py::arg("y_true").noconvert(), py::arg("y_pred").noconvert(),
               py::arg("spacing"), py::arg("axes"), py::arg("surface"), py::arg("num_threads"));
    module.def("distance_transform_edt", &distance_transform_edt, py::arg("mask").noconvert(), py::arg("spacing"),
               py::arg("num_threads"));
}

}  // namespace metrix::bindings
