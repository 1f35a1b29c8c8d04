#include "kernels/losses/lovasz.hpp"

#include "bindings/losses/pixels.hpp"

namespace metrix::bindings {
namespace {

template <class T>
using Kernel = void (*)(const losses::Lovasz<T>&, View1<double>, T*, int);

// The value of each region, and the gradient or None.
template <class T>
void bind_kernel(py::module_& module, const char* name, Kernel<T> kernel) {
    bind_with_pixels<T>(
        module, name,
        [kernel](const Array<T>& prediction, std::array<Index, 3> shape, bool is_class_last, int activation,
                 const std::optional<Array<T>>& target, const std::optional<py::array>& labels,
                 std::int64_t ignored_label, const std::optional<Array<std::uint8_t>>& mask, bool is_per_image,
                 const std::vector<Index>& classes, bool only_present, bool needs_gradient, int num_threads) {
            const PixelArguments<T> pixels{prediction, shape,  is_class_last, activation,
                                           target,     labels, ignored_label, mask};
            for (const Index c : classes) {
                if (c < 0 || c >= shape[1]) throw_value_error("classes: there is no class " + std::to_string(c));
            }
            const losses::Lovasz<T> problem{pixels.view(), is_per_image, classes, only_present};
            Array<double> values(problem.region_count());
            const auto into = mutable_view1(values);
            std::optional<Array<T>> gradient;
            if (needs_gradient) {
                gradient.emplace(std::vector<py::ssize_t>(prediction.shape(), prediction.shape() + prediction.ndim()));
            }
            T* const slopes = gradient ? gradient->mutable_data() : nullptr;
            {
                const py::gil_scoped_release release;
                kernel(problem, into, slopes, num_threads);
            }
            return py::make_tuple(values, gradient);
        },
        py::arg("is_per_image"), py::arg("classes"), py::arg("only_present"), py::arg("needs_gradient"),
        py::arg("num_threads"));
}

template <class T>
void bind_for(py::module_& module) {
    bind_kernel<T>(module, "lovasz_softmax_loss", losses::lovasz_softmax_loss<T>);
    bind_kernel<T>(module, "lovasz_hinge_loss", losses::lovasz_hinge_loss<T>);
}

}  // namespace

void bind_losses_lovasz(py::module_ module) {
    bind_for<float>(module);
    bind_for<double>(module);
}

}  // namespace metrix::bindings
