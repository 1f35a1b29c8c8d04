// The packed masks of metrix.records.MaskColumn -> the view of the kernels.
#pragma once

#include <string>

#include "bindings/convert.hpp"
#include "kernels/masks.hpp"

namespace metrix::bindings {

// (kind, offset, payload, height, width); the caller keeps the arrays alive.
inline masks::MaskColumn mask_column_view(const py::tuple& columns, const char* name) {
    if (columns.size() != 5) throw_value_error(std::string(name) + ": expected the five arrays of a MaskColumn");
    const auto of = [&](std::size_t i) { return py::reinterpret_borrow<py::object>(columns[i]); };
    const auto array = [&]<class T>(T, std::size_t i) {
        if (!py::isinstance<Array<T>>(of(i))) {
            throw Error(ErrorKind::invalid_type, std::string(name) + ": array " + std::to_string(i) +
                                                     " of the MaskColumn has the wrong dtype or layout");
        }
        return py::reinterpret_borrow<Array<T>>(of(i));
    };
    const auto kind = array(std::uint8_t{}, 0);
    const auto offset = array(std::uint64_t{}, 1);
    const auto payload = array(std::uint8_t{}, 2);
    const auto height = array(std::uint32_t{}, 3);
    const auto width = array(std::uint32_t{}, 4);
    masks::MaskColumn column;
    column.kind = view1(kind, "kind");
    const Index count = ssize(column.kind);
    column.offset = view1(offset, "offset", count + 1);
    column.payload = std::as_bytes(view1(payload, "payload"));
    column.height = view1(height, "height", count);
    column.width = view1(width, "width", count);
    if (column.offset.front() != 0 || column.offset.back() != column.payload.size() ||
        !std::is_sorted(column.offset.begin(), column.offset.end())) {
        throw_value_error(std::string(name) + ": offset: expected ascending places from 0 to the size of the payload");
    }
    return column;
}

}  // namespace metrix::bindings
