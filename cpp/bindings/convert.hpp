// Python arrays -> views, with every check that the kernels rely on. All binding files go through here.
//
// src/metrix/_arrays.py has already made C-contiguous ndarrays of the right dtype; what arrives here in another form is
// a mistake in the calling code, and the message says which argument and what was expected.
#pragma once

#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>

#include <algorithm>
#include <string>
#include <vector>

#include "support/error.hpp"
#include "support/view.hpp"

namespace metrix::bindings {

namespace py = pybind11;

// No implicit conversion: an array of another dtype or layout is refused by the overload, not silently copied.
template <class T>
using Array = py::array_t<T, py::array::c_style>;

inline std::string shape_text(const py::array& array) {
    std::string text = "(";
    for (py::ssize_t i = 0; i < array.ndim(); ++i) {
        if (i > 0) text += ", ";
        text += std::to_string(array.shape(i));
    }
    return text + (array.ndim() == 1 ? ",)" : ")");
}

template <class T>
View1<const T> view1(const Array<T>& array, const char* name) {
    if (array.ndim() != 1) {
        throw_value_error(std::string(name) + ": expected shape (N,), got " + shape_text(array));
    }
    return {array.data(), static_cast<std::size_t>(array.size())};
}

template <class T>
View1<const T> view1(const Array<T>& array, const char* name, Index expected_size) {
    const auto view = view1(array, name);
    if (ssize(view) != expected_size) {
        throw_value_error(std::string(name) + ": expected " + std::to_string(expected_size) + " elements, got " +
                          std::to_string(view.size()));
    }
    return view;
}

// expected_columns < 0 accepts any number of columns.
template <class T>
View2<const T> view2(const Array<T>& array, const char* name, Index expected_columns = -1) {
    if (array.ndim() != 2 || (expected_columns >= 0 && array.shape(1) != expected_columns)) {
        const std::string columns = expected_columns < 0 ? "M" : std::to_string(expected_columns);
        throw_value_error(std::string(name) + ": expected shape (N, " + columns + "), got " + shape_text(array));
    }
    return {array.data(), array.shape(0), array.shape(1)};
}

template <class T>
View1<T> mutable_view1(Array<T>& array) {
    return {array.mutable_data(), static_cast<std::size_t>(array.size())};
}

template <class T>
View2<T> mutable_view2(Array<T>& array) {
    return {array.mutable_data(), array.shape(0), array.shape(1)};
}

// Hands a vector's memory to NumPy without a copy.
template <class T, class Allocator>
py::array_t<T> to_numpy(std::vector<T, Allocator>&& values) {
    using Owner = std::vector<T, Allocator>;
    auto* owner = new Owner(std::move(values));
    const py::capsule free_when_done(owner, [](void* pointer) { delete static_cast<Owner*>(pointer); });
    return py::array_t<T>(static_cast<py::ssize_t>(owner->size()), owner->data(), free_when_done);
}

}  // namespace metrix::bindings
