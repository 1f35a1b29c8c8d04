#include "kernels/depth.hpp"

#include <pybind11/stl.h>

#include <array>
#include <optional>
#include <string>

#include "bindings/convert.hpp"

namespace metrix::bindings {
namespace {

using Mask = std::optional<Array<std::uint8_t>>;
using Window = std::array<Index, 4>;
using Limits = std::array<double, 2>;

template <class T>
depth::Images<T> images_of(const Array<T>& target, const Array<T>& prediction, const Mask& mask, const Window& window) {
    if (target.ndim() != 3) throw_value_error("y_true: expected shape (N, H, W), got " + shape_text(target));
    const auto require_same = [&](const py::array& other, const char* name) {
        if (shape_text(other) != shape_text(target)) {
            throw_value_error(std::string(name) + ": expected shape " + shape_text(target) + ", got " +
                              shape_text(other));
        }
    };
    require_same(prediction, "y_pred");
    if (mask) require_same(*mask, "mask");
    const auto [top, bottom, left, right] = window;
    const Index height = target.shape(1), width = target.shape(2);
    if (top < 0 || left < 0 || bottom < top || right < left || bottom > height || right > width) {
        throw_value_error("crop: expected a window in the image");
    }
    return {target.data(), prediction.data(),         mask ? mask->data() : nullptr, target.shape(0), height,
            width,         {top, bottom, left, right}};
}

// (N, 2): scale and shift of each image.
template <class T>
Array<double> depth_alignment(const Array<T>& target, const Array<T>& prediction, const Mask& mask,
                              const Window& window, const Limits& limits, bool is_inverse, depth::Fit fit,
                              int num_threads) {
    const auto images = images_of(target, prediction, mask, window);
    const depth::Range range{limits[0], limits[1], false, is_inverse};
    Array<double> result({images.count, Index{2}});
    const auto output = mutable_view2(result);
    const py::gil_scoped_release release;
    depth::depth_alignment(images, range, fit, num_threads, output);
    return result;
}

// (N, 2 sums): high and low parts of the sums of each image.
template <class T>
Array<double> depth_errors(const Array<T>& target, const Array<T>& prediction, const Mask& mask, const Window& window,
                           const Limits& limits, bool cuts, bool is_inverse, const Array<double>& scale_and_shift,
                           const std::array<double, depth::threshold_count>& within, unsigned groups, int num_threads) {
    const auto images = images_of(target, prediction, mask, window);
    const depth::Range range{limits[0], limits[1], cuts, is_inverse};
    const auto by_image = view2(scale_and_shift, "alignment", 2);
    if (by_image.rows != images.count) throw_value_error("alignment: expected a row for each image");
    const double thresholds[] = {within[0], within[1], within[2]};
    Array<double> sums({images.count, 2 * depth::sum_count});
    const auto output = mutable_view2(sums);
    const py::gil_scoped_release release;
    depth::depth_errors(images, range, by_image, thresholds, groups, num_threads, output);
    return sums;
}

Array<double> log_variance(const Array<double>& sums, double share) {
    const auto input = view2(sums, "sums", 2 * depth::sum_count);
    Array<double> result(input.rows);
    depth::log_variance(input, share, mutable_view1(result));
    return result;
}

template <class T>
void bind_for(py::module_& module) {
    module.def("depth_alignment", &depth_alignment<T>, py::arg("y_true").noconvert(), py::arg("y_pred").noconvert(),
               py::arg("mask").noconvert(), py::arg("window"), py::arg("limits"), py::arg("is_inverse"), py::arg("fit"),
               py::arg("num_threads"));
    module.def("depth_errors", &depth_errors<T>, py::arg("y_true").noconvert(), py::arg("y_pred").noconvert(),
               py::arg("mask").noconvert(), py::arg("window"), py::arg("limits"), py::arg("cuts"),
               py::arg("is_inverse"), py::arg("alignment").noconvert(), py::arg("within"), py::arg("groups"),
               py::arg("num_threads"));
}

}  // namespace

void bind_depth(py::module_ module) {
    py::enum_<depth::Fit>(module, "Fit")
        .value("median", depth::Fit::median)
        .value("scale", depth::Fit::scale)
        .value("scale_and_shift", depth::Fit::scale_and_shift);
    bind_for<float>(module);
    bind_for<double>(module);
    module.def("log_variance", &log_variance, py::arg("sums").noconvert(), py::arg("share"));
    py::dict groups;
    groups["inverses"] = static_cast<unsigned>(depth::with_inverses);
    groups["logarithms"] = static_cast<unsigned>(depth::with_logarithms);
    groups["thresholds"] = static_cast<unsigned>(depth::with_thresholds);
    module.attr("groups") = groups;
    py::dict sums;
#define METRIX_SUM(name) sums[#name] = static_cast<int>(depth::SumOf::name);
    METRIX_DEPTH_SUMS(METRIX_SUM)
#undef METRIX_SUM
    module.attr("sums") = sums;
}

}  // namespace metrix::bindings
