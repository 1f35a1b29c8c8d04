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

}  // namespace

void bind_distances(py::module_ module) {
    module.def("distance_transform_edt", &distance_transform_edt, py::arg("mask").noconvert(), py::arg("spacing"),
               py::arg("num_threads"));
}

}  // namespace metrix::bindings
