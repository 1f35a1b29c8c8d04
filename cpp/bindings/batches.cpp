// Arrays of many images, one after the other: what a loop hands over in dicts, a few numbers at a time.
//
// Only plain NumPy arrays of the usual dtypes are read here, as that is what must be quick; for anything else `join`
// gives None, and Python finds out what it is.
#include <cstring>

#include <pybind11/stl.h>

#include "bindings/convert.hpp"

namespace metrix::bindings {
namespace {

template <class From, class To>
void copy_rows(const py::array& array, Index width, To* to) {
    const auto* const data = static_cast<const char*>(array.data());
    const Index rows = array.shape(0);
    const Index columns = width == 0 ? 1 : width;
    const Index row_stride = array.strides(0);
    const Index column_stride = width == 0 ? 0 : array.strides(1);
    for (Index i = 0; i < rows; ++i) {
        for (Index j = 0; j < columns; ++j) {
            From value;
            std::memcpy(&value, data + i * row_stride + j * column_stride, sizeof value);
            *to++ = static_cast<To>(value);
        }
    }
}

// False for a dtype that this does not read.
template <class To>
bool copy_any(const py::array& array, Index width, To* to) {
    const py::dtype dtype = array.dtype();
    if (dtype.byteorder() != '=' && dtype.byteorder() != '|') return false;
    const char kind = dtype.kind();
    const auto size = dtype.itemsize();
    if constexpr (std::is_floating_point_v<To>) {
        if (kind == 'f' && size == 4) return copy_rows<float>(array, width, to), true;
        if (kind == 'f' && size == 8) return copy_rows<double>(array, width, to), true;
    }
    if (kind == 'i' && size == 8) return copy_rows<std::int64_t>(array, width, to), true;
    if (kind == 'i' && size == 4) return copy_rows<std::int32_t>(array, width, to), true;
    if ((kind == 'u' || kind == 'b') && size == 1) return copy_rows<std::uint8_t>(array, width, to), true;
    return false;
}

template <class To>
py::object join_as(const std::vector<py::array>& arrays, Index width, const std::vector<std::int32_t>& counts) {
    Index rows = 0;
    for (const std::int32_t count : counts) rows += count;
    py::array_t<To> values(width == 0 ? std::vector<Index>{rows} : std::vector<Index>{rows, width});
    To* to = values.mutable_data();
    for (std::size_t i = 0; i < arrays.size(); ++i) {
        if (!copy_any(arrays[i], width, to)) return py::none();
        to += counts[i] * (width == 0 ? 1 : width);
    }
    return py::make_tuple(values, py::cast(counts));
}

// images[i][key], of shape (n,) or (n, width), as one array of float64 or int64, and a list of each n; or None.
py::object join(const py::list& images, const py::str& key, Index width, bool integers) {
    std::vector<py::array> arrays;
    std::vector<std::int32_t> counts;
    arrays.reserve(images.size());
    for (const py::handle image : images) {
        if (!PyDict_CheckExact(image.ptr())) return py::none();
        PyObject* const value = PyDict_GetItemWithError(image.ptr(), key.ptr());
        if (value == nullptr || !py::isinstance<py::array>(value)) return py::none();
        auto array = py::reinterpret_borrow<py::array>(value);
        if (array.ndim() != (width == 0 ? 1 : 2) || (width != 0 && array.shape(1) != width)) return py::none();
        counts.push_back(static_cast<std::int32_t>(array.shape(0)));
        arrays.push_back(std::move(array));
    }
    return integers ? join_as<std::int64_t>(arrays, width, counts) : join_as<double>(arrays, width, counts);
}

}  // namespace

void bind_batches(py::module_ module) {
    module.def("join", &join, py::arg("images"), py::arg("key"), py::arg("width"), py::arg("integers"));
}

}  // namespace metrix::bindings
