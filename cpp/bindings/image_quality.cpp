#include "kernels/image_quality.hpp"

#include <pybind11/stl.h>

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include "bindings/convert.hpp"

namespace metrix::bindings {
namespace {

template <class In>
using Out = typename image_quality::Work<In>::Type;

// Pairs of images (N, H, W, channels) or of volumes (N, D, H, W, channels), and a window that fits into them.
template <class In>
image_quality::Images<In> images_of(const Array<In>& x, const Array<In>& y, const Array<double>& window,
                                    bool may_be_volumes) {
    const py::ssize_t dimensions = x.ndim();
    if ((dimensions != 4 && !(dimensions == 5 && may_be_volumes)) || x.shape(dimensions - 1) < 1 ||
        x.shape(dimensions - 1) > 4) {
        throw_value_error("image: expected shape (N, H, W, up to 4 channels), got " + shape_text(x));
    }
    if (y.ndim() != dimensions || !std::equal(x.shape(), x.shape() + dimensions, y.shape())) {
        throw_value_error("reference: expected shape " + shape_text(x) + ", got " + shape_text(y));
    }
    const Index size = 2 * window.size() - 1;
    if (window.ndim() != 1 || size < 1 || size > 129)
        throw_value_error("window_size: expected an odd number up to 129");
    const auto* const sides = x.shape() + 1;
    if (std::any_of(sides, sides + dimensions - 2, [&](py::ssize_t side) { return side < size; })) {
        std::string got;
        for (py::ssize_t axis = 1; axis + 1 < dimensions; ++axis) {
            got += (axis == 1 ? "" : " x ") + std::to_string(x.shape(axis));
        }
        throw_value_error(std::string("image: expected at least as many ") + (dimensions == 5 ? "slices, " : "") +
                          "rows and columns as the window has, " + std::to_string(size) + ", got " + got);
    }
    const Index depth = dimensions == 5 ? x.shape(1) : 1;
    const auto* const last = x.shape() + dimensions - 3;
    return {x.data(), y.data(), x.shape(0), depth, last[0], last[1], last[2]};
}

// (means of ssim, or of its contrast-structure term, of each image and channel; map where it is wanted).
template <class In>
py::tuple structural_similarity(const Array<In>& x, const Array<In>& y, const Array<double>& window, double c1,
                                double c2, double covariance_factor, bool of_structure, bool wants_map,
                                int num_threads) {
    const auto images = images_of(x, y, window, true);
    const bool of_volumes = x.ndim() == 5;
    const image_quality::Similarity similarity = {view1(window, "window"), c1, c2, covariance_factor, of_volumes};
    Array<double> means(std::vector<py::ssize_t>{images.count, images.channels});
    std::optional<Array<Out<In>>> map;
    if (wants_map) {
        std::vector<py::ssize_t> shape(x.shape(), x.shape() + x.ndim());
        for (std::size_t axis = 1; axis + 1 < shape.size(); ++axis) shape[axis] -= 2 * (window.size() - 1);
        map.emplace(shape);
    }
    const View1<double> view = {means.mutable_data(), static_cast<std::size_t>(means.size())};
    Out<In>* const map_data = map ? map->mutable_data() : nullptr;
    {
        const py::gil_scoped_release release;
        image_quality::structural_similarity(images, similarity, of_structure, view, map_data, num_threads);
    }
    return py::make_tuple(means, map);
}

// (gradient by x, by y): the latter where it is wanted.
template <class In>
py::tuple structural_similarity_gradient(const Array<In>& x, const Array<In>& y, const Array<double>& window, double c1,
                                         double c2, double covariance_factor, const Array<double>& ssim_factor,
                                         const Array<double>& cs_factor, bool wants_y, int num_threads) {
    const auto images = images_of(x, y, window, false);
    const image_quality::Similarity similarity = {view1(window, "window"), c1, c2, covariance_factor, false};
    const auto factors = [&](const Array<double>& array) {
        if (array.size() != images.count * images.channels)
            throw_value_error("grad_output: expected one of each channel");
        return View1<const double>{array.data(), static_cast<std::size_t>(array.size())};
    };
    const View1<const double> ssim_view = factors(ssim_factor);
    const View1<const double> cs_view = factors(cs_factor);
    const std::vector<py::ssize_t> shape(x.shape(), x.shape() + 4);
    Array<Out<In>> by_x(shape);
    std::optional<Array<Out<In>>> by_y;
    if (wants_y) by_y.emplace(shape);
    Out<In>* const x_data = by_x.mutable_data();
    Out<In>* const y_data = by_y ? by_y->mutable_data() : nullptr;
    {
        const py::gil_scoped_release release;
        image_quality::structural_similarity_gradient(images, similarity, ssim_view, cs_view, x_data, y_data,
                                                      num_threads);
    }
    return py::make_tuple(by_x, by_y);
}

// (4, N, H, W, channels): mean of x, mean of y, sum of both variances, covariance, of all windows.
template <class In>
Array<double> local_moments(const Array<In>& x, const Array<In>& y, const Array<double>& window, int num_threads) {
    const auto images = images_of(x, y, window, false);
    const View1<const double> weights = view1(window, "window");
    const Index reach = 2 * (window.size() - 1);
    Array<double> result(
        std::vector<py::ssize_t>{4, images.count, images.height - reach, images.width - reach, images.channels});
    const Index size = result.size() / 4;
    double* const data = result.mutable_data();
    double* const maps[] = {data, data + size, data + 2 * size, data + 3 * size};
    {
        const py::gil_scoped_release release;
        image_quality::local_moments(images, weights, maps, num_threads);
    }
    return result;
}

template <class In>
Array<Out<In>> halve(const Array<In>& images, int num_threads) {
    if (images.ndim() != 4 || images.shape(3) > 4) {
        throw_value_error("image: expected shape (N, H, W, up to 4 channels), got " + shape_text(images));
    }
    Array<Out<In>> result(
        std::vector<py::ssize_t>{images.shape(0), images.shape(1) / 2, images.shape(2) / 2, images.shape(3)});
    Out<In>* const data = result.mutable_data();
    {
        const py::gil_scoped_release release;
        image_quality::halve(images.data(), images.shape(0), images.shape(1), images.shape(2), images.shape(3), data,
                             num_threads);
    }
    return result;
}

// (N, size) twice -> (N,).
template <class In>
Array<double> squared_error(const Array<In>& x, const Array<In>& y, int num_threads) {
    const auto images = view2(x, "image");
    if (view2(y, "reference", images.columns).rows != images.rows) {
        throw_value_error("reference: expected shape " + shape_text(x) + ", got " + shape_text(y));
    }
    Array<double> sums(images.rows);
    const View1<double> view = mutable_view1(sums);
    {
        const py::gil_scoped_release release;
        image_quality::squared_error(x.data(), y.data(), images.columns, view, num_threads);
    }
    return sums;
}

template <class In>
void bind_for(py::module_& module) {
    module.def("structural_similarity", &structural_similarity<In>, py::arg("image").noconvert(),
               py::arg("reference").noconvert(), py::arg("window").noconvert(), py::arg("c1"), py::arg("c2"),
               py::arg("covariance_factor"), py::arg("of_structure"), py::arg("wants_map"), py::arg("num_threads"));
    module.def("structural_similarity_gradient", &structural_similarity_gradient<In>, py::arg("image").noconvert(),
               py::arg("reference").noconvert(), py::arg("window").noconvert(), py::arg("c1"), py::arg("c2"),
               py::arg("covariance_factor"), py::arg("ssim_factor").noconvert(), py::arg("cs_factor").noconvert(),
               py::arg("wants_reference"), py::arg("num_threads"));
    module.def("local_moments", &local_moments<In>, py::arg("image").noconvert(), py::arg("reference").noconvert(),
               py::arg("window").noconvert(), py::arg("num_threads"));
    module.def("squared_error", &squared_error<In>, py::arg("image").noconvert(), py::arg("reference").noconvert(),
               py::arg("num_threads"));
    module.def("halve", &halve<In>, py::arg("images").noconvert(), py::arg("num_threads"));
}

}  // namespace

void bind_image_quality(py::module_ module) {
    bind_for<std::uint8_t>(module);
    bind_for<float>(module);
    bind_for<double>(module);
}

}  // namespace metrix::bindings
