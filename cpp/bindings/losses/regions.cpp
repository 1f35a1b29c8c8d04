#include "kernels/losses/regions.hpp"

#include "bindings/losses/pixels.hpp"

namespace metrix::bindings {
namespace {

template <class T>
losses::Regions<T> regions_of(const PixelArguments<T>& pixels, int sums, bool is_batch) {
    return {pixels.view(), static_cast<losses::Sums>(sums), is_batch};
}

template <class T>
void bind_for(py::module_& module) {
    // Three sums of each class of each region, and how many pixels of a region take part.
    bind_with_pixels<T>(
        module, "region_sums",
        [](const Array<T>& prediction, std::array<Index, 3> shape, bool is_class_last, int activation,
           const std::optional<Array<T>>& target, const std::optional<py::array>& labels, std::int64_t ignored_label,
           const std::optional<Array<std::uint8_t>>& mask, int sums, bool is_batch, int num_threads) {
            const PixelArguments<T> pixels{prediction, shape,  is_class_last, activation,
                                           target,     labels, ignored_label, mask};
            const auto regions = regions_of(pixels, sums, is_batch);
            Array<double> result({regions.count(), shape[1], Index{losses::sum_count}});
            Array<double> kept(regions.count());
            const auto into = View1<double>(result.mutable_data(), static_cast<std::size_t>(result.size()));
            const auto counts = mutable_view1(kept);
            {
                const py::gil_scoped_release release;
                losses::region_sums(regions, into, counts, num_threads);
            }
            return py::make_tuple(result, kept);
        },
        py::arg("sums"), py::arg("is_batch"), py::arg("num_threads"));
    bind_with_pixels<T>(
        module, "region_gradient",
        [](const Array<T>& prediction, std::array<Index, 3> shape, bool is_class_last, int activation,
           const std::optional<Array<T>>& target, const std::optional<py::array>& labels, std::int64_t ignored_label,
           const std::optional<Array<std::uint8_t>>& mask, int sums, bool is_batch, const Array<double>& slopes,
           int num_threads) {
            const PixelArguments<T> pixels{prediction, shape,  is_class_last, activation,
                                           target,     labels, ignored_label, mask};
            const auto regions = regions_of(pixels, sums, is_batch);
            if (slopes.size() != regions.count() * shape[1] * 2) {
                throw_value_error("slopes: expected two for each class of each region, got " + shape_text(slopes));
            }
            Array<T> gradient(std::vector<py::ssize_t>(prediction.shape(), prediction.shape() + prediction.ndim()));
            T* const into = gradient.mutable_data();
            const View1<const double> by_sums(slopes.data(), static_cast<std::size_t>(slopes.size()));
            {
                const py::gil_scoped_release release;
                losses::region_gradient(regions, by_sums, into, num_threads);
            }
            return gradient;
        },
        py::arg("sums"), py::arg("is_batch"), py::arg("slopes").noconvert(), py::arg("num_threads"));
}

}  // namespace

void bind_losses_regions(py::module_ module) {
    bind_for<float>(module);
    bind_for<double>(module);
}

}  // namespace metrix::bindings
