// Masks between Python and the kernels: dicts {"size": [h, w], "counts": bytes | str | ints} to columns, and back.
#pragma once

#include <cstring>
#include <string>
#include <vector>

#include "bindings/convert.hpp"
#include "kernels/masks.hpp"

namespace metrix::bindings {

[[noreturn]] inline void throw_type_error(const std::string& message) {
    throw Error(ErrorKind::invalid_type, message);
}

inline std::string type_name(py::handle object) {
    return Py_TYPE(object.ptr())->tp_name;
}

// A column of masks that owns its memory.
struct MaskRecords {
    std::vector<std::uint8_t> kind;
    std::vector<std::uint64_t> offset{0};
    std::vector<std::byte> payload;
    std::vector<std::uint32_t> height, width;

    [[nodiscard]] masks::MaskColumn column() const { return {kind, offset, payload, height, width}; }
    [[nodiscard]] Index size() const { return static_cast<Index>(kind.size()); }

    void append(const void* bytes, std::size_t size) {
        const auto* first = static_cast<const std::byte*>(bytes);
        payload.insert(payload.end(), first, first + size);
    }
    void close(masks::MaskKind record_kind, std::uint32_t record_height, std::uint32_t record_width) {
        kind.push_back(static_cast<std::uint8_t>(record_kind));
        offset.push_back(payload.size());
        height.push_back(record_height);
        width.push_back(record_width);
    }
};

// Where in the arguments a value stands; put into words only for an error.
struct Where {
    const char* name;
    std::size_t index;
    const char* part = "";

    [[nodiscard]] std::string text() const { return std::string(name) + "[" + std::to_string(index) + "]" + part; }
};

// A whole number below 2^32.
inline std::uint32_t whole_number(py::handle value, const std::string& what) {
    if (PyFloat_Check(value.ptr())) {
        const double number = PyFloat_AS_DOUBLE(value.ptr());
        if (number >= 0 && number < 4294967296.0 && number == static_cast<double>(static_cast<std::uint32_t>(number))) {
            return static_cast<std::uint32_t>(number);
        }
        throw_value_error(what + ": expected a whole number from 0 to 4294967295, got " +
                          py::str(value).cast<std::string>());
    }
    if (!PyIndex_Check(value.ptr())) throw_type_error(what + ": expected a whole number, got " + type_name(value));
    const auto index = py::reinterpret_steal<py::object>(PyNumber_Index(value.ptr()));
    if (!index) throw py::error_already_set();
    int overflow = 0;
    const long long number = PyLong_AsLongLongAndOverflow(index.ptr(), &overflow);
    if (number == -1 && PyErr_Occurred() != nullptr) throw py::error_already_set();
    if (overflow != 0 || number < 0 || number > 4294967295LL) {
        throw_value_error(what + ": expected a whole number from 0 to 4294967295, got " +
                          py::str(index).cast<std::string>());
    }
    return static_cast<std::uint32_t>(number);
}

// The usual case of it: an int that fits; anything else is left to whole_number().
inline bool small_number(py::handle value, std::uint32_t& number) {
    if (!PyLong_CheckExact(value.ptr())) return false;
    int overflow = 0;
    const long long full = PyLong_AsLongLongAndOverflow(value.ptr(), &overflow);
    if (overflow != 0 || full < 0 || full > 4294967295LL) return false;
    number = static_cast<std::uint32_t>(full);
    return true;
}

// Run lengths from a list, a tuple or an array.
inline void append_run_lengths(py::handle counts, const std::string& what, MaskRecords& records) {
    if (py::isinstance<py::array>(counts)) {
        const auto array = py::reinterpret_borrow<py::array>(counts);
        if (array.ndim() != 1) throw_value_error(what + ": expected shape (N,), got " + shape_text(array));
        if (py::isinstance<py::array_t<std::uint32_t>>(array)) {
            const auto runs = py::array_t<std::uint32_t, py::array::c_style>::ensure(array);
            records.append(runs.data(), sizeof(std::uint32_t) * static_cast<std::size_t>(runs.size()));
            return;
        }
    }
    const auto items = py::reinterpret_steal<py::tuple>(PySequence_Tuple(counts.ptr()));
    if (!items) {
        PyErr_Clear();
        throw_type_error(what + ": expected bytes, str or run lengths, got " + type_name(counts));
    }
    for (std::size_t i = 0; i < items.size(); ++i) {
        PyObject* item = PyTuple_GET_ITEM(items.ptr(), static_cast<py::ssize_t>(i));
        std::uint32_t run = 0;
        if (!small_number(item, run)) run = whole_number(item, what + "[" + std::to_string(i) + "]");
        records.append(&run, sizeof run);
    }
}

// The value of a key of a dict; null if it is not there.
inline py::object dict_value(py::handle dict, PyObject* key) {
    PyObject* value = PyDict_GetItemWithError(dict.ptr(), key);
    if (value == nullptr && PyErr_Occurred() != nullptr) throw py::error_already_set();
    return py::reinterpret_borrow<py::object>(value);
}

inline std::uint32_t side(py::handle sides, std::size_t i, Where where) {
    const py::handle value = PyTuple_GET_ITEM(sides.ptr(), static_cast<py::ssize_t>(i));
    std::uint32_t number = 0;
    if (!small_number(value, number)) {
        number = whole_number(value, where.text() + ".size[" + std::to_string(i) + "]");
    }
    return number;
}

inline void append_mask(py::handle mask, Where where, MaskRecords& records) {
    static PyObject* const size_key = PyUnicode_InternFromString("size");
    static PyObject* const counts_key = PyUnicode_InternFromString("counts");
    if (!PyDict_Check(mask.ptr())) {
        throw_type_error(where.text() + ": expected a dict {\"size\": [height, width], \"counts\": ...}, got " +
                         type_name(mask));
    }
    const py::object size = dict_value(mask, size_key);
    const py::object counts = dict_value(mask, counts_key);
    if (!size || !counts) throw_value_error(where.text() + ": has no \"" + (size ? "counts" : "size") + "\"");
    const auto sides = py::reinterpret_steal<py::tuple>(PySequence_Tuple(size.ptr()));
    if (!sides) {
        PyErr_Clear();
        throw_type_error(where.text() + ".size: expected [height, width], got " + type_name(size));
    }
    if (sides.size() != 2) {
        throw_value_error(where.text() + ".size: expected [height, width], got " + std::to_string(sides.size()) +
                          " numbers");
    }
    const std::uint32_t height = side(sides, 0, where);
    const std::uint32_t width = side(sides, 1, where);
    auto kind = masks::MaskKind::string;
    if (PyBytes_Check(counts.ptr())) {
        records.append(PyBytes_AS_STRING(counts.ptr()), static_cast<std::size_t>(PyBytes_GET_SIZE(counts.ptr())));
    } else if (PyUnicode_Check(counts.ptr())) {
        py::ssize_t length = 0;
        const char* text = PyUnicode_AsUTF8AndSize(counts.ptr(), &length);
        if (text == nullptr) throw py::error_already_set();
        records.append(text, static_cast<std::size_t>(length));
    } else {
        kind = masks::MaskKind::counts;
        append_run_lengths(counts, where.text() + ".counts", records);
    }
    records.close(kind, height, width);
}

// A sequence of mask dicts.
inline MaskRecords read_masks(py::handle masks, const char* name) {
    // A list of our own: nobody else can change it while it is read.
    const auto items = py::reinterpret_steal<py::list>(PySequence_List(masks.ptr()));
    if (!items) {
        PyErr_Clear();
        throw_type_error(std::string(name) + ": expected a mask dict or a sequence of them, got " + type_name(masks));
    }
    MaskRecords records;
    for (std::size_t i = 0; i < items.size(); ++i) {
        PyObject* item = PyList_GET_ITEM(items.ptr(), static_cast<py::ssize_t>(i));
        append_mask(item, {name, i}, records);
    }
    return records;
}

// {"size": [height, width], "counts": bytes}
inline py::dict to_dict(std::uint32_t height, std::uint32_t width, const std::string& counts) {
    py::list size(2);
    size[0] = py::int_(height);
    size[1] = py::int_(width);
    py::dict mask;
    mask["size"] = std::move(size);
    mask["counts"] = py::bytes(counts);
    return mask;
}

}  // namespace metrix::bindings
