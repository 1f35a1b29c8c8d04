// Predictions and targets of images -> the view of the kernels.
#pragma once

#include <pybind11/stl.h>

#include <array>
#include <optional>

#include "bindings/convert.hpp"
#include "kernels/losses/pixels.hpp"

namespace metrix::bindings {

// In the order that metrix.losses._pixels gives them; the caller keeps the arrays alive.
template <class T>
struct PixelArguments {
    Array<T> prediction;
    std::array<Index, 3> shape;  // samples, classes, pixels
    bool is_class_last;
    int activation;
    std::optional<Array<T>> target;
    std::optional<py::array> labels;
    std::int64_t ignored_label;
    std::optional<Array<std::uint8_t>> mask;

    [[nodiscard]] losses::Pixels<T> view() const {
        const auto [samples, classes, pixels] = shape;
        losses::Pixels<T> result;
        result.layout = {samples, classes, pixels, is_class_last ? 1 : pixels, is_class_last ? classes : 1};
        const Index size = samples * classes * pixels;
        require_size(prediction, size, "pred");
        result.prediction = prediction.data();
        result.activation = static_cast<losses::Activation>(activation);
        if (target.has_value() == labels.has_value()) throw_value_error("target: expected targets or labels");
        if (target) {
            require_size(*target, size, "target");
            result.target = target->data();
        } else {
            require_size(*labels, samples * pixels, "target");
            if (labels->dtype().kind() == 'f' || (labels->flags() & py::array::c_style) == 0) {
                throw_value_error("target: expected whole numbers that follow each other");
            }
            result.labels = {labels->data(), static_cast<int>(labels->itemsize())};
        }
        result.ignored_label = ignored_label;
        if (mask) {
            require_size(*mask, samples * pixels, "mask");
            result.mask = mask->data();
        }
        return result;
    }

  private:
    static void require_size(const py::array& array, Index expected, const char* name) {
        if (array.size() != expected) {
            throw_value_error(std::string(name) + ": expected " + std::to_string(expected) + " elements, got " +
                              shape_text(array));
        }
    }
};

// The arguments of a function that takes pixels, before its own.
template <class T, class Function, class... Own>
void bind_with_pixels(py::module_& module, const char* name, Function function, const Own&... own) {
    module.def(name, function, py::arg("prediction").noconvert(), py::arg("shape"), py::arg("is_class_last"),
               py::arg("activation"), py::arg("target").noconvert(), py::arg("labels"), py::arg("ignored_label"),
               py::arg("mask").noconvert(), own...);
}

}  // namespace metrix::bindings
