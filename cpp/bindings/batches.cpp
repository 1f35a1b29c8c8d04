// Arrays of many images, one after the other: what a loop hands over in dicts, a few numbers at a time.
//
// Only plain NumPy arrays of the usual dtypes are read here, as that is what must be quick; for anything else
// `read_plain` gives None, and Python finds out what it is.
#include <algorithm>
#include <cstring>
#include <type_traits>

#include "bindings/convert.hpp"

namespace metrix::bindings {
namespace {

// A key of the dicts: its name, the second dimension of its arrays (0: there is none), and those arrays.
struct Column {
    std::string key;
    Index width = 0;
    std::vector<py::array> arrays;
};

enum class BoxFormat { xywh, xyxy, cxcywh };

BoxFormat box_format_of(const std::string& name) {
    if (name == "xywh") return BoxFormat::xywh;
    if (name == "xyxy") return BoxFormat::xyxy;
    if (name == "cxcywh") return BoxFormat::cxcywh;
    throw_value_error("box_format: expected 'xywh', 'xyxy' or 'cxcywh', got '" + name + "'");
}

// Calls use(T{}) with the type of the array's numbers; false for a dtype that this does not read.
template <class Use>
bool with_type_of(const py::array& array, Use&& use) {
    const py::dtype dtype = array.dtype();
    if (dtype.byteorder() != '=' && dtype.byteorder() != '|') return false;
    const char kind = dtype.kind();
    const auto size = dtype.itemsize();
    if (kind == 'f' && size == 4) return use(float{}), true;
    if (kind == 'f' && size == 8) return use(double{}), true;
    if (kind == 'i' && size == 8) return use(std::int64_t{}), true;
    if (kind == 'i' && size == 4) return use(std::int32_t{}), true;
    if ((kind == 'u' || kind == 'b') && size == 1) return use(std::uint8_t{}), true;
    return false;
}

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
            if constexpr (std::is_same_v<To, std::uint8_t>) {
                *to++ = value != From(0) ? 1 : 0;  // bytes are flags
            } else {
                *to++ = static_cast<To>(value);
            }
        }
    }
}

void to_xywh(double* boxes, Index count, BoxFormat format) {
    if (format == BoxFormat::xywh) return;
    for (double* box = boxes; box < boxes + 4 * count; box += 4) {
        if (format == BoxFormat::xyxy) {
            box[2] -= box[0];
            box[3] -= box[1];
        } else {
            box[0] -= box[2] / 2;
            box[1] -= box[3] / 2;
        }
    }
}

// The arrays images[i][key] of some keys, all plain and of fitting lengths.
class PlainImages {
  public:
    Index rows = 0;

    // False if something is not as plain as it must be, or if a dict has one of the keys that none should have.
    bool read(const py::list& images, const py::list& keys, const py::list& absent) {
        for (const py::handle image : images) {
            if (!PyDict_CheckExact(image.ptr())) return false;
            for (const py::handle key : absent) {
                if (PyDict_Contains(image.ptr(), key.ptr()) != 0) return false;
            }
        }
        for (const py::handle handle : keys) {
            const auto key = py::cast<py::tuple>(handle);
            Column column{py::cast<std::string>(key[0]), py::cast<Index>(key[1]), {}};
            const bool are_integers = py::cast<bool>(key[2]);
            column.arrays.reserve(images.size());
            const py::object name = key[0];
            for (const py::handle image : images) {
                PyObject* const value = PyDict_GetItemWithError(image.ptr(), name.ptr());
                if (value == nullptr || !py::isinstance<py::array>(value)) return false;
                auto array = py::reinterpret_borrow<py::array>(value);
                if (!is_plain(array, column.width, are_integers)) return false;
                const std::size_t i = column.arrays.size();
                if (columns_.empty()) counts_.push_back(array.shape(0));
                if (array.shape(0) != counts_[i]) return false;
                column.arrays.push_back(std::move(array));
            }
            columns_.push_back(std::move(column));
        }
        for (const Index count : counts_) rows += count;
        return true;
    }

    // The rows of all images, one after the other: into `columns` (by key), and into `image` which one each is of.
    void fill(const py::dict& columns, Array<std::int32_t>& image, std::int32_t first_image,
              const std::string& box_format) const {
        const BoxFormat format = box_format_of(box_format);
        for (const Column& column : columns_) {
            const py::object out = columns[py::str(column.key)];
            if (py::isinstance<Array<double>>(out)) {
                double* const to = place<double>(out, column);
                copy(column, to);
                if (column.width == 4) to_xywh(to, rows, format);
            } else if (py::isinstance<Array<std::int64_t>>(out)) {
                copy(column, place<std::int64_t>(out, column));
            } else {
                copy(column, place<std::uint8_t>(out, column));
            }
        }
        if (image.size() != rows) throw_value_error("image: expected " + std::to_string(rows) + " rows");
        std::int32_t* to = image.mutable_data();
        for (const Index count : counts_) to = std::fill_n(to, count, first_image++);
    }

  private:
    static bool is_plain(const py::array& array, Index width, bool are_integers) {
        if (array.ndim() != (width == 0 ? 1 : 2) || (width != 0 && array.shape(1) != width)) return false;
        bool is_read = true;
        return with_type_of(array, [&](auto of) { is_read = !are_integers || std::is_integral_v<decltype(of)>; }) &&
               is_read;
    }

    template <class T>
    T* place(const py::object& out, const Column& column) const {
        auto array = py::cast<Array<T>>(out);
        if (array.size() != rows * std::max<Index>(1, column.width)) {
            throw_value_error(column.key + ": expected " + std::to_string(rows) + " rows, got " + shape_text(array));
        }
        return array.mutable_data();
    }

    template <class T>
    static void copy(const Column& column, T* to) {
        for (const py::array& array : column.arrays) {
            with_type_of(array, [&](auto of) { copy_rows<decltype(of)>(array, column.width, to); });
            to += array.size();
        }
    }

    std::vector<Column> columns_;
    std::vector<Index> counts_;
};

// Keys are (name, second dimension of the arrays or 0, whether they are integers). None where something is not plain,
// or a dict has a key of `absent`.
py::object read_plain(const py::list& images, const py::list& keys, const py::list& absent) {
    PlainImages plain;
    return plain.read(images, keys, absent) ? py::cast(std::move(plain)) : py::none();
}

}  // namespace

void bind_batches(py::module_ module) {
    py::class_<PlainImages>(module, "PlainImages")
        .def_readonly("rows", &PlainImages::rows)
        .def("fill", &PlainImages::fill, py::arg("columns"), py::arg("image").noconvert(), py::arg("first_image"),
             py::arg("box_format"));
    module.def("read_plain", &read_plain, py::arg("images"), py::arg("keys"), py::arg("absent"));
}

}  // namespace metrix::bindings
