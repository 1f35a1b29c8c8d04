#include "kernels/image_quality.hpp"

#include <pybind11/stl.h>

#include <optional>
#include <string>
#include <vector>

#include "bindings/convert.hpp"

namespace metrix::bindings {
namespace {

template <class In>
using Out = typename image_quality::Work<In>::Type;

// Pairs of images (N, H, W, channels) and a window that fits into them.
template <class In>
image_quality::Images<In> images_of(const Array<In>& x, const Array<In>& y, const Array<double>& window) {
    if (x.ndim() != 4 || x.shape(3) < 1 || x.shape(3) > 4) {
        throw_value_error("image: expected shape (N, H, W, up to 4 channels), got " + shape_text(x));
    }
    if (y.ndim() != 4 || !std::equal(x.shape(), x.shape() + 4, y.shape())) {
        throw_value_error("reference: expected shape " + shape_text(x) + ", got " + shape_text(y));
    }
    const Index size = 2 * window.size() - 1;
    if (window.ndim() != 1 || size < 1 || size > 129)
        throw_value_error("window_size: expected an odd number up to 129");
    if (x.shape(1) < size || x.shape(2) < size) {
        throw_value_error("image: expected at least as many rows and columns as the window has, " +
                          std::to_string(size) + ", got " + std::to_string(x.shape(1)) + " x " +
                          std::to_string(x.shape(2)));
    }
    return {x.data(), y.data(), x.shape(0), x.shape(1), x.shape(2), x.shape(3)};
}

// (ssim, cs, map): means of each image and channel; cs and the map where they are wanted.
template <class In>
py::tuple structural_similarity(const Array<In>& x, const Array<In>& y, const Array<double>& window, double c1,
                                double c2, double covariance_factor, bool wants_cs, bool wants_map, int num_threads) {
    const auto images = images_of(x, y, window);
    const image_quality::Similarity similarity = {view1(window, "window"), c1, c2, covariance_factor};
    const std::vector<py::ssize_t> shape = {images.count, images.channels};
    Array<double> ssim(shape);
    std::optional<Array<double>> cs;
    if (wants_cs) cs.emplace(shape);
    std::optional<Array<Out<In>>> map;
    const Index reach = 2 * (window.size() - 1);
    if (wants_map) {
        map.emplace(
            std::vector<py::ssize_t>{images.count, images.height - reach, images.width - reach, images.channels});
    }
    const auto flat = [](Array<double>& array) {
        return View1<double>{array.mutable_data(), static_cast<std::size_t>(array.size())};
    };
    const View1<double> ssim_view = flat(ssim);
    const View1<double> cs_view = cs ? flat(*cs) : View1<double>{};
    Out<In>* const map_data = map ? map->mutable_data() : nullptr;
    {
        const py::gil_scoped_release release;
        image_quality::structural_similarity(images, similarity, ssim_view, cs_view, map_data, num_threads);
    }
    return py::make_tuple(ssim, cs, map);
}

// (gradient by x, by y): the latter where it is wanted.
template <class In>
py::tuple structural_similarity_gradient(const Array<In>& x, const Array<In>& y, const Array<double>& window, double c1,
                                         double c2, double covariance_factor, const Array<double>& ssim_factor,
                                         const Array<double>& cs_factor, bool wants_y, int num_threads) {
    const auto images = images_of(x, y, window);
    const image_quality::Similarity similarity = {view1(window, "window"), c1, c2, covariance_factor};
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
               py::arg("covariance_factor"), py::arg("wants_cs"), py::arg("wants_map"), py::arg("num_threads"));
    module.def("structural_similarity_gradient", &structural_similarity_gradient<In>, py::arg("image").noconvert(),
               py::arg("reference").noconvert(), py::arg("window").noconvert(), py::arg("c1"), py::arg("c2"),
               py::arg("covariance_factor"), py::arg("ssim_factor").noconvert(), py::arg("cs_factor").noconvert(),
               py::arg("wants_reference"), py::arg("num_threads"));
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
